"""Pages of feeds: what a form takes, what is never shown, and what a purchaser reads when a feed does not work."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from whole_house import WholeHouse

from app import clock
from app.feeds import services, words
from app.feeds.models import SupplierFeed
from app.flows.models import Message
from app.web.fragments import wants_fragment

HTMX = {"HX-Request": "true"}
URL = {"name": "Site", "url": "https://foxway.example/list.csv", "auth": "none", "at_times": "7:00", "active": "y"}
SFTP = {"name": "Out", "host": "sftp.foxway.example", "port": "22", "user": "iused", "folder": "/out", "take": "newest",
        "pattern": "*.csv", "password": "s3cret", "every_minutes": "60", "active": "y"}  # fmt: skip
MAILBOX = {"name": "Post", "host": "imap.example", "port": "993", "security": "tls", "user": "lists@iused.example",
           "password": "s3cret", "folder": "INBOX", "senders": "sales@foxway.com, @swappie.com", "subject": "*stock*",
           "take": "all", "move_to": "", "every_minutes": "15", "active": "y"}  # fmt: skip


@pytest.fixture
def house(session: Session) -> WholeHouse:
    return WholeHouse(session)


@pytest.fixture
def browser(sign_in: Callable[[str], FlaskClient]) -> FlaskClient:
    found = sign_in("purchasing")
    found.post("/account/switch", data={"locale": "en"})
    return found


def newest(session: Session) -> SupplierFeed:
    session.expire_all()
    return session.execute(sa.select(SupplierFeed).order_by(SupplierFeed.id.desc()).limit(1)).scalar_one()


@pytest.mark.parametrize(("kind", "form"), [("url", URL), ("sftp", SFTP), ("mailbox", MAILBOX)])
def test_a_feed_of_every_kind_is_added_and_looked_at_once(
    house: WholeHouse, browser: FlaskClient, session: Session, kind: str, form: dict[str, str]
) -> None:
    answer = browser.post(f"/suppliers/{house.supplier.id}/feeds/new?kind={kind}", data=form)

    feed = newest(session)
    assert (answer.status_code, answer.location) == (303, f"/feeds/{feed.id}")
    assert (feed.kind, feed.name, feed.accept_alone) == (kind, form["name"], False)
    assert feed.next_due_at is not None
    assert feed.next_due_at > clock.now()
    message = session.execute(sa.select(Message).order_by(Message.id.desc()).limit(1)).scalar_one()
    assert (message.flow, message.channel, message.body["act"]) == (services.FLOW, f"feed-{feed.id}", "test")
    for address in (f"/feeds/{feed.id}", f"/feeds/{feed.id}/edit", f"/suppliers/{house.supplier.id}"):
        page = browser.get(address).get_data(as_text=True)
        assert form["name"] in page
        assert "s3cret" not in page
        assert feed.sealed.get("password", "no secret of ours") not in page
    if kind == "mailbox":
        assert feed.place["senders"] == ["sales@foxway.com", "@swappie.com"]


@pytest.mark.parametrize(
    ("kind", "wrong", "sentence"),
    [
        ("url", {"url": "ftp://foxway.example/x"}, "An address begins with https://"),
        ("url", {"url": "https://jan:s3cret@foxway.example/x"}, "not into the address"),
        ("url", {"url": "https://"}, "An address begins with https://"),
        ("url", {"auth": "basic", "user": "jan"}, "This is needed."),
        ("url", {"auth": "header", "header": "Host", "secret": "x"}, "This is not the name of a header."),
        ("url", {"auth": "bearer", "secret": "x\r\nHost: evil"}, "is one line of letters"),
        ("url", {"at_times": "25:00"}, "Times look like 7:00"),
        ("sftp", {"host": "https://sftp.example"}, "This is not the name of a host"),
        ("sftp", {"password": ""}, "This is needed."),
        ("sftp", {"host_key": "SHA256:abc"}, "A key looks like"),
        ("sftp", {"port": "0"}, "between 1 and 65535"),
        ("mailbox", {"senders": "Foxway"}, "Senders look like"),
        ("mailbox", {"senders": ""}, "This field is required"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_at_its_field(
    house: WholeHouse, browser: FlaskClient, session: Session, kind: str, wrong: dict[str, str], sentence: str
) -> None:
    form = {"url": URL, "sftp": SFTP, "mailbox": MAILBOX}[kind] | wrong
    before = session.execute(sa.select(sa.func.count(SupplierFeed.id))).scalar_one()

    answer = browser.post(f"/suppliers/{house.supplier.id}/feeds/new?kind={kind}", data=form)

    assert answer.status_code == 422
    assert sentence in answer.get_data(as_text=True)
    assert session.execute(sa.select(sa.func.count(SupplierFeed.id))).scalar_one() == before


def test_a_password_stays_when_it_is_left_empty_and_is_asked_for_when_the_server_is_another(
    house: WholeHouse, browser: FlaskClient, session: Session
) -> None:
    browser.post(f"/suppliers/{house.supplier.id}/feeds/new?kind=sftp", data=SFTP)
    feed = newest(session)
    sealed, address = dict(feed.sealed), f"/feeds/{feed.id}/edit"
    form = SFTP | {"password": "", "version": str(feed.version)}

    kept = browser.post(address, data=form | {"folder": "/other"})
    moved = browser.post(address, data=form | {"version": "2", "host": "evil.example"})
    stale = browser.post(address, data=form | {"folder": "/third"})

    feed = newest(session)
    assert (kept.status_code, moved.status_code, stale.status_code) == (303, 422, 409)
    assert "it was given for another server or user" in moved.get_data(as_text=True)
    assert (feed.sealed, feed.place["folder"], feed.place["host"]) == (sealed, "/other", "sftp.foxway.example")


def test_a_feed_that_does_not_work_says_so_on_its_page_on_the_suppliers_and_at_home(
    house: WholeHouse, browser: FlaskClient, session: Session
) -> None:
    feed = house.feed
    feed.problem, feed.failures = {"code": "password"}, 2
    session.execute(sa.update(SupplierFeed).where(SupplierFeed.id != feed.id).values(active=False))
    session.commit()
    sentence = "The user or the password is wrong. Ask the supplier, and type it again."

    page, of_supplier, home = (
        browser.get(address).get_data(as_text=True)
        for address in (f"/feeds/{feed.id}", f"/suppliers/{feed.supplier_id}", "/")
    )
    assert sentence in page
    assert "does not work" in of_supplier
    assert sentence not in home
    feed.failures = 3
    session.commit()

    home = browser.get("/").get_data(as_text=True)
    assert f'class="queue" href="/feeds/{feed.id}"' in home
    assert f"foxway, {feed.name}: {sentence}" in " ".join(home.split())


def test_a_feeds_page_waits_for_what_its_lane_does(house: WholeHouse, browser: FlaskClient, session: Session) -> None:
    address = f"/feeds/{house.feed.id}"
    assert 'hx-trigger="every 1s"' not in browser.get(address).get_data(as_text=True).partition('id="feed-live"')[2]

    browser.post(f"{address}/fetch")
    part = browser.get(address, headers=HTMX)
    text = part.get_data(as_text=True)
    same = browser.get(address, headers=HTMX | {"HX-PTag": part.headers["HX-PTag"]})

    assert wants_fragment(part.request.headers)
    assert "<html" not in text
    assert "about to be fetched" in text
    assert 'hx-trigger="every 1s"' in text
    assert same.status_code == 304


def test_who_may_only_read_sees_a_feed_and_changes_nothing(
    house: WholeHouse, sign_in: Callable[[str], FlaskClient]
) -> None:
    manager, agent = sign_in("manager"), sign_in("agent")

    page = manager.get(f"/feeds/{house.feed.id}").get_data(as_text=True)

    assert house.feed.name in page
    assert not re.search(rf'action="/feeds/{house.feed.id}', page)
    assert agent.get(f"/feeds/{house.feed.id}").status_code == 403
    assert 'id="feeds"' not in agent.get(f"/suppliers/{house.supplier.id}").get_data(as_text=True)


def test_the_flow_pages_call_a_lane_by_its_feed(house: WholeHouse, browser: FlaskClient, session: Session) -> None:
    from app.flows.models import Lane

    session.add(Lane(flow=services.FLOW, channel=f"feed-{house.feed.id}"))
    session.commit()

    for address in ("/flows/", f"/flows/{services.FLOW}"):
        assert f"foxway · {house.feed.name}" in browser.get(address).get_data(as_text=True)


def test_every_problem_of_the_clients_has_a_sentence(app: Any) -> None:
    from integrations.feeds.errors import FeedError

    codes = re.findall(r"\w+", (FeedError.__doc__ or "").split("Codes:")[1])

    assert set(words._PROBLEMS) == {*codes, "secret_lost"}
    with app.test_request_context():
        for code in words._PROBLEMS:
            said = words.problem({"code": code, "most": 25 * 1024 * 1024, "status": 404, "host": "x"})
            assert said
            assert "%(" not in said
