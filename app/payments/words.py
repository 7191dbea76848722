"""Words about money: verdicts, payments, refunds, and sentences about what does not fit and who is right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup

from app.orders.states import payment as attempt_word
from app.payments.models import REFUND_REASONS, Payment, Refund
from app.payments.queries import MoneyOfOrder
from app.web.lazy import lazy as _l
from app.web.templating import badge, money

# A verdict as the shop's attempts say it, for sentences and badges about both.
AS_SHOP = {
    "none": "", "open": "open", "pending": "unconfirmed", "authorized": "authorized", "paid": "paid",
    "overpaid": "paid", "partly_paid": "paid_partially", "partly_refunded": "refunded_partially",
    "refunded": "refunded", "charged_back": "chargeback", "failed": "failed",
}  # fmt: skip
_VERDICT = {
    "none": _l("nothing to pay"), "open": _l("not paid"), "pending": _l("being paid"), "authorized": _l("authorised"),
    "paid": _l("paid"), "overpaid": _l("paid more than asked"), "partly_paid": _l("paid in part"),
    "partly_refunded": _l("refunded in part"), "refunded": _l("refunded"), "charged_back": _l("charged back"),
    "failed": _l("payment failed"),
}  # fmt: skip
_PAYMENT = {
    "open": _l("open"), "pending": _l("being paid"), "authorized": _l("authorised"), "paid": _l("paid"),
    "canceled": _l("canceled"), "expired": _l("expired"), "failed": _l("failed"), "refunded": _l("refunded"),
    "partly_refunded": _l("refunded in part"), "charged_back": _l("charged back"),
}  # fmt: skip
_REFUND = {
    "waiting": _l("waits for a second person"), "requested": _l("on its way to Mollie"),
    "pending": _l("Mollie has it"), "processed": _l("paid back"), "failed": _l("failed"), "canceled": _l("canceled"),
    "declined": _l("declined"),
}  # fmt: skip
_REASON = dict(zip(REFUND_REASONS, (
    _l("Sale withdrawn"), _l("Came back"), _l("Defective"), _l("Not sent"), _l("Price"), _l("Paid twice"),
    _l("Goodwill"), _l("Other"),
), strict=True))  # fmt: skip
_LINKED = {
    "webhook": _l("by the attempt's id in the webhook's address"), "metadata": _l("by the number that the shop wrote"),
    "shop": _l("by the id that the shop keeps"), "description": _l("by its description alone"),
}  # fmt: skip


def verdict(kind: str) -> str:
    """The verdict on an order's money."""
    return str(_VERDICT.get(kind, kind))


def standing(money: MoneyOfOrder) -> str:
    """The verdict, which calls nothing refunded before Mollie does."""
    found = money.verdict
    if found is None:
        return ""
    if found.verdict in ("refunded", "partly_refunded") and money.under_way:
        return _("refund on its way")
    return verdict(found.verdict)


def said(one: Payment, refunds: Sequence[Refund]) -> str:
    """The state of a payment, which calls nothing refunded while it is on its way."""
    back = one.state in ("refunded", "partly_refunded")
    return one.status if back and any(refund.state == "pending" for refund in refunds) else one.state


def payment(state: str) -> str:
    """The state of a payment at Mollie."""
    return str(_PAYMENT.get(state, state))


def refund(state: str) -> str:
    """How far a refund is."""
    return str(_REFUND.get(state, state))


def reason(name: str) -> str:
    """Why money goes back; of a refund that was made elsewhere nobody knows."""
    return str(_REASON.get(name, name)) if name else _("made at Mollie")


def reasons() -> list[tuple[str, str]]:
    """Reasons to choose from."""
    return [(name, str(text)) for name, text in _REASON.items()]


def linked(by: str) -> str:
    """How a payment was found to be of an order."""
    return str(_LINKED.get(by, by))


def colour(state: str) -> str:
    """Which badge: fine, waiting, failed or nothing."""
    if state in ("paid", "authorized", "processed"):
        return "fine"
    if state in ("failed", "expired", "charged_back", "overpaid", "canceled"):
        return "failed"
    return "waiting" if state in ("open", "pending", "waiting", "requested", "partly_paid") else ""


def payment_badge(state: str) -> Markup:
    """The state of a payment at Mollie, with its colour."""
    return badge(colour(state), payment(state))


def refund_badge(state: str) -> Markup:
    """How far a refund is, with its colour."""
    return badge(colour(state), refund(state))


def problem(found: dict[str, Any], currency: str, *, shop: str) -> str:
    """What does not fit, which side is right, and why. `shop`: the storefront's name."""
    kind = found["kind"]
    if kind in ("shop_behind", "shop_ahead"):
        told = {"mollie": payment(found["mollie"]), "shop": shop, "says": attempt_word(found["shop"])}
        if found.get("older") and found["mollie"] == "paid":
            return _("An older attempt is paid, though %(shop)s says: %(says)s. Mollie is right, the money is there: "
                     "the customer paid in an older tab.", **told)  # fmt: skip
        if kind == "shop_behind":
            return _("Mollie says: %(mollie)s; %(shop)s says: %(says)s. Mollie is right, it moves the money; the shop "
                     "missed its call.", **told)  # fmt: skip
        return _("%(shop)s says: %(says)s, but Mollie says: %(mollie)s. Mollie is right, it moves the money; somebody "
                 "moved the shop's state by hand.", **told)  # fmt: skip
    if kind == "double_payment":
        return _("Paid twice: %(over)s too much. Pay one of the payments back.", over=money(found["over"], currency))
    if kind == "paid_but_cancelled":
        return _("The order is cancelled, and %(over)s of the customer's is still with us.",
                 over=money(found["over"], currency))  # fmt: skip
    if kind == "amount_differs":
        return _("The shop asked for %(shop)s, the payment is over %(mollie)s.",
                 shop=money(found["shop"], currency), mollie=money(found["mollie"], currency))  # fmt: skip
    if kind == "unknown_payment":
        return _("The shop names the payment %(payment)s, and Mollie does not know it. Is the key of this storefront?",
                 payment=found["payment"])  # fmt: skip
    if kind == "ledger_differs":
        return _("Our ledger and Mollie's sums of %(payment)s are %(by)s apart.", payment=found["payment"],
                 by=money(found["by"], currency))  # fmt: skip
    return _("A refund of %(amount)s failed.", amount=money(found["amount"], currency))


def not_refundable(why: str) -> str:
    """Why money cannot be paid back."""
    known = {
        "unpaid": _("Nothing was paid, so nothing can be paid back."),
        "method": _("Mollie cannot pay back what was paid with this method."),
        "nothing_left": _("Everything went back already, or is on its way."),
        "too_much": _("That is more than is left of this payment."),
        "twin": _("The same amount of the same payment is on its way, or went less than an hour ago. Mollie refuses it "
                  "twice. If both are meant, pay them back as one sum, or wait an hour."),
        "decided": _("Somebody decided it already."),
        "own": _("You asked for it: another person has to agree."),
        "limit": _("That is above what you may agree to."),
    }  # fmt: skip
    return known.get(why, why)
