"""Customers come in with the orders of two real sandbox shops: accounts and guests, the old ones too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock
from app.customers.models import Customer, CustomerLook, CustomerPair
from app.db import transaction
from app.flows import services as flows
from app.orders.models import Order
from jobs import ledger
from sandbox.testing import BareShop, hexid

FLOW = "shopware.orders.portal"


@pytest.fixture
def shops(portal: Flask, shop_of: Callable[[str], BareShop]) -> list[BareShop]:
    return [shop_of("refurbished-direct"), shop_of("econocom")]


def place(shop: BareShop, number: str, *, phone: str = "", record: dict[str, Any] | None = None, **buyer: str) -> None:
    """An order of somebody, whom the shop has a record of."""
    payload = shop.order(number, {"payload": {"productNumber": "A"}})
    payload["orderCustomer"] |= buyer
    payload["addresses"][0] |= {"phoneNumber": phone, "street": f"Laan {number}"}
    if record:
        shop.sync(record, entity="customer").raise_for_status()
        payload["orderCustomer"]["customerId"] = record["id"]
    shop.post("order", payload).raise_for_status()


def poll() -> None:
    now = clock.now()
    with transaction() as session:
        flows.receive(session, FLOW, key=now.isoformat(), delivery_id=f"tick:{now.isoformat()}",
                      body={"due_at": now.isoformat()}, now=now)  # fmt: skip
    ledger.drain(FLOW)  # The tick, which asks the shops.
    ledger.drain(FLOW)


def found() -> dict[str, Order]:
    with transaction() as session:
        session.expire_all()
        return {order.number: order for order in session.execute(sa.select(Order)).scalars()}


def test_accounts_and_guests_of_two_shops_are_told_apart_and_together(shops: list[BareShop]) -> None:
    account = {"id": hexid("ada"), "guest": False, "email": "ada@example.com", "firstName": "Ada", "lastName": "Jansen"}
    guest = {**account, "id": hexid("guest"), "guest": True}
    place(shops[0], "10001", record=guest)
    place(shops[1], "20001", record=account)
    place(shops[1], "20002", record=account, email="ada@work.example", phone="06 1234 5678")
    place(shops[0], "10002", email="bo@example.com", firstName="Bo", phone="+31612345678")

    poll()

    orders = found()
    assert {number: order.guest for number, order in orders.items()} == {
        "10001": True, "20001": False, "20002": False, "10002": True,
    }  # fmt: skip
    ada, bo = orders["10001"].customer_id, orders["10002"].customer_id
    assert [orders[number].customer_id for number in ("20001", "20002")] == [ada, ada]
    with transaction() as session:
        pair = session.execute(sa.select(CustomerPair)).scalar_one()
        assert ({pair.low_id, pair.high_id}, pair.kinds) == ({ada, bo}, ["phone"])
        assert session.execute(sa.select(CustomerLook)).all() == []


def test_orders_of_before_customers_were_known_get_theirs_by_a_poll(shops: list[BareShop]) -> None:
    place(shops[0], "10001")
    place(shops[1], "20001")
    poll()
    with transaction() as session:
        session.execute(sa.text("UPDATE shop_order SET customer_id = NULL"))
        session.execute(sa.text("TRUNCATE customer_key, customer_pair, customer_look, customer_merge"))
        session.execute(sa.text("DELETE FROM customer"))

    poll()

    orders = found()
    assert orders["10001"].customer_id == orders["20001"].customer_id is not None
    with transaction() as session:
        assert session.execute(sa.select(Customer.orders)).scalars().all() == [2]
