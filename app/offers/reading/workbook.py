"""Workbooks: XLSX, XLSM, XLSB, XLS and ODS, read by calamine; XLSX with what its own XML tells beside."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cached_property, partial
from typing import Any, BinaryIO

import python_calamine as calamine

from app.ahead import one_ahead
from app.offers.reading import archive as archives
from app.offers.reading import sheet_xml
from app.offers.reading.sheet_xml import Cutter, Parts, SheetNotes
from app.offers.reading.source import Merge, Opened, RawRow, Source, named_path
from app.offers.reading.table import Cell, CellProblem, Limits, SheetInfo, Unreadable

SHEETS_AT_MOST = 200
_PLAIN = frozenset({str, float, int, bool, type(None)})
_HIDDEN = ("hidden", "very_hidden")
# As an XLSX says it itself.
_STATES = {"visible": "visible", "hidden": "hidden", "veryHidden": "very_hidden", "chartsheet": "chart"}


def open_workbook(file: BinaryIO, kind: str, limits: Limits, *, chosen: str | None) -> Opened:
    """The sheets that may be chosen from: the visible ones, or the one that a person chose.

    Raises Unreadable: password, damaged, unsupported, empty_file, only_hidden_sheets, sheet_gone, too_large, too_wide,
    no_results.
    """
    reader = _Reader(file, kind, limits)
    sheets = reader.listed()
    if len(sheets) > SHEETS_AT_MOST:
        raise Unreadable("too_large", sheets=len(sheets))
    wanted = [sheet for sheet in sheets if sheet.state == "visible"]
    if chosen is not None:
        wanted = [sheet for sheet in sheets if sheet.name == chosen and sheet.state in ("visible", *_HIDDEN)]
        if not wanted:
            raise Unreadable("sheet_gone", sheet=chosen)
    sources: list[Source] = []
    refusals: dict[str, Unreadable] = {}
    for sheet in wanted:
        try:
            source = reader.source(sheet.name)
        except Unreadable as error:  # One sheet that cannot be read does not hold the others.
            refusals[sheet.name] = error
            continue
        if source is not None:
            sources.append(source)
    if not sources and refusals:
        raise next(iter(refusals.values()))
    if not sources:
        hidden = any(reader.source(sheet.name) for sheet in sheets if sheet.state in _HIDDEN)
        raise Unreadable("only_hidden_sheets" if hidden else "empty_file")
    return Opened(
        sources,
        sheets=[
            SheetInfo(name, "unreadable" if name in refusals else state, reader.heights.get(name))
            for name, state, _rows in sheets
        ],
    )


def _state_of(meta: calamine.SheetMetadata) -> str:
    if meta.typ != calamine.SheetTypeEnum.WorkSheet:
        return "chart" if meta.typ == calamine.SheetTypeEnum.ChartSheet else "other"
    if meta.visible == calamine.SheetVisibleEnum.Visible:
        return "visible"
    return "hidden" if meta.visible == calamine.SheetVisibleEnum.Hidden else "very_hidden"


@contextmanager
def _calamine_errors() -> Iterator[None]:
    """What the workbook's reader raises, as the refusal that it means."""
    try:
        yield
    except calamine.PasswordError as error:
        raise Unreadable("password") from error
    except (calamine.CalamineError, OSError, ValueError, KeyError, IndexError) as error:
        text = str(error)
        code = "password" if "assword" in text else "unsupported" if "Cannot detect" in text else "damaged"
        raise Unreadable(code) from error
    except BaseException as error:  # A panic of the reader's native code arrives as a BaseException of its own.
        if type(error).__name__ != "PanicException":
            raise
        raise Unreadable("damaged") from error


@dataclass(slots=True)
class _Loaded:
    """A sheet in memory, or the workbook of pieces that it was cut into."""

    name: str
    sheet: calamine.CalamineSheet | None
    pieces: calamine.CalamineWorkbook | None
    before: list[int]  # Rows before each piece, where its rows carry no numbers.
    file: BinaryIO | None
    notes: SheetNotes


class _Reader:
    """Holds one sheet at a time: the last one that was asked for."""

    def __init__(self, file: BinaryIO, kind: str, limits: Limits) -> None:
        self.file = file
        self.kind = kind
        self.limits = limits
        self.heights: dict[str, int] = {}
        self.loaded: _Loaded | None = None
        self.parts: Parts | None = None
        self.members: dict[str, zipfile.ZipInfo] = {}
        if kind in ("xlsx", "xlsm"):
            with archives.opened(file, limits) as archive:
                self.parts = sheet_xml.find_parts(archive)
        if self.parts is not None:
            self.members = {sheet.name: sheet.member for sheet in self.parts.sheets}

    @cached_property
    def book(self) -> calamine.CalamineWorkbook:
        """The workbook as a whole, opened when it is needed: a sheet in pieces is not read from it."""
        with _calamine_errors():
            return calamine.CalamineWorkbook.from_path(named_path(self.file, self.kind))

    def listed(self) -> list[SheetInfo]:
        """All sheets in the workbook's order."""
        if self.parts is not None:
            return [SheetInfo(one.name, _STATES.get(one.state, "other"), None) for one in self.parts.sheets]
        return [SheetInfo(meta.name, _state_of(meta), None) for meta in self.book.sheets_metadata]

    def source(self, name: str) -> Source | None:
        """The sheet as a source; None when nothing stands in it."""
        loaded = self._load(name)
        if loaded.sheet is not None and not loaded.sheet.total_height and not loaded.sheet.height:
            return None
        notes = {"hidden_rows": loaded.notes.hidden_rows} if loaded.notes.hidden_rows else {}
        rows = partial(self._rows, name, notes)
        return Source(format=self.kind, rows=rows, sheet=name, merges=self._merges(loaded), notes=notes)

    def _merges(self, loaded: _Loaded) -> list[Merge]:
        left = loaded.sheet.start[1] if loaded.sheet is not None and loaded.sheet.start else 0
        if loaded.notes.merges:
            return [Merge(one.top, one.left - left, one.bottom, one.right - left) for one in loaded.notes.merges]
        ranges = (loaded.sheet.merged_cell_ranges or []) if loaded.sheet is not None else []
        return [
            Merge(top + 1, first - left, bottom + 1, last - left) for (top, first), (bottom, last) in ranges
        ]  # fmt: skip

    def _load(self, name: str) -> _Loaded:
        if self.loaded is not None and self.loaded.name == name:
            return self.loaded
        self.loaded = None  # Goes before the next one comes.
        part = self.members.get(name)
        notes = SheetNotes()
        if self.parts is not None and part is not None:
            with archives.opened(self.file, self.limits) as archive, _archive_errors():
                cutter = sheet_xml.Cutter() if part.file_size > sheet_xml.WHOLE else None
                notes = sheet_xml.look_at_sheet(archive, part, cutter)
                if notes.far:
                    raise Unreadable("too_wide")
                if cutter is None and notes.in_pieces:
                    cutter = sheet_xml.Cutter()
                    sheet_xml.look_at_sheet(archive, part, cutter)
                if cutter is not None:
                    cutter.finish(archive, self.parts)
                    self.loaded = _cut(name, cutter, notes)
                    return self.loaded
        with _calamine_errors():
            sheet = self.book.get_sheet_by_name(name)
        if sheet.total_height > self.limits.rows:
            raise Unreadable("too_large", rows=sheet.total_height)
        self.heights[name] = sheet.height
        self.loaded = _Loaded(name, sheet, None, [], None, notes)
        return self.loaded

    def _rows(self, name: str, notes: dict[str, int]) -> Iterator[RawRow]:
        loaded = self._load(name)
        width = self.limits.columns
        left = loaded.sheet.start[1] if loaded.sheet is not None and loaded.sheet.start else 0
        broken = loaded.notes.broken
        for number, cells in _numbered(loaded):
            if len(cells) > width:
                notes["columns_cut"] = max(notes.get("columns_cut", 0), len(cells) - width)
                cells = cells[:width]
            problems = _problems(cells, broken[number], left) if number in broken else []
            yield RawRow(number, cells, problems)


@contextmanager
def _archive_errors() -> Iterator[None]:
    """What an archive that lies about its members raises while they are unpacked."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise Unreadable("damaged") from error


def _cut(name: str, cutter: Cutter, notes: SheetNotes) -> _Loaded:
    with _calamine_errors():
        pieces = calamine.CalamineWorkbook.from_path(named_path(cutter.file, "xlsx"))
    return _Loaded(name, None, pieces, cutter.before, cutter.file, notes)


def _numbered(loaded: _Loaded) -> Iterator[tuple[int, list[Cell]]]:
    """Rows with the numbers that the sheet shows, from its first used column; cut sheets from column A."""
    if loaded.sheet is not None:
        for number, row in enumerate(loaded.sheet.iter_rows(), start=1):
            yield number, _cells(row)
        return
    assert loaded.pieces is not None
    with closing(one_ahead(_pieces(loaded.pieces, len(loaded.before)))) as sheets:
        for before, sheet in zip(loaded.before, sheets, strict=True):
            if sheet.start is None:
                continue
            padding: list[Cell] = [""] * sheet.start[1]
            for number, row in enumerate(sheet.to_python(skip_empty_area=True), start=before + sheet.start[0] + 1):
                yield number, padding + _cells(row) if padding else _cells(row)


def _pieces(pieces: calamine.CalamineWorkbook, count: int) -> Iterator[calamine.CalamineSheet]:
    for index in range(count):
        with _calamine_errors():
            sheet = pieces.get_sheet_by_index(index)
        yield sheet


def _cells(row: list[Any]) -> list[Cell]:
    return row if _PLAIN.issuperset(map(type, row)) else [_plain(cell) for cell in row]


def _plain(value: object) -> Cell:
    """A cell as a table holds it: moments in ISO 8601."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)


def _problems(cells: list[Cell], broken: list[tuple[int, str]], left: int) -> list[CellProblem]:
    """Cells with an error value, or a formula without a result, as problems; the cells are empty."""
    problems = []
    for column, value in broken:
        place = column - left
        if 0 <= place < len(cells):
            cells[place] = ""
            problems.append(CellProblem(place, "cell_error", value))
    return problems
