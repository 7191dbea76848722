"""The list of orders and the page of one: filters, pages, sentences, and a poll that is 304 while all is quiet."""

from __future__ import annotations

import dataclasses
import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import few_orders as few
import few_payments
import pytest
import sqlalchemy as sa
from desk import Desk
from few_orders import NOON

from app import clock
from app.orders.listing import ORDERS
from app.orders.models import Order
from app.orders.seen import DocumentSeen


def test_the_list_has_both_storefronts_and_each_filter_narrows_it(desk: Desk) -> None:
    desk.comes(few.order("10001"), shop=0)
    desk.comes(
        few.order("10001"), few.order("10002", payment_state="paid", email="Bo@Example.com"),
        few.order("10003", payment_state="paid", delivery_state="shipped",
                  payments=(few.payment("3", mollie_payment_id="tr_abc"),)),
    )  # fmt: skip

    def found(query: str) -> int:
        return len(re.findall(r'href="/orders/\d', desk.page(f"/orders/?{query}")))

    for query, rows in {
        "channel=econocom": 3, "payment=paid": 2, "payment=paid&delivery=shipped": 1, "q=10001": 2, "q=%2310002": 1,
        "q=1000": 4, "q=bo@example.COM": 1, "q=tr_abc": 1, "q=nobody": 0, "only=short": 1,
        "": 4, "payment=paid,open": 4, "payment=paid&channel=refurbished-direct": 0, "payment=nonsense": 0,
    }.items():  # fmt: skip
        assert found(query) == rows, query


def test_pages_follow_one_another_without_loss(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.orders.views.ORDERS", dataclasses.replace(ORDERS, page=2))
    desk.comes(*(few.order(f"1000{number}") for number in range(5)))
    path, seen = "/orders/", []
    while path:
        page = desk.browser.get(path).get_data(as_text=True)
        seen += [number for number in range(5) if f"#1000{number}<" in page]
        path = page.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&") if (
            'rel="next"' in page
        ) else ""  # fmt: skip

    assert sorted(seen) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("facts", "state", "why", "next_"),
    [
        ({}, "Not paid, not sent.", "It is not paid yet.", "Wait for the payment."),
        ({"payment_state": "paid"}, "Paid, waiting for shipment.",
         "The pieces are kept for it; no parcel was reported yet.", "Send the parcel."),
        ({"payment_state": "failed"}, "Payment failed, not sent.", "The payment did not come off.",
         "The customer may pay again"),
        ({"payment_state": "paid", "delivery_state": "shipped"}, "Sent, paid.", None, "Nothing."),
        ({"payment_state": "open", "delivery_state": "shipped"}, "Sent, but not paid.", None, "Wait for the payment."),
        ({"state": "cancelled"}, "Cancelled.", None, "Nothing."),
        ({"state": "cancelled", "payment_state": "paid"}, "Cancelled, and the money is still with us.", None,
         "Refund the customer."),
        ({"payment_state": "chargeback", "delivery_state": "shipped"}, "took the money back", None, "Ask the customer"),
        ({"payment_state": "refunded", "delivery_state": "returned"}, "Came back, refunded.", None, "Nothing."),
        ({"payment_state": "refunded"}, "Refunded, not sent.", "The money went back, or is on its way.",
         "Cancel the order."),
        ({"payment_state": "refunded_partially"}, "Refunded in part, not sent.",
         "A part of the money went back; no parcel was reported yet.", "Send what the customer still gets."),
    ],
)  # fmt: skip
def test_three_sentences_say_how_it_stands(
    desk: Desk, facts: dict[str, Any], state: str, why: str | None, next_: str
) -> None:
    (order_id,) = desk.comes(few.order(**facts))

    page = desk.page(f"/orders/{order_id}")

    assert state in page
    assert next_ in page
    assert ("Why not sent" in page) is (why is not None)
    assert why is None or why in page


def test_pieces_that_nobody_has_are_the_reason(desk: Desk) -> None:
    (order_id,) = desk.comes(few.order(payment_state="paid", lines=(few.line(quantity=3),)))

    page = desk.page(f"/orders/{order_id}")

    assert "Nobody has the pieces: iPhone 12." in page
    assert "Find other pieces, or cancel and refund." in page


def test_the_page_has_everything_and_says_how_old_it_is(desk: Desk) -> None:
    (order_id,) = desk.comes(
        few.order(comment="Ring twice", payments=(few.payment(state="failed"), few.payment("b", state="paid",
                  mollie_payment_id="tr_xyz")), deliveries=(few.delivery(tracking_codes=("3SABC",)),))
    )  # fmt: skip
    desk.comes(few.order("20001"), shop=0)

    page = desk.page(f"/orders/{order_id}")

    for part in ("Ada Jansen", "Dam 1", "1012 JS", "Ring twice", "tr_xyz", "3SABC", "payment failed", "€121.00",
                 "2 orders", "Refurbished Direct, Econocom", "never asked", "tracking code 3SABC"):  # fmt: skip
        assert part in page, part


def test_a_poll_is_304_until_something_moves(desk: Desk) -> None:
    (order_id,) = desk.comes(few.order())
    htmx = {"HX-Request": "true"}
    first = desk.browser.get(f"/orders/{order_id}", headers=htmx)
    tag = {**htmx, "HX-PTag": first.headers["HX-PTag"]}
    assert desk.browser.get(f"/orders/{order_id}", headers=tag).status_code == 304

    desk.comes(few.order(payment_state="paid", payments=(few.payment("10001", state="paid"),)))

    moved = desk.browser.get(f"/orders/{order_id}", headers=tag)
    assert (moved.status_code, "<html" in moved.get_data(as_text=True)) == (200, False)
    assert moved.headers["HX-PTag"] != first.headers["HX-PTag"]


@pytest.mark.parametrize(
    ("facts", "offered"),
    [
        ({}, {"cancel", "mend"}),
        ({"payment_state": "paid", "state": "in_progress"}, {"refund", "cancel", "mend"}),
        ({"payment_state": "paid", "state": "completed"}, {"refund", "mend"}),
        ({"payment_state": "paid", "delivery_state": "shipped"}, {"refund"}),
        ({"payment_state": "paid", "state": "cancelled"}, {"refund"}),
        ({"state": "cancelled"}, set()),
    ],
)
def test_the_page_offers_what_can_be_done(desk: Desk, facts: dict[str, str], offered: set[str]) -> None:
    paid = facts.get("payment_state") == "paid"
    attempts = (few.payment("10001", state="paid", mollie_payment_id="tr_1"),) if paid else ()
    (order_id,) = desk.comes(few.order(payments=attempts, **facts))
    if paid:
        desk.pays(few_payments.payment(order_number="10001"))

    assert acts_on(desk.page(f"/orders/{order_id}")) == offered


def test_what_can_be_done_follows_the_money_on_an_open_page(desk: Desk) -> None:
    (order_id,) = desk.comes(few.order())
    htmx = {"HX-Request": "true"}
    first = desk.browser.get(f"/orders/{order_id}", headers=htmx)
    assert "refund" not in acts_on(desk.page(f"/orders/{order_id}"))

    desk.comes(
        few.order(payment_state="paid", payments=(few.payment("10001", state="paid", mollie_payment_id="tr_1"),))
    )
    desk.pays(few_payments.payment(order_number="10001"))
    moved = desk.page(f"/orders/{order_id}", **htmx, **{"HX-PTag": first.headers["HX-PTag"]})
    assert 'id="order-acts" hx-swap-oob="true"' in moved
    assert "refund" in acts_on(moved)

    desk.pays(few_payments.payment(order_number="10001", refunds=(few_payments.refund(amount="121.00"),)))
    assert "refund" not in acts_on(desk.page(f"/orders/{order_id}"))


def acts_on(page: str) -> set[str]:
    """Of refund, cancel and mend, those that the page has a link for."""
    links = {"refund": r'id="act-refund"', "cancel": r'id="act-cancel"', "mend": r">mend</a>"}
    return {name for name, link in links.items() if re.search(link, page)}


def test_an_unknown_order_and_odd_keys_are_no_errors(desk: Desk) -> None:
    assert desk.browser.get("/orders/987654321").status_code == 404
    desk.comes(few.order())
    for key in ("", "x", "2026-03-02~1", "2026-03-02T12:00:00+00:00~x", "9999-99-99T00:00:00+00:00~1", "~", "~" * 99):
        assert desk.browser.get("/orders/", query_string={"before": key, "q": "\x00"}).status_code in (200, 400)


def test_the_home_page_says_how_many_orders_lack_pieces(desk: Desk) -> None:
    assert "orders lack pieces" not in desk.page("/")

    desk.comes(few.order(lines=(few.line(quantity=3),)))

    assert "<b>1</b> <span>orders lack pieces that nobody has</span>" in desk.page("/")


def test_the_search_box_finds_it(desk: Desk) -> None:
    (order_id,) = desk.comes(few.order())

    assert f'href="/orders/{order_id}"' in desk.page("/search/?q=10001")
    assert f'href="/orders/{order_id}"' in desk.page("/search/?q=ADA@example.com")
    assert desk.session.execute(sa.select(Order.id)).scalar_one() == order_id


def test_a_line_says_by_whose_offer_it_was_priced_when_it_was_ordered(desk: Desk) -> None:
    (order_id,) = desk.comes(few.order("10001", placed_at=clock.now()))
    desk.session.execute(sa.text("UPDATE price SET valid_from = :then"), {"then": NOON})
    desk.session.commit()

    assert "foxway" in desk.page(f"/orders/{order_id}").split("Items")[1].split("Payment")[0]

    (before,) = desk.comes(few.order("10002", placed_at=NOON - timedelta(days=1)))
    assert "foxway" not in desk.page(f"/orders/{before}").split("Items")[1].split("Payment")[0]


def test_the_timeline_tells_what_was_changed_at_the_shop(desk: Desk) -> None:
    (order_id,) = desk.comes(few.order("10001"))
    desk.comes(
        few.order("10001", email="new@example.com", shipping=Decimal("5.95"), total=Decimal("126.95"), company="Bos",
                  lines=(few.line("10001", quantity=2, unit_price=Decimal("60.50")),))
    )  # fmt: skip

    (told,) = re.findall(r"<span>(iPhone 12: .*?)</span>", desk.page(f"/orders/{order_id}"))

    assert told == ("iPhone 12: 1 → 2 pieces; price of iPhone 12 €121.00 → €60.50; total €121.00 → €126.95; "
                    "shipping costs €0.00 → €5.95; company – → Bos; "
                    "mail address ada@example.com → new@example.com")  # fmt: skip


def test_the_page_has_the_documents_of_an_order(desk: Desk) -> None:
    invoice = DocumentSeen("d" * 32, "invoice", "INV-10001", NOON)
    (order_id,) = desk.comes(few.order("10001", documents=(invoice,)))

    page = desk.page(f"/orders/{order_id}")

    assert "INV-10001" in page.split("<h2>Documents")[1].split("<h2>Timeline")[0]
    assert "invoice INV-10001" in page.split("<h2>Timeline")[1]
    assert f'href="/orders/{order_id}"' in desk.page("/search/?q=inv-10001")
    assert "<h2>Documents" not in desk.page(f"/orders/{desk.comes(few.order('10002'))[0]}")
