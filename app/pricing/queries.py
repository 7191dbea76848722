"""Reads of rates, rules and prices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from app.auth.models import User
from app.catalog.models import Variant
from app.channels.models import Channel
from app.pricing.engine import Override
from app.pricing.models import ExchangeRate, Price, PriceOverride, PriceRule, PriceTerms, RuleSet, VatRate
from app.pricing.rendering import BUCKETS, RuleSetPart
from app.pricing.rules import Rule
from app.pricing.why import Step, explain, steps


class UnknownRate(Exception):
    """There is no rate for the country or currency on that day."""


def vat_percent_on(session: Session, country: str, day: date) -> Decimal:
    """The standard VAT rate in per cent. Raises UnknownRate."""
    percent = session.execute(
        select(VatRate.percent)
        .where(VatRate.country == country, VatRate.valid_from <= day)
        .order_by(VatRate.valid_from.desc())
        .limit(1)
    ).scalar_one_or_none()
    if percent is None:
        raise UnknownRate(f"no VAT rate for {country} on {day}")
    return percent


def eur_rate(session: Session, currency: str, day: date) -> Decimal:
    """Units of the currency for 1 EUR, as last published on or before the day. Raises UnknownRate."""
    if currency == "EUR":
        return Decimal(1)
    rate = session.execute(
        select(ExchangeRate.per_eur)
        .where(ExchangeRate.currency == currency, ExchangeRate.day <= day)
        .order_by(ExchangeRate.day.desc())
        .limit(1)
    ).scalar_one_or_none()
    if rate is None:
        raise UnknownRate(f"no exchange rate for {currency} on {day}")
    return rate


def rule_set_parts(session: Session) -> list[RuleSetPart]:
    """What prices which listings now: the rule set in force, and beside it the one that is on its way."""
    sets = {row.state: row for row in session.execute(
        select(RuleSet).where(RuleSet.state.in_(("in_force", "publishing", "staged")))).scalars()}  # fmt: skip
    channel_ids = session.execute(select(Channel.id).where(Channel.active).order_by(Channel.id)).scalars().all()
    coming = sets.get("publishing") or sets.get("staged")
    taken = {channel_id: _buckets_of(coming, channel_id) if coming else 0 for channel_id in channel_ids}
    shares = [(channel_id, taken[channel_id], BUCKETS - 1) for channel_id in channel_ids if taken[channel_id] < BUCKETS]
    parts = [RuleSetPart(_rules(session, sets["in_force"].id) if "in_force" in sets else [], shares)] if shares else []
    if coming is not None:
        theirs = [(channel_id, 0, buckets - 1) for channel_id, buckets in taken.items() if buckets]
        parts.append(RuleSetPart(_rules(session, coming.id), theirs))
    return parts


def _buckets_of(coming: RuleSet, channel_id: int) -> int:
    """How many buckets of products the rule set prices on the storefront."""
    if coming.stage_channel_id is not None:
        return BUCKETS if coming.stage_channel_id == channel_id else 0
    return BUCKETS if coming.stage_percent is None else coming.stage_percent


def whole_assortment(session: Session, rule_set_id: int) -> list[RuleSetPart]:
    """As if the rule set priced every listing."""
    channel_ids = session.execute(select(Channel.id).where(Channel.active).order_by(Channel.id)).scalars()
    return [RuleSetPart(_rules(session, rule_set_id), [(channel_id, 0, BUCKETS - 1) for channel_id in channel_ids])]


def _rules(session: Session, rule_set_id: int) -> list[tuple[int | None, Rule]]:
    rows = session.execute(
        select(PriceRule)
        .where(PriceRule.rule_set_id == rule_set_id, PriceRule.active)
        .order_by(PriceRule.position, PriceRule.id)
    )
    return [(row.channel_id, as_rule(row)) for row in rows.scalars()]


def as_rule(row: PriceRule) -> Rule:
    """The rule as the engine knows it."""
    return Rule(row.name, row.kind, row.where, row.parameters)


def rules_of_purchase(session: Session) -> list[Rule]:
    """The rules in force that no storefront has to itself, in order: they say what an offer costs us."""
    rows = session.execute(
        select(PriceRule)
        .join(RuleSet, RuleSet.id == PriceRule.rule_set_id)
        .where(RuleSet.state == "in_force", PriceRule.active, PriceRule.channel_id.is_(None))
        .order_by(PriceRule.position, PriceRule.id)
    )
    return [as_rule(row) for row in rows.scalars()]


def rules(session: Session, rule_set_id: int) -> list[PriceRule]:
    """Every rule of a set, in order, also those that are switched off."""
    rows = session.execute(
        select(PriceRule).where(PriceRule.rule_set_id == rule_set_id).order_by(PriceRule.position, PriceRule.id)
    )
    return list(rows.scalars())


def rule(session: Session, rule_set_id: int, rule_id: int) -> PriceRule | None:
    """A rule of the set."""
    return session.execute(
        select(PriceRule).where(PriceRule.id == rule_id, PriceRule.rule_set_id == rule_set_id)
    ).scalar_one_or_none()


def rule_set_in(session: Session, *states: str) -> RuleSet | None:
    """The one rule set that is in one of the states, read fresh."""
    return session.execute(
        select(RuleSet).where(RuleSet.state.in_(states)), execution_options={"populate_existing": True}
    ).scalar_one_or_none()


def rule_set(session: Session, rule_set_id: int) -> RuleSet | None:
    """A rule set, read fresh."""
    return session.execute(
        select(RuleSet).where(RuleSet.id == rule_set_id), execution_options={"populate_existing": True}
    ).scalar_one_or_none()


def people_of(session: Session, found: RuleSet) -> dict[int, str]:
    """Id and name of whoever made, asked for or approved the rule set."""
    ids = {found.created_by, found.asked_by, found.approved_by} - {None}
    return {row[0]: row[1] for row in session.execute(select(User.id, User.name).where(User.id.in_(ids)))}


def all_rules(session: Session) -> Sequence[tuple[PriceRule, str | None]]:
    """Every rule in force with its channel's name (None: all channels), in order."""
    statement = (
        select(PriceRule, Channel.name)
        .join(RuleSet, RuleSet.id == PriceRule.rule_set_id)
        .outerjoin(Channel, Channel.id == PriceRule.channel_id)
        .where(RuleSet.state == "in_force")
    )
    return session.execute(statement.order_by(PriceRule.position, PriceRule.id)).all()


def channel_ids(session: Session) -> list[tuple[int, str]]:
    """Id and name of the active storefronts, in order."""
    rows = session.execute(select(Channel.id, Channel.name).where(Channel.active).order_by(Channel.position))
    return [(row[0], row[1]) for row in rows]


class PriceRow(NamedTuple):
    """`channel_id`: with the SKU it is the key that the next page follows."""

    variant_id: int
    sku: str
    name: str
    grade: str
    channel: str
    gross: Decimal
    net: Decimal
    floor: Decimal
    landed_cost: Decimal
    vat_scheme: str
    withheld: bool
    named: bool
    position: int

    @property
    def key(self) -> str:
        """What the next page follows."""
        return f"{self.position}:{self.sku}"


ONLY = {"withheld": Price.withheld, "named": Price.override_id.is_not(None), "below_floor": Price.gross < Price.floor}


def prices_in_force(session: Session, *, channel: str | None = None, words: str = "", only: str | None = None,
                    after: str | None = None, limit: int) -> list[PriceRow]:  # fmt: skip
    """Prices by SKU after the key `after`; `limit` + 1 rows at most.

    `words`: how the SKU begins, or what the name holds; `only`: one of ONLY.
    """
    statement = (
        select(Price.variant_id, Variant.sku, Variant.name, Variant.grade, Channel.name, Price.gross, Price.net,
               Price.floor, Price.landed_cost, Price.vat_scheme, Price.withheld, Price.override_id.is_not(None),
               Channel.position)
        .join(Variant, Variant.id == Price.variant_id)
        .join(Channel, Channel.id == Price.channel_id)
        .where(Price.valid_until.is_(None))
        .order_by(Variant.sku, Channel.position)
        .limit(limit + 1)
    )  # fmt: skip
    if channel:
        statement = statement.where(Channel.code == channel)
    if words:
        statement = statement.where(
            Variant.sku.istartswith(words, autoescape=True) | Variant.name.icontains(words, autoescape=True)
        )
    if only in ONLY:
        statement = statement.where(ONLY[only])
    position, _, sku = (after or "").partition(":")
    if sku and position.isascii() and position.isdecimal() and len(position) < 6:
        statement = statement.where(tuple_(Variant.sku, Channel.position) > (sku, int(position)))
    return [PriceRow._make(row) for row in session.execute(statement)]


class VariantPrice(NamedTuple):
    """A price in force. `steps` is None for one that was written before prices kept what they were computed from."""

    channel: str
    price: Price
    steps: list[Step] | None
    override: PriceOverride | None


def prices_of_variant(session: Session, variant_id: int) -> list[VariantPrice]:
    """The prices in force of a variant, one per channel, with the steps that led to them."""
    rows = session.execute(
        select(Channel.name, Price, PriceTerms.content, PriceOverride)
        .join(Channel, Channel.id == Price.channel_id)
        .outerjoin(PriceTerms, PriceTerms.key == Price.terms_key)
        .outerjoin(PriceOverride, PriceOverride.id == Price.override_id)
        .where(Price.variant_id == variant_id, Price.valid_until.is_(None))
        .order_by(Channel.position)
    )
    found = []
    for channel, price, content, named in rows:
        override = Override(named.gross, named.below_floor_agreed, named.reason) if named else None
        trace = explain(price, content, override).trace if content else None
        found.append(VariantPrice(channel, price, steps(trace) if trace else None, named))
    return found
