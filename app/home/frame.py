"""What the frame of every page says: how the platform is, and how much waits where.

One process reads it once in WORK_MEMORY_MS for all whom it serves, and anew for whoever has just acted. While one
request reads it the others are told what was.
"""

from __future__ import annotations

import time
from functools import lru_cache
from typing import NamedTuple

from flask import Flask, current_app, g

from app.db import reading
from app.extensions import settings
from app.home import queries
from app.web.lazy import role_now
from app.web.memory import just_acted
from app.web.permissions import may

SAID = 64  # Roles, and what waits.


class _Kept(NamedTuple):
    work: queries.Work
    until: float


def waiting() -> queries.Work:
    """The work that waits, read once per request at most."""
    if "work" not in g:
        kept: _Kept | None = current_app.extensions.get("work")
        g.work = kept.work if kept and not just_acted() and time.monotonic() < kept.until else _read(kept)
    work: queries.Work = g.work
    return work


def _read(kept: _Kept | None) -> queries.Work:
    config = settings()
    until = time.monotonic() + config.work_memory_ms / 1000
    if kept is not None:
        current_app.extensions["work"] = kept._replace(until=until)
    work = queries.work(reading(), grace_s=config.payment_grace_seconds)
    current_app.extensions["work"] = _Kept(work, until)
    return work


def counts() -> dict[str, int]:
    """Endpoint of the navigation to how much waits there, of what the person may see."""
    return dict(_said(waiting(), role_now()))


@lru_cache(SAID)
def _said(work: queries.Work, role: str) -> tuple[tuple[str, int], ...]:
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
    return tuple((name, number) for name, (permission, number) in known.items() if may(role, permission))


def work_said() -> tuple[tuple[str, int], ...]:
    """`counts`, to be said to a piece."""
    return _said(waiting(), role_now())


def pulse_tag() -> str:
    """Moves with every number that the frame shows."""
    return ".".join(str(number) for _name, number in (("", waiting().level), *work_said()))


def init_app(app: Flask) -> None:
    """Give the frame its numbers."""
    app.jinja_env.globals.update(work_waiting=waiting, work_counts=counts, work_said=work_said, pulse_tag=pulse_tag)
