"""The stock ledger: movements, their balance per location, reservations, and the sum that shops may sell."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Created, Id, Moment, Short, Words

MOVEMENT_KINDS = ("offered", "receipt", "count", "correction", "shipment", "return")


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
        CheckConstraint("quantity <> 0", name="quantity_not_zero"),
    )

    id: Mapped[Id]
    variant_id: Mapped[int] = mapped_column(ForeignKey("variant.id"))
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    kind: Mapped[Short]
    quantity: Mapped[int]  # Pieces; negative: they left.
    reason: Mapped[Words]
    reference: Mapped[Words]  # 'offer-file:12', 'order:10432'
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
