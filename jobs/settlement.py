"""Writing what became of a batch, under its fence: a worker that was believed dead and comes back changes nothing."""

from __future__ import annotations

import json
import logging
import random
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import clock
from app.db import Json, transaction
from app.extensions import settings
from app.flows.models import Message, Run
from integrations.errors import Unavailable
from jobs.claims import DEATHS_AT_MOST, PENDING, Batch, LeaseLost, hold_no_longer_than_the_lease, lane_of

log = logging.getLogger(__name__)
BREAKER_FAILURES = 5
BREAKER_PAUSE = timedelta(seconds=20)


class Outcome(NamedTuple):
    """What became of a message: `retry` waits (`after_s` seconds when the system said so), `dead` needs a person.

    `tried` False: nothing was sent, so that this was none of the message's tries.
    """

    message_id: int
    state: Literal["delivered", "unchanged", "superseded", "retry", "dead"]
    result: Json | None = None
    after_s: float | None = None
    tried: bool = True


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
    hold_no_longer_than_the_lease(session)
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


def retry_rest(batch: Batch, error: Unavailable) -> None:
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


def release_broken(batch: Batch, error: str, trace: str) -> None:
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
        .where(*batch.here, PENDING, Message.fence == batch.fence, Message.lease_until.is_not(None))
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
        lane = session.execute(lane_of(batch).with_for_update()).scalar_one_or_none()
        if lane is not None and not batch.open:
            lane.lease_until = None
