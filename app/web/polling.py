"""Polls of open pages, answered by one comparison in memory while nothing moved.

A view that answers a poll names what the page shows (`offer_file:12`) and the tag that it has. From then on this
process answers polls of the same session and address by itself, until PostgreSQL says that the row moved: a trigger
on its `revision` notifies in the transaction that moves it. A remembered answer lasts POLL_MEMORY_SECONDS at most,
after which the view checks session and permission again; a 304 holds no data in any case. Without the connection that
listens nothing is remembered, and every poll asks the database.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from http.cookies import CookieError, SimpleCookie
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
from flask import Flask, current_app, g, request

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

log = logging.getLogger(__name__)
NOTIFICATIONS = "moved"
AT_MOST = 20_000  # Remembered polls; beyond that all are forgotten, which costs one slower poll each.
_LISTEN_S = 5.0


class Seen(NamedTuple):
    """What a session has on its screen under an address."""

    topic: str
    tag: str
    until: float


class Polls:
    """The memory of one process."""

    def __init__(self, database_url: str, *, seconds: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = database_url
        self._seconds = seconds
        self._clock = clock
        self._lock = Lock()
        self._seen: dict[tuple[str, str], Seen] = {}
        self._of_topic: dict[str, set[tuple[str, str]]] = {}
        self._moved_at: dict[str, int] = {}
        self._count = 0  # Of notifications and losses of the connection: a moment between two of them.
        self._listening = False
        self._thread: Thread | None = None
        self._stop = Event()

    def moment(self) -> int | None:
        """Now, to be given to `remember` later; None while nobody listens. Starts to listen at the first call."""
        with self._lock:
            if self._thread is None:
                self._thread = Thread(target=self._listen, name="polls", daemon=True)
                self._thread.start()
            return self._count if self._listening else None

    def remember(self, token: str, address: str, *, topic: str, tag: str, since: int | None) -> None:
        """The session has `tag` on its screen; it was read from the database after the moment `since`."""
        with self._lock:
            if since is None or not self._listening or self._moved_at.get(topic, -1) > since:
                return
            if len(self._seen) >= AT_MOST:
                self._forget_all()
            self._seen[token, address] = Seen(topic, tag, self._clock() + self._seconds)
            self._of_topic.setdefault(topic, set()).add((token, address))

    def known(self, token: str, address: str) -> str | None:
        """The tag that the page has for certain, or None: ask the view."""
        seen = self._seen.get((token, address))
        return seen.tag if seen is not None and seen.until > self._clock() else None

    def forget(self, token: str) -> None:
        """The session ended."""
        with self._lock:
            for key in [key for key in self._seen if key[0] == token]:
                self._drop(key)

    def moved(self, topic: str) -> None:
        """Somebody changed what pages about `topic` show."""
        with self._lock:
            self._count += 1
            self._moved_at[topic] = self._count
            for key in self._of_topic.pop(topic, ()):
                self._seen.pop(key, None)

    def close(self) -> None:
        """Stop listening."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=2 * _LISTEN_S)

    def _drop(self, key: tuple[str, str]) -> None:
        seen = self._seen.pop(key, None)
        if seen is not None:
            self._of_topic.get(seen.topic, set()).discard(key)

    def _forget_all(self) -> None:
        self._count += 1
        self._seen.clear()
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
                log.warning("not listening for changes, polls ask the database", extra={"error": str(error)})
            with self._lock:
                self._listening = False
                self._forget_all()
            self._stop.wait(1)


def init_app(app: Flask) -> None:
    """Answer what is remembered before Flask sees it."""
    config = app.extensions["settings"]
    if config.poll_memory_seconds == 0:
        return
    from app.auth.sessions import cookie_name_for

    polls = Polls(config.libpq_url, seconds=config.poll_memory_seconds)
    app.extensions["polls"] = polls
    inner, name = app.wsgi_app, cookie_name_for(config)

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        tag = environ.get("HTTP_HX_PTAG")
        if tag and environ["REQUEST_METHOD"] == "GET":
            known = polls.known(_token(environ, name), _address(environ))
            if known == tag:
                start_response("304 NOT MODIFIED", [("HX-PTag", tag), ("Cache-Control", "no-store")])
                return ()
        return inner(environ, start_response)

    app.wsgi_app = answer  # type: ignore[method-assign]

    @app.before_request
    def note_the_moment() -> None:
        if "HTTP_HX_PTAG" in request.environ:
            g.poll_moment = polls.moment()


def note(*, topic: str, tag: str) -> None:
    """Remember that this session has `tag`, read from the database in this request, on its screen."""
    polls: Polls | None = current_app.extensions.get("polls")
    if polls is None or not hasattr(g, "poll_moment"):
        return
    from app.auth.sessions import cookie_name

    token = _token(request.environ, cookie_name())
    polls.remember(token, _address(request.environ), topic=topic, tag=tag, since=g.poll_moment)


def forget(token: str) -> None:
    """The session ended: its polls go to the view again, in this process at once."""
    polls: Polls | None = current_app.extensions.get("polls")
    if polls is not None:
        polls.forget(token)


def _token(environ: dict[str, Any], name: str) -> str:
    try:
        found = SimpleCookie(environ.get("HTTP_COOKIE", "")).get(name)
    except CookieError:
        return ""
    return found.value if found else ""


def _address(environ: dict[str, Any]) -> str:
    return f"{environ.get('PATH_INFO', '')}?{environ.get('QUERY_STRING', '')}"
