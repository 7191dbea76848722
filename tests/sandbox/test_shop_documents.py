"""Documents of the sandbox's shops: one invoice when the parcel leaves, others when staff makes them."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.testing import BareShop, hexid

CREATE = "/api/_action/order/document/{}/create"


@pytest.fixture
def sold(shop: BareShop) -> dict[str, Any]:
    shop.sell("SKU-1")
    made: dict[str, Any] = shop.order("10001", {"payload": {"productNumber": "SHIRT"}})
    shop.http.post("/api/order", json=made).raise_for_status()
    return made


def documents(shop: BareShop, sold: dict[str, Any]) -> list[dict[str, Any]]:
    (order,) = shop.search("order", ids=[sold["id"]],
                           associations={"documents": {"associations": {"documentType": {}}}})["data"]  # fmt: skip
    found: list[dict[str, Any]] = order["documents"]
    return found


def test_a_parcel_that_leaves_makes_one_invoice(shop: BareShop, sold: dict[str, Any]) -> None:
    delivery = sold["deliveries"][0]["id"]
    for action in ("ship", "retour", "reopen", "ship"):
        shop.http.post(f"/api/_action/order_delivery/{delivery}/state/{action}").raise_for_status()

    (invoice,) = documents(shop, sold)

    assert invoice["documentType"]["technicalName"] == "invoice"
    assert invoice["config"]["documentNumber"] == "INV-10001"
    assert ("documentNumber" in invoice) is (shop.code == "econocom")


def test_staff_makes_a_document_with_the_next_number_or_one_of_their_own(shop: BareShop, sold: dict[str, Any]) -> None:
    body = [{"orderId": sold["id"]}, {"orderId": sold["id"], "config": {"documentNumber": "OWN-7"}},
            {"orderId": hexid("nobody")}]  # fmt: skip

    answer = shop.http.post(CREATE.format("credit_note"), json=body).raise_for_status().json()

    assert len(answer["data"]) == 2
    assert list(answer["errors"]) == [hexid("nobody")]
    assert [one["config"]["documentNumber"] for one in documents(shop, sold)] == ["CN-10001", "OWN-7"]


@pytest.mark.parametrize(("kind", "body"), [("poem", [{}]), ("invoice", {}), ("invoice", [])])
def test_what_is_no_document_is_refused(shop: BareShop, kind: str, body: Any) -> None:
    assert shop.http.post(CREATE.format(kind), json=body).status_code == 400
