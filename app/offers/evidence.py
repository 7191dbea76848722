"""What the values of a column say about it, whatever its name is."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from statistics import median
from typing import NamedTuple

from app.catalog.colours import colour_named, read_colour
from app.catalog.descriptions import read_description
from app.offers.attributes import read_size_cell
from app.offers.gtins import parse_gtin
from app.offers.known_words import (
    AROUND_PIECES,
    CURRENCY_WORDS,
    GRADE_WORDS,
    KRONE_WORDS,
    MARGIN_WORDS,
    ON_REQUEST,
    REGULAR_RATES,
    REGULAR_WORDS,
    SOLD_OUT,
    single_words,
)
from app.offers.reading import Cell
from app.offers.values import is_blank, normalise_word, parse_money, parse_quantity, tidy

FEW = 3  # Values from which a column can contradict its name,
ENOUGH = 5  # and from which it can name itself.
LOOKED_AT = 100  # Values of a column without a known name,
DESCRIBED = 30  # and of those, how many are read as descriptions of devices.
CONTRADICTED = 0.4  # Share of fitting values below which the name is not believed.
FEW_WORDS = 12  # Availability or VAT is told in so many words at most.
_YES = single_words("yes y true ja j oui low limited ok few")
_SIZE_UNIT = re.compile(r"[0-9] ?[tg][bo]?(?![a-z])", re.IGNORECASE)
_ITEM_CODE = re.compile(r"(?=.*[0-9])[A-Za-z0-9][\w./#+-]{2,39}")


class Said(NamedTuple):
    field: str
    confidence: float


def share(values: Sequence[Cell], test: Callable[[Cell], object]) -> float:
    """The share of values for which `test` holds; 0 for none."""
    return sum(bool(test(value)) for value in values) / len(values) if values else 0.0


def contradicts(field: str, values: Sequence[Cell]) -> bool:
    """Whether the values are not what the name `field` says: a "Lager" of shelf numbers, a "Price" of words."""
    values = [value for value in values if not is_blank(normalise_word(value))]
    if len(values) < FEW:
        return False
    if field == "gtin":
        return not_gtins(values)
    if field == "grade":
        return len(values) >= 20 and (
            len(set(values)) > max(40, len(values) // 2) or share(values, _has_cents) > 1 - CONTRADICTED
        )
    test = _TESTS.get(field)
    if test is None or share(values, test) >= CONTRADICTED:
        return field == "quantity" and share(values, _has_cents) > 1 - CONTRADICTED
    words = {normalise_word(value) for value in values}
    told_in_words = (field == "vat_scheme" and all(map(_tells_vat, words))) or (
        field == "quantity" and any(map(_tells_availability, words))
    )
    return not (told_in_words and len(words) <= FEW_WORDS)


def not_gtins(values: Sequence[Cell]) -> bool:
    """Whether a column that says EAN holds other numbers: most have no right check digit."""
    return len(values) >= FEW and share(values, _is_gtin) < 0.5


def _is_gtin(value: Cell) -> bool:
    found = parse_gtin(value)
    return found.gtin is not None or found.problem == "gtin_lost_digits"


def _is_amount(value: Cell) -> bool:
    found = parse_money(value)
    return found.amount is not None or found.problem in ("price_ambiguous", "price_missing")


def _has_cents(value: Cell) -> bool:
    amount = parse_money(value).amount
    return amount is not None and amount % 1 != 0


def _has_currency(value: Cell) -> bool:
    return isinstance(value, str) and bool(parse_money(value).currency)


def _is_pieces(value: Cell) -> bool:
    return parse_quantity(value).problem in (None, "quantity_ambiguous", "quantity_on_request")


def _tells_availability(word: str) -> bool:
    """`In stock`, `auf Lager`, `yes`: a word for how much there is, and not the name of a shelf."""
    return word in SOLD_OUT or word in ON_REQUEST or word in _YES or AROUND_PIECES.issuperset(word.split())


def _tells_vat(word: str) -> bool:
    """A word or a rate, and not the percentage that somebody earns."""
    return _is_vat(word) or word.strip("% ") == "0" or not any(sign.isdigit() for sign in word)


def _is_currency(value: Cell) -> bool:
    word = normalise_word(value)
    return word in CURRENCY_WORDS or word in KRONE_WORDS


def _is_size(value: Cell) -> bool:
    return bool(read_size_cell(normalise_word(value)))


def _is_colour(value: Cell) -> bool:
    return bool(read_colour(tidy(value))) or not any(sign.isdigit() for sign in str(value))


def _is_vat(value: Cell) -> bool:
    word = normalise_word(value)
    return word in MARGIN_WORDS or word in REGULAR_WORDS or word.rstrip("% ") in REGULAR_RATES


_TESTS: dict[str, Callable[[Cell], bool]] = {
    "price": _is_amount, "quantity": _is_pieces, "currency": _is_currency, "storage": _is_size, "memory": _is_size,
    "colour": _is_colour, "vat_scheme": _is_vat,
}  # fmt: skip


def is_memory(values: Sequence[Cell]) -> bool:
    """Whether sizes under a name such as "Memory" or "Geheugen" are working memory: phones store 64 GB and more."""
    sizes = [size for size in (read_size_cell(normalise_word(value)) for value in values) if size]
    return not sizes or median(sizes) < 32


def by_values(values: Sequence[Cell], *, grade_words: Collection[str]) -> Said:
    """What a column without a known name holds, with how sure that is; field '' when its values do not say."""
    values = [value for value in values if not is_blank(normalise_word(value))]
    if len(values) < ENOUGH:
        return Said("", 0.0)
    judged = _judgements(values[:: max(1, len(values) // LOOKED_AT)], grade_words)
    return next((said for said in judged if said.confidence), Said("", 0.0))


def _judgements(values: Sequence[Cell], grade_words: Collection[str]) -> Iterator[Said]:
    """Every reading of the values, surest first, with confidence 0 where they do not allow it."""
    words = [normalise_word(value) for value in values]
    distinct = set(words)
    few = len(distinct) <= 30
    yield Said("gtin", 0.85 if share(values, lambda value: parse_gtin(value).gtin) > 0.8 else 0.0)
    yield Said("currency", 0.85 if distinct <= {*CURRENCY_WORDS, *KRONE_WORDS} else 0.0)
    yield Said("grade", 0.9 if few and distinct <= set(grade_words) else 0.0)
    graded = few and len(distinct) > 1 and share(words, GRADE_WORDS.__contains__) > 0.8
    yield Said("grade", 0.65 if graded else 0.0)
    sized = share(values, lambda value: _is_size(value) and _SIZE_UNIT.search(str(value))) > 0.8
    yield Said("memory" if is_memory(values) else "storage", 0.7 if sized else 0.0)
    yield Said("colour", 0.75 if share(words, lambda word: colour_named(str(word))) > 0.7 else 0.0)
    devices = share(values[:DESCRIBED], lambda value: isinstance(value, str) and read_description(tidy(value)))
    yield Said("description", 0.75 if devices > 0.3 else 0.0)
    yield from _number_judgements(values)
    yield Said("item_number", 0.55 if _are_codes(words) else 0.0)
    yield Said("description", 0.5 if _are_sentences(words) else 0.0)


def _number_judgements(values: Sequence[Cell]) -> Iterator[Said]:
    """Amounts and pieces by their values alone are a proposal at best: a person is asked."""
    amounts = share(values, _is_amount) > 0.9
    money = amounts and (has_currencies(values) or share(values, _has_cents) > 0.3)
    yield Said("price", 0.5 if money else 0.0)
    words = {normalise_word(value) for value in values if parse_quantity(value).problem == "quantity_word"}
    worded = bool(words) and len(words) <= FEW_WORDS and all(map(_tells_availability, words))
    pieces = share(values, lambda value: _is_pieces(value) or (worded and normalise_word(value) in words))
    small = share(values, lambda value: (parse_quantity(value).pieces or 0) < 100_000) == 1.0
    yield Said("quantity", (0.55 if worded else 0.4) if pieces > 0.95 and small and not money else 0.0)


def has_currencies(values: Sequence[Cell]) -> bool:
    """Whether most amounts name their currency: nothing but prices does."""
    return share(values, _has_currency) > 0.5


def _are_codes(words: Sequence[str]) -> bool:
    return len(set(words)) >= 0.95 * len(words) and share(words, lambda word: _ITEM_CODE.fullmatch(str(word))) > 0.9


def _are_sentences(words: Sequence[str]) -> bool:
    wordy = share(words, lambda word: str(word).count(" ") >= 2 and len(str(word)) >= 15)
    return wordy > 0.7 and len(set(words)) >= 0.5 * len(words)
