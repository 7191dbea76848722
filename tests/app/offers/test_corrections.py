"""Rejected lines go out with their reasons, are mended in a spreadsheet, and come back as corrections."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import drops
import pytest
import sqlalchemy as sa
import xlsxwriter
from flask import Flask
from flask.testing import FlaskClient
from made_files import workbook
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app import clock
from app.db import transaction
from app.offers import corrections, freshness
from app.offers.columns import fingerprint
from app.offers.models import Offer, OfferFile
from app.offers.reading import read_table
from app.offers.reading.returned import corrected_file
from app.suppliers.models import Supplier, SupplierLayout

HEAD = ("Nummer", "Beskrivelse", "Grade", "Lager", "Eksport Pris")
GOOD = [
    [f"X{number}", f"iPhone 12 64GB Black {number}", "gold", str(number), f"{100 + number},50"] for number in (1, 2, 3)
]
BAD = [
    ["00123", "iPhone 13; 128GB", "gold", "5", "ask Jan"],
    ["X5", "=HYPERLINK(\"http://x\")", "silver", "many", "1.234"],
    ["X6", "iPhone 12\u202f64GB", "gold", "-2", "120"],
    ["", "", "", "3", "77,10"],
]  # fmt: skip


def offers(session: Session) -> dict[str, tuple[int, str]]:
    """Item number -> pieces and price of the offers in force."""
    session.expire_all()
    rows = session.execute(sa.select(Offer).where(Offer.absent_since.is_(None))).scalars()
    return {offer.item_number: (offer.quantity, str(offer.price)) for offer in rows}


def download(browser: FlaskClient, file_id: int, kind: str) -> bytes:
    answer: TestResponse = browser.get(f"/offers/{file_id}/rejected?format={kind}")
    assert answer.status_code == 200
    assert "attachment" in answer.headers["Content-Disposition"]
    return answer.get_data()


def upload(browser: FlaskClient, supplier_id: int, content: bytes, name: str) -> OfferFile:
    """As the page sends it; the worker reads it."""
    answer = browser.post("/offers/upload", data={"supplier_id": str(supplier_id), "file": (io.BytesIO(content), name)})
    return drops.work(int(answer.headers["Location"].rsplit("/", 1)[1]))


def as_xlsx(rows: list[list[Any]]) -> bytes:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet("mended")
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return target.getvalue()


@pytest.fixture
def browser(sign_in: Callable[[str], FlaskClient]) -> FlaskClient:
    found = sign_in("purchasing")
    found.post("/account/switch", data={"locale": "en"})
    return found


@pytest.fixture
def supplier_id(app: Flask) -> int:
    return drops.supplier(code="foxway", import_mode="full")


def test_a_text_file_goes_round_and_changes_exactly_the_lines_that_were_mended(
    session: Session, browser: FlaskClient, supplier_id: int
) -> None:
    file = drops.drop(supplier_id, drops.as_csv(HEAD, *GOOD, *BAD), "stock_2026-03-02.csv")
    drops.accept(file.id)
    assert set(offers(session)) == {"X1", "X2", "X3"}

    content = download(browser, file.id, "csv")
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))
    assert rows[0] == [f"Row of file {file.id}", "Why it was not taken", *HEAD]
    assert [row[0] for row in rows[1:]] == ["5", "6", "7", "8"]
    assert rows[1][1:] == ["Price is not an amount: ask Jan", *BAD[0]]
    assert rows[2][3] == '\'=HYPERLINK("http://x")'
    assert rows[3][5] == "-2"  # A number is no formula.
    assert rows[4][1] == "Nothing names the item"

    rows[1][6], rows[2][5], rows[3][5], rows[4][2] = "199,95", "4", "2", "X7"
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows(rows)
    mended = upload(browser, supplier_id, text.getvalue().encode("utf-8-sig"), "mended.csv")

    assert (mended.state, mended.corrects_id, mended.mode, mended.list_date) == (
        "checked", file.id, "partial", file.list_date,
    )  # fmt: skip
    assert {name: mended.counts[name] for name in ("rows", "new", "rejected")} == {"rows": 4, "new": 4, "rejected": 0}
    assert mended.fingerprint == fingerprint(HEAD)
    drops.accept(mended.id)
    assert offers(session) == {
        "X1": (1, "101.50"), "X2": (2, "102.50"), "X3": (3, "103.50"),  # What it does not name stays.
        "00123": (5, "199.95"), "X5": (4, "1234.00"), "X6": (2, "120.00"), "X7": (3, "77.10"),
    }  # fmt: skip
    described = session.execute(sa.select(Offer.description).where(Offer.item_number == "X5")).scalar_one()
    assert described == '=HYPERLINK("http://x")'
    page, original = (browser.get(f"/offers/{id_}").get_data(as_text=True) for id_ in (mended.id, file.id))
    assert f"Corrects file {file.id}:" in page
    assert f'href="/offers/{mended.id}"' in original
    layouts = session.execute(sa.select(SupplierLayout.stem)).scalars().all()
    assert layouts == ["stock"]  # What the purchaser called the file is not what the supplier calls its own.


def test_a_workbook_goes_round_with_its_text_and_numbers(
    session: Session, browser: FlaskClient, supplier_id: int
) -> None:
    head = ("Item", "EAN", "Description", "Grade", "Qty", "Price EUR")
    rows: dict[int, Any] = {3: ("Stock list of the week",), 5: head}
    rows[6] = ("X1", 8712345678906, "iPhone 12 64GB Black", "gold", 3, 199.5)
    rows[7] = ("0042", 8712345678906, "+31 6 is no formula", "gold", 2.5, 150)
    error = '<c r="REF" t="e"><v>{}</v></c>'
    rows[9] = ("X3", error.format("#NAME?"), "iPhone 12 64GB", "gold", 1, error.format("#N/A"))
    file = drops.drop(supplier_id, workbook({"Info": {1: ("x",)}, "Stock": rows}), "list.xlsx")
    assert (file.state, file.problem, file.sheet) == ("checked", None, "Stock")
    assert file.counts["rejected"] == 2

    table = read_table(download(browser, file.id, "xlsx"))
    assert table.headers == [f"Row of file {file.id}", "Why it was not taken", *head]
    given = [row.cells for row in table.rows]
    assert given[0] == [7.0, "Quantity is not a whole number: 2.5", "0042", 8712345678906.0, "+31 6 is no formula",
                        "gold", 2.5, 150.0]  # fmt: skip
    assert [problem.value for row in table.rows for problem in row.problems] == ["#NAME?", "#N/A"]
    as_text = download(browser, file.id, "csv").decode("utf-8-sig").splitlines()
    assert as_text[1] == "7;Quantity is not a whole number: 2.5;0042;8712345678906;'+31 6 is no formula;gold;2.5;150"

    given[0][6], given[1] = 2, [9, "", "X3", "", "iPhone 12 64GB", "gold", 1, 90.5]
    mended = upload(browser, supplier_id, as_xlsx([table.headers, *given]), "anything at all.xlsx")
    assert (mended.state, mended.corrects_id, mended.counts["rejected"]) == ("checked", file.id, 0)
    drops.accept(mended.id)
    drops.accept(file.id)

    assert offers(session) == {"X1": (3, "199.50"), "0042": (2, "150.00"), "X3": (1, "90.50")}


def test_a_correction_accepted_first_is_not_ended_by_its_file(
    session: Session, browser: FlaskClient, supplier_id: int
) -> None:
    file = drops.drop(supplier_id, drops.as_csv(HEAD, *GOOD, BAD[3]))
    rows = list(csv.reader(io.StringIO(download(browser, file.id, "csv").decode("utf-8-sig")), delimiter=";"))
    rows[1][2:4] = ["X7", "iPhone 12 64GB Red"]
    mended = upload(browser, supplier_id, drops.as_csv(rows[0], *rows[1:]), "x.csv")
    drops.accept(mended.id)

    drops.accept(file.id)

    assert set(offers(session)) == {"X1", "X2", "X3", "X7"}


def test_what_is_known_by_its_grade_in_the_file_is_so_in_its_correction(
    session: Session, browser: FlaskClient, supplier_id: int
) -> None:
    rows = [["X1", "iPhone", "gold", "1", "100"], ["X1", "iPhone", "silver", "1", "n/a"]]
    file = drops.drop(supplier_id, drops.as_csv(HEAD, *rows))
    mended_rows = [[f"Row of file {file.id}", "Why", *HEAD], ["3", "", "X1", "iPhone", "silver", "1", "80"]]

    drops.accept(upload(browser, supplier_id, drops.as_csv(*mended_rows), "x.csv").id)
    drops.accept(file.id)

    found = session.execute(sa.select(Offer.identity, Offer.price).where(Offer.absent_since.is_(None))).all()
    assert sorted((identity, str(price)) for identity, price in found) == [
        ("item:X1:gold", "100.00"), ("item:X1:silver", "80.00"),
    ]  # fmt: skip


def test_lines_of_another_suppliers_file_are_refused_with_a_sentence(
    session: Session, browser: FlaskClient, supplier_id: int
) -> None:
    other = drops.supplier(code="other")
    file = drops.drop(other, drops.as_csv(HEAD, *GOOD, *BAD))

    mended = upload(browser, supplier_id, download(browser, file.id, "csv"), "x.csv")

    assert mended.state == "refused"
    page = browser.get(f"/offers/{mended.id}").get_data(as_text=True)
    assert f"This corrects file {file.id}, which is not a file of this supplier." in page


def test_a_correction_is_no_new_list_for_the_suppliers_clock(
    session: Session, browser: FlaskClient, supplier_id: int
) -> None:
    file = drops.drop(supplier_id, drops.as_csv(HEAD, *GOOD, *BAD))
    mended = upload(browser, supplier_id, download(browser, file.id, "csv"), "x.csv")
    with transaction() as writing:
        writing.execute(sa.update(OfferFile).where(OfferFile.id == mended.id).values(state="accepted"))
        writing.execute(sa.update(OfferFile).where(OfferFile.id == file.id).values(state="cancelled"))
        writing.execute(sa.update(Supplier).where(Supplier.id == supplier_id).values(list_every_days=1))

    late = freshness.late_lists(session, now=clock.now().replace(year=clock.now().year + 1))

    assert [(one.supplier_id, one.last_list_at) for one in late] == [(supplier_id, None)]


def test_every_language_of_the_pages_is_known_again(browser: FlaskClient, supplier_id: int) -> None:
    file = drops.drop(supplier_id, drops.as_csv(HEAD, *GOOD, *BAD))

    for locale, reason in (("en", "Price is not an amount"), ("nl", "Prijs is geen bedrag")):
        browser.post("/account/switch", data={"locale": locale})
        content = download(browser, file.id, "csv")
        assert corrected_file(read_table(content).headers) == file.id
        assert reason in content.decode()


def test_only_a_file_with_rejected_lines_has_the_button_and_the_download(
    browser: FlaskClient, supplier_id: int
) -> None:
    clean = drops.drop(supplier_id, drops.as_csv(HEAD, *GOOD))
    with_some = drops.drop(supplier_id, drops.as_csv(HEAD, *BAD))

    assert "/rejected" not in browser.get(f"/offers/{clean.id}").get_data(as_text=True)
    assert browser.get(f"/offers/{clean.id}/rejected").status_code == 404
    page = browser.get(f"/offers/{with_some.id}").get_data(as_text=True)
    assert "format=csv" in page
    assert "format=xlsx" not in page  # A text file's lines come as text.
    assert browser.get(f"/offers/{with_some.id}/rejected?format=xlsx").status_code == 404


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("=1+1", "'=1+1"), ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"), ("@SUM(A1)", "'@SUM(A1)"), ("-x", "'-x"),
        ("\t=1", "'\t=1"), ("＝1", "'＝1"), ("-5", "-5"), ("+31", "+31"), ("-1.234,50", "-1.234,50"), (1.5, "1,5"),
        (1.234, "1,2340"), (8712345678906.0, "8712345678906"), (None, ""), (3, "3"),
    ],
)  # fmt: skip
def test_no_cell_acts_as_a_formula_and_numbers_stay_numbers(cell: Any, text: str) -> None:
    assert corrections._guarded(corrections._as_text(cell, comma=True)) == text
