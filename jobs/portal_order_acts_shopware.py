"""Flow `portal.order-acts.shopware`: what a person wants done to an order is done at its shop.

A cancellation repeated is none. An address is written only in the place of the one that the person saw. A mail whose
fate is unknown is not sent again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from app import clock, queue
from app.db import Json, transaction
from app.orders import acts
from app.orders.acts import ADDRESS_FIELDS
from integrations.errors import IntegrationError, Rejected, Unavailable, UnexpectedBody
from integrations.shopware import mails
from integrations.shopware.client import ShopwareClient
from integrations.shopware.orders import Address
from jobs import failpoints, shops
from jobs.claims import Batch, Claimed
from jobs.settlement import Outcome, settle
from jobs.shopware_orders import address_seen


class Conflict(IntegrationError):
    """The shop's record is not what the person saw."""


def work(batch: Batch) -> None:
    """One act after the other, as they were asked for."""
    client = shops.client(batch.channel)
    for message in batch.messages:
        try:
            failpoints.reach("act.before")
            result = _ACTS[message.body["act"]](client, message.body)
        except (Rejected, UnexpectedBody, Conflict) as error:
            _failed(batch, message, error)
            continue
        except Unavailable as error:
            if not (error.may_have_happened and message.body["act"] == "resend"):
                raise
            _failed(batch, message, error)
            continue
        failpoints.reach("act.after")
        with transaction() as session:
            acts.done(session, message.body["act_id"], now=clock.now())
            acts.read_again(session, batch.channel, message.body["order"], now=clock.now())
            settle(session, batch, [Outcome(message.id, "delivered", result)])
        queue.wake(acts.ORDERS)


def _failed(batch: Batch, message: Claimed, error: IntegrationError) -> None:
    why = error.reason if isinstance(error, Rejected) else str(error)
    with transaction() as session:
        acts.failed(session, message.body["act_id"], why, now=clock.now())
        acts.read_again(session, batch.channel, message.body["order"], now=clock.now())
        settle(session, batch, [Outcome(message.id, "dead", {"error": str(error)})])
    queue.wake(acts.ORDERS)


def _cancel(client: ShopwareClient, body: Json) -> Json:
    state = client.transition("order", body["order"], "cancel", send_mail=bool(body.get("mail")))
    return {"state": state.technical_name}


def _address(client: ShopwareClient, body: Json) -> Json:
    """Write the fields that differ. Raises Conflict where the shop has another address than the person saw."""
    rows = list(client.search("order_address", {"ids": [body["address_id"]], "associations": {"country": {}}}))
    if not rows:
        raise Conflict("the shop does not know this address any more")
    try:
        there = address_seen(Address.model_validate(rows[0]), billing=False)
    except ValidationError as error:
        raise UnexpectedBody("the shop's address is not as the contract says") from error
    now = {name: getattr(there, name) for name in ADDRESS_FIELDS}
    if now == body["after"]:
        return {"left": "it is so already"}
    if now != body["before"]:
        raise Conflict("the address was changed in the shop meanwhile")
    changed = {name: body["after"][name] for name in ADDRESS_FIELDS if body["after"][name] != now[name]}
    client.patch("order_address", body["address_id"], _as_shopware(client, changed))
    return {"changed": sorted(changed)}


def _as_shopware(client: ShopwareClient, changed: Mapping[str, str]) -> dict[str, Any]:
    """The fields as Shopware calls them; a name is parted at its first space."""
    written: dict[str, Any] = {}
    for name, field in (("company", "company"), ("street", "street"), ("zipcode", "zipcode"), ("city", "city"),
                        ("phone", "phoneNumber")):  # fmt: skip
        if name in changed:
            written[field] = changed[name]
    if "name" in changed:
        first, _, last = changed["name"].partition(" ")
        written |= {"firstName": first, "lastName": last or first}
    if "extra" in changed:
        written |= {"additionalAddressLine1": changed["extra"], "additionalAddressLine2": None}
    if "country" in changed:
        criteria = {"filter": [{"type": "equals", "field": "iso", "value": changed["country"]}]}
        found = next(iter(client.search("country", criteria)), None)
        if found is None:
            raise UnexpectedBody(f"the shop does not send to {changed['country']}")
        written["countryId"] = found["id"]
    return written


def _resend(client: ShopwareClient, body: Json) -> Json:
    template = next(iter(client.search("mail_template", mails.templates_of(mails.CONFIRMATION))), None)
    if template is None:
        raise UnexpectedBody("the shop has no template of its order confirmation")
    order = next(iter(client.search("order", {"ids": [body["order"]], "associations": mails.ORDER_ASSOCIATIONS})), None)
    if order is None:
        raise Conflict("the shop does not know this order any more")
    buyer = order.get("orderCustomer") or {}
    name = " ".join(str(buyer.get(part) or "") for part in ("firstName", "lastName")).strip()
    client.send_mail(mails.mail_of(mails.MailTemplate.model_validate(template), order, to=body["to"], name=name))
    return {"to": body["to"]}


_ACTS: Mapping[str, Callable[[ShopwareClient, Json], Json]] = {
    "cancel": _cancel, "address": _address, "resend": _resend,
}  # fmt: skip
