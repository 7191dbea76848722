"""Counts of waiting work are kept for a moment, but not for whoever has just acted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import flask_babel
import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from small_assortment import Assortment
from sqlalchemy.orm import Session

from app.home import frame, queries
from app.stock.models import Stock
from app.web.memory import ACTED


@pytest.fixture
def remembering(app: Flask) -> Iterator[Flask]:
    before = app.extensions["settings"]
    app.extensions["settings"] = before.model_copy(update={"work_memory_ms": 3_600_000})
    yield app
    app.extensions["settings"] = before
    app.extensions.pop("work", None)


def shortages(who: FlaskClient) -> str:
    g.pop("work", None)  # The test's context outlives a request; a real one does not.
    flask_babel.refresh()
    found = re.search(r'id="count-stock-index">(\d*)<', who.get("/orders/").get_data(as_text=True))
    assert found
    return found[1]


def test_others_are_told_what_was_and_who_acted_what_is(
    remembering: Flask, session: Session, sign_in: Callable[[str], FlaskClient]
) -> None:
    agent, manager = sign_in("agent"), sign_in("manager")
    variant = Assortment(session).variant()
    assert (shortages(agent), shortages(manager)) == ("", "")
    session.add(Stock(variant_id=variant.id, reserved=1))
    session.commit()

    assert shortages(agent) == ""
    answer = manager.post("/account/switch", data={"theme": "dark", "back": "/"})
    assert answer.status_code == 303
    assert ACTED in "".join(answer.headers.getlist("Set-Cookie"))
    assert shortages(manager) == "1"
    assert shortages(agent) == "1"  # Read anew for the manager, it is kept for all.


def test_while_one_reads_anew_the_others_are_told_what_was(
    remembering: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    was = queries.work(session, grace_s=0)._replace(shortage=1)
    told: list[int] = []

    def read(_session: Session, *, grace_s: int) -> queries.Work:
        g.pop("work", None)
        told.append(frame.waiting().shortage)  # Somebody else, meanwhile.
        return was._replace(shortage=2)

    monkeypatch.setattr(queries, "work", read)
    with remembering.test_request_context("/"):
        remembering.extensions["work"] = frame._Kept(was, until=0)
        assert frame.waiting().shortage == 2
        assert told == [1]
        g.pop("work", None)
        assert frame.waiting().shortage == 2
