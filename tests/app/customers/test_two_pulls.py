"""Two storefronts at once, on connections of their own: one customer, not two."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from browsing import until
from few_orders import NOON
from flask import Flask
from people import People
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.customers import twins
from app.customers.models import Customer, CustomerKey, CustomerPair
from app.db import db
from app.orders import services
from app.orders.models import Order
from app.orders.seen import OrderSeen

PATIENCE_S = 20


@pytest.fixture
def engine(committed: Flask) -> Engine:
    return db.engine


@pytest.fixture
def people(engine: Engine) -> People:
    with Session(engine) as session, session.begin():
        return People(session)


def waits(engine: Engine) -> bool:
    """Whether somebody waits for another transaction to end."""
    with engine.connect() as connection:
        return bool(connection.execute(sa.text(
            "SELECT EXISTS (SELECT 1 FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
            "WHERE NOT l.granted AND a.datname = current_database())"
        )).scalar_one())  # fmt: skip


def test_who_comes_second_waits_and_takes_the_firsts_customer(engine: Engine, people: People) -> None:
    orders = [people.order("ada@x.nl", "Ada Bos", account=f"A{shop}") for shop in range(2)]

    def second() -> None:
        with Session(engine) as session, session.begin():
            services.apply_orders(session, people.shops[1], [orders[1]], now=NOON)

    with ThreadPoolExecutor(1) as pool, Session(engine) as first:
        with first.begin():
            services.apply_orders(first, people.shops[0], [orders[0]], now=NOON)
            done = pool.submit(second)
            until(lambda: waits(engine))
        done.result(PATIENCE_S)

    with Session(engine) as session:
        (customer,) = session.execute(sa.select(Customer)).scalars().all()
        assert (customer.orders, sorted(customer.channel_ids)) == (2, sorted(people.shops))
        assert set(session.execute(sa.select(CustomerKey.customer_id)).scalars()) == {customer.id}
        assert session.execute(sa.select(sa.func.count(CustomerKey.value))).scalar_one() == 3


def test_pages_of_the_same_people_at_once_are_each_person_once(engine: Engine, people: People) -> None:
    pages: list[Sequence[OrderSeen]] = [
        [people.order(f"p{n}@x.nl", f"P Bos{n}", guest=f"g{shop}{n}", phone="0612345678" if n < 2 else "")
         for n in (range(30) if shop else reversed(range(30)))]
        for shop in range(2)
    ]  # fmt: skip
    gate = threading.Barrier(2)

    def pull(shop: int) -> None:
        for start in range(0, 30, 10):
            with Session(engine) as session, session.begin():
                gate.wait(PATIENCE_S)
                services.apply_orders(session, people.shops[shop], pages[shop][start : start + 10], now=NOON)
            with Session(engine) as session, session.begin():
                twins.look(session, now=NOON)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(pull, shop) for shop in range(2)]:
            done.result(PATIENCE_S)

    with Session(engine) as session:
        customers = session.execute(sa.select(Customer)).scalars().all()
        assert (len(customers), {customer.orders for customer in customers}) == (30, {2})
        assert session.execute(sa.select(sa.func.count(Order.id)).where(Order.customer_id.is_(None))).scalar_one() == 0
        assert session.execute(sa.select(sa.func.count()).select_from(CustomerPair)).scalar_one() == 1
