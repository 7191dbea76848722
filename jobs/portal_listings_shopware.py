"""Flow `portal.listings.shopware`: changed listings go to a storefront, in bulk.

The message's body is a listing in our words. Only the mapping below knows how Shopware calls things.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

import sqlalchemy as sa

from app import clock
from app.catalog.models import Variant
from app.channels.models import Channel, Listing
from app.db import Json, transaction
from app.offers.services import arrived
from integrations.shopware.ids import deterministic_id
from integrations.shopware.lookups import Lookups
from integrations.shopware.upsert import RecordOutcome
from jobs import failpoints, shops
from jobs.ledger import Batch, Claimed, Outcome, settle

CUSTOM_FIELDS = ("grade", "colour", "storage_gb", "category")
DEFAULT_CURRENCY = "b7d2554b0ce847cd82f3ac9bd1c0dfca"  # The same on every shop (contract, section 1).
EVERYWHERE = 30  # Visibility: link, search and listing.


def work(batch: Batch) -> None:
    """Send the newest wish per SKU; older ones of the same batch are superseded."""
    newest = {message.key: message for message in batch.messages}
    current = list(newest.values())
    client = shops.client(batch.channel)
    lookups = client.lookups()
    records = [product(message.body, lookups=lookups) for message in current]
    failpoints.reach("job.before_effect")
    answers = client.upsert("product", records)
    failpoints.reach("job.after_effect")
    outcomes = [outcome(message, answer) for message, answer in zip(current, answers, strict=True)]
    kept = {message.id for message in current}
    outcomes += [Outcome(message.id, "superseded") for message in batch.messages if message.id not in kept]
    with transaction() as session:
        settle(session, batch, outcomes)
        confirm(session, batch, current, outcomes)
        arrived(session, (message.origin for message in batch.messages))
        failpoints.reach("job.before_done")


def product(listing: Mapping[str, Any], *, lookups: Lookups) -> Json:
    """A Shopware product payload from a listing of ours. Prices are gross and net as they are to be stored.

    Under the margin scheme the shop must not show VAT: the 0 % tax is used, and net equals gross.
    """
    gross = Decimal(listing["price_gross"])
    regular = listing["vat_scheme"] == "regular"
    net = Decimal(listing["price_net"]) if regular else gross
    sku = str(listing["sku"])
    body: Json = {
        "id": deterministic_id("product", sku),
        "productNumber": sku,
        "name": listing["name"],
        "active": bool(listing["active"]),
        "stock": int(listing["stock"]),
        "isCloseout": True,
        "taxId": lookups.tax_id(Decimal(listing["vat_percent"]) if regular else Decimal(0)),
        "price": [{"currencyId": DEFAULT_CURRENCY, "gross": float(gross), "net": float(net), "linked": False}],
        "manufacturer": {"id": deterministic_id("manufacturer", listing["brand"]), "name": listing["brand"]},
        "visibilities": [
            {
                "id": deterministic_id("visibility", sku + lookups.sales_channel_id),
                "salesChannelId": lookups.sales_channel_id,
                "visibility": EVERYWHERE,
            }
        ],
        "customFields": {
            **{f"iused_{name}": listing.get(name) for name in CUSTOM_FIELDS},
            "iused_margin_scheme": not regular,
        },
    }
    if listing.get("gtin"):
        body["ean"] = listing["gtin"]
    if listing.get("mpn"):
        body["manufacturerNumber"] = listing["mpn"]
    return body


def outcome(message: Claimed, answer: RecordOutcome) -> Outcome:
    """The ledger's word for the client's."""
    if answer.state == "delivered":
        return Outcome(message.id, "delivered")
    if answer.state == "unavailable":
        return Outcome(message.id, "retry", {"error": answer.reason}, answer.retry_after_s)
    problems = [
        {"code": problem.code, "detail": problem.detail, "pointer": problem.pointer} for problem in answer.problems
    ]
    return Outcome(message.id, "dead", {"error": answer.reason, "problems": problems})


def confirm(session: sa.orm.Session, batch: Batch, messages: Sequence[Claimed], outcomes: Sequence[Outcome]) -> None:
    """Write on the listings what the shop holds now, or why it refused."""
    state = {item.message_id: item for item in outcomes}
    now = clock.now()
    rows = [
        {
            "b_sku": message.key,
            "b_hash": message.content_hash,
            "b_refusal": str((state[message.id].result or {}).get("error", "")),
            "b_active": bool(message.body["active"]),
        }
        for message in messages
        if state[message.id].state in ("delivered", "dead")
    ]
    delivered = {message.key for message in messages if state[message.id].state == "delivered"}
    listing, variant = cast(sa.Table, Listing.__table__), cast(sa.Table, Variant.__table__)
    here = (
        listing.c.variant_id == sa.select(variant.c.id).where(variant.c.sku == sa.bindparam("b_sku")).scalar_subquery(),
        listing.c.channel_id == sa.select(Channel.id).where(Channel.code == batch.channel).scalar_subquery(),
    )
    newest = listing.c.wanted_hash == sa.bindparam("b_hash")
    shown = sa.case((sa.bindparam("b_active", type_=sa.Boolean), "listed"), else_="withdrawn")
    accepted = (
        sa.update(listing)
        .where(*here)
        .values(sent_hash=sa.bindparam("b_hash"), confirmed_at=now, refusal=None,
                state=sa.case((newest, shown), else_="waiting"))
    )  # fmt: skip
    refused = sa.update(listing).where(*here, newest).values(state="refused", refusal=sa.bindparam("b_refusal"))
    connection = session.connection()
    if good := [row for row in rows if row["b_sku"] in delivered]:
        connection.execute(accepted, good)
    if bad := [row for row in rows if row["b_sku"] not in delivered]:
        connection.execute(refused, bad)
