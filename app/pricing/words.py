"""Sentences about prices and rules, in the user's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from app.web.templating import money


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
        "price": _("Price"),
    }.get(step, step)


def rule_sentence(kind: str, parameters: Mapping[str, Any]) -> str:
    """What a rule does."""
    percent = parameters.get("percent")
    if kind == "cost":
        parts = []
        if parameters.get("eur"):
            parts.append(_("%(amount)s a piece", amount=money(parameters["eur"])))
        if percent:
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
