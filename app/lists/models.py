"""What people keep of lists: views, exports, and acts on many rows with a result for each."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Id, Moment, Short, Words


class SavedView(Base):
    """A way to look at a list that somebody kept. A shared one is everybody's to use, its owner's to change."""

    __tablename__ = "saved_view"
    __table_args__ = (
        UniqueConstraint("list_name", "owner_id", "name"),
        Index("ix_saved_view_shared", "list_name", postgresql_where=sql("shared")),
        CheckConstraint("density IN ('comfortable', 'compact')", name="density_known"),
    )

    id: Mapped[Id]
    list_name: Mapped[Short]  # 'orders'
    name: Mapped[Words]
    owner_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    shared: Mapped[bool] = mapped_column(server_default="false")
    columns: Mapped[list[str]] = mapped_column(JSONB)  # In their order.
    sort: Mapped[Short]  # '-placed': falls
    filters: Mapped[dict[str, str]] = mapped_column(JSONB)  # By name, as the address says them.
    density: Mapped[Short]
    version: Mapped[int] = mapped_column(server_default="1")
    changed_at: Mapped[Moment]


class DefaultView(Base):
    """What a person's list begins with."""

    __tablename__ = "default_view"

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), primary_key=True)
    list_name: Mapped[Short] = mapped_column(primary_key=True)
    view_id: Mapped[int] = mapped_column(ForeignKey("saved_view.id", ondelete="CASCADE"), index=True)


class ListExport(Base):
    """A list as a file, made by a worker, for the one who asked, until it expires."""

    __tablename__ = "list_export"
    __table_args__ = (
        CheckConstraint("format IN ('csv', 'xlsx')", name="format_known"),
        CheckConstraint("state IN ('waiting', 'running', 'done', 'failed', 'expired', 'stopped')", name="state_known"),
        Index(None, "user_id", "id"),
        Index("ix_list_export_kept", "expires_at", postgresql_where=sql("state <> 'expired'")),
    )

    id: Mapped[Id]
    list_name: Mapped[Short]
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"))
    format: Mapped[Short]
    args: Mapped[dict[str, str]] = mapped_column(JSONB)  # The state, as the address says it.
    locale: Mapped[Short]  # Of headings, states and days.
    state: Mapped[Short] = mapped_column(server_default="waiting")
    done: Mapped[int] = mapped_column(server_default="0")  # Rows written so far.
    about: Mapped[int] = mapped_column(server_default="0")  # Rows that the planner expects.
    size_bytes: Mapped[int] = mapped_column(BigInteger, server_default="0")
    problem: Mapped[Words | None]
    stopped_by: Mapped[Words | None]  # The name of whoever did.
    asked_at: Mapped[Moment]
    ended_at: Mapped[Moment | None]
    expires_at: Mapped[Moment]
    fence: Mapped[int] = mapped_column(BigInteger, server_default="0")  # The run that writes it.
    revision: Mapped[int] = mapped_column(BigInteger, server_default="0")


class ListExportPart(Base):
    """A piece of an export's file; no host keeps anything."""

    __tablename__ = "list_export_part"

    export_id: Mapped[int] = mapped_column(ForeignKey("list_export.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class BulkAct(Base):
    """One act on many rows: `preview` until somebody says yes, then worked off row by row."""

    __tablename__ = "bulk_act"
    __table_args__ = (
        CheckConstraint("state IN ('preview', 'waiting', 'running', 'done')", name="state_known"),
        Index(None, "user_id", "id"),
        Index("ix_bulk_act_open", "id", postgresql_where=sql("state <> 'done'")),
        Index("uq_bulk_act_undo_of", "undo_of", unique=True, postgresql_where=sql("undo_of IS NOT NULL")),
    )

    id: Mapped[Id]
    list_name: Mapped[Short]
    act: Mapped[Short]
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    args: Mapped[dict[str, str]] = mapped_column(JSONB)  # The list's state, as its address says it.
    whole: Mapped[bool]  # All rows that the state lets through, not some that were picked.
    given: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")  # What the act asked for.
    state: Mapped[Short] = mapped_column(server_default="preview")
    asked_at: Mapped[Moment]
    started_at: Mapped[Moment | None]
    ended_at: Mapped[Moment | None]
    undo_of: Mapped[int | None] = mapped_column(ForeignKey("bulk_act.id"))  # The act that this one takes back.
    stopped_by: Mapped[Words | None]  # The name of whoever did; rows that were not done yet are left alone.
    fence: Mapped[int] = mapped_column(BigInteger, server_default="0")  # The run that works it off.
    revision: Mapped[int] = mapped_column(BigInteger, server_default="0")


class BulkRow(Base):
    """What becomes of one row of a bulk act. `message_id`: what another system is still to answer."""

    __tablename__ = "bulk_row"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'done', 'skipped', 'failed')", name="state_known"),
        Index(None, "bulk_id", "state", "subject_id"),
    )

    bulk_id: Mapped[int] = mapped_column(ForeignKey("bulk_act.id", ondelete="CASCADE"), primary_key=True)
    subject_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    label: Mapped[Words]  # What people call the row.
    state: Mapped[Short] = mapped_column(server_default="waiting")
    reason: Mapped[Short] = mapped_column(server_default="")  # Code of the act's refusal, or of what broke.
    message_id: Mapped[int | None] = mapped_column(BigInteger)
