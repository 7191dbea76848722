"""From a table and its mapping to offer lines, each with every problem it has."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import repeat
from typing import Any, NamedTuple

from app.offers.cells import TEXT_ATTRIBUTES, CellReader, Found, Graded, Memo, Pieces, Priced, Problem, Words, shown
from app.offers.columns import ColumnMapping
from app.offers.gtins import Gtin
from app.offers.reading import WHOLE_ROW, Block, Cell, Table
from app.offers.twins import find_twins, grade_suffix, suffix_grades
from app.offers.values import is_blank, parse_money, tidy, uses_decimal_comma

# Problems that keep a line from touching stock or price. The others inform.
REJECTING = frozenset(
    {
        "price_zero", "price_placeholder", "price_missing", "price_invalid", "price_negative", "price_ambiguous",
        "quantity_fraction", "quantity_missing", "quantity_invalid", "quantity_negative", "quantity_ambiguous",
        "quantity_word", "item_number_missing", "duplicate_item", "duplicate_line", "currency_invalid",
        "currency_contradicts", "vat_unknown", "row_longer", "quote_open",
    }
)  # fmt: skip
PLACEHOLDER_TIMES = 40  # Times the file's 99th percentile that a price must reach to be a placeholder,
PLACEHOLDER_LEAST = Decimal(50_000)  # and its least amount in any currency.
LONGEST_TEXT = 2000  # Characters of a description.
LONGEST_KEY = 200  # Characters of an item number or of an identity: an index holds them.
LONGEST_MPN = 64
_ATTRIBUTES = (*TEXT_ATTRIBUTES, "colour", "storage", "memory")
_STORED_AS = {"storage": "storage_gb", "memory": "memory_gb"}


class OfferLine(NamedTuple):
    """`identity`: by what the same line is known in the supplier's next file.

    `attributes`: what columns of their own say, only keys with a value: brand, model, processor, configuration,
    keyboard, category, group, colour (our name), storage_gb, memory_gb.
    """

    row_number: int
    identity: str
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
    vat_scheme: str
    attributes: Mapping[str, Any]
    problems: tuple[Problem, ...]

    @property
    def is_named(self) -> bool:
        """Whether anything says which goods the line is about."""
        return bool(self.item_number or self.gtin or self.mpn or self.description)

    @property
    def rejected(self) -> bool:
        """Whether a problem keeps the line from touching stock or price."""
        return any(problem.code in REJECTING for problem in self.problems)


def read_lines(table: Table, mapping: ColumnMapping, *, supplier_currency: str, default_vat_scheme: str,
               words: Words, graded_items: Collection[str] = (),
               decimal_commas: Mapping[str, bool | None] | None = None) -> Iterator[OfferLine]:  # fmt: skip
    """Every data row as a line, in order.

    `words`: the supplier's dictionary. `graded_items`: item numbers of which offers in several grades are in force, so
    that the grade is part of what the line is known by, as it is for numbers that this file holds in several grades.
    `decimal_commas`: of price and quantity, where another file than this one tells.
    """
    reader = _Reader(
        table, mapping, words, currency=mapping.price_currency or supplier_currency,
        default_vat_scheme=default_vat_scheme, graded_items=graded_items, decimal_commas=decimal_commas or {},
    )  # fmt: skip
    return reader.lines()


class Told(NamedTuple):
    """What a row's columns of attributes say."""

    attributes: Mapping[str, Any]
    problems: tuple[Problem, ...]


_NOTHING_TOLD = Told({}, ())
# Number, item, cells of description and maker's number, and what is read of the others.
_Row = tuple[int, str, Cell, Cell, Pieces, Priced, Graded, Found, Found, Gtin, Told]


class _Reader:
    """What is known of the whole file while its rows are read."""

    def __init__(self, table: Table, mapping: ColumnMapping, words: Words, *, currency: str,
                 default_vat_scheme: str, graded_items: Collection[str],
                 decimal_commas: Mapping[str, bool | None]) -> None:  # fmt: skip
        self.table = table
        self.at = dict(mapping.indexes)
        self.fields = {index: name for name, index in self.at.items()} | {WHOLE_ROW: ""}
        prices = self._column("price")
        price_comma, quantity_comma = decimal_commas.get("price"), decimal_commas.get("quantity")
        if price_comma is None:
            price_comma = uses_decimal_comma(prices)
        if quantity_comma is None:
            quantity_comma = uses_decimal_comma(self._column("quantity"))
        self.cells = CellReader(
            words, currency=currency, vat_scheme=default_vat_scheme,
            price_comma=quantity_comma if price_comma is None else price_comma,
            quantity_comma=price_comma if quantity_comma is None else quantity_comma,
        )  # fmt: skip
        self.placeholder = self._placeholder_from(prices)
        self.attributes = [name for name in _ATTRIBUTES if name in self.at]
        self.told = Memo(self._told())
        self.items = [_named(cell, LONGEST_KEY) for cell in self._column("item_number")] or [""] * len(table.rows)
        self.suffixes = self._suffixes()
        self.graded = set(graded_items)
        self.twins = self._find_twins()

    def _column(self, name: str) -> list[Cell]:
        """Every row's cell of a column; nothing when no column is that."""
        index = self.at.get(name)
        if index is None:
            return []
        return list(self.table.column(index))

    def _placeholder_from(self, prices: list[Cell]) -> Decimal:
        """The amount from which a price stands for "ask us": far above what the file's dearest goods cost."""
        comma = self.cells.price_comma
        amounts = sorted(
            amount for amount in (
                float(parse_money(price, decimal_comma=comma).amount or 0) if price.__class__ is str else price
                for price in prices
            ) if isinstance(amount, int | float) and 0 < amount < 1e10
        )  # fmt: skip
        if not amounts:
            return PLACEHOLDER_LEAST
        return max(PLACEHOLDER_LEAST, Decimal(amounts[(len(amounts) - 1) * 99 // 100]) * PLACEHOLDER_TIMES)

    def _suffixes(self) -> dict[str, str]:
        if "item_number" not in self.at or "grade" not in self.at:
            return {}
        grade = self.cells.grade
        return suffix_grades(self.items, (grade[cell].key for cell in self._column("grade")))

    def _find_twins(self) -> dict[int, Problem]:
        """Which rows name what another row names; looks only at rows whose naming cell stands in the file twice.

        A row without such a cell is named by all its attributes together, so every one of those is looked at.
        """
        keys = self._naming_cells()
        counts = Counter(keys)
        again = [not key or counts[key] > 1 for key in keys]
        if not any(again):
            return {}
        twins = []
        for block, start in self._blocks():
            places = [place for place in range(len(block.numbers)) if again[start + place]]
            if places:
                twins.append((block.only(places), [self.items[start + place] for place in places]))
        grades: dict[str, set[str]] = {}
        for block, items in twins:
            for item, cell in zip(items, block.column(self.at.get("grade")), strict=True):
                if item and (key := self.cells.grade[cell].key):
                    grades.setdefault(item, set()).add(key)
        self.graded |= {item for item, words in grades.items() if len(words) > 1}
        return find_twins(
            (line for block, items in twins for line in self._lines(block, items) if line.is_named),
            identity=lambda line: line.identity, row=lambda line: line.row_number,
            signature=lambda line: (line.quantity, line.price, line.currency, line.grade_key, line.vat_scheme),
        )  # fmt: skip

    def _blocks(self) -> Iterator[tuple[Block, int]]:
        """The table's blocks, each with the number of rows before it."""
        start = 0
        for block in self.table.blocks():
            yield block, start
            start += len(block.numbers)

    def _naming_cells(self) -> list[str]:
        """What names each row: its item number, else its GTIN, manufacturer's number or description."""
        read: dict[str, Callable[[Cell], str]] = {
            "gtin": lambda cell: self.cells.gtin[cell].gtin or "",
            "mpn": lambda cell: _named(cell, LONGEST_MPN),
            "description": lambda cell: tidy(cell)[:LONGEST_TEXT].casefold(),
        }
        keys = self.items
        for name, named in read.items():
            column = self._column(name)
            if column and not all(keys):
                keys = [key or named(cell) for key, cell in zip(keys, column, strict=True)]
        return keys

    def lines(self) -> Iterator[OfferLine]:
        """Every row's line."""
        twins = self.twins
        for block, start in self._blocks():
            for line in self._lines(block, self.items[start : start + len(block.numbers)]):
                twin = twins.get(line.row_number)
                yield line if twin is None else line._replace(problems=(*line.problems, twin))

    def _lines(self, block: Block, items: Sequence[str]) -> Iterator[OfferLine]:
        """The block's lines without what other lines say about them; `items` are their item numbers.

        Column by column: most cells of a list are a few that come again, and most rows have no problem.
        """
        read, at, placeholder = self.cells, self.at.get, self.placeholder
        attributes = zip(*(block.column(at(name)) for name in self.attributes), strict=True)
        columns = zip(
            block.numbers, items, block.column(at("description")), block.column(at("mpn")),
            map(read.quantity, block.column(at("quantity"))), map(read.price, block.column(at("price"))),
            map(read.grade.__getitem__, block.column(at("grade"))),
            map(read.currency.__getitem__, block.column(at("currency"))),
            map(read.vat.__getitem__, block.column(at("vat_scheme"))),
            map(read.gtin.__getitem__, block.column(at("gtin"))),
            map(self.told.__getitem__, attributes) if self.attributes else repeat(_NOTHING_TOLD, len(items)),
            strict=True,
        )  # fmt: skip
        for place, row in enumerate(columns):
            number, item, text_cell, mpn_cell, pieces, price, grade, currency, vat, gtin, told = row
            mpn = None if mpn_cell is None else _named(mpn_cell, LONGEST_MPN) or None
            description = tidy(text_cell)[:LONGEST_TEXT] or _described(told.attributes)
            named = bool(item or gtin.gtin or mpn or description)  # As is_named says of the line.
            problems: tuple[Problem, ...] = ()
            if (
                pieces.problem or price.problem or currency.problem or grade.problem or vat.problem or gtin.problem
                or told.problems or place in block.problems or self.suffixes
                or (price.amount or 0) >= placeholder or (price.currency and currency.value)
                or not named
            ):  # fmt: skip
                problems = self._problems(block, place, row, named=named)
            yield OfferLine(
                number, _identity(item, gtin.gtin, mpn, description, grade.key, graded=item in self.graded), item,
                description, grade.word, grade.key, grade.grade, pieces.pieces, price.amount,
                price.currency or currency.value or read.default_currency, gtin.gtin, mpn, vat.value, told.attributes,
                problems,
            )  # fmt: skip

    def _problems(self, block: Block, place: int, row: _Row, *, named: bool) -> tuple[Problem, ...]:
        """All that the row's own cells say is wrong with it."""
        _number, item, _text, _mpn, pieces, price, grade, currency, vat, gtin, told = row
        problems = [one.problem for one in (pieces, price, currency, grade, vat) if one.problem is not None]
        price_cell, gtin_cell = (block.column(self.at.get(name))[place] for name in ("price", "gtin"))
        if price.amount is not None and price.amount >= self.placeholder:
            problems.append(Problem("price_placeholder", "price", shown(price_cell)))
        if price.currency and currency.value and price.currency != currency.value:
            problems.append(Problem("currency_contradicts", "currency", f"{shown(price_cell)} / {currency.value}"))
        if gtin.problem is not None:
            problems.append(Problem(gtin.problem, "gtin", shown(gtin_cell)))
        # What reading found wrong with the row or with a cell that we use; others cannot matter.
        found = block.problems.get(place, ())
        problems += [
            Problem(one.code, self.fields[one.column], one.value) for one in found if one.column in self.fields
        ]
        problems += told.problems
        if self.suffixes and self._contradicts_suffix(item, grade.key):
            problems.append(Problem("grade_contradicts", "grade", f"{grade.word} / -{grade_suffix(item)}"))
        if not named:
            problems.append(Problem("item_number_missing", "item_number", ""))
        return tuple(problems)

    def _told(self) -> Callable[[Sequence[Cell]], Told]:
        """Reads the cells of all attribute columns of a row."""
        columns = [(_STORED_AS.get(name, name), self.cells.attribute(name)) for name in self.attributes]

        def told(cells: Sequence[Cell]) -> Told:
            found = [(name, column[cell]) for (name, column), cell in zip(columns, cells, strict=True)]
            return Told(
                {name: one.value for name, one in found if one.value},
                tuple(one.problem for _name, one in found if one.problem is not None),
            )

        return told

    def _contradicts_suffix(self, item: str, key: str) -> bool:
        """Whether the file's other lines say another grade by the letter behind the item number."""
        usual = self.suffixes.get(grade_suffix(item), key)
        if usual == key:
            return False
        grades = self.cells.words.get("grade", {})
        return grades.get(usual) is None or grades.get(usual) != grades.get(key)


def _named(cell: Cell, longest: int) -> str:
    """A number that names goods; `n/a` in many rows is none."""
    text = tidy(cell)[:longest]
    return "" if is_blank(text.casefold()) else text


def _described(attributes: Mapping[str, Any]) -> str:
    """A description from columns of their own, for lists that have none: maker, model, sizes, colour."""
    parts = [str(attributes.get(name, "")) for name in ("brand", "model", "processor", "configuration", "colour")]
    brand, model, processor, configuration, colour = parts
    if model.casefold().startswith(brand.casefold()):
        brand = ""
    sizes = [f"{attributes[name]}GB" for name in ("memory_gb", "storage_gb") if name in attributes]
    return " ".join(part for part in (brand, model, processor, *sizes, configuration, colour) if part)


def _identity(item: str, gtin: str | None, mpn: str | None, description: str, grade_key: str, *, graded: bool) -> str:
    """Item numbers keep their leading zeros. What is too long for an index is known by its digest."""
    if item:
        return f"item:{item}:{grade_key}" if graded else f"item:{item}"
    if gtin:
        return f"gtin:{gtin}:{grade_key}"
    if mpn:
        return f"mpn:{mpn}:{grade_key}"
    text = description.casefold()
    if len(text) > LONGEST_KEY:
        text = hashlib.sha256(text.encode()).hexdigest()
    return f"text:{text}:{grade_key}"
