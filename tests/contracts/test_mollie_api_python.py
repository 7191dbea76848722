"""Mollie's own library for Python drives the sandbox: what it relies on is there.

https://pypi.org/project/mollie-api-python/
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from mollie.api.client import Client
from mollie.api.error import NotFoundError, ResponseError, UnauthorizedError, UnprocessableEntityError
from mollie_calls import SHOP, euro

from sandbox.testing import MollieHandle


def connect(handle: MollieHandle, key: str) -> Client:
    client = Client(api_endpoint=handle.base_url)
    client.set_api_key(key)
    return client


@pytest.fixture
def library(handle: MollieHandle) -> Client:
    return connect(handle, handle.key(SHOP))


@pytest.fixture
def organisation(handle: MollieHandle) -> Client:
    """The organisation, in test mode."""
    client = Client(api_endpoint=handle.base_url)
    client.set_access_token(handle.organisation_token)
    client.set_testmode(True)
    return client


def payment(library: Any, **fields: Any) -> Any:
    return library.payments.create(
        {"amount": euro("10.00"), "description": "Order 1", "redirectUrl": "https://shop.example/", **fields}
    )


def test_a_payment_is_made_paid_and_partly_refunded(library: Any, handle: MollieHandle) -> None:
    made = payment(library, metadata={"shopwareOrderNumber": "10001"})
    assert made.is_open()
    assert made.checkout_url.startswith(handle.base_url)

    handle.act(made.id, "pay", method="ideal")
    paid = library.payments.get(made.id)
    refund = paid.refunds.create({"amount": euro("4.00"), "description": "Return"})

    assert paid.is_paid()
    assert (paid.metadata, paid.method) == ({"shopwareOrderNumber": "10001"}, "ideal")
    assert refund.is_pending()
    after = library.payments.get(made.id)
    assert after.has_refunds()
    assert (after.amount_refunded, after.amount_remaining) == (euro("4.00"), euro("6.00"))
    assert [item.id for item in after.refunds.list()] == [refund.id]
    assert library.refunds.list(embed="payment")[0]["_embedded"]["payment"]["id"] == made.id
    paid.refunds.delete(refund.id)
    with pytest.raises(NotFoundError):
        paid.refunds.get(refund.id)


def test_600_payments_are_read_page_by_page(library: Any) -> None:
    made = [payment(library, description=f"Order {number}").id for number in range(600)]

    seen, page = [], library.payments.list(limit=250)
    while True:
        seen += [item.id for item in page]
        if not page.has_next():
            break
        page = page.get_next()

    assert seen == made[::-1]
    assert page.has_previous()


def test_what_is_refused_reaches_the_caller_in_mollies_words(library: Any, handle: MollieHandle) -> None:
    with pytest.raises(UnprocessableEntityError, match="'description' field is missing") as refused:
        payment(library, description=None)
    assert refused.value.field == "description"
    with pytest.raises(UnauthorizedError):
        connect(handle, "test_unknown").payments.list()
    paid = payment(library)
    handle.act(paid.id, "pay")
    paid = library.payments.get(paid.id)
    paid.refunds.create({"amount": euro("4.00")})
    with pytest.raises(ResponseError, match="duplicate refund"):
        paid.refunds.create({"amount": euro("4.00")})


def test_what_is_held_is_captured_and_what_was_paid_is_charged_back(library: Any, handle: MollieHandle) -> None:
    held = payment(library, method="creditcard", captureMode="manual")
    handle.act(held.id, "pay")
    held = library.payments.get(held.id)
    assert held.is_authorized()

    held.captures.create({"amount": euro("6.00")})
    handle.advance(61)
    handle.act(held.id, "chargeback", amount="2.00")

    after = library.payments.get(held.id)
    assert after.is_paid()
    assert (after.amount_captured, after["amountChargedBack"]) == (euro("6.00"), euro("2.00"))
    assert [item.amount for item in after.captures.list()] == [euro("6.00")]
    assert [item.amount for item in after.chargebacks.list()] == [euro("2.00")]


def test_a_payment_is_changed_and_canceled(library: Any) -> None:
    made = payment(library, method="banktransfer")
    assert made.is_cancelable

    assert library.payments.update(made.id, {"description": "Order 2"}).description == "Order 2"
    assert library.payments.delete(made.id)["status"] == "canceled"


def test_the_organisations_books(library: Any, organisation: Any, handle: MollieHandle) -> None:
    made = payment(library, amount=euro("100.00"))
    handle.act(made.id, "pay", method="ideal")
    id_ = handle.settle()

    (settlement,) = organisation.settlements.list()
    balance = organisation.balances.get("primary")

    assert (settlement.id, settlement.amount, settlement.status) == (id_, euro("99.61"), "paidout")
    assert [item.id for item in settlement.payments.list()] == [made.id]
    assert organisation.settlements.get("open").amount == euro("0.00")
    results = [Decimal(move.result_amount["value"]) for move in balance.get_transactions()]
    assert sum(results) == Decimal(balance.available_amount["value"])


def test_methods_of_an_amount(library: Any) -> None:
    found = library.methods.list(amount=euro("60000.00"))

    assert {method.id for method in found} == {"banktransfer", "billie"}
