"""This Mollie: its books, its switches, its threads."""

from __future__ import annotations

from collections import Counter, deque
from datetime import timedelta
from decimal import Decimal
from threading import Lock
from typing import Any

from sandbox.faults import Faults
from sandbox.mollie import events, idempotency, ledger, settlements, webhooks
from sandbox.mollie.deliveries import Sender
from sandbox.mollie.identity import MODES, Mode
from sandbox.mollie.storage import Books, books_of, stamp
from sandbox.mollie.work import Worker

_TABLES = ("entity", "task", "delivery", "idempotency")


class Mollie:
    """State that all requests share.

    `rate`: how many times as fast its own work goes, until somebody says else. A portal at `portal_url` has its
    subscriptions from the start.
    """

    def __init__(self, database_url: str, base_url: str, *, rate: float, portal_url: str | None = None) -> None:
        self.base_url, self.rate, self.portal_url = base_url, rate, portal_url
        self.faults = Faults()
        self.storage = books_of(database_url, self.faults, base_url)
        self.sender = Sender(self.storage, events.signatures)
        self.worker = Worker(self.storage, self.after_commit)
        self.requests: Counter[str] = Counter()
        self.last: deque[dict[str, Any]] = deque(maxlen=50)
        self.lock = Lock()
        with self.storage.transaction() as books:
            books.connection.execute("INSERT INTO clock (rate) VALUES (%s) ON CONFLICT DO NOTHING", (self.rate,))
            idempotency.recover(books)
            self._fill(books)
        self.sender.start()
        self.worker.start()

    def after_commit(self) -> None:
        """What was written may be work for the threads."""
        self.sender.work.set()
        self.worker.work.set()

    def note(self, method: str, path: str, status: int, seconds: float) -> None:
        """Remember a request for the control page."""
        with self.lock:
            self.requests[f"{method} {path.partition('?')[0]}"[:80]] += 1
            self.last.appendleft({"method": method, "path": path, "status": status, "ms": round(seconds * 1000, 1)})

    def clock(self) -> dict[str, Any]:
        """Its time, and how fast its own work goes."""
        with self.storage.transaction() as books:
            return {"now": stamp(books.now), "rate": books.rate}

    def deliveries(self, subject: str | None = None) -> list[dict[str, Any]]:
        """Webhook calls, newest first; of one payment or event with `subject`."""
        names = ("subject", "webhook", "url", "state", "attempts", "status", "result", "due")
        with self.storage.transaction() as books:
            rows = books.connection.execute(
                """SELECT subject, webhook, url, state, attempts, status, result, due_at FROM delivery
                   WHERE %(subject)s::text IS NULL OR subject = %(subject)s ORDER BY id DESC LIMIT 200""",
                {"subject": subject},
            ).fetchall()
        return [dict(zip(names, (*row[:-1], stamp(row[-1])), strict=True)) for row in rows]

    def stats(self) -> dict[str, Any]:
        """What it holds, what it was asked, whom it called, and its faults."""
        with self.storage.transaction() as books:
            count = books.connection.execute
            held = dict(count("SELECT kind, count(*) FROM entity GROUP BY 1 ORDER BY 1").fetchall())
            states = dict(count(
                "SELECT doc->>'status', count(*) FROM entity WHERE kind = 'payment' GROUP BY 1 ORDER BY 1"
            ).fetchall())  # fmt: skip
            calls = dict(count("SELECT state, count(*) FROM delivery GROUP BY 1 ORDER BY 1").fetchall())
            now, rate = stamp(books.now), books.rate
        return {
            "name": "Mollie", "url": self.base_url, "now": now, "rate": rate, "held": held, "payments": states,
            "requests": dict(self.requests), "webhooks": calls, "faults": self.faults.as_json(),
            "last": list(self.last),
        }  # fmt: skip

    def advance(self, seconds: float) -> None:
        """Move the clock on, and do what falls due on the way, each at its own time. Calls go out at once after."""
        with self.storage.transaction() as books:
            books.connection.execute("UPDATE clock SET ahead = ahead + %s", (timedelta(seconds=seconds),))
        self.worker.catch_up()
        self.after_commit()

    def set_rate(self, rate: float) -> None:
        """How many times as fast Mollie's own work goes from now; what is planned already comes nearer or goes away."""
        with self.storage.transaction() as books:
            before = books.rushed(timedelta(seconds=1)).total_seconds()
            for table, which in (("task", "rushed"), ("delivery", "state = 'queued' AND attempts > 0")):
                books.connection.execute(
                    f"""UPDATE {table} SET due_at = %(now)s + (due_at - %(now)s) * %(by)s
                        WHERE {which} AND due_at > %(now)s""",
                    {"now": books.now, "by": 1 / (rate * before)},
                )
            books.connection.execute("UPDATE clock SET rate = %s", (rate,))
        self.after_commit()

    def reset(self) -> None:
        """A Mollie that nobody has used: no payments, no faults, the clock with everybody else's."""
        self.faults.clear()
        with self.worker.alone, self.storage.transaction() as books:
            for table in _TABLES:
                books.connection.execute(f"DELETE FROM {table}")
            books.connection.execute("UPDATE clock SET ahead = '0', rate = %s", (self.rate,))
            self._fill(books)
        self.requests.clear()
        self.last.clear()

    def close(self) -> None:
        """Stop the threads and let go of the database."""
        for thread in (self.worker, self.sender):
            thread.stop.set()
            thread.work.set()
        for thread in (self.worker, self.sender):
            thread.join(timeout=5)
        self.storage.close()

    def correct_balance(self, mode: Mode, value: str) -> None:
        """Money that comes or goes for no payment's sake."""
        with self.storage.transaction() as books:
            ledger.enter(books, mode, "balance-correction", Decimal(value), context={})
        self.after_commit()

    def settle_now(self, mode: Mode) -> str | None:
        """Pay out what there is; the settlement's id, or None when there is nothing."""
        with self.worker.alone, self.storage.transaction() as books:
            doc = settlements.settle_now(books, mode)
        return str(doc["id"]) if doc else None

    def _fill(self, books: Books) -> None:
        """What is there before anybody does anything."""
        for mode in MODES:
            held = books.connection.execute(
                "SELECT 1 FROM entity WHERE kind = 'transaction' AND mode = %s LIMIT 1", (mode,)
            )
            if held.fetchone() is None:
                ledger.open_balance(books, mode)
                books.later("settle", mode, settlements.EVERY)
        held = books.connection.execute("SELECT 1 FROM entity WHERE kind = 'webhook' LIMIT 1")
        if self.portal_url and held.fetchone() is None:
            webhooks.subscribe(books, self.portal_url)
