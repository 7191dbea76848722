"""One box that finds everything; as a page, and as the list under the box."""

from __future__ import annotations

from flask import Blueprint, Response, request

from app.db import reading
from app.search import queries
from app.web.fragments import render
from app.web.lazy import current_user
from app.web.navigation import Entry, actions, entries
from app.web.permissions import may, requires

bp = Blueprint("search", __name__, url_prefix="/search")


@bp.get("/")
@requires("signed_in")
def index() -> Response:
    """Pages and acts whose name has the word, and records."""
    text = request.args.get("q", "")[:100]
    found = queries.hits(reading(), text, may=lambda permission: may(current_user.role, permission))
    return render("search/index.html", "hits", text=text.strip(), hits=found, pages=_pages(text))


def _pages(text: str) -> list[Entry]:
    """Pages and acts that the person may use and whose name has a word with this beginning; all of them for nothing."""
    known = [entry for group in entries() for entry in group] + actions()
    begin = text.strip().casefold()
    return [entry for entry in known if any(word.startswith(begin) for word in entry.name.casefold().split())]
