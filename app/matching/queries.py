"""Reads of questions, their candidates, and what was learned."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Select, func, select, text
from sqlalchemy.orm import Session

from app.auth.models import User
from app.catalog.device_facts import DECIDING
from app.catalog.models import CatalogueBatch, SupplierItem, Variant
from app.matching.models import MatchQuestion
from app.suppliers.models import Supplier

CANDIDATES = 5


class QuestionRow(NamedTuple):
    id: int
    supplier_id: int
    supplier: str
    item_number: str
    description: str
    grades: list[str]
    gtin: str | None
    mpn: str | None
    facts: dict[str, Any] | None
    match_key: str | None
    evidence: dict[str, Any]
    reason: str
    lines: int
    pieces: int
    value_eur: Decimal
    offer_file_id: int
    row_number: int
    state: str
    variant_id: int | None
    sku: str | None
    variant_name: str | None
    answered_by: str | None
    answered_at: datetime | None


_COLUMNS = (
    MatchQuestion.id, MatchQuestion.supplier_id, Supplier.name, MatchQuestion.item_number, MatchQuestion.description,
    MatchQuestion.grades, MatchQuestion.gtin, MatchQuestion.mpn, MatchQuestion.facts, MatchQuestion.match_key,
    MatchQuestion.evidence, MatchQuestion.reason, MatchQuestion.lines, MatchQuestion.pieces, MatchQuestion.value_eur,
    MatchQuestion.offer_file_id, MatchQuestion.row_number, MatchQuestion.state, MatchQuestion.variant_id, Variant.sku,
    Variant.name, User.name, MatchQuestion.answered_at,
)  # fmt: skip


def questions(session: Session, *, supplier_id: int | None, reason: str | None, state: str,
              limit: int) -> list[QuestionRow]:  # fmt: skip
    """The most valuable first; `reason` None: all but lines that are no device."""
    statement = _questions().where(MatchQuestion.state == state).limit(limit)
    if supplier_id is not None:
        statement = statement.where(MatchQuestion.supplier_id == supplier_id)
    wanted = MatchQuestion.reason == reason if reason else MatchQuestion.reason != "unread"
    newest = (MatchQuestion.answered_at.desc(),) if state == "answered" else ()
    statement = statement.where(wanted).order_by(*newest, MatchQuestion.value_eur.desc(), MatchQuestion.id)
    return [QuestionRow._make(row) for row in session.execute(statement)]


def question(session: Session, question_id: int) -> QuestionRow | None:
    """One question, whatever its state."""
    row = session.execute(_questions().where(MatchQuestion.id == question_id)).one_or_none()
    return QuestionRow._make(row) if row else None


def _questions() -> Select[Any]:
    return (
        select(*_COLUMNS)
        .join(Supplier, Supplier.id == MatchQuestion.supplier_id)
        .outerjoin(Variant, Variant.id == MatchQuestion.variant_id)
        .outerjoin(User, User.id == MatchQuestion.answered_by)
    )


def open_by_reason(session: Session, *, supplier_id: int | None) -> dict[str, int]:
    """How many open questions there are of each kind."""
    statement = select(MatchQuestion.reason, func.count()).where(MatchQuestion.state == "open")
    if supplier_id is not None:
        statement = statement.where(MatchQuestion.supplier_id == supplier_id)
    return {row[0]: int(row[1]) for row in session.execute(statement.group_by(MatchQuestion.reason))}


class Candidate(NamedTuple):
    question_id: int
    variant_id: int
    product_id: int
    sku: str
    name: str
    brand: str
    grades: list[str]  # In which we have the configuration.
    pairs: list[dict[str, Any]]  # [{name, ours, theirs, agrees}], what decides.
    by: list[str]  # Methods that name it.


# Whatever a method names, in any grade, and all configurations of the models whose name begins as the line's.
_CANDIDATES = text("""
    SELECT q.id, c.id, c.product_id, c.sku, c.name, c.brand, c.grades, c.pairs, c.by
    FROM match_question q
    CROSS JOIN LATERAL (
      SELECT min(v.id) AS id, v.product_id, min(v.sku) AS sku, min(v.name) AS name, min(p.brand) AS brand,
             array_agg(DISTINCT v.grade) AS grades, array_agg(DISTINCT n.method) FILTER (WHERE n.method <> '') AS by,
             f.pairs, f.agreed, f.contradicted
      FROM (
        SELECT id, 'gtin' AS method FROM variant WHERE gtin = q.gtin
        UNION ALL SELECT id, 'mpn' FROM variant WHERE mpn = q.mpn
        UNION ALL SELECT v.id, 'mpn' FROM product p JOIN variant v ON v.product_id = p.id WHERE p.mpn = q.mpn
        UNION ALL SELECT id, 'attributes' FROM variant WHERE match_key = q.match_key
        UNION ALL SELECT (q.evidence->>'suggested')::bigint, ''
        UNION ALL SELECT i.variant_id, 'item' FROM supplier_item i
                  WHERE i.supplier_id = q.supplier_id AND i.item_number = q.item_number
                    AND i.description_key = q.description_key
        UNION ALL SELECT v.id, '' FROM product p JOIN variant v ON v.product_id = p.id
                  WHERE p.brand = q.facts->>'maker' AND q.facts ? 'model'
                    AND starts_with(p.model, q.facts->>'model')) n
      JOIN variant v ON v.id = n.id AND v.active JOIN product p ON p.id = v.product_id
      CROSS JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_object('name', k.name, 'ours', v.facts->>k.name, 'theirs', q.facts->>k.name,
                                            'agrees', k.agrees) ORDER BY k.place) AS pairs,
               count(*) FILTER (WHERE k.agrees) AS agreed, count(*) FILTER (WHERE NOT k.agrees) AS contradicted
        FROM (SELECT d.name, d.place, lower(replace(v.facts->>d.name, ' Pro ', ' '))
                                      = lower(replace(q.facts->>d.name, ' Pro ', ' ')) AS agrees
              FROM unnest(CAST(:deciding AS text[])) WITH ORDINALITY d (name, place)
              WHERE v.facts ? d.name AND d.name NOT IN ('line', 'storage_kind')) k) f
      GROUP BY v.product_id, v.match_key, f.pairs, f.agreed, f.contradicted
      ORDER BY count(*) FILTER (WHERE n.method <> '') > 0 DESC, f.contradicted, f.agreed DESC, min(v.name)
      LIMIT :limit) c
    WHERE q.id = ANY(:ids)
""")


def candidates(session: Session, question_ids: Sequence[int]) -> dict[int, list[Candidate]]:
    """The best few configurations for each question, in one statement."""
    found: dict[int, list[Candidate]] = {question_id: [] for question_id in question_ids}
    rows = session.execute(_CANDIDATES, {"ids": list(question_ids), "deciding": list(DECIDING), "limit": CANDIDATES})
    for row in rows:
        found[row[0]].append(Candidate._make(row))
    return found


_FOUND = text("""
    SELECT CAST(:question_id AS bigint), min(v.id), v.product_id, min(v.sku), min(v.name), min(p.brand),
           array_agg(DISTINCT v.grade), CAST('[]' AS jsonb), CAST(NULL AS text[])
    FROM variant v JOIN product p ON p.id = v.product_id
    WHERE v.active AND (v.sku LIKE upper(:words) || '%' OR NOT EXISTS (
            SELECT 1 FROM unnest(string_to_array(lower(:words), ' ')) w
            WHERE strpos(lower(' ' || p.brand || ' ' || v.name), ' ' || w) = 0))
    GROUP BY v.product_id, v.match_key ORDER BY min(v.name) LIMIT :limit
""")


def find(session: Session, question_id: int, words: str) -> list[Candidate]:
    """Configurations by SKU or by the beginnings of the words of their name."""
    tidy = " ".join(words.split()).replace("%", "").replace("_", "")
    if len(tidy) < 2:
        return []
    rows = session.execute(_FOUND, {"question_id": question_id, "words": tidy, "limit": CANDIDATES})
    return [Candidate._make(row) for row in rows]


class Learned(NamedTuple):
    id: int
    supplier_id: int
    supplier: str
    item: str
    grade: str
    method: str
    learned_at: datetime
    learned_by: str | None
    variant_id: int | None
    sku: str | None


def learned(session: Session, *, variant_id: int | None = None, supplier_id: int | None = None,
            limit: int = 50) -> list[Learned]:  # fmt: skip
    """What suppliers' items are known to be, newest first: of a variant, or what people said of a supplier's items."""
    statement = (
        select(SupplierItem.id, Supplier.id, Supplier.name,
               func.coalesce(func.nullif(SupplierItem.item_number, ""), SupplierItem.description_key),
               SupplierItem.grade, SupplierItem.method, SupplierItem.learned_at, User.name, Variant.id, Variant.sku)
        .join(Supplier, Supplier.id == SupplierItem.supplier_id)
        .outerjoin(User, User.id == SupplierItem.learned_by)
        .outerjoin(Variant, Variant.id == SupplierItem.variant_id)
        .order_by(SupplierItem.learned_at.desc(), SupplierItem.id.desc())
        .limit(limit)
    )  # fmt: skip
    if variant_id is not None:
        statement = statement.where(SupplierItem.variant_id == variant_id)
    if supplier_id is not None:
        statement = statement.where(SupplierItem.supplier_id == supplier_id, SupplierItem.method == "person")
    return [Learned._make(row) for row in session.execute(statement)]


class BatchRow(NamedTuple):
    id: int
    products: int
    variants: int
    made_by: str | None
    made_at: datetime
    undone_at: datetime | None


def batches(session: Session, *, limit: int = 10) -> list[BatchRow]:
    """What was made from suppliers' lines, newest first."""
    statement = (
        select(CatalogueBatch.id, CatalogueBatch.products, CatalogueBatch.variants, User.name, CatalogueBatch.made_at,
               CatalogueBatch.undone_at)
        .outerjoin(User, User.id == CatalogueBatch.made_by)
        .order_by(CatalogueBatch.id.desc())
        .limit(limit)
    )  # fmt: skip
    return [BatchRow._make(row) for row in session.execute(statement)]


def variant_exists(session: Session, variant_id: int) -> bool:
    """Whether an answer may name it."""
    return session.execute(select(Variant.id).where(Variant.id == variant_id, Variant.active)).first() is not None


def batch_exists(session: Session, batch_id: int) -> bool:
    """Whether there is something to undo."""
    return session.get(CatalogueBatch, batch_id) is not None
