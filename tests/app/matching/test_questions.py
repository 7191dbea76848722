"""Questions answered, taken back, and what is missing made in bulk: services and pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from few_phones import Shelf
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.auth.models import Audit
from app.catalog.models import CatalogueBatch, Product, SupplierItem, Variant
from app.flows.models import Message
from app.matching import queries, services
from app.matching.services import NotAConfiguration, QuestionClosed
from app.offers import changes
from app.offers import services as offers
from app.offers.models import Offer, OfferFile
from app.stock.models import Location
from app.stock.services import move

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
BLACK_128 = "iPhone 12 mini/128S/Black"
NO_COLOUR = "iPhone 12 mini 128GB Unknown"


@pytest.fixture
def shelf(session: Session) -> Shelf:
    return Shelf(session)


def accepted(shelf: Shelf, **line: object) -> Offer:
    """A line checked and accepted: an offer in force."""
    checked = shelf.checked(**line)
    shelf.session.execute(sa.update(OfferFile).where(OfferFile.id == checked.offer_file_id).values(state="accepting"))
    shelf.session.expire_all()
    offers.accept(shelf.session, checked.offer_file_id, now=NOON)
    return offer(shelf)


def offer(shelf: Shelf) -> Offer:
    return shelf.session.execute(sa.select(Offer), execution_options={"populate_existing": True}).scalar_one()


def followed(shelf: Shelf) -> Offer:
    """What the worker does with the request."""
    offers.regrade(shelf.session, shelf.supplier.id, now=NOON)
    return offer(shelf)


def test_an_answer_is_learned_and_offers_in_force_follow(shelf: Shelf) -> None:
    variant = shelf.phone(128, "Black")
    assert accepted(shelf, description=NO_COLOUR).variant_id is None

    services.answer(shelf.session, shelf.question().id, variant.id, user_id=None, now=NOON)

    assert (followed(shelf).variant_id, offer(shelf).match_method) == (variant.id, "person")
    item = shelf.session.execute(sa.select(SupplierItem)).scalar_one()
    assert (item.item_number, item.method, item.seen, item.learned_at) == ("X", "person", NO_COLOUR.lower(), NOON)
    assert shelf.question().state == "answered"
    acts = shelf.session.execute(sa.select(Audit.act)).scalars().all()
    assert "matching.answer" in acts


def test_an_answer_taken_back_frees_the_offer_and_asks_again(shelf: Shelf) -> None:
    variant = shelf.phone(128, "Black")
    accepted(shelf, description=NO_COLOUR)
    services.answer(shelf.session, shelf.question().id, variant.id, user_id=None, now=NOON)
    followed(shelf)

    services.reopen(shelf.session, shelf.question().id, now=NOON)

    assert followed(shelf).variant_id is None
    assert shelf.question().state == "open"
    assert shelf.session.execute(sa.select(SupplierItem)).first() is None


def test_what_was_learned_is_taken_back_from_the_variant(shelf: Shelf) -> None:
    variant = shelf.phone(128, "Black")
    accepted(shelf, description=NO_COLOUR)
    services.answer(shelf.session, shelf.question().id, variant.id, user_id=None, now=NOON)
    followed(shelf)
    (learned,) = queries.learned(shelf.session, variant_id=variant.id)

    services.forget_item(shelf.session, learned.id, now=NOON)

    assert followed(shelf).variant_id is None
    assert shelf.question().state == "open"


def test_an_answer_adds_the_grades_that_we_lack(shelf: Shelf) -> None:
    variant = shelf.phone(128, "Black", grade="A")
    shelf.checked(description=NO_COLOUR, grade="C")

    services.answer(shelf.session, shelf.question().id, variant.id, user_id=None, now=NOON)

    made = shelf.session.execute(sa.select(Variant).where(Variant.grade == "C")).scalar_one()
    assert (made.product_id, made.match_key, made.sku) == (variant.product_id, variant.match_key, "IPH12M-128-BLK-C")
    services.reopen(shelf.session, shelf.question().id, now=NOON)
    assert shelf.session.execute(sa.select(Variant).where(Variant.grade == "C")).first() is None


def test_none_of_ours_stays_answered(shelf: Shelf) -> None:
    accepted(shelf, description="iPhone 12 mini dummy? 128GB")
    services.answer_none(shelf.session, shelf.question().id, user_id=None, now=NOON)

    assert followed(shelf).variant_id is None
    assert shelf.question().state == "answered"


def test_the_second_answer_is_refused(shelf: Shelf) -> None:
    variant = shelf.phone(128, "Black")
    shelf.checked(description=NO_COLOUR)
    services.answer(shelf.session, shelf.question().id, variant.id, user_id=None, now=NOON)

    with pytest.raises(QuestionClosed):
        services.answer_none(shelf.session, shelf.question().id, user_id=None, now=NOON)


def test_many_answers_ask_the_worker_once(shelf: Shelf) -> None:
    variant = shelf.phone(128, "Black")
    file_id = shelf.file(*({"description": NO_COLOUR, "item_number": str(number)} for number in range(5)))
    changes.match_and_diff(shelf.session, file_id)

    for question in shelf.questions():
        services.answer(shelf.session, question.id, variant.id, user_id=None, now=NOON)

    acts = shelf.session.execute(sa.select(Message.body["act"].astext)).scalars().all()
    assert sorted(acts) == ["check", "regrade"]


def test_a_device_that_a_person_completed_is_made(shelf: Shelf) -> None:
    shelf.checked(description=NO_COLOUR)
    facts = services.tidy_facts("phone", {"maker": "Apple", "line": "iPhone", "model": "iPhone 12 mini",
                                          "storage": "128", "storage_kind": "ssd", "colour": "Blue"})  # fmt: skip

    services.answer_new(shelf.session, shelf.question().id, facts, user_id=None, now=NOON)

    made = shelf.session.execute(sa.select(Variant)).scalar_one()
    assert (made.sku, made.name, made.colour) == ("IPH12M-128-BLU-A", "iPhone 12 mini 128 GB Blue", "Blue")
    with pytest.raises(NotAConfiguration):
        services.tidy_facts("phone", {"storage": "a lot"})


def test_what_is_missing_is_made_once_for_equal_lines_and_matched(shelf: Shelf) -> None:
    known = shelf.phone(64, "Black")
    file_id = shelf.file(
        {"description": BLACK_128, "item_number": "1", "grade": "A"},
        {"description": "Apple iPhone 12 mini 128 GB zwart", "item_number": "2", "grade": "B"},
        {"description": "iPhone 12 mini/64S/Black", "item_number": "3", "grade": "B"},
        {"description": "T480s i5-8350U/16GB/256M2/FHD/C/W11P", "item_number": "4", "grade": "A"},
        {"description": NO_COLOUR, "item_number": "5"},
    )
    changes.match_and_diff(shelf.session, file_id)
    kinds = ("phone", "notebook")
    plan = services.planned(shelf.session, supplier_id=None, kinds=kinds)
    assert sorted((product.name, product.product_id is None, len(product.variants)) for product in plan) == [
        ("Apple iPhone 12 mini", False, 3), ("Lenovo ThinkPad T480s i5-8350U", True, 1),
    ]  # fmt: skip

    made = services.make_all(shelf.session, supplier_id=None, kinds=kinds, user_id=None, now=NOON)
    counts = changes.match_and_diff(shelf.session, file_id).counts

    assert made is not None
    assert made[1] == 4
    assert counts["matched"] == 4
    assert counts["asked"] == 1
    skus = set(shelf.session.execute(sa.select(Variant.sku).where(Variant.id != known.id)).scalars())
    assert skus == {"IPH12M-128-BLK-A", "IPH12M-128-BLK-B", "IPH12M-64-BLK-B", "TPT480S-I58350U-16-256-A"}


def test_a_batch_is_taken_back_except_what_is_used(shelf: Shelf) -> None:
    file_id = shelf.file(
        {"description": BLACK_128, "item_number": "1"},
        {"description": "T480s i5-8350U/16GB/256M2/FHD/C/W11P", "item_number": "2"},
    )
    changes.match_and_diff(shelf.session, file_id)
    made = services.make_all(shelf.session, supplier_id=None, kinds=("phone", "notebook"), user_id=None, now=NOON)
    assert made is not None
    phone = shelf.session.execute(sa.select(Variant).where(Variant.sku.like("IPH%"))).scalar_one()
    receive(shelf, phone)

    undone = services.undo_batch(shelf.session, made[0], now=NOON)

    assert undone == (1, 1)
    assert shelf.session.execute(sa.select(Variant.id)).scalars().all() == [phone.id]
    assert [product.id for product in shelf.session.execute(sa.select(Product)).scalars()] == [phone.product_id]
    assert shelf.session.execute(sa.select(CatalogueBatch.undone_at)).scalar_one() == NOON
    assert {question.state for question in shelf.questions()} == {"open"}


def receive(shelf: Shelf, variant: Variant) -> None:
    where = Location(code="warehouse", name="Warehouse", kind="warehouse")
    shelf.session.add(where)
    shelf.session.flush()
    move(shelf.session, variant_id=variant.id, location_id=where.id, kind="receipt", quantity=1, reason="bought",
         reference="", user_id=None)  # fmt: skip


def test_a_purchaser_answers_by_buttons_and_undoes(shelf: Shelf, sign_in: Callable[[str], FlaskClient]) -> None:
    variant = shelf.phone(128, "Black")
    shelf.checked(description=NO_COLOUR)
    shelf.session.commit()
    browser = sign_in("purchasing")
    question_id = shelf.question().id
    page = browser.get("/offers/matches/").get_data(as_text=True)
    assert NO_COLOUR in page
    assert f'value="{variant.id}" data-key="1"' in page

    answered = browser.post(f"/offers/matches/{question_id}", data={"act": variant.id}, headers={"HX-Request": "true"})

    assert answered.status_code == 200
    assert 'data-key="u"' in answered.get_data(as_text=True)
    assert "<html" not in answered.get_data(as_text=True)
    assert NO_COLOUR not in browser.get("/offers/matches/").get_data(as_text=True)
    assert "/offers/matches/learned/" in browser.get(f"/catalogue/variants/{variant.id}").get_data(as_text=True)
    browser.post(f"/offers/matches/{question_id}", data={"act": "undo"}, headers={"HX-Request": "true"})
    assert NO_COLOUR in browser.get("/offers/matches/").get_data(as_text=True)


def test_an_incomplete_device_is_not_made(shelf: Shelf, sign_in: Callable[[str], FlaskClient]) -> None:
    shelf.checked(description=NO_COLOUR)
    shelf.session.commit()
    browser = sign_in("purchasing")

    facts = {"act": "new", "kind": "phone", "maker": "Apple", "model": "iPhone 12 mini"}
    answer = browser.post(f"/offers/matches/{shelf.question().id}", data=facts, headers={"HX-Request": "true"})

    assert answer.status_code == 422
    assert 'role="alert"' in answer.get_data(as_text=True)
    assert shelf.question().state == "open"


def test_the_catalogue_is_searched_from_a_question(shelf: Shelf, sign_in: Callable[[str], FlaskClient]) -> None:
    variant = shelf.phone(128, "Black")
    shelf.checked(description="iPad Pro 12.9 256GB Wi-Fi Silver")
    shelf.session.commit()
    browser = sign_in("purchasing")

    found = browser.get(f"/offers/matches/{shelf.question().id}/find?q=12+mini", headers={"HX-Request": "true"})

    assert f'value="{variant.id}"' in found.get_data(as_text=True)


def test_devices_are_made_and_unmade_by_page(shelf: Shelf, sign_in: Callable[[str], FlaskClient]) -> None:
    shelf.checked(description=BLACK_128)
    shelf.session.commit()
    browser = sign_in("purchasing")
    assert "IPH12M-128-BLK-A" in browser.get("/offers/matches/new").get_data(as_text=True)

    browser.post("/offers/matches/new")

    batch = shelf.session.execute(sa.select(CatalogueBatch)).scalar_one()
    assert (batch.products, batch.variants) == (1, 1)
    browser.post(f"/offers/matches/batches/{batch.id}/undo")
    assert shelf.session.execute(sa.select(sa.func.count(Variant.id))).scalar_one() == 0
