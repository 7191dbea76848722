"""What the frame of every page says: how the platform is, and how much waits where.

One process reads it once in WORK_MEMORY_MS for all whom it serves. Whoever has just done something is told what is
true after it: their browser says for ACTED_S that they acted.
"""

from __future__ import annotations

import time
from typing import NamedTuple

from flask import Flask, Response, current_app, g, request

from app.auth.sessions import cookie_name
from app.db import reading
from app.extensions import settings
from app.home import queries
from app.web.lazy import current_user
from app.web.permissions import may

ACTED, ACTED_S = "acted", 3


class _Kept(NamedTuple):
    work: queries.Work
    until: float


def waiting() -> queries.Work:
    """The work that waits, read once per request at most."""
    if "work" not in g:
        kept: _Kept | None = current_app.extensions.get("work")
        acts = request.method not in ("GET", "HEAD") or ACTED in request.cookies
        g.work = kept.work if kept and not acts and time.monotonic() < kept.until else _read()
    work: queries.Work = g.work
    return work


def _read() -> queries.Work:
    config, now = settings(), time.monotonic()
    work = queries.work(reading(), grace_s=config.payment_grace_seconds)
    current_app.extensions["work"] = _Kept(work, now + config.work_memory_ms / 1000)
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


def pulse_tag() -> str:
    """Moves with every number that the frame shows."""
    return ".".join(map(str, (waiting().level, *counts().values())))


def init_app(app: Flask) -> None:
    """Give the frame its numbers."""
    app.jinja_env.globals.update(
        work_waiting=waiting, work_counts=counts, work_said=lambda: tuple(counts().items()), pulse_tag=pulse_tag
    )

    @app.after_request
    def acted(response: Response) -> Response:
        if request.method not in ("GET", "HEAD") and cookie_name() in request.cookies:
            response.set_cookie(ACTED, "1", max_age=ACTED_S, secure=settings().secure_cookies, httponly=True,
                                samesite="Lax")  # fmt: skip
        return response
