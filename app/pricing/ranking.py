"""The order of `app.pricing.best_offer` as SQL: the sellable offers of some variants, the best first, in one statement.

Tests hold that both agree, for any rules and offers.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.stock.queries import SELLABLE_OFFER

# Of an offer `o` for variant `v`, with `:now`: did a person pin it?
PINNED = """EXISTS (SELECT 1 FROM offer_pin n
            WHERE n.variant_id = v.id AND n.supplier_id = o.supplier_id AND n.identity = o.identity
              AND n.ended_at IS NULL AND n.until > CAST(:now AS timestamptz))"""
# The best first: an ORDER BY over columns of these names.
RANK = "pinned DESC, landed, lead_time_days, reliability DESC, vat_scheme <> 'margin', supplier_id, offer_id"
# Of costs the last rule that applies counts, and one that names a component in no other way is of its own name.
_INBOUND = """
    SELECT round(COALESCE((r.parameters->>'eur')::numeric, 0)
                 + o.price_eur * COALESCE((r.parameters->>'percent')::numeric, 0) / 100, 2)
    FROM price_rule r
    WHERE r.active AND r.channel_id IS NULL AND r.kind = 'cost'
      AND (COALESCE(r.parameters->'inbound', 'null') NOT IN ('null', 'false', '0', '""', '[]', '{}')
           OR COALESCE(r.parameters->>'component', r.name) = 'inbound')
      AND NOT EXISTS (SELECT 1 FROM jsonb_each(r."where") w
                      WHERE NOT COALESCE(w.value ? (f.facts->>w.key), false))
    ORDER BY r.position DESC, r.id DESC LIMIT 1
"""


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


_RANKED = text(f"""
    SELECT c.*, row_number() OVER (PARTITION BY variant_id ORDER BY {RANK}) AS place
    FROM (
      SELECT v.id AS variant_id, o.id AS offer_id, s.id AS supplier_id, s.name AS supplier, o.identity, o.vat_scheme,
             s.lead_time_days, s.reliability, {PINNED} AS pinned, o.price_eur + COALESCE(({_INBOUND}), 0) AS landed
      FROM variant v JOIN product p ON p.id = v.product_id
      JOIN offer o ON o.variant_id = v.id JOIN supplier s ON s.id = o.supplier_id
      CROSS JOIN LATERAL (
        SELECT jsonb_build_object('brand', p.brand, 'category', p.category, 'grade', v.grade, 'supplier', s.code,
                                  'vat_scheme', o.vat_scheme) AS facts) f
      WHERE v.id = ANY(:variant_ids) AND {SELLABLE_OFFER}) c
    ORDER BY variant_id, place
""")  # noqa: S608  # Constants of ours.


def ranked_offers(session: Session, variant_ids: Sequence[int], *, now: datetime) -> list[RankedOffer]:
    """Every sellable offer of the variants, by variant and place."""
    rows = session.execute(_RANKED, {"variant_ids": list(variant_ids), "now": now})
    return [RankedOffer._make(row) for row in rows]
