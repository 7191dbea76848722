"""The list of customers, the page of one, and what an order's page and the home page say of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

import flask_babel
import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from people import People
from sqlalchemy.orm import Session

from app.auth.models import Audit
from app.customers.models import CustomerMerge
from app.orders.models import Order
from app.orders.seen import OrderSeen

HTMX = {"HX-Request": "true"}


class Desk(People):
    """An agent who reads English."""

    def __init__(self, session: Session, sign_in: Callable[[str], FlaskClient]) -> None:
        super().__init__(session)
        self.browser = sign_in("agent")
        session.execute(sa.text("UPDATE user_account SET locale = 'en'"))
        session.commit()

    def comes(self, *orders: OrderSeen, shop: int = 0) -> list[int]:
        found = super().comes(*orders, shop=shop)
        self.session.commit()
        return found

    def page(self, path: str, status: int = 200, **headers: str) -> str:
        flask_babel.refresh()  # The test's application context would keep the locale of its first request.
        answer = self.browser.get(path, headers=headers)
        assert answer.status_code == status, path
        return " ".join(answer.get_data(as_text=True).split())

    def listed(self, query: str) -> list[int]:
        """The customers of the list, in its order."""
        rows = self.page(f"/customers/?{query}").split("<table")[1].split("</table>")[0]
        return [int(id_) for id_ in re.findall(r'href="/customers/(\d+)"', rows)]


@pytest.fixture
def desk(session: Session, sign_in: Callable[[str], FlaskClient]) -> Desk:
    return Desk(session, sign_in)


def test_the_list_has_the_latest_first_and_each_filter_narrows_it(desk: Desk) -> None:
    (ada,) = desk.comes(desk.order("ada@x.nl", "Ada Jansen", phone="0612345678", account="A", number="10001"))
    (bo,) = desk.comes(desk.order("bo@x.nl", "Bo de Wit", phone="0612345678", number="10002"), shop=1)
    (zoe,) = desk.comes(desk.order("zoe@x.nl", "Zoë Özgür", number="10003"), shop=1)

    for query, found in {
        "": [zoe, bo, ada], "channel=econocom": [zoe, bo], "kind=guest": [zoe, bo], "only=asked": [bo, ada],
        "only=asked&kind=guest": [bo], "q=ZOE@x.nl": [zoe], "q=%2B31+6+1234+5678": [bo, ada], "q=ozgur": [zoe],
        "q=bo+wit": [bo], "q=10001": [ada], "q=nobody": [], "channel=nowhere": [],
    }.items():  # fmt: skip
        assert desk.listed(query) == found, query


def test_pages_of_the_list_follow_one_another_without_loss(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.customers.views.PAGE", 2)
    all_ = desk.comes(*(desk.order(f"p{n}@x.nl", f"P Bos{n}", number=f"1000{n}") for n in range(5)))
    query, seen = "", list[int]()
    while True:
        seen += desk.listed(query)
        page = desk.browser.get(f"/customers/?{query}").get_data(as_text=True)
        if 'rel="next"' not in page:
            break
        query = page.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].partition("?")[2]

    assert seen == list(reversed(all_))


def test_the_page_tells_a_person_of_two_storefronts_with_sources(desk: Desk) -> None:
    (ada,) = desk.comes(desk.order("ada@x.nl", "Ada Jansen", phone="0612345678", house="Dam 1", number="10001",
                                   payment_state="paid"))  # fmt: skip
    desk.comes(desk.order("ada@x.nl", "A. Jansen", phone="+31 6 1234 5678", number="10002", total=Decimal("10.50")),
               desk.order("ada@x.nl", "A. Jansen", number="10003", state="cancelled"), shop=1)  # fmt: skip

    page = desk.page(f"/customers/{ada}")

    for part in ("Refurbished Direct · Econocom", "#10001", "#10002", "Dam 1, 1012 JS Amsterdam, NL", "€131.50",
                 "€10.50", "Econocom, Refurbished Direct · 3 orders"):  # fmt: skip
        assert part in page, part
    assert page.count('class="copy"') == 2  # One mail address, one phone number, though spelt in two ways.


def test_who_opens_a_person_is_written_down_and_a_poll_is_not(desk: Desk) -> None:
    (ada,) = desk.comes(desk.order("ada@x.nl", "Ada Jansen", number="10001"))

    desk.page(f"/customers/{ada}")
    first = desk.browser.get(f"/customers/{ada}", headers=HTMX)
    tag = {**HTMX, "HX-PTag": first.headers["HX-PTag"]}
    assert desk.browser.get(f"/customers/{ada}", headers=tag).status_code == 304
    desk.comes(desk.order("ada@x.nl", "Ada Jansen", number="10001", payment_state="paid"))
    moved = desk.browser.get(f"/customers/{ada}", headers=tag)

    assert (moved.status_code, "<html" in moved.get_data(as_text=True)) == (200, False)
    lines = desk.session.execute(sa.select(Audit.act, Audit.actor).where(Audit.subject_kind == "customer")).all()
    assert [tuple(line) for line in lines] == [("customers.read", "Agent")]


def test_a_question_is_shown_from_both_sides_merged_and_undone(desk: Desk) -> None:
    ada, work = desk.comes(desk.order("ada@x.nl", "Ada Jansen", phone="0612345678", number="10001"),
                           desk.order("ada@work.nl", "Ada Jansen", phone="0612345678", number="10002"))  # fmt: skip
    for id_ in (ada, work):
        page = desk.page(f"/customers/{id_}")
        assert "the same phone number" in page
        assert ("ada@x.nl" in page, "ada@work.nl" in page) == (True, True)
    assert "<b>1</b> <span>pairs of customers may be the same person</span>" in desk.page("/")
    order_id = desk.session.execute(sa.select(Order.id).where(Order.number == "10002")).scalar_one()
    assert "The same person?" in desk.page(f"/orders/{order_id}")

    answer = desk.browser.post(f"/customers/{work}/same", data={"other": str(ada)})

    assert answer.status_code == 303
    assert desk.browser.get(f"/customers/{work}").location == f"/customers/{ada}"
    page = desk.page(f"/customers/{ada}")
    assert ("#10001" in page, "#10002" in page, "The same person?" in page) == (True, True, False)
    assert "the same phone number, name · another mail address, address" in page
    assert "2 orders" in desk.page(f"/orders/{order_id}")
    assert "may be the same person" not in desk.page("/")

    merge_id = desk.session.execute(sa.select(CustomerMerge.id)).scalar_one()
    desk.browser.post(f"/customers/merges/{merge_id}/undo")
    desk.browser.post(f"/customers/merges/{merge_id}/undo")

    page = desk.page(f"/customers/{ada}")
    assert ("#10001" in page, "#10002<" in page, "The same person?" in page) == (True, False, True)
    assert "This was undone meanwhile." in page
    desk.browser.post(f"/customers/{ada}/apart", data={"other": str(work)})
    assert "The same person?" not in desk.page(f"/customers/{ada}")


def test_what_was_decided_meanwhile_and_what_there_is_not_are_no_errors(desk: Desk) -> None:
    one, other = desk.comes(desk.order("a@x.nl", "A Bos"), desk.order("b@x.nl", "B Bos"))

    for act in ("same", "apart"):
        assert desk.browser.post(f"/customers/{one}/{act}", data={"other": str(other)}).status_code == 303
        assert "This was decided meanwhile." in desk.page(f"/customers/{one}")
        for wrong in ("", "x", "987654321"):
            assert desk.browser.post(f"/customers/{one}/{act}", data={"other": wrong}).status_code == 400
    assert desk.browser.post(f"/customers/{one}/same", data={"other": str(one)}).status_code == 303


def test_the_search_box_finds_a_person_by_what_is_theirs_alone(desk: Desk) -> None:
    (ada,) = desk.comes(desk.order("ada@x.nl", "Ada Jansen", phone="0612345678", number="10001"))

    for text in ("ada@x.nl", "0612345678", "jansen ada"):
        assert f'href="/customers/{ada}"' in desk.page(f"/search/?q={text}")
    assert f'href="/customers/{ada}"' not in desk.page("/search/?q=10001")
