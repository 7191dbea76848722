"""The file that we gave back with rejected lines, known again by its first column whatever became of its name."""

from __future__ import annotations

import re
from collections.abc import Sequence

# In every language of the pages; `app.offers.corrections` writes them, a test holds that both agree.
_ROW = re.compile(r"\ufeff?\"?(?:Row of file|Rij van bestand) (\d{1,18})")
COLUMNS = 2  # Ours, before the supplier's: the row's number, and why it was rejected.


def corrected_file(names: Sequence[object]) -> int | None:
    """The number of the file whose lines these are, by the names of the columns; None: not a file of ours."""
    found = _ROW.fullmatch(names[0]) if names and isinstance(names[0], str) else None
    return int(found[1]) if found and len(names) > COLUMNS else None


def delimiter_of(line: str) -> str | None:
    """What separates the columns of a file of ours, by its first line; None: not a file of ours."""
    found = _ROW.match(line)
    rest = line[found.end() :].removeprefix('"') if found else ""
    return rest[0] if rest and not rest[0].isalnum() and rest[0] not in "\r\n" else None
