"""What this process remembers of the database, until PostgreSQL says that it moved.

A value is remembered under a key, with the topics that it was made of: `run:12`, `user_account:3`, `saved_view`. A
trigger notifies of a topic in the transaction that moves it. That is heard some milliseconds later, so whoever has just
acted is told nothing from memory. Of those who ask for a value that is not known one reads it, and the others wait for
that. A value lasts MEMORY_SECONDS at most, in case that nobody could tell us. Without the connection that listens
nothing is remembered, and everybody asks the database.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Hashable, Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread
from typing import Any, NamedTuple, TypeVar

import psycopg
from flask import Flask, Response, current_app, request

log = logging.getLogger(__name__)
NOTIFICATIONS = "moved"
AT_MOST = 20_000  # Remembered values, and topics that moved; beyond that all is forgotten: one question each.
_LISTEN_S = 0.5  # Between looks whether to go on.
READER_S = 2.0  # So long one waits for another who reads the same.
ACTED, ACTED_S = "acted", 3  # A cookie: the browser sent something so many seconds ago at most.
LOOKING = ("GET", "HEAD")

Value = TypeVar("Value")


class Kept(NamedTuple):
    """A value, the topics that it hangs on, and when it ends."""

    value: Any
    topics: Collection[str]
    until: float


class Memory:
    """The memory of one process."""

    def __init__(self, database_url: str, *, seconds: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = database_url
        self._seconds = seconds
        self._clock = clock
        self._lock = Lock()
        self._kept: dict[Hashable, Kept] = {}
        self._of_topic: dict[str, set[Hashable]] = {}
        self._moved_at: dict[str, int] = {}
        self._count = 0  # Of notifications and losses of the connection: a moment between two of them.
        self._forgot_at = 0  # What moved before is not known any more.
        self._listening = False
        self._thread: Thread | None = None
        self._stop = Event()
        self._read_now: dict[Hashable, Event] = {}  # Set when it was read, or could not be.

    def moment(self) -> int | None:
        """Now, to be given to `remember` later; None while nobody listens. Starts to listen at the first call."""
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = Thread(target=self._listen, name="memory", daemon=True)
                    self._thread.start()
        return self._count if self._listening else None

    def remember(self, key: Hashable, value: object, topics: Collection[str], *, since: int | None,
                 seconds: int | None = None) -> None:  # fmt: skip
        """Keep a value that was read from the database after `since`, unless a topic moved from then on."""
        with self._lock:
            if since is None or since < self._forgot_at or not self._listening:
                return
            if any(self._moved_at.get(topic, -1) > since for topic in topics):
                return
            if len(self._kept) >= AT_MOST:
                self._forget_all()
            self._drop(key)
            self._kept[key] = Kept(value, topics, self._clock() + min(self._seconds, seconds or self._seconds))
            for topic in topics:
                self._of_topic.setdefault(topic, set()).add(key)

    def known(self, key: Hashable) -> Any:
        """The value as it is in the database for certain, or None: ask."""
        kept = self._kept.get(key)
        return kept.value if kept is not None and kept.until > self._clock() else None

    @contextmanager
    def one_reader(self, key: Hashable) -> Iterator[None]:
        """Read the value of the key in the block, where it may be known by now: another read it before the block.

        Whoever waited and still knows nothing (it moved meanwhile, the other failed) reads beside others.
        """
        mine = Event()
        with self._lock:
            first = self._read_now.setdefault(key, mine)
        if first is not mine:
            first.wait(READER_S)
        try:
            yield
        finally:
            if first is mine:
                with self._lock:
                    del self._read_now[key]
                mine.set()

    def moved(self, topic: str) -> None:
        """Somebody changed what hangs on `topic`."""
        with self._lock:
            if len(self._moved_at) >= AT_MOST:
                self._forget_all()
            self._count += 1
            self._moved_at[topic] = self._count
            for key in tuple(self._of_topic.get(topic, ())):
                self._drop(key)

    def close(self) -> None:
        """Stop listening."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _drop(self, key: Hashable) -> None:
        kept = self._kept.pop(key, None)
        for topic in kept.topics if kept else ():
            keys = self._of_topic[topic]
            keys.discard(key)
            if not keys:
                del self._of_topic[topic]

    def _forget_all(self) -> None:
        self._count += 1
        self._forgot_at = self._count
        self._kept.clear()
        self._of_topic.clear()
        self._moved_at.clear()

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                with psycopg.connect(self._url, autocommit=True) as connection:
                    connection.execute(f"LISTEN {NOTIFICATIONS}")
                    with self._lock:
                        self._forget_all()
                        self._listening = True
                    while not self._stop.is_set():
                        for notification in connection.notifies(timeout=_LISTEN_S, stop_after=1):
                            self.moved(notification.payload)
            except psycopg.Error as error:
                log.warning("not listening for changes, everything is asked", extra={"error": str(error)})
            with self._lock:
                self._listening = False
                self._forget_all()
            self._stop.wait(1)


def init_app(app: Flask) -> None:
    """Give the application its memory, unless it is to have none, and tell browsers that they acted."""
    from app.auth.sessions import cookie_name_for

    config = app.extensions["settings"]
    seconds, signed_in = config.memory_seconds, cookie_name_for(config)
    app.extensions["memory"] = Memory(config.libpq_url, seconds=seconds) if seconds else None

    @app.after_request
    def acted(response: Response) -> Response:
        if request.method not in LOOKING and signed_in in request.cookies:
            response.set_cookie(ACTED, "1", max_age=ACTED_S, secure=config.secure_cookies, httponly=True,
                                samesite="Lax")  # fmt: skip
        return response


def memory() -> Memory | None:
    """Of the running application."""
    found: Memory | None = current_app.extensions["memory"]
    return found


def just_acted() -> bool:
    """Whether this person does something, or did so a moment ago: they are told what is true after it."""
    return request.method not in LOOKING or ACTED in request.cookies


def remembered(
    key: Hashable, read: Callable[[], Value], topics: Collection[str] | Callable[[Value], Collection[str]], *,
    seconds: int | None = None,
) -> Value:  # fmt: skip
    """The value of the key for whoever asks in this request, read when it is not known. None is not remembered.

    `topics`: what it hangs on, or what tells that of the value.
    """
    here = memory()
    if here is None or just_acted():
        return read()
    known: Value | None = here.known(key)
    if known is not None:
        return known
    if here.moment() is None:
        return read()
    with here.one_reader(key):
        known = here.known(key)
        if known is not None:
            return known
        since = here.moment()
        value = read()
        if value is not None:
            here.remember(key, value, topics(value) if callable(topics) else topics, since=since, seconds=seconds)
        return value
