"""Business acts on accounts and sign-ins."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.auth import audit, queries
from app.auth.models import ROLES, SignInFailure, User, UserSession
from app.auth.passwords import WeakPassword, check_strength, hash_password, outdated, verify
from app.settings import Settings

WINDOW = timedelta(minutes=15)

__all__ = ["EmailTaken", "LastAdministrator", "Throttled", "WeakPassword", "WrongCredentials", "add_user", "sign_in"]


class EmailTaken(Exception):
    """There is an account with this address."""


class WrongCredentials(Exception):
    """Address or password is wrong, or the account is disabled: the caller says no more than that."""


class LastAdministrator(Exception):
    """Nobody would be left who may administer accounts."""


class Throttled(Exception):
    """Too many failures for the account or from the network; nothing was checked."""


def add_user(session: Session, *, email: str, name: str, role: str, password: str) -> int:
    """Make an account and return its id. Raises EmailTaken, WeakPassword, ValueError for an unknown role."""
    if role not in ROLES:
        raise ValueError(role)
    if queries.user_by_email(session, email) is not None:
        raise EmailTaken(email)
    check_strength(password, email=email, name=name)
    user = User(email=email.strip().lower(), name=name.strip(), role=role, password_hash=hash_password(password))
    session.add(user)
    try:
        session.flush()
    except IntegrityError as error:  # Somebody added the address in the same moment.
        raise EmailTaken(email) from error
    audit.record(session, act="users.add", subject_kind="user", subject_id=str(user.id),
                 after={"email": user.email, "name": user.name, "role": role})  # fmt: skip
    return user.id


def sign_in(session: Session, *, email: str, password: str, network: str, agent: str, now: datetime,
            settings: Settings) -> str:  # fmt: skip
    """Check the password and open a session; returns the cookie's token.

    Raises Throttled before any password is checked, and WrongCredentials, after which the caller must commit: the
    failure is counted in this transaction.
    """
    account = email.strip().lower()[:254]
    by_account, by_network = queries.failures(session, account=account, network=network, since=now - WINDOW)
    if by_account >= settings.sign_in_attempts or by_network >= settings.sign_in_attempts_network:
        raise Throttled
    user = queries.user_by_email(session, account)
    stored = user.password_hash if user is not None and user.active else None
    if not verify(stored, password[:1024]) or user is None:
        session.execute(delete(SignInFailure).where(SignInFailure.at < now - WINDOW))
        session.add(SignInFailure(account=account, network=network, at=now))
        raise WrongCredentials
    if outdated(user.password_hash):
        user.password_hash = hash_password(password)
    session.execute(delete(SignInFailure).where(SignInFailure.account == account))
    session.execute(delete(UserSession).where(UserSession.user_id == user.id, UserSession.ends_at < now))
    user.last_sign_in_at = now
    audit.record(session, act="users.sign_in", subject_kind="user", subject_id=str(user.id), actor=user.name)
    return open_session(session, user.id, network=network, agent=agent, now=now, settings=settings)


def open_session(session: Session, user_id: int, *, network: str, agent: str, now: datetime, settings: Settings) -> str:
    """A new session row; returns the random token, of which only the hash is kept."""
    token = secrets.token_urlsafe(32)
    session.add(
        UserSession(
            token_hash=hash_token(token), user_id=user_id, seen_at=now, network=network, agent=agent[:200],
            ends_at=now + timedelta(hours=settings.session_absolute_hours),
        )
    )  # fmt: skip
    return token


def hash_token(token: str) -> bytes:
    """SHA-256: the token is random, so no slow hash is needed."""
    return hashlib.sha256(token.encode()).digest()


def close_session(session: Session, token: str) -> None:
    """End one session; the cookie is worthless afterwards."""
    session.execute(delete(UserSession).where(UserSession.token_hash == hash_token(token)))


def sign_out(session: Session, user_id: int, *, token: str) -> None:
    """A person leaves: the session of the cookie ends."""
    close_session(session, token)
    audit.record(session, act="users.sign_out", subject_kind="user", subject_id=str(user_id))


def end_sessions(session: Session, user_id: int, *, but: int | None = None) -> int:
    """End all sessions of a person, except session `but`; returns how many ended."""
    statement = delete(UserSession).where(UserSession.user_id == user_id).returning(UserSession.id)
    return len(session.execute(statement if but is None else statement.where(UserSession.id != but)).all())


def end_other_sessions(session: Session, user_id: int, *, session_id: int) -> None:
    """A person ends every session of their own but the one they speak from."""
    ended = end_sessions(session, user_id, but=session_id)
    audit.record(session, act="users.end_sessions", subject_kind="user", subject_id=str(user_id),
                 after={"ended": ended})  # fmt: skip


def save_profile(session: Session, user: User, *, name: str, locale: str, theme: str) -> None:
    """A person says how they are called and how the pages look to them."""
    before = {"name": user.name, "locale": user.locale, "theme": user.theme}
    user.name, user.locale, user.theme = name, locale, theme
    audit.record(session, act="users.profile", subject_kind="user", subject_id=str(user.id), before=before,
                 after={"name": name, "locale": locale, "theme": theme})  # fmt: skip


def change_password(session: Session, user: User, *, old: str, new: str, session_id: int) -> None:
    """Raises WrongCredentials, WeakPassword. Other sessions of the person end."""
    if not verify(user.password_hash, old):
        raise WrongCredentials
    check_strength(new, email=user.email, name=user.name)
    user.password_hash = hash_password(new)
    end_sessions(session, user.id, but=session_id)
    audit.record(session, act="users.password", subject_kind="user", subject_id=str(user.id))


def update_user(session: Session, user: User, *, name: str, role: str, active: bool, password: str) -> None:
    """An administrator changes an account; whoever loses a right or the account is signed out.

    Raises WeakPassword, LastAdministrator.
    """
    _keep_an_administrator(session, user, stays=role == "admin" and active)
    before = {"name": user.name, "role": user.role, "active": user.active}
    if password:
        check_strength(password, email=user.email, name=name)
        user.password_hash = hash_password(password)
    if password or role != user.role or not active:
        end_sessions(session, user.id)
    user.name, user.role, user.active = name, role, active
    audit.record(session, act="users.update", subject_kind="user", subject_id=str(user.id), before=before,
                 after={"name": name, "role": role, "active": active, "password": bool(password)})  # fmt: skip


def _keep_an_administrator(session: Session, user: User, *, stays: bool) -> None:
    """Hold every administrator's row, so that two of them cannot close each other in the same moment."""
    administrators = set(
        session.execute(select(User.id).where(User.role == "admin", User.active).order_by(User.id).with_for_update())
        .scalars()
        .all()
    )
    if not stays and administrators == {user.id}:
        raise LastAdministrator
