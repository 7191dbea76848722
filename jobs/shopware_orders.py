"""From an order of a Shopware shop to an order as we know it. Pure.

Which attempt to pay counts: the shop's own choice where it names one (6.7), else one that is paid or may still be, the
newest first, else the newest. Which delivery counts: the shop's choice, else the one with the highest costs, since a
discount on shipping makes a delivery of its own with costs below zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from app.orders.seen import AddressSeen, DeliverySeen, DocumentSeen, LineSeen, OrderSeen, PaymentSeen
from integrations.mollie.links import MollieLink, link_of
from integrations.shopware.orders import Address, Delivery, LineItem, ShopOrder, Transaction

CENT = Decimal("0.01")
ID_LENGTH = 64
_PAID = ("paid", "authorized", "paid_partially", "refunded_partially", "refunded", "chargeback")
_OVER = ("cancelled", "failed")


def order_seen(order: ShopOrder) -> OrderSeen:
    """The order in our words."""
    buyer = order.buyer
    payment, delivery = _payment_that_counts(order), _delivery_that_counts(order)
    return OrderSeen(
        external_id=order.id, number=order.number, placed_at=order.placed_at, state=order.state.technical_name,
        payment_state=payment.state.technical_name if payment else "",
        delivery_state=delivery.state.technical_name if delivery else "",
        currency=order.currency.iso_code, total=_cents(order.price.total_price), net=_cents(order.price.net_price),
        shipping=_cents(order.shipping.total_price), tax_status=order.price.tax_status,
        email=buyer.email.strip() if buyer else "", name=_joined(buyer.first_name, buyer.last_name) if buyer else "",
        company=buyer.company if buyer else "", customer_number=buyer.customer_number if buyer else "",
        comment=order.comment, customer_external_id=(buyer.customer_id or None) if buyer else None,
        guest=not (buyer and buyer.record and not buyer.record.guest),
        lines=tuple(_line(line) for line in sorted(order.lines, key=lambda line: (line.position, line.id))),
        payments=_payments(order),
        deliveries=tuple(_delivery(one) for one in sorted(order.deliveries, key=lambda one: one.id)),
        addresses=tuple(
            address_seen(one, billing=one.id == order.billing_address_id)
            for one in sorted(order.addresses, key=lambda one: one.id)
        ),
        documents=tuple(
            DocumentSeen(one.id, one.kind.technical_name if one.kind else "", one.number[:255], one.created_at)
            for one in sorted(order.documents, key=lambda one: (one.created_at, one.id)) if one.number
        ),
    )  # fmt: skip


def _payment_that_counts(order: ShopOrder) -> Transaction | None:
    by_age = sorted(order.transactions, key=lambda one: (one.created_at, one.id), reverse=True)
    paid = [one for one in by_age if one.state.technical_name in _PAID]
    if paid:  # Money that came counts, whatever the shop thinks of now.
        return paid[0]
    chosen = [one for one in by_age if one.id == order.primary_transaction_id]
    living = [one for one in by_age if one.state.technical_name not in _OVER]
    return next(iter([*chosen, *living, *by_age]), None)


def _delivery_that_counts(order: ShopOrder) -> Delivery | None:
    chosen = [one for one in order.deliveries if one.id == order.primary_delivery_id]
    by_costs = sorted(order.deliveries, key=lambda one: (-one.costs.total_price, one.id))
    return next(iter([*chosen, *by_costs]), None)


def _line(line: LineItem) -> LineSeen:
    price = line.price
    sku = line.payload.get("productNumber")
    rates = {tax.tax_rate for tax in price.taxes} if price else set()
    return LineSeen(
        line.id, line.parent_id, line.position, line.type, str(sku)[:255] if sku else None, line.label, line.quantity,
        price.unit_price if price else Decimal(0), price.total_price if price else Decimal(0),
        rates.pop() if len(rates) == 1 else None,
    )  # fmt: skip


def _payments(order: ShopOrder) -> tuple[PaymentSeen, ...]:
    """Oldest first. What the plugin wrote at the order alone belongs to the newest attempt."""
    by_age = sorted(order.transactions, key=lambda one: (one.created_at, one.id))
    ids = [mollie_ids(one.custom_fields) for one in by_age]
    nothing = mollie_ids({})
    if ids and ids[-1] == nothing and (of_order := mollie_ids(order.custom_fields)) not in ids:
        ids[-1] = of_order
    return tuple(_payment(one, *pair) for one, pair in zip(by_age, ids, strict=True))


def _payment(one: Transaction, payment_id: str | None, order_id: str | None) -> PaymentSeen:
    method = one.method
    return PaymentSeen(
        one.id, one.state.technical_name, method.technical_name if method else "", method.title if method else "",
        one.amount.total_price, one.created_at, payment_id, order_id,
    )  # fmt: skip


def mollie_ids(custom_fields: Mapping[str, Any]) -> MollieLink:
    """Mollie's payment and order in the custom fields of one record; what no column holds is no id."""
    if not custom_fields:
        return MollieLink(None, None)
    found = link_of({"customFields": custom_fields})
    return MollieLink(*(id_ if id_ and len(id_) <= ID_LENGTH else None for id_ in found))


def _delivery(one: Delivery) -> DeliverySeen:
    return DeliverySeen(
        one.id, one.state.technical_name, one.method.title if one.method else "", one.costs.total_price,
        tuple(code.strip() for code in one.tracking_codes if code.strip()),
        one.earliest.date() if one.earliest else None, one.latest.date() if one.latest else None, one.address_id,
    )  # fmt: skip


def address_seen(one: Address, *, billing: bool) -> AddressSeen:
    """The address in our words."""
    return AddressSeen(
        one.id, billing, _joined(one.first_name, one.last_name), one.company, one.street,
        _joined(one.extra_1, one.extra_2), one.zipcode, one.city, one.country.iso[:2] if one.country else "",
        one.phone,
    )  # fmt: skip


def _joined(*parts: str) -> str:
    return " ".join(part.strip() for part in parts if part.strip())


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)
