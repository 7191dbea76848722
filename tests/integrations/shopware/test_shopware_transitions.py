"""Moving state machines: no mail unasked, no step taken twice, both versions' names."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from shop_double import ShopDouble, cut, errors, gateway

from integrations.errors import Rejected, Unavailable
from integrations.shopware.shop import Machine, action_names, target_state

ID = "a" * 32


def moving(shop: ShopDouble, machine: Machine, state: str, steps: dict[str, str]) -> list[str]:
    """Serve one row of a machine; returns the list of the states entered, which grows."""
    history = [state]

    def move(action: str) -> Callable[[httpx.Request], httpx.Response]:
        def answer(_request: httpx.Request) -> httpx.Response:
            if action not in steps:
                possible = ", ".join(sorted(steps))
                detail = f'Illegal transition "{action}" from state "{"0" * 32}". Possible transitions are: {possible}'
                return errors(400, {"code": "SYSTEM__ILLEGAL_STATE_TRANSITION", "detail": detail})
            history.append(steps[action])
            if shop.after_commit:
                lost = shop.after_commit.popleft()(_request)
                assert lost is not None
                return lost
            return httpx.Response(200, json={"id": "f" * 32, "technicalName": history[-1], "extensions": []})

        return answer

    for action in ("paid", "pay", "process", "do_pay", "cancel", "ship", "custom"):
        shop.routes[f"_action/{machine}/{ID}/state/{action}"] = move(action)
    shop.routes[f"search/{machine.replace('_', '-')}"] = lambda _request: httpx.Response(
        200,
        json={"total": 1, "data": [{"id": ID, "stateMachineState": {"id": "f" * 32, "technicalName": history[-1]}}]},
    )
    return history


def asked(shop: ShopDouble) -> list[str]:
    return [call.url.path.removeprefix("/api/").split("/")[-1] for call in shop.calls]


@pytest.mark.parametrize("send_mail", [False, True])
def test_the_customer_is_mailed_only_when_asked(send_mail: bool) -> None:
    shop = ShopDouble()
    moving(shop, "order_delivery", "open", {"ship": "shipped"})
    options: dict[str, Any] = {"send_mail": True} if send_mail else {}

    state = shop.client().transition("order_delivery", ID, "ship", **options)

    assert state.technical_name == "shipped"
    assert json.loads(shop.calls[0].content) == {"sendMail": send_mail}


@pytest.mark.parametrize(("action", "older", "target"), [("paid", "pay", "paid"), ("process", "do_pay", "in_progress")])
def test_a_payment_step_that_the_shop_does_not_know_is_tried_under_its_older_name(
    action: str, older: str, target: str
) -> None:
    shop = ShopDouble(version="6.6.7.1")
    history = moving(shop, "order_transaction", "reminded", {older: target})

    state = shop.client().transition("order_transaction", ID, action)

    assert state.technical_name == target
    assert asked(shop) == [action, older]
    assert history == ["reminded", target]


def test_a_step_that_is_not_allowed_under_any_name_is_refused_under_the_name_that_was_asked_for() -> None:
    shop = ShopDouble()
    moving(shop, "order_transaction", "refunded", {})

    with pytest.raises(Rejected, match='Illegal transition "paid"'):
        shop.client().transition("order_transaction", ID, "paid")


def test_the_older_names_are_for_payments_only() -> None:
    shop = ShopDouble()
    moving(shop, "order", "completed", {"cancel": "cancelled"})

    with pytest.raises(Rejected):
        shop.client().transition("order", ID, "process")

    assert asked(shop) == ["process"]


@pytest.mark.parametrize("lost", [gateway, cut])
def test_a_step_whose_answer_was_lost_is_not_taken_again(lost: Any) -> None:
    shop = ShopDouble(after_commit=deque([lost]))
    history = moving(shop, "order", "open", {"cancel": "cancelled"})

    state = shop.client().transition("order", ID, "cancel")

    assert state.technical_name == "cancelled"
    assert history == ["open", "cancelled"]
    assert asked(shop) == ["cancel", "order"]


def test_a_step_that_did_not_happen_is_taken_after_the_state_was_read() -> None:
    shop = ShopDouble(faults=deque([gateway]))
    history = moving(shop, "order_delivery", "open", {"ship": "shipped"})

    state = shop.client().transition("order_delivery", ID, "ship")

    assert state.technical_name == "shipped"
    assert history == ["open", "shipped"]
    assert asked(shop) == ["ship", "order-delivery", "ship"]


def test_a_plugins_step_is_not_repeated_when_its_fate_is_unknown() -> None:
    shop = ShopDouble(faults=deque([gateway]))
    moving(shop, "order", "open", {"custom": "anywhere"})

    with pytest.raises(Unavailable) as caught:
        shop.client().transition("order", ID, "custom")

    assert caught.value.may_have_happened
    assert asked(shop) == ["custom"]


def test_a_shop_that_stays_away_is_tried_a_bounded_number_of_times() -> None:
    shop = ShopDouble(faults=deque([gateway] * 99))
    moving(shop, "order", "open", {"cancel": "cancelled"})

    with pytest.raises(Unavailable):
        shop.client().transition("order", ID, "cancel")

    assert len(shop.calls) <= 5


def test_the_names_and_targets_agree() -> None:
    assert action_names("order_transaction", "paid") == ["paid", "pay"]
    assert action_names("order", "process") == ["process"]
    for name in ("paid", "paid_partially", "process"):
        reached = {target_state("order_transaction", each) for each in action_names("order_transaction", name)}
        assert len(reached) == 1
