"""The audit log: who did what, without secrets, and nobody takes a line back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from app.admin import views
from app.auth import audit, services
from app.auth.models import Audit, User, UserSession

FIRST, SECOND, WRONG = "correct horse battery staple", "another staple of horses", "a wrong one that was typed"


def write(session: Session, *acts: str, actor: str = "command line") -> None:
    for act in acts:
        audit.record(session, act=act, subject_kind="thing", subject_id="1", actor=actor, after={"act": act})
    session.flush()


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'nobody'", "DELETE FROM audit", "TRUNCATE audit",
                                       "UPDATE audit SET actor = 'x' WHERE false"])  # fmt: skip
def test_the_database_refuses_to_change_or_remove_a_line(session: Session, statement: str) -> None:
    write(session, "things.make")

    with pytest.raises(ProgrammingError, match="audit is append only"), session.begin_nested():
        session.execute(sa.text(statement))

    assert session.execute(sa.select(Audit.act, Audit.actor)).one() == ("things.make", "command line")


def test_no_password_token_or_hash_stands_in_a_line(app: Flask, client: FlaskClient, session: Session) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    services.add_user(session, email="admin@example.com", name="Ahmed", role="admin", password=FIRST)
    session.commit()
    client.post("/sign-in", data={"email": "admin@example.com", "password": WRONG})
    client.post("/sign-in", data={"email": "admin@example.com", "password": FIRST})
    cookie = client.get_cookie("iused")
    assert cookie is not None
    client.post(
        "/settings/users/new", data={"email": "a@example.com", "name": "Anna", "role": "agent", "password": FIRST}
    )
    client.post("/settings/users/2", data={"name": "Anna", "role": "agent", "active": "y", "password": SECOND})
    anna = session.execute(sa.select(User).where(User.email == "a@example.com")).scalar_one()
    client.post(f"/settings/users/{anna.id}", data={"name": "Anna", "role": "agent", "active": "y", "password": SECOND})
    client.post("/account/password", data={"old": FIRST, "new": SECOND})
    hashes = session.execute(sa.select(User.password_hash)).scalars().all()
    tokens = [value.hex() for value in session.execute(sa.select(UserSession.token_hash)).scalars()]

    client.post("/sign-out")

    log = json.dumps([list(row) for row in session.execute(sa.text("SELECT row_to_json(audit) FROM audit"))])
    acts = set(session.execute(sa.select(Audit.act)).scalars())
    assert acts == {"users.add", "users.sign_in", "users.update", "users.password", "users.sign_out"}
    for secret in (FIRST, SECOND, WRONG, cookie.value, "argon2", *hashes, *tokens):
        assert secret not in log


def test_a_line_names_the_person_as_they_were_called_and_the_request(
    sign_in: Callable[[str], FlaskClient], session: Session
) -> None:
    browser = sign_in("agent")

    answer = browser.post("/account", data={"name": "Anna", "locale": "en", "theme": "dark"})

    line = session.execute(sa.select(Audit)).scalar_one()
    assert (line.actor, line.act, line.user_id) == ("Agent", "users.profile", int(line.subject_id))
    assert line.correlation_id == answer.headers["X-Correlation-Id"]
    assert line.before == {"name": "Agent", "locale": "nl", "theme": "system"}
    assert line.after == {"name": "Anna", "locale": "en", "theme": "dark"}


def test_what_the_command_line_does_is_named_so_and_values_are_kept_as_words(session: Session) -> None:
    from datetime import date
    from decimal import Decimal

    audit.record(session, act="a.b", subject_kind="thing", subject_id="1", after={"day": date(2026, 3, 2),
                 "eur": Decimal("1.50"), "many": [1], "none": None})  # fmt: skip
    session.flush()

    line = session.execute(sa.select(Audit)).scalar_one()
    assert (line.actor, line.user_id, line.before) == ("command line", None, None)
    assert line.after == {"day": "2026-03-02", "eur": "1.50", "many": [1], "none": None}


def test_the_page_shows_the_newest_first_by_act_and_by_name(
    sign_in: Callable[[str], FlaskClient], session: Session
) -> None:
    write(session, "offers.accept", "offers.cancel", "stock.move")
    write(session, "offers.accept", actor="Pieter")
    manager = sign_in("manager")

    def acts(query: str) -> list[str]:
        page = manager.get(f"/settings/audit{query}").get_data(as_text=True)
        return re.findall(r'<td class="mono">([^<]+)</td>', page)

    assert acts("") == ["offers.accept", "stock.move", "offers.cancel", "offers.accept"]
    assert acts("?act=offers") == ["offers.accept", "offers.cancel", "offers.accept"]
    assert acts("?actor=piet") == ["offers.accept"]
    assert acts("?act=offers&actor=command") == ["offers.cancel", "offers.accept"]
    assert acts("?act=%25") == []


def test_pages_of_the_log_follow_each_other(
    sign_in: Callable[[str], FlaskClient], session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "PAGE", 2)
    write(session, *(f"a.{number}" for number in range(5)))
    manager = sign_in("manager")
    seen: list[str] = []
    address = "/settings/audit?act=a."

    while address:
        page = manager.get(address).get_data(as_text=True)
        seen += re.findall(r'<td class="mono">([^<]+)</td>', page)
        found = re.search(r'href="([^"]*)" rel="next"', page)
        address = found[1].replace("&amp;", "&") if found else ""

    assert seen == ["a.4", "a.3", "a.2", "a.1", "a.0"]


def test_what_stands_in_a_line_is_shown_and_not_run(sign_in: Callable[[str], FlaskClient], session: Session) -> None:
    write(session, "a.b", actor="<script>alert(1)</script>")
    audit.record(session, act="a.c", subject_kind="<b>", subject_id="'\"", after={"x": "</td><img src=x>"})
    session.flush()

    page = sign_in("manager").get("/settings/audit").get_data(as_text=True)

    assert "<script>alert" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
