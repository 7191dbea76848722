"""Rows as a file, with memory that does not grow with them. A spreadsheet must not take text for a formula."""

from __future__ import annotations

import csv
import io
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

import xlsxwriter
from xlsxwriter.format import Format

from app.web.downloads import FORMULA, safe

PIECE = 512 * 1024  # Bytes; what is kept as one row of the database.
SHEET_ROWS = 1_048_576  # Of a worksheet, the heading among them.
CELL_LONGEST = 32_767  # Characters of a cell.
Facts = Sequence[tuple[str, str]]


class TooManyRows(Exception):
    """A worksheet holds no more."""


class Writer(Protocol):
    def row(self, values: Sequence[object]) -> None: ...
    def ready(self) -> Iterator[bytes]:
        """Pieces of the file that are finished."""

    def close(self) -> Iterator[bytes]:
        """The rest of the file."""


class CsvWriter:
    """UTF-8 with a byte order mark. Numbers have a point and no thousands sign; days are where people are."""

    def __init__(self, headings: Sequence[str], zone: ZoneInfo) -> None:
        self._zone = zone
        self._text = io.StringIO("\ufeff")
        self._text.seek(0, io.SEEK_END)
        self._csv = csv.writer(self._text)
        self._csv.writerow([safe(heading) for heading in headings])

    def row(self, values: Sequence[object]) -> None:
        self._csv.writerow([self._cell(value) for value in values])

    def _cell(self, value: object) -> object:
        if isinstance(value, datetime):
            return value.astimezone(self._zone).strftime("%Y-%m-%d %H:%M:%S")
        return safe(value)

    def ready(self) -> Iterator[bytes]:
        if self._text.tell() >= PIECE:
            yield from self.close()

    def close(self) -> Iterator[bytes]:
        written = self._text.getvalue().encode()
        self._text.seek(0)
        self._text.truncate()
        if written:
            yield written


class XlsxWriter:
    """Text as text, numbers as numbers, moments as moments. What the list was narrowed to stands on a second sheet."""

    def __init__(self, title: str, headings: Sequence[str], facts: tuple[str, Facts], zone: ZoneInfo) -> None:
        self._zone = zone
        self._folder = tempfile.mkdtemp(prefix="export-")
        self._path = Path(self._folder) / "list.xlsx"
        self._book = xlsxwriter.Workbook(
            self._path, {"constant_memory": True, "tmpdir": self._folder, "strings_to_urls": False}
        )
        self._sheet = self._book.add_worksheet(title[:31])
        self._bold = self._book.add_format({"bold": True})
        self._amount = self._book.add_format({"num_format": "#,##0.00"})
        self._moment = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        self._as_text = self._book.add_format({"quote_prefix": True})  # Stays text when somebody edits the cell.
        self._number, self._finished = 0, False
        self._sheet.freeze_panes(1, 0)
        self._sheet.set_column(0, max(0, len(headings) - 1), 18)
        for column, heading in enumerate(headings):
            self._sheet.write_string(0, column, heading, self._bold)
        about = self._book.add_worksheet(facts[0][:31])
        about.set_column(0, 1, 30)
        for number, (label, text) in enumerate(facts[1]):
            about.write_string(number, 0, label, self._bold)
            about.write_string(number, 1, text[:CELL_LONGEST], self._guard(text))

    def row(self, values: Sequence[object]) -> None:
        self._number += 1
        if self._number >= SHEET_ROWS:
            raise TooManyRows
        for column, value in enumerate(values):
            if isinstance(value, datetime):
                local = value.astimezone(self._zone).replace(tzinfo=None)
                self._sheet.write_datetime(self._number, column, local, self._moment)
            elif isinstance(value, Decimal):
                self._sheet.write_number(self._number, column, float(value), self._amount)
            elif isinstance(value, int | float) and not isinstance(value, bool):
                self._sheet.write_number(self._number, column, value)
            elif value not in (None, ""):
                text = str(value)[:CELL_LONGEST]
                self._sheet.write_string(self._number, column, text, self._guard(text))

    def _guard(self, text: str) -> Format | None:
        return self._as_text if text.startswith(FORMULA) else None

    def ready(self) -> Iterator[bytes]:
        return iter(())  # A workbook is whole or not at all.

    def _finish(self) -> None:
        if not self._finished:
            self._finished = True
            self._book.close()

    def close(self) -> Iterator[bytes]:
        self._finish()
        with self._path.open("rb") as file:
            while piece := file.read(PIECE):
                yield piece

    def discard(self) -> None:
        """Remove what was written on the way; the file itself is in the database, or is not wanted."""
        self._finish()
        shutil.rmtree(self._folder, ignore_errors=True)
