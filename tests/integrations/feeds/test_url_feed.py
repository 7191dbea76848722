"""A list under an address, from a real web server: unchanged, moved, refused, too large, slow, in a private network."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from supplier_servers.fixtures import LIMITS, LOOPBACK
from supplier_servers.tls import Authority
from supplier_servers.web import Web, web_server

from integrations.feeds.errors import FeedError
from integrations.feeds.reach import Limits, Reach
from integrations.feeds.url import Known, Look, Place, fetch, look


def failing(place: Place, *, limits: Limits = LIMITS, reach: Reach = LOOPBACK) -> FeedError:
    with pytest.raises(FeedError) as caught:
        fetch(place, known=Known(), limits=limits, reach=reach)
    return caught.value


def test_the_list_comes_with_its_name_and_is_not_sent_again_while_it_is_the_same(web: Web) -> None:
    place = Place(f"{web.url}/list.csv")

    first = fetch(place, known=Known(), limits=LIMITS, reach=LOOPBACK)
    assert first is not None
    again = fetch(place, known=first.known, limits=LIMITS, reach=LOOPBACK)
    web.etag, web.list_ = '"v2"', b"another"
    changed = fetch(place, known=first.known, limits=LIMITS, reach=LOOPBACK)

    assert (first.name, first.content) == ("stock 2026-03-02.csv", b"Nummer;Lager;Pris\r\nX1;3;100\r\n")
    assert first.known == Known('"v1"', "Mon, 02 Mar 2026 08:00:00 GMT")
    assert again is None
    assert changed is not None
    assert (changed.content, changed.known.etag) == (b"another", '"v2"')
    assert web.asked[1][1]["if_modified_since"] == "Mon, 02 Mar 2026 08:00:00 GMT"


def test_a_list_without_a_name_is_called_like_the_end_of_its_address(web: Web) -> None:
    fetched = fetch(Place(f"{web.url}/plain.csv?day=today"), known=Known(), limits=LIMITS, reach=LOOPBACK)

    assert fetched is not None
    assert (fetched.name, fetched.content, fetched.known) == ("plain.csv", web.list_, Known())


def test_it_signs_in_by_password_token_or_header(web: Web) -> None:
    web.credentials, web.token = ("jan", "g€heim"), "t0ken"
    places = [
        Place(f"{web.url}/private.csv", "basic", "jan", secret="g€heim"),
        Place(f"{web.url}/token.csv", "bearer", secret="t0ken"),
        Place(f"{web.url}/token.csv", "header", header="X-Api-Key", secret="t0ken"),
    ]

    for place in places:
        assert fetch(place, known=Known(), limits=LIMITS, reach=LOOPBACK) is not None
        assert "t0ken" not in repr(place)
        assert "heim" not in repr(place)
    wrong = failing(replace(places[0], secret="guess"))
    assert (wrong.code, wrong.passing, "guess" in str(wrong)) == ("password", False, False)


@pytest.mark.parametrize(
    ("path", "code", "passing"),
    [
        ("none.csv", "not_found", False), ("forbidden", "forbidden", False), ("busy", "busy", True),
        ("broken", "server_error", True), ("empty", "empty", False), ("round", "redirects", False),
        ("large", "too_large", False), ("growing", "too_large", False),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_by_a_code(web: Web, path: str, code: str, passing: bool) -> None:
    error = failing(Place(f"{web.url}/{path}"))

    assert (error.code, error.passing) == (code, passing)
    if code == "busy":
        assert error.retry_after_s == 120


def test_a_server_that_drips_is_left_when_the_time_is_over(web: Web) -> None:
    began = time.monotonic()

    error = failing(Place(f"{web.url}/slow"), limits=replace(LIMITS, total_s=0.5))

    assert (error.code, error.passing) == ("too_slow", True)
    assert time.monotonic() - began < 3


def test_a_redirect_is_followed_and_the_password_stays_behind(web: Web) -> None:
    web.credentials = ("jan", "secret")
    with web_server() as other:
        web.elsewhere = f"{other.url}/list.csv"
        place = Place(f"{web.url}/moved", "basic", "jan", secret="secret")

        fetched = fetch(place, known=Known(), limits=LIMITS, reach=LOOPBACK)

        assert fetched is not None
        assert "authorization" in web.asked[0][1]
        assert [(path, "authorization" in headers) for path, headers in other.asked] == [("/list.csv", False)]


@pytest.mark.parametrize(
    "elsewhere", ["ftp://127.0.0.1/list.csv", "file:///etc/passwd", "", "http://jan:secret@127.0.0.1/list.csv"]
)
def test_a_redirect_to_what_is_no_web_address_is_not_followed(web: Web, elsewhere: str) -> None:
    web.elsewhere = elsewhere

    assert failing(Place(f"{web.url}/moved")).code in ("redirects", "address")


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:{port}/list.csv", "http://localhost:{port}/list.csv", "http://2130706433:{port}/list.csv",
     "http://[::ffff:127.0.0.1]:{port}/list.csv", "http://0.0.0.0:{port}/list.csv", "http://169.254.169.254/latest",
     "http://10.0.0.1/", "http://[fe80::1]/", "http://[fd00::1]/", "http://[64:ff9b::a9fe:a9fe]/",
     "http://[2002:7f00:1::]/"],
)  # fmt: skip
def test_no_address_leads_into_a_private_network(web: Web, url: str) -> None:
    error = failing(Place(url.format(port=web.port)), reach=Reach())

    assert error.code == "private_address"
    assert web.asked == []


def test_no_redirect_leads_into_a_private_network_either(web: Web) -> None:
    with web_server() as inside:
        web.elsewhere = f"http://127.0.0.2:{inside.port}/list.csv"

        error = failing(Place(f"{web.url}/moved"), reach=Reach.of(["127.0.0.1/32"]))

        assert (error.code, len(web.asked), inside.asked) == ("private_address", 1, [])


def test_a_host_that_there_is_not_and_one_that_does_not_answer(web: Web) -> None:
    gone = failing(Place("http://no-such-host.invalid/list.csv"))
    with web_server() as other:
        silent = f"{other.url}/list.csv"
    closed = failing(Place(silent))

    assert (gone.code, gone.passing) == ("host_unknown", True)
    assert (closed.code, closed.passing) == ("unreachable", True)


def test_a_certificate_is_checked(web: Web, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    with web_server(authority.server) as good, web_server(authority.expired) as late:
        address = "https://localhost:{}/list.csv"
        stranger = failing(Place(address.format(good.port)))
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca))
        expired = failing(Place(address.format(late.port)))
        fetched = fetch(Place(address.format(good.port)), known=Known(), limits=LIMITS, reach=LOOPBACK)
        good.elsewhere = f"{web.url}/list.csv"
        down = failing(Place(f"https://localhost:{good.port}/moved"))

    assert (stranger.code, stranger.passing) == ("certificate", False)
    assert (expired.code, "expired" in str(expired.facts["why"])) == ("certificate", True)
    assert fetched is not None
    assert (down.code, web.asked) == ("redirects", [])  # What was asked in private is not answered in public.


def test_a_look_takes_nothing(web: Web) -> None:
    found = look(Place(f"{web.url}/list.csv"), limits=LIMITS, reach=LOOPBACK)
    endless = look(Place(f"{web.url}/growing"), limits=LIMITS, reach=LOOPBACK)

    assert found == Look("stock 2026-03-02.csv", len(web.list_), "text/csv")
    assert endless.size is None
    with pytest.raises(FeedError, match="too_large"):
        look(Place(f"{web.url}/large"), limits=LIMITS, reach=LOOPBACK)
