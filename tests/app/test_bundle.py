"""Rows of several tables by one statement are the objects that a statement each would have given."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import few_orders as few
import sqlalchemy as sa
from desk import Desk
from sqlalchemy.orm import Session

from app.bundle import bundle, objects, read
from app.db import Base
from app.orders.models import Order, OrderAddress, OrderDelivery, OrderEvent, OrderLine

PARTS = {"lines": OrderLine, "deliveries": OrderDelivery, "addresses": OrderAddress, "events": OrderEvent, "all": Order}
DOCUMENT = {"n": 1, "f": 1.5, "s": "é\"'\\\n☃", "list": [1, 2.25, None, {"x": 0.1}], "b": True}


def told(one: Base) -> dict[str, object]:
    return {column.key: getattr(one, column.key) for column in sa.inspect(type(one)).columns}


def test_every_value_of_every_column_is_as_psycopg_gives_it(desk: Desk, session: Session) -> None:
    comment = "\"quoted\" 'and' \\ back\nnew ☃"
    desk.comes(few.order("10001", comment=comment, total=Decimal("1234567.10")), few.order("10002", lines=()))
    session.execute(sa.update(OrderEvent).values(facts=DOCUMENT))
    session.execute(sa.update(Order).values(gone_at=datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)))
    statements = {name: sa.select(model).order_by(model.__table__.c.id.desc()) for name, model in PARTS.items()}
    session.expunge_all()

    rows = read(session, bundle(**statements))

    for name, model in PARTS.items():
        wanted = [told(one) for one in session.execute(statements[name]).scalars()]
        assert wanted
        assert [told(one) for one in objects(model, rows[name])] == wanted
    facts = objects(OrderEvent, rows["events"])[0].facts
    assert isinstance(facts["f"], float)


def test_a_part_without_rows_and_what_else_a_row_has(session: Session) -> None:
    rows = read(
        session,
        bundle(none=sa.select(Order), two=sa.select(sa.literal(2).label("more"), sa.literal("x").label("word"))),
    )

    assert rows == {"none": [], "two": [{"more": 2, "word": "x"}]}
    assert objects(Order, rows["none"]) == []


def test_objects_are_of_no_session(desk: Desk, session: Session) -> None:
    desk.comes(few.order("10001"))
    rows = read(session, bundle(orders=sa.select(Order)))

    (order,) = objects(Order, rows["orders"])
    order.name = "Somebody else"
    session.commit()

    assert order not in session
    assert session.execute(sa.select(Order.name)).scalar_one() == "Ada Jansen"
