"""Business acts on payments: apply what Mollie tells, book it, link it to its order, and judge the order anew."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.db import Json, copy_rows, stage_rows
from app.flows import services as ledger
from app.flows.services import Delivery
from app.orders.services import note
from app.payments import money
from app.payments.judging import judge_orders
from app.payments.seen import PaymentSeen, RefundSeen

FLOW = "mollie.payments.portal"
FINAL = ("paid", "canceled", "expired", "failed")
REFUND_STATE = {"queued": "pending", "pending": "pending", "processing": "pending", "refunded": "processed",
                "failed": "failed", "canceled": "canceled"}  # fmt: skip
UNDER_WAY = ("queued", "pending", "processing")
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=20), timedelta(hours=6)
REFUND_PAUSE = timedelta(minutes=15)


class Applied(NamedTuple):
    """`moved`: external ids of payments of which something is new; `orders`: our ids of orders that were judged."""

    moved: list[str]
    unchanged: int
    orders: list[int]


_COLUMNS = (
    "external_id", "transaction_id", "order_number", "described", "status", "state", "shop_state", "method", "currency",
    "amount", "refunded", "charged_back", "captured", "remaining", "mode", "created_at", "authorized_at", "paid_at",
    "ended_at", "expires_at", "settlement_id", "dashboard", "details",
)  # fmt: skip
_LISTED = ", ".join(_COLUMNS)
_TAKEN = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[1:])
_KNOWN = text("SELECT external_id, content_hash, read_at, status FROM payment WHERE external_id = ANY(:ids) "
              "ORDER BY external_id FOR UPDATE")  # fmt: skip
_UPSERT = text(f"""
    INSERT INTO payment AS p (channel_id, content_hash, read_at, changed_at, due_at, {_LISTED})
    SELECT :channel_id, content_hash, read_at, :now, due_at, {_LISTED} FROM seen_payment ORDER BY external_id
    ON CONFLICT (external_id) DO UPDATE SET {_TAKEN}, content_hash = excluded.content_hash,
      read_at = excluded.read_at, due_at = excluded.due_at,
      changed_at = CASE WHEN p.content_hash = excluded.content_hash THEN p.changed_at ELSE excluded.changed_at END
    RETURNING p.id, p.external_id, p.order_id
""")  # noqa: S608  # Constants of this module.
_BOOKED = text("""
    SELECT payment_id, kind, reference, sum(amount) AS amount, count(*) AS turns FROM money_entry
    WHERE payment_id = ANY(:ids) AND kind <> 'fee' GROUP BY payment_id, kind, reference
""")
_DIFFERENCE = text("UPDATE payment SET difference = :difference WHERE id = :id AND difference <> :difference")
# A page shows more of a payment than the verdict: how far a refund is, how it was paid.
_SEEN = text("""
    UPDATE shop_order o SET revision = o.revision + 1
    WHERE o.id IN (SELECT p.order_id FROM payment p WHERE p.id = ANY(:ids))
""")
# The shop's own id of the attempt in the webhook's address says most, then the number that its plugin wrote, then what
# the shop says of Mollie's id; a number read from a text for people comes last.
_LINK = text("""
    UPDATE payment p SET order_id = l.order_id, linked_by = l.by FROM (
      SELECT p.id, COALESCE(a.order_id, m.id, s.order_id, d.id) AS order_id,
             CASE WHEN a.order_id IS NOT NULL THEN 'webhook' WHEN m.id IS NOT NULL THEN 'metadata'
                  WHEN s.order_id IS NOT NULL THEN 'shop' ELSE 'description' END AS by
      FROM payment p
      LEFT JOIN LATERAL (
        SELECT x.order_id FROM order_payment x JOIN shop_order o ON o.id = x.order_id
        WHERE x.external_id = p.transaction_id AND o.channel_id = p.channel_id LIMIT 1) a ON true
      LEFT JOIN LATERAL (
        SELECT o.id FROM shop_order o WHERE NOT p.described AND o.number = p.order_number
          AND o.channel_id = p.channel_id ORDER BY o.placed_at DESC LIMIT 1) m ON true
      LEFT JOIN LATERAL (
        SELECT x.order_id FROM order_payment x JOIN shop_order o ON o.id = x.order_id
        WHERE x.mollie_payment_id = p.external_id AND o.channel_id = p.channel_id LIMIT 1) s ON true
      LEFT JOIN LATERAL (
        SELECT o.id FROM shop_order o WHERE p.described AND o.number = p.order_number
          AND o.channel_id = p.channel_id ORDER BY o.placed_at DESC LIMIT 1) d ON true
      WHERE p.id = ANY(:ids)) l
    WHERE p.id = l.id AND l.order_id IS NOT NULL AND p.order_id IS DISTINCT FROM l.order_id
    RETURNING p.order_id
""")


def apply_payments(session: Session, channel_id: int, payments: Sequence[PaymentSeen], *, now: datetime) -> Applied:
    """Make payments what Mollie says they are now, book what is missing, and judge their orders.

    An answer that was asked for before the one that we have is passed over. What did not change moves nothing but the
    moment at which it is asked for again.
    """
    latest = {one.external_id: one for one in sorted(payments, key=lambda one: one.asked_at)}
    known = {row.external_id: row for row in session.execute(_KNOWN, {"ids": sorted(latest)})}
    fresh = [one for id_, one in sorted(latest.items()) if id_ not in known or known[id_].read_at <= one.asked_at]
    hashes = {one.external_id: _hash(one) for one in fresh}
    moved = [one for one in fresh if one.external_id not in known
             or known[one.external_id].content_hash != hashes[one.external_id]]  # fmt: skip
    rows = _write(session, channel_id, fresh, hashes, now=now)
    ids = {external: id_ for external, (id_, _order) in rows.items()}
    for one in moved:
        _apply_parts(session, ids[one.external_id], one, now=now)
    orders = {order for _id, order in rows.values() if order is not None and moved}
    if moved:
        orders |= set(link(session, [ids[one.external_id] for one in moved]))
    touched = sorted(orders)
    judge_orders(session, touched, now=now)
    session.execute(_SEEN, {"ids": [ids[one.external_id] for one in moved]})
    return Applied([one.external_id for one in moved], len(latest) - len(moved), touched)


def _hash(payment: PaymentSeen) -> str:
    """Of everything but when it was asked for."""
    return hashlib.sha256(repr((payment.external_id, payment[2:])).encode()).hexdigest()


def _write(session: Session, channel_id: int, payments: Sequence[PaymentSeen], hashes: dict[str, str], *,
           now: datetime) -> dict[str, tuple[int, int | None]]:  # fmt: skip
    """Upsert; Mollie's id to ours and the order's."""
    columns = (*_COLUMNS, "content_hash", "read_at", "due_at")
    stage_rows(session, "seen_payment", "payment", columns, (
        (*(_plain(getattr(one, name)) for name in _COLUMNS), hashes[one.external_id], one.asked_at, due(one, now=now))
        for one in payments
    ))  # fmt: skip
    found = session.execute(_UPSERT, {"channel_id": channel_id, "now": now})
    return {row.external_id: (row.id, row.order_id) for row in found}


def _plain(value: object) -> object:
    return json.dumps(value) if isinstance(value, dict) else value


def due(payment: PaymentSeen, *, now: datetime) -> datetime | None:
    """When to ask again: soon while it is young, seldom when it is old, never when nothing is expected.

    Mollie sends no word of a payment that is open or pending, nor of a refund that waits.
    """
    if payment.status not in FINAL:
        age = now - payment.created_at
        return now + min(LONGEST_PAUSE, max(FIRST_PAUSE, age / 2))
    if any(one.status in UNDER_WAY for one in payment.refunds):
        return now + REFUND_PAUSE
    return None


# What belongs to a payment


def _apply_parts(session: Session, payment_id: int, payment: PaymentSeen, *, now: datetime) -> None:
    gone = _apply_refunds(session, payment_id, payment, now=now)
    for back in payment.chargebacks:
        session.execute(_CHARGEBACK, {
            "payment_id": payment_id, "external_id": back.external_id, "amount": back.amount,
            "currency": payment.currency, "created_at": back.created_at, "reversed_at": back.reversed_at,
            "reason": back.reason, "settlement_id": back.settlement_id,
        })  # fmt: skip
    book(session, payment_id, payment, gone=gone)


_CHARGEBACK = text("""
    INSERT INTO chargeback (payment_id, external_id, amount, currency, created_at, reversed_at, reason, settlement_id)
    VALUES (:payment_id, :external_id, :amount, :currency, :created_at, :reversed_at, :reason, :settlement_id)
    ON CONFLICT (external_id) DO UPDATE SET reversed_at = excluded.reversed_at, settlement_id = excluded.settlement_id
""")
_REFUNDS = text("""
    SELECT r.id, r.external_id, r.key, r.state, r.status, r.accepted_at, r.amount, r.reason, p.order_id
    FROM refund r JOIN payment p ON p.id = r.payment_id WHERE r.payment_id = :payment_id
""")
_FOUND = text("""
    INSERT INTO refund (payment_id, external_id, key, state, status, amount, currency, note, created_at, accepted_at,
                        settlement_id)
    VALUES (:payment_id, :external_id, :external_id, :state, :status, :amount, :currency, :description, :created_at,
            :created_at, :settlement_id)
    ON CONFLICT (key) DO NOTHING
""")
_REFUND = text("""
    UPDATE refund SET external_id = :external_id, state = CAST(:state AS text), status = :status,
      settlement_id = :settlement_id, accepted_at = COALESCE(accepted_at, :created_at),
      failure = CASE WHEN CAST(:state AS text) = 'failed' THEN failure ELSE '' END
    WHERE id = :id
""")


def _apply_refunds(session: Session, payment_id: int, payment: PaymentSeen, *, now: datetime) -> list[str]:
    """Write refunds as they are; returns those that Mollie does not know any more: they were canceled."""
    rows = session.execute(_REFUNDS, {"payment_id": payment_id}).all()
    by_external = {row.external_id: row for row in rows if row.external_id}
    by_key = {row.key: row for row in rows if row.external_id is None}
    for refund in payment.refunds:
        known = by_external.get(refund.external_id) or by_key.get(refund.key or "")
        take_refund(session, payment_id, payment.currency, refund, known.id if known else None)
        state = REFUND_STATE.get(refund.status, "pending")
        if known is not None and known.state != state and known.order_id is not None:
            facts: Json = {"refund": known.id, "state": state, "amount": str(known.amount),
                           "currency": payment.currency, "reason": known.reason, "failure": "", "by": None}  # fmt: skip
            note(session, known.order_id, "refund", facts, now=now)
    there = {one.external_id for one in payment.refunds}
    gone = [
        row
        for id_, row in by_external.items()
        if id_ not in there and row.status in UNDER_WAY and row.accepted_at < payment.asked_at
    ]
    for row in gone:
        session.execute(text("UPDATE refund SET state = 'canceled', status = 'canceled' WHERE id = :id"),
                        {"id": row.id})  # fmt: skip
    return [row.external_id for row in gone]


def take_refund(session: Session, payment_id: int, currency: str, refund: RefundSeen, known: int | None) -> None:
    """Write a refund as Mollie tells it; `known`: our row of it, None for one that somebody else made."""
    facts: Json = {
        "external_id": refund.external_id, "status": refund.status, "settlement_id": refund.settlement_id,
        "state": REFUND_STATE.get(refund.status, "pending"), "created_at": refund.created_at,
    }  # fmt: skip
    if known is not None:
        session.execute(_REFUND, facts | {"id": known})
        return
    session.execute(_FOUND, facts | {"payment_id": payment_id, "amount": refund.amount, "currency": currency,
                                     "description": refund.description})  # fmt: skip


def book(session: Session, payment_id: int, payment: PaymentSeen, *, gone: Iterable[str] = ()) -> int:
    """Bring the ledger up to what Mollie says; returns how many entries that took."""
    books = _books(session, payment_id)
    new = list(money.entries(payment, books, gone=gone))
    copy_rows(session, "money_entry", ("payment_id", "kind", "reference", "turn", "amount", "currency", "at"), (
        (payment_id, one.kind, one.reference, one.turn, one.amount, payment.currency, one.at) for one in new
    ))  # fmt: skip
    difference = money.difference(payment, _books(session, payment_id) if new else books)
    session.execute(_DIFFERENCE, {"id": payment_id, "difference": difference})
    return len(new)


def _books(session: Session, payment_id: int) -> dict[tuple[str, str], money.Booked]:
    rows = session.execute(_BOOKED, {"ids": [payment_id]})
    return {(row.kind, row.reference): money.Booked(Decimal(row.amount), row.turns) for row in rows}


def link(session: Session, payment_ids: Sequence[int]) -> list[int]:
    """Find the orders of payments; returns those that got one."""
    return list(session.execute(_LINK, {"ids": list(payment_ids)}).scalars())


_WAITING_FOR = text("""
    SELECT p.id FROM payment p JOIN order_payment x ON x.external_id = p.transaction_id
    WHERE x.order_id = ANY(:ids) AND p.order_id IS NULL
    UNION
    SELECT p.id FROM payment p JOIN order_payment x ON x.mollie_payment_id = p.external_id
    WHERE x.order_id = ANY(:ids) AND p.order_id IS NULL
    UNION
    SELECT p.id FROM payment p JOIN shop_order o ON o.number = p.order_number AND o.channel_id = p.channel_id
    WHERE o.id = ANY(:ids) AND p.order_id IS NULL
""")


def orders_moved(session: Session, order_ids: Sequence[int], *, now: datetime) -> None:
    """Orders are new or changed: payments that came before them find them, and each is judged anew."""
    waiting = session.execute(_WAITING_FOR, {"ids": list(order_ids)}).scalars().all()
    if waiting:
        link(session, waiting)
    judge_orders(session, order_ids, now=now)


def absent(session: Session, channel_id: int, payment_id: str, *, now: datetime) -> None:
    """Mollie does not know a payment that the shop names."""
    orders = session.execute(
        text("""UPDATE order_payment x SET absent_at = :now FROM shop_order o
                WHERE o.id = x.order_id AND o.channel_id = :channel_id AND x.mollie_payment_id = :payment
                  AND x.absent_at IS NULL RETURNING x.order_id"""),
        {"now": now, "channel_id": channel_id, "payment": payment_id},
    ).scalars().all()  # fmt: skip
    judge_orders(session, orders, now=now)


# What is to be asked for


def ask_again(session: Session, channel: str, payments: Sequence[str], *, now: datetime) -> None:
    """Have Mollie asked for these payments. Wake FLOW after the commit."""
    if payments:
        ledger.receive_all(session, [refresh(channel, payments)], now=now)


def refresh(channel: str, payments: Sequence[str]) -> Delivery:
    """A message that has Mollie asked for these payments, of which there is one at least."""
    body = {"act": "refresh", "payments": list(payments)}
    return Delivery(FLOW, payments[0], f"refresh:{uuid.uuid4().hex}", body, channel)


def ask_once(session: Session, channel: str, payment: str, *, mark: str, origin: str, now: datetime) -> int | None:
    """As `ask_again`, once per `mark`; returns the message. Wake FLOW after the commit."""
    return ledger.receive(session, FLOW, key=payment, delivery_id=mark, channel=channel, origin=origin, now=now,
                          body={"act": "refresh", "payments": [payment]})  # fmt: skip


_NAMED_BY = text("""
    SELECT DISTINCT x.mollie_payment_id FROM order_payment x
    LEFT JOIN payment p ON p.external_id = x.mollie_payment_id
    WHERE x.order_id = ANY(:ids) AND x.mollie_payment_id IS NOT NULL
      AND (p.id IS NULL OR p.due_at IS NOT NULL OR p.shop_state <> x.state)
    ORDER BY 1
""")
_UNREAD = text("""
    SELECT x.mollie_payment_id FROM order_payment x
    JOIN shop_order o ON o.id = x.order_id JOIN channel c ON c.id = o.channel_id
    WHERE c.code = :channel AND x.mollie_payment_id IS NOT NULL AND x.absent_at IS NULL
      AND o.read_at > clock_timestamp() - interval '1 day'
      AND NOT EXISTS (SELECT 1 FROM payment p WHERE p.external_id = x.mollie_payment_id)
    LIMIT 500
""")
_DUE = text("""
    SELECT p.external_id FROM payment p JOIN channel c ON c.id = p.channel_id
    WHERE c.code = :channel AND p.due_at <= :now ORDER BY p.due_at LIMIT :limit
""")


def named_by(session: Session, order_ids: Sequence[int]) -> list[str]:
    """Payments that orders name and that we do not know, that may move still, or that say otherwise than the shop."""
    return list(session.execute(_NAMED_BY, {"ids": list(order_ids)}).scalars())


def all_of(session: Session, order_id: int) -> list[str]:
    """Every payment of an order, known or only named by the shop."""
    rows = session.execute(
        text("""SELECT external_id FROM payment WHERE order_id = :id
                UNION
                SELECT mollie_payment_id FROM order_payment WHERE order_id = :id AND mollie_payment_id IS NOT NULL"""),
        {"id": order_id},
    )
    return list(rows.scalars())


def was_paid(session: Session, order_id: int) -> bool:
    """Whether any payment of the order brought money."""
    paid = text("SELECT 1 FROM payment WHERE order_id = :id AND status = 'paid' LIMIT 1")
    return session.execute(paid, {"id": order_id}).first() is not None


def unread(session: Session, channel: str) -> list[str]:
    """Payments that orders read within a day name, and that we never read."""
    return list(session.execute(_UNREAD, {"channel": channel}).scalars())


def due_payments(session: Session, channel: str, *, now: datetime, limit: int) -> list[str]:
    """Payments that should be asked for by now, the longest due first."""
    return list(session.execute(_DUE, {"channel": channel, "now": now, "limit": limit}).scalars())


Looks = tuple[str, Decimal, Decimal, Decimal | None, str | None]


def looks(payment: PaymentSeen) -> Looks:
    """What a list tells of a payment and can move: another look, and it is to be asked for."""
    return payment.status, payment.refunded, payment.charged_back, payment.captured, payment.settlement_id


def known(session: Session, payment_ids: Sequence[str]) -> dict[str, Looks]:
    """Payments as we know them, by Mollie's id."""
    rows = session.execute(
        text("""SELECT external_id, status, refunded, charged_back, captured, settlement_id FROM payment
                WHERE external_id = ANY(:ids)"""),
        {"ids": list(payment_ids)},
    )
    return {row[0]: tuple(row[1:]) for row in rows}


def known_parts(session: Session, ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Refunds (payment, status) and chargebacks (payment, 'reversed' or '') as we know them, by Mollie's id."""
    rows = session.execute(
        text("""SELECT r.external_id, p.external_id, r.status FROM refund r JOIN payment p ON p.id = r.payment_id
                WHERE r.external_id = ANY(:ids)
                UNION ALL
                SELECT b.external_id, p.external_id, CASE WHEN b.reversed_at IS NULL THEN '' ELSE 'reversed' END
                FROM chargeback b JOIN payment p ON p.id = b.payment_id WHERE b.external_id = ANY(:ids)"""),
        {"ids": list(ids)},
    )
    return {row[0]: (row[1], row[2]) for row in rows}
