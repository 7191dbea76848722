"""Writing a batch: a bad record harms no other, and nothing that arrived is called lost."""

from __future__ import annotations

import math
from collections import deque
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shop_double import ShopDouble, Time, cut, deadlock, errors, fine, gateway, pointing, records, silent, violation

from integrations.errors import Rejected
from integrations.shopware.client import RecordOutcome

FOREIGN_KEY = {
    "code": "1452",
    "detail": "SQLSTATE[23000]: Integrity constraint violation: 1452 Cannot add or update a child row: a foreign key "
    "constraint fails (fk.product.tax_id)",
}


def states(outcomes: list[RecordOutcome]) -> list[str]:
    return [outcome.state for outcome in outcomes]


def test_a_batch_is_one_request() -> None:
    shop = ShopDouble()

    outcomes = shop.client().upsert("product", records(100))

    assert states(outcomes) == ["delivered"] * 100
    assert len(shop.syncs) == 1
    assert shop.calls[0].headers["indexing-behavior"] == "use-queue-indexing"
    assert shop.calls[0].headers["accept"] == "application/json"


def test_no_records_are_no_request() -> None:
    shop = ShopDouble()

    assert shop.client().upsert("product", []) == []
    assert shop.calls == []


def test_of_100_records_with_one_bad_99_arrive_and_the_bad_one_carries_the_shops_reason() -> None:
    shop = ShopDouble(refuse=pointing(41))

    outcomes = shop.client().upsert("product", records(100))

    assert states(outcomes).count("delivered") == 99
    assert outcomes[41].state == "rejected"
    assert outcomes[41].reason == "This value should not be blank."
    assert outcomes[41].problems[0].pointer.endswith("/41/taxId")
    assert len(shop.stored) == 99


def test_two_bad_records_that_are_named_cost_exactly_one_more_request() -> None:
    shop = ShopDouble(refuse=pointing(3, 97))

    outcomes = shop.client().upsert("product", records(100))

    assert [index for index, outcome in enumerate(outcomes) if outcome.state == "rejected"] == [3, 97]
    assert [len(sync) for sync in shop.syncs] == [100, 98]


def test_pointers_of_the_list_form_are_understood() -> None:
    def refuse(_key: str, payload: list[dict[str, Any]]) -> httpx.Response | None:
        return errors(400, violation("/0/2/price")) if len(payload) == 5 else None

    shop = ShopDouble(refuse=refuse)

    outcomes = shop.client().upsert("product", records(5))

    assert states(outcomes) == ["delivered", "delivered", "rejected", "delivered", "delivered"]


def test_all_complaints_about_one_record_are_kept() -> None:
    def refuse(key: str, payload: list[dict[str, Any]]) -> httpx.Response | None:
        both = violation(f"/{key}/0/taxId", "no tax"), violation(f"/{key}/0/price/0/gross", "no price")
        return errors(400, *both) if len(payload) == 2 else None

    shop = ShopDouble(refuse=refuse)

    bad, good = shop.client().upsert("product", records(2))

    assert (bad.reason, len(bad.problems), good.state) == ("no tax; no price", 2, "delivered")


@pytest.mark.parametrize("pointer", ["/write-product/5/taxId", "/write-product/x", "/taxId", "/write-product/-1/taxId"])
def test_a_pointer_to_no_record_blames_none(pointer: str) -> None:
    def refuse(_key: str, payload: list[dict[str, Any]]) -> httpx.Response | None:
        bad = any(record["productNumber"] == "RD-1" for record in payload)
        return errors(400, violation(pointer)) if bad else None

    shop = ShopDouble(refuse=refuse)

    assert states(shop.client().upsert("product", records(4))) == ["delivered", "rejected", "delivered", "delivered"]


def test_a_bad_record_that_nobody_names_is_found_by_halving() -> None:
    shop = ShopDouble(refuse=silent(41))

    outcomes = shop.client().upsert("product", records(100))

    assert states(outcomes).count("delivered") == 99
    assert outcomes[41].reason == 'Product with number "X" already exists.'
    assert len(shop.syncs) <= 2 * math.ceil(math.log2(100)) + 1


def test_a_foreign_key_to_nothing_is_a_refusal_although_it_comes_as_500() -> None:
    shop = ShopDouble(refuse=silent(7, status=500, item=FOREIGN_KEY))

    outcomes = shop.client().upsert("product", records(20))

    assert states(outcomes).count("delivered") == 19
    assert outcomes[7].state == "rejected"
    assert "foreign key" in outcomes[7].reason
    assert shop.time.slept == []


def test_a_deadlock_is_tried_again_with_a_pause() -> None:
    shop = ShopDouble(faults=deque([deadlock, deadlock]))

    outcomes = shop.client().upsert("product", records(10))

    assert states(outcomes) == ["delivered"] * 10
    assert len(shop.time.slept) == 2
    assert len(shop.syncs) == 1


def test_a_database_that_stays_busy_gets_smaller_batches() -> None:
    busy = errors(500, {"code": "0", "detail": "SQLSTATE[HY000]: General error: 1205 Lock wait timeout exceeded"})
    shop = ShopDouble(refuse=lambda _key, payload: busy if len(payload) > 5 else None)

    outcomes = shop.client().upsert("product", records(10))

    assert states(outcomes) == ["delivered"] * 10
    assert [len(sync) for sync in shop.syncs] == [10, 10, 10, 10, 5, 5]


def test_a_504_after_the_commit_repeats_the_same_ids_and_writes_each_record_once() -> None:
    shop = ShopDouble(after_commit=deque([gateway]))

    outcomes = shop.client().upsert("product", records(10))

    assert states(outcomes) == ["delivered"] * 10
    assert shop.syncs[0] == shop.syncs[1]
    assert len(shop.stored) == 10


@pytest.mark.parametrize("fault", [gateway, cut])
def test_what_arrived_before_the_shop_went_away_stays_delivered(fault: Any) -> None:
    shop = ShopDouble(refuse=silent(0), faults=deque([fine, fine, fine, *[fault] * 50]))

    outcomes = shop.client().upsert("product", records(4))

    assert states(outcomes) == ["rejected", "unavailable", "unavailable", "unavailable"]

    shop = ShopDouble(refuse=silent(3), faults=deque([fine, fine, *[fault] * 50]))

    outcomes = shop.client().upsert("product", records(4))

    assert states(outcomes) == ["delivered", "delivered", "unavailable", "unavailable"]
    assert set(shop.stored) == {record["id"] for record in records(2)}


def test_a_shop_that_is_down_rejects_nothing_and_is_left_alone_soon() -> None:
    shop = ShopDouble(faults=deque([lambda _request: errors(500, {"detail": "Something broke"})] * 999))

    outcomes = shop.client().upsert("product", records(100))

    assert states(outcomes) == ["unavailable"] * 100
    assert len(shop.calls) <= 6


def test_a_record_that_breaks_the_shop_harms_no_other_and_is_not_called_rejected() -> None:
    broken = errors(500, {"detail": "An exception has been thrown in a plugin"})
    bad = f"{20:032x}"
    shop = ShopDouble(refuse=lambda _key, payload: broken if any(row["id"] == bad for row in payload) else None)

    outcomes = shop.client().upsert("product", records(40))

    assert states(outcomes).count("delivered") == 39
    assert outcomes[20].state == "unavailable"
    assert "plugin" in outcomes[20].reason


def test_a_shop_whose_writes_all_fail_is_given_up_after_a_bounded_number_of_requests() -> None:
    shop = ShopDouble(refuse=lambda _key, _payload: errors(500, {"detail": "No alive nodes found in your cluster"}))

    outcomes = shop.client().upsert("product", records(100))

    assert states(outcomes) == ["unavailable"] * 100
    assert len(shop.calls) < 80


def test_a_missing_privilege_is_about_the_call_and_rejects_no_record() -> None:
    detail = '{"message":"Missing privilege","missingPrivileges":["product:update"]}'
    item = {"code": "FRAMEWORK__MISSING_PRIVILEGE_ERROR", "detail": detail}
    shop = ShopDouble(refuse=lambda _key, _payload: errors(403, item))

    outcomes = shop.client().upsert("product", records(50))

    assert states(outcomes) == ["unavailable"] * 50
    assert "Missing privilege: product:update" in outcomes[0].reason
    assert len(shop.syncs) == 1


def test_the_number_of_requests_has_a_limit_and_the_rest_comes_next_time() -> None:
    shop = ShopDouble(refuse=silent(*range(64)))

    outcomes = shop.client().upsert("product", records(64), max_requests=20)

    assert len(shop.syncs) == 20
    assert set(states(outcomes)) == {"rejected", "unavailable"}


def test_a_record_without_an_id_or_without_json_is_refused_before_anything_is_sent() -> None:
    shop = ShopDouble()
    batch = [*records(2), {"productNumber": "RD-9"}, {"id": "a" * 32, "price": float("nan")}]

    outcomes = shop.client().upsert("product", batch)

    assert states(outcomes) == ["delivered", "delivered", "rejected", "rejected"]
    assert [len(sync) for sync in shop.syncs] == [2]


def test_a_throttled_shop_says_when_to_come_back() -> None:
    shop = ShopDouble(faults=deque([lambda _request: httpx.Response(429, headers={"Retry-After": "90"})]))

    outcomes = shop.client().upsert("product", records(3))

    assert outcomes[0] == RecordOutcome("unavailable", "Shopware asks for fewer calls (429)", retry_after_s=90.0)
    assert shop.time.slept == []


def test_a_sync_outside_an_upsert_raises_the_shops_refusal() -> None:
    shop = ShopDouble(refuse=pointing(0))

    with pytest.raises(Rejected) as caught:
        shop.client().sync({"w": {"entity": "product", "action": "upsert", "payload": records(1)}})

    assert caught.value.status == 400
    assert caught.value.problems[0].pointer == "/w/0/taxId"


@settings(max_examples=60, deadline=None)
@given(count=st.integers(1, 60), data=st.data())
def test_whatever_is_bad_and_however_it_shows_every_good_record_arrives(count: int, data: st.DataObject) -> None:
    numbers = st.sets(st.integers(0, count - 1), max_size=6)
    named, unnamed, foreign = data.draw(numbers), data.draw(numbers), data.draw(numbers)
    ways = [pointing(*named), silent(*unnamed), silent(*foreign, status=500, item=FOREIGN_KEY)]

    def refuse(key: str, payload: list[dict[str, Any]]) -> httpx.Response | None:
        return next((answer for way in ways if (answer := way(key, payload)) is not None), None)

    shop = ShopDouble(refuse=refuse, time=Time())

    outcomes = shop.client().upsert("product", records(count))

    bad = named | unnamed | foreign
    assert states(outcomes) == ["rejected" if number in bad else "delivered" for number in range(count)]
    assert len(shop.stored) == count - len(bad) == shop.writes
    assert len(shop.syncs) <= 2 + 2 * len(bad) * (math.ceil(math.log2(count + 1)) + 1)
