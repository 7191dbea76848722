"""What an agent does with orders in a browser: find one by what the customer says, and watch its payment come in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from browsing import Portal, sign_in, until

from app import clock, queue
from app.db import transaction
from app.flows import services as flows
from app.orders import queries
from app.orders.finding import Meant
from sandbox.testing import BareShop, SandboxHandle, bare_shop

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
FLOW = "shopware.orders.portal"


@pytest.fixture
def econocom(world: SandboxHandle) -> Iterator[BareShop]:
    shop = bare_shop(world, "econocom")
    yield shop
    shop.http.close()


def tell(order_id: str, event: str) -> None:
    """What the shop's webhook does at the portal's door: name the order, and nothing more."""
    with transaction() as session:
        flows.receive(session, FLOW, key=order_id, delivery_id=event, channel="econocom", now=clock.now(),
                      body={"act": "named", "orders": [order_id]})  # fmt: skip
    queue.wake(FLOW)


def is_known(number: str) -> bool:
    with transaction() as session:
        return bool(queries.found(Meant(session, number), limit=1))


def test_an_agent_finds_the_order_of_a_caller_and_sees_the_payment_come_in(
    site: Portal, open_page: Callable[..., Any], econocom: BareShop
) -> None:
    payload = econocom.order("10432", {"payload": {"productNumber": "A"}}, {"payload": {"productNumber": "B"}})
    payload["addresses"][0]["phoneNumber"] = "06 1234 5678"
    econocom.post("order", payload).raise_for_status()
    tell(payload["id"], "placed")
    until(lambda: is_known("10432"))
    page, complaints = open_page()
    sign_in(page, site, "agent")

    page.click("nav a[href='/orders/']")
    page.fill("input[name=q]", "+31 6 1234 5678")
    page.keyboard.press("Enter")
    page.click("text=#10432")

    page.wait_for_selector("text=Not paid, not sent.")
    page.evaluate("window.opened = 'once'")  # Gone with the page: nothing is loaded anew below.
    paid = payload["transactions"][0]["id"]
    econocom.post(f"_action/order_transaction/{paid}/state/paid", {"sendMail": False}).raise_for_status()
    tell(payload["id"], "paid")
    page.wait_for_selector("text=Paid, waiting for shipment.")
    parcel = payload["deliveries"][0]["id"]
    econocom.http.patch(f"/api/order-delivery/{parcel}", json={"trackingCodes": ["3SIUSD01"]}).raise_for_status()
    econocom.post(f"_action/order_delivery/{parcel}/state/ship", {"sendMail": False}).raise_for_status()
    tell(payload["id"], "sent")
    page.wait_for_selector("text=Sent, paid.")

    assert page.evaluate("window.opened") == "once"
    assert "3SIUSD01" in page.locator("#order-live").inner_text()
    assert [line.inner_text().split("\n")[-1] for line in page.locator("ol.timeline li").all()][-1].startswith("placed")
    page.keyboard.press("Control+k")
    page.keyboard.type("3siusd01")
    page.wait_for_selector("#hits >> text=#10432")
    assert complaints == []
