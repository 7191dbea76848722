"""Remembering that a delivery was not taken, for an administrator to see."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from flask import request
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app import clock
from app.db import transaction
from app.webhooks.models import RefusedDelivery

log = logging.getLogger(__name__)
_COUNT = text("""
    INSERT INTO refused_delivery AS r (system, channel, reason, times, first_at, last_at, network)
    VALUES (:system, :channel, :reason, 1, :now, :now, :network)
    ON CONFLICT (system, channel, reason) DO UPDATE
    SET times = r.times + 1, last_at = excluded.last_at, network = excluded.network
""")


def record(system: str, channel: str, reason: str) -> None:
    """Count it, in a transaction of its own. `reason` is one of a few texts of ours."""
    network = request.remote_addr or ""
    log.warning("delivery refused", extra={"channel": channel, "error": reason, "network": network})
    with transaction() as session:
        session.execute(_COUNT, {"system": system, "channel": channel, "reason": reason, "now": clock.now(),
                                 "network": network})  # fmt: skip


def lately(session: Session, *, now: datetime, days: int = 7) -> Sequence[RefusedDelivery]:
    """What was refused within `days`, the latest first."""
    return (
        session.execute(
            select(RefusedDelivery)
            .where(RefusedDelivery.last_at > now - timedelta(days=days))
            .order_by(RefusedDelivery.last_at.desc())
            .limit(50)
        )
        .scalars()
        .all()
    )
