"""Pages for people, and their style sheets."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader
from werkzeug import Response

NEUTRAL = "#52525b"
_pages = Environment(loader=PackageLoader("sandbox"), autoescape=True)


def page(template: str, *, status: int = 200, **context: Any) -> Response:
    """A page from its template."""
    return Response(_pages.get_template(template).render(**context), status, mimetype="text/html")


def css(accent: str = NEUTRAL, name: str = "shop.css") -> Response:
    """A style sheet with a colour in it."""
    text = (files("sandbox") / "static" / name).read_text().replace("#accent", accent)
    return Response(text, mimetype="text/css")
