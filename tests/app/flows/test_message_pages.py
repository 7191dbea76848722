"""The ledger's pages: found by every filter, shown as it is and never run, replayed by those who may."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from ledger_rows import IMPORTS, LISTINGS, fresh, message, run, storefronts
from sqlalchemy.orm import Session

from app import queue
from app.auth.models import Audit
from app.flows import views
from app.flows.models import Message
from app.flows.services import content_hash


@pytest.fixture
def admin(sign_in: Callable[[str], FlaskClient]) -> FlaskClient:
    """Who may, in English."""
    browser = sign_in("admin")
    browser.post("/account/switch", data={"locale": "en"})
    return browser


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The flows that were woken."""
    flows: list[str] = []
    monkeypatch.setattr(queue, "wake", flows.append)
    return flows


def keys(browser: FlaskClient, address: str) -> list[str]:
    return re.findall(r'class="mono">([^<]+)</a>', browser.get(address).get_data(as_text=True))


def lines(session: Session) -> list[tuple[Any, ...]]:
    rows = session.execute(sa.select(Audit.act, Audit.subject_id, Audit.after).where(Audit.act.startswith("messages.")))
    return [tuple(row) for row in rows]


def test_the_ledger_is_found_by_flow_state_channel_key_and_journey(admin: FlaskClient, session: Session) -> None:
    storefronts(session)
    message(session, "A", state="delivered", correlation_id="1" * 32)
    message(session, "B", channel="refurbished-direct")
    message(session, "C", flow=IMPORTS, channel="", state="pending")
    message(session, "a", state="superseded")

    assert keys(admin, "/messages/") == ["a", "C", "B", "A"]
    assert keys(admin, f"/messages/?flow={LISTINGS}") == ["a", "B", "A"]
    assert keys(admin, "/messages/?state=dead") == ["B"]
    assert keys(admin, "/messages/?channel=econocom") == ["a", "A"]
    assert keys(admin, "/messages/?key=A") == ["A"]
    assert keys(admin, f"/messages/?correlation_id={'1' * 32}") == ["A"]
    assert keys(admin, f"/messages/?flow={LISTINGS}&state=dead&channel=econocom") == []
    assert keys(admin, "/messages/?flow=&state=&channel=&key=") == ["a", "C", "B", "A"]


@pytest.mark.parametrize("query", ["flow=nothing", "state=lost", "flow=%25", "state=dead'"])
def test_a_filter_that_there_is_not_is_not_found(admin: FlaskClient, query: str) -> None:
    assert admin.get(f"/messages/?{query}").status_code == 404


def test_pages_keep_their_filters_and_lose_nothing(
    admin: FlaskClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "PAGE", 2)
    for number in range(5):
        message(session, f"D{number}")
        message(session, f"P{number}", state="pending")
    seen: list[str] = []
    address = "/messages/?state=dead"

    while address:
        seen += keys(admin, address)
        found = re.search(r'href="([^"]*)" rel="next"', admin.get(address).get_data(as_text=True))
        address = found[1].replace("&amp;", "&") if found else ""

    assert seen == ["D4", "D3", "D2", "D1", "D0"]


def test_a_message_shows_body_answer_differences_run_and_journey(admin: FlaskClient, session: Session) -> None:
    message(session, state="delivered", body={"price_gross": "389.00", "stock": 3})
    worked = run(session)
    message(session, "before", flow=IMPORTS, channel="", state="delivered", correlation_id="7" * 32)
    dead = message(session, body={"price_gross": "379.00", "stock": 3}, result={"error": "This value is too long."},
                   attempts=1, correlation_id="7" * 32, run_id=worked.id)  # fmt: skip

    page = admin.get(f"/messages/{dead.id}").get_data(as_text=True)

    for shown in ("This value is too long.", "379.00", '<span class="old">389.00</span>', f"/flows/runs/{worked.id}",
                  ">before</a>", "7" * 32):  # fmt: skip
        assert shown in page
    assert '<span class="old">3</span>' not in page  # What is equal is not listed.


def test_what_a_stranger_put_in_a_message_is_shown_and_not_run(admin: FlaskClient, session: Session) -> None:
    nasty = "</pre><script>alert(1)</script>{{7*7}}<img src=x onerror=alert(1)>"
    message(session, nasty, state="delivered", body={"name": "other", nasty: 1})
    dead = message(session, nasty, body={"name": nasty, nasty: 2}, result={"error": nasty})

    for address in (f"/messages/{dead.id}", "/messages/"):
        page = admin.get(address).get_data(as_text=True)
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "49<img" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_a_stopped_message_is_due_again_with_nothing_held_against_it(
    admin: FlaskClient, session: Session, woken: list[str]
) -> None:
    dead = message(session, attempts=12, deaths=3, age=timedelta(hours=1))

    answer = admin.post(f"/messages/{dead.id}/replay")

    again = fresh(session, dead)
    assert (answer.status_code, answer.location) == (303, f"/messages/{dead.id}")
    assert (again.state, again.attempts, again.deaths, again.settled_at, again.body) == (
        "pending",
        0,
        0,
        None,
        dead.body,
    )
    assert woken == [LISTINGS]
    assert lines(session) == [("messages.replay", str(dead.id), {"edited": False, "state": "pending"})]


def test_a_stopped_message_is_replayed_with_an_edited_body(admin: FlaskClient, session: Session) -> None:
    dead = message(session)
    edited = {"sku": "SKU-1", "name": "Shörter ✓"}

    admin.post(f"/messages/{dead.id}/replay", data={"body": json.dumps(edited)})

    again = fresh(session, dead)
    assert (again.state, again.body, again.content_hash) == ("pending", edited, content_hash(edited))
    assert lines(session) == [("messages.replay", str(dead.id), {"edited": True, "state": "pending"})]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"sku": ', "This is not JSON"),
        ("", "This is not JSON"),
        ("[" * 100_000, "This is not JSON"),
        ('["a list"]', "The body must be an object."),
        ("7", "The body must be an object."),
        ('{"name": "a\\u0000b"}', "cannot be stored"),
        ('{"name": "\\ud83d"}', "cannot be stored"),
        ('{"stock": NaN}', "cannot be stored"),
    ],
)
def test_a_body_that_cannot_be_is_said_and_what_was_typed_is_still_there(
    admin: FlaskClient, session: Session, woken: list[str], body: str, said: str
) -> None:
    dead = message(session)

    answer = admin.post(f"/messages/{dead.id}/replay", data={"body": body})

    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert said in page
    assert body.replace('"', "&#34;") in page
    assert (fresh(session, dead).state, woken, lines(session)) == ("dead", [], [])


@pytest.mark.parametrize("act", ["replay", "handled"])
@pytest.mark.parametrize("state", ["pending", "delivered", "superseded", "handled", "unchanged"])
def test_only_a_stopped_message_is_replayed_or_marked(
    admin: FlaskClient, session: Session, woken: list[str], act: str, state: str
) -> None:
    other = message(session, state=state)

    admin.post(f"/messages/{other.id}/{act}")

    assert "Only a stopped message can be" in admin.get(f"/messages/{other.id}").get_data(as_text=True)
    assert (fresh(session, other).state, woken, lines(session)) == (state, [], [])


def test_a_stopped_message_that_a_newer_one_followed_is_history(admin: FlaskClient, session: Session) -> None:
    old = message(session)
    message(session, state="delivered")

    admin.post(f"/messages/{old.id}/replay")

    assert fresh(session, old).state == "superseded"
    assert "a newer message about SKU-1 came after it" in admin.get("/messages/").get_data(as_text=True)


def test_all_stopped_messages_of_a_flow_are_due_again_and_what_is_history_is_not(
    admin: FlaskClient, session: Session, woken: list[str]
) -> None:
    outdated = message(session, "A")
    due = [message(session, "A"), message(session, "B", channel="refurbished-direct")]
    elsewhere = message(session, "C", flow=IMPORTS, channel="")

    admin.post(f"/flows/{LISTINGS}/replay")

    assert [fresh(session, made).state for made in (outdated, *due, elsewhere)] == [
        "superseded", "pending", "pending", "dead",
    ]  # fmt: skip
    assert woken == [LISTINGS]
    assert lines(session) == [("messages.replay_all", LISTINGS, {"count": 2})]
    assert "2 messages are due again." in admin.get("/messages/").get_data(as_text=True)


def test_a_message_that_a_person_dealt_with_waits_for_nobody_any_more(
    admin: FlaskClient, session: Session, woken: list[str]
) -> None:
    dead = message(session)

    admin.post(f"/messages/{dead.id}/handled")

    assert (fresh(session, dead).state, woken) == ("handled", [])
    assert lines(session) == [("messages.handled", str(dead.id), None)]
    page = admin.get(f"/messages/{dead.id}").get_data(as_text=True)
    assert f"/messages/{dead.id}/replay" not in page


def test_a_message_that_there_is_not_is_not_found(admin: FlaskClient, session: Session) -> None:
    answers = [admin.get("/messages/999"), admin.post("/messages/999/replay"), admin.post("/messages/999/handled")]

    assert [answer.status_code for answer in answers] == [404] * 3
    assert session.execute(sa.select(sa.func.count(Message.id))).scalar_one() == 0
