"""The door for the storefronts' webhooks: only the shop gets in, each delivery once, and the answer is at once."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app import clock
from app.flows.models import Message
from app.settings import Shop

SECRET = "a secret of the shop"
ADDRESS = "/webhooks/shopware/econocom"


@pytest.fixture
def shop(app: Flask, client: FlaskClient) -> Iterator[FlaskClient]:
    """A sender, with one shop in the settings."""
    before = app.extensions["settings"]
    known = Shop(base_url="http://shop", client_id="i", client_secret="s", app_secret=SECRET)  # type: ignore[arg-type]
    app.extensions["settings"] = before.model_copy(update={"shops": {"econocom": known}})
    yield client
    app.extensions["settings"] = before


def event(name: str = "product.written", *, event_id: str = "e1", age: timedelta = timedelta(0)) -> bytes:
    """A delivery as PHP writes it."""
    body: dict[str, Any] = {
        "data": {"payload": [{"entity": "product", "operation": "update", "primaryKey": "a" * 32}], "event": name},
        "source": {"url": "https://shop.example", "eventId": event_id, "shopId": "s1"},
        "timestamp": int((clock.now() - age).timestamp()),
    }
    return json.dumps(body).replace("/", "\\/").encode()


def signed(raw: bytes, secret: str = SECRET) -> dict[str, str]:
    return {"shopware-shop-signature": hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()}


def post(client: FlaskClient, raw: bytes, *, secret: str = SECRET, address: str = ADDRESS) -> int:
    return client.post(address, data=raw, headers=signed(raw, secret)).status_code


def kept(session: Session) -> list[Message]:
    return list(session.execute(sa.select(Message).order_by(Message.id)).scalars())


def test_a_signed_delivery_is_kept_once_whatever_the_times_it_comes(shop: FlaskClient, session: Session) -> None:
    raw = event()

    assert [post(shop, raw), post(shop, raw), post(shop, event(event_id="e2"))] == [200, 200, 200]

    first, second = kept(session)
    assert (first.flow, first.channel, first.delivery_id, first.state) == (
        "shopware.products.portal", "econocom", "e1", "pending",
    )  # fmt: skip
    assert first.body["payload"] == [{"entity": "product", "operation": "update", "primaryKey": "a" * 32}]
    assert second.delivery_id == "e2"


@pytest.mark.parametrize(
    ("age", "secret"),
    [(timedelta(0), "a secret of somebody else"), (timedelta(minutes=6), SECRET), (timedelta(minutes=-6), SECRET)],
)
def test_what_the_shop_did_not_send_now_is_refused_and_not_kept(
    shop: FlaskClient, session: Session, age: timedelta, secret: str
) -> None:
    assert post(shop, event(age=age), secret=secret) == 401

    assert kept(session) == []


@pytest.mark.parametrize("raw", [b"no json", b"[]"])
def test_what_is_no_delivery_is_refused_although_it_is_signed(shop: FlaskClient, session: Session, raw: bytes) -> None:
    assert post(shop, raw) == 401

    assert kept(session) == []


def test_an_unsigned_delivery_is_refused(shop: FlaskClient, session: Session) -> None:
    assert shop.post(ADDRESS, data=event()).status_code == 401
    assert kept(session) == []


def test_a_shop_that_is_not_in_the_settings_has_no_door(shop: FlaskClient) -> None:
    assert post(shop, event(), address="/webhooks/shopware/nowhere") == 404


def test_a_delivery_beyond_all_measure_is_refused(shop: FlaskClient, session: Session) -> None:
    assert post(shop, event() + b" " * (5 * 1024 * 1024)) == 413
    assert kept(session) == []


def test_an_event_that_no_flow_takes_is_answered_and_not_kept(shop: FlaskClient, session: Session) -> None:
    assert post(shop, event("checkout.order.placed")) == 200
    assert kept(session) == []


def order_event(name: str, payload: Any, event_id: str) -> bytes:
    body = {
        "data": {"payload": payload, "event": name}, "timestamp": int(clock.now().timestamp()),
        "source": {"url": "https://shop.example", "eventId": event_id, "shopId": "s1"},
    }  # fmt: skip
    return json.dumps(body).encode()


LIVE, DRAFT = "0fa91ce3e96a4bc2be4bd9ce752c3425", "d" * 32


@pytest.mark.parametrize(
    ("name", "payload", "orders"),
    [
        ("checkout.order.placed", {"order": {"id": "a" * 32, "orderCustomer": {"email": "ada@example.com"}}}, 1),
        ("state_enter.order_transaction.state.paid", {"order": {"id": "a" * 32}}, 1),
        ("order.written", [{"entity": "order", "operation": "update", "primaryKey": "a" * 32, "versionId": LIVE}], 1),
        ("order.written", {"3": {"entity": "order", "primaryKey": {"id": "a" * 32, "versionId": LIVE}}}, 1),
        ("order.deleted", [{"entity": "order", "operation": "delete", "primaryKey": "a" * 32}], 1),
        ("order.written", [{"entity": "order", "primaryKey": "a" * 32, "versionId": DRAFT}], 0),
        ("order.written", [{"entity": "product", "primaryKey": "a" * 32}, "odd", None, {"order": "odd"}], 0),
        ("order.written", [{"entity": "order", "primaryKey": "not an id"}], 0),
    ],
)
def test_of_an_order_only_which_one_it_is_is_kept(
    shop: FlaskClient, session: Session, name: str, payload: Any, orders: int
) -> None:
    raw = order_event(name, payload, "o1")

    assert [post(shop, raw), post(shop, raw)] == [200, 200]

    found = [(message.flow, message.key, message.body["orders"]) for message in kept(session)]
    assert found == [("shopware.orders.portal", "a" * 32, ["a" * 32])] * orders
    assert "ada@" not in str([message.body for message in kept(session)])
