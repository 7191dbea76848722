"""Reads of stock."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select, text, tuple_
from sqlalchemy.orm import Session

from app.auth.models import User
from app.catalog.models import Variant
from app.channels.models import Channel
from app.stock.models import Balance, Location, Movement, Reservation, Stock

# Of an offer `o` of supplier `s` for variant `v`, with `:now`: may it be sold? An absent offer may only while the
# supplier's grace lasts, and none for more than a million. Stock and prices must agree on it, or there is stock without
# a price.
SELLABLE_OFFER = """
    o.quantity > 0 AND o.price_eur <= 1000000 AND o.grade = v.grade AND v.active AND s.active
    AND (o.absent_since IS NULL OR (s.import_mode = 'full_with_grace'
         AND o.absent_since + make_interval(days => s.grace_days) > CAST(:now AS timestamptz)))
"""


class StockRow(NamedTuple):
    variant_id: int
    sku: str
    name: str
    grade: str
    available: int
    on_hand: int
    offered: int
    reserved: int
    buffer: int
    shortage: int


def stock(session: Session, *, grade: str | None, only: str | None, sku: str | None, after: str | None,
          limit: int) -> list[StockRow]:  # fmt: skip
    """Stock by SKU after `after`; `only`: available, reserved or shortage. `limit` + 1 rows at most."""
    statement = (
        select(Variant.id, Variant.sku, Variant.name, Variant.grade, Stock.available, Stock.on_hand, Stock.offered,
               Stock.reserved, Stock.buffer, Stock.shortage)
        .join(Variant, Variant.id == Stock.variant_id)
        .order_by(Variant.sku)
        .limit(limit + 1)
    )  # fmt: skip
    if grade:
        statement = statement.where(Variant.grade == grade)
    if only in ("available", "reserved", "shortage"):
        statement = statement.where(getattr(Stock, only) > 0)
    if sku:
        statement = statement.where(Variant.sku.startswith(sku.upper(), autoescape=True))
    if after:
        statement = statement.where(Variant.sku > after)
    return [StockRow._make(row) for row in session.execute(statement)]


def of_variant(session: Session, variant_id: int) -> Stock | None:
    """The sum of a variant, read fresh; None when nothing ever moved."""
    return session.execute(
        select(Stock).where(Stock.variant_id == variant_id), execution_options={"populate_existing": True}
    ).scalar_one_or_none()


class MovementRow(NamedTuple):
    id: int
    at: datetime
    variant_id: int
    sku: str
    location_id: int
    location: str
    kind: str
    quantity: int
    reason: str
    note: str
    reference: str
    who: str | None


def movements(session: Session, *, variant_id: int | None = None, kind: str | None = None,
              location_id: int | None = None, reference: str | None = None, since: datetime | None = None,
              until: datetime | None = None, before: tuple[datetime, int] | None = None, limit: int) -> list[
    MovementRow
]:  # fmt: skip
    """The latest movements, `since` and before `until`; `before`: moment and id of the row that the page follows.

    `reference` is exact. `limit` + 1 rows at most.
    """
    statement = (
        select(Movement.id, Movement.at, Movement.variant_id, Variant.sku, Movement.location_id, Location.name,
               Movement.kind, Movement.quantity, Movement.reason, Movement.note, Movement.reference, User.name)
        .join(Location, Location.id == Movement.location_id)
        .join(Variant, Variant.id == Movement.variant_id)
        .outerjoin(User, User.id == Movement.user_id)
        .order_by(Movement.at.desc(), Movement.id.desc())
        .limit(limit + 1)
    )  # fmt: skip
    exact = {"variant_id": variant_id, "kind": kind, "location_id": location_id, "reference": reference}
    for name, value in exact.items():
        if value is not None:
            statement = statement.where(getattr(Movement, name) == value)
    if since is not None:
        statement = statement.where(Movement.at >= since)
    if until is not None:
        statement = statement.where(Movement.at < until)
    if before is not None:
        statement = statement.where(tuple_(Movement.at, Movement.id) < before)
    return [MovementRow._make(row) for row in session.execute(statement)]


class HeldRow(NamedTuple):
    """`held` pieces of an order line at a storefront."""

    channel: str
    reference: str
    quantity: int
    at: datetime


def reservations(session: Session, variant_id: int, *, limit: int = 50) -> list[HeldRow]:
    """Who holds pieces of the variant now, the longest first."""
    statement = (
        select(Channel.name, Reservation.reference, Reservation.quantity, Reservation.at)
        .join(Channel, Channel.id == Reservation.channel_id)
        .where(Reservation.variant_id == variant_id, Reservation.state == "held")
        .order_by(Reservation.at, Reservation.id)
        .limit(limit)
    )
    return [HeldRow._make(row) for row in session.execute(statement)]


def balances(session: Session, variant_id: int) -> list[tuple[str, int]]:
    """Location name and pieces there."""
    statement = select(Location.name, Balance.quantity).join(Location, Location.id == Balance.location_id)
    rows = session.execute(statement.where(Balance.variant_id == variant_id, Balance.quantity > 0))
    return [(row[0], row[1]) for row in rows]


def warehouse_id(session: Session) -> int:
    """Our own warehouse."""
    return (
        session.execute(select(Location.id).where(Location.kind == "warehouse").order_by(Location.id)).scalars().one()
    )


def ledger_differences(session: Session) -> int:
    """How many balances and sums differ from their movements or reservations. Anything but 0 is a defect."""
    differences: int = session.execute(
        text("""
            SELECT (SELECT count(*) FROM
                     (SELECT variant_id, location_id, sum(quantity) AS q FROM movement GROUP BY 1, 2) m
                     FULL JOIN balance b USING (variant_id, location_id)
                     WHERE COALESCE(m.q, 0) <> COALESCE(b.quantity, 0))
                 + (SELECT count(*) FROM stock s LEFT JOIN
                     (SELECT b.variant_id, sum(b.quantity) FILTER (WHERE l.kind = 'warehouse') AS on_hand,
                             sum(b.quantity) FILTER (WHERE l.kind = 'supplier') AS offered
                      FROM balance b JOIN location l ON l.id = b.location_id GROUP BY 1) b USING (variant_id)
                    WHERE s.on_hand <> COALESCE(b.on_hand, 0) OR s.offered <> COALESCE(b.offered, 0))
                 + (SELECT count(*) FROM stock s FULL JOIN
                     (SELECT variant_id, sum(quantity) AS held FROM reservation WHERE state = 'held' GROUP BY 1) r
                     USING (variant_id)
                    WHERE COALESCE(s.reserved, 0) <> COALESCE(r.held, 0))
        """)
    ).scalar_one()
    return differences


def totals(session: Session) -> tuple[int, int]:
    """Variants with something available, and pieces available."""
    row = session.execute(
        select(func.count(), func.coalesce(func.sum(Stock.available), 0)).where(Stock.available > 0)
    ).one()
    return row[0], row[1]
