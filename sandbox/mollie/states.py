"""What happens to a payment: the legal steps, when each is taken, and who is told."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from sandbox.faults import DICE
from sandbox.mollie import ledger
from sandbox.mollie.errors import MollieError, invalid
from sandbox.mollie.events import announce
from sandbox.mollie.facts import STEPS, has_captures
from sandbox.mollie.methods import CARD_FAILURES, METHODS, Method
from sandbox.mollie.reading import capture_delay
from sandbox.mollie.storage import Books, moment_of, stamp
from sandbox.storage import Doc

_STAMPS = {
    "authorized": "authorizedAt", "paid": "paidAt", "canceled": "canceledAt", "expired": "expiredAt",
    "failed": "failedAt",
}  # fmt: skip
_CAPTURE_WITHIN = timedelta(days=28)
_CARD_CAPTURE_WITHIN = timedelta(days=7)
_BUYERS = ("T. TEST", "J. de Vries", "A. Jansen", "M. Peeters", "S. Bakker", "L. Dubois")


def move(books: Books, doc: Doc, status: str) -> None:
    """Take one step with a payment that is locked. Raises MollieError 422 for a step that it cannot take."""
    if status not in STEPS[doc["status"]]:
        raise invalid(None, f"The payment is {doc['status']} and cannot become {status}")
    doc["status"] = status
    if status != "pending":
        doc[_STAMPS[status]] = stamp(books.now)
        doc.pop("expiresAt", None)
    books.save(doc)
    if status == "paid" and not has_captures(doc):
        euros = ledger.in_euro(doc["amount"])
        ledger.enter(books, doc["mode"], "payment", euros, ledger.payment_fee(doc["method"], euros),
                     method=doc["method"], member=doc["id"], context={"paymentId": doc["id"]})  # fmt: skip
    announce(books, doc, f"payment.{status}", doc, classic=status != "pending")


def pay(books: Books, doc: Doc, method: str | None = None) -> None:
    """The buyer's money is there, or held where that is what was asked for."""
    chosen = METHODS[_choose(doc, method)]
    doc["details"] = _details(chosen.id, doc)
    doc.setdefault("countryCode", _country(doc))
    by_hand, automatic = doc.get("captureMode") == "manual", doc.get("captureMode") == "automatic"
    delayed = "captureDelay" in doc and (chosen.holds or chosen.authorises)
    if delayed or (chosen.holds and by_hand) or (chosen.authorises and not automatic):
        _hold(books, doc, chosen)
    else:
        move(books, doc, "paid")


def authorise(books: Books, doc: Doc, method: str | None = None) -> None:
    """The money is held, whatever was asked for. Raises MollieError 422 for a method that cannot."""
    chosen = METHODS[_choose(doc, method)]
    if not (chosen.holds or chosen.authorises):
        raise invalid("method", f"{chosen.name} pays at once, or not at all")
    doc["details"] = _details(chosen.id, doc)
    doc.setdefault("countryCode", _country(doc))
    _hold(books, doc, chosen)


def _hold(books: Books, doc: Doc, method: Method) -> None:
    within = _CARD_CAPTURE_WITHIN if method.holds else _CAPTURE_WITHIN
    doc["captureBefore"] = stamp(books.now + within)
    move(books, doc, "authorized")
    books.later("lapse", doc["id"], within, rushed=False)
    if delay := doc.get("captureDelay"):
        books.later("take_all", doc["id"], capture_delay(delay))


def wait(books: Books, doc: Doc, method: str | None = None) -> None:
    """The buyer did what they could; the money is on its way. A transfer stays open until it arrives."""
    chosen = _choose(doc, method)
    doc["details"] = _details(chosen, doc)
    if chosen != "banktransfer":
        move(books, doc, "pending")
        return
    doc["expiresAt"] = stamp(books.now + METHODS[chosen].expires)
    books.save(doc)
    expire_later(books, doc)


def fail(books: Books, doc: Doc, method: str | None = None) -> None:
    """The buyer's bank says no."""
    chosen = _choose(doc, method)
    if METHODS[chosen].holds:
        reason = _card_failure(doc)
        doc["details"] = {**_details(chosen, doc), "failureReason": reason,
                          "failureMessage": reason.replace("_", " ").capitalize()}  # fmt: skip
    move(books, doc, "failed")


def choose_again(books: Books, doc: Doc) -> None:
    """An attempt with a preset method came to nothing: the buyer chooses another, the payment stays open."""
    doc["method"] = None
    books.save(doc)


def expire_later(books: Books, doc: Doc) -> None:
    """Look again when its time is up. A buyer's time is never rushed."""
    books.later("expire", doc["id"], moment_of(doc["expiresAt"]) - books.now, rushed=False)


def expire_if_due(books: Books, id_: str) -> None:
    """Nobody paid in time."""
    doc = books.get("payment", id_, lock=True)
    if doc and doc["status"] == "open" and moment_of(doc["expiresAt"]) <= books.now:
        move(books, doc, "expired")


def lapse_if_due(books: Books, id_: str) -> None:
    """Nobody captured what was held in time."""
    doc = books.get("payment", id_, lock=True)
    if doc and doc["status"] == "authorized":
        move(books, doc, "expired")


def _choose(doc: Doc, method: str | None) -> str:
    """Settle on a method: the one that is said, else the preset one, else the first that there is."""
    name = method or doc["method"] or (doc["_choice"] or ["ideal"])[0]
    chosen = METHODS.get(name)
    if chosen is None:
        raise invalid("method", f"The payment method '{name}' is invalid")
    if chosen.refuses(doc["amount"]["currency"], Decimal(doc["amount"]["value"])):
        if method:
            raise MollieError(422, f"{chosen.name} does not take this amount", "method")
        chosen = METHODS["creditcard"]
    doc["method"] = chosen.id
    return chosen.id


def _country(doc: Doc) -> str:
    country = (doc.get("billingAddress") or {}).get("country") or (doc.get("locale") or "nl_NL")[-2:]
    return str(country)


def _card_failure(doc: Doc) -> str:
    """In test mode the amount decides; else the usual one."""
    place = Decimal(doc["amount"]["value"]) - 1001
    if doc["mode"] == "test" and place == int(place) and 0 <= place < len(CARD_FAILURES):
        return CARD_FAILURES[int(place)]
    return "insufficient_funds"


def _details(method: str, doc: Doc) -> dict[str, Any]:
    buyer = DICE.choice(_BUYERS)
    account = f"NL{DICE.randint(10, 97)}TEST{DICE.randint(0, 9999999999):010}"
    if METHODS[method].holds:
        return {
            "cardHolder": buyer.upper(), "cardNumber": f"{DICE.randint(0, 9999):04}", "cardLabel": "Mastercard",
            "cardCountryCode": _country(doc), "cardSecurity": "3dsecure", "feeRegion": "intra-eu", "wallet": None,
        }  # fmt: skip
    if method == "paypal":
        return {"consumerName": buyer, "consumerAccount": "buyer@example.org", "paypalReference": account[-10:],
                "paypalFee": None, "sellerProtection": "eligible"}  # fmt: skip
    if method == "banktransfer":
        reference = f"RF{DICE.randint(10, 99)}-{DICE.randint(0, 9999):04}-{DICE.randint(0, 9999):04}"
        return {"bankName": "Stichting Sandbox Payments", "bankAccount": "NL02TEST0001200417", "bankBic": "TESTNL2A",
                "transferReference": reference}  # fmt: skip
    return {"consumerName": buyer, "consumerAccount": account, "consumerBic": "TESTNL2A"}
