"""The table that reading ends with, and what keeps a file from becoming one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice, zip_longest
from typing import Any, NamedTuple, Protocol, runtime_checkable

Cell = str | int | float | bool | None
WHOLE_ROW = -1
BLOCK = 1000  # Rows that are handled at once.


class CellProblem(NamedTuple):
    """What reading found wrong with a cell, or with its row when `column` is WHOLE_ROW.

    `code`: cell_error (an error value, or a formula without a result: the cell is empty now), text_repaired,
    text_garbled (not certain how to repair, left as it is), row_longer, row_shorter, quote_open.
    """

    column: int
    code: str
    value: str  # As it stood in the file.


class SheetRow(NamedTuple):
    number: int  # As the person sees it in the sheet or the text file, from 1; in JSON the item's place.
    cells: list[Cell]
    problems: tuple[CellProblem, ...] = ()


class Block(NamedTuple):
    """Rows that follow each other, column by column; `problems` by the row's place in the block."""

    numbers: Sequence[int]
    columns: Sequence[Sequence[Cell]]  # All of one length; a row that ends before a column has None there.
    problems: Mapping[int, tuple[CellProblem, ...]]

    def column(self, index: int | None) -> Sequence[Cell]:
        """One cell of every row; None where the row has none, and in all of them for no column."""
        if index is None or index >= len(self.columns):
            return [None] * len(self.numbers)
        return self.columns[index]

    def only(self, places: Sequence[int]) -> Block:
        """The rows at these places."""
        return Block(
            [self.numbers[place] for place in places],
            [[column[place] for place in places] for column in self.columns],
            {new: self.problems[place] for new, place in enumerate(places) if place in self.problems},
        )


class Rows(Protocol):
    """Data rows in the file's order, to be gone through any number of times."""

    def __iter__(self) -> Iterator[SheetRow]: ...
    def __len__(self) -> int: ...


@runtime_checkable
class Columned(Protocol):
    """Rows that are kept column by column."""

    def column(self, index: int) -> Iterator[Cell]: ...
    def blocks(self) -> Iterator[Block]: ...


class SheetInfo(NamedTuple):
    """A sheet of the workbook, a list of a JSON file, or a file of the archive. `rows`: None when not counted."""

    name: str
    state: str  # visible, hidden, very_hidden, chart, other; of a file in an archive: file, archive; both: unreadable
    rows: int | None


@dataclass(frozen=True, slots=True)
class Table:
    """`encoding` and `delimiter` are None for workbooks and JSON, `sheet` for all but workbooks.

    `header_row`: the last of the rows that name the columns; 0 in JSON. `sample`: some 300 to 600 rows spread evenly
    over the file. `member`: the file inside an archive. `sheets`, `members`: all of them, in the file's order.
    `notes`: how often something happened that the rows do not tell: hidden_rows, repeated_headers, rows_filled (text of
    a merged cell written into the further rows that it covers), columns_cut, encoding_unsure.
    """

    format: str
    headers: list[str]
    header_row: int
    rows: Rows
    sample: list[SheetRow] = field(default_factory=list)
    sheet: str | None = None
    sheets: list[SheetInfo] = field(default_factory=list)
    member: str | None = None
    members: list[SheetInfo] = field(default_factory=list)
    encoding: str | None = None
    delimiter: str | None = None
    notes: dict[str, int] = field(default_factory=dict)

    def column(self, index: int) -> Iterator[Cell]:
        """One cell of every row, in order, for questions about the whole file; None where the row has none."""
        if isinstance(self.rows, Columned):
            return self.rows.column(index)
        return (row.cells[index] if index < len(row.cells) else None for row in self.rows)

    def blocks(self) -> Iterator[Block]:
        """All rows in order."""
        if isinstance(self.rows, Columned):
            yield from self.rows.blocks()
            return
        rows = iter(self.rows)
        while some := list(islice(rows, BLOCK)):
            columns = list(zip_longest(*(row.cells for row in some)))
            noted = {place: row.problems for place, row in enumerate(some) if row.problems}
            yield Block([row.number for row in some], columns, noted)

    def account(self) -> dict[str, Any]:
        """How the file was read, for whoever asks later; plain values only."""
        return {
            "sheet": self.sheet,
            "sheets": [sheet._asdict() for sheet in self.sheets],
            "member": self.member,
            "members": [member._asdict() for member in self.members],
            "notes": self.notes,
        }


class Unreadable(Exception):
    """The file is no table that can be read; `code` names the sentence that says so."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may cost. A list of 100,000 lines stays far below each of them.

    `memory`: what the child may allocate, in bytes; with the interpreter's own code it stays under 256 MiB. `spool`:
    any file that the child writes. `unpacked`, `ratio`, `members`: of an archive, by its own directory. `text_line`: of
    a text file, in characters.
    """

    memory: int = 228 * MIB
    cpu_seconds: int = 90
    wall_seconds: int = 240
    file: int = 256 * MIB
    spool: int = 1024 * MIB
    unpacked: int = 640 * MIB
    ratio: int = 100
    members: int = 2000
    rows: int = 1_100_000
    columns: int = 500
    text_line: int = MIB

    def as_json(self) -> dict[str, int]:
        """For the child."""
        return asdict(self)
