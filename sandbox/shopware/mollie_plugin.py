"""Mollie's plugin in the shop: it makes a payment for each attempt, and moves the attempt as the payment moves.

Written from the contract, section 11. Mollie is reached over HTTP alone, as any other shop would.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from werkzeug import Request, Response

from sandbox.shopware import events, prices, states
from sandbox.shopware.entities import ENTITIES
from sandbox.shopware.errors import ShopError
from sandbox.shopware.psp import NotNow
from sandbox.shopware.shop import Shop
from sandbox.shopware.storage import Books
from sandbox.shopware.writes import Write
from sandbox.storage import Doc

METHODS: Mapping[str, str] = {  # The shop's technical name to Mollie's; any other method is none of the plugin's.
    "payment_ideal": "ideal", "payment_card": "creditcard", "payment_bancontact": "bancontact",
    "payment_banktransfer": "banktransfer",
}  # fmt: skip
ROUTE = re.compile(r"(?:/api)?/mollie/webhook/([0-9a-f]{32})/?")
ROW = "mollie_plugin"  # The plugin's own table: transaction to payment. The Admin API knows nothing of it.
_ACTIONS = {
    "paid": "paid", "authorized": "authorize", "failed": "fail", "canceled": "cancel", "expired": "cancel",
    "refunded": "refund", "partially_refunded": "refund_partially", "charged_back": "chargeback",
}  # fmt: skip
_OVER = ("failed", "cancelled")
_DETAILS = {  # Key of v5 to that of Mollie's details.
    "bankName": "bankName", "bankAccount": "bankAccount", "bankBic": "bankBic",
    "transferReference": "transferReference", "consumerName": "consumerName", "consumerAccount": "consumerAccount",
    "consumerBic": "consumerBic", "creditCardLabel": "cardLabel", "creditCardNumber": "cardNumber",
    "creditCardHolder": "cardHolder",
}  # fmt: skip


def method_of(books: Books, transaction: Doc) -> str | None:
    """The payment method at Mollie; None when Mollie has no part in it."""
    doc = books.get("payment_method", [transaction["paymentMethodId"]])[transaction["paymentMethodId"]]
    return METHODS.get(str(doc.get("technicalName")))


def start(shop: Shop, transaction_id: str, *, moment: datetime | None = None) -> str | None:
    """Make the payment of an attempt and write down where it is. Returns where the buyer pays.

    `moment`: when that is; without one, now.

    None when Mollie has no part in it. Where Mollie refuses, the attempt has failed: raises NotNow.
    """
    with shop.storage.transaction() as books:
        transaction = books.get("order_transaction", [transaction_id])[transaction_id]
        method = method_of(books, transaction)
        if method is None:
            return None
        body = _payment(books, shop, transaction, method)
        order = books.get("order", [transaction["orderId"]])[transaction["orderId"]]
        before = books.of_order(ROW, transaction["orderId"])
    try:  # No transaction is open while we wait.
        payment = shop.psp.ask("POST", "payments", body, key=transaction_id, moment=moment)
    except NotNow:
        with shop.storage.transaction() as books:
            states.transition(books, shop.identity, shop.base_url, "order_transaction", transaction_id, "fail")
        shop.after_commit()
        raise
    checkout = str(payment["_links"]["checkout"]["href"])
    row = {"orderId": transaction["orderId"], "paymentId": payment["id"], "checkoutUrl": checkout,
           "finishUrl": body["redirectUrl"], "count": len(before) + 1}  # fmt: skip
    with shop.storage.transaction() as books:
        books.put(ROW, {transaction_id: row})
        _write_down(books, shop, order["id"], transaction_id, row, payment)
    shop.after_commit()
    return checkout


def look(shop: Shop, transaction_id: str) -> dict[str, Any] | None:
    """Mollie's payment of an attempt as it is now; None without one. Raises NotNow."""
    with shop.storage.transaction() as books:
        row = books.get(ROW, [transaction_id]).get(transaction_id)
    return shop.psp.ask("GET", f"payments/{row['paymentId']}") if row else None


def follow(shop: Shop, transaction_id: str) -> dict[str, Any] | None:
    """Look at Mollie, and move the attempt; returns the payment, None without one. Raises NotNow, ShopError."""
    payment = look(shop, transaction_id)
    if payment is not None:
        with shop.storage.transaction() as books:
            _move(books, shop, transaction_id, payment)
        shop.after_commit()
    return payment


def webhook(shop: Shop, request: Request) -> Response:
    """Somebody says that a payment moved."""
    request.get_data()
    found = ROUTE.fullmatch(request.path)
    if found is None or request.method not in ("GET", "POST"):
        return _answer({"success": False, "error": "Invalid webhook data."}, 422)
    if shop.faults.hit("plugin_deaf", request.path):
        return _answer({"status": "success", "apiAlias": "webhook.route.success"})
    try:
        payment = follow(shop, found[1])
        if payment is None:
            return _answer({"success": False, "error": f"Transaction {found[1]} has no Mollie payment"}, 422)
    except NotNow as error:
        return _answer({"success": False, "error": str(error)}, 422)
    except ShopError as error:
        return _answer({"success": False, "error": error.errors[0].get("detail")}, 422)
    shown = {name: payment.get(name) for name in ("id", "status", "method")}
    return _answer({"status": "success", "payment": shown, "apiAlias": "webhook.route.success"})


def status_of(payment: Mapping[str, Any]) -> str:
    """Mollie's status with what its amounts say on top: a payment that went back is still `paid` there."""

    def value(name: str) -> Decimal:
        return Decimal((payment.get(name) or {}).get("value", "0"))

    if value("amountChargedBack") > 0:
        return "charged_back"
    if payment["status"] == "paid" and value("amountRefunded") > 0:
        return "refunded" if value("amountRefunded") >= value("amount") else "partially_refunded"
    return str(payment["status"])


def _answer(body: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(body), status, mimetype="application/json")


def _move(books: Books, shop: Shop, transaction_id: str, payment: Mapping[str, Any]) -> None:
    """By the shop's own state machine; what is not moved by a status stays. Raises ShopError."""
    row = books.get(ROW, [transaction_id]).get(transaction_id)
    if row is None or not books.raw("order", [row["orderId"]]):  # Locked before what is its, as writes do.
        raise NotNow(f"Transaction {transaction_id} was not found")
    transaction = books.raw("order_transaction", [transaction_id])[transaction_id]
    state = states.name_of(shop.identity, "order_transaction", transaction["stateId"])
    action = _ACTIONS.get(status_of(payment))
    over = state in _OVER and action in ("fail", "cancel")  # Of an attempt that the buyer gave up already.
    if action and not over:
        states.transition(books, shop.identity, shop.base_url, "order_transaction", transaction_id, action)
    newest = books.of_order(ROW, row["orderId"])[-1]["id"]
    _write_down(books, shop, row["orderId"], transaction_id, row, payment, at_order=newest == transaction_id)


def _write_down(
    books: Books, shop: Shop, order_id: str, transaction_id: str, row: Doc, payment: Mapping[str, Any], *,
    at_order: bool = True,
) -> None:  # fmt: skip
    """Custom fields of the order, which are of its newest payment, and of the attempt, where they changed."""
    generation = shop.psp.generation
    of_order = _v4(row, payment) if generation == 4 else _v5(row, payment)
    of_transaction = None if generation == 4 else of_order  # v4 fills it with the Orders API only.
    wanted = [
        ("order", order_id, of_order if at_order else None),
        ("order_transaction", transaction_id, of_transaction),
    ]
    write = Write(books, shop.identity, refuses=shop.faults.refuses)
    for entity, id_, fields in wanted:
        known = (books.raw(entity, [id_])[id_].get("customFields") or {}).get("mollie_payments")
        if fields is not None and fields != known:
            write.add(ENTITIES[entity], {"id": id_, "customFields": {"mollie_payments": fields}}, "/0")
    events.follow(books, shop, write.store(), write)


def _third_party(payment: Mapping[str, Any]) -> str:
    return str((payment.get("details") or {}).get("paypalReference") or "")


def _v4(row: Doc, payment: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "payment_id": row["paymentId"], "third_party_payment_id": _third_party(payment),
        "molliePaymentUrl": row["checkoutUrl"], "transactionReturnUrl": row["finishUrl"],
        "payment_method": payment.get("method"),
    }  # fmt: skip


def _v5(row: Doc, payment: Mapping[str, Any]) -> dict[str, Any]:
    """Snake case as it was in v4, and camel case without what is empty."""
    details = payment.get("details") or {}
    camel = {
        "id": row["paymentId"], "orderId": "", "thirdPartyPaymentId": _third_party(payment),
        "method": payment.get("method"), "checkoutUrl": row["checkoutUrl"], "finalizeUrl": row["finishUrl"],
        "countPayments": row["count"], **{name: details.get(theirs) for name, theirs in _DETAILS.items()},
    }  # fmt: skip
    return {
        "payment_id": row["paymentId"], "order_id": "", "third_party_payment_id": _third_party(payment),
        **{name: value for name, value in camel.items() if value},
    }  # fmt: skip


def _payment(books: Books, shop: Shop, transaction: Doc, method: str) -> dict[str, Any]:
    """The body that makes a payment of an attempt."""
    order = books.get("order", [transaction["orderId"]])[transaction["orderId"]]
    address = books.get("order_address", [order["billingAddressId"]])[order["billingAddressId"]]
    country = books.get("country", [address["countryId"]])[address["countryId"]]["iso"]
    lines = sorted(books.of_order("order_line_item", order["id"]), key=lambda line: int(line.get("position") or 0))
    shown = [_line("physical", str(line["label"]), line["price"], sku=line["payload"]["productNumber"])
             for line in lines]  # fmt: skip
    if order["shippingTotal"]:
        shown.append(_line("shipping_fee", "Shipping", order["shippingCosts"]))
    customer = books.get("order_customer", [shop.identity.id("order_customer", order["id"])])
    email = next((doc["email"] for doc in customer.values()), None)
    finish = f"{shop.base_url}/checkout/finish?orderId={order['id']}"
    webhook_url = f"{shop.base_url}/mollie/webhook/{transaction['id']}"
    return {
        "amount": _euro(transaction["amount"]["totalPrice"]), "description": order["orderNumber"], "method": method,
        "metadata": {"shopwareOrderNumber": order["orderNumber"]}, "lines": shown, "redirectUrl": finish,
        "cancelUrl": finish, "locale": "nl_NL" if shop.identity.language == "nl" else "en_GB",
        "webhookUrl": shop.psp.portal_webhook if shop.psp.bridge == "portal" else webhook_url,
        "billingAddress": {"givenName": address["firstName"], "familyName": address["lastName"], "email": email,
                           "streetAndNumber": address["street"], "postalCode": address.get("zipcode"),
                           "city": address["city"], "country": country},
    }  # fmt: skip


def _line(kind: str, label: str, price: Mapping[str, Any], *, sku: str = "") -> dict[str, Any]:
    """A line; of what is taxed at several rates Mollie is told no VAT."""
    line: dict[str, Any] = {
        "type": kind, "description": label, "quantity": price["quantity"], "unitPrice": _euro(price["unitPrice"]),
        "totalAmount": _euro(price["totalPrice"]),
    }  # fmt: skip
    if sku:
        line["sku"] = sku
    if len(price["calculatedTaxes"]) == 1:
        (tax,) = price["calculatedTaxes"]
        line |= {"vatRate": f"{tax['taxRate']:.2f}", "vatAmount": _euro(tax["tax"])}
    return line


def _euro(value: float) -> dict[str, str]:
    return {"currency": "EUR", "value": f"{prices.cents(Decimal(str(value)))}"}
