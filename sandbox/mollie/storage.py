"""Mollie's books in PostgreSQL: things as documents, its clock, its work to come, calls to make, keys in use."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sandbox.faults import DICE, Faults
from sandbox.mollie.identity import ALPHABET
from sandbox.storage import Connection, Doc, Storage

PREFIXES = {
    "payment": "tr_", "refund": "re_", "chargeback": "chb_", "capture": "cpt_", "settlement": "stl_",
    "transaction": "baltr_", "webhook": "hook_", "event": "event_",
}  # fmt: skip
_TABLES = """
CREATE SCHEMA IF NOT EXISTS {schema};
CREATE TABLE IF NOT EXISTS {schema}.entity (
  id text PRIMARY KEY, kind text NOT NULL, profile text, mode text NOT NULL, parent text, doc jsonb NOT NULL,
  auto bigint GENERATED ALWAYS AS IDENTITY);
DROP INDEX IF EXISTS {schema}.by_age;
CREATE INDEX IF NOT EXISTS by_creation ON {schema}.entity (kind, mode, (doc->>'createdAt'), auto);
CREATE INDEX IF NOT EXISTS by_parent ON {schema}.entity (parent, kind, auto) WHERE parent IS NOT NULL;
CREATE INDEX IF NOT EXISTS by_settlement ON {schema}.entity ((doc->>'settlementId'), kind, auto)
  WHERE doc ? 'settlementId';
CREATE UNIQUE INDEX IF NOT EXISTS by_token ON {schema}.entity ((doc->>'_token')) WHERE doc ? '_token';
CREATE INDEX IF NOT EXISTS unsettled ON {schema}.entity (mode, auto)
  WHERE kind = 'transaction' AND NOT doc ? 'settlementId';
CREATE INDEX IF NOT EXISTS unsent ON {schema}.entity (mode, (doc->>'status'), auto)
  WHERE kind = 'refund' AND doc->>'status' IN ('queued', 'pending');
CREATE TABLE IF NOT EXISTS {schema}.clock (
  one boolean PRIMARY KEY DEFAULT true CHECK (one), ahead interval NOT NULL DEFAULT '0', rate float8 NOT NULL);
CREATE TABLE IF NOT EXISTS {schema}.task (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, act text NOT NULL, subject text NOT NULL,
  due_at timestamptz NOT NULL, rushed boolean NOT NULL);
CREATE INDEX IF NOT EXISTS task_due ON {schema}.task (due_at, id);
CREATE TABLE IF NOT EXISTS {schema}.delivery (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, subject text NOT NULL, webhook text, url text NOT NULL,
  body text NOT NULL, state text NOT NULL, attempts int NOT NULL DEFAULT 0, first_at timestamptz NOT NULL,
  due_at timestamptz NOT NULL, status int, result text);
CREATE INDEX IF NOT EXISTS delivery_due ON {schema}.delivery (due_at, id) WHERE state = 'queued';
CREATE TABLE IF NOT EXISTS {schema}.idempotency (
  credential text NOT NULL, key text NOT NULL, request text NOT NULL, first_at timestamptz NOT NULL, status int,
  body text, PRIMARY KEY (credential, key));
"""


def books_of(database_url: str, faults: Faults, base_url: str) -> Storage[Books]:
    """Mollie's books."""
    return Storage(database_url, "mollie", _TABLES, partial(Books, faults, base_url))


class Books:
    """Reads and writes inside one transaction, at one moment of Mollie's clock.

    What callers count on (an hour for keys and doubled refunds, a buyer's time to pay) lasts as long as the contract
    says. Mollie's own work (refunds on their way, settlements, calls that are made again) goes `rate` times as fast,
    but in the past, which took its time.
    """

    def __init__(self, faults: Faults, base_url: str, connection: Connection) -> None:
        self.faults, self.base_url = faults, base_url
        self.connection = connection
        self._now: datetime | None = None
        self._present: datetime | None = None
        self._rate = 1.0
        self._back = False

    @property
    def now(self) -> datetime:
        """The moment of this transaction."""
        return self._clock()[0]

    @now.setter
    def now(self, moment: datetime) -> None:
        """Work that is made up for happens when it was due."""
        self._clock()
        self._now = moment

    def go_back(self, moment: datetime) -> None:
        """What this transaction does was done at `moment`, as the past has it. Raises ValueError for the future."""
        if moment > self.present:
            raise ValueError(f"{moment} is not past")
        self._now, self._back = moment.astimezone(UTC), True

    @property
    def present(self) -> datetime:
        """What Mollie's clock says: calls go out now, whenever what they tell of was done."""
        self._clock()
        assert self._present is not None
        return self._present

    @property
    def rate(self) -> float:
        """How many times as fast Mollie's own work goes."""
        return self._clock()[1]

    def _clock(self) -> tuple[datetime, float]:
        if self._now is None:
            row = self.connection.execute("SELECT clock_timestamp() + ahead, rate FROM clock").fetchone()
            assert row is not None
            self._now = self._present = row[0].astimezone(UTC)
            self._rate = row[1]
        return self._now, self._rate

    def rushed(self, delay: timedelta) -> timedelta:
        """How long Mollie's own work takes at the clock's rate."""
        return delay / self.rate

    # Things

    def add(self, kind: str, doc: Doc, parent: str | None = None) -> Doc:
        """Keep a new thing under an id of its own; `doc` has its mode and, where it is of one, its profile."""
        doc = {"id": new_id(kind), "createdAt": stamp(self.now), **doc}
        self.connection.execute(
            "INSERT INTO entity (id, kind, profile, mode, parent, doc) VALUES (%s, %s, %s, %s, %s, %s)",
            (doc["id"], kind, doc.get("profileId"), doc["mode"], parent, json.dumps(doc)),
        )
        return doc

    def get(self, kind: str, id_: str, *, lock: bool = False) -> Doc | None:
        """One thing; locked, it stays as it is until the transaction ends."""
        tail = " FOR UPDATE" if lock else ""
        row = self.connection.execute(f"SELECT doc FROM entity WHERE id = %s AND kind = %s{tail}", (id_, kind))
        return next((doc for (doc,) in row), None)

    def by_token(self, token: str, *, lock: bool = False) -> Doc | None:
        """The payment of a checkout page."""
        tail = " FOR UPDATE" if lock else ""
        row = self.connection.execute(f"SELECT doc FROM entity WHERE doc->>'_token' = %s{tail}", (token,))
        return next((doc for (doc,) in row), None)

    def save(self, doc: Doc) -> None:
        """Replace a thing; callers have it, or its payment, locked. The settlement that took it meanwhile stays."""
        self.connection.execute(
            """UPDATE entity SET doc = %s::jsonb || CASE WHEN doc ? 'settlementId'
                 THEN jsonb_build_object('settlementId', doc->'settlementId') ELSE '{}' END WHERE id = %s""",
            (json.dumps(doc), doc["id"]),
        )

    def children(self, kind: str, parents: Iterable[str]) -> list[Doc]:
        """Oldest first."""
        rows = self.connection.execute(
            "SELECT doc FROM entity WHERE parent = ANY(%s) AND kind = %s ORDER BY auto", (list(parents), kind)
        )
        return [doc for (doc,) in rows]

    def many(self, kind: str, ids: Iterable[str]) -> dict[str, Doc]:
        """Things by id."""
        rows = self.connection.execute("SELECT id, doc FROM entity WHERE id = ANY(%s) AND kind = %s", (list(ids), kind))
        return dict(rows.fetchall())

    # Work to come

    def later(self, act: str, subject: str, delay: timedelta, *, rushed: bool = True) -> None:
        """Mollie acts on `subject` after `delay`, counted from now."""
        due = self.now + delay
        if rushed:
            late = max(due - (self.present if self._back else self.now), timedelta(0))
            due += self.rushed(late) - late
        self.connection.execute(
            "INSERT INTO task (act, subject, due_at, rushed) VALUES (%s, %s, %s, %s)", (act, subject, due, rushed)
        )


def new_id(kind: str) -> str:
    """An id that nobody guesses."""
    return PREFIXES[kind] + new_token()


def new_token() -> str:
    """Twenty-two letters and digits."""
    return "".join(DICE.choices(ALPHABET, k=22))


def stamp(moment: datetime) -> str:
    """A moment as Mollie writes it."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def moment_of(text: Any) -> datetime:
    """What `stamp` wrote."""
    return datetime.fromisoformat(str(text))
