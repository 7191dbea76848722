"""Statements by themselves, acts in one transaction, and connections that the server closed."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask
from psycopg.pq import TransactionStatus
from sqlalchemy.exc import IntegrityError

from app import db as database
from app.db import db, driver_of, one_statement, planned_by_values, reading, transaction
from app.suppliers.models import Supplier

FACTS: dict[str, Any] = {"name": "A", "kind": "broker", "country": "NL", "currency": "EUR", "list_every_days": 7}
ADD = sa.insert(Supplier).values(**FACTS)
NAMES = sa.select(Supplier.code).order_by(Supplier.code)


def status() -> TransactionStatus:
    return driver_of(reading().connection()).info.transaction_status


def supplier(code: str) -> Supplier:
    return Supplier(code=code, **FACTS)


def seen_by_others() -> list[str]:
    with db.engine.connect() as connection:
        return list(connection.execute(NAMES).scalars())


def test_what_is_read_is_in_no_transaction(committed: Flask) -> None:
    assert reading().execute(sa.text("SELECT 1")).scalar_one() == 1
    assert status() == TransactionStatus.IDLE


@pytest.mark.parametrize("read_before", [False, True])
def test_an_act_is_one_transaction(committed: Flask, read_before: bool) -> None:
    if read_before:
        assert reading().execute(NAMES).all() == []
    with transaction() as session:
        session.add(supplier("a"))
        session.flush()
        session.add(supplier("b"))
        session.flush()
        assert status() == TransactionStatus.INTRANS
        assert seen_by_others() == []

    assert seen_by_others() == ["a", "b"]
    assert reading().execute(NAMES).scalars().all() == ["a", "b"]
    assert status() == TransactionStatus.IDLE


@pytest.mark.parametrize("read_before", [False, True])
def test_an_act_that_breaks_leaves_nothing(committed: Flask, read_before: bool) -> None:
    if read_before:
        assert reading().execute(NAMES).all() == []
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(ADD, [{"code": "a"}, {"code": "a"}])

    assert seen_by_others() == []
    assert status() == TransactionStatus.IDLE


def test_an_act_of_one_statement_is_whole_and_there_at_once(committed: Flask) -> None:
    with one_statement() as session:
        session.execute(ADD, [{"code": "a"}])
        assert status() == TransactionStatus.IDLE
        assert seen_by_others() == ["a"]
    with pytest.raises(IntegrityError), one_statement() as session:
        session.execute(sa.insert(Supplier).values([FACTS | {"code": "b"}, FACTS | {"code": "a"}]))

    assert seen_by_others() == ["a"]


def test_a_savepoint_within_an_act(committed: Flask) -> None:
    with transaction() as session:
        session.add(supplier("a"))
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(ADD, [{"code": "b"}, {"code": "b"}])

    assert seen_by_others() == ["a"]


def test_a_connection_that_the_server_closed_is_not_handed_out(committed: Flask) -> None:
    before = reading().execute(sa.text("SELECT pg_backend_pid()")).scalar_one()
    db.session.remove()
    with psycopg.connect(db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False),
                         autocommit=True) as other:  # fmt: skip
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [before])

    assert reading().execute(sa.text("SELECT pg_backend_pid()")).scalar_one() != before


def test_a_connection_that_was_quiet_for_long_is_asked(committed: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    answers = database._answers

    def note(connection: psycopg.Connection[Any]) -> bool:
        asked.append(connection)
        return answers(connection)

    monkeypatch.setattr(database, "_answers", note)
    for _again in range(2):
        reading().execute(sa.text("SELECT 1"))
        db.session.remove()
    assert not asked
    monkeypatch.setattr(database, "QUIET_S", -1.0)
    reading().execute(sa.text("SELECT 1"))
    assert len(asked) == 1


def test_statements_are_planned_by_their_values_within_the_block_alone(committed: Flask) -> None:
    def prepared() -> int:
        count = sa.text("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT 1 AS this_one%'")
        return int(reading().execute(count).scalar_one())

    one = sa.text("SELECT 1 AS this_one WHERE 1 = :number")
    with planned_by_values(reading()):
        for number in range(10):
            reading().execute(one, {"number": number})
    assert prepared() == 0
    for number in range(10):
        reading().execute(one, {"number": number})
    assert prepared() == 1
