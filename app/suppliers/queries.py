"""Reads of suppliers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session, aliased, selectinload

from app.offers.models import Offer, OfferFile
from app.suppliers.models import Supplier, SupplierGrade


class SupplierRow(NamedTuple):
    id: int
    code: str
    name: str
    kind: str
    country: str
    currency: str
    import_mode: str
    active: bool
    last_list_at: datetime | None
    undecided: int


def suppliers(session: Session, *, kind: str | None, mode: str | None, prefix: str | None,
              open_words: bool = False, after: int | None, limit: int) -> list[SupplierRow]:  # fmt: skip
    """By name, behind the supplier with the id `after`; `limit` + 1 rows at most, in one statement."""
    last = (
        select(func.max(OfferFile.uploaded_at)).where(OfferFile.supplier_id == Supplier.id).correlate(Supplier)
    ).scalar_subquery()
    undecided = (
        select(func.count())
        .select_from(SupplierGrade)
        .where(SupplierGrade.supplier_id == Supplier.id, SupplierGrade.grade.is_(None))
        .correlate(Supplier)
    ).scalar_subquery()
    statement = (
        select(Supplier.id, Supplier.code, Supplier.name, Supplier.kind, Supplier.country, Supplier.currency,
               Supplier.import_mode, Supplier.active, last, undecided)
        .order_by(Supplier.name, Supplier.id)
        .limit(limit + 1)
    )  # fmt: skip
    if kind:
        statement = statement.where(Supplier.kind == kind)
    if mode:
        statement = statement.where(Supplier.import_mode == mode)
    if prefix:
        statement = statement.where(func.lower(Supplier.name).startswith(prefix.lower(), autoescape=True))
    if open_words:
        statement = statement.where(undecided > 0)
    if after is not None:
        last_seen = aliased(Supplier)
        place = select(last_seen.name, last_seen.id).where(last_seen.id == after).scalar_subquery()
        statement = statement.where(tuple_(Supplier.name, Supplier.id) > place)
    return [SupplierRow._make(row) for row in session.execute(statement)]


def supplier(session: Session, supplier_id: int) -> Supplier | None:
    """With its contacts, read fresh."""
    return session.execute(
        select(Supplier).where(Supplier.id == supplier_id).options(selectinload(Supplier.contacts)),
        execution_options={"populate_existing": True},
    ).scalar_one_or_none()


def grades(session: Session, supplier_id: int) -> Sequence[SupplierGrade]:
    """The dictionary, undecided words first."""
    statement = select(SupplierGrade).where(SupplierGrade.supplier_id == supplier_id)
    return session.execute(statement.order_by(SupplierGrade.grade.is_not(None), SupplierGrade.shown)).scalars().all()


class OfferTotals(NamedTuple):
    offers: int
    pieces: int
    value_eur: object


def offer_totals(session: Session, supplier_id: int) -> OfferTotals:
    """Offers in force: lines, pieces, EUR."""
    row = session.execute(
        select(func.count(), func.coalesce(func.sum(Offer.quantity), 0),
               func.coalesce(func.sum(Offer.quantity * Offer.price_eur), 0))
        .where(Offer.supplier_id == supplier_id, Offer.quantity > 0)
    ).one()  # fmt: skip
    return OfferTotals._make(row)
