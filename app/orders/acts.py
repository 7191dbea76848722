"""What people want done to an order at its shop: cancel it, mend an address, send a confirmation again.

Each act is a row, and a message of FLOW that carries it out. Its `key` comes from the form, so that a double click is
one act; above a role's limit it waits until a second person agrees.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.auth import audit
from app.channels.models import Channel
from app.db import Json
from app.flows import services as ledger
from app.orders.models import Order, OrderAct, OrderAddress
from app.orders.services import note

FLOW = "portal.order-acts.shopware"
ORDERS = "shopware.orders.portal"
NOT_SENT = ("open", "cancelled", "")
ADDRESS_FIELDS = ("name", "company", "street", "extra", "zipcode", "city", "country", "phone")


class NotPossible(Exception):
    """The order is not in a state for it; the message is one of CANNOT."""


class NotAllowed(Exception):
    """The second person is the first one."""


def why_not_mended(order: Order) -> str | None:
    """Why no address of the order can be another one any more, one of CANNOT; None when it can."""
    if order.gone_at is not None or order.state == "cancelled":
        return "over"
    return "sent" if order.delivery_state not in NOT_SENT else None


def why_not_cancelled(order: Order) -> str | None:
    """Why the order cannot be cancelled any more, one of CANNOT; None when it can."""
    return why_not_mended(order) or ("sent" if order.state == "completed" else None)


def request_cancel(session: Session, order_id: int, *, key: str, reason: str, mail: bool, user_id: int,
                   limit: Decimal | None, now: datetime) -> OrderAct:  # fmt: skip
    """Cancel an order of which nothing was sent. `limit`: up to which total the person does that alone, None: any.

    `mail`: whether the shop tells the customer.

    Raises NotPossible.
    """
    order = _lock(session, order_id)
    if why := why_not_cancelled(order):
        raise NotPossible(why)
    alone = limit is None or order.total <= limit
    facts = {"total": str(order.total), "currency": order.currency, "mail": mail}
    return _request(session, order, "cancel", facts, key=key, reason=reason, user_id=user_id, alone=alone, now=now)


def request_address(session: Session, order_id: int, address_id: str, fields: dict[str, str], *, key: str, reason: str,
                    user_id: int, now: datetime) -> OrderAct:  # fmt: skip
    """Put another address in the place of one, while nothing was sent. Raises NotPossible: 'same' if nothing differs.

    `address_id`: the shop's.
    """
    order = _lock(session, order_id)
    if why := why_not_mended(order):
        raise NotPossible(why)
    address = session.execute(
        select(OrderAddress).where(OrderAddress.order_id == order_id, OrderAddress.external_id == address_id)
    ).scalar_one_or_none()
    if address is None:
        raise NotPossible("no_address")
    before = {name: getattr(address, name) for name in ADDRESS_FIELDS}
    after = {name: " ".join(fields[name].split()) for name in ADDRESS_FIELDS}
    if before == after:
        raise NotPossible("same")
    facts = {"address_id": address_id, "before": before, "after": after}
    return _request(session, order, "address", facts, key=key, reason=reason, user_id=user_id, alone=True, now=now)


def request_resend(session: Session, order_id: int, *, key: str, user_id: int, now: datetime) -> OrderAct:
    """Have the shop send its confirmation again. Raises NotPossible when it knows no mail address."""
    order = _lock(session, order_id)
    if order.gone_at is not None:
        raise NotPossible("over")
    if not order.email:
        raise NotPossible("no_mail")
    return _request(session, order, "resend", {"to": order.email}, key=key, reason="", user_id=user_id, alone=True,
                    now=now)  # fmt: skip


def decide(session: Session, act_id: int, *, agreed: bool, user_id: int, now: datetime) -> OrderAct:
    """The second person's word. Raises NotAllowed for the first one, NotPossible when it was said already."""
    act = session.execute(select(OrderAct).where(OrderAct.id == act_id).with_for_update()).scalar_one()
    if act.state != "waiting":
        raise NotPossible("decided")
    if act.requested_by == user_id and agreed:
        raise NotAllowed
    act.decided_by, act.decided_at = user_id, now
    act.state = "requested" if agreed else "declined"
    order = session.get_one(Order, act.order_id)
    _tell(session, order, act, now=now)
    audit.record(session, act=f"orders.{act.kind}.{'agree' if agreed else 'decline'}", subject_kind="order",
                 subject_id=str(act.order_id), after=act.facts)  # fmt: skip
    if agreed:
        _send(session, order, act, now=now)
    return act


def done(session: Session, act_id: int, *, now: datetime, facts: Json | None = None) -> None:
    """The shop did it."""
    act = session.get_one(OrderAct, act_id)
    act.state, act.done_at, act.failure = "done", now, ""
    if facts:
        act.facts = {**act.facts, **facts}
    session.flush()
    _tell(session, session.get_one(Order, act.order_id), act, now=now)


def failed(session: Session, act_id: int, why: str, *, now: datetime) -> None:
    """The shop refused it; `why` is what it said."""
    act = session.get_one(OrderAct, act_id)
    act.state, act.done_at, act.failure = "failed", now, why[:500]
    session.flush()
    _tell(session, session.get_one(Order, act.order_id), act, now=now)


def order_of(session: Session, act_id: int) -> str:
    """The shop's id of the order that an act is on."""
    return session.execute(
        select(Order.external_id).join(OrderAct, OrderAct.order_id == Order.id).where(OrderAct.id == act_id)
    ).scalar_one()


def read_again(session: Session, channel: str, order: str, *, now: datetime) -> None:
    """Have an order read from its shop, by the shop's id of it. Wake `ORDERS` after the commit."""
    ledger.receive(session, ORDERS, key=order, delivery_id=f"again:{uuid.uuid4().hex}", channel=channel,
                   body={"act": "named", "orders": [order]}, now=now)  # fmt: skip


def _lock(session: Session, order_id: int) -> Order:
    return session.execute(select(Order).where(Order.id == order_id).with_for_update()).scalar_one()


def _request(session: Session, order: Order, kind: str, facts: Json, *, key: str, reason: str, user_id: int,
             alone: bool, now: datetime) -> OrderAct:  # fmt: skip
    """The act, or the one that the same form made before."""
    made = session.execute(
        insert(OrderAct)
        .values(order_id=order.id, kind=kind, key=key, state="requested" if alone else "waiting", facts=facts,
                reason=reason, created_at=now, requested_by=user_id)
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(OrderAct.id)
    ).scalar_one_or_none()  # fmt: skip
    act = session.execute(select(OrderAct).where(OrderAct.key == key)).scalar_one()
    if made is not None:
        audit.record(session, act=f"orders.{kind}", subject_kind="order", subject_id=str(order.id),
                     before=facts.get("before"), after={"reason": reason, **facts})  # fmt: skip
        _tell(session, order, act, now=now)
        if alone:
            _send(session, order, act, now=now)
    return act


def _send(session: Session, order: Order, act: OrderAct, *, now: datetime) -> None:
    channel = session.execute(select(Channel.code).where(Channel.id == order.channel_id)).scalar_one()
    body = {"act_id": act.id, "act": act.kind, "order": order.external_id, "reason": act.reason, **act.facts}
    ledger.send(session, FLOW, key=order.external_id, channel=channel, body=body, now=now)


def _tell(session: Session, order: Order, act: OrderAct, *, now: datetime) -> None:
    """A line of the order's timeline, and its page moves."""
    note(session, order.id, "act", {"act": act.kind, "state": act.state, "by": act.decided_by or act.requested_by,
                                    "failure": act.failure}, now=now)  # fmt: skip


_OPEN = select(OrderAct).from_statement(text("""
    SELECT * FROM order_act WHERE order_id = :id
      AND (state IN ('waiting', 'requested') OR (state = 'failed' AND id = (
        SELECT max(x.id) FROM order_act x WHERE x.order_id = :id AND x.kind = order_act.kind)))
    ORDER BY id DESC LIMIT 20
"""))  # fmt: skip


def open_acts(session: Session, order_id: int) -> list[OrderAct]:
    """Acts on an order that a page should still speak of: under way, waiting, and the latest that failed."""
    return list(session.execute(_OPEN, {"id": order_id}).scalars())
