"""The door: who gets in, who is slowed down, and what nobody learns there."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app import clock
from app.auth import passwords, services
from app.auth.models import SignInFailure, User, UserSession
from app.auth.sessions import local_path

RIGHT = "correct horse battery staple"
ANNA = "anna@example.com"


@pytest.fixture
def anna(app: Flask, session: Session) -> int:
    """An account; the id."""
    app.config["WTF_CSRF_ENABLED"] = False
    return services.add_user(session, email=ANNA, name="Anna", role="agent", password=RIGHT)


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that were really checked; checking is quick, and right for RIGHT."""
    asked: list[str] = []

    def verify(stored: str | None, password: str) -> bool:
        asked.append(password)
        return stored is not None and password == RIGHT

    monkeypatch.setattr(services, "verify", verify)
    return asked


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Move the clock."""

    def move(pause: timedelta) -> None:
        moment = clock.now() + pause
        monkeypatch.setattr("app.clock.now", lambda: moment)

    return move


def knock(client: FlaskClient, email: str = ANNA, password: str = RIGHT, network: str = "192.0.2.1",
          **more: str) -> TestResponse:  # fmt: skip
    return client.post(
        "/sign-in", data={"email": email, "password": password, **more}, environ_base={"REMOTE_ADDR": network}
    )


def without_tokens(answer: TestResponse) -> str:
    """The page but for its tokens, which tell the second."""
    return re.sub(r"csrf_token[^>]*>|X-CSRFToken[^>]*>", "", answer.text)


def test_the_right_password_opens_a_session_of_which_only_the_hash_is_kept(
    client: FlaskClient, session: Session, anna: int
) -> None:
    answer = knock(client, email="  Anna@Example.com ")

    cookie = client.get_cookie("iused")
    assert cookie is not None
    assert answer.status_code == 303
    kept = session.execute(sa.select(UserSession)).scalar_one()
    assert (kept.user_id, kept.network, len(kept.token_hash)) == (anna, "192.0.2.1", 32)
    assert cookie.value.encode() not in kept.token_hash
    assert len(cookie.value) >= 43  # 256 bits.
    assert session.get_one(User, anna).last_sign_in_at is not None


def test_an_account_that_exists_and_one_that_does_not_are_answered_alike_after_the_same_work(
    client: FlaskClient, checked: list[str], anna: int
) -> None:
    known, unknown = knock(client, password="wrong"), knock(client, "nobody@example.com", "wrong")

    assert known.status_code == unknown.status_code == 422
    page, other = without_tokens(known), without_tokens(unknown)  # They say the second that they are of.
    assert page.replace("anna@", "nobody@") == other
    assert checked == ["wrong", "wrong"]


def test_an_unknown_account_costs_a_real_check(monkeypatch: pytest.MonkeyPatch) -> None:
    worked: list[str] = []

    class Counting:
        def verify(self, stored: str, password: str) -> bool:
            worked.append(stored)
            return True

    monkeypatch.setattr(passwords, "_hasher", Counting())

    assert not passwords.verify(None, "x")
    assert worked[0].startswith("$argon2id$")


def test_a_closed_account_does_not_get_in_with_its_right_password(
    client: FlaskClient, session: Session, anna: int
) -> None:
    session.get_one(User, anna).active = False
    session.flush()

    closed, unknown = knock(client), knock(client, "nobody@example.com")

    assert (closed.status_code, client.get_cookie("iused")) == (422, None)
    assert without_tokens(closed).replace("anna@", "nobody@") == without_tokens(unknown)


def test_after_eight_wrong_passwords_the_ninth_is_not_checked_even_when_it_is_right(
    client: FlaskClient, checked: list[str], anna: int
) -> None:
    for number in range(12):
        knock(client, password=f"wrong {number}", network=f"192.0.2.{number}")

    answer = knock(client, email="ANNA@example.com", network="192.0.2.99")

    assert answer.status_code == 422
    assert len(checked) == 8
    assert knock(client, "bert@example.com", "x", network="192.0.2.99").status_code == 422
    assert len(checked) == 9  # Another account is not held.


def test_a_network_that_tries_many_accounts_is_held_whatever_it_says_it_forwards_for(
    client: FlaskClient, checked: list[str], anna: int
) -> None:
    for number in range(50):
        client.post(
            "/sign-in", data={"email": f"user{number}@example.com", "password": "Spring2026"},
            environ_base={"REMOTE_ADDR": "192.0.2.1"}, headers={"X-Forwarded-For": f"198.51.100.{number}"},
        )  # fmt: skip

    assert len(checked) == 40
    assert knock(client).status_code == 422
    assert knock(client, network="192.0.2.2").status_code == 303


def test_the_hold_ends_with_its_window_and_old_failures_are_removed(
    client: FlaskClient, session: Session, checked: list[str], anna: int, later: Callable[[timedelta], None]
) -> None:
    for number in range(8):
        knock(client, password=f"wrong {number}")
    later(timedelta(minutes=14))
    assert knock(client).status_code == 422

    later(timedelta(minutes=1, seconds=1))
    knock(client, "bert@example.com", "x")

    assert session.execute(sa.select(SignInFailure.account)).scalars().all() == ["bert@example.com"]
    assert knock(client).status_code == 303


def test_success_forgets_the_failures_of_the_account_and_only_those(
    client: FlaskClient, session: Session, checked: list[str], anna: int
) -> None:
    for number in range(7):
        knock(client, password=f"wrong {number}")
    knock(client, "bert@example.com", "wrong")

    assert knock(client).status_code == 303

    assert session.execute(sa.select(SignInFailure.account)).scalars().all() == ["bert@example.com"]


def test_signing_in_again_ends_the_session_that_the_browser_had(
    client: FlaskClient, session: Session, anna: int, app: Flask
) -> None:
    knock(client)
    former = client.get_cookie("iused")
    assert former is not None

    knock(client)

    now = client.get_cookie("iused")
    assert now is not None
    assert now.value != former.value
    assert session.execute(sa.select(sa.func.count(UserSession.id))).scalar_one() == 1
    thief = app.test_client()
    thief.set_cookie("iused", former.value)
    assert thief.get("/").status_code == 303


def test_who_is_signed_in_is_not_asked_again(client: FlaskClient, anna: int) -> None:
    knock(client)

    assert client.get("/sign-in").location == "/"


def test_after_the_sign_in_the_page_that_was_asked_for_opens(client: FlaskClient, anna: int) -> None:
    asked = client.get("/stock/?only=shortage&grade=A%2B")

    door = client.get(asked.location).get_data(as_text=True)

    assert 'value="/stock/?only=shortage&amp;grade=A%2B"' in door
    assert knock(client, next="/stock/?only=shortage&grade=A%2B").location == "/stock/?only=shortage&grade=A%2B"
    assert knock(client, next="//evil.example").location == "/"


def test_htmx_is_sent_to_the_door_by_its_own_header(client: FlaskClient) -> None:
    answer = client.get("/stock/", headers={"HX-Request": "true"})

    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/sign-in")


@pytest.mark.parametrize("cookie", ["", "x", "x" * 101, "x" * 8000, "\xe9\xe8", "null"])
def test_a_cookie_that_is_none_of_ours_is_nobody(client: FlaskClient, cookie: str) -> None:
    assert client.get("/", headers={"Cookie": f"iused={cookie}"}).status_code == 303


def test_a_hash_of_older_parameters_is_renewed_at_the_sign_in(
    client: FlaskClient, session: Session, anna: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from argon2 import PasswordHasher

    session.get_one(User, anna).password_hash = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(RIGHT)
    session.flush()

    knock(client)

    assert session.get_one(User, anna).password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_the_browsers_own_words_are_cut(client: FlaskClient, session: Session, anna: int) -> None:
    client.post("/sign-in", data={"email": ANNA, "password": RIGHT}, headers={"User-Agent": "\x1b[31m" + "x" * 500})

    assert len(session.execute(sa.select(UserSession.agent)).scalar_one()) == 200


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "/\\evil.example", "\\\\evil", "https:evil.example", "https://evil.example", "evil.example",
     "javascript:alert(1)", "data:x", "/a\r\nb", "/\tevil", "", " /", "/ /evil", "//", "///evil.example", "/\x00",
     "?next=/", "#", "\u2028/x", "/a\\b"],
)  # fmt: skip
def test_the_way_back_stays_on_this_host(target: str) -> None:
    assert local_path(target) is None


@pytest.mark.parametrize("target", ["/", "/stock/?only=shortage", "/suppliers/1#grades", "/search/?q=%2F%2Fevil"])
def test_a_path_of_ours_is_a_way_back(target: str) -> None:
    assert local_path(target) == target
