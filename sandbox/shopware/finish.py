"""The page after the payment: how it stands, and another try where it did not work."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sandbox.shopware import mollie_plugin, placing, states
from sandbox.shopware.psp import NotNow
from sandbox.shopware.shop import Shop
from sandbox.shopware.writes import ID
from sandbox.storage import Doc

_WORDS = {
    "canceled": "failed", "expired": "failed", "open": "unpaid", "partially_refunded": "paid",
    "charged_back": "refunded",
}  # fmt: skip
_GOOD = ("paid", "authorized", "refunded", "refunded_partially", "chargeback")  # Of an attempt: nothing to pay.


def known(shop: Shop, order_id: str) -> bool:
    with shop.storage.transaction() as books:
        return bool(books.known("order", [order_id]))


def seen(shop: Shop, order_id: str) -> dict[str, Any] | None:
    """What the page says; None for an order that is not here. Mollie is asked: the shop may not know yet."""
    with shop.storage.transaction() as books:
        order = books.get("order", [order_id]).get(order_id) if ID.match(order_id) else None
        if order is None:
            return None
        attempts = books.of_order("order_transaction", order_id)
        newest = _counts(shop, attempts)
        method = mollie_plugin.method_of(books, newest)
        shown: dict[str, Any] = {
            "order_id": order_id, "number": order["orderNumber"], "total": Decimal(str(order["amountTotal"])),
            "method": newest["paymentMethodId"], "methods": placing.methods_of(books), "go_on": None, "reference": None,
        }  # fmt: skip
        state = _state(shop, newest)
        cancelled = states.name_of(shop.identity, "order", order["stateId"]) == "cancelled"
    if method is None or cancelled:
        word = "cancelled" if cancelled else "invoice" if state == "open" else state
        return {**shown, "word": word, "again": False}
    try:
        payment = mollie_plugin.look(shop, newest["id"])
    except NotNow:
        return {**shown, "word": "unknown", "again": False}
    return shown | _of_payment(payment)


def _of_payment(payment: dict[str, Any] | None) -> dict[str, Any]:
    """The word for a payment, and what can be done."""
    if payment is None:
        return {"word": "failed", "again": True}
    status = mollie_plugin.status_of(payment)
    word = _WORDS.get(status, status)
    reference = (payment.get("details") or {}).get("transferReference")
    if word == "unpaid" and reference:
        return {"word": "transfer", "reference": reference, "again": True}
    link = payment["_links"].get("checkout")
    return {"word": word, "go_on": link["href"] if link else None, "again": word in ("failed", "unpaid")}


def _counts(shop: Shop, attempts: list[Doc]) -> Doc:
    """The attempt of which the page speaks: one that brought money, else the newest."""
    good = [one for one in attempts if _state(shop, one) in _GOOD]
    return (good or attempts)[-1]


def again(shop: Shop, order_id: str, method_id: str) -> str | None:
    """A new attempt, the earlier ones cancelled in the shop; at Mollie their payments stay as they are.

    None where nothing is to be paid any more.
    """
    with shop.storage.transaction() as books:
        order = books.raw("order", [order_id]).get(order_id) if ID.match(order_id) else None
        if order is None or states.name_of(shop.identity, "order", order["stateId"]) == "cancelled":
            return None
        attempts = books.of_order("order_transaction", order_id)
        if _state(shop, _counts(shop, attempts)) in _GOOD:
            return None
        for one in attempts:
            if _state(shop, one) not in ("cancelled", "failed"):
                states.transition(books, shop.identity, shop.base_url, "order_transaction", one["id"], "cancel")
        chosen = method_id if method_id in placing.methods_of(books) else attempts[-1]["paymentMethodId"]
        new = placing.attempt(books, shop, order_id, chosen)
    shop.after_commit()
    return new


def _state(shop: Shop, attempt: Doc) -> str:
    return states.name_of(shop.identity, "order_transaction", attempt["stateId"])
