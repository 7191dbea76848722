"""However the lists of payments and of refunds are sorted and narrowed, their pages are walked to by an index."""

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
from app.db import db
from app.lists import queries
from app.lists.description import ListDescription
from app.lists.filters import Options
from app.lists.state import state_of
from app.payments.listing import PAYMENTS, REFUNDS

COUNT = 40_000
MIXES = {
    "payments": ("", "channel=econocom", "state=open", "state=charged_back,refunded", "method=card", "amount=100..101",
                 "created=2026-02-01..2026-02-02", "stray=yes", "differs=yes", "q=tr_17"),
    "refunds": ("", "state=failed", "state=waiting,requested", "amount=10..11", "created=2026-02-01..2026-02-02",
                "q=re_17"),
}  # fmt: skip
_PAYMENTS = """
    INSERT INTO payment (channel_id, external_id, status, state, method, currency, amount, refunded, charged_back,
      created_at, content_hash, read_at, changed_at)
    SELECT :channel, 'tr_' || n, 'paid', CASE WHEN n % 50 = 0 THEN 'refunded' WHEN n % 97 = 0 THEN 'open'
      WHEN n % 991 = 0 THEN 'charged_back' ELSE 'paid' END, CASE WHEN n % 400 = 0 THEN 'card' ELSE 'ideal' END, 'EUR',
      20 + (n * 7919) % 90000 / 100.0, 0, 0, timestamptz '2026-03-02 12:00+00' - n * interval '9 minutes', '',
      now(), now()
    FROM generate_series(1, :count) n
"""
_REFUNDS = """
    INSERT INTO refund (payment_id, external_id, key, state, amount, currency, created_at)
    SELECT id, 're_' || id, 're_' || id, CASE WHEN id % 500 = 0 THEN 'failed' WHEN id % 700 = 0 THEN 'waiting'
      ELSE 'processed' END, 5 + id % 90, 'EUR', created_at FROM payment WHERE id % 2 = 0
"""


@pytest.fixture(scope="module")
def filled(_application: Flask) -> Iterator[Session]:
    """Many payments and refunds, written once for all of the module's tests and rolled back after them."""
    with _application.app_context(), db.engine.connect() as connection:
        outer = connection.begin()
        session = Session(bind=connection)
        channel = Assortment(session).shops[1].id
        session.execute(sa.text(_PAYMENTS), {"channel": channel, "count": COUNT})
        session.execute(sa.text(_REFUNDS))
        session.execute(sa.text("ANALYZE payment, refund, shop_order, order_key"))
        yield session
        session.close()
        outer.rollback()


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


def options_of(about: ListDescription, session: Session) -> Options:
    return about.options(session)


@pytest.mark.parametrize(
    ("about", "mix"), [(about, mix) for about in (PAYMENTS, REFUNDS) for mix in MIXES[about.name]],
    ids=lambda value: value if isinstance(value, str) else value.name,
)  # fmt: skip
def test_no_page_reads_the_whole_table(filled: Session, about: ListDescription, mix: str) -> None:
    options = options_of(about, filled)
    args = dict(part.split("=") for part in mix.split("&") if part)
    for sign, sort in itertools.product(("", "-"), about.sorts):
        state = state_of(about, args | {"sort": sign + sort.name})
        plan = queries.plan(filled, queries.rows_of(about, state, options, now=clock.now()).limit(51))

        scans = {node["Relation Name"] for node in nodes(plan) if node["Node Type"] == "Seq Scan"}
        assert not scans & {"payment", "refund"}, (sort.name, json.dumps(plan, indent=1))
