"""The verdict on orders, written down: where it changed, the order's page moves."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.orders.services import note
from app.payments.verdict import Attempt, Bill, Paying, Verdict, judge

_BILLS = text("""
    SELECT o.id, o.state, o.payment_state, o.total, m.verdict, m.paid, m.refunded, m.charged_back, m.problems, m.since
    FROM shop_order o LEFT JOIN order_money m ON m.order_id = o.id WHERE o.id = ANY(:ids) ORDER BY o.id
""")
_ATTEMPTS = text("""
    SELECT order_id, external_id, state, amount, created_at, mollie_payment_id, absent_at IS NOT NULL AS absent
    FROM order_payment WHERE order_id = ANY(:ids)
""")
# A refund that failed is a problem until another was made for as much of the same payment, or somebody saw to it.
_PAYMENTS = text("""
    SELECT p.order_id, p.external_id, p.transaction_id, p.state, p.shop_state, p.amount, p.refunded, p.charged_back,
      p.created_at, p.difference,
      COALESCE((SELECT sum(e.amount) FROM money_entry e WHERE e.payment_id = p.id AND e.kind = 'paid'), 0) AS received,
      (SELECT jsonb_agg(jsonb_build_array(r.id, r.amount::text) ORDER BY r.id) FROM refund r
       WHERE r.payment_id = p.id AND r.state = 'failed' AND NOT r.seen_to AND NOT EXISTS (
         SELECT 1 FROM refund n WHERE n.payment_id = p.id AND n.id > r.id AND n.amount >= r.amount
           AND n.state NOT IN ('failed', 'declined', 'canceled'))) AS failed
    FROM payment p WHERE p.order_id = ANY(:ids)
""")
_WRITE = text("""
    INSERT INTO order_money AS m (order_id, verdict, paid, refunded, charged_back, doubt, problems, since, judged_at)
    SELECT w.order_id, w.verdict, w.paid, w.refunded, w.charged_back, w.problems <> '[]', w.problems, w.since, :now
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS w(order_id bigint, verdict text, paid numeric, refunded numeric,
      charged_back numeric, problems jsonb, since timestamptz)
    ON CONFLICT (order_id) DO UPDATE SET verdict = excluded.verdict, paid = excluded.paid,
      refunded = excluded.refunded, charged_back = excluded.charged_back, doubt = excluded.doubt,
      problems = excluded.problems, since = excluded.since, judged_at = excluded.judged_at
""")
_MOVED = text("UPDATE shop_order SET revision = revision + 1 WHERE id = ANY(:ids)")


def judge_orders(session: Session, order_ids: Sequence[int], *, now: datetime) -> list[int]:
    """Judge orders, and write what changed: their rows, their timelines. Returns the orders that changed."""
    ids = {"ids": list(order_ids)}
    if not order_ids:
        return []
    attempts: dict[int, list[Attempt]] = defaultdict(list)
    for row in session.execute(_ATTEMPTS, ids):
        attempts[row.order_id].append(Attempt._make(row[1:]))
    payments: dict[int, list[Paying]] = defaultdict(list)
    for row in session.execute(_PAYMENTS, ids):
        payments[row.order_id].append(_paying(row))
    rows, moved = [], []
    for row in session.execute(_BILLS, ids):
        bill = Bill(row.state, row.payment_state, row.total)
        verdict = judge(bill, attempts[row.id], payments[row.id])
        if _same(row, verdict):
            continue
        rows.append({
            "order_id": row.id, "verdict": verdict.kind, "paid": str(verdict.paid), "refunded": str(verdict.refunded),
            "charged_back": str(verdict.charged_back), "problems": list(verdict.problems),
            "since": (row.since or now).isoformat() if verdict.problems else None,
        })  # fmt: skip
        if row.verdict is not None or payments[row.id]:
            moved.append(row.id)
        if verdict.source == "mollie" and row.verdict != verdict.kind:  # What the shop tells stands there already.
            note(session, row.id, "verdict", {"from": row.verdict, "to": verdict.kind, "source": verdict.source,
                                              "paid": str(verdict.paid), "refunded": str(verdict.refunded)},
                 now=now)  # fmt: skip
    if rows:
        session.execute(_WRITE, {"rows": json.dumps(rows), "now": now})
        session.execute(_MOVED, {"ids": moved})
    return [row["order_id"] for row in rows]


def _paying(row: Any) -> Paying:
    return Paying(
        row.external_id, row.transaction_id, row.state, row.shop_state, row.amount, Decimal(row.received), row.refunded,
        row.charged_back, row.created_at, row.difference,
        tuple((id_, Decimal(amount)) for id_, amount in row.failed or ()),
    )  # fmt: skip


def _same(row: Any, verdict: Verdict) -> bool:
    return bool(
        row.verdict == verdict.kind and row.paid == verdict.paid and row.refunded == verdict.refunded
        and row.charged_back == verdict.charged_back and row.problems == list(verdict.problems)
    )  # fmt: skip
