"""Deliveries that were not taken: counted, since whoever guesses an address can send many."""

from __future__ import annotations

from sqlalchemy import BigInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Id, Moment, Short, Words


class RefusedDelivery(Base):
    """One reason at one door, and how often. Nothing of the delivery itself is kept."""

    __tablename__ = "refused_delivery"
    __table_args__ = (UniqueConstraint("system", "channel", "reason"),)

    id: Mapped[Id]
    system: Mapped[Short]
    channel: Mapped[Short]  # '' where the door is of none.
    reason: Mapped[Words]
    times: Mapped[int] = mapped_column(BigInteger)
    first_at: Mapped[Moment]
    last_at: Mapped[Moment]
    network: Mapped[Words]  # Where the last one came from.
