"""What people do with prices in a browser: change a rule and go back, and follow a price down to the supplier's row."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browsing import Portal, accept, drop, phones, sign_in, until, write_list

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
WARES = 12


@pytest.fixture
def sku(site: Portal, open_page: Callable[..., Any], tmp_path: Path) -> str:
    """Of one of twelve phones that are on sale."""
    page, _complaints = open_page()
    wares = phones(WARES)
    sign_in(page, site)
    drop(page, write_list(tmp_path / "phones.csv", [(f"N{number}", name, "Grade A", 5, 1900 + 10 * number)
                                                    for number, (_sku, name) in enumerate(wares)]))  # fmt: skip
    accept(page)
    page.context.close()
    return wares[3][0]


def price_in_shop(page: Any, storefront: str, sku: str) -> float:
    page.goto(f"{storefront}/?q={sku}")
    said = re.sub(r"[^\d,]", "", page.locator(".card .price").inner_text())  # As the Dutch write it: 1.399,00 €.
    return float(said.replace(",", "."))


def simulate_and_ask(page: Any, why: str) -> None:
    """A change of most prices: it needs a second person."""
    page.click("main .btn-primary:has-text('Simulate')")
    page.wait_for_selector(".tile:has-text('Prices that change')")
    assert f"of {2 * WARES}" in page.locator(".tile:has-text('Prices that change')").inner_text()
    page.fill("#note", why)
    page.click("text=Ask to publish")
    page.wait_for_selector("text=asked for it")


def agree(manager: Any, site: Portal) -> None:
    manager.goto(site.url)
    manager.click("text=changes of the price rules want a second person")
    manager.click("main table a >> nth=0")
    manager.click("text=Agree and publish")
    manager.wait_for_selector("h1 .state:has-text('in force')")  # Without a reload.


def test_a_rule_is_simulated_approved_and_taken_back(site: Portal, open_page: Callable[..., Any], sku: str) -> None:
    page, complaints = open_page()
    manager, worries = open_page()
    sign_in(page, site)
    sign_in(manager, site, "manager")
    before = price_in_shop(manager, site.storefronts[0], sku)

    page.goto(f"{site.url}/pricing/rules")
    page.click("text=Change the rules")
    page.click("tr:has-text('Margin, small devices') >> text=Change")
    page.fill("#percent", "45")
    page.click("text=Keep in the draft")
    page.wait_for_selector("text=What changes")
    simulate_and_ask(page, "Small devices carry more.")
    agree(manager, site)
    until(lambda: price_in_shop(manager, site.storefronts[0], sku) > before * 1.1)

    page.goto(f"{site.url}/pricing/versions")
    page.click("tr:has-text('was in force') a >> nth=0")
    page.click("text=Go back to these rules")
    page.wait_for_selector(".tile:has-text('Prices that change')")  # It simulates by itself.
    assert "Margin, small devices" in page.locator("#set-live .panel:has-text('What changes')").inner_text()
    page.click("main button.btn-primary:has-text('Publish')")  # The way back needs no second person.
    page.wait_for_selector("h1 .state:has-text('in force')")

    until(lambda: price_in_shop(manager, site.storefronts[0], sku) == before)
    assert complaints == worries == []


def test_why_a_price_is_what_it_is_leads_down_to_the_suppliers_row(
    site: Portal, open_page: Callable[..., Any], sku: str
) -> None:
    page, complaints = open_page()
    sign_in(page, site)
    shown = price_in_shop(page, site.storefronts[0], sku)

    page.goto(site.url)
    page.keyboard.press("Control+k")
    page.keyboard.type(sku, delay=10)
    page.click(f"dialog a:has-text('{sku}')")
    page.wait_for_url("**/catalogue/variants/*")
    page.click("main a[href*='/pricing/of/']")
    page.wait_for_selector("table.chain")
    steps = page.locator(".panel:has-text('Refurbished Direct') table.chain").first.inner_text()
    assert "Margin, small devices" in steps
    assert f"{shown:,.2f}" in page.locator(".panel:has-text('Refurbished Direct')").first.inner_text()
    page.go_back()
    row = page.locator("td.breaks").first
    assert "phones.csv" in row.inner_text()
    number = re.search(r"row (\d+)", row.inner_text())
    assert number is not None
    row.locator("a").first.click()
    page.wait_for_url("**/offers/*")
    assert page.locator(f"#lines tr:has(td.num:text-is('{number[1]}'))").locator(f"text={sku}").count() == 1
    assert complaints == []
