"""From a table and its mapping to offer lines, each with every problem it has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from app.offers.columns import CURRENCIES, ColumnMapping
from app.offers.reading import WHOLE_ROW, Cell, SheetRow, Table
from app.offers.values import normalise_word, parse_gtin, parse_money, parse_quantity, tidy, uses_decimal_comma

# Problems that keep a line from touching stock or price. The others inform.
REJECTING = frozenset(
    {
        "price_zero", "price_placeholder", "price_missing", "price_invalid", "price_negative", "quantity_fraction",
        "quantity_missing", "quantity_invalid", "quantity_negative", "item_number_missing", "duplicate_item",
        "duplicate_line", "currency_invalid", "row_longer", "quote_open",
    }
)  # fmt: skip
PLACEHOLDER_TIMES = 40  # Times the file's 99th percentile that a price must reach to be a placeholder,
PLACEHOLDER_LEAST = Decimal(50_000)  # and its least amount in any currency.


class Problem(NamedTuple):
    code: str
    field: str
    value: str

    def as_json(self) -> dict[str, str]:
        """As it is stored on the line."""
        return {"code": self.code, "field": self.field, "value": self.value}


class OfferLine(NamedTuple):
    row_number: int
    item_number: str
    description: str
    grade_word: str
    grade_key: str
    grade: str | None  # None: the word is not decided.
    quantity: int | None
    price: Decimal | None
    currency: str
    gtin: str | None
    mpn: str | None
    brand: str
    category: str
    group: str
    keyboard: str
    vat_scheme: str
    problems: tuple[Problem, ...]

    @property
    def rejected(self) -> bool:
        """Whether a problem keeps the line from touching stock or price."""
        return any(problem.code in REJECTING for problem in self.problems)


def line_identity(line: OfferLine) -> str:
    """By what the same line is known in the supplier's next file. Item numbers keep their leading zeros."""
    if line.item_number:
        return f"item:{line.item_number}"
    if line.gtin:
        return f"gtin:{line.gtin}:{line.grade_key}"
    if line.mpn:
        return f"mpn:{line.mpn}:{line.grade_key}"
    return f"text:{line.description.casefold()}:{line.grade_key}"


def read_lines(table: Table, mapping: ColumnMapping, *, supplier_currency: str, default_vat_scheme: str,
               grades: Mapping[str, str]) -> Iterator[OfferLine]:  # fmt: skip
    """Every data row as a line, in order. `grades`: the supplier's words, normalised, to our grades."""
    reader = _Reader(table, mapping, supplier_currency, default_vat_scheme, grades)
    for row in table.rows:
        yield reader.line(row)


class _Reader:
    """What is known of the whole file while its rows are read."""

    def __init__(self, table: Table, mapping: ColumnMapping, supplier_currency: str, default_vat_scheme: str,
                 grades: Mapping[str, str]) -> None:  # fmt: skip
        self.at = dict(mapping.indexes)
        self.currency = mapping.price_currency or supplier_currency
        self.vat_scheme = default_vat_scheme
        self.grades = grades
        prices = [self._cell(row, "price") for row in table.rows]
        self.decimal_comma = uses_decimal_comma(prices)
        self.placeholder = self._placeholder_from(prices)
        self.seen: dict[str, OfferLine] = {}

    def _placeholder_from(self, prices: list[Cell]) -> Decimal:
        """The amount from which a price stands for "ask us": far above what the file's dearest goods cost."""
        amounts = sorted(
            money.amount for money in (parse_money(price, decimal_comma=self.decimal_comma) for price in prices)
            if money.amount
        )  # fmt: skip
        if not amounts:
            return PLACEHOLDER_LEAST
        return max(PLACEHOLDER_LEAST, amounts[(len(amounts) - 1) * 99 // 100] * PLACEHOLDER_TIMES)

    def _cell(self, row: SheetRow, name: str) -> Cell:
        index = self.at.get(name)
        return row.cells[index] if index is not None and index < len(row.cells) else None

    def line(self, row: SheetRow) -> OfferLine:
        problems = self._from_reading(row)

        def note(code: str | None, field: str) -> None:
            if code is not None:
                problems.append(Problem(code, field, str(self._cell(row, field) or "")[:200]))

        quantity = parse_quantity(self._cell(row, "quantity"))
        note(quantity.problem, "quantity")
        price = parse_money(self._cell(row, "price"), decimal_comma=self.decimal_comma)
        note(price.problem, "price")
        if price.amount is not None and price.amount >= self.placeholder:
            note("price_placeholder", "price")
        gtin = parse_gtin(self._cell(row, "gtin"))
        note(gtin.problem, "gtin")
        currency = tidy(self._cell(row, "currency")).upper() or self.currency
        if currency not in CURRENCIES:
            note("currency_invalid", "currency")
            currency = self.currency
        word = tidy(self._cell(row, "grade"))
        key = normalise_word(word)
        grade = self.grades.get(key)
        if grade is None:
            note("grade_unknown", "grade")
        elif grade == "defect":
            note("grade_defect", "grade")
        item_number, description = tidy(self._cell(row, "item_number")), tidy(self._cell(row, "description"))
        mpn = tidy(self._cell(row, "mpn")) or None
        if not (item_number or gtin.gtin or mpn or description):
            note("item_number_missing", "item_number")
        line = OfferLine(
            row.number, item_number, description, word, key, grade, quantity.pieces, price.amount, currency, gtin.gtin,
            mpn, tidy(self._cell(row, "brand")), tidy(self._cell(row, "category")), tidy(self._cell(row, "group")),
            tidy(self._cell(row, "keyboard")), self._vat(row), tuple(problems),
        )  # fmt: skip
        return self._against_twins(line)

    def _from_reading(self, row: SheetRow) -> list[Problem]:
        """What reading found wrong with the row or with a cell that we use; others cannot matter."""
        if not row.problems:
            return []
        fields = {index: name for name, index in self.at.items()}
        fields[WHOLE_ROW] = ""
        return [Problem(one.code, fields[one.column], one.value) for one in row.problems if one.column in fields]

    def _vat(self, row: SheetRow) -> str:
        word = normalise_word(self._cell(row, "vat_scheme"))
        if "marg" in word or "diff" in word:
            return "margin"
        return "regular" if word else self.vat_scheme

    def _against_twins(self, line: OfferLine) -> OfferLine:
        """The second line of an identity is rejected: as a copy when it says the same, else as a contradiction."""
        identity = line_identity(line)
        first = self.seen.setdefault(identity, line)
        if first is line:
            return line
        same = (first.quantity, first.price, first.grade_key) == (line.quantity, line.price, line.grade_key)
        twin = Problem("duplicate_line" if same else "duplicate_item", "item_number", str(first.row_number))
        return line._replace(problems=(*line.problems, twin))
