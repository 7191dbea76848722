"""Files of one supplier, one after another: what was said about columns and words holds for the next."""

from __future__ import annotations

from decimal import Decimal

import pytest
import sqlalchemy as sa
from drops import accept, as_csv, drop, say_columns, staged, supplier, work
from flask import Flask

from app import clock
from app.db import transaction
from app.offers import services, words
from app.offers.models import Offer, OfferFile
from app.suppliers.dictionary import decide

HEAD = ("Nummer", "Beskrivelse", "Condition", "Lager", "Pris")
LIST = as_csv(HEAD, ("X1", "Thing", "GOLD", 3, 100), ("X2", "Other", "SILVER", 2, 50))


@pytest.fixture
def foxway(committed: Flask) -> int:
    return supplier()


def offers(supplier_id: int) -> dict[str, tuple[int, Decimal]]:
    """Identity -> pieces and price, of offers that are not ended."""
    with transaction() as session:
        rows = session.execute(
            sa.select(Offer.identity, Offer.quantity, Offer.price).where(
                Offer.supplier_id == supplier_id, Offer.absent_since.is_(None)
            )
        )
        return {row.identity: (row.quantity, row.price) for row in rows}


def test_what_a_person_says_about_columns_is_not_asked_again(foxway: int) -> None:
    head = ("Nummer", "Beskrivelse", "Condition", "Lager", "Bedrag A", "Bedrag B")
    rows = [(f"X{number}", "Thing", "GOLD", 3, f"{number},50", f"{number},75") for number in range(9)]

    first = drop(foxway, as_csv(head, *rows), "stock 2026-01-05.csv")
    assert (first.state, first.problem and first.problem["code"]) == ("columns", "column_unsure")
    assert say_columns(first, **{"Bedrag B": "price", "Bedrag A": ""}).state == "checked"
    accept(first.id)
    second = drop(foxway, as_csv(head, *rows[:8]), "stock 2026-01-12.csv")

    assert second.state == "checked"
    assert staged(second.id)[0].price == Decimal("0.75")
    assert {column["evidence"] for column in second.columns or []} == {"remembered"}


def test_a_moved_and_an_added_column_do_not_interrupt(foxway: int) -> None:
    accept(drop(foxway, LIST).id)

    moved = drop(foxway, as_csv(("Pris", "EAN", *HEAD[:4]), (100, "4006381333931", "X1", "Thing", "GOLD", 3)))

    assert moved.state == "checked"
    assert [(line.price, line.gtin) for line in staged(moved.id)] == [(Decimal(100), "4006381333931")]
    assert [column["header"] for column in moved.columns or [] if column["new"]] == ["EAN"]
    looked_at, known = words.columns(moved)
    assert [row.header for row in looked_at] == ["EAN"]
    assert len(known) == 5


def test_a_column_that_is_gone_is_asked_for_and_no_offer_moves(foxway: int) -> None:
    accept(drop(foxway, LIST).id)

    gone = drop(foxway, as_csv((*HEAD[:4], "Vejl. pris"), ("X1", "Thing", "GOLD", 9, 900)))

    assert gone.state == "columns"
    assert {question["code"] for question in (gone.problem or {})["questions"]} == {"column_gone", "column_unsure"}
    assert offers(foxway) == {"item:X1": (3, Decimal(100)), "item:X2": (2, Decimal(50))}


def test_another_layout_under_the_same_name_is_asked_about_once(foxway: int) -> None:
    accept(drop(foxway, LIST, "stock_2026-01-05.csv").id)
    english = ("No", "Description", "Grade", "Qty", "Price")
    row = ("X1", "Thing", "GOLD", 4, 100)

    other = drop(foxway, as_csv(english, row), "stock_2026-01-12.csv")
    assert (other.problem or {})["questions"] == [{"code": "layout_other", "stem": "stock"}]
    assert say_columns(other).state == "checked"
    accept(other.id)

    assert drop(foxway, as_csv(english, (*row[:3], 5, 100)), "stock_2026-01-19.csv").state == "checked"
    assert drop(foxway, LIST, "stock_2026-01-26.csv").state == "checked"


def test_article_numbers_under_ean_are_asked_about(foxway: int) -> None:
    rows = [(f"1000000{number}", "Thing", "GOLD", 1, 10) for number in range(8)]

    file = drop(foxway, as_csv(("EAN", *HEAD[1:]), *rows))
    assert (file.state, (file.problem or {})["code"]) == ("columns", "gtin_is_article")

    assert say_columns(file).state == "checked"
    assert staged(file.id)[0].identity == "item:10000000"


def test_a_word_for_availability_is_asked_once_and_the_file_follows(foxway: int) -> None:
    rows = [("X1", "Thing", "GOLD", "In Stock", 100), ("X2", "Other", "GOLD", "4 available", 50),
            ("X3", "More", "GOLD", "on request", 50)]  # fmt: skip
    file = drop(foxway, as_csv(HEAD, *rows))
    assert file.counts["words"] == [{"kind": "availability", "word": "in stock", "shown": "In Stock", "lines": 1}]
    assert file.counts["problems"] == {"quantity_on_request": 1, "quantity_word": 1}

    with transaction() as session:
        decide(session, foxway, "availability", "in stock", "5", user_id=None, now=clock.now())
        services.follow_words(session, foxway, {"availability"}, now=clock.now())
    file = work(file.id)

    assert (file.state, file.counts["words"], file.counts["rejected"]) == ("checked", [], 0)
    assert [line.quantity for line in staged(file.id)] == [5, 4, 0]


def test_a_grade_that_is_decided_later_takes_its_problem_from_the_lines(foxway: int) -> None:
    file = drop(foxway, as_csv(HEAD, ("X1", "Thing", "08 Ref.", 1, 10), ("X2", "Thing", "Kaput", 1, 10)))
    assert file.counts["problems"] == {"grade_unknown": 2}

    with transaction() as session:
        decide(session, foxway, "grade", "08 ref.", "A", user_id=None, now=clock.now())
        decide(session, foxway, "grade", "kaput", "defect", user_id=None, now=clock.now())
        services.follow_words(session, foxway, {"grade"}, now=clock.now())
    file = work(file.id)

    assert (file.counts["problems"], file.counts["words"]) == ({"grade_defect": 1}, [])
    assert [line.grade for line in staged(file.id)] == ["A", "defect"]


def test_what_was_compared_before_a_word_was_decided_is_not_accepted(foxway: int) -> None:
    file = drop(foxway, as_csv(HEAD, ("X1", "Thing", "08 Ref.", 1, 10)))
    with transaction() as session:
        decide(session, foxway, "grade", "08 ref.", "A", user_id=None, now=clock.now())
        services.follow_words(session, foxway, {"grade"}, now=clock.now())

    with pytest.raises(services.OfferFileError, match="not_checked"), transaction() as session:
        services.ask_accept(session, file.id, user_id=None, now=clock.now())

    assert work(file.id).state == "checked"
    accept(file.id)


def test_a_comparison_whose_worker_died_is_made_by_the_next(foxway: int) -> None:
    file = drop(foxway, LIST)
    with transaction() as session:
        services.put(session, file.id, "check", now=clock.now())
        session.get_one(OfferFile, file.id).state, session.get_one(OfferFile, file.id).step = "reading", "match"

    assert work(file.id).state == "checked"


def test_attributes_are_kept_with_the_line(foxway: int) -> None:
    file = drop(
        foxway,
        as_csv((*HEAD, "Farve", "Lagerplads", "Model"), ("X1", "Thing", "GOLD", 1, 10, "sort", "128 GB", "12 mini")),
    )

    assert staged(file.id)[0].attributes == {"colour": "Black", "storage_gb": 128, "model": "12 mini"}


@pytest.mark.parametrize("mode", ["full", "partial"])
def test_an_item_number_that_comes_in_two_grades_never_counts_twice(committed: Flask, mode: str) -> None:
    supplier_id = supplier(import_mode=mode)
    rows = [("X1", "Thing", "GOLD", 3, 100), ("X1", "Thing", "SILVER", 2, 50)]

    accept(drop(supplier_id, as_csv(HEAD, rows[0])).id)
    assert offers(supplier_id) == {"item:X1": (3, Decimal(100))}
    accept(drop(supplier_id, as_csv(HEAD, *rows)).id)
    assert offers(supplier_id) == {"item:X1:gold": (3, Decimal(100)), "item:X1:silver": (2, Decimal(50))}
    accept(drop(supplier_id, as_csv(HEAD, (*rows[0][:3], 7, 100))).id)

    kept = {"item:X1:silver": (2, Decimal(50))} if mode == "partial" else {}
    assert offers(supplier_id) == {"item:X1:gold": (7, Decimal(100))} | kept


def test_contradicting_lines_leave_the_offer_in_force(foxway: int) -> None:
    accept(drop(foxway, LIST).id)

    file = drop(
        foxway,
        as_csv(HEAD, ("X1", "Thing", "GOLD", 3, 100), ("X1", "Thing", "GOLD", 9, 1), ("X2", "Other", "SILVER", 2, 50)),
    )

    assert (file.state, file.counts["rejected"], file.counts["absent"]) == ("unchanged", 2, 0)
    assert offers(foxway)["item:X1"] == (3, Decimal(100))


def test_text_that_databases_and_indexes_refuse_does_not_stop_a_file(foxway: int) -> None:
    rows = [("x" * 5000, "y" * 9000, "z" * 500, 1, 10), ("", "é\x01" + "é" * 9000, "GOLD", 1, 10)]

    file = drop(foxway, as_csv(HEAD, *rows))

    assert (file.state, len(staged(file.id))) == ("checked", 2)


def test_every_question_is_a_sentence(app: Flask) -> None:
    file = OfferFile(problem={"questions": [
        {"code": "columns_missing", "fields": ["price"]}, {"code": "column_unsure", "field": "price", "header": "A"},
        {"code": "column_gone", "field": "price", "header": "A"}, {"code": "gtin_is_article", "header": "A"},
        {"code": "columns_several", "field": "price", "headers": ["A", "B"]}, {"code": "layout_other", "stem": "a"},
    ]})  # fmt: skip

    with app.test_request_context():
        sentences = words.refusal(file.problem)

    assert sentences.count("“A”") == 4
    assert "_" not in sentences
