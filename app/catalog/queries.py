"""Reads of the catalogue."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.catalog.models import Product, Variant


class ProductRow(NamedTuple):
    id: int
    brand: str
    name: str
    category: str
    variants: int


def products(session: Session, *, category: str | None, brand: str | None, words: str, after: int | None,
             limit: int) -> list[ProductRow]:  # fmt: skip
    """By id after `after`; every word of `words` begins a word of the name. `limit` + 1 rows at most."""
    count = select(func.count()).where(Variant.product_id == Product.id).correlate(Product).scalar_subquery()
    statement = (
        select(Product.id, Product.brand, Product.name, Product.category, count).order_by(Product.id).limit(limit + 1)
    )
    if category:
        statement = statement.where(Product.category == category)
    if brand:
        statement = statement.where(Product.brand == brand)
    for word in words.lower().split()[:8]:
        pattern = word.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
        whole = func.lower(" " + Product.brand + " " + Product.name)
        statement = statement.where(whole.like(f"% {pattern}%", escape="\\"))
    if after:
        statement = statement.where(Product.id > after)
    return [ProductRow._make(row) for row in session.execute(statement)]


def product(session: Session, product_id: int) -> Product | None:
    """One product."""
    return session.get(Product, product_id)


class VariantRow(NamedTuple):
    id: int
    sku: str
    name: str
    grade: str
    gtin: str | None
    available: int
    price_from: Decimal | None


_VARIANTS = text("""
    SELECT v.id, v.sku, v.name, v.grade, v.gtin, COALESCE(s.available, 0),
           (SELECT min(p.gross) FROM price p WHERE p.variant_id = v.id AND p.valid_until IS NULL)
    FROM variant v LEFT JOIN stock s ON s.variant_id = v.id
    WHERE v.product_id = :product_id
    ORDER BY COALESCE(s.available, 0) > 0 DESC, v.name, array_position(ARRAY['new','A+','A','B','C'], v.grade::text)
    LIMIT 500
""")


def variants(session: Session, product_id: int) -> list[VariantRow]:
    """A product's variants, those in stock first."""
    return [VariantRow._make(row) for row in session.execute(_VARIANTS, {"product_id": product_id})]


def variant(session: Session, variant_id: int) -> tuple[Variant, Product] | None:
    """A variant with its product."""
    row = session.execute(
        select(Variant, Product).join(Product, Product.id == Variant.product_id).where(Variant.id == variant_id)
    ).one_or_none()
    return (row[0], row[1]) if row else None


class OfferRow(NamedTuple):
    offer_id: int
    supplier_id: int
    supplier: str
    item_number: str
    quantity: int
    price: Decimal
    currency: str
    price_eur: Decimal
    vat_scheme: str
    lead_time_days: int
    reliability: int
    match_method: str | None
    confidence: Decimal | None
    evidence: dict[str, Any] | None
    description: str
    offer_file_id: int
    filename: str
    sheet: str | None
    row_number: int
    list_date: date
    changed_at: datetime
    accepted_at: datetime | None
    accepted_by: str | None
    chosen: bool


_OFFERS = text("""
    SELECT o.id, s.id, s.name, o.item_number, o.quantity, o.price, o.currency, o.price_eur, o.vat_scheme,
           s.lead_time_days, s.reliability, o.match_method, o.confidence, o.evidence, o.description, f.id, f.filename,
           f.sheet, o.row_number, f.list_date, o.changed_at, f.accepted_at, u.name,
           EXISTS (SELECT 1 FROM price p WHERE p.offer_id = o.id AND p.variant_id = o.variant_id
                   AND p.valid_until IS NULL)
    FROM offer o JOIN supplier s ON s.id = o.supplier_id JOIN offer_file f ON f.id = o.offer_file_id
    LEFT JOIN user_account u ON u.id = f.accepted_by
    WHERE o.variant_id = :variant_id ORDER BY o.quantity > 0 DESC, o.price_eur, s.lead_time_days, s.id
""")


def offers(session: Session, variant_id: int) -> list[OfferRow]:
    """Offers of a variant, the best first, each with the file and row it came from."""
    return [OfferRow._make(row) for row in session.execute(_OFFERS, {"variant_id": variant_id})]
