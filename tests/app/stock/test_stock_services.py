"""Acts on stock: every change is a movement, and balances, sums and reservations agree with them."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shelf import NOON, Shelf
from sqlalchemy import select, text
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session

from app.stock import queries, services
from app.stock.models import Movement, Reservation, Stock


@pytest.fixture
def shelf(session: Session) -> Shelf:
    return Shelf(session)


def set_offered(shelf: Shelf, now: datetime = NOON) -> int:
    return services.set_offered(shelf.session, shelf.supplier.id, reference="offer-file:1", user_id=None, now=now)


def book(shelf: Shelf, variant_id: int, quantity: int, kind: str = "count", location_id: int | None = None) -> None:
    services.move(
        shelf.session, variant_id=variant_id, location_id=location_id or shelf.warehouse.id, kind=kind,
        quantity=quantity, reason="counted", reference="user:1", user_id=None,
    )  # fmt: skip


def reserve(shelf: Shelf, variant_id: int, quantity: int, reference: str = "10001/1") -> bool:
    return services.reserve(
        shelf.session, variant_id=variant_id, channel_id=shelf.channel.id, reference=reference, quantity=quantity
    )


def release(shelf: Shelf, reference: str = "10001/1") -> int:
    return services.release(shelf.session, channel_id=shelf.channel.id, reference=reference, now=NOON)


def ship(shelf: Shelf, reference: str = "10001/1") -> int:
    return services.ship(
        shelf.session, channel_id=shelf.channel.id, reference=reference, location_id=shelf.warehouse.id, user_id=None,
        now=NOON,
    )  # fmt: skip


def sums(session: Session, variant_id: int) -> tuple[int, int, int, int]:
    """On hand, offered, reserved, available."""
    stock = queries.of_variant(session, variant_id)
    return (stock.on_hand, stock.offered, stock.reserved, stock.available) if stock else (0, 0, 0, 0)


def moved(session: Session) -> list[tuple[str, int, str]]:
    rows = session.execute(select(Movement.kind, Movement.quantity, Movement.reference).order_by(Movement.id))
    return [(row[0], row[1], row[2]) for row in rows]


def test_offers_of_a_variant_become_one_movement_and_its_offered_stock(shelf: Shelf) -> None:
    variant = shelf.variant()
    shelf.offer(variant, 3, "X1")
    shelf.offer(variant, 4, "X2")

    assert set_offered(shelf) == 1

    assert moved(shelf.session) == [("offered", 7, "offer-file:1")]
    assert sums(shelf.session, variant) == (0, 7, 0, 7)
    assert queries.ledger_differences(shelf.session) == 0


def test_only_the_difference_to_the_last_list_is_moved(shelf: Shelf) -> None:
    more, less, same = shelf.variant("S1"), shelf.variant("S2"), shelf.variant("S3")
    offers = [shelf.offer(variant, 5, f"X{variant}") for variant in (more, less, same)]
    set_offered(shelf)
    offers[0].quantity, offers[1].quantity = 8, 0
    shelf.session.flush()

    assert set_offered(shelf) == 2
    assert set_offered(shelf) == 0

    assert [quantity for _, quantity, _ in moved(shelf.session)[3:]] == [3, -5]
    assert [sums(shelf.session, variant)[1] for variant in (more, less, same)] == [8, 0, 5]
    assert queries.ledger_differences(shelf.session) == 0


@pytest.mark.parametrize("reason", ["unmatched", "undecided word", "defect", "inactive supplier", "inactive variant"])
def test_what_may_not_be_sold_is_not_offered(shelf: Shelf, reason: str) -> None:
    variant = shelf.variant()
    offer = shelf.offer(None if reason == "unmatched" else variant, 3)
    if reason in ("undecided word", "defect"):
        offer.grade = "defect" if reason == "defect" else None
    shelf.supplier.active = reason != "inactive supplier"
    shelf.session.flush()
    if reason == "inactive variant":
        shelf.session.execute(text("UPDATE variant SET active = false"))

    assert set_offered(shelf) == 0
    assert sums(shelf.session, variant) == (0, 0, 0, 0)


def test_an_absent_offer_counts_while_the_grace_of_its_supplier_lasts(shelf: Shelf) -> None:
    variant = shelf.variant()
    shelf.offer(variant, 3).absent_since = NOON
    shelf.supplier.import_mode, shelf.supplier.grace_days = "full_with_grace", 2
    shelf.session.flush()

    set_offered(shelf, NOON + timedelta(days=2, seconds=-1))
    assert sums(shelf.session, variant) == (0, 3, 0, 3)
    set_offered(shelf, NOON + timedelta(days=2))
    assert sums(shelf.session, variant) == (0, 0, 0, 0)


def test_an_absent_offer_of_a_supplier_without_grace_does_not_count(shelf: Shelf) -> None:
    variant = shelf.variant()
    shelf.offer(variant, 3).absent_since = NOON
    shelf.session.flush()

    assert set_offered(shelf) == 0


def test_a_supplier_without_a_place_is_an_error_and_not_silence(shelf: Shelf) -> None:
    with pytest.raises(NoResultFound):
        services.set_offered(shelf.session, 987654, reference="", user_id=None, now=NOON)


def test_pieces_cannot_leave_a_place_that_does_not_hold_them(shelf: Shelf) -> None:
    variant = shelf.variant()
    book(shelf, variant, 2)

    with pytest.raises(services.NotEnough, match="2 there, 3 asked"):
        book(shelf, variant, -3)

    assert sums(shelf.session, variant) == (2, 0, 0, 2)
    assert moved(shelf.session) == [("count", 2, "user:1")]


@pytest.mark.parametrize(("kind", "quantity"), [("gift", 1), ("count", 0)])
def test_a_movement_of_no_kind_or_of_nothing_is_refused(shelf: Shelf, kind: str, quantity: int) -> None:
    with pytest.raises(ValueError, match=f"{kind} {quantity}"):
        book(shelf, shelf.variant(), quantity, kind)


def test_the_last_piece_is_promised_once_and_the_same_line_twice_is_one_promise(shelf: Shelf) -> None:
    variant = shelf.variant()
    book(shelf, variant, 1)

    assert reserve(shelf, variant, 1, "10001/1")
    assert reserve(shelf, variant, 1, "10001/1")
    assert not reserve(shelf, variant, 1, "10002/1")

    assert sums(shelf.session, variant) == (1, 0, 1, 0)
    assert shelf.session.execute(select(Reservation.reference)).scalars().all() == ["10001/1"]


def test_the_buffer_is_not_promised(shelf: Shelf) -> None:
    variant = shelf.variant()
    book(shelf, variant, 3)
    shelf.session.execute(text("UPDATE stock SET buffer = 2"))

    assert not reserve(shelf, variant, 2)
    assert reserve(shelf, variant, 1)


def test_a_variant_that_nothing_ever_held_cannot_be_promised(shelf: Shelf) -> None:
    assert not reserve(shelf, shelf.variant(), 1)
    assert shelf.session.execute(select(Reservation)).all() == []


def test_a_promise_of_nothing_is_refused(shelf: Shelf) -> None:
    with pytest.raises(ValueError, match="quantity 0"):
        reserve(shelf, shelf.variant(), 0)


def test_a_released_line_gives_its_pieces_back_once_and_is_promised_again_while_they_last(shelf: Shelf) -> None:
    variant = shelf.variant()
    book(shelf, variant, 2)
    reserve(shelf, variant, 2)

    assert release(shelf) == 1
    assert release(shelf) == 0
    assert sums(shelf.session, variant) == (2, 0, 0, 2)

    assert reserve(shelf, variant, 2)  # The order was opened again.
    assert release(shelf) == 1
    assert reserve(shelf, variant, 1, "10002/1")
    assert not reserve(shelf, variant, 2)
    assert sums(shelf.session, variant) == (2, 0, 1, 1)


def test_a_promise_follows_the_quantity_of_its_line(shelf: Shelf) -> None:
    variant = shelf.variant()
    book(shelf, variant, 3)

    assert [reserve(shelf, variant, pieces) for pieces in (1, 3, 4, 2)] == [True, True, False, True]

    assert sums(shelf.session, variant) == (3, 0, 2, 1)
    assert queries.ledger_differences(shelf.session) == 0


def test_a_shipped_line_takes_its_pieces_from_the_place_once(shelf: Shelf) -> None:
    variant = shelf.variant()
    book(shelf, variant, 3)
    reserve(shelf, variant, 2)

    assert ship(shelf) == 1
    assert ship(shelf) == 0
    assert release(shelf) == 0

    assert sums(shelf.session, variant) == (1, 0, 0, 1)
    assert moved(shelf.session)[1:] == [("shipment", -2, "10001/1")]
    assert reserve(shelf, variant, 2)  # Shipped: the promise was kept.


def test_a_line_whose_pieces_are_elsewhere_is_not_shipped(shelf: Shelf) -> None:
    variant = shelf.variant()
    shelf.offer(variant, 2)
    set_offered(shelf)
    reserve(shelf, variant, 2)

    with pytest.raises(services.NotEnough):
        ship(shelf)

    assert sums(shelf.session, variant) == (0, 2, 2, 0)
    assert queries.ledger_differences(shelf.session) == 0


def test_promised_pieces_that_a_supplier_withdraws_are_a_shortage_and_available_stays_at_zero(shelf: Shelf) -> None:
    variant = shelf.variant()
    offer = shelf.offer(variant, 3)
    set_offered(shelf)
    reserve(shelf, variant, 3)
    offer.quantity = 1
    shelf.session.flush()

    set_offered(shelf)

    stock = queries.of_variant(shelf.session, variant)
    assert stock is not None
    assert (stock.available, stock.shortage) == (0, 2)


ACTS = st.one_of(
    st.tuples(st.just("offer"), st.integers(0, 1), st.integers(0, 6)),
    st.tuples(st.just("book"), st.integers(0, 1), st.integers(-4, 6).filter(bool)),
    st.tuples(st.just("reserve"), st.integers(0, 1), st.integers(1, 4), st.integers(0, 4)),
    st.tuples(st.just("release"), st.integers(0, 4)),
    st.tuples(st.just("ship"), st.integers(0, 4)),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(ACTS, min_size=3, max_size=14))
def test_whatever_happens_the_ledger_agrees_and_nothing_is_negative(shelf: Shelf, acts: list[tuple[Any, ...]]) -> None:
    session = shelf.session
    with session.begin_nested() as example:
        variants = [shelf.variant("S1"), shelf.variant("S2")]
        offers = [shelf.offer(variant, 0, f"X{variant}") for variant in variants]
        for act, *what in acts:
            before = [sums(session, variant) for variant in variants]
            try:
                if act == "offer":
                    offers[what[0]].quantity = what[1]
                    session.flush()
                    set_offered(shelf)
                elif act == "book":
                    book(shelf, variants[what[0]], what[1])
                elif act == "reserve":
                    reserve(shelf, variants[what[0]], what[1], f"order/{what[2]}")
                else:
                    (release if act == "release" else ship)(shelf, f"order/{what[0]}")
            except services.NotEnough:
                assert [sums(session, variant) for variant in variants] == before
        assert queries.ledger_differences(session) == 0
        for variant in variants:
            assert min(sums(session, variant)) >= 0
        example.rollback()
    session.expire_all()


def test_a_difference_between_ledger_and_sums_is_counted(shelf: Shelf) -> None:
    variant = shelf.variant()
    book(shelf, variant, 3)
    assert queries.ledger_differences(shelf.session) == 0

    shelf.session.execute(text("UPDATE stock SET on_hand = 4, reserved = 1"))

    assert queries.ledger_differences(shelf.session) == 2
    assert shelf.session.execute(select(Stock.variant_id)).scalar_one() == variant


def test_the_age_of_stock_counts_from_when_pieces_were_there_without_a_break(shelf: Shelf) -> None:
    variant = shelf.variant()
    offer = shelf.offer(variant, 5)

    def since() -> datetime | None:
        stock = queries.of_variant(shelf.session, variant)
        assert stock is not None
        return stock.present_since

    set_offered(shelf)
    assert since() == NOON
    for later, quantity in ((1, 2), (2, 0)):  # Fewer, and then none: nothing came in.
        offer.quantity = quantity
        shelf.session.flush()
        set_offered(shelf, NOON + timedelta(days=later))
    assert since() == NOON
    offer.quantity = 4
    shelf.session.flush()
    set_offered(shelf, NOON + timedelta(days=3))
    book(shelf, variant, 1)
    assert since() == NOON + timedelta(days=3)


def test_an_offer_for_more_than_a_million_is_not_for_sale(shelf: Shelf) -> None:
    variant = shelf.variant()
    shelf.offer(variant, 5).price_eur = Decimal("1000000.01")
    shelf.session.flush()

    set_offered(shelf)

    assert sums(shelf.session, variant) == (0, 0, 0, 0)
