"""From offers and stock to listings: best offer, price, allocation, and one message per listing that changed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.channels.allocation import PIECES, TERMS
from app.db import copy_rows
from app.logs import correlation_id
from app.pricing.prices import write_prices

FLOW = "portal.listings.shopware"
MANY = 1000  # Messages written at once after which what PostgreSQL knows of the tables is wrong.
_LOCK = 7_401_001  # Any constant: one change of the assortment at a time.

# The prices of grades of one model depend on each other, as far as there are pieces to sell.
_SIBLINGS = text("""
    INSERT INTO touched
    SELECT sibling.id FROM touched t JOIN variant v ON v.id = t.variant_id
    JOIN variant sibling ON sibling.product_id = v.product_id AND sibling.match_key = v.match_key AND sibling.id <> v.id
    JOIN stock s ON s.variant_id = sibling.id AND s.available > 0
    ON CONFLICT DO NOTHING
""")
# What each storefront is to show: `app.channels.allocation` of what is available, nothing where the price is withheld.
# What it is not to show and does not have is no listing.
# The body holds only what a shop shows: under the margin scheme it shows no VAT, and our cost is not its business.
_WISHES = text(f"""
    CREATE TEMP TABLE wish ON COMMIT DROP AS
    SELECT variant_id, channel_id, channel, sku, price_id, gross, vat_scheme, shown, body, md5(body::text) AS hash
    FROM (
      SELECT v.id AS variant_id, c.id AS channel_id, c.code AS channel, v.sku, p.id AS price_id, p.gross, p.vat_scheme,
             a.shown,
             jsonb_build_object(
               'sku', v.sku, 'name', v.name, 'brand', m.brand, 'category', m.category, 'grade', v.grade,
               'colour', v.colour, 'storage_gb', v.storage_gb, 'memory_gb', v.memory_gb, 'processor', v.processor,
               'gtin', v.gtin, 'mpn', m.mpn, 'price_gross', p.gross::text,
               'price_net', (CASE WHEN p.vat_scheme = 'margin' THEN p.gross ELSE p.net END)::text,
               'vat_scheme', p.vat_scheme, 'vat_percent', CAST(:vat_percent AS text), 'stock', a.shown,
               'reference_price', m.reference_price::text, 'active', a.shown > 0) AS body
      FROM touched t
      JOIN variant v ON v.id = t.variant_id JOIN product m ON m.id = v.product_id
      CROSS JOIN channel c
      JOIN price p ON p.variant_id = v.id AND p.channel_id = c.id AND p.valid_until IS NULL
      LEFT JOIN stock s ON s.variant_id = v.id
      CROSS JOIN LATERAL ({TERMS}) k
      CROSS JOIN LATERAL (SELECT CASE WHEN NOT v.active OR p.withheld THEN 0 ELSE {PIECES} END AS shown) a
      LEFT JOIN listing l ON l.variant_id = v.id AND l.channel_id = c.id
      WHERE c.active AND (a.shown > 0 OR l.id IS NOT NULL)) x
""")  # noqa: S608  # Constants of ours.
_LISTINGS = text("""
    WITH changed AS (
      INSERT INTO listing AS l (variant_id, channel_id, state, price_gross, vat_scheme, stock, wanted_hash, changed_at,
                                price_id, correlation_id)
      SELECT variant_id, channel_id, 'waiting', gross, vat_scheme, shown, hash, :now, price_id, :correlation_id
      FROM wish
      ON CONFLICT (variant_id, channel_id) DO UPDATE SET
        state = 'waiting', price_gross = excluded.price_gross, vat_scheme = excluded.vat_scheme,
        stock = excluded.stock, wanted_hash = excluded.wanted_hash, changed_at = excluded.changed_at,
        price_id = excluded.price_id, correlation_id = excluded.correlation_id
      WHERE l.wanted_hash <> excluded.wanted_hash
      RETURNING l.variant_id, l.channel_id)
    INSERT INTO pg_temp.changed_wish SELECT w.* FROM wish w JOIN changed USING (variant_id, channel_id)
""")
_PRICES_OF_LISTINGS = text("""
    UPDATE listing l SET price_id = w.price_id FROM wish w
    WHERE l.variant_id = w.variant_id AND l.channel_id = w.channel_id AND l.price_id IS DISTINCT FROM w.price_id
""")
_SUPERSEDE = text("""
    UPDATE message m SET state = 'superseded', settled_at = clock_timestamp(), lease_until = NULL
    FROM changed_wish w
    WHERE m.flow = :flow AND m.channel = w.channel AND m.key = w.sku AND m.state IN ('pending', 'dead')
      AND (m.lease_until IS NULL OR m.lease_until < clock_timestamp())
""")
# Changed there and back before the shop heard of it: the shop confirmed this very content, and no worker ever had
# another content of the key in hand since (fence 0: never claimed). A doubtful answer counts as heard.
_CONFIRMED_ALREADY = text("""
    WITH known AS (
      DELETE FROM changed_wish w USING listing l
      WHERE l.variant_id = w.variant_id AND l.channel_id = w.channel_id AND l.sent_hash = w.hash
        AND NOT EXISTS (SELECT 1 FROM message m
                        WHERE m.flow = :flow AND m.channel = w.channel AND m.key = w.sku AND m.content_hash <> w.hash
                          AND m.fence > 0 AND (m.settled_at IS NULL OR m.settled_at >= l.confirmed_at))
      RETURNING w.variant_id, w.channel_id, w.shown)
    UPDATE listing l SET state = CASE WHEN k.shown > 0 THEN 'listed' ELSE 'withdrawn' END, refusal = NULL
    FROM known k WHERE l.variant_id = k.variant_id AND l.channel_id = k.channel_id
""")
_SEND = text("""
    INSERT INTO message (direction, flow, channel, key, state, next_attempt_at, content_hash, correlation_id, body,
                         origin)
    SELECT 'out', :flow, channel, sku, 'pending', :now, hash, :correlation_id, body, :origin
    FROM changed_wish ORDER BY channel_id, variant_id
""")


def lock_assortment(session: Session) -> None:
    """Wait for one's turn to change offers, stock and listings; held to the end of the transaction."""
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def refresh_listings(session: Session, *, variant_ids: Iterable[int], now: datetime,
                     origin: str | None) -> dict[str, int]:  # fmt: skip
    """Bring prices and listings of the variants in line with offers and stock, and put what changed in the outbox.

    All in the caller's transaction, which holds `lock_assortment`. Returns the number of messages per channel code; a
    listing whose content the shop has already is not sent. A variant that nobody offers any more keeps its last price
    while a location holds pieces of it. Messages carry the correlation id of the context. Wake `FLOW` after the commit.
    Raises UnknownRate, RuleInvalid, FeesTooHigh.
    """
    ids = sorted(set(variant_ids))
    if not ids:
        return {}
    session.execute(text("DROP TABLE IF EXISTS touched, wish, changed_wish"))
    session.execute(text("CREATE TEMP TABLE touched (variant_id bigint PRIMARY KEY) ON COMMIT DROP"))
    copy_rows(session, "touched", ["variant_id"], ((id_,) for id_ in ids))
    session.execute(_SIBLINGS)
    session.execute(text("ANALYZE touched"))
    vat = write_prices(session, now=now)
    session.execute(_WISHES, {"vat_percent": format(vat.normalize(), "f")})
    session.execute(text("CREATE TEMP TABLE changed_wish ON COMMIT DROP AS SELECT * FROM wish WITH NO DATA"))
    session.execute(_LISTINGS, {"now": now, "correlation_id": correlation_id()})
    session.execute(_PRICES_OF_LISTINGS)
    session.execute(_SUPERSEDE, {"flow": FLOW})
    session.execute(_CONFIRMED_ALREADY, {"flow": FLOW})
    session.execute(_SEND, {"now": now, "flow": FLOW, "correlation_id": correlation_id(), "origin": origin})
    rows = session.execute(text("SELECT channel, count(*) FROM changed_wish GROUP BY 1 ORDER BY 1"))
    sent = {row[0]: row[1] for row in rows}
    if sum(sent.values()) > MANY:
        session.execute(text("ANALYZE message (state, flow, channel, fence), listing (channel_id, state)"))
    return sent


_FORGET_SENT = text("""
    UPDATE listing SET wanted_hash = '', sent_hash = NULL, sent_facts = NULL
    WHERE variant_id = ANY(:variant_ids) AND channel_id = (SELECT id FROM channel WHERE code = :channel)
""")


def send_again(session: Session, channel: str, *, variant_ids: Iterable[int], now: datetime) -> dict[str, int]:
    """Tell the storefront everything about the variants once more: it does not hold what it confirmed.

    The caller holds `lock_assortment`. Returns and raises as `refresh_listings`.
    """
    ids = sorted(set(variant_ids))
    session.execute(_FORGET_SENT, {"variant_ids": ids, "channel": channel})
    return refresh_listings(session, variant_ids=ids, now=now, origin=None)
