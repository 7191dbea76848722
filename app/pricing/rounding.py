"""Rounding families: to which endings a price of some height is rounded."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from typing import NamedTuple


class Bracket(NamedTuple):
    """Prices up to `up_to` (None: any) end on `step` x n - `minus`: step 10, minus 1 gives 9, 19, 29."""

    up_to: Decimal | None
    step: Decimal
    minus: Decimal


def round_price(amount: Decimal, brackets: Sequence[Bracket]) -> Decimal:
    """The member of the family nearest to `amount`, at least its first."""
    bracket = _bracket(amount, brackets)
    times = ((amount + bracket.minus) / bracket.step).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    return max(times, Decimal(1)) * bracket.step - bracket.minus


def round_up(amount: Decimal, brackets: Sequence[Bracket]) -> Decimal:
    """The least member of the family that is not below `amount`."""
    bracket = _bracket(amount, brackets)
    times = ((amount + bracket.minus) / bracket.step).quantize(Decimal(1), rounding=ROUND_CEILING)
    return max(times, Decimal(1)) * bracket.step - bracket.minus


def _bracket(amount: Decimal, brackets: Sequence[Bracket]) -> Bracket:
    return next(bracket for bracket in brackets if bracket.up_to is None or amount <= bracket.up_to)
