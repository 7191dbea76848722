"""How the second public client takes the sandbox's faults: what it sends again, when, and what stands afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any

import pytest
from typed_client import MARKS, base, connect, errors

from sandbox.testing import BareShop, SandboxHandle, hexid

pytestmark = MARKS


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def admin(shop: BareShop, world: SandboxHandle) -> AsyncIterator[Any]:
    async with connect(world, shop.code) as client:
        yield client


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The seconds that the client would have waited between its tries; it goes on at once."""
    waited: list[int] = []

    async def note(seconds: int) -> None:
        waited.append(seconds)

    monkeypatch.setattr(base, "asyncio", SimpleNamespace(sleep=note))
    return waited


def in_seconds(seconds: int) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(("told", "waited"), [
    (lambda: "", {1}), (lambda: "7", {7}), (lambda: in_seconds(60), set(range(55, 62))),
])  # fmt: skip
async def test_too_many_requests_are_taken_up_again_when_the_shop_says(
    admin: Any, shop: BareShop, world: SandboxHandle, waits: list[int], told: Callable[[], str], waited: set[int]
) -> None:
    fault = world.fault(shop.code, "429", route="/_action/sync", left=2, value=told())

    await admin.product.bulk_upsert([shop.product("A")])

    assert (fault.hits, world.effects(shop.code)) == (2, {hexid("A"): 1})
    assert len(waits) == 2
    assert set(waits) <= waited


async def test_a_shop_that_stays_too_busy_is_given_up(
    admin: Any, shop: BareShop, world: SandboxHandle, waits: list[int]
) -> None:
    fault = world.fault(shop.code, "429", route="/search/product")

    with pytest.raises(errors.SWAPITooManyRequests):
        await admin.product.filter(stock=1).all()

    assert (fault.hits, waits) == (4, [1, 1, 1])


@pytest.mark.parametrize(("kind", "waited", "writes"), [
    ("deadlock", [2, 4], 1), ("503", [2, 4], 1), ("504", [2, 4], 1), ("504_after", [2, 4], 3), ("cut_before", [], 1),
    ("cut_after", [], 3), ("broken_json", [], 3),
])  # fmt: skip
async def test_a_write_that_fails_on_the_way_is_sent_again_and_stands_once(
    admin: Any, shop: BareShop, world: SandboxHandle, waits: list[int], kind: str, waited: list[int], writes: int
) -> None:
    fault = world.fault(shop.code, kind, route="/_action/sync", left=2)

    await admin.product.bulk_upsert([shop.product("A")])

    assert (fault.hits, waits) == (2, waited)
    assert world.effects(shop.code) == {hexid("A"): writes}
    assert len(await admin.product.all()) == 1


async def test_a_bad_gateway_is_told_at_once(
    admin: Any, shop: BareShop, world: SandboxHandle, waits: list[int]
) -> None:
    world.fault(shop.code, "502", left=1, route="/_action/sync")

    with pytest.raises(errors.SWAPIBadGateway):
        await admin.product.bulk_upsert([shop.product("A")])

    assert (waits, world.effects(shop.code)) == ([], {})
