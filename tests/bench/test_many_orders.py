"""Generated orders are what the product would have written: keys, evidence, verdicts, sums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from small_assortment import Assortment
from sqlalchemy.orm import Session

from app import clock
from app.customers import matching
from app.db import db
from app.orders.finding import Meant
from app.orders.keys import keys_of
from app.orders.seen import AddressSeen, DeliverySeen, DocumentSeen, LineSeen, OrderSeen, PaymentSeen
from app.orders.serial_numbers import read
from app.payments.judging import judge_orders
from bench import many_orders
from bench.search_labels import LABELS, labelled

COUNT = 4_000
CHILDREN: dict[str, tuple[str, Any]] = {"lines": ("order_line", LineSeen), "payments": ("order_payment", PaymentSeen),
            "deliveries": ("order_delivery", DeliverySeen), "addresses": ("order_address", AddressSeen),
            "documents": ("order_document", DocumentSeen)}  # fmt: skip


@pytest.fixture(scope="module")
def filled(_application: Flask) -> Iterator[Session]:
    with _application.app_context(), db.engine.connect() as connection:
        outer = connection.begin()
        session = Session(bind=connection)
        assortment = Assortment(session)
        for number in range(9):
            assortment.variant(f"SKU-{number}").gtin = f"400638133393{number}"
        session.flush()
        many_orders.fill(session, COUNT)
        yield session
        session.close()
        outer.rollback()


def rows(session: Session, statement: str) -> list[Any]:
    return list(session.execute(sa.text(statement)))


def orders_seen(session: Session) -> dict[int, tuple[int, OrderSeen]]:
    """Every order as a storefront would tell it, with its storefront."""
    children: dict[str, dict[int, list[Any]]] = {}
    for name, (table, kind) in CHILDREN.items():
        known = children[name] = {}
        for row in rows(session, f"SELECT * FROM {table} ORDER BY id"):
            values = {field: getattr(row, field) for field in kind._fields}
            known.setdefault(row.order_id, []).append(kind(**values))
    own = [field for field in OrderSeen._fields if field not in CHILDREN]
    found = {}
    for row in rows(session, "SELECT * FROM shop_order"):
        facts: dict[str, Any] = {field: getattr(row, field) for field in own}
        facts |= {name: tuple(known.get(row.id, ())) for name, known in children.items()}
        found[row.id] = (row.channel_id, OrderSeen(**facts))
    return found


def test_orders_are_found_by_what_the_product_would_find_them_by(filled: Session) -> None:
    stored: dict[int, set[tuple[str, str]]] = {}
    for row in rows(filled, "SELECT order_id, kind, value FROM order_key WHERE kind NOT IN ('gtin', 'serial')"):
        stored.setdefault(row.order_id, set()).add((row.kind, row.value))

    seen = orders_seen(filled)
    assert len(seen) == COUNT
    assert stored == {id_: set(keys_of(order)) for id_, (_channel, order) in seen.items()}
    gtins = rows(filled, """SELECT count(*), count(k.value) FROM (SELECT DISTINCT l.order_id, v.gtin FROM order_line l
        JOIN variant v ON v.id = l.variant_id) x LEFT JOIN order_key k USING (order_id) WHERE k.kind = 'gtin'
        AND k.value = x.gtin""")  # fmt: skip
    assert gtins[0][0] == gtins[0][1] > COUNT


def test_pieces_are_found_by_their_serial_numbers(filled: Session) -> None:
    keys = rows(filled, "SELECT order_id, value FROM order_key WHERE kind = 'serial'")
    pieces = rows(filled, """SELECT l.order_id, lower(s.serial) FROM order_serial s
        JOIN order_line l ON l.id = s.order_line_id""")  # fmt: skip

    assert {tuple(row) for row in keys} == {tuple(row) for row in pieces}
    assert len(keys) > COUNT // 5
    assert all(read(row.value).lower() == row.value for row in keys)


def test_papers_are_counted_by_each_storefront(filled: Session) -> None:
    papers = rows(filled, """SELECT d.kind, d.number, o.channel_id, o.delivery_state FROM order_document d
        JOIN shop_order o ON o.id = d.order_id""")  # fmt: skip
    sent = Counter(row.delivery_state for row in rows(filled, "SELECT delivery_state FROM shop_order"))

    kinds = Counter(row.kind for row in papers)
    assert kinds == {"invoice": sent["shipped"] + sent["returned"], "credit_note": sent["returned"]}
    assert len({(row.channel_id, row.number) for row in papers}) == len(papers)
    assert len({row.number for row in papers}) < len(papers) * 0.8  # Both storefronts use the same ones.


def test_what_is_typed_finds_the_order_first_that_says_it(filled: Session) -> None:
    labels = labelled(filled)

    kinds = Counter(label.kind for label in labels)
    assert len(labels) == LABELS
    assert min(kinds.values()) == LABELS // len(kinds)
    assert {"document", "customer number"} <= kinds.keys()
    assert [label for label in labels if Meant(filled, label.text).newest(limit=6)[0] != label.order_id] == []


def test_lists_are_narrowed_by_what_the_product_would_say(filled: Session) -> None:
    said = {row.id: (row.country, row.method) for row in rows(filled, "SELECT id, country, method FROM shop_order")}

    assert said == {id_: (order.country, order.method) for id_, (_channel, order) in orders_seen(filled).items()}


def test_every_customer_has_the_evidence_of_its_orders(filled: Session) -> None:
    owners = {row.id: row.customer_id for row in rows(filled, "SELECT id, customer_id FROM shop_order")}
    stored = {tuple(row) for row in rows(filled, "SELECT kind, value, customer_id FROM customer_key")}

    expected = {
        (*key, owners[id_])
        for id_, (channel, order) in orders_seen(filled).items()
        for key in matching.keys_of(channel, matching.evidence_of(order))
    }
    assert stored == expected
    assert len({key[:2] for key in stored}) == len(stored)


def test_a_customer_shows_what_its_orders_say(filled: Session) -> None:
    wrong = rows(filled, """
        SELECT c.id FROM customer c JOIN shop_order o ON o.customer_id = c.id GROUP BY c.id
        HAVING c.orders <> count(*) OR c.first_at <> min(o.placed_at) OR c.last_at <> max(o.placed_at)
          OR c.guest <> bool_and(o.guest) OR c.channel_ids <> array_agg(DISTINCT o.channel_id)
          OR max(o.email) <> c.email OR max(o.name) <> c.name OR max(o.company) <> c.company
    """)  # fmt: skip

    assert wrong == []
    assert rows(filled, "SELECT count(*), sum(orders) FROM customer") == [(COUNT * 7 // 10, COUNT)]


def test_the_verdict_on_the_money_is_the_products(filled: Session) -> None:
    ids = [row.id for row in rows(filled, "SELECT id FROM shop_order")]
    verdicts = {row.verdict: row.count for row in rows(
        filled, "SELECT verdict, count(*) AS count FROM order_money GROUP BY 1")}  # fmt: skip

    assert judge_orders(filled, ids, now=clock.now()) == []
    assert set(verdicts) == {"paid", "refunded", "partly_refunded", "failed", "open"}
    assert verdicts["paid"] > COUNT * 0.8
    assert rows(filled, "SELECT count(*) FROM order_money WHERE doubt") == [(1,)]
    assert rows(filled, "SELECT count(*) FROM payment WHERE difference <> 0 OR order_id IS NULL") == [(0,)]
    assert rows(filled, "SELECT count(*) FROM payment") == [(COUNT * 13 // 10,)]


def test_lines_and_shipping_are_the_total(filled: Session) -> None:
    wrong = rows(filled, """
        SELECT o.id FROM shop_order o JOIN order_line l ON l.order_id = o.id GROUP BY o.id
        HAVING o.total <> o.shipping + sum(l.total_price)
    """)  # fmt: skip

    assert wrong == []


def test_both_storefronts_use_the_same_numbers(filled: Session) -> None:
    twice = rows(filled, "SELECT number FROM shop_order GROUP BY number HAVING count(DISTINCT channel_id) = 2")

    assert len(twice) == COUNT // 3
