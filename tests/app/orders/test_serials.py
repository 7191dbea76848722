"""Serial numbers of pieces: read as they are scanned, in one order at a time, and an order is found by them."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import few_orders as few
import pytest
import sqlalchemy as sa
from browsing import until
from desk import Desk
from few_orders import NOON
from flask import Flask
from small_assortment import Assortment
from sqlalchemy.orm import Session

from app.auth.models import Audit
from app.db import db
from app.orders import queries, serials, services
from app.orders.finding import Meant
from app.orders.models import OrderEvent, OrderKey, OrderLine, OrderSerial
from app.orders.serial_numbers import NotASerial, read
from app.orders.serials import Refused

IMEI = "490154203237518"  # The example of 3GPP TS 23.003.
PATIENCE_S = 20


@pytest.mark.parametrize(
    ("said", "serial"),
    [
        (IMEI, IMEI), (" 49-015420-323751-8 ", IMEI), ("490154 203237 518", IMEI), ("c8qxk0aaa1", "C8QXK0AAA1"),
        (" PF2 abc/1-x ", "PF2ABC/1-X"), ("4901542032375181", "4901542032375181"),
    ],
)  # fmt: skip
def test_a_serial_is_read_in_one_spelling(said: str, serial: str) -> None:
    assert read(said) == serial
    assert read(serial) == serial


@pytest.mark.parametrize(
    ("said", "code"),
    [("490154203237519", "imei"), ("94-0154203237518", "imei"), ("", "odd"), ("abc", "odd"), ("x" * 41, "odd"),
     ("Zoë12", "odd"), ("12\x0034", "odd"), ("٤٩٠١٥٤", "odd"), ("-abcd", "odd")],
)  # fmt: skip
def test_what_is_no_serial_is_refused(said: str, code: str) -> None:
    with pytest.raises(NotASerial) as refused:
        read(said)
    assert refused.value.code == code


def line_of(session: Session, order_id: int) -> int:
    return session.execute(sa.select(OrderLine.id).where(OrderLine.order_id == order_id)).scalar_one()


def scan(desk: Desk, order_id: int, serial: str) -> str:
    """Scan it into the order's line; returns what the page says then."""
    address = f"/orders/{order_id}/lines/{line_of(desk.session, order_id)}/serials?list=payment%3Dopen"
    answer = desk.browser.post(address, data={"serial": serial})
    assert answer.status_code == 303
    assert f"/orders/{order_id}?list=payment%3Dopen#line-" in answer.location
    return desk.page(answer.location)


def kept(desk: Desk) -> list[str]:
    return list(desk.session.execute(sa.select(OrderSerial.serial).order_by(OrderSerial.id)).scalars())


def test_a_scanned_piece_stands_at_its_line_on_the_timeline_in_the_audit_log_and_is_found(desk: Desk) -> None:
    order_id, _other = desk.comes(few.order("10001"), few.order("10002"))

    page = scan(desk, order_id, "49 015420 323751 8")

    assert IMEI in page.split("Items")[1].split("Payment")[0]
    assert f"{IMEI} into iPhone 12 (Agent)" in page.split("Timeline")[1]
    assert desk.session.execute(sa.select(Audit.after).where(Audit.act == "orders.serial_add")).scalar_one() == {
        "line": "iPhone 12", "serial": IMEI,
    }  # fmt: skip
    for text in (IMEI, "49-015420-323751-8", "490154 203237 518", "490154203237"):
        assert f'href="/orders/{order_id}"' in desk.page(f"/search/?q={text}"), text
        assert [row.id for row in queries.found(Meant(desk.session, text), limit=6)] == [order_id], text


def test_news_from_the_shop_keep_the_pieces_and_their_keys(desk: Desk) -> None:
    (order_id,) = desk.comes(few.order("10001"))
    scan(desk, order_id, "c8qxk0aaa1")

    desk.comes(few.order("10001", payment_state="paid"))

    assert "C8QXK0AAA1" in desk.page(f"/orders/{order_id}")
    assert [row.id for row in queries.found(Meant(desk.session, "C8QXK0AAA1"), limit=6)] == [order_id]


def test_a_line_takes_as_many_pieces_as_it_has_and_none_twice(desk: Desk) -> None:
    order_id = desk.comes(few.order("10001", lines=(few.line(quantity=2),)))[0]

    scan(desk, order_id, "AAAA1")
    assert "AAAA1 stood there already." in scan(desk, order_id, "aaaa1 ").replace("aaaa1", "AAAA1")
    page = scan(desk, order_id, "AAAA2")
    assert "data-scan" not in page
    assert "a serial number for each of its pieces" in scan(desk, order_id, "AAAA3")

    assert kept(desk) == ["AAAA1", "AAAA2"]


def test_a_piece_of_another_order_is_refused_by_that_orders_name_until_it_is_free(desk: Desk) -> None:
    first, second = desk.comes(few.order("10001"), few.order("10002"))
    scan(desk, first, IMEI)

    assert f"{IMEI} went into order #10001 of Econocom already." in scan(desk, second, IMEI)
    assert kept(desk) == [IMEI]

    desk.comes(few.order("10001", state="cancelled"))
    scan(desk, second, IMEI)
    assert kept(desk) == [IMEI, IMEI]
    assert [row.id for row in queries.found(Meant(desk.session, IMEI), limit=6)] == [second, first]


@pytest.mark.parametrize(("state", "free"), [("shipped", False), ("returned", True)])
def test_a_piece_that_came_back_can_be_sold_again(desk: Desk, state: str, free: bool) -> None:
    first, second = desk.comes(few.order("10001"), few.order("10002"))
    scan(desk, first, IMEI)
    desk.comes(few.order("10001", delivery_state=state))

    scan(desk, second, IMEI)

    assert len(kept(desk)) == 1 + free


def test_a_piece_stands_at_one_line_of_an_order(desk: Desk) -> None:
    (order_id,) = desk.comes(few.order("10001", lines=(few.line("a"), few.line("b", kind="custom"), few.line("c"))))
    one, gift, other = desk.session.execute(sa.select(OrderLine.id).order_by(OrderLine.external_id)).scalars().all()
    kinds = dict(desk.session.execute(sa.select(OrderLine.id, OrderLine.kind)).all())
    one, other = (id_ for id_ in (one, gift, other) if kinds[id_] == "product")
    (gift,) = (id_ for id_, kind in kinds.items() if kind == "custom")

    def add(line_id: int) -> None:
        serials.add(desk.session, order_id, line_id, "AAAA1", by="Odoo", user_id=None, now=NOON, actor="Odoo")

    add(one)
    with pytest.raises(Refused, match="here"):
        add(other)
    with pytest.raises(Refused, match="not_a_piece"):
        add(gift)


def test_a_wrong_piece_is_removed_and_no_more_found(desk: Desk) -> None:
    (order_id,) = desk.comes(few.order("10001"))
    page = scan(desk, order_id, IMEI)
    remove = re.search(r'action="(/orders/\d+/serials/\d+/remove[^"]*)"', page)
    assert remove is not None

    desk.browser.post(remove[1])

    assert kept(desk) == []
    assert queries.found(Meant(desk.session, IMEI), limit=6) == []
    assert f"{IMEI} out of iPhone 12 (Agent)" in desk.page(f"/orders/{order_id}")
    assert desk.browser.post(remove[1]).status_code == 404


def test_nothing_goes_into_an_order_that_is_cancelled(desk: Desk) -> None:
    (order_id,) = desk.comes(few.order("10001", state="cancelled"))

    assert "data-scan" not in desk.page(f"/orders/{order_id}")
    assert "cancelled already" in scan(desk, order_id, IMEI)
    assert kept(desk) == []


def test_a_line_of_another_order_is_not_this_ones(desk: Desk) -> None:
    first, second = desk.comes(few.order("10001"), few.order("10002"))

    answer = desk.browser.post(
        f"/orders/{first}/lines/{line_of(desk.session, second)}/serials", data={"serial": IMEI}
    )  # fmt: skip

    assert answer.status_code == 404


def test_who_may_not_act_on_orders_reads_the_pieces_and_has_no_form(desk: Desk, app: Flask) -> None:
    (order_id,) = desk.comes(few.order("10001", lines=(few.line(quantity=2),)))
    scan(desk, order_id, IMEI)
    desk.session.execute(sa.text("UPDATE user_account SET role = 'purchasing'"))
    desk.session.commit()

    page = desk.page(f"/orders/{order_id}")

    assert IMEI in page
    assert "data-scan" not in page
    assert "/remove" not in page


def test_two_packers_with_one_piece_at_once_the_second_is_told_of_the_first(committed: Flask) -> None:
    engine = db.engine  # A thread has no application that would know it.
    with Session(engine) as session, session.begin():
        channel = Assortment(session).shops[1].id
        orders = [few.order("10001"), few.order("10002", placed_at=NOON + timedelta(hours=1))]
        first, second = services.apply_orders(session, channel, orders, now=NOON).moved
        lines = {id_: line_of(session, id_) for id_ in (first, second)}

    def add(session: Session, order_id: int) -> bool:
        return serials.add(session, order_id, lines[order_id], IMEI, by="x", user_id=None, now=NOON)

    def late() -> None:
        with Session(engine) as session, session.begin():
            add(session, second)

    def waits() -> bool:
        with engine.connect() as connection:
            return bool(connection.execute(sa.text(
                "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted "
                "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
            )).scalar_one())  # fmt: skip

    with ThreadPoolExecutor(1) as pool, Session(engine) as session:
        with session.begin():
            assert add(session, first)
            done = pool.submit(late)
            until(waits)
        with pytest.raises(Refused, match="elsewhere") as refused:
            done.result(PATIENCE_S)

    assert refused.value.holder is not None
    assert refused.value.holder.number == "10001"
    with Session(engine) as session:
        assert session.execute(sa.select(OrderSerial.serial)).scalars().all() == [IMEI]
        keys = sa.select(OrderKey.order_id).where(OrderKey.kind == "serial")
        assert session.execute(keys).scalars().all() == [first]
        assert session.execute(sa.select(OrderEvent.order_id).where(OrderEvent.kind == "serial")).scalars().all() == [
            first
        ]
