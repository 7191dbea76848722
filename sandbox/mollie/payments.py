"""Payments: made, changed, canceled and looked up by callers. What happens to them then is in `states`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sandbox.mollie import states
from sandbox.mollie.access import Caller
from sandbox.mollie.errors import invalid, unknown
from sandbox.mollie.facts import FINAL, is_cancelable
from sandbox.mollie.lines import lines_of
from sandbox.mollie.methods import EXPIRES, METHODS
from sandbox.mollie.reading import Given, address, amount, capture_delay, metadata, missing, webhook_url
from sandbox.mollie.storage import Books, new_token, stamp
from sandbox.storage import Doc

DESCRIPTION_LETTERS = 255
LOCALES = frozenset({
    "ca_ES", "cs_CZ", "da_DK", "de_AT", "de_CH", "de_DE", "de_LU", "en_BE", "en_GB", "en_NL", "en_US", "es_ES", "fi_FI",
    "fr_BE", "fr_FR", "fr_LU", "hu_HU", "is_IS", "it_IT", "lt_LT", "lv_LV", "nb_NO", "nl_BE", "nl_NL", "pl_PL", "pt_PT",
    "sk_SK", "sv_SE",
})  # fmt: skip
UPDATABLE = frozenset({
    "description", "redirectUrl", "cancelUrl", "webhookUrl", "metadata", "method", "locale", "dueDate",
    "restrictPaymentMethodsToCountry", "issuer", "billingAddress", "shippingAddress", "billingEmail",
})  # fmt: skip
_CREATABLE = UPDATABLE | {
    "amount", "lines", "captureMode", "captureDelay", "sequenceType", "digitalGoods", "cardToken",
}  # fmt: skip


def create(books: Books, caller: Caller, given: Given) -> Doc:
    """A payment that waits for its buyer. Raises MollieError."""
    profile = caller.profile_to_create(given)
    given.only(_CREATABLE | caller.own_fields)
    if given.fields.get("amount") is None:
        raise missing("amount")
    total = amount(given.fields["amount"], "amount")
    if Decimal(total["value"]) <= 0:
        raise invalid("amount", "The amount is lower than the minimum")
    description = given.text("description", required=True) or ""
    _check_sequence(given)
    if given.text("redirectUrl") is None:
        raise missing("redirectUrl")
    lines = lines_of(given, total)
    method, choice = _methods(given, total, has_lines=lines is not None)
    expires = METHODS[method].expires if method else EXPIRES
    doc: Doc = {
        "mode": caller.mode, "profileId": profile.id, "amount": total,
        "description": description[:DESCRIPTION_LETTERS], "sequenceType": given.text("sequenceType") or "oneoff",
        "status": "open", "method": method, "details": None, "expiresAt": stamp(books.now + expires),
        **_addresses(given), **_more(given), "_token": new_token(), "_choice": choice,
    }  # fmt: skip
    doc.update({name: value for name, value in (("lines", lines), *_capture(given, method)) if value is not None})
    if due := _due_date(books, given):
        doc["expiresAt"] = f"{due + timedelta(days=1)}T00:00:00+00:00"
    doc = books.add("payment", doc)
    states.expire_later(books, doc)
    return doc


def find(books: Books, caller: Caller, id_: str, *, lock: bool = False) -> Doc:
    """A payment that the caller may see. Raises MollieError 404."""
    doc = books.get("payment", id_, lock=lock)
    if doc is None or not caller.sees(doc):
        raise unknown("payment", id_)
    return doc


def update(books: Books, caller: Caller, id_: str, given: Given) -> Doc:
    """Change what may change. Nobody is told."""
    doc = find(books, caller, id_, lock=True)
    given.only(UPDATABLE | caller.own_fields)
    final = doc["status"] in FINAL
    for name, words in (("redirectUrl", "redirect URL"), ("cancelUrl", "cancel URL"), ("method", "method")):
        if final and name in given.fields:
            raise invalid(name, f"The {words} cannot be updated when the payment is finalized")
    if "description" in given.fields:
        doc["description"] = (given.text("description", required=True) or "")[:DESCRIPTION_LETTERS]
    changed = {**_addresses(given), **_more(given)}
    doc.update({name: value for name, value in changed.items() if name in given.fields})
    if "method" in given.fields:
        doc["method"], doc["_choice"] = _methods(given, doc["amount"], has_lines="lines" in doc)
    if due := _due_date(books, given):
        doc["expiresAt"] = f"{due + timedelta(days=1)}T00:00:00+00:00"
        states.expire_later(books, doc)
    books.save(doc)
    return doc


def cancel(books: Books, caller: Caller, id_: str, given: Given) -> Doc:
    """The canceled payment. Raises MollieError 422 where it is too late, or not the caller's to cancel."""
    doc = find(books, caller, id_, lock=True)
    given.only(caller.own_fields)
    if not is_cancelable(doc):
        raise invalid(None, "The payment cannot be cancelled")
    states.move(books, doc, "canceled")
    return doc


def _check_sequence(given: Given) -> None:
    kind = given.text("sequenceType") or "oneoff"
    if kind not in ("oneoff", "first", "recurring"):
        raise invalid("sequenceType", "The sequence type is invalid")
    if kind == "recurring":  # Nobody here has a mandate.
        raise missing("customerId")


def _methods(given: Given, total: Mapping[str, str], *, has_lines: bool) -> tuple[str | None, list[str] | None]:
    """The preset method, and what the buyer may choose from; None: everything."""
    value = given.fields.get("method")
    if value is None or value in ("", []):
        return None, None
    wanted = [value] if isinstance(value, str) else value
    if not isinstance(wanted, list) or not all(isinstance(name, str) for name in wanted):
        raise invalid("method", "The payment method should be a string, an array of strings or null")
    for name in wanted:
        if name not in METHODS:
            raise invalid("method", f"The payment method '{name}' is invalid")
    if len(wanted) > 1:
        return None, wanted
    method = METHODS[wanted[0]]
    if (reason := method.refuses(total["currency"], Decimal(total["value"]))) is not None:
        raise invalid("amount", reason)
    if method.wants_lines and not has_lines:
        raise missing("lines")
    return method.id, None


def _addresses(given: Given) -> dict[str, Any]:
    return {
        "redirectUrl": address(given, "redirectUrl"), "cancelUrl": address(given, "cancelUrl"),
        "webhookUrl": webhook_url(given),
    }  # fmt: skip


def _more(given: Given) -> dict[str, Any]:
    locale = given.text("locale")
    if locale is not None and locale not in LOCALES:
        raise invalid("locale", "The locale is invalid")
    more: dict[str, Any] = {"metadata": metadata(given.fields.get("metadata")), "locale": locale}
    for name in ("billingAddress", "shippingAddress"):
        value = given.fields.get(name)
        if value is None:
            continue
        if not isinstance(value, dict):
            raise invalid(name, f"The '{name}' field should be an object")
        more[name] = value
    country = given.text("restrictPaymentMethodsToCountry")
    if country is not None:
        if not re.fullmatch(r"[A-Z]{2}", country):
            raise invalid("restrictPaymentMethodsToCountry", "The country should be two capital letters")
        more["restrictPaymentMethodsToCountry"] = country
    return more


def _capture(given: Given, method: str | None) -> list[tuple[str, str | None]]:
    mode, delay = given.text("captureMode"), given.text("captureDelay")
    if mode not in (None, "automatic", "manual"):
        raise invalid("captureMode", "The capture mode should be automatic or manual")
    if mode == "manual" and method and not (METHODS[method].holds or METHODS[method].authorises):
        raise invalid("captureMode", f"{METHODS[method].name} cannot be captured by hand")
    if delay is not None:
        capture_delay(delay)
    return [("captureMode", mode), ("captureDelay", delay)]


def _due_date(books: Books, given: Given) -> date | None:
    text = given.text("dueDate")
    if text is None:
        return None
    try:
        due = date.fromisoformat(text)
    except ValueError:
        raise invalid("dueDate", "The due date should be YYYY-MM-DD") from None
    if not books.now.date() < due <= books.now.date() + timedelta(days=100):
        raise invalid("dueDate", "The due date should be from tomorrow to 100 days from now")
    return due
