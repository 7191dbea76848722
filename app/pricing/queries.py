"""Reads of rates, rules and prices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.catalog.models import Variant
from app.channels.models import Channel
from app.pricing.best_offer import Candidate
from app.pricing.models import ExchangeRate, Price, PriceRule, VatRate
from app.pricing.ranking import PINNED
from app.pricing.rules import Rule
from app.stock.queries import SELLABLE_OFFER


class UnknownRate(Exception):
    """There is no rate for the country or currency on that day."""


def vat_percent_on(session: Session, country: str, day: date) -> Decimal:
    """The standard VAT rate in per cent. Raises UnknownRate."""
    percent = session.execute(
        select(VatRate.percent)
        .where(VatRate.country == country, VatRate.valid_from <= day)
        .order_by(VatRate.valid_from.desc())
        .limit(1)
    ).scalar_one_or_none()
    if percent is None:
        raise UnknownRate(f"no VAT rate for {country} on {day}")
    return percent


def eur_rate(session: Session, currency: str, day: date) -> Decimal:
    """Units of the currency for 1 EUR, as last published on or before the day. Raises UnknownRate."""
    if currency == "EUR":
        return Decimal(1)
    rate = session.execute(
        select(ExchangeRate.per_eur)
        .where(ExchangeRate.currency == currency, ExchangeRate.day <= day)
        .order_by(ExchangeRate.day.desc())
        .limit(1)
    ).scalar_one_or_none()
    if rate is None:
        raise UnknownRate(f"no exchange rate for {currency} on {day}")
    return rate


def rules_of(session: Session, channel_id: int | None) -> list[Rule]:
    """The channel's rules and those of every channel, in order; None: only those of every channel."""
    rows = session.execute(
        select(PriceRule)
        .where(PriceRule.active, PriceRule.channel_id.is_(None) | (PriceRule.channel_id == channel_id))
        .order_by(PriceRule.position, PriceRule.id)
    ).scalars()
    return [Rule(row.name, row.kind, row.where, row.parameters) for row in rows]


_SELLABLE_OFFERS = text(f"""
    SELECT v.id, o.id, o.price_eur, o.vat_scheme, s.id, s.code, s.lead_time_days, p.brand, p.category, v.grade,
           p.reference_price, s.reliability, {PINNED}
    FROM touched t JOIN variant v ON v.id = t.variant_id JOIN product p ON p.id = v.product_id
    JOIN offer o ON o.variant_id = v.id JOIN supplier s ON s.id = o.supplier_id
    WHERE {SELLABLE_OFFER}
""")  # noqa: S608  # A constant of ours.


def sellable_offers(session: Session, *, now: datetime) -> list[Candidate]:
    """Every sellable offer of the variants in the temporary table `touched`, in no order."""
    return [Candidate._make(row) for row in session.execute(_SELLABLE_OFFERS, {"now": now})]


def all_rules(session: Session) -> Sequence[tuple[PriceRule, str | None]]:
    """Every rule with its channel's name (None: all channels), in order."""
    statement = select(PriceRule, Channel.name).outerjoin(Channel, Channel.id == PriceRule.channel_id)
    return session.execute(statement.order_by(PriceRule.position, PriceRule.id)).all()


class PriceRow(NamedTuple):
    variant_id: int
    sku: str
    name: str
    grade: str
    channel: str
    gross: Decimal
    net: Decimal
    floor: Decimal
    landed_cost: Decimal
    vat_scheme: str


def prices_in_force(session: Session, *, channel: str | None, sku_after: str | None, limit: int) -> list[PriceRow]:
    """Prices by SKU after `sku_after`; `limit` + 1 rows at most."""
    statement = (
        select(Price.variant_id, Variant.sku, Variant.name, Variant.grade, Channel.name, Price.gross, Price.net,
               Price.floor, Price.landed_cost, Price.vat_scheme)
        .join(Variant, Variant.id == Price.variant_id)
        .join(Channel, Channel.id == Price.channel_id)
        .where(Price.valid_until.is_(None))
        .order_by(Variant.sku, Channel.position)
        .limit(limit + 1)
    )  # fmt: skip
    if channel:
        statement = statement.where(Channel.code == channel)
    if sku_after:
        statement = statement.where(Variant.sku > sku_after)
    return [PriceRow._make(row) for row in session.execute(statement)]


class VariantPrice(NamedTuple):
    channel: str
    gross: Decimal
    net: Decimal
    floor: Decimal
    landed_cost: Decimal
    vat_scheme: str
    trace: list[dict[str, Any]]
    valid_from: Any


def prices_of_variant(session: Session, variant_id: int) -> list[VariantPrice]:
    """The prices in force of a variant, one per channel, with their traces."""
    statement = (
        select(Channel.name, Price.gross, Price.net, Price.floor, Price.landed_cost, Price.vat_scheme, Price.trace,
               Price.valid_from)
        .join(Channel, Channel.id == Price.channel_id)
        .where(Price.variant_id == variant_id, Price.valid_until.is_(None))
        .order_by(Channel.position)
    )  # fmt: skip
    return [VariantPrice._make(row) for row in session.execute(statement)]
