"""VAT of one sale under the two schemes. Amounts are EUR, rounded half up to cents. See domain words in docs."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

CENT = Decimal("0.01")
HUNDRED = Decimal(100)


class SaleVat(NamedTuple):
    vat: Decimal  # EUR that is due
    net: Decimal  # What the sale leaves: price minus VAT


def cents(amount: Decimal) -> Decimal:
    """Half up to cents, as per document line."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def vat_of_sale(scheme: str, *, gross: Decimal, purchase: Decimal, percent: Decimal) -> SaleVat:
    """VAT of a sale at `gross`. `regular`: in the whole price. `margin`: in the margin over `purchase` only, never < 0.

    Raises ValueError for another scheme.
    """
    if scheme == "regular":
        vat = cents(gross * percent / (HUNDRED + percent))
    elif scheme == "margin":
        vat = cents(max(Decimal(0), gross - purchase) * percent / (HUNDRED + percent))
    else:
        raise ValueError(scheme)
    return SaleVat(vat, gross - vat)


def gross_for(scheme: str, *, net: Decimal, purchase: Decimal, percent: Decimal) -> Decimal:
    """The least gross price, not rounded, that leaves `net` after VAT: the inverse of `vat_of_sale`."""
    if scheme == "regular":
        return net * (HUNDRED + percent) / HUNDRED
    if scheme == "margin":
        return net if net <= purchase else purchase + (net - purchase) * (HUNDRED + percent) / HUNDRED
    raise ValueError(scheme)
