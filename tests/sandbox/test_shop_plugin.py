"""Mollie's plugin in the sandbox's shops: payments, custom fields of each generation, webhooks (contract, 11)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from browsing import until
from mollie_calls import BareMollie, Receiver, bare_mollie

from sandbox.testing import BareShop, Bought, SandboxHandle, running_sandbox

V4, V5 = "refurbished-direct", "econocom"


def attempts(shop: BareShop, bought: Bought) -> list[tuple[str, str]]:
    """State and id of each attempt to pay, oldest first."""
    (order,) = shop.search(
        "order", ids=[bought.order_id],
        associations={"transactions": {"associations": {"stateMachineState": {}}, "sort": "createdAt"}},
    )["data"]  # fmt: skip
    return [(one["stateMachineState"]["technicalName"], one["id"]) for one in order["transactions"]]


def fields(shop: BareShop, entity: str, id_: str) -> dict[str, Any] | None:
    doc = shop.http.get(f"/api/{entity}/{id_}").raise_for_status().json()["data"]
    found: dict[str, Any] | None = (doc["customFields"] or {}).get("mollie_payments")
    return found


def call(shop: BareShop, bought: Bought, *, method: str = "POST", below: str = "") -> httpx.Response:
    """Somebody calls the plugin's webhook, without any sign-in."""
    return httpx.request(
        method, f"{shop.http.base_url}".rstrip("/") + f"{below}/mollie/webhook/{bought.transaction_id}"
    )


@pytest.fixture
def selling(shop: BareShop) -> BareShop:
    shop.sell("SKU-1")
    return shop


def payment(world: SandboxHandle, shop: BareShop, bought: Bought) -> dict[str, Any]:
    with bare_mollie(world.mollie, world.mollie.key(shop.code)) as mollie:
        return mollie.seen(bought.payment_id)


def test_a_payment_says_which_order_it_is_for_and_what_is_in_it(world: SandboxHandle, selling: BareShop) -> None:
    bought = world.buy(selling.code, "SKU-1")

    made = payment(world, selling, bought)

    base = str(selling.http.base_url).rstrip("/")
    assert made["amount"] == {"currency": "EUR", "value": "127.95"}
    assert (made["description"], made["metadata"]) == (bought.number, {"shopwareOrderNumber": bought.number})
    assert made["webhookUrl"] == f"{base}/mollie/webhook/{bought.transaction_id}"
    assert made["redirectUrl"] == made["cancelUrl"] == f"{base}/checkout/finish?orderId={bought.order_id}"
    assert [(line["type"], line.get("sku"), line["totalAmount"]["value"]) for line in made["lines"]] == [
        ("physical", "SKU-1", "121.00"), ("shipping_fee", None, "6.95"),
    ]  # fmt: skip
    assert made["billingAddress"]["email"] == "ada@example.com"
    assert made["method"] == "ideal"


def test_v4_writes_at_the_order_alone(world: SandboxHandle, shop_of: Callable[[str], BareShop]) -> None:
    shop = shop_of(V4)
    shop.sell("SKU-1")

    bought = world.buy(V4, "SKU-1")

    written = fields(shop, "order", bought.order_id)
    assert written is not None
    assert (written["payment_id"], written["molliePaymentUrl"]) == (bought.payment_id, bought.checkout_url)
    assert not {"id", "orderId", "order_id"} & written.keys()
    assert fields(shop, "order-transaction", bought.transaction_id) is None


def test_v5_writes_at_both_in_two_spellings(world: SandboxHandle, shop_of: Callable[[str], BareShop]) -> None:
    shop = shop_of(V5)
    shop.sell("SKU-1")

    bought = world.buy(V5, "SKU-1", method="payment_banktransfer")
    world.mollie.act(bought.payment_id, "wait", method="banktransfer")
    assert call(shop, bought).status_code == 200

    written = fields(shop, "order", bought.order_id)
    assert written is not None
    assert (written["payment_id"], written["id"], written["order_id"]) == (bought.payment_id, bought.payment_id, "")
    assert (written["third_party_payment_id"], written["countPayments"]) == ("", 1)
    assert written["transferReference"].startswith("RF")
    assert "orderId" not in written  # Empty values are dropped from the camel case.
    assert fields(shop, "order-transaction", bought.transaction_id) == written


@pytest.mark.parametrize(
    ("acts", "state"),
    [(["pay"], "paid"), (["fail"], "failed"), (["cancel"], "cancelled"), (["expire"], "cancelled"),
     (["wait"], "open"), (["wait", "pay"], "paid"), (["wait", "fail"], "failed")],
)  # fmt: skip
def test_the_attempt_moves_as_the_payment_does(
    world: SandboxHandle, selling: BareShop, acts: list[str], state: str
) -> None:
    bought = world.buy(selling.code, "SKU-1")

    for act in acts:
        world.mollie.act(bought.payment_id, act, method="ideal")
    answer = call(selling, bought)

    assert answer.status_code == 200
    assert answer.json()["status"] == "success"
    assert answer.json()["payment"]["id"] == bought.payment_id
    assert attempts(selling, bought) == [(state, bought.transaction_id)]


def test_a_card_that_only_reserves_is_authorized(world: SandboxHandle, selling: BareShop) -> None:
    bought = world.buy(selling.code, "SKU-1", method="payment_card")
    world.mollie.act(bought.payment_id, "authorise")

    call(selling, bought)

    assert attempts(selling, bought) == [("authorized", bought.transaction_id)]


def test_mollie_calls_the_plugin_by_itself(world: SandboxHandle, selling: BareShop) -> None:
    bought = world.buy(selling.code, "SKU-1")

    world.mollie.act(bought.payment_id, "pay")

    assert delivered(world, bought.payment_id)
    assert attempts(selling, bought) == [("paid", bought.transaction_id)]


def delivered(world: SandboxHandle, payment_id: str) -> bool:
    """Whether Mollie's last call about a payment was taken, once it was made."""

    def state() -> str:
        calls = world.mollie.deliveries(payment_id)
        return str(calls[0]["state"]) if calls and calls[0]["result"] else ""

    until(lambda: bool(state()))
    return state() == "delivered"


@pytest.mark.parametrize(("method", "below"), [("GET", ""), ("POST", ""), ("GET", "/api"), ("POST", "/api")])
def test_the_webhook_takes_anybodys_call_and_believes_none(
    world: SandboxHandle, selling: BareShop, method: str, below: str
) -> None:
    bought = world.buy(selling.code, "SKU-1")

    answer = call(selling, bought, method=method, below=below)

    assert (answer.status_code, answer.json()["apiAlias"]) == (200, "webhook.route.success")
    assert attempts(selling, bought)[0][0] == "open"


def test_the_webhook_says_why_it_cannot(world: SandboxHandle, selling: BareShop) -> None:
    invoice = world.buy(selling.code, "SKU-1", method="payment_invoice")
    paid = world.buy(selling.code, "SKU-1")
    assert (invoice.payment_id, attempts(selling, invoice)[0][0]) == ("", "open")

    none = call(selling, invoice)
    world.mollie.fault("500", route="payments/")
    broken = call(selling, paid)

    assert [answer.status_code for answer in (none, broken)] == [422, 422]
    assert none.json()["success"] is False
    assert "no Mollie payment" in none.json()["error"]
    assert "Mollie" in broken.json()["error"]


def test_an_illegal_step_is_refused_with_the_shops_words(world: SandboxHandle, selling: BareShop) -> None:
    bought = world.buy(selling.code, "SKU-1")
    world.mollie.act(bought.payment_id, "pay")
    assert delivered(world, bought.payment_id)
    selling.post(f"_action/order_transaction/{bought.transaction_id}/state/refund", {}).raise_for_status()

    answer = call(selling, bought)

    assert answer.status_code == 422
    assert 'Illegal transition "paid"' in answer.json()["error"]


def test_a_deaf_plugin_says_thank_you_and_does_nothing(world: SandboxHandle, selling: BareShop) -> None:
    bought = world.buy(selling.code, "SKU-1")
    deaf = world.fault(selling.code, "plugin_deaf", left=1)
    world.mollie.act(bought.payment_id, "pay")

    assert delivered(world, bought.payment_id)
    assert deaf.hits == 1
    assert attempts(selling, bought)[0][0] == "open"
    call(selling, bought)
    assert attempts(selling, bought)[0][0] == "paid"


def test_who_pays_again_can_pay_twice_in_two_tabs(world: SandboxHandle, selling: BareShop) -> None:
    first = world.buy(selling.code, "SKU-1")
    second = world.pay_again(selling.code, first.order_id, method="payment_card")

    assert second.order_id == first.order_id
    assert attempts(selling, first) == [("cancelled", first.transaction_id), ("open", second.transaction_id)]
    assert (fields(selling, "order", first.order_id) or {})["payment_id"] == second.payment_id
    if selling.code == V5:
        order = selling.http.get(f"/api/order/{first.order_id}").json()["data"]
        assert order["primaryOrderTransactionId"] == second.transaction_id

    with world.buyer(selling.code) as buyer:
        for tab in (first, second):
            buyer.choose(tab.checkout_url, "pay")
            assert delivered(world, tab.payment_id)

    assert [state for state, _id in attempts(selling, first)] == ["paid", "paid"]
    assert (fields(selling, "order", first.order_id) or {})["payment_id"] == second.payment_id


def test_an_attempt_that_was_given_up_stays_so_when_its_payment_ends(world: SandboxHandle, selling: BareShop) -> None:
    first = world.buy(selling.code, "SKU-1")
    second = world.pay_again(selling.code, first.order_id)

    world.mollie.act(first.payment_id, "fail")

    assert delivered(world, first.payment_id)
    assert attempts(selling, first) == [("cancelled", first.transaction_id), ("open", second.transaction_id)]


@pytest.mark.parametrize(("outcome", "words"), [
    ("pay", ("De betaling is binnen", "We have your payment")), ("fail", ("niet gelukt", "did not work")),
    ("cancel", ("niet gelukt", "did not work")), ("wait", ("in behandeling", "on its way")),
])  # fmt: skip
def test_the_finish_page_says_how_it_stands_though_the_shop_does_not_know_yet(
    world: SandboxHandle, selling: BareShop, outcome: str, words: tuple[str, str]
) -> None:
    world.mollie.fault("webhook_drop")
    bought = world.buy(selling.code, "SKU-1")

    with world.buyer(selling.code) as buyer:
        page = buyer.http.get(buyer.choose(bought.checkout_url, outcome)).text

    assert words[selling.code == V5] in page
    assert ("/checkout/again" in page) is (outcome in ("fail", "cancel"))
    assert attempts(selling, bought)[0][0] == "open"


def test_a_transfer_is_waited_for_with_its_reference(world: SandboxHandle, selling: BareShop) -> None:
    bought = world.buy(selling.code, "SKU-1", method="payment_banktransfer")

    with world.buyer(selling.code) as buyer:
        page = buyer.http.get(buyer.choose(bought.checkout_url, "wait", "banktransfer")).text

    assert payment(world, selling, bought)["details"]["transferReference"] in page


def test_when_mollie_refuses_the_order_stands_and_can_be_paid_later(world: SandboxHandle, selling: BareShop) -> None:
    world.mollie.fault("503", route="payments", left=1)

    bought = world.buy(selling.code, "SKU-1")

    assert (bought.payment_id, attempts(selling, bought)[0][0]) == ("", "failed")
    again = world.pay_again(selling.code, bought.order_id)
    assert again.payment_id.startswith("tr_")
    assert [state for state, _id in attempts(selling, bought)] == ["failed", "open"]


def test_with_the_portal_as_bridge_mollie_calls_the_portal_alone(
    world: SandboxHandle, selling: BareShop, receiver: Receiver
) -> None:
    world.bridge(selling.code, "portal", receiver.url)
    bought = world.buy(selling.code, "SKU-1")

    world.mollie.act(bought.payment_id, "pay")

    assert receiver.wait(1) == [f"id={bought.payment_id}"]
    assert f"/webhooks/mollie/{selling.code}/" in payment(world, selling, bought)["webhookUrl"]
    assert attempts(selling, bought)[0][0] == "open"


def test_a_shop_pays_with_its_own_profile(world: SandboxHandle, selling: BareShop, mollie: BareMollie) -> None:
    bought = world.buy(selling.code, "SKU-1")

    seen = mollie.get(f"payments/{bought.payment_id}").status_code  # The key of the first shop.

    assert seen == (200 if selling.code == V4 else 404)


def test_a_portal_that_is_the_bridge_is_told_the_token_of_its_address(world: SandboxHandle) -> None:
    environment = {**os.environ, "SANDBOX_BRIDGE": json.dumps({V5: "portal"})}

    said = subprocess.run(
        [sys.executable, "-m", "sandbox", "mollie"], capture_output=True, text=True, check=True, env=environment
    )

    printed = json.loads(said.stdout)["channels"]
    assert [printed[code]["bridge"] for code in (V4, V5)] == ["storefront", "portal"]
    for code in (V4, V5):
        assert world.sandbox.shops[code].psp.portal_webhook.endswith(f"/{code}/{printed[code]['webhook_token']}")


def test_the_plugin_trusts_a_mollie_that_speaks_tls(
    world: SandboxHandle, shop_of: Callable[[str], BareShop], tmp_path: Path
) -> None:
    shop_of(V4).sell("SKU-1")

    with running_sandbox(world.mollie.mollie.storage.url, mollie_certificate=tmp_path / "mollie.pem") as secure:
        bought = secure.buy(V4, "SKU-1")
        secure.mollie.act(bought.payment_id, "pay")
        assert delivered(secure, bought.payment_id)

    assert bought.checkout_url.startswith("https://")
    assert attempts(shop_of(V4), bought) == [("paid", bought.transaction_id)]
