"""From a cell to a value: quantities and amounts of money in every notation. Nothing is guessed silently."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from app.offers.known_words import AROUND_MONEY, AROUND_PIECES, AT_MOST, BLANK, CURRENCY_WORDS, ON_REQUEST, SOLD_OUT
from app.offers.known_words import KRONE_WORDS as KRONE_SIGNS
from app.offers.reading import Cell

CENT = Decimal("0.01")
MOST_PIECES = 10_000_000
MOST_MONEY = Decimal(10) ** 10
LONGEST = 60  # Characters; a longer text in a column of numbers is prose, neither an amount nor a word for one.

# No-break, thin and figure spaces; typographic minus signs and apostrophes.
_SIGNS = str.maketrans(
    {
        **dict.fromkeys("\u00a0\u2007\u2008\u2009\u200a\u202f\u3000\t", " "),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212\ufe63", "-"),
        **dict.fromkeys("\u2018\u2019\u02b9\u02bc\u00b4`", "'"),
        **dict.fromkeys("\u200b\ufeff"),
    }
)
_ONE_SIGN = re.compile(r"([0-9]*)(?:([.,])([0-9]*))?")
_GROUPS = re.compile(r"[0-9]{1,3}(?:([.,' ])[0-9]{3})(?:\1[0-9]{3})*(?:(?!\1)([.,])([0-9]*))?")
_MONEY = re.compile(
    r"(?P<before>[^0-9.,'()+-]*)(?P<sign>[+-]?)(?P<between>[^0-9.,'()+-]*)"
    r"(?P<digits>[0-9][0-9.,' ]*|[.,][0-9]+)(?P<dash>-*) ?(?P<after>[^0-9()+-]*)"
)
_BRACKETS = re.compile(r"([^()]*)\(([^()]*)\)([^()]*)")
_PLAIN_MONEY = re.compile(r"[0-9]{1,10}(?:[.,][0-9]{1,2})?")
_CODE = re.compile(r"[A-Z]{3}")
_NUMBER_IN_WORDS = re.compile(r"[0-9](?:[0-9.,' ]*[0-9])?")
_RANGE = re.compile(r"([0-9]{1,7}) ?(?:-|to|tot|bis|til|à|t/m|\.\.) ?([0-9]{1,7})")
_WORDS = re.compile(r"[^\W\d]+")
_AT_MOST = re.compile("[<≤]|(?:" + "|".join(re.escape(word) for word in AT_MOST if word[0].isalpha()) + r")\.?[\s:]")
_BESIDE_PIECES = frozenset(("#", "+#", "#+", ">#", ">=#", "≥#", "(#)", "(#+)", "[#]", ":#", "=#", "-#", "#-", "(-#)"))


class Quantity(NamedTuple):
    pieces: int | None
    problem: str | None


class Money(NamedTuple):
    """`currency`: the sign, code or word that stands beside the amount, as written; empty for none."""

    amount: Decimal | None
    problem: str | None
    currency: str = ""


def tidy(cell: Cell) -> str:
    """Text that PostgreSQL keeps, with single spaces; a whole number from a workbook without `.0`."""
    if not isinstance(cell, str):
        if cell is None:
            return ""
        if isinstance(cell, float) and cell.is_integer():
            return str(int(cell))
        return str(cell)
    text = " ".join(cell.split())
    if text.isascii() and "\x00" not in text:
        return text
    return "".join(sign for sign in text if sign != "\x00" and not "\ud800" <= sign <= "\udfff")


def normalise_word(cell: Cell) -> str:
    """A word as dictionaries know it: case-folded, trimmed, single spaces."""
    return tidy(cell).casefold()


def is_blank(word: str) -> bool:
    """Whether a normalised word stands for nothing: empty, `n/a`, `unknown`, `ukendt`."""
    return not word or word in BLANK


def parse_quantity(cell: Cell, *, decimal_comma: bool | None = None) -> Quantity:
    """Whole pieces, or the problem.

    "32 available", ">10", "10+" and "3-5" are 32, 10, 10 and 3: what is promised at least. "Sold out" is 0; "on
    request" is 0 with the problem quantity_on_request, which informs. A word that says yes without a number is
    quantity_word: the supplier's dictionary may know it. Else quantity_missing, _fraction, _negative, _ambiguous (1.000
    in a column that does not say what its point is) or _invalid.
    """
    if isinstance(cell, bool):
        return Quantity(None, "quantity_word") if cell else Quantity(0, None)
    if isinstance(cell, int | float):
        return _pieces(_decimal(cell))
    if cell is None or not cell:
        return Quantity(None, "quantity_missing")
    if cell.isascii() and cell.isdigit() and len(cell) < 8:
        return Quantity(int(cell), None)
    return _quantity_text(" ".join(cell.translate(_SIGNS).split()).casefold(), decimal_comma)


def _quantity_text(text: str, decimal_comma: bool | None) -> Quantity:
    if text in SOLD_OUT:
        return Quantity(0, None)
    if text in ON_REQUEST:
        return Quantity(0, "quantity_on_request")
    if not text or text in BLANK:
        return Quantity(None, "quantity_missing")
    if len(text) > LONGEST or text[0] in "#=":  # #REF!, and formulas that a program wrote out.
        return Quantity(None, "quantity_invalid")
    numbers = _NUMBER_IN_WORDS.findall(text)
    if not numbers or _AT_MOST.match(text):
        return Quantity(None, "quantity_word")
    promised = _RANGE.fullmatch(text)
    if promised and int(promised[1]) <= int(promised[2]):
        return Quantity(int(promised[1]), None)
    if len(numbers) > 1 or not AROUND_PIECES.issuperset(_WORDS.findall(text)):
        return Quantity(None, "quantity_invalid")
    signs = _WORDS.sub("", text.replace(numbers[0], "#", 1)).replace(" ", "").replace(".", "")
    number, ambiguous = _number(numbers[0], decimal_comma)
    if ambiguous:
        return Quantity(None, "quantity_ambiguous")
    if number is None or signs not in _BESIDE_PIECES:
        return Quantity(None, "quantity_invalid")
    return _pieces(-number if "-" in signs or text[0] == "(" else number)


def _pieces(number: Decimal | None) -> Quantity:
    if number is None or abs(number) > MOST_PIECES:
        return Quantity(None, "quantity_invalid")
    if number < 0:
        return Quantity(None, "quantity_negative")
    whole = int(number)
    return Quantity(whole, None) if whole == number else Quantity(None, "quantity_fraction")


def parse_money(cell: Cell, *, decimal_comma: bool | None = None) -> Money:
    """An amount in cents, half up, with the currency beside it, or the problem.

    Problems: price_missing, price_negative, price_zero, price_invalid, and price_ambiguous for 1.234, which is one
    thousand or one, in a column that does not say (`decimal_comma` None). A cell that shows its own notation is read
    by it, whatever the column's.
    """
    if isinstance(cell, bool) or cell is None or cell == "":
        return Money(None, "price_missing")
    if isinstance(cell, int | float):
        return _money(_decimal(cell), "")
    if _PLAIN_MONEY.fullmatch(cell):
        return _money(Decimal(cell.replace(",", ".")), "")
    text = " ".join(cell.translate(_SIGNS).split())
    word = text.casefold()
    if word in BLANK or word in ON_REQUEST:
        return Money(None, "price_missing")
    if len(text) > LONGEST:
        return Money(None, "price_invalid")
    return _money_text(text, decimal_comma)


def _money_text(text: str, decimal_comma: bool | None) -> Money:
    brackets = _BRACKETS.fullmatch(text)
    negative = brackets is not None and any("0" <= sign <= "9" for sign in brackets[2])
    match = _MONEY.fullmatch(" ".join(brackets.groups()).strip() if brackets else text)
    if match is None:
        return Money(None, "price_invalid")
    currency = _beside_money(f"{match['before']} {match['between']} {match['after']}")
    digits, dash = match["digits"].strip(), match["dash"]
    if currency is None or (dash and digits[-1] not in ".," and match["sign"]):
        return Money(None, "price_invalid")
    if dash and digits[-1] in ".,":  # "12,-": no cents, and the sign before the dash is the decimal one.
        number, ambiguous = _number(digits[:-1], digits[-1] == ",")
    else:
        number, ambiguous = _number(digits, decimal_comma)
        negative = negative or bool(dash)
    if ambiguous:
        return Money(None, "price_ambiguous", currency)
    if number is None:
        return Money(None, "price_invalid", currency)
    return _money(-number if negative or match["sign"] == "-" else number, currency)


def _beside_money(text: str) -> str | None:
    """The currency's sign, code or word in what stands around an amount; empty for none, None for anything else."""
    text = text.strip(" :=*|")
    if not text:
        return ""
    found = _currency_word(text)
    if found is not None:
        return found
    words = [word for word in re.split(r"[\s/]+", text) if word.casefold().strip(".,") not in AROUND_MONEY]
    return _currency_word(" ".join(words)) if words else ""


def _currency_word(text: str) -> str | None:
    word = text.casefold()
    if word in CURRENCY_WORDS or word in KRONE_SIGNS or _CODE.fullmatch(text):
        return text
    return text if len(text) <= 4 and any(sign in "¥₩₹₺₽₴₪฿$€£¢" for sign in text) else None


def _money(number: Decimal | None, currency: str) -> Money:
    if number is None or abs(number) >= MOST_MONEY:
        return Money(None, "price_invalid", currency)
    amount = number.quantize(CENT, rounding=ROUND_HALF_UP)
    if amount < 0:
        return Money(None, "price_negative", currency)
    if amount == 0:
        return Money(Decimal("0.00"), "price_zero", currency)
    return Money(amount, None, currency)


def _decimal(value: float) -> Decimal | None:
    number = Decimal(value) if isinstance(value, int) else Decimal(repr(value))
    return number if number.is_finite() else None


def _number(text: str, decimal_comma: bool | None) -> tuple[Decimal | None, bool]:
    """A number of digits, points, commas, spaces and apostrophes, and whether it could mean two things."""
    if len(text) > 24:
        return None, False
    single = _ONE_SIGN.fullmatch(text)
    if single is None:
        groups = _GROUPS.fullmatch(text)
        if groups is None:
            return None, False
        whole, _sign, cents = text.rpartition(groups[2]) if groups[2] else (text, "", "")
        return Decimal(re.sub(r"[.,' ]", "", whole) + "." + (cents or "0")), False
    whole, sign, rest = single[1], single[2], single[3] or ""
    if not whole and not rest:
        return None, False
    if not _may_be_thousands(whole, rest):
        return Decimal(f"{whole or '0'}.{rest or '0'}"), False
    if decimal_comma is None:
        return None, True
    return Decimal(f"{whole}.{rest}" if decimal_comma == (sign == ",") else whole + rest), False


def _may_be_thousands(whole: str, rest: str) -> bool:
    return len(rest) == 3 and 1 <= len(whole) <= 3 and whole[0] != "0"


def uses_decimal_comma(cells: Iterable[Cell]) -> bool | None:
    """Whether a column's numbers have a decimal comma: True, False, or None when they do not say or disagree.

    A column of whole numbers below 1,000 beside 1.234 says that its point separates thousands: nobody writes
    thousandths in one cell and nothing in all others. A 1234 beside it takes that back.
    """
    comma = point = grouped_comma = grouped_point = small = large = False
    for cell in {cell for cell in cells if isinstance(cell, str)}:
        match = _NUMBER_IN_WORDS.search(cell[:LONGEST].translate(_SIGNS))
        if match is None:
            continue
        text = match[0]
        single = _ONE_SIGN.fullmatch(text)
        groups = None if single else _GROUPS.fullmatch(text)
        if groups:
            sign = groups[2] or {",": ".", ".": ","}.get(groups[1])
            comma, point = comma or sign == ",", point or sign == "."
        elif single and single[2] and not _may_be_thousands(single[1], single[3]):
            comma, point = comma or single[2] == ",", point or single[2] == "."
        elif single and single[2]:
            grouped_comma, grouped_point = grouped_comma or single[2] == ",", grouped_point or single[2] == "."
        elif single:
            small, large = small or len(text) < 4, large or len(text) >= 4
    if comma != point:
        return comma
    if comma or grouped_comma == grouped_point or large or not small:
        return None
    return grouped_point
