"""Money that goes back for pieces that may be sold again lets go of them."""

from __future__ import annotations

import uuid
from decimal import Decimal

import few_orders
import few_payments as few
import pytest
import sqlalchemy as sa
from few_payments import NOON
from small_assortment import Assortment
from sqlalchemy.orm import Session

from app.orders import promises
from app.orders import services as orders
from app.orders.models import OrderLine
from app.payments import refunds, services
from app.payments.models import Payment, Refund
from app.stock.models import Reservation


class Shop:
    """An order of three pieces, paid, with the pieces kept for it."""

    def __init__(self, session: Session) -> None:
        self.session = session
        assortment = Assortment(session)
        variant = assortment.variant("SKU-1")
        assortment.offer(assortment.supplier(), variant, quantity=5)
        assortment.refresh(variant, now=NOON)
        self.channel = assortment.shops[1].id
        seen = few_orders.order("10001", payment_state="paid", lines=(few_orders.line(quantity=3),))
        (self.order,) = orders.apply_orders(session, self.channel, [seen], now=NOON).moved
        services.apply_payments(session, self.channel, [few.payment(order_number="10001")], now=NOON)
        self.keep()
        self.line = session.execute(sa.select(OrderLine.id)).scalar_one()

    def keep(self) -> None:
        promises.keep(self.session, self.channel, [self.order], now=NOON, given_up=NOON)

    def refund(self, amount: str, *lines: tuple[int, int], returns: bool, state: str = "pending") -> None:
        payment = self.session.execute(sa.select(Payment.id)).scalar_one()
        refunds.request(self.session, payment, Decimal(amount), key=uuid.uuid4().hex, reason="goodwill", note_="",
                        lines=lines, returns=returns, user_id=None, limit=None, now=NOON)  # type: ignore[arg-type]  # fmt: skip
        self.session.execute(sa.update(Refund).where(Refund.state == "requested").values(state=state))
        self.keep()

    def kept(self) -> int:
        held = sa.select(sa.func.coalesce(sa.func.sum(Reservation.quantity), 0)).where(Reservation.state == "held")
        return self.session.execute(held).scalar_one()


@pytest.fixture
def shop(session: Session) -> Shop:
    return Shop(session)


def test_a_refund_of_one_piece_that_was_never_sent_keeps_the_others(shop: Shop) -> None:
    assert shop.kept() == 3

    shop.refund("40.33", (shop.line, 1), returns=True)

    assert shop.kept() == 2
    shop.keep()
    assert shop.kept() == 2


def test_a_refund_of_all_pieces_lets_go_of_them(shop: Shop) -> None:
    shop.refund("121.00", returns=True)

    assert shop.kept() == 0
    assert shop.session.execute(sa.select(OrderLine.promise)).scalar_one() == "released"


@pytest.mark.parametrize(("returns", "state"), [(False, "pending"), (True, "failed"), (True, "waiting")])
def test_goodwill_and_money_that_never_went_keep_the_pieces(shop: Shop, *, returns: bool, state: str) -> None:
    shop.refund("121.00", returns=returns, state=state)

    assert shop.kept() == 3
