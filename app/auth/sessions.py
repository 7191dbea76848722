"""Server-side sessions under Flask-Login.

Flask-Login's own cookie session keeps working after sign-out when a copy of the cookie was taken; here the cookie is
a random token, and the row it points to is deleted.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from flask import Flask, Request, Response, redirect, request, url_for
from flask_login import LoginManager
from sqlalchemy import update
from werkzeug.wrappers import Response as BaseResponse

from app import clock
from app.auth import queries
from app.auth.models import UserSession
from app.auth.services import hash_token
from app.db import reading, transaction
from app.extensions import settings
from app.settings import Settings
from app.web.memory import memory, remembered
from app.web.polling import session_topic

SEEN_EVERY = timedelta(minutes=1)  # A write per request would cost more than the request.
login_manager = LoginManager()


class Person:
    """What Flask-Login asks of a user, over the row."""

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def __init__(self, live: queries.LiveSession) -> None:
        self.id = live.user_id
        self.name = live.name
        self.email = live.email
        self.role = live.role
        self.locale = live.locale
        self.theme = live.theme
        self.session_id = live.id

    def get_id(self) -> str:
        return str(self.id)


def cookie_name() -> str:
    """Of the running application."""
    return cookie_name_for(settings())


def cookie_name_for(config: Settings) -> str:
    """`__Host-` forbids the cookie for other hosts and paths, and demands Secure."""
    return "__Host-iused" if config.secure_cookies else "iused"


def init_app(app: Flask) -> None:
    """Plug Flask-Login in, with our sessions and without its cookies."""
    config = app.extensions["settings"]
    app.config.update(
        SESSION_COOKIE_NAME="__Host-form" if config.secure_cookies else "form",  # Holds the CSRF secret only.
        SESSION_COOKIE_SECURE=config.secure_cookies,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_PROTECTION=None,  # Of Flask-Login's own session, which is not used: nothing is to be compared or noted.
    )
    login_manager.init_app(app)
    login_manager.request_loader(load_person)


def load_person(incoming: Request) -> Person | None:
    """The person behind the cookie; `seen_at` moves at most once a minute."""
    token = incoming.cookies.get(cookie_name())
    if not token or len(token) > 100:
        return None
    hashed, now = hash_token(token), clock.now()

    def read() -> queries.LiveSession | None:
        return queries.live_session(reading(), hashed, idle_since=idle_since(now), now=now)

    def topics(live: queries.LiveSession | None) -> Collection[str]:
        return (f"user_session:{live.id}", f"user_account:{live.user_id}", session_topic(token)) if live else ()

    found = remembered(("session", hashed), read, topics)
    if found is None or found.ends_at <= now:
        return None
    if found.seen_at < now - SEEN_EVERY:
        found = read()
        if found is None:
            return None
        with transaction() as session:
            session.execute(update(UserSession).where(UserSession.id == found.id).values(seen_at=now))
    return Person(found)


def forget(token: str) -> None:
    """The session of a cookie ended: this process knows nothing of it from now on."""
    here = memory()
    if here is not None:
        here.moved(session_topic(token))


def idle_since(now: datetime) -> datetime:
    """A session that was not used after this moment has ended."""
    return now - timedelta(minutes=settings().session_idle_minutes)


def set_cookie(response: BaseResponse, token: str) -> None:
    """Lax, not Strict: a link to an order in a mail must open the order, not the sign-in page."""
    config = settings()
    response.set_cookie(
        cookie_name(), token, max_age=config.session_absolute_hours * 3600, secure=config.secure_cookies,
        httponly=True, samesite="Lax", path="/",
    )  # fmt: skip


def clear_cookie(response: BaseResponse) -> None:
    """Forget the token in this browser."""
    response.delete_cookie(cookie_name(), path="/", secure=settings().secure_cookies, httponly=True, samesite="Lax")


def local_path(target: str | None) -> str | None:
    """`target` when it is a path on this host, else None: nothing that a browser could read as another host."""
    if not target or not target.startswith("/") or target[1:2] in ("/", "\\"):
        return None
    if any(ord(character) < 33 or character == "\\" for character in target):
        return None
    parts = urlsplit(target)
    return None if parts.scheme or parts.netloc else target


def ask_to_sign_in() -> BaseResponse:
    """Send the person to the sign-in page, and back here afterwards."""
    here = request.full_path.rstrip("?") if request.method == "GET" else None
    target = url_for("auth.sign_in", next=local_path(here))
    if request.headers.get("HX-Request") == "true":
        return Response(status=204, headers={"HX-Redirect": url_for("auth.sign_in")})
    return redirect(target, code=303)


def network() -> str:
    """The peer's address. Headers of proxies are not believed."""
    return request.remote_addr or ""
