"""Customers of the sandbox who come by themselves, and the orders of past days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random

import httpx
import pytest
from browsing import until

from sandbox.buyer import Buyer, Refused
from sandbox.history import DAYS, History
from sandbox.people import somebody
from sandbox.testing import BareShop, SandboxHandle
from sandbox.world import STORIES, World

V4, V5 = "refurbished-direct", "econocom"


@pytest.fixture
def selling(world: SandboxHandle, shop: BareShop) -> BareShop:
    for number in range(3):
        shop.sell(f"SKU-{number}", stock=500)
    return shop


@pytest.fixture
def people(world: SandboxHandle) -> Iterator[World]:
    """A world of its own dice, in which nobody comes by themselves."""
    sandbox = world.sandbox
    shops = {code: shop.base_url for code, shop in sandbox.shops.items()}
    made = World(shops, httpx.Client(base_url=world.mollie.base_url), seed=1)
    yield made
    made.close()


def states(shop: BareShop, order_id: str) -> list[str]:
    """Of the attempts to pay, oldest first."""
    (order,) = shop.search(
        "order", ids=[order_id],
        associations={"transactions": {"associations": {"stateMachineState": {}}, "sort": "createdAt"}},
    )["data"]  # fmt: skip
    return [one["stateMachineState"]["technicalName"] for one in order["transactions"]]


@pytest.mark.parametrize(("story", "becomes"), [
    ("paid", ["paid"]), ("failed_then_paid", ["failed|cancelled", "paid"]), ("failed", ["failed"]),
    ("expired", ["cancelled"]), ("cancelled", ["cancelled"]),
    ("transfer", ["open"]), ("paid_twice", ["paid", "paid"]), ("invoice", ["open"]),
])  # fmt: skip
def test_each_story_ends_as_it_is_told(people: World, selling: BareShop, story: str, becomes: list[str]) -> None:
    order_id = people.visit(story, selling.code)

    assert order_id is not None
    assert people.told == {story: 1}
    until(lambda: are(states(selling, order_id), becomes))


def are(seen: list[str], wanted: list[str]) -> bool:
    """Whether each state is one of those that are wanted of it."""
    return len(seen) == len(wanted) and all(one in want.split("|") for one, want in zip(seen, wanted, strict=True))


def test_a_transfer_arrives_later(people: World, selling: BareShop) -> None:
    order_id = people.visit("transfer", selling.code) or ""
    assert people.waiting

    while people.waiting:
        people.come_back()

    until(lambda: states(selling, order_id) == ["paid"])


def test_the_same_dice_bring_the_same_people_and_stories_in_their_mix(people: World) -> None:
    assert sum(STORIES.values()) == 100
    assert [somebody(Random(3)) for _ in range(2)] == [somebody(Random(3))] * 2
    drawn = Counter(Random(5).choices(tuple(STORIES), tuple(STORIES.values()), k=4000))
    assert all(abs(drawn[story] / 40 - share) < 3 for story, share in STORIES.items())


def test_without_anything_for_sale_a_visit_comes_to_nothing(people: World) -> None:
    assert people.visit() is None
    assert people.told == {"nothing": 1}


def test_people_come_at_the_rate_that_is_set_and_stop_with_it(world: SandboxHandle, selling: BareShop) -> None:
    url = world.control_url
    other = world.sandbox.shops[V5 if selling.code == V4 else V4]
    httpx.post(f"{url}/world", json={"rate": 600}).raise_for_status()

    until(lambda: httpx.get(f"{url}/world").json()["told"] != {})
    httpx.post(f"{url}/world", data={"rate": "0"})

    told = httpx.get(f"{url}/world").json()
    assert told["rate"] == 0
    assert "come by themselves" in httpx.get(url).text
    assert httpx.post(f"{url}/world", json={"rate": 601}).status_code == 400
    with other.storage.transaction() as books:
        assert books.count("e.name = 'order'", []) == 0  # It sells nothing.


def test_a_customer_takes_an_order_back_until_it_is_packed(world: SandboxHandle, selling: BareShop) -> None:
    first, second = (world.buy(selling.code, "SKU-1") for _ in range(2))
    (parcel,) = selling.search("order-delivery", filter={"orderId": second.order_id})["data"]
    selling.post(f"_action/order_delivery/{parcel['id']}/state/ship", {}).raise_for_status()

    with world.buyer(selling.code) as buyer:
        buyer.cancel(first.order_id)
        for too_late in (first, second):
            with pytest.raises(Refused):
                buyer.cancel(too_late.order_id)
        page = buyer.http.get("/checkout/finish", params={"orderId": first.order_id}).text

    (order,) = selling.search("order", ids=[first.order_id], associations={"stateMachineState": {}})["data"]
    assert order["stateMachineState"]["technicalName"] == "cancelled"
    assert "/order/cancel" not in page
    stock = selling.search("product", filter={"productNumber": "SKU-1"})["data"][0]["stock"]
    assert stock == 499
    with pytest.raises(Refused):
        world.pay_again(selling.code, first.order_id)


def test_a_complaint_stands_below_what_was_said_before(world: SandboxHandle, selling: BareShop) -> None:
    bought = world.buy(selling.code, "SKU-1", comment="Ring twice")

    with world.buyer(selling.code) as buyer:
        buyer.complain(bought.order_id, "It is grey")
        with pytest.raises(Refused):
            buyer.complain(bought.order_id, "  ")

    order = selling.http.get(f"/api/order/{bought.order_id}").json()["data"]
    assert order["customerComment"] == "Ring twice\nIt is grey"


def test_only_its_own_browser_is_shown_its_last_order_unnamed(world: SandboxHandle, selling: BareShop) -> None:
    with world.buyer(selling.code) as buyer, Buyer(buyer.base_url) as other:
        buyer.put("SKU-1")
        buyer.order()

        assert buyer.last_order()
        assert other.http.get("/checkout/finish").status_code == 404


def test_the_past_fills_empty_shops_once(world: SandboxHandle, shop_of: Callable[[str], BareShop]) -> None:
    shops = {code: shop_of(code) for code in (V4, V5)}
    for shop in shops.values():
        for number in range(12):
            shop.sell(f"SKU-{number}", stock=50)
    held = world.sandbox.shops.values()

    for _ in range(2):
        past = History(held, world.sandbox.mollie, orders=40)
        past.start()
        past.join(timeout=90)
        assert not past.is_alive()

    for shop in shops.values():
        orders = shop.search("order", limit=100, sort="autoIncrement", associations={
            "stateMachineState": {}, "deliveries": {"associations": {"stateMachineState": {}}},
        })["data"]  # fmt: skip
        assert [order["orderNumber"] for order in orders] == [str(10001 + place) for place in range(20)]
        moments = [datetime.fromisoformat(order["orderDateTime"]) for order in orders]
        assert moments == sorted(moments)
        assert moments[0] > datetime.now(UTC) - timedelta(days=DAYS, hours=1)
        assert moments[-1] < datetime.now(UTC)
        assert [order["createdAt"][:19] for order in orders] == [order["orderDateTime"][:19] for order in orders]
        shipped = [one for order in orders for one in order["deliveries"] if one["trackingCodes"]]
        assert len(shipped) == 6
        assert {one["stateMachineState"]["technicalName"] for one in shipped} == {"shipped"}
        become = Counter(order["stateMachineState"]["technicalName"] for order in orders)
        assert become == {"open": 13, "in_progress": 4, "completed": 2, "cancelled": 1}
        until(lambda shop=shop: attempts(shop)["paid"] >= 14)  # type: ignore[misc]


def attempts(shop: BareShop) -> Counter[str]:
    """States of all attempts to pay."""
    found = shop.search("order-transaction", limit=500, associations={"stateMachineState": {}})["data"]
    return Counter(one["stateMachineState"]["technicalName"] for one in found)
