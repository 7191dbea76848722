"""Buffers: pieces that are never sold. The most specific rule counts.

That of the variant, then of its category and grade together, of its category, of its grade, and of everything.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.auth import audit
from app.catalog.models import Variant
from app.stock.models import BufferRule

# Of a variant `v` of the product `p`.
BUFFER = """COALESCE(
    (SELECT r.pieces FROM buffer_rule r WHERE r.variant_id = v.id),
    (SELECT r.pieces FROM buffer_rule r
     WHERE r.variant_id IS NULL AND COALESCE(r.category, p.category) = p.category
       AND COALESCE(r.grade, v.grade) = v.grade
     ORDER BY r.category IS NOT NULL DESC, r.grade IS NOT NULL DESC LIMIT 1), 0)"""


class Scope(NamedTuple):
    """Which variants are meant: one, or all of a category, of a grade, of both, or every one."""

    variant_id: int | None = None
    category: str | None = None
    grade: str | None = None

    @property
    def subject(self) -> tuple[str, str]:
        """Kind and id for the audit log."""
        if self.variant_id is not None:
            return "variant", str(self.variant_id)
        return "assortment", " ".join(filter(None, (self.category, self.grade))) or "all"


IN_SCOPE = """(CAST(:variant_id AS bigint) IS NULL OR v.id = :variant_id)
    AND (CAST(:category AS text) IS NULL OR p.category = :category)
    AND (CAST(:grade AS text) IS NULL OR v.grade = :grade)"""
# Orders take pieces of the same rows meanwhile: wait for them in one order.
_APPLY = text(f"""
    WITH held AS (
      SELECT s.variant_id, {BUFFER} AS pieces
      FROM stock s JOIN variant v ON v.id = s.variant_id JOIN product p ON p.id = v.product_id
      WHERE {IN_SCOPE} ORDER BY s.variant_id FOR UPDATE OF s)
    UPDATE stock s SET buffer = h.pieces FROM held h WHERE s.variant_id = h.variant_id AND s.buffer <> h.pieces
    RETURNING s.variant_id
""")  # noqa: S608  # Constants of ours.


def set_buffer(session: Session, scope: Scope, *, pieces: int | None) -> list[int]:
    """Keep so many pieces of everything in scope that no narrower rule speaks of; None takes the rule away.

    Returns the variants whose buffer moved: the caller, who holds `lock_assortment`, refreshes their listings.
    Raises ValueError for fewer than no pieces.
    """
    if pieces is not None and pieces < 0:
        raise ValueError(f"buffer {pieces}")
    here = [BufferRule.variant_id.is_not_distinct_from(scope.variant_id),
            BufferRule.category.is_not_distinct_from(scope.category),
            BufferRule.grade.is_not_distinct_from(scope.grade)]  # fmt: skip
    before = session.execute(select(BufferRule.pieces).where(*here)).scalar_one_or_none()
    if before == pieces:
        return []
    if pieces is None:
        session.execute(delete(BufferRule).where(*here))
    else:
        session.execute(
            insert(BufferRule)
            .values(**scope._asdict(), pieces=pieces)
            .on_conflict_do_update(index_elements=["variant_id", "category", "grade"], set_={"pieces": pieces})
        )
    kind, name = scope.subject
    audit.record(session, act="stock.buffer", subject_kind=kind, subject_id=name, before={"pieces": before},
                 after={"pieces": pieces})  # fmt: skip
    return list(session.execute(_APPLY, scope._asdict()).scalars())


class BufferRow(NamedTuple):
    id: int
    variant_id: int | None
    sku: str | None
    category: str | None
    grade: str | None
    pieces: int


def buffer_rules(session: Session, *, after: int | None = None, limit: int) -> list[BufferRow]:
    """Defaults first, then those of single variants, oldest first; `limit` + 1 rows at most after the id `after`."""
    statement = (
        select(BufferRule.id, BufferRule.variant_id, Variant.sku, BufferRule.category, BufferRule.grade,
               BufferRule.pieces)
        .outerjoin(Variant, Variant.id == BufferRule.variant_id)
    )  # fmt: skip
    defaults = statement.where(BufferRule.variant_id.is_(None)).order_by(
        BufferRule.category.nulls_first(), BufferRule.grade.nulls_first()
    )
    of_variants = statement.where(BufferRule.variant_id.is_not(None), BufferRule.id > (after or 0))
    rows = [] if after else session.execute(defaults).all()
    rows = [*rows, *session.execute(of_variants.order_by(BufferRule.id).limit(limit + 1)).all()]
    return [BufferRow._make(row) for row in rows]


def buffer_rule(session: Session, rule_id: int) -> Scope | None:
    """What the rule is about; None when it is gone."""
    row = session.execute(
        select(BufferRule.variant_id, BufferRule.category, BufferRule.grade).where(BufferRule.id == rule_id)
    ).one_or_none()
    return Scope._make(row) if row else None


def buffer_of(session: Session, variant_id: int) -> int | None:
    """The variant's own rule; None when a default counts."""
    return session.execute(select(BufferRule.pieces).where(BufferRule.variant_id == variant_id)).scalar_one_or_none()
