"""What a supplier's item is: asked once for all its lines, answered by a person."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, String, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Created, Id, Moment, Short, Words


class MatchQuestion(Base):
    """One item of a supplier that was not matched by itself. One answer settles every line of it, in every grade.

    Known by its number or, without one, by its description in lower case. The facts are those of the line with the most
    stock when the question was put last.
    """

    __tablename__ = "match_question"
    __table_args__ = (
        UniqueConstraint("supplier_id", "item_number", "description_key"),
        CheckConstraint("state IN ('open', 'skipped', 'answered')", name="state_known"),
        Index("ix_match_question_open", "value_eur", "id", postgresql_where=sql("state = 'open'")),
    )

    id: Mapped[Id]
    supplier_id: Mapped[int] = mapped_column(ForeignKey("supplier.id", ondelete="CASCADE"))
    item_number: Mapped[Words]
    description_key: Mapped[Words]
    description: Mapped[Words]
    grades: Mapped[list[str]] = mapped_column(ARRAY(String(8)))
    gtin: Mapped[str | None] = mapped_column(String(14))
    mpn: Mapped[str | None] = mapped_column(String(64))
    match_key: Mapped[str | None]
    facts: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    evidence: Mapped[dict[str, Any]] = mapped_column(JSONB)
    reason: Mapped[Short]  # Of app.offers.matching.REASONS.
    lines: Mapped[int]
    pieces: Mapped[int]
    value_eur: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    offer_file_id: Mapped[int] = mapped_column(ForeignKey("offer_file.id"), index=True)
    row_number: Mapped[int]
    state: Mapped[Short] = mapped_column(server_default="open")
    variant_id: Mapped[int | None] = mapped_column(ForeignKey("variant.id"))  # The answer; None: none of ours.
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("catalogue_batch.id"))  # What the answer made.
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    answered_at: Mapped[Moment | None]
    asked_at: Mapped[Created]
