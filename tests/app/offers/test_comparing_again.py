"""A file that is accepted is compared again when what it was compared with has moved, and only then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
import sqlalchemy as sa
from drops import accept, as_csv, drop, supplier, work
from flask import Flask
from sqlalchemy.orm import Session

from app import clock
from app.catalog.models import Product, SupplierItem, Variant
from app.db import transaction
from app.offers import changes, services
from app.offers.models import Offer
from app.pricing.models import ExchangeRate
from app.suppliers.dictionary import decide
from app.suppliers.models import Supplier

HEAD = ("Nummer", "Beskrivelse", "Condition", "Lager", "Pris")
LIST = as_csv(HEAD, *((f"X{number}", f"Thing {number}", "GOLD", 3, 100) for number in range(20)))
MORE = as_csv(HEAD, *((f"X{number}", f"Thing {number}", "GOLD", 4, 100) for number in range(21)))
Move = Callable[[Session, int], object]


@pytest.fixture
def foxway(committed: Flask) -> int:
    return supplier()


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The files that were compared, one entry for each time."""
    seen: list[int] = []
    original = changes.match_and_diff

    def counting(session: Session, file_id: int) -> changes.Compared:
        seen.append(file_id)
        return original(session, file_id)

    monkeypatch.setattr(changes, "match_and_diff", counting)
    return seen


def in_force(supplier_id: int) -> dict[str, int]:
    """Item number to pieces."""
    with transaction() as session:
        rows = session.execute(
            sa.select(Offer.item_number, Offer.quantity).where(
                Offer.supplier_id == supplier_id, Offer.absent_since.is_(None)
            )
        )
        return {row.item_number: row.quantity for row in rows}


def new_variant(session: Session, _supplier_id: int) -> None:
    product = Product(brand="Apple", line="iPhone", model="iPhone 12", name="iPhone 12", category="phone")
    session.add(product)
    session.flush()
    session.add(
        Variant(product_id=product.id, sku="SKU-1", name="iPhone 12", grade="A", colour="Black", storage_gb=64,
                match_key="apple|iphone 12|64|black")
    )  # fmt: skip


def learned_item(session: Session, supplier_id: int) -> None:
    session.add(
        SupplierItem(supplier_id=supplier_id, item_number="X1", grade="A", method="person", variant_id=None,
                     seen="thing 1", learned_at=clock.now())
    )  # fmt: skip


MOVES: dict[str, Move] = {
    "a variant comes": new_variant,
    "an item is learned": learned_item,
    "a rate comes": lambda session, _: session.add(ExchangeRate(currency="XXX", day=date(2026, 1, 5), per_eur=2)),
    "a word is decided": lambda session, id_: decide(
        session, id_, "grade", "titan", "B", user_id=None, now=clock.now()
    ),
    "an offer moves": lambda session, id_: session.execute(
        sa.update(Offer).where(Offer.supplier_id == id_, Offer.item_number == "X1").values(quantity=9)
    ),
    "an offer goes": lambda session, id_: session.execute(
        sa.text("DELETE FROM offer WHERE supplier_id = :id AND item_number = 'X1'"), {"id": id_}
    ),
}  # fmt: skip


def test_what_has_not_moved_is_compared_once(foxway: int, compared: list[int]) -> None:
    file = accept(drop(foxway, LIST).id)

    assert (file.state, compared) == ("accepted", [file.id])
    assert file.counts["new"] == 20
    assert in_force(foxway) == {f"X{number}": 3 for number in range(20)}


@pytest.mark.parametrize("move", MOVES.values(), ids=MOVES)
def test_what_has_moved_is_compared_again(foxway: int, compared: list[int], move: Move) -> None:
    accept(drop(foxway, LIST).id)
    file_id = drop(foxway, MORE).id
    before = len(compared)

    with transaction() as session:
        move(session, foxway)
    file = accept(file_id)

    assert (file.state, compared[before:]) == ("accepted", [file_id])
    assert in_force(foxway) == {f"X{number}": 4 for number in range(21)}


def test_what_another_supplier_does_moves_nothing(foxway: int, compared: list[int]) -> None:
    other = supplier(code="other", name="Other")
    file_id = drop(foxway, LIST).id
    accept(drop(other, LIST).id)
    before = len(compared)

    assert accept(file_id).state == "accepted"
    assert compared[before:] == []


def test_another_file_of_the_supplier_is_what_the_next_one_is_compared_with(foxway: int, compared: list[int]) -> None:
    first, second = drop(foxway, LIST), drop(foxway, MORE)
    assert (first.counts["new"], second.counts["new"]) == (20, 21)

    accept(first.id)
    file = accept(second.id)

    assert (file.state, file.counts["new"], file.counts["changed"]) == ("accepted", 1, 20)
    assert compared.count(second.id) == 2


def test_limits_that_were_agreed_since_hold_a_file_that_is_not_compared_again(foxway: int, compared: list[int]) -> None:
    accept(drop(foxway, LIST).id)
    file_id = drop(
        foxway, as_csv(HEAD, *((f"X{number}", f"Thing {number}", "GOLD", 3, 100) for number in range(18)))
    ).id
    before = len(compared)

    with transaction() as session:
        services.ask_accept(session, file_id, user_id=None, now=clock.now())
    with transaction() as session:
        session.execute(sa.update(Supplier).where(Supplier.id == foxway).values(limits={"rows_gone": 5}))
    file = work(file_id)

    assert (file.state, [hold["code"] for hold in file.counts["holds"]]) == ("checked", ["rows_gone"])
    assert compared[before:] == []
    assert len(in_force(foxway)) == 20
