"""Polls answered from memory: never after something moved, never after the session ended."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from remembering import PASSWORD, until

from app import clock
from app.auth import services as accounts
from app.db import db, transaction
from app.flows.models import Run

HX = {"HX-Request": "true"}


def browser(app: Flask) -> FlaskClient:
    with transaction() as session:
        accounts.add_user(session, email="m@example.com", name="M", role="manager", password=PASSWORD)
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    assert client.post("/sign-in", data={"email": "m@example.com", "password": PASSWORD}).status_code == 303
    return client


def test_a_page_hears_of_a_change_although_its_polls_are_answered_from_memory(remembering: Flask) -> None:
    with transaction() as session:
        run = Run(flow="portal.listings.shopware", channel="", state="running", cause="wake", worker="w",
                  started_at=clock.now(), seen_at=clock.now())  # fmt: skip
        session.add(run)
        session.flush()
        run_id = run.id
    client = browser(remembering)
    address = f"/flows/runs/{run_id}"
    tag = client.get(address, headers=HX).headers["HX-PTag"]
    asked: list[object] = []
    sa.event.listen(db.engine, "before_cursor_execute", lambda *_: asked.append(1))

    first = client.get(address, headers={**HX, "HX-PTag": tag})
    cost = len(asked)
    again = client.get(address, headers={**HX, "HX-PTag": tag})

    assert (first.status_code, again.status_code) == (304, 304)
    assert cost > 0
    assert len(asked) == cost  # The second one asked nobody.
    assert again.headers["HX-PTag"] == tag
    with transaction() as session:
        session.execute(sa.update(Run).values(revision=Run.revision + 1, delivered=7))
    until(lambda: client.get(address, headers={**HX, "HX-PTag": tag}).status_code == 200)


def test_signing_out_ends_what_was_remembered(remembering: Flask) -> None:
    with transaction() as session:
        session.add(Run(flow="portal.listings.shopware", channel="", state="running", cause="wake", worker="w",
                        started_at=clock.now(), seen_at=clock.now()))  # fmt: skip
    client = browser(remembering)
    with transaction() as session:
        address = f"/flows/runs/{session.execute(sa.select(Run.id)).scalar_one()}"
    tag = client.get(address, headers=HX).headers["HX-PTag"]
    cookie = client.get_cookie("iused")
    assert cookie is not None
    for _ in range(2):
        assert client.get(address, headers={**HX, "HX-PTag": tag}).status_code == 304

    client.post("/sign-out")
    client.set_cookie("iused", cookie.value)

    assert client.get(address, headers={**HX, "HX-PTag": tag}).status_code != 304
