"""What can be said of a payment by looking at it alone: its steps, its sums' names, who may still cancel it."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.mollie.methods import METHODS
from sandbox.storage import Doc

FINAL = frozenset({"paid", "canceled", "expired", "failed"})
STEPS: Mapping[str, frozenset[str]] = {
    "open": frozenset({"pending", "authorized", "paid", "canceled", "expired", "failed"}),
    "pending": frozenset({"paid", "authorized", "failed", "canceled", "expired"}),
    "authorized": frozenset({"paid", "canceled", "expired", "failed"}),
    **dict.fromkeys(FINAL, frozenset()),
}


def is_cancelable(payment: Doc) -> bool:
    """Whether whoever made the payment may still take it back."""
    method = METHODS.get(payment["method"] or "")
    if payment["status"] == "authorized":
        return bool(method and method.holds)
    return payment["status"] in ("open", "pending") and bool(method and method.cancelable)


def has_captures(payment: Doc) -> bool:
    """Whether money was held first."""
    return "authorizedAt" in payment
