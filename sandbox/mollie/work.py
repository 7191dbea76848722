"""What Mollie does by itself when its time has come: one thread, one task after another, each a transaction."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from threading import Event, Lock, Thread

import psycopg

from sandbox.mollie import captures, refunds, settlements, states
from sandbox.mollie.storage import Books
from sandbox.storage import Storage

log = logging.getLogger(__name__)
ACTS: Mapping[str, Callable[[Books, str], None]] = {
    "expire": states.expire_if_due, "lapse": states.lapse_if_due, "capture": captures.go_on,
    "take_all": captures.take_all, "release": captures.let_go, "refund": refunds.go_on, "unqueue": refunds.unqueue,
    "settle": settlements.settle_daily, "payout": settlements.pay_out,
}  # fmt: skip
_LOOK_S = 30.0  # As the sender's: nothing is missed by it.


class Worker(Thread):
    """Works off the tasks until it is told to stop; `on_change` is called after each."""

    def __init__(self, storage: Storage[Books], on_change: Callable[[], None]) -> None:
        super().__init__(name="mollie-work", daemon=True)
        self.storage, self.on_change = storage, on_change
        self.stop, self.work = Event(), Event()
        self.alone = Lock()  # Held while a task is worked, and by whoever empties the books.
        self._from: datetime | None = None

    def run(self) -> None:
        """Woken by whatever plans a task, else when the next one is due."""
        while not self.stop.is_set():
            self.work.clear()
            try:
                self.catch_up()
                pause = self._pause()
            except psycopg.Error as error:
                log.warning("Mollie's books are not reachable: %s", error)
                pause = 1.0
            self.work.wait(pause)

    def catch_up(self) -> None:
        """Do all that is due, in the order in which it fell due."""
        while not self.stop.is_set() and self._do_one():
            self.on_change()

    def leave(self, moment: datetime | None) -> None:
        """From now on what is due until `moment` is done by nobody but `make_up`; None: all is the worker's again."""
        self._from = moment
        self.work.set()

    def make_up(self, moment: datetime) -> None:
        """Do all that is due until then, in the order in which it fell due, as the past has it."""
        while not self.stop.is_set() and self._do_one(moment):
            self.on_change()

    def _do_one(self, until: datetime | None = None) -> bool:
        """One task; of the past with `until`. What it stumbles over is logged and left: the next ones do not wait."""
        with self.alone:
            with self.storage.transaction() as books:
                task = books.connection.execute(
                    """SELECT id, act, subject, due_at FROM task
                       WHERE due_at <= %s AND (%s::timestamptz IS NULL OR due_at > %s) ORDER BY due_at, id LIMIT 1""",
                    (until or books.now, *([None if until else self._from] * 2)),
                ).fetchone()
            if task is None:
                return False
            try:
                self._work(*task, back=until is not None)
            except psycopg.OperationalError:
                raise
            except Exception:
                log.exception("Mollie could not do %s of %s", task[1], task[2])
                with self.storage.transaction() as books:
                    books.connection.execute("DELETE FROM task WHERE id = %s", (task[0],))
        return True

    def _work(self, id_: int, act: str, subject: str, due_at: datetime, *, back: bool) -> None:
        with self.storage.transaction() as books:
            if back:
                books.go_back(due_at)
            else:
                books.now = due_at.astimezone(UTC)
            ACTS[act](books, subject)
            books.connection.execute("DELETE FROM task WHERE id = %s", (id_,))

    def _pause(self) -> float:
        with self.storage.transaction() as books:
            row = books.connection.execute(
                "SELECT min(due_at) FROM task WHERE %s::timestamptz IS NULL OR due_at > %s", (self._from, self._from)
            ).fetchone()
            if row is None or row[0] is None:
                return _LOOK_S
            return min(_LOOK_S, max(0.0, float((row[0] - books.now).total_seconds())))
