"""What an XLSX sheet's own XML tells and the workbook's reader does not: merged and hidden, errors, formulas without a
result. And the cutting of a large sheet into several, so that one piece is in memory at a time.

The XML is searched, not parsed: a sheet of 100,000 rows is 44 MB of it. Programs write it in one way, with or without a
prefix; what is written in another way loses these notes and nothing else.
"""

from __future__ import annotations

import posixpath
import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, BinaryIO, NamedTuple
from xml.parsers import expat

from app.offers.reading.archive import PIECE, column_index, normal_name
from app.offers.reading.source import Merge
from app.offers.reading.table import MIB, Unreadable

WHOLE = 48 * MIB  # Bytes of XML up to which a sheet is read in one piece,
CELLS_AT_ONCE = 1_500_000  # and its cells: each takes up to 100 bytes while it is read.
PIECE_BYTES = 4 * MIB  # Two pieces are held: one is read while the one before it is used.
GAP = 5000  # Empty rows after which a new piece begins: the reader would hold a cell for each place between.
BROKEN_AT_MOST = 50_000  # Cells with an error or without a result, after which the workbook as a whole has none.
MERGES_AT_MOST = 50_000
_BOOK_AT_MOST = 4 * MIB
_PREFIX = re.compile(rb"<((?:\w+:)?)sheetData\b[^>]*?(/?)>")
_ROW_NUMBER = re.compile(rb"<(?:\w+:)?row\b[^>]*?\br=[\"'](\d+)[\"']")
_HIDDEN = re.compile(rb"<(?:\w+:)?row\b[^>]*?\bhidden=[\"'](?:1|true)[\"']")
_FAR_AT_ALL = re.compile(rb"r=[\"'][A-Z][A-Z][A-Z]")
_FAR = re.compile(rb"<(?:\w+:)?c\b[^>/]*?\br=[\"'][A-Z]{3}\d+[\"'][^>/]*>")
_ERROR = re.compile(rb"<(?:\w+:)?c\b([^>]*?\bt=[\"']e[\"'][^>]*)>(.{0,3000}?)</(?:\w+:)?c>", re.DOTALL)
_FORMULA = re.compile(
    rb"<(?:\w+:)?c\b([^>]*)>\s*<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>([^<]*)</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v[^>]*></(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_VALUE = re.compile(rb"<(?:\w+:)?v[^>]*>([^<]*)<")
_PLACE = re.compile(rb"\br=[\"']([A-Z]+)(\d+)[\"']")
_TEXT_RESULT = re.compile(rb"\bt=[\"']str[\"']")
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\b[^>]*\bref=[\"']([A-Z]+)(\d+):([A-Z]+)(\d+)[\"']")


@dataclass(slots=True)
class SheetNotes:
    """`broken`: row number to (column, what stood there). `merges` count columns from A. `far`: values right of ZZ."""

    merges: list[Merge] = field(default_factory=list)
    hidden_rows: int = 0
    broken: dict[int, list[tuple[int, str]]] = field(default_factory=dict)
    far: bool = False
    gaps: bool = False
    cells: int = 0

    @property
    def in_pieces(self) -> bool:
        """Whether the sheet must not be read at once."""
        return self.gaps or self.cells > CELLS_AT_ONCE


class ListedSheet(NamedTuple):
    name: str
    state: str
    member: zipfile.ZipInfo


@dataclass(frozen=True, slots=True)
class Parts:
    """The members of an XLSX archive that reading needs, styles and strings only where there are some.

    `sheets`: what the workbook lists, in its order: name, state and type as the file says them, and the member.
    """

    sheets: list[ListedSheet]
    styles: zipfile.ZipInfo | None
    strings: zipfile.ZipInfo | None
    date_1904: bool


def find_parts(archive: zipfile.ZipFile) -> Parts | None:
    """By the workbook's relations, absolute or relative; None when they are not as they should be."""
    members = {normal_name(member): member for member in archive.infolist()}
    try:
        book = _target(_relations(archive, members, ""), "officeDocument", "")
        relations = _relations(archive, members, book)
        by_id = {one["Id"]: one for one in relations}
        sheets: list[ListedSheet] = []
        date_1904 = False
        for tag, attributes in _elements(archive, members[book]):
            if tag == "workbookPr":
                date_1904 = attributes.get("date1904", "0") in ("1", "true")
            if tag == "sheet":
                target = by_id[attributes["id"]]
                kind = target["Type"].rpartition("/")[2]
                state = attributes.get("state", "visible") if kind == "worksheet" else kind
                sheets.append(ListedSheet(attributes["name"], state, members[_resolve(target["Target"], book)]))
    except (KeyError, ValueError, EOFError, expat.ExpatError, zipfile.BadZipFile, zlib.error):
        return None
    kept = [members.get(_target(relations, kind, book)) for kind in ("styles", "sharedStrings")]
    return Parts(sheets, kept[0], kept[1], date_1904)


def _relations(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], part: str) -> list[dict[str, str]]:
    folder, name = posixpath.split(part)
    found = members[posixpath.join(folder, "_rels", f"{name}.rels")]
    return [attributes for tag, attributes in _elements(archive, found) if tag == "Relationship"]


def _target(relations: list[dict[str, str]], kind: str, part: str) -> str:
    return next((_resolve(one["Target"], part) for one in relations if one["Type"].endswith(f"/{kind}")), "")


def _resolve(target: str, part: str) -> str:
    return posixpath.normpath(posixpath.join("/", posixpath.dirname(part), target)).lstrip("/").casefold()


def _elements(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> list[tuple[str, dict[str, str]]]:
    """A small part's elements in order, names without their namespaces."""
    if member.file_size > _BOOK_AT_MOST:
        raise ValueError("a workbook's list of sheets is short")
    found: list[tuple[str, dict[str, str]]] = []

    def element(tag: str, attributes: dict[str, str]) -> None:
        found.append((tag.rpartition(" ")[2], {name.rpartition(" ")[2]: value for name, value in attributes.items()}))

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = element
    parser.Parse(archive.read(member), True)
    return found


def look_at_sheet(archive: zipfile.ZipFile, part: zipfile.ZipInfo, cutter: Cutter | None = None) -> SheetNotes:
    """The notes of one sheet; the cutter gets its rows on the way. Raises Unreadable: no_results."""
    notes = SheetNotes()
    with archive.open(part) as stream:
        before = 0
        for block in _row_blocks(stream, notes, cutter):
            first, last = _ends(block)
            apart = first - before > GAP or (last - first > GAP and last - first > GAP + block.count(b"row"))
            notes.gaps = notes.gaps or apart
            notes.cells += block.count(b"</c>") + block.count(b":c>")
            if cutter is not None:
                cutter.add(block, before, apart=apart)
            _search(block, notes)
            before = last or before
    return notes


def _ends(block: bytes) -> tuple[int, int]:
    """The numbers of a block's first and last row; 0 where rows carry none."""
    first = _ROW_NUMBER.search(block)
    at = max(block.rfind(b"<row"), block.rfind(b":row"))
    last = _ROW_NUMBER.search(block, max(0, block.rfind(b"<", 0, at + 1)))
    return int(first[1]) if first else 0, int(last[1]) if last else 0


def _search(block: bytes, notes: SheetNotes) -> None:
    """Take down what whole rows tell."""
    if b"hidden=" in block:
        notes.hidden_rows += len(_HIDDEN.findall(block))
    if _FAR_AT_ALL.search(block) and _FAR.search(block):
        notes.far = True
    if b't="e"' in block or b"t='e'" in block:
        for attributes, inside in _ERROR.findall(block):
            value = _VALUE.search(inside)
            _note_broken(notes, attributes, value[1] if value else b"")
    if b"<f" in block or b":f" in block:
        for attributes, formula in _FORMULA.findall(block):
            if not _TEXT_RESULT.search(attributes):
                _note_broken(notes, attributes, b"=" + formula)
    if len(notes.broken) > BROKEN_AT_MOST:
        raise Unreadable("no_results")


def _note_broken(notes: SheetNotes, attributes: bytes, value: bytes) -> None:
    place = _PLACE.search(attributes)
    if place:
        shown = value[:200].decode("utf-8", "replace")
        notes.broken.setdefault(int(place[2]), []).append((column_index(place[1]), shown))


def _row_blocks(stream: IO[bytes], notes: SheetNotes, cutter: Cutter | None) -> Iterator[bytes]:
    """The sheet's rows in blocks of whole rows; then the merged ranges, which stand after them, are taken down."""
    buffer = b""
    begun = None
    while begun is None:
        piece = stream.read(PIECE)
        buffer += piece
        begun = _PREFIX.search(buffer)
        if begun is None and (not piece or len(buffer) > MIB):
            return
    prefix = begun[1]
    if cutter is not None:
        cutter.begin(buffer[: begun.end()], prefix)
    end, starts = b"</" + prefix + b"sheetData", (b"<" + prefix + b"row ", b"<" + prefix + b"row>")
    buffer = buffer[begun.end() :]
    closed = bool(begun[2])
    while not closed:
        at = buffer.find(end)
        if at >= 0:
            yield buffer[:at]
            buffer = buffer[at:]
            break
        cut = max(buffer.rfind(start) for start in starts)
        if cut > 0:
            yield buffer[:cut]
            buffer = buffer[cut:]
        piece = stream.read(PIECE * 4)
        if not piece:
            return
        buffer += piece
    _take_merges(stream, buffer, notes)


def _take_merges(stream: IO[bytes], buffer: bytes, notes: SheetNotes) -> None:
    while buffer and len(notes.merges) < MERGES_AT_MOST:
        last = 0
        for found in _MERGED.finditer(buffer):
            left, top, right, bottom = found.groups()
            notes.merges.append(Merge(int(top), column_index(left), int(bottom), column_index(right)))
            last = found.end()
        rest = buffer[max(last, len(buffer) - 200) :]  # A range may be cut in two by the piece's end.
        piece = stream.read(PIECE)
        buffer = rest + piece if piece else b""


_BOOK = (
    '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<workbookPr date1904="{date_1904}"/><sheets>{sheets}</sheets></workbook>'
)
_TYPE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
_RELATIONS = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{all}</Relationships>'
_RELATION = '<Relationship Id="{id}" Type="' + _TYPE + '{kind}" Target="{target}"/>'


class Cutter:
    """Writes a sheet as a workbook of many sheets that share its strings and styles, into an unnamed file.

    `before`: for each of them, how many rows stand before it; 0 when its rows carry their numbers, as nearly always.
    """

    def __init__(self) -> None:
        self.file: BinaryIO = tempfile.TemporaryFile(prefix="iused-pieces-")  # noqa: SIM115 (the reader's)
        self.copy = zipfile.ZipFile(self.file, "w", zipfile.ZIP_STORED)
        self.before: list[int] = []
        self.held: list[bytes] = []
        self.size = self.rows = 0
        self.start = self.prefix = b""

    def begin(self, start: bytes, prefix: bytes) -> None:
        """What stands before the sheet's rows, and the prefix of its tags."""
        self.start, self.prefix = start, prefix

    def add(self, block: bytes, before: int, *, apart: bool) -> None:
        """Whole rows. `before`: the number of the last one so far; `apart`: there is a gap before or in them."""
        for run in _runs(block, before) if apart else (block,):
            if self.held and (self.size + len(run) > PIECE_BYTES or run is not block):
                self._end_piece()
            self.held.append(run)
            self.size += len(run)

    def _end_piece(self) -> None:
        piece = b"".join(self.held)
        self.before.append(self.rows)
        if _ROW_NUMBER.search(piece) is None:
            self.rows += piece.count(b"<" + self.prefix + b"row ") + piece.count(b"<" + self.prefix + b"row>")
        end = b"</" + self.prefix + b"sheetData></" + self.prefix + b"worksheet>"
        with self.copy.open(f"xl/worksheets/sheet{len(self.before)}.xml", "w") as written:
            for data in (self.start, piece, end):
                written.write(data)
        self.held, self.size = [], 0

    def finish(self, archive: zipfile.ZipFile, parts: Parts) -> None:
        """Complete the workbook with what its sheets refer to."""
        if self.held:
            self._end_piece()
        kept = [("styles", "styles.xml", parts.styles), ("sharedStrings", "sharedStrings.xml", parts.strings)]
        for _kind, name, member in kept:
            if member is not None:
                with archive.open(member) as stream, self.copy.open(f"xl/{name}", "w") as written:
                    while data := stream.read(PIECE):
                        written.write(data)
        count = range(1, len(self.before) + 1)
        sheets = "".join(f'<sheet name="{number}" sheetId="{number}" r:id="s{number}"/>' for number in count)
        related = [_RELATION.format(id=f"s{number}", kind="worksheet", target=f"worksheets/sheet{number}.xml")
                   for number in count]  # fmt: skip
        related += [_RELATION.format(id=kind, kind=kind, target=name) for kind, name, member in kept if member]
        root = _RELATION.format(id="b", kind="officeDocument", target="xl/workbook.xml")
        with self.copy as copy:
            copy.writestr("xl/workbook.xml", _BOOK.format(date_1904=int(parts.date_1904), sheets=sheets))
            copy.writestr("xl/_rels/workbook.xml.rels", _RELATIONS.format(all="".join(related)))
            copy.writestr("_rels/.rels", _RELATIONS.format(all=root))


def _runs(block: bytes, before: int) -> Iterator[bytes]:
    """The block, divided before each row that is far from the one above it."""
    start = 0
    for found in _ROW_NUMBER.finditer(block):
        number = int(found[1])
        if number - before > GAP:
            if found.start() > start:
                yield block[start : found.start()]
            start = found.start()
        before = number
    yield block[start:]
