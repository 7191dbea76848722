"""One shop: its books, its token desk, its switches, its webhook sender."""

from __future__ import annotations

from collections import Counter, deque
from threading import Lock
from typing import Any

from psycopg.errors import DeadlockDetected

from sandbox.faults import Faults
from sandbox.settings import ShopIdentity
from sandbox.shopware.oauth import OAuth
from sandbox.shopware.psp import Psp
from sandbox.shopware.records import records
from sandbox.shopware.storage import books_of
from sandbox.shopware.webhooks import Sender

RESETS = 5  # Tries.


class Shop:
    """State that all requests to a shop share."""

    def __init__(self, identity: ShopIdentity, database_url: str, base_url: str, portal_url: str, *, psp: Psp) -> None:
        self.identity, self.base_url, self.psp, self._as_delivered = identity, base_url, psp, psp
        self.faults = Faults()
        self.oauth = OAuth(identity, self.faults)
        self.storage = books_of(database_url, identity)
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
        self.psp = self._as_delivered
        for left in reversed(range(RESETS)):
            try:
                self._empty()
                break
            except DeadlockDetected:  # Somebody was still writing, and waits for us as we for them.
                if not left:
                    raise
        self.requests.clear()
        self.written.clear()
        self.oauth.refused.clear()
        self._fill()

    def _empty(self) -> None:
        with self.storage.transaction() as books:
            books.connection.execute("DELETE FROM entity")
            books.connection.execute("TRUNCATE effect, webhook_log, number_range, mail")

    def _fill(self) -> None:
        with self.storage.transaction() as books:
            for name, docs in records(self.identity, self._portal_url).items():
                held = books.raw(name, docs)  # Books that an earlier version filled get what they lack.
                books.put(name, {id_: {**doc, **held.get(id_, {})} for id_, doc in docs.items()})
