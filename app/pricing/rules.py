"""Price rules: an ordered set, of which each price takes those that apply to it.

Of every kind the last rule that applies wins, and of costs the last of every component; what wins does not depend on
anything but the order. `margin_percent` and `margin_amount` are two kinds: where both apply, both count.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from app.pricing import rounding
from app.pricing.rounding import Bracket
from app.pricing.vat import HUNDRED, cents

AGES = ("0-13", "14-29", "30-59", "60-89", "90+")  # Days that pieces of it have been there without a break.
KINDS = ("cost", "margin_percent", "margin_amount", "channel_fee_percent", "rounding", "ceiling_percent")
COMPONENTS = ("inbound", "refurbishing", "packaging", "outbound", "returns")  # In the order of the price's steps.
TO_THE_CENT = (Bracket(None, Decimal("0.01"), Decimal(0)),)
# Amounts and percentages have four places and a bound: a price is the same in whole numbers of PostgreSQL's bigint.
PLACES = 4
_LIMITS = {
    "eur": (Decimal(-100_000), Decimal(100_000)), "percent": (Decimal(-100), Decimal(1000)),
    "least_eur": (Decimal(0), Decimal(100_000)),
}  # fmt: skip


def age_band(days: int) -> str:
    """The one of AGES that so many days are in."""
    return AGES[bisect_right((14, 30, 60, 90), days)]


class RuleInvalid(ValueError):
    """The rule cannot be computed with; the message names the parameter."""


class Rule(NamedTuple):
    """`where`: field -> values that apply, all of them must; fields are those of `Facts`."""

    name: str
    kind: str
    where: Mapping[str, Sequence[str]]
    parameters: Mapping[str, Any]


class Facts(NamedTuple):
    """What rules may ask. `age` is one of AGES."""

    brand: str
    category: str
    grade: str
    supplier: str
    vat_scheme: str
    age: str = AGES[0]


class Cost(NamedTuple):
    """EUR a piece, and per cent of the offer's price. A component that is none of COMPONENTS is the rule's name."""

    rule: str
    component: str
    eur: Decimal
    percent: Decimal

    def amount(self, purchase: Decimal) -> Decimal:
        """EUR, in cents."""
        return cents(self.eur + purchase * self.percent / HUNDRED)


class Named(NamedTuple):
    """A number of a rule: per cent or EUR, by its kind. `least`: EUR, of a margin in per cent."""

    rule: str
    value: Decimal
    least: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Effective:
    """What is left of a rule set for given facts, with its numbers read. Costs are in the order of the steps."""

    costs: tuple[Cost, ...]
    margin_percent: Named | None
    margin_amount: Named | None
    channel_fee: Named | None
    ceiling: Named | None
    family: tuple[Bracket, ...]
    family_rule: str | None

    def landed(self, purchase: Decimal) -> Decimal:
        """The offer's price with what it costs to have the piece brought to us: EUR, in cents."""
        return purchase + sum(cost.amount(purchase) for cost in self.costs if cost.component == "inbound")


def applies(rule: Rule, facts: Facts) -> bool:
    """Whether every field that the rule names has one of its values."""
    return all(getattr(facts, name) in values for name, values in rule.where.items())


class Read(NamedTuple):
    """A rule with its numbers read, as its kind has them."""

    rule: Rule
    value: Cost | Named | tuple[Bracket, ...]


def read(rule: Rule) -> Read:
    """Raises RuleInvalid when the rule cannot be read."""
    if rule.kind == "cost":
        return Read(rule, _cost(rule))
    if rule.kind == "rounding":
        return Read(rule, _family(rule))
    return Read(rule, Named(rule.name, _number(rule, "eur" if rule.kind == "margin_amount" else "percent"),
                            _number(rule, "least_eur", default=0)))  # fmt: skip


def effective(rules: Sequence[Rule], facts: Facts) -> Effective:
    """The rules that win for the facts. Raises RuleInvalid when one of them cannot be read."""
    return winning(read(rule) for rule in rules if applies(rule, facts))


def winning(applying: Iterable[Read]) -> Effective:
    """What is left of rules that all apply, in their order."""
    costs: dict[str, Cost] = {}
    named: dict[str, Named] = {}
    family: tuple[Bracket, ...] = TO_THE_CENT
    family_rule: str | None = None
    for rule, value in applying:
        if isinstance(value, Cost):
            costs[value.component] = value
        elif isinstance(value, Named):
            named[rule.kind] = value
        else:
            family, family_rule = value, rule.name
    return Effective(
        costs=tuple(sorted(costs.values(), key=_step)), margin_percent=named.get("margin_percent"),
        margin_amount=named.get("margin_amount"), channel_fee=named.get("channel_fee_percent"),
        ceiling=named.get("ceiling_percent"), family=family, family_rule=family_rule,
    )  # fmt: skip


def check_rule(rule: Rule) -> None:
    """Raise RuleInvalid when the rule names an unknown kind or field, or its parameters cannot be read."""
    if rule.kind not in KINDS:
        raise RuleInvalid(f"{rule.name}: kind {rule.kind!r} is unknown")
    for name, values in rule.where.items():
        if name not in Facts._fields or isinstance(values, str) or not values or "" in values:
            raise RuleInvalid(f"{rule.name}: where {name!r}")
    anything = Facts(*(str(next(iter(rule.where.get(name, ("",))))) for name in Facts._fields))
    effective([rule], anything)


def _step(cost: Cost) -> int:
    """Costs of no known component come last, in the order of their rules."""
    return COMPONENTS.index(cost.component) if cost.component in COMPONENTS else len(COMPONENTS)


def _cost(rule: Rule) -> Cost:
    component = "inbound" if rule.parameters.get("inbound") else str(rule.parameters.get("component", rule.name))
    cost = Cost(rule.name, component, _number(rule, "eur", default=0), _number(rule, "percent", default=0))
    if cost.eur < 0 or not 0 <= cost.percent <= HUNDRED:
        raise RuleInvalid(f"{rule.name}: a cost is not negative, and at most 100 % of the offer")
    return cost


def _number(rule: Rule, parameter: str, *, default: int | None = None) -> Decimal:
    value = rule.parameters.get(parameter, default)
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        raise RuleInvalid(f"{rule.name}: {parameter} is {value!r}, not a number") from error
    if not number.is_finite():
        raise RuleInvalid(f"{rule.name}: {parameter} is {value!r}, not a number")
    least, most = _LIMITS[parameter]
    if not least <= number <= most:
        raise RuleInvalid(f"{rule.name}: {parameter} is {value!r}, not between {least} and {most}")
    if number != round(number, PLACES):
        raise RuleInvalid(f"{rule.name}: {parameter} is {value!r}, with more than {PLACES} places")
    return number


def _family(rule: Rule) -> tuple[Bracket, ...]:
    try:
        brackets = tuple(
            Bracket(
                None if item.get("up_to") is None else Decimal(str(item["up_to"])),
                Decimal(str(item["step"])),
                Decimal(str(item.get("minus", 0))),
            )
            for item in rule.parameters["brackets"]
        )
        rounding.check(brackets)
    except (KeyError, TypeError, AttributeError, ValueError, InvalidOperation) as error:
        raise RuleInvalid(f"{rule.name}: brackets: {error}") from error
    return brackets
