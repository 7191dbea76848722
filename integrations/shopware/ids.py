"""Ids that we choose, so that sending the same record twice writes it once."""

from __future__ import annotations

import hashlib


def deterministic_id(kind: str, key: str) -> str:
    """32 lower-case hex digits, always the same for the same kind and key. Shopware accepts any such value as an id."""
    return hashlib.md5(f"iused:{kind}:{key}".encode(), usedforsecurity=False).hexdigest()
