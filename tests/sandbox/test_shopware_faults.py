"""The switches of a sandbox shop, and what a visitor of its storefront sees."""

from __future__ import annotations

import time

import httpx
import pytest

from sandbox.testing import BareShop, SandboxHandle, hexid


@pytest.mark.parametrize(
    ("kind", "status"), [("429", 429), ("502", 502), ("503", 503), ("504", 504), ("deadlock", 500)]
)
def test_a_refusing_switch_stops_the_call_before_it_does_anything(
    shop: BareShop, world: SandboxHandle, kind: str, status: int
) -> None:
    fault = world.fault(shop.code, kind, route="/api/_action/sync", left=1)

    assert shop.sync(shop.product("A")).status_code == status

    assert fault.hits == 1
    assert shop.search("product")["data"] == []
    assert shop.sync(shop.product("A")).status_code == 200


def test_a_gateway_that_gives_up_after_the_shop_has_committed(shop: BareShop, world: SandboxHandle) -> None:
    world.fault(shop.code, "504_after", left=1)

    assert shop.sync(shop.product("A")).status_code == 504

    assert [row["id"] for row in shop.search("product")["data"]] == [hexid("A")]
    assert world.effects(shop.code) == {hexid("A"): 1}


@pytest.mark.parametrize(("kind", "written"), [("cut_before", 0), ("cut_after", 1)])
def test_a_connection_that_is_cut(shop: BareShop, world: SandboxHandle, kind: str, written: int) -> None:
    world.fault(shop.code, kind, route="/api/_action/sync", left=1)

    with pytest.raises(httpx.HTTPError):
        shop.sync(shop.product("A"))

    assert len(world.effects(shop.code)) == written


@pytest.mark.parametrize("kind", ["broken_json", "html"])
def test_an_answer_that_is_none(shop: BareShop, world: SandboxHandle, kind: str) -> None:
    world.fault(shop.code, kind, left=1)

    answer = shop.http.get("/api/_info/version")

    assert answer.status_code == 200
    with pytest.raises(ValueError, match=r"Expecting|Unterminated|Extra"):
        answer.json()


def test_latency(shop: BareShop, world: SandboxHandle) -> None:
    world.fault(shop.code, "latency", value="0.3", left=1)
    started = time.monotonic()

    shop.http.get("/api/_info/version").raise_for_status()

    assert time.monotonic() - started >= 0.3


def test_a_bad_row_is_refused_by_its_number(shop: BareShop, world: SandboxHandle) -> None:
    world.fault(shop.code, "bad_row", value="B", left=1)

    answer = shop.sync(shop.product("A"), shop.product("B"))

    assert [error["source"]["pointer"] for error in answer.json()["errors"]] == ["/write/1/name"]


def test_a_visitor_sees_what_is_for_sale_with_price_and_stock(shop: BareShop) -> None:
    shown = [{"id": hexid("v"), "salesChannelId": shop.sales_channel_id, "visibility": 30}]
    shop.sync(
        shop.product("A", name="Laptop <X>", visibilities=shown, active=True),
        shop.product("B", name="Sold out", stock=0, active=True),
        shop.product("C", name="Hidden", active=False),
    ).raise_for_status()

    page = httpx.get(shop.http.base_url, follow_redirects=True).text

    assert "Laptop &lt;X&gt;" in page
    assert "121" in page
    assert "Sold out" not in page
    assert "Hidden" not in page


def test_the_control_page_turns_switches_for_people(world: SandboxHandle) -> None:
    page = httpx.get(world.control_url).text
    for word in ("Refurbished Direct", "Econocom", "latency", "429", "cut_before", "bad_row"):
        assert word in page
