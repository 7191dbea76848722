"""Stock-takes: what the ledger expects at a warehouse, what people counted, and the differences as movements."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.auth import audit
from app.logs import correlation_id
from app.stock.buffers import BUFFER
from app.stock.models import Location, StockCount
from app.stock.places import NotOurs
from app.stock.services import NotEnough


class AlreadyOpen(Exception):
    """The warehouse is being counted."""


class NotOpen(Exception):
    """The count was booked or cancelled already."""


_LINES = text("""
    INSERT INTO stock_count_line (stock_count_id, variant_id, expected)
    SELECT :count_id, variant_id, quantity FROM balance WHERE location_id = :location_id AND quantity > 0
""")


def start(session: Session, location_id: int, *, user_id: int | None, now: datetime) -> int:
    """Begin to count a warehouse; returns the count's id. Raises NotOurs, AlreadyOpen."""
    location = session.execute(select(Location).where(Location.id == location_id).with_for_update()).scalar_one()
    if location.kind != "warehouse":
        raise NotOurs
    running = select(StockCount.id).where(StockCount.location_id == location_id, StockCount.state == "open")
    if session.execute(running).first():
        raise AlreadyOpen
    count = StockCount(location_id=location_id, state="open", started_by=user_id, started_at=now)
    session.add(count)
    session.flush()
    session.execute(_LINES, {"count_id": count.id, "location_id": location_id})
    audit.record(session, act="stock.count_start", subject_kind="stock_count", subject_id=str(count.id),
                 after={"location": location.code})  # fmt: skip
    return count.id


# `expected` is read when the pieces were counted: what moves afterwards is no difference.
_COUNTED = text("""
    INSERT INTO stock_count_line AS l (stock_count_id, variant_id, expected, counted, counted_at)
    SELECT :count_id, w.variant_id, COALESCE(b.quantity, 0), w.counted, CAST(:now AS timestamptz)
    FROM unnest(CAST(:variant_ids AS bigint[]), CAST(:counted AS int[])) AS w(variant_id, counted)
    LEFT JOIN balance b ON b.variant_id = w.variant_id AND b.location_id = :location_id
    ON CONFLICT (stock_count_id, variant_id) DO UPDATE
    SET expected = excluded.expected, counted = excluded.counted, counted_at = excluded.counted_at
    WHERE l.counted IS DISTINCT FROM excluded.counted
""")


def record(session: Session, count_id: int, counted: Mapping[int, int | None], *, now: datetime) -> None:
    """Note what lies there of each variant; None: not counted after all. Raises NotOpen, ValueError below 0."""
    if any(pieces is not None and pieces < 0 for pieces in counted.values()):
        raise ValueError("fewer than no pieces")
    count = _open(session, count_id)
    ids = sorted(counted)
    session.execute(
        _COUNTED,
        {"count_id": count_id, "location_id": count.location_id, "variant_ids": ids,
         "counted": [counted[id_] for id_ in ids], "now": now},
    )  # fmt: skip
    audit.record(session, act="stock.count_note", subject_kind="stock_count", subject_id=str(count_id),
                 after={"variants": len(ids)})  # fmt: skip


_REST = text("""
    UPDATE stock_count_line l
    SET counted = 0, counted_at = CAST(:now AS timestamptz),
        expected = COALESCE((SELECT quantity FROM balance b
                             WHERE b.variant_id = l.variant_id AND b.location_id = :location_id), 0)
    WHERE l.stock_count_id = :count_id AND l.counted IS NULL
""")
_DIFFERENT = "l.stock_count_id = :count_id AND l.counted <> l.expected"
_OPEN_SUMS = text(f"""
    INSERT INTO stock (variant_id, buffer)
    SELECT v.id, {BUFFER} FROM stock_count_line l JOIN variant v ON v.id = l.variant_id
    JOIN product p ON p.id = v.product_id
    WHERE {_DIFFERENT} AND NOT EXISTS (SELECT 1 FROM stock s WHERE s.variant_id = v.id)
    ORDER BY 1 ON CONFLICT DO NOTHING
""")  # noqa: S608  # Constants of ours.
_OPEN_BALANCES = text(f"""
    INSERT INTO balance (variant_id, location_id, quantity)
    SELECT l.variant_id, :location_id, 0 FROM stock_count_line l WHERE {_DIFFERENT} ORDER BY 1 ON CONFLICT DO NOTHING
""")  # noqa: S608  # Constants of ours.
_HOLD_SUMS = text(f"""
    WITH held AS (
      SELECT s.variant_id FROM stock s JOIN stock_count_line l ON l.variant_id = s.variant_id
      WHERE {_DIFFERENT} ORDER BY s.variant_id FOR UPDATE OF s)
    SELECT count(*) FROM held
""")  # noqa: S608  # Constants of ours.
_GONE_SINCE = text(f"""
    SELECT v.sku FROM stock_count_line l JOIN variant v ON v.id = l.variant_id
    JOIN balance b ON b.variant_id = l.variant_id AND b.location_id = :location_id
    WHERE {_DIFFERENT} AND b.quantity + l.counted - l.expected < 0 ORDER BY 1 LIMIT 10
""")  # noqa: S608  # Constants of ours.
_BOOK = text(f"""
    WITH moved AS (
      INSERT INTO movement (variant_id, location_id, kind, quantity, reason, note, reference, user_id, correlation_id)
      SELECT l.variant_id, :location_id, 'count', l.counted - l.expected, :reason, :note, :reference, :user_id,
             :correlation_id
      FROM stock_count_line l WHERE {_DIFFERENT} ORDER BY l.variant_id RETURNING variant_id, location_id, quantity),
    balanced AS (
      UPDATE balance b SET quantity = b.quantity + m.quantity FROM moved m
      WHERE b.variant_id = m.variant_id AND b.location_id = m.location_id)
    UPDATE stock s SET on_hand = s.on_hand + m.quantity FROM moved m WHERE s.variant_id = m.variant_id
    RETURNING s.variant_id
""")  # noqa: S608  # Constants of ours.


def finish(session: Session, count_id: int, *, reason: str, note: str, rest_is_gone: bool, user_id: int | None,
           now: datetime) -> list[int]:  # fmt: skip
    """Book the differences and close the count; returns the variants that moved, whose listings the caller refreshes.

    `rest_is_gone`: what nobody counted is not there; else it is left as it is. Raises NotOpen, and NotEnough with the
    SKUs of which more left since the count than the difference leaves. The caller holds `lock_assortment`.
    """
    count = _open(session, count_id)
    values = {"count_id": count_id, "location_id": count.location_id, "now": now}
    if rest_is_gone:
        session.execute(_REST, values)
    session.execute(_OPEN_SUMS, values)
    session.execute(_OPEN_BALANCES, values)
    session.execute(_HOLD_SUMS, values)
    gone = session.execute(_GONE_SINCE, values).scalars().all()
    if gone:
        raise NotEnough(", ".join(gone))
    values |= {"reason": reason, "note": note, "reference": f"stock-count:{count_id}", "user_id": user_id,
               "correlation_id": correlation_id()}  # fmt: skip
    moved = list(session.execute(_BOOK, values).scalars())
    _end(session, count, "booked", user_id=user_id, now=now)
    audit.record(session, act="stock.count_book", subject_kind="stock_count", subject_id=str(count_id),
                 after={"variants": len(moved), "reason": reason, "rest_is_gone": rest_is_gone})  # fmt: skip
    return moved


def cancel(session: Session, count_id: int, *, user_id: int | None, now: datetime) -> None:
    """Close the count and book nothing. Raises NotOpen."""
    _end(session, _open(session, count_id), "cancelled", user_id=user_id, now=now)
    audit.record(session, act="stock.count_cancel", subject_kind="stock_count", subject_id=str(count_id))


def _open(session: Session, count_id: int) -> StockCount:
    count = session.execute(select(StockCount).where(StockCount.id == count_id).with_for_update()).scalar_one()
    if count.state != "open":
        raise NotOpen(count.state)
    return count


def _end(session: Session, count: StockCount, state: str, *, user_id: int | None, now: datetime) -> None:
    count.state, count.ended_by, count.ended_at = state, user_id, now
    session.flush()


class CountRow(NamedTuple):
    id: int
    location_id: int
    location: str
    state: str
    started_by: str | None
    started_at: datetime
    ended_at: datetime | None
    lines: int
    counted: int
    different: int


_COUNTS = """
    SELECT c.id, c.location_id, l.name, c.state, u.name, c.started_at, c.ended_at, n.lines, n.counted, n.different
    FROM stock_count c JOIN location l ON l.id = c.location_id LEFT JOIN user_account u ON u.id = c.started_by
    CROSS JOIN LATERAL (SELECT count(*) AS lines, count(counted) AS counted,
                               count(*) FILTER (WHERE counted <> expected) AS different
                        FROM stock_count_line WHERE stock_count_id = c.id) n
"""
_NEWEST = text(_COUNTS + " WHERE c.id < COALESCE(:before, c.id + 1) ORDER BY c.id DESC LIMIT :limit")
_ONE = text(_COUNTS + " WHERE c.id = :count_id")


def counts(session: Session, *, before: int | None, limit: int) -> list[CountRow]:
    """Newest first; `limit` + 1 rows at most."""
    return [CountRow._make(row) for row in session.execute(_NEWEST, {"before": before, "limit": limit + 1})]


def count(session: Session, count_id: int) -> CountRow | None:
    """One count."""
    row = session.execute(_ONE, {"count_id": count_id}).one_or_none()
    return CountRow._make(row) if row else None


class LineRow(NamedTuple):
    variant_id: int
    sku: str
    name: str
    grade: str
    expected: int
    counted: int | None
    counted_at: datetime | None


_COUNT_LINES = text("""
    SELECT l.variant_id, v.sku, v.name, v.grade, l.expected, l.counted, l.counted_at
    FROM stock_count_line l JOIN variant v ON v.id = l.variant_id
    WHERE l.stock_count_id = :count_id AND v.sku > COALESCE(:after, '')
      AND CASE CAST(:only AS text) WHEN 'uncounted' THEN l.counted IS NULL
                                   WHEN 'different' THEN l.counted <> l.expected ELSE true END
    ORDER BY v.sku LIMIT :limit
""")


def lines(session: Session, count_id: int, *, only: str | None, after: str | None, limit: int) -> list[LineRow]:
    """By SKU after `after`; `only`: uncounted or different. `limit` + 1 rows at most."""
    values = {"count_id": count_id, "only": only, "after": after, "limit": limit + 1}
    return [LineRow._make(row) for row in session.execute(_COUNT_LINES, values)]
