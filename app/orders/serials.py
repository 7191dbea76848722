"""Which pieces went into an order: serial numbers of its lines, told by who packs it, or by another system."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.auth import audit
from app.db import Json
from app.orders import holders
from app.orders.holders import Holder
from app.orders.models import Order, OrderKey, OrderLine, OrderSerial
from app.orders.serial_numbers import read
from app.orders.services import note


class Refused(Exception):
    """`code`: over, not_a_piece, full, here (on another line of the order), elsewhere (`holder` says where)."""

    def __init__(self, code: str, holder: Holder | None = None) -> None:
        super().__init__(code)
        self.code, self.holder = code, holder


# One piece is told of one order at a time: whoever asks second waits, and then sees the first.
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('serial ' || :serial, 0))")


def add(session: Session, order_id: int, line_id: int, said: str, *, by: str, user_id: int | None,
        now: datetime, actor: str | None = None) -> bool:  # fmt: skip
    """The piece with that serial number goes into the line; False if that was known. Raises NotASerial, Refused.

    `by`: the name that the timeline tells. `actor`: as in `audit.record`.
    """
    serial = read(said)
    order = session.execute(select(Order).where(Order.id == order_id).with_for_update()).scalar_one()
    line = session.execute(
        select(OrderLine).where(OrderLine.id == line_id, OrderLine.order_id == order_id)
    ).scalar_one()  # fmt: skip
    if order.gone_at is not None or order.state == "cancelled":
        raise Refused("over")
    if line.kind != "product":
        raise Refused("not_a_piece")
    session.execute(_ONE_AT_A_TIME, {"serial": serial})
    holder = holders.holder(session, serial, order_id=order_id)
    if holder is not None and holder.order_id == order_id:
        same = select(OrderSerial.id).where(OrderSerial.order_line_id == line_id, OrderSerial.serial == serial)
        if session.execute(same).scalar_one_or_none() is not None:
            return False
        raise Refused("here")
    if holder is not None:
        raise Refused("elsewhere", holder)
    had = select(func.count()).where(OrderSerial.order_line_id == line_id)
    if session.execute(had).scalar_one() >= line.quantity:
        raise Refused("full")
    session.add(OrderSerial(order_line_id=line_id, serial=serial, added_at=now, added_by=user_id))
    session.execute(
        insert(OrderKey)
        .values(order_id=order_id, kind="serial", value=serial.lower(), placed_at=order.placed_at)
        .on_conflict_do_nothing()
    )
    audit.record(session, act="orders.serial_add", subject_kind="order", subject_id=str(order_id), actor=actor,
                 after={"line": line.label, "serial": serial})  # fmt: skip
    note(session, order_id, "serial", _facts(line, serial, by), now=now)
    return True


def remove(session: Session, order_id: int, serial_id: int, *, by: str, now: datetime,
           actor: str | None = None) -> bool:  # fmt: skip
    """The piece does not go into the order after all; False if that was known."""
    session.execute(select(Order.id).where(Order.id == order_id).with_for_update())
    found = session.execute(
        select(OrderSerial, OrderLine)
        .join(OrderLine, OrderLine.id == OrderSerial.order_line_id)
        .where(OrderSerial.id == serial_id, OrderLine.order_id == order_id)
    ).one_or_none()
    if found is None:
        return False
    serial, line = found
    holders.touch_others(session, [order_id])
    session.delete(serial)
    session.execute(
        delete(OrderKey).where(
            OrderKey.order_id == order_id, OrderKey.kind == "serial", OrderKey.value == serial.serial.lower()
        )
    )
    audit.record(session, act="orders.serial_remove", subject_kind="order", subject_id=str(order_id), actor=actor,
                 before={"line": line.label, "serial": serial.serial})  # fmt: skip
    note(session, order_id, "serial_off", _facts(line, serial.serial, by), now=now)
    return True


def _facts(line: OrderLine, serial: str, by: str) -> Json:
    return {"line": line.label, "serial": serial, "by": by}
