"""Chargebacks: the buyer's bank takes money back, and sometimes returns it."""

from __future__ import annotations

from decimal import Decimal

from sandbox.mollie import ledger, payments
from sandbox.mollie.access import Caller
from sandbox.mollie.errors import invalid, unknown
from sandbox.mollie.events import announce
from sandbox.mollie.money import moved, paid
from sandbox.mollie.reading import amount, money
from sandbox.mollie.storage import Books, stamp
from sandbox.storage import Doc

_REASON = {"code": "AC01", "description": "Account identifier incorrect (i.e. invalid IBAN)"}  # Of direct debits.


def find(books: Books, caller: Caller, payment_id: str, id_: str) -> Doc:
    """A chargeback of a payment. Raises MollieError 404."""
    payments.find(books, caller, payment_id)
    doc = books.get("chargeback", id_)
    if doc is None or doc["paymentId"] != payment_id:
        raise unknown("chargeback", id_)
    return doc


def receive(books: Books, payment: Doc, value: str | None = None) -> Doc:
    """The bank takes money back: all that is left without a `value`. Raises MollieError 422."""
    if payment["status"] != "paid":
        raise invalid(None, f"The payment is {payment['status']}: there is nothing to charge back")
    currency, sums = payment["amount"]["currency"], moved(books, [payment["id"]])[payment["id"]]
    left = paid(payment, sums) - sums.charged_back
    taken = money(left, currency) if value is None else amount({"currency": currency, "value": value}, "amount")
    if not 0 < Decimal(taken["value"]) <= left:
        raise invalid("amount", f"Between 0 and {left} can be charged back")
    euros = ledger.in_euro(taken)
    doc = books.add("chargeback", {
        "mode": payment["mode"], "profileId": payment["profileId"], "paymentId": payment["id"], "amount": taken,
        "reversedAt": None, "settlementAmount": money(-euros, "EUR"),
        **({"reason": _REASON} if payment["method"] == "directdebit" else {}),
    }, parent=payment["id"])  # fmt: skip
    _enter(books, payment, doc, "chargeback", -euros)
    announce(books, payment, "chargeback.received", doc)
    return doc


def reverse(books: Books, payment: Doc, doc: Doc) -> None:
    """The bank returns it. Raises MollieError 422 when it did so before."""
    if doc["reversedAt"]:
        raise invalid(None, "The chargeback is reversed already")
    doc["reversedAt"] = stamp(books.now)
    books.save(doc)
    _enter(books, payment, doc, "chargeback-reversal", ledger.in_euro(doc["amount"]))
    announce(books, payment, "chargeback.reversed", doc)


def _enter(books: Books, payment: Doc, doc: Doc, type_: str, euros: Decimal) -> None:
    ledger.enter(books, doc["mode"], type_, euros, method=payment["method"], member=doc["id"],
                 context={"paymentId": payment["id"], "chargebackId": doc["id"]})  # fmt: skip
