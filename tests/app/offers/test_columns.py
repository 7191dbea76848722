"""What a column means: by its name in five languages, by its values, and by what the supplier used before."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from app.demo.suppliers import DEMO_SUPPLIERS, DemoSupplier, write_stock_list
from app.offers.columns import (
    SURE,
    Column,
    Layout,
    NotAStockList,
    Proposal,
    file_stem,
    fingerprint,
    normal,
    propose_columns,
)
from app.offers.header_names import read_header
from app.offers.reading import Unreadable, read_table
from app.settings import ROOT

DATA = ROOT.parent / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.exists(), reason="../shared is not here: its files are not read")

# Names that were never in a list of ours, as traders write them; '' is no field, or one only a person can say.
LABELLED: dict[str, str] = {
    "item_number": "Item No.|Art.-Nr.|ArtikelNr|Artikelnummer|Artikel Nr.|SKU|Supplier SKU|Product ID|Stock Code|"
    "Varenr.|Vare nr|Varenummer|Réf.|Référence|Code article|Bestellnummer|Best.-Nr.|Productcode|"
    "Article Number|LOT ID|Reference #|Interne referentie|Artikelcode leverancier|Item#|N° art.",
    "description": "Description|Item description|Omschrijving|Artikelomschrijving|Bezeichnung|Artikelbezeichnung|"
    "Beschreibung|Varebeskrivelse|Varetekst|Produktnavn|Désignation|Libellé|Product|Product Name|"
    "Title|Toestel|Gerät|Nom du produit|Full description|Produktbezeichnung 1",
    "quantity": "Qty|QTY.|Quantity|Avail. Qty|Available Qty|Stock|In stock|Free stock|Voorraad|Aantal|"
    "Beschikbare voorraad|Vrije voorraad|Bestand|Lagerbestand|Menge|Verfügbar|Stückzahl|Antal|"
    "Lager|Lagerbeholdning|På lager|Disponibel|Quantité|Qté|Stock disponible|On hand|Units|Pcs|"
    "Verfügbare Menge|Tilgængelig|Stock (pcs)|Qty on hand|Aantal stuks|Anzahl verfügbar",
    "price": "Price|Unit Price|Price EUR|Price (EUR)|EUR price|Price/pc|Prijs|Stuksprijs|"
    "Stukprijs excl. btw|Inkoopprijs|Prijs excl. BTW (EUR)|Preis|EK netto|Stückpreis|Nettopreis|"
    "Preis netto EUR|Händlerpreis|Pris|Stk. pris|Eksport Pris|Pris DKK|Nettopris|Prix|Prix HT|"
    "Prix unitaire|PU HT|Tarif HT €|Our price|Cost|Sales price excl. VAT|Export price €|VK-Preis|"
    "Promo Price DKK|Price per unit in USD",
    "currency": "Currency|Valuta|Währung|Waehrung|Devise|Curr.|CCY|Muntsoort|Valutakode",
    "grade": "Grade|Condition|Cosmetic grade|Conditie|Staat|Kwaliteit|Zustand|Optischer Zustand|Qualität|"
    "Tilstand|Stand|Kvalitet|État|État cosmétique|Quality|Grading|Klasse|Cosmetic Condition",
    "gtin": "EAN|EAN13|EAN code|EAN-13|GTIN|Barcode|UPC|UPC/EAN|Streepjescode|Strichcode|Stregkode|"
    "Code barre|EAN-Nummer|EAN kode|Gencod|GTIN/EAN",
    "mpn": "MPN|Part Number|P/N|Mfr. Part No.|Manufacturer Part Number|Herstellernummer|"
    "Hersteller-Art.-Nr.|Fabrikantcode|Part no|Producentens varenr.|Réf. fabricant|OEM number|"
    "Vendor part number|Partnumber|Herstellerartikelnummer",
    "brand": "Brand|Manufacturer|Merk|Marke|Hersteller|Mærke|Fabrikat|Marque|Make|Fabrikant|Producent|Constructeur",
    "model": "Model|Model name|Modelnaam|Modell|Modèle|Model Number|Modelbetegnelse|Modellbezeichnung|Model No.",
    "colour": "Colour|Color|Kleur|Farbe|Farve|Couleur|Device Color|Coloris",
    "storage": "Storage|Capacity|Opslag|Opslagcapaciteit|Speicherplatz|Kapazität|Stockage|Capacité|HDD|SSD|"
    "Hard drive|Harddisk|Festplatte|Storage (GB)|Internal storage|Lagerplads",
    "memory": "RAM|Memory|Werkgeheugen|Arbeitsspeicher|Mémoire vive|RAM (GB)|Hukommelse|Installed RAM",
    "processor": "CPU|Processor|Prozessor|Processeur|Processor type|CPU model",
    "keyboard": "Keyboard|Keyboard layout|Toetsenbord|Tastatur|Clavier|Keyboard Language|KB layout|Tastatursprog",
    "category": "Category|Categorie|Kategorie|Kategori|Catégorie|Product type|Item Category Code|"
    "Varekategorikode|Product category|Warengruppe",
    "group": "Product group|Productgroep|Produktgruppe|Subcategory|Varegruppe|Product Group Code",
    "warranty": "Warranty|Garantie|Garanti|Warranty (months)|Gewährleistung",
    "vat_scheme": "VAT|VAT scheme|BTW|Margeregeling|MwSt|MwSt.-Satz|Moms|TVA|Tax|VAT type|Differenzbesteuerung|"
    "BTW regeling",
    "": "Kunde land|Software Language|Graphics01|Remarks|Opmerking|Bemerkungen|Photo|URL|Weight (kg)|"
    "Battery health|Screen size|Serial number|Date|Last update|Location|Country of origin|"
    "Min. order qty|MOQ|List price|RRP|UVP|Adviesprijs|Vejl. pris|Total|Total value|Stock value|"
    "Incoming qty|Reserved|Lagerort|Lieferzeit|ETA|Levertijd|Delivery time|Kontakt|Status|"
    "Lock status|Battery cycles|IMEI|HS code|Zolltarifnummer|Prijs incl. btw|Price incl. VAT|"
    "Ancien prix|Old price|Box|Pallet|OS|Windows|Touch|GPU|Webcam|Notes|Comment|Kommentar|"
    "Discount|Rabatt|Korting %",
}
GTINS = ("4006381333931", "4006381333948", "4006381333955", "4006381333962", "4006381333979", "4006381333986")
ROWS: dict[str, Sequence[Any]] = {
    "No": [f"X-{n}" for n in range(6)],
    "Description": ["iPhone 12 mini/128S/Black"] * 6,
    "Grade": ["A", "B", "A", "C", "B", "A"],
    "Qty": [1, 2, 3, 4, 5, 6],
    "Price": [100.5, 200, 300, 400, 500, 600],
}


def propose(columns: dict[str, Sequence[Any]], **known: Any) -> Proposal:
    """A proposal for a table that is given by its columns."""
    rows = [list(row) for row in zip(*columns.values(), strict=True)]
    return propose_columns(list(columns), rows, **{"currency": "EUR", **known})


def column(proposal: Proposal, header: str) -> Column:
    return next(column for column in proposal.columns if column.header == header)


def fields(proposal: Proposal) -> dict[str, str]:
    return {column.header: column.field for column in proposal.columns}


def codes(proposal: Proposal) -> list[str]:
    return [question["code"] for question in proposal.questions]


def layout(proposal: Proposal, *, filename: str = "list.csv") -> Layout:
    """What accepting the file would remember."""
    return Layout(fingerprint(list(fields(proposal))), file_stem(filename), fields(proposal))


@pytest.mark.parametrize("field", [field for field in LABELLED if field])
def test_names_are_known_in_five_languages(field: str) -> None:
    assert {name: read_header(name).field for name in LABELLED[field].split("|")} == dict.fromkeys(
        LABELLED[field].split("|"), field
    )


def test_confidence_is_what_it_says() -> None:
    sure = {True: 0, False: 0}
    for field, names in LABELLED.items():
        for name in names.split("|"):
            said = read_header(name)
            if said.confidence >= 0.9:
                sure[said.field == field] += 1
            elif said.confidence >= SURE:
                assert said.field == field or not field, name

    assert sure[True] > 250
    assert sure[False] <= sure[True] * 0.02


@pytest.mark.parametrize("name", LABELLED[""].split("|"))
def test_another_thing_is_never_taken_for_a_quantity_or_a_price_without_a_question(name: str) -> None:
    said = read_header(name)

    assert said.field not in ("quantity", "price") or said.confidence < SURE


@pytest.mark.parametrize(
    ("header", "currency"),
    [("Promo Price DKK", "DKK"), ("Price (EUR)", "EUR"), ("Prix HT €", "EUR"), ("£", "GBP"), ("Europe", None),
     ("USD price", "USD"), ("Price", None)],
)  # fmt: skip
def test_a_currency_in_a_name_is_seen(header: str, currency: str | None) -> None:
    assert read_header(header).currency == currency


def test_a_plain_list_needs_no_question() -> None:
    found = propose(ROWS)

    assert fields(found) == {
        "No": "item_number", "Description": "description", "Grade": "grade", "Qty": "quantity", "Price": "price",
    }  # fmt: skip
    assert found.questions == []


@pytest.mark.parametrize(
    ("values", "field", "sure"),
    [
        (GTINS, "gtin", True),
        (["EUR", "DKK", "EUR", "€", "EUR", "USD"], "currency", True),
        (["Grade A", "Gold", "B", "Premium", "Demo", "A"], "grade", True),
        (["64GB", "128 GB", "256GB", "1TB", "64 GB", "128GB"], "storage", True),
        (["8GB", "16 GB", "4GB", "8GB", "16GB", "32GB"], "memory", True),
        (["Black", "Space Gray", "Weiß", "Blå", "zwart", "Silver"], "colour", True),
        (["iPhone 12 mini/128S/Black", "T480s i5-8350U/16GB/256M2/FHD/C/W11P"] * 3, "description", True),
        (["AB-1", "AB-2", "AB-3", "CD44", "EF/5", "GH.66"], "item_number", False),
        (["Something with many words", "And another thing as well", "A third line of goods"] * 2, "description", False),
    ],
)
def test_values_name_a_column_that_its_name_does_not(values: Sequence[Any], field: str, sure: bool) -> None:
    found = column(propose({"Kolumna": values, "Qty": ROWS["Qty"], "Price": ROWS["Price"]}), "Kolumna")

    assert (found.field, found.evidence) == (field, "values")
    assert (found.confidence >= SURE) is sure


def test_words_of_the_suppliers_own_dictionary_make_a_column_the_grade() -> None:
    values = ["Prima", "Top", "Top", "Nou ja", "Prima", "Top"]
    table = {"Kolumna": values, "Qty": ROWS["Qty"], "Price": ROWS["Price"]}

    assert column(propose(table), "Kolumna").field == ""
    assert column(propose(table, grade_words={"prima", "top", "nou ja"}), "Kolumna").field == "grade"


def test_a_list_in_an_unknown_language_is_proposed_by_values_and_asked() -> None:
    found = propose({
        "Kod": [f"AB-{n}" for n in range(6)], "Nazwa": ["iPhone 12 mini/128S/Black"] * 6, "Ilość": [1, 2, 3, 4, 5, 9],
        "Cena": ["100,50 zł", "200,00 zł", "300 zł", "12,50 zł", "7 zł", "8 zł"],
    })  # fmt: skip

    assert fields(found) == {"Kod": "item_number", "Nazwa": "description", "Ilość": "quantity", "Cena": "price"}
    assert found.questions == [
        {"code": "column_unsure", "field": "quantity", "header": "Ilość"},
        {"code": "column_unsure", "field": "price", "header": "Cena"},
    ]


def test_of_several_prices_the_suppliers_currency_wins_and_the_others_say_why_not() -> None:
    prices = {"Promo Price EUR": [1.5] * 6, "Promo Price DKK": [11.2] * 6, "Promo Price GBP": [1.2] * 6}
    found = propose({**ROWS, **prices} | {"Price": [None] * 6}, currency="DKK")

    assert column(found, "Promo Price DKK").field == "price"
    assert found.mapping.price_currency == "DKK"
    assert (column(found, "Promo Price EUR").field, column(found, "Promo Price EUR").reason) == ("", "currency")
    assert found.questions == []


def test_two_prices_in_one_currency_are_asked_unless_they_are_the_same() -> None:
    other = propose({**ROWS, "Promo price": [90, 190, 290, 390, 490, 590]})
    same = propose({**ROWS, "Net price": list(ROWS["Price"])})

    assert other.questions == [{"code": "columns_several", "field": "price", "headers": ["Price", "Promo price"]}]
    assert same.questions == []


def test_a_list_price_beside_ours_is_not_ours_and_alone_is_asked() -> None:
    beside = propose({"RRP": [900] * 6, "List price": [800] * 6, **ROWS})
    alone = propose({**{name: ROWS[name] for name in ("No", "Qty")}, "List price": [800.5] * 6})

    assert column(beside, "Price").field == "price"
    assert column(beside, "List price").reason == "doubt"
    assert beside.questions == []
    assert codes(alone) == ["column_unsure"]


def test_a_price_with_vat_is_asked_about() -> None:
    found = propose({**{name: ROWS[name] for name in ("No", "Qty")}, "Prijs incl. btw": [121.0] * 6})

    assert found.questions == [{"code": "column_unsure", "field": "price", "header": "Prijs incl. btw"}]


@pytest.mark.parametrize("missing", ["Qty", "Price"])
def test_a_list_without_a_quantity_or_a_price_asks_for_it(missing: str) -> None:
    found = propose({name: values for name, values in ROWS.items() if name != missing})

    assert found.questions == [{"code": "columns_missing", "fields": ["quantity" if missing == "Qty" else "price"]}]


def test_a_table_with_neither_is_refused() -> None:
    with pytest.raises(NotAStockList):
        propose({name: values for name, values in ROWS.items() if name not in ("Qty", "Price")})


def test_nothing_that_names_the_goods_is_asked_for() -> None:
    assert codes(propose({"Qty": ROWS["Qty"], "Price": ROWS["Price"]})) == ["columns_missing"]


@pytest.mark.parametrize(
    ("header", "values"),
    [
        ("Price", ["on the shelf", "in the box", "call", "no idea", "later", "soon"]),
        ("Lager", ["A-12-3", "B-1-4", "C-1-1", "A-1-1", "A-2-2", "D-1-1"]),
        ("Lager", ["Rotterdam", "Venlo", "Venlo", "Rotterdam", "Venlo", "Venlo"]),
        ("Stock", [1234.5, 99.95, 12.5, 7.25, 8.5, 9.75]),
        ("Storage", ["Rack 1", "Rack 2", "Rack 3", "Rack 4", "Rack 5", "Rack 6"]),
        ("Currency", ["yes", "no", "yes", "no", "yes", "no"]),
        ("Farbe", ["17", "18", "19", "20", "21", "22"]),
        ("Margin", ["12.5%", "8.1%", "7.7%", "9%", "3%", "4%"] * 3),
    ],
)
def test_values_that_are_not_what_the_name_says_are_not_believed(header: str, values: Sequence[Any]) -> None:
    rest = {name: list(ROWS[name]) * (len(values) // 6) for name in ("No", "Qty", "Price") if name != header}
    found = column(propose({**rest, header: values}), header)

    assert found.field != read_header(header).field
    assert found.evidence in ("none", "values")


def test_a_stock_column_of_words_is_a_quantity() -> None:
    found = propose({**ROWS, "Qty": ["In Stock", "In Stock", "Sold out", "10+", "In Stock", "3"]})

    assert column(found, "Qty").field == "quantity"
    assert found.questions == []


def test_article_numbers_under_ean_are_recognised_and_asked() -> None:
    numbers = ["10000001", "10000002", "10000003", "10000004", "10000006", "10000007"]
    alone = propose({"EAN": numbers, **{name: ROWS[name] for name in ("Description", "Qty", "Price")}})
    beside = propose({**ROWS, "EAN": numbers})

    assert column(alone, "EAN").field == "item_number"
    assert codes(alone) == ["gtin_is_article"]
    assert (column(beside, "EAN").field, column(beside, "No").field) == ("", "item_number")
    assert codes(beside) == ["gtin_is_article"]


def test_an_ean_column_with_some_wrong_ones_is_still_one() -> None:
    found = propose({**ROWS, "EAN": [*GTINS[:4], "4006381333930", "n/a"]})

    assert column(found, "EAN").field == "gtin"
    assert found.questions == []


def test_a_nearly_empty_column_keeps_its_name_s_meaning() -> None:
    rows: list[list[Any]] = [[f"X{n}", 1, 10.0, GTINS[0] if n == 777 else ""] for n in range(2000)]
    found = propose_columns(["No", "Qty", "Price", "EAN"], rows, currency="EUR")

    assert column(found, "EAN").field == "gtin"


def test_memory_is_a_phones_storage_or_a_notebooks() -> None:
    phones = propose({**ROWS, "Geheugen": ["64GB", "128GB", "256GB", "64GB", "128GB", "64"]})
    notebooks = propose({**ROWS, "Geheugen": ["8GB", "16GB", "8GB", "4GB", "8", "16"]})

    assert column(phones, "Geheugen").field == "storage"
    assert column(notebooks, "Geheugen").field == "memory"


def test_a_list_that_only_has_models_describes_its_goods_there() -> None:
    table = {"Model": ROWS["Description"], "Qty": ROWS["Qty"], "Price": ROWS["Price"]}

    assert fields(propose(table))["Model"] == "description"
    assert fields(propose({**table, "Storage": ["64GB"] * 6}))["Model"] == "model"


# What the supplier used before


def test_a_moved_column_is_harmless() -> None:
    known = layout(propose(ROWS))
    moved = dict(reversed(ROWS.items()))

    found = propose(moved, layouts=[known])

    assert fields(found) == {header: known.columns[header] for header in moved}
    assert {column.evidence for column in found.columns} == {"remembered"}
    assert found.questions == []


def test_what_a_person_said_holds_against_name_and_values() -> None:
    known = layout(propose(ROWS))
    said = Layout(known.fingerprint, known.stem, {**known.columns, "Grade": "", "Description": "model"})

    found = propose(ROWS, layouts=[said])

    assert (column(found, "Grade").field, column(found, "Description").field) == ("", "model")
    assert found.questions == []


def test_a_header_in_other_letters_is_the_same_header() -> None:
    known = layout(propose(ROWS))
    shouted = {header.upper() + " ": values for header, values in ROWS.items()}

    assert {column.evidence for column in propose(shouted, layouts=[known]).columns} == {"remembered"}
    assert normal(" Avail. QTY ") == normal("avail_qty")


def test_an_added_column_is_proposed_and_does_not_interrupt() -> None:
    known = layout(propose(ROWS))

    found = propose({**ROWS, "EAN": GTINS, "Promo price": [1, 2, 3, 4, 5, 6], "Blah": ["x"] * 6}, layouts=[known])

    assert found.questions == []
    ean, promo = column(found, "EAN"), column(found, "Promo price")
    assert (ean.field, ean.evidence, ean.new) == ("gtin", "name", True)
    assert (promo.field, promo.reason, promo.new) == ("", "other", True)
    assert column(found, "Price").evidence == "remembered"


@pytest.mark.parametrize("gone", ["Qty", "Price", "No", "Grade", "Description"])
def test_a_missing_column_that_lines_cannot_do_without_asks_instead_of_guessing(gone: str) -> None:
    known = layout(propose(ROWS))
    table = {header: values for header, values in ROWS.items() if header != gone}
    renamed = {"Aantal": ROWS["Qty"]} if gone == "Qty" else {}

    found = propose({**table, **renamed}, layouts=[known])

    assert {"code": "column_gone", "header": gone, "field": known.columns[gone]} in found.questions
    if renamed:
        assert column(found, "Aantal").field == "quantity"  # Proposed, to be said with one click.


def test_a_missing_column_that_only_helps_is_harmless() -> None:
    known = layout(propose({**ROWS, "Brand": ["Apple"] * 6, "EAN": GTINS}))

    assert propose(ROWS, layouts=[known]).questions == []


def test_another_layout_under_a_known_file_name_is_recognised() -> None:
    known = layout(propose(ROWS), filename="stock_2026-01-05.xlsx")
    other = {"Nummer": ROWS["No"], "Beskrivelse": ROWS["Description"], "Lager": ROWS["Qty"], "Pris": ROWS["Price"]}

    same_name = propose(other, layouts=[known], filename="Stock 2026-01-12.xlsx")
    other_name = propose(other, layouts=[known], filename="vareoversigt.xlsx")

    assert same_name.questions == [{"code": "layout_other", "stem": "stock"}]
    assert {column.evidence for column in same_name.columns} == {"name"}
    assert other_name.questions == []


def test_of_two_known_layouts_each_file_finds_its_own() -> None:
    first = layout(propose(ROWS), filename="stock.xlsx")
    danish = {"Nummer": ROWS["No"], "Beskrivelse": ROWS["Description"], "Lager": ROWS["Qty"], "Pris": ROWS["Price"]}
    second = layout(propose(danish), filename="stock.xlsx")

    for table in (ROWS, danish):
        found = propose(table, layouts=[first, second], filename="stock.xlsx")
        assert {column.evidence for column in found.columns} == {"remembered"}
        assert found.questions == []


def test_a_part_of_a_known_layout_carries_its_headers_over() -> None:
    odd = Layout(
        fingerprint(["Foo", "Bar", "Baz", "Qux"]), "odd",
        {"Foo": "item_number", "Bar": "quantity", "Baz": "price", "Qux": ""},
    )  # fmt: skip

    found = propose(
        {"Foo": ROWS["No"], "Bar": ROWS["Qty"], "Baz": ROWS["Price"], "Grade": ROWS["Grade"]}, layouts=[odd]
    )

    assert fields(found) == {"Foo": "item_number", "Bar": "quantity", "Baz": "price", "Grade": "grade"}
    assert [column.evidence for column in found.columns] == ["remembered", "remembered", "remembered", "name"]
    assert found.questions == []


@pytest.mark.parametrize(
    ("filename", "stem"),
    [
        ("foxway_item_stock_2023-10-27.xlsx", "foxway item stock"), ("Stock list week 45.csv", "stock list"),
        ("stock (1).csv", "stock"), ("20231027.csv", ""), ("Voorraad 27 oktober 2023.XLSX", "voorraad"),
        ("list.csv.zip", "list"),
    ],
)  # fmt: skip
def test_a_file_name_without_its_date_stays_the_same_from_week_to_week(filename: str, stem: str) -> None:
    assert file_stem(filename) == stem


def test_the_order_of_columns_changes_no_proposal() -> None:
    table = {**ROWS, "Kleur": ["zwart"] * 6, "EAN": GTINS, "Remarks": ["-"] * 6}
    wanted = fields(propose(table))

    for seed in range(10):
        headers = list(table)
        random.Random(seed).shuffle(headers)
        assert fields(propose({header: table[header] for header in headers})) == wanted


# Tables of others


@needs_data
@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("foxway_item_stock_2023-10-27.xlsx", {
            "No.": "item_number", "Description": "description", "Item Category Code": "category",
            "Product Group Code": "group", "Keyboard Language": "keyboard", "Condition": "grade",
            "Warranty": "warranty", "Avail. Qty": "quantity", "Promo Price DKK": "price", "Brand": "brand"}),
        ("foxway_vareoversigt_2023-11-08.xlsx", {
            "Nummer": "item_number", "Beskrivelse": "description", "Varekategorikode": "category",
            "Produktgruppekode": "group", "Keyboard Sprog": "keyboard", "Condition": "grade", "Garanti": "warranty",
            "Lager": "quantity", "Eksport Pris": "price"}),
    ],
)  # fmt: skip
def test_real_lists_need_no_question(name: str, wanted: dict[str, str]) -> None:
    table = read_table((DATA / "supplier-lists" / name).read_bytes())

    found = propose_columns(table.headers, [row.cells for row in table.rows], currency="DKK")

    assert {header: field for header, field in fields(found).items() if field} == wanted
    assert found.questions == []
    assert all(column.confidence >= 0.8 for column in found.columns if column.field)


@needs_data
def test_no_table_of_others_is_read_as_a_stock_list_without_a_question() -> None:
    outcomes = dict.fromkeys(("unreadable", "refused", "asked"), 0)
    files = [*(DATA / "hostile").rglob("*.*"), *(DATA / "orders").glob("*"), *(DATA / "catalogue").glob("*"),
             *(DATA / "contacts").glob("*"), *(DATA / "fx").glob("*"), *(DATA / "tickets").glob("*")]  # fmt: skip
    for path in (path for path in files if path.is_file() and not path.name.startswith("expected_")):
        try:
            table = read_table(path.read_bytes())
            found = propose_columns(table.headers, [row.cells for row in table.rows], currency="EUR")
        except Unreadable:
            outcomes["unreadable"] += 1
        except NotAStockList:
            outcomes["refused"] += 1
        else:
            assert found.questions, path.name
            outcomes["asked"] += 1

    assert outcomes["refused"] > 70
    assert outcomes["asked"] < 12


@pytest.mark.parametrize("supplier", DEMO_SUPPLIERS, ids=lambda supplier: supplier.code)
def test_the_demo_suppliers_lists_need_no_question(supplier: DemoSupplier, tmp_path: Path) -> None:
    path = write_stock_list(supplier, tmp_path)
    table = read_table(path.read_bytes())

    found = propose_columns(table.headers, [row.cells for row in table.rows], currency=supplier.currency)

    assert found.questions == []
    assert {"item_number", "description", "grade", "quantity", "price"} <= found.mapping.indexes.keys()
    assert not [column.header for column in found.columns if not column.field]
