"""Tokens: one for all, renewed in time, never asked for more often than the shop allows."""

from __future__ import annotations

import traceback
from collections import deque
from threading import Barrier, BrokenBarrierError, Thread
from typing import Any

import httpx
import pytest
from shop_double import SECRET, ShopDouble, errors, gateway, records

from integrations.errors import Misconfigured, Throttled, Unavailable, UnexpectedBody
from integrations.shopware.tokens import InProcessTokenStore


def throttled(_request: httpx.Request) -> httpx.Response:
    return errors(
        429,
        {
            "code": "FRAMEWORK__AUTH_THROTTLED",
            "title": "Too Many Requests",
            "detail": "Auth throttled for 10 seconds.",
            "meta": {"parameters": {"seconds": 10}},
        },
    )


def slowly() -> Any:
    """A sign-in that lasts until a second one comes, or a moment when none does."""
    second = Barrier(2)

    def wait(_request: httpx.Request) -> None:
        try:
            second.wait(timeout=0.3)
        except BrokenBarrierError:
            return

    return wait


def in_threads(count: int, work: Any) -> list[BaseException]:
    failures: list[BaseException] = []
    barrier = Barrier(count)

    def run() -> None:
        barrier.wait(timeout=10)
        try:
            work()
        except BaseException as error:  # A thread's failure is the test's.
            failures.append(error)

    threads = [Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    return failures


def test_a_token_serves_many_calls() -> None:
    shop = ShopDouble()
    client = shop.client()

    for _ in range(5):
        client.upsert("product", records(1))

    assert len(shop.sign_ins) == 1


def test_a_token_is_renewed_half_a_minute_before_it_ends() -> None:
    shop = ShopDouble()
    client = shop.client()
    client.upsert("product", records(1))

    shop.time.now += 569
    client.upsert("product", records(1))
    before = len(shop.sign_ins)
    shop.time.now += 2
    client.upsert("product", records(1))

    assert (before, len(shop.sign_ins)) == (1, 2)


def test_eight_threads_with_an_expired_token_ask_for_one() -> None:
    shop = ShopDouble()
    client = shop.client()
    client.upsert("product", records(1))
    shop.time.now += 700
    shop.sign_in_faults.extend([slowly()] * 8)

    failures = in_threads(8, lambda: client.upsert("product", records(1)))

    assert failures == []
    assert len(shop.sign_ins) == 2


def test_eight_threads_with_a_refused_token_ask_for_one() -> None:
    shop = ShopDouble()
    client = shop.client()
    client.upsert("product", records(1))
    shop.live = set()
    shop.sign_in_faults.extend([slowly()] * 8)

    failures = in_threads(8, lambda: client.upsert("product", records(1)))

    assert failures == []
    assert len(shop.sign_ins) == 2


def test_clients_with_one_store_share_the_token() -> None:
    shop = ShopDouble()
    store = InProcessTokenStore(clock=shop.time)

    for _ in range(3):
        shop.client(tokens=store).upsert("product", records(1))

    assert len(shop.sign_ins) == 1


def test_a_refused_token_is_renewed_once_and_the_call_repeated() -> None:
    shop = ShopDouble()
    client = shop.client()
    client.upsert("product", records(1))
    shop.live = set()

    outcome = client.upsert("product", records(1))

    assert outcome[0].state == "delivered"
    assert [len(shop.sign_ins), len(shop.calls)] == [2, 3]


def test_a_fresh_token_that_is_refused_too_ends_the_call() -> None:
    shop = ShopDouble(faults=deque([lambda _request: errors(401, {"code": "9"})] * 9))

    with pytest.raises(Misconfigured, match="refuses a fresh token"):
        shop.client().get("product", "a" * 32)

    assert [len(shop.sign_ins), len(shop.calls)] == [2, 2]


def test_a_throttled_sign_in_without_retry_after_takes_the_seconds_from_the_body() -> None:
    shop = ShopDouble(sign_in_faults=deque([throttled]))

    with pytest.raises(Throttled) as caught:
        shop.client().get("product", "a" * 32)

    assert caught.value.retry_after_s == 10.0
    assert not caught.value.may_have_happened
    assert shop.time.slept == []


def test_nobody_signs_in_while_the_shop_throttles() -> None:
    shop = ShopDouble(sign_in_faults=deque([throttled]))
    client = shop.client()

    for _ in range(5):
        with pytest.raises(Throttled):
            client.get("product", "a" * 32)
    during = len(shop.sign_ins)
    shop.time.now += 10.1
    outcome = client.upsert("product", records(1))

    assert (during, len(shop.sign_ins), outcome[0].state) == (1, 2, "delivered")


def test_a_sign_in_that_finds_no_shop_may_be_tried_again_and_nothing_has_happened() -> None:
    shop = ShopDouble(sign_in_faults=deque([gateway] * 9))

    with pytest.raises(Unavailable) as caught:
        shop.client().get("product", "a" * 32)

    assert not caught.value.may_have_happened
    assert len(shop.sign_ins) == 2


@pytest.mark.parametrize(
    ("status", "item"),
    [
        (401, {"code": "4", "title": "Client authentication failed"}),
        (400, {"code": "3", "title": "Invalid request", "detail": "Check the `client_id` parameter"}),
        (500, {"code": "FRAMEWORK__API_INVALID_ACCESS_KEY", "detail": "Access key is invalid"}),
    ],
)
def test_wrong_credentials_wait_for_a_person(status: int, item: dict[str, Any]) -> None:
    shop = ShopDouble(sign_in_faults=deque([lambda _request: errors(status, item)] * 99))
    client = shop.client()

    outcomes = client.upsert("product", records(30))

    assert {outcome.state for outcome in outcomes} == {"unavailable"}
    assert "refuses the credentials" in outcomes[0].reason
    assert SECRET not in outcomes[0].reason
    assert len(shop.sign_ins) == 1


def test_refused_credentials_are_not_tried_again_at_once_because_the_shop_counts() -> None:
    item = {"code": "4", "title": "Client authentication failed"}
    shop = ShopDouble(sign_in_faults=deque([lambda _request: errors(401, item)]))
    client = shop.client()

    for _ in range(5):
        with pytest.raises(Misconfigured, match="Client authentication failed"):
            client.version()
    during = len(shop.sign_ins)
    shop.time.now += 61

    assert client.version().number == shop.version
    assert (during, len(shop.sign_ins)) == (1, 2)


def test_a_token_answer_that_is_not_one_is_not_shown() -> None:
    odd = httpx.Response(200, json={"token_type": "Bearer", "access_token": "very-secret-and-no-jwt"})
    shop = ShopDouble(sign_in_faults=deque([lambda _request: odd]))

    with pytest.raises(UnexpectedBody, match="expires_in") as caught:
        shop.client().version()

    assert "very-secret" not in "".join(traceback.format_exception(caught.value))
