"""Money that the sandbox's Mollie holds: captured, released, or taken back by a bank."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from mollie_calls import BareMollie, Receiver, euro

from sandbox.mollie.errors import MollieError
from sandbox.testing import MollieHandle

MINUTE, HOUR, DAY = 60, 3600, 24 * 3600


def held(mollie: BareMollie, handle: MollieHandle, **fields: Any) -> dict[str, Any]:
    """An authorized card payment of 10 euro."""
    id_ = mollie.payment(method="creditcard", **{"captureMode": "manual", **fields})["id"]
    handle.act(id_, "pay")
    payment = mollie.seen(id_)
    assert payment["status"] == "authorized"
    return payment


def test_captures_come_in_parts(mollie: BareMollie, handle: MollieHandle, receiver: Receiver) -> None:
    payment = held(mollie, handle, webhookUrl=receiver.url)
    path = f"payments/{payment['id']}/captures"
    assert payment["captureBefore"] > payment["authorizedAt"]

    first = mollie.post(path, {"amount": euro("4.00"), "description": "Parcel 1"})

    assert (first.status_code, first.json()["status"], first.json()["amount"]) == (201, "pending", euro("4.00"))
    assert mollie.seen(payment["id"])["status"] == "authorized"
    handle.advance(MINUTE + 1)
    after = mollie.seen(payment["id"])
    assert (after["status"], after["amountCaptured"], after["amountRemaining"]) == ("paid", euro("4.00"), euro("4.00"))
    assert len(receiver.wait(2)) == 2  # Authorized, paid.
    assert mollie.post(path, {"amount": euro("6.01")}).json()["field"] == "amount"
    rest = mollie.post(path)
    assert rest.json()["amount"] == euro("6.00")
    handle.advance(MINUTE + 1)
    receiver.wait(3)
    assert mollie.seen(payment["id"])["amountCaptured"] == euro("10.00")
    listed = mollie.get(path, embed="payment").json()["_embedded"]["captures"]
    assert [item["status"] for item in listed] == ["succeeded", "succeeded"]
    assert mollie.http.get(first.json()["_links"]["self"]["href"]).json()["status"] == "succeeded"
    assert mollie.post(path).status_code == 422


@pytest.mark.parametrize(
    ("body", "field"),
    [({"amount": euro("10.01")}, "amount"), ({"amount": euro("0.00")}, "amount"),
     ({"amount": {"currency": "USD", "value": "1.00"}}, "amount.currency")],
)  # fmt: skip
def test_captures_that_cannot_be(mollie: BareMollie, handle: MollieHandle, body: dict[str, Any], field: str) -> None:
    payment = held(mollie, handle)

    assert mollie.post(f"payments/{payment['id']}/captures", body).json()["field"] == field
    assert mollie.post(f"payments/{mollie.paid()['id']}/captures").status_code == 422


def test_a_capture_that_is_declined_late(mollie: BareMollie, handle: MollieHandle, receiver: Receiver) -> None:
    payment = held(mollie, handle, webhookUrl=receiver.url)
    mollie.post(f"payments/{payment['id']}/captures")

    handle.act(payment["id"], "fail_capture")

    assert mollie.seen(payment["id"])["status"] == "failed"
    receiver.wait(2)
    handle.advance(HOUR)
    (capture,) = mollie.get(f"payments/{payment['id']}/captures").json()["_embedded"]["captures"]
    assert capture["status"] == "failed"


def test_releasing_is_answered_at_once_and_done_later(mollie: BareMollie, handle: MollieHandle) -> None:
    nothing, part = held(mollie, handle), held(mollie, handle)
    mollie.post(f"payments/{part['id']}/captures", {"amount": euro("4.00")})

    answers = [mollie.post(f"payments/{payment['id']}/release-authorization") for payment in (nothing, part)]

    assert [(answer.status_code, answer.content) for answer in answers] == [(202, b"")] * 2
    assert mollie.seen(nothing["id"])["status"] == "authorized"
    handle.advance(MINUTE + 1)
    assert [mollie.seen(payment["id"])["status"] for payment in (nothing, part)] == ["canceled", "paid"]
    assert mollie.post(f"payments/{part['id']}/captures").status_code == 422
    assert mollie.post(f"payments/{nothing['id']}/release-authorization").status_code == 422


def test_a_delay_captures_all_by_itself(mollie: BareMollie, handle: MollieHandle) -> None:
    payment = held(mollie, handle, captureMode="automatic", captureDelay="8 hours")

    handle.advance(8 * HOUR - 5)
    assert mollie.seen(payment["id"])["status"] == "authorized"

    handle.advance(10)
    assert mollie.seen(payment["id"])["amountCaptured"] == euro("10.00")


def test_a_held_card_payment_is_taken_back(mollie: BareMollie, handle: MollieHandle) -> None:
    payment = held(mollie, handle)
    assert payment["isCancelable"] is True

    assert mollie.http.delete(f"/v2/payments/{payment['id']}").json()["status"] == "canceled"


def test_a_bank_takes_money_back_and_returns_it(mollie: BareMollie, handle: MollieHandle, receiver: Receiver) -> None:
    payment = mollie.paid(webhookUrl=receiver.url)

    httpx.post(f"{handle.base_url}/payments/{payment['id']}/chargeback", json={"amount": "4.00"}).raise_for_status()
    handle.act(payment["id"], "chargeback")

    after = mollie.seen(payment["id"])
    assert (after["status"], after["amountChargedBack"]) == ("paid", euro("10.00"))
    assert receiver.wait(3) == [f"id={payment['id']}"] * 3
    second, first = mollie.get("chargebacks", embed="payment").json()["_embedded"]["chargebacks"]
    assert (first["amount"], second["amount"]) == (euro("4.00"), euro("6.00"))
    assert first["settlementAmount"] == euro("-4.00")
    assert (first["reversedAt"], first["_embedded"]["payment"]["id"]) == (None, payment["id"])
    with pytest.raises(MollieError):
        handle.act(payment["id"], "chargeback")
    handle.act(payment["id"], "reverse", chargeback=first["id"])
    assert mollie.http.get(first["_links"]["self"]["href"]).json()["reversedAt"]
    assert mollie.seen(payment["id"])["amountChargedBack"] == euro("6.00")
    receiver.wait(4)
    with pytest.raises(MollieError):
        handle.act(payment["id"], "reverse", chargeback=first["id"])


def test_a_direct_debit_is_charged_back_for_a_reason(mollie: BareMollie, handle: MollieHandle) -> None:
    payment = mollie.paid(method="directdebit")

    handle.act(payment["id"], "chargeback")

    (chargeback,) = mollie.get(f"payments/{payment['id']}/chargebacks").json()["_embedded"]["chargebacks"]
    assert chargeback["reason"]["code"] == "AC01"
