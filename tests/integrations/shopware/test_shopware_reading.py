"""Pages, single records, the shop's own ids, its version."""

from __future__ import annotations

import json
from collections import deque
from decimal import Decimal
from typing import Any

import httpx
import pytest
from shop_double import ShopDouble, cut, errors, gateway

from integrations.errors import Misconfigured, Rejected, Unavailable, UnexpectedBody
from integrations.shopware.schemas import Product
from integrations.shopware.shop import STOREFRONT_TYPE_ID, ShopVersion

ROWS = [{"id": f"{number:032x}", "productNumber": f"RD-{number}"} for number in range(1, 8)]


def test_a_search_yields_every_row_of_every_page() -> None:
    shop = ShopDouble()
    shop.paged("search/product", ROWS)

    found = list(shop.client().search("product", page_size=3))

    assert found == ROWS
    assert [(body["page"], body["limit"]) for body in shop.bodies("search/product")] == [(1, 3), (2, 3), (3, 3)]


def test_a_last_page_that_is_full_is_followed_by_an_empty_one() -> None:
    shop = ShopDouble()
    shop.paged("search/product", ROWS[:6])

    assert len(list(shop.client().search("product", page_size=3))) == 6
    assert len(shop.calls) == 3


def test_the_id_is_the_last_sort_key() -> None:
    shop = ShopDouble()
    shop.paged("search/order-transaction", [])
    client = shop.client()

    list(client.search("order_transaction", {"sort": [{"field": "updatedAt", "order": "ASC"}]}))
    list(client.search("order_transaction", {"sort": [{"field": "id", "order": "DESC"}]}))

    first, second = shop.bodies("search/order-transaction")
    assert [key["field"] for key in first["sort"]] == ["updatedAt", "id"]
    assert second["sort"] == [{"field": "id", "order": "DESC"}]


def test_the_same_page_for_ever_is_an_error() -> None:
    shop = ShopDouble()
    shop.routes["search/product"] = lambda _request: httpx.Response(200, json={"total": 3, "data": ROWS[:3]})

    with pytest.raises(UnexpectedBody, match="page 2 was sent before"):
        list(shop.client().search("product", page_size=3))


def test_pages_have_a_stated_maximum() -> None:
    shop = ShopDouble()
    shop.paged("search/product", ROWS)

    with pytest.raises(UnexpectedBody, match="more than 2 pages"):
        list(shop.client().search("product", page_size=3, max_pages=2))


def test_a_search_by_ids_is_one_page_because_the_shop_ignores_the_limit_then() -> None:
    shop = ShopDouble()
    shop.routes["search/product"] = lambda _request: httpx.Response(200, json={"total": 3, "data": ROWS[:3]})

    found = list(shop.client().search("product", {"ids": [row["id"] for row in ROWS[:3]]}, page_size=3))

    assert found == ROWS[:3]
    assert len(shop.calls) == 1


def test_reading_goes_on_after_passing_trouble() -> None:
    shop = ShopDouble(faults=deque([gateway, cut]))
    shop.paged("search/product", ROWS)

    assert len(list(shop.client().search("product"))) == 7
    assert len(shop.time.slept) == 2


def test_a_page_of_html_is_no_page() -> None:
    shop = ShopDouble()
    shop.routes["search/product"] = lambda _request: httpx.Response(200, text="<html>maintenance</html>")

    with pytest.raises(Unavailable, match="not with JSON"):
        list(shop.client().search("product"))


def test_json_that_is_no_page_is_unexpected() -> None:
    shop = ShopDouble()
    shop.routes["search/product"] = lambda _request: httpx.Response(200, json={"elements": []})

    with pytest.raises(UnexpectedBody, match="page is not as the contract says: data"):
        list(shop.client().search("product"))


def test_amounts_come_as_decimals() -> None:
    shop = ShopDouble()
    body = '{"total":1,"data":[{"id":"1","amountTotal":19.99}]}'
    shop.routes["search/order"] = lambda _request: httpx.Response(200, text=body)

    (order,) = shop.client().search("order")

    assert order["amountTotal"] == Decimal("19.99")


def test_ids_are_read_page_by_page() -> None:
    shop = ShopDouble()
    shop.paged("search-ids/product", [row["id"] for row in ROWS])

    assert list(shop.client().search_ids("product", page_size=4)) == [row["id"] for row in ROWS]


def test_a_mapping_entity_has_no_ids() -> None:
    shop = ShopDouble()
    shop.paged("search-ids/product-category", [{"productId": "a", "categoryId": "b"}])

    with pytest.raises(UnexpectedBody, match="no ids"):
        list(shop.client().search_ids("product_category"))


def test_a_record_is_read_by_its_id() -> None:
    shop = ShopDouble()
    shop.routes["product/abc"] = lambda _request: httpx.Response(
        200, json={"data": {"id": "abc", "productNumber": "RD-1", "stock": 2, "name": None,
                            "translated": {"name": "Laptop"}, "price": [{"currencyId": "c", "gross": 1.1, "net": 1}]}},
    )  # fmt: skip

    product = Product.model_validate(shop.client().get("product", "abc"))

    assert (product.number, product.stock, product.title) == ("RD-1", 2, "Laptop")
    assert product.price is not None
    assert product.price[0].gross == Decimal("1.1")


def test_an_unknown_id_is_a_refusal_with_404() -> None:
    shop = ShopDouble()

    with pytest.raises(Rejected) as caught:
        shop.client().get("product", "../../oauth")

    assert caught.value.status == 404
    assert shop.calls[0].url.raw_path == b"/api/product/..%2F..%2Foauth"


def test_a_missing_privilege_is_said_in_words() -> None:
    detail = json.dumps({"message": "Missing privilege", "missingPrivileges": ["order:read", "customer:read"]})
    shop = ShopDouble()
    shop.routes["search/order"] = lambda _request: errors(403, {"code": "FRAMEWORK__MISSING", "detail": detail})

    with pytest.raises(Rejected, match="Missing privilege: order:read, customer:read"):
        list(shop.client().search("order"))


def test_an_unknown_association_is_a_refusal_although_it_comes_as_500() -> None:
    item = {"code": "FRAMEWORK__ASSOCIATION_NOT_FOUND", "detail": "Can not find association by name foo"}
    shop = ShopDouble()
    shop.routes["search/order"] = lambda _request: errors(500, item)

    with pytest.raises(Rejected, match="association by name foo"):
        list(shop.client().search("order"))

    assert len(shop.calls) == 1


def test_the_version_is_asked_once() -> None:
    shop = ShopDouble(version="6.7.10.1")
    client = shop.client()

    versions = [client.version(), client.version()]

    assert versions == [ShopVersion("6.7.10.1")] * 2
    assert len(shop.calls) == 1
    assert versions[0].is_67
    assert not ShopVersion("6.6.10.4").is_67


def with_lookups(shop: ShopDouble, channels: list[dict[str, Any]]) -> ShopDouble:
    shop.paged(
        "search/tax", [{"id": "t21", "taxRate": 21}, {"id": "t9", "taxRate": 9.0}, {"id": "t21b", "taxRate": 21}]
    )
    shop.paged("search/product-manufacturer", [{"id": "m1", "name": None, "translated": {"name": "Apple"}}])
    shop.paged("search/sales-channel", channels)
    return shop


def test_the_shops_own_ids_are_looked_up_once() -> None:
    shop = with_lookups(ShopDouble(), [{"id": "s1", "name": "Web", "active": True}])
    client = shop.client()

    client.lookups()
    found = client.lookups()

    assert found.sales_channel_id == "s1"
    assert (found.tax_id(Decimal("21.00")), found.tax_id(Decimal(9))) == ("t21", "t9")
    assert (found.manufacturer_id(" APPLE"), found.manufacturer_id("Dell")) == ("m1", None)
    assert found.default_currency_id == "b7d2554b0ce847cd82f3ac9bd1c0dfca"
    assert len(shop.calls) == 3
    assert shop.bodies("search/sales-channel")[0]["filter"][0]["value"] == STOREFRONT_TYPE_ID


def test_a_tax_that_the_shop_does_not_have_is_named() -> None:
    shop = with_lookups(ShopDouble(), [{"id": "s1"}])

    with pytest.raises(UnexpectedBody, match="no tax of 6 %"):
        shop.client().lookups().tax_id(Decimal("6.0"))


def test_of_several_storefronts_one_must_be_named() -> None:
    channels: list[dict[str, Any]] = [
        {"id": "s1", "name": "NL"},
        {"id": "s2", "name": "BE"},
        {"id": "s3", "name": "Old", "active": False},
    ]
    shop = with_lookups(ShopDouble(), channels)

    with pytest.raises(Misconfigured, match=r"NL \(s1\), BE \(s2\)$"):
        shop.client().lookups()

    assert shop.client(shop={"sales_channel_id": "s2"}).lookups().sales_channel_id == "s2"
