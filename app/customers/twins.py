"""Customers that may be the same: found by what they share, after the orders that say so were committed.

Whoever commits last of two sees both, so no pair is missed; `customer_look` names whom to compare.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.customers import matching, persons

AT_ONCE = 500  # Customers per transaction.
LATEST = 50  # Orders of a customer, and orders that share a phone number, that are looked at.
_TAKE = text("""
    DELETE FROM customer_look WHERE customer_id IN (
      SELECT customer_id FROM customer_look ORDER BY customer_id LIMIT :limit FOR UPDATE SKIP LOCKED)
    RETURNING customer_id
""")
_SAID = text("""
    SELECT DISTINCT c.id, k.kind, k.value
    FROM unnest(CAST(:ids AS bigint[])) c (id)
    CROSS JOIN LATERAL (SELECT o.id FROM shop_order o WHERE o.customer_id = c.id
                        ORDER BY o.placed_at DESC, o.id DESC LIMIT :latest) o
    JOIN order_key k ON k.order_id = o.id AND k.kind = ANY(:kinds)
""")
# Persons who share a value with these, unless too many do; a pair of customers for each two persons that nobody has
# told apart, with all that they share.
_PAIRS = text("""
    WITH shared AS (
      SELECT s.id, s.kind, s.value, o.customer_id AS other, m.person_id AS person, x.person_id AS others
      FROM unnest(CAST(:ids AS bigint[]), CAST(:kinds AS text[]), CAST(:values AS text[])) s (id, kind, value)
      JOIN customer m ON m.id = s.id
      CROSS JOIN LATERAL (
        SELECT DISTINCT o.customer_id FROM (
          SELECT k.order_id FROM order_key k WHERE k.value = s.value AND k.kind = s.kind
          ORDER BY k.placed_at DESC LIMIT :latest) k
        JOIN shop_order o ON o.id = k.order_id WHERE o.customer_id IS NOT NULL) o
      JOIN customer x ON x.id = o.customer_id),
    few AS (SELECT kind, value FROM shared GROUP BY kind, value HAVING count(DISTINCT others) <= :too_many),
    found AS (
      SELECT least(s.id, s.other) AS low_id, greatest(s.id, s.other) AS high_id,
             array_agg(DISTINCT CAST(s.kind AS varchar)) AS kinds
      FROM shared s JOIN few USING (kind, value)
      WHERE s.person <> s.others AND NOT EXISTS (
        SELECT 1 FROM customer a
        JOIN customer_pair d ON d.state = 'different' AND a.id IN (d.low_id, d.high_id)
        JOIN customer b ON b.id = CASE WHEN a.id = d.low_id THEN d.high_id ELSE d.low_id END
        WHERE a.person_id = s.person AND b.person_id = s.others)
      GROUP BY 1, 2)
    INSERT INTO customer_pair AS p (low_id, high_id, kinds, found_at)
    SELECT low_id, high_id, kinds, :now FROM found ORDER BY low_id, high_id
    ON CONFLICT (low_id, high_id) DO UPDATE SET kinds = excluded.kinds
    WHERE p.state = 'open' AND p.kinds <> excluded.kinds
    RETURNING low_id, high_id
""")
_MOVED = text("""
    UPDATE customer SET revision = revision + 1 WHERE id IN (
      SELECT id FROM customer WHERE id IN (SELECT person_id FROM customer WHERE id = ANY(:ids))
      ORDER BY id FOR NO KEY UPDATE)
""")


def look(session: Session, *, limit: int = AT_ONCE, now: datetime) -> int:
    """Compare customers of whom something was read with all others; returns how many were compared."""
    ids = sorted(session.execute(_TAKE, {"limit": limit}).scalars())
    if not ids:
        return 0
    persons.hold(session, alone=False)
    said = [
        row for row in session.execute(_SAID, {"ids": ids, "kinds": list(matching.ASKED), "latest": LATEST})
        if row.kind != "mail" or matching.personal(row.value)
    ]  # fmt: skip
    pairs = session.execute(_PAIRS, {
        "ids": [row.id for row in said], "kinds": [row.kind for row in said], "values": [row.value for row in said],
        "latest": LATEST, "too_many": matching.TOO_MANY, "now": now,
    }).all()  # fmt: skip
    moved: Sequence[int] = sorted({id_ for pair in pairs for id_ in pair})
    if moved:
        session.execute(_MOVED, {"ids": moved})
    return len(ids)
