"""What a web process remembers: never after it moved, never without a listener, never for whoever has just acted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Event

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app import clock, create_app
from app.auth import services as accounts
from app.auth.models import User, UserSession
from app.db import db, transaction
from app.settings import Settings
from app.web.memory import ACTED, AT_MOST, Memory

now = [0.0]
PASSWORD = "correct horse battery"


@pytest.fixture
def memory() -> Memory:
    """One that listens, on a clock of the test's own."""
    made = Memory("", seconds=30, clock=lambda: now[0])
    made._listening = True
    made._thread = object()  # type: ignore[assignment]  # Nothing is to be started.
    return made


def test_what_is_remembered_is_known_until_one_of_its_topics_moves(memory: Memory) -> None:
    memory.remember("a", 1, ("run:1", "saved_view"), since=memory.moment())
    memory.remember("b", 2, ("run:2", "saved_view"), since=memory.moment())

    memory.moved("run:1")
    assert (memory.known("a"), memory.known("b")) == (None, 2)
    memory.moved("saved_view")
    assert memory.known("b") is None


def test_a_value_that_was_read_before_it_moved_is_not_remembered(memory: Memory) -> None:
    before = memory.moment()
    memory.moved("run:1")

    memory.remember("a", 1, ("run:2", "run:1"), since=before)
    memory.remember("b", 2, ("run:2",), since=before)

    assert (memory.known("a"), memory.known("b")) == (None, 2)


def test_memory_ends_after_its_time(memory: Memory) -> None:
    memory.remember("a", 1, ("run:1",), since=memory.moment())

    now[0] += 29
    assert memory.known("a") == 1
    now[0] += 2
    assert memory.known("a") is None


def test_a_value_may_be_remembered_shorter(memory: Memory) -> None:
    memory.remember("a", 1, ("run:1",), since=memory.moment(), seconds=3)

    now[0] += 4

    assert memory.known("a") is None


def test_a_value_that_is_remembered_anew_hangs_on_its_new_topics_alone(memory: Memory) -> None:
    memory.remember("a", 1, ("run:1",), since=memory.moment())
    memory.remember("a", 2, ("run:2",), since=memory.moment())

    memory.moved("run:1")
    assert memory.known("a") == 2
    memory.moved("run:2")
    assert memory.known("a") is None


def test_memory_has_an_end(memory: Memory) -> None:
    for number in range(AT_MOST + 1):
        memory.remember(number, number, ("run:1",), since=memory.moment())

    assert memory.known(0) is None
    assert memory.known(AT_MOST) == AT_MOST


def test_without_somebody_who_listens_nothing_is_remembered(memory: Memory) -> None:
    since = memory.moment()
    memory._listening = False

    memory.remember("a", 1, ("run:1",), since=since)

    assert memory.moment() is None
    assert memory.known("a") is None


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
def agent(remembering: Flask) -> FlaskClient:
    """Signed in a while ago: what was done then is heard of."""
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


def test_who_is_signed_in_and_their_views_are_asked_once(agent: FlaskClient) -> None:
    first = statements(agent, "/orders/")
    again = statements(agent, "/orders/")

    assert any("saved_view" in statement for statement in first)
    assert not any("user_session" in statement or "saved_view" in statement for statement in again)


def test_who_acted_is_asked_for_again(agent: FlaskClient) -> None:
    assert agent.post("/account/switch", data={"locale": "en", "back": "/"}).status_code == 303

    assert agent.get_cookie(ACTED)
    assert any("user_session" in statement for statement in statements(agent, "/orders/"))
    assert 'lang="en"' in agent.get("/orders/").get_data(as_text=True)


@pytest.mark.parametrize(
    "act",
    [
        sa.update(User).values(active=False),
        sa.delete(UserSession),
        sa.update(UserSession).values(ends_at=sa.func.now()),
    ],
    ids=["disabled", "session gone", "session ended"],
)
def test_whoever_was_sent_away_gets_no_page(agent: FlaskClient, act: sa.UpdateBase) -> None:
    assert agent.get("/orders/").status_code == 200
    with transaction() as session:
        session.execute(act)

    until(lambda: agent.get("/orders/").status_code == 303)


def test_another_role_is_felt(agent: FlaskClient) -> None:
    assert agent.get("/settings/audit").status_code == 403
    with transaction() as session:
        session.execute(sa.update(User).values(role="manager"))

    until(lambda: agent.get("/settings/audit").status_code == 200)
