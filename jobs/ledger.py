"""Working the message ledger: claim a batch with a lease and a fence, hand it to its flow, settle it.

Delivery is at least once. A claim is one short transaction; the lease is kept alive by a heartbeat while the flow
works, and lapses when the process dies or hangs, so that another worker takes over. Every settlement carries the
fence of its claim: a worker that was believed dead and comes back changes nothing.
"""

from __future__ import annotations

import logging
import os
import random
import socket
import time
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event, Thread
from typing import Literal, NamedTuple, cast

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import clock, queue
from app.db import Json, db, transaction
from app.extensions import settings
from app.flows.catalogue import FLOWS, Flow
from app.flows.models import Lane, Message, Run, fences
from app.logs import correlation
from integrations.errors import Unavailable
from jobs import failpoints
from jobs.registry import handler_of

log = logging.getLogger(__name__)
DEATHS_AT_MOST = 3
BREAKER_FAILURES = 5
BREAKER_PAUSE = timedelta(seconds=20)


class Claimed(NamedTuple):
    """A message in hand."""

    id: int
    key: str
    body: Json
    content_hash: str
    correlation_id: str
    attempts: int
    origin: str | None


class Outcome(NamedTuple):
    """What became of a message: `retry` waits (`after_s` seconds when the system said so), `dead` needs a person."""

    message_id: int
    state: Literal["delivered", "unchanged", "superseded", "retry", "dead"]
    result: Json | None = None
    after_s: float | None = None


@dataclass(slots=True)
class Batch:
    """Messages of one lane, claimed together."""

    flow: Flow
    channel: str
    fence: int
    run_id: int
    messages: list[Claimed]
    settled: set[int] = field(default_factory=set)

    @property
    def ids(self) -> list[int]:
        return [message.id for message in self.messages]


class LeaseLost(Exception):
    """Another worker took the batch over: nothing that this one still writes may count."""


def worker_name() -> str:
    """Host and process id: enough to find the process."""
    return f"{socket.gethostname()}:{os.getpid()}"


def drain(flow_name: str, cause: str = "wake") -> None:
    """Work everything that is due for the flow, lane by lane, until nothing is or the time is up. Runs in RQ."""
    flow = FLOWS[flow_name]
    until = time.monotonic() + flow.timeout_s / 2
    for channel in due_lanes(flow_name):
        while drain_batch(flow, channel, cause=cause):
            if time.monotonic() > until:
                queue.wake(flow_name)  # The rest goes on in a fresh wake-up: others get their turn.
                return


def due_lanes(flow_name: str) -> list[str]:
    """The channels for which the flow has something due, the longest waiting first."""
    with transaction() as session:
        rows = session.execute(
            sa.select(Message.channel)
            .where(Message.flow == flow_name, Message.state == "pending", *_due())
            .group_by(Message.channel)
            .order_by(sa.func.min(Message.next_attempt_at))
        )
        return [row.channel for row in rows]


def _due() -> tuple[sa.ColumnElement[bool], ...]:
    now = sa.func.clock_timestamp()
    return (Message.next_attempt_at <= now, Message.lease_until.is_(None) | (Message.lease_until < now))


def drain_batch(flow: Flow, channel: str, *, cause: str = "wake") -> bool:
    """Claim and work one batch; False when there was nothing to claim."""
    batch = claim(flow, channel, cause=cause)
    if batch is None:
        return False
    failpoints.reach("job.claimed")
    token = correlation.set(batch.messages[0].correlation_id)
    started = time.monotonic()
    try:
        with heartbeat(batch):
            handler_of(flow.name)(batch)
    except LeaseLost:
        log.warning("lease lost, nothing written", extra={"flow": flow.name, "run_id": batch.run_id})
    except Unavailable as error:
        _settle_rest(batch, "retry", error=str(error), after_s=error.retry_after_s)
    except Exception as error:  # A defect of ours must not stop the neighbours; it is written down and retried.
        log.exception("flow broke", extra={"flow": flow.name, "run_id": batch.run_id})
        _release_broken(batch, f"{type(error).__name__}: {error}", traceback.format_exc(limit=-8))
    finally:
        _end_run(batch)
        correlation.reset(token)
    log.info(
        "batch worked",
        extra={"flow": flow.name, "channel": channel, "run_id": batch.run_id, "messages": len(batch.messages),
               "seconds": round(time.monotonic() - started, 3)},
    )  # fmt: skip
    return True


def claim(flow: Flow, channel: str, *, cause: str) -> Batch | None:
    """Take up to `flow.batch` due messages of the lane, or None: nothing due, paused, breaker open, or in other hands.

    A message that outlived a worker is taken alone, so that a poisonous one harms no neighbour; after three deaths
    it is dead.
    """
    with transaction() as session:
        session.execute(insert(Lane).values(flow=flow.name, channel=channel).on_conflict_do_nothing())
        lane = session.execute(
            sa.select(Lane).where(Lane.flow == flow.name, Lane.channel == channel).with_for_update()
        ).scalar_one()
        now: datetime = session.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
        if lane.paused or (lane.open_until is not None and lane.open_until > now):
            return None
        here = (Message.flow == flow.name, Message.channel == channel, Message.state == "pending")
        if session.execute(sa.select(Message.id).where(*here, Message.lease_until >= now).limit(1)).first():
            return None  # One batch of a lane at a time: the shop wants it, and order is kept.
        _bury_killers(session, here, now)
        ids = _due_ids(session, flow, here, now)
        if not ids:
            return None
        run = Run(flow=flow.name, channel=channel, state="running", cause=cause, worker=worker_name(),
                  started_at=now, seen_at=now, claimed=len(ids))  # fmt: skip
        session.add(run)
        session.flush()
        fence = session.execute(sa.select(fences.next_value())).scalar_one()
        rows = session.execute(
            sa.update(Message)
            .where(Message.id.in_(ids))
            .values(
                fence=fence, run_id=run.id, attempts=Message.attempts + 1,
                deaths=Message.deaths + sa.case((Message.lease_until.is_not(None), 1), else_=0),
                lease_until=now + timedelta(seconds=settings().lease_seconds),
            )
            .returning(Message.id, Message.key, Message.body, Message.content_hash, Message.correlation_id,
                       Message.attempts, Message.origin)
        )  # fmt: skip
        messages = sorted(Claimed._make(row) for row in rows)
        return Batch(flow=flow, channel=channel, fence=fence, run_id=run.id, messages=messages)


def _due_ids(session: Session, flow: Flow, here: Iterable[sa.ColumnElement[bool]], now: datetime) -> list[int]:
    survivors = sa.select(Message.id).where(
        *here, Message.next_attempt_at <= now, (Message.lease_until < now) | (Message.deaths > 0)
    )
    alone = session.execute(survivors.order_by(Message.id).limit(1).with_for_update(skip_locked=True)).scalars().all()
    if alone:
        return list(alone)
    fresh = sa.select(Message.id).where(*here, Message.next_attempt_at <= now, Message.lease_until.is_(None))
    limit = settings().listings_batch if flow.per_channel else flow.batch
    return list(session.execute(fresh.order_by(Message.id).limit(limit).with_for_update(skip_locked=True)).scalars())


def _bury_killers(session: Session, here: Iterable[sa.ColumnElement[bool]], now: datetime) -> None:
    session.execute(
        sa.update(Message)
        .where(*here, Message.lease_until < now, Message.deaths >= DEATHS_AT_MOST - 1)
        .values(
            state="dead", deaths=Message.deaths + 1, settled_at=now, lease_until=None,
            result={"error": "worker_died", "detail": "Each worker that took this message died with it in hand."},
        )
    )  # fmt: skip


def settle(session: Session, batch: Batch, outcomes: Sequence[Outcome]) -> None:
    """Write what became of messages, in the flow's own transaction. Raises LeaseLost when they are no longer ours."""
    now = clock.now()
    values = [_settled(batch, outcome, now) for outcome in outcomes]
    if not values:
        return
    table = cast(sa.Table, Message.__table__)
    statement = (
        sa.update(table)
        .where(table.c.id == sa.bindparam("b_id"), table.c.fence == batch.fence, table.c.state == "pending")
        .values(
            state=sa.bindparam("b_state"), result=sa.bindparam("b_result", type_=table.c.result.type),
            settled_at=sa.bindparam("b_settled"), next_attempt_at=sa.bindparam("b_next"), lease_until=None,
        )
    )  # fmt: skip
    done = session.connection().execute(statement, values)
    if done.rowcount != len(values):
        raise LeaseLost(f"{done.rowcount} of {len(values)} messages were still ours")
    batch.settled.update(outcome.message_id for outcome in outcomes)
    _count(session, batch, outcomes, now)


def _settled(batch: Batch, outcome: Outcome, now: datetime) -> Json:
    message = next(message for message in batch.messages if message.id == outcome.message_id)
    if outcome.state == "retry" and message.attempts >= settings().retry_attempts:
        outcome = outcome._replace(state="dead")
    retry = outcome.state == "retry"
    return {
        "b_id": outcome.message_id,
        "b_state": "pending" if retry else outcome.state,
        "b_result": outcome.result,
        "b_settled": None if retry else now,
        "b_next": now + timedelta(seconds=_delay(message.attempts, outcome.after_s)) if retry else now,
    }


def _delay(attempts: int, told_s: float | None) -> float:
    """Full jitter under a doubling ceiling; never sooner than the system asked, never later than the cap."""
    config = settings()
    ceiling = min(config.retry_cap_seconds, config.retry_first_seconds * 2 ** (attempts - 1))
    jitter = random.uniform(0, ceiling)  # noqa: S311
    return min(config.retry_cap_seconds, max(told_s or 0.0, jitter))


def _count(session: Session, batch: Batch, outcomes: Sequence[Outcome], now: datetime) -> None:
    retried = sum(outcome.state == "retry" for outcome in outcomes)
    dead = sum(outcome.state == "dead" for outcome in outcomes)
    fine = len(outcomes) - retried - dead
    session.execute(
        sa.update(Run)
        .where(Run.id == batch.run_id)
        .values(delivered=Run.delivered + fine, retried=Run.retried + retried, dead=Run.dead + dead, seen_at=now,
                revision=Run.revision + 1)
    )  # fmt: skip
    lane = sa.update(Lane).where(Lane.flow == batch.flow.name, Lane.channel == batch.channel)
    if retried and not fine:
        first = next(outcome for outcome in outcomes if outcome.state == "retry")
        session.execute(
            lane.values(
                failures=Lane.failures + 1, failure_at=now, failure=str((first.result or {}).get("error", "")),
                open_until=sa.case((Lane.failures + 1 >= BREAKER_FAILURES, now + BREAKER_PAUSE), else_=Lane.open_until),
            )
        )  # fmt: skip
        return
    session.execute(lane.values(failures=0, open_until=None, success_at=now))


def _settle_rest(batch: Batch, state: Literal["retry", "dead"], *, error: str, after_s: float | None = None) -> None:
    rest = [id_ for id_ in batch.ids if id_ not in batch.settled]
    with transaction() as session:
        try:
            settle(session, batch, [Outcome(id_, state, {"error": error}, after_s) for id_ in rest])
        except LeaseLost:
            log.warning("lease lost before the failure was written", extra={"run_id": batch.run_id})
            session.rollback()


def _release_broken(batch: Batch, error: str, trace: str) -> None:
    """After a defect: each message comes back alone; one that keeps breaking is dead, with the trace."""
    rest = [id_ for id_ in batch.ids if id_ not in batch.settled]
    now = clock.now()
    with transaction() as session:
        broken = session.execute(
            sa.update(Message)
            .where(Message.id.in_(rest), Message.fence == batch.fence, Message.state == "pending")
            .values(
                deaths=Message.deaths + 1, lease_until=None, result={"error": error, "trace": trace},
                state=sa.case((Message.deaths + 1 >= DEATHS_AT_MOST, "dead"), else_="pending"),
                settled_at=sa.case((Message.deaths + 1 >= DEATHS_AT_MOST, now), else_=None),
                next_attempt_at=now + timedelta(seconds=_delay(1, None)) if len(rest) == 1 else now,
            )
            .returning(Message.id)
        )  # fmt: skip
        session.execute(
            sa.update(Run).where(Run.id == batch.run_id).values(state="failed", error=error, revision=Run.revision + 1)
        )
        log.info("released", extra={"run_id": batch.run_id, "messages": len(broken.all())})


def _end_run(batch: Batch) -> None:
    now = clock.now()
    with transaction() as session:
        session.execute(
            sa.update(Run)
            .where(Run.id == batch.run_id)
            .values(state=sa.case((Run.state == "running", "finished"), else_=Run.state), ended_at=now, seen_at=now,
                    revision=Run.revision + 1)
        )  # fmt: skip


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
                log.warning("heartbeat failed", extra={"run_id": batch.run_id, "error": str(error)})

    thread = Thread(target=beat, name=f"heartbeat-{batch.run_id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=lease)


def extend(connection: sa.Connection, batch: Batch, lease: float) -> int:
    """Push the lease of what is still in hand; returns how many messages that is."""
    done = connection.execute(
        sa.update(Message)
        .where(Message.id.in_(batch.ids), Message.fence == batch.fence, Message.state == "pending",
               Message.lease_until.is_not(None))
        .values(lease_until=sa.func.clock_timestamp() + timedelta(seconds=lease))
    )  # fmt: skip
    connection.execute(sa.update(Run).where(Run.id == batch.run_id).values(seen_at=sa.func.clock_timestamp()))
    return done.rowcount
