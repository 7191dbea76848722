"""Money in a browser: an agent refunds while the customer is on the line, and a manager settles the day."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from browsing import Portal, sign_in, until

from app import clock, queue
from app.db import transaction
from app.flows import services as flows
from app.orders import queries
from app.orders.finding import Meant
from sandbox.buyer import Person
from sandbox.testing import BareShop, Bought, SandboxHandle

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
ORDERS, SETTLEMENTS = "shopware.orders.portal", "mollie.settlements.portal"
SHOP = "econocom"
CALLER = Person(phone="06 1234 5678")
WEEK = 7 * 86_400


def tell(order_id: str, event: str) -> None:
    """What the shop's webhook does at the portal's door: name the order, and nothing more."""
    with transaction() as session:
        flows.receive(session, ORDERS, key=order_id, delivery_id=event, channel=SHOP, now=clock.now(),
                      body={"act": "named", "orders": [order_id]})  # fmt: skip
    queue.wake(ORDERS)


def tick(flow: str) -> None:
    """The hour strikes."""
    now = clock.now()
    with transaction() as session:
        flows.receive(session, flow, key=now.isoformat(), delivery_id=f"tick:{now.isoformat()}",
                      body={"due_at": now.isoformat()}, now=now)  # fmt: skip
    queue.wake(flow)


def is_known(number: str) -> bool:
    with transaction() as session:
        return bool(queries.found(Meant(session, number), limit=1))


@pytest.fixture
def shop(site: Portal, world: SandboxHandle, shop_of: Callable[[str], BareShop]) -> BareShop:
    """A shop that sells a device, whose payments Mollie tells the portal of."""
    found = shop_of(SHOP)
    found.sell("SKU-1", name="Apple iPhone 12 64 GB black")
    world.bridge(SHOP, "portal", site.url)
    return found


def bought(world: SandboxHandle, *, paid: bool = True) -> Bought:
    """An order of the caller, known to the portal."""
    order = world.buy(SHOP, "SKU-1", person=CALLER)
    tell(order.order_id, f"placed {order.number}")
    until(lambda: is_known(order.number))
    if paid:
        world.mollie.act(order.payment_id, "pay")
    return order


def test_an_agent_refunds_while_the_customer_is_on_the_line(
    site: Portal, world: SandboxHandle, shop: BareShop, open_page: Callable[..., Any]
) -> None:
    order = bought(world, paid=False)
    page, complaints = open_page()
    sign_in(page, site, "agent")
    page.click("nav a[href='/orders/']")
    page.fill("main input[name=q]", "+31 6 1234 5678")
    page.keyboard.press("Enter")
    page.click(f"main >> text=#{order.number}")
    page.wait_for_selector("text=Not paid, not sent.")
    page.evaluate("window.opened = 'once'")

    world.mollie.act(order.payment_id, "pay")  # Mollie calls the portal, and the portal moves the shop.
    page.wait_for_selector("text=Paid, waiting for shipment.")
    until(lambda: "says Mollie" in page.locator("#order-live").inner_text())
    assert page.evaluate("window.opened") == "once"

    page.click("main .head >> text=Refund…")
    page.fill("input[name^=pieces-]", "1")
    page.select_option("select[name=reason]", label="Goodwill")
    page.click("text=See what it does")
    assert "Goes back" in page.inner_text("main")
    page.click("main .panel button.btn-primary")
    page.wait_for_url(f"{site.url}/orders/*")
    page.wait_for_selector("#order-live >> text=Mollie has it")
    page.evaluate("window.opened = 'twice'")
    assert "Refund on its way" in page.inner_text("dl.verdict")
    assert "paid back" not in page.inner_text("#order-live"), "nothing is called that before Mollie says so"

    world.mollie.advance(WEEK)  # Mollie sends it, it arrives, and Mollie calls each time.
    page.wait_for_selector("#order-live .state:has-text('paid back')")

    assert page.evaluate("window.opened") == "twice"
    listed = shop.search("order-transaction", associations={"stateMachineState": {}})["data"]
    assert [one["stateMachineState"]["technicalName"] for one in listed] == ["refunded_partially"]
    assert complaints == []


def test_a_manager_settles_the_day(
    site: Portal, world: SandboxHandle, shop: BareShop, open_page: Callable[..., Any]
) -> None:
    fine, odd = bought(world), bought(world)
    agents, _complaints = open_page()
    sign_in(agents, site, "agent")
    agents.goto(f"{site.url}/orders/?q={odd.number}")
    agents.click(f"main >> text=#{odd.number}")
    agents.wait_for_selector("text=Paid, waiting for shipment.")
    agents.click("text=Cancel…")
    agents.fill("input[name=reason]", "The customer changed their mind")
    agents.click("main form button.btn-danger")
    agents.wait_for_selector("#order-live >> text=still with us")

    page, complaints = open_page()
    sign_in(page, site, "manager")
    page.click("nav a[href='/payments/reconciliation']")
    page.wait_for_selector(f"main tr:has-text('#{odd.number}') >> text=still with us")
    page.click(f"main tr:has-text('#{odd.number}') >> text=Refund…")
    page.click("text=See what it does")
    page.click("main .panel button.btn-primary")
    page.wait_for_selector("#order-live >> text=Mollie has it")
    world.mollie.advance(WEEK)
    page.wait_for_selector("#order-live .state:has-text('paid back')")

    world.mollie.settle()  # Days went by, so most of it was settled already.
    tick(SETTLEMENTS)
    page.click("nav a[href='/payments/reconciliation']")
    until(lambda: page.reload() is not None and page.locator("main >> text=to the cent").count() > 0)
    assert page.locator(f"main tr:has-text('#{odd.number}')").count() == 0
    page.click("main .panel:last-of-type a[href^='/payments/settlements/']")
    page.wait_for_selector(f"main >> text=#{fine.number}")

    states = [text.strip() for text in page.locator("main tbody .state").all_inner_texts()]
    assert states
    assert set(states) == {"equal"}
    assert complaints == []
