"""One price, step by step, with a trace a person can add up. Pure: equal input, equal price.

The chain: landed cost, costs of handling, wanted margin, VAT by scheme, fees that depend on the price itself,
rounding, floor checked again, ceiling. Rules are an ordered set; for each kind the last one that applies wins, except
`cost`, of which every one that applies counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from app.pricing.rounding import Bracket, round_price, round_up
from app.pricing.vat import HUNDRED, cents, gross_for

DEFAULT_BRACKETS = (Bracket(None, Decimal("1"), Decimal("0.05")),)


class Rule(NamedTuple):
    """`where`: field -> values that apply, all of them must; fields are those of `Facts`."""

    name: str
    kind: str
    where: Mapping[str, Sequence[str]]
    parameters: Mapping[str, Any]


class Facts(NamedTuple):
    """What rules may ask."""

    brand: str
    category: str
    grade: str
    supplier: str
    vat_scheme: str


@dataclass(frozen=True, slots=True)
class PriceInputs:
    """`purchase`: the offer's price in EUR, without deductible VAT. `reference`: what it costs new, VAT included."""

    facts: Facts
    purchase: Decimal
    reference: Decimal | None


@dataclass(frozen=True, slots=True)
class Fees:
    """Of each payment: EUR, and per cent of the gross price. `vat_percent` is the rate of the day."""

    vat_percent: Decimal
    payment_fixed: Decimal
    payment_percent: Decimal


@dataclass(frozen=True, slots=True)
class Priced:
    """EUR. `gross` includes VAT and is never below `floor`; `net` is what the sale leaves after VAT."""

    gross: Decimal
    net: Decimal
    floor: Decimal
    landed_cost: Decimal
    vat_scheme: str
    trace: list[dict[str, str]]


def applies(rule: Rule, facts: Facts) -> bool:
    """Whether every field that the rule names has one of its values."""
    return all(getattr(facts, name) in values for name, values in rule.where.items())


def price_listing(inputs: PriceInputs, rules: Sequence[Rule], fees: Fees) -> Priced:
    """The price of one listing. Raises ValueError for an unknown VAT scheme."""
    facts = inputs.facts
    mine = [rule for rule in rules if applies(rule, facts)]
    last = {rule.kind: rule for rule in mine}
    trace: list[dict[str, str]] = []

    def note(step: str, amount: Decimal, rule: Rule | None = None) -> None:
        trace.append({"step": step, "amount": str(cents(amount)), **({"rule": rule.name} if rule else {})})

    note("purchase", inputs.purchase)
    costs = Decimal(0)
    landed = inputs.purchase
    for rule in mine:
        if rule.kind != "cost":
            continue
        amount = Decimal(str(rule.parameters.get("eur", 0)))
        amount += inputs.purchase * Decimal(str(rule.parameters.get("percent", 0))) / HUNDRED
        costs += amount
        if rule.parameters.get("inbound"):
            landed += amount
        note("cost", amount, rule)
    costs += fees.payment_fixed
    note("payment_fixed", fees.payment_fixed)
    base = inputs.purchase + costs
    channel = last.get("channel_fee_percent")
    share = fees.payment_percent + (Decimal(str(channel.parameters["percent"])) if channel else Decimal(0))
    floor = _ceil_cents(_with_fees(facts.vat_scheme, base, inputs.purchase, share, fees.vat_percent))
    margin = _margin(last, base, note)
    wanted = _with_fees(facts.vat_scheme, base + margin, inputs.purchase, share, fees.vat_percent)
    note("fees_percent", wanted * share / HUNDRED, channel)
    note("vat", wanted - wanted * share / HUNDRED - base - margin)
    note("wanted", wanted)
    rounding = last.get("rounding")
    brackets = _brackets(rounding) if rounding else DEFAULT_BRACKETS
    gross = round_price(wanted, brackets)
    gross = _under_ceiling(gross, last.get("ceiling_percent"), inputs.reference, brackets, note)
    if gross < floor:
        gross = round_up(floor, brackets)
    note("rounded", gross, rounding)
    note("floor", floor)
    vat = _vat(facts.vat_scheme, gross, inputs.purchase, fees.vat_percent)
    note("price", gross)
    return Priced(cents(gross), cents(gross) - vat, floor, cents(landed), facts.vat_scheme, trace)


def _with_fees(scheme: str, net: Decimal, purchase: Decimal, share: Decimal, vat: Decimal) -> Decimal:
    """The gross price that leaves `net` after VAT and after a share of itself: solved, not approached.

    gross - VAT(gross) - gross x share = net. Under the margin scheme VAT is in (gross - purchase).
    """
    part = share / HUNDRED
    kept = HUNDRED / (HUNDRED + vat)
    if scheme == "regular":
        return net / (kept - part)
    if scheme == "margin":
        flat = net / (1 - part)
        if flat <= purchase:
            return flat  # No margin, no VAT.
        return (net - purchase * (1 - kept)) / (kept - part)
    return gross_for(scheme, net=net, purchase=purchase, percent=vat)


def _vat(scheme: str, gross: Decimal, purchase: Decimal, percent: Decimal) -> Decimal:
    taxed = gross if scheme == "regular" else max(Decimal(0), gross - purchase)
    return cents(taxed * percent / (HUNDRED + percent))


def _ceil_cents(amount: Decimal) -> Decimal:
    """Up to the next cent: a floor that is rounded down would lose the cent."""
    down = cents(amount)
    return down if down >= amount else down + Decimal("0.01")


def _margin(last: Mapping[str, Rule], base: Decimal, note: Any) -> Decimal:
    percent, amount = last.get("margin_percent"), last.get("margin_amount")
    margin = Decimal(0)
    if percent is not None:
        margin = base * Decimal(str(percent.parameters["percent"])) / HUNDRED
        least = Decimal(str(percent.parameters.get("least_eur", 0)))
        margin = max(margin, least)
        note("margin", margin, percent)
    if amount is not None:
        extra = Decimal(str(amount.parameters["eur"]))
        margin += extra
        note("margin", extra, amount)
    return margin


def _brackets(rule: Rule) -> list[Bracket]:
    return [
        Bracket(
            None if item.get("up_to") is None else Decimal(str(item["up_to"])), Decimal(str(item["step"])),
            Decimal(str(item.get("minus", 0))),
        )
        for item in rule.parameters["brackets"]
    ]  # fmt: skip


def _under_ceiling(gross: Decimal, rule: Rule | None, reference: Decimal | None, brackets: Sequence[Bracket],
                   note: Any) -> Decimal:  # fmt: skip
    """Nothing used costs more than a share of what new costs; the floor comes after and wins."""
    if rule is None or reference is None:
        return gross
    ceiling = reference * Decimal(str(rule.parameters["percent"])) / HUNDRED
    if gross <= ceiling:
        return gross
    note("ceiling", ceiling, rule)
    lower = round_price(ceiling, brackets)
    return lower if lower <= ceiling else round_price(ceiling - brackets[0].step, brackets)
