"""A supplier's words for condition: decided once by a person, by role, and offers in force follow."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from small_assortment import NOON, Assortment
from sqlalchemy.orm import Session

from app.auth.models import Audit
from app.flows.models import Message
from app.offers import services as offers
from app.stock.models import Stock
from app.suppliers import services
from app.suppliers.models import Supplier, SupplierGrade


@pytest.fixture
def supplier(session: Session) -> Supplier:
    """One with a word that nobody has decided."""
    made = Supplier(code="foxway", name="Foxway", kind="refurbisher", country="DK", currency="EUR")
    session.add(made)
    session.flush()
    services.note_words(session, made.id, {"08 ref.": "08 Ref."})
    return made


def test_a_word_of_a_file_is_asked_once_and_a_decided_one_stays_decided(session: Session, supplier: Supplier) -> None:
    services.decide_grade(session, supplier.id, "08 ref.", "A", user_id=None, now=NOON)

    services.note_words(session, supplier.id, {"08 ref.": "08 REF.", "demo": "Demo"})

    assert services.grade_dictionary(session, supplier.id) == {"08 ref.": "A"}
    assert [word.shown for word in services.undecided_words(session, supplier.id)] == ["Demo"]


def test_what_a_person_says_is_kept_with_name_and_time_and_offers_are_asked_to_follow(
    sign_in: Callable[[str], FlaskClient], session: Session, supplier: Supplier
) -> None:
    browser = sign_in("purchasing")

    answer = browser.post(f"/suppliers/{supplier.id}/grades", data={"word": "08 ref.", "grade": "A"})

    word = session.execute(sa.select(SupplierGrade)).scalar_one()
    assert (answer.status_code, word.grade, word.decided_at is not None) == (303, "A", True)
    said = session.execute(sa.select(Audit).where(Audit.act == "suppliers.grade")).scalar_one()
    assert (said.user_id, said.before, said.after) == (
        word.decided_by, {"word": "08 ref.", "grade": None}, {"word": "08 ref.", "grade": "A"},
    )  # fmt: skip
    asked = session.execute(sa.select(Message.flow, Message.body)).one()
    assert tuple(asked) == (offers.FLOW, {"act": "regrade", "supplier_id": supplier.id})


def test_offers_in_force_take_the_grade_that_their_word_means_now(session: Session) -> None:
    house = Assortment(session)
    supplier = house.supplier()
    fine, worn = house.variant("SKU-1", "A"), house.variant("SKU-2", "B")
    offer = house.offer(supplier, fine, quantity=4)
    offer.match_key, worn.match_key = fine.match_key, fine.match_key
    house.refresh(fine, worn)
    services.note_words(session, supplier.id, {"a": "A"})

    services.decide_grade(session, supplier.id, "a", "B", user_id=None, now=NOON)
    offers.regrade(session, supplier.id, now=NOON)

    rows = session.execute(sa.select(Stock.variant_id, Stock.available).order_by(Stock.variant_id))
    assert [tuple(row) for row in rows] == [(fine.id, 0), (worn.id, 4)]
    assert (house.listing(fine).stock, house.listing(worn).stock) == (0, 4)


@pytest.mark.parametrize("data", [{"word": "08 ref."}, {"word": "08 ref.", "grade": "S"}, {"grade": "A"}, {}])
def test_a_meaning_that_we_do_not_have_changes_nothing(
    sign_in: Callable[[str], FlaskClient], session: Session, supplier: Supplier, data: dict[str, str]
) -> None:
    answer = sign_in("purchasing").post(f"/suppliers/{supplier.id}/grades", data=data)

    assert answer.status_code == 400
    assert session.execute(sa.select(SupplierGrade.grade)).scalar_one() is None
    assert session.execute(sa.select(sa.func.count(Message.id))).scalar_one() == 0


@pytest.mark.parametrize("role", ["agent", "manager"])
def test_who_may_not_decide_sees_the_words_and_no_choice(
    sign_in: Callable[[str], FlaskClient], session: Session, supplier: Supplier, role: str
) -> None:
    browser = sign_in(role)

    page = browser.get(f"/suppliers/{supplier.id}").get_data(as_text=True)
    answer = browser.post(f"/suppliers/{supplier.id}/grades", data={"word": "08 ref.", "grade": "A"})

    assert "08 Ref." in page
    assert "<select" not in page
    assert answer.status_code == 403
    assert session.execute(sa.select(SupplierGrade.grade)).scalar_one() is None


def test_who_decides_is_given_the_choice_with_what_is_known(
    sign_in: Callable[[str], FlaskClient], session: Session, supplier: Supplier
) -> None:
    services.decide_grade(session, supplier.id, "08 ref.", "A+", user_id=None, now=NOON)

    page = sign_in("purchasing").get(f"/suppliers/{supplier.id}").get_data(as_text=True)

    assert '<option value="A+" selected>A+</option>' in page


def test_a_word_of_a_supplier_that_is_not_there_is_not_found(sign_in: Callable[[str], FlaskClient]) -> None:
    assert sign_in("purchasing").post("/suppliers/999/grades", data={"word": "a", "grade": "A"}).status_code == 404
