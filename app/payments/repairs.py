"""Letting a shop hear what Mollie says of a payment, where the shop says something else.

An act of kind `repair` on the order, and a message of FLOW. By itself it is asked for once per attempt and state; a
person may ask again. `way`: ask, the shop's own plugin is asked to look at Mollie again; move, we move the state.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.auth import audit
from app.extensions import settings
from app.flows import services as ledger

FLOW = "portal.payment-states.shopware"

# Attempts that say otherwise than Mollie, each with what it should say.
_APART = """
    SELECT o.id AS order_id, o.number, x.value->>'attempt' AS attempt, x.value->>'payment' AS payment,
           x.value->>'shop' AS shop, p.state AS mollie, p.shop_state AS wanted, c.code AS channel
    FROM order_money m JOIN shop_order o ON o.id = m.order_id JOIN channel c ON c.id = o.channel_id
    CROSS JOIN LATERAL jsonb_array_elements(m.problems) x (value)
    JOIN payment p ON p.external_id = x.value->>'payment'
    WHERE m.doubt AND x.value->>'kind' IN ('shop_behind', 'shop_ahead') AND o.gone_at IS NULL
"""
_OF_ORDERS = text(_APART + " AND c.code = :channel AND m.order_id = ANY(:ids)")
_OF_CHANNEL = text(_APART + " AND c.code = :channel AND m.since <= :before ORDER BY m.since LIMIT 200")
_ACT = text("""
    INSERT INTO order_act (order_id, kind, key, state, facts, created_at, requested_by)
    VALUES (:order_id, 'repair', :key, 'requested', CAST(:facts AS jsonb), :now, :user_id)
    ON CONFLICT (key) DO NOTHING RETURNING id
""")


def request(session: Session, channel: str, *, now: datetime, order_ids: Sequence[int] | None = None,
            seen_before: datetime | None = None) -> int:  # fmt: skip
    """Ask for what is missing, of these orders or of all whose difference was seen before a moment; returns how much.

    Where Mollie and the shop go on disagreeing after that, a person decides. Wake FLOW after the commit.
    """
    if order_ids is not None:
        rows = session.execute(_OF_ORDERS, {"channel": channel, "ids": list(order_ids)}).all()
    else:
        rows = session.execute(_OF_CHANNEL, {"channel": channel, "before": seen_before}).all()
    way = "move" if settings().mollie[channel].bridge == "portal" else "ask"
    return sum(_request(session, row, way=way, key=_key(row), now=now) for row in rows)


def _key(row: Any) -> str:
    """Of the difference: the same one asks once."""
    return hashlib.sha256(f"{row.attempt}:{row.payment}:{row.mollie}:{row.shop}".encode()).hexdigest()


def request_by_person(session: Session, order_id: int, channel: str, *, attempt: str, way: str, key: str,
                      user_id: int, now: datetime) -> bool:  # fmt: skip
    """A person wants an attempt of the order brought in line; False when it is, or when `key` was used before."""
    rows = session.execute(_OF_ORDERS, {"channel": channel, "ids": [order_id]})
    row = next((row for row in rows if row.attempt == attempt), None)
    if row is None or not _request(session, row, way=way, key=key, user_id=user_id, now=now):
        return False
    audit.record(session, act="orders.repair", subject_kind="order", subject_id=str(order_id),
                 before={"shop": row.shop}, after={"mollie": row.mollie, "way": way, "attempt": attempt})  # fmt: skip
    return True


def _request(session: Session, row: Any, *, way: str, key: str, now: datetime, user_id: int | None = None) -> bool:
    facts = {"attempt": row.attempt, "payment": row.payment, "shop": row.shop, "mollie": row.mollie,
             "wanted": row.wanted, "way": way}  # fmt: skip
    act_id = session.execute(
        _ACT, {"order_id": row.order_id, "key": key, "facts": json.dumps(facts), "now": now, "user_id": user_id}
    ).scalar_one_or_none()
    if act_id is None:
        return False
    ledger.send(session, FLOW, key=row.attempt, channel=row.channel, now=now, body={"act_id": act_id, **facts})
    return True
