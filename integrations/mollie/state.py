"""What a payment's fields amount to, and what a Shopware shop makes of it. Pure.

Source: Mollie's API description of 2026-08-21 (statuses) and its plugin for Shopware 6 after version 5.4.0.
"""

from __future__ import annotations

from collections.abc import Mapping

from integrations.mollie.schemas import Payment

CHARGED_BACK = "charged_back"
REFUNDED = "refunded"
PARTLY_REFUNDED = "partly_refunded"

# The shop's plugin makes no step for what is still open; a status that we do not know makes none either.
_ACTIONS: Mapping[str, str] = {
    "authorized": "authorize",
    "paid": "paid",
    "canceled": "cancel",
    "expired": "cancel",
    "failed": "fail",
    REFUNDED: "refund",
    PARTLY_REFUNDED: "refund_partially",
    CHARGED_BACK: "chargeback",
}
_STATES: Mapping[str, str] = {
    "open": "open",
    "pending": "unconfirmed",
    "authorized": "authorized",
    "paid": "paid",
    "canceled": "cancelled",
    "expired": "cancelled",
    "failed": "failed",
    REFUNDED: "refunded",
    PARTLY_REFUNDED: "refunded_partially",
    CHARGED_BACK: "chargeback",
}


def derived_state(payment: Payment) -> str:
    """CHARGED_BACK, REFUNDED or PARTLY_REFUNDED, in that order, else the payment's own status.

    Mollie leaves a payment `paid` whatever goes back. A payment of nothing (a mandate) is never refunded.
    """
    charged_back, refunded = payment.amount_charged_back, payment.amount_refunded
    if charged_back is not None and charged_back.value > 0:
        return CHARGED_BACK
    if refunded is None or refunded.value <= 0:
        return payment.status
    return REFUNDED if refunded.value >= payment.amount.value else PARTLY_REFUNDED


def transaction_action(state: str) -> str | None:
    """The action that moves a Shopware order transaction to a derived state; None: it stays where it is.

    The plugin of the shop takes these steps itself: whoever pushes them too fights it over the state machine.
    """
    return _ACTIONS.get(state)


def transaction_state(state: str) -> str | None:
    """The state that a Shopware order transaction should have, to compare; None for a status that we do not know."""
    return _STATES.get(state)
