"""The database: one declarative base, one way to open a transaction, one way to COPY rows in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import BigInteger, DateTime, Identity, MetaData, Numeric, String, Text, event, func, text
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column

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


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})


def keep_room(app: Flask) -> None:
    """Give each connection memory for its temporary tables: pricing the whole assortment fills 40 MB of them.

    It is taken as it is needed. PostgreSQL allows no change once a session has used its first temporary table.
    """
    with app.app_context():

        @event.listens_for(db.engine, "connect")
        def room(connection: Any, _record: Any) -> None:
            connection.autocommit = True
            connection.execute("SET temp_buffers = '64MB'")
            connection.autocommit = False


@contextmanager
def transaction() -> Iterator[Session]:
    """One business act: commits once at the end, rolls back on any error. Needs an application context."""
    session = db.session()
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise


def reading() -> Session:
    """The session of this request or job, for queries."""
    return db.session()


def copy_rows(session: Session, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """COPY `rows` into `table` inside the session's transaction; returns how many. Names must be trusted."""
    from psycopg import sql

    driver = session.connection().connection.driver_connection
    assert driver is not None
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
