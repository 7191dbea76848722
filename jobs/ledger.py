"""Working the message ledger: claim a batch with a lease and a fence, hand it to its flow, settle it.

Delivery is at least once. A claim is one short transaction; the lease is kept alive by a heartbeat while the flow
works, and lapses when the process dies or hangs, so that another worker takes over. Every settlement carries the
fence of its claim: a worker that was believed dead and comes back changes nothing.
"""

from __future__ import annotations

import json
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
from typing import Literal, NamedTuple

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
from integrations.http import correlation_id as correlation_of_calls
from jobs import failpoints
from jobs.registry import handler_of

log = logging.getLogger(__name__)
DEATHS_AT_MOST = 3
SUSPECTS = 20  # Messages of a dead worker's batch that are taken together; those that die again are taken alone.
BREAKER_FAILURES = 5
BREAKER_PAUSE = timedelta(seconds=20)
# Messages change state faster than statistics follow: a claim walks its small indexes, whatever the planner believes.
# A plain scan marks entries of what was settled, and the next one skips them; a bitmap scan would not.
_BY_INDEX = sa.text(
    "SELECT set_config(name, 'off', true) FROM unnest(ARRAY['enable_seqscan', 'enable_bitmapscan']) name"
)
# As the partial indexes say it, and without parameters: a prepared plan could not use them.
_PENDING = Message.state == sa.literal_column("'pending'")
# How many workers ended with the message in hand, the one whose lease lapsed included.
_ENDED = Message.deaths + sa.case((Message.lease_until.is_not(None), 1), else_=0)
_TAKEN = Message.lease_until.is_not(None) | (Message.deaths > sa.literal_column("0"))


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
    """What became of a message: `retry` waits (`after_s` seconds when the system said so), `dead` needs a person.

    `tried` False: nothing was sent, so that this was none of the message's tries.
    """

    message_id: int
    state: Literal["delivered", "unchanged", "superseded", "retry", "dead"]
    result: Json | None = None
    after_s: float | None = None
    tried: bool = True


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
    outside = correlation_of_calls.set(batch.messages[0].correlation_id)
    started = time.monotonic()
    try:
        with heartbeat(batch):
            handler_of(flow.name)(batch)
    except LeaseLost:
        log.warning("lease lost, nothing written", extra={"flow": flow.name, "run_id": batch.run_id})
    except Unavailable as error:
        _retry_rest(batch, error)
    except Exception as error:  # A defect of ours must not stop the neighbours; it is written down and retried.
        log.exception("flow broke", extra={"flow": flow.name, "run_id": batch.run_id})
        _release_broken(batch, f"{type(error).__name__}: {error}", traceback.format_exc(limit=-8))
    finally:
        _end_run(batch)
        correlation_of_calls.reset(outside)
        correlation.reset(token)
    log.info(
        "batch worked",
        extra={"flow": flow.name, "channel": channel, "run_id": batch.run_id, "messages": len(batch.messages),
               "seconds": round(time.monotonic() - started, 3)},
    )  # fmt: skip
    return True


def claim(flow: Flow, channel: str, *, cause: str) -> Batch | None:
    """Take up to `flow.batch` due messages of the lane, or None: nothing due, paused, breaker open, or in other hands.

    Messages that outlived a worker are taken in small groups, those that outlived two alone, so that a poisonous one
    harms no neighbour; after three deaths it is dead.
    """
    with transaction() as session:
        session.execute(insert(Lane).values(flow=flow.name, channel=channel).on_conflict_do_nothing())
        lane = session.execute(
            sa.select(Lane).where(Lane.flow == flow.name, Lane.channel == channel).with_for_update()
        ).scalar_one()
        now: datetime = session.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
        session.execute(_BY_INDEX)
        if lane.paused or (lane.open_until is not None and lane.open_until > now):
            return None
        here = (Message.flow == flow.name, Message.channel == channel, _PENDING)
        taken = session.execute(sa.select(sa.func.count(), sa.func.max(Message.lease_until)).where(*here, _TAKEN)).one()
        if taken[1] is not None and taken[1] >= now:
            return None  # One batch of a lane at a time: the shop wants it, and order is kept.
        due = (*here, Message.next_attempt_at <= now)
        chosen: sa.Select[int] | None = None
        if taken[0]:
            _bury_killers(session, here, now)
            chosen = _suspects(session, due, at_most=min(SUSPECTS, flow.batch))
        if chosen is None:
            chosen = sa.select(Message.id).where(*due, ~_TAKEN).order_by(Message.id).limit(flow.batch)
        fence, run_id = session.execute(
            sa.select(fences.next_value(), sa.func.nextval(sa.func.pg_get_serial_sequence("run", "id")))
        ).one()
        rows = session.execute(
            sa.update(Message)
            .where(Message.id.in_(chosen), _PENDING)
            .values(
                fence=fence, attempts=Message.attempts + 1,
                deaths=_ENDED,
                lease_until=now + timedelta(seconds=settings().lease_seconds),
                run_id=run_id,
            )
            .returning(Message.id, Message.key, Message.body, Message.content_hash, Message.correlation_id,
                       Message.attempts, Message.origin)
        ).all()  # fmt: skip
        if not rows:
            return None
        session.add(
            Run(id=run_id, flow=flow.name, channel=channel, state="running", cause=cause, worker=worker_name(),
                started_at=now, seen_at=now, claimed=len(rows))
        )  # fmt: skip
        messages = sorted(Claimed._make(row) for row in rows)
        return Batch(flow=flow, channel=channel, fence=fence, run_id=run_id, messages=messages)


def _suspects(session: Session, due: Iterable[sa.ColumnElement[bool]], *, at_most: int) -> sa.Select[int] | None:
    """Which of the due messages that outlived a worker come next: one that outlived two, or a group of the others."""
    outlived = sa.select(Message.id).where(*due, _TAKEN).order_by(Message.id)
    first = session.execute(outlived.add_columns(_ENDED).limit(1)).first()
    if first is None:
        return None
    if first[1] > 1:
        return outlived.where(Message.id == first[0])
    return outlived.where(_ENDED == 1).limit(at_most)


def _bury_killers(session: Session, here: Iterable[sa.ColumnElement[bool]], now: datetime) -> None:
    session.execute(
        sa.update(Message)
        .where(*here, _TAKEN, Message.lease_until < now, Message.deaths >= DEATHS_AT_MOST - 1)
        .values(
            state="dead", deaths=Message.deaths + 1, settled_at=now, lease_until=None,
            result={"error": "worker_died", "detail": "Each worker that took this message died with it in hand."},
        )
    )  # fmt: skip


_SETTLE = sa.text("""
    UPDATE message m
    SET state = w.state, result = w.result, settled_at = w.settled_at, next_attempt_at = w.next_attempt_at,
        attempts = w.attempts, lease_until = NULL
    FROM jsonb_to_recordset(CAST(:outcomes AS jsonb))
         AS w(id bigint, state text, result jsonb, attempts int, settled_at timestamptz, next_attempt_at timestamptz)
    WHERE m.id = w.id AND m.fence = :fence AND m.state = 'pending'
""")


def settle(session: Session, batch: Batch, outcomes: Sequence[Outcome]) -> None:
    """Write what became of messages, in the flow's own transaction. Raises LeaseLost when they are no longer ours."""
    if not outcomes:
        return
    now = clock.now()
    attempts = {message.id: message.attempts for message in batch.messages}
    rows = [_settled(outcome, attempts[outcome.message_id], now) for outcome in outcomes]
    done = session.connection().execute(_SETTLE, {"outcomes": json.dumps(rows), "fence": batch.fence})
    if done.rowcount != len(rows):
        raise LeaseLost(f"{done.rowcount} of {len(rows)} messages were still ours")
    batch.settled.update(outcome.message_id for outcome in outcomes)
    _count(session, batch, outcomes, now)


def _settled(outcome: Outcome, attempts: int, now: datetime) -> Json:
    state = outcome.state
    if not outcome.tried:
        attempts -= 1
    if state == "retry" and attempts >= settings().retry_attempts:
        state = "dead"
    retry = state == "retry"
    due = now + timedelta(seconds=_delay(max(1, attempts), outcome.after_s)) if retry else now
    return {
        "id": outcome.message_id,
        "state": "pending" if retry else state,
        "result": outcome.result,
        "attempts": attempts,
        "settled_at": None if retry else now.isoformat(),
        "next_attempt_at": due.isoformat(),
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


def _retry_rest(batch: Batch, error: Unavailable) -> None:
    """The system as a whole could not be reached. One that nothing was sent to uses up no try."""
    rest = [id_ for id_ in batch.ids if id_ not in batch.settled]
    result = {"error": str(error)}
    with transaction() as session:
        try:
            settle(
                session, batch,
                [Outcome(id_, "retry", result, error.retry_after_s, tried=error.passing) for id_ in rest],
            )  # fmt: skip
        except LeaseLost:
            log.warning("lease lost before the failure was written", extra={"run_id": batch.run_id})
            session.rollback()


def _release_broken(batch: Batch, error: str, trace: str) -> None:
    """After a defect: the messages come back in groups, then alone; one that keeps breaking is dead, with the trace."""
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
