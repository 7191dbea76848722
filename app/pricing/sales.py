"""The ledger of sold pieces: what was sold for how much, and bought for how much. VAT is declared by it.

`app.stock.services.ship` writes what leaves, at the price that was in force when the order was placed. What a person
enters says itself what it was sold for.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.auth import audit
from app.extensions import settings
from app.pricing.models import SoldLine
from app.pricing.queries import vat_percent_on


class KnownAlready(Exception):
    """The ledger has this sale, or this return, of the order line already."""


_SHIPPED = text("""
    INSERT INTO sold_line (kind, channel_id, reference, variant_id, quantity, gross, purchase, vat_scheme, vat_percent,
                           sold_on, price_id, user_id)
    SELECT 'sale', p.channel_id, :reference, p.variant_id, :quantity, p.gross, p.purchase, p.vat_scheme, r.percent,
           :day, p.id, :user_id
    FROM price p CROSS JOIN LATERAL (
      SELECT percent FROM vat_rate WHERE country = :country AND valid_from <= :day ORDER BY valid_from DESC LIMIT 1) r
    WHERE p.variant_id = :variant_id AND p.channel_id = :channel_id AND p.purchase IS NOT NULL
      AND p.valid_from <= :ordered_at AND (p.valid_until IS NULL OR p.valid_until > :ordered_at)
    ORDER BY p.id DESC LIMIT 1
    ON CONFLICT DO NOTHING
""")


def record_shipped(session: Session, *, channel_id: int, reference: str, variant_id: int, quantity: int,
                   ordered_at: datetime, user_id: int | None, now: datetime) -> bool:  # fmt: skip
    """Write what left for an order line at the price of that moment; False: nobody knows that price. Safe to repeat.

    Then it stands among `unpriced`, until a person says what it was sold for.
    """
    written = session.execute(
        _SHIPPED,
        {"channel_id": channel_id, "reference": reference, "variant_id": variant_id, "quantity": quantity,
         "ordered_at": ordered_at, "user_id": user_id, "country": settings().vat_country, "day": _day(now)},
    )  # fmt: skip
    return bool(written.rowcount)  # type: ignore[attr-defined]


def _day(now: datetime) -> date:
    return now.astimezone(ZoneInfo(settings().timezone)).date()


class Sale(NamedTuple):
    """What a person enters. EUR a piece; `quantity` below zero: pieces that came back."""

    channel_id: int
    reference: str
    variant_id: int
    quantity: int
    gross: Decimal
    purchase: Decimal
    vat_scheme: str
    sold_on: date


def enter(session: Session, sale: Sale, *, user_id: int | None) -> int:
    """Write a sale or a return; returns the line's id. Raises KnownAlready, UnknownRate."""
    percent = vat_percent_on(session, settings().vat_country, sale.sold_on)
    line = SoldLine(
        kind="sale" if sale.quantity > 0 else "return", vat_percent=percent, user_id=user_id, **sale._asdict()
    )
    try:
        with session.begin_nested():
            session.add(line)
            session.flush()
    except IntegrityError as error:
        raise KnownAlready(sale.reference) from error
    audit.record(session, act="pricing.sale", subject_kind="variant", subject_id=str(sale.variant_id),
                 after=sale._asdict())  # fmt: skip
    return line.id


def take_back(session: Session, sale_id: int, *, pieces: int, reference: str, user_id: int | None,
              now: datetime) -> int:  # fmt: skip
    """Pieces of a sale came back: a return at the amounts of the sale, of today's period; its VAT rate is the sale's.

    `reference`: of the return. Raises KnownAlready.
    """
    sold = session.get_one(SoldLine, sale_id)
    line = SoldLine(
        kind="return", channel_id=sold.channel_id, reference=reference, variant_id=sold.variant_id, quantity=-pieces,
        gross=sold.gross, purchase=sold.purchase, vat_scheme=sold.vat_scheme, vat_percent=sold.vat_percent,
        sold_on=_day(now), price_id=sold.price_id, user_id=user_id,
    )  # fmt: skip
    try:
        with session.begin_nested():
            session.add(line)
            session.flush()
    except IntegrityError as error:
        raise KnownAlready(reference) from error
    audit.record(session, act="pricing.return", subject_kind="variant", subject_id=str(sold.variant_id),
                 after={"sale": sale_id, "pieces": pieces, "reference": reference})  # fmt: skip
    return line.id


class SoldRow(NamedTuple):
    id: int
    sold_on: date
    channel: str
    reference: str
    variant_id: int
    sku: str
    name: str
    quantity: int
    gross: Decimal
    purchase: Decimal
    vat_scheme: str
    vat_percent: Decimal
    price_id: int | None


_LINES = text("""
    SELECT l.id, l.sold_on, c.name, l.reference, l.variant_id, v.sku, v.name, l.quantity, l.gross, l.purchase,
           l.vat_scheme, l.vat_percent, l.price_id
    FROM sold_line l JOIN channel c ON c.id = l.channel_id JOIN variant v ON v.id = l.variant_id
    WHERE l.sold_on >= :since AND l.sold_on < :until AND l.id > :after
    ORDER BY l.id LIMIT :limit
""")


def sold_lines(session: Session, *, since: date, until: date, after: int = 0,
               limit: int | None = None) -> list[SoldRow]:  # fmt: skip
    """What was sold from `since` to the day before `until`, by the order of writing; `limit` + 1 rows at most."""
    here = {"since": since, "until": until, "after": after, "limit": None if limit is None else limit + 1}
    return [SoldRow._make(row) for row in session.execute(_LINES, here)]


class Unpriced(NamedTuple):
    """Pieces that left for an order line, and stand in no sale."""

    reference: str
    variant_id: int
    sku: str
    name: str
    quantity: int
    at: datetime
    channel_id: int
    channel: str


_UNPRICED = text("""
    SELECT r.reference, r.variant_id, v.sku, v.name, r.quantity, r.ended_at, c.id, c.name
    FROM reservation r JOIN variant v ON v.id = r.variant_id JOIN channel c ON c.id = r.channel_id
    WHERE r.state = 'shipped' AND NOT EXISTS (
      SELECT 1 FROM sold_line l WHERE l.channel_id = r.channel_id AND l.reference = r.reference
        AND l.variant_id = r.variant_id AND l.kind = 'sale')
    ORDER BY r.id DESC LIMIT :limit
""")


def unpriced(session: Session, *, limit: int) -> Sequence[Unpriced]:
    """What left without anybody knowing for how much, the latest first."""
    return [Unpriced._make(row) for row in session.execute(_UNPRICED, {"limit": limit})]
