"""VAT rates, exchange rates, price rules, and prices with what they were computed from."""

from __future__ import annotations

import uuid
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Numeric,
    String,
    UniqueConstraint,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Created, Id, Moment, Money, Rate, Short, Words


class VatRate(Base):
    __tablename__ = "vat_rate"
    __table_args__ = (UniqueConstraint("country", "valid_from"),)

    id: Mapped[Id]
    country: Mapped[str] = mapped_column(String(2))
    percent: Mapped[Rate]
    valid_from: Mapped[date] = mapped_column(Date)


class ExchangeRate(Base):
    """Units of `currency` for 1 EUR on `day`, as the ECB publishes it."""

    __tablename__ = "exchange_rate"

    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    per_eur: Mapped[Decimal] = mapped_column(Numeric(14, 6))


SET_STATES = (
    "draft",  # changes are collected in it
    "proposed",  # a former set, copied to come back; its rules are not edited
    "publishing",  # a worker brings listings in line with it
    "staged",  # it prices its first part of the listings, and waits for a person
    "in_force",
    "retired",  # was in force
    "withdrawn",  # was staged, and taken back
    "discarded",
)
_ONE_OF_EACH = "state IN ('draft', 'proposed', 'in_force')"
_ONE_ON_ITS_WAY = "state IN ('publishing', 'staged')"


class RuleSet(Base):
    """A version of all price rules. One is in force; another may be on its way, and price a part of the listings."""

    __tablename__ = "rule_set"
    __table_args__ = (
        CheckConstraint(
            "state IN ('draft', 'proposed', 'publishing', 'staged', 'in_force', 'retired', 'withdrawn', 'discarded')",
            name="state_known",
        ),
        CheckConstraint("stage_percent BETWEEN 1 AND 99", name="stage_percent_range"),
        CheckConstraint("approved_by <> asked_by", name="approved_by_another"),
        Index("uq_rule_set_state", "state", unique=True, postgresql_where=sql(_ONE_OF_EACH)),
        Index("uq_rule_set_on_its_way", sql("(true)"), unique=True, postgresql_where=sql(_ONE_ON_ITS_WAY)),
    )

    id: Mapped[Id]
    state: Mapped[Short]
    number: Mapped[int | None] = mapped_column(unique=True)  # Counts published versions.
    note: Mapped[Words] = mapped_column(server_default="")  # Why, in the words of whoever published it.
    based_on_id: Mapped[int | None] = mapped_column(ForeignKey("rule_set.id"))
    edition: Mapped[int] = mapped_column(server_default="0")  # Moves with every change of its rules.
    simulation: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # Of `app.pricing.simulation`.
    stage_channel_id: Mapped[int | None] = mapped_column(ForeignKey("channel.id"))  # First this storefront alone,
    stage_percent: Mapped[int | None]  # or first so many per cent of the products; both None: everything at once.
    created_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[Created]
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))  # To publish it.
    asked_at: Mapped[Moment | None]
    approved_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    approved_at: Mapped[Moment | None]
    published_at: Mapped[Moment | None]  # When it began to price anything.
    in_force_at: Mapped[Moment | None]
    ended_at: Mapped[Moment | None]
    step: Mapped[Short] = mapped_column(server_default="")  # What a worker is at: simulate, publish, withdraw.
    done: Mapped[int] = mapped_column(server_default="0")
    total: Mapped[int] = mapped_column(server_default="0")
    cursor: Mapped[int] = mapped_column(BigInteger, server_default="0")  # The last product that was brought in line.
    revision: Mapped[int] = mapped_column(BigInteger, server_default="0")  # Moves with every visible change.


class PriceRule(Base):
    """One rule of an ordered set. Rules run by `position`; a later rule of the same kind wins where it applies."""

    __tablename__ = "price_rule"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('cost', 'margin_percent', 'margin_amount', 'channel_fee_percent', 'rounding', 'ceiling_percent')",
            name="kind_known",
        ),
        UniqueConstraint("rule_set_id", "name"),
    )

    id: Mapped[Id]
    rule_set_id: Mapped[int] = mapped_column(ForeignKey("rule_set.id", ondelete="CASCADE"))
    lineage: Mapped[int | None] = mapped_column(BigInteger)  # The first rule that this one is a later version of.
    channel_id: Mapped[int | None] = mapped_column(ForeignKey("channel.id"))  # None: every channel.
    position: Mapped[int]
    name: Mapped[Words]
    kind: Mapped[Short]
    where: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")  # {category: [], grade: [], …}
    parameters: Mapped[dict[str, Any]] = mapped_column(JSONB)
    active: Mapped[bool] = mapped_column(server_default="true")
    updated_at: Mapped[Created]


class PriceTerms(Base):
    """What a price was computed by, kept once for all prices that share it. Never changed; `app.pricing.terms`."""

    __tablename__ = "price_terms"

    key: Mapped[uuid.UUID] = mapped_column(primary_key=True)  # Of the content.
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[Created]


class PriceOverride(Base):
    """A price that a person named for a listing, to the end of a day. Below the floor it needs a second person."""

    __tablename__ = "price_override"
    __table_args__ = (
        CheckConstraint("gross > 0", name="gross_positive"),
        CheckConstraint("reason <> ''", name="reason_given"),
        CheckConstraint("agreed_by <> created_by", name="agreed_by_another"),
        UniqueConstraint("id", "below_floor_agreed"),
        Index(
            "uq_price_override_open", "variant_id", "channel_id", unique=True, postgresql_where=sql("ended_at IS NULL")
        ),
    )

    id: Mapped[Id]
    variant_id: Mapped[int] = mapped_column(ForeignKey("variant.id"))
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"))
    gross: Mapped[Money]  # EUR, VAT included
    reason: Mapped[Words]
    ends_at: Mapped[Moment]  # The midnight after its last day.
    created_by: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[Moment]
    agreed_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    agreed_at: Mapped[Moment | None]
    below_floor_agreed: Mapped[bool] = mapped_column(Computed("agreed_by IS NOT NULL", persisted=True))
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    ended_at: Mapped[Moment | None]  # None: in force until `ends_at`.


class SoldLine(Base):
    """Pieces that were sold, or came back (negative), at what they were sold for. Never changed: VAT is declared by it.

    `purchase`: what a piece was bought for. A margin piece that was sold with VAT on the invoice stands as `regular`.
    """

    __tablename__ = "sold_line"
    __table_args__ = (
        UniqueConstraint("channel_id", "reference", "variant_id", "kind"),
        Index(None, "sold_on", "id"),
        CheckConstraint("kind IN ('sale', 'return')", name="kind_known"),
        CheckConstraint("vat_scheme IN ('regular', 'margin')", name="vat_scheme_known"),
        CheckConstraint("quantity <> 0 AND (quantity > 0) = (kind = 'sale')", name="returns_are_negative"),
        CheckConstraint("gross >= 0 AND purchase >= 0", name="amounts_not_negative"),
    )

    id: Mapped[Id]
    kind: Mapped[Short]
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"))
    reference: Mapped[Words]  # The order line at the shop.
    variant_id: Mapped[int] = mapped_column(ForeignKey("variant.id"))
    quantity: Mapped[int]
    gross: Mapped[Money]  # EUR a piece, VAT included
    purchase: Mapped[Money]  # EUR a piece
    vat_scheme: Mapped[Short]
    vat_percent: Mapped[Rate]
    sold_on: Mapped[date] = mapped_column(Date)  # In Amsterdam.
    price_id: Mapped[int | None] = mapped_column(ForeignKey("price.id"))  # None: a person said what it was sold for.
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[Created]


class OfferPin(Base):
    """A person's word that a variant is bought by one supplier's offer while it is sellable, whatever others cost."""

    __tablename__ = "offer_pin"
    __table_args__ = (
        Index("uq_offer_pin_open", "variant_id", unique=True, postgresql_where=sql("ended_at IS NULL")),
        CheckConstraint("until > created_at", name="ends_after_it_began"),
    )

    id: Mapped[Id]
    variant_id: Mapped[int] = mapped_column(ForeignKey("variant.id"), index=True)
    supplier_id: Mapped[int] = mapped_column(ForeignKey("supplier.id"))
    identity: Mapped[Words]  # Of the offer at its supplier: it outlives the offer's row.
    reason: Mapped[Words]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[Moment]
    until: Mapped[Moment]
    ended_at: Mapped[Moment | None]  # By a person, by another pin, or by itself once `until` has passed.


class Price(Base):
    """A version of a listing's price. `valid_until` None: in force. Why it is what it is: `app.pricing.why`.

    Below its floor it must name an override that a second person agreed to: the foreign key over both columns knows.
    """

    __tablename__ = "price"
    __table_args__ = (
        # With what a simulation asks of it, so that the past is not read.
        Index(
            "uq_price_in_force",
            "variant_id",
            "channel_id",
            unique=True,
            postgresql_where=sql("valid_until IS NULL"),
            postgresql_include=("gross", "withheld"),
        ),
        Index(
            "ix_price_past", "variant_id", "channel_id", "valid_until", postgresql_where=sql("valid_until IS NOT NULL")
        ),
        CheckConstraint("gross >= floor OR below_floor_agreed", name="gross_not_below_floor"),
        CheckConstraint("override_id IS NOT NULL OR NOT below_floor_agreed", name="below_floor_by_override"),
        ForeignKeyConstraint(
            ["override_id", "below_floor_agreed"],
            ["price_override.id", "price_override.below_floor_agreed"],
            onupdate="CASCADE",
        ),
    )

    id: Mapped[Id]
    variant_id: Mapped[int] = mapped_column(ForeignKey("variant.id"))
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"))
    offer_id: Mapped[int | None] = mapped_column(ForeignKey("offer.id", ondelete="SET NULL"), index=True)
    gross: Mapped[Money]  # EUR, VAT included
    net: Mapped[Money]  # EUR, without the VAT that is due under the scheme
    floor: Mapped[Money]  # EUR, VAT included: below it the sale loses money
    landed_cost: Mapped[Money]  # EUR, without deductible VAT
    vat_scheme: Mapped[Short]
    purchase: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))  # EUR, as offered; None: written before 0010.
    reference: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))  # EUR, VAT included: what it cost new.
    terms_key: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("price_terms.key"))  # None: as `purchase`.
    ladder: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))  # The better grade's price, where that was less.
    withheld: Mapped[bool] = mapped_column(server_default="false")  # Its floor is above `ladder`: not to be shown.
    override_id: Mapped[int | None] = mapped_column(BigInteger)
    below_floor_agreed: Mapped[bool] = mapped_column(server_default="false")  # Of the override.
    valid_from: Mapped[Moment]
    valid_until: Mapped[Moment | None]
