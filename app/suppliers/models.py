"""Suppliers, the people there, their words for condition, and the layouts of their files."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Base, Created, Id, Moment, Short, Words

KINDS = ("refurbisher", "wholesaler", "broker")
IMPORT_MODES = ("partial", "full", "full_with_grace")
STALE_POLICIES = ("keep", "halve", "end")
VAT_SCHEMES = ("regular", "margin")
GRADE_CHOICES = ("new", "A+", "A", "B", "C", "defect")


class Supplier(Base):
    __tablename__ = "supplier"
    __table_args__ = (
        CheckConstraint("kind IN ('refurbisher', 'wholesaler', 'broker')", name="kind_known"),
        CheckConstraint("import_mode IN ('partial', 'full', 'full_with_grace')", name="import_mode_known"),
        CheckConstraint("default_vat_scheme IN ('regular', 'margin')", name="vat_scheme_known"),
        CheckConstraint("stale_policy IN ('keep', 'halve', 'end')", name="stale_policy_known"),
        CheckConstraint("list_every_days > 0 AND stale_after_days > 0", name="clock_positive"),
        CheckConstraint("lead_time_days >= 0 AND payment_days >= 0 AND grace_days >= 0", name="days_positive"),
        CheckConstraint("reliability BETWEEN 0 AND 100", name="reliability_range"),
    )

    id: Mapped[Id]
    code: Mapped[Short] = mapped_column(unique=True)  # 'foxway'
    name: Mapped[Words]
    kind: Mapped[Short]
    country: Mapped[str] = mapped_column(String(2))
    vat_number: Mapped[str | None] = mapped_column(String(20))  # Compact, checked by python-stdnum.
    iban: Mapped[str | None] = mapped_column(String(34))  # Compact, checked by python-stdnum.
    currency: Mapped[str] = mapped_column(String(3))  # Of prices that name none.
    payment_days: Mapped[int] = mapped_column(server_default="30")
    terms: Mapped[Words] = mapped_column(server_default="")
    lead_time_days: Mapped[int] = mapped_column(server_default="5")
    # 0 to 100, a person's estimate until lists on time and pieces delivered are measured.
    reliability: Mapped[int] = mapped_column(server_default="80")
    default_vat_scheme: Mapped[Short] = mapped_column(server_default="regular")
    import_mode: Mapped[Short] = mapped_column(server_default="full")
    grace_days: Mapped[int] = mapped_column(server_default="3")  # Only used by full_with_grace.
    limits: Mapped[dict[str, int]] = mapped_column(JSONB, server_default="{}")  # See app.offers.breaker; {}: defaults.
    list_every_days: Mapped[int | None]  # How often a list is due; None: no clock.
    stale_policy: Mapped[Short] = mapped_column(server_default="keep")  # What becomes of offers without a new list.
    stale_after_days: Mapped[int] = mapped_column(server_default="14")  # Days after which the policy acts.
    notes: Mapped[Words] = mapped_column(server_default="")
    active: Mapped[bool] = mapped_column(server_default="true")
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[Created]
    updated_at: Mapped[Created]
    contacts: Mapped[list[SupplierContact]] = relationship(
        lazy="raise", cascade="all, delete-orphan", order_by="SupplierContact.id"
    )

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class SupplierContact(Base):
    __tablename__ = "supplier_contact"

    id: Mapped[Id]
    supplier_id: Mapped[int] = mapped_column(ForeignKey("supplier.id", ondelete="CASCADE"), index=True)
    name: Mapped[Words]
    role: Mapped[Words] = mapped_column(server_default="")
    email: Mapped[Words] = mapped_column(server_default="")
    phone: Mapped[Words] = mapped_column(server_default="")  # E.164


class SupplierWord(Base):
    """One supplier's word of some kind and what it means now. `value` is None until a person has said so.

    `value` by kind: grade one of ours · availability pieces · colour our name, or none · storage GB · vat the scheme ·
    currency its ISO code.
    """

    __tablename__ = "supplier_word"
    __table_args__ = (
        UniqueConstraint("supplier_id", "kind", "word"),
        CheckConstraint("kind IN ('grade', 'availability', 'colour', 'storage', 'vat', 'currency')", name="kind_known"),
        CheckConstraint("kind <> 'grade' OR value IN ('new', 'A+', 'A', 'B', 'C', 'defect')", name="grade_known"),
        CheckConstraint("kind NOT IN ('availability', 'storage') OR value ~ '^[0-9]{1,6}$'", name="number_whole"),
        CheckConstraint("kind <> 'vat' OR value IN ('regular', 'margin')", name="vat_known"),
        CheckConstraint("kind <> 'currency' OR value ~ '^[A-Z]{3}$'", name="currency_code"),
    )

    id: Mapped[Id]
    supplier_id: Mapped[int] = mapped_column(ForeignKey("supplier.id", ondelete="CASCADE"))
    kind: Mapped[Short]
    word: Mapped[Words]  # Case-folded, single spaces.
    shown: Mapped[Words]  # As the supplier wrote it first.
    value: Mapped[str | None] = mapped_column(String(64))
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    decided_at: Mapped[Moment | None]


class SupplierWordDecision(Base):
    """Who said when what a word means, and what it meant before. Only added to: the last one is in force."""

    __tablename__ = "supplier_word_decision"

    id: Mapped[Id]
    word_id: Mapped[int] = mapped_column(ForeignKey("supplier_word.id", ondelete="CASCADE"), index=True)
    was: Mapped[str | None] = mapped_column(String(64))
    value: Mapped[Short]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    decided_at: Mapped[Moment]


class SupplierLayout(Base):
    """How one layout of a supplier's files is read: header name to our field, '' for a column that is not used."""

    __tablename__ = "supplier_layout"
    __table_args__ = (UniqueConstraint("supplier_id", "fingerprint"),)

    id: Mapped[Id]
    supplier_id: Mapped[int] = mapped_column(ForeignKey("supplier.id", ondelete="CASCADE"))
    fingerprint: Mapped[Short]
    stem: Mapped[Words] = mapped_column(server_default="")  # What the files' names share, without dates.
    columns: Mapped[dict[str, Any]] = mapped_column(JSONB)  # {header: field}
    confirmed_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    used_at: Mapped[Moment]
