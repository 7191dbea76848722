"""JSON: a list of objects, alone, under a name, or one a line; flattened where that can be done in one way only."""

from __future__ import annotations

import io
import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from json import JSONDecodeError
from typing import Any, BinaryIO

from app.offers.reading.encoding import Encoding
from app.offers.reading.source import Opened, RawRow, Source, path_of
from app.offers.reading.table import MIB, Cell, CellProblem, Limits, SheetInfo, Unreadable

ITEM_AT_MOST = 8 * MIB  # Characters of one item; what is larger is no line of a list.
DEPTH = 3  # Objects around the list, and objects inside an item, that are looked into.
_READ = 256 * 1024
_SPACE = re.compile(r"[\s\ufeff]*")
_START = re.compile(r"[\s\ufeff]*(\[\s*[\[{\]]|\{\s*[\"}])")


def open_json(file: BinaryIO, encoding: Encoding, limits: Limits) -> Opened | None:
    """The lists of objects in the file, each a source; None when it does not begin as JSON does.

    Raises Unreadable: json_damaged, json_nested, no_records, too_wide.
    """
    document = _Document(file, encoding)
    if not document.begins:
        return None
    counts = Counter(path for path, item in document.items() if isinstance(item, dict | list))
    if not counts:
        raise Unreadable("no_records")
    sources = [_source(document, path, limits) for path in counts]
    return Opened(sources, sheets=[SheetInfo(path, "visible", count) for path, count in counts.items() if path])


def _source(document: _Document, path: str, limits: Limits) -> Source:
    names: dict[str, int] = {}
    inner: set[str] = set()
    for found, item in document.items():
        if found == path and isinstance(item, dict):
            for record in _flat(item, inner):
                for name, _value in record:
                    names.setdefault(name, len(names))
        if len(names) > limits.columns:
            raise Unreadable("too_wide")
    if len(inner) > 1:
        raise Unreadable("json_nested", fields=", ".join(sorted(inner)[:5]))

    def rows() -> Iterator[RawRow]:
        number = 0
        for found, item in document.items():
            if found == path and isinstance(item, dict):
                for record in _flat(item, inner):
                    number += 1
                    yield _row(number, record, names)

    def lists() -> Iterator[RawRow]:
        for number, (found, item) in enumerate(document.items(), start=1):
            if found == path and isinstance(item, list):
                yield _row(number, [(str(place), value) for place, value in enumerate(item)],
                           {str(place): place for place in range(len(item))})  # fmt: skip

    return Source(
        format="ndjson" if document.by_line else "json", rows=rows if names else lists, sheet=path or None,
        encoding=document.encoding.shown, names=list(names) or None,
    )  # fmt: skip


def _row(number: int, record: list[tuple[str, Any]], names: dict[str, int]) -> RawRow:
    cells: list[Cell] = [None] * len(names)
    problems: list[CellProblem] = []
    for name, value in record:
        place = names[name]
        if isinstance(value, float) and not math.isfinite(value):
            problems.append(CellProblem(place, "cell_error", str(value)))
        elif isinstance(value, str):
            cells[place] = value.strip()
        elif value is None or isinstance(value, bool | int | float):
            cells[place] = value
        else:
            cells[place] = json.dumps(value, ensure_ascii=False)
    return RawRow(number, cells, problems)


def _flat(item: dict[str, Any], inner: set[str]) -> list[list[tuple[str, Any]]]:
    """The item's rows as names and values: one, or one per object of the only list of objects in it.

    The names of such lists are added to `inner`.
    """
    pairs: list[tuple[str, Any]] = []
    found: list[tuple[str, list[dict[str, Any]]]] = []
    _gather(item, "", DEPTH, pairs, found)
    inner.update(name for name, _objects in found)
    if not found:
        return [pairs]
    rows = []
    for name, objects in found[:1]:
        for one in objects:
            more: list[tuple[str, Any]] = []
            deeper: list[tuple[str, list[dict[str, Any]]]] = []
            _gather(one, f"{name}.", DEPTH, more, deeper)
            inner.update(path for path, _objects in deeper)
            rows.append(pairs + more)
    return rows


def _gather(item: dict[str, Any], prefix: str, depth: int, pairs: list[tuple[str, Any]],
            found: list[tuple[str, list[dict[str, Any]]]]) -> None:  # fmt: skip
    for key, value in item.items():
        name = prefix + key
        if isinstance(value, dict) and depth:
            _gather(value, f"{name}.", depth - 1, pairs, found)
        elif isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
            found.append((name, value))
        elif isinstance(value, list) and not any(isinstance(one, dict | list) for one in value):
            pairs.append((name, ", ".join("" if one is None else str(one) for one in value)))
        else:
            pairs.append((name, value))


class _Document:
    """The file, to be gone through any number of times, one item in memory."""

    def __init__(self, file: BinaryIO, encoding: Encoding) -> None:
        self.file = file
        self.encoding = encoding
        with self._text() as text:
            head = text.read(_READ)
        self.begins = _START.match(head) is not None
        self.by_line = self.begins and _is_by_line(head)

    def _text(self) -> io.TextIOWrapper:
        return io.TextIOWrapper(
            open(path_of(self.file), "rb"), encoding=self.encoding.name, errors=self.encoding.errors
        )  # fmt: skip

    def items(self) -> Iterator[tuple[str, Any]]:
        """Each item of each list with the path to its list: '' for the outermost, `data.items` under two names."""
        with self._text() as stream:
            text = _Text(stream)
            if self.by_line:
                while text.peek():
                    yield "", text.value()
            elif text.peek() == "[":
                yield from _list(text, "")
            else:
                yield from _object(text, "", DEPTH)
            if text.peek():
                raise Unreadable("json_damaged")


def _is_by_line(head: str) -> bool:
    lines = [line for line in head.split("\n")[:-1] if line.strip()][:2]
    try:
        return len(lines) > 1 and all(isinstance(json.loads(line.lstrip("\ufeff")), dict) for line in lines)
    except ValueError:
        return False


def _object(text: _Text, path: str, depth: int) -> Iterator[tuple[str, Any]]:
    text.take("{")
    while text.peek() != "}":
        name = text.value()
        text.take(":")
        inside = f"{path}.{name}" if path else str(name)
        if text.peek() == "[":
            yield from _list(text, inside)
        elif text.peek() == "{" and depth:
            yield from _object(text, inside, depth - 1)
        else:
            text.value()
        if text.peek() != "}":
            text.take(",")
    text.take("}")


def _list(text: _Text, path: str) -> Iterator[tuple[str, Any]]:
    text.take("[")
    while text.peek() != "]":
        yield path, text.value()
        if text.peek() != "]":
            text.take(",")
    text.take("]")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose names may repeat: the second value gets a name of its own, as a second column does."""
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    found = {}
    seen: Counter[str] = Counter()
    for name, value in pairs:
        seen[name] += 1
        found[name if seen[name] == 1 else f"{name} ({seen[name]})"] = value
    return found


class _Text:
    """JSON text that is read on as it is needed."""

    def __init__(self, stream: io.TextIOWrapper) -> None:
        self.stream = stream
        self.text = ""
        self.at = 0
        self.ended = False
        self.decoder = json.JSONDecoder(object_pairs_hook=_distinct)

    def peek(self) -> str:
        """The next sign that is no space; '' at the end."""
        while True:
            self.at = _SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]
            if self.at < len(self.text):
                return self.text[self.at]
            if self.ended:
                return ""
            self._more()

    def take(self, sign: str) -> None:
        """Step over a sign that must come. Raises Unreadable."""
        if self.peek() != sign:
            raise Unreadable("json_damaged")
        self.at += 1

    def value(self) -> Any:
        """The next value. Raises Unreadable."""
        self.peek()
        while True:
            try:
                value, end = self.decoder.raw_decode(self.text, self.at)
            except JSONDecodeError as error:
                if self.ended or len(self.text) - self.at > ITEM_AT_MOST:
                    raise Unreadable("json_damaged") from error
                self._more()
                continue
            except ValueError as error:  # A number of thousands of digits.
                raise Unreadable("json_damaged") from error
            if end < len(self.text) or self.ended:
                self.at = end
                return value
            self._more()  # A number might go on.

    def _more(self) -> None:
        rest = self.text[self.at :]
        piece = self.stream.read(max(_READ, len(rest)))
        self.ended = not piece
        self.text, self.at = rest + piece, 0
