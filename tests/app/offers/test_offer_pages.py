"""The page of an offer file: what its columns mean, and what a person says about them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from whole_house import WholeHouse

from app.db import db
from app.flows.models import Message
from app.offers.columns import fingerprint, propose_columns
from app.offers.models import OfferFile
from app.suppliers.models import Supplier, SupplierLayout

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HEADERS = ["Nummer", "Beskrivelse", "EAN", "Lager", "Pris", "Promo pris", "Vejl. pris", "Kolumna"]
ROWS: list[list[Any]] = [
    [f"X{number}", "iPhone", f"1000{number}", number, 100 + number, 90 + number, 200.5, "x"] for number in range(9)
]


@pytest.fixture
def file(session: Session) -> OfferFile:
    """A file that waits for a person to name its columns."""
    supplier = Supplier(code="foxway", name="Foxway", kind="refurbisher", country="DK", currency="EUR")
    session.add(supplier)
    session.flush()
    proposal = propose_columns(HEADERS, ROWS, currency="EUR")
    file = OfferFile(
        supplier_id=supplier.id, filename="stock_2026-03-02.csv", sha256="0" * 64, size_bytes=1, mode="full",
        list_date=NOON.date(), state="columns", correlation_id="c" * 32, header_row=1, delimiter=";",
        fingerprint=fingerprint(HEADERS), columns=[column.as_json() for column in proposal.columns],
        problem={**proposal.questions[0], "questions": proposal.questions},
    )  # fmt: skip
    session.add(file)
    session.flush()
    return file


def test_what_is_asked_stands_first_and_what_is_known_is_folded(
    app: Flask, file: OfferFile, sign_in: Callable[[str], FlaskClient]
) -> None:
    browser = sign_in("purchasing")

    page = browser.get(f"/offers/{file.id}").get_data(as_text=True)
    open_part, folded = page.split("<details", 1)

    assert re.findall(r'name="column-(\d)"', open_part) == ["2", "4", "5", "7"]
    assert re.findall(r'name="column-(\d)"', folded) == ["0", "1", "3", "6"]
    assert "“Pris” of “Promo pris”" in page
    assert "“EAN” bevat geen GTIN’s" in page
    assert "10000 · 10001 · 10002" in open_part  # Three sample values.
    assert "de naam kan iets anders betekenen" in folded
    assert "95%" in folded


def test_what_a_person_says_is_remembered_and_the_file_read_again(
    app: Flask, session: Session, file: OfferFile, sign_in: Callable[[str], FlaskClient]
) -> None:
    browser = sign_in("purchasing")
    said = {"column-0": "item_number", "column-1": "description", "column-2": "", "column-3": "quantity",
            "column-4": "", "column-5": "price", "column-6": "nonsense"}  # fmt: skip

    assert browser.post(f"/offers/{file.id}/columns", data=said).status_code == 303

    session.expire_all()
    layout = session.execute(sa.select(SupplierLayout)).scalar_one()
    assert layout.columns == {
        "Nummer": "item_number", "Beskrivelse": "description", "EAN": "", "Lager": "quantity", "Pris": "",
        "Promo pris": "price", "Vejl. pris": "", "Kolumna": "",
    }  # fmt: skip
    assert (layout.fingerprint, layout.stem) == (fingerprint(HEADERS), "stock")
    assert (session.get_one(OfferFile, file.id).state, session.get_one(OfferFile, file.id).problem) == (
        "received",
        None,
    )
    assert session.execute(sa.select(Message.body["act"].astext)).scalar_one() == "read"


def test_a_reader_sees_the_columns_and_cannot_change_them(
    app: Flask, file: OfferFile, sign_in: Callable[[str], FlaskClient]
) -> None:
    browser = sign_in("manager")

    page = browser.get(f"/offers/{file.id}").get_data(as_text=True)

    assert "Promo pris" in page
    assert 'name="column-' not in page
    assert browser.post(f"/offers/{file.id}/columns", data={}).status_code == 403


@pytest.mark.parametrize(("was", "whole"), [("checked", False), ("reading", True), ("", True)])
def test_a_poll_brings_what_moves_and_the_rest_with_another_state(
    session: Session, sign_in: Callable[[str], FlaskClient], was: str, whole: bool
) -> None:
    file, browser = WholeHouse(session).file, sign_in("purchasing")
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        answer = browser.get(f"/offers/{file.id}/status?was={was}", headers={"HX-Request": "true"})
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)
    text = answer.get_data(as_text=True)

    assert (answer.status_code, 'id="file-live"' in text, 'id="file-body"' in text) == (200, True, whole)
    assert any("FROM supplier_word" in statement for statement in asked) is whole
    assert any("offer_line" in statement for statement in asked) is whole
