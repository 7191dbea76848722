"""Business acts on stock. Every change is a movement; balances and sums follow in the same transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.auth import audit
from app.logs import correlation_id
from app.pricing.sales import record_shipped
from app.stock.buffers import BUFFER
from app.stock.models import MOVEMENT_KINDS, Location
from app.stock.queries import SELLABLE_OFFER


class NotEnough(Exception):
    """The movement would leave fewer than no pieces at the location."""


# Rows of zero first: a delta may be negative, and a row is checked before ON CONFLICT turns it into an update.
_OPEN_BALANCES = text(f"""
    INSERT INTO balance (variant_id, location_id, quantity)
    SELECT DISTINCT o.variant_id, CAST(:location_id AS bigint), 0
    FROM offer o JOIN supplier s ON s.id = o.supplier_id JOIN variant v ON v.id = o.variant_id
    WHERE o.supplier_id = :supplier_id AND {SELLABLE_OFFER}
    ORDER BY 1 ON CONFLICT DO NOTHING
""")  # noqa: S608  # A constant of ours.
_OPEN_SUMS = text(f"""
    INSERT INTO stock (variant_id, buffer)
    SELECT v.id, {BUFFER} FROM balance b JOIN variant v ON v.id = b.variant_id JOIN product p ON p.id = v.product_id
    WHERE b.location_id = :location_id AND NOT EXISTS (SELECT 1 FROM stock s WHERE s.variant_id = v.id)
    ORDER BY 1 ON CONFLICT DO NOTHING
""")  # noqa: S608  # A constant of ours.
_OPEN_SUM = text(f"""
    INSERT INTO stock (variant_id, buffer)
    SELECT v.id, {BUFFER} FROM variant v JOIN product p ON p.id = v.product_id WHERE v.id = :v ON CONFLICT DO NOTHING
""")  # noqa: S608  # A constant of ours.
# Orders take pieces of the same rows meanwhile: wait for them in one order, then read what they left.
_HOLD_SUMS = text("""
    WITH held AS (
      SELECT s.variant_id FROM stock s JOIN balance b ON b.variant_id = s.variant_id AND b.location_id = :location_id
      ORDER BY s.variant_id FOR UPDATE OF s)
    SELECT count(*) FROM held
""")
_SET_OFFERED = text(f"""
    WITH wanted AS (
      SELECT o.variant_id, sum(o.quantity)::int AS quantity
      FROM offer o JOIN supplier s ON s.id = o.supplier_id JOIN variant v ON v.id = o.variant_id
      WHERE o.supplier_id = :supplier_id AND {SELLABLE_OFFER}
      GROUP BY o.variant_id),
    here AS (SELECT variant_id, quantity FROM balance WHERE location_id = :location_id),
    delta AS (
      SELECT h.variant_id, COALESCE(w.quantity, 0) - h.quantity AS quantity
      FROM here h LEFT JOIN wanted w USING (variant_id)
      WHERE COALESCE(w.quantity, 0) <> h.quantity),
    moved AS (
      INSERT INTO movement (variant_id, location_id, kind, quantity, reason, reference, user_id, correlation_id)
      SELECT variant_id, :location_id, 'offered', quantity, 'offer list', :reference, :user_id, :correlation_id
      FROM delta ORDER BY variant_id RETURNING variant_id, location_id, quantity),
    balanced AS (
      UPDATE balance b SET quantity = b.quantity + m.quantity FROM moved m
      WHERE b.variant_id = m.variant_id AND b.location_id = m.location_id)
    UPDATE stock s SET offered = s.offered + m.quantity,
           present_since = CASE WHEN s.on_hand + s.offered = 0 THEN :now ELSE s.present_since END
    FROM moved m WHERE s.variant_id = m.variant_id
""")  # noqa: S608  # A constant of ours.


def set_offered(session: Session, supplier_id: int, *, reference: str, user_id: int | None, now: datetime) -> int:
    """Make the supplier's location hold what its sellable offers promise now; returns how many variants moved.

    The deltas are written as movements, and balances and sums move by them, in one statement. The caller holds the
    supplier's row, so that no other list of it moves at the same time. Raises NoResultFound without a location.
    """
    location_id = session.execute(select(Location.id).where(Location.supplier_id == supplier_id)).scalar_one()
    values = {"supplier_id": supplier_id, "location_id": location_id, "now": now}
    session.execute(_OPEN_BALANCES, values)
    session.execute(_OPEN_SUMS, {"location_id": location_id})
    session.execute(_HOLD_SUMS, {"location_id": location_id})
    values |= {"reference": reference, "user_id": user_id, "correlation_id": correlation_id()}
    moved = session.execute(_SET_OFFERED, values)
    return moved.rowcount  # type: ignore[attr-defined, no-any-return]


_MOVE = text("""
    WITH moved AS (
      INSERT INTO movement (variant_id, location_id, kind, quantity, reason, note, reference, user_id, correlation_id)
      VALUES (:variant_id, :location_id, :kind, :quantity, :reason, :note, :reference, :user_id, :correlation_id)
      RETURNING variant_id, location_id, quantity),
    balanced AS (
      UPDATE balance b SET quantity = b.quantity + m.quantity FROM moved m
      WHERE b.variant_id = m.variant_id AND b.location_id = m.location_id)
    UPDATE stock s
    SET on_hand = s.on_hand + CASE WHEN l.kind = 'warehouse' THEN m.quantity ELSE 0 END,
        offered = s.offered + CASE WHEN l.kind = 'supplier' THEN m.quantity ELSE 0 END,
        present_since = CASE WHEN s.on_hand + s.offered = 0 THEN clock_timestamp() ELSE s.present_since END
    FROM moved m JOIN location l ON l.id = m.location_id
    WHERE s.variant_id = m.variant_id
""")


def move(session: Session, *, variant_id: int, location_id: int, kind: str, quantity: int, reason: str,
         reference: str, user_id: int | None, note: str = "") -> None:  # fmt: skip
    """One movement at one location; negative pieces leave. Raises NotEnough, ValueError for an unknown kind or 0."""
    if kind not in MOVEMENT_KINDS or quantity == 0:
        raise ValueError(f"{kind} {quantity}")
    book(session, variant_id=variant_id, location_id=location_id, kind=kind, quantity=quantity, reason=reason,
         note=note, reference=reference, user_id=user_id)  # fmt: skip
    audit.record(session, act="stock.move", subject_kind="variant", subject_id=str(variant_id),
                 after={"kind": kind, "quantity": quantity, "reason": reason, "note": note})  # fmt: skip


def book(session: Session, *, variant_id: int, location_id: int, kind: str, quantity: int, reason: str,
         reference: str, user_id: int | None, note: str = "") -> None:  # fmt: skip
    """Write the movement, its balance and its sum, with the variant's sum held. Raises NotEnough."""
    place = {"v": variant_id, "l": location_id}
    session.execute(_OPEN_SUM, {"v": variant_id})
    session.execute(text("SELECT 1 FROM stock WHERE variant_id = :v FOR UPDATE"), {"v": variant_id})
    session.execute(
        text("INSERT INTO balance (variant_id, location_id, quantity) VALUES (:v, :l, 0) ON CONFLICT DO NOTHING"), place
    )
    held: int = session.execute(
        text("SELECT quantity FROM balance WHERE variant_id = :v AND location_id = :l"), place
    ).scalar_one()
    if held + quantity < 0:
        raise NotEnough(f"{held} there, {-quantity} asked")
    session.execute(
        _MOVE,
        {"variant_id": variant_id, "location_id": location_id, "kind": kind, "quantity": quantity, "reason": reason,
         "note": note, "reference": reference, "user_id": user_id, "correlation_id": correlation_id()},
    )  # fmt: skip


_TAKE = text("""
    UPDATE stock SET reserved = reserved + :more
    WHERE variant_id = :variant_id AND (:more <= 0 OR on_hand + offered - reserved - buffer >= :more)
    RETURNING variant_id
""")


def reserve(session: Session, *, variant_id: int, channel_id: int, reference: str, quantity: int) -> bool:
    """Promise so many pieces to an order line; False when not enough is available, and nothing is changed then.

    One conditional UPDATE decides, so two shops that sell the last piece at once cannot both have it. The same
    reference again is the same promise: of another quantity when the order was changed, and once more when it was
    released; what was shipped stays so. Raises ValueError for a quantity below 1. Lines of one order are to come by
    ascending variant, or two orders may wait for each other.
    """
    if quantity < 1:
        raise ValueError(f"quantity {quantity}")
    line = {"variant_id": variant_id, "channel_id": channel_id, "reference": reference}
    new = session.execute(
        text("""INSERT INTO reservation (variant_id, channel_id, reference, quantity, state)
                VALUES (:variant_id, :channel_id, :reference, :quantity, 'released')
                ON CONFLICT (channel_id, reference, variant_id) DO NOTHING RETURNING id"""),
        line | {"quantity": quantity},
    ).scalar_one_or_none()
    known = session.execute(
        text("""SELECT id, state, quantity FROM reservation WHERE channel_id = :channel_id AND reference = :reference
                AND variant_id = :variant_id FOR UPDATE"""),
        line,
    ).one()
    if known.state == "shipped" or (known.state == "held" and known.quantity == quantity):
        return True
    more = quantity - (known.quantity if known.state == "held" else 0)
    if session.execute(_TAKE, {"variant_id": variant_id, "more": more}).scalar_one_or_none() is None:
        session.execute(text("DELETE FROM reservation WHERE id = :id"), {"id": new})
        return False
    session.execute(
        text("UPDATE reservation SET state = 'held', quantity = :quantity, ended_at = NULL WHERE id = :id"),
        {"id": known.id, "quantity": quantity},
    )
    return True


# Unique per channel, reference and variant: each sum is moved by one row at most.
_END = text("""
    WITH ended AS (
      UPDATE reservation SET state = :state, ended_at = :now
      WHERE channel_id = :channel_id AND reference = :reference AND state = 'held'
      RETURNING variant_id, quantity, at)
    UPDATE stock s SET reserved = s.reserved - e.quantity FROM ended e WHERE s.variant_id = e.variant_id
    RETURNING s.variant_id, e.quantity, e.at
""")


def release(session: Session, *, channel_id: int, reference: str, now: datetime) -> int:
    """Give the pieces of an order line back; returns how many reservations ended. Safe to repeat."""
    ended = session.execute(
        _END, {"channel_id": channel_id, "reference": reference, "now": now, "state": "released"}
    ).all()
    return len(ended)


def ship(session: Session, *, channel_id: int, reference: str, location_id: int, user_id: int | None,
         now: datetime) -> int:  # fmt: skip
    """The pieces of an order line left a location; returns how many reservations ended. Safe to repeat.

    What left is sold: it stands in the ledger of sold pieces, at the price that the order was placed at. Raises
    NotEnough when the location does not hold them; nothing is changed then.
    """
    with session.begin_nested():
        ended = session.execute(
            _END, {"channel_id": channel_id, "reference": reference, "now": now, "state": "shipped"}
        ).all()
        for variant_id, quantity, ordered_at in sorted(tuple(row) for row in ended):
            record_shipped(session, channel_id=channel_id, reference=reference, variant_id=variant_id,
                           quantity=quantity, ordered_at=ordered_at, user_id=user_id, now=now)  # fmt: skip
            book(session, variant_id=variant_id, location_id=location_id, kind="shipment", quantity=-quantity,
                 reason="shipped", reference=reference, user_id=user_id)  # fmt: skip
    return len(ended)
