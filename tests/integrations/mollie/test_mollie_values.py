"""Amounts with exactly their currency's decimals, both ways; times in both of their forms."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.mollie.values import Money, plain, read_amount, read_period_amount, read_time, write_amount

CENTS = st.integers(min_value=-(10**14), max_value=10**14)


@given(CENTS, st.sampled_from([("EUR", 2), ("USD", 2), ("JPY", 0)]))
def test_an_amount_comes_back_as_it_went(units: int, of: tuple[str, int]) -> None:
    currency, places = of
    money = Money(Decimal(units).scaleb(-places), currency)

    written = write_amount(money)

    assert read_amount(written) == money
    assert len(written["value"].partition(".")[2]) == places
    assert written["value"].startswith("-") == (units < 0)


@given(st.decimals(allow_nan=True, allow_infinity=True), st.sampled_from(["EUR", "JPY", "ISK"]))
def test_any_decimal_is_written_exactly_or_not_at_all(value: Decimal, currency: str) -> None:
    try:
        written = write_amount(Money(value, currency))
    except ValueError:
        return

    assert Decimal(written["value"]) == value


@given(st.text() | st.integers() | st.floats() | st.none() | st.decimals(), st.text() | st.sampled_from(["EUR", "JPY"]))
def test_what_is_no_amount_is_said_to_be_none(value: object, currency: str) -> None:
    try:
        money = read_amount({"value": value, "currency": currency})
    except ValueError:
        return

    assert isinstance(value, str)
    assert write_amount(money)["currency"] == currency


@pytest.mark.parametrize(
    ("value", "currency", "written"),
    [
        ("10", "EUR", "10.00"), ("10.5", "EUR", "10.50"), ("1E+1", "EUR", "10.00"), ("-0", "EUR", "0.00"),
        ("10.500", "EUR", "10.50"), ("1000", "JPY", "1000"), ("1000.00", "JPY", "1000"), ("-0.01", "EUR", "-0.01"),
        ("12.345", "KWD", "12.345"), ("12", "ISK", "12"),
    ],
)  # fmt: skip
def test_an_amount_is_written_with_its_currencys_decimals(value: str, currency: str, written: str) -> None:
    assert write_amount(Money(Decimal(value), currency)) == {"currency": currency, "value": written}


@pytest.mark.parametrize(
    ("value", "currency"),
    [("10.005", "EUR"), ("0.5", "JPY"), ("NaN", "EUR"), ("Infinity", "EUR"), ("1E+20", "EUR"), ("1E+999999", "EUR"),
     ("1", "eur"), ("1", "EURO"), ("1", "")],
)  # fmt: skip
def test_nothing_is_rounded_and_nothing_odd_is_written(value: str, currency: str) -> None:
    with pytest.raises(ValueError, match=r"amount|currency"):
        write_amount(Money(Decimal(value), currency))


@pytest.mark.parametrize(
    "data",
    [
        {"value": 10.0, "currency": "EUR"}, {"value": Decimal("10.00"), "currency": "EUR"},
        {"value": "10.0", "currency": "EUR"}, {"value": "10", "currency": "EUR"}, {"value": "10.00", "currency": "JPY"},
        {"value": "10.000", "currency": "EUR"}, {"value": " 10.00", "currency": "EUR"},
        {"value": "1e2", "currency": "EUR"}, {"value": "١٠.٠٠", "currency": "EUR"}, {"value": "NaN", "currency": "EUR"},
        {"value": "10.00"}, {"currency": "EUR"}, {"value": "10.00", "currency": "Eur"}, {}, [], None, "10.00",
    ],
)  # fmt: skip
def test_an_amount_of_another_shape_is_not_read(data: object) -> None:
    with pytest.raises(ValueError, match=r"amount|currency"):
        read_amount(data)


def test_a_period_counts_in_hundredths_of_a_cent() -> None:
    assert read_period_amount({"value": "86.1234", "currency": "EUR"}) == Money(Decimal("86.1234"), "EUR")
    with pytest.raises(ValueError, match="4 decimals"):
        read_period_amount({"value": "86.12345", "currency": "EUR"})


def test_money_is_written_wherever_it_stands_and_a_bare_decimal_is_refused() -> None:
    lines = [{"unitPrice": Money(Decimal("5"), "EUR"), "quantity": 2, "vatRate": "21.00"}]

    assert plain({"lines": lines}) == {
        "lines": [{"unitPrice": {"currency": "EUR", "value": "5.00"}, "quantity": 2, "vatRate": "21.00"}]
    }
    assert plain({"metadata": {"share": Decimal("0.5")}}) == {"metadata": {"share": Decimal("0.5")}}
    with pytest.raises(TypeError, match="Money"):
        plain({"vatRate": Decimal("21.00")})


@given(st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)), st.integers(-14 * 60, 14 * 60))
def test_a_time_is_the_same_moment_in_utc(at: datetime, minutes: int) -> None:
    there = at.replace(tzinfo=timezone(timedelta(minutes=minutes)))

    read = read_time(there.isoformat())

    assert read == there
    assert read.utcoffset() == timedelta(0)


@given(st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)), st.integers(1, 9))
def test_a_time_of_the_older_form_is_read_whatever_its_fraction(at: datetime, digits: int) -> None:
    fraction = f"{at.microsecond:06}000"[:digits]

    read = read_time(f"{at:%Y-%m-%dT%H:%M:%S}.{fraction}Z")

    assert read == at.replace(microsecond=int(fraction.ljust(6, "0")[:6]), tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    ["2024-03-20T09:13:37", "2024-03-20", "20.03.2024", "", None, 1710925017, "2024-13-20T09:13:37Z",
     "0001-01-01T00:00:00+14:00", "2024-03-20T09:13:37Zzz"],
)  # fmt: skip
def test_a_time_without_a_zone_and_what_is_none_are_not_read(value: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - some of the words are Python's own
        read_time(value)
