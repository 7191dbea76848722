"""What pages read of payments and refunds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, BindParameter, Select, bindparam, or_, select, text
from sqlalchemy.orm import Session

from app.auth.models import User
from app.bundle import objects
from app.payments.models import Chargeback, OrderMoney, Payment, Refund, Settlement
from app.payments.settlements import BOOKED_KIND


class MoneyOfOrder(NamedTuple):
    """Everything about an order's money. `names`: of the people who asked for or agreed to refunds."""

    verdict: OrderMoney | None
    payments: Sequence[Payment]
    refunds: Sequence[Refund]
    chargebacks: Sequence[Chargeback]
    names: Mapping[int, str]

    def of_attempt(self, attempt: str, payment_id: str | None) -> list[Payment]:
        """Payments of an attempt of the shop."""
        return [one for one in self.payments if attempt == one.transaction_id or one.external_id == payment_id]

    def refunds_of(self, payment: Payment) -> list[Refund]:
        """Refunds of a payment, the newest first."""
        return [one for one in self.refunds if one.payment_id == payment.id]

    def chargebacks_of(self, payment: Payment) -> list[Chargeback]:
        """Chargebacks of a payment."""
        return [one for one in self.chargebacks if one.payment_id == payment.id]

    @property
    def under_way(self) -> Decimal:
        """What Mollie has to pay back and did not yet."""
        return sum((one.amount for one in self.refunds if one.state == "pending"), Decimal(0))

    @property
    def asked_at(self) -> datetime | None:
        """When Mollie was last asked about any of the payments."""
        return max((one.read_at for one in self.payments), default=None)


# Made once, about `:order_id`.
_THIS: BindParameter[int] = bindparam("order_id", type_=BigInteger)
_PAYMENTS = select(Payment).where(Payment.order_id == _THIS).order_by(Payment.created_at.desc(), Payment.id)
_REFUNDS = (
    select(Refund)
    .join(Payment, Payment.id == Refund.payment_id)
    .where(Payment.order_id == _THIS)
    .order_by(Refund.created_at.desc(), Refund.id.desc())
)
_CHARGEBACKS = (
    select(Chargeback)
    .join(Payment, Payment.id == Chargeback.payment_id)
    .where(Payment.order_id == _THIS)
    .order_by(Chargeback.created_at.desc())
)
_NAMES = (
    select(User.id, User.name)
    .join(Refund, or_(Refund.requested_by == User.id, Refund.decided_by == User.id))
    .join(Payment, Payment.id == Refund.payment_id)
    .where(Payment.order_id == _THIS)
)
_VERDICT = select(OrderMoney).where(OrderMoney.order_id == _THIS)


# Parts of the bundle of an order's page.
OF_ORDER: dict[str, Select[*tuple[Any, ...]]] = {
    "verdict": _VERDICT, "money_payments": _PAYMENTS, "refunds": _REFUNDS, "chargebacks": _CHARGEBACKS, "names": _NAMES,
}  # fmt: skip


def of_order(rows: Mapping[str, list[dict[str, Any]]]) -> MoneyOfOrder:
    """From the rows of OF_ORDER."""
    return MoneyOfOrder(
        next(iter(objects(OrderMoney, rows["verdict"])), None), objects(Payment, rows["money_payments"]),
        objects(Refund, rows["refunds"]), objects(Chargeback, rows["chargebacks"]),
        {row["id"]: row["name"] for row in rows["names"]},
    )  # fmt: skip


class Doubt(NamedTuple):
    """An order whose money does not fit."""

    order_id: int
    number: str
    channel: str
    channel_code: str
    total: Decimal
    currency: str
    verdict: str
    problems: list[dict[str, Any]]
    since: datetime


_DOUBTS = text("""
    SELECT o.id, o.number, c.name, c.code, o.total, o.currency, m.verdict, m.problems, m.since
    FROM order_money m JOIN shop_order o ON o.id = m.order_id JOIN channel c ON c.id = o.channel_id
    WHERE m.doubt AND m.since <= :before ORDER BY m.since, m.order_id LIMIT :limit
""")


def doubts(session: Session, *, before: datetime, limit: int) -> list[Doubt]:
    """Orders whose money does not fit since before a moment, the longest first."""
    return [Doubt._make(row) for row in session.execute(_DOUBTS, {"before": before, "limit": limit})]


class Stray(NamedTuple):
    """A payment without an order of ours."""

    external_id: str
    channel: str
    state: str
    amount: Decimal
    currency: str
    order_number: str | None
    created_at: datetime


_STRAYS = text("""
    SELECT p.external_id, c.name, p.state, p.amount, p.currency, p.order_number, p.created_at
    FROM payment p JOIN channel c ON c.id = p.channel_id
    WHERE p.order_id IS NULL AND p.created_at < :before AND p.status IN ('paid', 'authorized')
    ORDER BY p.created_at DESC LIMIT :limit
""")


def strays(session: Session, *, before: datetime, limit: int) -> list[Stray]:
    """Payments with money that belong to no order, made before a moment."""
    return [Stray._make(row) for row in session.execute(_STRAYS, {"before": before, "limit": limit})]


class SettlementRow(NamedTuple):
    """`wrong`: members that are not booked here with the same sum; `apart`: what members and costs do not explain."""

    settlement: Settlement
    members: int
    wrong: int
    apart: Decimal


_SETTLED = text(f"""
    SELECT s.id, count(l.id) AS members, s.amount - COALESCE(sum(l.amount), 0) + s.costs AS apart,
      count(l.id) FILTER (WHERE l.amount IS DISTINCT FROM (
        SELECT sum(e.amount) FROM money_entry e JOIN payment p ON p.id = e.payment_id
        WHERE p.external_id = l.payment AND e.reference = l.reference AND e.kind = {BOOKED_KIND})) AS wrong
    FROM settlement s LEFT JOIN settlement_line l ON l.settlement_id = s.id
    WHERE s.id = ANY(:ids) GROUP BY s.id
""")  # noqa: S608  # A constant of settlements.py.


def settlements(session: Session, *, limit: int) -> list[SettlementRow]:
    """The latest settlements, the open one first, each with what does not fit."""
    rows = session.execute(
        select(Settlement).order_by(Settlement.settled_at.desc().nulls_first(), Settlement.id.desc()).limit(limit)
    ).scalars().all()  # fmt: skip
    found = {row.id: row for row in session.execute(_SETTLED, {"ids": [row.id for row in rows]})}
    return [SettlementRow(row, found[row.id].members, found[row.id].wrong, found[row.id].apart) for row in rows]


def refunds_waiting(session: Session, *, limit: int) -> list[Any]:
    """Refunds and cancellations that want a second person, the oldest first."""
    rows = session.execute(
        text("""SELECT 'refund' AS kind, r.id, r.amount, r.currency, r.reason, r.note, r.created_at, r.requested_by,
                       u.name, o.id AS order_id, o.number, c.name AS channel
                FROM refund r JOIN payment p ON p.id = r.payment_id JOIN channel c ON c.id = p.channel_id
                LEFT JOIN shop_order o ON o.id = p.order_id LEFT JOIN user_account u ON u.id = r.requested_by
                WHERE r.state = 'waiting'
                UNION ALL
                SELECT 'act', a.id, o.total, o.currency, '', a.reason, a.created_at, a.requested_by, u.name, o.id,
                       o.number, c.name
                FROM order_act a JOIN shop_order o ON o.id = a.order_id JOIN channel c ON c.id = o.channel_id
                LEFT JOIN user_account u ON u.id = a.requested_by
                WHERE a.state = 'waiting'
                ORDER BY created_at LIMIT :limit"""),
        {"limit": limit},
    )
    return list(rows)
