"""One price: examples a person can check, and what must hold for every price."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.pricing.engine import ADDENDS, PaymentFee, Priced, PriceInputs, price_listing
from app.pricing.rules import Facts, Rule, effective
from app.pricing.vat import SCHEMES, FeesTooHigh, vat_of_sale

NO_FEE = PaymentFee(Decimal(0), Decimal(0))
FEE = PaymentFee(Decimal("0.30"), Decimal("1.20"))
WHOLE_EUROS = Rule("whole euros", "rounding", {}, {"brackets": [{"up_to": None, "step": "1"}]})
CENT = Decimal("0.01")


def inputs(scheme: str = "regular", purchase: str = "200.00", reference: str | None = None) -> PriceInputs:
    facts = Facts("Apple", "phone", "B", "foxway", scheme)
    return PriceInputs(facts, Decimal(purchase), Decimal(reference) if reference else None)


def price(what: PriceInputs, rules: list[Rule], fee: PaymentFee = NO_FEE, vat: int = 21) -> Priced:
    return price_listing(what, rules, vat_percent=Decimal(vat), payment_fee=fee)


def steps(priced: Priced, name: str) -> list[Decimal]:
    return [Decimal(step["amount"]) for step in priced.trace if step["step"] == name]


@pytest.mark.parametrize(
    ("scheme", "margin", "vat", "net"),
    [("regular", "47.93", "52.07", "247.93"), ("margin", "82.64", "17.36", "282.64")],
)
def test_a_piece_bought_at_200_is_sold_at_300_under_either_scheme(scheme: str, margin: str, vat: str, net: str) -> None:
    priced = price(inputs(scheme), [Rule("margin", "margin_amount", {}, {"eur": margin}), WHOLE_EUROS])

    assert priced.gross == Decimal("300.00")
    assert priced.gross - priced.net == Decimal(vat)
    assert priced.net == Decimal(net)


def test_the_trace_names_every_step_in_the_order_of_the_business() -> None:
    rules = [
        Rule("parcel", "cost", {}, {"component": "outbound", "eur": "6.25"}),
        Rule("freight", "cost", {}, {"component": "inbound", "eur": "4.50"}),
        Rule("returns", "cost", {}, {"component": "returns", "percent": "2.5"}),
        Rule("box", "cost", {}, {"component": "packaging", "eur": "2"}),
        Rule("bench", "cost", {}, {"component": "refurbishing", "eur": "7"}),
        Rule("margin", "margin_percent", {}, {"percent": "10"}),
        Rule("platform", "channel_fee_percent", {}, {"percent": "1.5"}),
        Rule("endings", "rounding", {}, {"brackets": [{"up_to": None, "step": "10", "minus": "1"}]}),
    ]

    priced = price(inputs(), rules, FEE)

    assert [(step["step"], step.get("rule")) for step in priced.trace] == [
        ("purchase", None), ("cost", "freight"), ("cost", "bench"), ("cost", "box"), ("payment_fixed", None),
        ("fees_percent", None), ("cost", "parcel"), ("cost", "returns"), ("margin", "margin"), ("vat", None),
        ("fees_percent", "platform"), ("wanted", None), ("rounded", "endings"), ("floor", None), ("price", None),
    ]  # fmt: skip
    # 225.05 of costs and 22.51 of margin = wanted x (1/1.21 - 2.7 %).
    assert steps(priced, "cost") == [Decimal(cost) for cost in ("4.50", "7.00", "2.00", "6.25", "5.00")]
    assert steps(priced, "wanted") == [Decimal("309.66")]
    assert steps(priced, "vat") == [Decimal("53.74")]
    assert steps(priced, "fees_percent") == [Decimal("3.72"), Decimal("4.64")]
    assert steps(priced, "margin") == [Decimal("22.51")]
    assert (priced.gross, priced.landed_cost) == (Decimal(309), Decimal("204.50"))


def test_a_margin_in_per_cent_is_at_least_its_amount_and_an_amount_adds_to_it() -> None:
    percent = Rule("share", "margin_percent", {}, {"percent": "5", "least_eur": "25"})
    amount = Rule("extra", "margin_amount", {}, {"eur": "7"})

    alone, both = price(inputs(), [percent], vat=0), price(inputs(), [percent, amount], vat=0)

    assert (alone.gross, both.gross) == (Decimal(225), Decimal(232))


def test_a_price_rounded_below_its_floor_goes_up_to_the_next_of_its_family() -> None:
    tens = Rule("tens", "rounding", {}, {"brackets": [{"up_to": None, "step": "10"}]})

    priced = price(inputs(purchase="204.00"), [tens], vat=0)

    assert steps(priced, "rounded") == [Decimal(200)]
    assert (priced.floor, priced.gross) == (Decimal(204), Decimal(210))


def test_nothing_costs_more_than_its_share_of_what_new_costs() -> None:
    rules = [
        Rule("margin", "margin_percent", {}, {"percent": "60"}),
        Rule("below new", "ceiling_percent", {}, {"percent": "95"}),
        Rule("nines", "rounding", {}, {"brackets": [{"up_to": None, "step": "10", "minus": "1"}]}),
    ]

    priced = price(inputs(reference="340.00"), rules)

    assert steps(priced, "ceiling") == [Decimal("323.00")]
    assert priced.gross == Decimal(319)


def test_the_floor_wins_over_the_ceiling() -> None:
    priced = price(inputs(reference="150.00"), [Rule("below new", "ceiling_percent", {}, {"percent": "95"})])

    assert priced.gross == priced.floor
    assert priced.floor > Decimal(150)


def test_fees_that_eat_any_price_are_refused() -> None:
    with pytest.raises(FeesTooHigh):
        price(inputs(), [Rule("platform", "channel_fee_percent", {}, {"percent": "85"})])


def test_no_price_at_or_above_any_floor_loses_a_cent_though_vat_and_fees_are_rounded_apart() -> None:
    rules = [Rule("platform", "channel_fee_percent", {}, {"percent": "8"})]

    for purchase in range(1, 60000, 37):
        what = inputs(("regular", "margin")[purchase % 2], str(Decimal(purchase) / 100))
        floor = price(what, rules, FEE).floor
        assert all(left(what, rules, floor + more * CENT) >= 0 for more in range(20)), what
        assert left(what, rules, floor - CENT) < 0, what


FIELDS: dict[str, list[str]] = {
    "brand": ["Apple", "Dell"], "category": ["phone", "notebook"], "grade": ["A", "B"], "supplier": ["foxway", "other"],
    "vat_scheme": list(SCHEMES),
}  # fmt: skip
FACTS = st.builds(Facts, **{name: st.sampled_from(values) for name, values in FIELDS.items()})
WHERE = st.fixed_dictionaries(
    {}, optional={name: st.lists(st.sampled_from(values), min_size=1, unique=True) for name, values in FIELDS.items()}
)


def numbers(least: int, most: int) -> st.SearchStrategy[str]:
    return st.decimals(least, most, places=2).map(str)


BRACKETS = st.sampled_from(
    [
        [{"up_to": None, "step": "0.01"}],
        [{"up_to": None, "step": "1", "minus": "0.05"}],
        [{"up_to": 100, "step": "1", "minus": "0.05"}, {"up_to": 1000, "step": "10", "minus": "1"}, {"step": "10"}],
        [{"up_to": 333, "step": "50"}, {"step": "7", "minus": "0.01"}],
    ]
)
PARAMETERS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "cost": st.fixed_dictionaries(
        {"component": st.sampled_from(["inbound", "returns", "other"])},
        optional={"eur": numbers(0, 30), "percent": numbers(0, 10)},
    ),
    "margin_percent": st.fixed_dictionaries({"percent": numbers(-5, 60)}, optional={"least_eur": numbers(0, 40)}),
    "margin_amount": st.fixed_dictionaries({"eur": numbers(-20, 90)}),
    "channel_fee_percent": st.fixed_dictionaries({"percent": numbers(0, 12)}),
    "rounding": st.fixed_dictionaries({"brackets": BRACKETS}),
    "ceiling_percent": st.fixed_dictionaries({"percent": numbers(50, 110)}),
}
RULE = st.sampled_from(sorted(PARAMETERS)).flatmap(
    lambda kind: st.builds(Rule, name=st.text("abc", min_size=1, max_size=3), kind=st.just(kind), where=WHERE,
                           parameters=PARAMETERS[kind])
)  # fmt: skip
RULES = st.lists(RULE, max_size=9)
EUROS = st.decimals(Decimal("0.01"), Decimal(3000), places=2)
INPUTS = st.builds(PriceInputs, facts=FACTS, purchase=EUROS, reference=st.none() | EUROS)


def left(what: PriceInputs, rules: list[Rule], gross: Decimal) -> Decimal:
    """What a sale leaves, computed apart from the engine's own chain."""
    chosen = effective(rules, what.facts)
    channel = chosen.channel_fee.value if chosen.channel_fee else Decimal(0)
    net = vat_of_sale(what.facts.vat_scheme, gross=gross, purchase=what.purchase, percent=Decimal(21)).net
    fees = sum(round(gross * share / 100 + Decimal("1e-9"), 2) for share in (FEE.percent, channel))
    return net - fees - FEE.fixed - what.purchase - sum(cost.amount(what.purchase) for cost in chosen.costs)


@given(what=INPUTS, rules=RULES)
def test_a_price_is_never_below_its_floor_and_no_price_from_the_floor_on_loses_money(
    what: PriceInputs, rules: list[Rule]
) -> None:
    priced = price(what, rules, FEE)

    assert priced.gross >= priced.floor
    assert left(what, rules, priced.gross) >= 0
    assert all(left(what, rules, priced.floor + more * CENT) >= 0 for more in range(12))
    assert left(what, rules, priced.floor - CENT) < 0  # It is the least such price.


@given(what=INPUTS, rules=RULES)
def test_the_trace_adds_up_to_the_wanted_price_and_ends_in_the_price(what: PriceInputs, rules: list[Rule]) -> None:
    priced = price(what, rules, FEE)

    added = sum(Decimal(step["amount"]) for step in priced.trace if step["step"] in ADDENDS)
    assert [added] == steps(priced, "wanted")
    assert priced.trace[-1] == {"step": "price", "amount": str(priced.gross)}
    assert steps(priced, "floor") == [priced.floor]


@given(what=INPUTS, rules=RULES)
def test_equal_input_gives_an_equal_price(what: PriceInputs, rules: list[Rule]) -> None:
    again = [Rule(*rule[:2], dict(reversed(list(rule.where.items()))), dict(rule.parameters)) for rule in rules]

    assert price(what, rules, FEE) == price(what, again, FEE)


@given(what=INPUTS, rules=RULES, other=RULE, place=st.integers(0, 9))
def test_a_rule_that_does_not_apply_changes_nothing(
    what: PriceInputs, rules: list[Rule], other: Rule, place: int
) -> None:
    elsewhere = other._replace(where={**other.where, "brand": ["Nobody"]})

    assert price(what, [*rules[:place], elsewhere, *rules[place:]], FEE) == price(what, rules, FEE)


@settings(max_examples=300)
@given(what=INPUTS, rules=RULES, more=st.decimals(CENT, 400, places=2))
def test_a_dearer_piece_is_never_sold_cheaper(what: PriceInputs, rules: list[Rule], more: Decimal) -> None:
    assume(all(Decimal(rule.parameters.get("percent", 0)) >= 0 for rule in rules if rule.kind == "margin_percent"))
    dearer = PriceInputs(what.facts, what.purchase + more, what.reference)

    cheap, dear = price(what, rules, FEE), price(dearer, rules, FEE)

    assert dear.gross >= cheap.gross
    assert dear.floor >= cheap.floor


def family_of(rule: Rule) -> tuple[str, str]:
    return rule.kind, rule.parameters.get("component", "")


@given(what=INPUTS, rules=RULES, order=st.randoms(use_true_random=False))
def test_only_the_order_within_a_kind_matters(what: PriceInputs, rules: list[Rule], order: Any) -> None:
    families = [family_of(rule) for rule in rules]
    order.shuffle(families)
    waiting = {family: [rule for rule in rules if family_of(rule) == family] for family in families}
    mixed = [waiting[family].pop(0) for family in families]

    one, other = price(what, rules, FEE), price(what, mixed, FEE)

    assert (one.gross, one.net, one.floor, one.landed_cost) == (other.gross, other.net, other.floor, other.landed_cost)


@given(what=INPUTS, rules=RULES, first=RULE, data=st.data())
def test_of_two_rules_of_a_kind_that_apply_the_later_decides(
    what: PriceInputs, rules: list[Rule], first: Rule, data: st.DataObject
) -> None:
    parameters = data.draw(PARAMETERS[first.kind])
    if first.kind == "cost":
        parameters = {**parameters, "component": first.parameters["component"]}
    early, late = first._replace(where={}), first._replace(where={}, parameters=parameters)

    assert price(what, [*rules, early, late], FEE) == price(what, [*rules, late], FEE)
    assert price(what, [*rules, late, early], FEE) == price(what, [*rules, early], FEE)
