"""Files that broke real importers: each gives its measured outcome, or a refusal that a person understands.

The files and what was measured of them lie in `../shared`, beside the project; nothing of it is copied here.
"""

from __future__ import annotations

import codecs
import csv
from collections import Counter
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
import python_calamine as calamine
from flask import Flask

from app.offers import words
from app.offers.reading import WHOLE_ROW, Table, Unreadable, read_table
from app.settings import ROOT

HOSTILE = ROOT.parent / "shared" / "data" / "hostile"
pytestmark = pytest.mark.skipif(not HOSTILE.exists(), reason="../shared is not here: the hostile files are not read")

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
# No header, nothing below it, or nothing at all: what a stock list cannot be read from. The code of each refusal.
REFUSED = {
    "csv/csvkit/no_header_row.csv": "no_header",
    "csv/messytables/null.csv": "no_header",
    "csv/messytables/small.csv": "no_rows",
    "csv/messytables/utf8bom.csv": "no_rows",
    "csv/frictionless/empty.csv": "empty_file",
    "xlsx/calamine/any_sheets.xlsx": "no_header",
    "xlsx/calamine/column_row_ranges.xlsx": "no_header",
    "xlsx/calamine/date.xlsx": "no_header",
    "xlsx/calamine/date_1904.xlsx": "no_header",
    "xlsx/calamine/date_iso.xlsx": "no_header",
    "xlsx/calamine/errors.xlsx": "no_header",
    "xlsx/calamine/formula.issue.xlsx": "no_header",
    "xlsx/calamine/no-header.xlsx": "no_header",
    "xlsx/frictionless/issue-320.xlsx": "no_header",
    "xlsx/calamine/has_x000D_.xlsx": "no_rows",
    "xlsx/calamine/issue_419.xlsx": "no_rows",
    "xlsx/calamine/richtext-namespaced.xlsx": "no_rows",
    "xlsx/frictionless/merged-cells.xlsx": "no_rows",
    "xlsx/calamine/empty_sheet.xlsx": "empty_file",
    "xlsx/calamine/vba.xlsm": "empty_file",
    "xlsx/messytables/libreoffice.xlsx": "empty_file",
    "xlsx/calamine/issue252.xlsx": "damaged",
    "xlsx/calamine/pass_protected.xlsx": "password",
    "other/calamine/any_sheets.ods": "no_header",
    "other/calamine/any_sheets.xls": "no_header",
    "other/calamine/date.ods": "no_header",
    "other/calamine/date.xls": "no_header",
    "other/calamine/date.xlsb": "no_header",
    "other/calamine/date_1904.xls": "no_header",
    "other/calamine/too_small.xls": "no_rows",
    "other/messytables/encrypted_no_password.xls": "password",
    "other/messytables/unicode_sheet_name.xls": "no_rows",
}
# Where ours differs from what was measured, on purpose: what is expected instead, and why.
ARGUED_CSV: dict[str, tuple[dict[str, object], str]] = {
    "csv/frictionless/implicit-gz.csv": (
        {"encoding": "utf-8", "delimiter": ",", "header": 1, "rows": 2, "uneven": 0},
        "Packed data under a wrong name is unpacked: the table in it has two rows.",
    ),
    "csv/frictionless/implicit-zip.csv": (
        {"encoding": "utf-8", "delimiter": ",", "header": 1, "rows": 2, "uneven": 0},
        "Packed data under a wrong name is unpacked: the table in it has two rows.",
    ),
    "csv/messytables/complex.csv": (
        {"uneven": 0},
        'A space before the quote does not make it text: "6,000,000" is one cell, as whoever wrote it meant.',
    ),
}  # fmt: skip
# Of the files for which no measurement came along: rows of the table, by hand.
OTHERS = {
    "other/messytables/blank_line.ods": 3,
    "other/messytables/simple.zip": 6,
    "other/messytables/span_rich.xls": 5,
}


class Outcome(NamedTuple):
    table: Table | None
    refusal: str | None


@cache
def outcome(name: str) -> Outcome:
    try:
        return Outcome(read_table((HOSTILE / name).read_bytes()), None)
    except Unreadable as error:
        return Outcome(None, error.code)


def rows_of(name: str) -> list[dict[str, str]]:
    path = HOSTILE / name
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


MEASURED_CSV = {row["file"]: row for row in rows_of("expected_csv.csv")}
MEASURED_XLSX: dict[str, list[dict[str, str]]] = {}
for _row in rows_of("expected_xlsx.csv"):
    MEASURED_XLSX.setdefault(_row["file"], []).append(_row)
FILES = sorted(
    str(path.relative_to(HOSTILE)) for folder in ("csv", "xlsx", "other") for path in (HOSTILE / folder).rglob("*")
    if path.is_file() and "expected" not in path.parts
)  # fmt: skip


def measured_csv(name: str) -> dict[str, object]:
    row = MEASURED_CSV[name]
    encoding = row["encoding"].split(" ")[0].removesuffix("-sig")
    return {
        "encoding": {"ascii": "utf-8", "latin-1": "cp1252"}.get(encoding, encoding),
        "delimiter": DELIMITERS.get(row["delimiter"]),
        "header": int(row["header_record"]),
        "rows": int(row["data_records"]),
        "uneven": int(row["records_of_other_width"] or 0),
    }


def found_in(table: Table) -> dict[str, object]:
    encoding = codecs.lookup(table.encoding or "").name
    uneven = sum(any(one.column == WHOLE_ROW for one in row.problems) for row in table.rows)
    return {
        "encoding": {"iso8859-7": "iso-8859-7"}.get(encoding, encoding),
        "delimiter": table.delimiter, "header": table.header_row, "rows": len(table.rows), "uneven": uneven,
    }  # fmt: skip


def non_blank_rows(path: Path, sheet: str, *, until: int) -> int:
    """Rows with anything in them up to a row of the sheet, counted without our reader."""
    rows = calamine.CalamineWorkbook.from_path(path).get_sheet_by_name(sheet).iter_rows()
    return sum(
        any(cell not in ("", None) for cell in cells) for number, cells in enumerate(rows, start=1) if number <= until
    )


@pytest.mark.parametrize("name", [name for name in FILES if name not in REFUSED])
def test_a_readable_file_gives_what_was_measured(name: str) -> None:
    table, refusal = outcome(name)

    assert refusal is None
    assert table is not None
    if name in MEASURED_CSV:
        assert found_in(table) == {**measured_csv(name), **ARGUED_CSV.get(name, ({}, ""))[0]}
    elif name in MEASURED_XLSX:
        sheets = {row["sheet"]: row for row in MEASURED_XLSX[name]}
        assert table.sheet is not None
        chosen = sheets[table.sheet]
        assert chosen["state"] == "visible"
        above = non_blank_rows(HOSTILE / name, table.sheet, until=table.header_row)
        assert above + len(table.rows) + table.notes.get("repeated_headers", 0) == int(chosen["non_blank_rows"])
        states = {"veryHidden": "very_hidden"}
        told = {row["sheet"]: states.get(row["state"], row["state"]) for row in MEASURED_XLSX[name]}
        assert {sheet.name: sheet.state for sheet in table.sheets} == told
    else:
        assert len(table.rows) == OTHERS[name]


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_file_without_a_table_is_refused_in_words(name: str, app: Flask) -> None:
    assert outcome(name) == (None, REFUSED[name])
    with app.test_request_context():
        sentence = words.refusal({"code": REFUSED[name]})
    assert sentence.endswith(".")
    assert REFUSED[name] not in sentence


def test_every_hostile_file_is_right_or_refused() -> None:
    counts = Counter("refused" if outcome(name).refusal else "right" for name in FILES)

    assert len(FILES) == 130
    assert counts == {"right": 130 - len(REFUSED), "refused": len(REFUSED)}
    assert set(REFUSED) | set(ARGUED_CSV) | set(OTHERS) <= set(FILES)
