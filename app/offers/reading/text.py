"""Delimited text: which sign splits it, how it quotes, and its records one after the other."""

from __future__ import annotations

import csv
import io
import math
import re
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, BinaryIO, NamedTuple

from app.offers.reading.encoding import Encoding
from app.offers.reading.header import find_head
from app.offers.reading.returned import delimiter_of
from app.offers.reading.source import RawRow, Source, path_of
from app.offers.reading.table import WHOLE_ROW, CellProblem, Limits, Unreadable

DELIMITERS = (",", ";", "\t", "|", "^", "~", "\x1f", ":")
_WEAK = frozenset("^~:")  # Stand in values too: they count when every line has as many of them.
SNIFFED_LINES = 400
SNIFFED_CHARACTERS = 256 * 1024
RECORD_LINES = 200  # Lines that one quoted cell may span; a longer one was never closed.
BLOCK_LINES = 1000
OPEN_QUOTES = 500  # Records with a quote that is not closed, after which the quotes as a whole mean nothing.
_BLANK = " \t\r\n\f\v"
_SEPARATOR_LINE = re.compile(r'\s*"?sep=(.)"?\s*', re.IGNORECASE)
_PAGE = re.compile(r"\s*(<!doctype html|<html|<head|<table|<body|<script)", re.IGNORECASE)
_MARKUP = re.compile(r"\s*<(\?xml|[a-z][\w:-]*[\s>])", re.IGNORECASE)


class Dialect(NamedTuple):
    """How records are split. `skip`: lines above the first record that only say how."""

    delimiter: str
    quote: str
    escape: str | None
    skip: int


def text_source(file: BinaryIO, encoding: Encoding, limits: Limits) -> Source:
    """The text as a source.

    Raises Unreadable: empty_file, binary, web_page, unsupported, not_a_table, line_too_long.
    """
    csv.field_size_limit(limits.text_line)
    sample = _sample(file, encoding, limits)
    _judge("".join(sample))
    dialect = _dialect(sample)

    def rows() -> Iterator[RawRow]:
        lines = islice(text_lines(file, encoding, limits), dialect.skip, None)
        for number, (cells, closed) in enumerate(_records(lines, dialect), start=1):
            problems = [] if closed else [CellProblem(WHOLE_ROW, "quote_open", dialect.delimiter.join(cells)[:200])]
            yield RawRow(number, cells[: limits.columns], problems)  # type: ignore[arg-type]

    return Source(
        format="tsv" if dialect.delimiter == "\t" else "csv", rows=rows, encoding=encoding.shown,
        delimiter=dialect.delimiter, ragged=True, notes={} if encoding.sure else {"encoding_unsure": 1},
    )  # fmt: skip


def text_lines(file: BinaryIO, encoding: Encoding, limits: Limits) -> Iterator[str]:
    """Lines with their ends (LF, CRLF or CR), without NUL. Raises Unreadable `line_too_long`."""
    with io.TextIOWrapper(
        open(path_of(file), "rb"), encoding=encoding.name, errors=encoding.errors, newline=""
    ) as text:
        first = True
        while line := text.readline(limits.text_line):
            if len(line) >= limits.text_line:
                raise Unreadable("line_too_long")
            if first:
                line, first = line.removeprefix("\ufeff"), False
            yield line.replace("\x00", "") if "\x00" in line else line


def _sample(file: BinaryIO, encoding: Encoding, limits: Limits) -> list[str]:
    """The first lines with anything in them, and blank ones between them."""
    sample: list[str] = []
    size = 0
    for line in text_lines(file, encoding, limits):
        sample.append(line)
        size += len(line)
        if len(sample) >= SNIFFED_LINES or size >= SNIFFED_CHARACTERS:
            break
    if not any(line.strip() for line in sample) and len(sample) < SNIFFED_LINES:
        raise Unreadable("empty_file")
    return sample


def _judge(text: str) -> None:
    """Refuse what is no delimited text. Raises Unreadable."""
    controls = sum(character < " " and character not in _BLANK for character in text)
    if controls > max(2, len(text) // 50) or text.count("\ufffd") > max(2, len(text) // 20):
        raise Unreadable("binary")
    if _PAGE.match(text):
        raise Unreadable("web_page")
    if _MARKUP.match(text):
        raise Unreadable("web_page" if re.search(r"<table|<html", text, re.IGNORECASE) else "unsupported")


def _dialect(sample: list[str]) -> Dialect:
    told = _SEPARATOR_LINE.fullmatch(sample[0]) if sample else None
    lines = sample[1:] if told else sample
    if lines and (ours := delimiter_of(lines[0])):
        return Dialect(ours, '"', None, len(sample) - len(lines))
    text = "".join(lines)
    singles = len(re.findall(r"(?m)(?:^|[,;\t|])'[^'\n]*'(?=[,;\t|]|$)", text))
    quote = "'" if '"' not in text and singles > len(lines) else '"'
    escape = "\\" if re.search(r"\\" + quote + r"(?!\s*(?:[,;\t|]|$))", text, re.MULTILINE) else None
    if told:
        return Dialect(told[1], quote, escape, 1)
    scores = [(_evenness(lines, Dialect(sign, quote, escape, 0)), -place) for place, sign in enumerate(DELIMITERS)]
    best, place = max(scores)
    return Dialect(DELIMITERS[-place] if best > 0 else ",", quote, escape, 0)


def _evenness(lines: list[str], dialect: Dialect) -> float:
    """How well the sign splits the sample into rows of one width under a header; 0 for not at all."""
    try:
        records = [cells for cells, _closed in _records(iter(lines), dialect)]
    except Unreadable:
        return 0.0
    widths = [len(cells) for cells in records if any(cell.strip() for cell in cells)]
    split = Counter(width for width in widths if width > 1)
    if not split:
        return 0.0
    width, count = max(split.items(), key=lambda item: (item[1], item[0]))
    even = count / len(widths)
    if dialect.delimiter in _WEAK and (even < 1 or width < 3):
        return 0.0
    rows = [
        RawRow(number, [cell.strip() for cell in cells], [])
        for number, cells in enumerate(records, start=1) if any(cell.strip() for cell in cells)
    ]  # fmt: skip
    head = find_head(rows[:100])
    named = 0.0 if head is None or len(head.names) < 2 else 1.0 + 0.5 * head.known
    return even * (1 + math.log2(width)) + named


def split_again(source: Source, near: Sequence[RawRow]) -> Source | None:
    """A table of one column whose cells are lines of text themselves, as when a CSV was opened wrongly and saved.

    None when the first rows are not split evenly by any sign.
    """
    lines = [_one_line(row) for row in near]
    dialect = _dialect(lines)
    widths = {len(cells) for line in lines for cells in _reader([line], dialect)}
    if len(widths) != 1 or max(widths) < 2:
        return None

    def rows() -> Iterator[RawRow]:
        for row in source.rows():
            yield row._replace(cells=next(_reader([_one_line(row)], dialect), []))

    return replace(source, rows=rows, delimiter=dialect.delimiter, ragged=True)


def _one_line(row: RawRow) -> str:
    return re.sub(r"[\r\n]+", " ", next((str(cell) for cell in row.cells if cell not in ("", None)), ""))


class _Unclosed(Exception):
    """A quoted cell does not end."""


class _Feed:
    """Lines for the CSV reader; those of the record in work are held, to be read again when its quote never closes."""

    def __init__(self, lines: Iterator[str]) -> None:
        self.lines = lines
        self.again: deque[str] = deque()
        self.held: list[str] = []
        self.ended = False

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        if len(self.held) >= RECORD_LINES:
            raise _Unclosed
        if self.again:
            line = self.again.popleft()
        else:
            found = next(self.lines, None)
            if found is None:
                self.ended = True
                raise StopIteration
            line = found
        self.held.append(line)
        return line

    def block(self) -> list[str]:
        """The next lines at once, between two records."""
        return list(islice(self.lines, BLOCK_LINES))

    def give_back(self) -> str:
        """The record's first line; its others come again."""
        first, *rest = self.held
        self.again.extendleft(reversed(rest))
        self.held = []
        self.ended = False
        return first


def _records(lines: Iterator[str], dialect: Dialect) -> Iterator[tuple[list[str], bool]]:
    """Records, each with whether its quotes close. One whose quote stays open is its first line alone, unquoted.

    A multi-line record must obey the rules strictly: else one forgotten quote would swallow the lines after it.
    Raises Unreadable `not_a_table`.
    """
    feed = _Feed(lines)
    opened = 0
    while block := feed.block():
        if dialect.quote not in "".join(block):
            for cells in _reader(block, dialect):
                yield cells, True
            continue
        feed.again.extend(block)
        while feed.again:
            try:
                for cells in _reader(feed, dialect):
                    if (len(feed.held) > 1 or feed.ended) and not _closes(feed.held, dialect):
                        raise _Unclosed
                    feed.held = []
                    yield cells, True
                    if not feed.again:
                        break
            except (_Unclosed, csv.Error):
                opened += 1
                if opened > OPEN_QUOTES:
                    raise Unreadable("not_a_table") from None
                yield _unquoted(feed.give_back(), dialect), False


def _reader(lines: _Feed | list[str], dialect: Dialect, *, strict: bool = False) -> Iterator[Any]:
    return csv.reader(
        lines, delimiter=dialect.delimiter, quotechar=dialect.quote, escapechar=dialect.escape, doublequote=True,
        skipinitialspace=True, strict=strict,
    )  # fmt: skip


def _closes(lines: list[str], dialect: Dialect) -> bool:
    """Whether the record's quotes do. A single line may be careless about them, as long as they end."""
    try:
        return len(list(_reader(lines, dialect, strict=True))) <= 1
    except csv.Error as error:
        return len(lines) == 1 and "unexpected end" not in str(error)


def _unquoted(line: str, dialect: Dialect) -> list[str]:
    cells = next(csv.reader([line.strip("\r\n")], delimiter=dialect.delimiter, quoting=csv.QUOTE_NONE), [])
    return [cell.strip(_BLANK).strip(dialect.quote) for cell in cells]
