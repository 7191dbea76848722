"""Next-generation webhooks of the sandbox's Mollie: subscriptions, signatures, rotation, events."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from mollie_calls import OTHER_SHOP, SHOP, BareMollie, Receiver, euro
from test_mollie_webhooks_out import until

from sandbox.mollie import webhooks
from sandbox.mollie.events import signatures
from sandbox.testing import MollieHandle

DAY = 24 * 3600


def subscribe(organisation: BareMollie, url: str, *types: str, **fields: Any) -> dict[str, Any]:
    body = {"name": "Portal", "url": url, "eventTypes": list(types) or ["*"], "testmode": True, **fields}
    answer = organisation.post("webhooks", body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def signed_with(secret: str, body: str) -> str:
    return "sha256=" + hmac.new(secret.encode(), body.encode(), hashlib.sha256).hexdigest()


def test_a_body_is_signed_as_the_contracts_example_is(handle: MollieHandle) -> None:
    with handle.mollie.storage.transaction() as books:
        made = webhooks.add(books, "test", None, "whs_test", name="", url="http://127.0.0.1:9/", eventTypes=["*"])

        signed = signatures(books, made["id"], '{"resource":"event"}')

    digest = "555c27b7b0b7fa2904b9795f00815b2aa629967c0f6ecc40d748b78aa4763729"
    assert signed == [("X-Mollie-Signature", f"sha256={digest}")]


def test_an_event_is_signed_and_carries_a_snapshot(
    mollie: BareMollie, organisation: BareMollie, handle: MollieHandle, receiver: Receiver
) -> None:
    made = subscribe(organisation, receiver.url)
    payment = mollie.payment()

    handle.act(payment["id"], "pay")

    (body,) = receiver.wait(1)
    _method, headers, _body = receiver.calls[0]
    event = json.loads(body)
    assert headers["x-mollie-signature"] == signed_with(made["webhookSecret"], body)
    assert headers["content-type"] == "application/json"
    assert (event["resource"], event["type"], event["entityId"]) == ("event", "payment.paid", payment["id"])
    assert event["_embedded"]["entity"] == mollie.seen(payment["id"])
    assert organisation.get(f"events/{event['id']}", testmode="true").json() == event
    assert organisation.get(f"events/{event['id']}").status_code == 404


@pytest.mark.parametrize(
    ("act", "types"),
    [(lambda m, h, id_: h.act(id_, "wait"), ["payment.pending"]),
     (lambda m, h, id_: h.act(id_, "expire"), ["payment.expired"]),
     (lambda m, h, id_: (h.act(id_, "pay"), h.act(id_, "chargeback"), h.act(id_, "reverse")),
      ["payment.paid", "chargeback.received", "chargeback.reversed"]),
     (lambda m, h, id_: (h.act(id_, "pay"), m.post(f"payments/{id_}/refunds", {"amount": euro("1.00")}),
                         h.act(id_, "finish_refund")),
      ["payment.paid", "refund.pending", "refund.processing", "refund.refunded"]),
     (lambda m, h, id_: (h.act(id_, "authorise", method="creditcard"), m.post(f"payments/{id_}/captures"),
                         h.advance(61)),
      ["payment.authorized", "capture.succeeded", "payment.paid"])],
)  # fmt: skip
def test_what_happens_has_an_event_each(
    mollie: BareMollie, organisation: BareMollie, handle: MollieHandle, receiver: Receiver,
    act: Callable[[BareMollie, MollieHandle, str], object], types: list[str],
) -> None:  # fmt: skip
    subscribe(organisation, receiver.url)

    act(mollie, handle, mollie.payment(method="paypal")["id"])

    assert sorted(json.loads(body)["type"] for body in receiver.wait(len(types))) == sorted(types)


def test_only_what_was_asked_for_is_sent(
    mollie: BareMollie, organisation: BareMollie, handle: MollieHandle, receiver: Receiver
) -> None:
    subscribe(organisation, receiver.url, "payment.failed", "balance-transaction.created")
    subscribe(organisation, receiver.url, "payment.failed", profileId=handle.profile_id(OTHER_SHOP))
    subscribe(organisation, receiver.url, testmode=False)

    handle.act(mollie.payment()["id"], "pay")
    handle.act(mollie.payment()["id"], "fail")

    types = [json.loads(body)["type"] for body in receiver.wait(2)]
    assert sorted(types) == ["balance-transaction.created", "payment.failed"]
    assert len(handle.deliveries()) == 2


def test_after_a_rotation_both_secrets_sign_for_a_day(
    mollie: BareMollie, organisation: BareMollie, handle: MollieHandle, receiver: Receiver
) -> None:
    made = subscribe(organisation, receiver.url)
    new = httpx.post(f"{handle.base_url}/webhooks/{made['id']}/rotate").json()["secret"]

    handle.act(mollie.payment()["id"], "pay")
    (body,) = receiver.wait(1)
    handle.advance(DAY + 1)
    handle.act(mollie.payment()["id"], "pay")
    later = receiver.wait(2)[1]

    sent = [headers["x-mollie-signature"] for _method, headers, _body in receiver.calls]
    assert sent == [f"{signed_with(new, body)}, {signed_with(made['webhookSecret'], body)}", signed_with(new, later)]


def test_a_simple_delivery_has_no_snapshot(
    mollie: BareMollie, organisation: BareMollie, handle: MollieHandle, receiver: Receiver
) -> None:
    made = subscribe(organisation, receiver.url)
    httpx.post(f"{handle.base_url}/webhooks/{made['id']}/simple").raise_for_status()

    id_ = mollie.paid()["id"]

    (body,) = receiver.wait(1)
    assert "_embedded" not in json.loads(body)
    assert json.loads(body)["entityId"] == id_


def test_a_ping_and_the_life_of_a_subscription(
    organisation: BareMollie, handle: MollieHandle, receiver: Receiver
) -> None:
    made = subscribe(organisation, receiver.url, "payment.paid")
    path = f"webhooks/{made['id']}"

    assert organisation.post(f"{path}/ping", {"testmode": True}).status_code == 202
    assert json.loads(receiver.wait(1)[0])["type"] == "hook.ping"
    seen = organisation.get(path, testmode="true").json()
    assert "webhookSecret" not in seen
    assert seen == {name: value for name, value in made.items() if name not in ("webhookSecret", "_links")} | {
        "_links": seen["_links"]
    }
    changed = organisation.http.patch(f"/v2/{path}", json={"name": "Other", "eventTypes": "*", "testmode": True}).json()
    assert (changed["name"], changed["eventTypes"], changed["url"]) == ("Other", ["*"], receiver.url)
    assert organisation.get("webhooks", testmode="true", eventTypes="*").json()["count"] == 1
    assert organisation.get("webhooks", testmode="true", eventTypes="payment.paid").json()["count"] == 0
    gone = organisation.http.request("DELETE", f"/v2/{path}", json={"testmode": True})
    assert (gone.status_code, gone.content) == (204, b"")
    assert organisation.get("webhooks", testmode="true").json()["count"] == 0
    again = organisation.http.request("DELETE", f"/v2/{path}", json={"testmode": True})
    assert (again.status_code, "already deleted" in again.json()["detail"]) == (422, True)


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"name": None}, "name"), ({"url": None}, "url"), ({"url": "hook"}, "url"), ({"eventTypes": None}, "eventTypes"),
     ({"eventTypes": ["payment.lost"]}, "eventTypes"), ({"eventTypes": 3}, "eventTypes"), ({"secret": "x"}, "secret"),
     ({"profileId": "pfl_none"}, "profileId")],
)  # fmt: skip
def test_subscriptions_that_do_not_do(organisation: BareMollie, fields: dict[str, Any], field: str) -> None:
    body = {"name": "Portal", "url": "http://127.0.0.1:9/", "eventTypes": ["*"], **fields}

    answer = organisation.post("webhooks", {name: value for name, value in body.items() if value is not None})

    assert (answer.status_code, answer.json()["field"]) == (422, field)


def test_after_ten_failures_a_subscription_is_blocked(
    mollie: BareMollie, organisation: BareMollie, handle: MollieHandle, receiver: Receiver
) -> None:
    made = subscribe(organisation, receiver.url, "payment.paid")
    receiver.answers[:] = [500] * 10
    httpx.post(f"{handle.base_url}/clock", json={"rate": 1_000_000}).raise_for_status()
    mollie.paid()

    until(handle, lambda rows: rows[0]["state"] == "failed")

    assert organisation.get(f"webhooks/{made['id']}", testmode="true").json()["status"] == "blocked"
    assert {json.loads(body)["id"] for body in receiver.wait(10)} == {handle.deliveries()[0]["subject"]}


def test_a_portal_has_its_subscriptions_from_the_start(
    mollie: BareMollie, organisation: BareMollie, handle: MollieHandle, receiver: Receiver
) -> None:
    base_url = receiver.url.removesuffix("/hook")
    with handle.mollie.storage.transaction() as books:
        webhooks.subscribe(books, base_url)

    id_ = mollie.paid()["id"]

    (body,) = receiver.wait(1)
    assert json.loads(body)["entityId"] == id_
    assert receiver.calls[0][1]["x-mollie-signature"] == signed_with(handle.webhook_secret(SHOP), body)
    listed = organisation.get("webhooks", testmode="true").json()["_embedded"]["webhooks"]
    assert [webhook["url"] for webhook in listed] == [f"{base_url}/webhooks/mollie-events"] * 2
    assert {webhook["profileId"] for webhook in listed} == {handle.profile_id(code) for code in (OTHER_SHOP, SHOP)}
