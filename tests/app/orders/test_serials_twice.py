"""A cancelled order that is opened again after its piece was sold elsewhere: both say so, until one of them lets go."""

from __future__ import annotations

import re
from typing import Any

import few_orders as few
import pytest
import sqlalchemy as sa
from desk import Desk

from app.orders.models import Order, OrderEvent, OrderLine, OrderSerial

IMEI = "490154203237518"  # The example of 3GPP TS 23.003.
PAID: dict[str, Any] = {"payment_state": "paid"}


def scan(desk: Desk, order_id: int, serial: str = IMEI) -> str:
    """The piece goes into the order; returns what the page says then."""
    line = desk.session.execute(sa.select(OrderLine.id).where(OrderLine.order_id == order_id)).scalar_one()
    answer = desk.browser.post(f"/orders/{order_id}/lines/{line}/serials", data={"serial": serial})
    return desk.page(answer.location)


def remove(desk: Desk, order_id: int) -> None:
    form = re.search(r'action="(/orders/\d+/serials/\d+/remove[^"]*)"', desk.page(f"/orders/{order_id}"))
    assert form is not None
    assert desk.browser.post(form[1]).status_code == 303


def doubted(desk: Desk, order_id: int) -> bool:
    """Whether the order's page says that another order has its piece; in all places, or in none."""
    page = desk.page(f"/orders/{order_id}")
    places = (
        'class="twice"' in page,
        "Nothing was removed" in page,
        f"Another order has the piece {IMEI} as well." in page,
        f"Find out which order has {IMEI}, and remove it from the other." in page,
    )
    assert len(set(places)) == 1, places
    return places[0]


def told(desk: Desk) -> list[int]:
    """Orders whose timelines tell of it."""
    twice = sa.select(OrderEvent.order_id).where(OrderEvent.kind == "serial_twice").order_by(OrderEvent.order_id)
    return list(desk.session.execute(twice).scalars())


def revision(desk: Desk, order_id: int) -> int:
    return desk.session.execute(sa.select(Order.revision).where(Order.id == order_id)).scalar_one()


def first_comes(desk: Desk, **facts: Any) -> int:
    """What the first order is now."""
    (order_id,) = desk.comes(few.order("10001", **PAID | facts), shop=0)
    return order_id


def sold_twice(desk: Desk, **over: Any) -> tuple[int, int]:
    """Two orders of two storefronts; the piece of the first was sold in the second while the first was `over`."""
    first = first_comes(desk)
    (second,) = desk.comes(few.order("10002", **PAID))
    scan(desk, first)
    first_comes(desk, **over)
    scan(desk, second)
    return first, second


@pytest.fixture
def sold(desk: Desk) -> tuple[int, int]:
    return sold_twice(desk, state="cancelled")


def test_an_order_that_is_opened_again_says_whose_order_has_its_piece_now(desk: Desk, sold: tuple[int, int]) -> None:
    first, second = sold
    assert not doubted(desk, first)
    assert told(desk) == []

    first_comes(desk)

    page, link = desk.page(f"/orders/{first}"), f'<a href="/orders/{second}">#10002</a> Econocom'
    assert doubted(desk, first)
    assert f'<span class="twice">also in {link}</span>' in page.split("<h2>Items")[1].split("<h2>Payment")[0]
    assert f"{IMEI} is in {link} as well" in page.split("<h2>Items")[0]
    assert f"{IMEI} of iPhone 12 is in order #10002 of Econocom too" in page.split("<h2>Timeline")[1]
    other = desk.page(f"/orders/{second}")
    assert doubted(desk, second)
    assert f'<a href="/orders/{first}">#10001</a> Refurbished Direct' in other
    assert f"{IMEI} of iPhone 12 is in order #10001 of Refurbished Direct too" in other.split("<h2>Timeline")[1]


@pytest.mark.parametrize("over", [{"state": "cancelled"}, {"delivery_state": "returned"}])
def test_it_is_told_once_whatever_had_ended_the_order(desk: Desk, over: dict[str, Any]) -> None:
    first, second = sold_twice(desk, **over)

    first_comes(desk)
    first_comes(desk, comment="Ring twice")

    assert told(desk) == [first, second]


def test_an_order_that_has_its_piece_alone_is_opened_again_without_a_word(desk: Desk) -> None:
    first = first_comes(desk)
    scan(desk, first)
    first_comes(desk, state="cancelled")

    first_comes(desk)

    assert not doubted(desk, first)
    assert told(desk) == []


@pytest.mark.parametrize("side", [0, 1])
def test_taking_the_piece_out_of_either_ends_it_on_the_other_page_that_is_open(
    desk: Desk, sold: tuple[int, int], side: int
) -> None:
    first_comes(desk)
    address, htmx = f"/orders/{sold[1 - side]}", {"HX-Request": "true"}
    polls = {**htmx, "HX-PTag": desk.browser.get(address, headers=htmx).headers["HX-PTag"]}
    assert desk.browser.get(address, headers=polls).status_code == 304

    before = revision(desk, sold[1 - side])
    remove(desk, sold[side])

    assert revision(desk, sold[1 - side]) == before + 1  # So that polls that are answered from memory hear of it.
    moved = desk.browser.get(address, headers=polls)
    assert (moved.status_code, 'class="twice"' in moved.get_data(as_text=True)) == (200, False)
    assert [doubted(desk, id_) for id_ in sold] == [False, False]
    assert desk.session.execute(sa.select(OrderSerial.serial)).scalars().all() == [IMEI]


def test_another_piece_in_its_place_ends_it(desk: Desk, sold: tuple[int, int]) -> None:
    first_comes(desk)
    remove(desk, sold[0])

    assert "C8QXK0AAA1" in scan(desk, sold[0], "C8QXK0AAA1")

    assert [doubted(desk, id_) for id_ in sold] == [False, False]


def test_an_order_that_is_cancelled_once_more_lets_go(desk: Desk, sold: tuple[int, int]) -> None:
    first_comes(desk)
    before = revision(desk, sold[1])

    first_comes(desk, state="cancelled")

    assert revision(desk, sold[1]) == before + 1
    assert [doubted(desk, id_) for id_ in sold] == [False, False]
    assert desk.session.execute(sa.select(OrderSerial.serial)).scalars().all() == [IMEI, IMEI]


@pytest.mark.parametrize(("side", "other"), [(0, "#10002 of Econocom"), (1, "#10001 of Refurbished Direct")])
def test_whoever_scans_it_again_meanwhile_is_told_of_the_other_order(
    desk: Desk, sold: tuple[int, int], side: int, other: str
) -> None:
    first_comes(desk)

    assert f"{IMEI} went into order {other} already." in scan(desk, sold[side])


def test_two_that_are_opened_again_in_one_look_tell_of_each_other_once(desk: Desk) -> None:
    numbers = ("10001", "10002")
    ids = desk.comes(*(few.order(number, **PAID) for number in numbers))
    for id_, number in zip(ids, numbers, strict=True):
        scan(desk, id_)
        desk.comes(few.order(number, **PAID, state="cancelled"))

    desk.comes(*(few.order(number, **PAID) for number in numbers))

    assert told(desk) == ids
    assert [doubted(desk, id_) for id_ in ids] == [True, True]
