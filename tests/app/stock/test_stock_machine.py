"""Stock as a machine: whatever acts follow each other, it is what a few lines of plain arithmetic say it is."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from shelf import NOON, Shelf
from sqlalchemy import text
from sqlalchemy.orm import Session, SessionTransaction

from app.stock import counts, places, queries, services
from app.stock.buffers import Scope, set_buffer

GRADES = ("A", "B")
PLACES = st.sampled_from(["warehouse", "desk"])
VARIANT = st.integers(0, 1)
LINE = st.integers(0, 5)
SCOPES = (Scope(), Scope(category="phone"), Scope(grade="A"), Scope(category="phone", grade="B"))


class StockMachine(RuleBasedStateMachine):
    """Two variants, two warehouses, a supplier, order lines; `session` is set by the test."""

    session: Session

    def __init__(self) -> None:
        super().__init__()
        self.example: SessionTransaction = self.session.begin_nested()
        self.shelf = Shelf(self.session)
        self.variants = [self.shelf.variant(f"S{grade}", grade) for grade in GRADES]
        self.offers = [self.shelf.offer(variant, 0, f"X{variant}", grade)
                       for variant, grade in zip(self.variants, GRADES, strict=True)]  # fmt: skip
        self.places = {"warehouse": self.shelf.warehouse.id, "desk": places.create_warehouse(self.session, "Desk")}
        self.held: Counter[tuple[int, str]] = Counter()  # Pieces by variant and place.
        self.lines: dict[int, tuple[int, int, str]] = {}  # Order line: variant, pieces, state.
        self.buffers: dict[Scope, int] = {}

    def teardown(self) -> None:
        self.example.rollback()
        self.session.expire_all()

    @rule(variant=VARIANT, pieces=st.integers(0, 6))
    def list_is_accepted(self, variant: int, pieces: int) -> None:
        self.offers[variant].quantity = pieces
        self.session.flush()
        services.set_offered(self.session, self.shelf.supplier.id, reference="", user_id=None, now=NOON)
        for number, offer in enumerate(self.offers):
            self.held[number, "supplier"] = offer.quantity

    @rule(variant=VARIANT, place=PLACES, pieces=st.integers(-4, 6).filter(bool))
    def pieces_are_booked(self, variant: int, place: str, pieces: int) -> None:
        def act() -> None:
            services.move(self.session, variant_id=self.variants[variant], location_id=self.places[place],
                          quantity=pieces, kind="correction", reason="found", reference="", user_id=None)  # fmt: skip

        if self.held[variant, place] + pieces < 0:
            with pytest.raises(services.NotEnough):
                act()
            return
        act()
        self.held[variant, place] += pieces

    @rule(variant=VARIANT, source=st.sampled_from(["warehouse", "desk", "supplier"]), pieces=st.integers(1, 4))
    def pieces_are_moved(self, variant: int, source: str, pieces: int) -> None:
        target = "warehouse" if source != "warehouse" else "desk"
        from_id = self.places.get(source, self.shelf.at_supplier.id)

        def act() -> None:
            places.transfer(
                self.session,
                variant_id=self.variants[variant],
                from_id=from_id,
                to_id=self.places[target],
                quantity=pieces,
                reason="moved",
                note="",
                user_id=None,
            )

        if self.held[variant, source] < pieces:
            with pytest.raises(services.NotEnough):
                act()
            return
        act()
        self.held[variant, source] -= pieces
        self.held[variant, target] += pieces

    @rule(place=PLACES, found=st.lists(st.none() | st.integers(0, 5), min_size=2, max_size=2), rest=st.booleans())
    def a_place_is_counted(self, place: str, found: list[int | None], rest: bool) -> None:
        count = counts.start(self.session, self.places[place], user_id=None, now=NOON)
        counted = {self.variants[number]: pieces for number, pieces in enumerate(found) if pieces is not None}
        counts.record(self.session, count, counted, now=NOON)
        counts.finish(self.session, count, reason="miscounted", note="", rest_is_gone=rest, user_id=None, now=NOON)
        for number, pieces in enumerate(found):
            if pieces is not None or rest:
                self.held[number, place] = pieces or 0

    @rule(scope=st.sampled_from(SCOPES), pieces=st.none() | st.integers(0, 3))
    def a_buffer_is_set(self, scope: Scope, pieces: int | None) -> None:
        set_buffer(self.session, scope, pieces=pieces)
        self.buffers.pop(scope, None)
        if pieces is not None:
            self.buffers[scope] = pieces

    @rule(line=LINE, variant=VARIANT, pieces=st.integers(1, 4))
    def an_order_comes(self, line: int, variant: int, pieces: int) -> None:
        known = self.lines.get(line)
        if known is not None:
            variant = known[0]
        answer = services.reserve(self.session, variant_id=self.variants[variant], channel_id=self.shelf.channel.id,
                                  reference=f"line/{line}", quantity=pieces)  # fmt: skip
        if known is not None and known[2] == "shipped":
            assert answer
            return
        more = pieces - (known[1] if known is not None and known[2] == "held" else 0)
        assert answer == (more <= 0 or self.free(variant) >= more)
        if answer:
            self.lines[line] = (variant, pieces, "held")

    @rule(line=LINE)
    def an_order_is_cancelled(self, line: int) -> None:
        ended = services.release(self.session, channel_id=self.shelf.channel.id, reference=f"line/{line}", now=NOON)
        assert ended == self.end(line, "released")

    @rule(line=LINE, place=PLACES)
    def an_order_is_shipped(self, line: int, place: str) -> None:
        def act() -> int:
            return services.ship(self.session, channel_id=self.shelf.channel.id, reference=f"line/{line}",
                                 location_id=self.places[place], user_id=None, now=NOON)  # fmt: skip

        variant, pieces, state = self.lines.get(line, (0, 0, ""))
        if state == "held" and self.held[variant, place] < pieces:
            with pytest.raises(services.NotEnough):
                act()
            return
        assert act() == self.end(line, "shipped")
        if state == "held":
            self.held[variant, place] -= pieces

    def end(self, line: int, state: str) -> int:
        """How many reservations of the line end."""
        variant, pieces, now = self.lines.get(line, (0, 0, ""))
        if now == "held":
            self.lines[line] = (variant, pieces, state)
        return int(now == "held")

    def promised(self, variant: int) -> int:
        return sum(pieces for of, pieces, state in self.lines.values() if of == variant and state == "held")

    def buffer(self, variant: int) -> int:
        grade = GRADES[variant]
        order = (Scope(category="phone", grade=grade), Scope(category="phone"), Scope(grade=grade), Scope())
        return next((self.buffers[scope] for scope in order if scope in self.buffers), 0)

    def free(self, variant: int) -> int:
        there = sum(self.held[variant, place] for place in ("warehouse", "desk", "supplier"))
        return there - self.promised(variant) - self.buffer(variant)

    @invariant()
    def the_sums_are_the_movements(self) -> None:
        assert queries.ledger_differences(self.session) == 0

    @invariant()
    def stock_is_what_arithmetic_says(self) -> None:
        for number, variant in enumerate(self.variants):
            stock = queries.of_variant(self.session, variant)
            if stock is None:
                assert not any(self.held[number, place] for place in ("warehouse", "desk", "supplier"))
                continue
            assert stock.on_hand == self.held[number, "warehouse"] + self.held[number, "desk"]
            assert stock.offered == self.held[number, "supplier"]
            assert stock.reserved == self.promised(number)
            assert stock.buffer == self.buffer(number)
            assert stock.available == max(0, self.free(number)) >= 0

    @invariant()
    def no_place_holds_fewer_than_no_pieces(self) -> None:
        least = self.session.execute(text("SELECT min(quantity) FROM balance")).scalar_one()
        assert (least or 0) >= 0


def test_whatever_happens_stock_is_what_arithmetic_says(session: Session) -> None:
    StockMachine.session = session

    run_state_machine_as_test(
        StockMachine,
        settings=settings(max_examples=25, stateful_step_count=20, deadline=None,
                          suppress_health_check=list(HealthCheck)),
    )  # fmt: skip
