"""From offers and stock to listings: best offer, price, allocation, and one message per listing that changed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.channels.models import Channel
from app.db import copy_rows
from app.extensions import settings
from app.logs import correlation_id
from app.pricing.engine import Facts, Fees, Priced, PriceInputs, price_listing
from app.pricing.queries import rules_of, vat_percent_on

FLOW = "portal.listings.shopware"
_LOCK = 7_401_001  # Any constant: one change of the assortment at a time.

# Cheapest landed offer; then the quicker supplier; then the older one. Only what may be sold counts.
_BEST = text("""
    SELECT DISTINCT ON (v.id) v.id, o.id AS offer_id, o.price_eur, o.vat_scheme, s.code AS supplier,
           p.brand, p.category, v.grade, p.reference_price
    FROM touched t JOIN variant v ON v.id = t.variant_id JOIN product p ON p.id = v.product_id
    JOIN offer o ON o.variant_id = v.id AND o.quantity > 0 AND o.grade = v.grade
    JOIN supplier s ON s.id = o.supplier_id AND s.active
    WHERE v.active
    ORDER BY v.id, o.price_eur, s.lead_time_days, s.id
""")

_CLOSE_PRICES = text("""
    UPDATE price p SET valid_until = :now FROM wanted_price w
    WHERE p.variant_id = w.variant_id AND p.channel_id = w.channel_id AND p.valid_until IS NULL
      AND (p.gross, p.net, p.floor, p.landed_cost, p.vat_scheme) IS DISTINCT FROM
          (w.gross, w.net, w.floor, w.landed_cost, w.vat_scheme)
""")
_OPEN_PRICES = text("""
    INSERT INTO price (variant_id, channel_id, offer_id, gross, net, floor, landed_cost, vat_scheme, trace, valid_from)
    SELECT w.variant_id, w.channel_id, w.offer_id, w.gross, w.net, w.floor, w.landed_cost, w.vat_scheme, w.trace, :now
    FROM wanted_price w
    WHERE NOT EXISTS (SELECT 1 FROM price p WHERE p.variant_id = w.variant_id AND p.channel_id = w.channel_id
                      AND p.valid_until IS NULL)
""")

# What each storefront is to show: its share of what is available, at least one piece while there is any.
_WISHES = text("""
    CREATE TEMP TABLE wish ON COMMIT DROP AS
    SELECT variant_id, channel_id, channel, sku, price_id, gross, vat_scheme, shown, body, md5(body::text) AS hash
    FROM (
      SELECT v.id AS variant_id, c.id AS channel_id, c.code AS channel, v.sku, p.id AS price_id, p.gross, p.vat_scheme,
             a.shown,
             jsonb_build_object(
               'sku', v.sku, 'name', v.name, 'brand', m.brand, 'category', m.category, 'grade', v.grade,
               'colour', v.colour, 'storage_gb', v.storage_gb, 'memory_gb', v.memory_gb, 'processor', v.processor,
               'gtin', v.gtin, 'mpn', m.mpn, 'price_gross', p.gross::text, 'price_net', p.net::text,
               'vat_scheme', p.vat_scheme, 'vat_percent', CAST(:vat_percent AS text), 'stock', a.shown,
               'active', a.shown > 0) AS body
      FROM touched t
      JOIN variant v ON v.id = t.variant_id JOIN product m ON m.id = v.product_id
      CROSS JOIN channel c
      JOIN price p ON p.variant_id = v.id AND p.channel_id = c.id AND p.valid_until IS NULL
      LEFT JOIN stock s ON s.variant_id = v.id
      CROSS JOIN LATERAL (
        SELECT CASE WHEN NOT v.active OR COALESCE(s.available, 0) = 0 OR c.share_percent = 0 THEN 0
                    ELSE LEAST(GREATEST(1, s.available * c.share_percent / 100), COALESCE(c.max_shown, s.available))
               END AS shown) a
      WHERE c.active) x
""")
_LISTINGS = text("""
    WITH changed AS (
      INSERT INTO listing AS l (variant_id, channel_id, state, price_gross, vat_scheme, stock, wanted_hash, changed_at,
                                price_id, correlation_id)
      SELECT variant_id, channel_id, 'waiting', gross, vat_scheme, shown, hash, :now, price_id, :correlation_id
      FROM wish
      WHERE shown > 0 OR EXISTS (SELECT 1 FROM listing x WHERE x.variant_id = wish.variant_id
                                 AND x.channel_id = wish.channel_id)
      ON CONFLICT (variant_id, channel_id) DO UPDATE SET
        state = 'waiting', price_gross = excluded.price_gross, vat_scheme = excluded.vat_scheme,
        stock = excluded.stock, wanted_hash = excluded.wanted_hash, changed_at = excluded.changed_at,
        price_id = excluded.price_id, correlation_id = excluded.correlation_id
      WHERE l.wanted_hash <> excluded.wanted_hash
      RETURNING l.variant_id, l.channel_id)
    INSERT INTO pg_temp.changed_wish SELECT w.* FROM wish w JOIN changed USING (variant_id, channel_id)
""")
_SUPERSEDE = text("""
    UPDATE message m SET state = 'superseded', settled_at = :now, lease_until = NULL
    FROM changed_wish w
    WHERE m.flow = :flow AND m.channel = w.channel AND m.key = w.sku AND m.state = 'pending'
      AND (m.lease_until IS NULL OR m.lease_until < clock_timestamp())
""")
_SEND = text("""
    INSERT INTO message (direction, flow, channel, key, state, next_attempt_at, content_hash, correlation_id, body,
                         origin)
    SELECT 'out', :flow, channel, sku, 'pending', :now, hash, :correlation_id, body, :origin
    FROM changed_wish ORDER BY channel_id, variant_id
""")


class _Best(NamedTuple):
    variant_id: int
    offer_id: int
    price_eur: Decimal
    vat_scheme: str
    supplier: str
    brand: str
    category: str
    grade: str
    reference_price: Decimal | None


def lock_assortment(session: Session) -> None:
    """Wait for one's turn to change offers, stock and listings; held to the end of the transaction."""
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def refresh_listings(session: Session, *, variant_ids: Iterable[int], now: datetime,
                     origin: str | None) -> dict[str, int]:  # fmt: skip
    """Bring prices and listings of the variants in line with offers and stock, and put what changed in the outbox.

    All in the caller's transaction. Returns the number of changed listings per channel code; a listing whose content
    did not change is not sent. Wake `FLOW` after the commit.
    """
    ids = sorted(set(variant_ids))
    if not ids:
        return {}
    session.execute(text("DROP TABLE IF EXISTS touched, wanted_price, wish, changed_wish"))
    session.execute(text("CREATE TEMP TABLE touched (variant_id bigint PRIMARY KEY) ON COMMIT DROP"))
    copy_rows(session, "touched", ["variant_id"], ((id_,) for id_ in ids))
    session.execute(text("ANALYZE touched"))
    config = settings()
    vat = vat_percent_on(session, config.vat_country, now.astimezone(ZoneInfo(config.timezone)).date())
    fees = Fees(vat, config.payment_fee_fixed, config.payment_fee_percent)
    _write_prices(session, fees, now=now)
    session.execute(_WISHES, {"vat_percent": format(vat.normalize(), "f")})
    session.execute(text("CREATE TEMP TABLE changed_wish ON COMMIT DROP AS SELECT * FROM wish WITH NO DATA"))
    session.execute(_LISTINGS, {"now": now, "correlation_id": correlation_id()})
    session.execute(_SUPERSEDE, {"now": now, "flow": FLOW})
    session.execute(_SEND, {"now": now, "flow": FLOW, "correlation_id": correlation_id(), "origin": origin})
    rows = session.execute(text("SELECT channel, count(*) FROM changed_wish GROUP BY 1 ORDER BY 1"))
    return {row[0]: row[1] for row in rows}


def _write_prices(session: Session, fees: Fees, *, now: datetime) -> None:
    session.execute(
        text("""CREATE TEMP TABLE wanted_price (variant_id bigint, channel_id bigint, offer_id bigint, gross numeric,
                net numeric, floor numeric, landed_cost numeric, vat_scheme text, trace jsonb) ON COMMIT DROP""")
    )
    best = [_Best._make(row) for row in session.execute(_BEST)]
    columns = ("variant_id", "channel_id", "offer_id", "gross", "net", "floor", "landed_cost", "vat_scheme", "trace")
    rows = list(_prices(session, best, fees))  # Read first: a connection that copies in answers no query.
    copy_rows(session, "wanted_price", columns, rows)
    session.execute(text("ANALYZE wanted_price"))
    session.execute(_CLOSE_PRICES, {"now": now})
    session.execute(_OPEN_PRICES, {"now": now})


def _prices(session: Session, best: list[_Best], fees: Fees) -> Iterator[tuple[Any, ...]]:
    """A row of wanted_price per variant and channel; equal inputs are computed once."""
    for channel_id in session.execute(select(Channel.id).where(Channel.active).order_by(Channel.id)).scalars().all():
        rules = rules_of(session, channel_id)
        known: dict[PriceInputs, tuple[Priced, str]] = {}
        for offer in best:
            facts = Facts(offer.brand, offer.category, offer.grade, offer.supplier, offer.vat_scheme)
            inputs = PriceInputs(facts, offer.price_eur, offer.reference_price)
            found = known.get(inputs)
            if found is None:
                priced = price_listing(inputs, rules, fees)
                found = known[inputs] = (priced, json.dumps(priced.trace))
            priced, trace = found
            yield (offer.variant_id, channel_id, offer.offer_id, priced.gross, priced.net, priced.floor,
                   priced.landed_cost, priced.vat_scheme, trace)  # fmt: skip
