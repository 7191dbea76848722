"""Which rules win."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.pricing.defaults import default_rules
from app.pricing.models import PriceRule, RuleSet
from app.pricing.rules import KINDS, Facts, Rule, RuleInvalid, applies, check_rule, effective

PHONE = Facts("Apple", "phone", "B", "foxway", "margin")


def rule(kind: str, where: Mapping[str, list[str]] | None = None, name: str = "a rule", **parameters: Any) -> Rule:
    return Rule(name, kind, where or {}, parameters)


def test_a_rule_applies_where_each_field_that_it_names_has_one_of_its_values() -> None:
    assert applies(rule("cost"), PHONE)
    assert applies(rule("cost", {"grade": ["A", "B"], "supplier": ["foxway"]}), PHONE)
    assert not applies(rule("cost", {"grade": ["A", "B"], "supplier": ["other"]}), PHONE)
    assert not applies(rule("cost", {"vat_scheme": ["regular"]}), PHONE)


def test_of_a_kind_the_last_rule_that_applies_wins() -> None:
    general, phones = rule("margin_percent", percent="18"), rule("margin_percent", {"category": ["phone"]}, percent="9")

    assert effective([general, phones], PHONE).margin_percent is not None
    assert effective([general, phones], PHONE).margin_percent.value == 9  # type: ignore[union-attr]
    assert effective([phones, general], PHONE).margin_percent.value == 18  # type: ignore[union-attr]


def test_costs_add_up_by_component_and_the_last_of_a_component_wins() -> None:
    rules = [
        rule("cost", name="returns", component="returns", percent="2.5"),
        rule("cost", name="freight", component="inbound", eur="4.50"),
        rule("cost", name="heavy freight", component="inbound", eur="9.50"),
        rule("cost", name="insurance", eur="1"),
    ]

    costs = effective(rules, PHONE).costs

    assert [cost.rule for cost in costs] == ["heavy freight", "returns", "insurance"]
    assert sum(cost.amount(Decimal(100)) for cost in costs) == Decimal("13.00")


def test_the_landed_cost_is_the_offer_with_what_brings_it_to_us() -> None:
    rules = [
        rule("cost", name="freight", component="inbound", eur="4.50", percent="1"),
        rule("cost", name="parcel", component="outbound", eur="6"),
    ]

    assert effective(rules, PHONE).landed(Decimal(200)) == Decimal("206.50")


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (rule("discount", percent="1"), "kind"),
        (rule("cost", {"colour": ["red"]}, eur="1"), "colour"),
        (rule("cost", {"grade": "A+"}, eur="1"), "grade"),  # type: ignore[dict-item]
        (rule("cost", {"grade": []}, eur="1"), "grade"),
        (rule("cost", eur="four"), "eur"),
        (rule("cost", eur="-4"), "negative"),
        (rule("margin_percent"), "percent"),
        (rule("margin_percent", percent="NaN"), "percent"),
        (rule("rounding"), "brackets"),
        (rule("rounding", brackets=[{"up_to": 100, "step": "1"}]), "brackets"),
        (rule("rounding", brackets=[{"step": "x"}]), "brackets"),
    ],
)
def test_a_rule_that_cannot_be_computed_with_is_refused_by_name(broken: Rule, reason: str) -> None:
    with pytest.raises(RuleInvalid, match=rf"^a rule: .*{reason}"):
        check_rule(broken)


def test_the_rules_of_a_new_database_are_in_order_and_all_computable() -> None:
    rules = default_rules()

    for row in rules:
        check_rule(Rule(row["name"], row["kind"], row["where"], row["parameters"]))
    assert [row["position"] for row in rules] == sorted({row["position"] for row in rules})
    assert {row["channel"] for row in rules} == {None, "econocom"}


def test_the_database_knows_the_same_kinds_of_rules(session: Session) -> None:
    rules = RuleSet(state="draft")
    session.add(rules)
    session.flush()
    for kind in KINDS:
        session.add(PriceRule(rule_set_id=rules.id, position=1, name=kind, kind=kind, parameters={}))
    session.flush()

    session.add(PriceRule(rule_set_id=rules.id, position=1, name="discount", kind="discount", parameters={}))
    with pytest.raises(IntegrityError, match="kind_known"):
        session.flush()
