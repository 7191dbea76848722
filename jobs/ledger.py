"""Working the message ledger: claim a batch, hand it to its flow, settle it.

Delivery is at least once. The lease of a batch is kept alive by a heartbeat while the flow works, and lapses when the
process dies or hangs, so that another worker takes over.
"""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Thread

import sqlalchemy as sa

from app import queue
from app.db import db
from app.extensions import settings
from app.flows.catalogue import FLOWS, Flow
from app.flows.models import Lane, Message, Run
from app.logs import correlation
from integrations.errors import Unavailable
from integrations.http import correlation_id as correlation_of_calls
from jobs import failpoints
from jobs.claims import PENDING, Batch, LeaseLost, claim, due_lanes
from jobs.registry import handler_of
from jobs.settlement import end_run, release_broken, retry_rest

log = logging.getLogger(__name__)


def drain(flow_name: str, cause: str = "wake") -> None:
    """Work everything that is due for the flow, lane by lane, until nothing is or the time is up. Runs in RQ."""
    flow = FLOWS[flow_name]
    until = time.monotonic() + flow.timeout_s / 2
    queue.begun(flow_name)
    lanes = due_lanes(flow_name)
    if len(lanes) > 1:
        queue.wake(flow_name)  # Another worker takes the next lane meanwhile, and wakes one more for the third.
    for channel in lanes:
        while drain_batch(flow, channel, cause=cause):
            if time.monotonic() > until:
                queue.wake(flow_name)  # The rest goes on in a fresh wake-up: others get their turn.
                return


def drain_batch(flow: Flow, channel: str, *, cause: str = "wake") -> bool:
    """Claim and work one batch; False when there was nothing to claim."""
    batch = claim(flow, channel, cause=cause)
    if batch is None:
        return False
    failpoints.reach("job.claimed")
    token = correlation.set(batch.messages[0].correlation_id)
    outside = correlation_of_calls.set(batch.messages[0].correlation_id)
    started = time.monotonic()
    try:
        with heartbeat(batch):
            handler_of(flow.name)(batch)
    except LeaseLost:
        log.warning("lease lost, nothing written", extra={"flow": flow.name, "run_id": batch.fence})
    except Unavailable as error:
        retry_rest(batch, error)
    except Exception as error:  # A defect of ours must not stop the neighbours; it is written down and retried.
        log.exception("flow broke", extra={"flow": flow.name, "run_id": batch.fence})
        release_broken(batch, f"{type(error).__name__}: {error}", traceback.format_exc(limit=-8))
    finally:
        end_run(batch)
        correlation_of_calls.reset(outside)
        correlation.reset(token)
    log.info(
        "batch worked",
        extra={"flow": flow.name, "channel": channel, "run_id": batch.fence, "messages": len(batch.messages),
               "seconds": round(time.monotonic() - started, 3)},
    )  # fmt: skip
    return True


@contextmanager
def heartbeat(batch: Batch) -> Iterator[None]:
    """Keep the batch's lease while the block runs, from a thread with a connection of its own."""
    stop = Event()
    engine = db.engine
    lease = settings().lease_seconds
    ends = time.monotonic() + batch.flow.timeout_s  # A handler that never returns loses its lease.

    def beat() -> None:
        while not stop.wait(lease / 3) and time.monotonic() < ends:
            try:
                with engine.begin() as connection:
                    extend(connection, batch, lease)
            except sa.exc.SQLAlchemyError as error:
                log.warning("heartbeat failed", extra={"run_id": batch.fence, "error": str(error)})

    thread = Thread(target=beat, name=f"heartbeat-{batch.fence}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=lease)


def extend(connection: sa.Connection, batch: Batch, lease: float) -> int:
    """Push the lease of the lane and of what is still in hand; returns how many messages that is."""
    until = sa.func.clock_timestamp() + timedelta(seconds=lease)
    ours = (Lane.flow == batch.flow.name, Lane.channel == batch.channel, Lane.fence == batch.fence,
            Lane.lease_until.is_not(None))  # fmt: skip
    if not connection.execute(sa.update(Lane).where(*ours).values(lease_until=until)).rowcount:
        return 0
    done = connection.execute(
        sa.update(Message)
        .where(Message.id.in_(list(batch.open)), Message.fence == batch.fence, PENDING,
               Message.lease_until.is_not(None))
        .values(lease_until=until)
    )  # fmt: skip
    connection.execute(sa.update(Run).where(Run.id == batch.fence).values(seen_at=sa.func.clock_timestamp()))
    return done.rowcount
