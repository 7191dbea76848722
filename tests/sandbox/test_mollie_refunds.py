"""Refunds of the sandbox's Mollie: what is refused, and how a refund goes on by itself."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from mollie_calls import BareMollie, Receiver, bare_mollie, euro

from sandbox.mollie.errors import MollieError
from sandbox.testing import MollieHandle

HOUR, DAY = 3600, 24 * 3600


def refund(mollie: BareMollie, payment: dict[str, Any], value: str, **fields: Any) -> dict[str, Any]:
    answer = mollie.post(f"payments/{payment['id']}/refunds", {"amount": euro(value), **fields})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def status_of(mollie: BareMollie, made: dict[str, Any]) -> str:
    return str(mollie.get(f"payments/{made['paymentId']}/refunds/{made['id']}").json()["status"])


def test_a_refund_goes_on_by_itself_and_the_webhook_is_called_from_processing_on(
    mollie: BareMollie, handle: MollieHandle, receiver: Receiver
) -> None:
    payment = mollie.paid(webhookUrl=receiver.url, method="creditcard")
    receiver.wait(1)

    made = refund(mollie, payment, "4.00", description="Return", metadata={"row": 7})

    assert {"resource": "refund", "mode": "test", "status": "pending", "amount": euro("4.00"),
            "description": "Return", "metadata": {"row": 7}, "paymentId": payment["id"],
            "settlementAmount": euro("-4.00")}.items() <= made.items()  # fmt: skip
    assert set(made["_links"]) == {"self", "payment", "documentation"}
    assert mollie.http.get(made["_links"]["self"]["href"]).json() == made
    after = mollie.seen(payment["id"])
    assert (after["status"], after["amountRefunded"], after["amountRemaining"]) == ("paid", euro("4.00"), euro("6.00"))
    assert after["_links"]["refunds"]["href"].endswith(f"/payments/{payment['id']}/refunds")
    handle.advance(2 * HOUR - 5)
    assert status_of(mollie, made) == "pending"
    assert len(receiver.calls) == 1
    handle.advance(10)
    assert status_of(mollie, made) == "processing"
    assert receiver.wait(2)[1] == f"id={payment['id']}"
    handle.advance(DAY)
    assert status_of(mollie, made) == "refunded"
    receiver.wait(3)
    reference = mollie.http.get(made["_links"]["self"]["href"]).json()["externalReference"]
    assert reference["type"] == "acquirer-reference"


def test_one_long_step_of_the_clock_goes_through_all_of_it(mollie: BareMollie, handle: MollieHandle) -> None:
    made = refund(mollie, mollie.paid(), "4.00")

    handle.advance(30 * DAY)

    assert status_of(mollie, made) == "refunded"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "amount"),
        ({"amount": {"currency": "USD", "value": "1.00"}}, "amount.currency"),
        ({"amount": {"currency": "EUR", "value": 1}}, "amount.value"),
        ({"amount": euro("0.00")}, "amount"),
        ({"amount": euro("10.01")}, "amount"),
        ({"amount": euro("1.00"), "description": "x" * 141}, "description"),
        ({"amount": euro("1.00"), "metadata": 4}, "metadata"),
        ({"amount": euro("1.00"), "reason": "returned"}, "reason"),
    ],
)
def test_what_cannot_be_refunded_is_refused_by_its_field(mollie: BareMollie, body: dict[str, Any], field: str) -> None:
    payment = mollie.paid()

    answer = mollie.post(f"payments/{payment['id']}/refunds", body)

    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert mollie.get("refunds").json()["count"] == 0


def test_only_money_that_came_in_goes_back(mollie: BareMollie, handle: MollieHandle) -> None:
    held = mollie.payment(method="creditcard", captureMode="manual")["id"]
    handle.act(held, "pay")
    cards = mollie.payment(method="giftcard")["id"]
    handle.act(cards, "pay")

    for id_ in (mollie.payment()["id"], held, cards):
        assert mollie.post(f"payments/{id_}/refunds", {"amount": euro("1.00")}).status_code == 422
    assert mollie.post("payments/tr_none/refunds", {"amount": euro("1.00")}).status_code == 404


def test_the_remainder_is_what_is_left_of_all_refunds(mollie: BareMollie) -> None:
    payment = mollie.paid()
    refund(mollie, payment, "4.00")
    refund(mollie, payment, "5.00")

    assert mollie.post(f"payments/{payment['id']}/refunds", {"amount": euro("1.01")}).status_code == 422
    refund(mollie, payment, "1.00")
    assert mollie.seen(payment["id"])["amountRemaining"] == euro("0.00")


def test_the_same_amount_within_the_hour_is_a_duplicate(mollie: BareMollie, handle: MollieHandle) -> None:
    payment, other = mollie.paid(), mollie.paid()
    refund(mollie, payment, "2.00")
    refund(mollie, other, "2.00")
    handle.advance(HOUR - 5)

    doubled = mollie.post(f"payments/{payment['id']}/refunds", {"amount": euro("2.00")})

    assert (doubled.status_code, doubled.json()["detail"]) == (409, "A duplicate refund has been detected")
    handle.advance(10)
    refund(mollie, payment, "2.00")


def test_a_repeat_with_its_key_is_no_duplicate(mollie: BareMollie) -> None:
    payment = mollie.paid()
    path, body = f"payments/{payment['id']}/refunds", {"amount": euro("2.00")}

    first, again = mollie.post(path, body, key="row-1"), mollie.post(path, body, key="row-1")

    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert mollie.get(path).json()["count"] == 1


def test_a_refund_is_canceled_early_and_is_gone_then(mollie: BareMollie, handle: MollieHandle) -> None:
    payment = mollie.paid()
    made = refund(mollie, payment, "4.00")
    path = f"/v2/payments/{payment['id']}/refunds/{made['id']}"

    canceled = mollie.http.delete(path)

    assert (canceled.status_code, canceled.content) == (204, b"")
    assert mollie.http.get(path).status_code == mollie.http.delete(path).status_code == 404
    assert mollie.get("refunds").json()["count"] == 0
    assert mollie.seen(payment["id"])["amountRefunded"] == euro("0.00")
    late = refund(mollie, payment, "4.00")
    handle.advance(3 * HOUR)
    assert mollie.http.delete(f"/v2/payments/{payment['id']}/refunds/{late['id']}").status_code == 422
    assert status_of(mollie, late) == "processing"


def test_a_refund_that_fails_gives_its_amount_back(
    mollie: BareMollie, handle: MollieHandle, receiver: Receiver
) -> None:
    payment = mollie.paid(webhookUrl=receiver.url)
    made = refund(mollie, payment, "4.00")

    handle.act(payment["id"], "fail_refund", refund=made["id"])

    assert status_of(mollie, made) == "failed"
    assert mollie.seen(payment["id"])["amountRefunded"] == euro("0.00")
    assert len(receiver.wait(3)) == 3  # Paid, processing, failed.
    for act in ("finish_refund", "fail_refund"):
        with pytest.raises(MollieError):
            handle.act(payment["id"], act)
    handle.advance(3 * DAY)
    assert status_of(mollie, made) == "failed"


def test_a_refund_can_be_done_with_at_once_and_fail_later_still(mollie: BareMollie, handle: MollieHandle) -> None:
    payment = mollie.paid()
    made = refund(mollie, payment, "4.00")

    httpx.post(f"{handle.base_url}/payments/{payment['id']}/finish_refund").raise_for_status()
    assert status_of(mollie, made) == "refunded"

    handle.act(payment["id"], "fail_refund")
    assert status_of(mollie, made) == "failed"


def test_without_money_a_refund_waits_until_some_comes(mollie: BareMollie, handle: MollieHandle) -> None:
    payment = mollie.paid()
    httpx.post(f"{handle.base_url}/balance", json={"value": "-2505.00"}).raise_for_status()
    first, second = refund(mollie, payment, "6.00"), refund(mollie, payment, "4.00")
    assert [first["status"], second["status"]] == ["queued", "pending"]
    handle.advance(DAY)
    assert status_of(mollie, first) == "queued"

    mollie.paid(amount=euro("100.00"))
    handle.advance(0)

    assert status_of(mollie, first) == "pending"
    handle.advance(2 * HOUR + 5)
    assert status_of(mollie, first) == "processing"


def test_lists_of_one_payment_and_of_all(mollie: BareMollie, handle: MollieHandle) -> None:
    one, two = mollie.paid(), mollie.paid()
    made = [refund(mollie, one, "1.00"), refund(mollie, two, "2.00"), refund(mollie, one, "3.00")]
    ids = [item["id"] for item in made]

    all_of_them = mollie.get("refunds", embed="payment").json()["_embedded"]["refunds"]
    of_one = mollie.get(f"payments/{one['id']}/refunds").json()["_embedded"]["refunds"]
    page = mollie.get("refunds", limit="1", **{"from": ids[1]}).json()

    assert [item["id"] for item in all_of_them] == ids[::-1]
    assert [item["_embedded"]["payment"]["id"] for item in all_of_them] == [one["id"], two["id"], one["id"]]
    assert [item["id"] for item in of_one] == [ids[2], ids[0]]
    assert page["_embedded"]["refunds"][0]["id"] == ids[1]
    assert mollie.get(f"payments/{one['id']}/refunds", **{"from": ids[1]}).status_code == 400
    assert mollie.get(f"payments/{two['id']}/refunds/{ids[0]}").status_code == 404
    whole = mollie.seen(one["id"], embed="refunds,chargebacks,captures")["_embedded"]
    assert [item["id"] for item in whole["refunds"]] == [ids[0], ids[2]]
    assert (whole["chargebacks"], whole["captures"]) == ([], [])


def test_the_organisation_cancels_with_the_mode_in_the_query(
    mollie: BareMollie, organisation: BareMollie, handle: MollieHandle
) -> None:
    payment = mollie.paid()
    made = refund(mollie, payment, "4.00")
    path = f"/v2/payments/{payment['id']}/refunds/{made['id']}"

    assert organisation.http.delete(path).status_code == 404
    assert organisation.http.delete(path, params={"testmode": "true"}).status_code == 204
    with bare_mollie(handle, handle.key("econocom")) as other:
        assert other.get(f"payments/{payment['id']}/refunds").status_code == 404
