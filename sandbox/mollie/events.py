"""Events of next-generation webhooks: what happened, with a snapshot, for each subscription that wants to know."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from sandbox.mollie import deliveries, show
from sandbox.mollie.storage import Books, moment_of
from sandbox.storage import Doc

BY_CHOICE = ("balance-transaction.created",)  # `*` is all but these.
TYPES = (
    *(f"payment.{status}" for status in ("paid", "authorized", "failed", "canceled", "expired", "pending")),
    *(f"refund.{status}" for status in ("queued", "pending", "processing", "refunded", "failed", "canceled")),
    "chargeback.received", "chargeback.reversed", "capture.succeeded", "capture.failed", *BY_CHOICE,
)  # fmt: skip


def announce(books: Books, payment: Doc, type_: str, thing: Doc, *, classic: bool = True) -> None:
    """Something happened to a payment, or to a `thing` that is part of one: tell its webhook, and the subscriptions."""
    if classic and payment.get("webhookUrl"):
        deliveries.queue_classic(books, payment["id"], payment["webhookUrl"])
    emit(books, type_, thing, payment["profileId"])


def emit(books: Books, type_: str, thing: Doc, profile_id: str | None = None) -> None:
    """An event for every subscription that wants its type; without any there is none."""
    wanting = [
        webhook for webhook in _subscriptions(books, thing["mode"])
        if profile_id in (None, webhook["profileId"]) or webhook["profileId"] is None
        if type_ in webhook["eventTypes"] or ("*" in webhook["eventTypes"] and type_ not in BY_CHOICE)
    ]  # fmt: skip
    if wanting:
        event = _kept(books, type_, thing, profile_id)
        for webhook in wanting:
            send(books, webhook, event)


def ping(books: Books, webhook: Doc) -> None:
    """A test event for one subscription."""
    send(books, webhook, _kept(books, "hook.ping", webhook, webhook["profileId"]))


def send(books: Books, webhook: Doc, event: Doc) -> None:
    """Queue an event for one subscription; a simple one gets no snapshot."""
    body = shown(books.base_url, event)
    if webhook["_simple"]:
        del body["_embedded"]
    deliveries.queue(books, event["id"], webhook["url"], json.dumps(body), webhook["id"])


def _kept(books: Books, type_: str, thing: Doc, profile_id: str | None) -> Doc:
    snapshot, path = _snapshot(books, type_.partition(".")[0], thing)
    return books.add("event", {
        "mode": thing["mode"], "profileId": profile_id, "type": type_, "entityId": thing["id"], "_entity": snapshot,
        "_path": path,
    })  # fmt: skip


def _snapshot(books: Books, kind: str, thing: Doc) -> tuple[show.Shown, str]:
    """The thing as it is now, and where it is in the API."""
    if kind == "payment":
        return show.payment(books, books.base_url, thing), f"payments/{thing['id']}"
    if kind == "balance-transaction":
        return show.transaction(thing), "balances/primary/transactions"
    if kind == "hook":
        return show.webhook(books.base_url, thing), f"webhooks/{thing['id']}"
    return show.SHOW_CHILD[f"{kind}s"](books.base_url, thing), f"payments/{thing['paymentId']}/{kind}s/{thing['id']}"


def shown(base_url: str, event: Doc) -> show.Shown:
    """An event as it is sent, and as its route shows it."""
    return {
        "resource": "event", "id": event["id"], "type": event["type"], "entityId": event["entityId"],
        "createdAt": event["createdAt"], "_embedded": {"entity": event["_entity"]},
        "_links": {
            "self": show.api_link(base_url, f"events/{event['id']}"),
            "documentation": show.page_link("https://docs.mollie.com/guides/webhooks"),
            "entity": show.api_link(base_url, event["_path"]),
        },
    }  # fmt: skip


def signatures(books: Books, webhook_id: str, body: str) -> list[tuple[str, str]]:
    """The headers that prove a body; two for a day after the secret was changed."""
    webhook: dict[str, Any] = books.get("webhook", webhook_id) or {"_secrets": []}
    return [
        ("X-Mollie-Signature", "sha256=" + hmac.new(secret.encode(), body.encode(), hashlib.sha256).hexdigest())
        for secret, until in webhook["_secrets"]
        if until is None or moment_of(until) > books.now
    ]


def _subscriptions(books: Books, mode: str) -> list[Doc]:
    rows = books.connection.execute(
        "SELECT doc FROM entity WHERE kind = 'webhook' AND mode = %s AND doc->>'status' = 'enabled' ORDER BY auto",
        (mode,),
    )
    return [doc for (doc,) in rows]
