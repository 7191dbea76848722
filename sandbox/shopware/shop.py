"""One shop: its books, its token desk, its switches, its webhook sender, and the records a fresh shop has."""

from __future__ import annotations

from collections import Counter, deque
from threading import Lock
from typing import Any

from sandbox.faults import Faults
from sandbox.settings import ShopIdentity
from sandbox.shopware.constants import DEFAULT_CURRENCY, DEFAULT_LANGUAGE, MACHINES, STOREFRONT_TYPE, machine
from sandbox.shopware.oauth import OAuth
from sandbox.shopware.states import state_id
from sandbox.shopware.storage import Doc, Storage
from sandbox.shopware.webhooks import APP_EVENTS, Sender


class Shop:
    """State that all requests to a shop share."""

    def __init__(self, identity: ShopIdentity, database_url: str, base_url: str, portal_url: str) -> None:
        self.identity = identity
        self.base_url = base_url
        self.faults = Faults()
        self.oauth = OAuth(identity, self.faults)
        self.storage = Storage(database_url, identity)
        self.sender = Sender(self.storage, identity, self.faults)
        self.requests: Counter[str] = Counter()
        self.written: Counter[str] = Counter()
        self.last: deque[dict[str, Any]] = deque(maxlen=50)
        self.lock = Lock()
        self._portal_url = portal_url
        self._fill()
        self.sender.start()

    def sales_channel_id(self) -> str:
        """The storefront's."""
        return self.identity.id("sales_channel", "storefront")

    def after_commit(self) -> None:
        """What was written may have caused webhooks."""
        self.sender.work.set()

    def count_written(self, written: dict[str, list[Any]]) -> None:
        """Add to the sandbox's own ledger of effects."""
        with self.lock:
            self.written.update({name: len(ids) for name, ids in written.items()})

    def note(self, method: str, path: str, status: int, seconds: float) -> None:
        """Remember a request for the control page."""
        with self.lock:
            self.requests[f"{method} {path.partition('?')[0]}"[:80]] += 1
            self.last.appendleft({"method": method, "path": path, "status": status, "ms": round(seconds * 1000, 1)})

    def close(self) -> None:
        """Stop the sender and let go of the database."""
        self.sender.stop.set()
        self.sender.work.set()
        self.sender.join(timeout=5)
        self.storage.close()

    def reset(self) -> None:
        """Back to a fresh shop: no products, no orders, no faults, every setting as delivered."""
        self.faults.clear()
        with self.storage.transaction() as books:
            books.connection.execute("DELETE FROM entity")
            books.connection.execute("TRUNCATE effect, webhook_log")
        self.requests.clear()
        self.written.clear()
        self.oauth.refused.clear()
        self._fill()

    def _fill(self) -> None:
        me = self.identity
        taxes: dict[str, Doc] = {
            me.id("tax", str(rate)): {"taxRate": rate, "name": f"{rate} %", "position": place}
            for place, rate in enumerate((21.0, 9.0, 0.0))
        }
        records: dict[str, dict[str, Doc]] = {
            "tax": taxes,
            "currency": {DEFAULT_CURRENCY: {"isoCode": "EUR", "symbol": "€", "factor": 1, "name": "Euro"}},
            "language": {DEFAULT_LANGUAGE: {"name": "Nederlands" if me.language == "nl" else "English"}},
            "country": {me.id("country", iso): {"iso": iso, "name": name} for iso, name in (
                ("NL", "Nederland"), ("BE", "België"), ("DE", "Deutschland"), ("FR", "France"))},
            "salutation": {me.id("salutation", key): {"salutationKey": key, "displayName": key}
                           for key in ("mr", "mrs")},
            "payment_method": {me.id("payment_method", key): {"name": key, "technicalName": f"payment_{key}",
                                                              "active": True}
                               for key in ("ideal", "card", "invoice")},
            "shipping_method": {me.id("shipping_method", "parcel"): {"name": "Parcel", "active": True}},
            "delivery_time": {me.id("delivery_time", "days"): {"name": "1-3 days", "min": 1, "max": 3, "unit": "day"}},
            "sales_channel": {
                self.sales_channel_id(): {"typeId": STOREFRONT_TYPE, "name": me.name, "active": True,
                                          "currencyId": DEFAULT_CURRENCY, "languageId": DEFAULT_LANGUAGE},
                me.id("sales_channel", "headless"): {"typeId": "f183ee5650cf4bdb8a774337575067a6", "name": "Headless",
                                                     "active": True, "currencyId": DEFAULT_CURRENCY,
                                                     "languageId": DEFAULT_LANGUAGE},
            },
            "state_machine": {me.id("machine", name): {"technicalName": name, "name": name}
                              for name in MACHINES.values()},
            "state_machine_state": {
                state_id(me, entity, state): {"technicalName": state, "name": state.replace("_", " ").title(),
                                              "stateMachineId": me.id("machine", MACHINES[entity])}
                for entity in MACHINES
                for rules in (machine(entity, me.version),)
                for state in {"open", *rules, *(target for actions in rules.values() for target in actions.values())}
            },
            "webhook": {me.id("webhook", event): {"name": event, "eventName": event, "app": True, "active": True,
                                                  "errorCount": 0, "onlyLiveVersion": True,
                                                  "url": f"{self._portal_url}/webhooks/shopware/{me.code}"}
                        for event in APP_EVENTS},
        }  # fmt: skip
        with self.storage.transaction() as books:
            for name, docs in records.items():
                fresh = docs.keys() - books.known(name, docs)
                books.put(name, {id_: docs[id_] for id_ in fresh})
