"""Reads of people, sessions and the audit log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from app.auth.models import Audit, SignInFailure, User, UserSession


def user_by_email(session: Session, email: str) -> User | None:
    """The account of an address, whatever its case."""
    return session.execute(select(User).where(User.email == email.strip().lower())).scalar_one_or_none()


class LiveSession(NamedTuple):
    """A session, and whose it is."""

    id: int
    seen_at: datetime
    user_id: int
    name: str
    email: str
    role: str
    locale: str
    theme: str
    ends_at: datetime


# Made once: each request asks it.
_LIVE = (
    select(UserSession.id, UserSession.seen_at, User.id, User.name, User.email, User.role, User.locale, User.theme,
           UserSession.ends_at)
    .join(User, User.id == UserSession.user_id)
    .where(UserSession.token_hash == bindparam("token_hash"), UserSession.ends_at > bindparam("now"),
           UserSession.seen_at > bindparam("idle_since"), User.active)
)  # fmt: skip


def live_session(session: Session, token_hash: bytes, *, idle_since: datetime, now: datetime) -> LiveSession | None:
    """The session of a cookie with its user, in one statement; None when it ended or the user is disabled."""
    row = session.execute(_LIVE, {"token_hash": token_hash, "idle_since": idle_since, "now": now}).one_or_none()
    return None if row is None else LiveSession._make(row)


def failures(session: Session, *, account: str, network: str, since: datetime) -> tuple[int, int]:
    """Refused sign-ins since then: for the account, and from the network."""
    row = session.execute(
        select(
            func.count().filter(SignInFailure.account == account),
            func.count().filter(SignInFailure.network == network),
        ).where(SignInFailure.at > since)
    ).one()
    return row[0], row[1]


def users(session: Session) -> Sequence[User]:
    """Everybody, by name."""
    return session.execute(select(User).order_by(User.active.desc(), User.name, User.id)).scalars().all()


def sessions_of(session: Session, user_id: int, *, idle_since: datetime, now: datetime) -> Sequence[UserSession]:
    """A person's live sessions, the latest used first."""
    statement = select(UserSession).where(
        UserSession.user_id == user_id, UserSession.ends_at > now, UserSession.seen_at > idle_since
    )
    return session.execute(statement.order_by(UserSession.seen_at.desc())).scalars().all()


class AuditRow(NamedTuple):
    id: int
    at: datetime
    actor: str
    act: str
    subject_kind: str
    subject_id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


def audit(session: Session, *, act: str | None, actor: str | None, before_id: int | None, limit: int) -> list[AuditRow]:
    """Newest first, `limit` + 1 rows at most; `act` and `actor` are prefixes."""
    statement = select(
        Audit.id, Audit.at, Audit.actor, Audit.act, Audit.subject_kind, Audit.subject_id, Audit.before, Audit.after
    ).order_by(Audit.id.desc())
    if act:
        statement = statement.where(Audit.act.startswith(act, autoescape=True))
    if actor:
        statement = statement.where(func.lower(Audit.actor).startswith(actor.lower(), autoescape=True))
    if before_id is not None:
        statement = statement.where(Audit.id < before_id)
    return [AuditRow._make(row) for row in session.execute(statement.limit(limit + 1))]
