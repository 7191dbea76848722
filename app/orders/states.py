"""Names and colours of the states of orders, of attempts to pay and of deliveries."""

from __future__ import annotations

from markupsafe import Markup

from app.web.lazy import lazy as _l
from app.web.templating import badge

_PAYMENT = {
    "": _l("nothing to pay"), "open": _l("not paid"), "unconfirmed": _l("being paid"), "in_progress": _l("being paid"),
    "reminded": _l("reminded"), "authorized": _l("authorised"), "paid": _l("paid"),
    "paid_partially": _l("paid in part"), "refunded": _l("refunded"), "refunded_partially": _l("refunded in part"),
    "refunding": _l("refund on its way"),
    "chargeback": _l("charged back"), "cancelled": _l("payment cancelled"), "failed": _l("payment failed"),
}  # fmt: skip
_DELIVERY = {
    "": _l("nothing to send"), "open": _l("not sent"), "shipped": _l("sent"), "shipped_partially": _l("sent in part"),
    "returned": _l("came back"), "returned_partially": _l("came back in part"), "cancelled": _l("not to be sent"),
}  # fmt: skip
_ORDER = {"open": _l("open"), "in_progress": _l("in progress"), "completed": _l("completed"),
          "cancelled": _l("cancelled")}  # fmt: skip
_PROMISE = {"none": "", "held": _l("kept"), "short": _l("missing"), "released": _l("given back"),
            "shipped": _l("left")}  # fmt: skip


def payment(state: str) -> str:
    """The state of an attempt to pay."""
    return str(_PAYMENT.get(state, state))


def delivery(state: str) -> str:
    """The state of a delivery."""
    return str(_DELIVERY.get(state, state))


def order(state: str) -> str:
    """The order's own state."""
    return str(_ORDER.get(state, state))


def promise(state: str) -> str:
    """Whether stock is kept for a line."""
    return str(_PROMISE.get(state, state))


def colour(state: str) -> str:
    """Which badge: fine, waiting, failed or nothing, for the states of all three machines."""
    if state in ("paid", "authorized", "shipped", "completed", "held"):
        return "fine"
    if state in ("failed", "chargeback", "short", "cancelled"):
        return "failed"
    return "waiting" if state in ("open", "in_progress", "unconfirmed", "paid_partially", "shipped_partially") else ""


def payment_badge(state: str) -> Markup:
    """The state of an attempt to pay, with its colour."""
    return badge(colour(state), payment(state))


def delivery_badge(state: str) -> Markup:
    """The state of a delivery, with its colour."""
    return badge(colour(state), delivery(state))
