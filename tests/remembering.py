"""A web process that remembers, as all do but those of other tests, and somebody who looks at its pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Event

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app import clock, create_app
from app.auth import services as accounts
from app.db import db, transaction
from app.settings import Settings
from app.web.memory import Memory

PASSWORD = "correct horse battery"


@pytest.fixture
def remembering(committed: Flask, settings: Settings) -> Iterator[Flask]:
    """An application that remembers, on the same database."""
    app = create_app(settings.model_copy(update={"memory_seconds": 30}))
    app.test_client_class = committed.test_client_class
    app.config["WTF_CSRF_ENABLED"] = False
    with app.app_context():
        found: Memory = app.extensions["memory"]
        until(lambda: found.moment() is not None)
        yield app
        db.session.remove()
        db.engine.dispose()
    found.close()


def until(answer: Callable[[], bool]) -> None:
    """Wait for PostgreSQL's word, which comes by another connection."""
    for _ in range(200):
        if answer():
            return
        Event().wait(0.02)
    raise AssertionError("it never came")


@pytest.fixture
def onlooker(remembering: Flask) -> FlaskClient:
    """An agent who signed in a while ago: what was done then is heard of."""
    with transaction() as session:
        user_id = accounts.add_user(session, email="a@example.com", name="A", role="agent", password=PASSWORD)
        token = accounts.open_session(session, user_id, network="127.0.0.1", agent="a test", now=clock.now(),
                                      settings=remembering.extensions["settings"])  # fmt: skip
    client = remembering.test_client()
    client.set_cookie("iused", token)
    assert client.get("/suppliers/").status_code == 200
    return client


def statements(client: FlaskClient, address: str) -> list[str]:
    """What a page asks the database."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        assert client.get(address).status_code == 200
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)
    return asked
