"""The page of a list: what the address says, the rows, and every link that a template needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any, NamedTuple
from urllib.parse import urlencode

from babel.numbers import format_compact_decimal
from flask import request, url_for
from flask_babel import gettext as _
from sqlalchemy import Row
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from app import clock
from app.db import reading
from app.lists import kept, queries
from app.lists.acts import Act
from app.lists.description import DENSITIES, Column, ListDescription, Sort
from app.lists.filters import Filter, Options
from app.lists.kept import ViewRow
from app.lists.rows import SHAPES, TICK_S
from app.lists.state import State, says_something, state_of, usual, usual_columns, with_form
from app.web.fragments import redirect_to, render
from app.web.lazy import current_user
from app.web.memory import remembered
from app.web.permissions import may
from app.web.templating import language, number


def about_so_many(rows: int) -> str:
    """Two figures of a number: 2,600; 1.3M."""
    if rows >= 1_000_000:
        return _millions(rows, language())
    return number(round(rows, 2 - len(str(rows))))


@lru_cache(SHAPES)
def _millions(rows: int, language: str) -> str:
    return str(format_compact_decimal(rows, fraction_digits=1, locale=language))


def filters_in_words(session: Session, about: ListDescription, args: Mapping[str, str]) -> list[tuple[str, str]]:
    """What kept arguments narrow a list to."""
    options = about.options(session)
    said = ((about.filter_of(name), text) for name, text in state_of(about, args).filters.items())
    return [(str(one.label), one.says(text, options)) for one, text in said]


@lru_cache(SHAPES)
def shown(about: ListDescription, columns: tuple[str, ...]) -> tuple[tuple[str, str, bool], ...]:
    """On a phone only the narrow columns are seen, or the first two when none of those is shown."""
    narrow = [name for name in columns if about.by_name[name].narrow] or columns[:2]
    return tuple((name, about.by_name[name].kind, name not in narrow) for name in columns)


class Chip(NamedTuple):
    """A filter in force: its words, and the address without it."""

    label: str
    says: str
    without: str


class Heading(NamedTuple):
    """A column's head. `link`: sorts by it, or the other way round; `falls` None: not the sort of the page."""

    column: Column
    wide: bool
    link: str | None
    falls: bool | None


class Looked(NamedTuple):
    """How a person looks at the list: the state, the view that it was made from, and those that there are."""

    state: State
    view: ViewRow | None
    views: list[ViewRow]


NOTHING = queries.Found(queries.Slice([], before=False, behind=False), queries.Total(0, exact=True), frozenset())


class ListPage:
    """What a template shows of a list."""

    def __init__(self, about: ListDescription, looked: Looked, options: Options,
                 found: queries.Found = NOTHING) -> None:  # fmt: skip
        self.about, self.options, self.total = about, options, found.total
        self.state, self.view, self.views = looked
        self.found = found.slice
        self.rows = found.slice.rows
        self.previous = self._turned(before=self.rows[0]) if found.slice.before and self.rows else None
        self.next = self._turned(after=self.rows[-1]) if found.slice.behind and self.rows else None

    @cached_property
    def within(self) -> str:
        """What the address of a record says of the list that it is opened from: `app.lists.beside`."""
        return urlencode({"list": urlencode(self.args())})

    def link(self, state: State, **turned: str) -> str:
        """The address of the list in that state, at its first page unless turned."""
        return address(self.about, self.args(state) | turned)

    def args(self, state: State | None = None) -> dict[str, str]:
        """The query arguments of a state, by default of this page's, under the view that is looked through."""
        return args_under(self.about, state or self.state, self.view, self.views)

    def _turned(self, **to: Row[Any]) -> str:
        return self.link(self.state, **{name: queries.cursor_text(row) for name, row in to.items()})

    def menu(self, part: str) -> str:
        """The address of what a menu shows when it is opened."""
        args = self.args()
        return url_for("lists.menu", list_name=self.about.name, part=part) + ("?" + urlencode(args) if args else "")

    def is_mine(self, view: ViewRow) -> bool:
        """Whether the person keeps it."""
        return bool(view.owner_id == current_user.id)

    @cached_property
    def piece_key(self) -> tuple[object, ...]:
        """Everything that decides what stands around the rows, but for the person's role and language."""
        view = (self.view.id, self.view.version, self.view.name, self.is_mine(self.view)) if self.view else ()
        words = [chip.says for chip in self.chips] if self.state.filters else ()
        begins = any(view.default for view in self.views)
        return (self.about.name, *self.state.filters.items(), *self.state[1:], view, self.dirty, begins, *words)

    @cached_property
    def acts(self) -> list[Act]:
        """What the person may do to many rows."""
        return [act for act in self.about.acts if may(current_user.role, act.permission)]

    @property
    def form_args(self) -> dict[str, str]:
        """What a form of this page carries on: all of the state, whichever view it is of."""
        view = {"view": str(self.view.id)} if self.view else {}
        return view | self.state.args(self.about) | {"sort": self.state.sort}

    @property
    def dirty(self) -> bool:
        """Whether something differs from the view that is looked through."""
        return self.view is not None and self.state != self.view.state

    @property
    def default(self) -> ViewRow | None:
        """What the person's list begins with."""
        return next((view for view in self.views if view.default), None)

    @property
    def plain(self) -> str:
        """The address of the list without any view."""
        return address(self.about, args_under(self.about, usual(self.about), None, self.views))

    def through(self, view: ViewRow) -> str:
        """The address of the list through a view."""
        return address(self.about, {"view": str(view.id)})

    @property
    def first(self) -> str:
        return self.link(self.state)

    @cached_property
    def columns(self) -> list[Column]:
        """In their order."""
        return [self.about.by_name[name] for name in self.state.columns]

    @property
    def chooser(self) -> list[tuple[Column, bool]]:
        """Every column and whether it is shown: the shown ones first, in their order."""
        hidden = [column for column in self.about.columns if column.name not in self.state.columns]
        return [*((column, True) for column in self.columns), *((column, False) for column in hidden)]

    @cached_property
    def shown(self) -> tuple[tuple[str, str, bool], ...]:
        """The columns: name, kind, and whether a phone leaves it out."""
        return shown(self.about, self.state.columns)

    @property
    def headings(self) -> list[Heading]:
        """The columns' heads, with what they sort by."""
        return [Heading(column, wide, *self._sorted_by(column))
                for column, (_name, _kind, wide) in zip(self.columns, self.shown, strict=True)]  # fmt: skip

    def _sorted_by(self, column: Column) -> tuple[str | None, bool | None]:
        if not column.sort:
            return None, None
        sort, falls = self.about.sort_of(self.state.sort)
        if sort.name == column.sort:
            return self.sorted(sort, not falls), falls
        other, _falls = self.about.sort_of(column.sort)
        return self.sorted(other, other.falls), None

    def sorted(self, sort: Sort, falls: bool) -> str:
        """The address of the list in that order."""
        return self.link(self.state._replace(sort=("-" if falls else "") + sort.name))

    @property
    def sorts(self) -> list[tuple[Sort, str, bool | None]]:
        """Each order with its address, and whether it falls where it is this page's: for screens without heads."""
        now, falls = self.about.sort_of(self.state.sort)
        return [
            (sort, self.sorted(sort, not falls if sort is now else sort.falls), falls if sort is now else None)
            for sort in self.about.sorts
        ]

    @property
    def chips(self) -> list[Chip]:
        """The filters in force."""
        return [
            Chip(str(one.label), one.says(text, self.options), self.link(self.state.with_filter(one.name, None)))
            for one, text in self._filters_in_force
            if one.name != self.about.search
        ]

    @property
    def _filters_in_force(self) -> list[tuple[Filter, str]]:
        return [(self.about.filter_of(name), text) for name, text in self.state.filters.items()]

    @property
    def fields(self) -> Sequence[Filter]:
        """What the form of filters offers: all but the search box."""
        return [one for one in self.about.filters if one.name != self.about.search]

    @property
    def denser(self) -> tuple[str, str]:
        """The other density, and the address of the list in it."""
        other = DENSITIES[1 - DENSITIES.index(self.state.density)]
        return other, self.link(self.state._replace(density=other))

    @property
    def usual_columns(self) -> str:
        """The address of the list with the columns that it has when nobody chose."""
        return self.link(self.state._replace(columns=usual_columns(self.about)))

    @cached_property
    def counted(self) -> str:
        """How many rows, in words; an estimate says that it is one."""
        if self.total.exact:
            return number(self.total.rows)
        return _("about %(number)s", number=about_so_many(self.total.rows))


def looked_through(about: ListDescription, sent: Mapping[str, str], views: list[ViewRow]) -> Looked:
    """What the arguments ask for: a view as it is, a view that something was changed of, or neither.

    A list of which nothing is said begins with the person's default. `view=0` is the list without any view.
    """
    named = sent.get("view", "")
    if named or says_something(about, sent):
        view = next((view for view in views if str(view.id) == named), None)
    else:
        view = next((view for view in views if view.default), None)
    if view is not None and not says_something(about, sent):
        return Looked(view.state, view, views)
    return Looked(state_of(about, sent), view, views)


def args_under(about: ListDescription, state: State, view: ViewRow | None, views: list[ViewRow]) -> dict[str, str]:
    """Query arguments that say the state and the view that it was made from."""
    args = state.args(about)
    if view is not None:
        return {"view": str(view.id)} if state == view.state else {"view": str(view.id)} | args | {"sort": state.sort}
    return {"view": "0"} if not args and any(view.default for view in views) else args


def address(about: ListDescription, args: Mapping[str, str]) -> str:
    """The list with these query arguments."""
    return url_for(about.endpoint) + ("?" + urlencode(args) if args else "")


def of_menu(about: ListDescription) -> ListPage:
    """The page that the address asks for, without its rows: what its menus are made of."""
    session = reading()
    looked = looked_through(about, request.args, kept.views(session, about, current_user.id))
    return ListPage(about, looked, about.offered(session))


def show(about: ListDescription, *, words: object = None) -> BaseResponse:
    """The page that the address asks for; `words`: the module that cells take theirs from.

    A form of the page is answered by the address that says the same.
    """
    session, now, sent = reading(), clock.now(), request.args
    looked = looked_through(about, sent, kept.views(session, about, current_user.id))
    if sent.get("apply"):
        state = with_form(about, looked.state, sent)
        return redirect_to(about.endpoint, **args_under(about, state, looked.view, looked.views))
    options = about.offered(session)
    state, after, before = looked.state, sent.get("after", ""), sent.get("before", "")

    def read() -> queries.Found:
        return queries.found(
            session, about, state, options, now=now,
            after=queries.cursor_of(about, state, after), before=queries.cursor_of(about, state, before),
        )  # fmt: skip

    key = ("list", about.name, state.columns, state.sort, *state.filters.items(), after, before)
    found = remembered(key, read, lambda found: found.tables, seconds=TICK_S)
    return render("lists/index.html", page=ListPage(about, looked, options, found), words=words)
