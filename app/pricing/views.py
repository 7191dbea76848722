"""Prices in force, in the order of their SKUs. `views_rules` and its neighbours add the other pages of pricing."""

from __future__ import annotations

from flask import Blueprint, Response, request

from app.channels.queries import channels
from app.db import reading
from app.pricing import queries
from app.web.fragments import render
from app.web.permissions import requires

bp = Blueprint("pricing", __name__, url_prefix="/pricing")
PAGE = 50


@bp.get("/")
@requires("pricing.read")
def index() -> Response:
    """Prices in force, each with its way to why it is what it is."""
    session = reading()
    rows = queries.prices_in_force(
        session, channel=request.args.get("channel"), words=request.args.get("q", "")[:100],
        only=request.args.get("only"), after=request.args.get("after"), limit=PAGE,
    )  # fmt: skip
    return render(
        "pricing/index.html", prices=rows[:PAGE], channels=channels(session),
        older=rows[PAGE - 1].key if len(rows) > PAGE else None,
    )  # fmt: skip
