"""Which live orders have a piece: one, until a cancelled order is opened again whose piece was sold meanwhile.

Read anew for each page, so that whatever ends it on either side (a piece removed, an order cancelled) ends it on both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    Select,
    SQLColumnExpression,
    and_,
    exists,
    func,
    not_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session, aliased

from app.channels.models import Channel
from app.orders.models import Order, OrderLine, OrderSerial


class Holder(NamedTuple):
    """An order that has a piece."""

    order_id: int
    number: str
    channel: str


class Piece(NamedTuple):
    """A piece of a line. `others`: live orders that have it as well, while this one is live."""

    id: int
    serial: str
    others: list[Holder]


class Twice(NamedTuple):
    """A piece of a live order that another one has as well."""

    order_id: int
    line: str
    serial: str
    other: Holder


_Other, _Line, _Piece, _Shop = aliased(Order), aliased(OrderLine), aliased(OrderSerial), aliased(Channel)


def live(order: type[Order]) -> ColumnElement[bool]:
    """An order that was cancelled, is gone or came back whole has its pieces no more."""
    return and_(order.gone_at.is_(None), order.state != "cancelled", order.delivery_state != "returned")


def _others(*columns: SQLColumnExpression[Any]) -> Select[Any]:
    """Of Order and its OrderSerial: the live orders besides, if it is live itself."""
    return (
        select(*columns)
        .select_from(_Piece)
        .join(_Line, _Line.id == _Piece.order_line_id)
        .join(_Other, _Other.id == _Line.order_id)
        .join(Channel, Channel.id == _Other.channel_id)
        .where(_Piece.serial == OrderSerial.serial, _Other.id != Order.id, live(_Other), live(Order))
    )


def _list(*columns: SQLColumnExpression[Any], by: SQLColumnExpression[Any]) -> ColumnElement[Any]:
    """A JSON array of arrays; empty rather than null."""
    return func.coalesce(func.jsonb_agg(aggregate_order_by(func.jsonb_build_array(*columns), by)), text("'[]'"))


def pieces() -> ScalarSelect[Any]:
    """The pieces of OrderLine, a line of Order, in the statement around it; `pieces_of` reads them."""
    others = _others(_list(_Other.id, _Other.number, Channel.name, by=_Other.id)).correlate(OrderSerial, Order)
    mine = _list(OrderSerial.id, OrderSerial.serial, others.scalar_subquery(), by=OrderSerial.id)
    return select(mine).where(OrderSerial.order_line_id == OrderLine.id).correlate(OrderLine, Order).scalar_subquery()


def pieces_of(told: Sequence[Sequence[Any]]) -> list[Piece]:
    """From what `pieces` gives."""
    return [Piece(id_, serial, [Holder(*one) for one in others]) for id_, serial, others in told]


def tag() -> ScalarSelect[Any]:
    """What moves with the `others` of all pieces of Order, in the statement around it; null of most orders."""
    pair = func.concat(OrderSerial.id, text("'-'"), _Other.id)
    found = func.string_agg(pair, aggregate_order_by(text("','"), OrderSerial.id, _Other.id))
    statement = _others(found).where(OrderSerial.order_line_id == OrderLine.id, OrderLine.order_id == Order.id)
    return statement.correlate(Order).scalar_subquery()


def holder(session: Session, serial: str, *, order_id: int) -> Holder | None:
    """A live order that has the piece; `order_id` only if no other has it."""
    row = session.execute(
        select(Order.id, Order.number, Channel.name)
        .join(Channel, Channel.id == Order.channel_id)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .join(OrderSerial, OrderSerial.order_line_id == OrderLine.id)
        .where(OrderSerial.serial == serial, live(Order))
        .order_by(Order.id == order_id, Order.id)
        .limit(1)
    ).one_or_none()
    return None if row is None else Holder._make(row)


def over(session: Session, order_ids: Sequence[int]) -> list[int]:
    """Those of the orders that have pieces and are not live."""
    piece = exists().where(OrderSerial.order_line_id == OrderLine.id, OrderLine.order_id == Order.id)
    statement = select(Order.id).where(Order.id == func.any(list(order_ids)), not_(live(Order)), piece)
    return list(session.execute(statement).scalars())


def twice(session: Session, order_ids: Sequence[int]) -> list[Twice]:
    """Pieces that live ones of these orders share with live orders, once from either side."""
    statement = (
        _others(Order.id, Order.number, _Shop.name, OrderLine.label, OrderSerial.serial, _Other.id, _Other.number,
                Channel.name, _Line.label)
        .where(_Shop.id == Order.channel_id, OrderSerial.order_line_id == OrderLine.id, OrderLine.order_id == Order.id,
               Order.id == func.any(list(order_ids)))
    )  # fmt: skip
    found = set()
    for *mine, line, serial, id_, number, channel, its_line in session.execute(statement):
        here, there = Holder(*mine), Holder(id_, number, channel)
        found |= {Twice(here.order_id, line, serial, there), Twice(there.order_id, its_line, serial, here)}
    return sorted(found)


def touch_others(session: Session, order_ids: Sequence[int]) -> None:
    """Move every other order that has a piece of these: its open pages tell whose it is."""
    shared = (
        select(_Line.order_id)
        .join(_Piece, _Piece.order_line_id == _Line.id)
        .join(OrderSerial, OrderSerial.serial == _Piece.serial)
        .join(OrderLine, OrderLine.id == OrderSerial.order_line_id)
        .where(OrderLine.order_id == func.any(list(order_ids)))
    )
    session.execute(
        update(Order)
        .where(Order.id.in_(shared), Order.id != func.all(list(order_ids)))
        .values(revision=Order.revision + 1),
        execution_options={"synchronize_session": False},
    )
