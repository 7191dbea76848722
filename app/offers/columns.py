"""What each column of a supplier's table means: proposed by its name, by its values, and by what was used before."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.offers.reading import Cell
from app.offers.values import parse_gtin, parse_money

FIELDS = (
    "item_number", "description", "quantity", "price", "currency", "grade", "gtin", "mpn", "brand", "category",
    "group", "keyboard", "colour", "storage", "warranty", "vat_scheme",
)  # fmt: skip
CURRENCIES = ("EUR", "DKK", "GBP", "USD", "SEK", "NOK", "PLN", "CHF", "CZK")

# Names in English, Dutch, German, Danish and French as suppliers write them, normalised as `normal` does.
_NAMES: dict[str, str] = {
    "item_number": "no nr number nummer item item_no item_number itemno article article_no artikel artikelnummer "
    "artikelnr artnr varenummer varenr sku supplier_sku product_code productcode reference referentie ref part_code "
    "bestelnummer code_article numero",
    "description": "description omschrijving beschrijving beskrivelse bezeichnung beschreibung designation name naam "
    "product product_name productnaam titel title model produkt device toestel",
    "quantity": "qty quantity avail_qty available available_qty stock voorraad aantal lager lagerbestand bestand menge "
    "antal quantite qte on_hand free_stock beschikbaar pieces stuks",
    "price": "price prijs pris preis prix unit_price stuksprijs stukpreis eksport_pris export_price promo_price "
    "sales_price netto nettopreis inkoopprijs inkoop cost einkaufspreis prix_unitaire prix_ht price_each",
    "currency": "currency valuta wahrung waehrung devise",
    "grade": "grade condition conditie zustand stand tilstand etat kwaliteit klasse graad quality grading",
    "gtin": "ean ean13 ean_code gtin barcode upc streepjescode",
    "mpn": "mpn part_number partnumber manufacturer_part_number part_no fabrikantnummer herstellernummer order_number",
    "brand": "brand merk marke marque maerke mærke manufacturer fabrikant hersteller vendor make",
    "category": "category categorie kategorie item_category_code varekategorikode soort type product_type",
    "group": "group product_group product_group_code produktgruppekode subcategory subcategorie",
    "keyboard": "keyboard keyboard_language keyboard_sprog toetsenbord tastatur clavier",
    "colour": "colour color kleur farbe farve couleur",
    "storage": "storage opslag speicher capacity capaciteit geheugen gb",
    "warranty": "warranty garantie garanti guarantee",
    "vat_scheme": "vat vat_scheme vat_type btw btw_regeling mwst tax marge_regeling margin_scheme",
}
NAMES = {word: name for name, words in _NAMES.items() for word in words.split()}
_CURRENCY = re.compile(r"(?:^|[_\W])(" + "|".join(CURRENCIES) + r")(?:$|[_\W])", re.IGNORECASE)
REQUIRED = ("quantity", "price")
IDENTIFYING = ("item_number", "gtin", "mpn", "description")


class NotAStockList(Exception):
    """The table has rows, and neither a quantity nor a price."""

    code = "not_a_stock_list"

    def __init__(self) -> None:
        super().__init__(self.code)
        self.params: dict[str, object] = {}


@dataclass(frozen=True, slots=True)
class Column:
    """`field` '' means ignored. `evidence`: remembered, name, values, empty, none."""

    header: str
    field: str
    confidence: float
    evidence: str
    samples: list[str]
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """Field -> index of its column; `price_currency` is what the price column's name says."""

    indexes: Mapping[str, int]
    price_currency: str | None
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proposal:
    columns: list[Column]
    mapping: ColumnMapping


def normal(header: str) -> str:
    """A header as the dictionary knows it: lower case, words joined by `_`, no punctuation."""
    return "_".join(re.findall(r"\w+", header.casefold().replace("_", " ")))


def fingerprint(headers: Sequence[str]) -> str:
    """Equal for the same header names in any order: 40 hex digits."""
    return hashlib.sha256("\x1f".join(sorted(normal(header) for header in headers)).encode()).hexdigest()[:40]


def propose_columns(headers: Sequence[str], sample_rows: Sequence[Sequence[Cell]], *,
                    remembered: Mapping[str, str] | None, currency: str) -> Proposal:  # fmt: skip
    """What every column means, and which required fields none has. Raises NotAStockList.

    Of several price columns the one in `currency` (the supplier's) is taken, else the first.
    """
    found = [_guess(number, header, sample_rows, remembered) for number, header in enumerate(headers)]
    chosen: dict[str, int] = {}
    for name in FIELDS:
        candidates = [number for number, column in enumerate(found) if column.field == name]
        if candidates:
            chosen[name] = max(candidates, key=lambda number: _rank(found[number], number, currency))
    columns = [
        column
        if not column.field or chosen[column.field] == number
        else Column(column.header, "", column.confidence, "other", column.samples, column.currency)
        for number, column in enumerate(found)
    ]
    if "quantity" not in chosen and "price" not in chosen:
        raise NotAStockList
    missing = [name for name in REQUIRED if name not in chosen]
    if not any(name in chosen for name in IDENTIFYING):
        missing.append("item_number")
    price = columns[chosen["price"]].currency if "price" in chosen else None
    return Proposal(columns, ColumnMapping(chosen, price, tuple(missing)))


def _rank(column: Column, number: int, currency: str) -> tuple[bool, float, int]:
    return (column.currency == currency, column.confidence, -number)


def _guess(number: int, header: str, rows: Sequence[Sequence[Cell]], remembered: Mapping[str, str] | None) -> Column:
    values = [row[number] for row in rows if number < len(row) and row[number] not in (None, "")]
    samples = list(dict.fromkeys(str(value) for value in values))[:3]
    money = _CURRENCY.search(header)
    currency = money[1].upper() if money else None
    if remembered is not None:
        return Column(header, remembered.get(header, ""), 1.0, "remembered", samples, currency)
    if rows and not values:
        return Column(header, "", 1.0, "empty", samples, currency)
    name = normal(_CURRENCY.sub(" ", header))
    field, confidence = NAMES.get(name, ""), 0.95
    if not field:
        field, confidence = next((NAMES[word] for word in name.split("_") if word in NAMES), ""), 0.7
    if field and _contradicted(field, values):
        field = ""
    if field:
        return Column(header, field, confidence, "name", samples, currency)
    if len(values) >= 5 and sum(parse_gtin(value).gtin is not None for value in values) > 0.8 * len(values):
        return Column(header, "gtin", 0.8, "values", samples, currency)
    return Column(header, "", 0.0, "none", samples, currency)


def _contradicted(field: str, values: Sequence[Cell]) -> bool:
    """A price or quantity column that mostly holds words is none, whatever its name."""
    if field != "price" or len(values) < 3:
        return False
    return sum(parse_money(value).amount is None for value in values) > 0.6 * len(values)
