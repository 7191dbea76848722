"""Passwords: argon2id, rehashed when the parameters move; the same work for accounts that do not exist."""

from __future__ import annotations

from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask_babel import gettext as _

MIN_LENGTH = 12
MAX_LENGTH = 128
COMMON = frozenset(
    [
        "password",
        "passwords",
        "password1",
        "password12",
        "password123",
        "welkom",
        "welkom01",
        "welkom123",
        "wachtwoord",
        "qwerty",
        "qwertyuiop",
        "123456789012",
        "1234567890",
        "111111111111",
        "letmein",
        "administrator",
        "iloveyou",
        "changeme",
        "football",
        "sunshine",
        "princess",
    ]
)
_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
_slots = BoundedSemaphore(4)  # Memory times parallel sign-ins must stay bounded.
_nobody = _hasher.hash("nobody has this password")


class WeakPassword(Exception):
    """The password may not be used; the message says why, for people."""


def hash_password(password: str) -> str:
    """An argon2id hash with its parameters in it."""
    with _slots:
        return _hasher.hash(password)


def verify(stored: str | None, password: str) -> bool:
    """Whether the password is right. `stored` None (no such account) costs as much and is never right."""
    with _slots:
        try:
            right = _hasher.verify(_nobody if stored is None else stored, password)
        except (VerificationError, InvalidHashError):
            return False
    return right and stored is not None


def outdated(stored: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(stored)


def check_strength(password: str, *, email: str, name: str) -> None:
    """Raise WeakPassword when the password is too short, too long, common, or about its owner."""
    if len(password) < MIN_LENGTH:
        raise WeakPassword(_("Use at least %(number)s characters.", number=MIN_LENGTH))
    if len(password) > MAX_LENGTH:
        raise WeakPassword(_("Use at most %(number)s characters.", number=MAX_LENGTH))
    lowered = password.casefold()
    personal = [part for part in (email.split("@")[0], *name.split(), "iused") if len(part) > 3]
    stripped = lowered.strip("0123456789!?.-_ ")
    if lowered in COMMON or stripped in COMMON or len(set(lowered)) < 4:
        raise WeakPassword(_("This password is too common."))
    if any(part.casefold() in lowered for part in personal):
        raise WeakPassword(_("The password must not hold your name, your address or ours."))
