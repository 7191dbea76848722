"""The back office: web, domain and database. It speaks to no other system."""

from __future__ import annotations

from flask import Flask

from app.settings import Settings, load_settings


def create_app(settings: Settings | None = None) -> Flask:
    """Build the web application: settings, extensions, blueprints, and nothing else.

    Raises InvalidSettings when a setting is missing or wrong.
    """
    from app import extensions, routes

    settings = settings or load_settings()
    app = Flask(__name__)
    extensions.init_app(app, settings)
    routes.init_app(app)
    return app
