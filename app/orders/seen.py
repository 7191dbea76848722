"""An order as a storefront tells it now, in our words: what `app.orders.services` applies."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple


class LineSeen(NamedTuple):
    external_id: str
    parent_id: str | None
    position: int
    kind: str
    sku: str | None
    label: str
    quantity: int
    unit_price: Decimal
    total_price: Decimal
    tax_percent: Decimal | None


class PaymentSeen(NamedTuple):
    external_id: str
    state: str
    method: str
    method_name: str
    amount: Decimal
    created_at: datetime
    mollie_payment_id: str | None
    mollie_order_id: str | None


class DeliverySeen(NamedTuple):
    external_id: str
    state: str
    method_name: str
    costs: Decimal
    tracking_codes: tuple[str, ...]
    earliest: date | None
    latest: date | None
    address_id: str | None


class AddressSeen(NamedTuple):
    external_id: str
    billing: bool
    name: str
    company: str
    street: str
    extra: str
    zipcode: str
    city: str
    country: str
    phone: str


class DocumentSeen(NamedTuple):
    """`kind`: invoice, credit_note, delivery_note, storno, or what a plugin added."""

    external_id: str
    kind: str
    number: str
    created_at: datetime


class OrderSeen(NamedTuple):
    """`payment_state`, `delivery_state`: of the attempt and the delivery that count; '' where there is none.

    `customer_external_id`: the shop's record of who ordered, `guest` unless that record is an account.
    """

    external_id: str
    number: str
    placed_at: datetime
    state: str
    payment_state: str
    delivery_state: str
    currency: str
    total: Decimal
    net: Decimal
    shipping: Decimal
    tax_status: str
    email: str
    name: str
    company: str
    customer_number: str
    comment: str
    customer_external_id: str | None
    guest: bool
    lines: tuple[LineSeen, ...]
    payments: tuple[PaymentSeen, ...]
    deliveries: tuple[DeliverySeen, ...]
    addresses: tuple[AddressSeen, ...]
    documents: tuple[DocumentSeen, ...] = ()

    @property
    def country(self) -> str:
        """Of the invoice's address, else of any; '' for none."""
        by_use = sorted(self.addresses, key=lambda one: not one.billing)
        return by_use[0].country if by_use else ""

    @property
    def method(self) -> str:
        """By which the newest attempt in the state that counts is paid; '' for none."""
        counting = [one for one in self.payments if one.state == self.payment_state]
        return max(counting, key=lambda one: one.created_at).method_name if counting else ""
