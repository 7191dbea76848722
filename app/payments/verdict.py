"""One truth about an order's money, from the shop's attempts and Mollie's payments. Pure.

Mollie is right about money; the shop is right about what was ordered. So the verdict comes from Mollie's payments where
there are any, and each attempt of the shop that says something else is a problem, with what mends it. An old payment
that expired takes nothing from an order that a newer one paid.

Kinds of problems: shop_behind and shop_ahead {attempt, payment, shop, mollie, older}, double_payment {payments, over},
paid_but_cancelled {over}, amount_differs {attempt, payment, shop, mollie}, unknown_payment {attempt, payment},
ledger_differs {payment, by}, refund_failed {payment, refund, amount}. Amounts are text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from app.db import Json

CENT = Decimal("0.01")
ZERO = Decimal(0)
ROUNDING = Decimal("0.05")  # The most that sums of four decimals and one of two may lie apart.

# What an attempt may say while nothing is decided, and when nothing came of it.
UNDECIDED = frozenset({"open", "unconfirmed", "in_progress", "reminded"})
OVER = frozenset({"cancelled", "failed"})
_PROGRESS = {"authorized": 1, "paid_partially": 2, "paid": 2, "refunded_partially": 3, "refunded": 4, "chargeback": 4}
# The best thing that several payments of one attempt say is what the attempt should say.
_BEST_FIRST = ("charged_back", "refunded", "partly_refunded", "paid", "authorized", "pending", "open", "failed",
               "canceled", "expired")  # fmt: skip
_RANK = {state: place for place, state in enumerate(_BEST_FIRST)}
_BY_SHOP = {
    "": "none", "open": "open", "in_progress": "pending", "unconfirmed": "pending", "reminded": "open",
    "authorized": "authorized", "paid": "paid", "paid_partially": "partly_paid", "refunded": "refunded",
    "refunded_partially": "partly_refunded", "chargeback": "charged_back", "cancelled": "failed", "failed": "failed",
}  # fmt: skip


class Attempt(NamedTuple):
    """A try to pay, as the shop tells it. `absent`: Mollie does not know the payment that it names."""

    external_id: str
    state: str
    amount: Decimal
    created_at: datetime
    payment: str | None
    absent: bool


class Paying(NamedTuple):
    """A payment at Mollie. `received`: money that came, before any went back. `failed`: (refund, amount)."""

    external_id: str
    transaction_id: str | None
    state: str
    shop_state: str
    amount: Decimal
    received: Decimal
    refunded: Decimal
    charged_back: Decimal
    created_at: datetime
    difference: Decimal
    failed_refunds: tuple[tuple[int, Decimal], ...] = ()

    @property
    def net(self) -> Decimal:
        """Money that is with us."""
        return self.received - self.refunded - self.charged_back


class Bill(NamedTuple):
    """What the shop says of the order."""

    state: str
    payment_state: str
    total: Decimal


class Verdict(NamedTuple):
    """`kind`: none, open, pending, authorized, paid, partly_paid, overpaid, partly_refunded, refunded, charged_back,
    failed. `source`: mollie, or shop where Mollie knows of no payment.
    """

    kind: str
    source: str
    paid: Decimal
    refunded: Decimal
    charged_back: Decimal
    problems: tuple[Json, ...]


def judge(bill: Bill, attempts: Sequence[Attempt], payments: Sequence[Paying]) -> Verdict:
    """The verdict, with everything that does not fit."""
    problems = tuple(_problems(bill, attempts, payments))
    if not payments:
        return Verdict(_BY_SHOP.get(bill.payment_state, "open"), "shop", *_told(bill), problems)
    paid = sum((one.received for one in payments), ZERO)
    refunded = sum((one.refunded for one in payments), ZERO)
    charged_back = sum((one.charged_back for one in payments), ZERO)
    return Verdict(_kind(bill, payments), "mollie", paid, refunded, charged_back, problems)


def _told(bill: Bill) -> tuple[Decimal, Decimal, Decimal]:
    """What the shop alone says of the sums; of a part it tells no sum."""
    state = bill.payment_state
    paid = bill.total if state in ("paid", "refunded", "refunded_partially", "chargeback") else ZERO
    return paid, bill.total if state == "refunded" else ZERO, bill.total if state == "chargeback" else ZERO


def _kind(bill: Bill, payments: Sequence[Paying]) -> str:
    received = sum((one.received for one in payments), ZERO)
    net = sum((one.net for one in payments), ZERO)
    if received <= 0:
        states = {one.state for one in payments}
        return next((state for state in ("authorized", "pending", "open") if state in states), "failed")
    if net > bill.total + ROUNDING:
        return "overpaid"
    if net >= bill.total - ROUNDING and net > 0:
        return "paid"
    if any(one.charged_back > 0 for one in payments):
        return "charged_back"
    if net <= 0:
        return "refunded"
    return "partly_refunded" if any(one.refunded > 0 for one in payments) else "partly_paid"


def _problems(bill: Bill, attempts: Sequence[Attempt], payments: Sequence[Paying]) -> Iterator[Json]:
    newest = max((one.created_at for one in attempts), default=None)
    for attempt in sorted(attempts, key=lambda one: (one.created_at, one.external_id)):
        mine = _payments_of(attempt, payments)
        if mine:
            yield from _of_attempt(attempt, mine[0], older=attempt.created_at != newest)
        elif attempt.absent and attempt.payment:
            yield {"kind": "unknown_payment", "attempt": attempt.external_id, "payment": attempt.payment}
    yield from _of_order(bill, payments)
    for one in payments:
        if one.difference:
            yield {"kind": "ledger_differs", "payment": one.external_id, "by": str(one.difference)}
        for refund, amount in one.failed_refunds:
            yield {"kind": "refund_failed", "payment": one.external_id, "refund": refund, "amount": str(amount)}


def _payments_of(attempt: Attempt, payments: Sequence[Paying]) -> list[Paying]:
    """Of an attempt, the one first that says most."""
    mine = [one for one in payments if one.transaction_id == attempt.external_id or one.external_id == attempt.payment]
    return sorted(mine, key=lambda one: (_RANK.get(one.state, len(_RANK)), one.created_at, one.external_id))


def _of_attempt(attempt: Attempt, payment: Paying, *, older: bool) -> Iterator[Json]:
    if payment.shop_state and not _agree(attempt.state, payment.shop_state):
        behind = _PROGRESS.get(attempt.state, 0) <= _PROGRESS.get(payment.shop_state, 0)
        yield {"kind": "shop_behind" if behind else "shop_ahead", "attempt": attempt.external_id,
               "payment": payment.external_id, "shop": attempt.state, "mollie": payment.state,
               "older": older}  # fmt: skip
    asked = attempt.amount.quantize(CENT, rounding=ROUND_HALF_UP)
    if abs(asked - payment.amount) > ROUNDING:
        yield {"kind": "amount_differs", "attempt": attempt.external_id, "payment": payment.external_id,
               "shop": str(asked), "mollie": str(payment.amount)}  # fmt: skip


def _agree(shop: str, wanted: str) -> bool:
    """Nobody moves an attempt for a payment that is under way, and a shop may give one up before Mollie does."""
    if shop in UNDECIDED:
        return wanted in UNDECIDED
    return shop == wanted or (shop in OVER and wanted in UNDECIDED | OVER)


def _of_order(bill: Bill, payments: Sequence[Paying]) -> Iterator[Json]:
    with_money = [one for one in sorted(payments, key=lambda one: (one.created_at, one.external_id)) if one.net > 0]
    net = sum((one.net for one in with_money), ZERO)
    if bill.state == "cancelled" and net > 0:
        yield {"kind": "paid_but_cancelled", "payments": [one.external_id for one in with_money], "over": str(net)}
    elif len(with_money) > 1 and net > bill.total + ROUNDING:
        yield {"kind": "double_payment", "payments": [one.external_id for one in with_money],
               "over": str(net - bill.total)}  # fmt: skip
