"""Flow `portal.stock-snapshots.portal`: stock, what it cost and what it was sold for are written down, once a day.

Ticks of the schedule start it every hour; the first one that is worked in a day in Amsterdam writes that day.
"""

from __future__ import annotations

from app import clock
from app.db import transaction
from app.stock import snapshots
from jobs.claims import Batch
from jobs.settlement import Outcome, settle


def work(batch: Batch) -> None:
    """The day that it is now; a day that passed without a tick has no snapshot."""
    with transaction() as session:
        written = snapshots.take(session, now=clock.now())
        result = {"day": str(written.day), "balances": written.balances, "listings": written.listings}
        settle(session, batch, [Outcome(id_, "delivered" if written.new else "unchanged", result)
                                for id_ in batch.ids])  # fmt: skip
