"""Sentences about orders: what the state is, why nothing was sent, what comes next, and the lines of the timeline."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from app.orders.models import OrderAct, OrderEvent
from app.orders.queries import OrderPage
from app.orders.states import colour, delivery, delivery_badge, order, payment, payment_badge, promise
from app.payments.words import refund as refund_word
from app.payments.words import verdict as verdict_word
from app.web.lazy import lazy as _l
from app.web.templating import money
from app.web.words import stored

PAID = ("paid", "authorized")
GIVEN_UP = ("cancelled", "failed")
BACK = ("refunded", "refunded_partially", "refunding")
SENT = ("shipped", "returned", "returned_partially")


def state_sentence(page: OrderPage) -> str:
    """What the state is, in one sentence."""
    one, paying = page.order, page.payment_state
    if one.gone_at is not None:
        return _("The storefront does not know this order any more.")
    if one.state == "cancelled":
        if paying in (*PAID, "paid_partially"):
            return _("Cancelled, and the money is still with us.")
        return _("Cancelled.")
    if paying == "chargeback":
        return _("The customer took the money back through their bank.")
    if one.delivery_state in ("returned", "returned_partially"):
        return _("%(came_back)s, %(payment)s.", came_back=delivery(one.delivery_state).capitalize(),
                 payment=payment(paying))  # fmt: skip
    if one.delivery_state in SENT:
        if paying in (*PAID, *BACK):
            return _("Sent, %(payment)s.", payment=payment(paying))
        return _("Sent, but %(payment)s.", payment=payment(paying))
    if paying in PAID:
        return _("Paid, waiting for shipment.")
    return _("%(payment)s, not sent.", payment=payment(paying).capitalize())


def why_not_sent(page: OrderPage) -> str:
    """Why nothing was sent; empty when something was, or nothing is to be."""
    one, paying = page.order, page.payment_state
    if one.gone_at is not None or one.state == "cancelled" or one.delivery_state in (*SENT, "cancelled", ""):
        return ""
    missing = [row.line for row in page.lines if row.line.promise == "short"]
    if missing:
        names = ", ".join(line.label for line in missing[:2])
        return ngettext("Nobody has the pieces: %(names)s.", "Nobody has the pieces of %(num)s lines: %(names)s …",
                        len(missing), names=names)  # fmt: skip
    if paying in GIVEN_UP:
        return _("The payment did not come off.")
    if paying in BACK:
        if _all_back(page):
            return _("The money went back, or is on its way.")
        return _("A part of the money went back; no parcel was reported yet.")
    if paying not in PAID and paying:
        return _("It is not paid yet.")
    unknown = [row.line for row in page.lines if row.line.kind == "product" and row.line.variant_id is None]
    if unknown:
        return _("%(label)s is not in our catalogue: nobody was asked for it.", label=unknown[0].label)
    for piece in page.twice:
        return _("Another order has the piece %(serial)s as well.", serial=piece.serial)
    return _("The pieces are kept for it; no parcel was reported yet.")


def what_next(page: OrderPage) -> str:
    """What is to be done, by whom."""
    one, paying = page.order, page.payment_state
    if one.gone_at is not None:
        return _("Ask the shop's administrator whether it was deleted on purpose.")
    if one.state == "cancelled":
        if paying in (*PAID, "paid_partially"):
            return _("Refund the customer.")
        return _("Nothing.")
    if paying == "chargeback":
        return _("Ask the customer why, before anything else is sent.")
    verdict = page.money.verdict
    if verdict is not None and verdict.verdict == "overpaid":
        return _("Pay one of the payments back.")
    if any(row.line.promise == "short" for row in page.lines):
        if paying in PAID:
            return _("Find other pieces, or cancel and refund.")
        return _("Find other pieces, or cancel.")
    for piece in page.twice:
        return _("Find out which order has %(serial)s, and remove it from the other.", serial=piece.serial)
    if paying in GIVEN_UP:
        return _("The customer may pay again from their account; the pieces are kept for a while.")
    if paying not in (*PAID, *BACK, ""):
        return _("Wait for the payment.")
    if one.delivery_state in ("open", "shipped_partially"):
        if paying in BACK:
            return _("Cancel the order.") if _all_back(page) else _("Send what the customer still gets.")
        return _("Send the parcel.")
    return _("Nothing.")


def _all_back(page: OrderPage) -> bool:
    """Whether nothing of the money stays with us."""
    verdict = page.money.verdict
    if verdict is None or not page.money.payments:
        return page.payment_state != "refunded_partially"
    return verdict.verdict == "refunded"


_ACTS = {"cancel": _l("Cancellation"), "address": _l("Address"), "resend": _l("Confirmation"),
         "repair": _l("Payment state at the shop")}  # fmt: skip
_ACT_STATES = {
    "waiting": _l("waits for a second person"), "requested": _l("on its way to the shop"), "done": _l("done"),
    "failed": _l("refused"), "declined": _l("declined"),
}  # fmt: skip


def act(found: OrderAct) -> str:
    """An act and how far it is, with the shop's reason where it refused."""
    text = f"{_ACTS.get(found.kind, found.kind)}: {_ACT_STATES.get(found.state, found.state)}"
    return f"{text}. {found.failure}" if found.failure else f"{text}."


_DOCUMENTS = {"invoice": _l("invoice"), "credit_note": _l("credit note"), "delivery_note": _l("delivery note"),
              "storno": _l("cancellation invoice")}  # fmt: skip


def document(kind: str) -> str:
    """What a document of the shop is called."""
    return str(_DOCUMENTS.get(kind, kind))


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
    if found.kind == "verdict":
        return _("Mollie"), f"{verdict_word(facts['to'])}, {money(facts['paid'], currency)}"
    if found.kind == "refund":
        return _("Refund"), f"{money(facts['amount'], facts['currency'])}: {refund_word(facts['state'])}"
    if found.kind == "act":
        text = f"{_ACTS.get(facts['act'], facts['act'])}: {_ACT_STATES.get(facts['state'], facts['state'])}"
        return _("Act"), f"{text} ({facts['failure']})" if facts.get("failure") else text
    if found.kind == "document":
        return _("Document"), f"{document(facts['kind'])} {facts['number']}"
    if found.kind == "gone":
        return _("Order"), _("not known by the storefront any more")
    if found.kind == "back":
        return _("Order"), _("known by the storefront again")
    if found.kind == "serial":
        return _("Piece"), _("%(serial)s into %(line)s (%(by)s)", **facts)
    if found.kind == "serial_off":
        return _("Piece"), _("%(serial)s out of %(line)s (%(by)s)", **facts)
    if found.kind == "serial_twice":
        return _("Piece"), _("%(serial)s of %(line)s is in order #%(number)s of %(channel)s too", **facts)
    if found.kind == "note":
        return _("Note"), _("%(text)s (%(by)s)", text=facts["text"], by=facts["by"])
    if found.kind == "note_back":
        return _("Note"), _("taken back: %(text)s (%(by)s)", text=facts["text"], by=facts["by"])
    return _("Order"), _edited(facts, currency)


_MONEY = {"total": _l("total"), "shipping": _l("shipping costs")}
_FIELDS = {"name": _l("name"), "company": _l("company"), "mail": _l("mail address"), "phone": _l("phone number"),
           "sent_by": _l("sent by")}  # fmt: skip


def _change(what: str, old: str, new: str) -> str:
    return _("%(what)s %(old)s → %(new)s", what=what, old=old, new=new)


def _edited(facts: dict[str, Any], currency: str) -> str:
    parts = [_("added %(pieces)s × %(label)s", pieces=pieces, label=label) for label, pieces in facts.get("added", [])]
    parts += [_("removed %(pieces)s × %(label)s", pieces=pieces, label=label)
              for label, pieces in facts.get("removed", [])]  # fmt: skip
    parts += [_("%(label)s: %(old)s → %(new)s pieces", label=label, old=old, new=new)
              for label, old, new in facts.get("changed", [])]  # fmt: skip
    parts += [_change(_("price of %(label)s", label=label), *(money(Decimal(price), currency) for price in prices))
              for label, *prices in facts.get("prices", [])]  # fmt: skip
    for name, what in _MONEY.items():
        if name in facts:
            parts.append(_change(what, *(money(Decimal(value), currency) for value in facts[name])))
    parts += [
        _change(what, *(value or "–" for value in facts[name])) for name, what in _FIELDS.items() if name in facts
    ]
    return "; ".join(parts)


__all__ = ["act", "colour", "delivery", "delivery_badge", "document", "event", "order", "payment", "payment_badge",
           "promise", "state_sentence", "stored", "what_next", "why_not_sent"]  # fmt: skip
