"""The home page: work that waits, by role; and the same numbers for the frame of every page."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, g, request
from werkzeug.wrappers import Response as BaseResponse

from app import clock
from app.channels.queries import channels
from app.db import reading
from app.extensions import settings
from app.feeds import queries as feeds
from app.feeds import words as feed_words
from app.home import queries
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


def waiting() -> queries.Work:
    """The work that waits, read once per request."""
    if "work" not in g:
        g.work = queries.work(reading(), grace_s=settings().payment_grace_seconds)
    work: queries.Work = g.work
    return work


def counts() -> dict[str, int]:
    """Endpoint of the navigation to how much waits there, of what the person may see."""
    work = waiting()
    known = {
        "orders.index": ("orders.read", work.short_orders),
        "payments.reconciliation": ("payments.read", work.doubts),
        "payments.waiting": ("refunds.approve", work.refunds),
        "customers.index": ("customers.merge", work.twins),
        "suppliers.index": ("suppliers.write", work.words),
        "offers.index": ("offers.read", work.files),
        "matching.index": ("offers.write", work.matches),
        "stock.index": ("stock.read", work.shortage),
        "pricing.index": ("pricing.approve", work.rules + work.named),
        "flows.index": ("flows.read", work.trouble),
        "flows.messages": ("flows.read", work.dead),
    }
    return {name: number for name, (permission, number) in known.items() if may(current_user.role, permission)}


def init_app(app: Flask) -> None:
    """Give the frame its numbers."""
    app.jinja_env.globals.update(work_waiting=waiting, work_counts=counts, pulse_tag=pulse_tag)


def pulse_tag() -> str:
    """Moves with every number that the frame shows."""
    return ".".join(map(str, (waiting().level, *counts().values())))
