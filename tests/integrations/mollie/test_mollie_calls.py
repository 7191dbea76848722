"""The client of Mollie on a real socket: what it sends with each kind of credential, and where it asks."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from mollie_double import CREATED, KEY, TOKEN, MollieDouble, Said, money, payment, refund, running_double

from integrations.errors import Misconfigured, Rejected
from integrations.mollie.account import MollieAccount
from integrations.mollie.client import MollieClient, Money

mollie = pytest.fixture(running_double)
TEN = Money(Decimal("10"), "EUR")
HOUSE = {"profile_id": "pfl_1", "mode": "test"}


def create(client: MollieClient, key: str = "row-1") -> Any:
    return client.create_payment(TEN, key=key, description="10042", redirect_url="https://shop.example/back")


def test_a_payment_is_created_with_the_amount_as_text_and_the_key_in_its_header(mollie: MollieDouble) -> None:
    mollie.says("POST", "payments", payment(method=None), 201)
    lines = [{"description": "Phone", "quantity": 1, "unitPrice": TEN, "totalAmount": TEN, "vatRate": "21.00"}]

    made = mollie.client().create_payment(
        TEN, key="row-1", description="10042", redirect_url="https://shop.example/back",
        more={"metadata": {"shopwareOrderNumber": "10042"}, "lines": lines}, include=["details.qrCode"],
    )  # fmt: skip

    (asked,) = mollie.asked
    assert (asked.method, asked.target) == ("POST", "/v2/payments?include=details.qrCode")
    assert asked.headers["idempotency-key"] == "row-1"
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.headers["content-type"] == "application/json"
    assert asked.body["amount"] == {"currency": "EUR", "value": "10.00"}
    assert asked.body["lines"][0]["totalAmount"] == {"currency": "EUR", "value": "10.00"}
    assert asked.body["redirectUrl"] == "https://shop.example/back"
    assert not made.replayed
    assert made.result.amount == Money(Decimal("10.00"), "EUR")
    assert made.result.created_at == datetime(2026, 11, 20, 9, 13, 37, tzinfo=UTC)


def test_a_profile_key_never_names_a_profile_or_a_mode(mollie: MollieDouble) -> None:
    mollie.says("POST", "payments", payment(), 201)
    mollie.says("GET", "payments/tr_1", payment())
    mollie.says("DELETE", "payments/tr_1", payment(status="canceled"))
    mollie.lists["payments"] = ("payments", [payment()])
    client = mollie.client(account={"profile_id": "pfl_1"})

    create(client)
    client.payment("tr_1")
    client.cancel_payment("tr_1")
    list(client.payments())

    assert [asked.target for asked in mollie.asked] == [
        "/v2/payments", "/v2/payments/tr_1", "/v2/payments/tr_1", "/v2/payments?limit=250",
    ]  # fmt: skip
    assert mollie.asked[0].body.keys() == {"amount", "description", "redirectUrl"}
    assert mollie.asked[2].body is None


def test_an_organisation_token_names_both_each_in_its_place(mollie: MollieDouble) -> None:
    mollie.says("POST", "payments", payment(), 201)
    mollie.says("GET", "payments/tr_1", payment())
    mollie.says("PATCH", "payments/tr_1", payment())
    mollie.says("DELETE", "payments/tr_1", payment(status="canceled"))
    mollie.says("POST", "payments/tr_1/refunds", refund(), 201)
    mollie.routes["DELETE", "payments/tr_1/refunds/re_1"] = lambda _asked: Said(204)
    mollie.routes["DELETE", "webhooks/hook_1"] = lambda _asked: Said(204)
    mollie.lists["payments"] = ("payments", [payment()])
    client = mollie.client(TOKEN, account=HOUSE)

    create(client)
    client.payment("tr_1", embed=["refunds", "captures"])
    client.update_payment("tr_1", {"description": "new"})
    client.cancel_payment("tr_1")
    client.create_refund("tr_1", TEN, key="row-2")
    client.cancel_refund("tr_1", "re_1")
    client.delete_subscription("hook_1")
    list(client.payments())

    sent = [(asked.method, asked.query, asked.body) for asked in mollie.asked]
    assert sent[0][2] | {"profileId": "pfl_1", "testmode": True} == sent[0][2]
    assert sent[1] == ("GET", {"embed": "refunds,captures", "testmode": "true"}, None)
    assert sent[2] == ("PATCH", {}, {"description": "new", "testmode": True})
    assert sent[3] == ("DELETE", {}, {"testmode": True})
    assert sent[4] == ("POST", {}, {"amount": money("10.00"), "testmode": True})
    assert sent[5] == ("DELETE", {"testmode": "true"}, None)
    assert sent[6] == ("DELETE", {}, {"testmode": True})
    assert sent[7] == ("GET", {"limit": "250", "profileId": "pfl_1", "testmode": "true"}, None)


def test_an_organisation_token_for_live_says_nothing_of_the_mode(mollie: MollieDouble) -> None:
    mollie.says("GET", "payments/tr_1", payment())

    mollie.client(TOKEN).payment("tr_1")

    assert mollie.asked[0].target == "/v2/payments/tr_1"


def test_a_payment_of_no_profile_is_not_sent(mollie: MollieDouble) -> None:
    with pytest.raises(Misconfigured, match="profile_id"):
        create(mollie.client(TOKEN))

    assert mollie.asked == []


@pytest.mark.parametrize(
    ("token", "mode"), [("live_abc", "test"), ("test_abc", "live"), ("abc", None), ("live_", None), ("", None),
                        ("test_a b", None), ("access_x\n", None), ("access_x", "sandbox")],
)  # fmt: skip
def test_an_account_that_cannot_be_is_refused_and_its_token_not_shown(token: str, mode: Any) -> None:
    with pytest.raises(ValueError, match="Mollie") as caught:
        MollieAccount("https://mollie.example", token, mode=mode)

    assert len(token) < 6 or token not in str(caught.value)


def test_a_base_url_ends_before_the_version() -> None:
    with pytest.raises(ValueError, match="before /v2"):
        MollieAccount("https://mollie.example/v2/", KEY)


@pytest.mark.parametrize("token", [KEY, TOKEN])
@pytest.mark.parametrize("more", [{"testmode": True}, {"profileId": "pfl_2"}])
def test_a_call_cannot_name_a_profile_or_a_mode(mollie: MollieDouble, token: str, more: dict[str, Any]) -> None:
    client = mollie.client(token, account={"profile_id": "pfl_1"})

    with pytest.raises(ValueError, match="the account's"):
        client.create_payment(TEN, key="row-1", description="x", redirect_url=None, more=more)

    assert mollie.asked == []


def test_an_account_does_not_show_its_token() -> None:
    assert TOKEN not in repr(MollieAccount("https://mollie.example", TOKEN))


@pytest.mark.parametrize("key", ["", " ", "a b", "é", "x" * 256, "a\nb"])
def test_nothing_is_made_without_a_key(mollie: MollieDouble, key: str) -> None:
    with pytest.raises(ValueError, match="idempotency key"):
        create(mollie.client(), key=key)

    assert mollie.asked == []


def test_only_what_a_payment_can_change_is_sent(mollie: MollieDouble) -> None:
    with pytest.raises(ValueError, match="amount"):
        mollie.client().update_payment("tr_1", {"amount": TEN, "description": "x"})

    assert mollie.asked == []


@pytest.mark.parametrize("id_", ["../refunds", "tr_1/refunds", "tr_1?embed=refunds", "tr_1#x", "tr 1"])
def test_an_id_cannot_leave_its_place_in_the_address(mollie: MollieDouble, id_: str) -> None:
    with pytest.raises(Rejected):
        mollie.client().payment(id_)

    (asked,) = mollie.asked
    assert asked.target.count("/") == 3
    assert asked.query == {}


@pytest.mark.parametrize("id_", ["", ".", ".."])
def test_without_an_id_nothing_is_asked(mollie: MollieDouble, id_: str) -> None:
    with pytest.raises(ValueError, match="id"):
        mollie.client().payment(id_)

    assert mollie.asked == []


def capture() -> dict[str, Any]:
    return {"id": "cpt_1", "status": "succeeded", "createdAt": CREATED, "amount": money("10.00"), "paymentId": "tr_1"}


def chargeback() -> dict[str, Any]:
    return {"id": "chb_1", "amount": money("10.00"), "createdAt": CREATED, "paymentId": "tr_1", "reversedAt": None}


def settlement(**more: Any) -> dict[str, Any]:
    return {"id": "stl_1", "status": "paidout", "amount": money("39.75"), "createdAt": CREATED, **more}


def balance() -> dict[str, Any]:
    sums = {"availableAmount": money("905.25"), "pendingAmount": money("0.00")}
    return {"id": "bal_1", "currency": "EUR", "status": "active", **sums}


def movement() -> dict[str, Any]:
    return {"id": "baltr_1", "type": "refund", "createdAt": CREATED, "initialAmount": money("-10.00"),
            "deductions": money("-0.25"), "resultAmount": money("-10.25"),
            "context": {"refund": {"paymentId": "tr_1", "refundId": "re_1"}}}  # fmt: skip


def subscription(**more: Any) -> dict[str, Any]:
    return {"id": "hook_1", "name": "portal", "url": "https://portal.example", "status": "enabled",
            "eventTypes": "payment.paid", **more}  # fmt: skip


LISTS: list[tuple[str, str, dict[str, Any], Callable[[MollieClient], Any]]] = [
    ("payments/tr_1/refunds", "refunds", refund(), lambda client: client.refunds_of("tr_1")),
    ("payments/tr_1/captures", "captures", capture(), lambda client: client.captures_of("tr_1")),
    ("payments/tr_1/chargebacks", "chargebacks", chargeback(), lambda client: client.chargebacks_of("tr_1")),
    ("chargebacks", "chargebacks", chargeback(), lambda client: client.chargebacks()),
    ("settlements", "settlements", settlement(), lambda client: client.settlements()),
    ("settlements/stl_1/payments", "payments", payment(), lambda client: client.settled_payments("stl_1")),
    ("settlements/stl_1/refunds", "refunds", refund(), lambda client: client.settled_refunds("stl_1")),
    ("settlements/stl_1/chargebacks", "chargebacks", chargeback(), lambda client: client.settled_chargebacks("stl_1")),
    ("settlements/stl_1/captures", "captures", capture(), lambda client: client.settled_captures("stl_1")),
    ("balances", "balances", balance(), lambda client: client.balances()),
    ("balances/primary/transactions", "balance_transactions", movement(), lambda client: client.balance_transactions()),
    ("webhooks", "webhooks", subscription(), lambda client: client.subscriptions()),
    ("methods", "methods", {"id": "ideal", "description": "iDEAL"}, lambda client: client.methods()),
]


@pytest.mark.parametrize(("path", "name", "item", "call"), LISTS, ids=[path for path, *_ in LISTS])
def test_every_list_stands_where_the_contract_says(
    mollie: MollieDouble, path: str, name: str, item: dict[str, Any], call: Callable[[MollieClient], Any]
) -> None:
    mollie.lists[path] = (name, [item])

    assert [found.id for found in call(mollie.client(TOKEN))] == [item["id"]]


def test_one_thing_is_read_where_the_contract_says(mollie: MollieDouble) -> None:
    mollie.says("GET", "payments/tr_1/refunds/re_1", refund())
    mollie.says("GET", "payments/tr_1/captures/cpt_1", capture())
    mollie.says("GET", "payments/tr_1/chargebacks/chb_1", chargeback())
    mollie.says("GET", "settlements/open", settlement(status="open", createdAt=None, periods=[]))
    mollie.says("GET", "balances/primary", balance())
    mollie.says("GET", "webhooks/hook_1", subscription(status="blocked"))
    mollie.says("GET", "events/event_1", {"id": "event_1", "type": "payment.paid", "entityId": "tr_1"})
    client = mollie.client(TOKEN)

    assert client.refund("tr_1", "re_1").amount.value == Decimal("5.95")
    assert client.capture("tr_1", "cpt_1").status == "succeeded"
    assert client.chargeback("tr_1", "chb_1").reversed_at is None
    assert client.settlement("open").created_at is None
    assert client.balance().available_amount == Money(Decimal("905.25"), "EUR")
    assert client.subscription("hook_1").status == "blocked"
    assert client.event("event_1").entity is None


def test_captures_releases_subscriptions_and_pings_are_acts_with_keys(mollie: MollieDouble) -> None:
    mollie.says("POST", "payments/tr_1/captures", capture(), 201)
    mollie.routes["POST", "payments/tr_1/release-authorization"] = lambda _asked: Said(202)
    mollie.says("POST", "webhooks", subscription(webhookSecret="whs_hush"), 201)
    mollie.says("PATCH", "webhooks/hook_1", subscription(name="new"))
    mollie.routes["POST", "webhooks/hook_1/ping"] = lambda _asked: Said(202)
    client = mollie.client(TOKEN)

    everything = client.create_capture("tr_1", key="a")
    client.create_capture("tr_1", key="b", amount=TEN, description="part")
    released = client.release_authorization("tr_1", key="c")
    made = client.create_subscription(key="d", name="portal", url="https://portal.example", events=["payment.paid"])
    changed = client.update_subscription("hook_1", name="new")
    client.ping_subscription("hook_1", key="e")

    assert everything.result.id == "cpt_1"
    assert released.result is None
    assert made.result.webhook_secret == "whs_hush"
    assert made.result.event_types == ["payment.paid"]
    assert "hush" not in repr(made)
    assert changed.name == "new"
    assert [asked.headers.get("idempotency-key") for asked in mollie.asked] == ["a", "b", "c", "d", None, "e"]
    assert [json.dumps(asked.body) for asked in mollie.asked[:3]] == [
        "{}", '{"amount": {"currency": "EUR", "value": "10.00"}, "description": "part"}', "{}",
    ]  # fmt: skip


def test_lists_of_settlements_and_methods_take_their_filters(mollie: MollieDouble) -> None:
    mollie.lists["settlements"] = ("settlements", [settlement()])
    mollie.lists["methods"] = ("methods", [])
    client = mollie.client(TOKEN)

    list(client.settlements(month=(2026, 1), balance_id="bal_1", currencies=["EUR", "GBP"]))
    client.methods(amount=TEN, locale="nl_NL")

    assert mollie.asked[0].query == {
        "limit": "250", "year": "2026", "month": "01", "balanceId": "bal_1", "currencies": "EUR,GBP",
    }  # fmt: skip
    assert mollie.asked[1].query == {"locale": "nl_NL", "amount[currency]": "EUR", "amount[value]": "10.00"}


def test_a_movement_adds_up_and_names_what_it_is_of_in_both_forms(mollie: MollieDouble) -> None:
    flat = movement() | {"id": "baltr_2", "context": {"paymentId": "tr_1", "refundId": "re_1"}, "deductions": None}
    mollie.lists["balances/primary/transactions"] = ("balance_transactions", [movement(), flat])

    nested, other = mollie.client(TOKEN).balance_transactions()

    assert (nested.is_whole, other.is_whole) == (True, False)
    for each in (nested, other):
        assert (each.reference("refundId"), each.reference("paymentId")) == ("re_1", "tr_1")
        assert each.reference("chargebackId") is None


def test_what_is_new_at_mollie_is_read_as_it_comes(mollie: MollieDouble) -> None:
    new = payment(
        status="quarantined", method="telepathy", amountRefunded=None, _embedded=[], _links=[], novel={"a": 1}
    )
    mollie.says("GET", "payments/tr_1", new)

    found = mollie.client().payment("tr_1")

    assert (found.status, found.method, found.refunds, found.link("checkout")) == (
        "quarantined",
        "telepathy",
        None,
        None,
    )


def test_embedded_refunds_captures_and_chargebacks_are_read(mollie: MollieDouble) -> None:
    parts = {"refunds": [refund()], "captures": [capture()], "chargebacks": []}
    mollie.says("GET", "payments/tr_1", payment(_embedded=parts))

    found = mollie.client().payment("tr_1", embed=["refunds", "captures", "chargebacks"])

    assert [each.id for each in found.refunds or []] == ["re_1"]
    assert [each.id for each in found.captures or []] == ["cpt_1"]
    assert found.chargebacks == []
