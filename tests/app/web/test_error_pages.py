"""What people and programs are told when something cannot be answered: a sentence, an id, never the inside."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

HTMX = {"HX-Request": "true"}
INSIDE = ("Traceback", "sqlalchemy", "psycopg", "SELECT", 'File "')


@pytest.fixture
def handled(app: Flask) -> Iterator[Flask]:
    """The application answering its own errors, as it does outside of tests."""
    app.config["PROPAGATE_EXCEPTIONS"] = False
    yield app
    app.config["PROPAGATE_EXCEPTIONS"] = None


@pytest.fixture
def broken(handled: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception], None]:
    """Make the search page raise."""

    def breaking(error: Exception) -> None:
        def view() -> None:
            raise error

        monkeypatch.setitem(handled.view_functions, "search.index", view)

    return breaking


def test_a_defect_of_ours_is_a_sentence_with_the_id_under_which_it_is_logged(
    broken: Callable[[Exception], None], sign_in: Callable[[str], FlaskClient]
) -> None:
    browser = sign_in("admin")
    broken(RuntimeError("secret inside: SELECT 1"))

    answer = browser.get("/search/")

    body = answer.get_data(as_text=True)
    assert answer.status_code == 500
    assert answer.headers["X-Correlation-Id"] in body
    assert not [word for word in (*INSIDE, "secret inside") if word in body]


def test_a_database_that_is_away_is_said_and_a_time_to_come_back_is_given(
    broken: Callable[[Exception], None], sign_in: Callable[[str], FlaskClient]
) -> None:
    browser = sign_in("admin")
    broken(OperationalError("SELECT 1", {}, Exception("connection refused on 10.0.0.1")))

    answer = browser.get("/search/")

    body = answer.get_data(as_text=True)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.headers["X-Correlation-Id"] in body
    assert not [word for word in (*INSIDE, "10.0.0.1") if word in body]


@pytest.mark.parametrize("path", ["/messages/" + "9" * 20, "/suppliers/?q=a%00b", f"/messages/?before={10**30}"])
def test_what_no_column_can_hold_is_refused_and_the_page_still_has_its_frame(
    handled: Flask, sign_in: Callable[[str], FlaskClient], path: str
) -> None:
    answer = sign_in("admin").get(path)

    body = answer.get_data(as_text=True)
    assert answer.status_code == 400
    assert "<nav" in body
    assert not [word for word in INSIDE if word in body]


@pytest.mark.parametrize(("path", "status"), [("/nothing-here", 404), ("/messages/7", 404), ("/settings/users", 403)])
def test_an_error_is_a_page_for_a_browser_and_a_fragment_for_htmx(
    sign_in: Callable[[str], FlaskClient], path: str, status: int
) -> None:
    browser = sign_in("purchasing")

    page, fragment = browser.get(path), browser.get(path, headers=HTMX)

    for answer in (page, fragment):
        assert answer.status_code == status
        assert answer.headers["X-Correlation-Id"] in answer.get_data(as_text=True)
        assert answer.headers["Cache-Control"] == "no-store"
        assert "HX-Request" in answer.headers["Vary"]
    assert "<html" in page.get_data(as_text=True)
    assert fragment.get_data(as_text=True).startswith("<p ")
    assert "<html" not in fragment.get_data(as_text=True)


def test_two_requests_have_two_ids(client: FlaskClient) -> None:
    assert client.get("/healthz").headers["X-Correlation-Id"] != client.get("/healthz").headers["X-Correlation-Id"]


def test_a_host_that_is_not_ours_is_refused(client: FlaskClient) -> None:
    assert client.get("/healthz", headers={"Host": "evil.example"}).status_code == 400


def test_a_method_that_an_address_does_not_take_is_refused_with_those_it_takes(client: FlaskClient) -> None:
    answer = client.open("/healthz", method="TRACE")

    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
