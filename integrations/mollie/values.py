"""Amounts and times as Mollie writes them. Source: Mollie's API description of 2026-08-21."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator

_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,6})?")
_CURRENCY = re.compile(r"[A-Z]{3}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}.*")
_PERIOD_PLACES = 4
_LARGEST = Decimal(10**15)
# What is not listed is written with the digits that it has: a currency's decimals are never guessed.
_PLACES = {
    "JPY": 0,
    **dict.fromkeys(
        ("AED", "AUD", "BGN", "BRL", "CAD", "CHF", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "ILS", "MXN", "MYR", "NOK",
         "NZD", "PHP", "PLN", "RON", "SEK", "SGD", "THB", "USD", "ZAR"),
        2,
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a currency (ISO 4217, three capitals)."""

    value: Decimal
    currency: str


def read_amount(data: object) -> Money:
    """Mollie's object as Money. Raises ValueError unless it has exactly the decimals of its currency."""
    money = _read(data)
    places = _PLACES.get(money.currency)
    if places is not None and places != _places_of(money.value):
        raise ValueError(f"an amount in {money.currency} has {places} decimals")
    return money


def read_period_amount(data: object) -> Money:
    """As in the periods of a settlement, which are counted in hundredths of a cent."""
    money = _read(data)
    if _places_of(money.value) > _PERIOD_PLACES:
        raise ValueError(f"an amount of a period has {_PERIOD_PLACES} decimals")
    return money


def write_amount(money: Money) -> dict[str, str]:
    """Money as Mollie takes it. Raises ValueError for what its currency cannot say: nothing is rounded."""
    value = money.value
    if not _CURRENCY.fullmatch(money.currency):
        raise ValueError("a currency has three capitals")
    if not isinstance(value, Decimal) or not value.is_finite() or abs(value) >= _LARGEST:
        raise ValueError("an amount is a finite Decimal of at most 15 digits before its point")
    value = abs(value) if value == 0 else value  # No minus before a zero.
    places = _PLACES.get(money.currency)
    text = f"{value:f}" if places is None else f"{value:.{places}f}"
    if Decimal(text) != value or not _NUMBER.fullmatch(text):
        raise ValueError(f"{value} is no amount in {money.currency}")
    return {"currency": money.currency, "value": text}


def read_time(value: object) -> datetime:
    """The time in UTC, from either of the forms. Raises ValueError for one without a time zone."""
    if isinstance(value, datetime):
        read = value
    elif isinstance(value, str) and _TIME.fullmatch(value):
        read = datetime.fromisoformat(value)
    else:
        raise ValueError("a time is a string such as 2024-03-20T09:13:37+00:00")
    if read.tzinfo is None:
        raise ValueError("a time has a time zone")
    try:
        return read.astimezone(UTC)
    except OverflowError:
        raise ValueError("the time is out of range") from None


def plain(value: object) -> Any:
    """`value` as JSON takes it, with every Money inside written. Raises ValueError, and TypeError for a bare Decimal.

    A number where Mollie wants an amount is refused there, so it does not leave here. Metadata is the caller's own.
    """
    if isinstance(value, Money):
        return write_amount(value)
    if isinstance(value, Decimal):
        raise TypeError("an amount is sent as Money, a rate as text")
    if isinstance(value, Mapping):
        return {key: item if key == "metadata" else plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def _read(data: object) -> Money:
    if isinstance(data, Money):
        return data
    if not isinstance(data, Mapping):
        raise ValueError("an amount is an object")
    value, currency = data.get("value"), data.get("currency")
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        raise ValueError("an amount's value is a string of digits")
    if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):
        raise ValueError("a currency has three capitals")
    return Money(Decimal(value), currency)


def _places_of(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


Amount = Annotated[Money, BeforeValidator(read_amount)]
PeriodAmount = Annotated[Money, BeforeValidator(read_period_amount)]
Time = Annotated[datetime, BeforeValidator(read_time)]
