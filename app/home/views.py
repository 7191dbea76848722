"""The home page: work that waits, by role; and the poll of the frame of every page."""

from __future__ import annotations

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as BaseResponse

from app import clock
from app.channels.queries import channels
from app.db import reading
from app.extensions import settings
from app.feeds import queries as feeds
from app.feeds import words as feed_words
from app.home.frame import counts, pulse_tag, waiting
from app.offers.freshness import late_lists
from app.stock.queries import totals
from app.web.fragments import redirect_to, render, tagged, wants_fragment
from app.web.lazy import current_user
from app.web.permissions import may, requires

bp = Blueprint("home", __name__)


@bp.get("/")
@requires("signed_in")
def index() -> Response:
    """Queues with count and age."""
    session = reading()
    variants, pieces = totals(session)
    buys = may(current_user.role, "offers.read")
    late = late_lists(session, now=clock.now()) if buys else []
    failing = feeds.failing(session, least=settings().feed_failures) if buys else []
    return render(
        "home/index.html", waiting=waiting(), late=late, failing=failing,
        nothing=not (any(counts().values()) or late or failing), feed_words=feed_words,
        variants=variants, pieces=pieces, channels=channels(session),
    )  # fmt: skip


@bp.get("/pulse")
@requires("signed_in")
def pulse() -> BaseResponse:
    """The frame's dot and counts, for its poll: 304 while they are the same. It is a part of pages, and no page."""
    if not wants_fragment(request.headers):
        return redirect_to("home.index")
    if request.headers.get("HX-PTag") == pulse_tag():
        return tagged(Response(status=304), pulse_tag())
    return tagged(render("base.html", "pulse"), pulse_tag())
