"""Global Trade Item Numbers: EAN-8, UPC-12, EAN-13 and ITF-14, with what spreadsheets do to them.

A check digit is right by chance for one number in ten, so nothing is repaired where it could fit in two ways.
Source: GS1 General Specifications, section 7.9 (check digit) and 3.3 (indicator of a GTIN-14), known rules.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from app.offers.known_words import BLANK
from app.offers.reading import Cell
from app.offers.values import LONGEST

LOST_ZEROS = 5  # A number that ends in as many zeros was cut to its first digits by a spreadsheet.
_SCIENTIFIC = re.compile(r"([0-9])(?:[.,]([0-9]+))?E\+?([0-9]{1,2})", re.IGNORECASE)
_AROUND = re.compile(r"[\s\u200b-]|^[='\"]+|[\"']+$|^(?:ean|gtin|upc)[:.]?", re.IGNORECASE)


class Gtin(NamedTuple):
    """`gtin` is 8, 13 or, for a case of several pieces, 14 digits."""

    gtin: str | None
    problem: str | None


def parse_gtin(cell: Cell) -> Gtin:
    """A GTIN with a right check digit, or the problem; a blank cell is neither.

    UPC-12, and ITF-14 with indicator 0, become EAN-13. gtin_repaired informs: one leading zero of a UPC was lost, or
    a number in scientific notation still had all its digits, or all but one that the check digit gives back.
    gtin_lost_digits: too few are left to know. gtin_case informs: the number is of a case, not of a piece.
    gtin_invalid: no such number, or its check digit is wrong.
    """
    if isinstance(cell, str) and len(cell) == 13 and cell.isascii() and cell.isdigit() and cell[0] != "0":
        return _from_digits(cell)  # As nearly all are.
    text = _digits(cell)
    if len(text) > LONGEST:
        return Gtin(None, "gtin_invalid")
    if text.casefold() in BLANK or not text.strip("0"):
        return Gtin(None, None)
    scientific = _SCIENTIFIC.fullmatch(text)
    if scientific:
        return _from_scientific(scientific[1] + (scientific[2] or ""), int(scientific[3]))
    if not (text.isascii() and text.isdigit()):
        return Gtin(None, "gtin_invalid")
    return _from_digits(text)


def _digits(cell: Cell) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell)) if cell < 1e15 else repr(cell)
    if cell is None or isinstance(cell, bool):
        return ""
    return _AROUND.sub("", str(cell).strip()).removesuffix(".0").removesuffix(",0")


def _from_digits(text: str) -> Gtin:
    fits = has_check_digit(text)
    if text.endswith("0" * LOST_ZEROS) and 11 <= len(text) <= 14:
        return Gtin(None, "gtin_lost_digits")
    if len(text) in (9, 10) and fits:
        return Gtin(None, "gtin_lost_digits")  # Two or three zeros were lost, or it is another number altogether.
    if not fits or len(text) not in (8, 11, 12, 13, 14):
        return Gtin(None, "gtin_invalid")
    if len(text) == 14 and text[0] != "0":
        return Gtin(text, "gtin_case")
    return Gtin(_canonical(text), "gtin_repaired" if len(text) == 11 else None)


def _canonical(digits: str) -> str:
    """8 digits for a GTIN-8, however many zeros stand before it, else 13: GS1 keeps 00000 for GTIN-8."""
    number = digits.lstrip("0")
    return number.zfill(8) if len(number) <= 8 else number.zfill(13)


def _from_scientific(mantissa: str, exponent: int) -> Gtin:
    lost = exponent + 1 - len(mantissa)
    if not 7 <= exponent <= 13:
        return Gtin(None, "gtin_invalid")
    if lost < 0:
        return Gtin(None, "gtin_invalid")
    if lost == 0:
        found = _from_digits(mantissa)
        return Gtin(found.gtin, "gtin_repaired") if found.problem is None else found
    if lost > 1:
        return Gtin(None, "gtin_lost_digits")
    # One digit was rounded or cut off: the number is one of the fifteen that show as this one.
    shown = int(mantissa) * 10
    candidates = [str(number) for number in range(shown - 5, shown + 10) if has_check_digit(str(number))]
    if len(candidates) != 1 or len(candidates[0]) not in (12, 13):
        return Gtin(None, "gtin_lost_digits")
    return Gtin(_canonical(candidates[0]), "gtin_repaired")


def has_check_digit(digits: str) -> bool:
    """Whether the last digit is the GS1 check digit of the others. Zeros before the number change nothing."""
    codes = digits.encode("ascii")  # 48 for a zero and so on, which is taken off once for all.
    odd, even = codes[::-2], codes[-2::-2]
    return (sum(odd) + 3 * sum(even) - 48 * (len(odd) + 3 * len(even))) % 10 == 0
