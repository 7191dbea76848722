"""The sellable offers of some variants, the best first, as pages show them: read in one statement, ranked by Python.

`app.pricing.rendering` chooses the same for many variants without leaving PostgreSQL; tests hold that both agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.pricing.best_offer import Candidate, ranked
from app.pricing.queries import rules_of_purchase
from app.pricing.rendering import PIN
from app.pricing.rules import age_band
from app.stock.queries import SELLABLE_OFFER


class RankedOffer(NamedTuple):
    """A sellable offer. `place` 1: its variant is bought by it. `landed`: EUR."""

    variant_id: int
    offer_id: int
    supplier_id: int
    supplier: str
    identity: str
    vat_scheme: str
    lead_time_days: int
    reliability: int
    pinned: bool
    landed: Decimal
    place: int


_OFFERS = text(f"""
    SELECT v.id, o.id, o.price_eur, o.vat_scheme, s.id, s.code, s.lead_time_days, p.brand, p.category, v.grade,
           p.reference_price, s.reliability, n.id IS NOT NULL AS pinned,
           COALESCE(EXTRACT(epoch FROM CAST(:now AS timestamptz) - k.present_since), 0)::float8 / 86400 AS days,
           s.name AS supplier, o.identity
    FROM variant v JOIN product p ON p.id = v.product_id
    JOIN offer o ON o.variant_id = v.id JOIN supplier s ON s.id = o.supplier_id
    LEFT JOIN stock k ON k.variant_id = v.id
    LEFT JOIN offer_pin n ON n.variant_id = v.id AND {PIN}
    WHERE v.id = ANY(:variant_ids) AND {SELLABLE_OFFER}
""")  # noqa: S608  # Constants of ours.


def ranked_offers(session: Session, variant_ids: Sequence[int], *, now: datetime) -> list[RankedOffer]:
    """Every sellable offer of the variants, by variant and place."""
    rows = session.execute(_OFFERS, {"variant_ids": list(variant_ids), "now": now}).all()
    names = {row[1]: (row.supplier, row.identity) for row in rows}
    candidates = [Candidate._make((*row[:13], age_band(int(row.days)))) for row in rows]
    found: list[RankedOffer] = []
    for offer, landed in ranked(candidates, rules_of_purchase(session)):
        place = found[-1].place + 1 if found and found[-1].variant_id == offer.variant_id else 1
        supplier, identity = names[offer.offer_id]
        found.append(
            RankedOffer(offer.variant_id, offer.offer_id, offer.supplier_id, supplier, identity, offer.vat_scheme,
                        offer.lead_time_days, offer.reliability, offer.pinned, landed, place)
        )  # fmt: skip
    return found
