"""VAT of one sale: worked examples, and the inverse of it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pricing.vat import SCHEMES, FeesTooHigh, SaleVat, cents, gross_leaving, vat_of_sale

EUROS = st.decimals(Decimal("0.01"), Decimal(20000), places=2)


def test_a_regular_sale_carries_vat_in_its_whole_price() -> None:
    sale = vat_of_sale("regular", gross=Decimal("300.00"), purchase=Decimal("200.00"), percent=Decimal(21))

    assert sale == SaleVat(vat=Decimal("52.07"), net=Decimal("247.93"))


def test_a_margin_sale_carries_vat_in_its_margin_only() -> None:
    sale = vat_of_sale("margin", gross=Decimal("300.00"), purchase=Decimal("200.00"), percent=Decimal(21))

    assert sale.vat == Decimal("17.36")
    assert sale.net - Decimal("200.00") == Decimal("82.64")


def test_a_loss_under_the_margin_scheme_counts_as_no_margin() -> None:
    sale = vat_of_sale("margin", gross=Decimal("150.00"), purchase=Decimal("200.00"), percent=Decimal(21))

    assert sale == SaleVat(vat=Decimal(0), net=Decimal("150.00"))


def test_half_a_cent_is_rounded_up() -> None:
    assert [str(cents(Decimal(amount))) for amount in ("0.005", "1.015", "1.0149")] == ["0.01", "1.02", "1.01"]


def test_a_scheme_that_nobody_decided_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown VAT scheme ''"):
        vat_of_sale("", gross=Decimal(1), purchase=Decimal(1), percent=Decimal(21))
    with pytest.raises(ValueError, match="unknown VAT scheme ''"):
        gross_leaving("", net=Decimal(1), purchase=Decimal(1), percent=Decimal(21), share=Decimal(0))


@given(scheme=st.sampled_from(SCHEMES), net=EUROS, purchase=EUROS, share=st.decimals(0, 20, places=2))
def test_the_solved_price_leaves_what_was_asked(scheme: str, net: Decimal, purchase: Decimal, share: Decimal) -> None:
    gross = gross_leaving(scheme, net=net, purchase=purchase, percent=Decimal(21), share=share)

    taxed = gross if scheme == "regular" else max(Decimal(0), gross - purchase)
    left = gross - taxed * 21 / 121 - gross * share / 100
    assert abs(left - net) < Decimal("1e-9")


def test_fees_that_take_all_of_any_price_are_refused() -> None:
    with pytest.raises(FeesTooHigh):
        gross_leaving("regular", net=Decimal(1), purchase=Decimal(1), percent=Decimal(21), share=Decimal(90))
