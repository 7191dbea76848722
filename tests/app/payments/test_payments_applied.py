"""Payments applied, linked, booked and judged: any order of news ends in Mollie's truth."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import few_orders
import few_payments as few
import pytest
import sqlalchemy as sa
from few_payments import NOON, TOTAL
from small_assortment import Assortment
from sqlalchemy.orm import Session

from app.orders import services as orders
from app.orders.models import Order, OrderEvent
from app.orders.seen import OrderSeen
from app.payments import services
from app.payments.models import MoneyEntry, OrderMoney, Payment, Refund
from app.payments.seen import PaymentSeen
from sandbox.testing import hexid


class Till:
    """Two storefronts whose orders and payments come in."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.channels = [shop.id for shop in Assortment(session).shops]
        session.commit()

    def order(self, *seen: OrderSeen, shop: int = 1) -> int:
        applied = orders.apply_orders(self.session, self.channels[shop], seen, now=NOON)
        services.orders_moved(self.session, applied.moved, now=NOON)
        self.session.commit()
        found = sa.select(Order.id).where(Order.external_id == seen[0].external_id)
        return self.session.execute(found).scalar_one()

    def payment(self, *seen: PaymentSeen, shop: int = 1, now: Any = NOON) -> services.Applied:
        applied = services.apply_payments(self.session, self.channels[shop], seen, now=now)
        self.session.commit()
        self.session.expire_all()
        return applied

    def money(self, order_id: int) -> OrderMoney:
        self.session.expire_all()
        return self.session.get_one(OrderMoney, order_id)

    def row(self, id_: str = "tr_1") -> Payment:
        self.session.expire_all()
        return self.session.execute(sa.select(Payment).where(Payment.external_id == id_)).scalar_one()

    def entries(self) -> list[tuple[str, str, Decimal]]:
        rows = self.session.execute(sa.select(MoneyEntry).order_by(MoneyEntry.id)).scalars()
        return [(row.kind, row.reference, row.amount) for row in rows]


@pytest.fixture
def till(session: Session) -> Till:
    return Till(session)


def paid_order(number: str = "10001", state: str = "paid", **facts: Any) -> OrderSeen:
    attempt = few_orders.payment(number, state=state, mollie_payment_id="tr_1")
    return few_orders.order(number, payment_state=state, payments=(attempt,), **facts)


@pytest.mark.parametrize(
    ("facts", "by"),
    [
        ({"transaction_id": hexid("payment 10001")}, "webhook"),
        ({"order_number": "10001"}, "metadata"),
        ({}, "shop"),
        ({"order_number": "10001", "described": True}, "shop"),
    ],
)
@pytest.mark.parametrize("order_first", [True, False])
def test_a_payment_finds_its_order_whichever_comes_first(
    till: Till, facts: dict[str, Any], by: str, *, order_first: bool
) -> None:
    payment = few.payment(**facts)
    if order_first:
        order_id = till.order(paid_order())
        till.payment(payment)
    else:
        till.payment(payment)
        order_id = till.order(paid_order())

    assert (till.row().order_id, till.row().linked_by) == (order_id, by)
    assert till.money(order_id).verdict == "paid"


def test_the_same_number_of_another_shop_is_another_order(till: Till) -> None:
    other = till.order(paid_order(), shop=0)
    mine = till.order(paid_order("10001", external_id=hexid("other 10001")), shop=1)

    till.payment(few.payment(order_number="10001"), shop=1)

    assert till.row().order_id == mine != other


def test_the_same_look_twice_moves_nothing(till: Till) -> None:
    order_id = till.order(paid_order())
    till.payment(few.payment())
    before = till.session.get_one(Order, order_id).revision

    applied = till.payment(few.payment(asked_at=NOON + timedelta(minutes=5)))

    assert (applied.moved, applied.unchanged) == ([], 1)
    assert till.session.get_one(Order, order_id).revision == before
    assert till.entries() == [("paid", "tr_1", TOTAL)]
    assert till.row().read_at == NOON + timedelta(minutes=5)


def test_an_answer_that_was_asked_for_earlier_changes_nothing(till: Till) -> None:
    till.payment(few.payment(asked_at=NOON + timedelta(minutes=5)))

    applied = till.payment(few.payment(status="open", asked_at=NOON))

    assert applied.moved == []
    assert till.row().status == "paid"


def test_it_is_asked_for_again_at_growing_intervals_until_it_is_final(till: Till) -> None:
    pauses = []
    for minutes in (0, 1, 10, 60, 60 * 48):
        now = NOON + timedelta(minutes=minutes)
        till.payment(few.payment(status="open", asked_at=now), now=now)
        due = till.row().due_at
        assert due is not None
        pauses.append((due - now).total_seconds())
    till.payment(few.payment(asked_at=NOON + timedelta(days=3)), now=NOON + timedelta(days=3))

    assert pauses == [20, 30, 300, 1800, 6 * 3600]
    assert till.row().due_at is None


def test_a_refund_that_waits_is_asked_after_and_one_that_is_gone_was_canceled(till: Till) -> None:
    order_id = till.order(paid_order())
    till.payment(few.payment(refunds=(few.refund(),)))
    assert till.row().due_at is not None
    refund = till.session.execute(sa.select(Refund)).scalar_one()
    assert (refund.state, refund.status, refund.reason) == ("pending", "pending", "")
    assert till.money(order_id).verdict == "partly_refunded"

    till.payment(few.payment(asked_at=NOON + timedelta(minutes=5)))

    till.session.expire_all()
    assert till.session.execute(sa.select(Refund.state)).scalar_one() == "canceled"
    assert till.money(order_id).verdict == "paid"
    assert sum(amount for _kind, _reference, amount in till.entries()) == TOTAL


def test_a_payment_that_a_shop_names_and_nobody_knows_is_a_problem_until_it_is_there(till: Till) -> None:
    order_id = till.order(paid_order(state="open"))
    services.absent(till.session, till.channels[1], "tr_1", now=NOON)

    assert [one["kind"] for one in till.money(order_id).problems] == ["unknown_payment"]

    till.payment(few.payment(status="open"))
    assert till.money(order_id).problems == []


def test_what_does_not_fit_keeps_its_age(till: Till) -> None:
    order_id = till.order(paid_order(state="open"))
    till.payment(few.payment())
    since = till.money(order_id).since
    assert since == NOON

    till.payment(
        few.payment(refunds=(few.refund(),), asked_at=NOON + timedelta(hours=1)), now=NOON + timedelta(hours=1)
    )

    assert till.money(order_id).since == since
    assert till.money(order_id).doubt


def test_what_mollie_says_stands_on_the_timeline_once(till: Till) -> None:
    order_id = till.order(paid_order(state="open"))
    till.payment(few.payment(status="open"))
    till.payment(few.payment(asked_at=NOON + timedelta(minutes=1)))
    till.payment(few.payment(asked_at=NOON + timedelta(minutes=2)))

    told = till.session.execute(sa.select(OrderEvent.facts).where(OrderEvent.kind == "verdict")).scalars().all()
    assert [facts["to"] for facts in told] == ["paid"]
    assert order_id


def test_a_sum_that_differs_from_mollies_is_named(till: Till) -> None:
    order_id = till.order(paid_order())
    till.payment(few.payment(refunded=Decimal("3.00")))

    assert till.row().difference == Decimal("3.00")
    assert [one["kind"] for one in till.money(order_id).problems] == ["ledger_differs"]


def test_the_ledger_takes_nothing_back(till: Till) -> None:
    till.payment(few.payment())

    for statement in ("UPDATE money_entry SET amount = 0", "DELETE FROM money_entry"):
        with pytest.raises(sa.exc.ProgrammingError, match="append only"), till.session.begin_nested():
            till.session.execute(sa.text(statement))
