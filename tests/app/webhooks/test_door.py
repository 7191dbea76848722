"""A storefront's delivery is answered before Flask, and whatever is unusual about one is told by the view."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask, request, request_started
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from test_shopware_webhooks_in import ADDRESS, SECRET, event, signed
from werkzeug.test import TestResponse

from app.flows.models import Message
from app.settings import Shop

ORDER = "b" * 32


@pytest.fixture
def shop(app: Flask, client: FlaskClient) -> Iterator[FlaskClient]:
    before = app.extensions["settings"]
    known = Shop(base_url="http://shop", client_id="i", client_secret="s", app_secret=SECRET)  # type: ignore[arg-type]
    app.extensions["settings"] = before.model_copy(update={"shops": {"econocom": known}})
    yield client
    app.extensions["settings"] = before


@pytest.fixture
def seen(app: Flask) -> Iterator[list[str]]:
    """Addresses that Flask was asked for."""
    asked: list[str] = []

    def note(_app: Flask, **_named: object) -> None:
        asked.append(request.path)

    with request_started.connected_to(note, app):
        yield asked


def sent(client: FlaskClient, raw: bytes, **named: object) -> TestResponse:
    return client.post(ADDRESS, data=raw, headers=signed(raw), **named)


def test_a_delivery_as_it_should_be_does_not_reach_flask(
    shop: FlaskClient, seen: list[str], session: Session
) -> None:  # fmt: skip
    answer = sent(shop, event())

    message = session.execute(sa.select(Message)).scalar_one()
    assert (answer.status_code, answer.get_json(), seen) == (200, {"message": message.id}, [])
    assert (answer.headers["Cache-Control"], answer.headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
    assert message.correlation_id == answer.headers["X-Correlation-Id"]


def test_the_same_once_more_is_told_apart(shop: FlaskClient, seen: list[str]) -> None:
    first, again = sent(shop, event()), sent(shop, event())

    assert first.get_json()["message"] is not None
    assert again.get_json() == {"message": None}
    assert seen == []


@pytest.mark.parametrize(
    ("raw", "status"),
    [(event("customer.written"), 200), (b"{}", 401), (event()[:-1], 401), (b" " * (4 * 1024 * 1024 + 1), 413)],
    ids=["no flow takes it", "no event", "cut off", "too large"],
)
def test_what_is_unusual_is_told_by_the_view(shop: FlaskClient, seen: list[str], raw: bytes, status: int) -> None:
    assert sent(shop, raw).status_code == status
    assert seen == [ADDRESS]


def test_a_wrong_signature_is_told_and_counted_by_the_view(shop: FlaskClient, seen: list[str]) -> None:
    answer = shop.post(ADDRESS, data=event(), headers={"shopware-shop-signature": "0" * 64})

    assert (answer.status_code, seen) == (401, [ADDRESS])
    assert "signature" in answer.get_json()["error"]


def test_a_body_of_unknown_length_is_read_by_the_view(shop: FlaskClient, seen: list[str]) -> None:
    answer = sent(shop, event(), content_length=None, environ_overrides={
        "CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True,
    })  # fmt: skip

    assert (answer.status_code, seen) == (200, [ADDRESS])
    assert answer.get_json()["message"] is not None


def test_looking_at_the_address_is_not_delivering(shop: FlaskClient, seen: list[str]) -> None:
    assert shop.get(ADDRESS).status_code == 405
    assert seen == [ADDRESS]
