"""Sentences about orders: what the state is, why nothing was sent, what comes next, and the lines of the timeline."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from app.orders.models import Order, OrderEvent
from app.orders.queries import OrderPage
from app.web.lazy import lazy as _l
from app.web.templating import money
from app.web.words import stored

PAID = ("paid", "authorized")
GIVEN_UP = ("cancelled", "failed")
SENT = ("shipped", "returned", "returned_partially")

_PAYMENT = {
    "": _l("nothing to pay"), "open": _l("not paid"), "unconfirmed": _l("being paid"), "in_progress": _l("being paid"),
    "reminded": _l("reminded"), "authorized": _l("authorised"), "paid": _l("paid"),
    "paid_partially": _l("paid in part"), "refunded": _l("refunded"), "refunded_partially": _l("refunded in part"),
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


def state_sentence(one: Order) -> str:
    """What the state is, in one sentence."""
    if one.gone_at is not None:
        return _("The storefront does not know this order any more.")
    if one.state == "cancelled":
        if one.payment_state in (*PAID, "paid_partially"):
            return _("Cancelled, and the money is still with us.")
        return _("Cancelled.")
    if one.payment_state == "chargeback":
        return _("The customer took the money back through their bank.")
    if one.delivery_state in ("returned", "returned_partially"):
        return _("%(came_back)s, %(payment)s.", came_back=delivery(one.delivery_state).capitalize(),
                 payment=payment(one.payment_state))  # fmt: skip
    if one.delivery_state in SENT:
        if one.payment_state in (*PAID, "refunded", "refunded_partially"):
            return _("Sent, %(payment)s.", payment=payment(one.payment_state))
        return _("Sent, but %(payment)s.", payment=payment(one.payment_state))
    if one.payment_state in PAID:
        return _("Paid, waiting for shipment.")
    return _("%(payment)s, not sent.", payment=payment(one.payment_state).capitalize())


def why_not_sent(page: OrderPage) -> str:
    """Why nothing was sent; empty when something was, or nothing is to be."""
    one = page.order
    if one.gone_at is not None or one.state == "cancelled" or one.delivery_state in (*SENT, "cancelled", ""):
        return ""
    missing = [row.line for row in page.lines if row.line.promise == "short"]
    if missing:
        names = ", ".join(line.label for line in missing[:2])
        return ngettext("Nobody has the pieces: %(names)s.", "Nobody has the pieces of %(num)s lines: %(names)s …",
                        len(missing), names=names)  # fmt: skip
    if one.payment_state in GIVEN_UP:
        return _("The payment did not come off.")
    if one.payment_state not in PAID and one.payment_state:
        return _("It is not paid yet.")
    unknown = [row.line for row in page.lines if row.line.kind == "product" and row.line.variant_id is None]
    if unknown:
        return _("%(label)s is not in our catalogue: nobody was asked for it.", label=unknown[0].label)
    return _("The pieces are kept for it; no parcel was reported yet.")


def what_next(page: OrderPage) -> str:
    """What is to be done, by whom."""
    one = page.order
    if one.gone_at is not None:
        return _("Ask the shop's administrator whether it was deleted on purpose.")
    if one.state == "cancelled":
        if one.payment_state in (*PAID, "paid_partially"):
            return _("Refund the customer.")
        return _("Nothing.")
    if one.payment_state == "chargeback":
        return _("Ask the customer why, before anything else is sent.")
    if any(row.line.promise == "short" for row in page.lines):
        if one.payment_state in PAID:
            return _("Find other pieces, or cancel and refund.")
        return _("Find other pieces, or cancel.")
    if one.payment_state in GIVEN_UP:
        return _("The customer may pay again from their account; the pieces are kept for a while.")
    if one.payment_state not in (*PAID, "refunded", "refunded_partially", ""):
        return _("Wait for the payment.")
    if one.delivery_state in ("open", "shipped_partially"):
        return _("Send the parcel.")
    return _("Nothing.")


def event(found: OrderEvent, currency: str) -> tuple[str, str]:
    """A line of the timeline: what it is about, and what happened."""
    facts: dict[str, Any] = found.facts
    if found.kind == "placed":
        return _("Order"), _("placed, %(total)s", total=money(facts["total"], facts["currency"]))
    if found.kind == "order":
        return _("Order"), order(facts["to"])
    if found.kind == "payment":
        method = facts.get("method") or ""
        return _("Payment"), f"{payment(facts['to'])}, {money(facts['amount'], currency)} {method}".strip()
    if found.kind == "delivery":
        return _("Delivery"), delivery(facts["to"])
    if found.kind == "tracking":
        return _("Delivery"), _("tracking code %(code)s", code=facts["code"])
    if found.kind == "stock":
        return _("Stock"), f"{facts['quantity']} × {facts['label']} {promise(facts['to'])}"
    if found.kind == "gone":
        return _("Order"), _("not known by the storefront any more")
    if found.kind == "back":
        return _("Order"), _("known by the storefront again")
    if found.kind == "note":
        return _("Note"), _("%(text)s (%(by)s)", text=facts["text"], by=facts["by"])
    if found.kind == "note_back":
        return _("Note"), _("taken back: %(text)s (%(by)s)", text=facts["text"], by=facts["by"])
    return _("Order"), _edited(facts, currency)


def _edited(facts: dict[str, Any], currency: str) -> str:
    parts = [_("added %(pieces)s × %(label)s", pieces=pieces, label=label) for label, pieces in facts.get("added", [])]
    parts += [_("removed %(pieces)s × %(label)s", pieces=pieces, label=label)
              for label, pieces in facts.get("removed", [])]  # fmt: skip
    parts += [_("%(label)s: %(old)s → %(new)s pieces", label=label, old=old, new=new)
              for label, old, new in facts.get("changed", [])]  # fmt: skip
    if "total" in facts:
        old, new = (money(Decimal(value), currency) for value in facts["total"])
        parts.append(_("total %(old)s → %(new)s", old=old, new=new))
    return "; ".join(parts)


__all__ = ["colour", "delivery", "event", "order", "payment", "promise", "state_sentence", "stored", "what_next",
           "why_not_sent"]  # fmt: skip
