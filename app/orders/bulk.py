"""What may be done to many orders at once: read them again from their storefronts, take a note."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.channels.models import Channel
from app.extensions import settings
from app.flows import services as ledger
from app.lists.acts import Act, Refusal, Told
from app.orders.models import Order
from app.orders.queries import FLOW
from app.orders.services import note_all
from app.web.lazy import lazy as _l


def _not_connected() -> ColumnElement[bool]:
    return Channel.code.not_in(list(settings().shops))


def _read_again(session: Session, order_ids: Sequence[int], told: Told) -> Mapping[int, int]:
    """One message per order, as a webhook of the storefront would name it."""
    rows = session.execute(
        select(Order.id, Order.external_id, Channel.code)
        .join(Channel, Channel.id == Order.channel_id)
        .where(Order.id.in_(order_ids))
        .order_by(Order.id)
    )
    sent: dict[int, int] = {}
    for row in rows.all():
        message_id = ledger.receive(
            session, FLOW, key=row.external_id, channel=row.code, now=told.now, origin=f"bulk:{told.bulk_id}",
            delivery_id=f"bulk:{told.bulk_id}:{row.id}:{told.fence}",
            body={"act": "named", "orders": [row.external_id]},
        )  # fmt: skip
        if message_id is not None:
            sent[row.id] = message_id
    return sent


def _note(session: Session, order_ids: Sequence[int], told: Told) -> Mapping[int, int]:
    facts = {"text": told.given["text"], "by": told.by, "bulk": told.bulk_id}
    note_all(session, order_ids, "note", facts, now=told.now)
    return {}


def _take_note_back(session: Session, order_ids: Sequence[int], told: Told) -> Mapping[int, int]:
    """A timeline only grows: that the note was taken back stands behind it."""
    facts = {"text": told.given["text"], "by": told.by, "bulk": told.bulk_id}
    note_all(session, order_ids, "note_back", facts, now=told.now)
    return {}


ACTS = (
    Act(
        "read-again",
        _l("Read again from the shop"),
        _l("Each order is asked for at its storefront, and brought to what that says."),
        "orders.write",
        _read_again,
        refusals=(Refusal("not_connected", _l("the storefront has no connection"), _not_connected),),
        wakes=(FLOW,),
    ),
    Act(
        "note",
        _l("Take a note"),
        _l("The note stands on the timeline of each order, with your name."),
        "orders.write",
        _note,
        undo=_take_note_back,
        asks=_l("Note"),
    ),
)
