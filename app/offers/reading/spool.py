"""Rows on their way from the child to the worker: JSON blocks in an unnamed temporary file, each after its length.

JSON because nothing in it can act: the child has touched a stranger's file, and the worker holds the database.
"""

from __future__ import annotations

import json
import os
import tempfile
import weakref
from collections.abc import Iterator
from typing import Any, BinaryIO

from app.offers.reading.table import Cell, CellProblem, SheetRow

BLOCK = 500
SAMPLE = 600  # Rows kept beside: when there are so many, every second one goes and every second row is kept from then.
HEAVY_ROW, SHORT = 20_000, 200  # Characters of a row that is kept as a sample with its cells cut to so many.
HEAVY_BLOCK = 2_000_000
_LENGTH = 4
Written = tuple[int, list[Cell]] | tuple[int, list[Cell], list[CellProblem]]


class SpoolWriter:
    """The child's end."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.block: list[Written] = []
        self.sample: list[Written] = []
        self.stride = 1
        self.count = self.weight = 0

    def add(self, row: Written, weight: int) -> None:
        """A row as (number, cells) or (number, cells, problems); `weight` is the number of its characters."""
        if self.count % self.stride == 0:
            self.sample.append(row if weight < HEAVY_ROW else (row[0], [_short(cell) for cell in row[1]]))
            if len(self.sample) >= SAMPLE:
                self.sample = self.sample[::2]
                self.stride *= 2
        self.count += 1
        self.weight += weight
        self.block.append(row)
        if len(self.block) >= BLOCK or self.weight > HEAVY_BLOCK:
            self.flush()

    def flush(self) -> None:
        """Write what is still held."""
        if self.block:
            data = json.dumps(self.block).encode("ascii")
            self.file.write(len(data).to_bytes(_LENGTH, "big"))
            self.file.write(data)
            self.block, self.weight = [], 0
        self.file.flush()


def _short(cell: Cell) -> Cell:
    return cell[:SHORT] if isinstance(cell, str) else cell


class Spool:
    """The worker's end: rows as often as wanted, one block in memory at a time. The file goes with the object."""

    def __init__(self) -> None:
        file = tempfile.TemporaryFile(prefix="iused-rows-")  # noqa: SIM115 (closed by the finalizer)
        weakref.finalize(self, file.close)
        self.descriptor = file.fileno()
        self.count = 0

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[SheetRow]:
        """Raises ValueError when the file does not hold what a child writes."""
        at = 0
        while head := os.pread(self.descriptor, _LENGTH, at):
            length = int.from_bytes(head, "big")
            for found in json.loads(os.pread(self.descriptor, length, at + _LENGTH)):
                yield row_of(found)
            at += _LENGTH + length


def row_of(found: list[Any]) -> SheetRow:
    """A row as it stands in JSON."""
    if len(found) == 2:
        return SheetRow(found[0], found[1])
    return SheetRow(found[0], found[1], tuple(CellProblem(*problem) for problem in found[2]))
