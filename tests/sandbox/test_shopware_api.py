# ruff: noqa: E501  # Tables of cases read better unbroken.
"""Reading and writing in a sandbox shop, by the contract's sections 3 to 6."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from sandbox.shopware.constants import DEFAULT_CURRENCY as CURRENCY
from sandbox.testing import BareShop, hexid


def errors(answer: httpx.Response, status: int) -> list[dict[str, Any]]:
    assert answer.status_code == status, answer.text
    found: list[dict[str, Any]] = answer.json()["errors"]
    assert all(error["status"] == str(status) for error in found)
    return found


def numbers(answer: dict[str, Any]) -> list[str]:
    return [row["productNumber"] for row in answer["data"]]


def test_versions(shop_of: Callable[[str], BareShop]) -> None:
    told = {
        code: shop_of(code).http.get("/api/_info/version").json()["version"]
        for code in ("refurbished-direct", "econocom")
    }
    assert told == {"refurbished-direct": "6.6.7.1", "econocom": "6.7.10.1"}


def test_what_a_shop_tells_about_itself_is_more_in_the_later_version(shop: BareShop) -> None:
    told = shop.http.get("/api/_info/config").raise_for_status().json()

    assert told["version"] == shop.http.get("/api/_info/version").json()["version"]
    assert told["bundles"]["Administration"]["type"] == "plugin"
    assert ("shopId" in told) == ("inAppPurchases" in told) == (shop.code == "econocom")


def test_a_sync_writes_all_of_its_records_and_answers_by_entity(shop: BareShop) -> None:
    visibility = {"id": hexid("v"), "salesChannelId": shop.sales_channel_id, "visibility": 30}

    answer = shop.sync(shop.product("A", visibilities=[visibility]), shop.product("B"))

    body = answer.json()
    assert answer.status_code == 200
    assert body["data"]["product"] == sorted([hexid("A"), hexid("B")])
    assert body["data"]["product_visibility"] == [hexid("v")]
    assert {row["productId"] for row in body["data"]["product_translation"]} == {hexid("A"), hexid("B")}
    assert body["notFound"] == body["deleted"] == []
    assert numbers(shop.search("product", sort=[{"field": "productNumber"}])) == ["A", "B"]


def test_one_bad_record_refuses_the_whole_sync_and_is_named_by_its_pointer(shop: BareShop) -> None:
    answer = shop.sync(shop.product("A"), shop.product("B", stock="many", taxId=None), shop.product("C"))

    assert {error["source"]["pointer"] for error in errors(answer, 400)} == {"/write/1/stock", "/write/1/taxId"}
    assert shop.search("product")["data"] == []


def test_a_list_of_operations_is_pointed_at_by_number(shop: BareShop) -> None:
    operation = {"entity": "product", "action": "upsert", "payload": [shop.product("A", price=[])]}

    (error,) = errors(shop.post("_action/sync", [operation]), 400)

    assert error["source"]["pointer"] == "/0/0/price"
    assert "title" not in error


@pytest.mark.parametrize(
    ("operation", "detail"),
    [
        ({"action": "upsert", "payload": [{}]}, 'Missing "entity" argument for operation with key "0". It needs to be a non-empty string.'),
        ({"entity": "product", "action": "burn", "payload": [{}]}, 'Missing or invalid "action" argument for operation with key "0". Supported actions are [upsert, delete]'),
        ({"entity": "product", "action": "upsert", "payload": []}, 'Missing "payload"|"criteria" argument for operation with key "0". It needs to be a non-empty array.'),
    ],
)  # fmt: skip
def test_operations_of_the_wrong_shape(shop: BareShop, operation: dict[str, Any], detail: str) -> None:
    (error,) = errors(shop.post("_action/sync", [operation]), 400)
    assert (error["code"], error["detail"]) == ("FRAMEWORK__INVALID_SYNC_OPERATION", detail)


def test_a_body_that_is_no_json(shop: BareShop) -> None:
    answer = shop.http.post("/api/_action/sync", content=b"{", headers={"Content-Type": "application/json"})
    assert errors(answer, 400)[0]["detail"] == "The JSON payload is malformed."


def test_an_unknown_tax_is_an_error_of_the_database(shop: BareShop) -> None:
    (error,) = errors(shop.sync(shop.product("A", taxId=hexid("nowhere"))), 500)
    assert "foreign key constraint" in error["detail"]


def test_a_product_number_is_taken_once(shop: BareShop) -> None:
    shop.sync(shop.product("A")).raise_for_status()

    (error,) = errors(shop.sync(shop.product("A", id=hexid("other"))), 400)

    assert (error["code"], error["detail"]) == (
        "CONTENT__DUPLICATE_PRODUCT_NUMBER",
        'Product with number "A" already exists.',
    )
    assert ("source" in error) == (shop.code == "econocom")  # 6.6 does not say where.


def test_a_second_write_only_changes_what_it_names_and_lists_only_grow(shop: BareShop) -> None:
    first = {"id": hexid("v1"), "salesChannelId": shop.sales_channel_id, "visibility": 30}
    shop.sync(shop.product("A", visibilities=[first], customFields={"a": 1, "b": 1})).raise_for_status()

    shop.sync({"id": hexid("A"), "stock": 9, "customFields": {"b": 2}, "visibilities": []}).raise_for_status()

    (product,) = shop.search("product", associations={"visibilities": {}})["data"]
    assert (product["stock"], product["name"], product["customFields"]) == (9, "Product A", {"a": 1, "b": 2})
    assert [row["id"] for row in product["visibilities"]] == [hexid("v1")]
    assert product["price"][0]["gross"] == 121.0
    assert product["updatedAt"] is not None


def test_deleting_what_is_not_there_is_told_and_is_no_error(shop: BareShop) -> None:
    shop.sync(shop.product("A")).raise_for_status()

    body = shop.sync({"id": hexid("A")}, {"id": hexid("Z")}, action="delete").raise_for_status().json()

    assert body["deleted"] == {"product": [hexid("A")]}
    assert body["notFound"] == {"product": [hexid("Z")]}


def test_a_tax_in_use_is_not_deleted(shop: BareShop) -> None:
    shop.sync(shop.product("A")).raise_for_status()

    (error,) = errors(shop.http.delete(f"/api/tax/{shop.tax_id}"), 409)

    assert error["code"] == "FRAMEWORK__DELETE_RESTRICTED"
    assert error["detail"].endswith("The entity is currently in use by: product (1)")


def test_single_writes(shop: BareShop) -> None:
    created = shop.http.post("/api/product", json=shop.product("A"))
    assert (created.status_code, created.headers["Location"].rpartition("/")[2]) == (204, hexid("A"))
    shown = shop.http.patch(f"/api/product/{hexid('A')}", json={"stock": 1}, params={"_response": "basic"})
    assert (shown.status_code, shown.json()["data"]["stock"]) == (200, 1)

    for answer in (
        shop.http.post("/api/product", json=shop.product("A")),
        shop.http.patch(f"/api/product/{hexid('Q')}", json={"stock": 1}),
    ):
        assert errors(answer, 400)[0]["code"] == "FRAMEWORK__WRITE_TYPE_INTEND_ERROR"
    assert (
        "Only single write operations"
        in errors(shop.http.post("/api/product", json=[shop.product("B")]), 400)[0]["detail"]
    )
    assert errors(shop.http.get(f"/api/product/{hexid('Q')}"), 404)[0]["code"] == "FRAMEWORK__RESOURCE_NOT_FOUND"
    assert shop.http.delete(f"/api/product/{hexid('A')}").status_code == 204
    assert errors(shop.http.delete(f"/api/product/{hexid('A')}"), 404)[0]["code"] == "FRAMEWORK__RESOURCE_NOT_FOUND"
    assert errors(shop.http.post(f"/api/product/{hexid('A')}", json={}), 405)[0]["code"] == "0"
    assert errors(shop.http.get("/api/spaceship"), 404)[0]["code"] == "0"


@pytest.fixture
def stocked(shop: BareShop) -> BareShop:
    """Seven products, `P0` to `P6`, with as many pieces as their number."""
    shop.sync(*(shop.product(f"P{n}", stock=n, active=n % 2 == 0) for n in range(7))).raise_for_status()
    return shop


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ([{"type": "equals", "field": "productNumber", "value": "P3"}], "3"),
        ([{"type": "equalsAny", "field": "product.productNumber", "value": "P1|P5"}], "15"),
        ([{"type": "range", "field": "stock", "parameters": {"gt": 1, "lte": 3}}], "23"),
        ([{"type": "prefix", "field": "name", "value": "Product P"}, {"type": "suffix", "field": "name", "value": "4"}], "4"),
        ([{"type": "multi", "operator": "or", "queries": [
            {"type": "equals", "field": "stock", "value": 0}, {"type": "contains", "field": "name", "value": "P6"}]}], "06"),
        ([{"type": "not", "operator": "and", "queries": [{"type": "range", "field": "stock", "parameters": {"gte": 2}}]}], "01"),
        ([{"type": "equals", "field": "tax.taxRate", "value": 21}, {"type": "equals", "field": "active", "value": True}], "0246"),
        ({"productNumber": "P2", "active": True}, "2"),
    ],
)  # fmt: skip
def test_filters(stocked: BareShop, filters: Any, found: str) -> None:
    answer = stocked.search("product", filter=filters, sort=[{"field": "stock"}])
    assert [number[1] for number in numbers(answer)] == list(found)


@pytest.mark.parametrize(
    ("criteria", "code"),
    [
        ({"limit": 501}, "FRAMEWORK__QUERY_LIMIT_EXCEEDED"),
        ({"limit": 0}, "FRAMEWORK__INVALID_LIMIT_QUERY"),
        ({"page": 0, "limit": 1}, "FRAMEWORK__INVALID_PAGE_QUERY"),
        ({"filter": [{"type": "sorcery", "field": "stock"}]}, "FRAMEWORK__INVALID_FILTER_QUERY"),
        ({"filter": [{"type": "range", "field": "stock", "parameters": {}}]}, "FRAMEWORK__INVALID_FILTER_QUERY"),
        ({"filter": [{"type": "equals", "field": "colour", "value": 1}]}, "FRAMEWORK__UNMAPPED_FIELD"),
        ({"ids": ["nonsense"]}, "FRAMEWORK__INVALID_API_CRITERIA_IDS"),
    ],
)
def test_criteria_that_make_no_sense(stocked: BareShop, criteria: dict[str, Any], code: str) -> None:
    assert code in [error["code"] for error in errors(stocked.post("search/product", criteria), 400)]


def test_pages(stocked: BareShop) -> None:
    def page(**criteria: Any) -> list[str]:
        return numbers(stocked.search("product", sort=[{"field": "productNumber", "order": "DESC"}], **criteria))

    assert page(limit=3, page=1) == ["P6", "P5", "P4"]
    assert page(limit=3, page=3) == ["P0"]
    assert page(page=2) == page(page=1)  # Without a limit every page is the first.
    assert page(ids=[hexid("P1"), hexid("P2")], limit=1, page=2) == ["P2", "P1"]  # ids ignore both.


@pytest.mark.parametrize(("mode", "total"), [(None, 2), (0, 2), (1, 7), ("exact", 7), (2, 5), (9, 2)])
def test_what_total_means(stocked: BareShop, mode: Any, total: int) -> None:
    criteria = {"limit": 2, "page": 2, **({} if mode is None else {"total-count-mode": mode})}
    assert stocked.search("product", **criteria)["total"] == total


def test_an_unknown_association_is_a_fault_of_the_server(stocked: BareShop) -> None:
    (error,) = errors(stocked.post("search/product", {"associations": {"friends": {}}}), 500)
    assert error["code"] == "FRAMEWORK__ASSOCIATION_NOT_FOUND"


def test_includes_prune_and_ids_come_alone(stocked: BareShop) -> None:
    (row,) = stocked.search("product", filter={"productNumber": "P1"}, includes={"product": ["id", "stock"]})["data"]
    assert {"id", "stock"} <= row.keys() <= {"id", "stock", "apiAlias", "_uniqueIdentifier"}
    ids = stocked.post("search-ids/product", {"filter": {"productNumber": "P1"}}, Accept="*/*").json()
    assert ids == {"total": 1, "data": [hexid("P1")]}


def test_json_api_is_what_comes_unless_plain_json_is_asked_for(stocked: BareShop) -> None:
    criteria = {"filter": {"productNumber": "P1"}, "associations": {"tax": {}}, "total-count-mode": 1}

    answer = stocked.post("search/product", criteria, Accept="*/*")

    assert answer.headers["Content-Type"].startswith("application/vnd.api+json")
    body = answer.json()
    (resource,) = body["data"]
    assert (resource["type"], resource["id"], resource["attributes"]["productNumber"]) == ("product", hexid("P1"), "P1")
    assert resource["relationships"]["tax"]["data"] == {"type": "tax", "id": stocked.tax_id}
    assert [item["type"] for item in body["included"]] == ["tax"]
    assert (body["meta"]["total"], body["meta"]["totalCountMode"]) == (1, 1)


def test_aggregations(stocked: BareShop) -> None:
    asked = [
        {"name": "pieces", "type": "sum", "field": "stock"},
        {"name": "by-active", "type": "terms", "field": "active"},
    ]
    answer = stocked.search("product", limit=1, aggregations=asked)["aggregations"]
    assert answer["pieces"] == {"sum": 21.0} | {key: value for key, value in answer["pieces"].items() if key != "sum"}
    assert sorted(bucket["count"] for bucket in answer["by-active"]["buckets"]) == [3, 4]


def test_two_shops_share_nothing_but_the_constants(shop_of: Callable[[str], BareShop]) -> None:
    one, other = shop_of("refurbished-direct"), shop_of("econocom")
    one.sync(one.product("A")).raise_for_status()

    assert one.tax_id != other.tax_id
    assert one.sales_channel_id != other.sales_channel_id
    assert other.search("product")["data"] == []
    for shop in (one, other):
        assert [row["id"] for row in shop.search("currency")["data"]] == [CURRENCY]
