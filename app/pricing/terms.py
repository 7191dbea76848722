"""The terms of a price: the rules that won for it, with VAT and the payment fee. Pure.

A price is a function of its terms, its offer and what new costs, so these are kept instead of a trace per price: a few
hundred terms stand for hundreds of thousands of prices, and the trace is worked out when somebody asks. Terms are named
by their content: equal terms have equal keys, whichever rule set they come from.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from app.db import Json
from app.pricing.engine import PaymentFee
from app.pricing.rounding import Bracket, round_down, round_up
from app.pricing.rules import PLACES, Cost, Effective, Named
from app.pricing.vat import CENT, HUNDRED, in_cents, kept_after_vat


class Bracketed(NamedTuple):
    """A bracket of the rounding family, in cents. `next`: the first member above it, `previous`: the last below it."""

    high: int | None
    low: int
    step: int
    minus: int
    next: int | None
    previous: int | None


class Parameters(NamedTuple):
    """Terms in whole numbers, for PostgreSQL. Cents; per cent and EUR of rules in ten-thousandths; `per_` in floats."""

    fixed: int  # All costs that do not depend on the offer.
    inbound_eur: int
    inbound_percent: int
    margin_percent: int
    margin_least: int
    margin_eur: int
    channel: int
    ceiling: int | None
    per_taxed: float  # What a cent more of the price leaves, under VAT.
    per_untaxed: float
    per_vat: float
    away: float  # Cents by which roundings may move the least price up.
    walk: int  # Cents to look down from there, at most.
    shares: tuple[tuple[int, int], ...]  # EUR and per cent of each cost that depends on the offer.
    family: tuple[Bracketed, ...]


@dataclass(frozen=True, slots=True)
class Terms:
    """Per cent and EUR as in the rules."""

    rules: Effective
    vat_percent: Decimal
    payment_fee: PaymentFee

    def content(self) -> Json:
        """As JSON, numbers as text; `Terms.of` reads it back."""
        rules = self.rules
        return {
            "vat_percent": _text(self.vat_percent),
            "payment_fee": [_text(self.payment_fee.fixed), _text(self.payment_fee.percent)],
            "costs": [[cost.rule, cost.component, _text(cost.eur), _text(cost.percent)] for cost in rules.costs],
            **{name: _named(getattr(rules, name)) for name in _NAMED},
            "family": [[_text(bracket.up_to), _text(bracket.step), _text(bracket.minus)] for bracket in rules.family],
            "family_rule": rules.family_rule,
        }

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Terms:
        """The terms that `content` was made of."""
        rules = Effective(
            costs=tuple(Cost(rule, of, Decimal(eur), Decimal(percent)) for rule, of, eur, percent in content["costs"]),
            margin_percent=_read(content["margin_percent"]),
            margin_amount=_read(content["margin_amount"]),
            channel_fee=_read(content["channel_fee"]),
            ceiling=_read(content["ceiling"]),
            family=tuple(
                Bracket(None if up_to is None else Decimal(up_to), Decimal(step), Decimal(minus))
                for up_to, step, minus in content["family"]
            ),
            family_rule=content["family_rule"],
        )
        fixed, percent = content["payment_fee"]
        return cls(rules, Decimal(content["vat_percent"]), PaymentFee(Decimal(fixed), Decimal(percent)))

    def key(self) -> uuid.UUID:
        """The same for equal content, whatever the machine."""
        text = json.dumps(self.content(), sort_keys=True, ensure_ascii=True)
        return uuid.UUID(bytes=hashlib.sha256(text.encode()).digest()[:16])

    def parameters(self) -> Parameters:
        """What the set-based rendering reads. Raises FeesTooHigh."""
        rules, fee = self.rules, self.payment_fee
        channel_percent = rules.channel_fee.value if rules.channel_fee else Decimal(0)
        share = fee.percent + channel_percent
        kept = kept_after_vat(self.vat_percent, share=share)
        taxed = kept - share / HUNDRED
        inbound = [cost for cost in rules.costs if cost.component == "inbound"]
        margin = rules.margin_percent
        # VAT and each fee round half a cent away at most, and what is left is whole cents: it is enough when, exactly,
        # more than all but two of these halves are left over. All of them below that it is too little for certain.
        halves = sum(percent > 0 for percent in (self.vat_percent, fee.percent, channel_percent))
        above, below = Decimal(max(halves - 2, 0)) / 2, Decimal(halves) / 2
        return Parameters(
            fixed=in_cents(fee.fixed) + sum(in_cents(cost.eur) for cost in rules.costs if not cost.percent),
            inbound_eur=scaled(sum((cost.eur for cost in inbound), Decimal(0))),
            inbound_percent=scaled(sum((cost.percent for cost in inbound), Decimal(0))),
            margin_percent=scaled(margin.value) if margin else 0,
            margin_least=scaled(margin.least) if margin else 0,
            margin_eur=scaled(rules.margin_amount.value) if rules.margin_amount else 0,
            channel=scaled(channel_percent),
            ceiling=scaled(rules.ceiling.value) if rules.ceiling else None,
            per_taxed=float(taxed),
            per_untaxed=float(1 - share / HUNDRED),
            per_vat=float(1 - kept),
            away=float(above / taxed) + 0.001,
            walk=int((above + below) / taxed) + 3,
            shares=tuple((scaled(cost.eur), scaled(cost.percent)) for cost in rules.costs if cost.percent),
            family=tuple(_bracketed(rules.family)),
        )


_NAMED = ("margin_percent", "margin_amount", "channel_fee", "ceiling")


def scaled(number: Decimal) -> int:
    """In ten-thousandths. Raises ValueError for a number with more places."""
    whole = number.scaleb(PLACES)
    if whole != int(whole):
        raise ValueError(f"{number} has more than {PLACES} places")
    return int(whole)


def _bracketed(family: tuple[Bracket, ...]) -> Iterator[Bracketed]:
    low = Decimal(0)
    for up_to, step, minus in family:
        above = None if up_to is None else in_cents(round_up(up_to + CENT, family))
        below = round_down(low, family)
        yield Bracketed(
            high=None if up_to is None else in_cents(up_to), low=in_cents(low), step=in_cents(step),
            minus=in_cents(minus), next=above, previous=None if below is None else in_cents(below),
        )  # fmt: skip
        low = up_to or low


def _text(number: Decimal | None) -> str | None:
    """Without the zeros that tell nothing: 21 and 21.0000 are the same terms."""
    return None if number is None else format(number.normalize(), "f")


def _named(rule: Named | None) -> list[str | None] | None:
    return None if rule is None else [rule.rule, _text(rule.value), _text(rule.least)]


def _read(stored: list[str] | None) -> Named | None:
    return None if stored is None else Named(stored[0], Decimal(stored[1]), Decimal(stored[2]))
