"""Storefronts and what is listed on them."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, String, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Id, Moment, Short, Words


class Channel(Base):
    """A storefront. Adding one is adding a row, and its credentials to SHOPS."""

    __tablename__ = "channel"
    __table_args__ = (
        CheckConstraint("share_percent BETWEEN 0 AND 100", name="share_percent_range"),
        CheckConstraint("min_shown >= 0 AND max_shown >= 0", name="shown_not_negative"),
    )

    id: Mapped[Id]
    code: Mapped[Short] = mapped_column(unique=True)  # 'refurbished-direct'
    name: Mapped[Words]
    position: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3), server_default="EUR")
    share_percent: Mapped[int] = mapped_column(server_default="100")  # Of available, rounded down.
    min_shown: Mapped[int] = mapped_column(server_default="1")  # Pieces shown at least, while there are so many.
    max_shown: Mapped[int | None]  # Pieces shown at most; None: no ceiling.
    active: Mapped[bool] = mapped_column(server_default="true")


class AllocationRule(Base):
    """What a channel shows of some variants, in place of what it shows of all: the most specific rule counts, whole.

    `app.channels.allocation` says which that is. Of one variant, or of a category, a grade, or both together.
    """

    __tablename__ = "allocation_rule"
    __table_args__ = (
        UniqueConstraint("channel_id", "variant_id", "category", "grade", postgresql_nulls_not_distinct=True),
        CheckConstraint("share_percent BETWEEN 0 AND 100", name="share_percent_range"),
        CheckConstraint("min_shown >= 0 AND max_shown >= 0", name="shown_not_negative"),
        CheckConstraint("variant_id IS NULL OR (category IS NULL AND grade IS NULL)", name="variant_alone"),
        CheckConstraint("COALESCE(variant_id::text, category, grade) IS NOT NULL", name="names_something"),
    )

    id: Mapped[Id]
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"))
    variant_id: Mapped[int | None] = mapped_column(ForeignKey("variant.id"))
    category: Mapped[str | None] = mapped_column(String(64))
    grade: Mapped[str | None] = mapped_column(String(8))
    share_percent: Mapped[int]
    min_shown: Mapped[int]
    max_shown: Mapped[int | None]


class Listing(Base):
    """A variant on a channel: what we want it to be there, and what the shop last confirmed.

    States: `waiting` (a change is on its way), `listed`, `refused` (see `refusal`), `withdrawn` (stock 0 there).
    """

    __tablename__ = "listing"
    __table_args__ = (
        UniqueConstraint("variant_id", "channel_id"),
        CheckConstraint("state IN ('waiting', 'listed', 'refused', 'withdrawn')", name="state_known"),
        CheckConstraint("stock >= 0", name="stock_not_negative"),
        Index(None, "channel_id", "state"),
        Index("ix_listing_waiting", "channel_id", postgresql_where=sql("state = 'waiting'")),
    )

    id: Mapped[Id]
    variant_id: Mapped[int] = mapped_column(ForeignKey("variant.id"))
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"))
    state: Mapped[Short]
    price_gross: Mapped[Decimal] = mapped_column(Numeric(12, 2))  # In the channel's currency, VAT included.
    vat_scheme: Mapped[Short]
    stock: Mapped[int]
    wanted_hash: Mapped[Short]  # Of the content we want there.
    sent_hash: Mapped[str | None] = mapped_column(String(64))  # Of the content the shop last confirmed.
    sent_facts: Mapped[str | None] = mapped_column(String(64))  # Of what seldom changes in that content.
    changed_at: Mapped[Moment]
    confirmed_at: Mapped[Moment | None]
    refusal: Mapped[str | None]
    price_id: Mapped[int | None] = mapped_column(ForeignKey("price.id"))
    correlation_id: Mapped[Words]
