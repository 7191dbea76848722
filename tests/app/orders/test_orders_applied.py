"""Looks at orders, applied: what is written, what is not, and what the timeline says."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import few_orders as few
import pytest
import sqlalchemy as sa
from few_orders import NOON
from small_assortment import Assortment
from sqlalchemy.orm import Session

from app.orders import services
from app.orders.models import Order, OrderAddress, OrderEvent, OrderLine, OrderPayment
from app.orders.seen import OrderSeen


@pytest.fixture
def channel(session: Session) -> int:
    return Assortment(session).shops[0].id


def apply(session: Session, channel: int, *orders: OrderSeen) -> services.Applied:
    applied = services.apply_orders(session, channel, orders, now=NOON + timedelta(hours=1))
    session.expire_all()
    return applied


def events(session: Session) -> list[tuple[str, dict[str, Any]]]:
    rows = session.execute(sa.select(OrderEvent.kind, OrderEvent.facts).order_by(OrderEvent.id))
    return [(row.kind, {name: row.facts.get(name) for name in ("from", "to") if name in row.facts}) for row in rows]


def test_a_page_of_orders_is_counted_and_written_once(session: Session, channel: int) -> None:
    first, second = few.order("10001"), few.order("10002")
    assert apply(session, channel, first, second)[:3] == (2, 0, 0)
    where = sa.text("SELECT array_agg(xmin::text || ctid::text) FROM shop_order")
    before = session.execute(where).scalar_one()

    assert apply(session, channel, first, second, first)[:3] == (0, 0, 2)

    assert session.execute(where).scalar_one() == before
    assert events(session) == [("placed", {}), ("placed", {})]


def test_an_order_that_was_far_before_we_knew_it_tells_where_it_is(session: Session, channel: int) -> None:
    apply(session, channel, few.order(
        state="completed", payment_state="paid", delivery_state="shipped",
        payments=(few.payment(state="cancelled"), few.payment("b", state="paid")),
        deliveries=(few.delivery(state="shipped", tracking_codes=("3S1", "3S2")),),
    ))  # fmt: skip

    assert events(session) == [
        ("placed", {}), ("order", {"from": "open", "to": "completed"}), ("payment", {"from": None, "to": "cancelled"}),
        ("payment", {"from": None, "to": "paid"}), ("tracking", {}), ("tracking", {}),
        ("delivery", {"from": None, "to": "shipped"}),
    ]  # fmt: skip


def test_what_an_order_lost_goes_and_what_stays_keeps_its_row(session: Session, channel: int) -> None:
    apply(session, channel, few.order(lines=(few.line("a"), few.line("b", position=2, sku=None))))
    kept = session.execute(sa.select(OrderLine.id).where(OrderLine.sku.is_not(None))).scalar_one()

    applied = apply(session, channel, few.order(
        lines=(few.line("a", quantity=3), few.line("c", label="Cover")), payments=(), addresses=(),
        total=Decimal("363.00"),
    ))  # fmt: skip

    assert applied[:3] == (0, 1, 0)
    assert applied.dropped == [few.line("b").external_id]
    rows = session.execute(sa.select(OrderLine).order_by(OrderLine.id)).scalars().all()
    assert [(row.id == kept, row.quantity, row.label) for row in rows] == [(True, 3, "iPhone 12"), (False, 1, "Cover")]
    assert session.execute(sa.select(OrderPayment)).first() is None
    assert session.execute(sa.select(OrderAddress)).first() is None
    edit = session.execute(sa.select(OrderEvent.facts).where(OrderEvent.kind == "edited")).scalar_one()
    assert edit == {"added": [["Cover", 1]], "removed": [["iPhone 12", 1]], "changed": [["iPhone 12", 1, 3]],
                    "total": ["121.00", "363.00"]}  # fmt: skip


@pytest.mark.parametrize(
    ("edited", "facts"),
    [
        ({"lines": (few.line("10001", unit_price=Decimal("99.5")),)}, {"prices": [["iPhone 12", "121.0000", "99.5"]]}),
        ({"email": "new@example.com"}, {"mail": ["ada@example.com", "new@example.com"]}),
        ({"name": "Ada Bos", "company": "Bos B.V."}, {"name": ["Ada Jansen", "Ada Bos"], "company": ["", "Bos B.V."]}),
        ({"shipping": Decimal("5.95"), "total": Decimal("126.95")},
         {"shipping": ["0.00", "5.95"], "total": ["121.00", "126.95"]}),
        ({"deliveries": (few.delivery("10001", method_name="Courier"),)}, {"sent_by": ["Parcel", "Courier"]}),
        ({"addresses": (few.order().addresses[0]._replace(phone="0612345678"),)}, {"phone": ["", "0612345678"]}),
    ],
)  # fmt: skip
def test_what_was_changed_at_the_shop_is_told_old_and_new(
    session: Session, channel: int, edited: dict[str, Any], facts: dict[str, Any]
) -> None:
    apply(session, channel, few.order("10001"))

    apply(session, channel, few.order("10001", **edited))

    told = session.execute(sa.select(OrderEvent.kind, OrderEvent.facts).where(OrderEvent.kind != "placed")).all()
    assert [tuple(row) for row in told] == [("edited", facts)]


def test_a_parcel_or_an_address_that_comes_later_is_no_change_of_one(session: Session, channel: int) -> None:
    apply(session, channel, few.order("10001", deliveries=(), addresses=()))

    apply(session, channel, few.order("10001"))

    assert session.execute(sa.select(OrderEvent.kind)).scalars().all() == ["placed"]


def test_lines_find_our_variants_by_sku(session: Session) -> None:
    assortment = Assortment(session)
    variant = assortment.variant("SKU-1")

    apply(session, assortment.shops[0].id, few.order(lines=(
        few.line("a"), few.line("b", sku="OTHER"), few.line("c", kind="promotion"),
    )))  # fmt: skip

    found = session.execute(sa.select(OrderLine.variant_id).order_by(OrderLine.external_id)).scalars().all()
    assert sorted(found, key=str) == sorted([variant.id, None, None], key=str)


def test_an_order_that_was_gone_and_is_told_again_is_back(session: Session, channel: int) -> None:
    seen = few.order()
    apply(session, channel, seen)
    services.mark_gone(session, channel, [seen.external_id, "unknown"], now=NOON)
    assert services.mark_gone(session, channel, [seen.external_id], now=NOON) == []

    assert apply(session, channel, seen)[:3] == (0, 1, 0)

    assert session.execute(sa.select(Order.gone_at)).scalar_one() is None
    assert [kind for kind, _facts in events(session)] == ["placed", "gone", "back"]


def test_hostile_text_is_kept_as_it_came(session: Session, channel: int) -> None:
    odd = "'; DROP TABLE shop_order; --\t\\N\n<svg onload=1> {{7*7}} ‮"
    apply(session, channel, few.order(odd, name=odd, comment=odd, lines=(few.line(label=odd, sku=odd[:255]),)))

    kept = session.execute(sa.select(Order)).scalar_one()
    assert (kept.number, kept.name, kept.comment) == (odd, odd, odd)
    assert session.execute(sa.select(OrderLine.label)).scalar_one() == odd
