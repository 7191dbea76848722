"""Orders as a storefront may tell them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from app.orders.seen import AddressSeen, DeliverySeen, LineSeen, OrderSeen, PaymentSeen
from sandbox.testing import hexid

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def line(name: str = "a", **facts: Any) -> LineSeen:
    """One piece of SKU-1."""
    plain = LineSeen(hexid(f"line {name}"), None, 1, "product", "SKU-1", "iPhone 12", 1, Decimal(121), Decimal(121),
                     Decimal(21))  # fmt: skip
    return plain._replace(**facts)


def payment(name: str = "a", **facts: Any) -> PaymentSeen:
    """An attempt with iDEAL that is open."""
    plain = PaymentSeen(hexid(f"payment {name}"), "open", "payment_ideal", "iDEAL", Decimal(121), NOON, None, None)
    return plain._replace(**facts)


def delivery(name: str = "a", **facts: Any) -> DeliverySeen:
    """A parcel that was not sent."""
    plain = DeliverySeen(hexid(f"delivery {name}"), "open", "Parcel", Decimal(0), (), date(2026, 3, 3),
                         date(2026, 3, 5), hexid("address"))  # fmt: skip
    return plain._replace(**facts)


def order(number: str = "10001", **facts: Any) -> OrderSeen:
    """An open order of Ada's over 121.00, placed `number` minutes after noon as far as that is a number."""
    later = timedelta(minutes=int(number) % 1000 if number.isdecimal() else 0)
    address = AddressSeen(hexid("address"), True, "Ada Jansen", "", "Dam 1", "", "1012 JS", "Amsterdam", "NL", "")
    plain = OrderSeen(
        hexid(f"order {number}"), number, NOON + later, "open", "open", "open", "EUR", Decimal("121.00"),
        Decimal("100.00"), Decimal("0.00"), "gross", "ada@example.com", "Ada Jansen", "", "70001", "", None,
        True, (line(number),), (payment(number),), (delivery(number),), (address,),
    )  # fmt: skip
    return plain._replace(**facts)
