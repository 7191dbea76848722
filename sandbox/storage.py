"""Books in PostgreSQL: one schema for each bought system, one transaction for each request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

import psycopg
from psycopg import pq, sql
from psycopg.rows import tuple_row

Doc = dict[str, Any]
Connection = psycopg.Connection[Any]
B = TypeVar("B")


class Storage(Generic[B]):
    """The books of one system. Connections are kept and handed out one per request.

    `tables` is repeatable SQL with {schema} in it; `books` makes what a transaction works with.
    """

    def __init__(self, database_url: str, schema: str, tables: str, books: Callable[[Connection], B]) -> None:
        self.url = database_url
        self.schema = schema
        self._books = books
        self._idle: SimpleQueue[Connection] = SimpleQueue()
        with psycopg.connect(database_url) as connection:
            connection.execute(sql.SQL(tables).format(schema=sql.Identifier(schema)))

    @contextmanager
    def transaction(self) -> Iterator[B]:
        """All of the request or nothing of it."""
        connection = self._take()
        try:
            with connection.transaction():
                yield self._books(connection)
        finally:
            if connection.closed or connection.info.transaction_status != pq.TransactionStatus.IDLE:
                connection.close()
            else:
                self._idle.put(connection)

    def _take(self) -> Connection:
        while True:
            try:
                connection = self._idle.get_nowait()
            except Empty:
                return psycopg.connect(
                    self.url, autocommit=True, row_factory=tuple_row,
                    options=f"-c search_path={self.schema} -c lock_timeout=20s",
                )  # fmt: skip
            if not connection.closed:
                return connection

    def close(self) -> None:
        """Let go of all connections."""
        while True:
            try:
                self._idle.get_nowait().close()
            except Empty:
                return
