"""However the list of customers is sorted and narrowed, its page is walked to by an index."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from small_assortment import Assortment
from sqlalchemy.orm import Session

from app import clock
from app.customers.listing import CUSTOMERS
from app.db import db
from app.lists import queries
from app.lists.state import state_of

COUNT = 40_000
_CUSTOMERS = """
    INSERT INTO customer (person_id, name, company, email, guest, channel_ids, orders, first_at, last_at)
    SELECT 1, 'Customer ' || (n * 31) % 9000, '', 'c' || n || '@example.com', n % 3 = 0,
      CASE WHEN n % 50 = 0 THEN ARRAY[:first, :second] WHEN n % 4 = 0 THEN ARRAY[:first] ELSE ARRAY[:second] END,
      1 + n % 7, timestamptz '2025-03-02 12:00+00', timestamptz '2026-03-02 12:00+00' - n * interval '9 minutes'
    FROM generate_series(1, :count) n
"""


@pytest.fixture(scope="module")
def filled(_application: Flask) -> Iterator[Session]:
    """Many customers, written once for all of the module's tests and rolled back after them."""
    with _application.app_context(), db.engine.connect() as connection:
        outer = connection.begin()
        session = Session(bind=connection)
        shops = [shop.id for shop in Assortment(session).shops]
        session.execute(sa.text("ALTER TABLE customer ALTER person_id DROP NOT NULL, DROP CONSTRAINT "
                                "fk_customer_person_id_customer"))  # fmt: skip
        session.execute(sa.text(_CUSTOMERS), {"first": shops[0], "second": shops[1], "count": COUNT})
        session.execute(sa.text("UPDATE customer SET person_id = id"))
        # What other tests rolled back still takes room, from which the planner would guess at rows.
        session.execute(sa.text("ANALYZE customer, customer_pair, shop_order, order_key"))
        yield session
        session.close()
        outer.rollback()


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


@pytest.mark.parametrize(
    "mix", ["", "channel=econocom", "kind=guest", "last=2026-02-01..2026-02-02", "only=asked", "q=c17@example.com"]
)
def test_no_page_reads_the_whole_table(filled: Session, mix: str) -> None:
    options = CUSTOMERS.options(filled)
    args = dict(part.split("=") for part in mix.split("&") if part)
    for sign, sort in itertools.product(("", "-"), CUSTOMERS.sorts):
        state = state_of(CUSTOMERS, args | {"sort": sign + sort.name})
        plan = queries.plan(filled, queries.rows_of(CUSTOMERS, state, options, now=clock.now()).limit(51))

        scans = {node["Relation Name"] for node in nodes(plan) if node["Node Type"] == "Seq Scan"}
        assert "customer" not in scans, (sort.name, json.dumps(plan, indent=1))
