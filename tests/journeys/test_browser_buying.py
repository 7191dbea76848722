"""What a customer does in a browser: buy in a storefront, pay on Mollie's page, and come back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from browsing import until

from sandbox.testing import BareShop, SandboxHandle

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
PHONE = {"width": 390, "height": 844}
DETAILS = {
    "first_name": "Ada", "last_name": "Jansen", "email": "ada@example.com", "street": "Dam 1", "zipcode": "1012 JS",
    "city": "Amsterdam",
}  # fmt: skip


def to_checkout(page: Any, shop: BareShop) -> None:
    """Find the product and put it into the cart, as far as the form."""
    page.goto(str(shop.http.base_url))
    page.fill("input[type=search]", "SKU-1")
    page.keyboard.press("Enter")
    page.click("a.card")
    page.click("form.buy button")
    page.click("a.button")


def state(shop: BareShop) -> list[str]:
    found = shop.search("order-transaction", sort="autoIncrement", associations={"stateMachineState": {}})["data"]
    return [one["stateMachineState"]["technicalName"] for one in found]


def test_a_customer_buys_on_a_phone_is_refused_and_pays_again(
    world: SandboxHandle, shop_of: Callable[[str], BareShop], open_page: Callable[..., Any]
) -> None:
    shop = shop_of("refurbished-direct")
    shop.sell("SKU-1", name="Apple iPhone 12 64 GB zwart")
    page, complaints = open_page()
    page.set_viewport_size(PHONE)

    to_checkout(page, shop)
    page.click("text=Bestelling plaatsen")
    assert page.locator("[aria-invalid=true]").count() == len(DETAILS)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]  # Nothing sticks out.
    for name, value in DETAILS.items():
        page.fill(f"[name={name}]", value)
    page.click("text=Bestelling plaatsen")

    page.wait_for_url(f"{world.mollie.base_url}/checkout/**")
    assert "127,95" in page.inner_text("header")
    for _ in range(2):  # With a preset method Mollie asks once more.
        page.click("summary")
        page.click("[value=fail]")
    page.wait_for_selector("text=De betaling is niet gelukt")
    page.click("text=Opnieuw betalen")
    page.click("button.pay")

    page.wait_for_selector("text=De betaling is binnen")
    assert "10001" in page.inner_text("main")
    assert page.inner_text("header .cart") == "Winkelwagen"
    assert world.mails(shop.code)[0]["kind"] == "order_confirmation_mail"
    assert complaints == [f"Failed to load resource: the server responded with a status of 422 ({UNPROCESSABLE})"]


UNPROCESSABLE = "UNPROCESSABLE ENTITY"  # The browser tells of the form that lacked something.


def test_a_customer_pays_in_two_tabs(
    world: SandboxHandle, shop_of: Callable[[str], BareShop], open_page: Callable[..., Any]
) -> None:
    shop = shop_of("econocom")
    shop.sell("SKU-1")
    first, _complaints = open_page()
    to_checkout(first, shop)
    for name, value in DETAILS.items():
        first.fill(f"[name={name}]", value)
    first.click("text=Place the order")
    first.wait_for_url(f"{world.mollie.base_url}/checkout/**")

    second = first.context.new_page()
    second.goto(f"{shop.http.base_url}".rstrip("/") + "/checkout/finish")
    second.select_option("select[name=method]", label="Card")
    second.click("text=Pay another way")
    for tab in (second, first):
        tab.click("button.pay")
        tab.wait_for_selector("text=We have your payment")

    until(lambda: state(shop) == ["paid", "paid"])
