"""What Mollie paid out, beside our ledger: each member is booked here with the same sum, or named as what it is not.

Nothing is mended silently: a member that we do not know is asked for, and stays named until it is there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.db import copy_rows
from app.payments.models import Settlement

FLOW = "mollie.settlements.portal"


class MemberSeen(NamedTuple):
    """`kind`: payment, capture, refund, chargeback. What went back is below zero."""

    kind: str
    reference: str
    payment: str
    amount: Decimal
    currency: str
    at: datetime | None


class SettlementSeen(NamedTuple):
    """A settlement as Mollie tells it. `costs` above zero."""

    external_id: str
    reference: str
    status: str
    currency: str
    amount: Decimal
    costs: Decimal
    settled_at: datetime | None
    created_at: datetime | None


class FeeSeen(NamedTuple):
    """What Mollie kept of one movement, below zero. `reference`: of the balance's transaction."""

    reference: str
    payment: str
    amount: Decimal
    currency: str
    at: datetime


def hash_of(seen: SettlementSeen) -> str:
    """Moves with whatever Mollie tells of it but its members."""
    return hashlib.sha256(repr(seen).encode()).hexdigest()


def is_known(session: Session, seen: SettlementSeen) -> bool:
    """Whether it was read as it is, with its members; an open one still gets members."""
    if seen.status == "open":
        return False
    stored = session.execute(
        select(Settlement.content_hash).where(Settlement.external_id == seen.external_id)
    ).scalar_one_or_none()
    return stored == hash_of(seen)


def apply_settlement(session: Session, seen: SettlementSeen, members: Sequence[MemberSeen], *, now: datetime) -> int:
    """Make the settlement what Mollie says, with these members; returns our id."""
    values = {**seen._asdict(), "read_at": now, "content_hash": hash_of(seen)}
    id_ = session.execute(
        insert(Settlement)
        .values(**values)
        .on_conflict_do_update(index_elements=["external_id"], set_=values)
        .returning(Settlement.id)
    ).scalar_one()
    session.execute(text("DELETE FROM settlement_line WHERE settlement_id = :id"), {"id": id_})
    copy_rows(session, "settlement_line", ("settlement_id", *MemberSeen._fields), ((id_, *one) for one in members))
    return id_


_FEES = text("""
    INSERT INTO money_entry (payment_id, kind, reference, turn, amount, currency, at)
    SELECT p.id, 'fee', f.reference, 0, f.amount, f.currency, f.at
    FROM jsonb_to_recordset(CAST(:fees AS jsonb)) AS f(reference text, payment text, amount numeric, currency text,
      at timestamptz)
    JOIN payment p ON p.external_id = f.payment
    ON CONFLICT (payment_id, kind, reference, turn) DO NOTHING
""")


def book_fees(session: Session, fees: Sequence[FeeSeen]) -> int:
    """Book what Mollie kept; returns how many entries are new. Fees of payments that we do not know come again."""
    rows = [{**one._asdict(), "amount": str(one.amount), "at": one.at.isoformat()} for one in fees]
    return int(session.execute(_FEES, {"fees": json.dumps(rows)}).rowcount)  # type: ignore[attr-defined]


class Match(NamedTuple):
    """A member beside our ledger. `verdict`: equal, differs, missing (we have not), extra (Mollie has not)."""

    verdict: str
    kind: str
    reference: str
    payment: str
    theirs: Decimal | None
    ours: Decimal | None
    order_id: int | None
    number: str | None


# How the ledger calls what a member `l` of a settlement is.
BOOKED_KIND = """CASE l.kind WHEN 'payment' THEN 'paid' WHEN 'capture' THEN 'paid' ELSE l.kind END"""
_MATCHES = text(f"""
    WITH line AS (
      SELECT l.kind, l.reference, l.payment, l.amount, p.id AS payment_id, p.order_id,
             (SELECT sum(e.amount) FROM money_entry e
              WHERE e.payment_id = p.id AND e.reference = l.reference AND e.kind = {BOOKED_KIND}) AS ours
      FROM settlement_line l LEFT JOIN payment p ON p.external_id = l.payment WHERE l.settlement_id = :id),
    found AS (
      SELECT CASE WHEN ours IS NULL THEN 'missing' WHEN ours = amount THEN 'equal' ELSE 'differs' END AS verdict,
             kind, reference, payment, amount AS theirs, ours, order_id FROM line
      UNION ALL
      SELECT 'extra', 'payment', p.external_id, p.external_id, NULL, p.amount, p.order_id
      FROM settlement s JOIN payment p ON p.settlement_id = s.external_id
      WHERE s.id = :id AND NOT EXISTS (
        SELECT 1 FROM settlement_line l WHERE l.settlement_id = s.id AND l.payment = p.external_id)
      UNION ALL
      SELECT 'extra', 'refund', r.external_id, p.external_id, NULL, -r.amount, p.order_id
      FROM settlement s JOIN refund r ON r.settlement_id = s.external_id JOIN payment p ON p.id = r.payment_id
      WHERE s.id = :id AND NOT EXISTS (
        SELECT 1 FROM settlement_line l WHERE l.settlement_id = s.id AND l.reference = r.external_id))
    SELECT f.verdict, f.kind, f.reference, f.payment, f.theirs, f.ours, f.order_id, o.number
    FROM found f LEFT JOIN shop_order o ON o.id = f.order_id
    ORDER BY f.verdict = 'equal', f.kind, f.reference
""")  # noqa: S608  # A constant of this module.


def matches(session: Session, settlement_id: int) -> list[Match]:
    """Every member beside our ledger, what does not fit first."""
    return [Match._make(row) for row in session.execute(_MATCHES, {"id": settlement_id})]


def missing_payments(session: Session, settlement_id: int) -> list[str]:
    """Payments of members that our books have otherwise or not at all."""
    return sorted({one.payment for one in matches(session, settlement_id) if one.verdict in ("missing", "differs")})


def channel_codes(session: Session, payments: Sequence[str]) -> dict[str, str]:
    """Payment to channel, of those that we know."""
    rows = session.execute(
        text("""SELECT p.external_id, c.code FROM payment p JOIN channel c ON c.id = p.channel_id
                WHERE p.external_id = ANY(:ids)"""),
        {"ids": list(payments)},
    )
    return {row[0]: row[1] for row in rows}
