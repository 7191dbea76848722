"""Archives: judged by their own directory before anything is unpacked, then asked for the tables that they hold."""

from __future__ import annotations

import gzip
import re
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO
from xml.parsers import expat

from app.offers.reading.source import path_of
from app.offers.reading.table import MIB, Limits, Unreadable

SMALL = 16 * MIB  # What may be unpacked whatever the ratio: short rows that repeat are packed very well.
PROLOGUE = 64 * 1024  # A part's first element begins within so many bytes, or its author has something to hide.
PIECE = 256 * 1024
_LOCAL_HEADER = 30  # Bytes before a member's name; what follows it is at least as long as the directory says.
_NOT_TABLES = re.compile(r"(^|/)(__MACOSX|\.DS_Store|\.|Thumbs\.db$)", re.IGNORECASE)
_CELLS_AT_MOST = 100_000_000  # A sheet may claim more, when its bytes could hold as many rows.
_DIMENSION = re.compile(rb"<(?:\w+:)?dimension\s[^>]*\bref=[\"']\$?([A-Z]+)\$?(\d+):\$?([A-Z]+)\$?(\d+)[\"']")
_SHORTEST_ROW = len(b"<row/>")


@contextmanager
def opened(file: BinaryIO, limits: Limits) -> Iterator[zipfile.ZipFile]:
    """The archive, after its directory was judged. Raises Unreadable."""
    try:
        archive = zipfile.ZipFile(path_of(file))
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, EOFError, struct.error) as error:
        raise Unreadable("damaged") from error
    with archive:
        _judge(archive, file.seek(0, 2), limits)
        yield archive


def _judge(archive: zipfile.ZipFile, size: int, limits: Limits) -> None:
    members = archive.infolist()
    if len(members) > limits.members:
        raise Unreadable("too_large")
    if any(member.flag_bits & 1 for member in members):
        raise Unreadable("password")
    names = [normal_name(member) for member in members]
    if len(set(names)) < len(names) or any(_leads_out(name) for name in names):
        raise Unreadable("unsafe_archive")
    end = 0
    for member in sorted(members, key=lambda one: one.header_offset):
        if member.header_offset < end:
            raise Unreadable("unsafe_archive")  # Two members share their bytes: little grows to much.
        end = member.header_offset + _LOCAL_HEADER + len(member.orig_filename) + member.compress_size
    if end > size:
        raise Unreadable("damaged")
    if any(member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for member in members):
        raise Unreadable("unsupported")
    judge_growth(sum(member.compress_size for member in members), sum(member.file_size for member in members), limits)


def judge_growth(packed: int, unpacked: int, limits: Limits) -> None:
    """Refuse what would not stay small. Raises Unreadable `too_large`."""
    if unpacked > limits.unpacked or (unpacked > SMALL and unpacked > limits.ratio * packed):
        raise Unreadable("too_large")


def normal_name(member: zipfile.ZipInfo) -> str:
    """A member's name as we compare names: forward slashes, no case, nothing in front."""
    return member.filename.replace("\\", "/").casefold().removeprefix("/")


def _leads_out(name: str) -> bool:
    return ".." in name.split("/") or name.startswith("/") or bool(re.match(r"[a-z]:", name)) or "\x00" in name


def kind_of(archive: zipfile.ZipFile) -> str:
    """xlsx, xlsm, xlsb or ods for a workbook, `other` for another program's document, `packed` for packed files."""
    names = {normal_name(member) for member in archive.infolist()}
    if any(name.endswith("workbook.bin") for name in names):
        return "xlsb"
    if any(name.endswith("workbook.xml") for name in names):
        return "xlsm" if any(name.endswith("vbaproject.bin") for name in names) else "xlsx"
    if "content.xml" in names:
        return "ods" if _is_spreadsheet(archive) else "other"
    if "[content_types].xml" in names or any(name.endswith((".iwa", "index.zip")) for name in names):
        return "other"
    return "packed"


def _is_spreadsheet(archive: zipfile.ZipFile) -> bool:
    found = [member for member in archive.infolist() if normal_name(member) == "mimetype"]
    return bool(found) and b"spreadsheet" in first_bytes(archive, found[0], 200)


def first_bytes(archive: zipfile.ZipFile, member: zipfile.ZipInfo, size: int) -> bytes:
    """What a member begins with; no more of it is unpacked. Raises Unreadable `damaged`."""
    try:
        with archive.open(member) as stream:
            return stream.read(size)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        raise Unreadable("damaged") from error


def judge_parts(archive: zipfile.ZipFile) -> None:
    """Look at where each XML part of a workbook begins: no document type, no size that it cannot have.

    A document type is the door for entities that grow or that read other files; no program writes one into a workbook.
    """
    for member in archive.infolist():
        if not normal_name(member).endswith((".xml", ".rels")):
            continue
        head = first_bytes(archive, member, PROLOGUE)
        _judge_prologue(head)
        claim = _DIMENSION.search(head)
        if claim:
            rows = int(claim[4]) - int(claim[2]) + 1
            columns = column_index(claim[3]) - column_index(claim[1]) + 1
            if rows * columns > _CELLS_AT_MOST and rows * _SHORTEST_ROW > member.file_size:
                raise Unreadable("lying_size", rows=rows, columns=columns)


class _Begun(Exception):
    """The first element was reached."""


def _judge_prologue(head: bytes) -> None:
    def doctype(*_parts: object) -> None:
        raise Unreadable("unsafe_archive")

    def element(*_parts: object) -> None:
        raise _Begun

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = doctype
    parser.StartElementHandler = element
    try:
        parser.Parse(head, False)
    except (_Begun, expat.ExpatError):
        return  # What is no XML at all is for the workbook's reader to refuse.
    if len(head) == PROLOGUE:
        raise Unreadable("unsafe_archive")


def column_index(letters: bytes | str) -> int:
    """A is 0, Z 25, AA 26."""
    text = letters.decode("ascii") if isinstance(letters, bytes) else letters
    index = 0
    for letter in text:
        index = index * 26 + ord(letter) - ord("A") + 1
    return index - 1


def judge_ole(file: BinaryIO) -> None:
    """An OLE container is an XLS, an encrypted XLSX, or another program's. Raises Unreadable: password, unsupported.

    Its directory may lie anywhere in the file and names its streams in UTF-16.
    """
    encrypted, books = _utf16("EncryptedPackage"), (_utf16("Workbook"), _utf16("Book"))
    file.seek(0)
    before, book = b"", False
    while piece := file.read(PIECE):
        window = before[-len(encrypted) :] + piece
        if encrypted in window:
            raise Unreadable("password")
        book = book or any(name in window for name in books)
        before = piece
    if not book:
        raise Unreadable("unsupported")


def _utf16(text: str) -> bytes:
    return text.encode("utf-16-le")


def tables_in(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The members that may be tables: no folders, nothing hidden, nothing empty."""
    return [
        member for member in archive.infolist()
        if not member.is_dir() and member.file_size and not _NOT_TABLES.search(member.filename.replace("\\", "/"))
    ]  # fmt: skip


def unpack_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> BinaryIO:
    """One member as an unnamed file of its own; its size was judged. Raises Unreadable `damaged`."""
    target = tempfile.TemporaryFile(prefix="iused-member-")  # noqa: SIM115 (the caller's)
    try:
        with archive.open(member) as stream:
            while piece := stream.read(PIECE):
                target.write(piece)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        target.close()
        raise Unreadable("damaged") from error
    target.seek(0)
    return target


def unpack_gzip(file: BinaryIO, limits: Limits) -> BinaryIO:
    """A gzip file's content as an unnamed file. It has no directory to be judged by, so its growth is watched."""
    size = file.seek(0, 2)
    file.seek(0)
    target = tempfile.TemporaryFile(prefix="iused-member-")  # noqa: SIM115 (the caller's)
    unpacked = 0
    try:
        with gzip.open(file) as stream:
            while piece := stream.read(PIECE):
                unpacked += len(piece)
                judge_growth(size, unpacked, limits)
                target.write(piece)
    except Unreadable:
        target.close()
        raise
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        target.close()
        raise Unreadable("damaged") from error
    target.seek(0)
    return target
