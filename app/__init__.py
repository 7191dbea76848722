"""The back office: web, domain and database. It speaks to no other system."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from app.settings import Settings


def create_app(settings: Settings | None = None) -> Flask:
    """Build the web application: settings, extensions, blueprints, and nothing else.

    Raises InvalidSettings when a setting is missing or wrong. Imports what it needs itself: a process that reads one
    file imports a module of this package and must stay small.
    """
    from flask import Flask

    from app import extensions, routes
    from app.settings import load_settings

    settings = settings or load_settings()
    app = Flask(__name__)
    extensions.init_app(app, settings)
    routes.init_app(app)
    return app
