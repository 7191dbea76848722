"""A supplier's words: asked once, decided by people, and nothing of what they said is lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.auth.models import Audit, User
from app.auth.services import add_user
from app.db import db
from app.offers.models import OfferFile
from app.suppliers import queries
from app.suppliers.dictionary import KINDS, NoMeaning, decide, dictionary, meaning, note_words
from app.suppliers.models import Supplier, SupplierWord

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def foxway(session: Session) -> int:
    supplier = Supplier(code="foxway", name="Foxway", kind="refurbisher", country="DK", currency="EUR")
    session.add(supplier)
    session.flush()
    return supplier.id


@pytest.mark.parametrize(
    ("kind", "value", "stored"),
    [
        ("grade", "A+", "A+"), ("grade", "defect", "defect"), ("availability", " 05 ", "5"), ("availability", "0", "0"),
        ("colour", "Space Grey", "Space Grey"), ("colour", "none", "none"), ("storage", "128", "128"),
        ("vat", "margin", "margin"), ("currency", "DKK", "DKK"),
    ],
)  # fmt: skip
def test_what_each_kind_can_mean(session: Session, foxway: int, kind: str, value: str, stored: str) -> None:
    decide(session, foxway, kind, "word", value, user_id=None, now=NOON)

    assert dictionary(session, foxway) == {name: {} for name in KINDS} | {kind: {"word": stored}}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("grade", "D"), ("grade", ""), ("availability", "-1"), ("availability", "1.5"), ("availability", "many"),
        ("availability", "1000000"), ("colour", "bluish"), ("storage", "64GB"), ("storage", "99999"),
        ("vat", "none"), ("currency", "XYZ"), ("mood", "good"),
    ],
)  # fmt: skip
def test_what_no_word_can_mean_is_refused(kind: str, value: str) -> None:
    with pytest.raises(NoMeaning):
        meaning(kind, value)


def test_the_database_refuses_it_too(session: Session, foxway: int) -> None:
    for kind, value in (("grade", "D"), ("availability", "-1"), ("vat", "x"), ("currency", "euro"), ("mood", "good")):
        row = sa.insert(SupplierWord).values(supplier_id=foxway, kind=kind, word="w", shown="w", value=value)
        with pytest.raises(sa.exc.IntegrityError), session.begin_nested():
            session.execute(row)


def test_the_last_decision_holds_and_the_earlier_ones_stay_to_be_seen(session: Session, foxway: int) -> None:
    sanne = add_user(session, email="sanne@example.com", name="Sanne", role="purchasing", password="a long password")
    joost = add_user(session, email="joost@example.com", name="Joost", role="purchasing", password="a long password")
    note_words(session, foxway, {("grade", "08 ref."): "08 Ref."})

    decide(session, foxway, "grade", "08 ref.", "A", user_id=sanne, now=NOON)
    decide(session, foxway, "grade", "08 ref.", "A", user_id=joost, now=NOON)  # Says nothing new.
    decide(session, foxway, "grade", "08 ref.", "B", user_id=joost, now=NOON + timedelta(days=1))

    (word,) = queries.words(session, foxway)
    assert (word.shown, word.value) == ("08 Ref.", "B")
    assert word.decisions == [("A", "B", "Joost", NOON + timedelta(days=1)), (None, "A", "Sanne", NOON)]
    audited = session.execute(sa.select(Audit.before, Audit.after).where(Audit.act == "suppliers.word")).all()
    assert [(row.before["value"], row.after["value"]) for row in audited] == [(None, "A"), ("A", "B")]


def test_one_word_of_two_kinds_is_two_words_and_each_supplier_has_its_own(session: Session, foxway: int) -> None:
    other = Supplier(code="other", name="Other", kind="broker", country="NL", currency="EUR")
    session.add(other)
    session.flush()

    decide(session, foxway, "grade", "gold", "A", user_id=None, now=NOON)
    decide(session, foxway, "colour", "gold", "Gold", user_id=None, now=NOON)
    decide(session, other.id, "grade", "gold", "B", user_id=None, now=NOON)

    assert dictionary(session, foxway)["grade"] == {"gold": "A"}
    assert dictionary(session, foxway)["colour"] == {"gold": "Gold"}
    assert dictionary(session, other.id)["grade"] == {"gold": "B"}


def test_a_file_asks_again_for_nothing_that_is_known(session: Session, foxway: int) -> None:
    decide(session, foxway, "grade", "gold", "A", user_id=None, now=NOON)

    note_words(session, foxway, {("grade", "gold"): "GOLD", ("vat", "0%"): "0%"})
    note_words(session, foxway, {("vat", "0%"): "0 %"})

    assert [(word.kind, word.shown) for word in queries.words(session, foxway, undecided=True)] == [("vat", "0%")]
    assert queries.suppliers(session, kind=None, mode=None, prefix=None, after=None, limit=9)[0].undecided == 1


def test_a_word_longer_than_an_index_holds_is_cut(session: Session, foxway: int) -> None:
    note_words(session, foxway, {("grade", "x" * 9000): "X" * 9000})

    assert len(queries.words(session, foxway)[0].word) == 200


# Pages


def word_id(supplier_id: int, kind: str, word: str) -> int:
    return db.session().execute(
        sa.select(SupplierWord.id).where(
            SupplierWord.supplier_id == supplier_id, SupplierWord.kind == kind, SupplierWord.word == word
        )
    ).scalar_one()  # fmt: skip


def test_the_suppliers_page_shows_the_dictionary_with_its_history(
    app: Flask, session: Session, foxway: int, sign_in: Callable[[str], FlaskClient]
) -> None:
    decide(session, foxway, "grade", "gold", "A", user_id=None, now=NOON)
    decide(session, foxway, "availability", "in stock", "5", user_id=None, now=NOON)
    note_words(session, foxway, {("vat", "0%"): "0%"})
    browser = sign_in("purchasing")

    answer = browser.post(f"/suppliers/{foxway}/words/{word_id(foxway, 'grade', 'gold')}", data={"value": "B"})
    assert answer.status_code == 303
    page = browser.get(f"/suppliers/{foxway}").get_data(as_text=True)

    assert 'value="B" selected' in page
    assert "A → B" in page
    assert "Purchasing" in page
    assert "– → 5 " in page
    assert "0%" in page
    user = session.execute(sa.select(User.id).where(User.email == "purchasing@example.com")).scalar_one()
    assert session.execute(sa.select(SupplierWord.decided_by).where(SupplierWord.word == "gold")).scalar_one() == user


@pytest.mark.parametrize(("value", "status"), [("Z", 400), ("", 400)])
def test_a_meaning_that_is_none_is_refused_by_the_page(
    app: Flask, foxway: int, session: Session, sign_in: Callable[[str], FlaskClient], value: str, status: int
) -> None:
    note_words(session, foxway, {("grade", "gold"): "Gold"})
    browser = sign_in("purchasing")
    url = f"/suppliers/{foxway}/words/{word_id(foxway, 'grade', 'gold')}"

    assert browser.post(url, data={"value": value}).status_code == status
    assert browser.post(f"/suppliers/{foxway}/words/0", data={"value": "A"}).status_code == 404


def test_a_word_of_another_supplier_is_not_found(
    app: Flask, foxway: int, session: Session, sign_in: Callable[[str], FlaskClient]
) -> None:
    other = Supplier(code="other", name="Other", kind="broker", country="NL", currency="EUR")
    session.add(other)
    session.flush()
    note_words(session, other.id, {("grade", "gold"): "Gold"})
    browser = sign_in("purchasing")

    url = f"/suppliers/{foxway}/words/{word_id(other.id, 'grade', 'gold')}"
    assert browser.post(url, data={"value": "A"}).status_code == 404


def test_new_words_of_every_kind_are_asked_in_one_panel_with_their_lines(
    app: Flask, session: Session, foxway: int, sign_in: Callable[[str], FlaskClient]
) -> None:
    asked = {"grade": ("08 Ref.", "A"), "availability": ("In Stock", "7"), "colour": ("Blaugrau", "Blue"),
             "storage": ("64/128", "64"), "vat": ("0%", "margin"), "currency": ("HKD", "USD")}  # fmt: skip
    note_words(session, foxway, {(kind, word.casefold()): word for kind, (word, _value) in asked.items()})
    file = OfferFile(
        supplier_id=foxway, filename="list.csv", sha256="0" * 64, size_bytes=1, mode="full", list_date=NOON.date(),
        state="accepted", correlation_id="c" * 32, columns=[],
        counts={
            **dict.fromkeys(("rows", "new", "changed", "unchanged", "absent", "rejected", "matched"), 0),
            "pieces_after": 0, "pieces_before": 0, "value_after_eur": "0", "value_before_eur": "0", "problems": {},
            "problems_with_stock": {}, "listings": {},
            "words": [{"kind": "vat", "word": "0%", "shown": "0%", "lines": 4321}],
        },
    )  # fmt: skip
    session.add(file)
    session.flush()
    browser = sign_in("purchasing")

    page = browser.get(f"/offers/{file.id}").get_data(as_text=True)
    assert all(word in page for word, _value in asked.values())
    assert "4,321" in page or "4.321" in page
    said = {f"word-{word_id(foxway, kind, word.casefold())}": value for kind, (word, value) in asked.items()}
    wrong = f"word-{word_id(foxway, 'grade', '08 ref.')}"
    browser.post(f"/offers/{file.id}/words", data={**said, wrong: "Z", "word-x": "A", "word-0": "A"})

    known = dictionary(session, foxway)
    assert known == {name: {} for name in KINDS} | {
        kind: {word.casefold(): value} for kind, (word, value) in asked.items() if kind != "grade"
    }
