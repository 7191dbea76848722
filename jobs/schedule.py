"""The sweep: writes the ticks of the schedule, and finds due messages without a wake-up. Any number may run at once."""

from __future__ import annotations

import logging
import signal
from datetime import UTC, datetime, timedelta
from threading import Event
from types import FrameType

import redis
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import clock, create_app, queue
from app.db import transaction
from app.extensions import settings
from app.flows import services as ledger
from app.flows.catalogue import FLOWS
from app.flows.models import Lane, Message, Run, Tick

log = logging.getLogger(__name__)
SWEEP = "portal.sweep.portal"  # The lane whose `success_at` says when the last sweep was.
RUN_SILENT = timedelta(minutes=2)
TICKS_KEPT = timedelta(days=7)


def sweep() -> list[str]:
    """Write due ticks, wake every flow with due messages, close silent runs; returns the flows woken."""
    now = clock.now()
    with transaction() as session:
        tick(session, now=now)
        due = session.execute(
            sa.select(Message.flow)
            .where(
                Message.state == "pending", Message.next_attempt_at <= sa.func.clock_timestamp(),
                Message.lease_until.is_(None) | (Message.lease_until < sa.func.clock_timestamp()),
            )
            .group_by(Message.flow)
        )  # fmt: skip
        flows = [row.flow for row in due]
        session.execute(
            sa.update(Run)
            .where(Run.state == "running", Run.seen_at < now - RUN_SILENT)
            .values(state="abandoned", ended_at=now, revision=Run.revision + 1)
        )
        session.execute(
            insert(Lane)
            .values(flow=SWEEP, channel="", success_at=now)
            .on_conflict_do_update(index_elements=["flow", "channel"], set_={"success_at": now})
        )
    for flow in flows:
        queue.wake(flow)
    return flows


def tick(session: Session, *, now: datetime) -> list[str]:
    """Put a message for each flow that is due by the clock; returns the flows. A tick is taken once, by one sweep.

    Ticks that fell while nothing swept are not made up for: the newest one stands for them.
    """
    ticked = []
    for flow in FLOWS.values():
        if flow.every_s is None:
            continue
        due = datetime.fromtimestamp(now.timestamp() // flow.every_s * flow.every_s, UTC)
        taken = session.execute(
            insert(Tick).values(flow=flow.name, due_at=due).on_conflict_do_nothing().returning(Tick.flow)
        ).scalar_one_or_none()
        if taken is not None:
            ledger.receive(session, flow.name, key=due.isoformat(), delivery_id=f"tick:{due.isoformat()}",
                           body={"due_at": due.isoformat()}, now=now)  # fmt: skip
            ticked.append(flow.name)
    if ticked:
        session.execute(sa.delete(Tick).where(Tick.due_at < now - TICKS_KEPT))
    return ticked


def main() -> None:
    """Sweep until told to stop. A database or a queue that is away is waited for, and said once per look."""
    app = create_app()
    stop = Event()

    def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)
    with app.app_context():
        pause = settings().sweep_seconds
        while not stop.wait(pause):
            try:
                sweep()
            except (sa.exc.SQLAlchemyError, redis.RedisError) as error:
                log.error("sweep failed", extra={"error": str(error)})


if __name__ == "__main__":
    main()
