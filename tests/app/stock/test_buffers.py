"""Buffers: which rule counts, and that what may be sold follows."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shelf import NOON, Shelf
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.auth.models import Audit
from app.stock import queries, services
from app.stock.buffers import Scope, buffer_rules, set_buffer


@pytest.fixture
def shelf(session: Session) -> Shelf:
    return Shelf(session)


def book(shelf: Shelf, variant_id: int, pieces: int) -> None:
    services.move(shelf.session, variant_id=variant_id, location_id=shelf.warehouse.id, kind="receipt",
                  quantity=pieces, reason="received", reference="", user_id=None)  # fmt: skip


def available(shelf: Shelf, variant_id: int) -> int:
    stock = queries.of_variant(shelf.session, variant_id)
    assert stock is not None
    return stock.available


def test_the_most_specific_rule_counts_and_the_next_one_when_it_goes(shelf: Shelf) -> None:
    variant = shelf.variant()
    book(shelf, variant, 10)
    scopes = [Scope(), Scope(grade="A"), Scope(category="phone"), Scope(category="phone", grade="A"), Scope(variant)]

    for pieces, scope in enumerate(scopes, start=1):
        assert set_buffer(shelf.session, scope, pieces=pieces) == [variant]
        assert available(shelf, variant) == 10 - pieces
    assert set_buffer(shelf.session, Scope(grade="A"), pieces=9) == []  # A narrower rule speaks.
    for pieces, scope in reversed([(9, s) if s == Scope(grade="A") else (n, s) for n, s in enumerate(scopes, start=1)]):
        assert available(shelf, variant) == 10 - pieces
        set_buffer(shelf.session, scope, pieces=None)
    assert available(shelf, variant) == 10


def test_a_rule_of_others_moves_nothing(shelf: Shelf) -> None:
    variant = shelf.variant()
    book(shelf, variant, 10)

    for scope in (Scope(grade="B"), Scope(category="tablet"), Scope(shelf.variant("SKU-2"))):
        assert set_buffer(shelf.session, scope, pieces=3) == []

    assert available(shelf, variant) == 10


def test_stock_that_comes_later_is_buffered_from_its_first_piece(shelf: Shelf) -> None:
    set_buffer(shelf.session, Scope(category="phone"), pieces=2)
    booked, offered = shelf.variant("S1"), shelf.variant("S2")

    book(shelf, booked, 3)
    shelf.offer(offered, 5)
    services.set_offered(shelf.session, shelf.supplier.id, reference="", user_id=None, now=NOON)

    assert (available(shelf, booked), available(shelf, offered)) == (1, 3)


def test_a_buffer_above_what_is_promised_already_promises_nothing_more_and_breaks_nothing(shelf: Shelf) -> None:
    variant = shelf.variant()
    book(shelf, variant, 3)
    assert services.reserve(shelf.session, variant_id=variant, channel_id=shelf.channel.id, reference="1", quantity=2)

    set_buffer(shelf.session, Scope(variant), pieces=5)

    assert available(shelf, variant) == 0
    assert not services.reserve(
        shelf.session, variant_id=variant, channel_id=shelf.channel.id, reference="2", quantity=1
    )
    assert queries.ledger_differences(shelf.session) == 0


def test_the_same_buffer_again_is_no_change_and_is_not_written_down(shelf: Shelf) -> None:
    variant = shelf.variant()
    book(shelf, variant, 3)
    set_buffer(shelf.session, Scope(variant), pieces=1)

    assert set_buffer(shelf.session, Scope(variant), pieces=1) == []

    shelf.session.flush()
    acts = shelf.session.execute(select(Audit.after).where(Audit.act == "stock.buffer")).scalars().all()
    assert acts == [{"pieces": 1}]
    assert [(row.sku, row.pieces) for row in buffer_rules(shelf.session, limit=10)] == [("SKU-1", 1)]


def test_fewer_than_no_pieces_are_refused(shelf: Shelf) -> None:
    with pytest.raises(ValueError, match="buffer -1"):
        set_buffer(shelf.session, Scope(), pieces=-1)


SCOPES = st.sampled_from([
    Scope(), Scope(grade="A"), Scope(grade="B"), Scope(category="phone"), Scope(category="tablet"),
    Scope(category="phone", grade="A"), Scope(category="phone", grade="B"),
])  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rules=st.lists(st.tuples(SCOPES, st.integers(0, 4) | st.none()), max_size=8))
def test_any_order_of_changes_leaves_what_the_rules_say(shelf: Shelf, rules: list[tuple[Scope, int | None]]) -> None:
    with shelf.session.begin_nested() as example:
        variants = {grade: shelf.variant(f"S{grade}", grade) for grade in ("A", "B", "C")}
        for variant in variants.values():
            book(shelf, variant, 9)
        said: dict[Scope, int] = {}
        for scope, pieces in rules:
            set_buffer(shelf.session, scope, pieces=pieces)
            said.pop(scope, None)
            if pieces is not None:
                said[scope] = pieces

        rows = shelf.session.execute(text("SELECT variant_id, buffer FROM stock"))
        kept = {row.variant_id: row.buffer for row in rows}

        for grade, variant in variants.items():
            order = [Scope(category="phone", grade=grade), Scope(category="phone"), Scope(grade=grade), Scope()]
            assert kept[variant] == next((said[scope] for scope in order if scope in said), 0)
        example.rollback()
    shelf.session.expire_all()
