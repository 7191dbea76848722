"""Rounding families: the prices that a shop shows, such as 89.95, 349.00 or 1,250.00, by height.

A family is one ascending set of prices, the members of its brackets one after the other. All three functions look at
the whole set, so that a higher amount never becomes a lower price where two brackets meet.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import pairwise
from typing import NamedTuple

GREATEST = Decimal(1_000_000)


class Bracket(NamedTuple):
    """Prices up to `up_to` (None: any) end on `step` x n - `minus`: step 10, minus 1 gives 9, 19, 29."""

    up_to: Decimal | None
    step: Decimal
    minus: Decimal


def check(brackets: Sequence[Bracket]) -> None:
    """Raise ValueError unless the brackets ascend, the last is open, and each has 0 <= minus < step, in whole cents."""
    if not brackets or brackets[-1].up_to is not None:
        raise ValueError("the last bracket must have no upper limit")
    limits = [bracket.up_to for bracket in brackets[:-1]]
    if any(limit is None or limit <= 0 for limit in limits):
        raise ValueError("only the last bracket may have no upper limit")
    if any(low is not None and high is not None and low >= high for low, high in pairwise(limits)):
        raise ValueError("brackets must ascend")
    if any(not 0 <= bracket.minus < bracket.step for bracket in brackets):
        raise ValueError("minus must be at least 0 and below step")
    amounts = [amount for bracket in brackets for amount in bracket if amount is not None]
    if any(amount != round(amount, 2) or amount > GREATEST for amount in amounts):
        raise ValueError(f"amounts are whole cents, and at most {GREATEST}")


def round_price(amount: Decimal, brackets: Sequence[Bracket]) -> Decimal:
    """The member nearest to `amount`; of two equally near, the higher."""
    above = round_up(amount, brackets)
    below = round_down(amount, brackets)
    if below is None or above - amount <= amount - below:
        return above
    return below


def round_up(amount: Decimal, brackets: Sequence[Bracket]) -> Decimal:
    """The least member that is not below `amount`. Raises ValueError when the brackets are not open at the top."""
    low = Decimal(0)
    for up_to, step, minus in brackets:
        if up_to is None or amount <= up_to:
            member = _times((max(amount, low) + minus) / step, ROUND_CEILING) * step - minus
            if member <= low:
                member += step
            if up_to is None or member <= up_to:
                return member
        low = up_to
    raise ValueError("the last bracket must have no upper limit")


def round_down(amount: Decimal, brackets: Sequence[Bracket]) -> Decimal | None:
    """The greatest member that is not above `amount`; None below the first."""
    lows = [Decimal(0), *(bracket.up_to for bracket in brackets[:-1] if bracket.up_to is not None)]
    for low, (up_to, step, minus) in reversed(list(zip(lows, brackets, strict=True))):
        top = amount if up_to is None else min(amount, up_to)
        member = _times((top + minus) / step, ROUND_FLOOR) * step - minus
        if member > low:
            return member
    return None


def _times(quotient: Decimal, rounding: str) -> Decimal:
    return quotient.quantize(Decimal(1), rounding=rounding)
