"""The records that a fresh shop has, each with every field that the schema of its entity requires."""

from __future__ import annotations

from typing import Any

from sandbox.settings import ShopIdentity
from sandbox.shopware import documents, mails
from sandbox.shopware.constants import (
    DEFAULT_CURRENCY,
    DEFAULT_LANGUAGE,
    HEADLESS_TYPE,
    LIVE_VERSION,
    MACHINES,
    STOREFRONT_TYPE,
    machine,
)
from sandbox.shopware.states import state_id
from sandbox.shopware.webhooks import APP_EVENTS
from sandbox.storage import Doc

_ROUNDING = {"decimals": 2, "interval": 0.01, "roundForNet": True}
_ADDRESS_FORMAT = [
    ["address/company", "symbol/dash", "address/department"], ["address/first_name", "address/last_name"],
    ["address/street"], ["address/zipcode", "address/city"], ["address/country"],
]  # fmt: skip
_METHODS = {  # Dutch and English name; Mollie's plugin takes all but the last.
    "ideal": ("iDEAL", "iDEAL"), "card": ("Creditcard", "Card"), "bancontact": ("Bancontact", "Bancontact"),
    "banktransfer": ("Overschrijving", "Bank transfer"), "invoice": ("Op rekening", "Invoice"),
}  # fmt: skip
_LOCALES = {"nl": ("nl-NL", "Nederlands", "Nederland"), "en": ("en-GB", "English", "United Kingdom")}


def records(me: ShopIdentity, portal_url: str) -> dict[str, dict[str, Doc]]:
    """Entity to id to document, everything as delivered."""
    made = {**_basics(me), **_checkout(me), **_machines(me), **mails.records(me), **documents.records(me)}
    return {**made, "webhook": _webhooks(me, portal_url)}


def _basics(me: ShopIdentity) -> dict[str, dict[str, Doc]]:
    code, language, territory = _LOCALES[me.language]
    locale = me.id("locale", code)
    countries = (("NL", "Nederland"), ("BE", "België"), ("DE", "Deutschland"), ("FR", "France"))
    return {
        "tax": {me.id("tax", str(rate)): {"taxRate": rate, "name": f"{rate} %", "position": place}
                for place, rate in enumerate((21.0, 9.0, 0.0))},
        "currency": {DEFAULT_CURRENCY: {
            "isoCode": "EUR", "symbol": "€", "factor": 1, "name": "Euro", "shortName": "EUR", "position": 1,
            "isSystemDefault": True, "itemRounding": _ROUNDING, "totalRounding": _ROUNDING,
        }},
        "locale": {locale: {"code": code, "name": language, "territory": territory}},
        "language": {DEFAULT_LANGUAGE: {"name": language, "localeId": locale, "translationCodeId": locale}},
        "country": {me.id("country", iso): {"iso": iso, "name": name, "active": True, "position": place,
                                            "addressFormat": _ADDRESS_FORMAT}
                    for place, (iso, name) in enumerate(countries)},
        "salutation": {me.id("salutation", key): {"salutationKey": key, "displayName": key, "letterName": letter}
                       for key, letter in (("mr", "Dear Mr."), ("mrs", "Dear Mrs."))},
        "customer_group": {me.id("customer_group", "standard"): {"name": "Standard", "displayGross": True}},
        "category": {me.id("category", "root"): {
            "versionId": LIVE_VERSION, "name": "Catalogue", "type": "page", "active": True, "visible": True,
            "displayNestedProducts": True, "productAssignmentType": "product", "level": 1,
        }},
    }  # fmt: skip


def _checkout(me: ShopIdentity) -> dict[str, dict[str, Doc]]:
    days = me.id("delivery_time", "days")
    return {
        "payment_method": {me.id("payment_method", key): {"name": names[me.language == "en"], "position": place,
                                                          "technicalName": f"payment_{key}", "active": True}
                           for place, (key, names) in enumerate(_METHODS.items())},
        "delivery_time": {days: {"name": "1-3 days", "min": 1, "max": 3, "unit": "day"}},
        "shipping_method": {me.id("shipping_method", "parcel"): {
            "name": "Parcel", "technicalName": "shipping_parcel", "active": True, "position": 1, "taxType": "auto",
            "deliveryTimeId": days,
        }},
        "sales_channel": {me.id("sales_channel", key): _sales_channel(me, key, name, type_id)
                          for key, name, type_id in (("storefront", me.name, STOREFRONT_TYPE),
                                                     ("headless", "Headless", HEADLESS_TYPE))},
    }  # fmt: skip


def _sales_channel(me: ShopIdentity, key: str, name: str, type_id: str) -> Doc:
    return {
        "typeId": type_id, "name": name, "active": True, "homeEnabled": True,
        "accessKey": "SWSC" + me.id("access_key", key).upper()[:22],
        "currencyId": DEFAULT_CURRENCY, "languageId": DEFAULT_LANGUAGE,
        "customerGroupId": me.id("customer_group", "standard"), "countryId": me.id("country", "NL"),
        "paymentMethodId": me.id("payment_method", "ideal"), "shippingMethodId": me.id("shipping_method", "parcel"),
        "navigationCategoryId": me.id("category", "root"), "navigationCategoryVersionId": LIVE_VERSION,
    }  # fmt: skip


def _machines(me: ShopIdentity) -> dict[str, dict[str, Doc]]:
    machines: dict[str, Doc] = {}
    states: dict[str, Doc] = {}
    for entity, name in MACHINES.items():
        machine_id = me.id("machine", name)
        rules = machine(entity, me.version)
        machines[machine_id] = {"technicalName": name, "name": name, "initialStateId": state_id(me, entity, "open")}
        for state in {"open", *rules, *(target for actions in rules.values() for target in actions.values())}:
            states[state_id(me, entity, state)] = {
                "technicalName": state, "name": state.replace("_", " ").title(), "stateMachineId": machine_id,
            }  # fmt: skip
    return {"state_machine": machines, "state_machine_state": states}


def _webhooks(me: ShopIdentity, portal_url: str) -> dict[str, Any]:
    return {
        me.id("webhook", event): {
            "name": event, "eventName": event, "app": True, "active": True, "errorCount": 0, "onlyLiveVersion": True,
            "url": f"{portal_url}/webhooks/shopware/{me.code}",
        }
        for event in APP_EVENTS
    }  # fmt: skip
