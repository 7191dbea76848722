"""Taking due messages in hand: a batch per lane, with a lease of the lane and of each message, and a fence.

A claim is one short transaction. What a worker died with is taken by the next claim, in small groups, then alone.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Session

from app.db import Json, transaction
from app.extensions import settings
from app.flows.catalogue import Flow
from app.flows.models import Lane, Message, Run

DEATHS_AT_MOST = 3
SUSPECTS = 20  # Messages of a dead worker's batch that are taken together; those that die again are taken alone.
# Messages change state faster than statistics follow: a claim walks its small indexes, whatever the planner believes.
# A plain scan marks entries of what was settled, and the next one skips them; a bitmap scan would not.
_BY_INDEX = sa.text(
    "SELECT set_config(name, 'off', true) FROM unnest(ARRAY['enable_seqscan', 'enable_bitmapscan']) name"
)
# A process that is stopped while it holds a lane's lock loses the lock with the lease: others would wait for ever.
_NOT_FOR_EVER = sa.text("SELECT set_config('idle_in_transaction_session_timeout', CAST(:ms AS text), true)")
# As the partial indexes say it, and without parameters: a prepared plan could not use them.
PENDING = Message.state == sa.literal_column("'pending'")
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


@dataclass(slots=True)
class Batch:
    """Messages of one lane in one worker's hand. `fence` is the number of the run."""

    flow: Flow
    channel: str
    fence: int
    messages: list[Claimed] = field(default_factory=list)
    open: dict[int, Claimed] = field(default_factory=dict)  # What is not settled yet.
    until: float = field(init=False)  # Of the monotonic clock: no more messages are taken after it.

    def __post_init__(self) -> None:
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


def due_lanes(flow_name: str) -> list[str]:
    """The channels for which the flow has something due, the longest waiting first."""
    with transaction() as session:
        session.execute(_BY_INDEX)
        rows = session.execute(
            sa.select(Message.channel)
            .where(Message.flow == flow_name, PENDING, *_due())
            .group_by(Message.channel)
            .order_by(sa.func.min(Message.next_attempt_at))
        )
        return [row.channel for row in rows]


def _due() -> tuple[sa.ColumnElement[bool], ...]:
    now = sa.func.clock_timestamp()
    return (Message.next_attempt_at <= now, Message.lease_until.is_(None) | (Message.lease_until < now))


def claim(flow: Flow, channel: str, *, cause: str) -> Batch | None:
    """Take up to `flow.batch` due messages of the lane, or None: nothing due, paused, breaker open, or in other hands.

    Messages that outlived a worker are taken in small groups, those that outlived two alone, so that a poisonous one
    harms no neighbour; after three deaths it is dead.
    """
    with transaction() as session:
        hold_no_longer_than_the_lease(session)
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
        batch = Batch(flow, channel, fence=session.execute(_NEXT_RUN).scalar_one())
        due = (*batch.here, PENDING, Message.next_attempt_at <= now)
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
        hold_no_longer_than_the_lease(session)
        lane = session.execute(lane_of(batch).with_for_update()).scalar_one_or_none()
        if lane is None:
            raise LeaseLost("the lane has another batch")
        if lane.paused:
            return []
        now: datetime = session.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
        session.execute(_BY_INDEX)
        due = (*batch.here, PENDING, Message.next_attempt_at <= now)
        messages = _take(session, batch, _fresh(due, batch.flow.batch), now)
        session.execute(
            sa.update(Run).where(Run.id == batch.fence)
            .values(claimed=Run.claimed + len(messages), revision=Run.revision + 1)
        )  # fmt: skip
        return messages


def hold_no_longer_than_the_lease(session: Session) -> None:
    session.execute(_NOT_FOR_EVER, {"ms": int(1000 * settings().lease_seconds)})


_NEXT_RUN = sa.select(sa.func.nextval(sa.func.pg_get_serial_sequence("run", "id")))


def lane_of(batch: Batch) -> sa.Select[Lane]:
    """The lane, as long as the batch is what it works on."""
    return sa.select(Lane).where(
        Lane.flow == batch.flow.name, Lane.channel == batch.channel, Lane.fence == batch.fence,
        Lane.lease_until.is_not(None),
    )  # fmt: skip


def _take(session: Session, batch: Batch, chosen: sa.Select[int], now: datetime) -> list[Claimed]:
    rows = session.connection().execute(
        sa.update(Message)
        .where(Message.id.in_(chosen), PENDING)
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
        .where(Message.flow == lane.flow, Message.channel == lane.channel, PENDING, Message.fence == lane.fence,
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


def worker_name() -> str:
    """Host and process id: enough to find the process."""
    return f"{socket.gethostname()}:{os.getpid()}"
