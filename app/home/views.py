"""The home page: work that waits, by role; nothing else above it."""

from __future__ import annotations

from flask import Blueprint, Response

from app.channels.queries import channels
from app.db import reading
from app.home import queries
from app.stock.queries import totals
from app.web.fragments import render
from app.web.permissions import requires

bp = Blueprint("home", __name__)


@bp.get("/")
@requires("signed_in")
def index() -> Response:
    """Queues with count and age."""
    session = reading()
    variants, pieces = totals(session)
    return render(
        "home/index.html",
        waiting=queries.waiting(session),
        variants=variants,
        pieces=pieces,
        channels=channels(session),
    )
