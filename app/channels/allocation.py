"""How much of what is available each storefront shows, and why.

A share of it, at least so many pieces while there are so many, and never more than a ceiling. The most specific rule
of the storefront counts, whole: that of the variant, then of its category and grade together, of its category, of its
grade, and last the storefront's own.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import delete, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.auth import audit
from app.catalog.models import Variant
from app.channels.models import AllocationRule, Channel
from app.stock.buffers import IN_SCOPE, Scope

# Of a variant `v` of the product `m` on the channel `c`: one row.
TERMS = """
    SELECT r.share_percent, r.min_shown, r.max_shown, r.rule_id FROM (
      SELECT share_percent, min_shown, max_shown, id AS rule_id, 4 AS narrow
      FROM allocation_rule WHERE channel_id = c.id AND variant_id = v.id
      UNION ALL
      SELECT share_percent, min_shown, max_shown, id,
             CASE WHEN category IS NOT NULL THEN 2 ELSE 0 END + CASE WHEN grade IS NOT NULL THEN 1 ELSE 0 END
      FROM allocation_rule
      WHERE channel_id = c.id AND variant_id IS NULL AND COALESCE(category, m.category) = m.category
        AND COALESCE(grade, v.grade) = v.grade
      UNION ALL
      SELECT c.share_percent, c.min_shown, c.max_shown, NULL, 0) r
    ORDER BY r.narrow DESC LIMIT 1
"""
# Of these terms `k` and the stock `s` of the variant.
PIECES = """CASE WHEN COALESCE(s.available, 0) = 0 OR k.share_percent = 0 THEN 0
    ELSE LEAST(s.available, COALESCE(k.max_shown, s.available),
               GREATEST(k.min_shown, s.available::bigint * k.share_percent / 100)) END::int"""


class Terms(NamedTuple):
    """`share_percent` 0: nothing is shown here. `max_shown` None: no ceiling."""

    share_percent: int
    min_shown: int
    max_shown: int | None


class Shown(NamedTuple):
    """`because`: nothing (there is none), not_here, ceiling, minimum, share or all."""

    pieces: int
    because: str


def shown(available: int, terms: Terms) -> Shown:
    """What a storefront shows of `available` pieces, and which of its terms decided."""
    if available == 0:
        return Shown(0, "nothing")
    if terms.share_percent == 0:
        return Shown(0, "not_here")
    share = available * terms.share_percent // 100
    wanted = min(available, max(terms.min_shown, share))
    if terms.max_shown is not None and terms.max_shown < wanted:
        return Shown(terms.max_shown, "ceiling")
    if share == available:
        return Shown(available, "all")
    return Shown(wanted, "minimum" if share < terms.min_shown else "share")


class Allocation(NamedTuple):
    """A storefront's terms for a variant. `scope` None: the storefront's own, else what the rule is about."""

    channel: str
    code: str
    active: bool
    terms: Terms
    scope: Scope | None


_OF_VARIANT = text(f"""
    SELECT c.name, c.code, v.active, k.share_percent, k.min_shown, k.max_shown, k.rule_id, r.variant_id, r.category,
           r.grade
    FROM variant v JOIN product m ON m.id = v.product_id CROSS JOIN channel c
    CROSS JOIN LATERAL ({TERMS}) k LEFT JOIN allocation_rule r ON r.id = k.rule_id
    WHERE v.id = :variant_id AND c.active ORDER BY c.position, c.id
""")  # noqa: S608  # A constant of ours.


def allocations_of(session: Session, variant_id: int) -> list[Allocation]:
    """The terms of each active storefront for a variant."""
    return [
        Allocation(row[0], row[1], row[2], Terms(*row[3:6]), None if row[6] is None else Scope(*row[7:10]))
        for row in session.execute(_OF_VARIANT, {"variant_id": variant_id})
    ]


_TOUCHED = text(f"""
    SELECT s.variant_id FROM stock s JOIN variant v ON v.id = s.variant_id JOIN product p ON p.id = v.product_id
    WHERE {IN_SCOPE}
""")  # noqa: S608  # A constant of ours.


def set_terms(session: Session, code: str, scope: Scope, terms: Terms | None) -> list[int]:
    """Say what a storefront shows of everything in scope that no narrower rule speaks of.

    An empty scope is the storefront itself, whose terms can be changed and not taken away; None takes a rule away.
    Returns the variants that this may move: the caller, who holds `lock_assortment`, refreshes their listings. Raises
    NoResultFound for an unknown storefront, ValueError for terms that make no sense.
    """
    if terms is not None and not _sensible(terms):
        raise ValueError(str(terms))
    channel_id = session.execute(select(Channel.id).where(Channel.code == code)).scalar_one()
    before: Terms | None
    if scope == Scope():
        if terms is None:
            raise ValueError("a storefront has terms")
        before = _set_own(session, channel_id, terms)
    else:
        before = _set_rule(session, channel_id, scope, terms)
    if before == terms:
        return []
    kind, name = scope.subject
    audit.record(session, act="channels.allocation", subject_kind=kind, subject_id=f"{code} {name}",
                 before=before._asdict() if before else None, after=terms._asdict() if terms else None)  # fmt: skip
    return list(session.execute(_TOUCHED, scope._asdict()).scalars())


def _sensible(terms: Terms) -> bool:
    return (
        0 <= terms.share_percent <= 100 and terms.min_shown >= 0 and (terms.max_shown is None or terms.max_shown >= 0)
    )


def _set_own(session: Session, channel_id: int, terms: Terms) -> Terms:
    before = session.execute(
        select(Channel.share_percent, Channel.min_shown, Channel.max_shown).where(Channel.id == channel_id)
    ).one()
    session.execute(update(Channel).where(Channel.id == channel_id).values(**terms._asdict()))
    return Terms._make(before)


def _set_rule(session: Session, channel_id: int, scope: Scope, terms: Terms | None) -> Terms | None:
    here = [AllocationRule.channel_id == channel_id,
            AllocationRule.variant_id.is_not_distinct_from(scope.variant_id),
            AllocationRule.category.is_not_distinct_from(scope.category),
            AllocationRule.grade.is_not_distinct_from(scope.grade)]  # fmt: skip
    row = session.execute(
        select(AllocationRule.share_percent, AllocationRule.min_shown, AllocationRule.max_shown).where(*here)
    ).one_or_none()
    if terms is None:
        session.execute(delete(AllocationRule).where(*here))
    else:
        session.execute(
            insert(AllocationRule)
            .values(channel_id=channel_id, **scope._asdict(), **terms._asdict())
            .on_conflict_do_update(
                index_elements=["channel_id", "variant_id", "category", "grade"], set_=terms._asdict()
            )
        )
    return Terms._make(row) if row else None


class AllocationRow(NamedTuple):
    """`id` None: the storefront's own terms."""

    id: int | None
    channel: str
    code: str
    variant_id: int | None
    sku: str | None
    category: str | None
    grade: str | None
    share_percent: int
    min_shown: int
    max_shown: int | None


def allocation_rules(session: Session, *, after: int | None = None, limit: int) -> list[AllocationRow]:
    """Each storefront's own terms and defaults, then those of single variants after the id `after`."""
    own = select(Channel).where(Channel.active).order_by(Channel.position, Channel.id)
    rules = (
        select(AllocationRule.id, Channel.name, Channel.code, AllocationRule.variant_id, Variant.sku,
               AllocationRule.category, AllocationRule.grade, AllocationRule.share_percent, AllocationRule.min_shown,
               AllocationRule.max_shown)
        .join(Channel, Channel.id == AllocationRule.channel_id)
        .outerjoin(Variant, Variant.id == AllocationRule.variant_id)
    )  # fmt: skip
    rows: list[AllocationRow] = []
    if not after:
        rows = [AllocationRow(None, c.name, c.code, None, None, None, None, c.share_percent, c.min_shown, c.max_shown)
                for c in session.execute(own).scalars()]  # fmt: skip
        defaults = rules.where(AllocationRule.variant_id.is_(None)).order_by(
            Channel.position, AllocationRule.category.nulls_first(), AllocationRule.grade.nulls_first()
        )
        rows += [AllocationRow._make(row) for row in session.execute(defaults)]
    of_variants = rules.where(AllocationRule.variant_id.is_not(None), AllocationRule.id > (after or 0))
    found = session.execute(of_variants.order_by(AllocationRule.id).limit(limit + 1))
    return [*rows, *(AllocationRow._make(row) for row in found)]


def allocation_rule(session: Session, rule_id: int) -> tuple[str, Scope] | None:
    """Storefront and scope of a rule; None when it is gone."""
    row = session.execute(
        select(Channel.code, AllocationRule.variant_id, AllocationRule.category, AllocationRule.grade)
        .join(Channel, Channel.id == AllocationRule.channel_id)
        .where(AllocationRule.id == rule_id)
    ).one_or_none()
    return (row[0], Scope(*row[1:])) if row else None
