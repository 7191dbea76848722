"""Rows of several tables by one statement: what a page shows of one thing, in one round trip.

Each part is a statement of its own, whose rows come as JSON beside those of the others. A part's rows become objects of
its model that belong to no session: they are there to be read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import JSON, Select, Text, cast, func, inspect, literal_column, select
from sqlalchemy.orm import Session

from app.db import Base

Model = TypeVar("Model", bound=Base)
_FROM_JSON: dict[type, Callable[[Any], Any]] = {
    Decimal: Decimal,
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
}


def bundle(**parts: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """One statement with a column of JSON text per part, whose rows are in the part's order."""
    return select(*(_rows(name, part).label(name) for name, part in parts.items()))


def _rows(name: str, part: Select[*tuple[Any, ...]]) -> Any:
    inner = part.subquery(f"{name}_of_it")
    rows = select(func.coalesce(func.json_agg(literal_column(inner.name)), literal_column("'[]'"))).select_from(inner)
    return cast(rows.scalar_subquery(), Text)


def read(session: Session, statement: Select[*tuple[Any, ...]], **named: object) -> dict[str, list[dict[str, Any]]]:
    """The rows of each part, as JSON has them; numbers with a point are Decimal."""
    found = session.execute(statement, named).one()
    return {name: json.loads(rows, parse_float=Decimal) for name, rows in found._mapping.items()}


def objects(model: type[Model], rows: list[dict[str, Any]]) -> list[Model]:
    """Objects of a model whose columns the rows have; what else they have is left alone."""
    columns = _columns(model)
    return [model(**{name: _value(row[name], become) for name, become in columns}) for row in rows]


def _value(told: Any, become: Callable[[Any], Any] | None) -> Any:
    return told if told is None or become is None else become(told)


@lru_cache(maxsize=100)
def _columns(model: type[Base]) -> tuple[tuple[str, Callable[[Any], Any] | None], ...]:
    """Each attribute with what makes its value from JSON's; they are named like their columns."""
    return tuple(
        (column.key, _plain if isinstance(column.type, JSON) else _FROM_JSON.get(column.type.python_type))
        for column in inspect(model).columns
    )


def _plain(told: Any) -> Any:
    """A document as psycopg gives it: numbers with a point are floats."""
    if isinstance(told, Decimal):
        return float(told)
    if isinstance(told, Mapping):
        return {name: _plain(value) for name, value in told.items()}
    return [_plain(value) for value in told] if isinstance(told, list) else told
