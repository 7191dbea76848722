"""Stock that orders keep from being sold again: promised on arrival, given back, or gone with the parcel.

What an order wants follows from what it is now, so that the same look twice, or events out of order, end the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.orders.services import note
from app.pricing.sales import record_shipped
from app.stock import services as stock

# What a line wants. An order that was gone through before we knew it moves nothing: nothing was promised to it.
_WANTED = """
    CASE WHEN o.gone_at IS NOT NULL OR o.state = 'cancelled' OR o.delivery_state = 'cancelled' THEN 'released'
         WHEN o.delivery_state IN ('shipped', 'shipped_partially', 'returned', 'returned_partially')
           OR o.state = 'completed' THEN 'shipped'
         WHEN o.payment_state IN ('cancelled', 'failed', 'refunded', 'chargeback') AND o.read_at < :given_up
           THEN 'released'
         ELSE 'held' END
"""
# Pieces of a line that money went back for, and that may be sold again; a refund that names no line is of them all.
_BACK = """
    COALESCE((SELECT sum(CASE WHEN f.lines = '[]' THEN l.quantity ELSE
                (SELECT COALESCE(sum((x.value->>1)::int), 0) FROM jsonb_array_elements(f.lines) x (value)
                 WHERE (x.value->>0)::bigint = l.id) END)
              FROM payment p JOIN refund f ON f.payment_id = p.id
              WHERE p.order_id = l.order_id AND f.returns AND f.state IN ('pending', 'processed')), 0)
"""
_LINES = text(f"""
    SELECT id, order_id, external_id, variant_id, CASE WHEN left_over > 0 THEN left_over ELSE quantity END AS quantity,
           label, promise, CASE WHEN wanted = 'held' AND left_over <= 0 THEN 'released' ELSE wanted END AS wanted,
           placed_at
    FROM (SELECT l.*, {_WANTED} AS wanted, o.placed_at, CAST(l.quantity - {_BACK} AS int) AS left_over
          FROM order_line l JOIN shop_order o ON o.id = l.order_id
          WHERE l.order_id = ANY(:ids) AND l.variant_id IS NOT NULL AND l.quantity > 0) w
    ORDER BY variant_id, id
""")  # noqa: S608  # A constant of this module.
# Promises of lines that the order does not have any more.
_STRAY = text("""
    SELECT r.reference, r.variant_id FROM reservation r
    WHERE r.channel_id = :channel_id AND r.state = 'held' AND r.reference = ANY(:lines)
""")
_PROMISED = text("UPDATE order_line SET promise = :promise WHERE id = :id")
_SHORT = text("""
    UPDATE shop_order o SET short = s.short, revision = o.revision + 1
    FROM (SELECT i.id, EXISTS (SELECT 1 FROM order_line l WHERE l.order_id = i.id AND l.promise = 'short') AS short
          FROM unnest(CAST(:ids AS bigint[])) i (id)) s
    WHERE o.id = s.id AND o.short <> s.short
""")
_PLACE = text("""
    SELECT b.location_id FROM balance b JOIN location l ON l.id = b.location_id
    WHERE b.variant_id = :variant_id AND b.quantity >= :quantity
    ORDER BY l.kind <> 'warehouse', l.id LIMIT 1
""")


class _Line(NamedTuple):
    id: int
    order_id: int
    external_id: str
    variant_id: int
    quantity: int
    label: str
    promise: str
    wanted: str
    placed_at: datetime


def keep(session: Session, channel_id: int, order_ids: Sequence[int], *, dropped: Sequence[str] = (),
         now: datetime, given_up: datetime) -> set[int]:  # fmt: skip
    """Bring promises in line with the orders; returns the variants of which something moved, or should have.

    `dropped`: lines that the orders do not have any more. `given_up`: an order whose payment failed or went back, and
    that was last heard of before, keeps nothing.
    """
    rows = session.execute(_LINES, {"ids": list(order_ids), "given_up": given_up})
    lines = [_Line._make(row) for row in rows]
    moved = _drop(session, channel_id, dropped, now=now)
    for line in lines:
        promise = _settled(session, channel_id, line, now=now)
        if promise != line.promise:
            session.execute(_PROMISED, {"id": line.id, "promise": promise})
            note(session, line.order_id, "stock", _facts(line, promise), now=now)
            moved.add(line.variant_id)
    session.execute(_SHORT, {"ids": list(order_ids)})
    return moved


def _facts(line: _Line, promise: str) -> dict[str, Any]:
    return {"variant_id": line.variant_id, "label": line.label, "quantity": line.quantity, "from": line.promise,
            "to": promise}  # fmt: skip


def _drop(session: Session, channel_id: int, lines: Sequence[str], *, now: datetime) -> set[int]:
    moved = set()
    for row in session.execute(_STRAY, {"channel_id": channel_id, "lines": list(lines)}).all():
        stock.release(session, channel_id=channel_id, reference=row.reference, now=now)
        moved.add(row.variant_id)
    return moved


def _settled(session: Session, channel_id: int, line: _Line, *, now: datetime) -> str:
    """What became of the line's promise."""
    if line.wanted == "held":
        held = stock.reserve(session, variant_id=line.variant_id, channel_id=channel_id, reference=line.external_id,
                             quantity=line.quantity)  # fmt: skip
        return "held" if held else "short"
    if line.promise not in ("held", "short"):
        return line.promise
    if line.wanted == "released":
        stock.release(session, channel_id=channel_id, reference=line.external_id, now=now)
        return "released"
    place = session.execute(_PLACE, {"variant_id": line.variant_id, "quantity": line.quantity}).scalar_one_or_none()
    if place is None:  # It left all the same, from where nobody booked it in: sold, and kept no longer.
        stock.release(session, channel_id=channel_id, reference=line.external_id, now=now)
        record_shipped(session, channel_id=channel_id, reference=line.external_id, variant_id=line.variant_id,
                       quantity=line.quantity, ordered_at=line.placed_at, user_id=None, now=now)  # fmt: skip
        return "shipped"
    stock.ship(session, channel_id=channel_id, reference=line.external_id, location_id=place, user_id=None, now=now)
    return "shipped"
