"""From a record of a list to the one before and the one behind it, and back to the list.

The address of a record says the list that it was opened from, in the words of the list's own address:
`?list=payment%3Dpaid`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import NamedTuple
from urllib.parse import parse_qsl

from sqlalchemy.orm import Session

from app import clock
from app.lists import kept, queries
from app.lists.description import ListDescription
from app.lists.pages import address, args_under, looked_through

ARGUMENT = "list"
LONGEST = 2_000  # Characters of what an address says of a list.


class Record(NamedTuple):
    id: int
    label: str


class Beside:
    """What stands beside a record: None at the ends of the list."""

    def __init__(self, about: ListDescription, args: Mapping[str, str], found: queries.Beside) -> None:
        self.about, self.args = about, args
        self.before = Record(found.before.id, found.before.label) if found.before else None
        self.behind = Record(found.behind.id, found.behind.label) if found.behind else None
        self._found = found

    @cached_property
    def back(self) -> str:
        """The address of the list, at the page that begins with the record."""
        turned = {"after": queries.cursor_text(self._found.before)} if self._found.before else {}
        return address(self.about, {**self.args, **turned})


def said(args: Mapping[str, str]) -> dict[str, str] | None:
    """The list that a record was opened from, as query arguments of its address; None when none is told."""
    text = args.get(ARGUMENT)
    return None if text is None else {ARGUMENT: text[:LONGEST]}


def beside(session: Session, about: ListDescription, id_: int, args: Mapping[str, str], *, user_id: int) -> Beside:
    """The records beside the one with that id, in the list that `said` tells."""
    told = dict(parse_qsl(args[ARGUMENT]))
    looked = looked_through(about, told, kept.views(session, about, user_id))
    found = queries.beside(session, about, looked.state, about.offered(session), id_, now=clock.now())
    return Beside(about, args_under(about, looked.state, looked.view, looked.views), found)
