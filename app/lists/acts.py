"""What may be done to many rows of a list at once: a domain describes it, `bulk.py` prepares it, a flow runs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from app.db import Json


class NotDone(Exception):
    """A row cannot be done; `reason` is a code of the act."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Refusal(NamedTuple):
    """Rows that the act leaves alone, and why. `applies` is asked at the preview and again when it is done."""

    code: str
    why: str
    applies: Callable[[], ColumnElement[bool]]


class Told(NamedTuple):
    """What a run is told of the whole: `fence` is another one each time that rows are tried."""

    bulk_id: int
    by: str
    given: Json
    fence: int
    now: datetime


# Does some rows in the caller's transaction. Of those that another system is to answer: row -> id of the message.
Run = Callable[[Session, Sequence[int], Told], Mapping[int, int]]


@dataclass(frozen=True, slots=True)
class Act:
    """`asks`: the text that the act wants first, by what it is called; '' for none. `wakes`: flows that get work."""

    name: str
    label: str
    says: str  # What it does to each row, as a sentence.
    permission: str
    run: Run
    undo: Run | None = None
    refusals: tuple[Refusal, ...] = ()
    asks: str = ""
    wakes: tuple[str, ...] = ()
