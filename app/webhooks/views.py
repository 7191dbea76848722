"""Where other systems deliver what happened. Nothing is applied here: the answer must not wait for anything."""

from __future__ import annotations

import hmac
import logging

from flask import Blueprint, Response, abort, jsonify, request

from app import clock
from app.db import reading
from app.extensions import csrf, settings
from app.flows import intake
from app.flows.services import Delivery
from app.payments.services import FLOW as PAYMENTS
from app.payments.services import refresh
from app.web.permissions import public
from app.webhooks import refusals
from app.webhooks.mollie import channel_of, payment_of
from app.webhooks.shopware import BODY_BYTES, delivery_of
from integrations.mollie.webhook import Refused as MollieRefused
from integrations.mollie.webhook import read_classic
from integrations.mollie.webhook import verify as verify_mollie
from integrations.shopware.webhook import SIGNATURE, Refused

log = logging.getLogger(__name__)
bp = Blueprint("webhooks", __name__, url_prefix="/webhooks")
csrf.exempt(bp)  # The signature over the body says who sent it; there is no cookie.
CLASSIC_BYTES = 4096  # An id.


@bp.post("/shopware/<channel>")
@public
def shopware(channel: str) -> Response | tuple[Response, int]:
    """Public: the sender proves itself by its signature. The same delivery twice is one message.

    In bursts what is as it should be is answered by `app.webhooks.door`, quicker.
    """
    shop = settings().shops.get(channel)
    if shop is None or shop.app_secret is None:
        abort(404)
    request.max_content_length = BODY_BYTES
    try:
        delivery = delivery_of(
            channel, request.get_data(cache=False), request.headers.get(SIGNATURE, ""),
            shop.app_secret.get_secret_value(), now=clock.now(),
        )  # fmt: skip
    except Refused as error:
        refusals.record("shopware", channel, str(error))
        return jsonify(error=str(error)), 401
    return jsonify(message=delivery and intake.take(delivery))


@bp.post("/mollie/<channel>/<token>")
@public
def mollie(channel: str, token: str) -> tuple[str, int]:
    """Public: Mollie signs nothing here and names only a payment; the address has what nobody can guess.

    The same call comes again at every change, so each is a message of its own. What is no call of Mollie's gets the
    same answer: it tells nothing.
    """
    account = settings().mollie.get(channel)
    if account is None or account.webhook_token is None:
        abort(404)
    if not hmac.compare_digest(token.encode(), account.webhook_token.get_secret_value().encode()):
        refusals.record("mollie", channel, "the token in the address is wrong")
        abort(404)
    request.max_content_length = CLASSIC_BYTES
    try:
        call = read_classic(request.get_data(cache=False))
    except MollieRefused as error:
        refusals.record("mollie", channel, str(error))
        return "", 200
    if call.kind != "payment":
        log.info("no flow takes this call", extra={"channel": channel, "kind": call.kind})
        return "", 200
    intake.take(refresh(channel, [call.id]))
    return "", 200


@bp.post("/mollie-events")
@public
def mollie_events() -> tuple[str, int]:
    """Public: the sender proves itself by its signature. The same event twice is one message."""
    organisation = settings().mollie_organisation
    if organisation is None or not organisation.webhook_secrets:
        abort(404)
    request.max_content_length = BODY_BYTES
    secrets = [secret.get_secret_value() for secret in organisation.webhook_secrets]
    try:
        event = verify_mollie(request.get_data(cache=False), list(request.headers.items()), secrets)
    except MollieRefused as error:
        refusals.record("mollie", "", str(error))
        return "", 401
    payment = payment_of(event)
    if payment is None:
        log.info("no flow takes this event", extra={"event": event.event})
        return "", 200
    channel = channel_of(reading(), payment, event)
    if channel is not None:
        body = {"act": "refresh", "payments": [payment], "event": event.event}
        intake.take(Delivery(PAYMENTS, payment, event.event_id, body, channel))
    return "", 200
