"""Two storefronts, and people who buy at them."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any

import few_orders as few
import sqlalchemy as sa
from few_orders import NOON
from small_assortment import Assortment
from sqlalchemy.orm import Session

from app.customers import persons, twins
from app.customers.models import Customer, CustomerPair
from app.orders import services
from app.orders.models import Order
from app.orders.seen import AddressSeen, OrderSeen
from sandbox.testing import hexid


class People:
    """Orders come in; who is who is read back."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.shops = [shop.id for shop in Assortment(session).shops]
        self._numbers = count(10001)

    def order(self, mail: str = "", name: str = "", *, account: str | None = None, guest: str | None = None,
              phone: str = "", house: str = "", number: str = "", **facts: Any) -> OrderSeen:  # fmt: skip
        """An order of somebody, at a house of its own unless one is named; `account`, `guest`: the shop's record."""
        number = number or str(next(self._numbers))
        record = account or guest
        address = AddressSeen(
            hexid(f"address {number}"), True, name, "", house or f"Laan {number}", "", "1012 JS", "Amsterdam", "NL",
            phone,
        )  # fmt: skip
        return few.order(
            number, email=mail, name=name, addresses=(address,), guest=account is None, customer_number="",
            customer_external_id=hexid(record) if record else None, **facts,
        )  # fmt: skip

    def comes(self, *orders: OrderSeen, shop: int = 0) -> list[int]:
        """The storefront tells of the orders; returns whose they are, in their order."""
        services.apply_orders(self.session, self.shops[shop], orders, now=NOON + timedelta(hours=1))
        while twins.look(self.session, now=NOON):
            pass
        self.session.expire_all()
        return [self.owner(order.number, shop) for order in orders]

    def owner(self, number: str, shop: int = 0) -> int:
        owner = self.session.execute(
            sa.select(Order.customer_id).where(Order.number == number, Order.channel_id == self.shops[shop])
        ).scalar_one()
        assert owner is not None
        return owner

    def person(self, customer: int) -> int:
        return persons.persons_of(self.session, [customer])[customer]

    def customer(self, id_: int) -> Customer:
        return self.session.get_one(Customer, id_, populate_existing=True)

    def questions(self) -> list[tuple[int, int, list[str]]]:
        """The pairs that wait for a person, with what they share."""
        rows = self.session.execute(
            sa.select(CustomerPair.low_id, CustomerPair.high_id, CustomerPair.kinds)
            .where(CustomerPair.state == "open", CustomerPair.joined.is_(False))
            .order_by(CustomerPair.low_id, CustomerPair.high_id)
        )
        return [(row.low_id, row.high_id, row.kinds) for row in rows]
