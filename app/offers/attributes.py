"""Colours and sizes as the columns of a list give them, beside what its descriptions say."""

from __future__ import annotations

import re

from app.catalog.colours import colour_named
from app.offers.values import LONGEST, is_blank

_SIZE = re.compile(
    r"([0-9]{1,5})(?:[.,]0+)? ?(tb|to|t|gb|go|g)?"
    r"(?: ?(?:ssd|hdd|nvme|m\.?2|emmc|ufs|pcie|sata|flash|rom|ram|s|lp?ddr[0-9][a-z]*|unified))*"
)
LEAST_GB, MOST_GB = 1, 32 * 1024


def read_colour_cell(word: str) -> str | None:
    """Our name of a colour; empty for a blank or `Unknown`, None for a word that a person must explain."""
    if is_blank(word):
        return ""
    return colour_named(word) or None


def read_size_cell(word: str) -> int | None:
    """A normalised `128gb`, `1 tb ssd`, `256` in GB (1 TB = 1024); 0 for a blank, None for anything else.

    A bare 1 or 2 may be terabytes: a person says so.
    """
    if is_blank(word):
        return 0
    match = _SIZE.fullmatch(word) if len(word) <= LONGEST else None
    if match is None:
        return None
    size, unit = int(match[1]), match[2] or ""
    if unit.startswith("t"):
        size *= 1024
    elif not unit and size < 3:
        return None
    size = 1024 if size == 1000 else size
    return size if LEAST_GB <= size <= MOST_GB else None
