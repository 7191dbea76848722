"""Reads of suppliers."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import case, func, select, tuple_
from sqlalchemy.orm import Session, aliased, selectinload

from app.auth.models import User
from app.offers.models import Offer, OfferFile
from app.suppliers.dictionary import KINDS
from app.suppliers.models import Supplier, SupplierWord, SupplierWordDecision


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
        .select_from(SupplierWord)
        .where(SupplierWord.supplier_id == Supplier.id, SupplierWord.value.is_(None))
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


def supplier_choices(session: Session) -> list[tuple[str, str]]:
    """Code and name of every supplier, by name."""
    rows = session.execute(select(Supplier.code, Supplier.name).order_by(Supplier.name, Supplier.id))
    return [(row[0], row[1]) for row in rows]


class Decision(NamedTuple):
    """`was` None: nothing had been said yet. `by` None: not a person."""

    was: str | None
    value: str
    by: str | None
    at: datetime


class DictionaryWord(NamedTuple):
    """`value` None: asked, not decided. `decisions`: latest first."""

    id: int
    kind: str
    word: str
    shown: str
    value: str | None
    decisions: list[Decision]


def words(session: Session, supplier_id: int, *, undecided: bool = False) -> list[DictionaryWord]:
    """The supplier's words with their history, undecided ones first, then by kind; in two statements."""
    statement = select(SupplierWord).where(SupplierWord.supplier_id == supplier_id)
    if undecided:
        statement = statement.where(SupplierWord.value.is_(None))
    kinds = case({kind: place for place, kind in enumerate(KINDS)}, value=SupplierWord.kind)
    statement = statement.order_by(SupplierWord.value.is_not(None), kinds, SupplierWord.shown)
    found = session.execute(statement, execution_options={"populate_existing": True}).scalars().all()
    decisions: dict[int, list[Decision]] = {}
    rows = session.execute(
        select(SupplierWordDecision.word_id, SupplierWordDecision.was, SupplierWordDecision.value, User.name,
               SupplierWordDecision.decided_at)
        .join(SupplierWord, SupplierWord.id == SupplierWordDecision.word_id)
        .outerjoin(User, User.id == SupplierWordDecision.decided_by)
        .where(SupplierWord.supplier_id == supplier_id)
        .order_by(SupplierWordDecision.id.desc())
    )  # fmt: skip
    for word_id, was, value, by, at in rows:
        decisions.setdefault(word_id, []).append(Decision(was, value, by, at))
    return [
        DictionaryWord(word.id, word.kind, word.word, word.shown, word.value, decisions.get(word.id, []))
        for word in found
    ]


def word(session: Session, supplier_id: int, word_id: int) -> SupplierWord | None:
    """One word of this supplier."""
    return session.execute(
        select(SupplierWord).where(SupplierWord.supplier_id == supplier_id, SupplierWord.id == word_id)
    ).scalar_one_or_none()


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
