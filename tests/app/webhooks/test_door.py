"""A storefront's delivery is answered before Flask, and whatever is unusual about one is told by the view."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from flask import Flask, request, request_started
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from test_shopware_webhooks_in import ADDRESS, SECRET, event, signed

from app.flows import intake
from app.flows import services as ledger
from app.flows.models import Message
from app.settings import Shop
from app.web.headers import ALWAYS
from app.webhooks import door
from app.webhooks.door import Door
from app.webhooks.models import RefusedDelivery

Send = Callable[..., httpx.Response]
TOO_MUCH = b" " * (4 * 1024 * 1024 + 1)


@pytest.fixture
def shop(app: Flask) -> Iterator[Send]:
    """A sender of one shop: a whole life of the door for each request."""
    before = app.extensions["settings"]
    known = Shop(base_url="http://shop", client_id="i", client_secret="s", app_secret=SECRET)  # type: ignore[arg-type]
    app.extensions["settings"] = before.model_copy(update={"shops": {"econocom": known}})

    def send(content: Any, method: str = "POST", path: str = ADDRESS, **headers: str | bytes) -> httpx.Response:
        async def ask() -> httpx.Response:
            here: Any = Door(app)
            named = [(name.encode(), value.encode() if isinstance(value, str) else value) for name, value in
                     headers.items()]  # fmt: skip
            async with httpx.AsyncClient(transport=httpx.ASGITransport(here), base_url="http://localhost") as web:
                return await web.request(method, path, content=content, headers=named)

        return asyncio.run(ask())

    yield send
    app.extensions["settings"] = before


@pytest.fixture
def seen(app: Flask) -> Iterator[list[str]]:
    """Addresses that Flask was asked for."""
    asked: list[str] = []

    def note(_app: Flask, **_named: object) -> None:
        asked.append(request.path)

    with request_started.connected_to(note, app):
        yield asked


def test_a_delivery_as_it_should_be_does_not_reach_flask(shop: Send, seen: list[str], session: Session) -> None:
    raw = event()

    answer = shop(raw, **signed(raw))

    message = session.execute(sa.select(Message)).scalar_one()
    assert (answer.status_code, answer.json(), seen) == (200, {"message": message.id}, [])
    assert message.correlation_id == answer.headers["X-Correlation-Id"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert {name: answer.headers[name] for name in ALWAYS} == ALWAYS


def test_the_same_once_more_is_told_apart(shop: Send, seen: list[str]) -> None:
    raw = event()

    first, again = shop(raw, **signed(raw)), shop(raw, **signed(raw))

    assert first.json()["message"] is not None
    assert again.json() == {"message": None}
    assert seen == []


def test_what_no_flow_takes_is_answered_and_not_kept(shop: Send, seen: list[str], session: Session) -> None:
    raw = event("customer.written")

    assert shop(raw, **signed(raw)).json() == {"message": None}
    assert session.execute(sa.select(Message)).all() == []
    assert seen == []


def test_a_body_that_comes_in_pieces_of_no_announced_length_is_the_same(
    shop: Send, seen: list[str], session: Session
) -> None:
    raw = event()

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(raw), 7):
            yield raw[start : start + 7]

    assert shop(pieces(), **signed(raw)).json()["message"] == session.execute(sa.select(Message.id)).scalar_one()
    assert seen == []


@pytest.mark.parametrize(
    ("made", "status"),
    [(lambda: event(age=timedelta(minutes=6)), 401), (lambda: b"{}", 401), (bytes, 401), (lambda: event()[:-1], 401)],
    ids=["too old", "no event", "nothing", "cut off"],
)
def test_what_is_unusual_is_told_by_the_view(
    shop: Send, seen: list[str], session: Session, made: Callable[[], bytes], status: int
) -> None:
    raw = made()

    answer = shop(raw, **signed(raw))

    assert (answer.status_code, seen) == (status, [ADDRESS])
    assert {name: answer.headers[name] for name in ALWAYS} == ALWAYS
    assert session.execute(sa.select(Message)).all() == []


def test_a_wrong_signature_is_told_and_counted_by_the_view(shop: Send, seen: list[str], session: Session) -> None:
    answer = shop(event(), **{"shopware-shop-signature": "0" * 64})

    assert (answer.status_code, seen) == (401, [ADDRESS])
    assert "signature" in answer.json()["error"]
    assert session.execute(sa.select(RefusedDelivery.times)).scalar_one() == 1


def test_what_is_signed_with_no_letter_of_ours_is_refused(shop: Send) -> None:
    assert shop(event(), **{"shopware-shop-signature": b"\xfc"}).status_code == 401


def test_a_body_beyond_all_measure_is_not_read_to_its_end(shop: Send, seen: list[str]) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while read < 100:
            read += 1
            yield b" " * 1024 * 1024

    assert shop(endless(), **signed(b"")).status_code == 413
    assert shop(TOO_MUCH, **signed(TOO_MUCH)).status_code == 413
    assert read < 10
    assert seen == []


def test_a_body_that_does_not_come_is_not_waited_for(
    shop: Send, seen: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "BODY_S", 0.05)

    async def stuck() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    assert shop(stuck(), **signed(b"{")).status_code == 408
    assert seen == []


def test_looking_at_the_address_is_not_delivering(shop: Send, seen: list[str]) -> None:
    assert shop(b"", "GET").status_code == 405
    assert seen == [ADDRESS]


@pytest.mark.parametrize("path", ["/", "/sign-in", "/orders/", "/static/x", "/webhooks"])
def test_pages_are_not_behind_this_door(shop: Send, seen: list[str], path: str) -> None:
    assert shop(b"", "GET", path).status_code == 404
    assert seen == []


def test_it_says_that_it_is_there(shop: Send) -> None:
    assert shop(b"", "GET", "/healthz").json() == {"status": "alive"}


def test_a_sender_is_told_when_its_delivery_could_not_be_stored(shop: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> list[int | None]:
        raise OperationalError("INSERT", {}, Exception("the server closed the connection"))

    monkeypatch.setattr(ledger, "receive_all", fail)
    raw = event()

    answer = shop(raw, **signed(raw))

    assert (answer.status_code, answer.json()) == (500, {"error": "not stored: send it again"})


def test_a_sender_is_told_to_come_again_when_too_many_wait(shop: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "MOST_WAITING", 0)
    raw = event()

    assert shop(raw, **signed(raw)).status_code == 503
