"""Documents of an order: an invoice when its parcel leaves, others when staff makes them.

The answer's shape and the number's place are of Shopware's public documentation and schema, unverified on a real shop:
6.6 keeps the number in `config`, 6.7 beside it, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from sandbox.settings import ShopIdentity
from sandbox.shopware.constants import LIVE_VERSION
from sandbox.shopware.errors import shopware
from sandbox.shopware.storage import Books
from sandbox.storage import Doc

KINDS = {"invoice": "INV", "credit_note": "CN", "delivery_note": "DN", "storno": "ST"}  # And how numbers begin.


def records(me: ShopIdentity) -> dict[str, dict[str, Doc]]:
    """The types, as delivered."""
    return {"document_type": {
        me.id("document_type", kind): {"technicalName": kind, "name": kind.replace("_", " ").title()} for kind in KINDS
    }}  # fmt: skip


def create(books: Books, me: ShopIdentity, order_id: str, kind: str, config: Mapping[str, Any] | None = None) -> Doc:
    """A new document with the next number of its kind, or the one that `config` gives."""
    number = str((config or {}).get("documentNumber") or f"{KINDS[kind]}-{books.next_number(f'document_{kind}')}")
    id_ = uuid4().hex
    doc: Doc = {
        "documentTypeId": me.id("document_type", kind), "orderId": order_id, "orderVersionId": LIVE_VERSION,
        "config": {**(config or {}), "documentNumber": number, "name": kind}, "sent": False, "static": False,
        "deepLinkCode": uuid4().hex,
    }  # fmt: skip
    if me.version.startswith("6.7"):
        doc["documentNumber"] = number
    books.put("document", {id_: doc})
    return {"documentId": id_, "documentMediaId": None, "documentDeepLink": doc["deepLinkCode"]}


def when_sent(books: Books, me: ShopIdentity, order_id: str) -> None:
    """What the shop's flows do by themselves: one invoice for an order."""
    invoice = me.id("document_type", "invoice")
    if not any(one["documentTypeId"] == invoice for one in books.of_order("document", order_id)):
        create(books, me, order_id, "invoice")


def answer(books: Books, me: ShopIdentity, kind: str, body: Any) -> Doc:
    """`POST /_action/order/document/{type}/create`: each operation's document, or why there is none. ShopError 400."""
    if kind not in KINDS or not isinstance(body, list) or not body:
        raise shopware(400, "DOCUMENT__INVALID_DOCUMENT_GENERATOR_TYPE" if kind not in KINDS else
                       "FRAMEWORK__INVALID_REQUEST_PARAMETER", "Invalid document request.")  # fmt: skip
    made, errors = [], {}
    for operation in body:
        order_id = str(operation.get("orderId", "")) if isinstance(operation, dict) else ""
        if books.known("order", [order_id]):
            made.append(create(books, me, order_id, kind, operation.get("config") or {}))
        else:
            errors[order_id] = [{"code": "DOCUMENT__ORDER_NOT_FOUND", "detail": "The order was not found."}]
    return {"data": made, "errors": errors or []}
