"""Kinds of filters. Each reads its part of the address, says it in words, and narrows a statement by it.

What an address says of a filter is one text: `paid,open`, `100..250`, `2026-01-01..`, `7d`, `yes`. A text that means
nothing lets nothing through, since a bulk act must never reach more rows than the page that it was asked from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any, ClassVar, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, SQLColumnExpression, and_, false
from werkzeug.datastructures import MultiDict

from app.extensions import settings
from app.web.templating import day, money, number

LONGEST = 500  # Characters of what an address says of one filter.
_DAYS = re.compile(r"(\d{1,4})d")
_AMOUNT_MOST = Decimal("9999999999.99")  # What a column of money holds.
Clause = ColumnElement[bool]


class Option(NamedTuple):
    """`key`: what the column holds; the address says `value`."""

    value: str
    label: str
    key: Any


Options = Mapping[str, Sequence[Option]]  # By the filter's name.


class ReadWhenAsked(Mapping[str, Sequence[Option]]):
    """Options that are read from the database when the first of them is asked for: most pages ask for none."""

    def __init__(self, read: Callable[[], Options]) -> None:
        self._read = read

    @cached_property
    def _found(self) -> Options:
        return self._read()

    def __getitem__(self, name: str) -> Sequence[Option]:
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


class Filter(Protocol):
    """`field`: which of the fields of `components/lists.html` a form shows."""

    @property
    def name(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def field(self) -> str: ...

    def clause(self, text: str, options: Options, *, now: datetime) -> Clause: ...
    def says(self, text: str, options: Options) -> str: ...
    def from_form(self, sent: MultiDict[str, str]) -> str:
        """What the fields of a form mean, as the address says it; empty for none."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One or more values of a column, joined by OR. `where` narrows by the keys where no column of the row does."""

    name: str
    label: str
    column: SQLColumnExpression[Any] | None = None
    where: Callable[[Sequence[Any]], Clause] | None = None
    field: ClassVar[str] = "choice"

    def clause(self, text: str, options: Options, *, now: datetime) -> Clause:
        keys = {option.value: option.key for option in options.get(self.name, ())}
        chosen = [keys[value] for value in text.split(",") if value in keys]
        if not chosen:
            return false()
        if self.where is not None:
            return self.where(chosen)
        assert self.column is not None
        return self.column == chosen[0] if len(chosen) == 1 else self.column.in_(chosen)

    def says(self, text: str, options: Options) -> str:
        labels = {option.value: option.label for option in options.get(self.name, ())}
        return ", ".join(labels.get(value, value) for value in text.split(","))

    def from_form(self, sent: MultiDict[str, str]) -> str:
        return ",".join(dict.fromkeys(value for value in sent.getlist(self.name) if value))


@dataclass(frozen=True, slots=True)
class Amounts:
    """From and to, both included. `100..`, `..250`, `100..250`."""

    name: str
    label: str
    column: SQLColumnExpression[Any]
    field: ClassVar[str] = "amounts"

    def clause(self, text: str, options: Options, *, now: datetime) -> Clause:
        least, most = (_amount(part) for part in bounds(text))
        return _between(self.column, least, most)

    def says(self, text: str, options: Options) -> str:
        least, most = (_amount(part) for part in bounds(text))
        return _span(text, None if least is None else money(least), None if most is None else money(most))

    def from_form(self, sent: MultiDict[str, str]) -> str:
        return _joined(*(_as_amount(part) for part in _ends(self.name, sent)))


@dataclass(frozen=True, slots=True)
class Days:
    """From and to, both included, as days where people are; `7d` is today and the six days before."""

    name: str
    label: str
    column: SQLColumnExpression[Any]
    field: ClassVar[str] = "days"

    def clause(self, text: str, options: Options, *, now: datetime) -> Clause:
        if last := _DAYS.fullmatch(text):
            first = now.astimezone(zone()).date() - timedelta(days=max(0, int(last[1]) - 1))
            return self.column >= midnight(first)
        first_day, last_day = (_day(part) for part in bounds(text))
        parts = []
        if first_day is not None:
            parts.append(self.column >= midnight(first_day))
        if last_day is not None:
            parts.append(self.column < midnight(last_day + timedelta(days=1)))
        return and_(*parts) if parts else false()

    def says(self, text: str, options: Options) -> str:
        if last := _DAYS.fullmatch(text):
            return _("last %(days)s days", days=int(last[1])) if int(last[1]) > 1 else _("today")
        first, last_day = (_day(part) for part in bounds(text))
        return _span(text, day(first) if first else None, day(last_day) if last_day else None)

    def from_form(self, sent: MultiDict[str, str]) -> str:
        last = sent.get(f"{self.name}_last", "")
        return last if _DAYS.fullmatch(last) else _joined(*_ends(self.name, sent))


@dataclass(frozen=True, slots=True)
class Age:
    """Whole days since a moment, from and to, both included: `3..`, `..7`."""

    name: str
    label: str
    column: SQLColumnExpression[Any]
    field: ClassVar[str] = "age"

    def clause(self, text: str, options: Options, *, now: datetime) -> Clause:
        least, most = (_whole(part) for part in bounds(text))
        parts = []
        if least is not None:
            parts.append(self.column <= now - timedelta(days=least))
        if most is not None:
            parts.append(self.column > now - timedelta(days=most + 1))
        return and_(*parts) if parts else false()

    def says(self, text: str, options: Options) -> str:
        least, most = (_whole(part) for part in bounds(text))
        span = _span(text, None if least is None else number(least), None if most is None else number(most))
        return _("%(span)s days", span=span)

    def from_form(self, sent: MultiDict[str, str]) -> str:
        return _joined(*_ends(self.name, sent))


@dataclass(frozen=True, slots=True)
class YesNo:
    """Whether something is so: `yes` or `no`."""

    name: str
    label: str
    is_so: Clause
    field: ClassVar[str] = "yes_no"

    def clause(self, text: str, options: Options, *, now: datetime) -> Clause:
        return {"yes": self.is_so, "no": ~self.is_so}.get(text, false())

    def says(self, text: str, options: Options) -> str:
        return {"yes": _("yes"), "no": _("no")}.get(text, text)

    def from_form(self, sent: MultiDict[str, str]) -> str:
        return sent.get(self.name, "")


@dataclass(frozen=True, slots=True)
class Words:
    """Whatever a person types; `means` says which rows that can mean."""

    name: str
    label: str
    means: Callable[[str], Clause]
    field: ClassVar[str] = "words"

    def clause(self, text: str, options: Options, *, now: datetime) -> Clause:
        return self.means(text)

    def says(self, text: str, options: Options) -> str:
        return text

    def from_form(self, sent: MultiDict[str, str]) -> str:
        return sent.get(self.name, "").strip()


def zone() -> ZoneInfo:
    """Where people are."""
    return ZoneInfo(settings().timezone)


def midnight(of: date) -> datetime:
    """The first moment of a day where people are."""
    return datetime.combine(of, time(), zone())


def bounds(text: str) -> tuple[str, str]:
    """The two ends of `1..9`, either of which may be missing; one value alone is both."""
    least, sign, most = text.partition("..")
    return (least, most) if sign else (text, text)


def _ends(name: str, sent: MultiDict[str, str]) -> tuple[str, str]:
    return sent.get(f"{name}_from", "").strip(), sent.get(f"{name}_to", "").strip()


def _joined(least: str, most: str) -> str:
    return f"{least}..{most}" if least or most else ""


def _between(column: SQLColumnExpression[Any], least: Decimal | None, most: Decimal | None) -> Clause:
    parts = [column >= least] if least is not None else []
    if most is not None:
        parts.append(column <= most)
    return and_(*parts) if parts else false()


def _span(text: str, least: str | None, most: str | None) -> str:
    if least and most:
        return least if least == most else f"{least} – {most}"
    if least:
        return _("from %(least)s", least=least)
    return _("up to %(most)s", most=most) if most else text


def _amount(text: str) -> Decimal | None:
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() and abs(found) <= _AMOUNT_MOST else None


def _as_amount(text: str) -> str:
    """`1.234,50` as `1234.50`: people type amounts as they write them."""
    return text.replace(".", "").replace(",", ".") if "," in text else text


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 1900 < found.year < 3000 else None


def _whole(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 6 else None
