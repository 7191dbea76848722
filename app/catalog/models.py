"""Products (what the PIM describes), variants (what is sold) and learned item numbers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Created, Id, Short, Words

GRADES = ("new", "A+", "A", "B", "C")


class Product(Base):
    __tablename__ = "product"
    __table_args__ = (Index(None, "category", "brand"),)

    id: Mapped[Id]
    brand: Mapped[Words]
    line: Mapped[Words]
    model: Mapped[Words]
    name: Mapped[Words]
    category: Mapped[Short]
    mpn: Mapped[str | None] = mapped_column(String(64), index=True)
    reference_price: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))  # EUR incl. VAT, new.
    attributes: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    created_at: Mapped[Created]


class Variant(Base):
    """Product x grade x colour x storage: what is sold, and has a SKU."""

    __tablename__ = "variant"
    __table_args__ = (
        CheckConstraint("grade IN ('new', 'A+', 'A', 'B', 'C')", name="grade_known"),
        Index(None, "match_key", "grade"),
        Index("ix_variant_sku_prefix", "sku", postgresql_ops={"sku": "text_pattern_ops"}),
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
    active: Mapped[bool] = mapped_column(server_default="true")


class SupplierItem(Base):
    """A supplier's item number that we know to be one of our variants."""

    __tablename__ = "supplier_item"
    __table_args__ = (UniqueConstraint("supplier_id", "item_number", "grade"),)

    id: Mapped[Id]
    supplier_id: Mapped[int] = mapped_column(ForeignKey("supplier.id", ondelete="CASCADE"))
    item_number: Mapped[Words]
    grade: Mapped[str] = mapped_column(String(8))
    variant_id: Mapped[int] = mapped_column(ForeignKey("variant.id"), index=True)
    method: Mapped[Short]  # 'attributes', 'mpn', 'gtin', 'person'
    learned_at: Mapped[Created]
