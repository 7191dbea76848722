"""Rows on their way from the child to the worker: blocks in an unnamed temporary file, column by column.

By column, because what is asked of a whole file is mostly asked of one column (are these decimal commas?), and that
then costs a twelfth. JSON, because nothing in it can act: the child has touched a stranger's file, and the worker
holds the database. A block is a head (its rows' numbers and problems, the lengths of its columns) and the columns.
"""

from __future__ import annotations

import json
import os
import tempfile
import weakref
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any, BinaryIO

from app.offers.reading.table import BLOCK, Block, Cell, CellProblem, SheetRow

SAMPLE = 600  # Rows kept beside: when there are so many, every second one goes and every second row is kept from then.
HEAVY_ROW, SHORT = 20_000, 200  # Characters of a row that is kept as a sample with its cells cut to so many.
HEAVY_BLOCK = 2_000_000
_LENGTH = 4


class SpoolWriter:
    """The child's end."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.numbers: list[int] = []
        self.rows: list[list[Cell]] = []
        self.problems: dict[int, list[CellProblem]] = {}  # By the row's place in the block.
        self.sample: list[tuple[int, list[Cell]]] = []
        self.stride = 1
        self.count = self.weight = 0

    def add(self, number: int, cells: list[Cell], problems: list[CellProblem], weight: int) -> None:
        """A row; `weight` is the number of its characters."""
        if self.count % self.stride == 0:
            self.sample.append((number, cells if weight < HEAVY_ROW else [_short(cell) for cell in cells]))
            if len(self.sample) >= SAMPLE:
                self.sample = self.sample[::2]
                self.stride *= 2
        if problems:
            self.problems[len(self.rows)] = problems
        self.numbers.append(number)
        self.rows.append(cells)
        self.count += 1
        self.weight += weight
        if len(self.rows) >= BLOCK or self.weight > HEAVY_BLOCK:
            self.flush()

    def flush(self) -> None:
        """Write what is still held."""
        if self.rows:
            columns = [json.dumps(column).encode("ascii") for column in zip_longest(*self.rows)]
            head = json.dumps([self.numbers, list(self.problems.items()), [len(column) for column in columns]])
            self.file.write(len(head).to_bytes(_LENGTH, "big"))
            self.file.write(head.encode("ascii"))
            self.file.writelines(columns)
            self.numbers, self.rows, self.problems, self.weight = [], [], {}, 0
        self.file.flush()


def _short(cell: Cell) -> Cell:
    return cell[:SHORT] if isinstance(cell, str) else cell


class Spool:
    """The worker's end: rows as often as wanted, one block in memory at a time. The file goes with the object.

    Rows shorter than others of their block end in None. Raises ValueError when the file is not as a child writes it.
    """

    def __init__(self) -> None:
        file = tempfile.TemporaryFile(prefix="iused-rows-")  # noqa: SIM115 (closed by the finalizer)
        weakref.finalize(self, file.close)
        self.descriptor = file.fileno()
        self.count = 0

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[SheetRow]:
        for block in self.blocks():
            rows = zip(*block.columns, strict=True)
            for place, (number, cells) in enumerate(zip(block.numbers, rows, strict=True)):
                yield SheetRow(number, list(cells), block.problems.get(place, ()))

    def blocks(self) -> Iterator[Block]:
        """All rows, as they were written."""
        for numbers, problems, lengths, at in self._heads():
            data = os.pread(self.descriptor, sum(lengths), at)
            columns, start = [], 0
            for length in lengths:
                columns.append(json.loads(data[start : start + length]))
                start += length
            if any(len(column) != len(numbers) for column in columns):
                raise ValueError("columns of different lengths")
            yield Block(
                numbers, columns, {place: tuple(CellProblem(*one) for one in found) for place, found in problems}
            )

    def column(self, index: int) -> Iterator[Cell]:
        """One cell of every row, in order; None where the row ends before it."""
        for numbers, _problems, lengths, at in self._heads():
            if index >= len(lengths):
                yield from [None] * len(numbers)
                continue
            yield from json.loads(os.pread(self.descriptor, lengths[index], at + sum(lengths[:index])))

    def _heads(self) -> Iterator[tuple[list[int], list[Any], list[int], int]]:
        """Each block's head, and where its columns begin."""
        at = 0
        while prefix := os.pread(self.descriptor, _LENGTH, at):
            size = int.from_bytes(prefix, "big")
            numbers, problems, lengths = json.loads(os.pread(self.descriptor, size, at + _LENGTH))
            at += _LENGTH + size
            yield numbers, problems, lengths, at
            at += sum(lengths)
