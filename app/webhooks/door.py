"""A storefront's deliveries, answered before Flask when they are as they should be: they come in bursts of hundreds.

What is not as usual in any way is handed on to the view, which knows what to say of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from io import BytesIO
from typing import TYPE_CHECKING

from flask import Flask

from app import clock
from app.flows import intake
from app.flows.services import Delivery
from app.logs import HEADER, correlation, new_correlation_id
from app.settings import Settings
from app.webhooks.shopware import delivery_of
from integrations.shopware.webhook import SIGNATURE, Refused

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PREFIX = "/webhooks/shopware/"
BODY_BYTES = 4 * 1024 * 1024  # A sync of 500 products names them all in one delivery.
_SIGNATURE = "HTTP_" + SIGNATURE.upper().replace("-", "_")


def init_app(app: Flask) -> None:
    """Stand before Flask."""
    inner = app.wsgi_app

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not environ["PATH_INFO"].startswith(PREFIX):
            return inner(environ, start_response)
        delivery = _usual(environ, app.extensions["settings"])
        if delivery is None:
            return inner(environ, start_response)
        correlation_id = new_correlation_id()
        correlation.set(correlation_id)
        with app.app_context():
            message = intake.take(delivery)
        body = json.dumps({"message": message}).encode()
        start_response("200 OK", [
            ("Content-Type", "application/json"), ("Content-Length", str(len(body))), ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"), (HEADER, correlation_id),
        ])  # fmt: skip
        return (body,)

    app.wsgi_app = answer  # type: ignore[method-assign]


def _usual(environ: WSGIEnvironment, config: Settings) -> Delivery | None:
    """What is to be kept; None when the view is to say what is wrong. The body can be read again."""
    channel, length = environ["PATH_INFO"].removeprefix(PREFIX), environ.get("CONTENT_LENGTH", "")
    shop = config.shops.get(channel)
    if environ["REQUEST_METHOD"] != "POST" or shop is None or shop.app_secret is None:
        return None
    if not length.isdecimal() or int(length) > BODY_BYTES:
        return None
    raw = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = BytesIO(raw)
    try:
        secret = shop.app_secret.get_secret_value()
        return delivery_of(channel, raw, environ.get(_SIGNATURE, ""), secret, now=clock.now())
    except Refused:
        return None
