"""Payments, refunds and chargebacks as Mollie tells them, the ledger of money, and the verdict per order.

Amounts are in the payment's currency. Statuses are Mollie's words (`integrations/mollie/README.md`); one that we do not
know is kept as it came.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Created, Id, Moment, Money, Short, Words

# What came of an intended refund. Nothing is `processed` before Mollie says so.
REFUND_STATES = ("waiting", "requested", "pending", "processed", "failed", "canceled", "declined")
REFUND_REASONS = ("withdrawn", "returned", "defective", "not_sent", "price", "double", "goodwill", "other")
ENTRY_KINDS = ("authorised", "paid", "refund", "refund_returned", "chargeback", "chargeback_reversed", "fee")


class Payment(Base):
    """A payment at Mollie. `state` is its status, or what the amounts say: refunded, partly_refunded, charged_back."""

    __tablename__ = "payment"
    __table_args__ = (
        UniqueConstraint("external_id"),
        Index(None, "order_id"),
        Index("ix_payment_order_number", "channel_id", "order_number", postgresql_where=sql("order_id IS NULL")),
        Index("ix_payment_stray", "created_at", "id", postgresql_where=sql("order_id IS NULL")),
        Index("ix_payment_transaction_id", "transaction_id", postgresql_where=sql("transaction_id IS NOT NULL")),
        Index("ix_payment_due_at", "channel_id", "due_at", postgresql_where=sql("due_at IS NOT NULL")),
        Index(None, "created_at", "id"),
        Index(None, "channel_id", "created_at", "id"),
        Index(None, "state", "created_at", "id"),
        Index(None, "amount", "id"),
        Index(None, "method", "created_at", "id"),
        Index("ix_payment_differs", "id", postgresql_where=sql("difference <> 0")),
    )

    id: Mapped[Id]
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"))
    external_id: Mapped[Short]  # tr_…
    order_id: Mapped[int | None] = mapped_column(ForeignKey("shop_order.id", ondelete="SET NULL"))
    linked_by: Mapped[Short] = mapped_column(server_default="")  # webhook, metadata, shop, description
    transaction_id: Mapped[str | None] = mapped_column(String(32))  # The shop's attempt that it says it is for.
    order_number: Mapped[str | None]  # The shop's number that it says it is for.
    described: Mapped[bool] = mapped_column(server_default="false")  # The number is read from a text for people.
    status: Mapped[Short]
    state: Mapped[Short]
    shop_state: Mapped[Short] = mapped_column(server_default="")  # What the shop's attempt should say; '' unknown.
    method: Mapped[Short] = mapped_column(server_default="")
    currency: Mapped[str] = mapped_column(String(3))
    amount: Mapped[Money]
    refunded: Mapped[Money]  # As Mollie counts it.
    charged_back: Mapped[Money]
    captured: Mapped[Money | None]
    remaining: Mapped[Money | None]  # What can be refunded; None before it can.
    mode: Mapped[Short] = mapped_column(server_default="")
    created_at: Mapped[Moment]  # At Mollie, as the next five.
    authorized_at: Mapped[Moment | None]
    paid_at: Mapped[Moment | None]
    ended_at: Mapped[Moment | None]  # Canceled, expired or failed.
    expires_at: Mapped[Moment | None]
    settlement_id: Mapped[str | None] = mapped_column(String(64))
    dashboard: Mapped[Words] = mapped_column(server_default="")  # Mollie's own page of it.
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")  # Nothing that names a person.
    difference: Mapped[Money] = mapped_column(server_default="0")  # Our ledger's balance minus Mollie's.
    content_hash: Mapped[Short]
    read_at: Mapped[Moment]  # When the answer was asked for that this is from.
    changed_at: Mapped[Moment]  # When Mollie last told something new.
    due_at: Mapped[Moment | None]  # When to ask again; None: nothing is expected.


class Refund(Base):
    """Money on its way back: intended here, or found at Mollie. `key` makes the intended one happen once.

    States: waiting (for a second person), requested (on its way to Mollie), pending (Mollie has it), processed, failed,
    canceled, declined (by the second person).
    """

    __tablename__ = "refund"
    __table_args__ = (
        UniqueConstraint("key"),
        Index("uq_refund_external_id", "external_id", unique=True, postgresql_where=sql("external_id IS NOT NULL")),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint(
            "state IN ('waiting', 'requested', 'pending', 'processed', 'failed', 'canceled', 'declined')",
            name="state_known",
        ),
        Index(None, "payment_id"),
        Index(None, "created_at", "id"),
        Index(None, "state", "created_at", "id"),
        Index(None, "amount", "id"),
        Index("ix_refund_returns", "payment_id", postgresql_where=sql("returns")),
        Index("ix_refund_waiting", "created_at", postgresql_where=sql("state = 'waiting'")),
    )

    id: Mapped[Id]
    payment_id: Mapped[int] = mapped_column(ForeignKey("payment.id"))
    external_id: Mapped[str | None] = mapped_column(String(64))  # re_…; None until Mollie has it.
    key: Mapped[Short]  # Of the act: from the form, so that a double click is one; of a found one Mollie's id.
    state: Mapped[Short]
    status: Mapped[Short] = mapped_column(server_default="")  # Mollie's word.
    amount: Mapped[Money]
    currency: Mapped[str] = mapped_column(String(3))
    reason: Mapped[Short] = mapped_column(server_default="")  # One of REFUND_REASONS; '' for a found one.
    note: Mapped[Words] = mapped_column(server_default="")
    lines: Mapped[list[Any]] = mapped_column(JSONB, server_default="[]")  # [[line id, pieces]] that it is for.
    returns: Mapped[bool] = mapped_column(server_default="false")  # The pieces come back, or were never sent.
    created_at: Mapped[Moment]
    requested_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    decided_at: Mapped[Moment | None]
    sent_at: Mapped[Moment | None]  # First use of `key` at Mollie, which forgets it after an hour.
    accepted_at: Mapped[Moment | None]  # When Mollie had it.
    failure: Mapped[Words] = mapped_column(server_default="")
    seen_to: Mapped[bool] = mapped_column(server_default="false")  # A person dealt with a failed one otherwise.
    settlement_id: Mapped[str | None] = mapped_column(String(64))


class Chargeback(Base):
    """Money that a customer took back through their bank."""

    __tablename__ = "chargeback"
    __table_args__ = (Index(None, "payment_id"), Index(None, "created_at", "id"))

    id: Mapped[Id]
    payment_id: Mapped[int] = mapped_column(ForeignKey("payment.id"))
    external_id: Mapped[Short] = mapped_column(unique=True)  # chb_…
    amount: Mapped[Money]
    currency: Mapped[str] = mapped_column(String(3))
    created_at: Mapped[Moment]
    reversed_at: Mapped[Moment | None]
    reason: Mapped[Words] = mapped_column(server_default="")
    settlement_id: Mapped[str | None] = mapped_column(String(64))


class MoneyEntry(Base):
    """The ledger of money: append only. A sum in it is never changed, only answered by another.

    `authorised` is a promise and counts for no balance. Money that came is above zero, money that went below.
    """

    __tablename__ = "money_entry"
    __table_args__ = (
        UniqueConstraint("payment_id", "kind", "reference", "turn"),
        CheckConstraint(
            "kind IN ('authorised', 'paid', 'refund', 'refund_returned', 'chargeback', 'chargeback_reversed', 'fee')",
            name="kind_known",
        ),
        Index(None, "reference"),
        Index(None, "booked_at", "id"),
    )

    id: Mapped[Id]
    payment_id: Mapped[int] = mapped_column(ForeignKey("payment.id"))
    kind: Mapped[Short]
    reference: Mapped[Short]  # Of what it tells: re_…, chb_…, cpt_…, baltr_…, or the payment itself.
    turn: Mapped[int] = mapped_column(server_default="0")  # Which time: a correction of what was booked is the next.
    amount: Mapped[Money]
    currency: Mapped[str] = mapped_column(String(3))
    at: Mapped[Moment]  # At Mollie.
    booked_at: Mapped[Created]


class OrderMoney(Base):
    """The verdict on an order's money, from all attempts, payments, refunds and chargebacks together."""

    __tablename__ = "order_money"
    __table_args__ = (
        Index("ix_order_money_doubt", "since", "order_id", postgresql_where=sql("doubt")),
        Index("ix_order_money_verdict", "verdict", "order_id"),
    )

    order_id: Mapped[int] = mapped_column(ForeignKey("shop_order.id", ondelete="CASCADE"), primary_key=True)
    verdict: Mapped[Short]
    paid: Mapped[Money]
    refunded: Mapped[Money]
    charged_back: Mapped[Money]
    doubt: Mapped[bool]  # Something does not fit: `problems` says what.
    problems: Mapped[list[Any]] = mapped_column(JSONB, server_default="[]")  # {kind, …facts}
    since: Mapped[Moment | None]  # When the first of them was seen; None without any.
    judged_at: Mapped[Moment]


class Settlement(Base):
    """What Mollie paid out in one go, with what it says that it consists of."""

    __tablename__ = "settlement"
    __table_args__ = (Index(None, "settled_at", "id"),)

    id: Mapped[Id]
    external_id: Mapped[Short] = mapped_column(unique=True)  # stl_…
    reference: Mapped[Words] = mapped_column(server_default="")  # As the bank statement shows it.
    status: Mapped[Short]
    currency: Mapped[str] = mapped_column(String(3))
    amount: Mapped[Money]
    costs: Mapped[Money]  # What Mollie kept for itself, above zero.
    settled_at: Mapped[Moment | None]
    created_at: Mapped[Moment | None]
    read_at: Mapped[Moment]
    content_hash: Mapped[Short]


class SettlementLine(Base):
    """A member of a settlement: a payment, capture, refund or chargeback. What went back is below zero."""

    __tablename__ = "settlement_line"
    __table_args__ = (
        UniqueConstraint("settlement_id", "kind", "reference"),
        Index(None, "reference"),
    )

    id: Mapped[Id]
    settlement_id: Mapped[int] = mapped_column(ForeignKey("settlement.id", ondelete="CASCADE"))
    kind: Mapped[Short]  # payment, capture, refund, chargeback
    reference: Mapped[Short]  # Mollie's id of it.
    payment: Mapped[Short]  # tr_… that it belongs to.
    amount: Mapped[Money]
    currency: Mapped[str] = mapped_column(String(3))
    at: Mapped[Moment | None]
