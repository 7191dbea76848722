"""Where other systems deliver what happened. Nothing is applied here: the answer must not wait for anything."""

from __future__ import annotations

import logging
from typing import NamedTuple

from flask import Blueprint, Response, abort, jsonify, request

from app import clock, queue
from app.db import Json, transaction
from app.extensions import csrf, settings
from app.flows import services as ledger
from app.web.permissions import public
from integrations.shopware.orders import named_in
from integrations.shopware.webhook import Refused, ShopwareEvent, verify

log = logging.getLogger(__name__)
bp = Blueprint("webhooks", __name__, url_prefix="/webhooks")
csrf.exempt(bp)  # The signature over the body says who sent it; there is no cookie.
BODY_BYTES = 4 * 1024 * 1024  # A sync of 500 products names them all in one delivery.
PRODUCTS, ORDERS = "shopware.products.portal", "shopware.orders.portal"
_OF_ORDERS = ("checkout.order.", "order.", "state_enter.order", "state_leave.order")


@bp.post("/shopware/<channel>")
@public
def shopware(channel: str) -> Response | tuple[Response, int]:
    """Public: the sender proves itself by its signature. The same delivery twice is one message."""
    shop = settings().shops.get(channel)
    if shop is None or shop.app_secret is None:
        abort(404)
    request.max_content_length = BODY_BYTES
    try:
        raw, headers = request.get_data(cache=False), dict(request.headers.items())
        event = verify(raw, headers, shop.app_secret.get_secret_value(), clock.now())
    except Refused as error:
        log.warning("delivery refused", extra={"channel": channel, "error": str(error), "network": request.remote_addr})
        return jsonify(error=str(error)), 401
    taken = _taken_by(event)
    if taken is None:
        log.info("no flow takes this event", extra={"channel": channel, "event": event.event})
        return jsonify(message=None)
    with transaction() as session:
        message = ledger.receive(
            session, taken.flow, key=taken.key, delivery_id=event.event_id, channel=channel, now=clock.now(),
            body={"event": event.event, "shop_id": event.shop_id, "timestamp": event.timestamp, **taken.body},
        )  # fmt: skip
    if message is not None:
        queue.wake(taken.flow)
    return jsonify(message=message)


class Taken(NamedTuple):
    flow: str
    key: str
    body: Json


def _taken_by(event: ShopwareEvent) -> Taken | None:
    """Who works the event, and what is kept of it: of orders only which, since the rest is read from the shop."""
    if event.event == "product.written":
        return Taken(PRODUCTS, event.event, {"payload": event.payload})
    ids = named_in(event.payload) if event.event.startswith(_OF_ORDERS) else []
    return Taken(ORDERS, ids[0], {"act": "named", "orders": ids}) if ids else None
