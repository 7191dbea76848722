"""What each column of a supplier's table means: by what was used before, by its name, and by its values."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from app.db import Json
from app.offers import evidence
from app.offers.header_names import read_header
from app.offers.known_words import single_words
from app.offers.reading import Cell
from app.offers.values import tidy

FIELDS = (
    "item_number", "description", "quantity", "price", "currency", "grade", "gtin", "mpn", "brand", "model", "colour",
    "storage", "memory", "processor", "configuration", "keyboard", "category", "group", "warranty", "vat_scheme",
)  # fmt: skip
REQUIRED = ("quantity", "price")
IDENTIFYING = ("item_number", "gtin", "mpn", "description", "model")  # What names a line, surest first.
# A column that a layout used for one of these is missed: without it every line would mean something else.
MISSED = frozenset({"quantity", "price", "currency", "grade", "vat_scheme", "description"})
OF_GOODS = ("gtin", "grade", "storage", "memory", "colour", "description", "mpn")
PLAIN = 0.9  # Confidence of a name that means one thing only.
SURE = 0.6  # Confidence below which a person is asked about quantity and price.
SAMPLES = 300  # Rows whose values are looked at.
ALIKE = 0.5  # Share of a layout's used columns that make a file one of that layout.


class NotAStockList(Exception):
    """The table has rows, and neither a quantity nor a price."""

    code = "not_a_stock_list"

    def __init__(self) -> None:
        super().__init__(self.code)
        self.params: dict[str, object] = {}


@dataclass(frozen=True, slots=True)
class Layout:
    """How files of the supplier were read: header to field, '' for not used. `stem`: what their names share."""

    fingerprint: str
    stem: str
    columns: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Column:
    """`field` '' means ignored, `reason` says why: empty, other, currency, doubt, values, gtin.

    `evidence`: remembered, name, values, none. `new`: the layout that was used until now had no such column.
    """

    header: str
    field: str
    confidence: float
    evidence: str
    samples: list[str]
    currency: str | None = None
    reason: str = ""
    new: bool = False

    def as_json(self) -> Json:
        """As it is stored with the file."""
        return {
            "header": self.header, "field": self.field, "confidence": self.confidence, "evidence": self.evidence,
            "samples": self.samples, "currency": self.currency, "reason": self.reason, "new": self.new,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """Field -> index of its column; `price_currency` is what the price column's name says."""

    indexes: Mapping[str, int]
    price_currency: str | None


@dataclass(frozen=True, slots=True)
class Proposal:
    """`questions`: what a person must say before the lines can be read, each with its `code`; most urgent first."""

    columns: list[Column]
    mapping: ColumnMapping
    questions: list[Json]


def normal(header: str) -> str:
    """A header as layouts know it: lower case, words joined by `_`, no punctuation."""
    return "_".join(re.findall(r"\w+", header.casefold().replace("_", " ")))


def fingerprint(headers: Sequence[str]) -> str:
    """Equal for the same header names in any order: 40 hex digits."""
    return hashlib.sha256("\x1f".join(sorted(normal(header) for header in headers)).encode()).hexdigest()[:40]


def file_stem(filename: str) -> str:
    """What the names of a supplier's files share from week to week: words without dates, numbers, ending."""
    name = re.sub(r"(\.[a-z0-9]{1,5}){1,2}$", "", filename.casefold())
    words = [word for word in re.findall(r"[^\W\d_]+", name) if word not in _DATE_WORDS]
    return " ".join(words)[:120]


_DATE_WORDS = single_words("""
    jan feb mar apr may jun jul aug sep sept oct nov dec january february march april june july august september
    october november december januari februari maart mei juni juli augustus oktober januar februar märz mai
    dezember marts maj janvier février mars avril juin juillet août septembre octobre novembre décembre week wk
    kw uge semaine copy kopie kopi copie final new v mon tue wed thu fri monday tuesday wednesday thursday
    friday maandag dinsdag woensdag donderdag vrijdag
""")


def propose_columns(headers: Sequence[str], rows: Sequence[Sequence[Cell]], *, currency: str,
                    layouts: Sequence[Layout] = (), filename: str = "",
                    grade_words: Collection[str] = ()) -> Proposal:  # fmt: skip
    """What every column means and what must be asked. Raises NotAStockList.

    `layouts`: the supplier's, latest first. One with these very headers is followed without a question; one of which
    at least half is here lends its headers, and what it used and is gone is asked. `currency` is the supplier's: of
    several price columns the one in it is taken. `grade_words`: words of the supplier's dictionary, normalised.
    """
    used = _layout_of(headers, layouts)
    same = used is not None and used.fingerprint == fingerprint(headers)
    known = {normal(header): field for header, field in used.columns.items()} if used else {}
    columns = [
        _guess(header, _values(number, rows), known, same=same, grade_words=grade_words)
        for number, header in enumerate(headers)
    ]
    columns = [_follow_memory(column, number, rows) for number, column in enumerate(columns)]
    columns = [_seldom_filled(column, number, rows) for number, column in enumerate(columns)]
    chosen = _choose(columns, currency)
    if not _is_stock_list(columns, chosen):
        raise NotAStockList
    columns = [_settled(column, number, columns, chosen) for number, column in enumerate(columns)]
    columns, chosen = _name_by_model(columns, chosen)
    questions = [] if same else [
        *_gone(headers, used, known), *_other_layout(used, layouts, filename), *_several(columns, chosen, rows),
        *_article_numbers(columns),
    ]  # fmt: skip
    price = columns[chosen["price"]].currency if "price" in chosen else None
    return Proposal(columns, ColumnMapping(chosen, price), [*_missing(columns, chosen), *questions])


def _layout_of(headers: Sequence[str], layouts: Sequence[Layout]) -> Layout | None:
    """The layout with these headers, else the latest of those that share most of what they use."""
    key, names = fingerprint(headers), {normal(header) for header in headers}
    best, best_share = None, 0.0
    for layout in layouts:
        if layout.fingerprint == key:
            return layout
        used = {normal(header) for header, field in layout.columns.items() if field}
        shared = len(used & names) / len(used) if used else 0.0
        if shared >= ALIKE and shared > best_share:
            best, best_share = layout, shared
    return best


def _values(number: int, rows: Sequence[Sequence[Cell]]) -> list[Cell]:
    """Filled cells of rows spread over the file; of a column that is nearly empty, those that it has."""
    step = max(1, len(rows) // SAMPLES)
    found = [row[number] for row in rows[::step] if number < len(row) and row[number] not in (None, "")]
    if found or step == 1:
        return found
    return [row[number] for row in rows if number < len(row) and row[number] not in (None, "")][:SAMPLES]


def _guess(header: str, values: list[Cell], known: Mapping[str, str], *, same: bool,
           grade_words: Collection[str]) -> Column:  # fmt: skip
    samples = list(dict.fromkeys(tidy(value)[:80] for value in values))[:3]
    named = read_header(header)
    name = normal(header)
    if same or name in known:
        return Column(header, known.get(name, ""), 1.0, "remembered", samples, named.currency)
    column = Column(header, "", 0.0, "none", samples, named.currency, new=bool(known))
    if not values:
        return replace(column, confidence=1.0, reason="empty")
    if named.field == "gtin" and evidence.not_gtins(values):
        return replace(column, field="item_number", confidence=0.5, evidence="values", reason="gtin")
    if named.field and not evidence.contradicts(named.field, values):
        return replace(
            column,
            field=named.field,
            confidence=named.confidence,
            evidence="name",
            reason="doubt" if named.doubt else "",
        )
    said = evidence.by_values(values, grade_words=grade_words)
    if said.field:
        return replace(column, field=said.field, confidence=said.confidence, evidence="values")
    return replace(column, reason="values" if named.field else "")


def _seldom_filled(column: Column, number: int, rows: Sequence[Sequence[Cell]]) -> Column:
    """A number of ports that few goods have is no stock: what only half sounds like it must stand in most rows."""
    if column.field not in REQUIRED or column.evidence != "name" or column.confidence >= PLAIN:
        return column
    filled = sum(number < len(row) and row[number] not in (None, "") for row in rows)
    return column if 2 * filled >= len(rows) else replace(column, field="", confidence=0.0, reason="values")


def _follow_memory(column: Column, number: int, rows: Sequence[Sequence[Cell]]) -> Column:
    """`Memory` and `Geheugen` are a notebook's working memory or a phone's storage: the sizes tell."""
    if column.field != "memory" or column.evidence != "name" or evidence.is_memory(_values(number, rows)):
        return column
    return replace(column, field="storage", confidence=0.8)


def _choose(columns: Sequence[Column], currency: str) -> dict[str, int]:
    """The best column for every field that has one; one with a doubtful name only where a person is asked about it."""
    chosen: dict[str, int] = {}
    for field in FIELDS:
        candidates = [
            number
            for number, column in enumerate(columns)
            if column.field == field and (column.reason != "doubt" or field in REQUIRED)
        ]
        if candidates:
            chosen[field] = max(candidates, key=lambda number: (*_rank(columns[number], currency), -number))
    return chosen


def _rank(column: Column, currency: str) -> tuple[bool, bool, int, int, float]:
    """Used before; sure enough; for a price, in the supplier's currency or in none; how sure.

    Of two columns for the grade the one with more words is taken: "Used" in every row says less than "A", "B", "C".
    """
    money = 2 if column.currency == currency else 1 if column.currency is None else 0
    words = len(column.samples) if column.field == "grade" else 0
    return (column.evidence == "remembered", column.confidence >= SURE, money, words, column.confidence)


def _is_stock_list(columns: Sequence[Column], chosen: Mapping[str, int]) -> bool:
    """A quantity or a price by its name or by memory; by values alone it takes both, beside what only goods have."""
    found = [columns[chosen[field]] for field in REQUIRED if field in chosen]
    if any(column.evidence != "values" for column in found):
        return True
    return len(found) == len(REQUIRED) and any(
        column.field in OF_GOODS and column.confidence > SURE
        and (column.field != "description" or column.evidence == "values")
        for column in columns
    )  # fmt: skip


def _settled(column: Column, number: int, columns: Sequence[Column], chosen: Mapping[str, int]) -> Column:
    """The column as it is used; one that lost its field to a better one says so."""
    if not column.field or chosen.get(column.field) == number:
        return column
    if column.evidence == "values" and column.reason != "gtin":
        return replace(column, field="", confidence=0.0, evidence="none")
    if column.reason:
        return replace(column, field="")
    winner = columns[chosen[column.field]]
    other_money = column.field == "price" and column.currency not in (None, winner.currency)
    return replace(column, field="", reason="currency" if other_money else "other")


def _name_by_model(columns: list[Column], chosen: dict[str, int]) -> tuple[list[Column], dict[str, int]]:
    """A list whose only text is under "Model" describes its goods there."""
    text = {"description", "configuration", "brand", "storage", "memory"}
    if "model" not in chosen or text & chosen.keys() or columns[chosen["model"]].evidence == "remembered":
        return columns, chosen
    number = chosen["model"]
    renamed = replace(columns[number], field="description", confidence=min(0.75, columns[number].confidence))
    kept = {field: index for field, index in chosen.items() if field != "model"}
    return [*columns[:number], renamed, *columns[number + 1 :]], {**kept, "description": number}


def _missing(columns: Sequence[Column], chosen: Mapping[str, int]) -> list[Json]:
    """Fields that no column has, and those of which it is not sure."""
    missing = [field for field in REQUIRED if field not in chosen]
    if not any(field in chosen for field in IDENTIFYING):
        missing.append("item_number")
    unsure = [field for field in REQUIRED if field in chosen and columns[chosen[field]].confidence < SURE]
    return [
        *([{"code": "columns_missing", "fields": missing}] if missing else []),
        *({"code": "column_unsure", "field": field, "header": columns[chosen[field]].header} for field in unsure),
    ]


def _gone(headers: Sequence[str], used: Layout | None, known: Mapping[str, str]) -> list[Json]:
    """Columns that the layout used for what a line cannot do without, and that are not here."""
    if used is None:
        return []
    fields = set(known.values())
    identity = next((field for field in IDENTIFYING if field in fields), "")
    here = {normal(header) for header in headers}
    return [
        {"code": "column_gone", "header": header, "field": field}
        for header, field in used.columns.items()
        if normal(header) not in here and (field in MISSED or (field and field == identity))
    ]


def _other_layout(used: Layout | None, layouts: Sequence[Layout], filename: str) -> list[Json]:
    """A file that has the name of a layout and none of its columns."""
    stem = file_stem(filename)
    if used is not None or not stem or not any(layout.stem == stem for layout in layouts):
        return []
    return [{"code": "layout_other", "stem": stem}]


def _several(columns: Sequence[Column], chosen: Mapping[str, int], rows: Sequence[Sequence[Cell]]) -> list[Json]:
    """Quantities and prices that could as well be read from another column, which says something else."""
    questions: list[Json] = []
    for field in REQUIRED:
        if field not in chosen or columns[chosen[field]].evidence == "remembered":
            continue
        best, mine = columns[chosen[field]], _values(chosen[field], rows)
        rivals = [
            column.header
            for number, column in enumerate(columns)
            if column.reason == "other" and column.currency == best.currency and column.confidence >= SURE
            and read_header(column.header).field == field and _values(number, rows) != mine
        ]  # fmt: skip
        if rivals and best.confidence >= SURE:
            questions.append({"code": "columns_several", "field": field, "headers": [best.header, *rivals]})
    return questions


def _article_numbers(columns: Sequence[Column]) -> list[Json]:
    """Columns that are called EAN and hold other numbers."""
    return [{"code": "gtin_is_article", "header": column.header} for column in columns if column.reason == "gtin"]
