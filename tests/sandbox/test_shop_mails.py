"""Mails of the sandbox's shops, and changes of an order that send none."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from sandbox.testing import BareShop, Bought, SandboxHandle, hexid


@pytest.fixture
def bought(world: SandboxHandle, shop: BareShop) -> Bought:
    shop.sell("SKU-1", name="Phone <A>")
    return world.buy(shop.code, "SKU-1")


def template(shop: BareShop) -> dict[str, Any]:
    (found,) = shop.search(
        "mail-template", sort=[{"field": "systemDefault", "order": "ASC"}],
        filter=[{"type": "equals", "field": "mailTemplateType.technicalName", "value": "order_confirmation_mail"}],
    )["data"]  # fmt: skip
    one: dict[str, Any] = found
    return one


def mail_body(shop: BareShop, **fields: Any) -> dict[str, Any]:
    """A mail from the shop's own template, complete."""
    made = {name: template(shop)[name] for name in ("subject", "senderName", "contentHtml", "contentPlain")}
    return {
        **made, "recipients": {"eva@example.com": "Eva"}, "salesChannelId": shop.sales_channel_id, "testMode": False,
        "mailTemplateData": {
            "order": {"orderNumber": "20001", "amountTotal": 12, "orderCustomer": {"firstName": "Eva"},
                      "lineItems": [{"quantity": 3, "label": "Case"}]},
            "salesChannel": {"name": "The shop"},
        },
        **fields,
    }  # fmt: skip


def test_who_orders_gets_a_confirmation(world: SandboxHandle, shop: BareShop, bought: Bought) -> None:
    (mail,) = world.mails(shop.code)

    assert mail["to"] == {"ada@example.com": "Ada Jansen"}
    assert (mail["kind"], mail["order_number"]) == ("order_confirmation_mail", bought.number)
    assert bought.number in mail["subject"]
    assert "1 x Phone <A>" in mail["plain"]
    assert "1 x Phone &lt;A&gt;" in mail["html"]
    assert "EUR 127.95" in mail["plain"]
    assert mail["sender"] == world.shop(shop.code).name


def test_the_template_is_found_by_its_type_and_can_be_sent_to_anybody(world: SandboxHandle, shop: BareShop) -> None:
    answer = shop.post("_action/mail-template/send", mail_body(shop))

    (mail,) = world.mails(shop.code)
    assert answer.status_code == 200
    assert answer.json()["size"] > len(mail["plain"])
    assert mail["to"] == {"eva@example.com": "Eva"}
    assert "20001" in mail["subject"]
    assert mail["sender"] == "The shop"
    assert "3 x Case" in mail["plain"]


@pytest.mark.parametrize(
    "name", ["recipients", "salesChannelId", "subject", "senderName", "contentHtml", "contentPlain"]
)
def test_a_mail_that_lacks_something_is_refused(world: SandboxHandle, shop: BareShop, name: str) -> None:
    answer = shop.post("_action/mail-template/send", mail_body(shop, **{name: None}))

    assert answer.status_code == 400
    assert [error["source"]["pointer"] for error in answer.json()["errors"]] == [f"/{name}"]
    assert world.mails(shop.code) == []


def test_a_mail_for_a_channel_of_no_shop_or_to_a_list_is_refused(shop: BareShop) -> None:
    for wrong in ({"salesChannelId": hexid("x")}, {"recipients": ["eva@example.com"]}):
        assert shop.post("_action/mail-template/send", mail_body(shop, **wrong)).status_code == 400


def test_a_template_that_cannot_be_filled_sends_nothing(world: SandboxHandle, shop: BareShop) -> None:
    answer = shop.post("_action/mail-template/send", mail_body(shop, subject="{{ order.orderNumber"))

    assert (answer.status_code, answer.json()) == (200, {"size": 0})
    assert world.mails(shop.code) == []


@pytest.mark.parametrize(("body", "sent"), [({}, True), ({"sendMail": True}, True), ({"sendMail": False}, False)])
def test_a_transition_mails_the_customer_unless_it_is_told_not_to(
    world: SandboxHandle, shop: BareShop, bought: Bought, body: dict[str, Any], sent: bool
) -> None:
    (parcel,) = shop.search("order-delivery", filter={"orderId": bought.order_id})["data"]

    for _ in range(2):  # The second one moves nothing.
        shop.post(f"_action/order_delivery/{parcel['id']}/state/ship", body).raise_for_status()

    kinds = [mail["kind"] for mail in world.mails(shop.code)]
    assert kinds == ["order_confirmation_mail", *(["order_delivery.state.shipped"] if sent else [])]


def test_the_control_page_shows_what_was_mailed(world: SandboxHandle, shop: BareShop, bought: Bought) -> None:
    page = httpx.get(world.control_url).text
    told = httpx.get(f"{world.control_url}/mails/{shop.code}").json()

    assert "Phone &lt;A&gt;" in page
    assert told == world.mails(shop.code)


def events(world: SandboxHandle, code: str, name: str) -> list[dict[str, Any]]:
    with world.sandbox.shops[code].storage.transaction() as books:
        books.connection.execute("UPDATE webhook_log SET state = 'success'")
        rows = books.connection.execute(
            "SELECT body FROM webhook_log WHERE body->'data'->>'event' = %s ORDER BY auto", (name,)
        ).fetchall()
    return [entry for (body,) in rows for entry in body["data"]["payload"]]


def test_a_mended_address_is_told_as_that_and_leaves_the_order_alone(
    world: SandboxHandle, shop: BareShop, bought: Bought
) -> None:
    listens = {"name": "a", "eventName": "order_address.written", "url": "http://127.0.0.1:9/", "active": True}
    shop.post("webhook", listens).raise_for_status()
    before = shop.http.get(f"/api/order/{bought.order_id}").json()["data"]
    address = before["billingAddressId"]
    told = len(events(world, shop.code, "order.written"))

    answer = shop.http.patch(f"/api/order-address/{address}", json={"street": "Dam 2", "city": "Amsterdam"})

    assert answer.status_code == 204
    assert shop.http.get(f"/api/order-address/{address}").json()["data"]["street"] == "Dam 2"
    (entry,) = events(world, shop.code, "order_address.written")
    assert (entry["primaryKey"], entry["operation"]) == (address, "update")
    assert entry["updatedFields"] == ["street", "updatedAt"]  # The town was that already.
    assert entry["versionId"]
    assert shop.http.get(f"/api/order/{bought.order_id}").json()["data"]["updatedAt"] == before["updatedAt"]
    assert len(events(world, shop.code, "order.written")) == told
    assert json.dumps(entry).count("Dam") == 0  # Never values.


def test_writing_what_is_there_already_tells_nobody(world: SandboxHandle, shop: BareShop, bought: Bought) -> None:
    told = len(events(world, shop.code, "order.written"))

    shop.http.patch(f"/api/order/{bought.order_id}", json={"customerComment": None}).raise_for_status()
    assert len(events(world, shop.code, "order.written")) == told

    shop.http.patch(f"/api/order/{bought.order_id}", json={"customerComment": "Hello"}).raise_for_status()
    assert events(world, shop.code, "order.written")[-1]["updatedFields"] == ["customerComment", "updatedAt"]
