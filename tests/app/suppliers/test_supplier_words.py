"""Who may say what a supplier's word means, and that offers in force follow it."""

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
from app.suppliers import dictionary
from app.suppliers.models import SupplierWord


@pytest.fixture
def word(session: Session) -> SupplierWord:
    """A supplier's word that nobody has decided."""
    supplier = Assortment(session).supplier()
    dictionary.note_words(session, supplier.id, {("grade", "08 ref."): "08 Ref."})
    session.commit()
    return session.execute(sa.select(SupplierWord)).scalar_one()


@pytest.mark.parametrize("role", ["agent", "manager"])
def test_who_may_not_decide_sees_the_words_and_no_choice(
    sign_in: Callable[[str], FlaskClient], session: Session, word: SupplierWord, role: str
) -> None:
    browser = sign_in(role)

    page = browser.get(f"/suppliers/{word.supplier_id}").get_data(as_text=True)
    answer = browser.post(f"/suppliers/{word.supplier_id}/words/{word.id}", data={"value": "A"})

    assert "08 Ref." in page
    assert "<select" not in page
    assert answer.status_code == 403
    assert session.execute(sa.select(SupplierWord.value)).scalar_one() is None


def test_what_a_person_says_is_written_down_and_offers_are_asked_to_follow(
    sign_in: Callable[[str], FlaskClient], session: Session, word: SupplierWord
) -> None:
    browser = sign_in("purchasing")

    answer = browser.post(f"/suppliers/{word.supplier_id}/words/{word.id}", data={"value": "A"})

    assert answer.status_code == 303
    said = session.execute(sa.select(Audit.actor, Audit.after).where(Audit.act == "suppliers.word")).one()
    assert tuple(said) == ("Purchasing", {"kind": "grade", "word": "08 ref.", "value": "A"})
    asked = session.execute(sa.select(Message.flow, Message.body)).one()
    assert tuple(asked) == (offers.FLOW, {"act": "regrade", "supplier_id": word.supplier_id})


def test_offers_in_force_take_the_grade_that_their_word_means_now(session: Session) -> None:
    house = Assortment(session)
    supplier = house.supplier()
    fine, worn = house.variant("SKU-1", "A"), house.variant("SKU-2", "B")
    offer = house.offer(supplier, fine, quantity=4)
    offer.match_key, worn.match_key = fine.match_key, fine.match_key
    house.refresh(fine, worn)

    dictionary.decide(session, supplier.id, "grade", "a", "B", user_id=None, now=NOON)
    offers.regrade(session, supplier.id, now=NOON)

    rows = session.execute(sa.select(Stock.variant_id, Stock.available).order_by(Stock.variant_id))
    assert [tuple(row) for row in rows] == [(fine.id, 0), (worn.id, 4)]
    assert (house.listing(fine).stock, house.listing(worn).stock) == (0, 4)
