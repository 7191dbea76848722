"""The way of an act through its pages: pick, look, say yes, follow; and who may go it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from test_saved_views import Desk

from app.lists.models import BulkAct, BulkRow
from app.orders.models import Order


@pytest.fixture
def desk(session: Session, sign_in: Callable[[str], FlaskClient]) -> Desk:
    return Desk(session, sign_in)


def ids(desk: Desk, *numbers: str) -> list[str]:
    found = desk.session.execute(sa.select(Order.id).where(Order.number.in_(numbers)).order_by(Order.number))
    return [str(id_) for id_ in found.scalars()]


def asked(desk: Desk, who: FlaskClient, **form: str | list[str]) -> tuple[int, str]:
    """The status of the answer, and where it leads."""
    answer = who.post("/lists/orders/bulk", data=form)
    return answer.status_code, answer.headers.get("Location", "")


def test_what_is_picked_is_shown_before_anything_is_done(desk: Desk) -> None:
    _status, there = asked(desk, desk.agent, act="note", id=ids(desk, "10001", "10003"))

    page = desk.page(desk.agent, there)

    assert "<b>2</b> will be done" in page
    assert "<b>0</b> will be left alone" in page
    assert ("10001" in page, "10002" in page) == (True, False)
    assert "hx-get" not in page.split('id="bulk-live"')[1].split(">")[0], "nothing to wait for"
    assert desk.session.execute(sa.select(BulkAct.state)).scalar_one() == "preview"


def test_all_that_match_follow_the_filter_and_not_the_boxes(desk: Desk) -> None:
    _status, there = asked(desk, desk.agent, act="note", all="1", id=ids(desk, "10001"), payment="paid")

    page = desk.page(desk.agent, there)

    assert "<b>2</b> will be done" in page
    assert "Payment: paid" in page
    labels = desk.session.execute(sa.select(BulkRow.label).order_by(BulkRow.label)).scalars()
    assert list(labels) == ["10002", "10003"]


def test_what_is_refused_says_why(desk: Desk) -> None:
    _status, there = asked(desk, desk.agent, act="read-again", id=ids(desk, "10001"))

    page = desk.page(desk.agent, there)

    assert "1 × the storefront has no connection" in page
    assert '<button class="btn btn-primary" disabled>Read again from the shop</button>' in page


def test_a_page_that_waits_polls_and_is_304_until_something_moves(desk: Desk) -> None:
    _status, there = asked(desk, desk.agent, act="note", id=ids(desk, "10001"))
    desk.agent.post(f"{there}/start", data={"text": "Call"})
    htmx = {"HX-Request": "true"}
    first = desk.agent.get(there, headers=htmx)
    assert 'hx-trigger="every 1s"' in first.get_data(as_text=True)
    tag = {**htmx, "HX-PTag": first.headers["HX-PTag"]}
    assert desk.agent.get(there, headers=tag).status_code == 304

    desk.session.execute(sa.update(BulkAct).values(state="done", revision=BulkAct.revision + 1))
    desk.session.execute(sa.update(BulkRow).values(state="done"))
    desk.session.commit()

    moved = desk.agent.get(there, headers=tag)
    assert (moved.status_code, "every 1s" in moved.get_data(as_text=True)) == (200, False)
    assert "Take it back" in moved.get_data(as_text=True)


def test_an_act_is_its_persons_alone_and_wants_the_permission(
    desk: Desk, sign_in: Callable[[str], FlaskClient]
) -> None:
    _status, there = asked(desk, desk.agent, act="note", id=ids(desk, "10001"))
    assert desk.manager.get(there).status_code == 404
    assert desk.manager.post(f"{there}/start", data={"text": "x"}).status_code == 404

    buyer = sign_in("purchasing")
    assert asked(desk, buyer, act="note", id=ids(desk, "10001"))[0] == 403
    assert "data-pick" not in buyer.get("/orders/").get_data(as_text=True)


@pytest.mark.parametrize(
    ("form", "status"),
    [({"act": "drop", "id": "1"}, 400), ({"id": "1"}, 400), ({"act": "note"}, 303), ({"act": "note", "id": "x"}, 303),
     ({"act": "note", "id": "9" * 30}, 303), ({"act": "note", "id": "99999999"}, 303)],
)  # fmt: skip
def test_nonsense_begins_nothing(desk: Desk, form: dict[str, str | list[str]], status: int) -> None:
    got, there = asked(desk, desk.agent, **form)

    assert got == status
    assert status == 400 or there.startswith("/orders/")
    assert desk.session.execute(sa.select(sa.func.count()).select_from(BulkAct)).scalar_one() == 0


def test_what_is_under_way_can_be_stopped_and_says_how_far_it_came(desk: Desk) -> None:
    _status, there = asked(desk, desk.agent, act="note", id=ids(desk, "10001", "10002"))
    desk.agent.post(f"{there}/start", data={"text": "Ring"})
    assert f'action="{there}/stop"' in desk.page(desk.agent, there)

    desk.agent.post(f"{there}/stop")

    page = desk.page(desk.agent, there)
    assert "Stopped after 0 of 2 by Agent. What is done stays done." in page
    assert "2 × the act was stopped before it" in page
    assert f'action="{there}/stop"' not in page
