"""Captures: money that was held is taken, whole or in parts; the rest is let go."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from sandbox.mollie import ledger, payments, states
from sandbox.mollie.access import Caller
from sandbox.mollie.errors import invalid, unknown
from sandbox.mollie.events import announce
from sandbox.mollie.reading import Given, amount, metadata, money
from sandbox.mollie.storage import Books
from sandbox.storage import Doc

SUCCEEDS_AFTER = RELEASED_AFTER = timedelta(minutes=1)


def create(books: Books, caller: Caller, payment_id: str, given: Given) -> Doc:
    """Take what is held: all of the rest without an amount. Raises MollieError 422."""
    payment = payments.find(books, caller, payment_id, lock=True)
    given.only({"amount", "description", "metadata", *caller.own_fields})
    left = _held(books, payment)
    if left is None:
        raise invalid(None, "The payment is not authorized, so nothing can be captured")
    wanted = money(left, payment["amount"]["currency"])
    if given.fields.get("amount") is not None:
        wanted = amount(given.fields["amount"], "amount", currency=payment["amount"]["currency"])
    if Decimal(wanted["value"]) <= 0:
        raise invalid("amount", "The amount is lower than the minimum")
    if Decimal(wanted["value"]) > left:
        raise invalid("amount", "The amount is higher than the maximum")
    return _start(books, payment, wanted, given.text("description") or "", metadata(given.fields.get("metadata")))


def find(books: Books, caller: Caller, payment_id: str, id_: str) -> Doc:
    """A capture of a payment. Raises MollieError 404."""
    payments.find(books, caller, payment_id)
    doc = books.get("capture", id_)
    if doc is None or doc["paymentId"] != payment_id:
        raise unknown("capture", id_)
    return doc


def release(books: Books, caller: Caller, payment_id: str, given: Given) -> None:
    """Let go of what is not captured, a moment later. Raises MollieError 422."""
    payment = payments.find(books, caller, payment_id, lock=True)
    given.only(caller.own_fields)
    if _held(books, payment) is None:
        raise invalid(None, "The payment is not authorized, so nothing can be released")
    books.later("release", payment_id, RELEASED_AFTER)


def take_all(books: Books, payment_id: str) -> None:
    """The delay that was asked for is over."""
    payment = books.get("payment", payment_id, lock=True)
    left = _held(books, payment) if payment else None
    if payment and left:
        doc = _start(books, payment, money(left, payment["amount"]["currency"]), "", None)
        succeed(books, payment, doc)


def go_on(books: Books, id_: str) -> None:
    """A capture's time has come."""
    seen = books.get("capture", id_)
    payment = books.get("payment", seen["paymentId"], lock=True) if seen else None
    doc = books.get("capture", id_, lock=True)
    if payment and doc and doc["status"] == "pending":
        succeed(books, payment, doc)


def succeed(books: Books, payment: Doc, doc: Doc) -> None:
    """The money is taken; with the first of it the payment is paid."""
    doc["status"] = "succeeded"
    books.save(doc)
    euros = ledger.in_euro(doc["amount"])
    ledger.enter(books, doc["mode"], "capture", euros, ledger.payment_fee(payment["method"], euros),
                 method=payment["method"], member=doc["id"],
                 context={"paymentId": payment["id"], "captureId": doc["id"]})  # fmt: skip
    first = payment["status"] == "authorized"
    announce(books, payment, "capture.succeeded", doc, classic=not first)  # The payment's own step is told of.
    if first:
        states.move(books, payment, "paid")


def fail(books: Books, payment: Doc, doc: Doc) -> None:
    """The bank declines it, late. Nothing was captured, then: the payment failed. Raises MollieError 422."""
    if doc["status"] != "pending":
        raise invalid(None, f"The capture is {doc['status']} and cannot fail")
    doc["status"] = "failed"
    books.save(doc)
    others = [other for other in books.children("capture", [payment["id"]]) if other["status"] != "failed"]
    dead = payment["status"] == "authorized" and not others
    announce(books, payment, "capture.failed", doc, classic=not dead)
    if dead:
        states.move(books, payment, "failed")


def let_go(books: Books, payment_id: str) -> None:
    """Release what is held: canceled without captures; paid with one."""
    payment = books.get("payment", payment_id, lock=True)
    if payment is None or _held(books, payment) is None:
        return
    payment["_released"] = True
    if payment["status"] == "authorized" and not _taken(books, payment):
        states.move(books, payment, "canceled")
    else:
        books.save(payment)


def _start(books: Books, payment: Doc, wanted: dict[str, str], description: str, kept: object) -> Doc:
    doc = books.add("capture", {
        "mode": payment["mode"], "profileId": payment["profileId"], "paymentId": payment["id"], "amount": wanted,
        "status": "pending", "description": description, "metadata": kept,
        "settlementAmount": money(ledger.in_euro(wanted), "EUR"),
    }, parent=payment["id"])  # fmt: skip
    books.later("capture", doc["id"], SUCCEEDS_AFTER)
    return doc


def _held(books: Books, payment: Doc) -> Decimal | None:
    """What may still be captured; None when there is nothing to hold."""
    if payment["status"] not in ("authorized", "paid") or "captureBefore" not in payment or "_released" in payment:
        return None
    return Decimal(payment["amount"]["value"]) - _taken(books, payment)


def _taken(books: Books, payment: Doc) -> Decimal:
    """Captured already, or about to be."""
    captures = books.children("capture", [payment["id"]])
    return sum((Decimal(doc["amount"]["value"]) for doc in captures if doc["status"] != "failed"), Decimal(0))
