"""Parts of pages that are rendered once and then kept, by what decides them.

That is the template's name, the language, the role, and what is said to the template: values, or an object whose
`piece_key` names all that the template takes of it. What a template read of the request besides would be shown to the
next person. While templates are edited nothing is kept.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, render_template
from markupsafe import Markup

from app.web.lazy import role_now
from app.web.templating import language

KEPT = 2000  # Beyond that all are forgotten.


def init_app(app: Flask) -> None:
    """Give templates `piece(name, …)`."""
    kept: dict[tuple[object, ...], Markup] = {}

    def piece(name: str, /, **said: Any) -> Markup:
        """The template `name`, which sees `said` and nothing else of this request."""
        key = (name, language(), role_now(), *(getattr(value, "piece_key", value) for value in said.values()))
        found = kept.get(key)
        if found is None:
            found = Markup(render_template(name, **said))  # noqa: S704
            if len(kept) >= KEPT:
                kept.clear()
            if not app.jinja_env.auto_reload:
                kept[key] = found
        return found

    app.jinja_env.globals["piece"] = piece
