"""What a web process remembers: never after it moved, never without a listener, never for whoever has just acted."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from remembering import statements, until

from app.auth.models import User, UserSession
from app.db import transaction
from app.web.memory import ACTED, AT_MOST, Memory, remembered

now = [0.0]


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


def test_what_was_read_before_all_was_forgotten_is_not_remembered(memory: Memory) -> None:
    before = memory.moment()
    memory.moved("run:1")
    for number in range(AT_MOST):  # Whatever moved before is forgotten with them.
        memory.moved(f"shop_order:{number}")

    memory.remember("a", 1, ("run:1",), since=before)
    memory.remember("b", 2, ("run:1",), since=memory.moment())

    assert (memory.known("a"), memory.known("b")) == (None, 2)
    assert len(memory._moved_at) <= AT_MOST


def test_without_somebody_who_listens_nothing_is_remembered(memory: Memory) -> None:
    since = memory.moment()
    memory._listening = False

    memory.remember("a", 1, ("run:1",), since=since)

    assert memory.moment() is None
    assert memory.known("a") is None


def asked_at_once(app: Flask, readings: list[int], then: Callable[[], object] = lambda: None) -> list[Future[int]]:
    """What four people are told who ask for one value while the first of them reads it, and who read (in `readings`).

    `then` is done by the first of them, when the others wait.
    """
    here: Memory = app.extensions["memory"]
    first_reads, others_wait = Event(), Event()

    def read() -> int:
        readings.append(len(readings) + 1)
        number = readings[-1]
        if number == 1:
            first_reads.set()
            assert others_wait.wait(5)
            then()
        return number

    def ask() -> int:
        with app.test_request_context("/"):
            return remembered("asked at once", read, ("shop_order:1",))

    with ThreadPoolExecutor(4) as threads:
        told = [threads.submit(ask)]
        assert first_reads.wait(5)
        told += [threads.submit(ask) for _ in range(3)]
        until(lambda: len(here._read_now["asked at once"]._cond._waiters) == 3)  # type: ignore[attr-defined]
        others_wait.set()
    assert here._read_now == {}
    return told


def test_of_those_who_ask_at_once_one_reads(remembering: Flask) -> None:
    readings: list[int] = []

    assert [told.result() for told in asked_at_once(remembering, readings)] == [1, 1, 1, 1]
    assert readings == [1]


def test_whoever_waited_for_a_value_that_moved_reads_it_anew(remembering: Flask) -> None:
    here: Memory = remembering.extensions["memory"]

    first, *others = asked_at_once(remembering, [], lambda: here.moved("shop_order:1"))

    assert first.result() == 1
    assert min(told.result() for told in others) > 1  # None of them is told what was before it moved.


def test_whoever_waited_for_a_reader_who_failed_reads(remembering: Flask) -> None:
    first, *others = asked_at_once(remembering, [], lambda: 1 / 0)

    assert isinstance(first.exception(), ZeroDivisionError)
    assert min(told.result() for told in others) > 1


def test_who_is_signed_in_and_their_views_are_asked_once(onlooker: FlaskClient) -> None:
    first = statements(onlooker, "/orders/")
    again = statements(onlooker, "/orders/")

    assert any("saved_view" in statement for statement in first)
    assert not any("user_session" in statement or "saved_view" in statement for statement in again)


def test_who_acted_is_asked_for_again(onlooker: FlaskClient) -> None:
    assert onlooker.post("/account/switch", data={"locale": "en", "back": "/"}).status_code == 303

    assert onlooker.get_cookie(ACTED)
    assert any("user_session" in statement for statement in statements(onlooker, "/orders/"))
    assert 'lang="en"' in onlooker.get("/orders/").get_data(as_text=True)


@pytest.mark.parametrize(
    "act",
    [
        sa.update(User).values(active=False),
        sa.delete(UserSession),
        sa.update(UserSession).values(ends_at=sa.func.now()),
    ],
    ids=["disabled", "session gone", "session ended"],
)
def test_whoever_was_sent_away_gets_no_page(onlooker: FlaskClient, act: sa.UpdateBase) -> None:
    assert onlooker.get("/orders/").status_code == 200
    with transaction() as session:
        session.execute(act)

    until(lambda: onlooker.get("/orders/").status_code == 303)


def test_another_role_is_felt(onlooker: FlaskClient) -> None:
    assert onlooker.get("/settings/audit").status_code == 403
    with transaction() as session:
        session.execute(sa.update(User).values(role="manager"))

    until(lambda: onlooker.get("/settings/audit").status_code == 200)
