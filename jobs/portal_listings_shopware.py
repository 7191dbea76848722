"""Flow `portal.listings.shopware`: changed listings go to a storefront, in bulk.

The message's body is a listing in our words. Only the mapping below knows how Shopware calls things.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app import clock
from app.db import Json, transaction
from app.extensions import settings
from app.flows.services import content_hash
from app.offers.services import arrived
from app.pricing.services import arrived as rule_set_arrived
from integrations.errors import UnexpectedBody
from integrations.shopware.client import ShopwareClient
from integrations.shopware.ids import deterministic_id
from integrations.shopware.lookups import Lookups
from integrations.shopware.upsert import RecordOutcome
from jobs import failpoints, shops
from jobs.claims import Batch, Claimed, claim_more
from jobs.settlement import Outcome, settle

CUSTOM_FIELDS = ("grade", "colour", "storage_gb", "category")
AHEAD = 2  # Calls in line: the one that the shop has, and one that follows it while a claim takes its time.
DEFAULT_CURRENCY = "b7d2554b0ce847cd82f3ac9bd1c0dfca"  # The same on every shop (contract, section 1).
EVERYWHERE = 30  # Visibility: link, search and listing.
MAPPING = 1  # Count up when `product` maps the same listing differently.
MOVING_WORDS = frozenset({"price_gross", "price_net", "vat_scheme", "vat_percent", "stock", "active"})
MOVING_FIELDS = ("id", "active", "stock", "taxId", "price")


def work(batch: Batch) -> None:
    """Send the newest wish per SKU; older ones that were claimed with it are superseded.

    A shop wants small calls, one at a time; the ledger wants large claims. So each claim is sent in several calls, and
    each call is settled at once: pages see it, and a worker that dies repeats three calls at most. The shop is never
    kept waiting: while it answers a call, the one before is written down, and further ones are mapped or claimed.
    """
    client = shops.client(batch.channel)
    lookups = client.lookups()
    under_way: deque[tuple[Call, Future[list[RecordOutcome]]]] = deque()
    with ThreadPoolExecutor(max_workers=1) as line:
        try:
            for call in _calls(batch, lookups):
                under_way.append((call, line.submit(copy_context().run, send, client, call, lookups)))
                if len(under_way) > AHEAD:
                    _write_first(batch, under_way)
            while under_way:
                _write_first(batch, under_way)
        finally:
            line.shutdown(cancel_futures=True)  # After a failure what waits in line is not sent.


def _write_first(batch: Batch, under_way: deque[tuple[Call, Future[list[RecordOutcome]]]]) -> None:
    call, answers = under_way.popleft()
    write_down(batch, call, answers.result())


def _calls(batch: Batch, lookups: Lookups) -> Iterator[Call]:
    """The batch in calls, and what is claimed when they run out."""
    size = settings().listings_batch
    told: set[str] = set()  # SKUs whose facts the shop hears from this batch: what it confirmed before says no more.
    claimed = batch.messages.copy()
    while claimed:
        newest = {message.key: message for message in claimed}
        with transaction() as session:
            kept = {message.id for message in newest.values()}
            settle(session, batch, [Outcome(message.id, "superseded") for message in claimed if message.id not in kept])
            there = facts_there(session, batch.channel, list(newest.keys() - told))
        told.update(newest)
        current = list(newest.values())
        for first in range(0, len(current), size):
            yield Call.of(current[first : first + size], lookups=lookups, there=there)
        claimed = claim_more(batch)


@dataclass(frozen=True, slots=True)
class Call:
    """The listings of one call, with what the shop is told of each, and those that cannot be told."""

    messages: list[Claimed]
    facts: dict[str, str]
    records: dict[int, Json]
    impossible: list[Outcome]

    @classmethod
    def of(cls, messages: list[Claimed], *, lookups: Lookups, there: Mapping[str, str | None]) -> Call:
        """Map the listings; of one whose facts the shop has, only what moves."""
        call = cls(messages, {message.key: facts_hash(message.body) for message in messages}, {}, [])
        for message in messages:
            try:
                body = product(message.body, lookups=lookups)
            except UnexpectedBody as error:  # The shop lacks what this one needs; its neighbours go.
                call.impossible.append(Outcome(message.id, "dead", {"error": str(error)}))
                continue
            known = there.get(message.key) == call.facts[message.key]
            call.records[message.id] = only_moving(body) if known else body
        return call

    @property
    def sent(self) -> list[Claimed]:
        return [message for message in self.messages if message.id in self.records]


def send(client: ShopwareClient, call: Call, lookups: Lookups) -> list[RecordOutcome]:
    """Write the records, one answer each. One that was sent in part and refused is sent whole: the shop may have lost
    its product.
    """
    failpoints.reach("job.before_effect")
    messages = call.sent
    answers = client.upsert("product", [call.records[message.id] for message in messages])
    again = [
        place
        for place, (message, answer) in enumerate(zip(messages, answers, strict=True))
        if answer.state == "rejected" and "productNumber" not in call.records[message.id]
    ]
    if again:
        whole = client.upsert("product", [product(messages[place].body, lookups=lookups) for place in again])
        for place, answer in zip(again, whole, strict=True):
            answers[place] = answer
    failpoints.reach("job.after_effect")
    return answers


def write_down(batch: Batch, call: Call, answers: Sequence[RecordOutcome]) -> None:
    """What became of the call, in one transaction."""
    outcomes = [outcome(message, answer) for message, answer in zip(call.sent, answers, strict=True)]
    outcomes += call.impossible
    with transaction() as session:
        settle(session, batch, outcomes)
        confirm(session, batch, call.messages, outcomes, call.facts)
        origins = {message.origin for message in call.messages}
        arrived(session, origins)
        rule_set_arrived(session, origins)
        failpoints.reach("job.before_done")


_FACTS_THERE = sa.text("""
    SELECT v.sku, l.sent_facts FROM variant v JOIN listing l ON l.variant_id = v.id
    JOIN channel c ON c.id = l.channel_id
    WHERE c.code = :channel AND v.sku = ANY(:skus)
""")


def facts_there(session: sa.orm.Session, channel: str, skus: Sequence[str]) -> dict[str, str | None]:
    """SKU to the hash of the facts that the shop confirmed last."""
    rows = session.execute(_FACTS_THERE, {"channel": channel, "skus": skus})
    return {row.sku: row.sent_facts for row in rows}


def facts_hash(listing: Mapping[str, Any]) -> str:
    """Of all but price and stock, and of the way they are mapped: a new mapping sends everything again."""
    facts = {name: value for name, value in listing.items() if name not in MOVING_WORDS}
    return content_hash({"mapping": MAPPING, **facts})


def only_moving(body: Json) -> Json:
    """What a new price or stock changes of a product payload; half of what a shop does on a write is for the rest."""
    return {
        **{name: body[name] for name in MOVING_FIELDS},
        "customFields": {"iused_margin_scheme": body["customFields"]["iused_margin_scheme"]},
    }


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


_ACCEPTED = sa.text("""
    UPDATE listing l
    SET sent_hash = w.hash, sent_facts = w.facts, confirmed_at = :now, refusal = NULL,
        state = CASE WHEN l.wanted_hash <> w.hash THEN 'waiting' WHEN w.active THEN 'listed' ELSE 'withdrawn' END
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS w(sku text, hash text, facts text, active boolean)
    JOIN variant v ON v.sku = w.sku
    WHERE l.variant_id = v.id AND l.channel_id = (SELECT id FROM channel WHERE code = :channel)
""")
_REFUSED = sa.text("""
    UPDATE listing l SET state = 'refused', refusal = w.refusal
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS w(sku text, hash text, refusal text)
    JOIN variant v ON v.sku = w.sku
    WHERE l.variant_id = v.id AND l.channel_id = (SELECT id FROM channel WHERE code = :channel)
      AND l.wanted_hash = w.hash
""")


def confirm(session: sa.orm.Session, batch: Batch, messages: Sequence[Claimed], outcomes: Sequence[Outcome],
            facts: Mapping[str, str]) -> None:  # fmt: skip
    """Write on the listings what the shop holds now, or why it refused."""
    became = {item.message_id: item for item in outcomes}
    accepted = [
        {"sku": message.key, "hash": message.content_hash, "facts": facts[message.key],
         "active": bool(message.body["active"])}
        for message in messages if became[message.id].state == "delivered"
    ]  # fmt: skip
    refused = [
        {"sku": message.key, "hash": message.content_hash,
         "refusal": str((became[message.id].result or {}).get("error", ""))}
        for message in messages if became[message.id].state == "dead"
    ]  # fmt: skip
    here = {"channel": batch.channel}
    if accepted:
        session.execute(_ACCEPTED, {**here, "rows": json.dumps(accepted), "now": clock.now()})
    if refused:
        session.execute(_REFUSED, {**here, "rows": json.dumps(refused)})
