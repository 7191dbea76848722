"""Why a price is what it is: worked out by the engine from what the price keeps, when somebody asks."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from app.pricing.engine import ADDENDS, Override, Priced, PriceInputs, price_by
from app.pricing.models import Price
from app.pricing.rules import Facts
from app.pricing.terms import Terms


class Step(NamedTuple):
    """EUR. `sum`: of the steps so far, where the step adds something; None where it says what became of the sum."""

    step: str
    amount: Decimal
    rule: str | None
    sum: Decimal | None


def explain(price: Price, content: Mapping[str, Any], override: Override | None) -> Priced:
    """The price anew, by the terms that it keeps; `content`: of its terms, `override`: the one that it names.

    Raises ValueError when the outcome is not the price: then somebody wrote to the table by hand.
    """
    assert price.purchase is not None
    terms = Terms.of(content)
    inputs = PriceInputs(Facts("", "", "", "", price.vat_scheme), price.purchase, price.reference)
    priced = price_by(inputs, terms.rules, vat_percent=terms.vat_percent, payment_fee=terms.payment_fee,
                      ladder=price.ladder, override=override)  # fmt: skip
    if (priced.gross, priced.net, priced.floor) != (price.gross, price.net, price.floor):
        raise ValueError(f"price {price.id} is {price.gross}, and its terms say {priced.gross}")
    return priced


def steps(trace: list[dict[str, str]]) -> list[Step]:
    """The trace with its running sum."""
    found, total = [], Decimal(0)
    for entry in trace:
        amount = Decimal(entry["amount"])
        adds = entry["step"] in ADDENDS
        total += amount if adds else 0
        found.append(Step(entry["step"], amount, entry.get("rule"), total if adds else None))
    return found
