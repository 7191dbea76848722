"""Reads for the pages of offer files. Each function is a fixed number of statements."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.auth.models import User
from app.db import driver_of
from app.flows.models import Message
from app.offers.models import OfferFile, OfferLine
from app.offers.services import origin
from app.suppliers.models import Supplier

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
WAITING = ("columns", "checked")  # States in which a file waits for a person.


class FileRow(NamedTuple):
    id: int
    supplier_id: int
    supplier_name: str
    filename: str
    state: str
    counts: dict[str, Any]
    problem: dict[str, Any] | None
    uploaded_at: datetime
    uploaded_by: str | None
    list_date: Any


def files(session: Session, *, supplier_id: int | None, state: str | None, before_id: int | None,
          limit: int) -> list[FileRow]:  # fmt: skip
    """Newest first, `limit` + 1 rows at most, so that the caller sees whether there is an older page.

    `state`: one of FILE_STATES, or `open` for those that wait for a person.
    """
    statement = (
        select(OfferFile.id, Supplier.id, Supplier.name, OfferFile.filename, OfferFile.state, OfferFile.counts,
               OfferFile.problem, OfferFile.uploaded_at, User.name, OfferFile.list_date)
        .join(Supplier, Supplier.id == OfferFile.supplier_id)
        .outerjoin(User, User.id == OfferFile.uploaded_by)
        .order_by(OfferFile.id.desc())
        .limit(limit + 1)
    )  # fmt: skip
    if supplier_id is not None:
        statement = statement.where(OfferFile.supplier_id == supplier_id)
    if state is not None:
        statement = statement.where(OfferFile.state.in_(WAITING if state == "open" else (state,)))
    if before_id is not None:
        statement = statement.where(OfferFile.id < before_id)
    return [FileRow._make(row) for row in session.execute(statement)]


def file_with_supplier(session: Session, file_id: int) -> tuple[OfferFile, Supplier] | None:
    """The file and its supplier, read fresh."""
    row = session.execute(
        select(OfferFile, Supplier).join(Supplier, Supplier.id == OfferFile.supplier_id).where(OfferFile.id == file_id),
        execution_options={"populate_existing": True},
    ).one_or_none()
    return (row[0], row[1]) if row else None


def tag(session: Session, file_id: int) -> str | None:
    """What the page shows, as a number that moves with it: one row by primary key. None: no such file."""
    revision = session.execute(select(OfferFile.revision).where(OfferFile.id == file_id)).scalar_one_or_none()
    return None if revision is None else f"{file_id}.{revision}"


def content(session: Session, file_id: int) -> bytes | None:
    """The bytes as they came, in binary: as text PostgreSQL sends two digits for each, which are all in memory then."""
    with driver_of(session.connection()).cursor(binary=True) as cursor:
        cursor.execute("SELECT content FROM offer_file_content WHERE offer_file_id = %s", [file_id])
        row = cursor.fetchone()
    return row[0] if row else None


class LineRow(NamedTuple):
    row_number: int
    item_number: str
    description: str
    grade_word: str
    grade: str | None
    quantity: int | None
    old_quantity: int | None
    price: Decimal | None
    old_price: Decimal | None
    currency: str
    problems: list[dict[str, Any]]
    match_method: str | None
    confidence: Decimal | None
    evidence: dict[str, Any] | None
    variant_id: int | None
    sku: str | None
    variant_name: str | None


_LINES = text("""
    SELECT l.row_number, l.item_number, l.description, l.grade_word, l.grade, l.quantity, l.old_quantity, l.price,
           l.old_price, l.currency, l.problems, l.match_method, l.confidence, l.evidence,
           l.variant_id, v.sku, v.name
    FROM offer_line l LEFT JOIN variant v ON v.id = l.variant_id
    WHERE l.offer_file_id = :file_id AND l.diff = :diff AND abs(l.row_number) > :after
      AND (CAST(:problem AS text) IS NULL
           OR l.problems @> jsonb_build_array(jsonb_build_object('code', CAST(:problem AS text))))
    ORDER BY abs(l.row_number) LIMIT :limit
""")


def lines(session: Session, file_id: int, *, diff: str, problem: str | None, after: int, limit: int) -> list[LineRow]:
    """Lines of one kind in the order of the sheet, after row `after`; `limit` + 1 rows at most."""
    rows = session.execute(
        _LINES, {"file_id": file_id, "diff": diff, "problem": problem, "after": after, "limit": limit + 1}
    )
    return [LineRow._make(row) for row in rows]


_PROBLEM_LINES = text("""
    SELECT l.row_number, l.item_number, l.description, l.grade_word, l.grade, l.quantity, l.old_quantity, l.price,
           l.old_price, l.currency, l.problems, l.match_method, l.confidence, l.evidence,
           l.variant_id, v.sku, v.name
    FROM offer_line l LEFT JOIN variant v ON v.id = l.variant_id
    WHERE l.offer_file_id = :file_id AND l.row_number > :after
      AND l.problems @> jsonb_build_array(jsonb_build_object('code', CAST(:problem AS text)))
    ORDER BY l.row_number LIMIT :limit
""")


def problem_lines(session: Session, file_id: int, *, problem: str, after: int, limit: int) -> list[LineRow]:
    """Lines with a problem, whatever became of them."""
    rows = session.execute(_PROBLEM_LINES, {"file_id": file_id, "problem": problem, "after": after, "limit": limit + 1})
    return [LineRow._make(row) for row in rows]


def rejected_lines(session: Session, file_id: int) -> dict[int, list[dict[str, Any]]]:
    """Row number -> problems of the file's rejected lines."""
    rows = session.execute(
        select(OfferLine.row_number, OfferLine.problems)
        .where(OfferLine.offer_file_id == file_id, OfferLine.diff == "rejected", OfferLine.row_number > 0)
        .order_by(OfferLine.row_number)
    )
    return {row.row_number: row.problems for row in rows}


class Correction(NamedTuple):
    """A file that corrects another one, or is corrected by it."""

    id: int
    filename: str
    state: str


def corrections(session: Session, file_id: int) -> list[Correction]:
    """The files that corrected lines of this one, oldest first."""
    rows = session.execute(
        select(OfferFile.id, OfferFile.filename, OfferFile.state)
        .where(OfferFile.corrects_id == file_id)
        .order_by(OfferFile.id)
    )
    return [Correction._make(row) for row in rows]


class ChannelProgress(NamedTuple):
    channel: str
    name: str
    total: int
    delivered: int
    refused: int
    waiting: int
    retrying: int
    started_at: datetime | None
    last_at: datetime | None


_PROGRESS = text("""
    SELECT c.code, c.name, count(m.id) AS total,
           count(m.id) FILTER (WHERE m.state IN ('delivered', 'superseded', 'unchanged')) AS delivered,
           count(m.id) FILTER (WHERE m.state IN ('dead', 'handled')) AS refused,
           count(m.id) FILTER (WHERE m.state = 'pending') AS waiting,
           count(m.id) FILTER (WHERE m.state = 'pending' AND m.attempts > 0 AND m.lease_until IS NULL) AS retrying,
           min(m.created_at), max(m.settled_at)
    FROM channel c LEFT JOIN message m
      ON m.origin = :origin AND m.channel = c.code AND m.flow = 'portal.listings.shopware'
      AND m.created_at >= CAST(:since AS timestamptz)
    WHERE c.active GROUP BY c.id ORDER BY c.position
""")


def publish_progress(session: Session, file_id: int, *, since: datetime | None) -> list[ChannelProgress]:
    """Per storefront, how far the listings that the file changed since then have come."""
    rows = session.execute(_PROGRESS, {"origin": origin(file_id), "since": since or BEGINNING})
    return [ChannelProgress._make(row) for row in rows]


class Arrival(NamedTuple):
    message_id: int
    sku: str
    state: str
    name: str
    price_gross: str
    stock: int
    settled_at: datetime | None
    error: str | None


def arrivals(
    session: Session, file_id: int, *, channel: str, state: str | None = None, limit: int = 8
) -> list[Arrival]:
    """The records of the file that reached the storefront last, newest first."""
    statement = (
        select(Message.id, Message.key, Message.state, Message.body["name"].astext,
               Message.body["price_gross"].astext, Message.body["stock"].as_integer(), Message.settled_at,
               Message.result["error"].astext)
        .where(Message.origin == origin(file_id), Message.channel == channel, Message.settled_at.is_not(None))
        .order_by(Message.settled_at.desc(), Message.id.desc())
        .limit(limit)
    )  # fmt: skip
    if state is not None:
        statement = statement.where(Message.state == state)
    return [Arrival._make(row) for row in session.execute(statement)]
