"""Rows and what stands around them are made once for many: never one person's for another, never what was before."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace

import few_orders as few
import flask_babel
import pytest
import sqlalchemy as sa
from few_orders import NOON
from flask import Flask, g
from flask.testing import FlaskClient
from jinja2 import Environment
from small_assortment import Assortment
from sqlalchemy.orm import Session

from app.lists.registry import LISTS, description
from app.lists.rows import Rows, Shape, compiled
from app.orders import services

HTMX = {"HX-Request": "true"}
PARTS = {"filter": "filter-form", "sort": "plain", "columns": "data-columns", "views": "Keep as a new view",
         "export": "Your exports"}  # fmt: skip


class Desk:
    """People with browsers, before two orders."""

    def __init__(self, session: Session, sign_in: Callable[[str], FlaskClient]) -> None:
        self.session, self._sign_in = session, sign_in
        self.channel = Assortment(session).shops[1].id
        services.apply_orders(session, self.channel, [few.order("10001"), few.order("10002")], now=NOON)
        session.commit()

    def sit(self, role: str, locale: str = "en") -> FlaskClient:
        browser = self._sign_in(role)
        self.session.execute(sa.text("UPDATE user_account SET locale = :locale WHERE role = :role"),
                             {"locale": locale, "role": role})  # fmt: skip
        self.session.commit()
        return browser

    def get(self, who: FlaskClient, path: str = "/orders/", **headers: str) -> str:
        flask_babel.refresh()
        g.pop("work", None)  # The test's context outlives a request; a real one does not.
        answer = who.get(path, headers=headers)
        assert answer.status_code == 200, path
        return answer.get_data(as_text=True)


@pytest.fixture
def desk(session: Session, sign_in: Callable[[str], FlaskClient]) -> Desk:
    return Desk(session, sign_in)


def test_everybody_sees_rows_in_their_own_language(desk: Desk) -> None:
    english, dutch = desk.sit("agent"), desk.sit("manager", "nl")

    for _ in range(2):
        assert "not paid" in desk.get(english)
        assert "niet betaald" in desk.get(dutch)
        assert "niet betaald" not in desk.get(english)


def test_a_row_that_changed_is_shown_as_it_is_now(desk: Desk) -> None:
    agent = desk.sit("agent")
    assert desk.get(agent).count("not sent") == 2

    services.apply_orders(desk.session, desk.channel, [few.order("10001", delivery_state="shipped")], now=NOON)
    desk.session.commit()

    page = desk.get(agent)
    assert (page.count("not sent"), page.count('class="state fine">sent<')) == (1, 1)


def test_who_may_not_act_on_rows_has_nothing_to_pick_after_somebody_who_may(desk: Desk) -> None:
    agent, purchasing = desk.sit("agent"), desk.sit("purchasing")

    assert desk.get(agent).count("data-pick autocomplete") == 2
    assert "data-pick" not in desk.get(purchasing)
    assert "Flows" in desk.get(purchasing)
    assert "Flows" not in desk.get(agent)


def test_how_long_ago_moves_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from app import clock
    from app.lists import rows

    agent = desk.sit("agent")
    now = NOON + timedelta(minutes=10)
    monkeypatch.setattr(clock, "now", lambda: now)
    monkeypatch.setattr("app.auth.sessions.idle_since", lambda _now: NOON - timedelta(days=9999))
    desk.session.execute(sa.text("UPDATE user_session SET ends_at = '9999-01-01'"))
    desk.session.commit()
    first = re.findall(r"<time [^>]*>([^<]*)<", desk.get(agent))
    ticks = iter(range(0, 10**6, rows.TICK_S + 1))
    monkeypatch.setattr("app.lists.rows.time", SimpleNamespace(monotonic=lambda: float(next(ticks)) + 10**9))

    now += timedelta(hours=3)

    later = re.findall(r"<time [^>]*>([^<]*)<", desk.get(agent))
    assert len(first) == len(later) == 2
    assert all("min" in text for text in first)
    assert all("hr" in text for text in later)


@pytest.mark.parametrize("name", LISTS)
def test_every_column_of_every_list_has_a_cell(app: Flask, name: str) -> None:
    about = description(name)
    shape = Shape(about.cells, tuple((column.name, column.kind, False) for column in about.columns), picks=True)
    environment: Environment = Rows(app.jinja_env)._environment

    with app.test_request_context():
        assert callable(compiled(environment, shape).make_module({"address": lambda *_: ""}).tr)  # type: ignore[attr-defined]


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("name", LISTS)
def test_a_menu_is_read_when_it_is_opened(desk: Desk, name: str, part: str) -> None:
    agent = desk.sit("agent")
    page = desk.get(agent, {"orders": "/orders/", "customers": "/customers/", "payments": "/payments/",
                            "refunds": "/payments/refunds"}[name])  # fmt: skip
    address = f"/lists/{name}/menu/{part}"

    assert f'hx-get="{address}"' in page
    assert PARTS[part] not in page or part == "sort"
    assert PARTS[part] in desk.get(agent, address, **HTMX)
    assert agent.get(address).status_code == 303


def test_a_menu_knows_how_the_list_is_looked_at(desk: Desk) -> None:
    agent = desk.sit("agent")

    menu = desk.get(agent, "/lists/orders/menu/filter?payment=open&sort=total", **HTMX)

    assert 'value="open" checked' in " ".join(menu.split())
    assert '<input type="hidden" name="sort" value="total">' in menu


def test_a_menu_of_a_list_that_one_may_not_read_is_refused(desk: Desk) -> None:
    purchasing = desk.sit("purchasing")

    assert purchasing.get("/lists/customers/menu/filter", headers=HTMX).status_code == 403
    assert purchasing.get("/lists/orders/menu/nothing", headers=HTMX).status_code == 404
