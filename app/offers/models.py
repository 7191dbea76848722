"""Offer files (what suppliers send), their lines, and offers (accepted, current lines)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    LargeBinary,
    Numeric,
    String,
    UniqueConstraint,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Created, Id, Moment, Short, Words

FILE_STATES = (
    "received",  # stored, waiting to be read
    "reading",  # a worker reads, validates, matches
    "columns",  # a person must say what the columns are
    "checked",  # the difference is ready to be judged
    "accepting",  # a worker applies it
    "accepted",
    "undoing",  # a worker takes back what it changed
    "undone",
    "unchanged",  # checked, and nothing differs from the offers in force
    "cancelled",
    "refused",  # not readable as a stock list; `problem` says why
)

COMPARING = ("match", "check")  # Steps of the state `reading` whose lines are read already.


class OfferFile(Base):
    __tablename__ = "offer_file"
    __table_args__ = (
        Index(None, "supplier_id", "id"),
        Index(
            "uq_offer_file_open",
            "supplier_id",
            "sha256",
            unique=True,
            postgresql_where=sql("state IN ('received', 'reading', 'columns', 'checked', 'accepting')"),
        ),
        Index(None, "corrects_id", postgresql_where=sql("corrects_id IS NOT NULL")),
        Index(None, "feed_id", postgresql_where=sql("feed_id IS NOT NULL")),
    )

    id: Mapped[Id]
    supplier_id: Mapped[int] = mapped_column(ForeignKey("supplier.id"))
    filename: Mapped[Words]
    sha256: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    mode: Mapped[Short]  # Import mode at the time of the upload.
    list_date: Mapped[date] = mapped_column(Date)  # Whose day's exchange rate applies.
    state: Mapped[Short]
    step: Mapped[Words] = mapped_column(server_default="")  # What the worker is at, a message key.
    done: Mapped[int] = mapped_column(server_default="0")
    total: Mapped[int] = mapped_column(server_default="0")
    revision: Mapped[int] = mapped_column(BigInteger, server_default="0")  # Moves with every visible change.
    cancel_requested: Mapped[bool] = mapped_column(server_default="false")
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # {code, **params}
    format: Mapped[str | None] = mapped_column(String(8))
    sheet: Mapped[str | None]
    header_row: Mapped[int | None]
    encoding: Mapped[str | None]
    delimiter: Mapped[str | None] = mapped_column(String(4))
    reading: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # `Table.account`: what was beside the table.
    fingerprint: Mapped[str | None] = mapped_column(String(64))
    columns: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)  # The proposal, one per header.
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    compared_with: Mapped[str | None] = mapped_column(String(32))  # `changes.basis` of what `counts` tells.
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("offer_file.id", ondelete="SET NULL"))
    feed_id: Mapped[int | None] = mapped_column(ForeignKey("supplier_feed.id", ondelete="SET NULL"))  # None: uploaded.
    accept_alone: Mapped[bool] = mapped_column(server_default="false")  # Nobody is asked when nothing is odd.
    uploaded_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    uploaded_at: Mapped[Created]
    checked_at: Mapped[Moment | None]
    accepted_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    accepted_at: Mapped[Moment | None]
    approval: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # {by, reason, codes}: who let a held file pass.
    undone_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    undone_at: Mapped[Moment | None]
    correlation_id: Mapped[Short]


class OfferFileContent(Base):
    """The bytes as they came: nothing is kept on a web or worker host."""

    __tablename__ = "offer_file_content"

    offer_file_id: Mapped[int] = mapped_column(ForeignKey("offer_file.id", ondelete="CASCADE"), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class OfferLine(Base):
    """A data row of an offer file with what became of it.

    `diff`: new, changed, unchanged, rejected, and absent for offers that the file does not name (row_number < 0).
    """

    __tablename__ = "offer_line"
    __table_args__ = (Index(None, "offer_file_id", "diff", "row_number"),)

    offer_file_id: Mapped[int] = mapped_column(ForeignKey("offer_file.id", ondelete="CASCADE"), primary_key=True)
    row_number: Mapped[int] = mapped_column(primary_key=True)  # As the person sees it in the sheet.
    identity: Mapped[Words]
    item_number: Mapped[Words]
    description: Mapped[Words]
    grade_word: Mapped[Words]
    grade_key: Mapped[Words]  # The word as the supplier's dictionary knows it.
    grade: Mapped[str | None] = mapped_column(String(8))
    quantity: Mapped[int | None]
    price: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    currency: Mapped[str] = mapped_column(String(3))
    vat_scheme: Mapped[Short]
    gtin: Mapped[str | None] = mapped_column(String(14))
    mpn: Mapped[str | None] = mapped_column(String(64))
    match_key: Mapped[str | None]
    facts: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # Of app.catalog.reading; None: no device was read.
    variant_id: Mapped[int | None] = mapped_column(BigInteger)
    match_method: Mapped[str | None] = mapped_column(String(16))
    confidence: Mapped[Decimal | None] = mapped_column(Numeric(4, 3))  # 0 to 1; None: nothing was found.
    evidence: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # See app.offers.matching.
    diff: Mapped[str | None] = mapped_column(String(12))
    old_quantity: Mapped[int | None]
    old_price: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    old_grade: Mapped[str | None] = mapped_column(String(8))
    attributes: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")  # By columns of their own.
    rejected: Mapped[bool]
    problems: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)  # [{code, field, value, kind?, word?}]


class Offer(Base):
    """What a supplier offers now. `quantity` 0 and `absent_since` set: no longer on the list."""

    __tablename__ = "offer"
    __table_args__ = (
        UniqueConstraint("supplier_id", "identity"),
        CheckConstraint("quantity >= 0", name="quantity_not_negative"),
        CheckConstraint("price > 0", name="price_positive"),
        Index(None, "variant_id"),
    )

    id: Mapped[Id]
    supplier_id: Mapped[int] = mapped_column(ForeignKey("supplier.id"))
    identity: Mapped[Words]
    item_number: Mapped[Words]
    description: Mapped[Words]
    grade_word: Mapped[Words]
    grade_key: Mapped[Words]
    match_key: Mapped[str | None]
    mpn: Mapped[str | None] = mapped_column(String(64))
    grade: Mapped[str | None] = mapped_column(String(8))  # None: the word is not decided yet.
    quantity: Mapped[int]
    price: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    currency: Mapped[str] = mapped_column(String(3))
    price_eur: Mapped[Decimal] = mapped_column(Numeric(12, 2))  # At the ECB rate of the list's day.
    vat_scheme: Mapped[Short]
    gtin: Mapped[str | None] = mapped_column(String(14))
    facts: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    variant_id: Mapped[int | None] = mapped_column(ForeignKey("variant.id"))
    match_method: Mapped[str | None] = mapped_column(String(16))
    confidence: Mapped[Decimal | None] = mapped_column(Numeric(4, 3))
    evidence: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    offer_file_id: Mapped[int] = mapped_column(ForeignKey("offer_file.id"))
    row_number: Mapped[int]
    absent_since: Mapped[Moment | None]
    halved_at: Mapped[Moment | None]  # No list came for so long that only half of the pieces is believed.
    changed_at: Mapped[Moment]


class OfferChange(Base):
    """What applying a file changed of an offer. `before`: the offer's row as it was; None: there was none.

    `undone`: what an undo did with it: reversed, kept (another list or person changed the offer since), errored.
    """

    __tablename__ = "offer_change"
    __table_args__ = (
        CheckConstraint("kind IN ('new', 'changed', 'absent')", name="kind_known"),
        CheckConstraint("undone IN ('reversed', 'kept', 'errored')", name="undone_known"),
        Index(None, "offer_id"),
    )

    offer_file_id: Mapped[int] = mapped_column(ForeignKey("offer_file.id", ondelete="CASCADE"), primary_key=True)
    offer_id: Mapped[int] = mapped_column(ForeignKey("offer.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[Short]
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    undone: Mapped[Short | None]
