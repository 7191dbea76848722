"""Views of lists: kept, begun with, changed and marked so, shared, and never lost to somebody else's change."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import few_orders as few
import flask_babel
import pytest
import sqlalchemy as sa
from few_orders import NOON
from flask.testing import FlaskClient
from small_assortment import Assortment
from sqlalchemy.orm import Session

from app.auth.models import Audit
from app.lists.models import DefaultView, SavedView
from app.orders import services


class Desk:
    """People with browsers, before four orders."""

    def __init__(self, session: Session, sign_in: Callable[[str], FlaskClient]) -> None:
        self.session = session
        channel = Assortment(session).shops[1].id
        seen = [few.order("10001"), few.order("10002", payment_state="paid"), few.order("10003", payment_state="paid"),
                few.order("10004", payment_state="failed")]  # fmt: skip
        services.apply_orders(session, channel, seen, now=NOON)
        self.agent, self.manager = sign_in("agent"), sign_in("manager")
        session.execute(sa.text("UPDATE user_account SET locale = 'en'"))
        session.commit()

    def page(self, who: FlaskClient, path: str = "/orders/") -> str:
        flask_babel.refresh()
        answer = who.get(path, follow_redirects=True)
        assert answer.status_code == 200, path
        return unescape(" ".join(answer.get_data(as_text=True).split()))

    def numbers(self, who: FlaskClient, path: str = "/orders/") -> list[str]:
        """Of the orders that the list shows, in its order."""
        return re.findall(r'<a href="/orders/\d+[^"]*">#(\d+)<', self.page(who, path))

    def post(self, who: FlaskClient, path: str, **data: str) -> str:
        """What the page after the form says."""
        flask_babel.refresh()
        answer = who.post(f"/lists/{path}", data=data, follow_redirects=True)
        assert answer.status_code == 200, path
        return unescape(" ".join(answer.get_data(as_text=True).split()))

    def view(self) -> SavedView:
        return self.session.execute(
            sa.select(SavedView).order_by(SavedView.id.desc()), execution_options={"populate_existing": True}
        ).scalars().first()  # type: ignore[return-value]  # fmt: skip


@pytest.fixture
def desk(session: Session, sign_in: Callable[[str], FlaskClient]) -> Desk:
    return Desk(session, sign_in)


def test_a_view_is_kept_and_looked_through_again(desk: Desk) -> None:
    said = desk.post(desk.agent, "orders/views", name="Paid", payment="paid", sort="number", columns="total,order",
                     density="compact")  # fmt: skip

    assert "The view is kept." in said
    page = desk.page(desk.agent, f"/orders/?view={desk.view().id}")
    assert desk.numbers(desk.agent, f"/orders/?view={desk.view().id}") == ["10002", "10003"]
    assert page.index(">Total</a>") < page.index(">Order\N{NO-BREAK SPACE}↑</a>")
    assert 'class="rows list compact"' in page
    assert "Paid •" not in page


def test_a_change_marks_the_view_until_it_is_kept_or_dropped(desk: Desk) -> None:
    desk.post(desk.agent, "orders/views", name="Paid", payment="paid")
    view = desk.view()
    dirty = f"/orders/?view={view.id}&payment=failed&sort=-placed"
    assert "Paid •" in desk.page(desk.agent, dirty)
    assert "Paid •" in desk.page(desk.agent, f"/orders/?view={view.id}&sort=-placed"), "without any filter"

    desk.post(desk.agent, f"views/{view.id}/change", payment="failed", version="1")

    assert desk.numbers(desk.agent, f"/orders/?view={view.id}") == ["10004"]
    assert "Paid •" not in desk.page(desk.agent, dirty)
    line = desk.session.execute(sa.select(Audit).where(Audit.act == "views.change")).scalar_one()
    assert (line.before or {})["filters"] == {"payment": "paid"}
    assert (line.after or {})["filters"] == {"payment": "failed"}


def test_every_link_and_form_of_the_page_stays_under_the_view(desk: Desk) -> None:
    desk.post(desk.agent, "orders/views", name="Paid", payment="paid", sort="number")
    view = f"/orders/?view={desk.view().id}"
    page = desk.page(desk.agent, view)

    links = [link for link in re.findall(r'href="(/orders/\?[^"]+)"', page) if "view=" in link]
    assert len(links) > 4
    assert all("sort=" in link for link in links if link != view), links
    assert '<input type="hidden" name="payment" value="paid">' in page  # The search box narrows what is seen.


def test_a_list_begins_with_the_view_that_a_person_chose_and_only_theirs(desk: Desk) -> None:
    desk.post(desk.manager, "orders/views", name="Paid", payment="paid", shared="1")
    view = desk.view()
    desk.post(desk.agent, "orders/begin", **{"with": str(view.id)})

    assert desk.numbers(desk.agent) == ["10003", "10002"]
    assert len(desk.numbers(desk.manager)) == 4
    assert len(desk.numbers(desk.agent, "/orders/?view=0")) == 4
    assert desk.numbers(desk.agent, "/orders/?payment=failed") == ["10004"]

    desk.post(desk.agent, "orders/begin")
    assert len(desk.numbers(desk.agent)) == 4


def test_a_private_view_is_its_owners_alone(desk: Desk) -> None:
    desk.post(desk.manager, "orders/views", name="Secret", payment="paid")
    view = desk.view()

    assert "Secret" not in desk.page(desk.agent)
    assert len(desk.numbers(desk.agent, f"/orders/?view={view.id}")) == 4
    assert "This view is not there any more." in desk.post(desk.agent, "orders/begin", **{"with": str(view.id)})
    for act in ("change", "rename", "forget"):
        answer = desk.post(desk.agent, f"views/{view.id}/{act}", name="Mine", payment="open", version="1")
        assert "This view is somebody else's" in answer
    assert (desk.view().name, desk.view().filters) == ("Secret", {"payment": "paid"})


def test_only_who_may_share_shares_and_taking_it_back_lets_go_of_it(desk: Desk) -> None:
    assert desk.agent.post("/lists/orders/views", data={"name": "Ours", "shared": "1"}).status_code == 403
    desk.post(desk.manager, "orders/views", name="Ours", payment="paid", shared="1")
    view = desk.view()
    desk.post(desk.agent, "orders/begin", **{"with": str(view.id)})

    desk.post(desk.manager, f"views/{view.id}/rename", name="Mine", version="1")

    assert len(desk.numbers(desk.agent)) == 4
    assert desk.session.execute(sa.select(sa.func.count()).select_from(DefaultView)).scalar_one() == 0


def test_two_windows_do_not_overwrite_one_another(desk: Desk) -> None:
    desk.post(desk.agent, "orders/views", name="Paid", payment="paid")
    view = desk.view()
    desk.post(desk.agent, f"views/{view.id}/change", payment="failed", version="1")

    said = desk.post(desk.agent, f"views/{view.id}/change", payment="open", version="1")

    assert "Somebody changed this view meanwhile. Nothing was kept" in said
    assert desk.view().filters == {"payment": "failed"}
    assert re.findall(r'<a href="/orders/\d+[^"]*">#(\d+)<', said) == ["10001"], "what was not kept is still seen"


def test_names_are_given_once_and_are_not_empty(desk: Desk) -> None:
    desk.post(desk.agent, "orders/views", name="Paid", payment="paid")

    assert "You have a view of this name." in desk.post(desk.agent, "orders/views", name=" Paid ", payment="open")
    assert "at most 60 characters" in desk.post(desk.agent, "orders/views", name="x" * 61)
    assert "at most 60 characters" in desk.post(desk.agent, "orders/views", name=" ")
    assert desk.session.execute(sa.select(sa.func.count()).select_from(SavedView)).scalar_one() == 1


def test_a_removed_view_leaves_the_list_as_usual(desk: Desk) -> None:
    desk.post(desk.agent, "orders/views", name="Paid", payment="paid")
    view = desk.view()
    desk.post(desk.agent, "orders/begin", **{"with": str(view.id)})

    assert "The view is removed." in desk.post(desk.agent, f"views/{view.id}/forget", version="1")

    assert len(desk.numbers(desk.agent)) == 4
    assert desk.agent.post(f"/lists/views/{view.id}/forget", data={"version": "1"}).status_code == 404


def test_what_a_list_has_no_more_is_left_out_of_a_view(desk: Desk, session: Session) -> None:
    desk.post(desk.agent, "orders/views", name="Old", payment="paid")
    view = desk.view()
    view.columns, view.filters, view.sort = ["gone", "order"], {"gone_filter": "x", "payment": "paid"}, "gone"
    session.commit()

    assert desk.numbers(desk.agent, f"/orders/?view={view.id}") == ["10003", "10002"]
