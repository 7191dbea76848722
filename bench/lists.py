"""Long stock lists for measurements: rows of a supplier of ours, over the demo catalogue, as XLSX or CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random

import xlsxwriter

from app.demo.catalogue import demo_catalogue
from app.demo.spellings import describe

HEADER = ("No.", "Description", "Condition", "EAN", "Avail. Qty", "Price EUR", "Currency", "Category", "Brand",
          "Keyboard Language", "Warranty", "Remark")  # fmt: skip
WORDS = {"new": "01 New", "A+": "Premium", "A": "GOLD", "B": "SILVER", "C": "BRONZE"}
SUPPLIER = "foxway"  # Whose words these are.
Row = tuple[str | int | float, ...]


def rows(count: int, *, seed: int = 7) -> Iterator[Row]:
    """`count` rows with item numbers of their own; about a third name a variant as another row does."""
    dice = Random(seed)
    variants = [(product.brand, variant) for product in demo_catalogue(2026) for variant in product.variants]
    known: dict[int, str] = {}
    for number in range(count):
        place = dice.randrange(len(variants))
        brand, variant = variants[place]
        text = known.get(place) or known.setdefault(place, describe(variant.facts, "slashes"))
        price = round(float(variant.reference_price_eur) * dice.uniform(0.2, 0.5) + 5, 2)
        yield (
            f"BN{number:07d}", text, WORDS[variant.grade], variant.gtin or "", dice.randrange(40), price, "EUR",
            variant.facts.kind.upper(), brand, "NORDICS", "12 months", "",
        )  # fmt: skip


def with_changes(lines: Iterable[Row], *, every: int) -> Iterator[Row]:
    """The same rows; each `every`th has another quantity."""
    for number, row in enumerate(lines):
        yield (*row[:4], int(row[4]) + 1, *row[5:]) if number % every == 0 else row


def write_xlsx(path: Path, lines: Iterable[Row]) -> Path:
    """One sheet, strings shared by nobody, as exports of shops write it."""
    with xlsxwriter.Workbook(path, {"constant_memory": True, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet("Stock")
        for number, row in enumerate((HEADER, *lines)):
            sheet.write_row(number, 0, row)
    return path


def write_csv(path: Path, lines: Iterable[Row]) -> Path:
    """UTF-8 with semicolons."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(HEADER)
        writer.writerows(lines)
    return path
