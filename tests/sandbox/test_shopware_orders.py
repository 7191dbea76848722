"""Orders as a sandbox shop keeps and shows them (contract, sections 3.1, 4 and 7)."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.testing import BareShop, hexid

ORDER = hexid("order:10001")


@pytest.fixture
def ordered(shop: BareShop) -> BareShop:
    """Product `A` in a category and with four pieces, one of which is in order 10001."""
    shop.sync(shop.product("A", categories=[{"id": hexid("C"), "name": "Laptops"}])).raise_for_status()
    line = {"productId": hexid("A"), "referencedId": hexid("A"), "payload": {"productNumber": "A"}}
    created = shop.http.post("/api/order", json=shop.order("10001", line))
    assert created.status_code == 204, created.text
    return shop


def listed(shop: BareShop, path: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = shop.http.get(f"/api/{path}").raise_for_status().json()["data"]
    return rows


def test_the_sums_of_an_order_follow_from_its_price(ordered: BareShop) -> None:
    order = ordered.http.get(f"/api/order/{ORDER}").json()["data"]

    sums = {name: order[name] for name in ("amountTotal", "amountNet", "positionPrice", "shippingTotal", "taxStatus")}
    assert sums == {
        "amountTotal": 121.0, "amountNet": 100.0, "positionPrice": 121.0, "shippingTotal": 0.0, "taxStatus": "gross",
    }  # fmt: skip
    assert order["orderDate"] == "2026-11-24"
    assert listed(ordered, f"order/{ORDER}/line-items")[0]["unitPrice"] == 121.0
    refused = ordered.http.patch(f"/api/order/{ORDER}", json={"taxStatus": "net"})
    assert (refused.status_code, refused.json()["errors"][0]["source"]["pointer"]) == (400, "/0/taxStatus")


def test_the_customer_of_an_order_comes_unasked_and_nothing_else_does(ordered: BareShop) -> None:
    order = ordered.http.get(f"/api/order/{ORDER}").json()["data"]

    assert order["orderCustomer"]["email"] == "ada@example.com"
    assert [order[name] for name in ("lineItems", "deliveries", "transactions", "addresses")] == [None] * 4


@pytest.mark.parametrize(("path", "field", "value"), [
    ("order/{order}/line-items", "label", "Device 1"), ("order/{order}/lineItems", "label", "Device 1"),
    ("order/{order}/order-customer", "email", "ada@example.com"), ("order/{order}/currency", "isoCode", "EUR"),
    ("product/{product}/categories", "name", "Laptops"), ("category/{category}/products", "productNumber", "A"),
    ("product/{product}/tax", "taxRate", 21.0),
])  # fmt: skip
def test_a_path_leads_along_an_association_of_every_kind(ordered: BareShop, path: str, field: str, value: Any) -> None:
    path = path.format(order=ORDER, product=hexid("A"), category=hexid("C"))

    assert [row[field] for row in listed(ordered, path)] == [value]
    found = ordered.post(f"search/{path}", {"filter": {field: value}, "limit": 5}).raise_for_status().json()
    assert [row[field] for row in found["data"]] == [value]


def test_a_path_to_nothing_is_an_empty_list_and_one_along_nothing_is_unknown(ordered: BareShop) -> None:
    assert listed(ordered, f"product/{hexid('A')}/manufacturer") == []
    assert listed(ordered, f"product/{hexid('A')}/options") == []
    assert ordered.http.get(f"/api/order/{ORDER}/tax").status_code == 404


def test_deleting_along_a_path_unlinks_or_deletes_the_far_end_and_never_the_near_one(ordered: BareShop) -> None:
    product, line = f"product/{hexid('A')}", hexid("line:10001:1")

    assert ordered.http.delete(f"/api/{product}/categories/{hexid('C')}").status_code == 204
    assert ordered.http.delete(f"/api/{product}/categories/{hexid('C')}").status_code == 404
    assert ordered.http.delete(f"/api/order/{ORDER}/line-items/{line}").status_code == 204
    assert ordered.http.delete(f"/api/{product}/tax/{ordered.tax_id}").status_code == 405

    assert listed(ordered, f"{product}/categories") == listed(ordered, f"order/{ORDER}/line-items") == []
    assert ordered.http.get(f"/api/{product}").status_code == 200
    assert ordered.http.get(f"/api/category/{hexid('C')}").status_code == 200


def test_a_change_of_state_is_remembered_with_its_machine(ordered: BareShop) -> None:
    ordered.post(f"_action/order/{ORDER}/state/process", {"sendMail": False}).raise_for_status()

    (entry,) = ordered.search(
        "state-machine-history", filter={"referencedId": ORDER}, associations={"stateMachine": {}}
    )["data"]

    assert (entry["stateMachine"]["technicalName"], entry["transitionActionName"]) == ("order.state", "process")
