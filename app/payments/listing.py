"""The lists of payments and of refunds: their columns, sorts and filters. `app.lists` makes the pages of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, select, union_all
from sqlalchemy.orm import Session, aliased

from app.auth.models import User
from app.channels.models import Channel
from app.extensions import settings
from app.lists.acts import Act, Refusal, Told
from app.lists.description import Column, ListDescription, Sort
from app.lists.filters import Amounts, Choice, Clause, Days, Option, Options, Words, YesNo
from app.lists.queries import distinct, moment_key, money_key
from app.orders.models import Order
from app.orders.queries import means
from app.payments import services, words
from app.payments.models import REFUND_STATES, MoneyEntry, Payment, Refund
from app.web.lazy import lazy as _l

_other, _refund = aliased(Payment), aliased(Refund)
STATES = ("open", "pending", "authorized", "paid", "partly_refunded", "refunded", "charged_back", "failed", "canceled",
          "expired")  # fmt: skip


def _quoted(text: str) -> Clause:
    """The payment whose id it is, and payments of an order that the text means. Each is a walk of one index."""
    by_id = select(_other.id).where(_other.external_id == text.strip())
    return Payment.id.in_(union_all(by_id, select(_other.id).where(_other.order_id.in_(_orders(text)))))


def _refund_quoted(text: str) -> Clause:
    mine = select(_refund.id).where(_refund.external_id == text.strip())
    of_payment = select(_refund.id).join(_other, _other.id == _refund.payment_id)
    by_payment = of_payment.where(_other.external_id == text.strip())
    return Refund.id.in_(union_all(mine, by_payment, of_payment.where(_other.order_id.in_(_orders(text)))))


def _orders(text: str) -> Select[Any]:
    return select(Order.id).where(means(text))


def _not_connected() -> Clause:
    return Channel.code.not_in(list(settings().mollie))


def _ask(session: Session, payment_ids: Sequence[int], told: Told) -> Mapping[int, int]:
    """One message per payment, as Mollie's webhook would name it."""
    rows = session.execute(
        select(Payment.id, Payment.external_id, Channel.code)
        .join(Channel, Channel.id == Payment.channel_id)
        .where(Payment.id.in_(payment_ids))
        .order_by(Payment.id)
    )
    sent: dict[int, int] = {}
    for row in rows.all():
        mark = f"bulk:{told.bulk_id}:{row.id}:{told.fence}"
        message_id = services.ask_once(session, row.code, row.external_id, mark=mark, now=told.now,
                                       origin=f"bulk:{told.bulk_id}")  # fmt: skip
        if message_id is not None:
            sent[row.id] = message_id
    return sent


def _options(session: Session) -> Options:
    """In two statements: storefronts, and the methods that payments have."""
    shops = session.execute(select(Channel.code, Channel.name, Channel.id).order_by(Channel.position))
    (methods,) = distinct(session, Payment.method)
    return {
        "channel": [Option(*row) for row in shops],
        "state": [Option(state, words.payment(state), state) for state in STATES],
        "method": [Option(name, name, name) for name in methods if name],
    }


def _refund_options(session: Session) -> Options:
    shops = session.execute(select(Channel.code, Channel.name, Channel.id).order_by(Channel.position))
    return {
        "channel": [Option(*row) for row in shops],
        "state": [Option(state, words.refund(state), state) for state in REFUND_STATES],
        "reason": [Option(name, label, name) for name, label in words.reasons()],
    }


_fee = (
    select(MoneyEntry.amount)
    .where(MoneyEntry.payment_id == Payment.id, MoneyEntry.kind == "fee")
    .order_by(MoneyEntry.id)
    .limit(1)
)
PAYMENTS = ListDescription(
    name="payments",
    title=_l("Payments"),
    empty=_l("No payment matches."),
    endpoint="payments.index",
    permission="payments.read",
    id=Payment.id,
    source=Payment.__table__.join(Channel.__table__, Channel.id == Payment.channel_id)
    .outerjoin(Order.__table__, Order.id == Payment.order_id),
    label=Payment.external_id,
    acts=(
        Act("ask", _l("Ask Mollie again"), _l("Mollie is asked how each payment stands now."), "orders.write", _ask,
            refusals=(Refusal("not_connected", _l("there is no key for the storefront"), _not_connected),),
            wakes=(services.FLOW,)),
    ),
    cells="payments/cells.html",
    search="q",
    search_hint=_l("Mollie's id, order, name, mail…"),
    columns=(
        Column("payment", _l("Payment"), {"external_id": Payment.external_id, "order_id": Payment.order_id,
                                          "number": Order.number},
               lambda row: row.external_id, narrow=True),
        Column("order", _l("Order"), {"number": Order.number, "order_id": Payment.order_id,
                                      "told": Payment.order_number}, lambda row: row.number or row.told or ""),
        Column("customer", _l("Customer"), {"name": Order.name, "email": Order.email},
               lambda row: row.name or row.email or ""),
        Column("channel", _l("Storefront"), {"channel": Channel.name}, lambda row: row.channel),
        Column("state", _l("State"), {"state": Payment.state}, lambda row: words.payment(row.state), narrow=True),
        Column("method", _l("Method"), {"method": Payment.method}, lambda row: row.method),
        Column("amount", _l("Amount"), {"amount": Payment.amount, "currency": Payment.currency},
               lambda row: row.amount, "num", narrow=True, sort="amount"),
        Column("refunded", _l("Paid back"), {"refunded": Payment.refunded, "currency": Payment.currency},
               lambda row: row.refunded, "num"),
        Column("charged_back", _l("Charged back"),
               {"charged_back": Payment.charged_back, "currency": Payment.currency},
               lambda row: row.charged_back, "num", first=False),
        Column("fee", _l("Mollie's fee"), {"fee": _fee.scalar_subquery(), "currency": Payment.currency},
               lambda row: row.fee, "num", first=False),
        Column("linked", _l("Found"), {"linked": Payment.linked_by}, lambda row: words.linked(row.linked), first=False),
        Column("settlement", _l("Settlement"), {"settlement": Payment.settlement_id},
               lambda row: row.settlement or "", first=False),
        Column("created", _l("Made"), {"created_at": Payment.created_at}, lambda row: row.created_at, "num",
               sort="created"),
        Column("asked", _l("Asked"), {"read_at": Payment.read_at}, lambda row: row.read_at, "num", first=False),
    ),
    sorts=(
        Sort("created", _l("Made"), Payment.created_at, moment_key, falls=True),
        Sort("amount", _l("Amount"), Payment.amount, money_key, falls=True),
    ),
    filters=(
        Words("q", _l("Search"), _quoted),
        Choice("channel", _l("Storefront"), Payment.channel_id),
        Choice("state", _l("State"), Payment.state),
        Choice("method", _l("Method"), Payment.method),
        Amounts("amount", _l("Amount"), Payment.amount),
        Days("created", _l("Made"), Payment.created_at),
        YesNo("stray", _l("Without an order"), Payment.order_id.is_(None)),
        YesNo("differs", _l("Our ledger differs"), Payment.difference != 0),
    ),
    options=_options,
)  # fmt: skip

REFUNDS = ListDescription(
    name="refunds",
    title=_l("Refunds"),
    empty=_l("No refund matches."),
    endpoint="payments.refunds_index",
    permission="payments.read",
    id=Refund.id,
    source=Refund.__table__.join(Payment.__table__, Payment.id == Refund.payment_id)
    .join(Channel.__table__, Channel.id == Payment.channel_id)
    .outerjoin(Order.__table__, Order.id == Payment.order_id)
    .outerjoin(User.__table__, User.id == Refund.requested_by),
    label=Payment.external_id,
    cells="payments/refund_cells.html",
    search="q",
    search_hint=_l("Mollie's id, order, name, mail…"),
    columns=(
        Column("order", _l("Order"), {"number": Order.number, "order_id": Payment.order_id,
                                      "payment": Payment.external_id},
               lambda row: row.number or row.payment, narrow=True),
        Column("customer", _l("Customer"), {"name": Order.name, "email": Order.email},
               lambda row: row.name or row.email or ""),
        Column("channel", _l("Storefront"), {"channel": Channel.name}, lambda row: row.channel),
        Column("state", _l("State"), {"state": Refund.state, "failure": Refund.failure},
               lambda row: words.refund(row.state), narrow=True),
        Column("reason", _l("Reason"), {"reason": Refund.reason, "note": Refund.note},
               lambda row: words.reason(row.reason)),
        Column("amount", _l("Amount"), {"amount": Refund.amount, "currency": Refund.currency},
               lambda row: row.amount, "num", narrow=True, sort="amount"),
        Column("by", _l("Asked by"), {"by": User.name}, lambda row: row.by or ""),
        Column("id", _l("Mollie"), {"external_id": Refund.external_id}, lambda row: row.external_id or "",
               first=False),
        Column("created", _l("Since"), {"created_at": Refund.created_at}, lambda row: row.created_at, "num",
               sort="created"),
    ),
    sorts=(
        Sort("created", _l("Since"), Refund.created_at, moment_key, falls=True),
        Sort("amount", _l("Amount"), Refund.amount, money_key, falls=True),
    ),
    filters=(
        Words("q", _l("Search"), _refund_quoted),
        Choice("channel", _l("Storefront"), Payment.channel_id),
        Choice("state", _l("State"), Refund.state),
        Choice("reason", _l("Reason"), Refund.reason),
        Amounts("amount", _l("Amount"), Refund.amount),
        Days("created", _l("Since"), Refund.created_at),
        YesNo("ours", _l("Asked for here"), Refund.requested_by.is_not(None)),
    ),
    options=_refund_options,
)  # fmt: skip
