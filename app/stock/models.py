"""The stock ledger: movements, their balance per location, reservations, buffers, and the sum that shops may sell."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import CheckConstraint, Computed, Date, ForeignKey, Index, Numeric, String, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Created, Id, Moment, Money, Short, Words

MOVEMENT_KINDS = ("offered", "receipt", "count", "correction", "shipment", "return", "transfer")


class Location(Base):
    """Where pieces are: our `warehouse`, or at a `supplier` (one location per supplier)."""

    __tablename__ = "location"
    __table_args__ = (CheckConstraint("kind IN ('warehouse', 'supplier')", name="kind_known"),)

    id: Mapped[Id]
    code: Mapped[Short] = mapped_column(unique=True)
    name: Mapped[Words]
    kind: Mapped[Short]
    supplier_id: Mapped[int | None] = mapped_column(ForeignKey("supplier.id"), unique=True)


class Movement(Base):
    """An entry of the stock ledger. Never changed, never removed."""

    __tablename__ = "movement"
    __table_args__ = (
        Index(None, "variant_id", "location_id", "id"),
        Index(None, "at", "id"),
        Index(None, "location_id", "at", "id"),
        Index(None, "reference", "at", "id"),
        # Offered pieces are nearly all movements: those of the other kinds are found without them.
        Index("ix_movement_not_offered", "kind", "at", "id", postgresql_where=sql("kind <> 'offered'")),
        CheckConstraint("quantity <> 0", name="quantity_not_zero"),
    )

    id: Mapped[Id]
    variant_id: Mapped[int] = mapped_column(ForeignKey("variant.id"))
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    kind: Mapped[Short]
    quantity: Mapped[int]  # Pieces; negative: they left.
    reason: Mapped[Words]  # What the act says of itself, or one of `app.stock.reasons`.
    note: Mapped[Words] = mapped_column(server_default="")  # In a person's own words.
    reference: Mapped[Words]  # 'offer-file:12', 'order:10432', 'stock-count:3'
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    correlation_id: Mapped[Words]
    at: Mapped[Created]


class Balance(Base):
    """Σ movements of a variant at a location."""

    __tablename__ = "balance"
    __table_args__ = (CheckConstraint("quantity >= 0", name="quantity_not_negative"),)

    variant_id: Mapped[int] = mapped_column(ForeignKey("variant.id"), primary_key=True)
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"), primary_key=True, index=True)
    quantity: Mapped[int]


class Stock(Base):
    """One row per variant: available = on hand + offered - reserved - buffer, never shown below zero.

    `shortage` counts pieces promised to customers that no location holds any more.
    """

    __tablename__ = "stock"
    __table_args__ = (
        CheckConstraint("on_hand >= 0 AND offered >= 0 AND reserved >= 0 AND buffer >= 0", name="parts_not_negative"),
    )

    variant_id: Mapped[int] = mapped_column(ForeignKey("variant.id"), primary_key=True)
    on_hand: Mapped[int] = mapped_column(server_default="0")
    offered: Mapped[int] = mapped_column(server_default="0")
    reserved: Mapped[int] = mapped_column(server_default="0")
    buffer: Mapped[int] = mapped_column(server_default="0")
    available: Mapped[int] = mapped_column(
        Computed("GREATEST(0, on_hand + offered - reserved - buffer)", persisted=True)
    )
    shortage: Mapped[int] = mapped_column(Computed("GREATEST(0, reserved - on_hand - offered)", persisted=True))
    present_since: Mapped[Moment | None]  # There have been pieces without a break since then: the age of the stock.


class Reservation(Base):
    """Pieces promised to an order. One per order line; the same line twice is one reservation."""

    __tablename__ = "reservation"
    __table_args__ = (
        UniqueConstraint("channel_id", "reference", "variant_id"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("state IN ('held', 'released', 'shipped')", name="state_known"),
    )

    id: Mapped[Id]
    variant_id: Mapped[int] = mapped_column(ForeignKey("variant.id"), index=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"))
    reference: Mapped[Words]  # The order line at the shop.
    quantity: Mapped[int]
    state: Mapped[Short]
    at: Mapped[Created]
    ended_at: Mapped[Moment | None]


class StockReason(Base):
    """A reason for booking pieces by hand that people added to the built-in ones, `app.stock.reasons`."""

    __tablename__ = "stock_reason"

    id: Mapped[Id]
    name: Mapped[Words] = mapped_column(unique=True)
    active: Mapped[bool] = mapped_column(server_default="true")


class BufferRule(Base):
    """Pieces that are never sold: of one variant, or by default of a category, a grade, both together, or everything.

    The most specific one counts; `app.stock.buffers` says which that is and writes it to `stock.buffer`.
    """

    __tablename__ = "buffer_rule"
    __table_args__ = (
        UniqueConstraint("variant_id", "category", "grade", postgresql_nulls_not_distinct=True),
        CheckConstraint("pieces >= 0", name="pieces_not_negative"),
        CheckConstraint("variant_id IS NULL OR (category IS NULL AND grade IS NULL)", name="variant_alone"),
    )

    id: Mapped[Id]
    variant_id: Mapped[int | None] = mapped_column(ForeignKey("variant.id"))
    category: Mapped[str | None] = mapped_column(String(64))
    grade: Mapped[str | None] = mapped_column(String(8))
    pieces: Mapped[int]


class StockCount(Base):
    """A stock-take of one warehouse: `open` until its differences are `booked`, or it is `cancelled`."""

    __tablename__ = "stock_count"
    __table_args__ = (
        Index("uq_stock_count_open", "location_id", unique=True, postgresql_where=sql("state = 'open'")),
        CheckConstraint("state IN ('open', 'booked', 'cancelled')", name="state_known"),
    )

    id: Mapped[Id]
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    state: Mapped[Short] = mapped_column(server_default="open")
    started_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    started_at: Mapped[Moment]
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    ended_at: Mapped[Moment | None]


class StockCountLine(Base):
    """What was counted of a variant, and what the ledger held at that moment: only their difference is booked.

    So pieces that come or go between the count and its booking are not booked twice.
    """

    __tablename__ = "stock_count_line"
    __table_args__ = (CheckConstraint("counted >= 0", name="counted_not_negative"),)

    stock_count_id: Mapped[int] = mapped_column(ForeignKey("stock_count.id", ondelete="CASCADE"), primary_key=True)
    variant_id: Mapped[int] = mapped_column(ForeignKey("variant.id"), primary_key=True)
    expected: Mapped[int]
    counted: Mapped[int | None]  # None: nobody has counted it yet.
    counted_at: Mapped[Moment | None]


class Snapshot(Base):
    """A day in Amsterdam of which stock and prices were written down; once, by the first tick that was worked in it."""

    __tablename__ = "snapshot"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    taken_at: Mapped[Moment]


class StockSnapshot(Base):
    """Pieces of a variant at a location that day, what one cost, and how old they were, first in first out."""

    __tablename__ = "stock_snapshot"
    __table_args__ = (
        CheckConstraint("quantity = days_14 + days_30 + days_60 + days_90 + days_more", name="bands_add_up"),
    )

    day: Mapped[date] = mapped_column(ForeignKey("snapshot.day", ondelete="CASCADE"), primary_key=True)
    variant_id: Mapped[int] = mapped_column(ForeignKey("variant.id"), primary_key=True)
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"), primary_key=True)
    quantity: Mapped[int]
    cost: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))  # EUR a piece; None: not known.
    days_14: Mapped[int]  # Pieces that came 0 to 14 days before,
    days_30: Mapped[int]  # 15 to 30,
    days_60: Mapped[int]
    days_90: Mapped[int]
    days_more: Mapped[int]


class SumSnapshot(Base):
    """The sum of a variant that day."""

    __tablename__ = "sum_snapshot"

    day: Mapped[date] = mapped_column(ForeignKey("snapshot.day", ondelete="CASCADE"), primary_key=True)
    variant_id: Mapped[int] = mapped_column(ForeignKey("variant.id"), primary_key=True)
    on_hand: Mapped[int]
    offered: Mapped[int]
    reserved: Mapped[int]
    buffer: Mapped[int]
    available: Mapped[int]


class ListingSnapshot(Base):
    """A variant on a storefront that day."""

    __tablename__ = "listing_snapshot"

    day: Mapped[date] = mapped_column(ForeignKey("snapshot.day", ondelete="CASCADE"), primary_key=True)
    variant_id: Mapped[int] = mapped_column(ForeignKey("variant.id"), primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"), primary_key=True)
    state: Mapped[Short]
    shown: Mapped[int]
    price_gross: Mapped[Money]  # EUR, VAT included
