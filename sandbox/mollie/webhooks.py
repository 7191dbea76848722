"""Subscriptions of next-generation webhooks: made by the organisation, signed with a secret that can be changed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sandbox.mollie.access import Caller
from sandbox.mollie.errors import MollieError, invalid, unknown
from sandbox.mollie.events import TYPES
from sandbox.mollie.identity import PROFILES
from sandbox.mollie.reading import Given, is_callable, missing
from sandbox.mollie.storage import Books, new_token, stamp
from sandbox.storage import Doc

BOTH_SIGN_FOR = timedelta(hours=24)  # After the secret was changed.
_FIELDS = ("name", "url", "eventTypes")


def create(books: Books, caller: Caller, given: Given) -> Doc:
    """A subscription with a secret of its own. Raises MollieError 422."""
    given.only({*_FIELDS, *caller.own_fields})
    for name in _FIELDS:
        if given.fields.get(name) in (None, "", []):
            raise missing(name)
    profile = given.text("profileId") and caller.profile_to_create(given)
    return add(books, caller.mode, profile.id if profile else None, new_token(), **_changes(given))


def add(books: Books, mode: str, profile_id: str | None, secret: str, **fields: Any) -> Doc:
    """A subscription that is called from now on."""
    return books.add("webhook", {
        "mode": mode, "profileId": profile_id, "status": "enabled", "_secrets": [[secret, None]], "_simple": False,
        **fields,
    })  # fmt: skip


def subscribe(books: Books, portal_url: str) -> None:
    """What a portal has from the start: all events of each profile's test mode, each with a secret of its own."""
    for profile in PROFILES:
        add(books, "test", profile.id, profile.webhook_secret, name=f"Portal, {profile.name}",
            url=f"{portal_url}/webhooks/mollie-events", eventTypes=["*"])  # fmt: skip


def find(books: Books, caller: Caller, id_: str, *, lock: bool = False) -> Doc:
    """One that is there. Raises MollieError 404, and 422 for one that was deleted."""
    doc = books.get("webhook", id_, lock=lock)
    if doc is None or not caller.sees(doc):
        raise unknown("webhook", id_)
    if doc["status"] == "deleted":
        raise invalid(None, "This subscription was already deleted.")
    return doc


def update(books: Books, caller: Caller, id_: str, given: Given) -> Doc:
    """Change its name, address or types; one that was blocked is tried again then."""
    doc = find(books, caller, id_, lock=True)
    given.only({*_FIELDS, *caller.own_fields})
    doc |= _changes(given)
    doc["status"] = "enabled"
    books.save(doc)
    return doc


def delete(books: Books, caller: Caller, id_: str) -> None:
    """Nothing is sent to it any more."""
    doc = find(books, caller, id_, lock=True)
    doc["status"] = "deleted"
    books.save(doc)


def rotate(books: Books, id_: str) -> str:
    """A new secret; the old one signs beside it for a day. Raises MollieError 404."""
    doc = _locked(books, id_)
    secret = new_token()
    doc["_secrets"] = [[secret, None], [doc["_secrets"][0][0], stamp(books.now + BOTH_SIGN_FOR)]]
    books.save(doc)
    return secret


def simplify(books: Books, id_: str, *, simple: bool) -> None:
    """Whether its events come without a snapshot. Raises MollieError 404."""
    doc = _locked(books, id_)
    doc["_simple"] = simple
    books.save(doc)


def _locked(books: Books, id_: str) -> Doc:
    doc = books.get("webhook", id_, lock=True)
    if doc is None:
        raise MollieError(404, f"There is no webhook {id_}")
    return doc


def _changes(given: Given) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if "name" in given.fields:
        changes["name"] = given.text("name", required=True)
    if "url" in given.fields:
        url = given.text("url", required=True)
        if not is_callable(url or ""):
            raise invalid("url", "Invalid URL provided")
        changes["url"] = url
    if "eventTypes" in given.fields:
        changes["eventTypes"] = _types(given.fields["eventTypes"])
    return changes


def _types(value: Any) -> list[str]:
    wanted = value.split(",") if isinstance(value, str) else value
    if not isinstance(wanted, list) or not wanted:
        raise invalid("eventTypes", "The event types should be an array or a string")
    for name in wanted:
        if name != "*" and name not in TYPES:
            raise invalid("eventTypes", f"The event type '{name}' is invalid")
    return wanted
