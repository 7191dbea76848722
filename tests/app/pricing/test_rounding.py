"""Rounding families: their endings, and that they never turn an order around."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pricing.rounding import Bracket, check, round_down, round_price, round_up

SHOP = (
    Bracket(Decimal(100), Decimal(1), Decimal("0.05")),
    Bracket(Decimal(1000), Decimal(10), Decimal(1)),
    Bracket(None, Decimal(10), Decimal(0)),
)
EUROS = st.decimals(Decimal("0.01"), Decimal(5000), places=2)


@st.composite
def families(draw: st.DrawFn) -> tuple[Bracket, ...]:
    limits = sorted(draw(st.sets(st.decimals(1, 2000, places=2), max_size=3)))
    steps = st.sampled_from([Decimal(step) for step in ("0.01", "0.05", "1", "5", "10", "50")])
    brackets = []
    for limit in [*limits, None]:
        step = draw(steps)
        brackets.append(Bracket(limit, step, draw(st.decimals(0, step - Decimal("0.01"), places=2))))
    check(brackets)
    return tuple(brackets)


@pytest.mark.parametrize(
    ("amount", "price"),
    [
        ("0.20", "0.95"), ("42.10", "41.95"), ("42.45", "42.95"), ("99.99", "99.95"), ("101.00", "99.95"),
        ("105.00", "109"), ("344.10", "349"), ("999.99", "999"), ("1004.49", "999"), ("1004.51", "1010"),
        ("1255.00", "1260"),
    ],
)  # fmt: skip
def test_each_height_has_its_own_ending(amount: str, price: str) -> None:
    assert round_price(Decimal(amount), SHOP) == Decimal(price)


def test_rounding_up_and_down_meet_at_a_member() -> None:
    assert round_up(Decimal("99.96"), SHOP) == 109
    assert round_down(Decimal("108.99"), SHOP) == Decimal("99.95")
    assert round_up(Decimal(349), SHOP) == round_down(Decimal(349), SHOP) == 349


def test_nothing_is_below_the_first_member() -> None:
    assert round_down(Decimal("0.94"), SHOP) is None


@given(family=families(), amount=EUROS)
def test_a_price_lies_between_its_neighbours_in_the_family(family: tuple[Bracket, ...], amount: Decimal) -> None:
    above, below, nearest = round_up(amount, family), round_down(amount, family), round_price(amount, family)

    assert above >= amount
    assert below is None or below <= amount
    assert nearest in (above, below)
    assert round_up(above, family) == above == round_down(above, family) == round_price(above, family)


@given(family=families(), amount=EUROS, more=st.decimals(0, 200, places=2))
def test_a_higher_amount_never_becomes_a_lower_price(
    family: tuple[Bracket, ...], amount: Decimal, more: Decimal
) -> None:
    assert round_price(amount + more, family) >= round_price(amount, family)
    assert round_up(amount + more, family) >= round_up(amount, family)


@pytest.mark.parametrize(
    "brackets",
    [
        [],
        [Bracket(Decimal(100), Decimal(1), Decimal(0))],
        [Bracket(None, Decimal(1), Decimal(0)), Bracket(None, Decimal(1), Decimal(0))],
        [*[Bracket(Decimal(limit), Decimal(1), Decimal(0)) for limit in (200, 100)], SHOP[-1]],
        [Bracket(None, Decimal(0), Decimal(0))],
        [Bracket(None, Decimal(1), Decimal(1))],
    ],
)
def test_brackets_that_leave_a_price_open_are_refused(brackets: list[Bracket]) -> None:
    with pytest.raises(ValueError, match=r"bracket|minus"):
        check(brackets)
