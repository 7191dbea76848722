"""Feeds: where a supplier leaves its lists, and what has been taken from there."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Created, Id, Moment, Short, Words

KINDS = ("url", "sftp", "mailbox")
BECAME = ("file", "same")  # A new offer file; nothing, for it is the list that we have.


class SupplierFeed(Base):
    """One place of a supplier. `place`: what its kind needs to find it, without secrets (see app.feeds.forms).

    `memory`: what the last visit must tell the next one: url etag, last_modified, mailbox validity, uid, at.
    `problem`, `found`, `tested`: {code, …facts}, sentences in app.feeds.words; a problem stands until a visit is good.
    """

    __tablename__ = "supplier_feed"
    __table_args__ = (
        CheckConstraint("kind IN ('url', 'sftp', 'mailbox')", name="kind_known"),
        CheckConstraint("every_minutes >= 5", name="every_minutes_least"),
        Index(None, "next_due_at", postgresql_where=sql("active")),
        Index("ix_supplier_feed_failing", "failures", postgresql_where=sql("failures > 0")),
    )

    id: Mapped[Id]
    supplier_id: Mapped[int] = mapped_column(ForeignKey("supplier.id", ondelete="CASCADE"), index=True)
    kind: Mapped[Short]
    name: Mapped[Words]
    place: Mapped[dict[str, Any]] = mapped_column(JSONB)
    sealed: Mapped[dict[str, str]] = mapped_column(JSONB, server_default="{}")  # Secrets by name; see app.sealing.
    every_minutes: Mapped[int | None]
    at_times: Mapped[list[str]] = mapped_column(JSONB, server_default="[]")  # 'HH:MM' in the zone that people see.
    accept_alone: Mapped[bool] = mapped_column(server_default="false")
    active: Mapped[bool] = mapped_column(server_default="true")
    version: Mapped[int] = mapped_column(server_default="1")  # Of what a person set; a worker's notes do not move it.
    created_at: Mapped[Created]
    next_due_at: Mapped[Moment | None]
    last_run_at: Mapped[Moment | None]
    good_at: Mapped[Moment | None]  # The last visit without a problem.
    failures: Mapped[int] = mapped_column(server_default="0")  # In a row.
    failing_since: Mapped[Moment | None]
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    found: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    tested: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    memory: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    revision: Mapped[int] = mapped_column(BigInteger, server_default="0")  # Moves with every visible change.


class SupplierFeedItem(Base):
    """Something that was taken from a feed, so that it is not taken again.

    `mark`: what it is known by there: size, time and name of a file, UIDVALIDITY, UID and place of an attachment, the
    digest of an address's content.
    """

    __tablename__ = "supplier_feed_item"
    __table_args__ = (
        UniqueConstraint("feed_id", "mark"),
        CheckConstraint("became IN ('file', 'same')", name="became_known"),
    )

    id: Mapped[Id]
    feed_id: Mapped[int] = mapped_column(ForeignKey("supplier_feed.id", ondelete="CASCADE"))
    mark: Mapped[Words]
    name: Mapped[Words]
    sha256: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    became: Mapped[Short]
    offer_file_id: Mapped[int | None] = mapped_column(ForeignKey("offer_file.id", ondelete="SET NULL"), index=True)
    taken_at: Mapped[Moment]
