"""`orders-in`: 20,000 orders of a shop into our tables, beside a client that only pulls them, and one that stores them.

Ours is the flow's poll: pages read, mapped, applied with lines, payments, deliveries, addresses, keys and timeline, the
cursor with each page. The pulling peer is `lib-shopware6-api-base` with its own defaults; the storing peer is the same
with one ORM upsert per order and per child, committed each, over a part of the orders. Both ask for the same
associations. The detail has the second poll, which writes nothing, and the peak memory for a tenth of the orders.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any

import psycopg
import sqlalchemy as sa

from app.db import db, transaction
from app.orders.models import Order, OrderAddress, OrderDelivery, OrderLine, OrderPayment
from app.settings import ROOT
from bench.listings_sync import CHANNEL, _library
from bench.report import Report, median_and_spread
from bench.world import World, shop_of, world
from integrations.shopware.orders import ASSOCIATIONS, ShopOrder
from jobs.shopware_orders import order_seen
from sandbox.testing import BareShop, signed_in

ORDERS = 20_000
SMALL = 2_000
STORED = 1_000  # Per round of the storing peer; each is the same work, so that its rate stands for all.
ROUNDS = 3
PULL_BAR, STORE_BAR, MEMORY_BAR = 0.8, 15, 1.1
# A shop's own tables: one order with its children, again and again under other ids, as of yesterday.
_CLONE = """
    INSERT INTO entity (name, id, created_at, doc)
    SELECT e.name, md5(e.id || n), now() - interval '1 day',
           replace(e.doc::text, %(own)s, md5(%(own)s || n))::jsonb || CASE e.name
      WHEN 'order' THEN jsonb_build_object('orderNumber', (%(first)s + n)::text, 'billingAddressId',
                                           md5((e.doc->>'billingAddressId') || n))
      WHEN 'order_delivery' THEN jsonb_build_object('shippingOrderAddressId',
                                                    md5((e.doc->>'shippingOrderAddressId') || n))
      ELSE '{}' END
    FROM entity e CROSS JOIN generate_series(1, %(count)s) n
    WHERE (e.name = 'order' AND e.id = %(own)s) OR e.doc->>'orderId' = %(own)s
    ORDER BY n, e.name
"""


def measure() -> Report:
    """Ours and the pulling peer in turns; the storing peer over a part."""
    ours: list[float] = []
    again: list[float] = []
    pulled: list[float] = []
    stored: list[float] = []
    with world() as here:
        shop = signed_in(CHANNEL, **_reach(here))
        _fill(here, shop, SMALL)
        small = _ours(here)
        _forget()
        _fill(here, shop, ORDERS - SMALL - 2, first=50_000)  # Each time one is placed the ordinary way.
        peak = 0
        for _round in range(ROUNDS):
            _forget()
            mine = _ours(here)
            assert mine["orders"] == ORDERS, mine
            ours.append(mine["seconds"])
            again.append(mine["again_seconds"])
            peak = max(peak, mine["peak_mb"])
            pulled.append(_pull(here))
            _forget()
            stored.append(_store(here) * ORDERS / STORED)
        shop.http.close()
    mine_s, spread = median_and_spread(ours)
    pull_s, pull_spread = median_and_spread(pulled)
    store_s, store_spread = median_and_spread(stored)
    pull_ratio, store_ratio, growth = pull_s / mine_s, store_s / mine_s, peak / small["peak_mb"]
    return Report(
        name="orders-in", ours=mine_s, peer=pull_s, ratio=pull_ratio,
        bar=f">= {PULL_BAR}x pulling only, >= {STORE_BAR}x an ORM upsert per order, memory <= {MEMORY_BAR}x of a tenth",
        ok=pull_ratio >= PULL_BAR and store_ratio >= STORE_BAR and growth <= MEMORY_BAR,
        detail={
            "unit": f"s per {ORDERS} orders", "rounds": ROUNDS, "spread": spread, "pull_spread": pull_spread,
            "store_s": store_s, "store_ratio": store_ratio, "store_spread": store_spread,
            "extrapolated": f"storing peer, from {STORED} orders", "again_s": median_and_spread(again)[0],
            "peak_mb": peak, "peak_of_a_tenth_mb": small["peak_mb"], "memory_growth": growth,
        },
    )  # fmt: skip


def _reach(here: World) -> dict[str, str]:
    shop = shop_of(here.environment, CHANNEL)
    return {name: shop[name] for name in ("base_url", "client_id", "client_secret")}


def _fill(here: World, shop: BareShop, count: int, *, first: int = 20_000) -> None:
    """So many orders of two lines in the shop, besides one that is placed the ordinary way."""
    number = str(first)
    payload = shop.order(number, {"payload": {"productNumber": "A"}}, {"payload": {"productNumber": "B"}})
    shop.post("order", payload).raise_for_status()
    with psycopg.connect(here.environment["SANDBOX_DATABASE_URL"], autocommit=True) as connection:
        connection.execute(f"SET search_path = shop_{CHANNEL.replace('-', '_')}")
        connection.execute(_CLONE, {"own": str(payload["id"]), "count": count, "first": first})
        connection.execute("ANALYZE entity")


def _ours(here: World) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.orders_run"], env=here.environment, cwd=ROOT, check=True, stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


def _forget() -> None:
    db.session.remove()
    with transaction() as session:
        session.execute(sa.text("SET LOCAL session_replication_role = replica"))  # The ledger of money goes, too.
        session.execute(sa.text("TRUNCATE shop_order, cursor, message CASCADE"))


def _pull(here: World) -> float:
    library = _library(shop_of(here.environment, CHANNEL))
    started = time.perf_counter()
    answer = library.request_post_paginated("search/order", payload={"associations": dict(ASSOCIATIONS)})
    seconds = time.perf_counter() - started
    assert len(answer.data) == ORDERS, len(answer.data)
    return seconds


def _store(here: World) -> float:
    """Pull so many orders and merge each into the same tables, as an ORM is used where nothing else is known."""
    library = _library(shop_of(here.environment, CHANNEL))
    started = time.perf_counter()
    answer = library.request_post_paginated(
        "search/order", payload={"associations": dict(ASSOCIATIONS), "limit": STORED}
    )
    assert len(answer.data) == STORED
    for row in answer.data:
        _upsert(row)
    return time.perf_counter() - started


def _upsert(row: dict[str, Any]) -> None:
    seen = order_seen(ShopOrder.model_validate(row))
    values = seen._asdict()
    children = {model: values.pop(name) for name, model in (
        ("lines", OrderLine), ("payments", OrderPayment), ("deliveries", OrderDelivery), ("addresses", OrderAddress),
    )}  # fmt: skip
    with transaction() as session:
        known = session.execute(sa.select(Order).where(Order.external_id == seen.external_id)).scalar_one_or_none()
        order = known or Order(channel_id=1, content_hash="", read_at=seen.placed_at)
        for name, value in values.items():
            setattr(order, name, value)
        session.add(order)
        session.flush()
        for model, rows in children.items():
            for one in rows:
                child = session.execute(
                    sa.select(model).where(model.order_id == order.id, model.external_id == one.external_id)
                ).scalar_one_or_none() or model(order_id=order.id)
                for name, value in one._asdict().items():
                    setattr(child, name, list(value) if isinstance(value, tuple) else value)
                session.add(child)
