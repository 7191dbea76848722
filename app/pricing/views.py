"""Rules in their order, and prices in force."""

from __future__ import annotations

from flask import Blueprint, Response, request

from app.channels.queries import channels
from app.db import reading
from app.pricing import queries, words
from app.web.fragments import render
from app.web.permissions import requires

bp = Blueprint("pricing", __name__, url_prefix="/pricing")
PAGE = 50


@bp.get("/")
@requires("pricing.read")
def index() -> Response:
    """The ordered rules, and below them the prices in force."""
    session = reading()
    rows = queries.prices_in_force(
        session, channel=request.args.get("channel"), sku_after=request.args.get("after"), limit=PAGE
    )
    return render(
        "pricing/index.html", rules=queries.all_rules(session), prices=rows[:PAGE], words=words,
        channels=channels(session), older=rows[PAGE - 1].sku if len(rows) > PAGE else None,
    )  # fmt: skip
