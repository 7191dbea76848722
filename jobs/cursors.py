"""What flows that pull share: the poll of each storefront, how far a lane has read, and pages of what it reads."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import clock, queue
from app.channels.models import Channel
from app.db import Json, transaction
from app.flows import services as ledger
from app.flows.models import Cursor
from app.flows.queries import is_waiting
from jobs.claims import Batch, Claimed
from jobs.settlement import Outcome, settle

T = TypeVar("T")


def ask_each(batch: Batch, message: Claimed, connected: Collection[str]) -> None:
    """Of a tick: put a `poll` in the lane of each connected storefront, unless one waits there already."""
    with transaction() as session:
        codes = session.execute(sa.select(Channel.code).where(Channel.active).order_by(Channel.id)).scalars()
        asked = [
            code for code in codes
            if code in connected and not is_waiting(session, batch.flow.name, code, "poll")
        ]  # fmt: skip
        for code in asked:
            ledger.receive(session, batch.flow.name, key="poll", delivery_id=f"poll:{message.key}", channel=code,
                           body={"act": "poll"}, now=clock.now())  # fmt: skip
        settle(session, batch, [Outcome(message.id, "delivered" if asked else "unchanged", {"asked": asked})])
    if asked:
        queue.wake(batch.flow.name)


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
