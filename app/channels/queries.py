"""Reads of storefronts and listings."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

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
