"""Deliveries that come at the same time: one statement for all of them, and no answer for what is not stored."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from threading import Event
from typing import Any

import pytest
import redis
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import DBAPIError

from app import queue
from app.db import db, transaction
from app.flows import intake
from app.flows import services as ledger
from app.flows.intake import Crowded, Line
from app.flows.models import Message
from app.flows.services import Delivery

FLOW = "shopware.orders.portal"
CROWD = 24


def delivery(name: str, *, key: str = "k") -> Delivery:
    return Delivery(FLOW, key, name, {"act": "named", "orders": [name]}, "econocom", correlation_id="c" * 32)


def in_line(app: Flask, deliveries: Sequence[Delivery]) -> list[int | BaseException | None]:
    """What each is answered, when all of them have come before the first is stored."""

    async def bring() -> list[int | BaseException | None]:
        line = Line(app)
        answers = await asyncio.gather(*(line.take(one) for one in deliveries), return_exceptions=True)
        await line.close()
        return answers

    return asyncio.run(bring())


@pytest.fixture
def commits(committed: Flask) -> Iterator[list[int]]:
    """One entry per transaction that was committed."""
    found: list[int] = []

    def note(session: object) -> None:
        found.append(1)

    sa.event.listen(db.session, "after_commit", note)
    queue.connection().flushdb()
    yield found
    sa.event.remove(db.session, "after_commit", note)


def stored() -> dict[str, int]:
    with transaction() as session:
        rows = session.execute(sa.select(Message.delivery_id, Message.id).order_by(Message.id))
        return {str(row.delivery_id): row.id for row in rows}


def test_those_that_come_together_are_stored_in_one_transaction_and_wake_once(
    committed: Flask, commits: list[int]
) -> None:
    answers = in_line(committed, [delivery(f"d{number}") for number in range(CROWD)])

    assert len(commits) == 1
    assert answers == list(stored().values())
    assert len(answers) == CROWD
    assert queue.queue("orders").count == 1


def test_what_comes_while_a_statement_is_under_way_is_stored_by_the_next(
    committed: Flask, commits: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    under_way, go_on = asyncio.Event(), Event()
    receive_all = ledger.receive_all

    async def bring() -> list[int | None]:
        loop, line = asyncio.get_running_loop(), Line(committed)

        def slowly(*args: Any, **named: Any) -> list[int | None]:
            loop.call_soon_threadsafe(under_way.set)
            assert go_on.wait(timeout=30)
            return receive_all(*args, **named)

        monkeypatch.setattr(ledger, "receive_all", slowly)
        first = asyncio.create_task(line.take(delivery("first")))
        await asyncio.wait_for(under_way.wait(), timeout=30)
        later = [asyncio.create_task(line.take(delivery(f"d{number}"))) for number in range(CROWD)]
        await asyncio.sleep(0)  # They stand in line now.
        go_on.set()
        answers = await asyncio.gather(first, *later)
        await line.close()
        return answers

    answers = asyncio.run(bring())

    assert len(commits) == 2
    assert answers == list(stored().values())


def test_the_same_delivery_twice_in_line_is_one_message(committed: Flask) -> None:
    answers = in_line(committed, [delivery("same"), delivery("same"), delivery("other")])

    assert len(stored()) == 2
    assert [answer is None for answer in answers] == [False, True, False]
    assert intake.take(delivery("same")) is None


def test_one_that_cannot_be_stored_fails_alone(committed: Flask) -> None:
    answers = in_line(committed, [delivery("a"), delivery("b", key="nul \x00"), delivery("c")])

    assert [isinstance(answer, DBAPIError) for answer in answers] == [False, True, False]
    assert set(stored()) == {"a", "c"}


def test_nobody_is_told_it_is_stored_when_the_statement_broke(
    committed: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: object, **__: object) -> list[int | None]:
        raise MemoryError

    monkeypatch.setattr(ledger, "receive_all", break_down)
    answers = in_line(committed, [delivery(f"d{number}") for number in range(4)])

    assert [type(answer) for answer in answers] == [MemoryError] * 4
    assert stored() == {}


def test_a_longer_line_than_one_transaction_takes_is_stored_whole(
    committed: Flask, commits: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "AT_ONCE", 5)
    answers = in_line(committed, [delivery(f"d{number}") for number in range(CROWD)])

    assert len(commits) == 5
    assert answers == list(stored().values())


def test_a_line_too_long_takes_nobody_more_but_keeps_its_word_to_those_in_it(
    committed: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "MOST_WAITING", 3)
    answers = in_line(committed, [delivery(f"d{number}") for number in range(5)])

    assert [isinstance(answer, Crowded) for answer in answers] == [False, False, False, True, True]
    assert answers[:3] == list(stored().values())


def test_a_sender_that_hung_up_stops_nobody_behind_it(committed: Flask) -> None:
    async def bring() -> int | None:
        line = Line(committed)
        gone = asyncio.create_task(line.take(delivery("gone")))
        await asyncio.sleep(0)
        behind = asyncio.create_task(line.take(delivery("behind")))
        await asyncio.sleep(0)
        gone.cancel()
        try:
            return await behind
        finally:
            await line.close()

    assert asyncio.run(bring()) is not None
    assert set(stored()) == {"gone", "behind"}


def test_a_queue_that_hangs_keeps_nobody_waiting_for_the_answer(
    committed: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs = Event()

    def hang(_flow: str) -> None:
        assert hangs.wait(timeout=30)

    async def bring() -> list[int | None]:
        line = Line(committed)
        answers = [await asyncio.wait_for(line.take(delivery(f"d{number}")), timeout=20) for number in range(3)]
        hangs.set()
        await line.close()
        return answers

    monkeypatch.setattr(queue, "wake", hang)

    assert asyncio.run(bring()) == list(stored().values())


def test_a_queue_that_is_down_costs_no_delivery(committed: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> redis.Redis:
        raise redis.ConnectionError("refused")

    monkeypatch.setattr(queue, "connection", refuse)

    assert in_line(committed, [delivery("a")]) == list(stored().values())
