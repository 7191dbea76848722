"""Files of a folder, from a real SFTP server: which, when, by which key, and never for a stranger's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest
from supplier_servers.fixtures import LIMITS, LOOPBACK
from supplier_servers.sftp import PASSWORD, USER, Sftp, key_line, sftp_server

from integrations.feeds.errors import FeedError
from integrations.feeds.reach import Reach
from integrations.feeds.sftp import Entry, Place, fingerprint, look, visit


def place(sftp: Sftp) -> Place:
    return Place("127.0.0.1", USER, sftp.port, "/out", "*.CSV", sftp.host_key, PASSWORD)


def taken(where: Place, *, skip: int = 0) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    visit(where, choose=lambda entries: entries[skip:], take=lambda entry, content: found.update({entry.name: content}),
          limits=LIMITS, reach=LOOPBACK)  # fmt: skip
    return found


def failing(where: Place, reach: Reach = LOOPBACK) -> FeedError:
    with pytest.raises(FeedError) as caught:
        look(where, limits=LIMITS, reach=reach)
    return caught.value


def test_matching_files_come_oldest_first_with_what_they_are_known_by(sftp: Sftp) -> None:
    sftp.put("new.csv", b"new", 2_000)
    sftp.put("old.csv", b"old!", 1_000)
    sftp.put("readme.txt", b"no list", 3_000)
    (sftp.folder / "out" / "folder.csv").mkdir()

    found = look(place(sftp), limits=LIMITS, reach=LOOPBACK)

    assert found == [Entry("old.csv", 4, 1_000), Entry("new.csv", 3, 2_000)]
    assert [entry.mark for entry in found] == ["4:1000:old.csv", "3:2000:new.csv"]
    assert taken(place(sftp)) == {"old.csv": b"old!", "new.csv": b"new"}
    assert taken(place(sftp), skip=1) == {"new.csv": b"new"}


def test_it_signs_in_by_key_as_well(sftp: Sftp) -> None:
    sftp.put("a.csv", b"x" * 600_000, 1_000)
    by_key = replace(place(sftp), password="", key=sftp.client_key)

    assert taken(by_key) == {"a.csv": b"x" * 600_000}
    assert sftp.passwords == []
    assert "PRIVATE" not in repr(by_key)
    sealed = asyncssh.generate_private_key("ssh-rsa").export_private_key("pkcs8-pem", "a passphrase").decode()
    assert failing(replace(by_key, key=sealed)).code == "key_unreadable"
    stranger = asyncssh.generate_private_key("ssh-ed25519").export_private_key("openssh").decode()
    assert failing(replace(by_key, key=stranger)).code == "password"


def test_a_server_with_another_key_gets_no_password(sftp: Sftp, tmp_path: Path) -> None:
    known = place(sftp)
    for kind in ("ssh-ed25519", "ssh-rsa"):
        other = asyncssh.generate_private_key(kind)
        (tmp_path / kind).mkdir()
        with sftp_server(tmp_path / kind, host_key=other) as stranger:
            error = failing(replace(known, port=stranger.port))

            assert (error.code, error.passing) == ("host_key_changed", False)
            assert error.facts == {"key": key_line(other), "fingerprint": other.get_fingerprint()}
            assert stranger.passwords == []


def test_a_key_that_nobody_has_confirmed_is_shown_and_gets_no_password(sftp: Sftp) -> None:
    error = failing(replace(place(sftp), host_key=""))

    assert (error.code, error.facts["key"]) == ("host_key_unknown", sftp.host_key)
    assert error.facts["fingerprint"] == fingerprint(sftp.host_key)
    assert sftp.passwords == []


def test_what_is_wrong_is_said_by_a_code(sftp: Sftp) -> None:
    good = place(sftp)

    wrong = failing(replace(good, password="guess"))
    assert (wrong.code, wrong.passing, "guess" in str(wrong)) == ("password", False, False)
    assert failing(replace(good, folder="/none")).code == "folder_missing"
    assert failing(replace(good, port=1)).code == "unreachable"
    assert failing(good, Reach()).code == "private_address"
    assert failing(replace(good, key="no key")).code == "key_unreadable"


def test_a_file_that_is_too_large_empty_or_still_being_written_is_not_taken(sftp: Sftp) -> None:
    cases = {"too_large": b"x" * (LIMITS.file_bytes + 1), "empty": b"", "being_written": b"half a list"}
    for code, content in cases.items():
        sftp.put("list.csv", content, 1_000)

        def choose(entries: list[Entry], code: str = code) -> list[Entry]:
            if code == "being_written":
                sftp.put("list.csv", b"half a list and some more", 1_001)
            return entries

        with pytest.raises(FeedError) as caught:
            visit(place(sftp), choose=choose, take=lambda *_: pytest.fail("taken"), limits=LIMITS, reach=LOOPBACK)
        assert caught.value.code == code
        assert caught.value.passing is (code == "being_written")


def test_a_server_that_says_nothing_is_left(sftp: Sftp) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as mute:
        error = failing(replace(place(sftp), port=mute.getsockname()[1]))

    assert error.passing
    assert error.code in ("too_slow", "odd_answer")
