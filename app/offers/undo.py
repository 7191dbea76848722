"""Taking back what an offer file changed, as long as nothing else has changed it since."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.db import Json
from app.offers.models import Offer, OfferChange

# What is the file's word about an offer, and so is taken back: everything but what identifies the row.
_COLUMNS = [
    column.name for column in Offer.__table__.columns
    if column.name not in ("id", "supplier_id", "identity", "changed_at")
]  # fmt: skip
_SET = ", ".join(f"{name} = b.{name}" for name in _COLUMNS)

# Still as the file left it? Another list sets another file, a later absence another moment.
_JUDGE = text("""
    UPDATE offer_change c SET undone = CASE
        WHEN c.kind = 'absent' AND o.absent_since IS DISTINCT FROM f.accepted_at THEN 'kept'
        WHEN c.kind <> 'absent' AND (o.offer_file_id <> c.offer_file_id OR o.absent_since IS NOT NULL) THEN 'kept'
        WHEN c.before->>'variant_id' IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM variant v WHERE v.id = (c.before->>'variant_id')::bigint) THEN 'errored'
        WHEN c.before->>'offer_file_id' IS NOT NULL AND NOT EXISTS (
             SELECT 1 FROM offer_file x WHERE x.id = (c.before->>'offer_file_id')::bigint) THEN 'errored'
        ELSE 'reversed' END
    FROM offer o, offer_file f
    WHERE c.offer_file_id = :file_id AND o.id = c.offer_id AND f.id = c.offer_file_id
""")
_RESTORE = text(f"""
    UPDATE offer o SET {_SET}, changed_at = :now
    FROM offer_change c, jsonb_populate_record(NULL::offer, c.before) b, offer was
    WHERE c.offer_file_id = :file_id AND c.undone = 'reversed' AND c.before IS NOT NULL AND o.id = c.offer_id
      AND was.id = o.id
    RETURNING o.variant_id, was.variant_id AS was
""")  # noqa: S608  # Names of our own columns.
_WITHDRAW_NEW = text("""
    UPDATE offer o SET quantity = 0, absent_since = :now, changed_at = :now
    FROM offer_change c
    WHERE c.offer_file_id = :file_id AND c.undone = 'reversed' AND c.before IS NULL AND o.id = c.offer_id
    RETURNING o.variant_id, o.variant_id AS was
""")
_BUCKETS = text("SELECT undone, count(*) FROM offer_change WHERE offer_file_id = :file_id GROUP BY 1")


def may_undo(accepted_at: datetime | None, *, now: datetime, days: int) -> bool:
    """Whether the file was applied, and not too long ago."""
    return accepted_at is not None and accepted_at + timedelta(days=days) > now


def is_remembered(session: Session, file_id: int) -> bool:
    """Whether applying the file changed any offer."""
    return (
        session.execute(select(OfferChange.offer_id).where(OfferChange.offer_file_id == file_id).limit(1)).first()
        is not None
    )


def reverse_lines(session: Session, file_id: int, *, now: datetime) -> set[int]:
    """Put back the offers that are still as the file left them; returns the variants whose offers moved, old and new.

    What became of each change is written on it; `buckets` counts. Stock, prices and listings are the caller's.
    """
    session.execute(_JUDGE, {"file_id": file_id})
    rows = [row for act in (_RESTORE, _WITHDRAW_NEW) for row in session.execute(act, {"file_id": file_id, "now": now})]
    return {variant for row in rows for variant in (row.variant_id, row.was) if variant is not None}


def buckets(session: Session, file_id: int) -> Json:
    """How many changes of the file were reversed, kept because something else changed the offer since, or errored."""
    found = {row[0]: row[1] for row in session.execute(_BUCKETS, {"file_id": file_id})}
    return {name: found.get(name, 0) for name in ("reversed", "kept", "errored")}
