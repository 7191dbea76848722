"""The purchaser's story in a real browser, on real processes: a list is dropped, watched, accepted, and arrives.

With SCREENSHOT set to a path, the page with the difference is pictured there (the README's picture).
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.auth import services as accounts
from app.auth.models import User
from app.db import transaction
from app.demo import seed
from app.settings import ROOT
from bench.world import free_ports, running
from sandbox.testing import SandboxHandle

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
LIST = ROOT.parent / "shared" / "data" / "supplier-lists" / "foxway_item_stock_2023-10-27.xlsx"
PASSWORD = "correct horse battery staple"
PATIENCE_MS = 45_000

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="Chromium is not installed (apt-get install chromium)"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@dataclass(frozen=True, slots=True)
class Portal:
    """Where the portal and the storefronts answer, and the list to drop."""

    url: str
    storefronts: list[str]
    stock_list: Path


@pytest.fixture
def portal(
    committed: Flask, process_environment: dict[str, str], world: SandboxHandle, tmp_path: Path
) -> Iterator[Portal]:
    """Web, workers and schedule in processes of their own, against this test's database and shops."""
    seed.fill([], "", files=tmp_path / "files")
    with transaction() as session:
        user_id = accounts.add_user(
            session, email="p@example.com", name="Pieter Purchasing", role="purchasing", password=PASSWORD
        )
        session.get_one(User, user_id).locale = "en"
    port = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    web = ["-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--worker-class", "gthread", "--threads", "8",
           "--log-level", "warning", "--no-control-socket", "wsgi:app"]  # fmt: skip
    with ExitStack() as processes:
        processes.enter_context(running([sys.executable, *web], process_environment, until=f"{url}/healthz"))
        for module in (["jobs.work", "imports"], ["jobs.work", "deliveries"], ["jobs.schedule"]):
            processes.enter_context(running([sys.executable, "-m", *module], process_environment))
        made = next((tmp_path / "files").glob("foxway*"), None) or next((tmp_path / "files").iterdir())
        storefronts = [world.shop(code).base_url for code in ("refurbished-direct", "econocom")]
        yield Portal(url, storefronts, LIST if LIST.exists() else made)


@pytest.fixture
def open_page() -> Iterator[Callable[..., Any]]:
    """Pages of a fresh browser, each with the list of what it complained about."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)

        def new(**context: Any) -> tuple[Any, list[str]]:
            page: Any = browser.new_context(viewport={"width": 1440, "height": 900}, **context).new_page()
            complaints: list[str] = []
            page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.set_default_timeout(PATIENCE_MS)
            return page, complaints

        yield new
        browser.close()


def sign_in(page: Any, portal: Portal) -> None:
    page.goto(f"{portal.url}/sign-in")
    page.fill("#email", "p@example.com")
    page.fill("#password", PASSWORD)
    page.click("button.btn-primary")
    page.wait_for_url(f"{portal.url}/")


def drop(page: Any, portal: Portal) -> None:
    """Open the supplier by its name and drop the list."""
    page.click("nav a[href='/suppliers/']")
    page.click("text=Foxway")
    page.set_input_files("input[type=file]", str(portal.stock_list))
    page.wait_for_url("**/offers/*")


def test_the_purchasers_story(portal: Portal, open_page: Callable[..., Any]) -> None:
    page, complaints = open_page()
    polls: list[int] = []
    page.on("response", lambda answer: polls.append(answer.status) if "/status" in answer.url else None)
    sign_in(page, portal)
    drop(page, portal)

    page.wait_for_selector("text=Accept and publish")
    steps = page.locator(".stages li")
    assert steps.count() == 5
    assert page.locator(".stages li[aria-current=step]").count() == 1
    if picture := os.environ.get("SCREENSHOT"):
        page.screenshot(path=picture)
    if portal.stock_list == LIST:
        assert "5,168" in page.locator(".tiles").inner_text()
    page.click("text=Accept and publish")
    page.click("dialog [data-yes]")
    page.wait_for_selector("text=The storefronts have it")

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
    for storefront in portal.storefronts:
        page.goto(f"{storefront}/?q={sku}")
        assert page.locator(".card").count() == 1
        assert "€" in page.locator(".card .price").inner_text()


def test_a_poll_that_fails_leaves_the_page_as_it_is(portal: Portal, open_page: Callable[..., Any]) -> None:
    page, _complaints = open_page()
    sign_in(page, portal)
    broken: list[str] = []

    def fail(route: Any) -> None:
        broken.append(route.request.url)
        if len(broken) <= 2:
            route.fulfill(status=500, body="<p>the server broke</p>", headers={"Content-Type": "text/html"})
        else:
            route.continue_()

    page.route("**/offers/*/status*", fail)

    drop(page, portal)

    page.wait_for_selector("text=Accept and publish")  # It went on by itself afterwards.
    assert len(broken) > 2
    assert "the server broke" not in page.content()


def test_pages_read_without_javascript(portal: Portal, open_page: Callable[..., Any]) -> None:
    page, complaints = open_page(java_script_enabled=False)
    sign_in(page, portal)

    for address, heading in (("/suppliers/", "Suppliers"), ("/catalogue/", "Catalogue"), ("/stock/", "Stock")):
        page.goto(portal.url + address)
        assert page.locator("h1").inner_text() == heading
    page.goto(f"{portal.url}/catalogue/?q=thinkpad")
    assert page.locator("table.rows tbody tr").count() > 10
    assert complaints == []


QUESTIONS = """Nummer;Beskrivelse;Varekategorikode;Condition;Lager;Eksport Pris
Q1;iPhone 12 mini 128GB Unknown;PHONE;Grade A;9;1900
Q2;iPad Pro 12.9 256GB Wi-Fi Silver;TABLET;Grade A;4;2900
Q3;iPhone 13/14 128GB Black;PHONE;Grade B;1;1000
Q4;T480s i5-8350U/48GB/256M2/FHD/C/W11P;NOTEBOOK;Grade A;1;900
"""


def test_questions_are_answered_by_keyboard(portal: Portal, open_page: Callable[..., Any], tmp_path: Path) -> None:
    from playwright.sync_api import expect

    page, complaints = open_page()
    asked = tmp_path / "questions.csv"
    asked.write_text(QUESTIONS)
    sign_in(page, portal)
    drop(page, Portal(portal.url, portal.storefronts, asked))
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
