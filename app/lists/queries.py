"""The rows of a list: a page by the key that it follows, how many there are about, and what filters offer.

A page walks an index of its sort from a key, in either direction; how deep in the list it is costs nothing. Nothing
counts a whole table: the planner knows about how many rows a filter lets through.
"""

from __future__ import annotations

import json
import time
from collections.abc import Hashable
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal, NamedTuple, cast

from markupsafe import Markup
from sqlalchemy import (
    BigInteger,
    ClauseElement,
    ColumnElement,
    Executable,
    Row,
    Select,
    SQLColumnExpression,
    Table,
    Text,
    bindparam,
    func,
    literal,
    select,
    tuple_,
    union_all,
)  # fmt: skip
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql import visitors

from app.db import planned_by_values
from app.lists.description import ListDescription
from app.lists.filters import Clause, Options
from app.lists.state import State

COUNTED = 10_000  # So many rows are counted: about 2 ms. Of more the estimate is told.
ESTIMATE_S, ESTIMATES = 60, 1000  # How long an estimate is told, and how many are kept.
COSTLY = 20_000  # The planner's units: a count that would cost more is not made.
STATEMENTS = 1000  # That are kept, put together.
KEY_LONGEST = 600  # Characters of a cursor.


Turn = Literal["first", "after", "before"]  # Of the pages; the last two at a row.


class Cursor(NamedTuple):
    """Sort key and id of a row."""

    key: object
    id: int


@dataclass(frozen=True, slots=True)
class Slice:
    """Rows of a page, with `list_key` for the cursor; and whether others come before and behind.

    `html`: what was made of the rows, by how they are shown.
    """

    rows: list[Row[Any]]
    before: bool
    behind: bool
    html: dict[Hashable, Markup] = field(default_factory=dict, compare=False)


class Beside(NamedTuple):
    """The rows around one, with `id`, `label` and `list_key`; None at an end."""

    before: Row[Any] | None
    behind: Row[Any] | None


class Total(NamedTuple):
    """How many rows a filter lets through: counted, or about."""

    rows: int
    exact: bool


class Found(NamedTuple):
    """A page, how many rows the list has, and the tables that say so."""

    slice: Slice
    total: Total
    tables: frozenset[str]


def cursor_of(about: ListDescription, state: State, said: str) -> Cursor | None:
    """The row that an address names; None for what is no key of this sort."""
    key, _sign, id_ = said[:KEY_LONGEST].rpartition("~")
    if not id_.isdecimal() or len(id_) > 17:
        return None
    sort, _falls = about.sort_of(state.sort)
    try:
        return Cursor(sort.parse(key), int(id_))
    except (ValueError, ArithmeticError):
        return None


def cursor_text(row: Row[Any]) -> str:
    """What an address says of a row, for the page before or behind it."""
    key = row.list_key
    return f"{key.isoformat() if isinstance(key, datetime) else key}~{row.id}"


def moment_key(said: str) -> datetime:
    """The key of a sort by a moment. Raises ValueError."""
    at = datetime.fromisoformat(said.replace(" ", "+"))
    if at.tzinfo is None:
        raise ValueError(said)
    return at


def money_key(said: str) -> Decimal:
    """The key of a sort by an amount. Raises ArithmeticError."""
    amount = Decimal(said)
    if not amount.is_finite() or abs(amount) > 10**12:
        raise ArithmeticError(said)
    return amount


def whole_key(said: str) -> int:
    """The key of a sort by a number of things. Raises ValueError."""
    number = int(said)
    if abs(number) > 2**31 - 1:
        raise ValueError(said)
    return number


def clauses(about: ListDescription, state: State, options: Options, *, now: datetime) -> list[Clause]:
    """What the filters of the state let through, all of them together."""
    filters = [about.filter_of(name).clause(said, options, now=now) for name, said in state.filters.items()]
    return [*about.where, *filters]


def rows_of(about: ListDescription, state: State, options: Options, *, now: datetime) -> Select[Any]:
    """All rows in the order of the state, with `id`, `list_key` and what its columns read."""
    return _rows(about, state.columns, state.sort).where(*clauses(about, state, options, now=now))


_tables: dict[Hashable, frozenset[str]] = {}


def tables(about: ListDescription, state: State, options: Options, *, now: datetime) -> frozenset[str]:
    """The names of all tables that the list's rows and filters look at."""
    key = (about.name, state.columns, state.sort, *state.filters)
    if key not in _tables:
        if len(_tables) >= STATEMENTS:
            _tables.clear()
        parts = visitors.iterate(rows_of(about, state, options, now=now))
        _tables[key] = frozenset(part.name for part in parts if isinstance(part, Table))
    return _tables[key]


def found(session: Session, about: ListDescription, state: State, options: Options, *, now: datetime,
          after: Cursor | None = None, before: Cursor | None = None) -> Found:  # fmt: skip
    """`page` and `total`."""
    return Found(
        page(session, about, state, options, now=now, after=after, before=before),
        total(session, about, state, options, now=now), tables(about, state, options, now=now),
    )  # fmt: skip


@lru_cache(STATEMENTS)
def _rows(about: ListDescription, columns: tuple[str, ...], sort_by: str) -> Select[Any]:
    """All rows, whatever the filters say. Made once: to put a statement together takes longer than to run it."""
    sort, falls = about.sort_of(sort_by)
    reads = {name: read for column in columns for name, read in about.by_name[column].reads.items()}
    wanted: list[Any] = [about.id.label("id"), sort.key.label("list_key")]
    wanted += [read.label(name) for name, read in reads.items()]
    return select(*wanted).select_from(about.source).order_by(*_order(about, sort.key, falls))


@lru_cache(STATEMENTS)
def _page(about: ListDescription, columns: tuple[str, ...], sort_by: str, turn: Turn) -> Select[Any]:
    """One row more than a page has, whatever the filters say; `:list_key` and `:list_id` are the row it turns at."""
    sort, falls = about.sort_of(sort_by)
    statement = _rows(about, columns, sort_by).limit(about.page + 1)
    if turn == "first":
        return statement
    here = tuple_(sort.key, about.id)
    there = tuple_(bindparam("list_key", type_=cast(Any, sort.key).type), bindparam("list_id", type_=BigInteger))
    statement = statement.where(here < there if falls == (turn == "after") else here > there)
    if turn == "before":
        return statement.order_by(None).order_by(*_order(about, sort.key, not falls))
    return statement


def _order(about: ListDescription, key: SQLColumnExpression[Any], falls: bool) -> tuple[ColumnElement[Any], ...]:
    return (key.desc(), about.id.desc()) if falls else (key.asc(), about.id.asc())


def page(session: Session, about: ListDescription, state: State, options: Options, *, now: datetime,
         after: Cursor | None = None, before: Cursor | None = None) -> Slice:  # fmt: skip
    """The page behind the row `after`, or before the row `before`, or the first."""
    turn: Turn = "after" if after else "before" if before else "first"
    statement = _page(about, state.columns, state.sort, turn)
    narrowed = clauses(about, state, options, now=now)
    place = after or before
    if narrowed:
        statement = statement.where(*narrowed)
    with planned_by_values(session) if narrowed else nullcontext():
        rows = list(session.execute(statement, {"list_key": place.key, "list_id": place.id} if place else {}))
    more = len(rows) > about.page
    rows = rows[: about.page]
    if turn == "before":
        return Slice(rows[::-1], before=more, behind=True)
    return Slice(rows, before=place is not None, behind=more)


def beside(session: Session, about: ListDescription, state: State, options: Options, id_: int, *,
           now: datetime) -> Beside:  # fmt: skip
    """The rows before and behind the row `id_`, whether or not the filters let that one through."""
    sort, _falls = about.sort_of(state.sort)
    key = session.execute(select(sort.key).select_from(about.source).where(about.id == id_)).scalar_one_or_none()
    if key is None:
        return Beside(None, None)
    with planned_by_values(session):
        ways = {row.way: row for row in session.execute(around(about, state, options, Cursor(key, id_), now=now))}
    return Beside(ways.get("before"), ways.get("behind"))


def around(about: ListDescription, state: State, options: Options, place: Cursor, *, now: datetime) -> Select[Any]:
    """The row before the place and the one behind it, told apart by `way`: each is a step in the index of the sort."""
    sort, falls = about.sort_of(state.sort)
    rows = rows_of(about, state._replace(columns=()), options, now=now).add_columns(about.label.label("label"))
    here, there = tuple_(sort.key, about.id), (place.key, place.id)
    behind = rows.where(here < there if falls else here > there).limit(1).subquery()
    before = rows.where(here > there if falls else here < there).order_by(None)
    before_it = before.order_by(*_order(about, sort.key, not falls)).limit(1).subquery()
    ways = (select(literal(way).label("way"), row) for way, row in (("before", before_it), ("behind", behind)))
    return select(union_all(*ways).subquery())


class _Explain(Executable, ClauseElement):
    """What the planner thinks of a statement."""

    inherit_cache = False

    def __init__(self, statement: Select[Any]) -> None:
        self.statement = statement


@compiles(_Explain, "postgresql")
def _compile_explain(element: _Explain, compiler: Any, **_named: Any) -> str:
    return "EXPLAIN (FORMAT JSON) " + str(compiler.process(element.statement))


def plan(session: Session, statement: Select[Any]) -> dict[str, Any]:
    """The planner's plan, as its JSON has it."""
    found = session.connection().execute(_Explain(statement)).scalar_one()
    plan: dict[str, Any] = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
    return plan


class _Estimates:
    """What the planner thought of how many rows filters let through, for the process and for ESTIMATE_S.

    It thinks so from statistics that PostgreSQL gathers every few minutes. Exact counts are not kept.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[object, ...], tuple[float, Total]] = {}

    def get(self, key: tuple[object, ...]) -> Total | None:
        until, total = self._kept.get(key, (0.0, None))
        return total if until > time.monotonic() else None

    def put(self, key: tuple[object, ...], total: Total) -> Total:
        if len(self._kept) >= ESTIMATES:
            self._kept.clear()
        self._kept[key] = (time.monotonic() + ESTIMATE_S, total)
        return total


_estimates = _Estimates()


def total(session: Session, about: ListDescription, state: State, options: Options, *, now: datetime) -> Total:
    """How many rows there are: counted up to COUNTED where that is cheap, else what the planner thinks."""
    key = (session.get_bind(), about.name, *sorted(state.filters.items()))
    if kept := _estimates.get(key):
        return kept
    ids = select(about.id).select_from(about.source).where(*clauses(about, state, options, now=now))
    thought = plan(session, ids)
    if thought["Plan Rows"] > 2 * COUNTED or thought["Total Cost"] > COSTLY:
        return _estimates.put(key, Total(int(thought["Plan Rows"]), exact=False))
    with planned_by_values(session):
        counted = session.execute(select(func.count()).select_from(ids.limit(COUNTED + 1).subquery())).scalar_one()
    if counted <= COUNTED:
        return Total(counted, exact=True)
    return _estimates.put(key, Total(max(counted, int(thought["Plan Rows"])), exact=False))


def distinct(session: Session, *columns: SQLColumnExpression[str]) -> list[list[str]]:
    """The values of each column, in order. Each is found by a step in its index: rows are not read."""
    parts = []
    for number, column in enumerate(columns):
        first = select(func.min(column).label("value")).cte(f"step_{number}", recursive=True)
        behind = select(func.min(column)).where(column > first.c.value).scalar_subquery()
        steps = first.union_all(select(behind).where(first.c.value.is_not(None)))
        parts.append(select(literal(number).label("place"), steps.c.value).where(steps.c.value.is_not(None)))
    found: list[list[str]] = [[] for _column in columns]
    for row in session.execute(parts[0].union_all(*parts[1:])):
        found[row.place].append(row.value)
    return found


def text_key(said: str) -> str:
    """The key of a sort by words."""
    return said


def folded(column: SQLColumnExpression[str]) -> ColumnElement[str]:
    """Words to be sorted without case."""
    return func.lower(column, type_=Text)
