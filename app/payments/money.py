"""What the ledger of money must hold for a payment as Mollie tells it. Pure.

The ledger is append only, so a refund that fails is not taken out: the same sum is booked back. What was booked is
given as the balance per (kind, reference), and what is missing comes out as the next turn of it: the same payment seen
twice, or seen late, books nothing again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from app.payments.seen import PaymentSeen

CASH = ("paid", "refund", "refund_returned", "chargeback", "chargeback_reversed")  # What a balance is made of.
NOT_REFUNDED = ("failed", "canceled")
ZERO = Decimal(0)


class Entry(NamedTuple):
    """`turn`: which time of this kind and reference."""

    kind: str
    reference: str
    turn: int
    amount: Decimal
    at: datetime


class Booked(NamedTuple):
    """What stands in the ledger of one kind and reference."""

    amount: Decimal
    turns: int


Books = Mapping[tuple[str, str], Booked]
NOTHING = Booked(ZERO, 0)


class _Due(NamedTuple):
    kind: str
    reference: str
    amount: Decimal
    at: datetime


def entries(payment: PaymentSeen, booked: Books, *, gone: Iterable[str] = ()) -> Iterator[Entry]:
    """What is to be booked. `gone`: refunds that were booked and that Mollie does not know any more: canceled."""
    for due in _due(payment, booked, gone):
        known = booked.get((due.kind, due.reference), NOTHING)
        if due.amount != known.amount:
            yield Entry(due.kind, due.reference, known.turns, due.amount - known.amount, due.at)


def _due(payment: PaymentSeen, booked: Books, gone: Iterable[str]) -> Iterator[_Due]:
    if payment.authorized_at is not None or payment.status == "authorized":
        yield _Due("authorised", payment.external_id, payment.amount, payment.authorized_at or payment.created_at)
    yield from _paid(payment)
    for refund in payment.refunds:
        yield from _refund(refund.external_id, refund.amount, refund.status in NOT_REFUNDED, booked, refund.created_at)
    for id_ in gone:
        known = booked.get(("refund", id_), NOTHING)
        if known.amount:
            yield from _refund(id_, -known.amount, True, booked, payment.asked_at)
    for back in payment.chargebacks:
        yield _Due("chargeback", back.external_id, -back.amount, back.created_at)
        if back.reversed_at is not None:
            yield _Due("chargeback_reversed", back.external_id, back.amount, back.reversed_at)
        elif ("chargeback_reversed", back.external_id) in booked:
            yield _Due("chargeback_reversed", back.external_id, ZERO, payment.asked_at)


def _paid(payment: PaymentSeen) -> Iterator[_Due]:
    """Captured money by its captures, all other at once."""
    taken = [one for one in payment.captures if one.status == "succeeded"]
    if taken:
        for one in taken:
            yield _Due("paid", one.external_id, one.amount, one.created_at)
    elif payment.status == "paid":
        yield _Due("paid", payment.external_id, payment.amount, payment.paid_at or payment.created_at)


def _refund(id_: str, amount: Decimal, returned: bool, booked: Books, at: datetime) -> Iterator[_Due]:
    """One that came to nothing before it was ever booked leaves no trace."""
    if returned and ("refund", id_) not in booked:
        return
    yield _Due("refund", id_, -amount, at)
    if returned or ("refund_returned", id_) in booked:
        yield _Due("refund_returned", id_, amount if returned else ZERO, at)


def balance(booked: Books) -> Decimal:
    """Money that is with us: what came, without what went back."""
    return sum((one.amount for (kind, _reference), one in booked.items() if kind in CASH), ZERO)


def difference(payment: PaymentSeen, books: Books) -> Decimal:
    """Our balance minus Mollie's.

    Whether Mollie's sums count a queued refund, or a chargeback that was reversed, is nowhere said: either is right.
    """
    theirs = _received(payment) - payment.refunded - payment.charged_back
    ours = balance(books)
    queued = sum((one.amount for one in payment.refunds if one.status == "queued"), ZERO)
    reversed_ = sum((one.amount for one in payment.chargebacks if one.reversed_at is not None), ZERO)
    ways = {theirs + more + again for more in (ZERO, -queued) for again in (ZERO, reversed_)}
    return ZERO if ours in ways else ours - theirs


def _received(payment: PaymentSeen) -> Decimal:
    if payment.status == "paid":
        return payment.captured or payment.amount
    return payment.captured or ZERO if payment.status == "authorized" else ZERO
