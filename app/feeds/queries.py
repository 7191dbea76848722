"""Reads of feeds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.feeds.models import SupplierFeed, SupplierFeedItem
from app.offers.models import OfferFile
from app.suppliers.models import Supplier

FLOW = "supplier.feeds.portal"
LANE = "feed-"  # A lane per feed: what one feed waits for, no other does.


def lane(feed_id: int) -> str:
    """The channel of a feed's messages."""
    return f"{LANE}{feed_id}"


class FeedRow(NamedTuple):
    """`act`: what its lane is at, fetch or test; `tries`: how often that was tried before; None, 0: nothing waits."""

    id: int
    kind: str
    name: str
    active: bool
    place: dict[str, Any]
    every_minutes: int | None
    at_times: list[str]
    last_run_at: datetime | None
    next_due_at: datetime | None
    failures: int
    problem: dict[str, Any] | None
    found: dict[str, Any] | None
    act: str | None
    tries: int
    next_try_at: datetime | None
    offer_file_id: int | None
    filename: str | None
    file_state: str | None


_FEEDS = text("""
    SELECT f.id, f.kind, f.name, f.active, f.place, f.every_minutes, f.at_times, f.last_run_at, f.next_due_at,
           f.failures, f.problem, f.found, m.act, COALESCE(m.attempts, 0),
           CASE WHEN m.lease_until IS NULL THEN m.next_attempt_at END, o.id, o.filename, o.state
    FROM supplier_feed f
    LEFT JOIN LATERAL (
      SELECT body->>'act' AS act, attempts, lease_until, next_attempt_at FROM message
      WHERE flow = :flow AND channel = :lane || f.id AND state = 'pending' ORDER BY lease_until IS NULL, id LIMIT 1
    ) m ON true
    LEFT JOIN LATERAL (
      SELECT id, filename, state FROM offer_file WHERE feed_id = f.id ORDER BY id DESC LIMIT 1
    ) o ON true
    WHERE f.supplier_id = COALESCE(CAST(:supplier_id AS bigint), f.supplier_id)
      AND f.id = COALESCE(CAST(:feed_id AS bigint), f.id)
    ORDER BY f.id
""")


def of_supplier(session: Session, supplier_id: int) -> list[FeedRow]:
    """The supplier's feeds, each with where it stands and the last file that it brought."""
    values = {"flow": FLOW, "lane": LANE, "supplier_id": supplier_id, "feed_id": None}
    return [FeedRow._make(row) for row in session.execute(_FEEDS, values)]


def row(session: Session, feed_id: int) -> FeedRow | None:
    """One feed as lists show it."""
    values = {"flow": FLOW, "lane": LANE, "supplier_id": None, "feed_id": feed_id}
    return next((FeedRow._make(found) for found in session.execute(_FEEDS, values)), None)


def feed(session: Session, feed_id: int) -> tuple[SupplierFeed, Supplier] | None:
    """The feed and its supplier, read fresh."""
    found = session.execute(
        select(SupplierFeed, Supplier)
        .join(Supplier, Supplier.id == SupplierFeed.supplier_id)
        .where(SupplierFeed.id == feed_id),
        execution_options={"populate_existing": True},
    ).one_or_none()
    return (found[0], found[1]) if found else None


def tag(session: Session, feed_id: int) -> str | None:
    """What the page shows, as a text that moves with it. None: no such feed."""
    revision = session.execute(select(SupplierFeed.revision).where(SupplierFeed.id == feed_id)).scalar_one_or_none()
    return None if revision is None else f"{feed_id}.{revision}"


class ItemRow(NamedTuple):
    id: int
    name: str
    size_bytes: int
    became: str
    taken_at: datetime
    offer_file_id: int | None
    file_state: str | None


def items(session: Session, feed_id: int, *, before_id: int | None, limit: int) -> list[ItemRow]:
    """What was taken from the feed, newest first; `limit` + 1 rows at most."""
    statement = (
        select(SupplierFeedItem.id, SupplierFeedItem.name, SupplierFeedItem.size_bytes, SupplierFeedItem.became,
               SupplierFeedItem.taken_at, OfferFile.id, OfferFile.state)
        .outerjoin(OfferFile, OfferFile.id == SupplierFeedItem.offer_file_id)
        .where(SupplierFeedItem.feed_id == feed_id)
        .order_by(SupplierFeedItem.id.desc())
        .limit(limit + 1)
    )  # fmt: skip
    if before_id is not None:
        statement = statement.where(SupplierFeedItem.id < before_id)
    return [ItemRow._make(row) for row in session.execute(statement)]


def seen(session: Session, feed_id: int, marks: Sequence[str]) -> set[str]:
    """Which of the marks were taken before."""
    return set(
        session.execute(
            select(SupplierFeedItem.mark).where(
                SupplierFeedItem.feed_id == feed_id, SupplierFeedItem.mark == func.any(list(marks))
            )
        ).scalars()
    )


class Failing(NamedTuple):
    """A feed that a person should look at."""

    feed_id: int
    supplier: str
    name: str
    problem: dict[str, Any]
    since: datetime | None


def failing(session: Session, *, least: int) -> list[Failing]:
    """Feeds that failed at least so often in a row, the longest first."""
    rows = session.execute(
        select(SupplierFeed.id, Supplier.name, SupplierFeed.name, SupplierFeed.problem, SupplierFeed.failing_since)
        .join(Supplier, Supplier.id == SupplierFeed.supplier_id)
        .where(SupplierFeed.failures > 0, SupplierFeed.failures >= least, SupplierFeed.active,
               SupplierFeed.problem.is_not(None))
        .order_by(SupplierFeed.failing_since, SupplierFeed.id)
        .limit(20)
    )  # fmt: skip
    return [Failing._make(row) for row in rows]


def lane_names(session: Session) -> dict[str, str]:
    """Channel of each feed's lane to what people call the feed."""
    rows = session.execute(
        select(SupplierFeed.id, Supplier.name, SupplierFeed.name).join(
            Supplier, Supplier.id == SupplierFeed.supplier_id
        )
    )
    return {lane(feed_id): f"{supplier} · {name}" for feed_id, supplier, name in rows}
