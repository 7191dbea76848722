"""Pinned offers: a person says which offer a variant is bought by, why, and until when. A pin ends by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from app.auth import audit
from app.auth.models import User
from app.catalog.models import Variant
from app.offers.models import Offer
from app.pricing.models import OfferPin
from app.pricing.ranking import RankedOffer, ranked_offers
from app.suppliers.models import Supplier


class NotPinnable(Exception):
    """The offer is of no variant, or the pin would end before it begins."""


def pin(session: Session, offer_id: int, *, reason: str, until: datetime, user_id: int | None, now: datetime) -> int:
    """Buy the offer's variant by it while it is sellable, to `until`; returns the variant's id.

    Another pin of the variant ends. The caller holds `lock_assortment` and refreshes the listing. Raises NotPinnable.
    """
    offer = session.get(Offer, offer_id)
    if offer is None or offer.variant_id is None or until <= now:
        raise NotPinnable
    _end(session, OfferPin.variant_id == offer.variant_id, now=now)
    session.add(
        OfferPin(variant_id=offer.variant_id, supplier_id=offer.supplier_id, identity=offer.identity, reason=reason,
                 user_id=user_id, created_at=now, until=until)
    )  # fmt: skip
    session.flush()
    audit.record(session, act="pricing.pin", subject_kind="variant", subject_id=str(offer.variant_id),
                 after={"supplier_id": offer.supplier_id, "identity": offer.identity, "reason": reason,
                        "until": until})  # fmt: skip
    return offer.variant_id


def unpin(session: Session, variant_id: int, *, now: datetime) -> bool:
    """Let the order decide again; False when nothing was pinned. As `pin` otherwise."""
    ended = _end(session, OfferPin.variant_id == variant_id, now=now)
    if ended:
        audit.record(session, act="pricing.unpin", subject_kind="variant", subject_id=str(variant_id),
                     before={"reason": ended[variant_id]})  # fmt: skip
    return bool(ended)


def end_due(session: Session, *, now: datetime) -> list[int]:
    """End the pins whose time is over; returns their variants. The caller refreshes their listings."""
    ended = _end(session, OfferPin.until <= now, now=now)
    for variant_id, reason in ended.items():
        audit.record(session, act="pricing.pin_ended", subject_kind="variant", subject_id=str(variant_id),
                     before={"reason": reason}, actor="portal.offer-pins.portal")  # fmt: skip
    return sorted(ended)


def _end(session: Session, *which: object, now: datetime) -> Mapping[int, str]:
    """Variant to the reason of the pin that ended."""
    rows = session.execute(
        update(OfferPin)
        .where(OfferPin.ended_at.is_(None), *which)  # type: ignore[arg-type]
        .values(ended_at=now)
        .returning(OfferPin.variant_id, OfferPin.reason),
        execution_options={"synchronize_session": False},
    )
    return {row[0]: row[1] for row in rows}


class PinRow(NamedTuple):
    """`wins`: the variant is bought by it now. `costs`: EUR a piece above the best other offer; None: no other."""

    variant_id: int
    sku: str
    name: str
    supplier: str
    identity: str
    reason: str
    who: str | None
    created_at: datetime
    until: datetime
    wins: bool = False
    costs: Decimal | None = None


_PINS = (
    select(OfferPin.variant_id, Variant.sku, Variant.name, Supplier.name, OfferPin.identity, OfferPin.reason, User.name,
           OfferPin.created_at, OfferPin.until)
    .join(Variant, Variant.id == OfferPin.variant_id)
    .join(Supplier, Supplier.id == OfferPin.supplier_id)
    .outerjoin(User, User.id == OfferPin.user_id)
    .where(OfferPin.ended_at.is_(None))
)  # fmt: skip


def open_pins(session: Session, *, now: datetime, variant_id: int | None = None,
              ranking: Sequence[RankedOffer] | None = None) -> list[PinRow]:  # fmt: skip
    """Pins in force, those that end first before others, with what each costs; `ranking`: of their offers, if known."""
    statement = _PINS.where(OfferPin.until > now).order_by(OfferPin.until, OfferPin.id)
    if variant_id is not None:
        statement = statement.where(OfferPin.variant_id == variant_id)
    rows = [PinRow._make([*row, False, None]) for row in session.execute(statement)]
    offers: dict[int, list[RankedOffer]] = {}
    if ranking is None:
        ranking = ranked_offers(session, [row.variant_id for row in rows], now=now)
    for offer in ranking:
        offers.setdefault(offer.variant_id, []).append(offer)
    return [_with_cost(row, offers.get(row.variant_id, [])) for row in rows]


def _with_cost(row: PinRow, offers: list[RankedOffer]) -> PinRow:
    if not offers or not offers[0].pinned:
        return row
    costs = offers[0].landed - offers[1].landed if len(offers) > 1 else None
    return row._replace(wins=True, costs=costs)


def due(session: Session, *, now: datetime) -> bool:
    """Whether some pin is to end."""
    return bool(
        session.execute(
            text("SELECT EXISTS (SELECT 1 FROM offer_pin WHERE ended_at IS NULL AND until <= :now)"), {"now": now}
        ).scalar_one()
    )
