"""What a new database knows of prices: rates and a sensible set of rules, all of them data that people change."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

# Units per EUR, roughly as the ECB published them at the turn of each year; a feed replaces them.
_RATES = {
    "DKK": ("7.4365", "7.4529", "7.4578", "7.4640"),
    "GBP": ("0.8869", "0.8691", "0.8292", "0.8720"),
    "USD": ("1.0666", "1.1050", "1.0389", "1.1620"),
    "SEK": ("11.1218", "11.0960", "11.4590", "11.0100"),
    "NOK": ("10.5138", "11.2405", "11.7950", "11.7000"),
    "PLN": ("4.6808", "4.3395", "4.2750", "4.2500"),
    "CHF": ("0.9847", "0.9260", "0.9412", "0.9300"),
    "CZK": ("24.1160", "24.7240", "25.1850", "24.3000"),
}
_DAYS = (date(2023, 1, 2), date(2023, 12, 29), date(2024, 12, 31), date(2025, 11, 3))


def demo_rates() -> list[dict[str, Any]]:
    """Rows of exchange_rate."""
    return [
        {"currency": currency, "day": day, "per_eur": Decimal(rate)}
        for currency, rates in _RATES.items()
        for day, rate in zip(_DAYS, rates, strict=True)
    ]


def default_vat_rates() -> list[dict[str, Any]]:
    """Rows of vat_rate: the Dutch standard rate since 1 October 2012."""
    return [{"country": "NL", "percent": Decimal(21), "valid_from": date(2012, 10, 1)}]


def default_rules() -> list[dict[str, Any]]:
    """Rows of price_rule with `channel` (a code, or None for every channel) in place of its id."""
    small = {"category": ["phone", "tablet"]}
    large = {"category": ["desktop", "monitor"]}
    endings = [
        {"up_to": 100, "step": "1", "minus": "0.05"},
        {"up_to": 1000, "step": "10", "minus": "1"},
        {"up_to": None, "step": "10", "minus": "0"},
    ]
    rules: list[dict[str, Any]] = [
        _cost("Inbound freight", "inbound", {"eur": "4.50"}),
        _cost("Inbound freight, large goods", "inbound", {"eur": "12.50"}, large),
        _cost("Testing and cleaning", "refurbishing", {"eur": "7.00"}),
        _cost("Testing and cleaning, phones and tablets", "refurbishing", {"eur": "5.50"}, small),
        _cost("No testing of sealed goods", "refurbishing", {"eur": "0"}, {"grade": ["new"]}),
        _cost("Packaging", "packaging", {"eur": "2.00"}),
        _cost("Packaging, large goods", "packaging", {"eur": "4.00"}, large),
        _cost("Outbound parcel", "outbound", {"eur": "6.25"}),
        _cost("Outbound parcel, large goods", "outbound", {"eur": "11.50"}, large),
        _cost("Expected returns", "returns", {"percent": "2.5"}),
        _cost("Expected returns, grade C", "returns", {"percent": "4.5"}, {"grade": ["C"]}),
        _rule("Margin", "margin_percent", {"percent": "18", "least_eur": "12"}),
        _rule("Margin, small devices", "margin_percent", {"percent": "15", "least_eur": "15"}, small),
        _rule("Margin, as new", "margin_percent", {"percent": "20", "least_eur": "15"}, {"grade": ["new", "A+"]}),
        _rule("Endings", "rounding", {"brackets": endings}),
        _rule("Below new", "ceiling_percent", {"percent": "95"}),
        _rule("Contract customers", "margin_percent", {"percent": "12", "least_eur": "10"}, channel="econocom"),
        _rule("Platform fee", "channel_fee_percent", {"percent": "1.5"}, channel="econocom"),
        _rule("Whole euros", "rounding", {"brackets": [{"up_to": None, "step": "1", "minus": "0"}]},
              channel="econocom"),
    ]  # fmt: skip
    return [{**rule, "position": 10 * place} for place, rule in enumerate(rules, start=1)]


def _cost(name: str, component: str, parameters: dict[str, Any], where: dict[str, list[str]] | None = None) -> dict[
    str, Any
]:  # fmt: skip
    return _rule(name, "cost", {**parameters, "component": component}, where)


def _rule(name: str, kind: str, parameters: dict[str, Any], where: dict[str, list[str]] | None = None,
          channel: str | None = None) -> dict[str, Any]:  # fmt: skip
    return {"name": name, "kind": kind, "parameters": parameters, "where": where or {}, "channel": channel}
