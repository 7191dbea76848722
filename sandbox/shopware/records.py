"""The records that a fresh shop has."""

from __future__ import annotations

from sandbox.settings import ShopIdentity
from sandbox.shopware.constants import DEFAULT_CURRENCY, DEFAULT_LANGUAGE, MACHINES, STOREFRONT_TYPE, machine
from sandbox.shopware.states import state_id
from sandbox.shopware.storage import Doc
from sandbox.shopware.webhooks import APP_EVENTS


def records(me: ShopIdentity, portal_url: str) -> dict[str, dict[str, Doc]]:
    """Entity to id to document, everything as delivered."""
    taxes: dict[str, Doc] = {
        me.id("tax", str(rate)): {"taxRate": rate, "name": f"{rate} %", "position": place}
        for place, rate in enumerate((21.0, 9.0, 0.0))
    }
    return {
        "tax": taxes,
        "currency": {DEFAULT_CURRENCY: {"isoCode": "EUR", "symbol": "€", "factor": 1, "name": "Euro"}},
        "language": {DEFAULT_LANGUAGE: {"name": "Nederlands" if me.language == "nl" else "English"}},
        "country": {me.id("country", iso): {"iso": iso, "name": name} for iso, name in (
            ("NL", "Nederland"), ("BE", "België"), ("DE", "Deutschland"), ("FR", "France"))},
        "salutation": {me.id("salutation", key): {"salutationKey": key, "displayName": key}
                       for key in ("mr", "mrs")},
        "payment_method": {me.id("payment_method", key): {"name": key, "technicalName": f"payment_{key}",
                                                          "active": True}
                           for key in ("ideal", "card", "invoice")},
        "shipping_method": {me.id("shipping_method", "parcel"): {"name": "Parcel", "active": True}},
        "delivery_time": {me.id("delivery_time", "days"): {"name": "1-3 days", "min": 1, "max": 3, "unit": "day"}},
        "sales_channel": {
            me.id("sales_channel", "storefront"): {"typeId": STOREFRONT_TYPE, "name": me.name, "active": True,
                                      "currencyId": DEFAULT_CURRENCY, "languageId": DEFAULT_LANGUAGE},
            me.id("sales_channel", "headless"): {"typeId": "f183ee5650cf4bdb8a774337575067a6", "name": "Headless",
                                                 "active": True, "currencyId": DEFAULT_CURRENCY,
                                                 "languageId": DEFAULT_LANGUAGE},
        },
        "state_machine": {me.id("machine", name): {"technicalName": name, "name": name}
                          for name in MACHINES.values()},
        "state_machine_state": {
            state_id(me, entity, state): {"technicalName": state, "name": state.replace("_", " ").title(),
                                          "stateMachineId": me.id("machine", MACHINES[entity])}
            for entity in MACHINES
            for rules in (machine(entity, me.version),)
            for state in {"open", *rules, *(target for actions in rules.values() for target in actions.values())}
        },
        "webhook": {me.id("webhook", event): {"name": event, "eventName": event, "app": True, "active": True,
                                              "errorCount": 0, "onlyLiveVersion": True,
                                              "url": f"{portal_url}/webhooks/shopware/{me.code}"}
                    for event in APP_EVENTS},
    }  # fmt: skip
