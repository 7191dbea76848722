"""The clock of each supplier: when its last list came, when the next is due, and what becomes of offers without one."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

# A list that changed nothing was a list too; lines of one that were mended later are none.
LAST_LIST = """
    (SELECT max(f.uploaded_at) FROM offer_file f
     WHERE f.supplier_id = s.id AND f.state IN ('accepted', 'unchanged') AND f.corrects_id IS NULL)
"""
_STALE = f"""
    s.stale_policy <> 'keep' AND {LAST_LIST} + make_interval(days => s.stale_after_days) <= CAST(:now AS timestamptz)
"""
_TO_DECAY = """
    o.supplier_id = s.id AND o.quantity > 0 AND (s.stale_policy = 'end' OR (o.halved_at IS NULL AND o.quantity > 1))
"""
_SUPPLIERS = text(f"""
    SELECT s.id, s.code FROM supplier s
    WHERE s.active AND {_STALE} AND EXISTS (SELECT 1 FROM offer o WHERE {_TO_DECAY}) ORDER BY s.id
""")  # noqa: S608  # Constants of this module.
_DECAY = text(f"""
    UPDATE offer o SET
      quantity = CASE WHEN s.stale_policy = 'end' THEN 0 ELSE (o.quantity + 1) / 2 END,
      halved_at = CASE WHEN s.stale_policy = 'halve' THEN CAST(:now AS timestamptz) END,
      absent_since = CASE WHEN s.stale_policy = 'end' THEN CAST(:now AS timestamptz) ELSE o.absent_since END,
      changed_at = :now
    FROM supplier s WHERE s.id = :supplier_id AND {_STALE} AND {_TO_DECAY}
    RETURNING o.variant_id
""")  # noqa: S608  # Constants of this module.
_LATE = text(f"""
    SELECT s.id, s.name, {LAST_LIST} AS last_list_at,
           COALESCE({LAST_LIST}, s.created_at) + make_interval(days => s.list_every_days) AS due_at
    FROM supplier s
    WHERE s.active AND s.list_every_days IS NOT NULL
      AND COALESCE({LAST_LIST}, s.created_at) + make_interval(days => s.list_every_days) < CAST(:now AS timestamptz)
    ORDER BY due_at
""")  # noqa: S608  # Constants of this module.


class LateList(NamedTuple):
    """A supplier whose list should have come by `due_at`."""

    supplier_id: int
    supplier: str
    last_list_at: datetime | None
    due_at: datetime


def late_lists(session: Session, *, now: datetime) -> list[LateList]:
    """Suppliers whose list is overdue, the longest first."""
    return [LateList._make(row) for row in session.execute(_LATE, {"now": now})]


def stale_suppliers(session: Session, *, now: datetime) -> list[tuple[int, str]]:
    """Id and code of the suppliers whose offers are to be believed less now."""
    return [(row.id, row.code) for row in session.execute(_SUPPLIERS, {"now": now})]


def decay(session: Session, supplier_id: int, *, now: datetime) -> list[int | None]:
    """Apply the supplier's policy to its offers: halve once, or end; returns the variant of each that moved.

    The next list brings back what it names. Stock, prices and listings are the caller's.
    """
    return [row.variant_id for row in session.execute(_DECAY, {"supplier_id": supplier_id, "now": now})]
