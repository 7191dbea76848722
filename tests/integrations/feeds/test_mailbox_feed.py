"""Attachments of messages, from Twisted's IMAP server behind TLS: from whom, about what, and what becomes of them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event, Thread

import pytest
from supplier_servers.fixtures import LIMITS, LOOPBACK
from supplier_servers.imap import PASSWORD, USER, Post
from supplier_servers.tls import Authority, tls_door

from integrations.feeds import mailbox
from integrations.feeds.errors import FeedError
from integrations.feeds.mailbox import Attachment, Known, Letter, Place, look, visit
from integrations.feeds.reach import Reach

FOXWAY = "Foxway Sales <Sales@Foxway.com>"
LIST = ("stock.csv", b"Nummer;Lager;Pris\r\nX1;3;100\r\n")


@pytest.fixture
def place(post: Post, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca))
    with tls_door(post.port, authority.server) as port:
        yield Place("localhost", USER, port, senders=("sales@foxway.com", "@swappie.com"), subject="*stock*",
                    password=PASSWORD)  # fmt: skip


def taken(place: Place, known: Known = mailbox.Known()) -> list[tuple[Letter, list[Attachment]]]:  # noqa: B008
    found: list[tuple[Letter, list[Attachment]]] = []
    visit(place, known=known, choose=lambda letters: letters, take=lambda letter, files: found.append((letter, files)),
          limits=LIMITS, reach=LOOPBACK)  # fmt: skip
    return found


def failing(place: Place, reach: Reach = LOOPBACK) -> FeedError:
    with pytest.raises(FeedError) as caught:
        look(place, limits=LIMITS, reach=reach)
    return caught.value


def test_lists_come_from_the_senders_and_with_the_subject_that_are_wanted(post: Post, place: Place) -> None:
    post.letter(FOXWAY, "Stock list of monday", LIST, ("logo.png", b"no list"))
    post.letter("someone@foxway.com.evil.example", "Stock list", LIST)
    post.letter('"sales@foxway.com" <x@evil.example>', "Stock list", LIST)
    post.letter(FOXWAY, "Holiday greetings", LIST)
    post.letter("anna@swappie.com", "Our STOCK today: 5 März", ("liste märz.xlsx", b"PK1"), ("b.csv", b"b"))

    found = taken(place)

    assert [(letter.sender, letter.subject) for letter, _ in found] == [
        ("Sales@Foxway.com", "Stock list of monday"), ("anna@swappie.com", "Our STOCK today: 5 März"),
    ]  # fmt: skip
    assert [files for _, files in found] == [
        [Attachment(*LIST)], [Attachment("liste märz.xlsx", b"PK1"), Attachment("b.csv", b"b")],
    ]  # fmt: skip


def test_a_message_that_was_taken_is_flagged_and_the_next_visit_begins_behind_it(post: Post, place: Place) -> None:
    first = post.letter(FOXWAY, "stock", LIST)
    other = post.letter("someone@example.com", "stock", LIST)

    [(letter, _)] = taken(place)
    again = taken(place, letter.known)
    second = post.letter(FOXWAY, "stock", ("new.csv", b"new"))
    [(later, files)] = taken(place, letter.known)

    flags = {one.uid: one.getFlags() for one in post.folder("INBOX").letters}
    assert (letter.uid, again, later.uid, files) == (first, [], second, [Attachment("new.csv", b"new")])
    assert flags == {first: ["\\Flagged", "\\Seen"], other: [], second: ["\\Flagged", "\\Seen"]}
    assert letter.known.validity == post.folder("INBOX").validity


def test_a_mailbox_that_numbers_anew_gives_only_what_came_since(post: Post, place: Place) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    post.letter(FOXWAY, "stock", ("old.csv", b"old"), at=now - timedelta(hours=2))
    post.letter(FOXWAY, "stock", ("new.csv", b"new"), at=now)

    known = Known(validity=1, uid=700, at=(now - timedelta(hours=1)).isoformat())

    assert [files for _, files in taken(place, known)] == [[Attachment("new.csv", b"new")]]


def test_a_mailbox_that_was_never_looked_at_gives_the_last_month(post: Post, place: Place) -> None:
    now = datetime.now(UTC)
    post.letter(FOXWAY, "stock", LIST, at=now - timedelta(days=40))
    post.letter(FOXWAY, "stock", LIST, at=now - timedelta(days=20))

    assert len(look(place, limits=LIMITS, reach=LOOPBACK)) == 1


def test_a_message_is_moved_when_a_folder_is_named(post: Post, place: Place) -> None:
    post.letter(FOXWAY, "stock", LIST)
    moving = replace(place, move_to="Lists taken")

    with pytest.raises(FeedError, match="folder_missing"):
        taken(moving)
    target = post.make("Lists taken")
    taken(moving)

    assert len(target.letters) == 1
    assert [letter.getFlags() for letter in post.folder("INBOX").letters] == [["\\Deleted", "\\Seen"]]


def test_the_newest_message_without_a_list_is_an_error_and_an_older_one_is_passed_over(
    post: Post, place: Place
) -> None:
    post.letter(FOXWAY, "stock", ("photo.jpg", b"x"))
    with pytest.raises(FeedError) as caught:
        taken(place)
    assert (caught.value.code, caught.value.facts["subject"]) == ("no_attachment", "stock")

    post.letter(FOXWAY, "stock", LIST)

    assert [files for _, files in taken(place)] == [[Attachment(*LIST)]]


def test_what_is_wrong_is_said_by_a_code(post: Post, place: Place, authority: Authority) -> None:
    wrong = failing(replace(place, password="guess"))
    assert (wrong.code, wrong.passing, "guess" in str(wrong)) == ("password", False, False)
    assert failing(replace(place, folder="None")).code == "folder_missing"
    assert failing(replace(place, port=1)).code == "unreachable"
    assert failing(place, Reach()).code == "private_address"
    with tls_door(post.port, authority.expired) as late:
        assert failing(replace(place, port=late)).code == "certificate"


def test_a_certificate_of_an_authority_that_nobody_trusts_is_refused(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")

    assert failing(place).code == "certificate"


def test_a_message_that_is_too_large_is_not_fetched(post: Post, place: Place) -> None:
    post.letter(FOXWAY, "stock", ("big.csv", b"x" * (3 * LIMITS.file_bytes)))

    with pytest.raises(FeedError) as caught:
        taken(place)

    assert (caught.value.code, caught.value.passing) == ("too_large", False)


def test_starttls_is_used_and_without_it_no_password_is_sent(post: Post, place: Place, authority: Authority) -> None:
    post.letter(FOXWAY, "stock", LIST)
    with tls_door(post.port, authority.server, starttls=True) as port:
        assert len(taken(replace(place, port=port, security="starttls"))) == 1

    assert failing(replace(place, port=post.port, security="starttls")).code == "not_secure"


def test_a_server_that_drips_is_left_when_the_time_is_over(place: Place) -> None:
    over = Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            connection, _ = server.accept()
            with connection:
                while not over.wait(0.05):
                    try:
                        connection.sendall(b"*")
                    except OSError:
                        return

        thread = Thread(target=drip)
        thread.start()
        with pytest.raises(FeedError) as caught:
            look(replace(place, port=server.getsockname()[1], security="starttls"),
                 limits=replace(LIMITS, total_s=0.5), reach=LOOPBACK)  # fmt: skip
        over.set()
        thread.join(timeout=5)

    assert (caught.value.code, caught.value.passing) == ("too_slow", True)


@pytest.mark.parametrize(
    ("name", "sent"), [("INBOX", '"INBOX"'), ('A "b"', '"A \\"b\\""'), ("Bücher & Co", '"B&APw-cher &- Co"')]
)
def test_a_folders_name_is_sent_as_imap_wants_it(name: str, sent: str) -> None:
    assert mailbox._quoted(name) == sent
