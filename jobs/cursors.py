"""How far a flow that pulls has read, and pages of what it reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import clock
from app.db import Json
from app.flows.models import Cursor
from jobs.claims import Batch

T = TypeVar("T")


def place_of(session: Session, batch: Batch) -> Json:
    """The place of the lane's cursor; empty before the first."""
    cursor = session.get(Cursor, (batch.flow.name, batch.channel))
    return dict(cursor.place) if cursor else {}


def move(session: Session, batch: Batch, place: Json) -> None:
    """Put the lane's cursor, in the transaction that applies what was read."""
    values = {"place": place, "moved_at": clock.now()}
    session.execute(
        insert(Cursor)
        .values(flow=batch.flow.name, channel=batch.channel, **values)
        .on_conflict_do_update(index_elements=["flow", "channel"], set_=values)
    )


def blocks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items, `size` at a time."""
    iterator = iter(items)
    while block := list(islice(iterator, size)):
        yield block
