"""A page of a list is remembered until something that it shows moves."""

from __future__ import annotations

import re

import few_orders as few
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from remembering import statements, until
from small_assortment import Assortment
from sqlalchemy.orm import Session

from app import clock
from app.channels.models import Channel
from app.db import transaction
from app.lists import queries
from app.lists.registry import LISTS, description
from app.lists.rows import TICK_S
from app.lists.state import State
from app.orders import services
from app.orders.models import Order, OrderLine

ROWS = "AS list_key"  # In what reads a page.
VALUES = ("yes", "100..110", "30..", "7d", "2026-01-01..", "SKU-1", "ada")  # One of them means something to a filter.


@pytest.fixture
def shop(remembering: Flask) -> int:
    """A storefront with one order."""
    with transaction() as session:
        assortment = Assortment(session)
        assortment.offer(assortment.supplier(), assortment.variant("SKU-1"))
        services.apply_orders(session, assortment.shops[1].id, [few.order("10001")], now=few.NOON)
        return assortment.shops[1].id


def numbers(client: FlaskClient, address: str = "/orders/") -> list[str]:
    return re.findall(r'<a href="/orders/[^"]+">#(\d+)</a>', client.get(address).get_data(as_text=True))


def test_the_same_page_again_asks_nothing(shop: int, onlooker: FlaskClient) -> None:
    assert numbers(onlooker) == ["10001"]

    assert not any(ROWS in one for one in statements(onlooker, "/orders/"))
    assert any(ROWS in one for one in statements(onlooker, "/orders/?payment=open"))
    assert not any(ROWS in one for one in statements(onlooker, "/orders/?payment=open"))


def test_an_order_that_comes_in_is_there(shop: int, onlooker: FlaskClient) -> None:
    assert numbers(onlooker) == ["10001"]
    with transaction() as session:
        services.apply_orders(session, shop, [few.order("10002")], now=few.NOON)

    until(lambda: numbers(onlooker) == ["10002", "10001"])


def test_whoever_acted_sees_it_at_once(shop: int, onlooker: FlaskClient) -> None:
    assert numbers(onlooker) == ["10001"]
    assert onlooker.post("/account/switch", data={"theme": "dark", "back": "/orders/"}).status_code == 303

    assert any(ROWS in one for one in statements(onlooker, "/orders/"))


@pytest.mark.parametrize(
    ("query", "act"),
    [
        ("", sa.update(Order).values(payment_state="paid")),
        ("", sa.update(Channel).values(name="Renamed")),
        ("", sa.delete(OrderLine)),
        ("?grade=A", sa.update(OrderLine).values(quantity=7)),
    ],
)
def test_whatever_a_page_shows_moves_it(
    shop: int, onlooker: FlaskClient, query: str, act: sa.UpdateBase
) -> None:  # fmt: skip
    assert onlooker.get(f"/orders/{query}").status_code == 200
    with transaction() as session:
        session.execute(act)

    looked_at = str(act.compile()).split()[2 if str(act).startswith("DELETE") else 1]
    if looked_at == "order_line" and not query:
        assert not any(ROWS in one for one in statements(onlooker, "/orders/"))  # The list shows no lines.
    else:
        until(lambda: any(ROWS in one for one in statements(onlooker, f"/orders/{query}")))


def test_what_a_filter_offers_is_remembered_until_it_is_called_otherwise(shop: int, onlooker: FlaskClient) -> None:
    address = "/orders/?channel=econocom"
    assert "Econocom ×" in onlooker.get(address).get_data(as_text=True)
    assert not any("FROM channel" in one for one in statements(onlooker, address))
    with transaction() as session:
        session.execute(sa.update(Channel).values(name="Renamed"))

    until(lambda: "Renamed ×" in onlooker.get(address).get_data(as_text=True))


def test_what_depends_on_the_time_of_day_is_not_told_for_long(
    shop: int, remembering: Flask, onlooker: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert numbers(onlooker) == ["10001"]
    memory = remembering.extensions["memory"]
    before = memory._clock
    monkeypatch.setattr(memory, "_clock", lambda: before() + TICK_S + 1)

    assert any(ROWS in one for one in statements(onlooker, "/orders/"))


@pytest.mark.parametrize("name", LISTS)
def test_every_table_that_a_list_looks_at_tells_when_it_moves(session: Session, name: str) -> None:
    about = description(name)
    assortment = Assortment(session)
    assortment.offer(assortment.supplier(), assortment.variant("SKU-1"))
    options = about.options(session)
    columns = tuple(column.name for column in about.columns)
    found: set[str] = set()
    for one in about.filters:
        for text in (*VALUES, *(option.value for option in options.get(one.name, ()))):
            state = State({one.name: text}, about.default_sort, columns, "comfortable")
            found |= _tables(session, state, name)
    told = set(session.execute(sa.text(
        "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'table_moved'"
    )).scalars())  # fmt: skip

    assert len(found) >= 4
    assert found <= told


def _tables(session: Session, state: State, name: str) -> frozenset[str]:
    about = description(name)
    queries._tables.clear()  # They are kept by the names of filters, of which a value may mean nothing.
    return queries.tables(about, state, about.options(session), now=clock.now())
