"""`order-page`: the page of one order among a million, beside the smallest honest page, which reads one row by its key.

Both are whole answers over HTTP: session, rights, frame, HTML. The order with most lines, attempts and events is asked
for as often as ordinary ones, and every statement is counted: what an order holds must add none.
"""

from __future__ import annotations

import statistics
from random import Random
from typing import Any

import sqlalchemy as sa
from flask import g
from sqlalchemy.orm import Session

from app.auth.sessions import cookie_name
from app.db import db, transaction
from bench import pages
from bench.many_orders import refill
from bench.pages import Browser
from bench.report import Report
from bench.world import World, world

ORDERS = 1_000_000
SAMPLES = 400
KEY_BAR = 4.0
MUCH = 200  # Lines, events, attempts, parcels and refunds of the order that has many.
_RICHEST = "SELECT order_id FROM order_line GROUP BY order_id ORDER BY count(*) DESC, order_id LIMIT 1"
_MORE = (
    """INSERT INTO order_line (order_id, external_id, position, kind, sku, label, quantity, unit_price, total_price,
         tax_percent, variant_id, promise)
       SELECT order_id, md5('more' || n), 100 + n, kind, sku, label, quantity, unit_price, total_price, tax_percent,
         variant_id, promise
       FROM order_line, generate_series(1, :much) n WHERE order_id = :id AND position = 1""",
    """INSERT INTO order_event (order_id, at, kind, facts)
       SELECT order_id, at, kind, facts FROM order_event, generate_series(1, :much) WHERE order_id = :id""",
    """INSERT INTO order_payment (order_id, external_id, state, method, method_name, amount, created_at)
       SELECT :id, md5('attempt' || n), 'failed', '', 'iDEAL', 10, now() FROM generate_series(1, :much) n""",
    """INSERT INTO order_delivery (order_id, external_id, state, method_name, costs)
       SELECT :id, md5('parcel' || n), 'open', 'Parcel', 0 FROM generate_series(1, :much) n""",
    """INSERT INTO refund (payment_id, key, state, amount, currency, created_at)
       SELECT p.id, 'more ' || n, 'declined', 1, 'EUR', now()
       FROM (SELECT id FROM payment WHERE order_id = :id LIMIT 1) p, generate_series(1, :much) n""",
)


def measure() -> Report:
    """Pages of orders and pages by key in turns."""
    with world() as here:
        refill(ORDERS)
        return measured(here)


def measured(here: World) -> Report:
    """With the orders in place."""
    token = pages.signed_in("agent")
    dice = Random(3)
    with transaction() as session:
        first, last = session.execute(sa.text("SELECT min(id), max(id) FROM shop_order")).one()
        ids = [dice.randint(first, last) for _ in range(SAMPLES)]
        rich = _rich(session)
    counts = {count for id_ in [*ids[:50], rich] for count in [_statements(here, id_, token)]}
    with pages.served(here, pages.OURS, token=token) as browser:
        mine, by_key, much = _turns(browser, ids, rich)
    ours, key = statistics.median(mine), statistics.median(by_key)
    return Report(
        name="order-page", ours=ours, peer=key, ratio=ours / key,
        bar=f"<= {KEY_BAR:.0f}x a page by primary key, the same statements whatever the order holds",
        ok=ours <= KEY_BAR * key and len(counts) == 1,
        detail={
            "unit": "ms, median", "orders": ORDERS, "samples": SAMPLES, "statements": sorted(counts),
            "p95": sorted(mine)[int(SAMPLES * 0.95)], "key_p95": sorted(by_key)[int(SAMPLES * 0.95)],
            "order_of_many": statistics.median(much), "of_many": MUCH,
        },
    )  # fmt: skip


def _rich(session: Session) -> int:
    """An order with much of everything."""
    order_id: int = session.execute(sa.text(_RICHEST)).scalar_one()
    for statement in _MORE:
        session.execute(sa.text(statement), {"id": order_id, "much": MUCH})
    return order_id


def _statements(here: World, order_id: int, token: str) -> int:
    """How many statements the page of an order makes, the session's included."""
    made = []

    def note(*_call: Any) -> None:
        made.append(1)

    browser = here.app.test_client()
    browser.set_cookie(cookie_name(), token, domain="localhost")
    for name in tuple(g):  # Each request finds its own person, and counts what waits.
        g.pop(name)
    here.app.extensions.pop("work", None)
    here.app.extensions["memory"] = None  # What is remembered is asked for, too.
    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        assert browser.get(f"/orders/{order_id}").status_code == 200
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)
    db.session.remove()
    return len(made)


def _turns(browser: Browser, ids: list[int], rich: int) -> tuple[list[float], list[float], list[float]]:
    """Milliseconds of orders' pages, of pages by key, and of the order with much."""
    for id_ in ids[:20]:  # The first ones fill caches.
        browser.get(f"/orders/{id_}")
        browser.get(f"/bench/{id_}")
    mine, by_key, much = [], [], []
    for place, id_ in enumerate(ids):
        by_key.append(browser.ms(f"/bench/{id_}"))
        mine.append(browser.ms(f"/orders/{id_}"))
        if place % 10 == 0:
            much.append(browser.ms(f"/orders/{rich}"))
    return mine, by_key, much
