"""Rejected lines on their way back: as a file with the reasons, to be mended and dropped again as it is.

The file has the supplier's own columns behind two of ours, the row's number and the reason. By the name of the first
it is known again, whatever it is called then and however many lines are left in it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import xlsxwriter
from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.offers.columns import Layout
from app.offers.lines import REJECTING
from app.offers.models import OfferFile
from app.offers.reading import WHOLE_ROW, Cell, CellProblem, Rows, SheetRow, Table, read_table
from app.offers.reading.returned import COLUMNS, corrected_file
from app.offers.values import uses_decimal_comma

SPREADSHEETS = frozenset({"xlsx", "xlsm", "xls", "xlsb", "ods"})
KEPT_PROBLEM = 200  # Characters of a cell that reading keeps as it stood: a longer one may have been cut.
LONGEST_CELL = 32_000  # Excel's limit is 32,767.
_ACTS = re.compile(r"[=+\-@\t\r\n＝＋－＠|%]")  # What a spreadsheet may take for the beginning of a formula.
_NUMBER = re.compile(r"[+-]?[0-9][0-9.,' ]*%?")
_GUARDED = re.compile(r"'" + _ACTS.pattern)


class CorrectsUnknown(Exception):
    """The file says that it corrects a file which this supplier does not have."""

    code = "corrects_unknown"

    def __init__(self, file_id: int) -> None:
        super().__init__(self.code)
        self.params: dict[str, object] = {"file": file_id}


def kinds(file: OfferFile) -> tuple[str, ...]:
    """In which formats the file's rejected lines are given back, the likeliest first."""
    return ("xlsx", "csv") if file.format in SPREADSHEETS else ("csv",)


def stem_of(filename: str) -> str:
    """The file's name without its endings, for the names of files that are made from it."""
    return re.sub(r"(\.[A-Za-z0-9]{1,5}){1,2}$", "", filename)[:120] or "file"


def rejecting(problems: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of a rejected line's problems those that reject it; all when none is known for that."""
    return [one for one in problems if one["code"] in REJECTING or one["code"] == "currency_unknown"] or list(problems)


# Out


def as_file(file: OfferFile, content: bytes, reasons: Mapping[int, str], kind: str) -> bytes:
    """The rows of `reasons` (row number -> sentence) as the supplier wrote them, as `xlsx` or `csv`. Raises Unreadable.

    The file is read once more for it, so that no cell is kept twice.
    """
    table = read_table(content, sheet=file.sheet)
    names = [_("Row of file %(number)s", number=file.id), _("Why it was not taken"), *table.headers]
    rows = ([row.number, reasons[row.number], *_as_written(row)] for row in table.rows if row.number in reasons)
    return _as_xlsx(names, rows) if kind == "xlsx" else _as_csv(names, rows, file.delimiter or ";")


def _as_written(row: SheetRow) -> list[Cell]:
    """The row's cells before reading mended them, as far as it kept what stood there."""
    cells = list(row.cells)
    while cells and cells[-1] in (None, ""):
        cells.pop()
    for column, code, value in row.problems:
        if code in ("cell_error", "text_repaired") and len(value) < KEPT_PROBLEM and value.isprintable():
            cells += [None] * (column + 1 - len(cells))
            cells[column] = value
    return cells


def _as_csv(names: Sequence[str], rows: Iterator[list[Cell]], delimiter: str) -> bytes:
    """UTF-8 with a byte order mark, which Excel needs; no cell can act as a formula."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    comma = str(get_locale() or "").startswith("nl")
    writer.writerow([_guarded(name) for name in names])
    writer.writerows([_guarded(_as_text(cell, comma=comma)) for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _as_text(cell: Cell, *, comma: bool) -> str:
    """A workbook's number as its reader's Excel writes it; three decimals become four, which are no thousands."""
    if cell is None or isinstance(cell, str | bool | int):
        return "" if cell is None else str(cell)
    if not cell.is_integer():
        whole, _point, decimals = format(Decimal(repr(cell)), "f").partition(".")
        return f"{whole}{',' if comma else '.'}{decimals}{'0' if len(decimals) == 3 else ''}"
    return str(int(cell))


def _guarded(text: str) -> str:
    """The text so that no spreadsheet takes it for a formula; a number stays one."""
    return f"'{text}" if _ACTS.match(text) and not _NUMBER.fullmatch(text) else text


def _as_xlsx(names: Sequence[str], rows: Iterator[list[Cell]]) -> bytes:
    """Text as text and numbers as numbers: no string becomes a formula, a link or a number."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        head = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        whole = book.add_format({"num_format": "0"})  # Excel shows 13 digits as 8.71E+12 otherwise.
        sheet = book.add_worksheet()
        sheet.freeze_panes(1, COLUMNS)
        sheet.set_column(0, 0, 12)
        sheet.set_column(1, 1, 48)
        sheet.set_column(2, len(names), 18)
        for column, name in enumerate(names):
            sheet.write_string(0, column, name[:LONGEST_CELL], head)
        for number, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                if isinstance(cell, bool):
                    sheet.write_boolean(number, column, cell)
                elif isinstance(cell, int | float):
                    sheet.write_number(number, column, cell, whole if abs(cell) >= 1e11 else None)
                elif cell:
                    sheet.write_string(number, column, cell[:LONGEST_CELL])
    return target.getvalue()


# And back


@dataclass(frozen=True, slots=True)
class _Theirs:
    """The supplier's columns of a file of ours, with the guards of its cells taken off."""

    rows: Rows

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[SheetRow]:
        return map(_theirs, self.rows)


def _theirs(row: SheetRow) -> SheetRow:
    cells = [
        cell[1:] if isinstance(cell, str) and _GUARDED.match(cell) else cell for cell in row.cells[COLUMNS:]
    ]  # fmt: skip
    problems = [
        problem if problem.column == WHOLE_ROW else CellProblem(problem.column - COLUMNS, problem.code, problem.value)
        for problem in row.problems
        if problem.column == WHOLE_ROW or problem.column >= COLUMNS
    ]
    return SheetRow(row.number, cells, tuple(problems))


def without_ours(table: Table) -> tuple[Table, int | None]:
    """The supplier's columns alone, and the number of the file that is corrected; None: it is no file of ours."""
    file_id = corrected_file(table.headers)
    if file_id is None:
        return table, None
    theirs = replace(
        table, headers=table.headers[COLUMNS:], rows=_Theirs(table.rows), sample=[_theirs(row) for row in table.sample]
    )
    return theirs, file_id


def link(session: Session, file: OfferFile, corrected_id: int) -> OfferFile:
    """Make the file a correction of lines of another: partial, and at the exchange rates of that list's day.

    Returns the corrected file. Raises CorrectsUnknown when it is none of this supplier's, or itself.
    """
    corrected = session.get(OfferFile, corrected_id)
    if corrected is None or corrected.supplier_id != file.supplier_id or corrected.id == file.id:
        raise CorrectsUnknown(corrected_id)
    file.corrects_id, file.mode, file.list_date = corrected.id, "partial", corrected.list_date
    file.revision += 1
    return corrected


def layout_of(file: OfferFile) -> Layout:
    """How the corrected file was read: its correction is read in the same way, whatever was said or used since."""
    columns = {column["header"]: column["field"] for column in file.columns or []}
    return Layout(file.fingerprint or "", "", columns)


def decimal_commas(file: OfferFile, content: bytes) -> dict[str, bool | None]:
    """Whether the corrected file writes 1.234 or 1,234 for a thousand, by price and quantity: few lines do not tell."""
    table = read_table(content, sheet=file.sheet)
    fields = {column["field"]: column["header"] for column in file.columns or []}
    return {
        field: uses_decimal_comma(table.column(table.headers.index(fields[field])))
        for field in ("price", "quantity")
        if fields.get(field) in table.headers
    }
