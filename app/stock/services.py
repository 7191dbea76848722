"""Business acts on stock. Every change is a movement; balances and sums follow in the same transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.auth import audit
from app.logs import correlation_id
from app.stock.models import MOVEMENT_KINDS


class NotEnough(Exception):
    """The movement would leave fewer than no pieces at the location."""


# Rows of zero first: a delta may be negative, and a row is checked before ON CONFLICT turns it into an update.
_OPEN_BALANCES = text("""
    INSERT INTO balance (variant_id, location_id, quantity)
    SELECT DISTINCT o.variant_id, l.id, 0 FROM offer o JOIN location l ON l.supplier_id = o.supplier_id
    WHERE o.supplier_id = :supplier_id AND o.variant_id IS NOT NULL AND o.quantity > 0
    ON CONFLICT DO NOTHING
""")
_OPEN_SUMS = text("""
    INSERT INTO stock (variant_id)
    SELECT DISTINCT variant_id FROM offer
    WHERE supplier_id = :supplier_id AND variant_id IS NOT NULL AND quantity > 0
    ON CONFLICT DO NOTHING
""")
_SET_OFFERED = text("""
    WITH place AS (SELECT id FROM location WHERE supplier_id = :supplier_id),
    wanted AS (
      SELECT variant_id, sum(quantity)::int AS quantity FROM offer
      WHERE supplier_id = :supplier_id AND variant_id IS NOT NULL AND grade IS DISTINCT FROM 'defect' AND quantity > 0
      GROUP BY variant_id),
    here AS (SELECT variant_id, quantity FROM balance, place WHERE location_id = place.id),
    delta AS (
      SELECT COALESCE(w.variant_id, h.variant_id) AS variant_id,
             COALESCE(w.quantity, 0) - COALESCE(h.quantity, 0) AS quantity
      FROM wanted w FULL JOIN here h USING (variant_id)
      WHERE COALESCE(w.quantity, 0) <> COALESCE(h.quantity, 0)),
    moved AS (
      INSERT INTO movement (variant_id, location_id, kind, quantity, reason, reference, user_id, correlation_id)
      SELECT variant_id, place.id, 'offered', quantity, 'offer list', :reference, :user_id, :correlation_id
      FROM delta, place RETURNING variant_id, location_id, quantity),
    balanced AS (
      UPDATE balance b SET quantity = b.quantity + m.quantity FROM moved m
      WHERE b.variant_id = m.variant_id AND b.location_id = m.location_id)
    UPDATE stock s SET offered = s.offered + m.quantity FROM moved m WHERE s.variant_id = m.variant_id
""")


def set_offered(session: Session, supplier_id: int, *, reference: str, user_id: int | None, now: datetime) -> int:
    """Make the supplier's location hold what its offers promise now; returns how many variants moved.

    One statement: the deltas are written as movements, and balances and sums move by them. The caller holds the
    supplier's row, so that no other list of it moves at the same time.
    """
    session.execute(_OPEN_BALANCES, {"supplier_id": supplier_id})
    session.execute(_OPEN_SUMS, {"supplier_id": supplier_id})
    moved = session.execute(
        _SET_OFFERED,
        {"supplier_id": supplier_id, "reference": reference, "user_id": user_id, "correlation_id": correlation_id()},
    )
    return moved.rowcount  # type: ignore[attr-defined, no-any-return]


_MOVE = text("""
    WITH moved AS (
      INSERT INTO movement (variant_id, location_id, kind, quantity, reason, reference, user_id, correlation_id)
      VALUES (:variant_id, :location_id, :kind, :quantity, :reason, :reference, :user_id, :correlation_id)
      RETURNING variant_id, location_id, quantity),
    balanced AS (
      UPDATE balance b SET quantity = b.quantity + m.quantity FROM moved m
      WHERE b.variant_id = m.variant_id AND b.location_id = m.location_id)
    UPDATE stock s
    SET on_hand = s.on_hand + CASE WHEN l.kind = 'warehouse' THEN m.quantity ELSE 0 END,
        offered = s.offered + CASE WHEN l.kind = 'supplier' THEN m.quantity ELSE 0 END
    FROM moved m JOIN location l ON l.id = m.location_id
    WHERE s.variant_id = m.variant_id
""")


def move(session: Session, *, variant_id: int, location_id: int, kind: str, quantity: int, reason: str,
         reference: str, user_id: int | None) -> None:  # fmt: skip
    """One movement at one location; negative pieces leave. Raises NotEnough, ValueError for an unknown kind or 0."""
    if kind not in MOVEMENT_KINDS or quantity == 0:
        raise ValueError(f"{kind} {quantity}")
    session.execute(text("INSERT INTO stock (variant_id) VALUES (:id) ON CONFLICT DO NOTHING"), {"id": variant_id})
    session.execute(text("SELECT 1 FROM stock WHERE variant_id = :id FOR UPDATE"), {"id": variant_id})
    session.execute(
        text("INSERT INTO balance (variant_id, location_id, quantity) VALUES (:v, :l, 0) ON CONFLICT DO NOTHING"),
        {"v": variant_id, "l": location_id},
    )
    held = session.execute(
        text("SELECT quantity FROM balance WHERE variant_id = :v AND location_id = :l"),
        {"v": variant_id, "l": location_id},
    ).scalar_one_or_none()
    if (held or 0) + quantity < 0:
        raise NotEnough(f"{held or 0} there, {-quantity} asked")
    session.execute(
        _MOVE,
        {"variant_id": variant_id, "location_id": location_id, "kind": kind, "quantity": quantity, "reason": reason,
         "reference": reference, "user_id": user_id, "correlation_id": correlation_id()},
    )  # fmt: skip
    audit.record(session, act="stock.move", subject_kind="variant", subject_id=str(variant_id),
                 after={"kind": kind, "quantity": quantity, "reason": reason})  # fmt: skip


def reserve(session: Session, *, variant_id: int, channel_id: int, reference: str, quantity: int) -> bool:
    """Promise pieces to an order line; False when not enough is available, and nothing is changed then.

    One conditional UPDATE decides, so two shops that sell the last piece at once cannot both have it. The same
    reference twice is one reservation.
    """
    new = session.execute(
        text("""INSERT INTO reservation (variant_id, channel_id, reference, quantity, state)
                VALUES (:variant_id, :channel_id, :reference, :quantity, 'held')
                ON CONFLICT (channel_id, reference, variant_id) DO NOTHING RETURNING id"""),
        {"variant_id": variant_id, "channel_id": channel_id, "reference": reference, "quantity": quantity},
    ).scalar_one_or_none()
    if new is None:
        return True
    taken = session.execute(
        text("""UPDATE stock SET reserved = reserved + :quantity
                WHERE variant_id = :variant_id AND on_hand + offered - reserved - buffer >= :quantity
                RETURNING variant_id"""),
        {"variant_id": variant_id, "quantity": quantity},
    ).scalar_one_or_none()
    if taken is None:
        session.execute(text("DELETE FROM reservation WHERE id = :id"), {"id": new})
        return False
    return True


def release(session: Session, *, channel_id: int, reference: str, now: datetime) -> int:
    """Give the pieces of an order line back; returns how many reservations ended. Safe to repeat."""
    ended = session.execute(
        text("""WITH ended AS (
                  UPDATE reservation SET state = 'released', ended_at = :now
                  WHERE channel_id = :channel_id AND reference = :reference AND state = 'held'
                  RETURNING variant_id, quantity)
                UPDATE stock s SET reserved = s.reserved - e.quantity FROM ended e WHERE s.variant_id = e.variant_id"""),
        {"channel_id": channel_id, "reference": reference, "now": now},
    )
    return ended.rowcount  # type: ignore[attr-defined, no-any-return]
