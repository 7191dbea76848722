"""Daily snapshots: once a day in Amsterdam, all of one moment, with cost and age."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_assortment import NOON, Assortment
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.stock import services, snapshots
from app.stock.models import ListingSnapshot, Location, Snapshot, StockSnapshot, SumSnapshot


@pytest.fixture
def assortment(session: Session) -> Assortment:
    return Assortment(session)


def book(session: Session, variant_id: int, quantity: int, *, days_ago: int = 0) -> None:
    """A movement at the warehouse that happened so many days before NOON."""
    warehouse = session.execute(select(Location.id).where(Location.kind == "warehouse")).scalar_one()
    services.move(session, variant_id=variant_id, location_id=warehouse, kind="receipt", quantity=quantity,
                  reason="received", reference="", user_id=None)  # fmt: skip
    session.execute(
        text("UPDATE movement SET at = :at WHERE id = (SELECT max(id) FROM movement)"),
        {"at": NOON - timedelta(days=days_ago)},
    )


def bands(session: Session, variant_id: int) -> tuple[int, ...]:
    row = session.execute(
        select(*(getattr(StockSnapshot, name) for name in snapshots.BANDS)).where(
            StockSnapshot.variant_id == variant_id
        )
    ).one()
    return tuple(row)


def test_a_day_has_pieces_cost_sums_and_prices_and_is_written_once(assortment: Assortment) -> None:
    session, variant = assortment.session, assortment.variant()
    assortment.offer(assortment.supplier(), variant, quantity=4, price="200.00")
    book(session, variant.id, 3)
    assortment.refresh(variant)

    taken = snapshots.take(session, now=NOON)
    again = snapshots.take(session, now=NOON + timedelta(hours=5))

    assert taken == (date(2026, 3, 2), True, 2, 2)
    assert again == (date(2026, 3, 2), False, 0, 0)
    kept = session.execute(
        select(Location.kind, StockSnapshot.quantity, StockSnapshot.cost)
        .join(Location, Location.id == StockSnapshot.location_id)
        .order_by(Location.kind)
    ).all()
    assert [tuple(row) for row in kept] == [("supplier", 4, Decimal(200)), ("warehouse", 3, Decimal(205))]
    sums = session.execute(select(SumSnapshot.on_hand, SumSnapshot.offered, SumSnapshot.available)).one()
    assert tuple(sums) == (3, 4, 7)
    listings = session.execute(select(ListingSnapshot.shown, ListingSnapshot.price_gross)).all()
    assert [tuple(row) for row in listings] == [(7, assortment.listing(variant).price_gross)] * 2


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 3, 2, 22, 59, tzinfo=UTC), date(2026, 3, 2)),
        (datetime(2026, 3, 2, 23, 0, tzinfo=UTC), date(2026, 3, 3)),
        (datetime(2026, 7, 2, 22, 0, tzinfo=UTC), date(2026, 7, 3)),
    ],
)
def test_a_day_begins_at_midnight_in_amsterdam(session: Session, moment: datetime, day: date) -> None:
    assert snapshots.take(session, now=moment).day == day
    assert session.execute(select(Snapshot.day)).scalar_one() == day


def test_history_stays_when_stock_and_prices_move_on(assortment: Assortment) -> None:
    session, variant = assortment.session, assortment.variant()
    offer = assortment.offer(assortment.supplier(), variant, quantity=4, price="200.00")
    assortment.refresh(variant)
    snapshots.take(session, now=NOON)
    before = assortment.listing(variant).price_gross
    offer.quantity, offer.price_eur = 1, Decimal(300)
    later = NOON + timedelta(days=1)
    assortment.refresh(variant, now=later)

    snapshots.take(session, now=later)

    days = snapshots.of_variant(session, variant.id, days=10)
    assert [(day.available, day.price_gross) for day in days] == [(1, assortment.listing(variant).price_gross),
                                                                  (4, before)]  # fmt: skip
    assert [(value.pieces, value.value) for value in snapshots.values(session, days=10)] == [
        (1, Decimal(300)), (4, Decimal(800)),
    ]  # fmt: skip


def test_the_pieces_that_came_first_are_taken_to_have_left_first(assortment: Assortment) -> None:
    session, variant = assortment.session, assortment.variant()
    book(session, variant.id, 5, days_ago=100)
    book(session, variant.id, 4, days_ago=61)
    book(session, variant.id, -6, days_ago=30)
    book(session, variant.id, 2, days_ago=14)

    snapshots.take(session, now=NOON)

    assert bands(session, variant.id) == (2, 0, 0, 3, 0)
    (value,) = snapshots.values(session, days=1)
    assert (value.pieces, value.value, value.unvalued) == (5, Decimal(0), 5)  # Nobody ever offered it.
    assert [(old.sku, old.older, old.value) for old in snapshots.oldest(session, limit=5)] == [("SKU-1", 3, None)]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=st.lists(st.tuples(st.integers(-5, 6).filter(bool), st.integers(0, 40)), min_size=1, max_size=9))
def test_ages_are_those_of_a_queue(session: Session, moves: list[tuple[int, int]]) -> None:
    with session.begin_nested() as example:
        variant = Assortment(session).variant()
        queue: list[int] = []
        ages = sorted((age for _, age in moves), reverse=True)
        for (quantity, _), age in zip(moves, ages, strict=True):
            if quantity < 0 and len(queue) < -quantity:
                continue
            book(session, variant.id, quantity, days_ago=3 * age)
            queue = queue[-quantity:] if quantity < 0 else queue + [3 * age] * quantity

        taken = snapshots.take(session, now=NOON)

        assert taken.balances == bool(queue)
        if queue:
            assert bands(session, variant.id) == _counted(queue)
        example.rollback()
    session.expire_all()


def _counted(days: list[int]) -> tuple[Any, ...]:
    edges = ((0, 14), (15, 30), (31, 60), (61, 90), (91, 999))
    return tuple(sum(low <= day <= high for day in days) for low, high in edges)
