"""Products (what the PIM describes), variants (what is sold) and learned item numbers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, String, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Created, Id, Moment, Short, Words

GRADES = ("new", "A+", "A", "B", "C")


class Product(Base):
    __tablename__ = "product"
    __table_args__ = (
        Index(None, "category", "brand"),
        Index(None, "brand", "model"),
        Index(None, "batch_id", postgresql_where=sql("batch_id IS NOT NULL")),
    )

    id: Mapped[Id]
    brand: Mapped[Words]
    line: Mapped[Words]
    model: Mapped[Words]
    name: Mapped[Words]
    category: Mapped[Short]
    mpn: Mapped[str | None] = mapped_column(String(64), index=True)
    reference_price: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))  # EUR incl. VAT, new.
    attributes: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("catalogue_batch.id"))
    created_at: Mapped[Created]


class Variant(Base):
    """Product x grade x colour x storage: what is sold, and has a SKU."""

    __tablename__ = "variant"
    __table_args__ = (
        CheckConstraint("grade IN ('new', 'A+', 'A', 'B', 'C')", name="grade_known"),
        Index(None, "match_key", "grade"),
        Index("ix_variant_sku_prefix", "sku", postgresql_ops={"sku": "text_pattern_ops"}),
        Index(None, "batch_id", postgresql_where=sql("batch_id IS NOT NULL")),
    )

    id: Mapped[Id]
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"), index=True)
    sku: Mapped[Words] = mapped_column(unique=True)
    name: Mapped[Words]
    grade: Mapped[str] = mapped_column(String(8))
    colour: Mapped[str | None]
    storage_gb: Mapped[int | None]
    memory_gb: Mapped[int | None]
    processor: Mapped[str | None]
    gtin: Mapped[str | None] = mapped_column(String(14), index=True)
    match_key: Mapped[Words]  # Of app.catalog.descriptions.match_key; grade excluded.
    mpn: Mapped[str | None] = mapped_column(String(64), index=True)  # Of app.catalog.numbers.normal_mpn.
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")  # Of device_facts.facts_as_text.
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("catalogue_batch.id"))
    active: Mapped[bool] = mapped_column(server_default="true")


class CatalogueBatch(Base):
    """Products and variants that one act made from suppliers' lines, so that it can be taken back while unused."""

    __tablename__ = "catalogue_batch"

    id: Mapped[Id]
    products: Mapped[int]
    variants: Mapped[int]
    made_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    made_at: Mapped[Moment]
    undone_at: Mapped[Moment | None]


class SupplierItem(Base):
    """What we know a supplier's item to be: one of our variants, or, said by a person, none of them.

    An item is known by its number or, without one, by its description. What was learned is right for the description
    that was seen: suppliers use numbers again.
    """

    __tablename__ = "supplier_item"
    __table_args__ = (
        UniqueConstraint("supplier_id", "item_number", "description_key", "grade"),
        CheckConstraint("variant_id IS NOT NULL OR method = 'person'", name="none_said_by_a_person"),
        CheckConstraint("(item_number = '') <> (description_key = '')", name="one_key"),
    )

    id: Mapped[Id]
    supplier_id: Mapped[int] = mapped_column(ForeignKey("supplier.id", ondelete="CASCADE"))
    item_number: Mapped[Words]
    description_key: Mapped[Words] = mapped_column(server_default="")  # Lower case; only without an item number.
    grade: Mapped[str] = mapped_column(String(8))
    variant_id: Mapped[int | None] = mapped_column(ForeignKey("variant.id"), index=True)
    method: Mapped[Short]  # 'attributes', 'mpn', 'gtin', 'person'
    seen: Mapped[Words] = mapped_column(server_default="")  # The description, lower case; empty: not known.
    learned_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    learned_at: Mapped[Created]
