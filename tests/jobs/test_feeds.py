"""Feeds from the schedule to offers in force: real servers, the ledger, the reader, and nothing taken twice."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import drops
import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session
from supplier_servers import imap as post_office
from supplier_servers import sftp as sftp_servers
from supplier_servers.imap import Post
from supplier_servers.sftp import Sftp, sftp_server
from supplier_servers.tls import Authority, tls_door
from supplier_servers.web import Web

from app import clock
from app.auth.models import Audit
from app.db import transaction
from app.feeds import queries, services
from app.feeds.models import SupplierFeed, SupplierFeedItem
from app.flows import services as flows
from app.flows.models import Message, Run
from app.offers import services as offers
from app.offers.models import Offer, OfferFile
from app.suppliers.dictionary import decide
from jobs import ledger
from jobs.schedule import tick

HEAD = ("Nummer", "Beskrivelse", "Grade", "Lager", "Pris")
SECRET = "a password of the supplier"


def a_list(price: int = 100, *, lines: int = 3, grade: str = "gold") -> bytes:
    rows = [[f"X{number}", f"iPhone 12 64GB Black {number}", grade, number, price + number] for number in range(lines)]
    return drops.as_csv(HEAD, *rows)


@pytest.fixture
def supplier_id(app: Flask) -> Iterator[int]:
    """A supplier whose servers stand on this machine, which is allowed here."""
    before = app.extensions["settings"]
    app.extensions["settings"] = before.model_copy(update={"feed_private_networks": ["127.0.0.0/8"]})
    yield drops.supplier(code="foxway", import_mode="full")
    app.extensions["settings"] = before


def settings(app: Flask) -> Any:
    return app.extensions["settings"]


def add(app: Flask, supplier_id: int, kind: str, place: dict[str, Any], secrets: dict[str, str] | None = None,
        **values: Any) -> int:  # fmt: skip
    """A feed, tested as when somebody has just added it; returns its id."""
    given = {"name": kind, "place": place, "every_minutes": None, "at_times": [], "accept_alone": False,
             "active": True} | values  # fmt: skip
    with transaction() as session:
        feed_id = services.create_feed(session, supplier_id, kind, given, secrets or {}, now=clock.now(),
                                       settings=settings(app))  # fmt: skip
    ledger.drain(services.FLOW)
    return feed_id


def url_place(web: Web, path: str = "list.csv", **more: str) -> dict[str, Any]:
    return {"url": f"{web.url}/{path}", "origin": web.url, "auth": "none", "user": "", "header": ""} | more


def sftp_place(sftp: Sftp, **more: Any) -> dict[str, Any]:
    return {"host": "127.0.0.1", "port": sftp.port, "user": sftp_servers.USER, "folder": "/out", "pattern": "*.csv",
            "take": "newest", "host_key": sftp.host_key} | more  # fmt: skip


def fetch(feed_id: int) -> SupplierFeed:
    """As when somebody presses the button; the lists that come are read."""
    with transaction() as session:
        services.ask(session, feed_id, "fetch", now=clock.now())
    ledger.drain(services.FLOW)
    ledger.drain(offers.FLOW)
    return feed(feed_id)


def feed(feed_id: int) -> SupplierFeed:
    """As it is now; what happens later does not move it."""
    with transaction() as session:
        session.expire_all()
        found = session.get_one(SupplierFeed, feed_id)
        session.expunge(found)
    return found


def files(session: Session) -> list[tuple[str, str]]:
    """Name and state of the offer files, oldest first."""
    session.expire_all()
    return [
        (file.filename, file.state) for file in session.execute(sa.select(OfferFile).order_by(OfferFile.id)).scalars()
    ]


def last_message(session: Session) -> Message:
    session.expire_all()
    return session.execute(
        sa.select(Message).where(Message.flow == services.FLOW).order_by(Message.id.desc()).limit(1)
    ).scalar_one()


# An address


def test_an_address_brings_a_list_once_and_again_when_it_changed(
    app: Flask, session: Session, supplier_id: int, web: Web
) -> None:
    web.list_ = a_list()
    feed_id = add(app, supplier_id, "url", url_place(web))
    tested = dict(feed(feed_id).tested or {})
    assert datetime.fromisoformat(tested.pop("at")) <= clock.now()
    assert tested == {"ok": True, "code": "url", "name": "stock 2026-03-02.csv", "size": len(web.list_),
                                    "type": "text/csv"}  # fmt: skip
    assert files(session) == []

    first = fetch(feed_id)
    unchanged = fetch(feed_id)
    web.etag = '"another tag of the same list"'
    same = fetch(feed_id)
    web.list_, web.etag = a_list(200), '"v3"'
    fetch(feed_id)

    assert (first.found, first.failures) == ({"code": "files", "files": [first.found["files"][0]]}, 0)  # type: ignore[index]
    assert (unchanged.found, same.found) == ({"code": "same"}, {"code": "same"})
    assert files(session) == [("stock 2026-03-02.csv", "checked")] * 2
    file = session.execute(sa.select(OfferFile).order_by(OfferFile.id).limit(1)).scalar_one()
    assert (file.feed_id, file.mode, file.uploaded_by, str(file.list_date)) == (feed_id, "full", None, "2026-03-02")
    assert session.execute(sa.select(Audit.actor).where(Audit.act == "offers.receive")).scalars().all() == [
        services.FLOW
    ] * 2  # fmt: skip
    asked = [headers.get("if_none_match") for path, headers in web.asked]
    assert asked == [None, None, '"v1"', '"v1"', '"another tag of the same list"']
    lane = [run.channel for run in session.execute(sa.select(Run).where(Run.flow == services.FLOW)).scalars()]
    assert lane == [f"feed-{feed_id}"] * 5
    assert last_message(session).state == "delivered"


def test_what_was_uploaded_by_hand_is_no_news_from_a_feed(
    app: Flask, session: Session, supplier_id: int, web: Web
) -> None:
    drops.drop(supplier_id, web.list_, "by hand.csv")

    found = fetch(add(app, supplier_id, "url", url_place(web, "plain.csv"))).found

    assert found == {"code": "same"}
    assert [name for name, _ in files(session)] == ["by hand.csv"]


def test_a_list_that_comes_back_after_another_is_news(app: Flask, session: Session, supplier_id: int, web: Web) -> None:
    feed_id = add(app, supplier_id, "url", url_place(web, "plain.csv"))
    for price in (100, 200, 100):
        web.list_ = a_list(price)
        fetch(feed_id)
        session.execute(sa.update(OfferFile).values(state="accepted"))
        session.commit()

    assert len(files(session)) == 3


def test_a_plain_list_is_accepted_by_itself_and_any_other_waits(
    app: Flask, session: Session, supplier_id: int, web: Web
) -> None:
    web.list_ = a_list(lines=30)
    feed_id = add(app, supplier_id, "url", url_place(web, "plain.csv"), accept_alone=True)

    def state_of(content: bytes) -> str:
        web.list_ = content
        fetch(feed_id)
        return files(session)[-1][1]

    first = state_of(a_list(lines=30))  # Nothing is in force yet that it could be compared with.
    drops.accept(session.execute(sa.select(sa.func.max(OfferFile.id))).scalar_one())

    assert first == "checked"
    assert state_of(a_list(101, lines=30)) == "accepted"
    assert state_of(a_list(102, lines=30, grade="platinum")) == "checked"  # A word that nobody has explained.
    assert state_of(a_list(900, lines=30)) == "checked"  # Held: prices jump.
    assert state_of(drops.as_csv(("Nummer", "Wert", "Zahl"), ["X1", "5", "6"])) in ("columns", "refused")
    prices = session.execute(sa.select(Offer.price).order_by(Offer.id)).scalars().all()
    assert [int(price) for price in (prices[0], prices[-1])] == [101, 130]
    acts = session.execute(sa.select(Audit.actor).where(Audit.act == "offers.accept").order_by(Audit.id)).scalars()
    assert list(acts) == ["command line", offers.FLOW]


def test_a_list_that_has_asked_a_person_stays_with_that_person(
    app: Flask, session: Session, supplier_id: int, web: Web
) -> None:
    drops.accept(drops.drop(supplier_id, a_list()).id)
    web.list_ = a_list(101, grade="platinum")
    fetch(add(app, supplier_id, "url", url_place(web, "plain.csv"), accept_alone=True))

    with transaction() as writing:
        decide(writing, supplier_id, "grade", "platinum", "A", user_id=None, now=clock.now())
        offers.follow_words(writing, supplier_id, {"grade"}, now=clock.now())
    ledger.drain(offers.FLOW)

    assert files(session)[-1] == ("plain.csv", "checked")


def test_a_worker_that_breaks_after_it_took_something_takes_it_once(
    app: Flask, session: Session, supplier_id: int, sftp: Sftp, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        sftp.put(f"part {number}.csv", a_list(100 * number), 1_000 + number)
    place = sftp_place(sftp, take="all")
    feed_id = add(app, supplier_id, "sftp", place, {"password": sftp_servers.PASSWORD})
    took, remember = [], services.remember

    def breaks(*arguments: Any) -> None:
        took.append(arguments)
        if len(took) == 2:
            raise RuntimeError("as when a process dies")
        remember(*arguments)

    monkeypatch.setattr(services, "remember", breaks)
    fetch(feed_id)
    with transaction() as writing:  # What broke is tried again, now or a moment later.
        flows.make_due(writing, services.FLOW, channel=queries.lane(feed_id), now=clock.now())
    ledger.drain(services.FLOW)

    assert [name for name, _ in files(session)] == ["part 0.csv", "part 1.csv", "part 2.csv"]
    assert (len(took), feed(feed_id).problem) == (3, None)


def test_without_the_setting_a_plain_list_waits_for_a_person(
    app: Flask, session: Session, supplier_id: int, web: Web
) -> None:
    drops.accept(drops.drop(supplier_id, a_list()).id)
    web.list_ = a_list(101)

    fetch(add(app, supplier_id, "url", url_place(web, "plain.csv")))

    assert files(session)[-1] == ("plain.csv", "checked")


# Failures


def test_what_a_person_must_mend_stops_at_once_and_the_next_visit_follows_it(
    app: Flask, session: Session, supplier_id: int, web: Web
) -> None:
    feed_id = add(app, supplier_id, "url", url_place(web, "gone.csv"))
    web.asked.clear()

    for _ in range(3):
        fetch(feed_id)

    broken = feed(feed_id)
    assert (broken.failures, broken.problem) == (3, {"code": "not_found", "status": 404})
    assert len(web.asked) == 3  # Not again within seconds.
    states = session.execute(
        sa.select(Message.state, sa.func.count()).where(Message.key == f"fetch:{feed_id}").group_by(Message.state)
    )
    assert dict(list(states)) == {"superseded": 2, "dead": 1}
    with transaction() as writing:
        assert [one.feed_id for one in queries.failing(writing, least=3)] == [feed_id]
        assert queries.failing(writing, least=4) == []
        writing.get_one(SupplierFeed, feed_id).place = url_place(web)
    mended = fetch(feed_id)
    assert (mended.failures, mended.problem, mended.failing_since) == (0, None, None)
    assert session.execute(sa.select(Message.id).where(Message.state == "dead")).all() == []


def test_what_may_pass_is_tried_again_later_and_a_person_need_not_wait(
    app: Flask, session: Session, supplier_id: int, web: Web
) -> None:
    feed_id = add(app, supplier_id, "url", url_place(web, "busy"))

    fetch(feed_id)
    message = last_message(session)
    assert (message.state, message.result) == ("pending", {"error": "busy", "status": 429})
    assert timedelta(seconds=100) < message.next_attempt_at - clock.now() <= timedelta(seconds=120)  # As it asked.
    ledger.drain(services.FLOW)
    assert feed(feed_id).failures == 1
    with transaction() as writing:
        writing.get_one(SupplierFeed, feed_id).place = url_place(web)
    assert fetch(feed_id).problem is None
    assert (
        session.execute(sa.select(Message.id).where(Message.state == "pending", Message.flow == services.FLOW)).all()
        == []
    )


def test_a_feed_that_fails_or_is_paused_holds_up_no_other(
    app: Flask, session: Session, supplier_id: int, web: Web
) -> None:
    broken = add(app, supplier_id, "url", url_place(web, "broken"), every_minutes=60)
    paused = add(app, supplier_id, "url", url_place(web, "plain.csv"), every_minutes=60)
    fine = add(app, supplier_id, "url", url_place(web), every_minutes=60)
    with transaction() as writing:
        flows.set_paused(writing, services.FLOW, channel=queries.lane(paused), paused=True)
        writing.execute(sa.update(SupplierFeed).values(next_due_at=clock.now()))

    with transaction() as writing:
        ticked = tick(writing, now=clock.now())
    ledger.drain(services.FLOW)
    ledger.drain(services.FLOW)

    assert services.FLOW in ticked
    assert (feed(broken).failures, feed(fine).found is not None, feed(paused).last_run_at) == (1, True, None)
    due = [feed(one).next_due_at for one in (broken, paused, fine)]
    assert all(moment is not None and clock.now() < moment <= clock.now() + timedelta(hours=1) for moment in due)


def test_a_password_that_can_no_longer_be_opened_is_asked_for(
    app: Flask, session: Session, supplier_id: int, web: Web
) -> None:
    place = url_place(web, "private.csv", auth="basic", user="jan")
    web.credentials = ("jan", SECRET)
    feed_id = add(app, supplier_id, "url", place, {"secret": SECRET})
    old = settings(app)
    new_key = old.secret_key.__class__("another secret key of at least 32 letters")
    kept = old.model_copy(update={"secret_key": new_key, "secret_keys_before": [old.secret_key]})

    app.extensions["settings"] = old.model_copy(update={"secret_key": new_key})
    lost = fetch(feed_id).problem
    app.extensions["settings"] = kept
    found = fetch(feed_id)
    app.extensions["settings"] = old.model_copy(update={"secret_key": new_key})  # Sealed anew meanwhile.
    again = fetch(feed_id)

    assert lost == {"code": "secret_lost"}
    assert (found.problem, again.problem) == (None, None)


def test_no_secret_is_in_the_database_the_log_the_audit_or_a_message(
    app: Flask, session: Session, supplier_id: int, web: Web, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    web.credentials = ("jan", "another one")
    feed_id = add(app, supplier_id, "url", url_place(web, "private.csv", auth="basic", user="jan"), {"secret": SECRET})

    fetch(feed_id)
    web.credentials = ("jan", SECRET)
    assert fetch(feed_id).problem is None

    kept: list[Any] = [feed(feed_id).sealed, feed(feed_id).place, feed(feed_id).tested]
    kept += [[row.before, row.after] for row in session.execute(sa.select(Audit)).scalars()]
    kept += [[row.body, row.result] for row in session.execute(sa.select(Message)).scalars()]
    said = json.dumps(kept, default=str) + "".join(str(record.__dict__) for record in caplog.records)
    assert "secret" in feed(feed_id).sealed
    assert SECRET not in said


# A folder


def test_only_a_newer_file_of_a_folder_is_taken_and_never_an_older_one_after_it(
    app: Flask, session: Session, supplier_id: int, sftp: Sftp
) -> None:
    sftp.put("monday.csv", a_list(100), 1_000)
    sftp.put("tuesday.csv", a_list(200), 2_000)
    feed_id = add(app, supplier_id, "sftp", sftp_place(sftp), {"password": sftp_servers.PASSWORD})

    fetch(feed_id)
    fetch(feed_id)
    (sftp.folder / "out" / "tuesday.csv").unlink()
    fetch(feed_id)  # Monday's list is the newest now, and old.
    sftp.put("wednesday.csv", a_list(200), 3_000)
    same = fetch(feed_id)
    sftp.put("wednesday.csv", a_list(300), 4_000)
    fetch(feed_id)

    assert [name for name, _ in files(session)] == ["tuesday.csv", "wednesday.csv"]
    assert same.found == {"code": "same"}
    items = session.execute(sa.select(SupplierFeedItem.name, SupplierFeedItem.became).order_by(SupplierFeedItem.id))
    assert items.all() == [("tuesday.csv", "file"), ("wednesday.csv", "same"), ("wednesday.csv", "file")]


def test_every_file_is_taken_once_oldest_first_more_than_a_visit_takes_in_the_next(
    app: Flask, session: Session, supplier_id: int, sftp: Sftp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.supplier_feeds_portal.AT_ONCE", 2)
    for number in range(5):
        sftp.put(f"part {number}.csv", a_list(100 * number), 9_000 - number)
    place = sftp_place(sftp, take="all", pattern="part*")
    feed_id = add(app, supplier_id, "sftp", place, {"password": sftp_servers.PASSWORD})

    fetch(feed_id)
    fetch(feed_id)

    assert [name for name, _ in files(session)] == [f"part {number}.csv" for number in (4, 3, 2, 1, 0)]


def test_a_key_is_confirmed_by_a_person_and_another_one_stops_the_feed(
    app: Flask, session: Session, supplier_id: int, sftp: Sftp
) -> None:
    sftp.put("list.csv", a_list(), 1_000)
    feed_id = add(app, supplier_id, "sftp", sftp_place(sftp, host_key=""), {"password": sftp_servers.PASSWORD})
    shown = services.shown_key(feed(feed_id))
    assert shown is not None
    assert (shown["code"], shown["key"], sftp.passwords) == ("host_key_unknown", sftp.host_key, [])

    with pytest.raises(services.NoSuchKey), transaction() as writing:
        services.confirm_host_key(writing, feed_id, "SHA256:another", now=clock.now())
    with transaction() as writing:
        services.confirm_host_key(writing, feed_id, shown["fingerprint"], now=clock.now())
    ledger.drain(services.FLOW)
    assert feed(feed_id).tested["code"] == "sftp"  # type: ignore[index]
    assert len(fetch(feed_id).found["files"]) == 1  # type: ignore[index]

    with sftp_server(sftp.folder) as stranger:
        with transaction() as writing:
            kept = writing.get_one(SupplierFeed, feed_id)
            kept.place = {**kept.place, "port": stranger.port}
        changed = fetch(feed_id)
        assert (changed.problem or {})["code"] == "host_key_changed"
        assert services.shown_key(changed) is not None
        assert stranger.passwords == []


# A mailbox


def test_a_mailbox_brings_the_attachments_of_the_newest_message_and_each_once(
    app: Flask, session: Session, supplier_id: int, post: Post, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca))
    sender = "sales@foxway.com"
    post.letter(sender, "stock of monday", ("monday.csv", a_list(100)))
    post.letter(sender, "stock of tuesday", ("a.csv", a_list(200)), ("b.csv", a_list(300)))
    with tls_door(post.port, authority.server) as port:
        place = {"host": "localhost", "port": port, "security": "tls", "user": post_office.USER, "folder": "INBOX",
                 "senders": [sender], "subject": "stock*", "take": "newest", "move_to": ""}  # fmt: skip
        feed_id = add(app, supplier_id, "mailbox", place, {"password": post_office.PASSWORD})
        assert (feed(feed_id).tested or {})["count"] == 2

        fetch(feed_id)
        assert fetch(feed_id).found == {"code": "nothing"}
        post.letter(sender, "stock of wednesday", ("photo.png", b"x"))
        without = fetch(feed_id)
        post.letter(sender, "stock of thursday", ("thursday.csv", a_list(400)))
        fetch(feed_id)

    assert (without.problem or {})["code"] == "no_attachment"
    assert [name for name, _ in files(session)] == ["a.csv", "b.csv", "thursday.csv"]
    flags = [letter.getFlags() for letter in post.folder("INBOX").letters]
    assert flags == [[], ["\\Flagged", "\\Seen"], [], ["\\Flagged", "\\Seen"]]


# Set up and taken away


def test_a_secret_never_follows_to_another_server(app: Flask, session: Session, supplier_id: int, web: Web) -> None:
    place = url_place(web, "private.csv", auth="basic", user="jan")
    feed_id = add(app, supplier_id, "url", place, {"secret": SECRET})
    values: dict[str, Any] = {"name": "x", "every_minutes": None, "at_times": [], "accept_alone": False, "active": True}

    def change(**moved: str) -> dict[str, str]:
        with transaction() as writing:
            changed = {**values, "place": place | moved}
            services.update_feed(writing, feed_id, changed, {}, version=feed(feed_id).version, now=clock.now(),
                                 settings=settings(app))  # fmt: skip
        return feed(feed_id).sealed

    assert change(url=f"{web.url}/other.csv") != {}
    assert change(url="http://evil.example/", origin="http://evil.example") == {}
    with pytest.raises(services.Conflict), transaction() as writing:
        services.update_feed(writing, feed_id, {**values, "place": place}, {}, version=1, now=clock.now(),
                             settings=settings(app))  # fmt: skip


def test_a_feed_that_is_removed_leaves_its_lists_and_nothing_to_do(
    app: Flask, session: Session, supplier_id: int, web: Web
) -> None:
    feed_id = add(app, supplier_id, "url", url_place(web))
    fetch(feed_id)
    with transaction() as writing:
        services.ask(writing, feed_id, "fetch", now=clock.now())
        assert services.delete_feed(writing, feed_id, now=clock.now()) == supplier_id

    ledger.drain(services.FLOW)

    assert len(files(session)) == 1
    assert session.execute(sa.select(OfferFile.feed_id)).scalar_one() is None
    open_messages = sa.select(Message.id).where(Message.flow == services.FLOW, Message.state.in_(("pending", "dead")))
    assert session.execute(open_messages).all() == []


def test_a_feed_or_supplier_that_rests_is_not_due(app: Flask, session: Session, supplier_id: int, web: Web) -> None:
    feed_id = add(app, supplier_id, "url", url_place(web), every_minutes=60)

    def due(*, later: datetime) -> list[int]:
        with transaction() as writing:
            return services.put_due(writing, now=later, settings=settings(app))

    moment = feed(feed_id).next_due_at
    assert moment is not None
    assert due(later=moment - timedelta(seconds=1)) == []
    assert due(later=moment) == [feed_id]
    assert due(later=moment) == []  # A second tick does no harm.
    with transaction() as writing:
        writing.get_one(SupplierFeed, feed_id).active = False
    assert due(later=moment + timedelta(days=1)) == []
