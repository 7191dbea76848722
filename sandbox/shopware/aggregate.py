"""Aggregations of criteria: a map by name."""

from __future__ import annotations

from typing import Any

from sandbox.shopware.criteria import Compiler
from sandbox.shopware.errors import shopware
from sandbox.shopware.storage import Books

_NUMBERS = {"avg": "avg", "max": "max", "min": "min", "sum": "sum"}


def aggregations(books: Books, compiler: Compiler, where: str, wanted: list[dict[str, Any]]) -> dict[str, Any]:
    """Each aggregation by its name. Raises ShopError for a type that is not served."""
    result: dict[str, Any] = {}
    for item in wanted:
        name, kind, field = str(item.get("name")), str(item.get("type")), str(item.get("field"))
        column = compiler.column(compiler.entity, "e", field.removeprefix(compiler.entity.name + "."))
        if kind in _NUMBERS:
            row = _row(books, f"{_NUMBERS[kind]}(({column})::numeric)", where, compiler)
            result[name] = {kind: None if row[0] is None else float(row[0]), "extensions": []}
        elif kind == "count":
            result[name] = {"count": _row(books, f"count({column})", where, compiler)[0], "extensions": []}
        elif kind == "stats":
            what = ", ".join(f"{one}(({column})::numeric)" for one in ("min", "max", "avg", "sum"))
            row = _row(books, what, where, compiler)
            result[name] = dict(
                zip(("min", "max", "avg", "sum"), (None if v is None else float(v) for v in row), strict=True)
            )
        elif kind == "terms":
            rows = books.connection.execute(
                f"SELECT {column} AS key, count(*) FROM entity e WHERE {where} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %s",
                [*compiler.parameters, int(item.get("limit") or 1000)],
            )
            result[name] = {"buckets": [{"key": key, "count": count, "extensions": []} for key, count in rows]}
        else:
            raise shopware(
                400, "FRAMEWORK__INVALID_AGGREGATION_QUERY", f"The aggregation type {kind} is not supported."
            )
    return result


def _row(books: Books, what: str, where: str, compiler: Compiler) -> tuple[Any, ...]:
    row = books.connection.execute(f"SELECT {what} FROM entity e WHERE {where}", compiler.parameters).fetchone()
    assert row is not None
    return tuple(row)
