"""Things as Mollie shows them, with links to where this Mollie is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from decimal import Decimal
from typing import Any

from sandbox.mollie.errors import DOCUMENTATION
from sandbox.mollie.facts import FINAL, has_captures, is_cancelable
from sandbox.mollie.identity import ORGANISATION_ID
from sandbox.mollie.money import Moved, moved, paid, refundable
from sandbox.mollie.reading import money
from sandbox.mollie.storage import Books
from sandbox.storage import Doc

Shown = dict[str, Any]
_PAYMENT_FIELDS = (
    "id", "mode", "createdAt", "amount", "description", "method", "metadata", "details", "status", "authorizedAt",
    "paidAt", "canceledAt", "expiredAt", "failedAt", "expiresAt", "captureBefore", "captureMode", "captureDelay",
    "locale", "countryCode", "restrictPaymentMethodsToCountry", "profileId", "settlementId", "sequenceType",
    "redirectUrl", "cancelUrl", "webhookUrl", "lines", "billingAddress", "shippingAddress",
)  # fmt: skip
_ABSENT_WITHOUT = frozenset(_PAYMENT_FIELDS) - {"method", "metadata", "details"}  # Those are null instead.


def api_link(base_url: str, path: str) -> Shown:
    """A link into the API."""
    return {"href": f"{base_url}/v2/{path}", "type": "application/hal+json"}


def page_link(href: str) -> Shown:
    """A link for people."""
    return {"href": href, "type": "text/html"}


def payments(
    books: Books, base_url: str, docs: Iterable[Doc], *, embed: Collection[str] = (), act: str = "get-payment"
) -> list[Shown]:
    """Payments with their sums. `embed`: captures, refunds, chargebacks. `act` names the page of the documentation."""
    docs = list(docs)
    sums = moved(books, [doc["id"] for doc in docs])
    shown = [_payment(base_url, doc, sums[doc["id"]], act) for doc in docs]
    for name in embed:
        _embed(books, base_url, shown, name)
    return shown


def payment(books: Books, base_url: str, doc: Doc, act: str = "get-payment") -> Shown:
    """One payment."""
    return payments(books, base_url, [doc], act=act)[0]


def _payment(base_url: str, doc: Doc, sums: Moved, act: str) -> Shown:
    shown: Shown = {"resource": "payment"}
    for name in _PAYMENT_FIELDS:
        if name not in _ABSENT_WITHOUT or doc.get(name) is not None:
            shown[name] = doc.get(name)
    if doc["status"] not in FINAL:
        shown["isCancelable"] = is_cancelable(doc)
    shown |= _sums(doc, sums)
    links = {"self": api_link(base_url, f"payments/{doc['id']}")}
    if doc["status"] == "open":
        links["checkout"] = page_link(f"{base_url}/checkout/{doc['_token']}")
    if doc["mode"] == "test" and doc["status"] in ("open", "pending", "authorized"):
        links["changePaymentState"] = page_link(f"{base_url}/checkout/test-mode/{doc['_token']}")
    links["dashboard"] = page_link(f"{base_url}/dashboard/{ORGANISATION_ID}/payments/{doc['id']}")
    for name, there in (("refunds", sums.refunded), ("chargebacks", sums.charged_back), ("captures", sums.captured)):
        if there:
            links[name] = api_link(base_url, f"payments/{doc['id']}/{name}")
    if doc.get("settlementId"):
        links["settlement"] = api_link(base_url, f"settlements/{doc['settlementId']}")
    links["documentation"] = page_link(f"{DOCUMENTATION}/reference/{act}")
    return {**shown, "_links": links}


def _sums(doc: Doc, sums: Moved) -> Shown:
    shown: Shown = {}
    if doc["status"] == "paid":
        shown["amountRefunded"] = _in_its_currency(doc, sums.refunded)
        shown["amountRemaining"] = _in_its_currency(doc, max(Decimal(0), refundable(doc, sums)))
        if doc["method"] not in ("paypal", "giftcard"):
            shown["settlementAmount"] = _in_its_currency(doc, paid(doc, sums))
    if has_captures(doc):
        shown["amountCaptured"] = _in_its_currency(doc, sums.captured)
    if sums.charged_back:
        shown["amountChargedBack"] = _in_its_currency(doc, sums.charged_back)
    return shown


def _in_its_currency(doc: Doc, value: Decimal) -> dict[str, str]:
    return money(value, doc["amount"]["currency"])


def _embed(books: Books, base_url: str, shown: list[Shown], name: str) -> None:
    made = SHOW_CHILD[name]
    of: dict[str, list[Shown]] = {}
    for doc in books.children(name.removesuffix("s"), [payment["id"] for payment in shown]):
        of.setdefault(doc["paymentId"], []).append(made(base_url, doc))
    for payment in shown:
        payment.setdefault("_embedded", {})[name] = of.get(payment["id"], [])


def refund(base_url: str, doc: Doc) -> Shown:
    """One refund."""
    return _child(base_url, doc, "refund", ("mode", "description", "amount", "status", "metadata"))


def capture(base_url: str, doc: Doc) -> Shown:
    """One capture."""
    return _child(base_url, doc, "capture", ("mode", "description", "amount", "status", "metadata"))


def chargeback(base_url: str, doc: Doc) -> Shown:
    """One chargeback; `reason` for direct debits only."""
    return _child(base_url, doc, "chargeback", ("amount", "reversedAt"))


def _child(base_url: str, doc: Doc, kind: str, fields: tuple[str, ...]) -> Shown:
    shown = {"resource": kind, "id": doc["id"], **{name: doc[name] for name in fields}}
    shown |= {"paymentId": doc["paymentId"], "createdAt": doc["createdAt"]}
    for name in ("settlementAmount", "settlementId", "externalReference", "reason"):
        if doc.get(name):
            shown[name] = doc[name]
    payment = f"payments/{doc['paymentId']}"
    links = {"self": api_link(base_url, f"{payment}/{kind}s/{doc['id']}"), "payment": api_link(base_url, payment)}
    if doc.get("settlementId"):
        links["settlement"] = api_link(base_url, f"settlements/{doc['settlementId']}")
    links["documentation"] = page_link(f"{DOCUMENTATION}/reference/get-{kind}")
    return {**shown, "_links": links}


def transaction(doc: Doc) -> Shown:
    """One movement of a balance. Its context is flat, as in Mollie's own example."""
    names = ("id", "type", "resultAmount", "initialAmount", "deductions", "createdAt", "context")
    shown = {"resource": "balance-transaction", **{name: doc[name] for name in names}}
    if doc["deductions"]:
        shown["deductionDetails"] = {"fees": doc["deductions"]}
    return shown


def settlement(base_url: str, doc: Doc) -> Shown:
    """One settlement; `open` and `next` are ids of their own."""
    names = ("id", "reference", "createdAt", "settledAt", "status", "amount", "balanceId")
    shown: Shown = {"resource": "settlement", **{name: doc[name] for name in names if name in doc}}
    months = {year: {month: {**sums, "invoiceId": doc["_invoice"]} for month, sums in of_year.items()}
              for year, of_year in doc["_periods"].items()}  # fmt: skip
    shown |= {"invoiceId": doc["_invoice"], "periods": months}
    path = f"settlements/{doc['id']}"
    links = {"self": api_link(base_url, path)}
    links |= {name: api_link(base_url, f"{path}/{name}") for name in ("payments", "refunds", "chargebacks", "captures")}
    return {**shown, "_links": {**links, "documentation": page_link(f"{DOCUMENTATION}/reference/get-settlement")}}


def webhook(base_url: str, doc: Doc, *, secret: str | None = None) -> Shown:
    """One subscription; its secret is in the answer that makes it only."""
    names = ("id", "url", "profileId", "createdAt", "name", "eventTypes", "status", "mode")
    shown = {"resource": "webhook", **{name: doc[name] for name in names}}
    if secret:
        shown["webhookSecret"] = secret
    page = page_link(f"{DOCUMENTATION}/reference/{'create' if secret else 'get'}-webhook")
    return {**shown, "_links": {"self": api_link(base_url, f"webhooks/{doc['id']}"), "documentation": page}}


SHOW_CHILD: Mapping[str, Callable[[str, Doc], Shown]] = {
    "refunds": refund, "chargebacks": chargeback, "captures": capture,
}  # fmt: skip
