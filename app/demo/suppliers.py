"""The stock lists that the demo suppliers would send."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from pathlib import Path
from random import Random

import xlsxwriter

from app.demo.catalogue import DemoVariant, demo_catalogue
from app.demo.spellings import describe
from app.demo.supplier_facts import DEMO_SUPPLIERS, DemoSupplier

__all__ = ["DEMO_DAY", "DEMO_SUPPLIERS", "DemoSupplier", "demo_stock_list", "write_stock_list"]

DEMO_DAY = date(2026, 1, 5)

# Our field to the column name, per language; the order is the order of the columns.
_COLUMNS: dict[str, dict[str, str]] = {
    "da": {
        "item": "Nummer",
        "description": "Beskrivelse",
        "category": "Varekategorikode",
        "keyboard": "Keyboard Sprog",
        "grade": "Condition",
        "quantity": "Lager",
        "price": "Eksport Pris",
    },
    "nl": {
        "item": "Artikelnummer",
        "description": "Omschrijving",
        "category": "Categorie",
        "grade": "Conditie",
        "quantity": "Aantal",
        "price": "Stukprijs excl. btw",
    },
    "de": {
        "item": "Artikel-Nr.",
        "ean": "EAN",
        "description": "Bezeichnung",
        "category": "Warengruppe",
        "keyboard": "Tastatur",
        "grade": "Zustand",
        "quantity": "Bestand",
        "price": "Preis netto",
    },
    "en": {
        "item": "SKU",
        "description": "Product",
        "category": "Category",
        "grade": "Grade",
        "quantity": "Qty available",
        "price": "Unit price",
        "currency": "Currency",
    },
}
_CATEGORIES = {
    "da": {"phone": "PHONE", "tablet": "TABLET", "notebook": "NOTEBOOK", "desktop": "PC"},
    "nl": {"phone": "Smartphones", "tablet": "Tablets", "notebook": "Laptops", "desktop": "Desktops"},
    "de": {"phone": "Smartphones", "tablet": "Tablets", "notebook": "Notebooks", "desktop": "PC"},
    "en": {"phone": "Phones", "tablet": "Tablets", "notebook": "Laptops", "desktop": "Desktops"},
}
_KEYBOARDS = ("DE", "FR", "GB", "NORDICS", "US/I", "BE", "NL", "ES")
_ACCESSORIES = {
    "da": ("Keyb T14 G1/G2 DK - BL", "USB-C Dock 90W"),
    "nl": ("Hoesje voor iPhone 12 case", "Lader USB-C 65W adapter"),
    "de": ("Netzteil 65W USB-C Adapter", "Dockingstation USB-C dock"),
    "en": ("USB-C charger 65W", "Screen protector iPhone 13"),
}
# Units of the currency per EUR, near enough for prices of a demo.
_PER_EUR = {"EUR": Decimal(1), "DKK": Decimal("7.45"), "GBP": Decimal("0.85"), "USD": Decimal("1.10")}
# What a trader asks of the new price, by grade.
_SHARE = {
    "new": Decimal("0.68"),
    "A+": Decimal("0.46"),
    "A": Decimal("0.40"),
    "B": Decimal("0.33"),
    "C": Decimal("0.25"),
}
_LOSS_PER_YEAR = Decimal("0.88")


@lru_cache(maxsize=1)
def _pool(seed: int) -> dict[str, list[tuple[DemoVariant, int]]]:
    """Variants with the year of their product, by category."""
    pool: dict[str, list[tuple[DemoVariant, int]]] = {}
    for product in demo_catalogue(seed):
        pool.setdefault(product.category, []).extend((variant, product.year) for variant in product.variants)
    return pool


def demo_stock_list(supplier: DemoSupplier, seed: int, day: date) -> list[dict[str, object]]:
    """The rows of `supplier`'s offer list of `day`, under its own column names.

    Prices are numbers in its currency without VAT, quantities whole. From day to day quantities and prices
    drift and some lines come and go. A few lines are what real lists hold as well: accessories, a word for
    condition that nobody has explained yet, a price of 0.
    """
    choice = Random(f"{seed}:{supplier.code}")
    today = Random(f"{seed}:{supplier.code}:{day.isoformat()}")
    columns = _COLUMNS[supplier.language]
    rows = [
        {columns[name]: value for name, value in values.items() if name in columns}
        for values in _lines(supplier, seed, day, choice, today)
    ]
    rows += [
        {columns[name]: value for name, value in _accessory(supplier, text, number).items() if name in columns}
        for number, text in enumerate(_ACCESSORIES[supplier.language])
    ]
    today.shuffle(rows)
    return rows


def _lines(supplier: DemoSupplier, seed: int, day: date, choice: Random, today: Random) -> Iterator[dict[str, object]]:
    words: dict[str, list[str]] = {}
    for word, grade in supplier.grades.items():
        words.setdefault(grade, []).append(word)
    pool = [pair for name in supplier.categories for pair in _pool(seed)[name] if pair[0].grade in words]
    for number, (variant, year) in enumerate(choice.sample(pool, k=min(supplier.lines, len(pool)))):
        word = choice.choice(words[variant.grade])
        if supplier.open_grades and choice.random() < 0.04:
            word = choice.choice(supplier.open_grades)
        usual_price = _price(variant, year, supplier.currency, day, choice)
        keyboard = choice.choice(_KEYBOARDS) if variant.facts.kind == "notebook" else ""
        known_ean = choice.random() < 0.6
        if today.random() < 0.07:
            continue
        drift = Decimal(today.randint(97, 103)) / 100
        price = (usual_price * drift).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
        yield {
            "item": f"{supplier.code[:3].upper()}{number + 10000}",
            "ean": variant.gtin if known_ean else "",
            "description": describe(variant.facts, supplier.spelling),
            "category": _CATEGORIES[supplier.language][variant.facts.kind],
            "keyboard": keyboard,
            "grade": word,
            "quantity": today.choice((1, 1, 2, 3, 5, 8, 12, 20, 45)),
            "price": Decimal(0) if today.random() < 0.01 else price,
            "currency": supplier.currency,
        }


def _price(variant: DemoVariant, year: int, currency: str, day: date, choice: Random) -> Decimal:
    """A buying price without VAT: a share of the new price by grade, less for every year."""
    age = max(0, min(8, day.year - year))
    euros = variant.reference_price_eur * _SHARE[variant.grade] * _LOSS_PER_YEAR**age
    return euros * _PER_EUR[currency] * Decimal(choice.randint(90, 110)) / 100


def _accessory(supplier: DemoSupplier, text: str, number: int) -> dict[str, object]:
    return {
        "item": f"{supplier.code[:3].upper()}-ACC-{number}",
        "ean": "",
        "description": text,
        "category": "",
        "keyboard": "",
        "grade": next(iter(supplier.grades)),
        "quantity": 25,
        "price": (Decimal("9.90") * _PER_EUR[supplier.currency]).quantize(Decimal("0.01")),
        "currency": supplier.currency,
    }


def write_stock_list(supplier: DemoSupplier, folder: Path, *, seed: int = 2026, day: date = DEMO_DAY) -> Path:
    """Write the list of `day` into `folder` in the supplier's format and return the file's path.

    CSV files are as such suppliers' programs write them: German ones Windows-1252 with semicolons and decimal
    commas, English ones UTF-8 with commas.
    """
    rows = demo_stock_list(supplier, seed, day)
    header = list(_COLUMNS[supplier.language].values())
    path = folder / f"{supplier.code}-{day.isoformat()}.{supplier.file_format}"
    if supplier.file_format == "xlsx":
        _write_xlsx(path, header, rows)
    else:
        _write_csv(path, header, rows, german=supplier.language == "de")
    return path


def _write_xlsx(path: Path, header: Sequence[str], rows: Sequence[dict[str, object]]) -> None:
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet("Stock")
        sheet.write_row(0, 0, header)
        for number, row in enumerate(rows, start=1):
            for place, name in enumerate(header):
                value = row[name]
                sheet.write(number, place, float(value) if isinstance(value, Decimal) else value)


def _write_csv(path: Path, header: Sequence[str], rows: Sequence[dict[str, object]], *, german: bool) -> None:
    with path.open("w", encoding="cp1252" if german else "utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";" if german else ",")
        writer.writerow(header)
        for row in rows:
            writer.writerow([_csv_cell(row[name], german=german) for name in header])


def _csv_cell(value: object, *, german: bool) -> str:
    return str(value).replace(".", ",") if german and isinstance(value, Decimal) else str(value)
