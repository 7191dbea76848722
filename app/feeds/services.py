"""Business acts on feeds: set up, ask for a visit, and what a visit brings. The visit itself is the flow's."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app import sealing
from app.auth import audit
from app.db import Json
from app.feeds import queries
from app.feeds.models import SupplierFeed, SupplierFeedItem
from app.feeds.queries import lane
from app.feeds.schedule import next_due
from app.flows import services as ledger
from app.flows.models import Lane, Message
from app.offers import services as offers
from app.offers.models import OfferFile
from app.settings import Settings
from app.suppliers.models import Supplier

FLOW = queries.FLOW
FIELDS = ("name", "place", "every_minutes", "at_times", "accept_alone", "active")
# The supplier's word until somebody took it back: the same bytes again say nothing new.
_HOLDS = ("received", "reading", "columns", "checked", "accepting", "accepted", "unchanged")


class Conflict(Exception):
    """Somebody else changed the feed since the form was opened."""


class NoSuchKey(Exception):
    """The server has not shown this key."""


def create_feed(session: Session, supplier_id: int, kind: str, values: Mapping[str, Any], secrets: Mapping[str, str],
                *, now: datetime, settings: Settings) -> int:  # fmt: skip
    """Set up a feed and look whether it can be reached; returns its id. Wake `FLOW` after the commit."""
    feed = SupplierFeed(supplier_id=supplier_id, kind=kind, **{name: values[name] for name in FIELDS})
    feed.sealed = {name: sealing.seal(secret, settings) for name, secret in secrets.items()}
    feed.next_due_at = _due(feed, now, settings)
    session.add(feed)
    session.flush()
    audit.record(session, act="feeds.create", subject_kind="supplier", subject_id=str(supplier_id),
                 after=_facts(feed))  # fmt: skip
    _put(session, feed, "test", now=now, cause="person")
    return feed.id


def update_feed(session: Session, feed_id: int, values: Mapping[str, Any], secrets: Mapping[str, str], *, version: int,
                now: datetime, settings: Settings) -> None:  # fmt: skip
    """Change a feed that is still at `version`; secrets that are not named stay. Wake `FLOW` after the commit.

    Raises Conflict. A secret never follows to another server: `forgets` says when it has to be typed again.
    """
    feed = _locked(session, feed_id)
    if feed is None or feed.version != version:
        raise Conflict
    before = _facts(feed)
    kept = {} if forgets(feed, values["place"]) else feed.sealed
    moved = feed.place != values["place"]
    for name in FIELDS:
        setattr(feed, name, values[name])
    feed.sealed = {**kept, **{name: sealing.seal(secret, settings) for name, secret in secrets.items()}}
    feed.version += 1
    feed.revision += 1
    feed.next_due_at = _due(feed, now, settings)
    if moved:
        feed.memory = {}  # What was taken stays known by its marks.
    if moved or secrets:
        feed.failures, feed.failing_since, feed.problem, feed.tested = 0, None, None, None
        _put(session, feed, "test", now=now, cause="person")
    audit.record(session, act="feeds.update", subject_kind="supplier", subject_id=str(feed.supplier_id), before=before,
                 after={**_facts(feed), "secrets_set": sorted(secrets)})  # fmt: skip


def forgets(feed: SupplierFeed, place: Mapping[str, Any]) -> bool:
    """Whether the place is another server or another account, which must not be given the secrets of this one."""
    return any(feed.place.get(name) != place.get(name) for name in ("origin", "host", "port", "user", "auth"))


def delete_feed(session: Session, feed_id: int, *, now: datetime) -> int | None:
    """Remove a feed; its offer files stay. Returns the supplier's id, None when it is gone already."""
    feed = _locked(session, feed_id)
    if feed is None:
        return None
    audit.record(session, act="feeds.delete", subject_kind="supplier", subject_id=str(feed.supplier_id),
                 before=_facts(feed))  # fmt: skip
    session.execute(delete(Lane).where(Lane.flow == FLOW, Lane.channel == lane(feed_id)))
    session.execute(
        update(Message)
        .where(Message.flow == FLOW, Message.channel == lane(feed_id), Message.state.in_(("pending", "dead")))
        .values(state="superseded", settled_at=now, lease_until=None)
    )
    session.delete(feed)
    return feed.supplier_id


def ask(session: Session, feed_id: int, act: str, *, now: datetime) -> bool:
    """A person wants a `fetch` or a `test` now; False when there is no such feed. Wake `FLOW` after the commit."""
    feed = _locked(session, feed_id)
    if feed is None:
        return False
    ledger.make_due(session, FLOW, channel=lane(feed_id), now=now)  # First: a claim locks the lane before messages.
    _put(session, feed, act, now=now, cause="person")
    audit.record(session, act=f"feeds.{act}", subject_kind="supplier", subject_id=str(feed.supplier_id),
                 after={"feed": feed.name})  # fmt: skip
    return True


def confirm_host_key(session: Session, feed_id: int, fingerprint: str, *, now: datetime) -> None:
    """A person says that the key which the server showed is the supplier's. Wake `FLOW` after the commit.

    Raises NoSuchKey.
    """
    feed = _locked(session, feed_id)
    shown = shown_key(feed) if feed else None
    if feed is None or shown is None or shown["fingerprint"] != fingerprint:
        raise NoSuchKey
    before = feed.place.get("host_key", "")
    feed.place = {**feed.place, "host_key": shown["key"]}
    feed.failures, feed.failing_since, feed.problem = 0, None, None
    feed.version += 1
    feed.revision += 1
    audit.record(session, act="feeds.host_key", subject_kind="supplier", subject_id=str(feed.supplier_id),
                 before={"host_key": before}, after={"host_key": shown["key"], "fingerprint": fingerprint})  # fmt: skip
    _put(session, feed, "test", now=now, cause="person")


def shown_key(feed: SupplierFeed) -> Json | None:
    """The host key, other than the one that is known, which the server showed last: {code, key, fingerprint}."""
    for said in (feed.tested, feed.problem):
        if said and said.get("code") in ("host_key_unknown", "host_key_changed"):
            return said if said["key"] != feed.place.get("host_key") else None
    return None


# Of the flow


def put_due(session: Session, *, now: datetime, settings: Settings) -> list[int]:
    """Ask for a visit of every feed that is due by the clock; returns their ids. Wake `FLOW` after the commit."""
    feeds = session.execute(
        select(SupplierFeed)
        .join(Supplier, Supplier.id == SupplierFeed.supplier_id)
        .where(SupplierFeed.active, Supplier.active, SupplierFeed.next_due_at <= now)
        .order_by(SupplierFeed.id)
        .with_for_update(of=SupplierFeed)
    ).scalars()
    put = []
    for feed in feeds:
        _put(session, feed, "fetch", now=now, cause="schedule")
        feed.next_due_at = _due(feed, now, settings)
        put.append(feed.id)
    return put


class Visit(NamedTuple):
    """What a worker needs to know of a feed. `secrets` are open: they go to the client and nowhere else."""

    feed_id: int
    kind: str
    place: Json
    memory: Json
    secrets: dict[str, str]


def begin(session: Session, feed_id: int, act: str, *, now: datetime, settings: Settings) -> Visit | None:
    """A worker sets out; None when the feed is gone, or rests and nobody tests it. Raises SealBroken."""
    feed = _locked(session, feed_id)
    if feed is None or (act == "fetch" and not feed.active):
        return None
    secrets = {name: sealing.unseal(sealed, settings) for name, sealed in feed.sealed.items()}
    if not all(sealing.is_current(sealed, settings) for sealed in feed.sealed.values()):
        feed.sealed = {name: sealing.seal(secret, settings) for name, secret in secrets.items()}
    if act == "fetch":
        feed.last_run_at = now
    feed.revision += 1
    return Visit(feed.id, feed.kind, feed.place, feed.memory, secrets)


def take(session: Session, feed_id: int, *, mark: str, name: str, content: bytes, now: datetime,
         settings: Settings) -> int | None:  # fmt: skip
    """Put what a visit brought through the door of uploads; returns the offer file's id.

    None: it was taken before, or its content is that of the feed's last list, of the last one under this name, or of
    the supplier's last file, and so no news. Wake the offers' flow after the commit.
    """
    feed = _locked(session, feed_id)
    if feed is None or queries.seen(session, feed_id, [mark]):
        return None
    digest = hashlib.sha256(content).hexdigest()
    file_id = None
    if not _is_known(session, feed, digest, name):
        received = offers.receive_file(
            session, feed.supplier_id, filename=name, content=content, user_id=None, now=now,
            timezone=settings.timezone, feed=offers.FromFeed(feed.id, feed.accept_alone, FLOW),
        )  # fmt: skip
        file_id = None if received.again else received.offer_file_id
    if file_id is not None or feed.kind != "url":  # An address has one thing: the same again is not worth a row.
        session.add(
            SupplierFeedItem(
                feed_id=feed_id, mark=mark, name=offers.tidy_name(name), sha256=digest, size_bytes=len(content),
                became="same" if file_id is None else "file", offer_file_id=file_id, taken_at=now,
            )
        )  # fmt: skip
    feed.revision += 1
    return file_id


def _is_known(session: Session, feed: SupplierFeed, digest: str, name: str) -> bool:
    mine = select(SupplierFeedItem.sha256).where(SupplierFeedItem.feed_id == feed.id)
    newest = SupplierFeedItem.id.desc()
    of_supplier = select(OfferFile.sha256).where(
        OfferFile.supplier_id == feed.supplier_id, OfferFile.corrects_id.is_(None), OfferFile.state.in_(_HOLDS)
    )
    last = (
        mine.order_by(newest).limit(1),
        mine.where(SupplierFeedItem.name == offers.tidy_name(name)).order_by(newest).limit(1),
        of_supplier.order_by(OfferFile.id.desc()).limit(1),
    )
    return any(session.execute(question).scalar_one_or_none() == digest for question in last)


def remember(session: Session, feed_id: int, memory: Json) -> None:
    """What the next visit must know, as soon as it is true."""
    session.execute(update(SupplierFeed).where(SupplierFeed.id == feed_id).values(memory=memory))


def note_good(session: Session, feed_id: int, found: Json, *, now: datetime, more: bool = False) -> None:
    """The visit went well. `more`: things are left for another one at once."""
    feed = _locked(session, feed_id)
    if feed is None:
        return
    feed.found, feed.good_at = found, now
    feed.failures, feed.failing_since, feed.problem = 0, None, None
    feed.revision += 1
    if more:
        _put(session, feed, "fetch", now=now, cause="more")


def note_failed(session: Session, feed_id: int, problem: Json, *, now: datetime) -> None:
    """The visit failed: what is wrong stands on the pages until one goes well."""
    feed = _locked(session, feed_id)
    if feed is None:
        return
    feed.problem, feed.failures = problem, feed.failures + 1
    feed.failing_since = feed.failing_since or now
    feed.revision += 1


def note_tested(session: Session, feed_id: int, said: Json, *, now: datetime) -> None:
    """What a test found: `ok`, and a code with its facts."""
    session.execute(
        update(SupplierFeed)
        .where(SupplierFeed.id == feed_id)
        .values(tested={**said, "at": now.isoformat()}, revision=SupplierFeed.revision + 1)
    )


def _put(session: Session, feed: SupplierFeed, act: str, *, now: datetime, cause: str) -> None:
    """Ask the flow for a visit; one that waits or was given up is followed by this one."""
    key = f"{act}:{feed.id}"
    ledger.supersede(session, FLOW, channel=lane(feed.id), key=key, now=now)
    ledger.receive(
        session, FLOW, channel=lane(feed.id), key=key, delivery_id=f"{key}:{uuid.uuid4().hex}",
        body={"act": act, "feed_id": feed.id, "cause": cause}, now=now,
    )  # fmt: skip
    feed.revision += 1


def _locked(session: Session, feed_id: int) -> SupplierFeed | None:
    return session.execute(
        select(SupplierFeed).where(SupplierFeed.id == feed_id).with_for_update(),
        execution_options={"populate_existing": True},
    ).scalar_one_or_none()


def _due(feed: SupplierFeed, now: datetime, settings: Settings) -> datetime | None:
    return next_due(
        every_minutes=feed.every_minutes, at_times=feed.at_times or [], after=now, timezone=settings.timezone
    )


def _facts(feed: SupplierFeed) -> dict[str, Any]:
    """What the audit log keeps: never a secret, only which ones there are."""
    return {"kind": feed.kind, **{name: getattr(feed, name) for name in FIELDS}, "secrets": sorted(feed.sealed)}
