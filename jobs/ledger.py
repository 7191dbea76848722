"""Working the message ledger: claim a batch with a lease and a fence, hand it to its flow, settle it.

Delivery is at least once. A claim is one short transaction; the lease, of the lane and of each message in hand, is
kept alive by a heartbeat while the flow works, and lapses when the process dies or hangs, so that another worker takes
over. Every settlement carries the fence of its claim: a worker that was believed dead and comes back changes nothing.
"""

from __future__ import annotations

import json
import logging
import os
import random
import socket
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event, Thread
from typing import Literal, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Session

from app import clock, queue
from app.db import Json, db, transaction
from app.extensions import settings
from app.flows.catalogue import FLOWS, Flow
from app.flows.models import Lane, Message, Run
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
# A process that is stopped while it holds a lane's lock loses the lock with the lease: others would wait for ever.
_NOT_FOR_EVER = sa.text("SELECT set_config('idle_in_transaction_session_timeout', CAST(:ms AS text), true)")
# As the partial indexes say it, and without parameters: a prepared plan could not use them.
_PENDING = Message.state == sa.literal_column("'pending'")
_OUTLIVED = Message.deaths > sa.literal_column("0")


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
    """Messages of one lane in one worker's hand. `fence` is the number of the run."""

    flow: Flow
    channel: str
    fence: int
    messages: list[Claimed]
    open: dict[int, Claimed] = field(init=False)  # What is not settled yet.
    until: float = field(init=False)  # Of the monotonic clock: no more messages are taken after it.

    def __post_init__(self) -> None:
        self.open = {message.id: message for message in self.messages}
        self.until = time.monotonic() + self.flow.timeout_s / 2

    @property
    def ids(self) -> list[int]:
        return [message.id for message in self.messages]

    @property
    def here(self) -> tuple[sa.ColumnElement[bool], ...]:
        """Of a message: is it of the lane?"""
        return (Message.flow == self.flow.name, Message.channel == self.channel)


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
        session.execute(_BY_INDEX)
        rows = session.execute(
            sa.select(Message.channel)
            .where(Message.flow == flow_name, _PENDING, *_due())
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
        log.warning("lease lost, nothing written", extra={"flow": flow.name, "run_id": batch.fence})
    except Unavailable as error:
        _retry_rest(batch, error)
    except Exception as error:  # A defect of ours must not stop the neighbours; it is written down and retried.
        log.exception("flow broke", extra={"flow": flow.name, "run_id": batch.fence})
        _release_broken(batch, f"{type(error).__name__}: {error}", traceback.format_exc(limit=-8))
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


def claim(flow: Flow, channel: str, *, cause: str) -> Batch | None:
    """Take up to `flow.batch` due messages of the lane, or None: nothing due, paused, breaker open, or in other hands.

    Messages that outlived a worker are taken in small groups, those that outlived two alone, so that a poisonous one
    harms no neighbour; after three deaths it is dead.
    """
    with transaction() as session:
        _hold_no_longer_than_the_lease(session)
        session.execute(insert(Lane).values(flow=flow.name, channel=channel).on_conflict_do_nothing())
        lane = session.execute(
            sa.select(Lane).where(Lane.flow == flow.name, Lane.channel == channel).with_for_update()
        ).scalar_one()
        now: datetime = session.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
        session.execute(_BY_INDEX)
        if lane.paused or (lane.open_until is not None and lane.open_until > now):
            return None
        if lane.lease_until is not None:
            if lane.lease_until >= now:
                return None  # One batch of a lane at a time: the shop wants it, and order is kept.
            _count_death(session, lane, now)
        batch = Batch(flow, channel, fence=session.execute(_NEXT_RUN).scalar_one(), messages=[])
        due = (*batch.here, _PENDING, Message.next_attempt_at <= now)
        chosen = _suspects(session, due, at_most=min(SUSPECTS, flow.batch))
        messages = _take(session, batch, _fresh(due, flow.batch) if chosen is None else chosen, now)
        if not messages:
            return None
        lane.fence, lane.lease_until = batch.fence, now + timedelta(seconds=settings().lease_seconds)
        session.add(
            Run(id=batch.fence, flow=flow.name, channel=channel, state="running", cause=cause, worker=worker_name(),
                started_at=now, seen_at=now, claimed=len(messages))
        )  # fmt: skip
        if chosen is not None:
            batch.until = 0  # Suspects get no company.
        return batch


def claim_more(batch: Batch) -> list[Claimed]:
    """Take further due messages of the lane into the batch, so that a long queue is worked in one go.

    None after half of the flow's time, nor when a person paused the lane, nor into the company of suspects. Raises
    LeaseLost.
    """
    if time.monotonic() > batch.until:
        return []
    with transaction() as session:
        _hold_no_longer_than_the_lease(session)
        lane = session.execute(_lane_of(batch).with_for_update()).scalar_one_or_none()
        if lane is None:
            raise LeaseLost("the lane has another batch")
        if lane.paused:
            return []
        now: datetime = session.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
        session.execute(_BY_INDEX)
        due = (*batch.here, _PENDING, Message.next_attempt_at <= now)
        messages = _take(session, batch, _fresh(due, batch.flow.batch), now)
        session.execute(
            sa.update(Run).where(Run.id == batch.fence)
            .values(claimed=Run.claimed + len(messages), revision=Run.revision + 1)
        )  # fmt: skip
        return messages


def _hold_no_longer_than_the_lease(session: Session) -> None:
    session.execute(_NOT_FOR_EVER, {"ms": int(1000 * settings().lease_seconds)})


_NEXT_RUN = sa.select(sa.func.nextval(sa.func.pg_get_serial_sequence("run", "id")))


def _lane_of(batch: Batch) -> sa.Select[Lane]:
    """The lane, as long as the batch is what it works on."""
    return sa.select(Lane).where(
        Lane.flow == batch.flow.name, Lane.channel == batch.channel, Lane.fence == batch.fence,
        Lane.lease_until.is_not(None),
    )  # fmt: skip


def _take(session: Session, batch: Batch, chosen: sa.Select[int], now: datetime) -> list[Claimed]:
    rows = session.connection().execute(
        sa.update(Message)
        .where(Message.id.in_(chosen), _PENDING)
        .values(fence=batch.fence, attempts=Message.attempts + 1,
                lease_until=now + timedelta(seconds=settings().lease_seconds))
        .returning(Message.id, Message.key, Message.body, Message.content_hash, Message.correlation_id,
                   Message.attempts, Message.origin)
    )  # fmt: skip
    messages = sorted((Claimed._make(row) for row in rows), key=lambda message: message.id)
    batch.messages += messages
    batch.open.update((message.id, message) for message in messages)
    return messages


def _fresh(due: Iterable[sa.ColumnElement[bool]], at_most: int) -> sa.Select[int]:
    return (
        sa.select(Message.id).where(*due, ~_OUTLIVED, Message.lease_until.is_(None)).order_by(Message.id).limit(at_most)
    )


def _suspects(session: Session, due: Iterable[sa.ColumnElement[bool]], *, at_most: int) -> sa.Select[int] | None:
    """Which of the due messages that outlived a worker come next: one that outlived two, or a group of the others."""
    outlived = sa.select(Message.id).where(*due, _OUTLIVED).order_by(Message.id)
    first = session.execute(outlived.add_columns(Message.deaths).limit(1)).first()
    if first is None:
        return None
    if first[1] > 1:
        return outlived.where(Message.id == first[0])
    return outlived.where(Message.deaths == 1).limit(at_most)


def _count_death(session: Session, lane: Lane, now: datetime) -> None:
    """The lease of the lane lapsed: what its worker had in hand outlived it, or is buried after three deaths."""
    ended = Message.deaths + 1
    buried = ended >= DEATHS_AT_MOST
    session.execute(
        sa.update(Message)
        .where(Message.flow == lane.flow, Message.channel == lane.channel, _PENDING, Message.fence == lane.fence,
               Message.lease_until.is_not(None))
        .values(
            deaths=ended, lease_until=None, run_id=lane.fence,
            state=sa.case((buried, "dead"), else_="pending"),
            settled_at=sa.case((buried, now), else_=None),
            result=sa.case((buried, sa.cast(_DIED, JSONB)), else_=Message.result),
        )
    )  # fmt: skip
    lane.lease_until = None


_DIED = {"error": "worker_died", "detail": "Each worker that took this message died with it in hand."}


_SETTLE = sa.text("""
    WITH w AS (
      SELECT * FROM jsonb_to_recordset(CAST(:outcomes AS jsonb))
               AS w(id bigint, state text, result jsonb, attempts int, due timestamptz)),
    done AS (
      UPDATE message m
      SET state = w.state, result = w.result, attempts = w.attempts, run_id = m.fence, lease_until = NULL,
          settled_at = CASE WHEN w.due IS NULL THEN CAST(:now AS timestamptz) END,
          next_attempt_at = COALESCE(w.due, m.next_attempt_at)
      FROM w WHERE m.id = w.id AND m.fence = :fence AND m.state = 'pending'
      RETURNING m.id),
    counted AS (
      UPDATE run SET delivered = delivered + :fine, retried = retried + :retried, dead = dead + :dead, seen_at = :now,
                     revision = revision + 1
      WHERE id = :fence)
    SELECT count(*) FROM done
""")
# The lane is locked first, as a claim and a heartbeat do it.
_WENT_WELL = sa.text("""
    UPDATE lane SET failures = 0, open_until = NULL, success_at = :now
    WHERE flow = :flow AND channel = :channel AND fence = :fence AND lease_until IS NOT NULL
""")
_WENT_WRONG = sa.text("""
    UPDATE lane SET failures = failures + 1, failure_at = :now, failure = :failure,
                    open_until = CASE WHEN failures + 1 >= :limit THEN :until ELSE open_until END
    WHERE flow = :flow AND channel = :channel AND fence = :fence AND lease_until IS NOT NULL
""")


def settle(session: Session, batch: Batch, outcomes: Sequence[Outcome]) -> None:
    """Write what became of messages, in the flow's own transaction. Raises LeaseLost when they are no longer ours."""
    if not outcomes:
        return
    now = clock.now()
    states = Counter(outcome.state for outcome in outcomes)
    connection = session.connection()
    _hold_no_longer_than_the_lease(session)
    lane: Json = {"flow": batch.flow.name, "channel": batch.channel, "fence": batch.fence, "now": now}
    if states["retry"] and states["retry"] + states["dead"] == len(outcomes):
        first = next(outcome for outcome in outcomes if outcome.state == "retry")
        failure = str((first.result or {}).get("error", ""))
        lane |= {"failure": failure, "limit": BREAKER_FAILURES, "until": now + BREAKER_PAUSE}
        ours = connection.execute(_WENT_WRONG, lane).rowcount
    else:
        ours = connection.execute(_WENT_WELL, lane).rowcount
    if not ours:
        raise LeaseLost("the lane has another batch")
    done = connection.execute(
        _SETTLE,
        {"outcomes": json.dumps([_settled(outcome, batch.open[outcome.message_id].attempts, now)
                                 for outcome in outcomes if outcome.message_id in batch.open]),
         "fence": batch.fence, "now": now, "retried": states["retry"], "dead": states["dead"],
         "fine": len(outcomes) - states["retry"] - states["dead"]},
    ).scalar_one()  # fmt: skip
    if done != len(outcomes):
        raise LeaseLost(f"{done} of {len(outcomes)} messages were still ours")
    for outcome in outcomes:
        del batch.open[outcome.message_id]


def _settled(outcome: Outcome, attempts: int, now: datetime) -> Json:
    state = outcome.state
    if not outcome.tried:
        attempts -= 1
    if state == "retry" and attempts >= settings().retry_attempts:
        state = "dead"
    row: Json = {"id": outcome.message_id, "state": state, "result": outcome.result, "attempts": attempts}
    if state == "retry":
        due = now + timedelta(seconds=_delay(max(1, attempts), outcome.after_s))
        row |= {"state": "pending", "due": due.isoformat()}
    return row


def _delay(attempts: int, told_s: float | None) -> float:
    """Full jitter under a doubling ceiling; never sooner than the system asked, never later than the cap."""
    config = settings()
    ceiling = min(config.retry_cap_seconds, config.retry_first_seconds * 2 ** (attempts - 1))
    jitter = random.uniform(0, ceiling)  # noqa: S311
    return min(config.retry_cap_seconds, max(told_s or 0.0, jitter))


def _retry_rest(batch: Batch, error: Unavailable) -> None:
    """The system as a whole could not be reached. One that nothing was sent to uses up no try."""
    result = {"error": str(error)}
    with transaction() as session:
        _look_up_open(session, batch)
        try:
            settle(
                session, batch,
                [Outcome(id_, "retry", result, error.retry_after_s, tried=error.passing) for id_ in batch.open],
            )  # fmt: skip
        except LeaseLost:
            log.warning("lease lost before the failure was written", extra={"run_id": batch.fence})
            session.rollback()


def _release_broken(batch: Batch, error: str, trace: str) -> None:
    """After a defect: the messages come back in groups, then alone; one that keeps breaking is dead, with the trace."""
    now = clock.now()
    with transaction() as session:
        _look_up_open(session, batch)
        rest = list(batch.open)
        broken = session.execute(
            sa.update(Message)
            .where(Message.id.in_(rest), Message.fence == batch.fence, Message.state == "pending")
            .values(
                deaths=Message.deaths + 1, lease_until=None, run_id=batch.fence,
                result={"error": error, "trace": trace},
                state=sa.case((Message.deaths + 1 >= DEATHS_AT_MOST, "dead"), else_="pending"),
                settled_at=sa.case((Message.deaths + 1 >= DEATHS_AT_MOST, now), else_=None),
                next_attempt_at=now + timedelta(seconds=_delay(1, None)) if len(rest) == 1 else now,
            )
            .returning(Message.id)
        ).all()  # fmt: skip
        batch.open.clear()
        session.execute(
            sa.update(Run).where(Run.id == batch.fence).values(state="failed", error=error, revision=Run.revision + 1)
        )
        log.info("released", extra={"run_id": batch.fence, "messages": len(broken)})


def _look_up_open(session: Session, batch: Batch) -> None:
    """Something failed, and what was rolled back settled nothing: the database knows what is open still."""
    rows = session.execute(
        sa.select(Message.id)
        .where(*batch.here, _PENDING, Message.fence == batch.fence, Message.lease_until.is_not(None))
    )  # fmt: skip
    still = set(rows.scalars())
    batch.open = {message.id: message for message in batch.messages if message.id in still}


def end_run(batch: Batch) -> None:
    """Close the run and let go of the lane."""
    now = clock.now()
    with transaction() as session:
        session.execute(
            sa.update(Run)
            .where(Run.id == batch.fence)
            .values(state=sa.case((Run.state == "running", "finished"), else_=Run.state), ended_at=now, seen_at=now,
                    revision=Run.revision + 1)
        )  # fmt: skip
        lane = session.execute(_lane_of(batch).with_for_update()).scalar_one_or_none()
        if lane is not None and not batch.open:
            lane.lease_until = None


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
        .where(Message.id.in_(list(batch.open)), Message.fence == batch.fence, _PENDING,
               Message.lease_until.is_not(None))
        .values(lease_until=until)
    )  # fmt: skip
    connection.execute(sa.update(Run).where(Run.id == batch.fence).values(seen_at=sa.func.clock_timestamp()))
    return done.rowcount
