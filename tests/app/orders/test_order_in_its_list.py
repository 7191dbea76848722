"""An order that was opened from a list leads to the one before, the one behind, and back to where it stands."""

from __future__ import annotations

import html
import re
from urllib.parse import parse_qs, urlsplit

import few_orders as few
import pytest
from desk import Desk
from sqlalchemy import event

from app.db import db


def opened(desk: Desk, path: str) -> tuple[str | None, str | None, str]:
    """What stands before and behind the order of the page, and where back leads to."""
    page = desk.page(path)
    ways = dict(re.findall(r'href="([^"]+)" rel="(prev|next)"', page.split("<h1>")[0]))
    by_rel = {rel: html.unescape(href) for href, rel in ways.items()}
    back = re.search(r'class="crumb" href="([^"]+)"', page)
    assert back is not None
    return by_rel.get("prev"), by_rel.get("next"), html.unescape(back[1])


def links(desk: Desk, path: str) -> list[str]:
    return [html.unescape(link) for link in re.findall(r'href="(/orders/\d+[^"]*)"', desk.page(path))]


@pytest.mark.parametrize(
    "query", ["", "payment=paid", "payment=paid&sort=number", "sort=-customer", "q=1000", "sort=total"]
)
def test_turning_from_order_to_order_goes_through_the_list(desk: Desk, query: str) -> None:
    desk.comes(*(few.order(f"1000{n}", payment_state="paid" if n % 2 else "open", name=f"Customer {9 - n // 2}")
                 for n in range(9)))  # fmt: skip
    listed = links(desk, f"/orders/?{query}")

    walked, here = [listed[0]], opened(desk, listed[0])
    assert here[0] is None
    while here[1] is not None:
        assert opened(desk, here[1])[0] == walked[-1]
        walked.append(here[1])
        here = opened(desk, here[1])

    assert walked == listed
    assert len(walked) == (4 if "paid" in query else 9)


def test_back_is_the_page_of_the_list_that_begins_with_the_order(desk: Desk) -> None:
    desk.comes(*(few.order(f"1000{n}", payment_state="paid" if n % 2 else "open") for n in range(9)))
    listed = links(desk, "/orders/?payment=paid")

    for place, link in enumerate(listed):
        back = opened(desk, link)[2]
        assert parse_qs(urlsplit(back).query)["payment"] == ["paid"]
        assert links(desk, back)[0] == listed[place]


def test_an_order_that_left_the_list_still_knows_its_place_in_it(desk: Desk) -> None:
    desk.comes(*(few.order(f"1000{n}", payment_state="paid") for n in range(3)))
    first, middle, last = links(desk, "/orders/?payment=paid&sort=number")

    desk.comes(few.order("10001", payment_state="refunded"))

    assert opened(desk, middle)[:2] == (first, last)
    assert links(desk, "/orders/?payment=paid&sort=number") == [first, last]


def test_a_saved_view_is_turned_through_as_it_is(desk: Desk) -> None:
    desk.comes(*(few.order(f"1000{n}", payment_state="paid" if n else "open") for n in range(3)))
    desk.browser.post("/lists/orders/views", data={"name": "Paid", "payment": "paid", "sort": "number"})
    menu = desk.page("/lists/orders/menu/views?payment=paid", **{"HX-Request": "true"})
    view = re.search(r"/orders/\?view=\d+", menu)
    assert view is not None

    first, last = links(desk, view[0])

    assert opened(desk, first) == (None, last, view[0])
    assert "view" in first
    assert "payment" not in first


def test_without_a_list_the_page_leads_nowhere_and_asks_nothing_more(desk: Desk) -> None:
    (order_id, *_others) = desk.comes(few.order("10001"), few.order("10002"))
    asked: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda _c, _r, statement, *_: asked.append(statement))

    assert opened(desk, f"/orders/{order_id}") == (None, None, "/orders/")
    assert not [statement for statement in asked if "saved_view" in statement or "plan_cache_mode" in statement]
    assert opened(desk, f"/orders/{order_id}?list=")[:2] != (None, None)
    assert [statement for statement in asked if "saved_view" in statement]


@pytest.mark.parametrize(
    "said", ["", "%00", "payment=%00", "=&=&", "view=x", "sort=nothing", "q=" + "x" * 9_000, "total=1e9999.."]
)
def test_nothing_that_an_address_says_of_a_list_breaks_the_page(desk: Desk, said: str) -> None:
    (order_id,) = desk.comes(few.order())

    assert desk.browser.get(f"/orders/{order_id}", query_string={"list": said}).status_code in (200, 400)


def test_a_poll_keeps_the_list_in_its_address_and_looks_for_nobody(desk: Desk) -> None:
    first, _second = desk.comes(few.order("10001"), few.order("10002"))

    part = desk.page(f"/orders/{first}?list=payment%3Dopen", **{"HX-Request": "true"})

    assert f'hx-get="/orders/{first}?list=payment%3Dopen"' in part
    assert "rel=" not in part
