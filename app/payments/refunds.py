"""Paying money back: a person's wish, a second person's word above a limit, and what Mollie made of it.

A refund is a row with a `key` before anything is sent. The key comes from the form and goes to Mollie with every try,
so that neither a double click nor a lost answer pays twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.auth import audit
from app.channels.models import Channel
from app.flows import services as ledger
from app.orders.models import Order
from app.orders.services import note
from app.payments.judging import judge_orders
from app.payments.models import Payment, Refund
from app.payments.queries import MoneyOfOrder
from app.payments.seen import RefundSeen
from app.payments.services import ask_again, take_refund

FLOW = "portal.refunds.mollie"
ZERO = Decimal(0)
OPEN = ("waiting", "requested")  # Money that is promised back, and that Mollie does not count yet.
TWIN = timedelta(hours=1)  # Mollie refuses the same sum of the same payment within it.
NO_REFUNDS = frozenset({"giftcard", "paysafecard"})


class NotRefundable(Exception):
    """`why`: unpaid, method, nothing_left, too_much, twin, decided, own, limit."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


class Left(NamedTuple):
    """`at_most`: what can be paid back of it now. `promised`: what is on its way already, and Mollie does not count."""

    payment: Payment
    promised: Decimal
    at_most: Decimal

    @property
    def is_some(self) -> bool:
        """Whether anything can be paid back."""
        return self.at_most > 0 and self.payment.status in ("paid", "authorized")


def left_of(session: Session, order_id: int) -> list[Left]:
    """The payments of an order of which something can be paid back, the newest first."""
    found = [_left(payment, promised) for payment, promised in _with_promised(session, Payment.order_id == order_id)]
    return [one for one in found if one.is_some]


def is_left(money: MoneyOfOrder) -> bool:
    """Whether `left_of` finds something, by what the order's page has read."""
    return any(_left(payment, _promised(money.refunds_of(payment))).is_some for payment in money.payments)


def _promised(refunds: Sequence[Refund]) -> Decimal:
    return sum((one.amount for one in refunds if one.state in OPEN), ZERO)


def _with_promised(session: Session, which: ColumnElement[bool]) -> list[tuple[Payment, Decimal]]:
    """Payments, each with what is promised back of it, the newest first."""
    promised = (
        select(func.coalesce(func.sum(Refund.amount), 0))
        .where(Refund.payment_id == Payment.id, Refund.state.in_(OPEN))
        .scalar_subquery()
    )
    rows = session.execute(select(Payment, promised).where(which).order_by(Payment.created_at.desc()))
    return [(row[0], row[1]) for row in rows]


def _left(payment: Payment, promised: Decimal) -> Left:
    received = payment.amount if payment.status == "paid" else payment.captured or ZERO
    ours = received - payment.refunded - payment.charged_back
    theirs = ours if payment.remaining is None else min(ours, payment.remaining)
    return Left(payment, promised, ZERO if payment.method in NO_REFUNDS else max(ZERO, theirs - promised))


def request(session: Session, payment_id: int, amount: Decimal, *, key: str, reason: str, note_: str,
            lines: Sequence[tuple[int, int]], returns: bool, user_id: int, limit: Decimal | None,
            now: datetime) -> Refund:  # fmt: skip
    """Want `amount` paid back. `limit`: up to which the person does that alone. `lines`: (line, pieces) it is for.

    The same `key` again is the same refund. Raises NotRefundable.
    """
    payment = session.execute(select(Payment).where(Payment.id == payment_id).with_for_update()).scalar_one()
    before = session.execute(select(Refund).where(Refund.key == key)).scalar_one_or_none()
    if before is not None:
        return before
    _check(session, payment, amount, now=now)
    alone = limit is None or amount <= limit
    session.execute(
        insert(Refund).values(
            payment_id=payment.id, key=key, state="requested" if alone else "waiting", amount=amount,
            currency=payment.currency, reason=reason, note=note_, lines=[list(line) for line in lines], returns=returns,
            created_at=now, requested_by=user_id,
        )
    )  # fmt: skip
    refund = session.execute(select(Refund).where(Refund.key == key)).scalar_one()
    after = {"refund": refund.id, "amount": str(amount), "reason": reason, "state": refund.state}
    audit.record(session, act="refunds.request", subject_kind="order", subject_id=str(payment.order_id), after=after)
    _tell(session, payment, refund, now=now)
    if alone:
        _send(session, payment, refund, now=now)
    return refund


def _check(session: Session, payment: Payment, amount: Decimal, *, now: datetime) -> None:
    ((_payment, promised),) = _with_promised(session, Payment.id == payment.id)
    left = _left(payment, promised)
    if payment.status != "paid" and not payment.captured:
        raise NotRefundable("unpaid")
    if payment.method in NO_REFUNDS:
        raise NotRefundable("method")
    if left.at_most <= 0:
        raise NotRefundable("nothing_left")
    if amount <= 0 or amount > left.at_most:
        raise NotRefundable("too_much")
    twin = session.execute(
        text("""SELECT 1 FROM refund WHERE payment_id = :id AND amount = :amount
                  AND (state = ANY(:open) OR (state IN ('pending', 'processed') AND created_at > :since)) LIMIT 1"""),
        {"id": payment.id, "amount": amount, "open": list(OPEN), "since": now - TWIN},
    ).first()
    if twin is not None:
        raise NotRefundable("twin")


def decide(session: Session, refund_id: int, *, agreed: bool, user_id: int, limit: Decimal | None,
           now: datetime) -> Refund:  # fmt: skip
    """The second person's word on a refund that waits. Raises NotRefundable: 'own' for the first person's own, and
    'limit' where it is above the second one's, too.
    """
    refund = session.execute(select(Refund).where(Refund.id == refund_id).with_for_update()).scalar_one()
    if refund.state != "waiting":
        raise NotRefundable("decided")
    if agreed and refund.requested_by == user_id:
        raise NotRefundable("own")
    if agreed and limit is not None and refund.amount > limit:
        raise NotRefundable("limit")
    payment = session.execute(select(Payment).where(Payment.id == refund.payment_id).with_for_update()).scalar_one()
    refund.decided_by, refund.decided_at = user_id, now
    refund.state = "requested" if agreed else "declined"
    session.flush()
    act = "refunds.agree" if agreed else "refunds.decline"
    after = {"refund": refund.id, "amount": str(refund.amount)}
    audit.record(session, act=act, subject_kind="order", subject_id=str(payment.order_id), after=after)
    _tell(session, payment, refund, now=now)
    if agreed:
        _send(session, payment, refund, now=now)
    return refund


def see_to(session: Session, refund_id: int, *, now: datetime) -> int | None:
    """A person dealt with a failed refund in another way; returns the order. Raises NotRefundable."""
    refund = session.execute(select(Refund).where(Refund.id == refund_id).with_for_update()).scalar_one()
    if refund.state != "failed":
        raise NotRefundable("decided")
    refund.seen_to = True
    session.flush()
    payment = session.get_one(Payment, refund.payment_id)
    audit.record(session, act="refunds.see_to", subject_kind="order", subject_id=str(payment.order_id),
                 after={"refund": refund.id})  # fmt: skip
    if payment.order_id is not None:
        judge_orders(session, [payment.order_id], now=now)
    return payment.order_id


def refunded_pieces(session: Session, order_id: int) -> dict[int, int]:
    """Line -> pieces for which money went back, or is about to."""
    rows = session.execute(
        text("""SELECT (x.value->>0)::bigint, sum((x.value->>1)::int)
                FROM refund r JOIN payment p ON p.id = r.payment_id
                CROSS JOIN LATERAL jsonb_array_elements(r.lines) x (value)
                WHERE p.order_id = :id AND r.state NOT IN ('failed', 'canceled', 'declined') GROUP BY 1"""),
        {"id": order_id},
    )
    return {row[0]: row[1] for row in rows}


def _send(session: Session, payment: Payment, refund: Refund, *, now: datetime) -> None:
    channel = session.execute(select(Channel.code).where(Channel.id == payment.channel_id)).scalar_one()
    ledger.send(session, FLOW, key=payment.external_id, channel=channel, body={"refund_id": refund.id}, now=now)


def _tell(session: Session, payment: Payment, refund: Refund, *, now: datetime) -> None:
    if payment.order_id is not None:
        facts = {"refund": refund.id, "state": refund.state, "amount": str(refund.amount),
                 "currency": refund.currency, "reason": refund.reason, "failure": refund.failure,
                 "by": refund.decided_by or refund.requested_by}  # fmt: skip
        note(session, payment.order_id, "refund", facts, now=now)


# What the flow writes


class ToSend(NamedTuple):
    """`first_sent_at`: when the key was first used at Mollie; None: never."""

    id: int
    payment: str
    payment_id: int
    amount: Decimal
    currency: str
    key: str
    order_number: str  # '' where no order of ours has the payment.
    first_sent_at: datetime | None


def to_send(session: Session, refund_id: int, *, now: datetime) -> ToSend | None:
    """A refund that is to go, marked as gone out; None when it is not to go any more."""
    refund = session.execute(select(Refund).where(Refund.id == refund_id).with_for_update()).scalar_one()
    if refund.state != "requested":
        return None
    payment = session.get_one(Payment, refund.payment_id)
    before = refund.sent_at
    refund.sent_at = before or now
    number = session.execute(select(Order.number).where(Order.id == payment.order_id)).scalar_one_or_none()
    return ToSend(refund.id, payment.external_id, payment.id, refund.amount, refund.currency, refund.key, number or "",
                  before)  # fmt: skip


def accepted(session: Session, refund: ToSend, seen: RefundSeen, channel: str, *, now: datetime) -> None:
    """Mollie has the refund. What that makes of the payment is asked for."""
    take_refund(session, refund.payment_id, refund.currency, seen, refund.id)
    _moved(session, refund.id, now=now)
    ask_again(session, channel, [refund.payment], now=now)


def refused(session: Session, refund_id: int, why: str, *, now: datetime) -> None:
    """Mollie will not do it; `why` in its words."""
    refund = session.execute(select(Refund).where(Refund.id == refund_id).with_for_update()).scalar_one()
    refund.state, refund.failure = "failed", why[:500]
    session.flush()
    _moved(session, refund_id, now=now)


def _moved(session: Session, refund_id: int, *, now: datetime) -> None:
    session.expire_all()
    refund = session.get_one(Refund, refund_id)
    payment = session.get_one(Payment, refund.payment_id)
    _tell(session, payment, refund, now=now)
    if payment.order_id is not None:
        judge_orders(session, [payment.order_id], now=now)


def limit_of(role: str, limits: Mapping[str, Decimal]) -> Decimal | None:
    """EUR that a role pays back alone; a role that is not named pays nothing back alone."""
    return limits.get(role, ZERO)
