"""Mollie's webhooks: who sent them, and what they say. Pure: bytes and headers in, an event out.

A classic call is not signed and says only what changed; whoever guesses the address can send one. So both kinds are a
reason to read the payment again, and nothing else.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple, Protocol
from urllib.parse import parse_qsl

from pydantic import ValidationError

from integrations.mollie.schemas import Event

SIGNATURE = "x-mollie-signature"
_PREFIX = "sha256="
_MOST_SIGNATURES = 8  # Two come during a rotation.
_CLASSIC_BYTES = 4096
_ID = re.compile(r"(tr|ord|pl)_[A-Za-z0-9]{1,60}")

Kind = Literal["payment", "order", "payment-link"]
_KINDS: Mapping[str, Kind] = {"tr": "payment", "ord": "order", "pl": "payment-link"}


class Refused(Exception):
    """The delivery is not Mollie's, or none at all; the message says why."""


class ClassicCall(NamedTuple):
    """Something about `id` changed. The same call comes again at every change: it is never a duplicate to drop."""

    kind: Kind
    id: str


@dataclass(frozen=True, slots=True)
class MollieEvent:
    """A signed event. `event_id` is the same in every retry. `entity`: how it was then, None in a simple delivery."""

    event_id: str
    event: str
    entity_id: str | None
    created_at: datetime | None
    entity: dict[str, Any] | None = field(repr=False)  # It may name a person.


class _Pairs(Protocol):
    def items(self) -> Iterable[tuple[str, str]]: ...


def read_classic(raw: bytes) -> ClassicCall:
    """The one field of a classic call. Raises Refused; answer that with 200 all the same, it tells nothing then."""
    if len(raw) > _CLASSIC_BYTES:
        raise Refused("the body is too long for an id")
    try:
        fields = parse_qsl(raw.decode("ascii"), keep_blank_values=True, max_num_fields=20)
    except ValueError:
        raise Refused("the body is no form") from None
    ids = [value for name, value in fields if name == "id"]
    found = _ID.fullmatch(ids[0]) if len(ids) == 1 else None
    if found is None:
        raise Refused("the form has no id of a kind that we know")
    return ClassicCall(_KINDS[found[1]], found[0])


def verify(raw: bytes, headers: _Pairs | Sequence[tuple[str, str]], secrets: str | Sequence[str]) -> MollieEvent:
    """The event of a signed delivery. Raises Refused.

    During a rotation Mollie signs with both secrets, in two headers that a proxy may join with a comma, and `secrets`
    may hold both as well: one match is enough. A delivery says when its event was made, not when it was sent, so its
    age proves nothing: the same `event_id` twice is one event.
    """
    if not _is_signed(raw, _signatures(headers), [secrets] if isinstance(secrets, str) else secrets):
        raise Refused("the signature is not Mollie's")
    return _read(raw)


def _is_signed(raw: bytes, signatures: Sequence[str], secrets: Sequence[str]) -> bool:
    """Every pair is compared, so that the time taken does not tell which one matched; an empty secret signs nothing."""
    matches = 0
    for secret in secrets:
        expected = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest().encode()
        for signature in signatures:
            matches += hmac.compare_digest(signature.encode(errors="replace"), expected) and bool(secret)
    return matches > 0


def _signatures(headers: _Pairs | Sequence[tuple[str, str]]) -> list[str]:
    """The hex digests. Header names have no case; neither has hex."""
    pairs = headers if isinstance(headers, Sequence) else headers.items()
    values = [part.strip() for name, value in pairs if name.lower() == SIGNATURE for part in value.split(",")]
    digests = [value.removeprefix(_PREFIX).lower() for value in values if value.startswith(_PREFIX)]
    return digests[:_MOST_SIGNATURES]


def _read(raw: bytes) -> MollieEvent:
    try:
        event = Event.model_validate(json.loads(raw))
    except (ValidationError, ValueError, RecursionError):
        raise Refused("the body is not an event") from None
    entity_id = event.entity_id or str((event.entity or {}).get("id") or "") or None
    return MollieEvent(event.id, event.type, entity_id, event.created_at, event.entity)
