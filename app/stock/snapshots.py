"""Daily snapshots: what stock there was, what it cost, how old it was, and what it was sold for. They never change.

A piece on hand costs what its variant last was priced by (landed, the cheaper storefront's); a piece at a supplier
what the supplier's cheapest sellable offer of the variant costs; both are None while nobody knows. Ages are first in,
first out: of what is there, the pieces that came last are the youngest.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.extensions import settings
from app.stock.queries import SELLABLE_OFFER

BANDS = ("days_14", "days_30", "days_60", "days_90", "days_more")
_NAMES = ", ".join(BANDS)
_OF_AGES = ", ".join(f"a.{band}" for band in BANDS)
_PIECES = ", ".join(f"sum(s.{band})" for band in BANDS)
_WORTH = ", ".join(f"COALESCE(sum(s.{band} * s.cost), 0)" for band in BANDS)


class Taken(NamedTuple):
    """`new`: this call wrote the day; else it was written before, and the counts are 0."""

    day: date
    new: bool
    balances: int
    listings: int


# One statement, and so one moment: balances, sums and listings agree with each other.
_TAKE = text(f"""
    WITH today AS (
      INSERT INTO snapshot (day, taken_at) VALUES (:day, :now) ON CONFLICT DO NOTHING RETURNING day),
    here AS (
      SELECT b.variant_id, b.location_id, b.quantity, l.kind, l.supplier_id
      FROM balance b JOIN location l ON l.id = b.location_id WHERE b.quantity > 0 AND EXISTS (SELECT 1 FROM today)),
    came AS (  -- `later`: pieces that came after these.
      SELECT h.variant_id, h.location_id, h.quantity AS there, m.quantity,
             CAST(:day AS date) - (m.at AT TIME ZONE :timezone)::date AS days,
             sum(m.quantity) OVER (PARTITION BY m.variant_id, m.location_id ORDER BY m.id DESC) - m.quantity AS later
      FROM here h JOIN movement m ON m.variant_id = h.variant_id AND m.location_id = h.location_id
      WHERE m.quantity > 0),
    aged AS (
      SELECT variant_id, location_id, days, LEAST(quantity, there - later) AS left_over FROM came WHERE later < there),
    bands AS (
      SELECT variant_id, location_id,
             COALESCE(sum(left_over) FILTER (WHERE days <= 14), 0) AS days_14,
             COALESCE(sum(left_over) FILTER (WHERE days BETWEEN 15 AND 30), 0) AS days_30,
             COALESCE(sum(left_over) FILTER (WHERE days BETWEEN 31 AND 60), 0) AS days_60,
             COALESCE(sum(left_over) FILTER (WHERE days BETWEEN 61 AND 90), 0) AS days_90,
             COALESCE(sum(left_over) FILTER (WHERE days > 90), 0) AS days_more
      FROM aged GROUP BY 1, 2),
    bought AS (
      SELECT variant_id, min(landed_cost) AS cost FROM price WHERE valid_until IS NULL GROUP BY 1),
    offered AS (
      SELECT o.supplier_id, o.variant_id, min(o.price_eur) AS cost
      FROM offer o JOIN supplier s ON s.id = o.supplier_id JOIN variant v ON v.id = o.variant_id
      WHERE {SELLABLE_OFFER} GROUP BY 1, 2),
    balances AS (
      INSERT INTO stock_snapshot (day, variant_id, location_id, quantity, cost, {_NAMES})
      SELECT t.day, h.variant_id, h.location_id, h.quantity,
             CASE WHEN h.kind = 'warehouse' THEN p.cost ELSE o.cost END, {_OF_AGES}
      FROM today t CROSS JOIN here h JOIN bands a USING (variant_id, location_id)
      LEFT JOIN bought p ON p.variant_id = h.variant_id
      LEFT JOIN offered o ON o.variant_id = h.variant_id AND o.supplier_id = h.supplier_id
      RETURNING 1),
    sums AS (
      INSERT INTO sum_snapshot (day, variant_id, on_hand, offered, reserved, buffer, available)
      SELECT t.day, s.variant_id, s.on_hand, s.offered, s.reserved, s.buffer, s.available
      FROM today t CROSS JOIN stock s WHERE s.on_hand + s.offered + s.reserved > 0),
    listings AS (
      INSERT INTO listing_snapshot (day, variant_id, channel_id, state, shown, price_gross)
      SELECT t.day, l.variant_id, l.channel_id, l.state, l.stock, l.price_gross FROM today t CROSS JOIN listing l
      RETURNING 1)
    SELECT (SELECT count(*) FROM today), (SELECT count(*) FROM balances), (SELECT count(*) FROM listings)
""")  # noqa: S608  # Constants of ours.


def take(session: Session, *, now: datetime) -> Taken:
    """Write down the day that it is in Amsterdam, unless it is written already."""
    zone = settings().timezone
    day = now.astimezone(ZoneInfo(zone)).date()
    row = session.execute(_TAKE, {"day": day, "now": now, "timezone": zone}).one()
    return Taken(day, bool(row[0]), row[1], row[2])


class Value(NamedTuple):
    """Stock of a day of one kind of location. `value`: EUR; `unvalued`: pieces that nobody knows the cost of."""

    day: date
    kind: str
    pieces: int
    value: Decimal
    unvalued: int
    bands: tuple[int, ...]  # Pieces by age, as BANDS.
    band_values: tuple[Decimal, ...]  # EUR, as BANDS.


_VALUES = text(f"""
    SELECT s.day, l.kind, sum(s.quantity), COALESCE(sum(s.quantity * s.cost), 0),
           COALESCE(sum(s.quantity) FILTER (WHERE s.cost IS NULL), 0),
           {_PIECES},
           {_WORTH}
    FROM stock_snapshot s JOIN location l ON l.id = s.location_id
    WHERE s.day IN (SELECT day FROM snapshot ORDER BY day DESC LIMIT :days)
    GROUP BY 1, 2 ORDER BY 1 DESC, 2 DESC
""")  # noqa: S608  # Names of ours.


def values(session: Session, *, days: int) -> list[Value]:
    """The latest days, newest first; of each day the warehouses, then the suppliers, as far as they held anything."""
    count = len(BANDS)
    return [
        Value._make([*row[:5], tuple(row[5 : 5 + count]), tuple(row[5 + count :])])
        for row in session.execute(_VALUES, {"days": days})
    ]


class OldStock(NamedTuple):
    variant_id: int
    sku: str
    name: str
    location: str
    quantity: int
    older: int  # Pieces that came more than 60 days before.
    value: Decimal | None  # EUR, of the older ones.


_OLD = text("""
    SELECT v.id, v.sku, v.name, l.name, s.quantity, s.days_90 + s.days_more, (s.days_90 + s.days_more) * s.cost
    FROM stock_snapshot s JOIN variant v ON v.id = s.variant_id JOIN location l ON l.id = s.location_id
    WHERE s.day = (SELECT max(day) FROM snapshot) AND l.kind = 'warehouse' AND s.days_90 + s.days_more > 0
    ORDER BY (s.days_90 + s.days_more) * s.cost DESC NULLS LAST, v.sku LIMIT :limit
""")


def oldest(session: Session, *, limit: int) -> Sequence[OldStock]:
    """Of the last snapshot what lies in our warehouses for more than 60 days, the most money first."""
    return [OldStock._make(row) for row in session.execute(_OLD, {"limit": limit})]


class DayOfVariant(NamedTuple):
    day: date
    available: int
    on_hand: int
    offered: int
    price_gross: Decimal | None  # EUR, the lowest of the storefronts.


_OF_VARIANT = text("""
    SELECT s.day, s.available, s.on_hand, s.offered,
           (SELECT min(l.price_gross) FROM listing_snapshot l
            WHERE l.day = s.day AND l.variant_id = s.variant_id AND l.shown > 0)
    FROM sum_snapshot s
    WHERE s.variant_id = :variant_id AND s.day IN (SELECT day FROM snapshot ORDER BY day DESC LIMIT :days)
    ORDER BY s.day DESC
""")


def of_variant(session: Session, variant_id: int, *, days: int) -> list[DayOfVariant]:
    """The latest days of a variant, newest first."""
    rows = session.execute(_OF_VARIANT, {"variant_id": variant_id, "days": days})
    return [DayOfVariant._make(row) for row in rows]
