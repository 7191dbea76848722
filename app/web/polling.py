"""Polls of open pages, answered by one comparison in memory while nothing moved.

A view that answers a poll names what the page shows (`offer_file:12`) and the tag that it has. From then on this
process answers polls of the same session and address by itself, until the row moves: see `app.web.memory`. A 304 holds
no data in any case.
"""

from __future__ import annotations

from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any

from flask import Flask, g, request

from app.web.memory import Memory, memory

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def init_app(app: Flask) -> None:
    """Answer what is remembered before Flask sees it."""
    polls: Memory | None = app.extensions["memory"]
    if polls is None:
        return
    from app.auth.sessions import cookie_name_for

    inner, name = app.wsgi_app, cookie_name_for(app.extensions["settings"])

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        tag = environ.get("HTTP_HX_PTAG")
        if tag and environ["REQUEST_METHOD"] == "GET" and polls.known(_key(environ, name)) == tag:
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
    polls = memory()
    if polls is None or not hasattr(g, "poll_moment"):
        return
    from app.auth.sessions import cookie_name

    key = _key(request.environ, cookie_name())
    polls.remember(key, tag, (topic, session_topic(key[1])), since=g.poll_moment)


def session_topic(token: str) -> str:
    """What moves, in this process alone, when the session of a cookie ends."""
    return f"token:{token}"


def _key(environ: dict[str, Any], name: str) -> tuple[str, str, str]:
    """A poll: the session's token, and the address."""
    return "poll", _token(environ, name), f"{environ.get('PATH_INFO', '')}?{environ.get('QUERY_STRING', '')}"


def _token(environ: dict[str, Any], name: str) -> str:
    try:
        found = SimpleCookie(environ.get("HTTP_COOKIE", "")).get(name)
    except CookieError:
        return ""
    return found.value if found else ""
