"""Ids that are the same on every shop, and the state machines. Source: the Admin API contract, sections 1 and 8."""

from __future__ import annotations

LIVE_VERSION = "0fa91ce3e96a4bc2be4bd9ce752c3425"
DEFAULT_CURRENCY = "b7d2554b0ce847cd82f3ac9bd1c0dfca"
DEFAULT_LANGUAGE = "2fbb5fe2e29a4d70aa5854ce7ce3e20b"
STOREFRONT_TYPE = "8a243080f92e4c719546314b577cf82b"
HEADLESS_TYPE = "f183ee5650cf4bdb8a774337575067a6"
MAX_LIMIT = 500

_PAYMENT = {
    "open": "authorize cancel do_pay fail paid paid_partially pay pay_partially process_unconfirmed remind",
    "in_progress": "authorize cancel fail paid paid_partially pay_partially reopen",
    "reminded": "authorize cancel do_pay pay pay_partially process_unconfirmed reopen",
    "failed": "do_pay fail paid paid_partially pay pay_partially process_unconfirmed reopen",
    "unconfirmed": "authorize cancel fail paid paid_partially reopen",
    "authorized": "cancel fail paid paid_partially",
    "paid_partially": "cancel chargeback do_pay pay process_unconfirmed refund refund_partially remind reopen",
    "paid": "cancel chargeback refund refund_partially reopen",
    "refunded_partially": "cancel refund reopen",
    "chargeback": "cancel paid paid_partially",
    "cancelled": "paid process_unconfirmed refund refund_partially reopen",
    "refunded": "",
}
_PAYMENT_TARGETS = {
    "pay": "paid", "paid": "paid", "pay_partially": "paid_partially", "paid_partially": "paid_partially",
    "do_pay": "in_progress", "process": "in_progress", "refund": "refunded", "refund_partially": "refunded_partially",
    "remind": "reminded", "fail": "failed", "cancel": "cancelled", "authorize": "authorized",
    "chargeback": "chargeback", "process_unconfirmed": "unconfirmed", "reopen": "open",
}  # fmt: skip
_RENAMED = {"pay": "paid", "pay_partially": "paid_partially", "do_pay": "process"}

ORDER = {
    "open": {"process": "in_progress", "cancel": "cancelled"},
    "in_progress": {"complete": "completed", "cancel": "cancelled"},
    "completed": {"reopen": "open"},
    "cancelled": {"reopen": "open"},
}
DELIVERY = {
    "open": {"ship": "shipped", "ship_partially": "shipped_partially", "cancel": "cancelled"},
    "shipped_partially": {
        "ship": "shipped", "retour": "returned", "retour_partially": "returned_partially", "cancel": "cancelled",
        "reopen": "open",
    },
    "shipped": {
        "retour": "returned", "retour_partially": "returned_partially", "cancel": "cancelled", "reopen": "open",
    },
    "returned_partially": {"retour": "returned", "reopen": "open"},
    "returned": {"reopen": "open"},
    "cancelled": {"reopen": "open"},
}  # fmt: skip


def machine(entity: str, version: str) -> dict[str, dict[str, str]]:
    """State -> action -> state of `order`, `order_delivery` or `order_transaction` in that Shopware version."""
    if entity == "order":
        return ORDER
    if entity == "order_delivery":
        return DELIVERY
    renamed = _RENAMED if version.startswith("6.7") else {}
    return {
        state: {renamed.get(action, action): _PAYMENT_TARGETS[action] for action in actions.split()}
        for state, actions in _PAYMENT.items()
    }


MACHINES = {
    "order": "order.state",
    "order_delivery": "order_delivery.state",
    "order_transaction": "order_transaction.state",
}
