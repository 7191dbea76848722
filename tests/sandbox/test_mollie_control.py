"""What people and tests do to the sandbox's Mollie from outside its API, and its switches."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import timedelta

import httpx
import pytest
from mollie_calls import OTHER_SHOP, SHOP, BareMollie

from sandbox.testing import MollieHandle, SandboxHandle


def test_buyers_and_banks_act_over_http(mollie: BareMollie, handle: MollieHandle) -> None:
    id_ = mollie.payment()["id"]
    address = f"{handle.base_url}/payments/{id_}"

    assert httpx.post(f"{address}/pay", json={"method": "bancontact"}).json() == {"ok": True}

    assert (mollie.seen(id_)["status"], mollie.seen(id_)["method"]) == ("paid", "bancontact")
    assert httpx.post(f"{address}/cancel").status_code == 422
    assert httpx.post(f"{address}/steal").status_code == 404
    assert httpx.post(f"{handle.base_url}/payments/tr_none/pay").status_code == 404
    assert httpx.get(f"{address}/pay").status_code == 404


def test_people_see_payments_and_let_things_happen_on_pages(mollie: BareMollie, handle: MollieHandle) -> None:
    payment = mollie.paid(description="<Order 12>", webhookUrl="http://127.0.0.1:9/hook")
    page = payment["_links"]["dashboard"]["href"]

    answer = httpx.post(page, data={"act": "chargeback", "amount": "4.00"})

    assert (answer.status_code, mollie.seen(payment["id"])["amountChargedBack"]["value"]) == (303, "4.00")
    assert "&lt;Order 12&gt;" in httpx.get(handle.base_url).text
    assert "http://127.0.0.1:9/hook" in httpx.get(page).text
    assert httpx.get(page + "x").status_code == 404
    assert httpx.post(page, data={"act": "pay"}).status_code == 422


def test_the_clock_goes_forward_only(handle: MollieHandle) -> None:
    before = httpx.get(f"{handle.base_url}/clock").json()

    after = httpx.post(f"{handle.base_url}/clock", json={"seconds": 3600, "rate": 5}).json()

    assert after["rate"] == 5
    assert after["now"] > before["now"]
    for wrong in ({"seconds": -1}, {"rate": 0}, {"seconds": "soon"}):
        assert httpx.post(f"{handle.base_url}/clock", json=wrong).status_code == 400


def test_faults_are_switched_on_here_and_on_the_page_of_all_systems(
    mollie: BareMollie, handle: MollieHandle, world: SandboxHandle
) -> None:
    httpx.post(f"{handle.base_url}/faults", json={"kind": "503", "left": 1}).raise_for_status()
    httpx.post(f"{world.control_url}/faults", json={"kind": "429", "shop": "mollie", "left": 1, "value": "7"})

    limited, down = mollie.get("payments"), mollie.get("payments")

    assert (limited.status_code, limited.headers["Retry-After"], limited.json()["status"]) == (429, "7", 429)
    assert (down.status_code, down.json()["title"]) == (503, "Service Unavailable")
    assert [fault["hits"] for fault in httpx.get(f"{world.control_url}/faults").json()["mollie"]] == [1, 1]
    assert httpx.post(f"{handle.base_url}/faults", json={"kind": "flood"}).status_code == 400
    httpx.post(f"{handle.base_url}/faults/clear").raise_for_status()
    assert httpx.get(f"{handle.base_url}/faults").json() == []
    page = httpx.get(world.control_url).text
    assert "Mollie" in page
    assert httpx.get(f"{world.control_url}/stats").json()["mollie"]["url"] == handle.base_url


@pytest.mark.parametrize(("kind", "made"), [("timeout_before", 0), ("timeout_after", 1), ("cut_before", 0),
                                            ("cut_after", 1), ("504_after", 1), ("html", 1)])  # fmt: skip
def test_faults_come_before_the_work_or_after_it(
    mollie: BareMollie, handle: MollieHandle, kind: str, made: int
) -> None:
    fault = handle.fault(kind, left=1, value="0.4")
    started = time.monotonic()

    try:
        assert mollie.create().status_code in (200, 504)
    except httpx.HTTPError:
        assert "timeout" not in kind or time.monotonic() - started >= 0.4

    assert fault.hits == 1
    assert mollie.get("payments").json()["count"] == made


def test_work_that_cannot_be_done_keeps_nothing_else_waiting(mollie: BareMollie, handle: MollieHandle) -> None:
    with handle.mollie.storage.transaction() as books:
        books.later("levitate", "tr_1", timedelta(minutes=1))
    payment = mollie.payment(method="ideal")

    handle.advance(16 * 60)

    assert mollie.seen(payment["id"])["status"] == "expired"
    with handle.mollie.storage.transaction() as books:
        left = books.connection.execute("SELECT act FROM task WHERE act = 'levitate'").fetchall()
    assert left == []


def test_a_reset_leaves_a_mollie_that_nobody_has_used(mollie: BareMollie, handle: MollieHandle) -> None:
    mollie.paid()
    handle.fault("latency")
    handle.advance(10_000)

    httpx.post(f"{handle.base_url}/reset").raise_for_status()

    stats = httpx.get(f"{handle.base_url}/stats").json()
    assert (stats["held"].get("payment", 0), stats["faults"]) == (0, [])
    assert handle.mollie.clock()["rate"] == 1


def test_what_a_portal_needs_is_printed(handle: MollieHandle) -> None:
    said = subprocess.run([sys.executable, "-m", "sandbox", "mollie"], capture_output=True, text=True, check=True)

    printed = json.loads(said.stdout)

    assert printed["organisation_token"] == handle.organisation_token
    for code in (SHOP, OTHER_SHOP):
        assert printed["channels"][code].items() >= {
            "profile_id": handle.profile_id(code), "api_key": handle.key(code),
            "webhook_secret": handle.webhook_secret(code),
        }.items()  # fmt: skip
