"""Deliveries that come at the same time: one transaction for all of them, and no answer for what is not stored."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import DBAPIError

from app import queue
from app.db import db, transaction
from app.flows import intake
from app.flows import services as ledger
from app.flows.models import Message
from app.flows.services import Delivery

FLOW = "shopware.orders.portal"
CROWD = 24


def delivery(name: str, *, key: str = "k") -> Delivery:
    return Delivery(FLOW, key, name, {"act": "named", "orders": [name]}, "econocom")


def in_line(app: Flask, deliveries: list[Delivery]) -> list[int | BaseException | None]:
    """What each is answered, when all of them have come before the first is stored."""
    gate = threading.Barrier(len(deliveries) + 1)

    def bring(one: Delivery) -> int | BaseException | None:
        with app.app_context():
            gate.wait(timeout=30)
            try:
                return intake.take(one)
            except (DBAPIError, Stopped) as error:
                return error
            finally:
                db.session.remove()

    with ThreadPoolExecutor(len(deliveries)) as threads:
        with intake._pen:
            futures = [threads.submit(bring, one) for one in deliveries]
            gate.wait(timeout=30)
            until = time.monotonic() + 30
            while len(intake._waiting) < len(deliveries):
                assert time.monotonic() < until
                time.sleep(0.001)  # Nobody says that they stand in line.
        return [future.result(timeout=30) for future in futures]


class Stopped(BaseException):
    """As when a web process is told to end in the middle."""


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
    kept = stored()
    assert sorted(answers, key=str) == sorted(kept.values(), key=str)
    assert len(kept) == CROWD
    assert queue.queue("orders").count == 1


def test_the_same_delivery_twice_in_line_is_one_message(committed: Flask) -> None:
    answers = in_line(committed, [delivery("same"), delivery("same"), delivery("other")])

    assert len(stored()) == 2
    assert sorted(answer is None for answer in answers) == [False, False, True]
    assert intake.take(delivery("same")) is None


def test_one_that_cannot_be_stored_fails_alone(committed: Flask) -> None:
    answers = in_line(committed, [delivery("a"), delivery("b", key="nul \x00"), delivery("c")])

    assert [isinstance(answer, DBAPIError) for answer in answers] == [False, True, False]
    assert set(stored()) == {"a", "c"}


def test_nobody_is_told_it_is_stored_when_the_one_who_wrote_was_stopped(
    committed: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> list[int | None]:
        raise Stopped

    monkeypatch.setattr(ledger, "receive_all", stop)
    answers = in_line(committed, [delivery(f"d{number}") for number in range(4)])

    assert [type(answer) for answer in answers] == [Stopped] * 4
    assert stored() == {}


def test_a_longer_line_than_one_transaction_takes_is_stored_whole(
    committed: Flask, commits: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "AT_ONCE", 5)
    answers = in_line(committed, [delivery(f"d{number}") for number in range(CROWD)])

    assert len(stored()) == CROWD
    assert None not in answers
    assert 1 < len(commits) <= CROWD
