"""The door for deliveries that come in bursts of hundreds: a process of its own, which pages cannot keep waiting.

A storefront's delivery that is as it should be is answered here, many by one statement. Whatever else comes is handed
to the views, which know what to say of it: they are right about everything, and this is only quicker.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Any

from a2wsgi import WSGIMiddleware
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from app import clock
from app.db import Json
from app.flows.intake import Crowded, Line
from app.flows.services import Delivery
from app.logs import HEADER, correlation, new_correlation_id
from app.web.headers import headers_of
from app.webhooks.shopware import BODY_BYTES, delivery_of
from integrations.shopware.webhook import SIGNATURE, Refused

if TYPE_CHECKING:
    from a2wsgi.asgi_typing import HTTPScope, Receive, Scope, Send

log = logging.getLogger(__name__)
PREFIX, ALIVE = "/webhooks/", "/healthz"
STOREFRONTS = PREFIX + "shopware/"
BODY_S = 20.0  # Until it has come whole.
_SIGNATURE, _CORRELATION = SIGNATURE.encode(), HEADER.lower().encode()


class _Gone(Exception):
    """The sender hung up before it had said everything."""


class _TooMuch(Exception):
    """A body beyond all measure."""


class _Unusual(Exception):
    """The views are to say what is to be said."""


class Door:
    """The ASGI application, for one event loop."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._line = Line(app)
        self._views = WSGIMiddleware(app, workers=4)  # type: ignore[arg-type]  # Its WSGI types are its own.
        self._always = [(name.lower().encode(), value.encode()) for name, value in headers_of(app).items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._line.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        if not scope["path"].startswith(PREFIX) and scope["path"] != ALIVE:
            return await self._say(send, 404, {"error": "deliveries only"})
        try:
            async with asyncio.timeout(BODY_S):
                raw = await _body(receive)
        except _Gone:
            return None
        except _TooMuch:
            return await self._say(send, 413, {"error": f"more than {BODY_BYTES} bytes"})
        except TimeoutError:
            return await self._say(send, 408, {"error": "the body did not come"})
        try:
            delivery = self._usual(scope, raw)
        except _Unusual:
            return await self._views(_of_known_length(scope, raw), _again(raw, receive), send)
        if delivery is None:
            return await self._say(send, 200, {"message": None})
        return await self._keep(delivery, send)

    def _usual(self, scope: HTTPScope, raw: bytes) -> Delivery | None:
        """What is to be kept of a storefront's delivery, None: nothing. Raises _Unusual."""
        channel = scope["path"].removeprefix(STOREFRONTS)
        shop = self._app.extensions["settings"].shops.get(channel)
        if scope["method"] != "POST" or shop is None or shop.app_secret is None:
            raise _Unusual
        given = next((value for name, value in scope["headers"] if name == _SIGNATURE), b"")
        try:
            return delivery_of(channel, raw, given.decode("latin-1"), shop.app_secret.get_secret_value(),
                               now=clock.now())  # fmt: skip
        except Refused as error:
            raise _Unusual from error

    async def _keep(self, delivery: Delivery, send: Send) -> None:
        """Answered once it is durable. What could not be kept comes again: so its sender is told."""
        correlation_id = new_correlation_id()
        correlation.set(correlation_id)
        try:
            message = await self._line.take(delivery._replace(correlation_id=correlation_id))
        except Crowded:
            log.warning("more deliveries wait than can be stored", extra={"channel": delivery.channel})
            await self._say(send, 503, {"error": "too many wait: send it again"}, correlation_id)
        except SQLAlchemyError:
            log.exception("a delivery could not be stored", extra={"channel": delivery.channel})
            await self._say(send, 500, {"error": "not stored: send it again"}, correlation_id)
        else:
            await self._say(send, 200, {"message": message}, correlation_id)

    async def _say(self, send: Send, status: int, body: Json, correlation_id: str = "") -> None:
        raw = json.dumps(body).encode()
        named = [
            (b"content-type", b"application/json"), (b"content-length", str(len(raw)).encode()),
            (b"cache-control", b"no-store"), (_CORRELATION, (correlation_id or new_correlation_id()).encode()),
        ]  # fmt: skip
        await send({"type": "http.response.start", "status": status, "headers": [*named, *self._always]})
        await send({"type": "http.response.body", "body": raw, "more_body": False})


async def _body(receive: Receive) -> bytes:
    """Whole. Raises _Gone, _TooMuch."""
    parts: list[bytes] = []
    size = 0
    while True:
        said: Any = await receive()
        if said["type"] == "http.disconnect":
            raise _Gone
        parts.append(said.get("body", b""))
        size += len(parts[-1])
        if size > BODY_BYTES:
            raise _TooMuch
        if not said.get("more_body", False):
            return b"".join(parts)


def _of_known_length(scope: HTTPScope, raw: bytes) -> HTTPScope:
    """The same request as if its sender had said how long it is."""
    kept = [(name, value) for name, value in scope["headers"] if name not in {b"content-length", b"transfer-encoding"}]
    return {**scope, "headers": [*kept, (b"content-length", str(len(raw)).encode())]}


def _again(raw: bytes, receive: Receive) -> Receive:
    """The body once more, then what comes after it."""
    told = False

    async def once_more() -> Any:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": raw, "more_body": False}

    return once_more
