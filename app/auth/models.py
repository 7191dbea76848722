"""People, their sessions, the throttle of sign-ins, and the audit log."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Base, Created, Id, Moment, Short, Words

ROLES = ("agent", "purchasing", "manager", "admin")
THEMES = ("system", "light", "dark")


class User(Base):
    __tablename__ = "user_account"
    __table_args__ = (
        CheckConstraint("role IN ('agent', 'purchasing', 'manager', 'admin')", name="role_known"),
        CheckConstraint("email = lower(email)", name="email_lower"),
    )

    id: Mapped[Id]
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[Words]
    password_hash: Mapped[Words]
    role: Mapped[Short]
    locale: Mapped[str] = mapped_column(String(5), server_default="nl")
    theme: Mapped[str] = mapped_column(String(6), server_default="system")  # One of THEMES.
    active: Mapped[bool] = mapped_column(server_default="true")
    created_at: Mapped[Created]
    last_sign_in_at: Mapped[Moment | None]


class UserSession(Base):
    """A signed-in browser. The cookie holds a random token, this row only its SHA-256."""

    __tablename__ = "user_session"

    id: Mapped[Id]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[Created]
    seen_at: Mapped[Moment]
    ends_at: Mapped[Moment] = mapped_column(index=True)  # Absolute: no request moves it.
    network: Mapped[Words]
    agent: Mapped[Words]  # The browser's own words, cut at 200 characters.
    user: Mapped[User] = relationship(lazy="raise")


class SignInFailure(Base):
    """One refused sign-in. Rows older than the window are removed when the next one is written."""

    __tablename__ = "sign_in_failure"
    __table_args__ = (Index(None, "account", "at"), Index(None, "network", "at"))

    id: Mapped[Id]
    account: Mapped[Words]  # The address that was typed, lower-cased; it need not exist.
    network: Mapped[Words]
    at: Mapped[Moment]


class Audit(Base):
    """Who did what to what. A trigger refuses to change or remove a row."""

    __tablename__ = "audit"
    __table_args__ = (Index(None, "subject_kind", "subject_id", "id"),)

    id: Mapped[Id]
    at: Mapped[Moment] = mapped_column(index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), index=True)
    actor: Mapped[Words]  # Name at the time; a command or a flow writes its own.
    act: Mapped[Short]  # 'suppliers.update'
    subject_kind: Mapped[Short]  # 'supplier'
    subject_id: Mapped[Words]
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    correlation_id: Mapped[Words]
