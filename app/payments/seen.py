"""A payment as Mollie tells it now, in our words: what `app.payments.services` applies. Amounts in its currency."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from app.db import Json


class RefundSeen(NamedTuple):
    """`key`: of the act of ours that made it; None where somebody else did."""

    external_id: str
    status: str
    amount: Decimal
    created_at: datetime
    key: str | None
    description: str
    settlement_id: str | None


class ChargebackSeen(NamedTuple):
    external_id: str
    amount: Decimal
    created_at: datetime
    reversed_at: datetime | None
    reason: str
    settlement_id: str | None


class CaptureSeen(NamedTuple):
    external_id: str
    status: str
    amount: Decimal
    created_at: datetime


class PaymentSeen(NamedTuple):
    """`asked_at`: when the answer was asked for. `shop_state`: what the shop's attempt should say, '' if unknown."""

    external_id: str
    asked_at: datetime
    transaction_id: str | None
    order_number: str | None
    described: bool
    status: str
    state: str
    shop_state: str
    method: str
    currency: str
    amount: Decimal
    refunded: Decimal
    charged_back: Decimal
    captured: Decimal | None
    remaining: Decimal | None
    mode: str
    created_at: datetime
    authorized_at: datetime | None
    paid_at: datetime | None
    ended_at: datetime | None
    expires_at: datetime | None
    settlement_id: str | None
    dashboard: str
    details: Json
    refunds: tuple[RefundSeen, ...]
    chargebacks: tuple[ChargebackSeen, ...]
    captures: tuple[CaptureSeen, ...]
