"""Webhook calls: rows that are written with what they tell of, and a sender that makes ten attempts at each.

Source: contract, section 5. Only an answer of exactly 200 within 15 seconds counts.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from threading import Event, Lock, Thread
from typing import NamedTuple
from urllib.parse import urlencode

import httpx
import psycopg

from sandbox.faults import DICE
from sandbox.mollie.storage import Books
from sandbox.storage import Storage

log = logging.getLogger(__name__)
LIMIT_S = 15.0
ATTEMPTS_AT = tuple(
    timedelta(minutes=minutes) for minutes in (0, 1, 3, 7, 15, 31, 60, 2 * 60, 4 * 60, 26 * 60)
)  # After the change.
AT_ONCE = 8  # Calls on their way at the same time.
_LOOK_S = 30.0  # Nothing is missed by it: every commit wakes the sender, and the next due call is known.


def queue_classic(books: Books, payment_id: str, url: str) -> None:
    """The payment's id, and nothing about what changed."""
    queue(books, payment_id, url, urlencode({"id": payment_id}))


def queue(books: Books, subject: str, url: str, body: str, webhook: str | None = None) -> None:
    """Write a call in the transaction of what caused it. The switches make it late, lost or doubled."""
    faults, wait = books.faults, 0.0
    state = "dropped" if faults.hit("webhook_drop", url) else "queued"
    if slow := faults.hit("webhook_delay", url):
        wait += float(slow.value or 5)
    if mixed := faults.hit("webhook_reorder", url):
        wait += DICE.uniform(0, float(mixed.value or 3))
    due = books.present + timedelta(seconds=wait)
    for _ in range(2 if faults.hit("webhook_duplicate", url) else 1):
        books.connection.execute(
            """INSERT INTO delivery (subject, webhook, url, body, state, first_at, due_at)
               VALUES (%s, %s, %s, %s, %s, %s, %s)""",
            (subject, webhook, url, body, state, due, due),
        )


Sign = Callable[[Books, str, str], list[tuple[str, str]]]  # Webhook and body to headers.


class Call(NamedTuple):
    """A delivery that is taken."""

    id: int
    url: str
    body: str
    webhook: str | None
    attempts: int


class Sender(Thread):
    """Makes the calls that are due, several at once, until it is told to stop."""

    def __init__(self, storage: Storage[Books], sign: Sign) -> None:
        super().__init__(name="mollie-webhooks", daemon=True)
        self.storage, self.sign = storage, sign
        self.stop, self.work = Event(), Event()
        self._busy, self._lock = 0, Lock()

    def run(self) -> None:
        """Woken by whatever queues a call and by a call that ends; else when the next one is due."""
        with (
            httpx.Client(timeout=LIMIT_S, follow_redirects=True, max_redirects=5, trust_env=False) as client,
            ThreadPoolExecutor(AT_ONCE, "mollie-webhook") as pool,
        ):
            self._recover()
            while not self.stop.is_set():
                self.work.clear()
                try:
                    pause = self._take_all(client, pool)
                except psycopg.Error as error:
                    log.warning("Mollie's books are not reachable: %s", error)
                    pause = 1.0
                self.work.wait(pause)

    def _recover(self) -> None:
        """What a stopped process had taken is due again."""
        with self.storage.transaction() as books:
            books.connection.execute("UPDATE delivery SET state = 'queued' WHERE state = 'sending'")

    def _take_all(self, client: httpx.Client, pool: ThreadPoolExecutor) -> float:
        """Hand what is due to the pool. Returns the seconds until there may be more."""
        with self._lock:
            free = AT_ONCE - self._busy
        calls, pause = take(self.storage, free)
        with self._lock:
            self._busy += len(calls)
        for call in calls:
            pool.submit(self._make, client, call).add_done_callback(self._ended)
        return pause

    def _ended(self, made: Future[None]) -> None:
        with self._lock:
            self._busy -= 1
        if error := made.exception():
            log.warning("a webhook call could not be noted: %s", error)
        self.work.set()

    def _make(self, client: httpx.Client, call: Call) -> None:
        headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "*/*")]
        if call.webhook is not None:
            with self.storage.transaction() as books:
                signatures = self.sign(books, call.webhook, call.body)
            headers = [("Content-Type", "application/json"), ("Accept", "*/*"), *signatures]
        started = time.monotonic()
        try:
            with client.stream("POST", call.url, content=call.body, headers=headers) as response:
                status, result = response.status_code, f"answered {response.status_code}"
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            status, result = None, type(error).__name__
        if time.monotonic() - started > LIMIT_S:
            status, result = None, f"no answer within {LIMIT_S:.0f} s"
        note(self.storage, call, status, result)


def take(storage: Storage[Books], most: int) -> tuple[list[Call], float]:
    """Take what is due, oldest first, and the seconds until the next one is."""
    with storage.transaction() as books:
        rows = books.connection.execute(
            """WITH due AS (SELECT id FROM delivery WHERE state = 'queued' AND due_at <= %s ORDER BY due_at, id
                            LIMIT %s FOR UPDATE SKIP LOCKED)
               UPDATE delivery d SET state = 'sending', attempts = attempts + 1 FROM due WHERE d.id = due.id
               RETURNING d.id, d.url, d.body, d.webhook, d.attempts""",
            (books.now, most),
        ).fetchall()
        following = books.connection.execute("SELECT min(due_at) FROM delivery WHERE state = 'queued'").fetchone()
        wait = (following[0] - books.now).total_seconds() if following and following[0] else _LOOK_S
        full = len(rows) >= most  # Then a call that ends wakes us.
    return sorted(Call(*row) for row in rows), _LOOK_S if full else min(_LOOK_S, max(0.0, wait))


def note(storage: Storage[Books], call: Call, status: int | None, result: str) -> None:
    """Done with, or due again."""
    fine, over = status == 200, call.attempts >= len(ATTEMPTS_AT)
    with storage.transaction() as books:
        after = timedelta(0) if fine or over else books.rushed(ATTEMPTS_AT[call.attempts])
        books.connection.execute(
            "UPDATE delivery SET state = %s, status = %s, result = %s, due_at = first_at + %s WHERE id = %s",
            ("delivered" if fine else "failed" if over else "queued", status, result, after, call.id),
        )
        if over and not fine and call.webhook is not None:
            books.connection.execute(
                """UPDATE entity SET doc = doc || '{"status": "blocked"}'
                   WHERE id = %s AND doc->>'status' = 'enabled'""",
                (call.webhook,),
            )
