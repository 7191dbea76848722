"""JSON lists: alone, under a name, one object a line; flattened where that can be done in one way only."""

from __future__ import annotations

import gzip
import json

import pytest

from app.offers.reading import Table, Unreadable, read_table

ITEMS = [{"sku": "X1", "name": "Pad", "qty": 3, "price": 10.5}, {"sku": "X2", "name": "Pod", "qty": 4, "price": None}]
ROWS = [["X1", "Pad", 3, 10.5], ["X2", "Pod", 4, None]]


def cells(table: Table) -> list[list[object]]:
    return [list(row.cells) for row in table.rows]


def refusal(content: bytes) -> str:
    with pytest.raises(Unreadable) as raised:
        read_table(content)
    return raised.value.code


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (json.dumps(ITEMS), "json"),
        (json.dumps({"items": ITEMS}), "json"),
        (json.dumps({"meta": {"page": 1, "tags": ["a"]}, "data": {"items": ITEMS, "count": 2}}, indent=2), "json"),
        ("\n".join(json.dumps(item) for item in ITEMS) + "\n", "ndjson"),
        (json.dumps([list(ITEMS[0]), *ROWS]), "json"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_list_of_objects_is_a_table(text: str, kind: str, encoding: str) -> None:
    table = read_table(text.encode(encoding))

    assert (table.format, table.headers, cells(table)) == (kind, ["sku", "name", "qty", "price"], ROWS)


def test_the_list_that_looks_most_like_stock_is_taken_and_the_others_are_named() -> None:
    table = read_table(json.dumps({"contacts": [{"who": "A"}, {"who": "B"}], "stock": ITEMS}).encode())

    assert table.sheet == "stock"
    assert [(sheet.name, sheet.rows) for sheet in table.sheets] == [("contacts", 2), ("stock", 2)]


def test_objects_and_lists_inside_an_item_are_flattened() -> None:
    items = [
        {"model": "Pad", "maker": {"name": "Apple", "country": {"code": "US"}}, "colours": ["Black", "White"],
         "variants": [{"storage": 64, "qty": 3}, {"storage": 128, "qty": 0}]},
        {"model": "Pod", "maker": {"name": "Sony"}, "colours": [], "variants": [{"storage": 32, "qty": 1, "ean": "1"}]},
    ]  # fmt: skip

    table = read_table(json.dumps(items).encode())

    assert table.headers == [
        "model", "maker.name", "maker.country.code", "colours", "variants.storage", "variants.qty", "variants.ean",
    ]  # fmt: skip
    assert cells(table) == [
        ["Pad", "Apple", "US", "Black, White", 64, 3, None],
        ["Pad", "Apple", "US", "Black, White", 128, 0, None],
        ["Pod", "Sony", None, "", 32, 1, "1"],
    ]
    assert [row.number for row in table.rows] == [1, 2, 3]


def test_two_lists_of_objects_in_an_item_are_not_guessed_about() -> None:
    items = [{"model": "Pad", "variants": [{"qty": 1}], "offers": [{"price": 2}]}]

    assert refusal(json.dumps(items).encode()) == "json_nested"
    assert refusal(json.dumps([{"a": [{"b": [{"c": 1}], "d": 1}]}]).encode()) == "json_nested"


def test_a_name_that_an_object_holds_twice_is_two_columns() -> None:
    table = read_table(b'[{"sku": "X1", "price": 10, "price": 20, "qty": 1}]')

    assert table.headers == ["sku", "price", "price (2)", "qty"]
    assert cells(table) == [["X1", 10, 20, 1]]


def test_numbers_that_are_none_are_problems_of_their_cells() -> None:
    table = read_table(b'[{"sku": "X1", "qty": 1e400, "price": NaN}]')

    (row,) = table.rows
    assert row.cells == ["X1", None, None]
    assert [(problem.column, problem.code) for problem in row.problems] == [(1, "cell_error"), (2, "cell_error")]


def test_text_that_postgresql_cannot_store_is_cleaned() -> None:
    table = read_table(b'[{"sku": "X\\u00001", "name": "a\\ud800b", "qty": 1}]')

    assert cells(table) == [["X1", "a\ufffdb", 1]]


def test_a_long_list_is_read_item_by_item() -> None:
    items = [{"sku": f"X{number}", "name": "Pad " * 10, "qty": number} for number in range(30_000)]

    table = read_table(gzip.compress(json.dumps({"items": items}, indent=1).encode()))

    assert len(table.rows) == 30_000
    assert sum(int(str(cell)) for cell in table.column(2)) == sum(range(30_000))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'[{"sku": "X1", "qty": 1}, {"sku"', "json_damaged"),
        (b'[{"sku": "X1"} {"sku": "X2"}]', "json_damaged"),
        (b'{"items": [{"sku": "X1"}]} trailing', "json_damaged"),
        (b'[{"qty": ' + b"9" * 100_000 + b"}]", "json_damaged"),
        (b'{"error": "no access"}', "no_records"),
        (b"[]", "no_records"),
        (b'{"items": []}', "no_records"),
        (b"[[]]", "no_header"),
        (b"[" * 100_000, "not_a_table"),
        (b'[{"a":' * 100_000, "not_a_table"),
        (json.dumps([{f"field {number}": 1 for number in range(600)}]).encode(), "too_wide"),
    ],
)
def test_json_without_a_list_is_refused(content: bytes, code: str) -> None:
    assert refusal(content) == code


def test_text_that_only_begins_like_json_is_text() -> None:
    table = read_table(b"[Item];[Qty];[Price]\nX1;3;10\n")

    assert (table.format, table.headers) == ("csv", ["[Item]", "[Qty]", "[Price]"])
