"""Which payment and which delivery of a Shopware order count, and Mollie's ids in every plugin generation."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.shopware.orders import ShopOrder
from jobs.shopware_orders import mollie_ids, order_seen


def attempt(id_: str, state: str, minute: int, **fields: Any) -> dict[str, Any]:
    return {"id": id_, "stateMachineState": {"technicalName": state}, "amount": {"totalPrice": 10},
            "createdAt": f"2026-03-02T12:{minute:02}:00.000+00:00", **fields}  # fmt: skip


def parcel(id_: str, state: str, costs: str, **fields: Any) -> dict[str, Any]:
    return {"id": id_, "stateMachineState": {"technicalName": state}, "shippingCosts": {"totalPrice": costs}, **fields}


def body(**fields: Any) -> ShopOrder:
    return ShopOrder.model_validate({
        "id": "a" * 32, "orderNumber": 10001, "orderDateTime": "2026-03-02T12:00:00.000+00:00",
        "stateMachineState": {"technicalName": "open"}, "currency": {"isoCode": "EUR"},
        "price": {"netPrice": "8.2645", "totalPrice": "9.995", "taxStatus": "gross"}, "customFields": [],
        "orderCustomer": None, "lineItems": {}, "transactions": None, **fields,
    })  # fmt: skip


@pytest.mark.parametrize(
    ("attempts", "primary", "counts"),
    [
        ([("open", 1)], None, "open"),
        ([("cancelled", 1), ("open", 2)], None, "open"),
        ([("open", 1), ("cancelled", 2)], None, "open"),
        ([("paid", 1), ("cancelled", 2)], None, "paid"),  # An older tab that paid late.
        ([("paid", 1), ("failed", 2)], 1, "paid"),  # Money that came counts, whatever the shop thinks of.
        ([("open", 1), ("in_progress", 2)], 0, "open"),
        ([("failed", 1), ("cancelled", 2)], None, "cancelled"),
        ([("refunded", 1), ("open", 2)], None, "refunded"),
        ([], None, ""),
    ],
)
def test_the_attempt_that_counts(attempts: list[tuple[str, int]], primary: int | None, counts: str) -> None:
    order = body(
        transactions=[attempt(str(place) * 32, state, minute) for place, (state, minute) in enumerate(attempts)],
        primaryOrderTransactionId=None if primary is None else str(primary) * 32,
    )

    assert order_seen(order).payment_state == counts


def test_a_discount_on_shipping_is_not_the_parcel() -> None:
    parcels = [parcel("1" * 32, "open", "-4.95"), parcel("2" * 32, "shipped", "4.95")]

    assert order_seen(body(deliveries=parcels)).delivery_state == "shipped"
    assert order_seen(body(deliveries=parcels, primaryOrderDeliveryId="1" * 32)).delivery_state == "open"
    assert order_seen(body()).delivery_state == ""


@pytest.mark.parametrize(
    ("fields", "ids"),
    [
        ({"payment_id": "tr_1", "order_id": "ord_1"}, ("tr_1", "ord_1")),
        ({"id": "tr_2", "orderId": ""}, ("tr_2", None)),
        ({"payment_id": "", "id": "tr_3", "orderId": "ord_3"}, ("tr_3", "ord_3")),
        ({"payment_id": "ord_4", "order_id": "tr_4"}, (None, None)),
        ({"payment_id": 5, "paymentLinkId": "pl_5"}, (None, None)),
        ({"payment_id": f"tr_{'x' * 90}"}, (None, None)),
        ([], (None, None)), (None, (None, None)), ("tr_6", (None, None)),
    ],
)  # fmt: skip
def test_mollies_ids(fields: Any, ids: tuple[str | None, str | None]) -> None:
    assert mollie_ids({"mollie_payments": fields}) == ids


def test_what_stands_at_the_order_alone_belongs_to_the_newest_attempt() -> None:
    attempts = [attempt("2" * 32, "open", 2), attempt("1" * 32, "cancelled", 1)]

    seen = order_seen(body(transactions=attempts, customFields={"mollie_payments": {"payment_id": "tr_9"}}))

    assert [payment.mollie_payment_id for payment in seen.payments] == [None, "tr_9"]
    attempts[1]["customFields"] = {"mollie_payments": {"id": "tr_9"}}
    seen = order_seen(body(transactions=attempts, customFields={"mollie_payments": {"payment_id": "tr_9"}}))
    assert [payment.mollie_payment_id for payment in seen.payments] == ["tr_9", None]


def test_amounts_are_rounded_half_up_to_cents_and_numbers_are_text() -> None:
    seen = order_seen(body())

    assert (str(seen.total), str(seen.net), seen.number, seen.email) == ("10.00", "8.26", "10001", "")


@pytest.mark.parametrize(
    ("buyer", "record", "guest"),
    [
        ({"customerId": "c" * 32, "customer": {"id": "c" * 32, "guest": False}}, "c" * 32, False),
        ({"customerId": "c" * 32, "customer": {"id": "c" * 32, "guest": True}}, "c" * 32, True),
        ({"customerId": "c" * 32, "customer": None}, "c" * 32, True),
        ({"customerId": None, "customer": None}, None, True),
        ({}, None, True),
    ],
)
def test_an_account_is_told_from_a_guest(buyer: dict[str, Any], record: str | None, guest: bool) -> None:
    order = order_seen(body(orderCustomer={"email": "ada@example.com", **buyer}))

    assert (order.customer_external_id, order.guest) == (record, guest)


def test_an_order_without_a_customer_is_nobodys_account() -> None:
    order = order_seen(body())

    assert (order.customer_external_id, order.guest) == (None, True)


@pytest.mark.parametrize(
    ("fields", "number"),
    [
        ({"config": {"documentNumber": "INV-1"}}, "INV-1"),
        ({"config": {"documentNumber": "INV-1"}, "documentNumber": "INV-2"}, "INV-2"),
        ({"config": [], "documentNumber": "INV-3"}, "INV-3"),
        ({"config": {"documentNumber": 4}, "documentNumber": None}, "4"),
        ({"config": {}}, None),
    ],
)
def test_the_number_of_a_document_stands_beside_its_config_or_in_it(fields: dict[str, Any], number: str | None) -> None:
    made = {"id": "d" * 32, "documentType": {"technicalName": "invoice"},
            "createdAt": "2026-03-02T13:00:00.000+00:00", **fields}  # fmt: skip

    seen = order_seen(body(documents=[made])).documents

    assert [(one.kind, one.number) for one in seen] == ([] if number is None else [("invoice", number)])
