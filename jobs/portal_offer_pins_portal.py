"""Flow `portal.offer-pins.portal`: offers that a person pinned until now compete again, and listings follow.

Ticks of the schedule start it; which pins are over is asked of the clock, so a late or second tick does no harm.
"""

from __future__ import annotations

from app import clock, queue
from app.channels.services import FLOW as LISTINGS
from app.channels.services import lock_assortment, refresh_listings
from app.db import transaction
from app.pricing import pins
from jobs.claims import Batch
from jobs.settlement import Outcome, settle


def work(batch: Batch) -> None:
    """All pins that are over, in one transaction; without any, nobody waits for the assortment."""
    now = clock.now()
    ended: list[int] = []
    with transaction() as session:
        if pins.due(session, now=now):
            lock_assortment(session)
            ended = pins.end_due(session, now=now)
            refresh_listings(session, variant_ids=ended, now=now, origin=None)
        settle(session, batch, [Outcome(id_, "delivered" if ended else "unchanged", {"ended": len(ended)})
                                for id_ in batch.ids])  # fmt: skip
    if ended:
        queue.wake(LISTINGS)
