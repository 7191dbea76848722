"""Flow `supplier.feeds.portal`: lists are fetched where suppliers leave them, and go through the door of uploads.

Ticks ask for a visit of every feed that is due. Each feed has a lane of its own, so that one which fails, hangs or is
paused holds up no other. What a visit brings is kept before the other side hears of it (a message is flagged, a file's
mark is remembered), and is known by its mark when a visit is made again.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from app import clock, queue
from app.db import Json, transaction
from app.extensions import settings
from app.feeds import queries, services
from app.feeds.services import Visit
from app.offers.services import FLOW as OFFERS
from app.sealing import SealBroken
from integrations.feeds import mailbox, url
from integrations.feeds.errors import FeedError
from integrations.feeds.reach import Limits, Reach
from jobs.claims import Batch, Claimed
from jobs.settlement import Outcome, settle

if TYPE_CHECKING:
    from integrations.feeds import sftp

log = logging.getLogger(__name__)
Thing = TypeVar("Thing")
AT_ONCE = 20  # Files or messages of one visit; what is left is the next visit's, which follows at once.
FIRST_RETRY_S = 60.0  # Doubles with every try: a supplier's server is not asked again within seconds.
MOST_RETRY_S = 3600.0


def work(batch: Batch) -> None:
    """A tick, visits, or tests."""
    for message in batch.messages:
        if "feed_id" not in message.body:
            _tick(batch, message)
        else:
            _visit(batch, message)


def _tick(batch: Batch, message: Claimed) -> None:
    with transaction() as session:
        due = services.put_due(session, now=clock.now(), settings=settings())
        settle(session, batch, [Outcome(message.id, "delivered" if due else "unchanged", {"due": len(due)})])
    if due:
        queue.wake(batch.flow.name)


def _visit(batch: Batch, message: Claimed) -> None:
    feed_id, act = int(message.body["feed_id"]), str(message.body["act"])
    try:
        with transaction() as session:
            visit = services.begin(session, feed_id, act, now=clock.now(), settings=settings())
        if visit is None:
            with transaction() as session:
                settle(session, batch, [Outcome(message.id, "unchanged", {"reason": "off"})])
            return
        found = (_look if act == "test" else _fetch)(visit)
    except SealBroken:
        _failed(batch, message, feed_id, act, FeedError("secret_lost"))
    except FeedError as error:
        _failed(batch, message, feed_id, act, error)
    else:
        _went_well(batch, message, feed_id, act, found)
    queue.wake(OFFERS)  # A visit that failed may have brought something before it did.


def _went_well(batch: Batch, message: Claimed, feed_id: int, act: str, found: Json) -> None:
    with transaction() as session:
        if act == "test":
            services.note_tested(session, feed_id, {"ok": True, **found}, now=clock.now())
        else:
            services.note_good(session, feed_id, found, now=clock.now(), more=bool(found.get("more")))
        news = act == "test" or found["code"] == "files"
        settle(session, batch, [Outcome(message.id, "delivered" if news else "unchanged", found)])


def _failed(batch: Batch, message: Claimed, feed_id: int, act: str, error: FeedError) -> None:
    """A test has its answer. A visit is tried again when that may help; else it waits for a person or the clock."""
    problem = {"code": error.code, **error.facts}
    log.warning("feed failed", extra={"feed_id": feed_id, "act": act, "error": str(error)})
    result = {"error": error.code, **error.facts}
    outcome = Outcome(message.id, "dead", result)
    if act == "test":
        outcome = Outcome(message.id, "delivered", result)
    elif error.passing:
        wait = min(MOST_RETRY_S, FIRST_RETRY_S * 2 ** (message.attempts - 1))
        outcome = Outcome(message.id, "retry", result, max(wait, error.retry_after_s or 0.0))
    with transaction() as session:
        if act == "test":
            services.note_tested(session, feed_id, {"ok": False, **problem}, now=clock.now())
        else:
            services.note_failed(session, feed_id, problem, now=clock.now())
        settle(session, batch, [outcome])


# The three kinds


def _fetch(visit: Visit) -> Json:
    """Take what is new; returns what to say of it. Raises FeedError."""
    kinds: dict[str, Callable[[Visit, Limits, Reach], Json]] = {
        "url": _fetch_url, "sftp": _fetch_sftp, "mailbox": _fetch_mailbox,
    }  # fmt: skip
    return kinds[visit.kind](visit, _limits(), _reach())


def _look(visit: Visit) -> Json:
    """What stands there, without taking it. Raises FeedError."""
    kinds: dict[str, Callable[[Visit, Limits, Reach], Json]] = {
        "url": _look_url, "sftp": _look_sftp, "mailbox": _look_mailbox,
    }  # fmt: skip
    return kinds[visit.kind](visit, _limits(), _reach())


def _limits() -> Limits:
    return Limits(file_bytes=settings().upload_max_mb * 1024 * 1024)


def _reach() -> Reach:
    return Reach.of(settings().feed_private_networks)


class Basket:
    """What one visit takes, each thing in a transaction of its own."""

    def __init__(self, visit: Visit) -> None:
        self.visit = visit
        self.files: list[int] = []
        self.more = False

    def seen(self, marks: list[str]) -> set[str]:
        """Which of the marks were taken before."""
        with transaction() as session:
            return queries.seen(session, self.visit.feed_id, marks)

    def put(self, mark: str, name: str, content: bytes) -> None:
        """Take one thing."""
        with transaction() as session:
            file_id = services.take(session, self.visit.feed_id, mark=mark, name=name, content=content,
                                    now=clock.now(), settings=settings())  # fmt: skip
        if file_id is not None:
            self.files.append(file_id)
            queue.wake(OFFERS)

    def remember(self, memory: Json) -> None:
        """What the next visit must know."""
        with transaction() as session:
            services.remember(session, self.visit.feed_id, memory)

    def first(self, things: list[Thing]) -> list[Thing]:
        """As many as one visit takes."""
        self.more = len(things) > AT_ONCE
        return things[:AT_ONCE]

    def found(self, looked_at: int) -> Json:
        """What to say of the visit."""
        said: Json = {"code": "same" if looked_at else "nothing"}
        if self.files:
            said = {"code": "files", "files": self.files}
        return said | ({"more": True} if self.more else {})


def _fetch_url(visit: Visit, limits: Limits, reach: Reach) -> Json:
    known = url.Known(visit.memory.get("etag", ""), visit.memory.get("last_modified", ""))
    fetched = url.fetch(_url_place(visit), known=known, limits=limits, reach=reach)
    if fetched is None:
        return {"code": "same"}
    basket = Basket(visit)
    mark = f"{clock.now().isoformat()} {hashlib.sha256(fetched.content).hexdigest()}"
    basket.put(mark, fetched.name, fetched.content)
    basket.remember({"etag": fetched.known.etag, "last_modified": fetched.known.last_modified})
    return basket.found(1)


def _look_url(visit: Visit, limits: Limits, reach: Reach) -> Json:
    found = url.look(_url_place(visit), limits=limits, reach=reach)
    return {"code": "url", "name": found.name, "size": found.size, "type": found.type}


def _url_place(visit: Visit) -> url.Place:
    place = visit.place
    return url.Place(place["url"], place["auth"], place["user"], place["header"], visit.secrets.get("secret", ""))


def _fetch_sftp(visit: Visit, limits: Limits, reach: Reach) -> Json:
    from integrations.feeds import sftp  # Here: every worker imports this module, and asyncssh is large.

    basket = Basket(visit)
    listed: list[sftp.Entry] = []

    def choose(entries: list[sftp.Entry]) -> list[sftp.Entry]:
        """Only the newest when it is newer than the one taken last: an older list is never put over a newer one."""
        listed.extend(entries)
        if visit.place["take"] == "newest":
            entries = [entry for entry in entries[-1:] if entry.mtime >= visit.memory.get("mtime", 0)]
        seen = basket.seen([entry.mark for entry in entries])
        return basket.first([entry for entry in entries if entry.mark not in seen])

    def take(entry: sftp.Entry, content: bytes) -> None:
        basket.put(entry.mark, entry.name, content)
        basket.remember({"mtime": max(entry.mtime, visit.memory.get("mtime", 0))})

    sftp.visit(_sftp_place(visit), choose=choose, take=take, limits=limits, reach=reach)
    return basket.found(len(listed))


def _look_sftp(visit: Visit, limits: Limits, reach: Reach) -> Json:
    from integrations.feeds import sftp

    entries = sftp.look(_sftp_place(visit), limits=limits, reach=reach)
    if not entries:
        return {"code": "no_file"}
    newest = entries[-1]
    at = datetime.fromtimestamp(newest.mtime, UTC).isoformat()
    return {"code": "sftp", "count": len(entries), "name": newest.name, "at": at}


def _sftp_place(visit: Visit) -> sftp.Place:
    from integrations.feeds import sftp

    names = ("host", "user", "port", "folder", "pattern", "host_key")
    secrets = {name: visit.secrets.get(name, "") for name in ("password", "key")}
    return sftp.Place(**{name: visit.place[name] for name in names} | secrets)


def _fetch_mailbox(visit: Visit, limits: Limits, reach: Reach) -> Json:
    basket = Basket(visit)
    listed: list[mailbox.Letter] = []

    def choose(letters: list[mailbox.Letter]) -> list[mailbox.Letter]:
        listed.extend(letters)
        if visit.place["take"] == "newest":
            letters = letters[-1:]
        seen = basket.seen([f"{letter.mark}:0" for letter in letters])
        return basket.first([letter for letter in letters if f"{letter.mark}:0" not in seen])

    def take(letter: mailbox.Letter, attachments: list[mailbox.Attachment]) -> None:
        for number, attachment in enumerate(attachments):
            basket.put(f"{letter.mark}:{number}", attachment.name, attachment.content)
        basket.remember(letter.known._asdict())

    known = mailbox.Known(**visit.memory) if visit.memory else mailbox.Known()
    mailbox.visit(_mailbox_place(visit), known=known, choose=choose, take=take, limits=limits, reach=reach)
    return basket.found(len(listed))


def _look_mailbox(visit: Visit, limits: Limits, reach: Reach) -> Json:
    letters = mailbox.look(_mailbox_place(visit), limits=limits, reach=reach)
    if not letters:
        return {"code": "no_letter"}
    return {"code": "mailbox", "count": len(letters), "name": letters[-1].subject[:200],
            "at": letters[-1].at.isoformat()}  # fmt: skip


def _mailbox_place(visit: Visit) -> mailbox.Place:
    names = ("host", "user", "port", "security", "folder", "subject", "move_to")
    values = {name: visit.place[name] for name in names}
    senders, password = tuple(visit.place["senders"]), visit.secrets.get("password", "")
    return mailbox.Place(**values, senders=senders, password=password)
