"""What a payment amounts to, what a shop makes of it, and which order it belongs to."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mollie_double import money, payment

from integrations.mollie.links import MollieLink, ShopReference, link_of, shop_reference
from integrations.mollie.schemas import Payment
from integrations.mollie.state import derived_state, transaction_action, transaction_state
from integrations.shopware.shop import target_state

TRANSACTION_ID = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"


def read(**more: Any) -> Payment:
    return Payment.model_validate(payment(**more))


@pytest.mark.parametrize(
    ("more", "state"),
    [
        ({"status": "paid"}, "paid"),
        ({"status": "paid", "amountRefunded": money("0.00")}, "paid"),
        ({"status": "paid", "amountRefunded": money("0.01")}, "partly_refunded"),
        ({"status": "paid", "amountRefunded": money("9.99")}, "partly_refunded"),
        ({"status": "paid", "amountRefunded": money("10.00")}, "refunded"),
        ({"status": "paid", "amountRefunded": money("35.00")}, "refunded"),  # Return costs on top.
        ({"status": "paid", "amountRefunded": money("10.00"), "amountChargedBack": money("0.01")}, "charged_back"),
        ({"status": "paid", "amountRefunded": money("5.00"), "amountChargedBack": money("0.00")}, "partly_refunded"),
        ({"status": "paid", "amount": money("0.00"), "amountRefunded": money("0.00")}, "paid"),
        ({"status": "paid", "amount": money("1000", "JPY"), "amountRefunded": money("1", "JPY")}, "partly_refunded"),
        ({"status": "authorized", "amountCaptured": money("0.00")}, "authorized"),
        ({"status": "open"}, "open"),
        ({"status": "quarantined"}, "quarantined"),
    ],
)
def test_what_went_back_is_told_from_the_amounts(more: dict[str, Any], state: str) -> None:
    assert derived_state(read(**more)) == state


@pytest.mark.parametrize(
    ("state", "action", "shop_state"),
    [
        ("open", None, "open"), ("pending", None, "unconfirmed"), ("authorized", "authorize", "authorized"),
        ("paid", "paid", "paid"), ("canceled", "cancel", "cancelled"), ("expired", "cancel", "cancelled"),
        ("failed", "fail", "failed"), ("refunded", "refund", "refunded"),
        ("partly_refunded", "refund_partially", "refunded_partially"), ("charged_back", "chargeback", "chargeback"),
        ("quarantined", None, None),
    ],
)  # fmt: skip
def test_a_shops_transaction_follows(state: str, action: str | None, shop_state: str | None) -> None:
    assert transaction_action(state) == action
    assert transaction_state(state) == shop_state
    if action is not None:
        assert target_state("order_transaction", action) == shop_state


def record(**fields: object) -> dict[str, Any]:
    return {"id": "x", "customFields": {"mollie_payments": fields}}


@pytest.mark.parametrize(
    ("order", "transaction", "link"),
    [
        # 4.x with the Payments API: the order alone.
        (record(payment_id="tr_o"), {"customFields": None}, MollieLink("tr_o", None)),
        # 4.x with the Orders API: both.
        (record(payment_id="tr_o", order_id="ord_o"), record(payment_id="tr_t", order_id="ord_t"),
         MollieLink("tr_t", "ord_t")),
        # 5.0 and 5.1: camelCase.
        (record(id="tr_o", orderId="ord_o"), record(id="tr_t", orderId="ord_t"), MollieLink("tr_t", "ord_t")),
        (record(id="tr_o", orderId="ord_o"), record(checkoutUrl="https://x"), MollieLink("tr_o", "ord_o")),
        # 5.2 and later: both spellings, an empty order id.
        (record(id="tr_o", payment_id="tr_o", order_id=""), record(id="tr_t", payment_id="tr_t", order_id=""),
         MollieLink("tr_t", None)),
        (record(order_id="ord_o"), record(order_id="", orderId="ord_t"), MollieLink(None, "ord_t")),
        (record(payment_id="tr_o"), record(payment_id="", id="tr_i"), MollieLink("tr_i", None)),
        (record(payment_id="tr_o", id="tr_i"), None, MollieLink("tr_o", None)),
        (record(), record(payment_id="tr_p", id="tr_i", order_id="ord_p", orderId="ord_i"),
         MollieLink("tr_p", "ord_p")),
        # A link that nobody paid yet, and values that are no ids.
        (record(), record(paymentLinkId="pl_1"), MollieLink(None, None)),
        (record(payment_id="tr_o"), record(payment_id="ord_1", id=7, order_id="tr_1"), MollieLink("tr_o", None)),
        (record(payment_id="tr_", id="tr_ x"), record(payment_id=["tr_1"]), MollieLink(None, None)),
        # What PHP makes of nothing.
        ({"customFields": []}, {"customFields": {"mollie_payments": []}}, MollieLink(None, None)),
        ({"customFields": {"mollie_payments": "tr_1"}}, {}, MollieLink(None, None)),
        ({}, None, MollieLink(None, None)),
    ],
)  # fmt: skip
def test_an_order_names_its_payment_in_every_version_of_the_plugin(
    order: dict[str, Any], transaction: dict[str, Any] | None, link: MollieLink
) -> None:
    assert link_of(order, transaction) == link


@pytest.mark.parametrize(
    ("metadata", "number"),
    [
        ({"shopwareOrderNumber": "10042"}, "10042"), ({"shopwareOrderNumber": 10042}, "10042"),
        ('{"shopwareOrderNumber": "10042"}', "10042"), ({"shopwareOrderNumber": ""}, None),
        ({"shopwareOrderNumber": None}, None), ({"shopwareOrderNumber": True}, None),
        ({"order_id": "7"}, None), ("10042", None), ("{", None), ("[" * 5000, None), ([], None), (None, None),
    ],
)  # fmt: skip
def test_the_metadata_names_the_order(metadata: object, number: str | None) -> None:
    found = shop_reference(read(metadata=metadata, description="Bestelling van Jan"))

    assert (found.order_number, found.from_description) == (number, False)


@pytest.mark.parametrize(
    ("webhook", "transaction_id"),
    [
        (f"https://shop.example/mollie/webhook/{TRANSACTION_ID}", TRANSACTION_ID),
        (f"https://shop.example/api/mollie/webhook/{TRANSACTION_ID}", TRANSACTION_ID),
        (f"https://shop.example/nl/mollie/webhook/{TRANSACTION_ID.upper()}/?x=1", TRANSACTION_ID),
        (f"https://shop.example/mollie/webhook/subscription/{TRANSACTION_ID}", None),
        (f"https://shop.example/mollie/webhook/{TRANSACTION_ID}0", None),
        (f"https://shop.example/mollie/webhook/{TRANSACTION_ID}/pay", None),
        (f"https://shop.example/?next=/mollie/webhook/{TRANSACTION_ID}", None),
        ("https://shop.example/mollie/webhook/17", None), ("https://[", None), ("", None), (None, None),
    ],
)  # fmt: skip
def test_the_webhooks_address_ends_in_the_transaction(webhook: str | None, transaction_id: str | None) -> None:
    assert shop_reference(read(webhookUrl=webhook)).transaction_id == transaction_id


@pytest.mark.parametrize(
    ("description", "form", "number"),
    [
        ("10042", "{ordernumber}", "10042"), (" RD-10042 ", "{ordernumber}", "RD-10042"),
        ("Order #12345", "{ordernumber}", None), ("", "{ordernumber}", None),
        ("Order #12345", "Order #{ordernumber}", "12345"),
        ("Order 12345 / K-7", "Order {ordernumber} / {customernumber}", "12345"),
        ("K-7: 12345", "{customernumber}: {ordernumber}", "12345"),
        ("12345 (12345)", "{ordernumber} ({ordernumber})", "12345"),
        ("12345 (99999)", "{ordernumber} ({ordernumber})", None),
        ("Order x12345", "Order .{ordernumber}", None), ("K-7", "{customernumber}", None), ("10042", "", None),
    ],
)  # fmt: skip
def test_the_description_is_read_in_the_shops_format(description: str, form: str, number: str | None) -> None:
    found = shop_reference(read(description=description), description_format=form)

    assert found == ShopReference(number, None, from_description=number is not None)


def test_the_metadata_goes_before_the_description() -> None:
    both = read(description="20000", metadata={"shopwareOrderNumber": "10042"})

    assert shop_reference(both) == ShopReference("10042", None)


@given(st.text(), st.text(), st.text() | st.none())
def test_no_text_breaks_the_reading(description: str, form: str, webhook: str | None) -> None:
    found = shop_reference(read(description=description, webhookUrl=webhook), description_format=form)

    assert found.order_number is None or found.order_number in description
