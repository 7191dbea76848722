"""What a purchaser and a manager do with lists in a browser: an ugly first one, a held one, one to be taken back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browsing import Portal, accept, drop, phones, sign_in, write_list

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def cards(page: Any, storefront: str, sku: str) -> int:
    page.goto(f"{storefront}/?q={sku}")
    count: int = page.locator(".card").count()
    return count


def test_an_ugly_first_file_of_an_unknown_supplier_is_published(
    site: Portal, open_page: Callable[..., Any], tmp_path: Path
) -> None:
    page, complaints = open_page()
    wares = phones(12)
    lines = [(f"K{number}", name, "Flot stand", 3 + number, f"1.{900 + number},50", f"1.{700 + number},25")
             for number, (_sku, name) in enumerate(wares)]  # fmt: skip
    ugly = write_list(
        tmp_path / "Lager uge 46.csv", [(), ("Vnr.", "Tekst", "Klasse", "Antal", "Tal A", "Tal B"), *lines],
        header=("Kælderens lagerliste, alle tal er i kroner",),
    )  # fmt: skip
    sign_in(page, site)

    page.click("nav a[href='/suppliers/']")
    page.click("text=Add supplier")
    page.fill("#name", "Kælderen ApS")
    page.fill("#code", "kaelderen")
    page.select_option("#country", "DK")
    page.select_option("#currency", "DKK")
    page.click("main button.btn-primary")
    drop(page, ugly, supplier="Kælderen ApS")
    page.wait_for_selector("#columns select")
    assert "The offers in force stay as they are." in page.locator("[role=alert]").inner_text()
    page.select_option("select[aria-label='Tal A']", "price")
    page.select_option("select[aria-label='Tal B']", "")
    page.click("text=Read again with these columns")
    page.wait_for_selector("#words select")
    assert "Flot stand" in page.locator("#words").inner_text()
    page.select_option("#words select", "A")
    page.click("text=Keep these")
    page.wait_for_selector("#words", state="detached")
    accept(page)

    for line in page.locator(".channel-line").all():
        assert line.locator(".num").first.inner_text() == "12/12"
    assert complaints == []
    assert [cards(page, storefront, wares[0][0]) for storefront in site.storefronts] == [1, 1]


def test_a_held_file_is_judged_by_a_manager_and_taken_back_by_a_purchaser(
    site: Portal, open_page: Callable[..., Any], tmp_path: Path
) -> None:
    page, complaints = open_page()
    wares = phones(20)
    lines = [(f"N{number}", name, "Grade A", 5, 1900 + number) for number, (_sku, name) in enumerate(wares)]
    whole = write_list(tmp_path / "whole.csv", lines)
    half = write_list(tmp_path / "half.csv", lines[:10])
    gone = wares[-1][0]
    sign_in(page, site)
    drop(page, whole)
    accept(page)

    drop(page, half)
    page.wait_for_selector(".held")
    assert "50 % of the offers in force are gone (limit 15 %)" in page.locator(".held").inner_text()
    assert "A manager can let it pass." in page.locator(".held").inner_text()
    assert page.locator("text=Accept and publish").count() == 0
    held = page.url

    manager, worries = open_page()
    sign_in(manager, site, "manager")
    manager.click("main a[href^='/offers/']")
    manager.click("text=half.csv")
    manager.fill("input[name=reason]", "They closed a warehouse.")
    manager.click("text=Let it pass and publish")
    manager.wait_for_selector("text=The storefronts have it")
    assert [cards(manager, storefront, gone) for storefront in site.storefronts] == [0, 0]

    page.goto(held)
    page.click("text=Undo file")
    page.click("dialog [data-yes]")
    page.wait_for_selector("text=10 offers are as they were")
    page.wait_for_selector("text=The storefronts have it")
    assert complaints == worries == []
    assert [cards(page, storefront, gone) for storefront in site.storefronts] == [1, 1]
