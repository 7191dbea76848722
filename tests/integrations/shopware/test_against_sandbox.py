"""The client against the sandbox: single writes, deletes, ids, and the state machines of both versions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from integrations.errors import Rejected, UnexpectedBody
from integrations.http import Limits
from integrations.shopware.client import ShopwareClient, ShopwareShop
from integrations.shopware.ids import deterministic_id
from integrations.shopware.schemas import Product
from integrations.shopware.shop import DEFAULT_CURRENCY_ID, Machine

sandbox = pytest.importorskip("sandbox.testing", reason="the sandbox is not there")
BOTH = pytest.mark.parametrize("code", ["refurbished-direct", "econocom"])
Connect = Callable[[str], ShopwareClient]


@pytest.fixture
def connect(world: Any) -> Iterator[Connect]:
    """Clients that wait for nothing and are closed afterwards."""
    made: list[ShopwareClient] = []

    def to(code: str) -> ShopwareClient:
        shop = world.shop(code)
        reached = ShopwareShop(shop.base_url, shop.client_id, shop.client_secret)
        made.append(ShopwareClient(reached, limits=Limits(total_s=5), sleep=lambda _seconds: None))
        return made[-1]

    yield to
    for client in made:
        client.close()


def product(client: ShopwareClient, number: str) -> dict[str, Any]:
    price = {"currencyId": DEFAULT_CURRENCY_ID, "gross": 121, "net": 100, "linked": False}
    return {
        "id": deterministic_id("product", number), "productNumber": number, "name": f"Device {number}", "stock": 3,
        "taxId": client.lookups().tax_id(Decimal(21)), "price": [price],
    }  # fmt: skip


def order(client: ShopwareClient, number: str) -> dict[Machine, str]:
    """An open order with a delivery and a payment; returns the ids by machine."""
    lookups = client.lookups()
    states = {
        state["stateMachine"]["technicalName"]: state["id"]
        for state in client.search(
            "state_machine_state",
            {
                "filter": [{"type": "equals", "field": "technicalName", "value": "open"}],
                "associations": {"stateMachine": {}},
            },
        )
    }
    ids: dict[Machine, str] = {
        machine: deterministic_id(machine, number) for machine in ("order", "order_delivery", "order_transaction")
    }
    amount = {"unitPrice": 121, "totalPrice": 121, "quantity": 1, "calculatedTaxes": [], "taxRules": []}
    outcomes = client.upsert("order", [{
        "id": ids["order"], "orderNumber": number, "orderDateTime": "2026-11-24T10:00:00.000+00:00",
        "currencyId": lookups.default_currency_id, "languageId": lookups.default_language_id, "currencyFactor": 1,
        "salesChannelId": lookups.sales_channel_id, "stateId": states["order.state"],
        "billingAddressId": deterministic_id("address", number), "itemRounding": {}, "totalRounding": {},
        "price": {"netPrice": 100, "totalPrice": 121, "positionPrice": 121, "taxStatus": "gross"},
        "shippingCosts": amount,
        "deliveries": [{"id": ids["order_delivery"],
                        "stateId": states["order_delivery.state"], "shippingCosts": amount}],
        "transactions": [{"id": ids["order_transaction"],
                          "stateId": states["order_transaction.state"], "amount": amount}],
    }])  # fmt: skip
    assert outcomes[0].state == "delivered", outcomes[0].reason
    return ids


@BOTH
def test_a_product_is_changed_read_and_deleted(connect: Connect, code: str) -> None:
    client = connect(code)
    record = product(client, "ONE")
    client.upsert("product", [record])

    client.patch("product", record["id"], {"stock": 7})
    held = Product.model_validate(client.get("product", record["id"]))
    gone = client.delete("product", [record["id"], "0" * 32])

    assert (held.number, held.stock) == ("ONE", 7)
    assert held.price is not None
    assert held.price[0].gross == Decimal(121)
    assert gone.deleted["product"] == [record["id"]]
    assert gone.not_found["product"] == ["0" * 32]
    with pytest.raises(Rejected) as caught:
        client.get("product", record["id"])
    assert caught.value.status == 404


@BOTH
def test_changing_an_unknown_product_is_refused(connect: Connect, code: str) -> None:
    with pytest.raises(Rejected) as caught:
        connect(code).patch("product", "0" * 32, {"stock": 1})

    assert caught.value.problems[0].code == "FRAMEWORK__WRITE_TYPE_INTEND_ERROR"


@BOTH
def test_ids_are_read_over_all_pages(connect: Connect, code: str) -> None:
    client = connect(code)
    records = [product(client, f"SKU-{number}") for number in range(7)]
    client.upsert("product", records)

    found = list(client.search_ids("product", page_size=3))

    assert sorted(found) == sorted(record["id"] for record in records)


@BOTH
def test_an_order_is_shipped_paid_and_completed(connect: Connect, code: str) -> None:
    client = connect(code)
    ids = order(client, "10001")

    reached = [
        client.transition("order_delivery", ids["order_delivery"], "ship").technical_name,
        client.transition("order_delivery", ids["order_delivery"], "ship").technical_name,
        client.transition("order_transaction", ids["order_transaction"], "process").technical_name,
        client.transition("order_transaction", ids["order_transaction"], "paid").technical_name,
        client.transition("order", ids["order"], "process").technical_name,
        client.transition("order", ids["order"], "complete").technical_name,
    ]

    assert reached == ["shipped", "shipped", "in_progress", "paid", "in_progress", "completed"]


@BOTH
def test_a_reminded_payment_is_paid_under_whichever_name_the_version_knows(connect: Connect, code: str) -> None:
    client = connect(code)
    ids = order(client, "10002")
    client.transition("order_transaction", ids["order_transaction"], "remind")

    assert client.transition("order_transaction", ids["order_transaction"], "paid").technical_name == "paid"


@BOTH
def test_a_step_that_is_not_allowed_is_refused(connect: Connect, code: str) -> None:
    client = connect(code)
    ids = order(client, "10003")

    with pytest.raises(Rejected, match='Illegal transition "complete"'):
        client.transition("order", ids["order"], "complete")
    with pytest.raises(Rejected) as caught:
        client.transition("order", "0" * 32, "process")

    assert caught.value.problems[0].code == "SYSTEM__STATE_MACHINE_INVALID_ENTITY_ID"


@pytest.mark.parametrize("kind", ["504_after", "cut_after", "504", "cut_before"])
def test_a_step_whose_answer_is_lost_is_taken_once(world: Any, connect: Connect, kind: str) -> None:
    code = "refurbished-direct"
    client = connect(code)
    ids = order(client, "10004")
    fault = world.fault(code, kind, route="_action/order/", left=1)

    state = client.transition("order", ids["order"], "cancel")

    history = list(
        client.search(
            "state_machine_history", {"filter": [{"type": "equals", "field": "referencedId", "value": ids["order"]}]}
        )
    )
    assert fault.hits == 1
    assert state.technical_name == "cancelled"
    assert len(history) == 1


def test_an_association_that_does_not_exist_is_named(connect: Connect) -> None:
    client = connect("refurbished-direct")
    client.upsert("product", [product(client, "ONE")])

    with pytest.raises((Rejected, UnexpectedBody), match="nothing"):
        list(client.search("product", {"associations": {"nothing": {}}}))
