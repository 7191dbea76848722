"""VAT of one sale under the two schemes. Amounts are EUR, rounded half up to cents per document line.

Rates and schemes are data: the rate comes from `vat_rate`, the scheme from the offer that the piece is bought by.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

CENT = Decimal("0.01")
HUNDRED = Decimal(100)
SCHEMES = ("regular", "margin")
LEAST_LEFT = Decimal("0.05")  # Of a price: where fees and VAT leave less of it, prices grow without bound.


class FeesTooHigh(ValueError):
    """Fees and VAT together take all of any price, or nearly all."""


class SaleVat(NamedTuple):
    vat: Decimal  # EUR that is due
    net: Decimal  # What the sale leaves: price minus VAT


class Share(NamedTuple):
    """A share of amounts in whole cents, as an exact fraction: tens of thousands of prices are quick in integers."""

    numerator: int
    denominator: int

    def of(self, amount: int) -> int:
        """Half up to whole cents."""
        part = (2 * abs(amount) * self.numerator + self.denominator) // (2 * self.denominator)
        return part if amount >= 0 else -part


def share_of(percent: Decimal) -> Share:
    """`percent` per cent of an amount."""
    numerator, denominator = percent.as_integer_ratio()
    return Share(numerator, 100 * denominator)


def vat_share(percent: Decimal) -> Share:
    """The VAT that is in an amount which includes it."""
    numerator, denominator = percent.as_integer_ratio()
    return Share(numerator, 100 * denominator + numerator)


def cents(amount: Decimal) -> Decimal:
    """Half up to cents."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def in_cents(amount: Decimal) -> int:
    """EUR as whole cents, half up."""
    return int(cents(amount) * HUNDRED)


def in_euros(amount: int) -> Decimal:
    """Whole cents as EUR with two places."""
    return Decimal(amount).scaleb(-2)


def vat_in_cents(scheme: str, *, gross: int, purchase: int, vat: Share) -> int:
    """VAT of a sale at `gross`. `regular`: in the whole price. `margin`: in what exceeds `purchase` only, never < 0.

    Costs of repair do not lower the taxed margin. Raises ValueError for another scheme.
    """
    if scheme == "regular":
        return vat.of(gross)
    if scheme == "margin":
        return vat.of(max(0, gross - purchase))
    raise ValueError(f"unknown VAT scheme {scheme!r}")


def vat_of_sale(scheme: str, *, gross: Decimal, purchase: Decimal, percent: Decimal) -> SaleVat:
    """`vat_in_cents` in EUR, with what the sale leaves."""
    due = vat_in_cents(scheme, gross=in_cents(gross), purchase=in_cents(purchase), vat=vat_share(percent))
    vat = in_euros(due)
    return SaleVat(vat, cents(gross) - vat)


def kept_after_vat(percent: Decimal, *, share: Decimal) -> Decimal:
    """What VAT leaves of a price, as a part of 1. Raises FeesTooHigh when `share` per cent of fees take it."""
    kept = HUNDRED / (HUNDRED + percent)
    if kept - share / HUNDRED < LEAST_LEFT:
        raise FeesTooHigh(f"{share} % fees beside {percent} % VAT")
    return kept


def gross_leaving(scheme: str, *, net: Decimal, purchase: Decimal, percent: Decimal, share: Decimal) -> Decimal:
    """The gross price, not rounded, that leaves `net` after its VAT and after `share` per cent of itself in fees.

    Solved, not approached: gross - VAT(gross) - gross x share = net, where the margin scheme taxes gross - purchase.
    Raises FeesTooHigh, and ValueError for an unknown scheme.
    """
    kept, fees = kept_after_vat(percent, share=share), share / HUNDRED
    if scheme == "regular":
        return net / (kept - fees)
    if scheme != "margin":
        raise ValueError(f"unknown VAT scheme {scheme!r}")
    untaxed = net / (1 - fees)
    if untaxed <= purchase:
        return untaxed  # No margin, no VAT.
    return (net - purchase * (1 - kept)) / (kept - fees)
