"""`listings-sync`: 20,000 changed listings to one shop, against lib-shopware6-api-base, one product at a time.

Ours is the flow's run: messages claimed, mapped, sent in bulk, settled, listings confirmed, all in PostgreSQL. The peer
only sends the same products. Both speak to the same sandbox shop, which runs in a process of its own. What it takes to
decide what the shop is to show, which the peer does not do, stands in the detail.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from lib_shopware6_api_base import ConfShopware6ApiBase, GrantType, Shopware6AdminAPIClientBase

from app import clock
from app.channels.services import FLOW, lock_assortment, refresh_listings
from app.db import transaction
from app.flows.models import Message
from app.stock.services import set_offered
from app.suppliers.models import Supplier
from bench.report import Report, median_and_spread
from bench.world import shop_of, world
from jobs import claims, ledger, shops
from jobs.portal_listings_shopware import product

LISTINGS = 20_000
CHANNEL = "econocom"
ROUNDS = 3
PEER_RECORDS = 1_000  # Per round; one at a time is the same work for each, so that its rate stands for all.
FASTER = 20
CHEAPER = 100


def measure() -> Report:
    """Ours and the peer in turns; seconds per 20,000 listings."""
    ours: list[float] = []
    peer: list[float] = []
    again: list[float] = []
    deciding: list[float] = []
    nothing_new: list[float] = []
    with world() as here:
        variants = _assortment()
        _run(variants)  # The first writes create what later rounds change.
        library = _library(shop_of(here.environment, CHANNEL))
        _send_one_by_one(library, 50)  # Signed in and warm, as ours is.
        for _ in range(ROUNDS):
            _next_list()
            decided, sent = _run(variants)
            deciding.append(decided)
            ours.append(sent)
            decided, sent = _run(variants, expect=0)
            nothing_new.append(decided)
            again.append(sent)
            peer.append(_send_one_by_one(library, PEER_RECORDS) * LISTINGS / PEER_RECORDS)
    mine, my_spread = median_and_spread(ours)
    theirs, their_spread = median_and_spread(peer)
    unchanged = statistics.median(again)
    return Report(
        name="listings-sync", ours=mine, peer=theirs, ratio=theirs / mine,
        bar=f">= {FASTER}x, unchanged again >= {CHEAPER}x cheaper",
        ok=theirs / mine >= FASTER and mine / unchanged >= CHEAPER,
        detail={
            "unit": f"s per {LISTINGS} listings", "rounds": ROUNDS, "spread": my_spread, "peer_spread": their_spread,
            "peer_records_per_round": PEER_RECORDS, "unchanged_s": unchanged, "unchanged_ratio": mine / unchanged,
            "decide_s": statistics.median(deciding), "decide_again_s": statistics.median(nothing_new),
        },
    )  # fmt: skip


def _assortment() -> list[int]:
    """One supplier offers 20,000 variants; only one storefront is open."""
    with transaction() as session:
        session.execute(sa.text("UPDATE channel SET active = false WHERE code <> :code"), {"code": CHANNEL})
        supplier_id = session.execute(sa.select(Supplier.id).where(Supplier.code == "foxway")).scalar_one()
        file_id = session.execute(
            sa.text("""INSERT INTO offer_file (supplier_id, filename, sha256, size_bytes, mode, list_date, state, step,
                           correlation_id, counts)
                       VALUES (:supplier_id, 'bench.csv', 'bench', 0, 'full', current_date, 'accepted', '', 'bench',
                               '{}')
                       RETURNING id"""),
            {"supplier_id": supplier_id},
        ).scalar_one()
        rows = session.execute(
            sa.text("""INSERT INTO offer (supplier_id, identity, item_number, description, grade_word, grade_key, grade,
                           quantity, price, currency, price_eur, vat_scheme, variant_id, offer_file_id, row_number,
                           changed_at)
                       SELECT :supplier_id, sku, sku, name, grade, lower(grade), grade, 1 + id % 7, p.eur, 'EUR', p.eur,
                              'margin', id, :file_id, 1, now()
                       FROM variant, LATERAL (SELECT 100 + product_id % 300 + 30 * array_position(
                         ARRAY['C', 'B', 'A', 'A+']::varchar[], grade) AS eur) p  -- A better grade costs more.
                       WHERE active AND grade <> 'new' ORDER BY id LIMIT :listings
                       RETURNING variant_id"""),
            {"supplier_id": supplier_id, "file_id": file_id, "listings": LISTINGS},
        )
        variants = [row.variant_id for row in rows]
        set_offered(session, supplier_id, reference="bench", user_id=None, now=clock.now())
        session.execute(sa.text("ANALYZE"))
    assert len(variants) == LISTINGS
    return variants


def _next_list() -> None:
    """Every offer costs more, and there is a piece more of it."""
    with transaction() as session:
        supplier_id = session.execute(
            sa.text("UPDATE offer SET price = price + 40, price_eur = price_eur + 40, quantity = quantity + 1"
                    " RETURNING supplier_id")
        ).first()  # fmt: skip
        assert supplier_id is not None
        set_offered(session, supplier_id[0], reference="bench", user_id=None, now=clock.now())


def _run(variants: list[int], *, expect: int = LISTINGS) -> tuple[float, float]:
    """Seconds to decide what the shop is to show, and to bring it there; every listing is checked to have arrived."""
    started = time.perf_counter()
    with transaction() as session:
        lock_assortment(session)
        sent = refresh_listings(session, variant_ids=variants, now=clock.now(), origin=None)
    decided = time.perf_counter()
    ledger.drain(FLOW)
    while claims.due_lanes(FLOW):
        ledger.drain(FLOW)
    ended = time.perf_counter()
    assert sum(sent.values()) == expect, sent
    with transaction() as session:
        waiting = session.execute(sa.text("SELECT count(*) FROM listing WHERE state <> 'listed'")).scalar_one()
    assert waiting == 0, f"{waiting} listings did not arrive"
    return decided - started, ended - decided


def _library(shop: dict[str, str]) -> Shopware6AdminAPIClientBase:
    return Shopware6AdminAPIClientBase(
        ConfShopware6ApiBase(
            shopware_admin_api_url=shop["base_url"] + "/api", client_id=shop["client_id"],
            client_secret=shop["client_secret"], grant_type=GrantType.RESOURCE_OWNER,
        )
    )  # fmt: skip


def _bodies(count: int) -> Iterator[dict[str, Any]]:
    with transaction() as session:
        rows = session.execute(
            sa.select(Message.body).where(Message.flow == FLOW).order_by(Message.id.desc()).limit(count)
        ).scalars()
        lookups = shops.client(CHANNEL).lookups()
        yield from (product(body, lookups=lookups) for body in rows)


def _send_one_by_one(library: Shopware6AdminAPIClientBase, count: int) -> float:
    """Seconds in which the peer changes the price of `count` products."""
    bodies = list(_bodies(count))
    for body in bodies:
        body["price"][0]["gross"] += 1
    started = time.perf_counter()
    for body in bodies:
        library.request_patch(f"product/{body['id']}", payload=body)
    return time.perf_counter() - started
