"""Reads of lanes, runs and messages for the monitoring pages. No exact count that would cost a scan."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.flows.models import Message, Run

CAP = 1000


def last_sweep_age_seconds(session: Session) -> float | None:
    """Seconds since the last sweep; None when there was none."""
    age = session.execute(
        text("""SELECT extract(epoch FROM clock_timestamp() - success_at) FROM lane
                WHERE flow = 'portal.sweep.portal' AND channel = ''""")
    ).scalar_one_or_none()
    return None if age is None else float(age)


def is_waiting(session: Session, flow: str, channel: str, key: str) -> bool:
    """Whether a message of the key is not settled yet."""
    waiting = select(Message.id).where(
        Message.flow == flow, Message.channel == channel, Message.key == key, Message.state == "pending"
    )
    return session.execute(waiting.limit(1)).first() is not None


class LaneState(NamedTuple):
    flow: str
    channel: str
    waiting: int
    in_work: int
    overdue: int
    dead: int
    oldest_at: datetime | None
    paused: bool
    open_until: datetime | None
    success_at: datetime | None
    failure_at: datetime | None
    failure: str | None

    @property
    def state(self) -> str:
        """paused, trouble (the system is not reachable), late (a person should look), or fine."""
        if self.paused:
            return "paused"
        if self.open_until and self.failure_at and (self.success_at is None or self.failure_at > self.success_at):
            return "trouble"
        return "late" if self.dead or self.overdue else "fine"


_LANES = text("""
    SELECT l.flow, l.channel, COALESCE(p.waiting, 0), COALESCE(p.in_work, 0), COALESCE(p.overdue, 0),
           COALESCE(d.dead, 0), p.oldest_at, l.paused, l.open_until, l.success_at, l.failure_at, l.failure
    FROM lane l
    LEFT JOIN LATERAL (
      SELECT count(*) AS waiting, count(*) FILTER (WHERE lease_until > clock_timestamp()) AS in_work,
             count(*) FILTER (WHERE next_attempt_at < clock_timestamp() - interval '1 minute'
                              AND (lease_until IS NULL OR lease_until < clock_timestamp())) AS overdue,
             min(created_at) AS oldest_at
      FROM message m WHERE m.state = 'pending' AND m.flow = l.flow AND m.channel = l.channel) p ON true
    LEFT JOIN LATERAL (
      SELECT count(*) AS dead FROM message m WHERE m.state = 'dead' AND m.flow = l.flow AND m.channel = l.channel
    ) d ON true
    WHERE l.flow <> 'portal.sweep.portal' ORDER BY l.flow, l.channel
""")


def lane_states(session: Session) -> list[LaneState]:
    """Every lane with what waits and what is dead, in one statement."""
    return [LaneState._make(row) for row in session.execute(_LANES)]


class RunRow(NamedTuple):
    id: int
    flow: str
    channel: str
    state: str
    cause: str
    worker: str
    started_at: datetime
    ended_at: datetime | None
    claimed: int
    delivered: int
    retried: int
    dead: int
    error: str | None
    revision: int

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it runs."""
        return None if self.ended_at is None else round((self.ended_at - self.started_at).total_seconds(), 2)


_RUN = (
    Run.id, Run.flow, Run.channel, Run.state, Run.cause, Run.worker, Run.started_at, Run.ended_at, Run.claimed,
    Run.delivered, Run.retried, Run.dead, Run.error, Run.revision,
)  # fmt: skip


def runs(session: Session, *, flow: str, before_id: int | None, limit: int) -> list[RunRow]:
    """Newest first; `limit` + 1 rows at most."""
    statement = select(*_RUN).where(Run.flow == flow).order_by(Run.id.desc()).limit(limit + 1)
    if before_id is not None:
        statement = statement.where(Run.id < before_id)
    return [RunRow._make(row) for row in session.execute(statement)]


def run(session: Session, run_id: int) -> RunRow | None:
    """One run."""
    row = session.execute(select(*_RUN).where(Run.id == run_id)).one_or_none()
    return RunRow._make(row) if row else None


def run_tag(session: Session, run_id: int) -> str | None:
    """What the run's page shows, as a number that moves with it: one row by primary key."""
    revision = session.execute(select(Run.revision).where(Run.id == run_id)).scalar_one_or_none()
    return None if revision is None else f"run.{run_id}.{revision}"


def newest_run_id(session: Session) -> int:
    """0 when there is none."""
    return session.execute(select(func.coalesce(func.max(Run.id), 0))).scalar_one()


def totals_since(session: Session, flow: str, *, run_id: int) -> dict[str, int]:
    """What the flow's runs after `run_id` did together."""
    row = session.execute(
        select(func.count(), *(func.coalesce(func.sum(column), 0) for column in
                               (Run.claimed, Run.delivered, Run.retried, Run.dead)))
        .where(Run.flow == flow, Run.id > run_id)
    ).one()  # fmt: skip
    return dict(zip(("runs", "claimed", "delivered", "retried", "dead"), (int(value) for value in row), strict=True))


class MessageRow(NamedTuple):
    id: int
    flow: str
    channel: str
    direction: str
    key: str
    state: str
    attempts: int
    created_at: datetime
    next_attempt_at: datetime
    settled_at: datetime | None
    error: str | None


_MESSAGE = (
    Message.id, Message.flow, Message.channel, Message.direction, Message.key, Message.state, Message.attempts,
    Message.created_at, Message.next_attempt_at, Message.settled_at, Message.result["error"].astext,
)  # fmt: skip


def newest_messages(session: Session, *, flow: str | None = None, state: str | None = None, channel: str | None = None,
                    key: str | None = None, correlation_id: str | None = None, run_id: int | None = None,
                    before_id: int | None = None, limit: int = 50) -> list[MessageRow]:  # fmt: skip
    """Newest first; the caller asks for one more than it shows. `key` is exact."""
    statement = select(*_MESSAGE).order_by(Message.id.desc()).limit(limit)
    exact = {"flow": flow, "state": state, "channel": channel, "key": key, "correlation_id": correlation_id,
             "run_id": run_id}  # fmt: skip
    for name, value in exact.items():
        if value is not None:
            statement = statement.where(getattr(Message, name) == value)
    if before_id is not None:
        statement = statement.where(Message.id < before_id)
    return [MessageRow._make(row) for row in session.execute(statement)]


def message(session: Session, message_id: int) -> Message | None:
    """One message, read fresh."""
    return session.execute(
        select(Message).where(Message.id == message_id), execution_options={"populate_existing": True}
    ).scalar_one_or_none()


def dead_count(session: Session, flow: str) -> int:
    """Dead messages of the flow, up to CAP + 1."""
    inner = select(Message.id).where(Message.flow == flow, Message.state == "dead").limit(CAP + 1).subquery()
    return session.execute(select(func.count()).select_from(inner)).scalar_one()


def last_delivered(session: Session, flow: str, channel: str, key: str, before_id: int) -> dict[str, Any] | None:
    """The body of the latest good message of the same key before this one."""
    return session.execute(
        select(Message.body)
        .where(Message.flow == flow, Message.channel == channel, Message.key == key, Message.id < before_id,
               Message.state == "delivered")
        .order_by(Message.id.desc())
        .limit(1)
    ).scalar_one_or_none()  # fmt: skip


MEASURED = 20_000


class Latency(NamedTuple):
    """Seconds from the change to the other system's yes, of changes of the last 24 hours that it has accepted."""

    channel: str
    accepted: int
    p50_s: float
    p95_s: float


# A message is written in the transaction of its change. Bounded, so that a page may ask: a day can have a million.
_LATENCIES = text("""
    SELECT channel, accepted, p[1], p[2] FROM (
      SELECT channel, count(*) AS accepted, percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY seconds) AS p
      FROM (
        SELECT channel, extract(epoch FROM settled_at - created_at)::float8 AS seconds FROM message
        WHERE flow = :flow AND direction = 'out' AND state = 'delivered'
          AND created_at > CAST(:now AS timestamptz) - interval '24 hours'
        ORDER BY id DESC LIMIT :most) m
      GROUP BY channel) x ORDER BY channel
""")


def latencies(session: Session, flow: str, *, now: datetime) -> list[Latency]:
    """Per channel, of the newest MEASURED changes at most; a channel that accepted nothing is not named."""
    rows = session.execute(_LATENCIES, {"flow": flow, "now": now, "most": MEASURED})
    return [Latency._make(row) for row in rows]
