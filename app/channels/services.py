"""From offers and stock to listings: best offer, price, allocation, and one message per listing that changed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.channels.allocation import PIECES, TERMS
from app.channels.models import Channel
from app.db import copy_rows
from app.extensions import settings
from app.logs import correlation_id
from app.pricing.best_offer import Candidate, RuleBook, best_offers
from app.pricing.engine import PaymentFee, PriceInputs, price_by
from app.pricing.queries import rules_of, sellable_offers, vat_percent_on

FLOW = "portal.listings.shopware"
MANY = 1000  # Messages written at once after which what PostgreSQL knows of the tables is wrong.
_LOCK = 7_401_001  # Any constant: one change of the assortment at a time.

_CLOSE_PRICES = text("""
    UPDATE price p SET valid_until = :now FROM wanted_price w
    WHERE p.variant_id = w.variant_id AND p.channel_id = w.channel_id AND p.valid_until IS NULL
      AND (p.offer_id, p.gross, p.net, p.floor, p.landed_cost, p.vat_scheme, p.trace) IS DISTINCT FROM
          (w.offer_id, w.gross, w.net, w.floor, w.landed_cost, w.vat_scheme, w.trace)
""")
_OPEN_PRICES = text("""
    INSERT INTO price (variant_id, channel_id, offer_id, gross, net, floor, landed_cost, vat_scheme, trace, valid_from)
    SELECT w.variant_id, w.channel_id, w.offer_id, w.gross, w.net, w.floor, w.landed_cost, w.vat_scheme, w.trace, :now
    FROM wanted_price w
    WHERE NOT EXISTS (SELECT 1 FROM price p WHERE p.variant_id = w.variant_id AND p.channel_id = w.channel_id
                      AND p.valid_until IS NULL)
""")

# What each storefront is to show: `app.channels.allocation` of what is available. The body holds only what a shop
# shows: under the margin scheme it shows no VAT, and what the piece cost us is not its business.
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
      CROSS JOIN LATERAL (SELECT CASE WHEN NOT v.active THEN 0 ELSE {PIECES} END AS shown) a
      WHERE c.active) x
""")  # noqa: S608  # Constants of ours.
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
    session.execute(text("DROP TABLE IF EXISTS touched, wanted_price, wish, changed_wish"))
    session.execute(text("CREATE TEMP TABLE touched (variant_id bigint PRIMARY KEY) ON COMMIT DROP"))
    copy_rows(session, "touched", ["variant_id"], ((id_,) for id_ in ids))
    session.execute(text("ANALYZE touched"))
    config = settings()
    vat = vat_percent_on(session, config.vat_country, now.astimezone(ZoneInfo(config.timezone)).date())
    payment_fee = PaymentFee(config.payment_fee_fixed, config.payment_fee_percent)
    _write_prices(session, vat_percent=vat, payment_fee=payment_fee, now=now)
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


def _write_prices(session: Session, *, vat_percent: Decimal, payment_fee: PaymentFee, now: datetime) -> None:
    """Price what `touched` names, and write a version where anything about a price changed."""
    session.execute(
        text("""CREATE TEMP TABLE wanted_price (variant_id bigint, channel_id bigint, offer_id bigint, gross numeric,
                net numeric, floor numeric, landed_cost numeric, vat_scheme text, trace jsonb) ON COMMIT DROP""")
    )
    offers = best_offers(sellable_offers(session, now=now), rules_of(session, None))
    channel_ids = session.execute(select(Channel.id).where(Channel.active).order_by(Channel.id)).scalars().all()
    books = {channel_id: RuleBook(rules_of(session, channel_id)) for channel_id in channel_ids}
    columns = ("variant_id", "channel_id", "offer_id", "gross", "net", "floor", "landed_cost", "vat_scheme", "trace")
    rows = _prices(offers, books, vat_percent=vat_percent, payment_fee=payment_fee)
    copy_rows(session, "wanted_price", columns, rows)
    session.execute(text("ANALYZE wanted_price (variant_id, channel_id)"))
    session.execute(_CLOSE_PRICES, {"now": now})
    session.execute(_OPEN_PRICES, {"now": now})


def _prices(offers: Sequence[Candidate], books: Mapping[int, RuleBook], *, vat_percent: Decimal,
            payment_fee: PaymentFee) -> Iterator[tuple[object, ...]]:  # fmt: skip
    """A row of wanted_price per variant and channel; equal inputs are computed once, and amounts are text for COPY.

    Runs no SQL: a connection that copies in answers no query.
    """
    for channel_id, book in books.items():
        known: dict[PriceInputs, tuple[tuple[str, ...], str]] = {}
        for offer in offers:
            inputs = PriceInputs(offer.facts, offer.price_eur, offer.reference)
            found = known.get(inputs)
            if found is None:
                priced = price_by(inputs, book.of(inputs.facts), vat_percent=vat_percent, payment_fee=payment_fee)
                amounts = tuple(map(str, (priced.gross, priced.net, priced.floor, priced.landed_cost)))
                found = known[inputs] = (amounts, json.dumps(priced.trace))
            amounts, trace = found
            yield (offer.variant_id, channel_id, offer.offer_id, *amounts, offer.vat_scheme, trace)


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
