"""Reads of storefronts and listings."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.catalog.models import Variant
from app.channels.models import Channel, Listing


class VariantListing(NamedTuple):
    channel: str
    code: str
    state: str
    price_gross: Decimal
    stock: int
    changed_at: datetime
    confirmed_at: datetime | None
    refusal: str | None
    wanted_hash: str
    sent_hash: str | None


def listings_of_variant(session: Session, variant_id: int) -> list[VariantListing]:
    """The variant on each storefront that it ever was on."""
    statement = (
        select(Channel.name, Channel.code, Listing.state, Listing.price_gross, Listing.stock, Listing.changed_at,
               Listing.confirmed_at, Listing.refusal, Listing.wanted_hash, Listing.sent_hash)
        .join(Channel, Channel.id == Listing.channel_id)
        .where(Listing.variant_id == variant_id)
        .order_by(Channel.position)
    )  # fmt: skip
    return [VariantListing._make(row) for row in session.execute(statement)]


def channels(session: Session) -> list[tuple[str, str]]:
    """Code and name of the active storefronts, in order."""
    rows = session.execute(select(Channel.code, Channel.name).where(Channel.active).order_by(Channel.position))
    return [(row[0], row[1]) for row in rows]


class ListingRow(NamedTuple):
    variant_id: int
    sku: str
    name: str
    grade: str
    channel: str
    state: str
    price_gross: Decimal
    vat_scheme: str
    stock: int
    changed_at: datetime
    confirmed_at: datetime | None
    refusal: str | None


def listings(session: Session, *, channel: str, state: str | None, sku_after: str | None, limit: int) -> list[
    ListingRow
]:  # fmt: skip
    """Listings of a storefront (its code) by SKU after `sku_after`; `limit` + 1 rows at most."""
    statement = (
        select(Listing.variant_id, Variant.sku, Variant.name, Variant.grade, Channel.code, Listing.state,
               Listing.price_gross, Listing.vat_scheme, Listing.stock, Listing.changed_at, Listing.confirmed_at,
               Listing.refusal)
        .join(Variant, Variant.id == Listing.variant_id)
        .join(Channel, Channel.id == Listing.channel_id)
        .where(Channel.code == channel)
        .order_by(Variant.sku)
        .limit(limit + 1)
    )  # fmt: skip
    if state:
        statement = statement.where(Listing.state == state)
    if sku_after:
        statement = statement.where(Variant.sku > sku_after)
    return [ListingRow._make(row) for row in session.execute(statement)]


def listing_counts(session: Session) -> dict[tuple[str, str], int]:
    """How many listings each storefront has in each state; a state without any is not named."""
    statement = (
        select(Channel.code, Listing.state, func.count())
        .join(Channel, Channel.id == Listing.channel_id)
        .group_by(Channel.code, Listing.state)
    )
    return {(code, state): count for code, state, count in session.execute(statement)}
