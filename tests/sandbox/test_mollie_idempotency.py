"""The same key with the same request does nothing twice, for an hour."""

from __future__ import annotations

from threading import Thread

import httpx
from mollie_calls import BareMollie, bare_mollie, euro

from sandbox.testing import MollieHandle

BODY = {"amount": euro("10.00"), "description": "Order 1", "redirectUrl": "https://shop.example/"}


def test_the_first_answer_comes_back(mollie: BareMollie) -> None:
    first = mollie.post("payments", BODY, key="one")
    again = mollie.post("payments", BODY, key="one")
    other = mollie.post("payments", BODY, key="two")

    assert [answer.status_code for answer in (first, again, other)] == [201] * 3
    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert other.json()["id"] != first.json()["id"]
    assert mollie.get("payments").json()["count"] == 2


def test_a_refusal_comes_back_too(mollie: BareMollie) -> None:
    first = mollie.post("payments", {**BODY, "method": "gold"}, key="one")
    again = mollie.post("payments", {**BODY, "method": "gold"}, key="one")

    assert first.json() == again.json()
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (422, "true")


def test_a_key_is_for_one_request_of_one_credential(mollie: BareMollie, handle: MollieHandle) -> None:
    mollie.post("payments", BODY, key="one")

    assert mollie.post("payments", {**BODY, "description": "Order 2"}, key="one").status_code == 400
    with bare_mollie(handle, handle.key("econocom")) as other:
        assert "Idempotent-Replayed" not in other.post("payments", BODY, key="one").headers


def test_after_an_hour_the_key_is_forgotten(mollie: BareMollie, handle: MollieHandle) -> None:
    mollie.post("payments", BODY, key="one")
    handle.advance(59 * 60)
    assert "Idempotent-Replayed" in mollie.post("payments", BODY, key="one").headers

    handle.advance(61)

    assert "Idempotent-Replayed" not in mollie.post("payments", BODY, key="one").headers
    assert mollie.get("payments").json()["count"] == 2


def test_the_hour_is_an_hour_however_fast_mollie_works(mollie: BareMollie, handle: MollieHandle) -> None:
    httpx.post(f"{handle.base_url}/clock", json={"rate": 60}).raise_for_status()
    mollie.post("payments", BODY, key="one")

    handle.advance(59 * 60)

    assert "Idempotent-Replayed" in mollie.post("payments", BODY, key="one").headers


def test_while_the_first_one_runs_the_second_is_told_so(mollie: BareMollie, handle: MollieHandle) -> None:
    slow = handle.fault("slow_work", value="1.5", left=1)
    answers: list[httpx.Response] = []
    first = Thread(target=lambda: answers.append(mollie.post("payments", BODY, key="one")))
    first.start()
    while not slow.hits:
        first.join(timeout=0.01)

    second = mollie.post("payments", BODY, key="one")
    first.join(timeout=20)

    assert (second.status_code, answers[0].status_code) == (409, 201)
    assert "Idempotency-Key" in second.json()["detail"]
    assert mollie.post("payments", BODY, key="one").json() == answers[0].json()


def test_an_answer_that_was_lost_is_there_the_next_time(mollie: BareMollie, handle: MollieHandle) -> None:
    for kind in ("cut_after", "504_after"):
        handle.fault(kind, route="/v2/payments", left=1)
        try:
            assert mollie.post("payments", BODY, key=kind).status_code == 504
        except httpx.HTTPError:
            assert kind == "cut_after"
        assert mollie.post("payments", BODY, key=kind).headers["Idempotent-Replayed"] == "true"

    assert mollie.get("payments").json()["count"] == 2


def test_before_anything_is_done_a_fault_leaves_the_key_free(mollie: BareMollie, handle: MollieHandle) -> None:
    for kind in ("429", "500", "502", "503", "504"):
        handle.fault(kind, left=1)
        assert mollie.post("payments", BODY, key="one").status_code == int(kind)

    assert "Idempotent-Replayed" not in mollie.post("payments", BODY, key="one").headers


def test_only_a_post_looks_at_the_key(mollie: BareMollie) -> None:
    id_ = mollie.payment()["id"]
    for number in (1, 2):
        mollie.http.patch(
            f"/v2/payments/{id_}", json={"description": f"Order {number}"}, headers={"Idempotency-Key": "one"}
        ).raise_for_status()

    assert mollie.seen(id_)["description"] == "Order 2"
