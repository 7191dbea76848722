"""Lines of one file that name the same item, and item numbers that repeat the grade."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from app.offers.cells import Problem

Line = TypeVar("Line")
_SUFFIX = re.compile(r"[-_]([A-Z]\+?)$")
LEARNT_FROM = 10  # Lines with a suffix from which it is taken for a grade,
LEARNT_AT = 0.9  # when so many of them have the same word.


def find_twins(lines: Iterable[Line], *, identity: Callable[[Line], str], signature: Callable[[Line], object],
               row: Callable[[Line], int]) -> dict[int, Problem]:  # fmt: skip
    """Row number -> why the line is not taken. Of exact copies the first counts; of contradicting ones none does."""
    groups: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        groups[identity(line)].append(line)
    found: dict[int, Problem] = {}
    for group in groups.values():
        if len({signature(line) for line in group}) == 1:
            found |= {row(line): Problem("duplicate_line", "item_number", str(row(group[0]))) for line in group[1:]}
            continue
        for line in group:
            other = next(twin for twin in group if signature(twin) != signature(line))
            found[row(line)] = Problem("duplicate_item", "item_number", str(row(other)))
    return found


def grade_suffix(item_number: str) -> str:
    """The letter behind the last dash of an item number, as in `A1457-73949-08-A`; empty for none.

    `MNP53FD/A` is how Apple writes a country.
    """
    match = _SUFFIX.search(item_number)
    return match[1] if match else ""


def suffix_grades(item_numbers: Sequence[str], grade_keys: Iterable[str]) -> dict[str, str]:
    """Suffix -> the grade word that nearly all lines with it have. Learnt from the file itself."""
    pairs = Counter(
        (suffix, key) for suffix, key in zip(map(grade_suffix, item_numbers), grade_keys, strict=True) if suffix
    )
    totals: Counter[str] = Counter()
    for (suffix, _key), count in pairs.items():
        totals[suffix] += count
    return {
        suffix: key
        for (suffix, key), count in pairs.items()
        if totals[suffix] >= LEARNT_FROM and count >= LEARNT_AT * totals[suffix]
    }
