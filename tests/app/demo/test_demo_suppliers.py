from __future__ import annotations

import csv
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import phonenumbers
import pytest
from python_calamine import CalamineWorkbook
from stdnum import iban
from stdnum.eu import vat as eu_vat
from stdnum.gb import vat as gb_vat

from app.catalog.descriptions import match_key, read_description
from app.demo.catalogue import demo_catalogue
from app.demo.suppliers import DEMO_DAY, DEMO_SUPPLIERS, DemoSupplier, demo_stock_list, write_stock_list

GRADES = {"new", "A+", "A", "B", "C", "defect"}
BY_CODE = {supplier.code: supplier for supplier in DEMO_SUPPLIERS}

each_supplier = pytest.mark.parametrize("supplier", DEMO_SUPPLIERS, ids=lambda supplier: supplier.code)


@each_supplier
def test_vat_number_account_and_phones_are_valid_in_form(supplier: DemoSupplier) -> None:
    valid = gb_vat.is_valid if supplier.country == "GB" else eu_vat.is_valid

    assert valid(supplier.vat_number)
    assert iban.is_valid(supplier.iban)
    assert supplier.iban[:2] == supplier.country
    for contact in supplier.contacts:
        assert contact.email.endswith(".example")
        assert not contact.phone or phonenumbers.is_valid_number(phonenumbers.parse(contact.phone))


def test_the_six_suppliers_differ_in_what_the_portal_must_handle() -> None:
    assert len(BY_CODE) == 6
    assert {supplier.kind for supplier in DEMO_SUPPLIERS} == {"refurbisher", "wholesaler", "broker"}
    assert {supplier.currency for supplier in DEMO_SUPPLIERS} == {"DKK", "EUR", "GBP", "USD"}
    assert {supplier.import_mode for supplier in DEMO_SUPPLIERS} == {"partial", "full", "full_with_grace"}
    assert {supplier.default_vat_scheme for supplier in DEMO_SUPPLIERS} == {"regular", "margin"}
    assert BY_CODE["foxway"].default_vat_scheme == "regular"


@each_supplier
def test_only_confirmed_words_have_a_grade(supplier: DemoSupplier) -> None:
    assert set(supplier.grades.values()) <= GRADES
    assert not set(supplier.grades) & set(supplier.open_grades)


@each_supplier
def test_the_list_of_a_day_is_always_the_same(supplier: DemoSupplier) -> None:
    assert demo_stock_list(supplier, 2026, DEMO_DAY) == demo_stock_list(supplier, 2026, DEMO_DAY)


@each_supplier
def test_from_day_to_day_most_lines_stay_and_some_change(supplier: DemoSupplier) -> None:
    today = demo_stock_list(supplier, 2026, DEMO_DAY)
    tomorrow = demo_stock_list(supplier, 2026, DEMO_DAY + timedelta(days=1))
    item_column = next(iter(today[0]))

    before = {row[item_column] for row in today}
    after = {row[item_column] for row in tomorrow}

    assert len(before & after) > 0.8 * len(before)
    assert before != after


@each_supplier
def test_nearly_every_offered_device_is_found_in_the_catalogue(supplier: DemoSupplier) -> None:
    keys = {variant.match_key for product in demo_catalogue() for variant in product.variants}
    rows = demo_stock_list(supplier, 2026, DEMO_DAY)
    name = {"da": "Beskrivelse", "nl": "Omschrijving", "de": "Bezeichnung", "en": "Product"}[supplier.language]
    category = {"da": "Varekategorikode", "nl": "Categorie", "de": "Warengruppe", "en": "Category"}

    facts = [read_description(str(row[name]), category=str(row[category[supplier.language]])) for row in rows]
    found = [device for device in facts if device and match_key(device) in keys]

    assert len(found) == len(rows) - 2  # Each list ends in two accessories, shuffled in.


@each_supplier
def test_a_written_file_holds_the_rows_of_the_list(supplier: DemoSupplier, tmp_path: Path) -> None:
    rows = demo_stock_list(supplier, 2026, DEMO_DAY)

    path = write_stock_list(supplier, tmp_path)

    assert path.parent == tmp_path
    assert path.suffix == f".{supplier.file_format}"
    read = _read_xlsx(path) if supplier.file_format == "xlsx" else _read_csv(path, german=supplier.language == "de")
    assert set(read[0]) == set(rows[0])
    assert len(read) == len(rows) + 1


def _read_xlsx(path: Path) -> list[list[str]]:
    return [[str(cell) for cell in row] for row in CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()]


def _read_csv(path: Path, *, german: bool) -> list[list[str]]:
    with path.open(encoding="cp1252" if german else "utf-8", newline="") as file:
        return list(csv.reader(file, delimiter=";" if german else ","))


def test_a_german_list_has_decimal_commas(tmp_path: Path) -> None:
    path = write_stock_list(BY_CODE["nordstern"], tmp_path, day=date(2026, 2, 2))

    header, first, *_ = path.read_text(encoding="cp1252").splitlines()

    assert header.startswith("Artikel-Nr.;EAN;")
    assert "," in first.rsplit(";", 1)[1] or first.endswith(";0")


def test_prices_fall_with_the_grade() -> None:
    prices: dict[str, list[Decimal]] = {}

    for row in demo_stock_list(BY_CODE["scheldevallei"], 2026, DEMO_DAY):
        price = row["Stukprijs excl. btw"]
        assert isinstance(price, Decimal)
        prices.setdefault(str(row["Conditie"]), []).append(price)

    assert sum(prices["C"]) / len(prices["C"]) < sum(prices["A"]) / len(prices["A"])
