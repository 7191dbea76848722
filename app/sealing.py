"""Passwords of others that we must keep: sealed with a key made from SECRET_KEY, opened by a worker only.

To change SECRET_KEY, put the old value into SECRET_KEYS_BEFORE; whatever is used is sealed anew with the current one.
"""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.settings import Settings


class SealBroken(Exception):
    """No key that is known opens it: SECRET_KEY was changed without keeping the old one, or the bytes were."""


def seal(secret: str, settings: Settings) -> str:
    """The secret as text that says nothing without the key."""
    return _keys(settings)[0].encrypt(secret.encode()).decode()


def unseal(sealed: str, settings: Settings) -> str:
    """What was sealed. Raises SealBroken."""
    try:
        return MultiFernet(_keys(settings)).decrypt(sealed).decode()
    except InvalidToken:
        raise SealBroken from None


def is_current(sealed: str, settings: Settings) -> bool:
    """Whether the current SECRET_KEY alone opens it."""
    try:
        _keys(settings)[0].decrypt(sealed)
    except InvalidToken:
        return False
    return True


def _keys(settings: Settings) -> list[Fernet]:
    return [_key(secret.get_secret_value()) for secret in (settings.secret_key, *settings.secret_keys_before)]


def _key(secret: str) -> Fernet:
    """Not the key that signs tokens: one that is only used here, from the same secret."""
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"iused sealing v1").derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
