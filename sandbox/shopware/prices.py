"""Sums of a cart and of its order, in euro with VAT in them, as Shopware calculates them (contract, section 7.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sandbox.storage import Doc

CENT = Decimal("0.01")
PARCEL = Decimal("6.95")
FREE_FROM = Decimal(150)  # Goods of this much are sent for nothing.
Taxed = Mapping[Decimal, Decimal]  # Rate to the part of a price, with VAT, that it is in.


@dataclass(frozen=True, slots=True)
class Line:
    """Pieces of one product. Under the margin scheme the product's tax is 0 %: no VAT is shown."""

    product: Doc
    quantity: int
    unit: Decimal
    rate: Decimal

    @property
    def total(self) -> Decimal:
        return self.unit * self.quantity

    @property
    def taxed(self) -> Taxed:
        return {self.rate: self.total}


def cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


def tax_in(gross: Decimal, rate: Decimal) -> Decimal:
    """The VAT that is in an amount."""
    return cents(gross * rate / (100 + rate))


def goods(lines: Iterable[Line]) -> Decimal:
    return sum((line.total for line in lines), Decimal(0))


def shipping(lines: list[Line]) -> Decimal:
    """What the parcel costs."""
    return PARCEL if goods(lines) < FREE_FROM else Decimal(0)


def shipping_taxed(lines: list[Line]) -> Taxed:
    """The parcel's costs by the rates of what is in it, each its share; the last takes what rounding leaves."""
    by_rate, left = together(line.taxed for line in lines), shipping(lines)
    whole, costs = goods(lines), shipping(lines)
    parts: dict[Decimal, Decimal] = {}
    for place, (rate, price) in enumerate(by_rate.items(), start=1):
        parts[rate] = left if place == len(by_rate) else cents(costs * price / whole)
        left -= parts[rate]
    return parts


def together(parts: Iterable[Taxed]) -> dict[Decimal, Decimal]:
    """Sums per rate, the highest rate first."""
    sums: dict[Decimal, Decimal] = {}
    for part in parts:
        for rate, price in part.items():
            sums[rate] = sums.get(rate, Decimal(0)) + price
    return dict(sorted(sums.items(), reverse=True))


def calculated(unit: Decimal, quantity: int, taxed: Taxed) -> dict[str, Any]:
    """A CalculatedPrice."""
    total = unit * quantity
    return {
        "unitPrice": float(unit), "quantity": quantity, "totalPrice": float(total), "calculatedTaxes": _taxes(taxed),
        "taxRules": _rules(taxed), "referencePrice": None, "listPrice": None, "regulationPrice": None,
    }  # fmt: skip


def order_price(lines: list[Line]) -> dict[str, Any]:
    """The price of the whole order, the parcel included. VAT is rounded per line, as the lines show it."""
    parcel = shipping_taxed(lines)
    parts = [*(line.taxed for line in lines), parcel]
    total = goods(lines) + shipping(lines)
    tax: dict[Decimal, Decimal] = {}
    for part in parts:
        for rate, price in part.items():
            tax[rate] = tax.get(rate, Decimal(0)) + tax_in(price, rate)
    by_rate = together(parts)
    return {
        "netPrice": float(total - sum(tax.values())), "totalPrice": float(total), "positionPrice": float(goods(lines)),
        "rawTotal": float(total), "taxStatus": "gross", "taxRules": _rules(by_rate),
        "calculatedTaxes": [{"tax": float(tax[rate]), "taxRate": float(rate), "price": float(price)}
                            for rate, price in by_rate.items()],
    }  # fmt: skip


def _taxes(taxed: Taxed) -> list[dict[str, float]]:
    return [{"tax": float(tax_in(price, rate)), "taxRate": float(rate), "price": float(price)}
            for rate, price in taxed.items()]  # fmt: skip


def _rules(taxed: Taxed) -> list[dict[str, float]]:
    whole = sum(taxed.values())
    return [{"taxRate": float(rate), "percentage": round(float(100 * price / whole), 2) if whole else 100.0}
            for rate, price in taxed.items()]  # fmt: skip
