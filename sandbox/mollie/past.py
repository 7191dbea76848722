"""Days that are made up for: what callers and buyers did then, and Mollie's own work in its turn.

A request says by its header of when it is (`sandbox.as_of`). What falls due in these days is left to whoever makes up
for them, so that no timer of the past goes off before the next thing of the past was done. Nothing of it was rushed.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from sandbox.mollie import settlements
from sandbox.mollie.identity import Mode
from sandbox.mollie.psp import Mollie


class Past:
    """From its beginning up to `began`, when somebody began to make up for it. One at a time."""

    def __init__(self, mollie: Mollie, *, mode: Mode = "test") -> None:
        self.mollie, self.mode = mollie, mode
        with mollie.storage.transaction() as books:
            self.began = books.now
        self._reached: datetime | None = None

    def __enter__(self) -> Self:
        self.mollie.worker.leave(self.began)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.mollie.worker.leave(None)  # What is left over is made up for by the worker.

    def reach(self, moment: datetime) -> None:
        """Do what fell due until then; every night what there is was paid out."""
        moment = min(moment, self.began)
        night = (self._reached or moment).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        while night <= moment:
            self.mollie.worker.make_up(night)
            with self.mollie.worker.alone, self.mollie.storage.transaction() as books:
                books.go_back(night)
                settlements.settle(books, self.mode)
            night += timedelta(days=1)
        self.mollie.worker.make_up(moment)
        self._reached = moment
