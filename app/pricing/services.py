"""Business acts on rule sets: drafts and their rules. `app.pricing.publishing` brings them in force."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.auth import audit
from app.flows import services as ledger
from app.pricing import queries
from app.pricing.models import PriceRule, RuleSet
from app.pricing.rules import Rule, check_rule

FLOW = "portal.prices.portal"
APART = 10  # Between the positions of two rules, so that one fits in between.
EDITED = ("name", "kind", "channel_id", "where", "parameters", "active")
_LOCK = 7_401_002  # Any constant: one draft is opened at a time.


class RuleSetError(Exception):
    """An act that the rule set's state does not allow; `code` says which sentence to show."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def put(session: Session, act: str, *, key: str, now: datetime, **body: object) -> None:
    """Ask the flow for `simulate`, `publish` or `withdraw` of a rule set, or `reprice` of variants."""
    ledger.receive(
        session, FLOW, key=key, delivery_id=f"{act}:{key}:{uuid.uuid4().hex}", body={"act": act, **body}, now=now
    )


def origin(rule_set_id: int) -> str:
    """How messages name the rule set that caused them."""
    return f"rule-set:{rule_set_id}"


def lock_set(session: Session, rule_set_id: int, *states: str) -> RuleSet:
    """The rule set's row, locked. Raises RuleSetError `not_<first state>` when it is in none of the states."""
    found = session.execute(
        select(RuleSet).where(RuleSet.id == rule_set_id).with_for_update(),
        execution_options={"populate_existing": True},
    ).scalar_one()
    if found.state not in states:
        raise RuleSetError(f"not_{states[0]}")
    return found


def open_draft(session: Session, *, user_id: int | None) -> int:
    """The draft's id; a new one is a copy of the rules in force."""
    session.execute(select(func.pg_advisory_xact_lock(_LOCK)))  # Two people who begin at once begin together.
    draft = queries.rule_set_in(session, "draft")
    if draft is not None:
        return draft.id
    based_on = queries.rule_set_in(session, "in_force")
    return copy_set(session, based_on.id if based_on else None, state="draft", note="", user_id=user_id)


def copy_set(session: Session, based_on_id: int | None, *, state: str, note: str, user_id: int | None) -> int:
    """A new rule set with the rules of another; each knows whose later version it is."""
    made = RuleSet(state=state, based_on_id=based_on_id, note=note, created_by=user_id)
    session.add(made)
    session.flush()
    for rule in queries.rules(session, based_on_id) if based_on_id else []:
        session.add(
            PriceRule(
                rule_set_id=made.id, lineage=rule.lineage or rule.id, position=rule.position,
                **{name: getattr(rule, name) for name in EDITED},
            )
        )  # fmt: skip
    session.flush()
    audit.record(session, act=f"pricing.{state}", subject_kind="rule_set", subject_id=str(made.id),
                 after={"based_on": based_on_id, "note": note})  # fmt: skip
    return made.id


def discard(session: Session, rule_set_id: int, *, now: datetime) -> None:
    """Throw a draft, or a former set that was to come back, away. Raises RuleSetError `not_draft`."""
    found = lock_set(session, rule_set_id, "draft", "proposed")
    found.state, found.ended_at, found.step = "discarded", now, ""
    found.revision += 1
    audit.record(session, act="pricing.discard", subject_kind="rule_set", subject_id=str(rule_set_id))


def _edit(session: Session, rule_set_id: int, edition: int) -> RuleSet:
    """The draft, about to change. Raises RuleSetError `not_draft`, `conflict` when somebody changed it since."""
    draft = lock_set(session, rule_set_id, "draft")
    if draft.edition != edition:
        raise RuleSetError("conflict")
    draft.edition += 1
    draft.revision += 1
    draft.asked_by = draft.asked_at = draft.approved_by = draft.approved_at = None
    return draft


def save_rule(session: Session, rule_set_id: int, rule_id: int | None, values: Mapping[str, Any], *, edition: int,
              now: datetime) -> int:  # fmt: skip
    """Add a rule behind the others, or change one; `values`: of EDITED. Returns its id.

    Raises RuleSetError `not_draft`, `conflict`, `name_taken`, `gone`; RuleInvalid.
    """
    _edit(session, rule_set_id, edition)
    check_rule(Rule(values["name"], values["kind"], values["where"], values["parameters"]))
    others = [rule for rule in queries.rules(session, rule_set_id) if rule.id != rule_id]
    if any(rule.name == values["name"] for rule in others):
        raise RuleSetError("name_taken")
    if rule_id is None:
        last = max((rule.position for rule in others), default=0)
        rule, before = PriceRule(rule_set_id=rule_set_id, position=last + APART), None
        session.add(rule)
    else:
        rule = _rule(session, rule_set_id, rule_id)
        before = _facts(rule)
    for name in EDITED:
        setattr(rule, name, values[name])
    rule.updated_at = now
    session.flush()
    audit.record(session, act="pricing.rule", subject_kind="rule_set", subject_id=str(rule_set_id), before=before,
                 after=_facts(rule))  # fmt: skip
    return rule.id


def _rule(session: Session, rule_set_id: int, rule_id: int) -> PriceRule:
    rule = queries.rule(session, rule_set_id, rule_id)
    if rule is None:
        raise RuleSetError("gone")
    return rule


def _facts(rule: PriceRule) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in EDITED}


def switch_rule(session: Session, rule_set_id: int, rule_id: int, *, active: bool, edition: int) -> None:
    """Switch a rule on or off; it keeps its place. Raises RuleSetError `not_draft`, `conflict`, `gone`."""
    _edit(session, rule_set_id, edition)
    rule = _rule(session, rule_set_id, rule_id)
    before = {"name": rule.name, "active": rule.active}
    rule.active = active
    audit.record(session, act="pricing.rule_switch", subject_kind="rule_set", subject_id=str(rule_set_id),
                 before=before, after={**before, "active": active})  # fmt: skip


def remove_rule(session: Session, rule_set_id: int, rule_id: int, *, edition: int) -> None:
    """Take a rule out of the draft. Raises RuleSetError `not_draft`, `conflict`, `gone`."""
    _edit(session, rule_set_id, edition)
    rule = _rule(session, rule_set_id, rule_id)
    audit.record(session, act="pricing.rule_remove", subject_kind="rule_set", subject_id=str(rule_set_id),
                 before=_facts(rule))  # fmt: skip
    session.delete(rule)


def move_rule(session: Session, rule_set_id: int, rule_id: int, *, before_id: int | None, edition: int) -> None:
    """Put a rule before another one, or behind all. Raises RuleSetError `not_draft`, `conflict`, `gone`."""
    _edit(session, rule_set_id, edition)
    moving = _rule(session, rule_set_id, rule_id)
    order = [rule for rule in queries.rules(session, rule_set_id) if rule.id != rule_id]
    places = [rule.id for rule in order]
    if before_id is not None and before_id not in places:
        raise RuleSetError("gone")
    was = moving.position
    order.insert(len(order) if before_id is None else places.index(before_id), moving)
    for place, rule in enumerate(order, start=1):
        rule.position = place * APART
    audit.record(session, act="pricing.rule_move", subject_kind="rule_set", subject_id=str(rule_set_id),
                 before={"name": moving.name, "position": was},
                 after={"name": moving.name, "position": moving.position})  # fmt: skip


def neighbour(session: Session, rule_set_id: int, rule_id: int, *, up: bool, channel_id: int | None) -> int | None:
    """Before which rule this one goes when it goes one place up or down, among those that a storefront shows.

    None: behind all. Raises RuleSetError `gone`.
    """
    every = queries.rules(session, rule_set_id)
    ids = [rule.id for rule in every]
    shown = [rule.id for rule in every if channel_id is None or rule.channel_id in (None, channel_id)]
    if rule_id not in shown:
        raise RuleSetError("gone")
    place = shown.index(rule_id)
    if up:
        return shown[place - 1] if place else _after(ids, rule_id)
    return _after(ids, shown[min(place + 1, len(shown) - 1)])


def _after(ids: list[int], one: int) -> int | None:
    place = ids.index(one) + 1
    return ids[place] if place < len(ids) else None


def arrived(session: Session, origins: Iterable[str | None]) -> None:
    """Move the pages of the rule sets whose listings a storefront has just answered."""
    prefix = origin(0).removesuffix("0")
    ids = sorted({int(name.removeprefix(prefix)) for name in origins if name and name.startswith(prefix)})
    if ids:
        session.execute(update(RuleSet).where(RuleSet.id.in_(ids)).values(revision=RuleSet.revision + 1))
