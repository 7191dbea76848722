"""The client against the sandbox's shops: what arrives, what is refused, and what is never doubled."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from integrations.errors import Misconfigured, Unavailable
from integrations.http import Limits
from integrations.shopware.client import ShopwareClient, ShopwareShop
from integrations.shopware.ids import deterministic_id
from integrations.shopware.tokens import InProcessTokenStore
from sandbox.testing import SandboxHandle

CODE = "refurbished-direct"
CURRENCY = "b7d2554b0ce847cd82f3ac9bd1c0dfca"


def connect(world: SandboxHandle, code: str = CODE, *, waits: list[float] | None = None,
            tokens: InProcessTokenStore | None = None) -> ShopwareClient:  # fmt: skip
    shop = world.shop(code)
    sleeps = waits if waits is not None else []
    return ShopwareClient(ShopwareShop(shop.base_url, shop.client_id, shop.client_secret),
                          limits=Limits(total_s=3), sleep=sleeps.append, tokens=tokens)  # fmt: skip


def product(client: ShopwareClient, number: str, **changes: Any) -> dict[str, Any]:
    from decimal import Decimal

    return {
        "id": deterministic_id("product", number), "productNumber": number, "name": f"Device {number}", "stock": 3,
        "taxId": client.lookups().tax_id(Decimal(21)), "active": True,
        "price": [{"currencyId": CURRENCY, "gross": 121.0, "net": 100.0, "linked": False}],
        "visibilities": [{"id": deterministic_id("visibility", number), "visibility": 30,
                          "salesChannelId": client.lookups().sales_channel_id}],
        **changes,
    }  # fmt: skip


@pytest.mark.parametrize("code", ["refurbished-direct", "econocom"])
def test_a_hundred_products_arrive_in_one_request(world: SandboxHandle, code: str) -> None:
    client = connect(world, code)
    records = [product(client, f"SKU-{number}") for number in range(100)]

    outcomes = client.upsert("product", records)

    assert {outcome.state for outcome in outcomes} == {"delivered"}
    stats = world.stats(code)
    assert stats["held"]["product"] == 100
    assert stats["requests"]["POST /api/_action/sync"] == 1


@pytest.mark.parametrize("code", ["refurbished-direct", "econocom"])
def test_one_bad_record_does_not_hold_the_other_ninety_nine(world: SandboxHandle, code: str) -> None:
    client = connect(world, code)
    records = [product(client, f"SKU-{number}") for number in range(100)]
    records[41]["stock"] = "many"

    outcomes = client.upsert("product", records)

    assert [place for place, outcome in enumerate(outcomes) if outcome.state != "delivered"] == [41]
    assert outcomes[41].state == "rejected"
    assert "type int" in outcomes[41].reason
    assert world.stats(code)["requests"]["POST /api/_action/sync"] == 2


@pytest.mark.parametrize(("code", "requests"), [("refurbished-direct", 30), ("econocom", 2)])
def test_a_number_that_another_product_has_is_found(world: SandboxHandle, code: str, requests: int) -> None:
    client = connect(world, code)
    client.upsert("product", [product(client, "TAKEN")])
    records = [product(client, f"SKU-{number}") for number in range(64)]
    records[7]["productNumber"] = "TAKEN"  # 6.6 names no record: the batch is halved until it stands alone.

    outcomes = client.upsert("product", records)

    assert [place for place, outcome in enumerate(outcomes) if outcome.state == "rejected"] == [7]
    assert outcomes[7].problems[0].code == "CONTENT__DUPLICATE_PRODUCT_NUMBER"
    assert world.stats(code)["requests"]["POST /api/_action/sync"] <= requests + 1


def test_a_foreign_key_to_nothing_is_a_500_that_is_isolated(world: SandboxHandle) -> None:
    client = connect(world)
    records = [product(client, f"SKU-{number}") for number in range(8)]
    records[3]["taxId"] = "0" * 32

    outcomes = client.upsert("product", records)

    assert [outcome.state for outcome in outcomes] == ["delivered"] * 3 + ["rejected"] + ["delivered"] * 4
    assert "1452" in outcomes[3].reason


def test_a_504_after_the_shop_committed_doubles_nothing(world: SandboxHandle) -> None:
    client = connect(world)
    client.lookups()
    fault = world.fault(CODE, "504_after", route="_action/sync", left=1)

    outcomes = client.upsert("product", [product(client, f"SKU-{number}") for number in range(10)])

    assert fault.hits == 1
    assert {outcome.state for outcome in outcomes} == {"delivered"}
    assert world.stats(CODE)["held"] == {"product": 10, "product_visibility": 10}


@pytest.mark.parametrize("kind", ["502", "503", "cut_before", "cut_after", "broken_json", "html", "deadlock"])
def test_passing_trouble_is_repeated_until_it_passes(world: SandboxHandle, kind: str) -> None:
    client = connect(world)
    client.lookups()
    fault = world.fault(CODE, kind, route="_action/sync", left=1)

    outcomes = client.upsert("product", [product(client, "SKU-1")])

    assert fault.hits == 1
    assert outcomes[0].state == "delivered"
    assert world.stats(CODE)["held"]["product"] == 1


def test_a_shop_that_asks_for_a_pause_gets_it(world: SandboxHandle) -> None:
    waits: list[float] = []
    client = connect(world, waits=waits)
    client.lookups()
    world.fault(CODE, "429", route="_action/sync", left=1, value="1")

    outcomes = client.upsert("product", [product(client, "SKU-1")])

    assert outcomes[0].state == "delivered"
    assert waits
    assert max(waits) >= 1


def test_a_429_without_retry_after_backs_off_and_gives_up_in_the_end(world: SandboxHandle) -> None:
    client = connect(world)
    client.lookups()
    fault = world.fault(CODE, "429", route="_action/sync")

    outcomes = client.upsert("product", [product(client, "SKU-1"), product(client, "SKU-2")])

    assert 2 <= fault.hits <= 6
    assert {outcome.state for outcome in outcomes} == {"unavailable"}


def test_a_shop_that_drips_is_left(world: SandboxHandle) -> None:
    client = connect(world)
    client.lookups()
    fault = world.fault(CODE, "drip", route="_info/version", value="0.2")

    with pytest.raises(Unavailable):
        client.version()

    assert fault.hits >= 1


def test_an_expired_token_is_renewed_once_for_eight_threads(world: SandboxHandle) -> None:
    tokens = InProcessTokenStore()
    client = connect(world, tokens=tokens)
    client.version()
    before = world.stats(CODE)["tokens"]
    tokens.put("a.b.c", lifetime_s=600)

    with ThreadPoolExecutor(8) as pool:
        pages = list(pool.map(lambda _: list(client.search("tax")), range(8)))

    assert all(len(page) == 3 for page in pages)
    assert world.stats(CODE)["tokens"] - before == 1


def test_a_wrong_secret_is_refused_and_never_shown(world: SandboxHandle, caplog: pytest.LogCaptureFixture) -> None:
    shop = world.shop(CODE)
    client = ShopwareClient(ShopwareShop(shop.base_url, shop.client_id, "not-the-secret"))

    with pytest.raises(Misconfigured) as caught:
        client.version()

    assert "not-the-secret" not in str(caught.value) + repr(client) + caplog.text


def test_search_walks_every_page_once(world: SandboxHandle) -> None:
    client = connect(world)
    client.upsert("product", [product(client, f"SKU-{number:03}") for number in range(25)])

    found = [record["productNumber"] for record in client.search("product", page_size=10)]

    assert sorted(found) == [f"SKU-{number:03}" for number in range(25)]


def test_the_version_decides_the_name_of_a_transition(world: SandboxHandle) -> None:
    assert not connect(world, "refurbished-direct").version().is_67
    assert connect(world, "econocom").version().is_67
