"""Where other systems deliver what happened. Nothing is applied here: the answer must not wait for anything."""

from __future__ import annotations

import logging

from flask import Blueprint, Response, abort, jsonify, request

from app import clock, queue
from app.db import transaction
from app.extensions import csrf, settings
from app.flows import services as ledger
from app.web.permissions import public
from integrations.shopware.webhook import Refused, verify

log = logging.getLogger(__name__)
bp = Blueprint("webhooks", __name__, url_prefix="/webhooks")
csrf.exempt(bp)  # The signature over the body says who sent it; there is no cookie.
BODY_BYTES = 4 * 1024 * 1024  # A sync of 500 products names them all in one delivery.
SHOPWARE_FLOWS = {"product.written": "shopware.products.portal"}


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
    flow = SHOPWARE_FLOWS.get(event.event)
    if flow is None:
        log.info("no flow takes this event", extra={"channel": channel, "event": event.event})
        return jsonify(message=None)
    with transaction() as session:
        message = ledger.receive(
            session, flow, key=event.event, delivery_id=event.event_id, channel=channel, now=clock.now(),
            body={"event": event.event, "shop_id": event.shop_id, "timestamp": event.timestamp,
                  "payload": event.payload},
        )  # fmt: skip
    if message is not None:
        queue.wake(flow)
    return jsonify(message=message)
