"""The message ledger: lanes, runs, messages and ticks. See docs/architecture.md."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, String
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Created, Id, Moment, Short, Words

STATES = ("pending", "delivered", "unchanged", "superseded", "dead", "handled")


class Lane(Base):
    """A flow on a channel ('' for none): what can be paused, and whose messages are worked on one batch at a time."""

    __tablename__ = "lane"

    flow: Mapped[Short] = mapped_column(primary_key=True)
    channel: Mapped[Short] = mapped_column(primary_key=True)
    fence: Mapped[int] = mapped_column(BigInteger, server_default="0")  # The last claim, or the one in work.
    lease_until: Mapped[Moment | None]  # Set while a batch is in work; one that lapsed tells of a dead worker.
    paused: Mapped[bool] = mapped_column(server_default="false")
    failures: Mapped[int] = mapped_column(server_default="0")  # In a row, transient; the breaker opens on them.
    open_until: Mapped[Moment | None]  # The breaker: nothing is claimed before, then one batch probes.
    success_at: Mapped[Moment | None]
    failure_at: Mapped[Moment | None]
    failure: Mapped[str | None]


class Run(Base):
    """One execution of a flow: a batch of deliveries, an import, a pull."""

    __tablename__ = "run"
    __table_args__ = (Index(None, "flow", "id"), Index(None, "state"))

    id: Mapped[Id]
    flow: Mapped[Short]
    channel: Mapped[Short]
    state: Mapped[Short]  # running, finished, failed, abandoned
    cause: Mapped[Words]  # 'wake', 'sweep', 'tick', 'person'
    worker: Mapped[Words]
    started_at: Mapped[Moment]
    seen_at: Mapped[Moment]
    ended_at: Mapped[Moment | None]
    claimed: Mapped[int] = mapped_column(server_default="0")
    delivered: Mapped[int] = mapped_column(server_default="0")
    retried: Mapped[int] = mapped_column(server_default="0")
    dead: Mapped[int] = mapped_column(server_default="0")
    revision: Mapped[int] = mapped_column(BigInteger, server_default="0")
    error: Mapped[str | None]


class Message(Base):
    """One record that crossed, or is to cross, a system's border in one direction."""

    __tablename__ = "message"
    __table_args__ = (
        CheckConstraint("direction IN ('in', 'out')", name="direction_known"),
        CheckConstraint(
            "state IN ('pending', 'delivered', 'unchanged', 'superseded', 'dead', 'handled')", name="state_known"
        ),
        Index(
            "uq_message_delivery",
            "flow",
            "channel",
            "delivery_id",
            unique=True,
            postgresql_where=sql("delivery_id IS NOT NULL"),
        ),
        Index("ix_message_pending", "flow", "channel", "id", postgresql_where=sql("state = 'pending'")),
        Index("ix_message_outlived", "flow", "channel", "id", postgresql_where=sql("state = 'pending' AND deaths > 0")),
        Index("ix_message_open_key", "flow", "channel", "key", postgresql_where=sql("state IN ('pending', 'dead')")),
        Index("ix_message_dead", "id", postgresql_where=sql("state = 'dead'")),
        Index(None, "flow", "id"),
        Index("ix_message_unusual", "state", "id", postgresql_where=sql("state NOT IN ('pending', 'delivered')")),
        Index(None, "key", "id"),
        Index(None, "correlation_id", "id"),
        Index("ix_message_origin", "origin", "channel", "state", postgresql_where=sql("origin IS NOT NULL")),
        # A claim writes columns of no index: with room on its page, a row is claimed without a word to the indexes.
        {"postgresql_with": {"fillfactor": 50}},
    )

    id: Mapped[Id]
    direction: Mapped[str] = mapped_column(String(3))
    flow: Mapped[Short]
    channel: Mapped[Short]
    key: Mapped[Words]
    delivery_id: Mapped[Words | None]
    state: Mapped[Short]
    attempts: Mapped[int] = mapped_column(server_default="0")
    next_attempt_at: Mapped[Moment]
    deaths: Mapped[int] = mapped_column(server_default="0")  # Times a worker died, or broke, with it in hand.
    fence: Mapped[int] = mapped_column(BigInteger, server_default="0")  # The last claim: the number of its run.
    lease_until: Mapped[Moment | None]  # Set while a worker has it.
    content_hash: Mapped[Short]
    correlation_id: Mapped[Short]
    run_id: Mapped[int | None] = mapped_column(BigInteger, index=True)  # The run that last settled it.
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    created_at: Mapped[Created]
    settled_at: Mapped[Moment | None]
    origin: Mapped[str | None] = mapped_column(String(64))  # What caused it on our side: 'offer-file:12'.


class Tick(Base):
    """A due moment of the schedule: whoever inserts the row runs it, everybody else does not."""

    __tablename__ = "tick"

    flow: Mapped[Short] = mapped_column(primary_key=True)
    due_at: Mapped[Moment] = mapped_column(primary_key=True)
    taken_at: Mapped[Created]


class Cursor(Base):
    """How far a flow that pulls has read. It moves in the transaction that applies what was read."""

    __tablename__ = "cursor"

    flow: Mapped[Short] = mapped_column(primary_key=True)
    channel: Mapped[Short] = mapped_column(primary_key=True)
    place: Mapped[dict[str, Any]] = mapped_column(JSONB)  # What the flow needs to go on; its module says what.
    moved_at: Mapped[Moment]
