"""From a cell to a value: quantities, amounts of money, GTINs, words. Nothing is guessed silently."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import NamedTuple

from app.offers.reading import Cell

CENT = Decimal("0.01")
_SIGNS = re.compile(r"[€$£\s\u00a0\u202f']|EUR|DKK|GBP|USD|SEK|NOK|PLN|CHF|CZK|kr\.?|,-$|,–$", re.IGNORECASE)
_QUANTITY_WORDS = re.compile(
    r"^(?:>|over|more than|meer dan|mindestens)?\s*(\d{1,7})\s*(?:\+|available|beschikbaar|pcs|pieces|stuks|stk|st)?$",
    re.IGNORECASE,
)
_NONE_WORDS = frozenset({"out of stock", "sold out", "uitverkocht", "ausverkauft", "udsolgt", "none", "geen"})


class Quantity(NamedTuple):
    pieces: int | None
    problem: str | None


class Money(NamedTuple):
    amount: Decimal | None
    problem: str | None


class Gtin(NamedTuple):
    gtin: str | None
    problem: str | None


def parse_quantity(cell: Cell) -> Quantity:
    """Whole pieces, or the problem: quantity_missing, quantity_fraction, quantity_negative, quantity_invalid.

    "32 available" and ">10" are 32 and 10: what is promised at least.
    """
    if cell is None or cell == "" or isinstance(cell, bool):
        return Quantity(None, "quantity_missing")
    number: Decimal | None
    if isinstance(cell, int | float):
        number = _decimal(cell)
    else:
        text = cell.strip()
        if text.casefold() in _NONE_WORDS:
            return Quantity(0, None)
        match = _QUANTITY_WORDS.match(text)
        number = Decimal(match[1]) if match else _number(text)
    if number is None or abs(number) > 10_000_000:
        return Quantity(None, "quantity_invalid")
    if number < 0:
        return Quantity(None, "quantity_negative")
    if number != number.to_integral_value():
        return Quantity(None, "quantity_fraction")
    return Quantity(int(number), None)


def parse_money(cell: Cell, *, decimal_comma: bool | None = None) -> Money:
    """An amount in cents, half up, or the problem: price_missing, price_negative, price_zero, price_invalid.

    `decimal_comma` says what the column's other values show, for amounts such as 1.234 that say nothing themselves.
    """
    if cell is None or cell == "" or isinstance(cell, bool):
        return Money(None, "price_missing")
    number = _decimal(cell) if isinstance(cell, int | float) else _number(_SIGNS.sub("", cell), decimal_comma)
    if number is None or abs(number) >= Decimal(10) ** 10:
        return Money(None, "price_invalid")
    amount = number.quantize(CENT, rounding=ROUND_HALF_UP)
    if amount < 0:
        return Money(None, "price_negative")
    if amount == 0:
        return Money(Decimal("0.00"), "price_zero")
    return Money(amount, None)


def uses_decimal_comma(cells: list[Cell]) -> bool | None:
    """Whether the column's amounts have a decimal comma: True, False, or None when they do not say."""
    comma = point = 0
    for cell in cells:
        if not isinstance(cell, str):
            continue
        text = _SIGNS.sub("", cell)
        if re.search(r",\d{1,2}$", text) or re.search(r"\.\d{3},", text):
            comma += 1
        elif re.search(r"\.\d{1,2}$", text) or re.search(r",\d{3}\.", text):
            point += 1
    if comma == point:
        return None
    return comma > point


def _decimal(value: float) -> Decimal | None:
    try:
        number = Decimal(repr(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _number(text: str, decimal_comma: bool | None = None) -> Decimal | None:
    """A number with either sign for thousands and decimals; None when it is none."""
    text = text.strip()
    if not re.fullmatch(r"[+-]?\d[\d.,]*", text) or len(text) > 20:
        return None
    if "," in text and "." in text:
        last = max(text.rfind(","), text.rfind("."))
        text = text.replace("." if text[last] == "," else ",", "").replace(",", ".")
    elif "," in text:
        thousands = re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+", text) and not decimal_comma
        text = text.replace(",", "") if thousands else text.replace(",", ".")
    elif decimal_comma and re.fullmatch(r"[+-]?\d{1,3}(\.\d{3})+", text):
        text = text.replace(".", "")
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number


def parse_gtin(cell: Cell) -> Gtin:
    """A GTIN with a right check digit (UPC-12 as EAN-13), or the problem gtin_invalid; blank is neither.

    One lost leading zero of a UPC or EAN-13 is restored when the check digit then fits; 8.7E+12 has lost digits and is
    refused.
    """
    if cell is None or cell == "" or isinstance(cell, bool):
        return Gtin(None, None)
    text = str(int(cell)) if isinstance(cell, int | float) and float(cell).is_integer() else str(cell).strip()
    text = re.sub(r"[\s-]", "", text)
    if not re.fullmatch(r"\d{7,14}", text):
        return Gtin(None, "gtin_invalid")
    if len(text) == 8 and has_check_digit(text):
        return Gtin(text, None)
    padded = text.zfill(13) if len(text) <= 13 else text
    if len(text) >= 11 and has_check_digit(padded):
        return Gtin(padded, None)
    return Gtin(None, "gtin_invalid")


def has_check_digit(digits: str) -> bool:
    """Whether the last digit is the GS1 check digit of the others."""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(digits)))
    return total % 10 == 0


def normalise_word(cell: Cell) -> str:
    """A word as dictionaries know it: case-folded, trimmed, single spaces."""
    return " ".join(str(cell or "").casefold().split())


def tidy(cell: Cell) -> str:
    """Text with single spaces; a whole number from a workbook without `.0`."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return " ".join(str(cell).replace("\x00", "").split())
