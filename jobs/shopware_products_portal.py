"""Flow `shopware.products.portal`: somebody changed products in a storefront; what is ours to say is put right.

A delivery only hints, and our own writes come back as deliveries too. Prices and whether a product is for sale are the
portal's word: a foreign edit of them is overwritten. Stock is not compared, since a sale in the shop lowers it rightly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import sqlalchemy as sa

from app import clock, queue
from app.channels.services import FLOW as LISTINGS
from app.channels.services import lock_assortment, send_again
from app.db import transaction
from integrations.shopware.ids import deterministic_id
from jobs import shops
from jobs.claims import Batch
from jobs.portal_listings_shopware import DEFAULT_CURRENCY
from jobs.settlement import Outcome, settle

ECHO = timedelta(minutes=2)  # A delivery this soon after our own write is taken for its echo.
FIELDS = {"product": ["id", "productNumber", "price", "active"]}


class Wanted(NamedTuple):
    """What a listing says in the shop. `quiet`: no write of ours is under way or fresh."""

    variant_id: int
    price_gross: Decimal
    active: bool
    quiet: bool


def work(batch: Batch) -> None:
    """One look at the shop for all deliveries in hand."""
    ids = {id_ for message in batch.messages for id_ in product_ids(message.body["payload"])}
    with transaction() as session:
        ours = {id_: wanted for id_, wanted in _listings(session, batch.channel) if id_ in ids}
    to_check = {id_: wanted for id_, wanted in ours.items() if wanted.quiet}
    wrong = _wrong(batch.channel, to_check) if to_check else set()
    with transaction() as session:
        if wrong:
            lock_assortment(session)
            send_again(session, batch.channel, variant_ids=wrong, now=clock.now())
        result = {"ours": len(ours), "checked": len(to_check), "put_right": len(wrong)}
        state: Any = "delivered" if wrong else "unchanged"
        settle(session, batch, [Outcome(message.id, state, result) for message in batch.messages])
    if wrong:
        queue.wake(LISTINGS)


def product_ids(payload: Iterable[Any]) -> Iterator[str]:
    """The products that a delivery names."""
    for entry in payload:
        if isinstance(entry, Mapping) and entry.get("entity") == "product" and isinstance(entry.get("primaryKey"), str):
            yield entry["primaryKey"]


_LISTINGS = sa.text("""
    SELECT v.sku, l.variant_id, l.price_gross, l.stock > 0 AS active,
           l.state IN ('listed', 'withdrawn') AND l.confirmed_at < :fresh
             AND NOT EXISTS (SELECT 1 FROM message m WHERE m.flow = :flow AND m.channel = c.code AND m.key = v.sku
                             AND m.state = 'pending') AS quiet
    FROM listing l JOIN variant v ON v.id = l.variant_id JOIN channel c ON c.id = l.channel_id
    WHERE c.code = :channel
""")


def _listings(session: sa.orm.Session, channel: str) -> Iterator[tuple[str, Wanted]]:
    rows = session.execute(_LISTINGS, {"channel": channel, "flow": LISTINGS, "fresh": clock.now() - ECHO})
    for row in rows:
        yield deterministic_id("product", row.sku), Wanted(row.variant_id, row.price_gross, row.active, row.quiet)


def _wrong(channel: str, wanted: Mapping[str, Wanted]) -> set[int]:
    """The variants whose price or activity in the shop is not what we said, or that are gone there."""
    found = shops.client(channel).search("product", {"ids": sorted(wanted), "includes": FIELDS})
    there = {str(product["id"]): product for product in found}
    return {
        listing.variant_id for id_, listing in wanted.items() if id_ not in there or not _agrees(there[id_], listing)
    }


def _agrees(product: Mapping[str, Any], listing: Wanted) -> bool:
    prices = product.get("price") or []
    gross = next((price.get("gross") for price in prices if price.get("currencyId") == DEFAULT_CURRENCY), None)
    if gross is None or bool(product["active"]) != listing.active:
        return False
    return Decimal(str(gross)) == listing.price_gross
