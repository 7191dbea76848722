"""What is matched by itself, how sure, because of what; and what is asked instead."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from few_phones import Shelf
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.offers import changes, matching

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
BLACK_128 = "iPhone 12 mini/128S/Black"


@pytest.fixture
def shelf(session: Session) -> Shelf:
    return Shelf(session)


def test_a_full_description_is_matched_and_says_what_agreed(shelf: Shelf) -> None:
    variant = shelf.phone(128, "Black")
    shelf.phone(256, "Black")

    line = shelf.checked(description=BLACK_128)

    assert (line.variant_id, line.match_method, line.confidence) == (variant.id, "attributes", Decimal("0.990"))
    assert line.evidence == {
        "methods": ["attributes"], "agreed": ["maker", "model", "storage", "colour"],
    }  # fmt: skip


def test_two_methods_that_agree_are_surer_than_either(shelf: Shelf) -> None:
    variant = shelf.phone(128, "Black", gtin="0194252029015")

    line = shelf.checked(description=BLACK_128, gtin="0194252029015")

    assert line.variant_id == variant.id
    assert line.confidence == Decimal("0.999")
    assert line.evidence
    assert sorted(line.evidence["methods"]) == ["attributes", "gtin"]


def test_a_gtin_against_the_description_is_never_matched(shelf: Shelf) -> None:
    small = shelf.phone(128, "Black", gtin="0194252029015")
    shelf.phone(256, "Black")

    line = shelf.checked(description="iPhone 12 mini/256S/Black", gtin="0194252029015")

    assert line.variant_id is None
    assert line.evidence
    assert line.evidence["reason"] == "contradiction"
    assert shelf.question().reason == "contradiction"
    lonely = shelf.checked(description="iPhone 12 mini 512GB Black", gtin="0194252029015")
    assert lonely.variant_id is None
    assert lonely.evidence == {
        "methods": ["gtin"], "agreed": ["maker", "line", "model", "storage_kind", "colour"],
        "contradicted": {"storage": ["128", "512"]}, "suggested": small.id, "reason": "contradiction",
    }  # fmt: skip


@pytest.mark.parametrize("description", ["iPhone 12 mini 128GB Black DEFEKT", "Hardcase iPhone 12 mini 128GB Black",
                                         "iPhone 12 mini 128GB Black SIM-locked"])  # fmt: skip
def test_a_known_gtin_on_what_is_no_whole_free_device_is_asked(shelf: Shelf, description: str) -> None:
    shelf.phone(128, "Black", gtin="0194252029015")

    line = shelf.checked(description=description, gtin="0194252029015")

    assert line.variant_id is None
    assert line.evidence
    assert line.evidence["reason"] == "contradiction"


def test_a_gtin_of_another_grade_names_the_configuration(shelf: Shelf) -> None:
    shelf.phone(128, "Black", grade="A", gtin="0194252029015")
    other = shelf.phone(128, "Black", grade="B")

    line = shelf.checked(description="Telefoon", gtin="0194252029015", grade="B")

    assert (line.variant_id, line.match_method, line.confidence) == (other.id, "gtin", Decimal("0.970"))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("MGJ53", "MGJ53LL/A"), ("MGJ53", "MGJ53"), ("MGJ53", "mgj53zd/a"), ("20T1S0M900", "20t1s0m900")],
)
def test_a_makers_number_is_the_same_in_every_country(shelf: Shelf, ours: str, theirs: str) -> None:
    variant = shelf.phone(128, "Black", mpn=ours)

    line = shelf.checked(description="Smartphone", mpn=theirs)

    assert (line.variant_id, line.match_method) == (variant.id, "mpn")


@pytest.mark.parametrize("number", ["SM-G991B", "SM-G991B/DS", "SM-G991BZADEUH"])
def test_a_number_of_a_whole_model_needs_size_and_colour(shelf: Shelf, number: str) -> None:
    grey = shelf.galaxy("SM-G991B", 128, "Grey")
    shelf.galaxy("SM-G991B", 256, "Grey")

    told = shelf.checked(description=f"Samsung {number} 128GB Phantom Gray")
    open_ = shelf.checked(description=f"Samsung {number}", item_number="Y")

    assert (told.variant_id, told.match_method) == (grey.id, "mpn")
    assert open_.variant_id is None
    assert open_.evidence
    assert open_.evidence["reason"] == "several"


def test_an_item_number_is_learned_and_not_trusted_with_another_description(shelf: Shelf) -> None:
    variant = shelf.phone(128, "Black")
    first = shelf.checked(description=BLACK_128, item_number="100")
    matching.learn(shelf.session, first.offer_file_id)
    shelf.forget_keys()

    same = shelf.checked(description=BLACK_128, item_number="100", match_key=None)
    reused = shelf.checked(description="Something else", item_number="100")

    assert (same.variant_id, same.match_method) == (variant.id, "item")
    assert reused.variant_id is None
    assert reused.evidence
    assert reused.evidence["reason"] == "unsure"


def test_what_a_person_said_wins_while_the_description_stays(shelf: Shelf) -> None:
    variant = shelf.phone(256, "Black")
    shelf.phone(128, "Black")
    shelf.learned(variant, item_number="100", seen=BLACK_128)

    held = shelf.checked(description=BLACK_128, item_number="100")
    changed = shelf.checked(description="iPhone 12 mini/64S/Black", item_number="100")

    assert (held.variant_id, held.match_method, held.confidence) == (variant.id, "person", Decimal(1))
    assert changed.variant_id is None


def test_none_of_ours_is_not_asked_again(shelf: Shelf) -> None:
    shelf.learned(None, item_number="100", seen="USB-C dock")

    line = shelf.checked(description="USB-C dock", item_number="100")

    assert (line.variant_id, line.match_method) == (None, "person")
    assert line.evidence
    assert line.evidence["reason"] == "none"
    assert shelf.questions() == []


@pytest.mark.parametrize(
    ("description", "grade", "reason"),
    [
        (BLACK_128, "C", "grade"),
        ("iPhone 12 mini/64S/Black", "A", "new"),
        ("iPhone 12 mini 128GB Unknown", "A", "open"),
        ("USB-C cable", "A", "unread"),
    ],
)
def test_what_is_not_matched_says_why(shelf: Shelf, description: str, grade: str, reason: str) -> None:
    shelf.phone(128, "Black", grade="A")

    line = shelf.checked(description=description, grade=grade)

    assert line.variant_id is None
    assert line.evidence == {"reason": reason}
    assert shelf.question().reason == reason


def test_lines_of_one_item_are_one_question_and_go_when_they_match(shelf: Shelf) -> None:
    file_id = shelf.file(
        {"description": BLACK_128, "grade": "A", "quantity": 2}, {"description": BLACK_128, "grade": "B", "quantity": 5}
    )
    changes.match_and_diff(shelf.session, file_id)
    question = shelf.question()
    assert (question.grades, question.lines, question.pieces, question.value_eur) == (
        ["A", "B"], 2, 7, Decimal("700.00"),
    )  # fmt: skip

    shelf.phone(128, "Black", grade="A")
    shelf.phone(128, "Black", grade="B")
    changes.match_and_diff(shelf.session, file_id)

    assert shelf.questions() == []


def test_two_variants_of_one_key_are_asked(shelf: Shelf) -> None:
    shelf.phone(128, "Black")
    shelf.phone(128, "Black")

    line = shelf.checked(description=BLACK_128)

    assert line.variant_id is None
    assert line.evidence
    assert line.evidence["reason"] == "several"


def test_matching_again_writes_nothing(shelf: Shelf) -> None:
    shelf.phone(128, "Black")
    line = shelf.checked(description=BLACK_128)
    where = text("SELECT ctid::text FROM offer_line WHERE offer_file_id = :id")
    before = shelf.session.execute(where, {"id": line.offer_file_id}).scalar_one()

    changes.match_and_diff(shelf.session, line.offer_file_id)

    assert shelf.session.execute(where, {"id": line.offer_file_id}).scalar_one() == before
