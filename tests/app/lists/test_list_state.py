"""What an address says of a list is shown, said in words, and written into every link; nonsense shows nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import ColumnElement, literal_column
from sqlalchemy.dialects import postgresql
from werkzeug.datastructures import MultiDict

from app.lists.filters import Age, Amounts, Choice, Days, Filter, Option, YesNo, midnight
from app.lists.state import state_of, usual, with_form
from app.orders.listing import ORDERS

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PLACE: ColumnElement[Any] = literal_column("place")
AMOUNT, DAYS, AGE = Amounts("total", "Total", PLACE), Days("placed", "Placed", PLACE), Age("age", "Age", PLACE)
COLOURS = Choice("colour", "Colour", PLACE)
OPTIONS = {"colour": [Option("red", "Red", 1), Option("blue", "Blue", 2)]}
GONE = YesNo("gone", "Gone", PLACE.is_(None))


def narrows(one: Filter, text: str) -> tuple[str, list[object]]:
    """The SQL of the filter, and the values in it."""
    compiled = one.clause(text, OPTIONS, now=NOON).compile(dialect=postgresql.dialect())  # type: ignore[no-untyped-call]
    return " ".join(str(compiled).split()), list(compiled.params.values())


@pytest.mark.parametrize(
    ("one", "text", "values", "says"),
    [
        (AMOUNT, "100..250.50", [Decimal(100), Decimal("250.50")], "€100.00 – €250.50"),
        (AMOUNT, "100..", [Decimal(100)], "from €100.00"), (AMOUNT, "..9", [Decimal(9)], "up to €9.00"),
        (AMOUNT, "-5..0", [Decimal(-5), Decimal(0)], "-€5.00 – €0.00"),
        (AMOUNT, "0..0", [Decimal(0), Decimal(0)], "€0.00"),
        (AGE, "3..", [datetime(2026, 2, 27, 12, tzinfo=UTC)], "from 3 days"),
        (AGE, "..0", [datetime(2026, 3, 1, 12, tzinfo=UTC)], "up to 0 days"),
        (COLOURS, "red", [1], "Red"), (COLOURS, "red,blue", [[1, 2]], "Red, Blue"),
        (COLOURS, "red,green", [1], "Red, green"), (GONE, "yes", [], "yes"), (GONE, "no", [], "no"),
    ],
)  # fmt: skip
def test_a_filter_says_what_it_does(app: Flask, one: Filter, text: str, values: list[object], says: str) -> None:
    assert narrows(one, text)[1] == values
    assert one.says(text, OPTIONS) == says


def test_days_are_those_of_amsterdam(app: Flask) -> None:
    _sql, (first, behind) = narrows(DAYS, "2026-03-29..2026-03-29")  # The night in which summer time begins.
    assert behind.astimezone(UTC) - first.astimezone(UTC) == timedelta(hours=23)  # type: ignore[attr-defined]
    assert narrows(DAYS, "7d")[1] == [midnight(datetime(2026, 2, 24, tzinfo=UTC).date())]
    assert [DAYS.says(text, {}) for text in ("1d", "30d", "2026-03-29..")] == [
        "today", "last 30 days", "from Mar 29, 2026"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("one", "text"),
    [
        (AMOUNT, "abc"), (AMOUNT, "NaN.."), (AMOUNT, "1e9999.."), (AMOUNT, ".."), (DAYS, "2026-02-30"), (DAYS, "x.."),
        (DAYS, "0001-01-01..9999-12-31"), (AGE, "-1.."), (AGE, "9" * 20), (COLOURS, "green"), (COLOURS, ","),
        (GONE, "maybe"),
    ],
)  # fmt: skip
def test_what_means_nothing_lets_nothing_through(app: Flask, one: Filter, text: str) -> None:
    assert narrows(one, text) == ("false", [])
    assert one.says(text, OPTIONS)


@pytest.mark.parametrize(
    "said",
    [
        {}, {"payment": "paid,open"}, {"sort": "-total", "density": "compact"}, {"columns": "total,order"},
        {"q": "Ada", "total": "10..20", "sort": "customer"},
    ],
)  # fmt: skip
def test_the_address_of_a_state_says_the_state(said: dict[str, str]) -> None:
    state = state_of(ORDERS, said)

    assert state.args(ORDERS) == said
    assert state_of(ORDERS, state.args(ORDERS)) == state


def test_what_there_is_not_is_as_usual() -> None:
    odd = {"sort": "column;drop", "columns": "x,,y", "density": "9", "other": "1"}

    assert state_of(ORDERS, odd) == usual(ORDERS)


def test_forms_say_it_as_addresses_do() -> None:
    state = state_of(ORDERS, {"payment": "paid", "sort": "-total"})
    sent = MultiDict([
        ("apply", "filters"), ("payment", "open"), ("payment", "failed"), ("total_from", "1.234,50"), ("total_to", ""),
        ("placed_last", "7d"), ("placed_from", "2026-01-01"), ("age_to", "9"), ("gone", ""),
    ])  # fmt: skip

    assert with_form(ORDERS, state, sent).args(ORDERS) == {
        "payment": "open,failed", "total": "1234.50..", "placed": "7d", "age": "..9", "sort": "-total"
    }  # fmt: skip
    columns = MultiDict([("apply", "columns"), ("column", "total"), ("column", "order"), ("column", "total")])
    assert with_form(ORDERS, state, columns).columns == ("total", "order")
