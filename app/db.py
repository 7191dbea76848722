"""The database: one declarative base, one way to open a transaction, one way to COPY rows in.

What is read outside `transaction()` needs none: each statement is one by itself. That spares a page the round trips of
BEGIN and ROLLBACK, and no page or job is idle in a transaction while it renders or calls somebody.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from select import POLLIN, poll
from typing import Annotated, Any, cast

import psycopg
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as BoundSession
from psycopg.pq import TransactionStatus
from sqlalchemy import (
    BigInteger,
    Connection,
    DateTime,
    Engine,
    Identity,
    MetaData,
    Numeric,
    String,
    Text,
    event,
    func,
    text,
)  # fmt: skip
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.orm import DeclarativeBase, Session, SessionTransaction, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

Json = dict[str, Any]

Id = Annotated[int, mapped_column(BigInteger, Identity(), primary_key=True)]
Money = Annotated[Decimal, mapped_column(Numeric(12, 2))]
Rate = Annotated[Decimal, mapped_column(Numeric(9, 4))]
Short = Annotated[str, mapped_column(String(64))]
Words = Annotated[str, mapped_column(Text)]
Moment = Annotated[datetime, mapped_column(DateTime(timezone=True))]
Created = Annotated[datetime, mapped_column(DateTime(timezone=True), server_default=func.now())]


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)


@lru_cache(maxsize=8)
def _without_transactions(engine: Engine) -> Engine:
    return engine.execution_options(isolation_level="AUTOCOMMIT")


class StatementSession(BoundSession):
    """Each statement is a transaction of its own, but for those of an act: see `transaction`."""

    def get_bind(self, *args: Any, **named: Any) -> Engine | Connection:
        found = super().get_bind(*args, **named)
        return _without_transactions(found) if isinstance(found, Engine) else found


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False, "class_": StatementSession})
_ACTS, _ALONE = "acts", "alone"  # In the session's info: it is within `transaction`, within `one_statement`.
QUIET_S = 30.0  # After that a connection is asked whether it is alive, as nobody may have told that it is not.


def set_up_connections(app: Flask) -> None:
    """Give each connection memory for temporary tables, and hand out none that the server has closed.

    Pricing the whole assortment fills 40 MB of them; it is taken as it is needed. PostgreSQL allows no change once a
    session has used its first temporary table. A server that closes a connection says so, which is there to be read:
    to look costs no round trip, as asking would.
    """
    with app.app_context():
        engine = db.engine

    @event.listens_for(engine, "connect")
    def room(connection: Any, _record: Any) -> None:
        connection.autocommit = True
        connection.execute("SET temp_buffers = '64MB'")
        connection.autocommit = False

    @event.listens_for(engine, "checkin")
    def used(_connection: Any, record: Any) -> None:
        record.info["used"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def look(connection: Any, record: Any, _fairy: Any) -> None:
        quiet = time.monotonic() - record.info.get("used", time.monotonic())
        if (quiet > QUIET_S or _was_told_something(connection)) and not _answers(connection):
            raise InvalidatePoolError


def _was_told_something(connection: psycopg.Connection[Any]) -> bool:
    """Whether something is there to be read from the server: mostly its last word."""
    if connection.closed:
        return True
    looking = poll()
    looking.register(connection.fileno(), POLLIN)
    return bool(looking.poll(0))


def _answers(connection: psycopg.Connection[Any]) -> bool:
    try:
        connection.execute("SELECT 1")
        connection.rollback()
    except psycopg.Error:
        return False
    return True


@contextmanager
def transaction() -> Iterator[Session]:
    """One business act: commits once at the end, rolls back on any error. Needs an application context."""
    session = db.session()
    with _committing(session, _ACTS):
        if session.in_transaction():  # Something was read before.
            _begin(session.connection())
        yield session


@contextmanager
def one_statement() -> Iterator[Session]:
    """A business act that is one statement, which is durable when it returns: one round trip, not three."""
    session = db.session()
    with _committing(session, _ALONE):
        yield session


@contextmanager
def _committing(session: Session, kind: str) -> Iterator[None]:
    outside = session.info.get(kind, False)
    session.info[kind] = True
    try:
        yield
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info[kind] = outside


def acts(session: Session) -> bool:
    """Whether the session is within a business act."""
    return bool(session.info.get(_ACTS) or session.info.get(_ALONE))


@event.listens_for(StatementSession, "after_begin")
def _begin_act(session: Session, _transaction: SessionTransaction, connection: Connection) -> None:
    if session.info.get(_ACTS):
        _begin(connection)


def _begin(connection: Connection) -> None:
    """SQLAlchemy believes that there are no transactions, but ends what is there; so does psycopg."""
    driver = driver_of(connection)
    if driver.info.transaction_status == TransactionStatus.IDLE:
        driver.execute("BEGIN")


def driver_of(connection: Connection) -> psycopg.Connection[Any]:
    """psycopg's connection."""
    return cast("psycopg.Connection[Any]", connection.connection.driver_connection)


def reading() -> Session:
    """The session of this request or job, for queries."""
    return db.session()


@contextmanager
def planned_by_values(session: Session) -> Iterator[None]:
    """Plan the statements of the block for the values that they name, at each run.

    A statement that was prepared is planned for any values after a while: for a rare one that walks a whole table.
    """
    driver = driver_of(session.connection())
    usual, driver.prepare_threshold = driver.prepare_threshold, None
    try:
        yield
    finally:
        driver.prepare_threshold = usual


def copy_rows(session: Session, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """COPY `rows` into `table` inside the session's transaction; returns how many. Names must be trusted."""
    from psycopg import sql

    driver = driver_of(session.connection())
    target = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(sql.Identifier(column) for column in columns)
    )
    count = 0
    with driver.cursor() as cursor, cursor.copy(target) as copy:
        for row in rows:
            copy.write_row(row)
            count += 1
    return count


# Once per connection: to make and drop five tables for each page of orders costs a tenth of all.
_STAGE = "CREATE TEMP TABLE {name} ON COMMIT DELETE ROWS AS SELECT {columns} FROM {table} WITH NO DATA"
_IS_THERE = text("SELECT to_regclass('pg_temp.' || :name) IS NOT NULL")


def stage_rows(
    session: Session, name: str, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> None:
    """COPY rows into an empty temporary table `name` with these columns of `table`. Names must be trusted.

    One name always stands for the same columns.
    """
    if session.execute(_IS_THERE, {"name": name}).scalar_one():
        session.execute(text("DELETE FROM " + name))  # noqa: S608
    else:
        session.execute(text(_STAGE.format(name=name, columns=", ".join(columns), table=table)))
    copy_rows(session, name, columns, rows)
