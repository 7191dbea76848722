"""What a format's reader hands over: something that may be a table, with rows that can be started again."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

from app.offers.reading.table import Cell, CellProblem, SheetInfo


class RawRow(NamedTuple):
    number: int
    cells: list[Cell]
    problems: list[CellProblem]


class Merge(NamedTuple):
    """A merged range, with the sheet's row numbers and the indexes of cells; both ends belong to it."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(slots=True)
class Source:
    """`names`: the columns' names where the format gives them, so that no header is looked for.

    `ragged`: rows of another width than the header are worth a word, as in text. `notes` grows while rows are read.
    """

    format: str
    rows: Callable[[], Iterator[RawRow]]
    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    names: list[str] | None = None
    merges: list[Merge] = field(default_factory=list)
    ragged: bool = False
    notes: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Opened:
    """A file of a known format. `sources`: what may be chosen from, never empty."""

    sources: list[Source]
    sheets: list[SheetInfo] = field(default_factory=list)
    member: str | None = None
    members: list[SheetInfo] = field(default_factory=list)


def path_of(file: BinaryIO) -> str:
    """A path under which the unnamed file can be opened once more, with a position of its own."""
    return f"/dev/fd/{file.fileno()}"


def named_path(file: BinaryIO, kind: str) -> str:
    """The same under a name that ends with its kind, for readers that go by names. Gone with the process's folder."""
    folder = tempfile.mkdtemp(prefix="iused-named-")
    path = os.path.join(folder, f"book.{kind}")
    os.symlink(path_of(file), path)
    return path
