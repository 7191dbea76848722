"""From a payment at Mollie to a payment as we know it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from app.payments.seen import CaptureSeen, ChargebackSeen, PaymentSeen, RefundSeen
from integrations.mollie.links import shop_reference
from integrations.mollie.schemas import Capture, Chargeback, Payment, Refund
from integrations.mollie.state import derived_state, transaction_state
from integrations.mollie.values import Money

ZERO = Decimal(0)
OURS = "iusedRefund"  # The key of a refund of ours, in its metadata.
# Of what Mollie tells of a payment's method; nothing that names a person or an account.
_DETAILS = ("cardLabel", "cardCountryCode", "cardSecurity", "feeRegion", "failureReason", "failureMessage", "wallet",
            "bankName", "bankBic", "transferReference", "paypalReference", "remainderMethod")  # fmt: skip


def payment_seen(payment: Payment, *, asked_at: datetime, description_format: str) -> PaymentSeen:
    """The payment in our words; what was not asked for with it is taken for nothing."""
    reference = shop_reference(payment, description_format=description_format)
    details = payment.details or {}
    return PaymentSeen(
        external_id=payment.id, asked_at=asked_at, transaction_id=reference.transaction_id,
        order_number=reference.order_number, described=reference.from_description, status=payment.status,
        state=derived_state(payment), shop_state=transaction_state(derived_state(payment)) or "",
        method=payment.method or "", currency=payment.amount.currency, amount=payment.amount.value,
        refunded=_value(payment.amount_refunded) or ZERO, charged_back=_value(payment.amount_charged_back) or ZERO,
        captured=_value(payment.amount_captured), remaining=_value(payment.amount_remaining), mode=payment.mode or "",
        created_at=payment.created_at, authorized_at=payment.authorized_at, paid_at=payment.paid_at,
        ended_at=payment.canceled_at or payment.expired_at or payment.failed_at, expires_at=payment.expires_at,
        settlement_id=payment.settlement_id, dashboard=payment.link("dashboard") or "",
        details={name: str(details[name]) for name in _DETAILS if details.get(name)},
        refunds=tuple(refund_seen(one) for one in sorted(payment.refunds or [], key=_age)),
        chargebacks=tuple(_chargeback(one) for one in sorted(payment.chargebacks or [], key=_age)),
        captures=tuple(_capture(one, payment) for one in sorted(payment.captures or [], key=_age)),
    )  # fmt: skip


def refund_seen(refund: Refund) -> RefundSeen:
    """The refund in our words."""
    key = refund.metadata.get(OURS) if isinstance(refund.metadata, Mapping) else None
    return RefundSeen(refund.id, refund.status, refund.amount.value, refund.created_at,
                      key if isinstance(key, str) else None, refund.description, refund.settlement_id)  # fmt: skip


def _chargeback(one: Chargeback) -> ChargebackSeen:
    reason = (one.reason.description or one.reason.code or "") if one.reason else ""
    return ChargebackSeen(one.id, one.amount.value, one.created_at, one.reversed_at, reason, one.settlement_id)


def _capture(one: Capture, payment: Payment) -> CaptureSeen:
    """A capture without an amount took all of it."""
    return CaptureSeen(one.id, one.status, _value(one.amount) or payment.amount.value, one.created_at)


def _age(one: Refund | Chargeback | Capture) -> tuple[datetime, str]:
    return one.created_at, one.id


def _value(money: Money | None) -> Decimal | None:
    return None if money is None else money.value
