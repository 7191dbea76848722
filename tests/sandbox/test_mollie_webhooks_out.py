"""Webhook calls of the sandbox's Mollie: whom it tells what, how often it tries, and its switches."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from threading import Event

import httpx
import pytest
from mollie_calls import WAIT_S, BareMollie, Receiver

from sandbox.testing import MollieHandle

MINUTE = 60


def until(handle: MollieHandle, found: Callable[[list[dict[str, object]]], bool]) -> list[dict[str, object]]:
    """The deliveries, once the sender has noted what is looked for."""
    pause = Event()
    for _ in range(int(WAIT_S / 0.02)):
        deliveries = handle.deliveries()
        if found(deliveries):
            return deliveries
        pause.wait(0.02)
    raise AssertionError(f"not found: {handle.deliveries()}")


@pytest.mark.parametrize(("act", "calls"), [("pay", 1), ("fail", 1), ("cancel", 1), ("expire", 1), ("authorise", 1),
                                            ("wait", 0)])  # fmt: skip
def test_a_call_is_an_id_in_a_form_and_nothing_else(
    mollie: BareMollie, handle: MollieHandle, receiver: Receiver, act: str, calls: int
) -> None:
    payment = mollie.payment(webhookUrl=receiver.url, method="creditcard")

    handle.act(payment["id"], act)

    assert receiver.wait(calls) == [f"id={payment['id']}"] * calls
    assert len(handle.deliveries(payment["id"])) == calls
    for method, headers, _body in receiver.calls:
        assert method == "POST"
        assert headers["content-type"] == "application/x-www-form-urlencoded"
        assert headers["accept"] == "*/*"


def test_ten_attempts_over_26_hours_and_never_again(
    mollie: BareMollie, handle: MollieHandle, receiver: Receiver
) -> None:
    receiver.answers[:] = [500, 404, 201, 204, 503, 400, 410, 502, 500, 500, 500]
    payment = mollie.payment(webhookUrl=receiver.url)
    handle.act(payment["id"], "pay")
    first = datetime.fromisoformat(mollie.seen(payment["id"])["paidAt"])

    waited = []
    for attempt in range(1, 11):
        (row,) = until(handle, lambda rows, n=attempt: rows[0]["attempts"] == n and rows[0]["status"] is not None  # type: ignore[misc]
                       and rows[0]["state"] != "sending")  # fmt: skip
        assert len(receiver.wait(attempt)) == attempt
        due = datetime.fromisoformat(str(row["due"]))
        waited.append(round((due - first).total_seconds() / MINUTE))
        if row["state"] == "queued":
            now = datetime.fromisoformat(str(handle.mollie.clock()["now"]))
            handle.advance((due - now).total_seconds() + 1)

    assert waited[:9] == [1, 3, 7, 15, 31, 60, 120, 240, 26 * 60]
    assert row["state"] == "failed"
    handle.advance(48 * 3600)
    assert len(receiver.calls) == 10


def test_only_200_counts_and_a_redirect_loses_the_id(
    mollie: BareMollie, handle: MollieHandle, receiver: Receiver
) -> None:
    receiver.answers[:] = [receiver.url + "/moved"]
    payment = mollie.payment(webhookUrl=receiver.url)

    handle.act(payment["id"], "pay")

    until(handle, lambda rows: rows[0]["state"] == "delivered")
    assert [(method, body) for method, _headers, body in receiver.calls] == [
        ("POST", f"id={payment['id']}"),
        ("GET", ""),
    ]


def test_an_answer_that_comes_too_late_does_not_count(
    mollie: BareMollie, handle: MollieHandle, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sandbox.mollie import deliveries

    monkeypatch.setattr(deliveries, "LIMIT_S", 0.05)
    late = Event()
    receiver.answers[:] = [lambda: 200 + late.wait(0.3)]
    payment = mollie.payment(webhookUrl=receiver.url)

    handle.act(payment["id"], "pay")

    (row,) = until(handle, lambda rows: rows[0]["result"] is not None)
    assert (row["state"], row["status"]) == ("queued", None)


def test_nobody_answers_at_all(mollie: BareMollie, handle: MollieHandle) -> None:
    payment = mollie.payment(webhookUrl="http://127.0.0.1:9/hook")

    handle.act(payment["id"], "pay")

    (row,) = until(handle, lambda rows: rows[0]["result"] is not None)
    assert (row["state"], row["result"]) == ("queued", "ConnectError")


def test_calls_are_doubled_lost_and_late_when_a_switch_says_so(
    mollie: BareMollie, handle: MollieHandle, receiver: Receiver
) -> None:
    first, second, third = (mollie.payment(webhookUrl=receiver.url)["id"] for _ in range(3))
    handle.fault("webhook_duplicate", left=1)
    handle.act(first, "pay")
    assert receiver.wait(2) == [f"id={first}"] * 2

    handle.fault("webhook_drop", left=1)
    handle.act(second, "pay")
    assert [row["state"] for row in handle.deliveries(second)] == ["dropped"]

    handle.fault("webhook_delay", value="100", left=1)
    handle.act(third, "pay")
    assert len(receiver.calls) == 2
    handle.advance(101)
    assert receiver.wait(3)[2] == f"id={third}"


def test_calls_overtake_each_other_when_a_switch_says_so(
    mollie: BareMollie, handle: MollieHandle, receiver: Receiver
) -> None:
    handle.fault("webhook_reorder", value="3600")
    ids = [mollie.payment(webhookUrl=receiver.url)["id"] for _ in range(12)]
    for id_ in ids:
        handle.act(id_, "pay")

    due = [row["due"] for id_ in ids for row in handle.deliveries(id_)]

    assert due != sorted(due)
    handle.advance(3601)
    assert sorted(receiver.wait(12)) == sorted(f"id={id_}" for id_ in ids)


def test_a_faster_clock_brings_the_next_attempt_nearer(
    mollie: BareMollie, handle: MollieHandle, receiver: Receiver
) -> None:
    receiver.answers[:] = [500]
    payment = mollie.payment(webhookUrl=receiver.url)
    handle.act(payment["id"], "pay")
    until(handle, lambda rows: rows[0]["status"] == 500)

    httpx.post(f"{handle.base_url}/clock", json={"rate": 600}).raise_for_status()

    assert receiver.wait(2) == [f"id={payment['id']}"] * 2
