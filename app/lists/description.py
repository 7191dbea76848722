"""What a list is: its rows, its columns, how it may be sorted and narrowed. A page of a list needs nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import FromClause, SQLColumnExpression
from sqlalchemy.orm import Session

from app.lists.acts import Act
from app.lists.filters import Clause, Filter, Options, ReadWhenAsked
from app.web.memory import remembered
from app.web.templating import language

DENSITIES = ("comfortable", "compact")
OFFERED = ("channel", "supplier")  # Tables whose rows are offered. Values that orders have may come OFFERED_S late.
OFFERED_S = 15


@dataclass(frozen=True, slots=True)
class Column:
    """`reads`: what its cell needs of a row, by name. `value`: what an export writes of it.

    `kind` `num` aligns to the right. `narrow`: shown on a phone as well. `sort`: the sort that its heading offers.
    """

    name: str
    label: str
    reads: Mapping[str, SQLColumnExpression[Any]]
    value: Callable[[Any], object]
    kind: Literal["", "num"] = ""
    narrow: bool = False
    sort: str = ""
    first: bool = True  # Shown unless somebody chooses otherwise.


@dataclass(frozen=True, slots=True)
class Sort:
    """`key`: never NULL, and with the id behind it an index of the table. `falls`: begins with the greatest."""

    name: str
    label: str
    key: SQLColumnExpression[Any]
    parse: Callable[[str], object]  # The key in a cursor; raises ValueError, ArithmeticError.
    falls: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class ListDescription:
    """`source`: the tables, joined, with one row per `id`. `options`: what filters offer, read once per page.

    `cells`: the template whose macros are named like the columns. `search`: the filter that is a box of its own.
    """

    name: str
    title: str
    empty: str  # What the page says when nothing matches.
    endpoint: str
    permission: str
    id: SQLColumnExpression[int]
    source: FromClause
    columns: tuple[Column, ...]
    sorts: tuple[Sort, ...]
    filters: tuple[Filter, ...]
    options: Callable[[Session], Options]
    cells: str
    label: SQLColumnExpression[str]  # What people call a row.
    search: str = ""
    search_hint: str = ""
    where: tuple[Clause, ...] = ()  # What makes a row of the tables one of the list, whatever the filters say.
    acts: tuple[Act, ...] = ()
    page: int = 50
    by_name: Mapping[str, Column] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {column.name: column for column in self.columns})

    @property
    def default_sort(self) -> str:
        """As the address says it: a minus in front falls."""
        return ("-" if self.sorts[0].falls else "") + self.sorts[0].name

    def sort_of(self, text: str) -> tuple[Sort, bool]:
        """The sort that the address names, and whether it falls; the first one for what is none."""
        for sort in self.sorts:
            if text.removeprefix("-") == sort.name:
                return sort, text.startswith("-")
        return self.sorts[0], self.sorts[0].falls

    def offered(self, session: Session) -> Options:
        """`options`, read when the first of them is asked for, for the person of this request."""
        key = ("options", self.name, language())
        return ReadWhenAsked(lambda: remembered(key, lambda: self.options(session), OFFERED, seconds=OFFERED_S))

    def act_of(self, name: str) -> Act:
        """Raises KeyError."""
        for act in self.acts:
            if act.name == name:
                return act
        raise KeyError(name)

    def filter_of(self, name: str) -> Filter:
        """Raises KeyError."""
        for one in self.filters:
            if one.name == name:
                return one
        raise KeyError(name)
