"""Cells in the light of a supplier's dictionary: each value with the problem it has. Repeated cells are read once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

from app.offers.attributes import read_colour_cell, read_size_cell
from app.offers.gtins import Gtin, parse_gtin
from app.offers.known_words import (
    CURRENCIES,
    CURRENCY_WORDS,
    KRONE,
    KRONE_WORDS,
    MARGIN_WORDS,
    REGULAR_RATES,
    REGULAR_WORDS,
)
from app.offers.reading import Cell
from app.offers.values import is_blank, normalise_word, parse_money, parse_quantity, tidy

T = TypeVar("T")
Words = Mapping[str, Mapping[str, str]]  # Kind of the supplier's dictionary -> normalised word -> what it means.
# Our field -> the kind of word that its cells may hold.
KIND_OF = {
    "grade": "grade", "quantity": "availability", "colour": "colour", "storage": "storage", "memory": "storage",
    "vat_scheme": "vat", "currency": "currency", "price": "currency",
}  # fmt: skip
NO_COLOUR = "none"  # What a person says of a word in a colour column that is no colour.
TEXT_ATTRIBUTES = ("brand", "model", "processor", "configuration", "keyboard", "category", "group")
_RATE = re.compile(r"(?:0[.,])?([0-9]{2})(?:[.,]0+)? ?%?")
MOST_WORDS = 200  # Of a kind, asked per file.
REMEMBERED = 20_000  # Different cells of a column that are kept; beyond it hardly any comes twice.


class Problem(NamedTuple):
    """`word`: what the supplier's dictionary is to be asked, normalised."""

    code: str
    field: str
    value: str
    word: str = ""

    def as_json(self) -> dict[str, str]:
        """As it is stored on the line."""
        plain = {"code": self.code, "field": self.field, "value": self.value}
        return {**plain, "kind": KIND_OF[self.field], "word": self.word} if self.word else plain


class Memo(dict[Any, T]):
    """What a function says of each cell, or of cells together, asked once per different one."""

    def __init__(self, read: Callable[[Any], T]) -> None:
        super().__init__()
        self.read = read

    def __missing__(self, cell: Any) -> T:
        value = self.read(cell)
        if len(self) < REMEMBERED:
            self[cell] = value
        return value


class Graded(NamedTuple):
    word: str
    key: str
    grade: str | None
    problem: Problem | None


class Pieces(NamedTuple):
    pieces: int | None
    problem: Problem | None


class Priced(NamedTuple):
    """`currency`: as the cell says; empty where it says nothing."""

    amount: Decimal | None
    currency: str
    problem: Problem | None


class Found(NamedTuple):
    """A value of which '' and 0 are none."""

    value: Any
    problem: Problem | None


NOTHING = Found("", None)


class CellReader:
    """Reads the cells of one file. `currency`: of amounts that name none."""

    def __init__(self, words: Words, *, currency: str, vat_scheme: str, price_comma: bool | None,
                 quantity_comma: bool | None) -> None:  # fmt: skip
        self.words = words
        self.default_currency = currency
        self.default_vat_scheme = vat_scheme
        self.price_comma = price_comma
        self.quantity_comma = quantity_comma
        self.grade: Memo[Graded] = Memo(self._grade)
        self.quantities: Memo[Pieces] = Memo(self._quantity)
        self.prices: Memo[Priced] = Memo(self._price)
        self.currency: Memo[Found] = Memo(lambda cell: self._currency(cell, "currency"))
        self.vat: Memo[Found] = Memo(self._vat)
        self.gtin: Memo[Gtin] = Memo(parse_gtin)

    def attribute(self, name: str) -> Memo[Found]:
        """Reads the column of one attribute."""
        if name == "colour":
            return Memo(self._colour)
        if name in ("storage", "memory"):
            return Memo(lambda cell: self._size(cell, name))
        return Memo(self._text)

    def quantity(self, cell: Cell) -> Pieces:
        """Pieces, by the dictionary where the cell is a word."""
        return self.quantities[cell] if cell.__class__ is not bool else self._quantity(cell)  # True is a key for 1 too.

    def price(self, cell: Cell) -> Priced:
        """An amount with the currency that stands in the cell."""
        return self.prices[cell] if cell.__class__ is not bool else self._price(cell)

    def _decided(self, kind: str, word: str) -> str | None:
        return self.words.get(kind, {}).get(word)

    def _grade(self, cell: Cell) -> Graded:
        word = tidy(cell)[:200]
        key = word.casefold()
        grade = self._decided("grade", key)
        if grade is None:
            return Graded(word, key, None, Problem("grade_unknown", "grade", word, key))
        return Graded(word, key, grade, Problem("grade_defect", "grade", word) if grade == "defect" else None)

    def _quantity(self, cell: Cell) -> Pieces:
        word = normalise_word(cell) if isinstance(cell, str | bool) else ""
        decided = self._decided("availability", word) if word else None
        if decided is not None:
            return Pieces(int(decided), None)
        found = parse_quantity(cell, decimal_comma=self.quantity_comma)
        if found.problem is None:
            return Pieces(found.pieces, None)
        asked = word if found.problem == "quantity_word" else ""
        return Pieces(found.pieces, Problem(found.problem, "quantity", shown(cell), asked))

    def _price(self, cell: Cell) -> Priced:
        found = parse_money(cell, decimal_comma=self.price_comma)
        currency = self._currency(found.currency, "price") if found.currency else NOTHING
        problem = Problem(found.problem, "price", shown(cell)) if found.problem else currency.problem
        return Priced(found.amount, currency.value, problem)

    def _currency(self, cell: Cell, field: str) -> Found:
        word = normalise_word(cell)
        if is_blank(word):
            return NOTHING
        code = self._decided("currency", word) or CURRENCY_WORDS.get(word)
        if code is None and word in KRONE_WORDS and self.default_currency in KRONE:
            code = self.default_currency
        if code is None or code not in CURRENCIES:
            return Found("", Problem("currency_invalid", field, shown(cell), word[:200]))
        return Found(code, None)

    def _vat(self, cell: Cell) -> Found:
        word = normalise_word(cell)
        scheme = self._decided("vat", word)
        if scheme is None and is_blank(word):
            return Found(self.default_vat_scheme, None)
        if scheme is None:
            rate = _RATE.fullmatch(word)
            regular = word in REGULAR_WORDS or (rate is not None and rate[1] in REGULAR_RATES)
            scheme = "margin" if word in MARGIN_WORDS else "regular" if regular else None
        if scheme is None:
            return Found(self.default_vat_scheme, Problem("vat_unknown", "vat_scheme", shown(cell), word[:200]))
        return Found(scheme, None)

    def _colour(self, cell: Cell) -> Found:
        word = normalise_word(cell)
        decided = self._decided("colour", word)
        colour = read_colour_cell(word) if decided is None else "" if decided == NO_COLOUR else decided
        if colour is None:
            return Found("", Problem("colour_unknown", "colour", shown(cell), word[:200]))
        return Found(colour, None)

    def _size(self, cell: Cell, field: str) -> Found:
        word = normalise_word(cell)
        decided = self._decided("storage", word)
        size = read_size_cell(word) if decided is None else int(decided)
        if size is None:
            return Found(0, Problem("size_unknown", field, shown(cell), word[:200]))
        return Found(size, None)

    def _text(self, cell: Cell) -> Found:
        text = tidy(cell)[:200]
        return NOTHING if is_blank(text.casefold()) else Found(text, None)


def shown(cell: Cell) -> str:
    """A cell as a problem shows it."""
    return tidy(cell)[:200]


class NewWords:
    """Words of a file that nobody has explained yet, with how often they came."""

    def __init__(self) -> None:
        self.lines: Counter[tuple[str, str]] = Counter()
        self.shown: dict[tuple[str, str], str] = {}

    def see(self, problems: Iterable[Problem]) -> None:
        """Note the words that the dictionary does not know."""
        for problem in problems:
            if problem.word:
                key = (KIND_OF[problem.field], problem.word)
                self.lines[key] += 1
                self.shown.setdefault(key, problem.value)

    def to_ask(self) -> dict[tuple[str, str], str]:
        """(Kind, word) -> as written, the most frequent ones of each kind: a column with thousands holds no words."""
        asked: Counter[str] = Counter()
        found = {}
        for (kind, word), _lines in self.lines.most_common():
            asked[kind] += 1
            if asked[kind] <= MOST_WORDS:
                found[kind, word] = self.shown[kind, word]
        return found
