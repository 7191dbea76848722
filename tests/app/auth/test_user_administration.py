"""Administrators add, change and close accounts; somebody who may do so is always left."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Thread

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.auth import services
from app.auth.models import Audit, User
from app.db import db, transaction

PASSWORD = "correct horse battery staple"
NEW = {"email": "anna@example.com", "name": "Anna", "role": "agent", "password": PASSWORD}


@pytest.fixture
def admin(sign_in: Callable[[str], FlaskClient]) -> FlaskClient:
    """Who may, in English."""
    browser = sign_in("admin")
    browser.post("/account/switch", data={"locale": "en"})
    return browser


def the(session: Session, email: str) -> User:
    return session.execute(
        sa.select(User).where(User.email == email), execution_options={"populate_existing": True}
    ).scalar_one()


def change(admin: FlaskClient, user: User, **values: str) -> tuple[int, str]:
    """Send the form of an account; a field that is not named stays as it is."""
    known = {"name": user.name, "role": user.role, "password": ""} | ({"active": "y"} if user.active else {})
    answer = admin.post(f"/settings/users/{user.id}", data=known | values)
    return answer.status_code, answer.get_data(as_text=True)


def test_a_new_account_signs_in_with_its_role(app: Flask, admin: FlaskClient, session: Session) -> None:
    added = admin.post("/settings/users/new", data=NEW | {"email": "Anna@Example.com"})

    anna = app.test_client()
    entered = anna.post("/sign-in", data={"email": "anna@example.com", "password": PASSWORD})
    assert (added.status_code, entered.status_code) == (303, 303)
    assert anna.get("/stock/").status_code == 200
    assert anna.get("/settings/users").status_code == 403
    assert "anna@example.com" in admin.get("/settings/users").get_data(as_text=True)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("email", "ADMIN@example.com", "There is an account with this address."),
        ("email", "anna at example", "Invalid email address."),
        ("password", "short", "Use at least 12 characters."),
        ("password", "Anna rides far", "must not hold your name"),
        ("role", "owner", "Not a valid choice."),
        ("name", "", "This field is required."),
    ],
)
def test_an_account_that_cannot_be_is_refused_at_its_field(
    admin: FlaskClient, session: Session, field: str, value: str, said: str
) -> None:
    answer = admin.post("/settings/users/new", data=NEW | {field: value})

    assert answer.status_code == 422
    assert said in answer.get_data(as_text=True)
    assert PASSWORD not in answer.get_data(as_text=True)
    assert session.execute(sa.select(sa.func.count(User.id))).scalar_one() == 1


def test_an_address_that_somebody_takes_in_the_same_moment_is_said(
    admin: FlaskClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin.post("/settings/users/new", data=NEW)
    monkeypatch.setattr("app.auth.queries.user_by_email", lambda *_: None)  # It was not there yet.

    answer = admin.post("/settings/users/new", data=NEW)

    assert answer.status_code == 422
    assert "There is an account with this address." in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("changed", "stays"),
    [({"role": "manager"}, False), ({"active": ""}, False), ({"password": "another staple of horses"}, False),
     ({"name": "Agent Anna"}, True), ({}, True)],
)  # fmt: skip
def test_who_loses_a_right_the_account_or_the_password_is_signed_out_everywhere(
    admin: FlaskClient, sign_in: Callable[[str], FlaskClient], session: Session, changed: dict[str, str], stays: bool
) -> None:
    agent = sign_in("agent")
    assert agent.get("/").status_code == 200

    assert change(admin, the(session, "agent@example.com"), **changed)[0] == 303

    assert (agent.get("/").status_code == 200) is stays


def test_a_closed_account_stays_out_and_an_opened_one_comes_back(
    app: Flask, admin: FlaskClient, sign_in: Callable[[str], FlaskClient], session: Session
) -> None:
    sign_in("agent")
    entered = []

    for active in ("", "y"):
        change(admin, the(session, "agent@example.com"), active=active)
        door = app.test_client().post("/sign-in", data={"email": "agent@example.com", "password": PASSWORD})
        entered.append(door.status_code)

    assert entered == [422, 303]


@pytest.mark.parametrize("values", [{"role": "manager"}, {"active": ""}, {"role": "agent", "active": ""}])
def test_nobody_takes_the_right_to_administer_from_themselves(
    admin: FlaskClient, session: Session, values: dict[str, str]
) -> None:
    status, page = change(admin, the(session, "admin@example.com"), **values)

    me = the(session, "admin@example.com")
    assert (status, me.role, me.active) == (422, "admin", True)
    assert "You cannot take this from yourself." in page
    assert admin.get("/settings/users").status_code == 200


@pytest.mark.parametrize(("role", "active"), [("manager", True), ("admin", False)])
def test_the_last_administrator_stays_whoever_asks(session: Session, app: Flask, role: str, active: bool) -> None:
    last = services.add_user(session, email="last@example.com", name="Lotte", role="admin", password=PASSWORD)
    closed = services.add_user(session, email="closed@example.com", name="Karel", role="admin", password=PASSWORD)
    session.get_one(User, closed).active = False

    with pytest.raises(services.LastAdministrator):
        services.update_user(session, session.get_one(User, last), name="Lotte", role=role, active=active, password="")


def test_two_administrators_who_close_each_other_in_the_same_moment_leave_one(committed: Flask) -> None:
    with transaction() as session:
        ids = [
            services.add_user(session, email=f"{name}@example.com", name=name, role="admin", password=PASSWORD)
            for name in ("lotte", "karel")
        ]
    together, refused = Barrier(2), []

    def close(user_id: int) -> None:
        with committed.app_context():
            try:
                with transaction() as session:
                    user = session.get_one(User, user_id)
                    together.wait(timeout=10)
                    services.update_user(session, user, name=user.name, role="admin", active=False, password="")
            except services.LastAdministrator:
                refused.append(user_id)
            finally:
                db.session.remove()

    threads = [Thread(target=close, args=(user_id,)) for user_id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)

    with transaction() as session:
        left = session.execute(sa.select(User.id).where(User.active)).scalars().all()
    assert left == refused
    assert len(left) == 1


def test_an_account_that_is_not_there_is_not_found(admin: FlaskClient) -> None:
    assert admin.get("/settings/users/999").status_code == 404


@pytest.mark.parametrize("role", ["agent", "purchasing", "manager"])
def test_others_administer_nothing(sign_in: Callable[[str], FlaskClient], session: Session, role: str) -> None:
    browser = sign_in(role)
    me = the(session, f"{role}@example.com")

    assert browser.post("/settings/users/new", data=NEW).status_code == 403
    assert change(browser, me, role="admin")[0] == 403
    assert the(session, f"{role}@example.com").role == role


def test_fields_that_the_own_profile_does_not_have_give_no_right(
    sign_in: Callable[[str], FlaskClient], session: Session
) -> None:
    agent = sign_in("agent")

    agent.post("/account", data={"name": "Anna", "locale": "nl", "theme": "dark", "role": "admin", "active": "y"})

    assert the(session, "agent@example.com").role == "agent"
    assert session.execute(sa.select(Audit.act)).scalars().all() == ["users.profile"]
