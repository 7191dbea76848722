"""Routes of the account: its profile, its methods, its webhook subscriptions and their events."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from werkzeug import Response

from sandbox.mollie import events, lists, show, webhooks
from sandbox.mollie.asking import Ask, answer_of
from sandbox.mollie.errors import DOCUMENTATION, MollieError, forbidden, unknown
from sandbox.mollie.identity import ORGANISATION_ID, PROFILES
from sandbox.mollie.lists import Wanted
from sandbox.mollie.methods import METHODS, Method
from sandbox.mollie.payments import LOCALES
from sandbox.mollie.reading import amount, money

_ICONS = "https://www.mollie.com/external/icons/payment-methods"
_METHOD_QUERY = ("sequenceType", "locale", "amount[value]", "amount[currency]", "resource", "billingCountry",
                 "includeWallets", "orderLineCategories", "include")  # fmt: skip


def get_profile(ask: Ask) -> Response:
    """Of the key that asks."""
    ask.query()
    profile = ask.caller.profile
    if profile is None:
        raise forbidden()
    number = PROFILES.index(profile) + 1
    links = {name: show.api_link(ask.base_url, name) for name in ("chargebacks", "methods", "payments", "refunds")}
    return answer_of({
        "resource": "profile", "id": profile.id, "mode": ask.caller.mode, "name": profile.name,
        "website": f"https://{profile.code}.example", "email": f"info@{profile.code}.example",
        "phone": f"+3120000000{number}", "businessCategory": "ELECTRONICS", "status": "verified",
        "createdAt": "2024-01-08T09:00:00+00:00",
        "_links": {
            "self": show.api_link(ask.base_url, f"profiles/{profile.id}"),
            "dashboard": show.page_link(f"{ask.base_url}/dashboard/{ORGANISATION_ID}/settings/profiles/{profile.id}"),
            **links, "documentation": show.page_link(f"{DOCUMENTATION}/reference/get-current-profile"),
        },
    })  # fmt: skip


def list_methods(ask: Ask) -> Response:
    """Those that are switched on, and take the amount where one is given."""
    ask.query(*_METHOD_QUERY)
    asked = ask.request.args
    if asked.get("sequenceType", "oneoff") not in ("oneoff", "first", "recurring"):
        raise MollieError(400, "The sequence type is invalid", "sequenceType")
    if asked.get("locale") and asked["locale"] not in LOCALES:
        raise MollieError(400, "The locale is invalid", "locale")
    offered = [method for method in METHODS.values() if method.offered]
    if "amount[value]" in asked or "amount[currency]" in asked:
        given = {name: asked.get(f"amount[{name}]") for name in ("currency", "value")}
        total = amount(given, "amount")
        offered = [method for method in offered if not method.refuses(total["currency"], Decimal(total["value"]))]
    shown = [_method(ask.base_url, method) for method in offered]
    return answer_of(lists.whole(ask.base_url, ask.request, "methods", "list-methods", shown))


def _method(base_url: str, method: Method) -> dict[str, Any]:
    return {
        "resource": "method", "id": method.id, "description": method.name, "status": "activated",
        "minimumAmount": money(Decimal(method.least), "EUR"), "maximumAmount": money(Decimal(method.most), "EUR"),
        "image": {"size1x": f"{_ICONS}/{method.id}.png", "size2x": f"{_ICONS}/{method.id}%402x.png",
                  "svg": f"{_ICONS}/{method.id}.svg"},
        "_links": {"self": show.api_link(base_url, f"methods/{method.id}")},
    }  # fmt: skip


def create_webhook(ask: Ask) -> Response:
    """The only answer with the secret in it."""
    ask.caller.must_be_organisation()
    doc = webhooks.create(ask.books, ask.caller, ask.given)
    return answer_of(show.webhook(ask.base_url, doc, secret=doc["_secrets"][0][0]), 201)


def list_webhooks(ask: Ask) -> Response:
    """Newest first; `eventTypes` narrows to those that want one of them."""
    ask.caller.must_be_organisation()
    wanted = Wanted("webhook", "webhooks", "list-webhooks", where="doc->>'status' <> 'deleted'",
                    filters=frozenset({"eventTypes"}))  # fmt: skip
    if types := ask.request.args.get("eventTypes"):
        wanted = Wanted("webhook", "webhooks", "list-webhooks",
                        where="doc->>'status' <> 'deleted' AND doc->'eventTypes' ?| %(types)s",
                        parameters={"types": types.split(",")}, filters=wanted.filters)  # fmt: skip
    return ask.page(wanted, lambda docs: [show.webhook(ask.base_url, doc) for doc in docs])


def get_webhook(ask: Ask) -> Response:
    """One subscription."""
    ask.caller.must_be_organisation()
    ask.query()
    return answer_of(show.webhook(ask.base_url, webhooks.find(ask.books, ask.caller, ask.ids[0])))


def update_webhook(ask: Ask) -> Response:
    """Its name, its address, what it wants."""
    ask.caller.must_be_organisation()
    return answer_of(show.webhook(ask.base_url, webhooks.update(ask.books, ask.caller, ask.ids[0], ask.given)))


def delete_webhook(ask: Ask) -> Response:
    """It is called no more."""
    ask.caller.must_be_organisation()
    webhooks.delete(ask.books, ask.caller, ask.ids[0])
    return answer_of(None, 204)


def ping_webhook(ask: Ask) -> Response:
    """A test event, soon."""
    ask.caller.must_be_organisation()
    events.ping(ask.books, webhooks.find(ask.books, ask.caller, ask.ids[0]))
    return answer_of(None, 202)


def get_event(ask: Ask) -> Response:
    """One event, with the snapshot that was sent."""
    ask.caller.must_be_organisation()
    ask.query()
    doc = ask.books.get("event", ask.ids[0])
    if doc is None or not ask.caller.sees(doc):
        raise unknown("event", ask.ids[0])
    return answer_of(events.shown(ask.base_url, doc))
