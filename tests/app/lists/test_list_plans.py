"""However a list is sorted and narrowed, its page is walked to by an index, and its total is not counted."""

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
from app.lists.filters import Options
from app.lists.state import state_of
from app.orders.listing import ORDERS
from bench import many_orders

COUNT = 50_000
MIXES = (
    "", "channel=econocom", "payment=open", "payment=paid,cancelled&state=cancelled",
    "delivery=shipped&state=cancelled",
    "country=LU", "country=NL,BE&method=Riverty", "method=Card", "total=100..110", "placed=2026-02-01..2026-02-03",
    "age=30..", "grade=A", "grade=C,B&channel=refurbished-direct&payment=paid", "supplier=foxway", "only=short",
    "gone=yes", "gone=no", "q=10432", "q=inkoop@", "channel=econocom&payment=open&delivery=open&country=LU",
)  # fmt: skip
SORTS = [sign + sort.name for sort in ORDERS.sorts for sign in ("", "-")]


@pytest.fixture(scope="module")
def filled(_application: Flask) -> Iterator[tuple[Session, Options]]:
    """Fifty thousand orders, written once for all of the module's tests and rolled back after them."""
    with _application.app_context(), db.engine.connect() as connection:
        outer = connection.begin()
        session = Session(bind=connection)
        assortment = Assortment(session)
        variants = [assortment.variant(f"SKU-{grade}", grade) for grade in ("new", "A+", "A", "B", "C")]
        assortment.offer(assortment.supplier(), variants[2])
        many_orders.fill(session, COUNT)
        yield session, ORDERS.options(session)
        session.close()
        outer.rollback()


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


def args(query: str) -> dict[str, str]:
    return dict(part.split("=") for part in query.split("&") if part)


@pytest.mark.parametrize("mix", MIXES)
def test_no_sort_and_no_filter_reads_the_whole_table(filled: tuple[Session, Options], mix: str) -> None:
    session, options = filled
    for sort in SORTS:
        state = state_of(ORDERS, args(mix) | {"sort": sort})
        plan = queries.plan(session, queries.rows_of(ORDERS, state, options, now=clock.now()).limit(51))

        scans = [node for node in nodes(plan) if node["Node Type"] == "Seq Scan"]
        assert "shop_order" not in {scan["Relation Name"] for scan in scans}, (sort, mix, json.dumps(plan, indent=1))


@pytest.mark.parametrize("mix", MIXES)
def test_what_stands_beside_a_row_is_found_without_reading_the_whole_table(
    filled: tuple[Session, Options], mix: str
) -> None:
    session, options = filled
    for sort in SORTS:
        state = state_of(ORDERS, args(mix) | {"sort": sort})
        row = session.execute(queries.rows_of(ORDERS, state_of(ORDERS, {"sort": sort}), {}, now=clock.now())
                              .offset(25_000).limit(1)).one()  # fmt: skip
        place = queries.Cursor(row.list_key, row.id)
        plan = queries.plan(session, queries.around(ORDERS, state, options, place, now=clock.now()))

        scans = [node for node in nodes(plan) if node["Node Type"] == "Seq Scan"]
        assert "shop_order" not in {scan["Relation Name"] for scan in scans}, (sort, mix, json.dumps(plan, indent=1))
        if not mix:
            steps = [node["Index Cond"] for node in nodes(plan) if "ROW(" in node.get("Index Cond", "")]
            assert len(steps) == 2, (sort, json.dumps(plan, indent=1))


@pytest.mark.parametrize("sort", SORTS)
def test_what_stands_beside_a_row_is_what_the_list_shows_beside_it(filled: tuple[Session, Options], sort: str) -> None:
    session, options = filled
    state = state_of(ORDERS, {"sort": sort, "payment": "paid"})
    deep = session.execute(queries.rows_of(ORDERS, state, options, now=clock.now()).offset(30_000).limit(3)).all()

    found = queries.beside(session, ORDERS, state, options, deep[1].id, now=clock.now())

    assert found.before is not None
    assert found.behind is not None
    assert [found.before.id, found.behind.id] == [deep[0].id, deep[2].id]


@pytest.mark.parametrize("sort", SORTS)
def test_a_deep_page_begins_where_the_one_before_it_ended(filled: tuple[Session, Options], sort: str) -> None:
    session, options = filled
    state = state_of(ORDERS, {"sort": sort})
    deep = session.execute(queries.rows_of(ORDERS, state, options, now=clock.now()).offset(30_000).limit(102)).all()

    cursor = queries.cursor_of(ORDERS, state, queries.cursor_text(deep[50]))
    behind = queries.page(session, ORDERS, state, options, now=clock.now(), after=cursor)
    back = queries.page(
        session, ORDERS, state, options, now=clock.now(),
        before=queries.cursor_of(ORDERS, state, queries.cursor_text(behind.rows[0])),
    )  # fmt: skip

    assert [row.id for row in behind.rows] == [row.id for row in deep[51:101]]
    assert (behind.before, behind.behind) == (True, True)
    assert [row.id for row in back.rows] == [row.id for row in deep[1:51]]


def test_a_deep_page_reads_as_few_rows_as_the_first(filled: tuple[Session, Options]) -> None:
    session, options = filled
    state = state_of(ORDERS, {})
    last = session.execute(queries.rows_of(ORDERS, state, options, now=clock.now()).offset(COUNT - 60).limit(1)).one()
    here = sa.tuple_(ORDERS.sorts[0].key, ORDERS.id) < (last.list_key, last.id)
    plan = queries.plan(session, queries.rows_of(ORDERS, state, options, now=clock.now()).where(here).limit(51))

    walked = [node for node in nodes(plan) if node["Node Type"].startswith("Index") and "Index Cond" in node]
    assert "ROW(" in walked[0]["Index Cond"]


@pytest.mark.parametrize(
    ("query", "least", "most", "exact"),
    [
        ("", 45_000, 55_000, False), ("country=LU", 40, 120, True), ("payment=open", 100, 250, True),
        ("payment=paid", 40_000, 50_000, False),
        ("payment=nonsense", 0, 0, True), ("state=cancelled&delivery=shipped", 0, 0, True), ("q=10432", 2, 2, True),
        ("state=cancelled&payment=cancelled", 2_000, 3_000, True),
    ],
)  # fmt: skip
def test_the_total_is_counted_where_that_is_little_work_and_estimated_elsewhere(
    filled: tuple[Session, Options], query: str, least: int, most: int, exact: bool
) -> None:
    session, options = filled
    total = queries.total(session, ORDERS, state_of(ORDERS, args(query)), options, now=clock.now())

    assert least <= total.rows <= most
    assert total.exact is exact


def test_every_sort_has_an_index_of_its_own(filled: tuple[Session, Options]) -> None:
    session, options = filled
    for sort, falls in itertools.product(ORDERS.sorts, ("", "-")):
        state = state_of(ORDERS, {"sort": falls + sort.name})
        plan = queries.plan(session, queries.rows_of(ORDERS, state, options, now=clock.now()).limit(51))
        assert "Sort" not in {node["Node Type"] for node in nodes(plan)}, sort.name


def test_a_page_that_is_asked_for_often_is_still_planned_for_its_values(filled: tuple[Session, Options]) -> None:
    session, options = filled
    state = state_of(ORDERS, {"method": "Riverty", "country": "NL,BE"})
    for _time in range(15):
        queries.page(session, ORDERS, state, options, now=clock.now())
        queries.total(session, ORDERS, state, options, now=clock.now())

    prepared = session.execute(sa.text("SELECT statement FROM pg_prepared_statements")).scalars().all()
    assert prepared  # Others are.
    kept = [statement for statement in prepared if "shop_order.method =" in statement]
    assert not [statement for statement in kept if not statement.startswith("EXPLAIN")]  # That plans each time.
