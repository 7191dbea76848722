"""From the bytes of an offer file to a table, read in a process of its own.

`read_table` is the way in. It keeps the bytes in an unnamed temporary file, starts `child` on it and waits. The child
limits its own memory, time and disk, decides by the content what the file is, and writes the rows to a second
temporary file in blocks (`spool`). What comes back is a `Table`: the columns' names, where they stood, a few sample
rows, and rows that can be gone through as often as wanted without ever being held at once. A file that cannot be read,
and one that kills its child, is `Unreadable` with the code of a sentence in `app.offers.words`.

This package knows tables and nothing of offers; what a column means is `app.offers.columns`.
"""

from __future__ import annotations

from app.offers.reading.process import read_table
from app.offers.reading.table import (
    WHOLE_ROW,
    Block,
    Cell,
    CellProblem,
    Limits,
    Rows,
    SheetInfo,
    SheetRow,
    Table,
    Unreadable,
)

__all__ = [
    "WHOLE_ROW", "Block", "Cell", "CellProblem", "Limits", "Rows", "SheetInfo", "SheetRow", "Table", "Unreadable",
    "read_table",
]  # fmt: skip
