"""Parts of pages that their template's name, the language, the role and what is said decide: rendered once, then kept.

What such a template reads of the request besides would be shown to the next person: it may use `said` alone, and what
language and role decide. While templates are edited nothing is kept.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache

from flask import Flask, render_template
from markupsafe import Markup

from app.web.lazy import current_user
from app.web.templating import language

KEPT = 1000


def init_app(app: Flask) -> None:
    """Give templates `piece(name, …)`."""

    @lru_cache(KEPT)
    def rendered(name: str, _language: str, _role: str, said: tuple[tuple[str, Hashable], ...]) -> Markup:
        return Markup(render_template(name, **dict(said)))  # noqa: S704

    def piece(name: str, **said: Hashable) -> Markup:
        """The template `name`, which sees `said` and nothing else of this request."""
        make = rendered.__wrapped__ if app.jinja_env.auto_reload else rendered
        role = current_user.role if current_user.is_authenticated else ""
        return make(name, language(), role, tuple(said.items()))

    app.jinja_env.globals["piece"] = piece
