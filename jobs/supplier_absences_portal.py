"""Flow `supplier.absences.portal`: what a supplier's lists have not named for the days of grace ends; what no list has
confirmed for too long is believed less.

Ticks of the schedule start it; how long an offer may stay is asked of the clock, so a late or second tick does no harm.
"""

from __future__ import annotations

from collections import Counter

from app import clock, queue
from app.channels.services import FLOW as LISTINGS
from app.db import transaction
from app.offers import services
from jobs.claims import Batch
from jobs.settlement import Outcome, settle

ACTS = (
    (services.suppliers_with_ended_grace, services.end_absent),
    (services.stale_suppliers, services.decay),
)


def work(batch: Batch) -> None:
    """All suppliers, one transaction each: a list that is accepted meanwhile waits for one of them at most."""
    moved: Counter[str] = Counter()
    for due, act in ACTS:
        with transaction() as session:
            suppliers = due(session, now=clock.now())
        for supplier_id, code in suppliers:
            with transaction() as session:
                moved[code] += act(session, supplier_id, now=clock.now())
    with transaction() as session:
        settle(session, batch, [Outcome(id_, "delivered" if moved else "unchanged", {"moved": dict(moved)})
                                for id_ in batch.ids])  # fmt: skip
    if moved:
        queue.wake(LISTINGS)
