"""What an agent does with a list in a browser: narrow it, keep the view, act on all that match, take it as a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import few_orders as few
import pytest
import sqlalchemy as sa
from browsing import Portal, sign_in
from few_orders import NOON
from openpyxl.reader.excel import load_workbook

from app.channels.models import Channel
from app.db import transaction
from app.orders import services as orders

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def orders_of_two_kinds() -> None:
    """Sixty that are paid, one of which has a nasty name, and ten that are not."""
    with transaction() as session:
        shop = session.execute(sa.select(Channel.id).where(Channel.code == "econocom")).scalar_one()
        names = {"20005": "=1+1"}
        seen = [few.order(str(number), payment_state="paid", name=names.get(str(number), f"Customer {number}"))
                for number in range(20001, 20061)]  # fmt: skip
        orders.apply_orders(session, shop, [*seen, *(few.order(str(number)) for number in range(30001, 30011))],
                            now=NOON)  # fmt: skip


def test_an_agent_narrows_a_list_keeps_it_acts_on_all_of_it_and_takes_it_along(
    site: Portal, open_page: Callable[..., Any], tmp_path: Path
) -> None:
    orders_of_two_kinds()
    page, complaints = open_page()
    sign_in(page, site, "agent")
    page.click("nav a[href='/orders/']")

    # Narrow it, sort it, choose columns.
    page.click(".chips details.menu summary")
    page.check("input[name=payment][value=paid]")
    page.click(".filter-form button")
    page.wait_for_url("**/orders/?payment=paid")
    page.click("th a:has-text('Customer')")
    page.wait_for_url("**sort=customer**")
    page.click("summary:has-text('Columns')")
    page.uncheck("[data-columns] input[value=delivery]")
    page.click("[data-columns] li:has(input[value=total]) [data-up]")
    page.click("[data-columns] button.btn-primary")
    page.wait_for_selector("th:has-text('Total') + th:has-text('State')")
    assert page.locator("th:has-text('Delivery')").count() == 0
    assert page.locator("h1").inner_text().split() == ["Orders", "60"]

    # Keep it, change it, see the mark, drop the change.
    page.click("details.views summary")
    page.fill(".views input[name=name]", "Paid by name")
    page.click("text=Keep as a new view")
    page.wait_for_selector("summary:has-text('Paid by name')")
    page.click(".chip.on")
    page.wait_for_selector("summary:has-text('Paid by name •')")
    page.click("details.views summary")
    page.click("text=Drop the changes")
    page.wait_for_selector("h1:has-text('60')")

    # Keys pick rows; Back brings them, the scroll and the filters back.
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Shift+X")
    assert page.locator("[data-picked]").inner_text() == "3 picked"
    page.evaluate("window.scrollTo(0, 300)")
    here = page.url
    page.keyboard.press("Enter")
    page.wait_for_selector("#order-live")
    page.keyboard.press("Shift+J")
    page.wait_for_selector("h1:has-text('#20003')")
    page.keyboard.press("Shift+K")
    page.wait_for_selector("h1:has-text('#20002')")
    page.go_back()
    page.go_back()
    page.wait_for_selector("h1:has-text('#20002')")
    page.go_back()
    page.wait_for_url(here)
    page.wait_for_selector("[data-picked]:has-text('3 picked')")
    assert page.locator("tr.picked").count() == 3
    page.wait_for_function("window.scrollY === 300")

    # All that match, on every page: preview, yes, a result per row.
    page.check("[data-pick-all]")
    assert page.locator("[data-picked]").inner_text() == "60 picked"
    page.click(".bulk button[value=note]")
    page.wait_for_selector("text=will be done")
    assert "60 will be done" in " ".join(page.locator(".sum").inner_text().split())
    page.fill("input[name=text]", "Ring before delivery")
    page.click("main button.btn-primary")
    page.wait_for_selector(".sum:has-text('finished')")
    assert "60 done" in " ".join(page.locator(".sum").inner_text().split())
    page.click("text=Take it back")
    page.click("dialog [data-yes]")
    page.wait_for_selector("h1:has-text('Take back')")
    page.wait_for_selector(".sum:has-text('finished')")

    # The file has what was seen, in its order, and no formula.
    page.goto(here)
    page.click("summary:has-text('Export')")
    page.click("button[value=xlsx]")
    page.wait_for_selector("text=Download")
    with page.expect_download() as download:
        page.click("text=Download")
    path = tmp_path / "orders.xlsx"
    download.value.save_as(path)
    book: Any = load_workbook(path)  # type: ignore[no-untyped-call]
    rows = list(book.worksheets[0].iter_rows(values_only=True))
    assert [rows[0].index(name) for name in ("Total", "State")] == [4, 5]
    assert len(rows) == 61
    assert [row[2] for row in rows[1:3]] == ["=1+1", "Customer 20001"]
    assert book.worksheets[0]["C2"].data_type == "s"
    assert rows[1][4] == 121
    assert complaints == []
