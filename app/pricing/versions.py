"""Versions of the rules: the list of them, and what one does differently from the one before."""

from __future__ import annotations

from datetime import datetime
from difflib import SequenceMatcher
from typing import NamedTuple

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.pricing.models import PriceRule, RuleSet
from app.pricing.queries import rule_set_in, rules
from app.pricing.services import EDITED


class RuleSetRow(NamedTuple):
    """A version of the rules, with the names of the people who made and approved it."""

    id: int
    number: int | None
    state: str
    note: str
    rules: int
    changed: int | None
    created: str | None
    asked: str | None
    approved: str | None
    created_at: datetime
    in_force_at: datetime | None
    ended_at: datetime | None


_SETS = text("""
    SELECT s.id, s.number, s.state, s.note, (SELECT count(*) FROM price_rule r WHERE r.rule_set_id = s.id),
           (s.simulation->>'changed')::int, a.name, b.name, c.name, s.created_at, s.in_force_at, s.ended_at
    FROM rule_set s LEFT JOIN user_account a ON a.id = s.created_by LEFT JOIN user_account b ON b.id = s.asked_by
    LEFT JOIN user_account c ON c.id = s.approved_by
    WHERE CAST(:before AS bigint) IS NULL OR s.id < :before
    ORDER BY s.id DESC LIMIT :limit
""")


def rule_sets(session: Session, *, before: int | None, limit: int) -> list[RuleSetRow]:
    """Versions of the rules, the latest first; `limit` + 1 rows at most."""
    rows = session.execute(_SETS, {"before": before, "limit": limit + 1})
    return [RuleSetRow._make(row) for row in rows]


class RuleChange(NamedTuple):
    """A rule of a set beside what it was in the set that this one is based on. `kind`: new, changed, moved, gone."""

    kind: str
    name: str
    rule: PriceRule | None
    before: PriceRule | None


def changes(session: Session, found: RuleSet) -> list[RuleChange]:
    """What the set does differently from the version before it, or in force; in its order, what is gone comes last."""
    before_id = _version_before(session, found)
    if before_id is None:
        return []
    old = {rule.lineage or rule.id: rule for rule in rules(session, before_id)}
    known: list[RuleChange] = []
    now = rules(session, found.id)
    moved = _moved([rule.lineage for rule in now if rule.lineage in old], list(old))
    for mine in now:
        before = old.pop(mine.lineage, None) if mine.lineage is not None else None
        kind = _kind(mine, before, moved=mine.lineage in moved)
        if kind:
            known.append(RuleChange(kind, mine.name, mine, before))
    return [*known, *(RuleChange("gone", rule.name, None, rule) for rule in old.values())]


def _version_before(session: Session, found: RuleSet) -> int | None:
    """Of a version the one before it; of what is none yet, the one in force."""
    earlier = select(RuleSet.id).where(RuleSet.number.is_not(None)).order_by(RuleSet.number.desc()).limit(1)
    if found.number is not None:
        return session.execute(earlier.where(RuleSet.number < found.number)).scalar_one_or_none()
    if found.state in ("draft", "proposed"):
        in_force = rule_set_in(session, "in_force")
        return in_force.id if in_force else None
    return found.based_on_id


def _kind(mine: PriceRule, before: PriceRule | None, *, moved: bool) -> str:
    if before is None:
        return "new"
    if any(getattr(mine, name) != getattr(before, name) for name in EDITED):
        return "changed"
    return "moved" if moved else ""


def _moved(now: list[int | None], before: list[int]) -> set[int | None]:
    """Those that do not stand in one row with the others as before."""
    matching = SequenceMatcher(None, before, now, autojunk=False).get_matching_blocks()
    stayed = {now[at] for block in matching for at in range(block.b, block.b + block.size)}
    return set(now) - stayed
