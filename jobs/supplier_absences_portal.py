"""Flow `supplier.absences.portal`: what a supplier's lists have not named for the days of grace ends.

Ticks of the schedule start it; how long an offer may stay is asked of the clock, so a late or second tick does no harm.
"""

from __future__ import annotations

from app import clock, queue
from app.channels.services import FLOW as LISTINGS
from app.db import transaction
from app.offers import services
from jobs.ledger import Batch, Outcome, settle


def work(batch: Batch) -> None:
    """All suppliers, one transaction each: a list that is accepted meanwhile waits for one of them at most."""
    ended: dict[str, int] = {}
    with transaction() as session:
        suppliers = services.suppliers_with_ended_grace(session, now=clock.now())
    for supplier_id, code in suppliers:
        with transaction() as session:
            ended[code] = services.end_absent(session, supplier_id, now=clock.now())
    with transaction() as session:
        settle(session, batch, [Outcome(id_, "delivered" if ended else "unchanged", {"ended": ended})
                                for id_ in batch.ids])  # fmt: skip
    if ended:
        queue.wake(LISTINGS)
