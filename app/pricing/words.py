"""Sentences about prices and rules, in the user's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _

from app.catalog.words import category_name
from app.web.lazy import lazy as _l
from app.web.templating import money, number
from app.web.words import stored


def step_name(step: str) -> str:
    """A step of a price's trace, for people."""
    return {
        "purchase": _("Offer, in euros"),
        "cost": _("Cost"),
        "payment_fixed": _("Payment, per order"),
        "margin": _("Margin"),
        "fees_percent": _("Fees, as a share of the price"),
        "vat": _("VAT"),
        "wanted": _("Price before rounding"),
        "ceiling": _("Ceiling"),
        "rounded": _("Rounded"),
        "floor": _("Floor"),
        "ladder": _("At most what a better grade costs"),
        "override": _("Named by a person"),
        "price": _("Price"),
    }.get(step, step)


def rule_sentence(kind: str, parameters: Mapping[str, Any]) -> str:
    """What a rule does."""
    percent = number(Decimal(str(parameters.get("percent") or 0)))
    if kind == "cost":
        parts = []
        if parameters.get("eur"):
            parts.append(_("%(amount)s a piece", amount=money(parameters["eur"])))
        if Decimal(str(parameters.get("percent") or 0)):
            parts.append(_("%(percent)s %% of the offer", percent=percent))
        return " + ".join(parts)
    if kind == "margin_percent":
        return _("%(percent)s %% over cost, at least %(amount)s", percent=percent,
                 amount=money(parameters.get("least_eur", 0)))  # fmt: skip
    if kind == "margin_amount":
        return _("%(amount)s over cost", amount=money(parameters.get("eur", 0)))
    if kind == "channel_fee_percent":
        return _("%(percent)s %% of the price", percent=percent)
    if kind == "ceiling_percent":
        return _("at most %(percent)s %% of what new costs", percent=percent)
    if kind == "rounding":
        return "; ".join(
            _("up to %(limit)s: steps of %(step)s less %(minus)s", limit=money(item["up_to"]), step=money(item["step"]),
              minus=money(item.get("minus", 0)))
            if item.get("up_to") is not None
            else _("steps of %(step)s less %(minus)s", step=money(item["step"]), minus=money(item.get("minus", 0)))
            for item in parameters["brackets"]
        )  # fmt: skip
    return kind


def kind_name(kind: str) -> str:
    """A kind of rule."""
    return {
        "cost": _("Cost"),
        "margin_percent": _("Margin"),
        "margin_amount": _("Margin"),
        "channel_fee_percent": _("Channel fee"),
        "rounding": _("Rounding"),
        "ceiling_percent": _("Ceiling"),
    }.get(kind, kind)


def kind_long(kind: str) -> str:
    """A kind of rule, so that no two are named alike."""
    return {
        "cost": _("Cost"),
        "margin_percent": _("Margin in per cent"),
        "margin_amount": _("Margin in euros"),
        "channel_fee_percent": _("Channel fee"),
        "rounding": _("Rounding"),
        "ceiling_percent": _("Ceiling"),
    }[kind]


FIELD_NAMES = {
    "brand": _l("Brand"), "category": _l("Category"), "grade": _l("Grade"), "supplier": _l("Supplier"),
    "vat_scheme": _l("VAT"), "age": _l("Days in stock"),
}  # fmt: skip


def where_sentence(where: Mapping[str, Sequence[str]]) -> str:
    """Which listings a rule is about."""
    known = [(shown, name, where[name]) for name, shown in FIELD_NAMES.items() if name in where]
    parts = [f"{shown}: {', '.join(_value(name, value) for value in values)}" for shown, name, values in known]
    return " · ".join(parts) or _("everywhere")


def _value(name: str, value: str) -> str:
    if name == "category":
        return category_name(value)
    return scheme(value) if name == "vat_scheme" else value


def scheme(name: str) -> str:
    """A VAT scheme."""
    return str(stored(name))


def set_title(number: int | None, state: str) -> str:
    """A version of the rules by its number, or by what it is."""
    return _("Version %(number)s", number=number) if number is not None else set_state(state).capitalize()


def set_state(state: str) -> str:
    """The state of a version."""
    return str(_STATES.get(state, state))


_STATES = {
    "draft": _l("draft"), "proposed": _l("former version, to come back"), "publishing": _l("being published"),
    "staged": _l("first stage"), "in_force": _l("in force"), "retired": _l("was in force"),
    "withdrawn": _l("taken back"), "discarded": _l("thrown away"),
}  # fmt: skip


def set_problem(code: str) -> str:
    """Why an act on a version was refused."""
    return {
        "not_draft": _("This version cannot be changed any more."),
        "not_staged": _("This version has no first stage that waits."),
        "not_retired": _("Only a version that was in force can come back."),
        "not_simulated": _("Simulate it first, as it is now."),
        "not_asked": _("Nobody asked for it to be published."),
        "same_person": _("Somebody else than the person who asked has to agree."),
        "on_its_way": _("Another version is being published: finish it or take it back first."),
        "proposed_already": _("A former version is about to come back: publish it or throw it away first."),
        "conflict": _("Somebody changed this draft meanwhile. This is how it is now."),
        "name_taken": _("Another rule has this name."),
        "gone": _("This rule is not there any more."),
    }.get(code, code)


def override_problem(code: str) -> str:
    """Why an act on a named price was refused."""
    return {
        "no_price": _("This storefront has no price of it that could be replaced."),
        "ends_too_soon": _("A named price ends in the future."),
        "ended": _("This named price has ended already."),
        "same_person": _("Somebody else than the person who named it has to agree."),
        "agreed_already": _("A second person has agreed already."),
    }.get(code, code)


def change_name(kind: str) -> str:
    """What happened to a rule since the version before."""
    return {"new": _("new"), "changed": _("changed"), "moved": _("moved"), "gone": _("gone")}[kind]


def above_sentence(above: Sequence[str], *, percent: int, eur: Decimal) -> str:
    """Why a second person is needed."""
    reasons = {
        "listings": _("more than %(percent)s %% of the listings change", percent=percent),
        "effect": _("the stock's value changes by more than %(amount)s", amount=money(eur)),
    }
    return _(" and ").join(reasons[name] for name in above)


def simulation_problem(problem: Mapping[str, str]) -> str:
    """Why a rule set could not be computed."""
    if problem["code"] == "FeesTooHigh":
        return _("Fees and VAT take all of the price: %(detail)s.", detail=problem["detail"])
    return _("A rule cannot be computed with: %(detail)s.", detail=problem["detail"])
