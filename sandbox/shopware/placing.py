"""Placing an order: what the buyer gave, checked, and the same payload that the Admin API would take."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sandbox.shopware import events, prices, webhooks
from sandbox.shopware.constants import DEFAULT_CURRENCY, DEFAULT_LANGUAGE, LIVE_VERSION
from sandbox.shopware.entities import ENTITIES
from sandbox.shopware.prices import Line
from sandbox.shopware.shop import Shop
from sandbox.shopware.states import state_id
from sandbox.shopware.storage import Books, stamp
from sandbox.shopware.writes import Write
from sandbox.storage import Doc

COUNTRIES = ("NL", "BE", "DE")
REQUIRED = ("first_name", "last_name", "email", "street", "zipcode", "city", "country", "method")
FIELDS = (*REQUIRED, "company", "phone", "comment", "account")
LETTERS = {"comment": 2000, "street": 255, "zipcode": 50, "city": 70, "email": 254, "phone": 40}  # Others: 100.
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_ROUNDING = {"decimals": 2, "interval": 0.01, "roundForNet": True}


class SoldOut(Exception):
    """Somebody else took it between the cart and the order."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A new order and its first attempt to pay."""

    order_id: str
    number: str
    transaction_id: str


def given_of(form: Mapping[str, str]) -> dict[str, str]:
    """The form's fields, trimmed, none longer than the shop keeps."""
    return {name: str(form.get(name, "")).strip()[: LETTERS.get(name, 100)] for name in FIELDS}


def wrong(given: Mapping[str, str], methods: Mapping[str, Doc]) -> set[str]:
    """The fields that keep an order from being placed."""
    names = {name for name in REQUIRED if not given[name]}
    if not _MAIL.fullmatch(given["email"]):
        names.add("email")
    if given["country"] not in COUNTRIES:
        names.add("country")
    if given["method"] not in methods:
        names.add("method")
    return names


def methods_of(books: Books) -> dict[str, Doc]:
    """The payment methods that can be chosen, by id, in the shop's order."""
    docs = books.find(
        "e.name = 'payment_method' AND e.doc->>'active' = 'true'", [], "(e.doc->>'position')::int, e.id", None, 0
    )
    return {doc["id"]: doc for doc in docs}


def place(books: Books, shop: Shop, lines: list[Line], given: Mapping[str, str], *, now: datetime) -> Placed:
    """Write the order with all that belongs to it, and tell who listens. Raises SoldOut, ShopError."""
    _hold(books, lines)
    number = str(books.next_number("order"))
    customer_id, customer_number = _customer(books, shop, given)
    order_id, transaction_id = uuid4().hex, uuid4().hex
    address, delivery = uuid4().hex, uuid4().hex
    person = {"firstName": given["first_name"], "lastName": given["last_name"], "company": given["company"] or None}
    opened = {name: state_id(shop.identity, name, "open") for name in ("order", "order_delivery", "order_transaction")}
    price, parcel = prices.order_price(lines), prices.shipping(lines)
    costs = prices.calculated(parcel, 1, prices.shipping_taxed(lines))
    payload: Doc = {
        "id": order_id, "orderNumber": number, "orderDateTime": stamp(now), "currencyId": DEFAULT_CURRENCY,
        "currencyFactor": 1.0, "languageId": DEFAULT_LANGUAGE, "salesChannelId": shop.sales_channel_id(),
        "stateId": opened["order"], "itemRounding": _ROUNDING, "totalRounding": _ROUNDING, "price": price,
        "shippingCosts": costs, "billingAddressId": address, "deepLinkCode": uuid4().hex,
        "customerComment": given["comment"] or None,
        "orderCustomer": {**person, "email": given["email"], "customerId": customer_id,
                          "customerNumber": customer_number, "vatIds": None},
        "addresses": [{**person, **_address(shop, given), "id": address}],
        "lineItems": [_line(line, place) for place, line in enumerate(lines, start=1)],
        "deliveries": [{
            "id": delivery, "stateId": opened["order_delivery"], "trackingCodes": [], "shippingCosts": costs,
            "shippingMethodId": shop.identity.id("shipping_method", "parcel"), "shippingOrderAddressId": address,
            "shippingDateEarliest": stamp(now + timedelta(days=1)),
            "shippingDateLatest": stamp(now + timedelta(days=3)),
        }],
        "transactions": [_transaction(shop, transaction_id, given["method"], price["totalPrice"], price)],
    }  # fmt: skip
    if shop.identity.version.startswith("6.7"):
        payload |= {"primaryOrderDeliveryId": delivery, "primaryOrderTransactionId": transaction_id}
    _write(books, shop, {"order": payload}, create=True)
    return Placed(order_id, number, transaction_id)


def attempt(books: Books, shop: Shop, order_id: str, method_id: str) -> str:
    """Another attempt to pay an order, with an id that is returned. What became of the earlier ones is left alone."""
    order = books.get("order", [order_id])[order_id]
    id_ = uuid4().hex
    writes: dict[str, Doc] = {
        "order_transaction": {
            **_transaction(shop, id_, method_id, order["amountTotal"], order["price"]), "orderId": order_id,
        },
    }  # fmt: skip
    if shop.identity.version.startswith("6.7"):
        writes["order"] = {"id": order_id, "primaryOrderTransactionId": id_}
    _write(books, shop, writes)
    webhooks.queue(books, shop.identity, shop.base_url, "checkout.order.payment_method.changed",
                   {"order": {"id": order_id, "orderNumber": order.get("orderNumber")},
                    "orderTransaction": {"id": id_}})  # fmt: skip
    return id_


def _write(books: Books, shop: Shop, payloads: Mapping[str, Doc], *, create: bool | None = None) -> None:
    write = Write(books, shop.identity, refuses=shop.faults.refuses)
    for place, (entity, payload) in enumerate(payloads.items()):
        write.add(ENTITIES[entity], payload, f"/{place}")
    events.follow(books, shop, write.store(create=create), write)


def _hold(books: Books, lines: list[Line]) -> None:
    """Lock the products, so that the last piece is sold once."""
    held = books.raw("product", [line.product["id"] for line in lines])
    for line in lines:
        if int(held.get(line.product["id"], {}).get("stock") or 0) < line.quantity:
            raise SoldOut(line.product["productNumber"])


def _customer(books: Books, shop: Shop, given: Mapping[str, str]) -> tuple[str, str]:
    """Id and number of who buys. A guest is a new customer each time, an account is known again by its mail."""
    account = bool(given["account"])
    if account:
        known = books.find(
            "e.name = 'customer' AND lower(e.doc->>'email') = lower(%s) AND e.doc->>'guest' = 'false'",
            [given["email"]], "e.auto", 1, 0,
        )  # fmt: skip
        for doc in known:
            return doc["id"], str(doc["customerNumber"])
    id_, address, number = uuid4().hex, uuid4().hex, str(books.next_number("customer"))
    person = {"firstName": given["first_name"], "lastName": given["last_name"], "company": given["company"] or None}
    _write(books, shop, {"customer": {
        **person, "id": id_, "email": given["email"], "customerNumber": number, "guest": not account, "active": True,
        "groupId": shop.identity.id("customer_group", "standard"), "salesChannelId": shop.sales_channel_id(),
        "languageId": DEFAULT_LANGUAGE, "defaultBillingAddressId": address, "defaultShippingAddressId": address,
        "addresses": [{**person, **_address(shop, given), "id": address}],
    }})  # fmt: skip
    if account:
        webhooks.queue(books, shop.identity, shop.base_url, "checkout.customer.register", {"customer": {"id": id_}})
    return id_, number


def _address(shop: Shop, given: Mapping[str, str]) -> Doc:
    return {
        "street": given["street"], "zipcode": given["zipcode"], "city": given["city"],
        "countryId": shop.identity.id("country", given["country"]), "phoneNumber": given["phone"] or None,
    }  # fmt: skip


def _line(line: Line, place: int) -> Doc:
    product = line.product
    return {
        "id": uuid4().hex, "identifier": product["id"], "referencedId": product["id"], "productId": product["id"],
        "productVersionId": LIVE_VERSION, "type": "product", "label": product.get("name"), "quantity": line.quantity,
        "position": place, "good": True, "removable": True, "stackable": True, "states": ["is-physical"],
        "price": prices.calculated(line.unit, line.quantity, line.taxed),
        "payload": {"productNumber": product["productNumber"], "options": [], "taxId": product["taxId"],
                    "isCloseout": product.get("isCloseout"), "customFields": product.get("customFields")},
    }  # fmt: skip


def _transaction(shop: Shop, id_: str, method_id: str, total: float, price: Mapping[str, Any]) -> Doc:
    return {
        "id": id_, "stateId": state_id(shop.identity, "order_transaction", "open"), "paymentMethodId": method_id,
        "amount": {"unitPrice": total, "quantity": 1, "totalPrice": total, "taxRules": price["taxRules"],
                   "calculatedTaxes": price["calculatedTaxes"]},
    }  # fmt: skip
