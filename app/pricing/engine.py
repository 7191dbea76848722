"""One price, step by step, with a trace a person can add up. Pure: equal input, equal price.

The chain: landed cost, refurbishing and packaging, payment fee, outbound parcel, expected returns, wanted margin, VAT
by scheme, channel fee, ceiling, rounding family, floor checked again, grade ladder, override. Fees that are a share of
the price are solved for, not approached. `app.pricing.rendering` computes the same for many listings at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil
from typing import NamedTuple

from app.pricing.rounding import round_down, round_price, round_up
from app.pricing.rules import Effective, Facts, Rule, effective
from app.pricing.vat import (
    HUNDRED,
    Share,
    cents,
    gross_leaving,
    in_cents,
    in_euros,
    share_of,
    vat_in_cents,
    vat_share,
)

ADDENDS = frozenset({"purchase", "cost", "payment_fixed", "fees_percent", "margin", "vat"})
_BEFORE_PAYMENT = ("inbound", "refurbishing", "packaging")
ROUNDED_AWAY = Decimal("1.5")  # Cents at most: half of one for VAT and for each of two fees.


class PaymentFee(NamedTuple):
    """Of each payment: EUR, and per cent of the gross price."""

    fixed: Decimal
    percent: Decimal


@dataclass(frozen=True, slots=True)
class PriceInputs:
    """`purchase`: the offer's price in EUR, without deductible VAT. `reference`: what it costs new, VAT included."""

    facts: Facts
    purchase: Decimal
    reference: Decimal | None


class Override(NamedTuple):
    """The price that a person named, EUR. `below_floor`: a second person agreed that it may be below the floor."""

    gross: Decimal
    below_floor: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Priced:
    """EUR. `gross` includes VAT and is below `floor` only by an override; `net` is what the sale leaves after VAT.

    `withheld`: no price is both at its floor and within the grade ladder, so that the listing is not to be shown.
    `trace`: {step, amount, rule?}. The amounts of the steps in ADDENDS add up to the step `wanted`; the steps after it
    say what became of that: `ceiling` (its limit), `rounded`, `floor`, `ladder` (its limit) or `override`, `price`.
    """

    gross: Decimal
    net: Decimal
    floor: Decimal
    landed_cost: Decimal
    vat_scheme: str
    withheld: bool
    trace: list[dict[str, str]]


class _Sale(NamedTuple):
    """What a sale costs, whatever its price; amounts in whole cents. `share`: per cent, both fees together."""

    scheme: str
    purchase: int
    base: int
    vat_percent: Decimal
    share: Decimal
    vat: Share
    payment_fee: Share
    channel_fee: Share

    def vat_at(self, gross: int) -> int:
        return vat_in_cents(self.scheme, gross=gross, purchase=self.purchase, vat=self.vat)

    def left(self, gross: int) -> int:
        """What a sale at `gross` leaves after VAT, fees and every cost, each rounded to cents as it is charged."""
        return gross - self.vat_at(gross) - self.payment_fee.of(gross) - self.channel_fee.of(gross) - self.base

    def least_price(self, *, leaving: int) -> int:
        """The least price at and above which every price leaves at least `leaving`.

        VAT and both fees are rounded, each off by half a cent at most: beyond that distance from the exact solution
        every price is safe, and from there it is a walk of a few cents down.
        """
        exact = gross_leaving(
            self.scheme, net=Decimal(self.base + leaving), purchase=Decimal(self.purchase), percent=self.vat_percent,
            share=self.share,
        )  # fmt: skip
        slope = HUNDRED / (HUNDRED + self.vat_percent) - self.share / HUNDRED
        price = ceil(exact + ROUNDED_AWAY / slope)
        while self.left(price - 1) >= leaving:
            price -= 1
        return price


def price_listing(
    inputs: PriceInputs, rules: Sequence[Rule], *, vat_percent: Decimal, payment_fee: PaymentFee
) -> Priced:
    """The price of one listing under the channel's rules, in their order.

    Raises ValueError for an unknown VAT scheme, RuleInvalid for a rule that cannot be read, FeesTooHigh.
    """
    chosen = effective(rules, inputs.facts)
    return price_by(inputs, chosen, vat_percent=vat_percent, payment_fee=payment_fee)


def price_by(
    inputs: PriceInputs, rules: Effective, *, vat_percent: Decimal, payment_fee: PaymentFee,
    ladder: Decimal | None = None, override: Override | None = None,
) -> Priced:  # fmt: skip
    """As `price_listing`, with the rules that win for these facts already chosen.

    `ladder`: the least price of the better grades that are for sale. An override that is below the floor without a
    second person's word is not heard; one that is heard is outside the ladder.
    """
    sale = _sale(inputs, rules, vat_percent, payment_fee)
    floor = in_euros(sale.least_price(leaving=0))
    wanted = sale.least_price(leaving=_margin(rules, sale.base))
    ceiling = _ceiling(rules, inputs.reference)
    rounded = _rounded(in_euros(wanted), ceiling, rules)
    gross = cents(rounded if rounded >= floor else round_up(floor, rules.family))
    trace = _cost_steps(sale, rules, payment_fee, wanted)
    if ceiling is not None and in_euros(wanted) > ceiling and rules.ceiling is not None:
        trace.append(_step("ceiling", ceiling, rules.ceiling.rule))
    trace += [_step("rounded", cents(rounded), rules.family_rule), _step("floor", floor)]
    withheld = False
    if override is not None and (override.gross >= floor or override.below_floor):
        gross = override.gross
        trace.append(_step("override", gross, override.reason))
    elif ladder is not None and gross > ladder:
        withheld = ladder < floor
        gross = gross if withheld else ladder
        trace.append(_step("ladder", ladder))
    trace.append(_step("price", gross))
    net = gross - in_euros(sale.vat_at(in_cents(gross)))
    return Priced(gross, net, floor, rules.landed(inputs.purchase), sale.scheme, withheld, trace)


def _sale(inputs: PriceInputs, rules: Effective, vat_percent: Decimal, payment_fee: PaymentFee) -> _Sale:
    costs = sum((cost.amount(inputs.purchase) for cost in rules.costs), cents(payment_fee.fixed))
    channel_percent = rules.channel_fee.value if rules.channel_fee else Decimal(0)
    return _Sale(
        scheme=inputs.facts.vat_scheme,
        purchase=in_cents(inputs.purchase),
        base=in_cents(inputs.purchase + costs),
        vat_percent=vat_percent,
        share=payment_fee.percent + channel_percent,
        vat=vat_share(vat_percent),
        payment_fee=share_of(payment_fee.percent),
        channel_fee=share_of(channel_percent),
    )


def _margin(rules: Effective, base: int) -> int:
    """Cents without VAT: a share of all costs, at least so much, and an amount. It gives away all costs at most."""
    margin = Decimal(0)
    if rules.margin_percent is not None:
        margin = max(in_euros(base) * rules.margin_percent.value / HUNDRED, rules.margin_percent.least)
    if rules.margin_amount is not None:
        margin += rules.margin_amount.value
    return max(in_cents(margin), -base)


def _ceiling(rules: Effective, reference: Decimal | None) -> Decimal | None:
    if rules.ceiling is None or reference is None:
        return None
    return cents(reference * rules.ceiling.value / HUNDRED)


def _rounded(wanted: Decimal, ceiling: Decimal | None, rules: Effective) -> Decimal:
    """The nearest price of the family, or the greatest that the ceiling allows."""
    rounded = round_price(wanted, rules.family)
    if ceiling is None or rounded <= ceiling:
        return rounded
    return round_down(ceiling, rules.family) or ceiling


def _cost_steps(sale: _Sale, rules: Effective, payment_fee: PaymentFee, wanted: int) -> list[dict[str, str]]:
    """Everything that the wanted price is made of, in the order of the business, then the wanted price itself.

    The margin is what is left at that price: what was wished for, and at times a cent that no smaller price leaves.
    """
    purchase = in_euros(sale.purchase)
    costs = [(cost.component, _step("cost", cost.amount(purchase), cost.rule)) for cost in rules.costs]
    margin_rule = " + ".join(named.rule for named in (rules.margin_percent, rules.margin_amount) if named)
    steps = [
        _step("purchase", purchase),
        *(step for component, step in costs if component in _BEFORE_PAYMENT),
        _step("payment_fixed", cents(payment_fee.fixed)),
        _step("fees_percent", in_euros(sale.payment_fee.of(wanted))),
        *(step for component, step in costs if component not in _BEFORE_PAYMENT),
        _step("margin", in_euros(sale.left(wanted)), margin_rule or None),
        _step("vat", in_euros(sale.vat_at(wanted))),
    ]
    if rules.channel_fee is not None:
        steps.append(_step("fees_percent", in_euros(sale.channel_fee.of(wanted)), rules.channel_fee.rule))
    return [*steps, _step("wanted", in_euros(wanted))]


def _step(step: str, amount: Decimal, rule: str | None = None) -> dict[str, str]:
    """`amount`: EUR with two places."""
    entry = {"step": step, "amount": str(amount)}
    if rule:
        entry["rule"] = rule
    return entry
