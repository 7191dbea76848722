"""Bringing a rule set in force: simulated, approved, in stages, and taken back."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from flask_babel import gettext as _
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.auth import audit
from app.channels.services import lock_assortment, refresh_listings
from app.db import Json
from app.extensions import settings
from app.pricing import queries
from app.pricing.models import RuleSet
from app.pricing.rendering import bucket_of
from app.pricing.rules import RuleInvalid
from app.pricing.services import RuleSetError, copy_set, lock_set, origin, put
from app.pricing.simulation import simulate
from app.pricing.vat import FeesTooHigh

PRODUCTS = 400  # Brought in line in one transaction: what a killed worker repeats, and how long others wait.
OPEN = ("draft", "proposed")
BUCKET = bucket_of("v.product_id")


def ask_simulation(session: Session, rule_set_id: int, *, now: datetime) -> None:
    """A worker works the simulation out. Raises RuleSetError `not_draft`."""
    found = lock_set(session, rule_set_id, *OPEN)
    found.step = "simulate"
    found.revision += 1
    put(session, "simulate", key=str(rule_set_id), now=now, rule_set_id=rule_set_id)
    audit.record(session, act="pricing.simulate", subject_kind="rule_set", subject_id=str(rule_set_id),
                 after={"edition": found.edition})  # fmt: skip


def write_simulation(session: Session, rule_set_id: int, *, now: datetime) -> None:
    """Simulate, and keep the outcome with what it is true of. Raises RuleSetError `not_draft`, UnknownRate."""
    found = session.get_one(RuleSet, rule_set_id, populate_existing=True)
    edition, against = found.edition, _in_force_id(session)
    try:
        outcome: Json = simulate(session, rule_set_id, now=now)
    except (RuleInvalid, FeesTooHigh) as error:
        outcome = {"problem": {"code": type(error).__name__, "detail": str(error)}}
    found = lock_set(session, rule_set_id, *OPEN)  # Locked only now: nobody waits for the counting.
    found.simulation = {**outcome, "edition": edition, "against": against}
    found.step = ""
    found.revision += 1


def _in_force_id(session: Session) -> int | None:
    return session.execute(select(RuleSet.id).where(RuleSet.state == "in_force")).scalar_one_or_none()


def is_fresh(session: Session, rule_set: RuleSet) -> bool:
    """Whether the simulation is of these very rules, against those in force, and without a problem."""
    known = rule_set.simulation or {"edition": None}
    return (
        known.get("problem") is None
        and known["edition"] == rule_set.edition
        and known["against"] == _in_force_id(session)
    )


def needs_approval(session: Session, rule_set: RuleSet) -> list[str]:
    """Which limits the simulated change is above: `listings`, `effect`. Back to the set before this one: none."""
    if rule_set.state == "proposed" and rule_set.based_on_id == _former_id(session):
        return []
    config, simulation = settings(), rule_set.simulation or {}
    above = []
    if Decimal(simulation.get("share_percent", 0)) > config.price_approval_listings_percent:
        above.append("listings")
    if abs(Decimal(simulation.get("effect_eur", 0))) > config.price_approval_eur:
        above.append("effect")
    return above


def _former_id(session: Session) -> int | None:
    """The set that was in force before the present one."""
    return session.execute(
        select(RuleSet.id).where(RuleSet.state == "retired").order_by(RuleSet.ended_at.desc()).limit(1)
    ).scalar_one_or_none()


def ask_publish(session: Session, rule_set_id: int, *, note: str, channel_id: int | None, percent: int | None,
                user_id: int, now: datetime) -> bool:  # fmt: skip
    """Publish the set, first for a storefront or a percentage of the products, or for all; False: it needs approval.

    Raises RuleSetError `not_draft`, `not_simulated`, `on_its_way` when another set is.
    """
    found = lock_set(session, rule_set_id, *OPEN)
    if not is_fresh(session, found):
        raise RuleSetError("not_simulated")
    _nothing_on_its_way(session)
    found.note, found.asked_by, found.asked_at = note, user_id, now
    found.stage_channel_id, found.stage_percent = channel_id, percent
    found.approved_by = found.approved_at = None
    found.revision += 1
    above = needs_approval(session, found)
    audit.record(session, act="pricing.ask_publish", subject_kind="rule_set", subject_id=str(rule_set_id),
                 after={"note": note, "channel_id": channel_id, "percent": percent, "above": above,
                        "changed": (found.simulation or {}).get("changed")})  # fmt: skip
    if above:
        return False
    _begin(session, found, now=now)
    return True


def approve(session: Session, rule_set_id: int, *, user_id: int, now: datetime) -> None:
    """A second person agrees, and the set is published.

    Raises RuleSetError `not_draft`, `not_asked`, `same_person`, `not_simulated`, `on_its_way`.
    """
    found = lock_set(session, rule_set_id, *OPEN)
    if found.asked_by is None:
        raise RuleSetError("not_asked")
    if found.asked_by == user_id:
        raise RuleSetError("same_person")
    if not is_fresh(session, found):
        raise RuleSetError("not_simulated")
    _nothing_on_its_way(session)
    found.approved_by, found.approved_at = user_id, now
    audit.record(session, act="pricing.approve", subject_kind="rule_set", subject_id=str(rule_set_id))
    _begin(session, found, now=now)


def _nothing_on_its_way(session: Session) -> None:
    if queries.rule_set_in(session, "publishing", "staged") is not None:
        raise RuleSetError("on_its_way")


def _begin(session: Session, found: RuleSet, *, now: datetime) -> None:
    """From now on whatever is priced within the stage is priced by this set."""
    if found.number is None:
        found.number = session.execute(select(func.coalesce(func.max(RuleSet.number), 0) + 1)).scalar_one()
    found.state, found.published_at = "publishing", found.published_at or now
    _put_work(session, found, "publish", now=now)


def _put_work(session: Session, found: RuleSet, step: str, *, now: datetime) -> None:
    everything = {"after": 0, "buckets": _buckets(found)}
    found.step, found.cursor, found.done = step, 0, 0
    found.total = session.execute(_HOW_MANY, everything).scalar_one()
    found.revision += 1
    put(session, step, key=str(found.id), now=now, rule_set_id=found.id)


def _buckets(found: RuleSet) -> int | None:
    """The buckets of products whose listings the work is about; None: every one."""
    return found.stage_percent if found.state == "publishing" else None


def go_on(session: Session, rule_set_id: int, *, now: datetime) -> None:
    """After the first stage: all the rest. Raises RuleSetError `not_staged`."""
    found = lock_set(session, rule_set_id, "staged")
    found.stage_channel_id = found.stage_percent = None
    audit.record(session, act="pricing.publish_rest", subject_kind="rule_set", subject_id=str(rule_set_id))
    _begin(session, found, now=now)


def withdraw(session: Session, rule_set_id: int, *, now: datetime) -> None:
    """Take a staged set back: its listings are priced by the rules in force again. Raises RuleSetError `not_staged`."""
    found = lock_set(session, rule_set_id, "staged")
    found.state, found.ended_at = "withdrawn", now
    audit.record(session, act="pricing.withdraw", subject_kind="rule_set", subject_id=str(rule_set_id))
    _put_work(session, found, "withdraw", now=now)


def propose_former(session: Session, rule_set_id: int, *, user_id: int, now: datetime) -> int:
    """A copy of a set that was in force, to be simulated and published as a new version; returns its id.

    Raises RuleSetError `not_retired`, `proposed_already`.
    """
    former = lock_set(session, rule_set_id, "retired")
    if queries.rule_set_in(session, "proposed") is not None:
        raise RuleSetError("proposed_already")
    note = _("Back to version %(number)s", number=former.number)
    made = copy_set(session, former.id, state="proposed", note=note, user_id=user_id)
    ask_simulation(session, made, now=now)
    return made


_FOR_SALE = f"""
    FROM variant v
    WHERE v.product_id > :after AND (CAST(:buckets AS int) IS NULL OR {BUCKET} < :buckets)
      AND (EXISTS (SELECT 1 FROM offer o WHERE o.variant_id = v.id AND o.quantity > 0)
           OR EXISTS (SELECT 1 FROM stock s WHERE s.variant_id = v.id AND s.available > 0)
           OR EXISTS (SELECT 1 FROM listing l WHERE l.variant_id = v.id))
"""  # noqa: S608  # Text of ours.
_HOW_MANY = text(f"SELECT count(DISTINCT v.product_id) {_FOR_SALE}")
_PRODUCTS = text(f"""
    SELECT v.product_id, array_agg(v.id) AS variant_ids {_FOR_SALE}
    GROUP BY v.product_id ORDER BY v.product_id LIMIT :limit
""")


def bring_in_line(session: Session, rule_set_id: int, *, now: datetime) -> bool:
    """Price the next products by what prices them now; returns whether there are more. Progress stands on the set.

    With the last products a whole set is in force, and a staged one waits. Wake `portal.listings.shopware` afterwards.
    Raises RuleSetError `not_publishing`.
    """
    lock_assortment(session)
    found = lock_set(session, rule_set_id, "publishing", "withdrawn")
    if not found.step:
        raise RuleSetError("not_publishing")
    here = {"after": found.cursor, "buckets": _buckets(found), "limit": PRODUCTS}
    rows = session.execute(_PRODUCTS, here).all()
    variants = [variant_id for row in rows for variant_id in row.variant_ids]
    refresh_listings(session, variant_ids=variants, now=now, origin=origin(rule_set_id))
    found.revision += 1
    if len(rows) == PRODUCTS:
        found.cursor, found.done = rows[-1].product_id, found.done + len(rows)
        return True
    found.done, found.step = found.total, ""
    if found.state == "publishing":
        _end_stage(session, found, now=now)
    return False


def _end_stage(session: Session, found: RuleSet, *, now: datetime) -> None:
    if found.stage_channel_id is not None or found.stage_percent is not None:
        found.state = "staged"
        return
    former = queries.rule_set_in(session, "in_force")
    if former is not None:
        former.state, former.ended_at = "retired", now
        former.revision += 1
        session.flush()
    found.state, found.in_force_at = "in_force", now
    audit.record(session, act="pricing.in_force", subject_kind="rule_set", subject_id=str(found.id),
                 before={"rule_set": former.id if former else None}, actor="portal.prices.portal")  # fmt: skip


def reprice_everything(session: Session, *, after: int, now: datetime) -> int | None:
    """Price the next products anew: what the calendar changes. Returns the last of them; None: there are no more."""
    lock_assortment(session)
    rows = session.execute(_PRODUCTS, {"after": after, "buckets": None, "limit": PRODUCTS}).all()
    variants = [variant_id for row in rows for variant_id in row.variant_ids]
    refresh_listings(session, variant_ids=variants, now=now, origin=None)
    return rows[-1].product_id if len(rows) == PRODUCTS else None
