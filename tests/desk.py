"""Where an agent sits, and orders come in from two storefronts."""

from __future__ import annotations

from collections.abc import Callable

import flask_babel
import pytest
import sqlalchemy as sa
from few_orders import NOON
from flask.testing import FlaskClient
from small_assortment import Assortment
from sqlalchemy.orm import Session

from app.orders import promises, services
from app.orders.seen import OrderSeen
from app.payments import services as money
from app.payments.seen import PaymentSeen


class Desk:
    """An agent, and two storefronts whose orders come in."""

    def __init__(self, session: Session, sign_in: Callable[[str], FlaskClient]) -> None:
        self.session = session
        self.assortment = Assortment(session)
        variant = self.assortment.variant("SKU-1")
        self.assortment.offer(self.assortment.supplier(), variant, quantity=2)
        self.assortment.refresh(variant, now=NOON)
        self.browser = sign_in("agent")
        session.execute(sa.text("UPDATE user_account SET locale = 'en'"))
        session.commit()

    def comes(self, *orders: OrderSeen, shop: int = 1) -> list[int]:
        channel = self.assortment.shops[shop].id
        applied = services.apply_orders(self.session, channel, orders, now=NOON)
        promises.keep(self.session, channel, applied.moved, dropped=applied.dropped, now=NOON, given_up=NOON)
        self.session.commit()
        return applied.moved

    def pays(self, *payments: PaymentSeen, shop: int = 1) -> None:
        money.apply_payments(self.session, self.assortment.shops[shop].id, payments, now=NOON)
        self.session.commit()

    def page(self, path: str, **headers: str) -> str:
        flask_babel.refresh()  # The test's application context would keep the locale of its first request.
        answer = self.browser.get(path, headers=headers)
        assert answer.status_code == 200, path
        return " ".join(answer.get_data(as_text=True).split())


@pytest.fixture
def desk(session: Session, sign_in: Callable[[str], FlaskClient]) -> Desk:
    return Desk(session, sign_in)
