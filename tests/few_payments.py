"""Payments as Mollie may tell them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from app.payments.seen import ChargebackSeen, PaymentSeen, RefundSeen

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TOTAL = Decimal("121.00")
SHOP_STATES = {"open": "open", "pending": "unconfirmed", "authorized": "authorized", "paid": "paid",
               "canceled": "cancelled", "expired": "cancelled", "failed": "failed", "refunded": "refunded",
               "partly_refunded": "refunded_partially", "charged_back": "chargeback"}  # fmt: skip


def refund(id_: str = "re_1", status: str = "pending", amount: str = "21.00", **facts: Any) -> RefundSeen:
    return RefundSeen(id_, status, Decimal(amount), NOON, None, "", None)._replace(**facts)


def chargeback(id_: str = "chb_1", amount: str = "121.00", **facts: Any) -> ChargebackSeen:
    return ChargebackSeen(id_, Decimal(amount), NOON, None, "", None)._replace(**facts)


def payment(id_: str = "tr_1", status: str = "paid", **facts: Any) -> PaymentSeen:
    """A payment of 121.00 by iDEAL; sums and state follow from its refunds and chargebacks, unless they are given."""
    refunds = facts.get("refunds", ())
    chargebacks = facts.get("chargebacks", ())
    amount = facts.get("amount", TOTAL)
    refunded = sum((one.amount for one in refunds if one.status not in ("failed", "canceled")), Decimal(0))
    back = sum((one.amount for one in chargebacks if one.reversed_at is None), Decimal(0))
    state = status
    if back > 0:
        state = "charged_back"
    elif refunded > 0:
        state = "refunded" if refunded >= amount else "partly_refunded"
    plain = PaymentSeen(
        external_id=id_, asked_at=NOON, transaction_id=None, order_number=None, described=False, status=status,
        state=state, shop_state=SHOP_STATES.get(state, ""), method="ideal", currency="EUR", amount=amount,
        refunded=refunded, charged_back=back, captured=None,
        remaining=amount - refunded - back if status == "paid" else None, mode="test", created_at=NOON,
        authorized_at=None, paid_at=NOON if status == "paid" else None,
        ended_at=NOON if status in ("canceled", "expired", "failed") else None, expires_at=None, settlement_id=None,
        dashboard="", details={}, refunds=(), chargebacks=(), captures=(),
    )  # fmt: skip
    return plain._replace(**facts)
