"""Which customers are one person: merges, their undoing, and what a person's row shows.

The merges that are not undone are the edges of a forest over customers; a person is what they connect, named by its
oldest customer. So an undo gives exactly what the remaining merges say, whatever came in between.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.customers import matching
from app.db import Json

_ALONE = text("SELECT pg_advisory_xact_lock(hashtext('customer_merge'))")
_TOGETHER = text("SELECT pg_advisory_xact_lock_shared(hashtext('customer_merge'))")
_PERSONS = text("SELECT id, person_id FROM customer WHERE id = ANY(:ids)")
_LOCK = text("""
    SELECT id FROM customer WHERE id IN (SELECT person_id FROM customer WHERE id = ANY(:ids))
    ORDER BY id FOR NO KEY UPDATE
""")
# The latest by an index, and not from all: a marketplace's mailbox has tens of thousands of orders.
_LATEST = """
    SELECT x.* FROM customer m CROSS JOIN LATERAL (
      SELECT o.name, o.company, o.email, o.placed_at, o.id FROM shop_order o WHERE o.customer_id = m.id {and_more}
      ORDER BY o.placed_at DESC, o.id DESC LIMIT 1) x
    WHERE m.person_id = f.person_id ORDER BY x.placed_at DESC, x.id DESC LIMIT 1
"""
_LATEST_OF_ALL, _LATEST_WITH_MAIL = _LATEST.format(and_more=""), _LATEST.format(and_more="AND o.email <> ''")
_REFRESH = text(f"""
    UPDATE customer c SET
      name = COALESCE(l.name, ''), company = COALESCE(l.company, ''), email = COALESCE(w.email, ''),
      guest = COALESCE(f.guest, true), channel_ids = COALESCE(f.channels, '{{}}'), orders = f.orders,
      first_at = f.first_at, last_at = f.last_at, revision = c.revision + 1
    FROM (
      SELECT m.person_id, count(o.id) AS orders, min(o.placed_at) AS first_at, max(o.placed_at) AS last_at,
        bool_and(o.guest) AS guest,
        array_agg(DISTINCT o.channel_id) FILTER (WHERE o.id IS NOT NULL) AS channels
      FROM customer m LEFT JOIN shop_order o ON o.customer_id = m.id
      WHERE m.person_id = ANY(:ids) GROUP BY m.person_id) f
    LEFT JOIN LATERAL ({_LATEST_OF_ALL}) l ON true
    LEFT JOIN LATERAL ({_LATEST_WITH_MAIL}) w ON true
    WHERE c.id = f.person_id
""")  # noqa: S608  # Constants of this module.
_ADD_MERGE = text("""
    INSERT INTO customer_merge (kept_id, absorbed_id, evidence, merged_by, merged_at)
    VALUES (:kept_id, :absorbed_id, CAST(:evidence AS jsonb), :user_id, :now) RETURNING id
""")
_MOVE = text("""
    UPDATE customer c SET person_id = w.person_id, revision = c.revision + 1
    FROM unnest(CAST(:ids AS bigint[]), CAST(:persons AS bigint[])) w (id, person_id)
    WHERE c.id = w.id AND c.person_id <> w.person_id
""")
_MEMBERS = text("SELECT id FROM customer WHERE person_id = :person_id ORDER BY id")
_LIVING = text("""
    SELECT kept_id, absorbed_id FROM customer_merge
    WHERE undone_at IS NULL AND (kept_id = ANY(:ids) OR absorbed_id = ANY(:ids))
""")
# Of the pairs that a move concerns: whether they are one person now.
_PAIRS = text("""
    UPDATE customer_pair p SET joined = (l.person_id = h.person_id)
    FROM customer l, customer h
    WHERE l.id = p.low_id AND h.id = p.high_id AND p.joined <> (l.person_id = h.person_id)
      AND (p.low_id = ANY(:ids) OR p.high_id = ANY(:ids))
""")
_KEPT_APART = text("""
    SELECT EXISTS (
      SELECT 1 FROM customer a
      JOIN customer_pair p ON p.state = 'different' AND a.id IN (p.low_id, p.high_id)
      JOIN customer b ON b.id = CASE WHEN a.id = p.low_id THEN p.high_id ELSE p.low_id END
      WHERE a.person_id = :one AND b.person_id = :other)
""")


class AlreadyOne(Exception):
    """The two are one person already."""


def hold(session: Session, *, alone: bool) -> None:
    """Until the transaction ends nobody merges; `alone`: nobody else refreshes persons either, so that we may merge."""
    session.execute(_ALONE if alone else _TOGETHER)


def refresh(session: Session, customer_ids: Iterable[int]) -> None:
    """Make the persons of these customers show what their orders say, and move their pages."""
    ids = list(customer_ids)
    if not ids:
        return
    rows = session.execute(_LOCK, {"ids": ids})  # Who waited for another's order counts it in the next statement.
    session.execute(_REFRESH, {"ids": list(rows.scalars())})


def persons_of(session: Session, customer_ids: Iterable[int]) -> dict[int, int]:
    """Customer -> person."""
    return {row.id: row.person_id for row in session.execute(_PERSONS, {"ids": list(customer_ids)})}


def kept_apart(session: Session, one: int, other: int) -> bool:
    """Whether somebody said of the two persons, or of a part of each, that they are not the same."""
    return bool(session.execute(_KEPT_APART, {"one": one, "other": other}).scalar_one())


def join(session: Session, one: int, other: int, *, evidence: Json, user_id: int | None, now: datetime) -> int:
    """Make the persons of two customers one; returns the merge's id. Call `hold(alone=True)` before.

    Raises AlreadyOne.
    """
    persons = persons_of(session, (one, other))
    if persons[one] == persons[other]:
        raise AlreadyOne
    kept, absorbed = (one, other) if persons[one] < persons[other] else (other, one)
    merge_id = session.execute(_ADD_MERGE, {
        "kept_id": kept, "absorbed_id": absorbed, "evidence": json.dumps(evidence), "user_id": user_id, "now": now,
    }).scalar_one()  # fmt: skip
    members = list(session.execute(_MEMBERS, {"person_id": persons[absorbed]}).scalars())
    move(session, dict.fromkeys(members, persons[kept]))
    refresh(session, [kept])
    return int(merge_id)


def join_by_evidence(session: Session, one: int, other: int, *, now: datetime) -> None:
    """What an order's own keys say, unless a person said otherwise."""
    persons = persons_of(session, (one, other))
    if persons[one] != persons[other] and not kept_apart(session, persons[one], persons[other]):
        join(session, one, other, evidence={"agrees": ["mail", "name"], "differs": []}, user_id=None, now=now)


def part(session: Session, customer_id: int) -> None:
    """A merge of the person was undone: everybody goes where the remaining merges say."""
    person_id = persons_of(session, [customer_id])[customer_id]
    members = list(session.execute(_MEMBERS, {"person_id": person_id}).scalars())
    edges = [(row.kept_id, row.absorbed_id) for row in session.execute(_LIVING, {"ids": members})]
    roots = matching.partition(members, edges)
    move(session, roots)
    refresh(session, set(roots.values()))


def move(session: Session, persons: dict[int, int]) -> None:
    """Customer -> person, from now on."""
    session.execute(_MOVE, {"ids": list(persons), "persons": list(persons.values())})
    session.execute(_PAIRS, {"ids": list(persons)})
