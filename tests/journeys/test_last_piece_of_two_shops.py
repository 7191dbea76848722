"""The last piece, offered by two real shops, is sold by both in the same moment: one promise, and nothing left to show.

Two HTTP clients place the orders and read them back, as the flow of orders will; the portal's `reserve` decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import NamedTuple

import pytest
import sqlalchemy as sa
from flask import Flask
from small_assortment import Assortment

from app import clock
from app.catalog.models import Variant
from app.channels.models import Channel, Listing
from app.channels.services import FLOW, lock_assortment, refresh_listings, send_again
from app.db import db, transaction
from app.settings import Shop
from app.stock import queries, services
from app.stock.models import Reservation
from integrations.shopware.client import ShopwareClient
from integrations.shopware.ids import deterministic_id
from jobs import ledger, shops
from sandbox.testing import BareShop, SandboxHandle

CHANNELS = ("refurbished-direct", "econocom")
PATIENCE_S = 30


@pytest.fixture
def portal(committed: Flask, world: SandboxHandle) -> Iterator[Flask]:
    """The portal, connected to both sandbox shops."""
    before = committed.extensions["settings"]
    reached = {
        code: Shop(base_url=shop.base_url, client_id=shop.client_id, client_secret=shop.client_secret)  # type: ignore[arg-type]
        for code in CHANNELS for shop in (world.shop(code),)
    }  # fmt: skip
    committed.extensions["settings"] = before.model_copy(update={"shops": reached})
    shops._client.cache_clear()
    yield committed
    committed.extensions["settings"] = before


class Ordered(NamedTuple):
    """A line of an order as the shop tells it."""

    code: str
    order_id: str
    line_id: str
    number: str
    quantity: int


def stock_there(shop: BareShop, number: str) -> int:
    """What a visitor of the shop can still buy."""
    (product,) = shop.search("product", filter=[{"type": "equals", "field": "productNumber", "value": number}])["data"]
    return int(product["stock"])


def place(shop: BareShop, number: str, order_number: str) -> Ordered:
    """A customer of the shop buys one piece; the order is read back from the shop."""
    product = deterministic_id("product", number)
    states = shop.search("state-machine-state", limit=500, associations={"stateMachine": {}},
                         filter=[{"type": "equals", "field": "technicalName", "value": "open"}])["data"]  # fmt: skip
    state = next(s["id"] for s in states if s["stateMachine"]["technicalName"] == "order.state")
    currency = shop.search("currency")["data"][0]["id"]
    amount = {"unitPrice": 121, "totalPrice": 121, "quantity": 1, "calculatedTaxes": [], "taxRules": []}
    order_id = deterministic_id("order", shop.code + order_number)
    answer = shop.post("order", {
        "id": order_id, "orderNumber": order_number, "orderDateTime": "2026-11-24T10:00:00.000+00:00",
        "currencyId": currency, "currencyFactor": 1, "salesChannelId": shop.sales_channel_id, "stateId": state,
        "billingAddressId": deterministic_id("address", order_number), "itemRounding": {}, "totalRounding": {},
        "price": {"netPrice": 100, "totalPrice": 121, "positionPrice": 121, "taxStatus": "gross"},
        "shippingCosts": amount,
        "lineItems": [{"id": deterministic_id("line", shop.code + order_number), "productId": product,
                       "identifier": product, "label": number, "quantity": 1, "price": amount,
                       "payload": {"productNumber": number}}],
    })  # fmt: skip
    assert answer.status_code == 204, answer.text
    (order,) = shop.search("order", ids=[order_id], associations={"lineItems": {}})["data"]
    (line,) = order["lineItems"]
    return Ordered(shop.code, order["id"], line["id"], line["payload"]["productNumber"], line["quantity"])


def take_order(app: Flask, line: Ordered) -> bool:
    """What the flow of orders is to do with a line: promise it, then let both shops know what is left.

    The promise is committed before the assortment is waited for: it must not wait behind a list that is accepted.
    """
    with app.app_context():
        try:
            with transaction() as session:
                variant_id = session.execute(sa.select(Variant.id).where(Variant.sku == line.number)).scalar_one()
                channel_id = session.execute(sa.select(Channel.id).where(Channel.code == line.code)).scalar_one()
                held = services.reserve(session, variant_id=variant_id, channel_id=channel_id,
                                        reference=line.line_id, quantity=line.quantity)  # fmt: skip
            with transaction() as session:
                lock_assortment(session)
                refresh_listings(session, variant_ids=[variant_id], now=clock.now(), origin=None)
            return held
        finally:
            db.session.remove()


def last_piece(session: sa.orm.Session) -> str:
    """An assortment with one piece that both shops show; returns its SKU."""
    assortment = Assortment(session)
    variant = assortment.variant("LAST-1")
    assortment.offer(assortment.supplier(), variant, quantity=1)
    assortment.refresh(variant, now=clock.now())
    return variant.sku


@pytest.mark.parametrize("round_", range(3))
def test_the_last_piece_that_two_shops_sell_in_one_moment_is_promised_once(
    portal: Flask, world: SandboxHandle, shop_of: Callable[[str], BareShop], round_: int
) -> None:
    with transaction() as session:
        sku = last_piece(session)
    ledger.drain(FLOW)
    clients = [shop_of(code) for code in CHANNELS]
    assert [stock_there(shop, sku) for shop in clients] == [1, 1]
    gate = Barrier(len(clients))

    def sell(shop: BareShop) -> tuple[Ordered, bool]:
        gate.wait(PATIENCE_S)
        line = place(shop, sku, f"1000{round_}")
        gate.wait(PATIENCE_S)  # Both orders are taken; the portal hears of both at once.
        return line, take_order(portal, line)

    with ThreadPoolExecutor(len(clients)) as pool:
        sold = list(pool.map(sell, clients))
    ledger.drain(FLOW)

    assert sorted(held for _, held in sold) == [False, True]
    winner = next(line for line, held in sold if held)
    loser = next(line for line, held in sold if not held)
    with transaction() as session:
        held_by = session.execute(sa.select(Reservation.reference, Reservation.state)).all()
        assert [tuple(row) for row in held_by] == [(winner.line_id, "held")]
        assert set(session.execute(sa.select(Listing.stock)).scalars()) == {0}
        assert queries.ledger_differences(session) == 0
    assert [stock_there(shop, sku) for shop in clients] == [0, 0]

    refuse(loser)

    assert [stock_there(shop, sku) for shop in clients] == [0, 0]
    assert not take_order(portal, loser)  # The order's news once more: still none.


def refuse(line: Ordered) -> None:
    """The shop is told that there is none, and gives the piece back to itself: it must hear 0 again."""
    client: ShopwareClient = shops.client(line.code)
    assert client.transition("order", line.order_id, "cancel").technical_name == "cancelled"
    with transaction() as session:
        variant_id = session.execute(sa.select(Variant.id).where(Variant.sku == line.number)).scalar_one()
        lock_assortment(session)
        send_again(session, line.code, variant_ids=[variant_id], now=clock.now())
    ledger.drain(FLOW)
