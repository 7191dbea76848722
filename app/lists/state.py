"""How a person looks at a list: narrowed to what, sorted how, which columns. The address says all of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from werkzeug.datastructures import MultiDict

from app.lists.description import DENSITIES, ListDescription
from app.lists.filters import LONGEST


class State(NamedTuple):
    """`filters`: by name, as the address says them. `sort`: with a minus in front when it falls."""

    filters: dict[str, str]
    sort: str
    columns: tuple[str, ...]
    density: str

    def args(self, about: ListDescription) -> dict[str, str]:
        """The query arguments that say so; what is as usual is left out."""
        found = dict(self.filters)
        if self.sort != about.default_sort:
            found["sort"] = self.sort
        if self.columns != usual_columns(about):
            found["columns"] = ",".join(self.columns)
        if self.density != DENSITIES[0]:
            found["density"] = self.density
        return found

    def with_filter(self, name: str, text: str | None) -> State:
        """The same with a filter set, or without it."""
        others = {key: value for key, value in self.filters.items() if key != name}
        return self._replace(filters=others | {name: text} if text else others)


def usual(about: ListDescription) -> State:
    """What a list looks like when nobody said anything."""
    return State({}, about.default_sort, usual_columns(about), DENSITIES[0])


def usual_columns(about: ListDescription) -> tuple[str, ...]:
    return tuple(column.name for column in about.columns if column.first)


def state_of(about: ListDescription, args: Mapping[str, str]) -> State:
    """What the arguments say. Unknown columns and sorts are as usual; filters are kept as they are."""
    filters = {one.name: text[:LONGEST] for one in about.filters if (text := args.get(one.name, "").strip())}
    density = args.get("density", "")
    return State(
        filters, known_sort(about, args.get("sort", "")), known_columns(about, args.get("columns", "").split(",")),
        density if density in DENSITIES else DENSITIES[0],
    )  # fmt: skip


def says_something(about: ListDescription, args: Mapping[str, str]) -> bool:
    """Whether the arguments say anything of a state at all."""
    names = ("sort", "columns", "density", *(one.name for one in about.filters))
    return any(args.get(name) for name in names)


def known_sort(about: ListDescription, text: str) -> str:
    """The sort when there is such a one, else the usual one."""
    sort, falls = about.sort_of(text)
    return ("-" if falls else "") + sort.name


def known_columns(about: ListDescription, names: list[str]) -> tuple[str, ...]:
    """Those that there are, each once; the usual ones when none is left."""
    return tuple(dict.fromkeys(name for name in names if name in about.by_name)) or usual_columns(about)


def with_form(about: ListDescription, state: State, sent: MultiDict[str, str]) -> State:
    """The state with what a form changes of it: `apply` says whether that is the filters or the columns."""
    if sent.get("apply") == "filters":
        found = {one.name: one.from_form(sent)[:LONGEST] for one in about.filters}
        return state._replace(filters={name: text for name, text in found.items() if text})
    return state._replace(columns=known_columns(about, sent.getlist("column")))
