"""Documents of a shop in PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sandbox.settings import ShopIdentity
from sandbox.storage import Connection, Doc, Storage

_TABLES = """
CREATE SCHEMA IF NOT EXISTS {schema};
CREATE TABLE IF NOT EXISTS {schema}.entity (
  name text NOT NULL, id text NOT NULL, doc jsonb NOT NULL, auto bigint GENERATED ALWAYS AS IDENTITY,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(), updated_at timestamptz, PRIMARY KEY (name, id));
CREATE UNIQUE INDEX IF NOT EXISTS product_number ON {schema}.entity ((doc->>'productNumber')) WHERE name = 'product';
CREATE UNIQUE INDEX IF NOT EXISTS visibility ON {schema}.entity ((doc->>'productId'), (doc->>'salesChannelId'))
  WHERE name = 'product_visibility';
CREATE UNIQUE INDEX IF NOT EXISTS by_count ON {schema}.entity (name, auto);
CREATE INDEX IF NOT EXISTS by_order ON {schema}.entity (name, (doc->>'orderId')) WHERE doc ? 'orderId';
CREATE INDEX IF NOT EXISTS by_product ON {schema}.entity (name, (doc->>'productId')) WHERE doc ? 'productId';
CREATE INDEX IF NOT EXISTS product_name ON {schema}.entity ((doc->>'name'), id) WHERE name = 'product';
CREATE INDEX IF NOT EXISTS product_for_sale ON {schema}.entity ((doc->>'name'), id)
  WHERE name = 'product' AND doc->>'active' = 'true' AND (doc->>'stock')::int > 0;
CREATE TABLE IF NOT EXISTS {schema}.number_range (name text PRIMARY KEY, last bigint NOT NULL);
CREATE TABLE IF NOT EXISTS {schema}.mail (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, doc jsonb NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp());
CREATE TABLE IF NOT EXISTS {schema}.effect (id text PRIMARY KEY, writes int NOT NULL);
CREATE TABLE IF NOT EXISTS {schema}.webhook_log (
  event_id text PRIMARY KEY, webhook text NOT NULL, body jsonb NOT NULL, state text NOT NULL, attempts int NOT NULL,
  next_at timestamptz NOT NULL, auto bigint GENERATED ALWAYS AS IDENTITY);
CREATE INDEX IF NOT EXISTS webhook_due ON {schema}.webhook_log (next_at) WHERE state IN ('queued', 'running');
"""
# A document as text, since one decoder for all of a page reads it at half the price; moments as the API writes them.
_READ = """
    e.id, e.doc::text, e.auto, to_char(e.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"+00:00"'),
    to_char(e.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"+00:00"')
"""


class Books:
    """Reads and writes inside one transaction."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def get(self, name: str, ids: Iterable[str]) -> dict[str, Doc]:
        """Documents by id, with createdAt, updatedAt and autoIncrement in them."""
        rows = self.connection.execute(
            f"SELECT {_READ} FROM entity e WHERE e.name = %s AND e.id = ANY(%s)", (name, list(ids))
        )
        return {doc["id"]: doc for doc in _complete(rows.fetchall())}

    def raw(self, name: str, ids: Iterable[str]) -> dict[str, Doc]:
        """Documents by id as stored, locked in the order of their ids, so that two syncs cannot deadlock."""
        rows = self.connection.execute(
            "SELECT id, doc FROM entity WHERE name = %s AND id = ANY(%s) ORDER BY id FOR UPDATE", (name, list(ids))
        )
        return dict(rows.fetchall())

    def known(self, name: str, ids: Iterable[str]) -> set[str]:
        """Which of the ids exist."""
        rows = self.connection.execute("SELECT id FROM entity WHERE name = %s AND id = ANY(%s)", (name, list(ids)))
        return {row[0] for row in rows}

    def find(self, where: str, parameters: list[Any], order: str, limit: int | None, offset: int) -> list[Doc]:
        """Documents of a compiled criteria."""
        tail = "" if limit is None else " LIMIT %s OFFSET %s"
        more = [] if limit is None else [limit, offset]
        rows = self.connection.execute(  # Inside: or a document that the offset passes over is written as text, too.
            f"SELECT {_READ} FROM (SELECT e.* FROM entity e WHERE {where} ORDER BY {order}{tail}) e",
            [*parameters, *more],
        )
        return _complete(rows.fetchall())

    def of_order(self, name: str, order_id: str) -> list[Doc]:
        """What belongs to an order, oldest first."""
        where = "e.name = %s AND e.doc ? 'orderId' AND e.doc->>'orderId' = %s"
        return self.find(where, [name, order_id], "e.auto", None, 0)

    def next_number(self, name: str) -> int:
        """The next of a number range, which begins at 10001 in every shop. Others wait until we commit."""
        row = self.connection.execute(
            """INSERT INTO number_range AS n (name, last) VALUES (%s, 10001)
               ON CONFLICT (name) DO UPDATE SET last = n.last + 1 RETURNING last""",
            (name,),
        ).fetchone()
        assert row is not None
        return int(row[0])

    def count(self, where: str, parameters: list[Any]) -> int:
        """How many match."""
        row = self.connection.execute(f"SELECT count(*) FROM entity e WHERE {where}", parameters).fetchone()
        assert row is not None
        return int(row[0])

    def put(self, name: str, docs: Mapping[str, Doc]) -> None:
        """Insert or replace documents in one statement; `updated_at` moves only where the document differs."""
        ids = sorted(docs)
        self.connection.execute(  # One JSON object: an array of them costs the driver more than all the rest.
            """INSERT INTO entity AS e (name, id, doc)
               SELECT %s, key, value FROM jsonb_each(%s::jsonb) ORDER BY key
               ON CONFLICT (name, id) DO UPDATE SET doc = excluded.doc, updated_at = clock_timestamp()
               WHERE e.doc IS DISTINCT FROM excluded.doc""",
            (name, json.dumps(docs)),
        )
        if name == "product":
            self.connection.execute(
                """INSERT INTO effect AS e (id, writes) SELECT unnest(%s::text[]), 1
                   ON CONFLICT (id) DO UPDATE SET writes = e.writes + 1""",
                (ids,),
            )

    def delete(self, name: str, ids: list[str]) -> set[str]:
        """Remove; returns the ids that existed."""
        rows = self.connection.execute("DELETE FROM entity WHERE name = %s AND id = ANY(%s) RETURNING id", (name, ids))
        return {row[0] for row in rows}


def books_of(database_url: str, shop: ShopIdentity) -> Storage[Books]:
    """The books of one shop."""
    return Storage(database_url, shop.schema, _TABLES, Books)


def _complete(rows: Sequence[tuple[str, str, int, str, str | None]]) -> list[Doc]:
    """Rows of _READ as documents."""
    docs: list[Doc] = json.loads(f"[{','.join([row[1] for row in rows])}]")
    for doc, (id_, _text, auto, created, updated) in zip(docs, rows, strict=True):
        doc["id"] = id_
        doc["createdAt"] = created
        doc["updatedAt"] = updated
        doc["autoIncrement"] = auto
    return docs


def stamp(moment: datetime) -> str:
    """A date as the API writes it: RFC 3339 with milliseconds, UTC."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
