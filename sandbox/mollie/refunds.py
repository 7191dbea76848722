"""Refunds: asked for by callers, then on their way by themselves.

queued (the balance is too low) → pending → processing, two hours after it was made → refunded, a day later.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

from sandbox.faults import DICE
from sandbox.mollie import ledger, payments
from sandbox.mollie.access import Caller
from sandbox.mollie.errors import MollieError, invalid, unknown
from sandbox.mollie.events import announce
from sandbox.mollie.methods import METHODS
from sandbox.mollie.money import GONE, moved, refundable
from sandbox.mollie.reading import Given, amount, metadata, missing, money
from sandbox.mollie.storage import Books, moment_of
from sandbox.storage import Doc

SENT_AFTER, ARRIVES_AFTER = timedelta(hours=2), timedelta(days=1)
SAME_WITHIN = timedelta(hours=1)
DESCRIPTION_LETTERS = 140
_EARLY = ("queued", "pending")
_STEPS: Mapping[str, frozenset[str]] = {
    "queued": frozenset({"pending", "canceled"}), "pending": frozenset({"processing", "canceled"}),
    "processing": frozenset({"refunded", "failed"}), "refunded": frozenset({"failed"}),
    "failed": frozenset(), "canceled": frozenset(),
}  # fmt: skip
_TOLD = ("processing", "refunded", "failed")  # By the classic webhook.


def create(books: Books, caller: Caller, payment_id: str, given: Given) -> Doc:
    """Money that goes back. Raises MollieError 409 for the same amount within the hour, 422 for what cannot be."""
    payment = payments.find(books, caller, payment_id, lock=True)
    given.only({"amount", "description", "metadata", *caller.own_fields})
    if given.fields.get("amount") is None:
        raise missing("amount")
    wanted = amount(given.fields["amount"], "amount", currency=payment["amount"]["currency"])
    description = given.text("description") or ""
    if len(description) > DESCRIPTION_LETTERS:
        raise invalid("description", f"The description is longer than {DESCRIPTION_LETTERS} characters")
    _check_possible(books, payment, Decimal(wanted["value"]))
    _check_not_doubled(books, payment, wanted)
    euros = ledger.in_euro(wanted)
    queued = ledger.available(books, caller.mode) < euros
    doc = books.add("refund", {
        "mode": caller.mode, "profileId": payment["profileId"], "paymentId": payment["id"], "amount": wanted,
        "status": "queued" if queued else "pending", "description": description,
        "metadata": metadata(given.fields.get("metadata")), "settlementAmount": money(-euros, "EUR"),
    }, parent=payment["id"])  # fmt: skip
    announce(books, payment, f"refund.{doc['status']}", doc, classic=False)
    if not queued:
        books.later("refund", doc["id"], SENT_AFTER)
    return doc


def find(books: Books, caller: Caller, payment_id: str, id_: str, *, lock: bool = False) -> Doc:
    """A refund; one that was canceled is not there any more. Raises MollieError 404."""
    payments.find(books, caller, payment_id, lock=lock)  # Whoever changes a refund has its payment locked.
    doc = books.get("refund", id_, lock=lock)
    if doc is None or doc["paymentId"] != payment_id or doc["status"] == "canceled":
        raise unknown("refund", id_)
    return doc


def cancel(books: Books, caller: Caller, payment_id: str, id_: str) -> None:
    """Before it is sent. Raises MollieError 404, and 422 when it is too late."""
    doc = find(books, caller, payment_id, id_, lock=True)
    if doc["status"] not in _EARLY:
        raise invalid(None, "The refund can no longer be canceled")
    payment = payments.find(books, caller, payment_id)
    move(books, payment, doc, "canceled")
    ledger.freed(books, doc["mode"])


def move(books: Books, payment: Doc, doc: Doc, status: str) -> None:
    """Take one step with a refund. Raises MollieError 422 for a step that it cannot take."""
    if status not in _STEPS[doc["status"]]:
        raise invalid(None, f"The refund is {doc['status']} and cannot become {status}")
    doc["status"] = status
    if status == "processing":
        _enter(books, payment, doc, "refund", -ledger.in_euro(doc["amount"]), ledger.fee_of(ledger.REFUND_FEE))
    if status == "refunded" and METHODS[payment["method"]].holds:
        doc["externalReference"] = {"type": "acquirer-reference", "id": f"{DICE.randrange(10**23):023}"}
    books.save(doc)
    announce(books, payment, f"refund.{status}", doc, classic=status in _TOLD)


def go_on(books: Books, id_: str) -> None:
    """A refund's time has come for its next step."""
    found = _with_payment(books, id_)
    if found is None:
        return
    payment, doc = found
    if doc["status"] == "pending":
        move(books, payment, doc, "processing")
        books.later("refund", id_, ARRIVES_AFTER)
    elif doc["status"] == "processing":
        move(books, payment, doc, "refunded")


def finish(books: Books, payment: Doc, doc: Doc) -> None:
    """All the way, now. Raises MollieError 422 for a refund that is done with."""
    if doc["status"] not in (*_EARLY, "processing"):
        raise invalid(None, f"The refund is {doc['status']} already")
    if doc["status"] == "queued":
        move(books, payment, doc, "pending")
    for step, status in (("pending", "processing"), ("processing", "refunded")):
        if doc["status"] == step:
            move(books, payment, doc, status)


def fail(books: Books, payment: Doc, doc: Doc) -> None:
    """The buyer's account does not take it: the money comes back."""
    if doc["status"] == "pending":
        move(books, payment, doc, "processing")
    move(books, payment, doc, "failed")
    _enter(books, payment, doc, "returned-refund", ledger.in_euro(doc["amount"]))


def unqueue(books: Books, mode: str) -> None:
    """Money came in: send what waits for it, oldest first."""
    rows = books.connection.execute(
        "SELECT id FROM entity WHERE kind = 'refund' AND mode = %s AND doc->>'status' = 'queued' ORDER BY auto", (mode,)
    ).fetchall()
    for (id_,) in rows:
        found = _with_payment(books, id_)
        if found is None or found[1]["status"] != "queued":
            continue
        if ledger.available(books, mode) < ledger.in_euro(found[1]["amount"]):
            return
        move(books, *found, "pending")
        books.later("refund", id_, SENT_AFTER)


def _check_possible(books: Books, payment: Doc, value: Decimal) -> None:
    if payment["status"] != "paid":
        raise invalid(None, "The payment is not paid, so it cannot be refunded")
    method = METHODS[payment["method"]]
    if not method.refunds:
        raise invalid(None, f"Payments by {method.name} cannot be refunded")
    if value <= 0:
        raise invalid("amount", "The amount is lower than the minimum")
    if value > refundable(payment, moved(books, [payment["id"]])[payment["id"]]):
        raise invalid("amount", "The amount is higher than the maximum")


def _check_not_doubled(books: Books, payment: Doc, wanted: Mapping[str, str]) -> None:
    for other in books.children("refund", [payment["id"]]):
        recent = moment_of(other["createdAt"]) > books.now - SAME_WITHIN
        if recent and other["status"] not in GONE and other["amount"] == wanted:
            raise MollieError(409, "A duplicate refund has been detected")


def _enter(books: Books, payment: Doc, doc: Doc, type_: str, euros: Decimal, fee: ledger.Fee = ledger.NO_FEE) -> None:
    ledger.enter(books, doc["mode"], type_, euros, fee, method=payment["method"], member=doc["id"],
                 context={"paymentId": payment["id"], "refundId": doc["id"]})  # fmt: skip


def _with_payment(books: Books, id_: str) -> tuple[Doc, Doc] | None:
    """A refund and its payment, the payment locked first, as callers lock them."""
    seen = books.get("refund", id_)
    payment = books.get("payment", seen["paymentId"], lock=True) if seen else None
    doc = books.get("refund", id_, lock=True)
    return (payment, doc) if payment and doc else None
