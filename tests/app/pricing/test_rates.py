"""VAT and exchange rates by day."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from app.pricing.defaults import default_vat_rates, demo_rates
from app.pricing.models import ExchangeRate, VatRate
from app.pricing.queries import UnknownRate, eur_rate, vat_percent_on


@pytest.fixture
def rates(session: Session) -> Session:
    session.add_all([VatRate(**rate) for rate in default_vat_rates()])
    session.add_all([ExchangeRate(**rate) for rate in demo_rates()])
    session.flush()
    return session


def test_the_vat_rate_is_the_one_in_force_on_the_day(rates: Session) -> None:
    rates.add(VatRate(country="NL", percent=Decimal(22), valid_from=date(2027, 1, 1)))
    rates.flush()

    assert vat_percent_on(rates, "NL", date(2026, 12, 31)) == 21
    assert vat_percent_on(rates, "NL", date(2027, 1, 1)) == 22


def test_a_vat_rate_that_nobody_entered_is_an_error_that_names_it(rates: Session) -> None:
    with pytest.raises(UnknownRate, match="BE on 2026-01-01"):
        vat_percent_on(rates, "BE", date(2026, 1, 1))
    with pytest.raises(UnknownRate, match="NL on 2001-01-01"):
        vat_percent_on(rates, "NL", date(2001, 1, 1))


def test_an_exchange_rate_is_the_last_published_on_or_before_the_day(rates: Session) -> None:
    rates.add(ExchangeRate(currency="DKK", day=date(2023, 10, 27), per_eur=Decimal("7.4628")))
    rates.flush()

    assert eur_rate(rates, "DKK", date(2023, 10, 27)) == Decimal("7.4628")
    assert eur_rate(rates, "DKK", date(2023, 10, 29)) == Decimal("7.4628")
    assert eur_rate(rates, "DKK", date(2023, 10, 26)) == Decimal("7.4365")
    assert eur_rate(rates, "EUR", date(1990, 1, 1)) == 1


def test_an_exchange_rate_that_was_never_published_is_an_error_that_names_it(rates: Session) -> None:
    with pytest.raises(UnknownRate, match="XXX on 2026-01-01"):
        eur_rate(rates, "XXX", date(2026, 1, 1))
    with pytest.raises(UnknownRate, match="DKK on 2001-01-01"):
        eur_rate(rates, "DKK", date(2001, 1, 1))


def test_the_rates_of_a_new_database_cover_the_currencies_of_suppliers() -> None:
    currencies = {rate["currency"] for rate in demo_rates()}

    assert {"DKK", "GBP", "USD", "SEK", "PLN"} <= currencies
    assert all(rate["per_eur"] > 0 for rate in demo_rates())
