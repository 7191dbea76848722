"""Webhooks (contract, section 9): a log of deliveries, a background sender, retries after 1, 2 and 4 seconds."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import time
from threading import Event, Thread
from typing import Any
from uuid import uuid4

import httpx
import psycopg

from sandbox.faults import DICE, Faults
from sandbox.settings import ShopIdentity
from sandbox.shopware.storage import Books
from sandbox.storage import Storage

log = logging.getLogger(__name__)
RETRY_S = (1, 2, 4)
ERRORS_AT_MOST = 10
WRITTEN = frozenset(
    [
        "product",
        "product_price",
        "category",
        "sales_channel",
        "sales_channel_domain",
        "customer",
        "customer_address",
        "order",
        "order_address",
        "document",
        "media",
    ]
)
APP_EVENTS = (
    "checkout.order.placed", "order.written", "customer.written", "product.written",
    *(f"state_enter.order.state.{state}" for state in ("cancelled", "completed")),
    *(f"state_enter.order_transaction.state.{state}" for state in (
        "paid", "paid_partially", "authorized", "refunded", "refunded_partially", "cancelled", "failed", "chargeback")),
    *(f"state_enter.order_delivery.state.{state}" for state in (
        "shipped", "cancelled", "returned", "returned_partially")),
)  # fmt: skip


def php_json(value: Any) -> bytes:
    """JSON as PHP writes it: `/` and everything beyond ASCII escaped."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True).replace("/", "\\/").encode()


def queue(books: Books, shop: ShopIdentity, base_url: str, event: str, payload: Any) -> None:
    """Write the deliveries of an event, in the transaction of what caused it."""
    rows = books.connection.execute(
        """SELECT id FROM entity WHERE name = 'webhook' AND doc->>'eventName' = %s AND doc->>'active' = 'true'""",
        (event,),
    ).fetchall()
    for (webhook,) in rows:
        body = {"data": {"payload": payload, "event": event}, "source": {"url": base_url, "eventId": uuid4().hex}}
        books.connection.execute(
            """INSERT INTO webhook_log (event_id, webhook, body, state, attempts, next_at)
               VALUES (%s, %s, %s, 'queued', 0, clock_timestamp())""",
            (body["source"]["eventId"], webhook, json.dumps(body)),
        )


class Sender(Thread):
    """Delivers what is due until it is told to stop. One per shop."""

    def __init__(self, storage: Storage[Books], shop: ShopIdentity, faults: Faults) -> None:
        super().__init__(name=f"webhooks-{shop.code}", daemon=True)
        self.storage, self.shop, self.faults = storage, shop, faults
        self.stop = Event()
        self.work = Event()
        self.sent = 0

    def run(self) -> None:
        """A write wakes it; retries are looked for twice a second."""
        with httpx.Client(timeout=httpx.Timeout(20, connect=10)) as client:
            while not self.stop.is_set():
                self.work.wait(0.5)
                self.work.clear()
                try:
                    while not self.stop.is_set() and self._deliver(client):
                        pass
                except psycopg.Error as error:
                    log.warning("webhook log not reachable: %s", error)

    def _deliver(self, client: httpx.Client) -> bool:
        order = "random()" if self.faults.hit("webhook_reorder", "") else "l.auto"
        with self.storage.transaction() as books:
            row = books.connection.execute(
                f"""SELECT l.event_id, l.body, l.attempts, l.webhook, e.doc FROM webhook_log l
                    JOIN entity e ON e.name = 'webhook' AND e.id = l.webhook
                    WHERE l.state IN ('queued', 'running') AND l.next_at <= clock_timestamp()
                    ORDER BY {order} LIMIT 1 FOR UPDATE OF l SKIP LOCKED"""
            ).fetchone()
            if row is None:
                return False
            event_id, body, attempts, webhook, doc = row
            fine = self._post(client, doc, body)
            self._note(books, event_id, attempts, webhook, doc, fine=fine)
        return True

    def _post(self, client: httpx.Client, doc: dict[str, Any], body: dict[str, Any]) -> bool:
        if self.faults.hit("webhook_drop", doc["url"]):
            return True
        if slow := self.faults.hit("webhook_delay", doc["url"]):
            self.stop.wait(float(slow.value or 1))
        times = 2 if self.faults.hit("webhook_duplicate", doc["url"]) else 1
        fine = True
        for _ in range(times):
            if doc.get("app"):
                body["source"] |= {"shopId": self.shop.shop_id, "appVersion": "1.0.0"}
            raw = php_json({**body, "timestamp": int(time.time())})
            headers = {"Content-Type": "application/json", "sw-version": self.shop.version,
                       "sw-user-language": "nl-NL"}  # fmt: skip
            if doc.get("app"):
                headers["shopware-shop-signature"] = hmac.new(
                    self.shop.app_secret.encode(), raw, hashlib.sha256
                ).hexdigest()
            try:
                fine = client.post(doc["url"], content=raw, headers=headers).is_success and fine
            except httpx.HTTPError:
                fine = False
        return fine

    def _note(
        self, books: Books, event_id: str, attempts: int, webhook: str, doc: dict[str, Any], *, fine: bool
    ) -> None:
        self.sent += 1
        over = attempts >= len(RETRY_S)
        state = "success" if fine else "failed" if over else "running"
        wait = 0 if fine or over else RETRY_S[attempts] + DICE.random() / 10
        books.connection.execute(
            """UPDATE webhook_log SET state = %s, attempts = attempts + 1,
               next_at = clock_timestamp() + make_interval(secs => %s) WHERE event_id = %s""",
            (state, wait, event_id),
        )
        if not fine and not over:
            return
        errors = 0 if fine else int(doc.get("errorCount") or 0) + 1
        if errors != int(doc.get("errorCount") or 0):
            doc = {**doc, "errorCount": errors, "active": errors < ERRORS_AT_MOST}
            books.put("webhook", {webhook: doc})
