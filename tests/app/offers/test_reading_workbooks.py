"""Workbooks as suppliers send them: sheets, headers over several rows, merged, hidden, without results, very large."""

from __future__ import annotations

import datetime
import io
import re
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from made_files import HEADER, LINE, listing, opendocument, sheet_xml, workbook, workbook_parts, zipped

from app.offers.reading import CellProblem, Table, Unreadable, read_table
from app.offers.reading.sheet_xml import WHOLE

ERROR = '<c r="REF" t="e"><f>1/0</f><v>#DIV/0!</v></c>'
NO_RESULT = '<c r="REF"><f>A2*2</f></c>'
NO_RESULT_EMPTY_VALUE = '<c r="REF"><f>A2*2</f><v></v></c>'
EMPTY_TEXT = '<c r="REF" t="str"><f>IF(A2="","",A2)</f><v></v></c>'


def cells(table: Table) -> list[list[object]]:
    return [list(row.cells) for row in table.rows]


def refusal(content: bytes, **asked: Any) -> str:
    with pytest.raises(Unreadable) as raised:
        read_table(content, **asked)
    return raised.value.code


def test_the_visible_sheet_that_looks_most_like_stock_is_taken_and_the_others_are_named() -> None:
    content = workbook(
        {
            "Terms": {1: ("Delivery", "Payment"), 2: ("Ex works", "In advance"), 3: ("DAP", "14 days")},
            "Stock": listing(5), "Old": listing(50), "Deep": listing(50), "Empty": {},
        },
        states={"Old": "hidden", "Deep": "veryHidden"},
    )  # fmt: skip

    table = read_table(content)

    assert (table.format, table.sheet, len(table.rows)) == ("xlsx", "Stock", 5)
    assert [(sheet.name, sheet.state) for sheet in table.sheets] == [
        ("Terms", "visible"), ("Stock", "visible"), ("Old", "hidden"), ("Deep", "very_hidden"), ("Empty", "visible"),
    ]  # fmt: skip


def test_a_hidden_sheet_is_read_only_when_a_person_chose_it() -> None:
    content = workbook({"Cover": {}, "Stock": listing(3)}, states={"Stock": "hidden"})

    assert refusal(content) == "only_hidden_sheets"
    assert read_table(content, sheet="Stock").sheet == "Stock"
    assert refusal(content, sheet="Gone") == "sheet_gone"


def test_a_table_in_the_middle_of_a_sheet_keeps_the_numbers_that_a_person_sees() -> None:
    rows = {number + 20: ("", "", *cells) for number, cells in listing(3).items()}

    table = read_table(workbook({"Stock": {3: ("", "", "Our stock"), **rows}}))

    assert (table.header_row, table.headers) == (21, list(HEADER))
    assert [row.number for row in table.rows] == [22, 23, 24]
    assert next(table.column(0)) == "X1"


@pytest.mark.parametrize("row", [1, 12, 45])
def test_the_header_is_found_under_titles_and_notes(row: int) -> None:
    above = {number: (f"Note {number}",) for number in range(1, row)}

    assert read_table(workbook({"Stock": {**above, **listing(3, first=row)}})).header_row == row


def test_header_rows_that_are_merged_become_one_name_each() -> None:
    rows = {
        1: ("Stock list of week 44",), 2: ("Item", "Description", "Quantity", "Price"), 3: ("", "", "", "EUR", "DKK"),
        4: ("X1", "Pad", 3, 10, 74.5), 5: ("X2", "Pod", 4, 20, 149),
    }  # fmt: skip

    table = read_table(workbook({"Stock": rows}, merges=["A1:E1", "A2:A3", "B2:B3", "C2:C3", "D2:E2"]))

    assert table.headers == ["Item", "Description", "Quantity", "Price EUR", "Price DKK"]
    assert (table.header_row, len(table.rows)) == (3, 2)


def test_a_group_above_the_names_is_part_of_them() -> None:
    rows = {1: ("", "", "Price"), 2: ("Item", "Qty", "EUR", "DKK"), 3: ("X1", 3, 10, 74.5), 4: ("X2", 4, 20, 149)}

    table = read_table(workbook({"Stock": rows}, merges=["C1:D1"]))

    assert table.headers == ["Item", "Qty", "Price EUR", "Price DKK"]


@pytest.mark.parametrize(
    ("above", "merge"), [(("Stock list",), "A1:B1"), (("Stock", "", "Week 44", ""), "C1:D1"), (("Week", 44), "A1:B1")]
)
def test_a_title_above_the_names_is_no_part_of_them(above: Any, merge: str) -> None:
    rows = {1: above, 2: ("Item", "Qty", "Grade", "Price"), 3: ("X1", 3, "A", 10), 4: ("X2", 4, "B", 20)}

    assert read_table(workbook({"Stock": rows}, merges=[merge])).headers == ["Item", "Qty", "Grade", "Price"]


def test_text_merged_downwards_is_in_every_row_that_it_covers_and_a_number_is_not() -> None:
    rows = {
        1: ("Model", "Grade", "Qty", "Price"), 2: ("iPhone 12", "A", 30, 200), 3: ("", "B", "", 180),
        4: ("", "C", "", 150), 5: ("iPhone 13", "A", 5, 300),
    }  # fmt: skip

    table = read_table(workbook({"Stock": rows}, merges=["A2:A4", "C2:C4"]))

    assert [row[:3] for row in cells(table)] == [
        ["iPhone 12", "A", 30], ["iPhone 12", "B", ""], ["iPhone 12", "C", ""], ["iPhone 13", "A", 5],
    ]  # fmt: skip
    assert table.notes == {"rows_filled": 2}


def test_errors_and_formulas_without_a_result_are_empty_cells_that_say_so() -> None:
    rows = {
        1: HEADER, 2: ("X1", "Pad", "A", ERROR, NO_RESULT), 3: ("X2", "#N/A", "A", 4, NO_RESULT_EMPTY_VALUE),
        4: ("X3", "Pod", EMPTY_TEXT, 5, 30),
    }  # fmt: skip

    table = read_table(workbook({"Stock": rows}))

    first, second, third = table.rows
    assert first.cells[3:] == ["", ""]
    assert first.problems == (CellProblem(3, "cell_error", "#DIV/0!"), CellProblem(4, "cell_error", "=A2*2"))
    assert second.cells == ["X2", "", "A", 4, ""]
    assert {problem.column for problem in second.problems} == {1, 4}
    assert third.problems == ()


def test_a_workbook_whose_formulas_were_never_computed_is_refused() -> None:
    rows: dict[int, Any] = {1: HEADER}
    rows |= dict.fromkeys(range(2, 51003), ("X", NO_RESULT, NO_RESULT, NO_RESULT, NO_RESULT))

    assert refusal(workbook({"Stock": rows})) == "no_results"


def test_a_sheet_that_cannot_be_read_does_not_hold_the_one_beside_it() -> None:
    notes = sheet_xml({1: ("Note",)}).replace("</sheetData>", '<row r="2"><c r="XFD2"><v>1</v></c></row></sheetData>')

    table = read_table(zipped(workbook_parts({"Notes": notes, "Stock": sheet_xml(listing(3))})))

    assert (table.sheet, [sheet.state for sheet in table.sheets]) == ("Stock", ["unreadable", "visible"])


def test_a_csv_that_was_opened_wrongly_and_saved_is_split_again() -> None:
    lines = ["Item;Description;Qty;Price", "X1;Pad, black;3;10", 'X2;"Pod; white";4;20']

    table = read_table(workbook({"Stock": {number: (line,) for number, line in enumerate(lines, start=3)}}))

    assert (table.format, table.delimiter, table.headers) == ("xlsx", ";", ["Item", "Description", "Qty", "Price"])
    assert cells(table) == [["X1", "Pad, black", "3", "10"], ["X2", "Pod; white", "4", "20"]]
    assert [row.number for row in table.rows] == [4, 5]


def test_hidden_rows_are_read_and_counted() -> None:
    table = read_table(workbook({"Stock": listing(5)}, hidden=[3, 5]))

    assert len(table.rows) == 5
    assert table.notes == {"hidden_rows": 2}


@pytest.mark.parametrize("first_1904", [False, True])
def test_days_are_the_same_in_both_date_systems(first_1904: bool) -> None:
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True, "date_1904": first_1904})
    sheet = book.add_worksheet("Stock")
    sheet.write_row(0, 0, ["Item", "Qty", "Available from"])
    sheet.write_row(1, 0, ["X1", 3])
    sheet.write_datetime(
        1, 2, datetime.datetime(2026, 11, 24, 10, 30), book.add_format({"num_format": "d-m-yyyy hh:mm"})
    )
    book.close()

    assert cells(read_table(target.getvalue())) == [["X1", 3, "2026-11-24 10:30:00"]]


def test_right_to_left_sheets_and_far_empty_cells_change_nothing() -> None:
    far = sheet_xml(listing(2)).replace("</sheetData>", '<row r="1048576"><c r="XFD1048576" s="0"/></row></sheetData>')
    right_to_left = far.replace(
        "<sheetData>", '<sheetViews><sheetView rightToLeft="1" workbookViewId="0"/></sheetViews><sheetData>'
    )

    table = read_table(zipped(workbook_parts({"Stock": right_to_left})))

    assert cells(table)[0] == ["X1", "iPhone 12 64GB Black 1", "A", 1, 101]


def test_a_value_far_down_is_a_row_and_a_value_far_right_is_refused() -> None:
    rows = {**listing(2), 1_048_576: LINE}
    assert [row.number for row in read_table(workbook({"Stock": rows})).rows] == [2, 3, 1_048_576]

    right = sheet_xml(listing(2)).replace("</sheetData>", '<row r="9"><c r="XFD9"><v>1</v></c></row></sheetData>')
    assert refusal(zipped(workbook_parts({"Stock": right}))) == "too_wide"


@pytest.mark.parametrize(("prefix", "numbered"), [("", True), ("x:", True), ("", False)])
def test_a_sheet_too_large_for_one_piece_is_the_same_table(prefix: str, numbered: bool) -> None:
    lines = 1 + WHOLE // 500
    filler = "lorem ipsum " * 30
    rows = {1: (*HEADER, "Text")} | {
        number: (f"X{number}", "Pad", "A" if number % 1000 else ERROR, number % 7, 10, filler)
        for number in range(2, lines + 2)
    }
    xml = sheet_xml(rows, merges=["C2:C3"], hidden=[5])
    if prefix:
        xml = re.sub(r"<(/?)(?=[a-zA-Z])", rf"<\1{prefix}", xml).replace("xmlns=", f"xmlns:{prefix[:-1]}=")
    if not numbered:
        xml = re.sub(r' r="[A-Z]*\d+"', "", xml)
    assert len(xml) > WHOLE

    table = read_table(zipped(workbook_parts({"Stock": xml})))

    assert (len(table.rows), table.notes["hidden_rows"]) == (lines, 1)
    assert [row.number for row in table.rows] == list(range(2, lines + 2))
    assert list(table.column(0)) == [f"X{number}" for number in range(2, lines + 2)]
    if numbered:
        broken = [row.number for row in table.rows if row.problems]
        assert broken == [number for number in range(2, lines + 2) if number % 1000 == 0]


def test_what_openpyxl_and_others_write_is_read(tmp_path: Any) -> None:
    book: Any = openpyxl.Workbook()  # type: ignore[attr-defined,no-untyped-call]
    sheet = book.active
    sheet.append(["Item", "Qty", "Price"])
    sheet.append(["0001", 3, 10.5])
    sheet.append(["0002", True, "=B2*2"])
    book.save(tmp_path / "a.xlsx")

    table = read_table((tmp_path / "a.xlsx").read_bytes())

    assert cells(table) == [["0001", 3, 10.5], ["0002", True, ""]]
    assert [problem.code for row in table.rows for problem in row.problems] == ["cell_error"]


def test_an_opendocument_sheet_is_read() -> None:
    lines = (("Item", "Qty", "Price"), ("X1", "3", "#REF!"))
    rows = "".join(
        "<table:table-row>"
        + "".join(f"<table:table-cell {{string}}><text:p>{cell}</text:p></table:table-cell>" for cell in line)
        + "</table:table-row>"
        for line in lines
    )
    blank = '<table:table-cell table:number-columns-repeated="1024"/>'
    rows += f'<table:table-row table:number-rows-repeated="1048000">{blank}</table:table-row>'

    table = read_table(opendocument(rows))

    assert (table.format, table.headers, cells(table)) == ("ods", ["Item", "Qty", "Price"], [["X1", "3", ""]])


def test_a_macro_workbook_under_another_name_is_read_and_called_what_it_is() -> None:
    parts = workbook_parts({"Stock": sheet_xml(listing(2))})

    assert read_table(zipped({**parts, "xl/vbaProject.bin": b"\x00" * 50})).format == "xlsm"


def test_more_columns_than_are_used_are_cut_and_counted() -> None:
    wide = [*HEADER, *(f"Note {number}" for number in range(520))]

    table = read_table(workbook({"Stock": {1: wide, 2: [*LINE, *range(520)]}}))

    assert (len(table.headers), table.notes) == (500, {"columns_cut": 25})
