"""From a file of any kind to its table: what it is by its first bytes, what in it looks most like a stock list."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from itertools import islice
from typing import Any, BinaryIO

from app.offers.reading import archive as archives
from app.offers.reading.encoding import detect_encoding
from app.offers.reading.header import SEARCH, Head, find_head
from app.offers.reading.mend import mend
from app.offers.reading.records import open_json
from app.offers.reading.source import Opened, RawRow, Source
from app.offers.reading.spool import SpoolWriter
from app.offers.reading.table import WHOLE_ROW, Cell, CellProblem, Limits, SheetInfo, Unreadable
from app.offers.reading.text import split_again, text_source
from app.offers.reading.workbook import open_workbook

LOOKED_AT = 500  # Rows of a sheet by which it is chosen.
MEMBERS_OPENED = 50  # Files of an archive that are looked into.
_KNOWN = (
    (b"%PDF", "pdf"), (b"\x89PNG", "picture"), (b"\xff\xd8\xff", "picture"), (b"GIF8", "picture"), (b"BM", "binary"),
    (b"MZ", "binary"), (b"\x7fELF", "binary"), (b"SQLite format 3", "binary"), (b"PAR1", "unsupported"),
    (b"{\\rtf", "unsupported"), (b"7z\xbc\xaf\x27\x1c", "unsupported_archive"), (b"Rar!", "unsupported_archive"),
    (b"BZh", "unsupported_archive"), (b"\xfd7zXZ", "unsupported_archive"), (b"\x28\xb5\x2f\xfd", "unsupported_archive"),
)  # fmt: skip
ZIP, GZIP, OLE = b"PK\x03\x04", b"\x1f\x8b", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_EMPTY_ZIP = b"PK\x05\x06"


def read_file(file: BinaryIO, writer: SpoolWriter, limits: Limits, *, sheet: str | None) -> dict[str, Any]:
    """Write the file's rows and give what else a Table holds, as plain values. Raises Unreadable."""
    opened = _open(file, limits, sheet=sheet)
    source, head = _choose(opened)
    _write(source, head, writer, limits)
    if not writer.count:
        raise Unreadable("no_rows")
    return {
        "format": source.format, "headers": head.names, "header_row": head.last, "rows": writer.count,
        "sample": writer.sample, "sheet": source.sheet,
        "sheets": [one._replace(rows=writer.count if one.name == source.sheet else one.rows) for one in opened.sheets],
        "member": opened.member, "members": opened.members,
        "encoding": source.encoding, "delimiter": source.delimiter, "notes": source.notes,
    }  # fmt: skip


def _open(file: BinaryIO, limits: Limits, *, sheet: str | None, packed: bool = False) -> Opened:
    file.seek(0)
    start = file.read(16)
    if start.startswith((ZIP, _EMPTY_ZIP)):
        return _open_zip(file, limits, sheet=sheet, packed=packed)
    if start.startswith(GZIP):
        if packed:
            raise Unreadable("nested_archive")
        return _open(archives.unpack_gzip(file, limits), limits, sheet=sheet, packed=True)
    if start.startswith(OLE):
        archives.judge_ole(file)
        return open_workbook(file, "xls", limits, chosen=sheet)
    for magic, code in _KNOWN:
        if start.startswith(magic) and (len(magic) > 2 or b"\x00" in start):
            raise Unreadable(code)
    encoding = detect_encoding(file)
    return open_json(file, encoding, limits) or Opened([text_source(file, encoding, limits)])


def _open_zip(file: BinaryIO, limits: Limits, *, sheet: str | None, packed: bool) -> Opened:
    with archives.opened(file, limits) as archive:
        kind = archives.kind_of(archive)
        if kind == "other":
            raise Unreadable("unsupported")
        if kind != "packed":
            archives.judge_parts(archive)
            return open_workbook(file, kind, limits, chosen=sheet)
        if packed:
            raise Unreadable("nested_archive")
        return _choose_member(archive, limits, sheet=sheet)


def _choose_member(archive: zipfile.ZipFile, limits: Limits, *, sheet: str | None) -> Opened:
    """The archive's file that looks most like a stock list; why the others could not be read is told when none can."""
    best: tuple[tuple[int, int], Opened] | None = None
    refusals: list[Unreadable] = []
    members: list[SheetInfo] = []
    for member in archives.tables_in(archive)[:MEMBERS_OPENED]:
        try:
            opened = _open(archives.unpack_member(archive, member), limits, sheet=sheet, packed=True)
            source, head = _choose(opened)
        except Unreadable as error:
            refusals.append(error)
            state = "archive" if error.code == "nested_archive" else "unreadable"
            members.append(SheetInfo(member.filename, state, None))
            continue
        members.append(SheetInfo(member.filename, "file", None))
        score = _score(source, head)
        if best is None or score > best[0]:
            opened.member = member.filename
            best = (score, opened)
    if best is None:
        raise refusals[0] if len(refusals) == 1 else Unreadable(
            "nested_archive" if any(one.code == "nested_archive" for one in refusals) else "no_table_inside"
        )  # fmt: skip
    best[1].members = members
    return best[1]


def _choose(opened: Opened) -> tuple[Source, Head]:
    """The source that looks most like a stock list, the first of equals. Raises Unreadable `no_header`."""
    best: tuple[tuple[int, int], Source, Head] | None = None
    for given in opened.sources:
        source, head = _headed(given)
        if head is not None:
            score = _score(source, head) if len(opened.sources) > 1 else (0, 0)
            if best is None or score > best[0]:
                best = (score, source, head)
    if best is None:
        raise Unreadable("no_header")
    return best[1], best[2]


def _headed(source: Source) -> tuple[Source, Head | None]:
    """The source with its header; one whose single column holds lines of text is split once more."""
    if source.names is not None:
        return source, Head(source.names, 0, 0, 0, [])
    near = list(islice(_rows(source), SEARCH + 50))
    if near and max(map(_filled, near)) == 1:
        source = split_again(source, near) or source
        near = list(islice(_rows(source), SEARCH + 50))
    return source, find_head(near, source.merges)


def _filled(row: RawRow) -> int:
    return sum(cell is not None and cell != "" for cell in row.cells)


def _score(source: Source, head: Head) -> tuple[int, int]:
    """How many of its names a stock list has, and how many rows follow, as far as it was looked at."""
    known = head.known or (find_head([RawRow(0, list(head.names), [])]) or head).known
    return min(known, 8), sum(1 for _row in islice(_rows(source), LOOKED_AT))


def _rows(source: Source) -> Iterator[RawRow]:
    """The source's rows with anything in them, mended."""
    return (row for row in source.rows() if mend(row.cells, row.problems, only_text=source.ragged))


def _write(source: Source, head: Head, writer: SpoolWriter, limits: Limits) -> None:
    width = len(head.names)
    filled = _Filler(source)
    repeated = 0
    for row in source.rows():
        weight = mend(row.cells, row.problems, only_text=source.ragged)
        if not weight or row.number <= head.last:
            continue
        if len(head.cells) > 1 and row.cells == head.cells:
            repeated += 1
            continue
        if writer.count >= limits.rows:
            raise Unreadable("too_large", rows=limits.rows)
        filled.fill(row)
        if source.ragged and len(row.cells) != width:
            _note_width(row, width)
        writer.add(row.number, row.cells, row.problems, weight)
    writer.flush()
    counted = {"repeated_headers": repeated, "rows_filled": filled.count}
    source.notes.update({name: count for name, count in counted.items() if count})


def _note_width(row: RawRow, width: int) -> None:
    """A text row of another width: what is too much may be a value that was split, so that others stand elsewhere."""
    if len(row.cells) < width:
        row.problems.append(CellProblem(WHOLE_ROW, "row_shorter", str(len(row.cells))))
    elif any(row.cells[width:]):
        row.problems.append(CellProblem(WHOLE_ROW, "row_longer", " | ".join(map(str, row.cells[width:]))[:200]))


class _Filler:
    """Writes the text of cells that are merged downwards into the rows that they cover.

    A number stays where it stands: one quantity for three rows is not three times that quantity.
    """

    def __init__(self, source: Source) -> None:
        self.starting: dict[int, list[tuple[int, int]]] = {}
        self.open: dict[int, tuple[int, Cell]] = {}
        self.count = 0
        for merge in source.merges:
            if merge.bottom > merge.top and merge.left == merge.right:
                self.starting.setdefault(merge.top, []).append((merge.left, merge.bottom))

    def fill(self, row: RawRow) -> None:
        """Complete the row's cells in place."""
        if not self.starting:
            return
        for column, (bottom, text) in list(self.open.items()):
            if row.number > bottom:
                del self.open[column]
            elif column < len(row.cells) and row.cells[column] in ("", None):
                row.cells[column] = text
                self.count += 1
        for column, bottom in self.starting.get(row.number, ()):
            cell = row.cells[column] if 0 <= column < len(row.cells) else None
            if isinstance(cell, str) and cell:
                self.open[column] = (bottom, cell)
