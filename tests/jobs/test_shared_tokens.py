"""Access tokens of a shop, shared by all workers: a hundred callers cost one sign-in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import pytest
from flask import Flask

from app import queue
from integrations.shopware.client import ShopwareClient
from integrations.shopware.shop import ShopwareShop
from jobs.shops import SharedTokens
from sandbox.testing import SandboxHandle


@pytest.fixture
def tokens(app: Flask) -> SharedTokens:
    queue.connection().delete("shop-token:econocom")
    return SharedTokens("econocom")


def connected(world: SandboxHandle, tokens: SharedTokens) -> ShopwareClient:
    """A worker's client of the shop."""
    shop = world.shop("econocom")
    return ShopwareClient(
        ShopwareShop(base_url=shop.base_url, client_id=shop.client_id, client_secret=shop.client_secret), tokens=tokens
    )


def sign_ins(world: SandboxHandle) -> int:
    return int(world.stats("econocom")["requests"].get("POST /api/oauth/token", 0))


def test_many_workers_at_once_sign_in_once(tokens: SharedTokens, world: SandboxHandle) -> None:
    with ThreadPoolExecutor(16) as pool:
        calls = [pool.submit(copy_context().run, connected(world, tokens).version) for _ in range(32)]
        versions = {call.result().number for call in calls}

    assert versions == {"6.7.10.1"}
    assert sign_ins(world) == 1


def test_a_token_that_the_shop_no_longer_takes_is_renewed_once(tokens: SharedTokens, world: SandboxHandle) -> None:
    tokens.put("worthless", lifetime_s=600)

    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(copy_context().run, connected(world, tokens).version) for _ in range(8)]
        assert {call.result().number for call in calls} == {"6.7.10.1"}

    assert sign_ins(world) == 1
    assert tokens.get() not in (None, "worthless")


def test_a_token_that_ran_out_is_gone(tokens: SharedTokens) -> None:
    tokens.put("short", lifetime_s=1)
    assert tokens.get() == "short"
    assert queue.connection().pttl("shop-token:econocom") <= 1000

    tokens.forget()

    assert tokens.get() is None
