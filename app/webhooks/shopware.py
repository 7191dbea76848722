"""What a storefront's delivery means for us."""

from __future__ import annotations

import logging
from datetime import datetime

from app.db import Json
from app.flows.services import Delivery
from integrations.shopware.orders import named_in
from integrations.shopware.webhook import SIGNATURE, verify

log = logging.getLogger(__name__)
PRODUCTS, ORDERS = "shopware.products.portal", "shopware.orders.portal"
BODY_BYTES = 4 * 1024 * 1024  # A sync of 500 products names them all in one delivery.
_OF_ORDERS = ("checkout.order.", "order.", "state_enter.order", "state_leave.order")


def delivery_of(channel: str, raw: bytes, signature: str, secret: str, *, now: datetime) -> Delivery | None:
    """Who works a signed delivery, and what is kept of it; None when no flow takes it. Raises webhook.Refused.

    Of orders only which is kept, since the rest is read from the shop.
    """
    event = verify(raw, {SIGNATURE: signature}, secret, now)
    if event.event == "product.written":
        flow, key, body = PRODUCTS, event.event, Json(payload=event.payload)
    else:
        ids = named_in(event.payload) if event.event.startswith(_OF_ORDERS) else []
        if not ids:
            log.info("no flow takes this event", extra={"channel": channel, "event": event.event})
            return None
        flow, key, body = ORDERS, ids[0], Json(act="named", orders=ids)
    told = {"event": event.event, "shop_id": event.shop_id, "timestamp": event.timestamp}
    return Delivery(flow, key, event.event_id, told | body, channel)
