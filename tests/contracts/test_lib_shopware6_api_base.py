"""A public client of Shopware's, written by others, drives the sandbox: what it relies on is there.

https://pypi.org/project/lib-shopware6-api-base/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from lib_shopware6_api_base import (
    ConfShopware6ApiBase,
    ContainsFilter,
    Criteria,
    DescFieldSorting,
    EqualsAnyFilter,
    EqualsFilter,
    FieldSorting,
    GrantType,
    MultiFilter,
    NotFilter,
    RangeFilter,
    Shopware6AdminAPIClientBase,
    SumAggregation,
    TermsAggregation,
)
from lib_shopware6_api_base.conf_shopware6_api_base_classes import ShopwareAPIError

from sandbox.shopware.constants import DEFAULT_CURRENCY
from sandbox.testing import SandboxHandle, hexid


@pytest.fixture(params=["refurbished-direct", "econocom"])
def code(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def connect(world: SandboxHandle, code: str, **other: Any) -> Shopware6AdminAPIClientBase:
    shop = world.shop(code)
    config = {
        "shopware_admin_api_url": shop.base_url + "/api", "client_id": shop.client_id,
        "client_secret": shop.client_secret, "grant_type": GrantType.RESOURCE_OWNER, **other,
    }  # fmt: skip
    return Shopware6AdminAPIClientBase(ConfShopware6ApiBase(**config))


@pytest.fixture
def library(world: SandboxHandle, code: str) -> Iterator[Shopware6AdminAPIClientBase]:
    with connect(world, code) as client:
        yield client


def product(library: Shopware6AdminAPIClientBase, number: str, **fields: Any) -> dict[str, Any]:
    tax = library.request_post("search/tax", {"filter": [{"type": "equals", "field": "taxRate", "value": 21}]})
    return {
        "id": hexid(number), "productNumber": number, "name": f"Product {number}", "stock": 3,
        "taxId": tax.data[0]["id"],
        "price": [{"currencyId": DEFAULT_CURRENCY, "gross": 121, "net": 100, "linked": False}], **fields,
    }  # fmt: skip


def test_a_product_lives_from_its_creation_to_its_end(library: Shopware6AdminAPIClientBase) -> None:
    library.request_post("product", product(library, "A"))
    library.request_patch(f"product/{hexid('A')}", {"stock": 8})

    assert library.request_get(f"product/{hexid('A')}").data["stock"] == 8
    library.request_delete(f"product/{hexid('A')}")
    with pytest.raises(ShopwareAPIError, match="404"):
        library.request_get(f"product/{hexid('A')}")


def test_a_refusal_reaches_the_caller_in_the_shops_words(library: Shopware6AdminAPIClientBase) -> None:
    with pytest.raises(ShopwareAPIError, match="This value should not be blank"):
        library.request_post("product", product(library, "A", productNumber=None))
    library.request_post("product", product(library, "A"))
    with pytest.raises(ShopwareAPIError, match="already exists"):
        library.request_post("product", product(library, "A", id=hexid("other")))


def test_sync_and_pages(library: Shopware6AdminAPIClientBase) -> None:
    payload = [product(library, f"P{n:03}", stock=n) for n in range(250)]
    answer = library.request_post(
        "_action/sync", {"all": {"entity": "product", "action": "upsert", "payload": payload}},
        update_header_fields={"indexing-behavior": "use-queue-indexing"},
    )  # fmt: skip
    assert len(answer.model_dump()["data"]["product"]) == 250

    found = library.request_post_paginated(
        "search/product", {"sort": [{"field": "productNumber", "order": "ASC"}]}, junk_size=60
    )

    assert [row["productNumber"] for row in found.data] == [f"P{n:03}" for n in range(250)]
    assert len(library.request_get_paginated("product", junk_size=100).data) == 250


def test_criteria_as_the_library_writes_them(library: Shopware6AdminAPIClientBase) -> None:
    payload = [product(library, f"P{n}", stock=n) for n in range(6)]
    library.request_post("_action/sync", {"all": {"entity": "product", "action": "upsert", "payload": payload}})

    def stocks(*filters: Any, **criteria: Any) -> list[int]:
        order: list[Any] = criteria.pop("sort", [FieldSorting(field="stock", order="ASC")])
        found = library.request_post("search/product", Criteria(filter=list(filters), sort=order, **criteria))
        return [row["stock"] for row in found.data]

    assert stocks(EqualsFilter(field="productNumber", value="P3")) == [3]
    assert stocks(EqualsAnyFilter(field="productNumber", value=["P1", "P4"])) == [1, 4]
    assert stocks(ContainsFilter(field="name", value="Product")) == [0, 1, 2, 3, 4, 5]
    assert stocks(RangeFilter(field="stock", parameters={"gte": 2, "lt": 4})) == [2, 3]
    low, high = EqualsFilter(field="stock", value=0), EqualsFilter(field="stock", value=5)
    assert stocks(MultiFilter(operator="or", queries=[low, high])) == [0, 5]
    assert stocks(NotFilter(operator="or", queries=[low, high])) == [1, 2, 3, 4]
    assert stocks(sort=[DescFieldSorting(field="stock")], limit=2, page=2) == [3, 2]
    sums = library.request_post(
        "search/product",
        Criteria(limit=1, aggregations=[
            SumAggregation(name="pieces", field="stock"), TermsAggregation(name="numbers", field="productNumber"),
        ]),
    ).model_dump()["aggregations"]  # fmt: skip
    assert sums["pieces"]["sum"] == 15
    assert len(sums["numbers"]["buckets"]) == 6


def test_a_token_is_asked_for_again_when_the_shop_no_longer_takes_it(library: Shopware6AdminAPIClientBase) -> None:
    library.request_get("_info/version")
    library.token["access_token"] = "a.b.c"

    assert library.request_get("currency").data[0]["isoCode"] == "EUR"


def test_a_person_signs_in_and_the_session_is_renewed(world: SandboxHandle, code: str) -> None:
    secret = world.shop(code).client_secret
    person = {"grant_type": GrantType.USER_CREDENTIALS, "username": "admin", "password": secret}
    with connect(world, code, **person) as client:
        client.request_get("currency")
        first = client.token["access_token"]
        client.token["expires_at"] = 0

        client.request_get("currency")

        assert client.token["access_token"] != first


def test_wrong_credentials(world: SandboxHandle, code: str) -> None:
    with connect(world, code, client_secret="no") as client, pytest.raises(ShopwareAPIError, match="401"):
        client.request_get("currency")
