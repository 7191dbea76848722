"""A session ends: by its owner, with its time, with a right, with the account; and its cookie stays in the browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app import clock, create_app, logs
from app.auth import services
from app.auth.models import Audit, User, UserSession
from app.db import db
from app.settings import Settings

PASSWORD = "correct horse battery staple"
OTHER = "another staple of horses"


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Move the clock."""

    def move(pause: timedelta) -> None:
        moment = clock.now() + pause
        monkeypatch.setattr("app.clock.now", lambda: moment)

    return move


@pytest.fixture
def browsers(app: Flask, session: Session, sign_in: Callable[[str], FlaskClient]) -> list[FlaskClient]:
    """One agent, signed in with three browsers."""
    first = sign_in("agent")
    made = [first]
    for _ in range(2):
        token = services.open_session(session, user_id(session), network="192.0.2.7", agent="a phone", now=clock.now(),
                                      settings=app.extensions["settings"])  # fmt: skip
        made.append(app.test_client())
        made[-1].set_cookie("iused", token)
    session.commit()
    return made


def user_id(session: Session) -> int:
    return session.execute(sa.select(User.id).where(User.role == "agent")).scalar_one()


def inside(browsers: list[FlaskClient]) -> list[bool]:
    return [browser.get("/").status_code == 200 for browser in browsers]


def test_a_session_that_is_not_used_ends_and_use_keeps_it(
    browsers: list[FlaskClient], later: Callable[[timedelta], None], settings: Settings
) -> None:
    idle = timedelta(minutes=settings.session_idle_minutes)

    later(idle - timedelta(minutes=5))
    assert inside(browsers[:1]) == [True]
    later(timedelta(minutes=6))

    assert inside(browsers) == [True, False, False]


def test_a_session_that_is_used_all_the_time_ends_too(
    browsers: list[FlaskClient], later: Callable[[timedelta], None], settings: Settings
) -> None:
    hours = settings.session_absolute_hours
    for _ in range(hours // 4 - 1):
        later(timedelta(hours=4))
        assert inside(browsers[:1]) == [True]

    later(timedelta(hours=4, seconds=1))

    assert inside(browsers[:1]) == [False]


def test_a_request_moves_the_session_once_a_minute_and_not_each_time(
    browsers: list[FlaskClient], session: Session, later: Callable[[timedelta], None]
) -> None:
    def seen() -> list[object]:
        return list(session.execute(sa.select(UserSession.seen_at).order_by(UserSession.id)).scalars())

    before = seen()
    inside(browsers[:1])
    assert seen() == before
    later(timedelta(seconds=61))
    inside(browsers[:1])

    assert (seen()[0] != before[0], seen()[1:]) == (True, before[1:])


def test_signing_out_ends_one_session_and_is_written_down(browsers: list[FlaskClient], session: Session) -> None:
    cookie = browsers[0].get_cookie("iused")
    assert cookie is not None

    answer = browsers[0].post("/sign-out")

    assert (answer.status_code, browsers[0].get_cookie("iused")) == (303, None)
    browsers[0].set_cookie("iused", cookie.value)
    assert inside(browsers) == [False, True, True]
    assert "users.sign_out" in acts(session)


def test_the_other_sessions_end_from_the_account_and_it_is_written_down_how_many(
    browsers: list[FlaskClient], session: Session
) -> None:
    assert browsers[0].post("/account/sessions/end").status_code == 303

    assert inside(browsers) == [True, False, False]
    said = session.execute(sa.select(Audit.after).where(Audit.act == "users.end_sessions")).scalar_one()
    assert said == {"ended": 2}


def test_a_new_password_ends_the_other_sessions_and_is_the_only_one_that_opens(
    app: Flask, browsers: list[FlaskClient]
) -> None:
    changed = browsers[0].post("/account/password", data={"old": PASSWORD, "new": OTHER})

    assert changed.status_code == 303
    assert inside(browsers) == [True, False, False]
    answers = [
        app.test_client().post("/sign-in", data={"email": "agent@example.com", "password": password}).status_code
        for password in (PASSWORD, OTHER)
    ]
    assert answers == [422, 303]


@pytest.mark.parametrize("old", ["", "wrong", OTHER])
def test_without_the_current_password_nothing_changes(browsers: list[FlaskClient], session: Session, old: str) -> None:
    answer = browsers[0].post("/account/password", data={"old": old, "new": OTHER})

    assert answer.status_code == 422
    assert inside(browsers) == [True, True, True]
    assert "users.password" not in acts(session)


def test_the_account_page_lists_the_sessions_that_live_and_marks_this_one(
    browsers: list[FlaskClient], later: Callable[[timedelta], None], settings: Settings
) -> None:
    browsers[0].post("/account/switch", data={"locale": "en"})
    page = browsers[0].get("/account").get_data(as_text=True)
    assert (page.count("a phone"), page.count("(this one)")) == (2, 1)

    later(timedelta(minutes=settings.session_idle_minutes - 1))
    inside(browsers[:1])
    later(timedelta(minutes=2))

    assert "a phone" not in browsers[0].get("/account").get_data(as_text=True)


def test_language_and_appearance_stay_with_the_person_and_strange_ones_are_left_out(
    browsers: list[FlaskClient], session: Session
) -> None:
    first = browsers[0].post("/account/switch", data={"theme": "dark", "back": "/stock/?only=available"})
    strange = browsers[0].post("/account/switch", data={"theme": "pink", "locale": "xx", "back": "//evil.example"})

    assert (first.location, strange.location) == ("/stock/?only=available", "/")
    assert 'data-bs-theme="dark"' in browsers[1].get("/").get_data(as_text=True)
    changes = session.execute(sa.select(Audit.before, Audit.after).where(Audit.act == "users.profile")).all()
    assert (changes[0].before["theme"], changes[0].after["theme"]) == ("system", "dark")
    assert changes[1].before == changes[1].after


def test_the_profile_is_kept_and_a_wrong_one_is_said(browsers: list[FlaskClient], session: Session) -> None:
    wrong = browsers[0].post("/account", data={"name": "", "locale": "nl", "theme": "light"})
    right = browsers[0].post("/account", data={"name": "Anna", "locale": "en", "theme": "light"})

    user = session.get_one(User, user_id(session), populate_existing=True)
    assert (wrong.status_code, right.status_code) == (422, 303)
    assert (user.name, user.locale, user.theme) == ("Anna", "en", "light")


def acts(session: Session) -> list[str]:
    return list(session.execute(sa.select(Audit.act)).scalars())


@pytest.fixture
def live(app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """The application with production's settings, in the test's transaction."""
    monkeypatch.setattr(logs, "set_up", lambda _level: None)  # The test's log handlers stay.
    connection = db.engine
    made = create_app(settings.model_copy(update={"environment": "production"}))
    made.config["WTF_CSRF_ENABLED"] = False
    made.test_client_class = app.test_client_class
    with made.app_context():
        own = db.engines[None]
        db.engines[None] = connection  # type: ignore[index]
        yield made
        db.session.remove()
        own.dispose()


def test_in_production_cookies_are_for_this_host_over_tls_and_no_script(live: Flask, session: Session) -> None:
    services.add_user(session, email="anna@example.com", name="Anna", role="agent", password=PASSWORD)
    session.commit()
    browser = live.test_client()
    browser.get("/sign-in", base_url="https://localhost")

    answer = browser.post("/sign-in", data={"email": "anna@example.com", "password": PASSWORD},
                          base_url="https://localhost")  # fmt: skip

    (cookie,) = [line for line in answer.headers.getlist("Set-Cookie") if line.startswith("__Host-iused=")]
    flags = {flag.strip().lower() for flag in cookie.split(";")[1:]}
    assert {"secure", "httponly", "samesite=lax", "path=/"} <= flags
    assert not [flag for flag in flags if flag.startswith("domain")]
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert browser.get("/", base_url="https://localhost").status_code == 200


def test_in_production_the_form_cookie_is_as_strict_and_a_post_without_its_token_is_refused(live: Flask) -> None:
    live.config["WTF_CSRF_ENABLED"] = True
    browser = live.test_client()

    cookie = browser.get("/sign-in", base_url="https://localhost").headers["Set-Cookie"]
    answer = browser.post("/sign-in", data={"email": "a@example.com", "password": "x"}, base_url="https://localhost")

    assert cookie.startswith("__Host-form=")
    for flag in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax"):
        assert flag in cookie
    assert answer.status_code == 400


def test_a_browser_that_has_the_form_cookie_is_not_given_another(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    browser = app.test_client()

    given = [browser.get("/sign-in").headers.getlist("Set-Cookie") for _ in range(3)]

    assert [len(cookies) for cookies in given] == [1, 0, 0]
