"""The purchaser's story in a real browser, on real processes: a list is dropped, watched, accepted, and arrives.

With SCREENSHOT set to a path, the page with the difference is pictured there (the README's picture).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browsing import Portal, accept, drop, sign_in

REAL_LIST = "foxway_item_stock_2023-10-27.xlsx"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def test_the_purchasers_story(site: Portal, open_page: Callable[..., Any]) -> None:
    page, complaints = open_page()
    polls: list[int] = []
    page.on("response", lambda answer: polls.append(answer.status) if "/status" in answer.url else None)
    sign_in(page, site)
    drop(page, site.stock_list)

    page.wait_for_selector("text=Accept and publish")
    steps = page.locator(".stages li")
    assert steps.count() == 5
    assert page.locator(".stages li[aria-current=step]").count() == 1
    if picture := os.environ.get("SCREENSHOT"):
        page.screenshot(path=picture)
    if site.stock_list.name == REAL_LIST:
        assert "5,168" in page.locator(".tiles").inner_text()
    accept(page)

    for line in page.locator(".channel-line").all():
        delivered, _, total = line.locator(".num").first.inner_text().partition("/")
        assert delivered == total != "0"
    sku = page.locator(".feed li span:nth-child(2)").first.inner_text().split()[0]
    asked = len(polls)
    page.click("nav a[href='/stock/']")
    page.wait_for_selector("table.rows tbody tr")
    assert len(polls) == asked  # A page that has arrived asks for nothing more.
    assert set(polls) <= {200, 304}
    assert complaints == []
    for storefront in site.storefronts:
        page.goto(f"{storefront}/?q={sku}")
        assert page.locator(".card").count() == 1
        assert "€" in page.locator(".card .price").inner_text()


def test_a_poll_that_fails_leaves_the_page_as_it_is(site: Portal, open_page: Callable[..., Any]) -> None:
    page, _complaints = open_page()
    sign_in(page, site)
    broken: list[str] = []

    def fail(route: Any) -> None:
        broken.append(route.request.url)
        if len(broken) <= 2:
            route.fulfill(status=500, body="<p>the server broke</p>", headers={"Content-Type": "text/html"})
        else:
            route.continue_()

    page.route("**/offers/*/status*", fail)

    drop(page, site.stock_list)

    page.wait_for_selector("text=Accept and publish")  # It went on by itself afterwards.
    assert len(broken) > 2
    assert "the server broke" not in page.content()


def test_a_file_that_was_chosen_before_the_script_came_is_sent(site: Portal, open_page: Callable[..., Any]) -> None:
    page, complaints = open_page()
    sign_in(page, site)
    page.click("nav a[href='/suppliers/']")
    address = page.locator("text=Foxway").get_attribute("href")
    late: list[Any] = []
    page.route("**/vendor/app-*.js", lambda route: route.continue_() if late else late.append(route))

    page.goto(f"{site.url}{address}", wait_until="commit")
    page.set_input_files("input[type=file]", str(site.stock_list))
    assert len(late) == 1
    late[0].continue_()

    page.wait_for_url("**/offers/*")
    page.go_back()
    page.wait_for_load_state()
    assert page.locator("[data-dropzone]").count() == 1  # Nothing is sent again.
    assert complaints == []


def test_pages_read_without_javascript(site: Portal, open_page: Callable[..., Any]) -> None:
    page, complaints = open_page(java_script_enabled=False)
    sign_in(page, site)

    for address, heading in (("/suppliers/", "Suppliers"), ("/catalogue/", "Catalogue"), ("/stock/", "Stock")):
        page.goto(site.url + address)
        assert page.locator("h1").inner_text() == heading
    page.goto(f"{site.url}/catalogue/?q=thinkpad")
    assert page.locator("table.rows tbody tr").count() > 10
    assert complaints == []


QUESTIONS = """Nummer;Beskrivelse;Varekategorikode;Condition;Lager;Eksport Pris
Q1;iPhone 12 mini 128GB Unknown;PHONE;Grade A;9;1900
Q2;iPad Pro 12.9 256GB Wi-Fi Silver;TABLET;Grade A;4;2900
Q3;iPhone 13/14 128GB Black;PHONE;Grade B;1;1000
Q4;T480s i5-8350U/48GB/256M2/FHD/C/W11P;NOTEBOOK;Grade A;1;900
"""


def test_questions_are_answered_by_keyboard(site: Portal, open_page: Callable[..., Any], tmp_path: Path) -> None:
    from playwright.sync_api import expect

    page, complaints = open_page()
    asked = tmp_path / "questions.csv"
    asked.write_text(QUESTIONS)
    sign_in(page, site)
    drop(page, asked)
    page.wait_for_selector("text=items to be named")
    page.click("text=items to be named")
    cards = page.locator(".question")
    settled = page.locator(".question[data-settled]")
    assert cards.count() == 4

    page.keyboard.press("1")
    expect(settled).to_have_count(1)
    assert "iPhone 12 mini 128 GB" in settled.first.inner_text()
    page.keyboard.press("u")
    expect(settled).to_have_count(0)
    page.keyboard.press("j")
    page.keyboard.press("n")
    expect(settled).to_have_count(1)
    assert "none of ours" in settled.first.inner_text()
    page.keyboard.press("f")
    page.keyboard.type("12 mini 128", delay=20)
    page.wait_for_selector(".question.here .found button")
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    expect(settled).to_have_count(2)

    page.click("text=Make 1 known devices")
    assert "TPT480S-I58350U-48-256-A" in page.locator("table.rows").first.inner_text()
    page.click("button.btn-primary")
    page.wait_for_selector("text=Made before")
    assert complaints == []
