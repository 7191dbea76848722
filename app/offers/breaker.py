"""What makes an offer file too odd to be applied without a second look. Pure; the numbers come with the difference.

A limit belongs to the supplier, in per cent; the defaults let the weekly lists of a wholesaler pass and stop a list
that was cut off, a price column in another currency, or a pasted formula.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

# What is measured -> the most that passes, in per cent.
DEFAULT_LIMITS: dict[str, int] = {
    "rows_gone": 15,  # Offers in force that a full list does not name.
    "price_jump": 20,  # Lines in both lists whose price moved by more than PRICE_MOVED.
    "stock_jump": 150,  # How far the pieces of lines in both lists together grew, or shrank by the same factor.
    "grade_shift": 10,  # Lines in both lists whose grade is another one.
    "mass_zero": 30,  # Lines with no pieces or no price.
    "other_sheets": 10,  # Rows on visible sheets that were not read: a full list may end their offers.
}
PRICE_MOVED = 25  # Per cent from which a line's new price counts as a jump.
FEWEST = 20  # Lines below which a share says nothing.


class Hold(NamedTuple):
    """Why a file waits for a second person: `percent` is above `limit`."""

    code: str
    percent: int
    limit: int

    def as_json(self) -> dict[str, Any]:
        return self._asdict()


def holds(counts: Mapping[str, Any], limits: Mapping[str, int], *, mode: str) -> list[Hold]:
    """The limits that the file breaks, in the order of DEFAULT_LIMITS; none for a supplier's first list but zeros.

    `counts`: rows, in_force, absent, continuing, price_jumps, grade_shifts, pieces_continuing, pieces_continued, zeros,
    rows_elsewhere.
    """
    measured = {
        "rows_gone": _share(counts["absent"], counts["in_force"]) if mode != "partial" else None,
        "price_jump": _share(counts["price_jumps"], counts["continuing"]),
        "stock_jump": _growth(counts["pieces_continuing"], counts["pieces_continued"], counts["continuing"]),
        "grade_shift": _share(counts["grade_shifts"], counts["continuing"]),
        "mass_zero": _share(counts["zeros"], counts["rows"]),
        "other_sheets": _share(counts["rows_elsewhere"], counts["rows"]) if mode != "partial" else None,
    }
    found = []
    for code, default in DEFAULT_LIMITS.items():
        limit, percent = int(limits.get(code, default)), measured[code]
        if percent is not None and percent > limit:
            found.append(Hold(code, percent, limit))
    return found


def is_plain(counts: Mapping[str, Any], *, mode: str) -> bool:
    """Whether nobody needs to look: no limit is broken, no word is undecided, and there is something to compare with.

    Of a supplier with too few offers for shares a list may not end most of them unseen.
    """
    if counts["holds"] or counts["words"] or not counts["in_force"]:
        return False
    return mode == "partial" or 2 * int(counts["absent"]) <= int(counts["in_force"])


def rows_elsewhere(account: Mapping[str, Any] | None) -> int:
    """Rows on the visible sheets that stand beside the one that was read; `account`: as Table.account told it."""
    sheets = (account or {}).get("sheets", [])
    read = (account or {}).get("sheet")
    return sum(sheet["rows"] or 0 for sheet in sheets if sheet["state"] == "visible" and sheet["name"] != read)


def _share(part: int, whole: int) -> int | None:
    """Per cent, rounded up so that any excess shows; None when there is too little to judge."""
    return None if whole < FEWEST else -(-100 * part // whole)


def _growth(before: int, after: int, lines: int) -> int | None:
    """How far `after` is from `before` as growth of the larger over the smaller, in per cent."""
    if lines < FEWEST:
        return None
    low, high = sorted((before, after))
    return -(-100 * (high - low) // max(1, low))
