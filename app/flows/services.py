"""Writing to the ledger: messages in, messages out, and what a person does with a message."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, exists, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from app.auth import audit
from app.db import Json
from app.flows.catalogue import FLOWS
from app.flows.models import Lane, Message
from app.logs import correlation_id


class Replayed(NamedTuple):
    """`state` is what the message is in now: pending or superseded."""

    flow: str
    state: str


class NotReplayable(Exception):
    """Only a dead message is replayed or marked as handled."""


def content_hash(body: Mapping[str, Any]) -> str:
    """SHA-256 of the body, equal for equal content whatever the order of its keys."""
    return _hash_of(_as_text(body))


def _as_text(body: Mapping[str, Any]) -> str:
    return json.dumps(body, sort_keys=True, default=str)


def _hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def send(session: Session, flow: str, *, key: str, body: Json, now: datetime, channel: str = "",
         origin: str | None = None) -> int:  # fmt: skip
    """Put one message in the outbox and return its id; a flow that carries state supersedes older ones of the key."""
    if FLOWS[flow].carries == "state":
        supersede(session, flow, channel=channel, key=key, now=now)
    message = Message(
        direction="out", flow=flow, channel=channel, key=key, state="pending", next_attempt_at=now,
        content_hash=content_hash(body), correlation_id=correlation_id(), body=body, origin=origin,
    )  # fmt: skip
    session.add(message)
    session.flush()
    return message.id


def supersede(session: Session, flow: str, *, channel: str, key: str, now: datetime) -> None:
    """Retire the messages of the key that wait in no worker's hand, and the dead ones: what they said is history."""
    session.execute(
        update(Message)
        .where(
            Message.flow == flow, Message.channel == channel, Message.key == key,
            Message.state.in_(("pending", "dead")),
            Message.lease_until.is_(None) | (Message.lease_until < func.clock_timestamp()),
        )
        .values(state="superseded", settled_at=now, lease_until=None)
    )  # fmt: skip


class Delivery(NamedTuple):
    """What another system told us, or a person or the schedule asked for. `delivery_id`: the same in every repeat."""

    flow: str
    key: str
    delivery_id: str
    body: Json
    channel: str = ""
    origin: str | None = None
    correlation_id: str = ""  # Empty: of this request or job.


# Constant, and of any number of rows: to put an insert together takes longer than to run it.
_RECEIVE = text("""
    INSERT INTO message (direction, state, flow, channel, key, delivery_id, next_attempt_at, content_hash,
                         correlation_id, body, origin)
    SELECT 'in', 'pending', d.flow, d.channel, d.key, d.delivery_id, :now, d.content_hash, d.correlation_id,
           CAST(d.body AS jsonb), d.origin
    FROM unnest(CAST(:flows AS text[]), CAST(:channels AS text[]), CAST(:keys AS text[]), CAST(:delivery_ids AS text[]),
                CAST(:hashes AS text[]), CAST(:correlations AS text[]), CAST(:bodies AS text[]),
                CAST(:origins AS text[])) WITH ORDINALITY
      d (flow, channel, key, delivery_id, content_hash, correlation_id, body, origin, place)
    ORDER BY d.place
    ON CONFLICT (flow, channel, delivery_id) WHERE delivery_id IS NOT NULL DO NOTHING
    RETURNING id, flow, channel, delivery_id
""")


def receive(session: Session, flow: str, *, key: str, delivery_id: str, body: Json, now: datetime,
            channel: str = "", origin: str | None = None) -> int | None:  # fmt: skip
    """Store an incoming delivery; returns its id, or None when the same delivery is already here."""
    return receive_all(session, [Delivery(flow, key, delivery_id, body, channel, origin)], now=now)[0]


def receive_all(session: Session, deliveries: Sequence[Delivery], *, now: datetime) -> list[int | None]:
    """Store deliveries, in their order; the id of each, or None when the same one is already here or stands before."""
    here, bodies = correlation_id(), [_as_text(one.body) for one in deliveries]
    stored = session.execute(_RECEIVE, {
        "now": now,
        "flows": [one.flow for one in deliveries], "channels": [one.channel for one in deliveries],
        "keys": [one.key for one in deliveries], "delivery_ids": [one.delivery_id for one in deliveries],
        "hashes": [_hash_of(body) for body in bodies],
        "correlations": [one.correlation_id or here for one in deliveries],
        "bodies": bodies,
        "origins": [one.origin for one in deliveries],
    })  # fmt: skip
    ids = {(row.flow, row.channel, row.delivery_id): row.id for row in stored}
    return [ids.pop((one.flow, one.channel, one.delivery_id), None) for one in deliveries]


def replay(session: Session, message_id: int, *, now: datetime, body: Json | None = None) -> Replayed:
    """Make a dead message due again, with another body when one is given. Wake its flow after the commit.

    One that a newer message of its key followed, in a flow that carries state, is superseded instead: replayed, it
    would put what was over what is. Raises NotReplayable.
    """
    message = session.execute(select(Message).where(Message.id == message_id).with_for_update()).scalar_one()
    if message.state != "dead":
        raise NotReplayable(message.state)
    done = Replayed(message.flow, "pending")
    if _supersede_outdated(session, Message.id == message_id, now=now):
        done = Replayed(message.flow, "superseded")
    else:
        if body is not None:
            message.body = body
            message.content_hash = content_hash(body)
        message.state = "pending"
        message.attempts = 0
        message.deaths = 0
        message.next_attempt_at = now
        message.settled_at = None
    audit.record(session, act="messages.replay", subject_kind="message", subject_id=str(message_id),
                 after={"edited": body is not None, "state": done.state})  # fmt: skip
    return done


def _supersede_outdated(session: Session, *where: ColumnElement[bool], now: datetime) -> int:
    """Supersede dead messages that a newer one of their key followed, in flows that carry state; returns how many."""
    states = [flow.name for flow in FLOWS.values() if flow.carries == "state"]
    newer = aliased(Message)
    follows = exists().where(
        newer.flow == Message.flow, newer.channel == Message.channel, newer.key == Message.key, newer.id > Message.id
    )
    done = session.execute(
        update(Message)
        .where(*where, Message.state == "dead", Message.flow.in_(states), follows)
        .values(state="superseded", settled_at=now)
        .returning(Message.id),
        execution_options={"synchronize_session": "fetch"},
    )
    return len(done.all())


def mark_handled(session: Session, message_id: int, *, now: datetime) -> None:
    """A person dealt with a dead message in another way. Raises NotReplayable."""
    message = session.execute(select(Message).where(Message.id == message_id).with_for_update()).scalar_one()
    if message.state != "dead":
        raise NotReplayable(message.state)
    message.state = "handled"
    message.settled_at = now
    audit.record(session, act="messages.handled", subject_kind="message", subject_id=str(message_id))


def replay_all(session: Session, flow: str, *, channel: str | None, now: datetime) -> int:
    """Make every dead message of the flow due again, oldest first; returns how many. Outdated ones are superseded."""
    where = [Message.flow == flow, Message.state == "dead"]
    if channel is not None:
        where.append(Message.channel == channel)
    _supersede_outdated(session, *where, now=now)
    done = session.execute(
        update(Message)
        .where(*where)
        .values(state="pending", attempts=0, deaths=0, next_attempt_at=now, settled_at=None)
        .returning(Message.id)
    )
    count = len(done.all())
    audit.record(session, act="messages.replay_all", subject_kind="flow", subject_id=f"{flow} {channel or ''}".strip(),
                 after={"count": count})  # fmt: skip
    return count


def make_due(session: Session, flow: str, *, channel: str, now: datetime) -> int:
    """Let messages that wait for another try be tried at once, and close the lane's breaker; returns how many."""
    session.execute(update(Lane).where(Lane.flow == flow, Lane.channel == channel).values(open_until=None))
    done = session.execute(
        update(Message)
        .where(
            Message.flow == flow, Message.channel == channel, Message.state == "pending", Message.lease_until.is_(None),
            Message.next_attempt_at > now,
        )
        .values(next_attempt_at=now)
        .returning(Message.id)
    )  # fmt: skip
    return len(done.all())


def set_paused(session: Session, flow: str, *, channel: str, paused: bool) -> None:
    """Hold or let go a lane; waiting messages stay where they are."""
    session.execute(
        insert(Lane)
        .values(flow=flow, channel=channel, paused=paused)
        .on_conflict_do_update(index_elements=["flow", "channel"], set_={"paused": paused})
    )
    audit.record(session, act="flows.pause" if paused else "flows.resume", subject_kind="flow",
                 subject_id=f"{flow} {channel}".strip())  # fmt: skip
