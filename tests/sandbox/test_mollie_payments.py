"""Payments of the sandbox's Mollie: made, looked up, changed and canceled, as the contract says."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from mollie_calls import OTHER_SHOP, SHOP, BareMollie, bare_mollie, euro

from sandbox.mollie.facts import STEPS
from sandbox.testing import MollieHandle


def test_a_payment_is_made_with_all_that_strict_clients_ask_for(mollie: BareMollie, handle: MollieHandle) -> None:
    answer = mollie.create(metadata={"shopwareOrderNumber": "10001"}, webhookUrl="http://127.0.0.1:9/hook")

    made = answer.json()
    assert (answer.status_code, answer.headers["Content-Type"]) == (201, "application/hal+json")
    assert {"resource": "payment", "mode": "test", "amount": euro("10.00"), "description": "Order 1", "status": "open",
            "sequenceType": "oneoff", "profileId": handle.profile_id(SHOP), "method": None,
            "metadata": {"shopwareOrderNumber": "10001"}, "isCancelable": False}.items() <= made.items()  # fmt: skip
    assert set(made["_links"]) == {"self", "checkout", "changePaymentState", "dashboard", "documentation"}
    assert made["_links"]["self"]["href"] == f"{handle.base_url}/v2/payments/{made['id']}"
    assert mollie.seen(made["id"])["createdAt"] == made["createdAt"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"amount": None}, "amount"),
        ({"amount": "10.00"}, "amount"),
        ({"amount": {"value": "10.00"}}, "amount.currency"),
        ({"amount": {"currency": "EURO", "value": "10.00"}}, "amount.currency"),
        ({"amount": {"currency": "EUR"}}, "amount.value"),
        ({"amount": {"currency": "EUR", "value": 10.0}}, "amount.value"),
        ({"amount": euro("10")}, "amount.value"),
        ({"amount": euro("10.000")}, "amount.value"),
        ({"amount": {"currency": "JPY", "value": "10.00"}}, "amount.value"),
        ({"amount": euro("-1.00")}, "amount.value"),
        ({"amount": euro("0.00")}, "amount"),
        ({"amount": euro("60000.00"), "method": "ideal"}, "amount"),
        ({"amount": {"currency": "USD", "value": "10.00"}, "method": "ideal"}, "amount"),
        ({"description": None}, "description"),
        ({"description": 12}, "description"),
        ({"redirectUrl": None}, "redirectUrl"),
        ({"redirectUrl": "back"}, "redirectUrl"),
        ({"webhookUrl": "ftp://shop.example/hook"}, "webhookUrl"),
        ({"webhookUrl": "http://192.168.1.4/hook"}, "webhookUrl"),
        ({"webhookUrl": "http://[::1"}, "webhookUrl"),
        ({"method": "gold"}, "method"),
        ({"method": ["ideal", 3]}, "method"),
        ({"method": "klarna"}, "lines"),
        ({"metadata": 12}, "metadata"),
        ({"metadata": "x" * 1100}, "metadata"),
        ({"locale": "nl"}, "locale"),
        ({"captureMode": "late"}, "captureMode"),
        ({"captureMode": "manual", "method": "ideal"}, "captureMode"),
        ({"captureMode": "manual", "captureDelay": "9 days"}, "captureDelay"),
        ({"dueDate": "tomorrow"}, "dueDate"),
        ({"dueDate": "2020-01-01"}, "dueDate"),
        ({"sequenceType": "recurring"}, "customerId"),
        ({"billingAddress": "Dam 1"}, "billingAddress"),
        ({"testmode": True}, "testmode"),
        ({"profileId": "pfl_1"}, "profileId"),
        ({"webhookURL": "http://127.0.0.1/"}, "webhookURL"),
    ],
)
def test_what_does_not_do_is_refused_by_its_field(mollie: BareMollie, fields: dict[str, Any], field: str) -> None:
    answer = mollie.create(**fields)

    error = answer.json()
    assert (answer.status_code, error["title"], error["field"]) == (422, "Unprocessable Entity", field)
    assert error["detail"]
    assert error["_links"]["documentation"]["type"] == "text/html"
    assert mollie.get("payments").json()["count"] == 0


LINE = {"description": "Phone", "quantity": 2, "unitPrice": euro("6.05"), "discountAmount": euro("2.10"),
        "totalAmount": euro("10.00"), "vatRate": "21.00", "vatAmount": euro("1.74")}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"totalAmount": euro("9.00")}, "lines.0.totalAmount"),
        ({"vatAmount": euro("2.10")}, "lines.0.vatAmount"),
        ({"vatRate": "21"}, "lines.0.vatRate"),
        ({"quantity": 0}, "lines.0.quantity"),
        ({"quantity": "2"}, "lines.0.quantity"),
        ({"unitPrice": {"currency": "USD", "value": "6.05"}}, "lines.0.unitPrice.currency"),
        ({"type": "tip"}, "lines.0.type"),
        ({"description": None}, "lines.0.description"),
        ({"price": "1"}, "lines.0.price"),
        ({"discountAmount": euro("2.00"), "totalAmount": euro("10.10"), "vatAmount": euro("1.75")}, "lines"),
    ],
)
def test_lines_must_be_whole_and_add_up(mollie: BareMollie, changes: dict[str, Any], field: str) -> None:
    refused = mollie.create(lines=[LINE | changes])
    taken = mollie.create(lines=[LINE], method="klarna")

    assert (refused.status_code, refused.json().get("field")) == (422, field)
    assert taken.json()["lines"] == [LINE | {"type": "physical"}]


def test_a_form_with_brackets_does_as_well(mollie: BareMollie) -> None:
    form = {
        "amount[currency]": "EUR", "amount[value]": "10.00", "description": "Order 1",
        "redirectUrl": "https://shop.example/", "metadata[order]": "12", "method[]": "ideal",
        "lines[0][description]": "Phone", "lines[0][quantity]": "1", "lines[0][unitPrice][currency]": "EUR",
        "lines[0][unitPrice][value]": "10.00", "lines[0][totalAmount][currency]": "EUR",
        "lines[0][totalAmount][value]": "10.00",
    }  # fmt: skip

    made = mollie.http.post("/v2/payments", data=form)

    assert made.status_code == 201
    assert (made.json()["metadata"], made.json()["method"]) == ({"order": "12"}, "ideal")
    assert made.json()["lines"][0]["quantity"] == 1


def test_a_long_description_is_cut_not_refused(mollie: BareMollie) -> None:
    assert len(mollie.payment(description="x" * 300)["description"]) == 255


@pytest.mark.parametrize("header", [None, "Bearer test_unknown", "Basic eA==", "Bearer"])
def test_without_a_key_that_exists_there_is_nothing(handle: MollieHandle, header: str | None) -> None:
    headers = {"Authorization": header} if header else {}

    answer = httpx.post(f"{handle.base_url}/v2/payments", content="{", headers=headers)

    assert (answer.status_code, answer.json()["title"]) == (401, "Unauthorized Request")


def test_modes_and_profiles_do_not_see_each_other(mollie: BareMollie, handle: MollieHandle) -> None:
    id_ = mollie.payment()["id"]
    for token in (handle.key(SHOP, "live"), handle.key(OTHER_SHOP)):
        with bare_mollie(handle, token) as other:
            assert other.get(f"payments/{id_}").status_code == 404
            assert other.get("payments").json()["count"] == 0
            assert other.http.delete(f"/v2/payments/{id_}").status_code == 404
            assert other.payment()["mode"] == ("live" if token.startswith("live") else "test")


def test_the_organisation_names_profile_and_mode(organisation: BareMollie, handle: MollieHandle) -> None:
    profile_id = handle.profile_id(OTHER_SHOP)
    assert organisation.create().json()["field"] == "profileId"
    assert organisation.create(profileId="pfl_none").json()["field"] == "profileId"

    made = organisation.payment(profileId=profile_id, testmode=True)

    assert (made["profileId"], made["mode"]) == (profile_id, "test")
    assert organisation.get(f"payments/{made['id']}").status_code == 404
    assert organisation.seen(made["id"], testmode="true")["id"] == made["id"]
    assert organisation.get("payments", testmode="true", profileId=handle.profile_id(SHOP)).json()["count"] == 0
    assert organisation.get("payments", testmode="yes").status_code == 400


def test_an_update_changes_what_may_change_and_tells_nobody(mollie: BareMollie, handle: MollieHandle) -> None:
    made = mollie.payment(webhookUrl="http://127.0.0.1:9/hook")

    changed = mollie.http.patch(f"/v2/payments/{made['id']}", json={"description": "Order 2", "metadata": None})

    assert changed.status_code == 200
    assert changed.json()["description"] == mollie.seen(made["id"])["description"] == "Order 2"
    assert changed.json()["webhookUrl"] == made["webhookUrl"]
    assert mollie.http.patch(f"/v2/payments/{made['id']}", json={"amount": euro("1.00")}).json()["field"] == "amount"
    assert handle.deliveries() == []
    handle.act(made["id"], "pay")
    late = mollie.http.patch(f"/v2/payments/{made['id']}", json={"redirectUrl": "https://shop.example/2"})
    assert (late.status_code, late.json()["field"]) == (422, "redirectUrl")


def test_cancelling_is_for_what_says_so(mollie: BareMollie) -> None:
    transfer, ideal = mollie.payment(method="banktransfer"), mollie.payment(method="ideal")
    assert (transfer["isCancelable"], ideal["isCancelable"]) == (True, False)

    canceled = mollie.http.delete(f"/v2/payments/{transfer['id']}")

    assert (canceled.status_code, canceled.json()["status"]) == (200, "canceled")
    assert "isCancelable" not in canceled.json()
    assert "checkout" not in canceled.json()["_links"]
    for id_ in (transfer["id"], ideal["id"]):
        refused = mollie.http.delete(f"/v2/payments/{id_}")
        assert (refused.status_code, refused.json()["detail"]) == (422, "The payment cannot be cancelled")


ACTS = {"pay": "paid", "authorise": "authorized", "wait": "pending", "fail": "failed", "cancel": "canceled",
        "expire": "expired"}  # fmt: skip


@pytest.mark.parametrize("first", ["open", *ACTS])
@pytest.mark.parametrize("second", ACTS)
def test_a_payment_takes_legal_steps_only(mollie: BareMollie, handle: MollieHandle, first: str, second: str) -> None:
    from sandbox.mollie.errors import MollieError

    id_ = mollie.payment(method="creditcard")["id"]
    if first != "open":
        handle.act(id_, first)
    before = ACTS.get(first, "open")

    if ACTS[second] in STEPS[before]:
        handle.act(id_, second)
        after = mollie.seen(id_)
        assert after["status"] == ACTS[second]
        assert second == "wait" or after[ACTS[second].replace("cancelled", "canceled") + "At"]
    else:
        with pytest.raises(MollieError):
            handle.act(id_, second)
        assert mollie.seen(id_)["status"] == before


def test_a_paid_payment_says_what_can_be_refunded(mollie: BareMollie) -> None:
    paid = mollie.paid(method="ideal")
    other = mollie.paid(method="bancontact")

    assert (paid["amountRefunded"], paid["amountRemaining"]) == (euro("0.00"), euro("10.00"))
    assert other["amountRemaining"] == euro("35.00")  # Some methods leave room for the cost of a return.
    assert paid["details"]["consumerAccount"].startswith("NL")
    assert "expiresAt" not in paid


@pytest.mark.parametrize(("euros", "reason"), [("1001.00", "invalid_card_number"), ("1011.00", "card_declined")])
def test_a_card_fails_for_the_reason_that_the_amount_says(
    mollie: BareMollie, handle: MollieHandle, euros: str, reason: str
) -> None:
    id_ = mollie.payment(amount=euro(euros), method="creditcard")["id"]

    handle.act(id_, "fail")

    assert mollie.seen(id_)["details"]["failureReason"] == reason


def test_nobody_pays_in_time(mollie: BareMollie, handle: MollieHandle) -> None:
    ideal, card = mollie.payment(method="ideal"), mollie.payment(method="creditcard")

    handle.advance(15 * 60 + 1)

    assert mollie.seen(ideal["id"])["expiredAt"] == ideal["expiresAt"]
    assert mollie.seen(card["id"])["status"] == "open"
    handle.advance(15 * 60)
    assert mollie.seen(card["id"])["status"] == "expired"


def test_what_is_held_lapses_when_nobody_captures_it(mollie: BareMollie, handle: MollieHandle) -> None:
    id_ = mollie.payment(method="creditcard", captureMode="manual")["id"]
    handle.act(id_, "pay")
    assert mollie.seen(id_)["status"] == "authorized"

    handle.advance(8 * 24 * 3600)

    assert mollie.seen(id_)["status"] == "expired"


def test_paths_and_methods_that_do_not_exist(mollie: BareMollie) -> None:
    assert mollie.get("orders").status_code == 404
    assert mollie.get("payments/tr_none").json()["detail"] == "No payment exists with token tr_none."
    wrong = mollie.http.put("/v2/payments", json={})
    assert (wrong.status_code, wrong.headers["Allow"]) == (405, "POST, GET")
    assert mollie.http.post("/v2/payments", content="{").status_code == 415
    json = {"Content-Type": "application/json"}
    assert mollie.http.post("/v2/payments", content="{", headers=json).status_code == 400
    assert mollie.http.post("/v2/payments", content="[1]", headers=json).status_code == 400
    assert mollie.get("payments", limmit="3").json()["field"] == "limmit"
    assert mollie.get(f"payments/{mollie.payment()['id']}", embed="orders").json()["field"] == "embed"
