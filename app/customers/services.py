"""Business acts of people on customers: the same person, not the same, and a merge taken back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.auth import audit
from app.customers import persons
from app.customers.models import CustomerMerge
from app.customers.persons import AlreadyOne
from app.db import Json

_BETWEEN = """
    FROM customer_pair p JOIN customer l ON l.id = p.low_id JOIN customer h ON h.id = p.high_id
    WHERE (l.person_id, h.person_id) IN ((:one, :other), (:other, :one))
"""
_STRONGEST = text(f"""
    SELECT p.low_id, p.high_id {_BETWEEN} AND p.state = 'open'
    ORDER BY cardinality(p.kinds) DESC, p.low_id, p.high_id LIMIT 1
""")  # A constant of this module.
_DECIDE = text(f"""
    UPDATE customer_pair x SET state = :state, decided_by = :user_id, decided_at = :now
    WHERE x.state <> :state AND (x.low_id, x.high_id) IN (SELECT p.low_id, p.high_id {_BETWEEN})
    RETURNING x.low_id
""")  # noqa: S608
_APART = text("""
    INSERT INTO customer_pair (low_id, high_id, kinds, state, found_at, decided_by, decided_at)
    VALUES (least(:one, :other), greatest(:one, :other), '{}', 'different', :now, :user_id, :now)
    ON CONFLICT (low_id, high_id) DO UPDATE SET state = 'different', decided_by = :user_id, decided_at = :now
""")


class Decided(Exception):
    """Somebody decided it meanwhile."""


def merge(session: Session, one: int, other: int, *, evidence: Json, user_id: int | None, now: datetime) -> int:
    """Two persons that share something are one; returns the merge's id. Raises Decided.

    `one`, `other`: persons, as a page shows them; `evidence`: {agrees, differs}, kinds of what was compared.
    """
    persons.hold(session, alone=True)
    between = {"one": one, "other": other}
    pair = session.execute(_STRONGEST, between).one_or_none()
    if pair is None:
        raise Decided
    session.execute(_DECIDE, {**between, "state": "open", "user_id": user_id, "now": now})  # The last word counts.
    try:
        merge_id = persons.join(session, pair.low_id, pair.high_id, evidence=evidence, user_id=user_id, now=now)
    except AlreadyOne:
        raise Decided from None
    audit.record(session, act="customers.merge", subject_kind="customer", subject_id=str(min(one, other)),
                 after={"merge": merge_id, "with": max(one, other), **evidence})  # fmt: skip
    return merge_id


def tell_apart(session: Session, one: int, other: int, *, user_id: int | None, now: datetime) -> None:
    """Two persons are not the same, and are not suggested again. Raises Decided."""
    persons.hold(session, alone=True)
    found = session.execute(_DECIDE, {"one": one, "other": other, "state": "different", "user_id": user_id,
                                      "now": now}).all()  # fmt: skip
    if not found:
        raise Decided
    persons.refresh(session, (one, other))
    audit.record(session, act="customers.apart", subject_kind="customer", subject_id=str(min(one, other)),
                 after={"from": max(one, other)})  # fmt: skip


def undo(session: Session, merge_id: int, *, user_id: int | None, now: datetime) -> int:
    """Take a merge back: everybody is who they were; returns the person that was kept. Raises Decided.

    What evidence alone had merged is not merged by evidence again; what a person had merged is a question again.
    """
    persons.hold(session, alone=True)
    merge_ = session.execute(
        select(CustomerMerge).where(CustomerMerge.id == merge_id).with_for_update(),
        execution_options={"populate_existing": True},
    ).scalar_one()
    if merge_.undone_at is not None:
        raise Decided
    merge_.undone_at, merge_.undone_by = now, user_id
    session.flush()
    if merge_.merged_by is None:
        session.execute(_APART, {"one": merge_.kept_id, "other": merge_.absorbed_id, "user_id": user_id, "now": now})
    persons.part(session, merge_.kept_id)
    audit.record(session, act="customers.undo", subject_kind="customer", subject_id=str(merge_.kept_id),
                 before={"merge": merge_id, "with": merge_.absorbed_id})  # fmt: skip
    return persons.persons_of(session, [merge_.kept_id])[merge_.kept_id]
