"""Webhooks of a Shopware app: who sent them, and what they say. Pure: bytes and headers in, an event out."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

SIGNATURE = "shopware-shop-signature"
TOLERANCE_S = 300.0


class Refused(Exception):
    """The delivery is not the shop's, or too old; the message says which."""


class ShopwareEvent(NamedTuple):
    """`payload` is a hint: what changed is read from the shop.

    `event_id` is the same in every retry. App life-cycle events may carry none: theirs is made from the body, whose
    timestamp differs in each retry.
    """

    event: str
    event_id: str
    shop_id: str | None
    timestamp: int  # Seconds since 1970, of this attempt.
    payload: list[Any]


def verify(
    raw: bytes,
    headers: Mapping[str, str],
    secrets: str | Sequence[str],
    now: datetime,
    *,
    tolerance_s: float = TOLERANCE_S,
) -> ShopwareEvent:
    """The event of a signed delivery. During a rotation `secrets` holds the old secret too. Raises Refused.

    The signature covers the raw bytes: PHP escapes `/` and non-ASCII, so a body written anew would not match.
    """
    if not _is_signed(raw, _header(headers, SIGNATURE), [secrets] if isinstance(secrets, str) else secrets):
        raise Refused("the signature is not the shop's")
    event = _read(raw)
    if not abs(now.timestamp() - event.timestamp) <= tolerance_s:
        raise Refused("the delivery is too old or from the future")
    return event


def _is_signed(raw: bytes, given: str, secrets: Sequence[str]) -> bool:
    """Every secret is compared, so that the time taken does not tell which one matched; an empty one signs nothing."""
    signature = given.encode(errors="replace")
    matches = 0
    for secret in secrets:
        expected = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest().encode()
        matches += hmac.compare_digest(signature, expected) and bool(secret)
    return matches > 0


def _read(raw: bytes) -> ShopwareEvent:
    try:
        body = json.loads(raw)
        source, data = body["source"], body["data"]
        shop_id = source.get("shopId")
        return ShopwareEvent(
            event=str(data["event"]),
            event_id=str(source.get("eventId") or f"sha256:{hashlib.sha256(raw).hexdigest()[:40]}"),
            shop_id=None if shop_id is None else str(shop_id),
            timestamp=int(body["timestamp"]),
            payload=_as_list(data.get("payload")),
        )
    except (ValueError, ArithmeticError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise Refused("the body is not an event") from error


def _as_list(payload: object) -> list[Any]:
    """PHP writes a filtered list as an object with numeric keys; business events send one object."""
    if isinstance(payload, list):
        return payload
    if isinstance(payload, dict) and all(key.isdecimal() for key in payload):
        return [payload[key] for key in sorted(payload, key=int)]
    return [] if payload is None else [payload]


def _header(headers: Mapping[str, str], name: str) -> str:
    """Header names have no case; a plain dict does not know that."""
    return next((value for key, value in headers.items() if key.lower() == name), "")
