"""From offers to prices in one go: what PostgreSQL chooses and prices is what the pure functions say, to the cent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session
from test_engine import FIELDS, numbers
from test_rendering import FEES, GRADES, NOW, RULES, SLOW, Piece, Shelf, amounts, everywhere, figures

from app.pricing.best_offer import Candidate, best_offers
from app.pricing.engine import PaymentFee, Priced, PriceInputs, price_by
from app.pricing.rules import AGES, Facts, Rule, effective
from app.pricing.vat import SCHEMES

PINS = ("runs", "is over", "was ended", "other offer")
BEFORE, AFTER = NOW - timedelta(days=9), NOW + timedelta(days=9)


class Bid(NamedTuple):
    """`pin`: what a person said of the offer, one of PINS; None: nothing."""

    supplier: str
    price: Decimal
    scheme: str
    quantity: int
    pin: str | None


class Ware(NamedTuple):
    """A variant with what suppliers bid. Wares of one `model` differ by grade alone."""

    model: int
    grade: str
    age: str
    pieces: int
    bids: list[Bid]


BIDS = st.builds(
    Bid, st.sampled_from(FIELDS["supplier"]),
    # Near each other, so that every step of the order decides now and then.
    st.sampled_from([Decimal(price) for price in ("100.00", "100.05", "101.00", "99.99", "320.00")])
    | st.decimals(Decimal("0.01"), Decimal(900), places=2),
    st.sampled_from(SCHEMES), st.sampled_from([1, 1, 1, 0]), st.none() | st.sampled_from(PINS),
)  # fmt: skip
WARES = st.lists(
    st.builds(Ware, st.integers(1, 3), st.sampled_from(GRADES), st.sampled_from(AGES), st.sampled_from([0, 4]),
              st.lists(BIDS, min_size=1, max_size=4)),
    min_size=1, max_size=8, unique_by=lambda ware: (ware.model, ware.grade),
)  # fmt: skip
SUPPLIERS = st.fixed_dictionaries(
    {code: st.tuples(st.sampled_from([2, 5]), st.sampled_from([80, 95])) for code in FIELDS["supplier"]}
)
MODELS = st.tuples(st.sampled_from(FIELDS["brand"]), st.sampled_from(FIELDS["category"]),
                   st.none() | st.decimals(100, 900, places=2))  # fmt: skip


@pytest.fixture
def shelf(session: Session) -> Shelf:
    return Shelf(session)


@SLOW
@given(wares=WARES, models=st.lists(MODELS, min_size=3, max_size=3), suppliers=SUPPLIERS, rules=RULES, only_two=RULES,
       fee=FEES, vat=numbers(0, 25))  # fmt: skip
def test_offer_price_floor_and_ladder_are_those_of_the_pure_functions(
    shelf: Shelf, wares: list[Ware], models: list[Any], suppliers: dict[str, tuple[int, int]], rules: list[Rule],
    only_two: list[Rule], fee: PaymentFee, vat: str,
) -> None:  # fmt: skip
    with shelf.session.begin_nested() as savepoint:
        for code, (days, points) in suppliers.items():
            shelf.session.execute(
                text("UPDATE supplier SET lead_time_days = :days, reliability = :points WHERE id = :id"),
                {"days": days, "points": points, "id": shelf.suppliers[code]},
            )
        offered = _put(shelf, wares, models, suppliers)
        parts = everywhere(shelf, rules, only_two)
        rows = shelf.prices([variant for variant, _candidates in offered], parts, vat=Decimal(vat), fee=fee)
        savepoint.rollback()

    candidates = [candidate for _variant, some in offered for candidate in some]
    best = {candidate.variant_id: candidate for candidate in best_offers(candidates, rules)}
    for channel, mine in zip(shelf.channels, (rules, [*rules, *only_two]), strict=True):
        alone = {variant: _price(offer, mine, Decimal(vat), fee, None) for variant, offer in best.items()}
        for ware, (variant, _candidates) in zip(wares, offered, strict=True):
            if variant not in best:
                assert (variant, channel) not in rows  # Nobody sells it.
                continue
            bound = _bound(ware, wares, [alone.get(other) for other, _candidates in offered])
            row = rows[variant, channel]
            assert row["offer_id"] == best[variant].offer_id
            said = _price(best[variant], mine, Decimal(vat), fee, bound)
            assert figures(row) == amounts(said)
            assert row["gross"] >= row["floor"]


def _put(shelf: Shelf, wares: Sequence[Ware], models: Sequence[Any],
         suppliers: dict[str, tuple[int, int]]) -> list[tuple[int, list[Candidate]]]:  # fmt: skip
    """The variant of each ware, and its offers that may be sold, as the pure choice knows them."""
    pieces = [_piece(ware, ware.bids[0], models[ware.model - 1]) for ware in wares]
    ids = shelf.put(pieces)
    shelf.session.execute(text("DELETE FROM offer"))  # Those that `put` made: bids say what is offered.
    return [
        (variant, _bid(shelf, ware, variant, models[ware.model - 1], suppliers))
        for variant, ware in zip(ids, wares, strict=True)
    ]


def _piece(ware: Ware, bid: Bid, model: Any) -> Piece:
    brand, category, reference = model
    facts = Facts(brand, category, ware.grade, bid.supplier, bid.scheme, ware.age)
    return Piece(facts, bid.price, reference, ware.model, ware.pieces)


def _bid(shelf: Shelf, ware: Ware, variant: int, model: Any,
         suppliers: dict[str, tuple[int, int]]) -> list[Candidate]:  # fmt: skip
    candidates, taken = [], False
    for bid in ware.bids:
        offer_id = shelf.offer(variant, _piece(ware, bid, model))
        shelf.session.execute(
            text("UPDATE offer SET quantity = :n WHERE id = :id"), {"n": bid.quantity, "id": offer_id}
        )
        pin = None if taken and bid.pin != "was ended" else bid.pin  # One at a time.
        taken = taken or pin not in (None, "was ended")
        _pin(shelf, offer_id, pin)
        days, points = suppliers[bid.supplier]
        brand, category, reference = model
        if bid.quantity:
            candidates.append(
                Candidate(variant, offer_id, bid.price, bid.scheme, shelf.suppliers[bid.supplier], bid.supplier, days,
                          brand, category, ware.grade, reference, points, pin == "runs", ware.age)
            )  # fmt: skip
    return candidates


def _pin(shelf: Shelf, offer_id: int, pin: str | None) -> None:
    if pin is None:
        return
    shelf.session.execute(
        text("""INSERT INTO offer_pin (variant_id, supplier_id, identity, reason, created_at, until, ended_at)
                SELECT variant_id, supplier_id, CASE WHEN :other THEN 'another' ELSE identity END, 'said so', :then,
                       :until, :ended FROM offer WHERE id = :id"""),
        {"id": offer_id, "other": pin == "other offer", "then": BEFORE - timedelta(days=1),
         "until": BEFORE if pin == "is over" else AFTER, "ended": BEFORE if pin == "was ended" else None},
    )  # fmt: skip


def _price(offer: Candidate, rules: Sequence[Rule], vat: Decimal, fee: PaymentFee, ladder: Decimal | None) -> Priced:
    inputs = PriceInputs(offer.facts, offer.price_eur, offer.reference)
    return price_by(inputs, effective(rules, offer.facts), vat_percent=vat, payment_fee=fee, ladder=ladder)


def _bound(ware: Ware, wares: Sequence[Ware], alone: Sequence[Priced | None]) -> Decimal | None:
    """The least price of the better grades of the model that are there to be sold."""
    better = [
        priced.gross
        for other, priced in zip(wares, alone, strict=True)
        if priced is not None and other.model == ware.model and other.pieces
        and GRADES.index(other.grade) > GRADES.index(ware.grade)
    ]  # fmt: skip
    return min(better, default=None)
