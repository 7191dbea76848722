"""Flow `shopware.orders.portal`: orders of a storefront, told by its webhooks and looked for by the clock.

Three kinds of messages in a storefront's lane: a delivery, which only names orders; `poll`, which reads what is new by
the shop's own count and what changed by every stamp that can move; `listings`, which tells the storefronts what is left
after promises moved. A lane is worked by one worker at a time, so what is read later is applied later. The cursor is
{auto: the last order by the shop's count, since: UTC, when the last poll began}.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple

import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy.orm import Session

from app import clock, queue
from app.ahead import one_ahead
from app.channels.models import Channel
from app.channels.services import FLOW as LISTINGS
from app.channels.services import lock_assortment, send_again
from app.customers import owning, twins
from app.db import Json, transaction
from app.extensions import settings
from app.flows import services as ledger
from app.orders import promises, services
from app.orders.seen import OrderSeen
from app.payments import services as payments
from integrations.shopware import orders as shopware
from integrations.shopware.client import ShopwareClient
from jobs import failpoints, shops
from jobs.claims import Batch, Claimed
from jobs.cursors import ask_each, blocks, move, place_of
from jobs.settlement import Outcome, settle
from jobs.shopware_orders import order_seen

PAGE = 500  # Orders per call and per transaction: as many as a shop gives at once.
GROWTH = 4  # Times so many new orders as were there when PostgreSQL counted them last, and it counts again.
OVERLAP = timedelta(minutes=5)  # Clocks differ, and a shop's long transaction shows its stamps late.


def work(batch: Batch) -> None:
    """Ticks in the lane of no storefront; deliveries together, then polls, then listings in a storefront's."""
    if not batch.channel:
        for message in batch.messages:
            ask_each(batch, message, settings().shops)
        return
    acts: dict[str, list[Claimed]] = {"named": [], "poll": [], "listings": []}
    for message in batch.messages:
        acts[message.body["act"]].append(message)
    if acts["named"]:
        _read_named(batch, acts["named"])
    for message in acts["poll"]:
        _poll(batch, message)
    if acts["listings"]:
        _listings(batch, acts["listings"])


def _read_named(batch: Batch, messages: Sequence[Claimed]) -> None:
    """Read every order that deliveries name, once; one that the shop does not know any more is marked."""
    ids = sorted({id_ for message in messages for id_ in message.body["orders"]})
    found: set[str] = set()
    odd: dict[str, str] = {}
    for block in blocks(ids, PAGE):
        rows = list(shops.client(batch.channel).search("order", shopware.by_ids(block)))
        found |= {str(row.get("id")) for row in rows}
        page = _page_of(rows)
        _apply(batch, page)
        odd |= page.odd
    with transaction() as session:
        lost = [id_ for id_ in ids if id_ not in found]
        channel_id = _channel_id(session, batch.channel)
        gone = services.mark_gone(session, channel_id, lost, now=clock.now())
        moved = _keep(session, channel_id, gone)
        _tell(session, batch, moved)
        settle(session, batch, [_outcome(message, odd) for message in messages])
    _wake(batch, moved)
    _look_at_customers()


def _outcome(message: Claimed, odd: Mapping[str, str]) -> Outcome:
    """An order that cannot be read waits for a person, and holds up no other."""
    wrong = {id_: odd[id_] for id_ in message.body["orders"] if id_ in odd}
    if wrong:
        return Outcome(message.id, "dead", {"error": "; ".join(wrong.values()), "orders": sorted(wrong)})
    return Outcome(message.id, "delivered", {"orders": len(message.body["orders"])})


def _poll(batch: Batch, message: Claimed) -> None:
    """New orders by the shop's count, page by page with the cursor; then whatever moved since the last poll began."""
    began = clock.now()
    with transaction() as session:
        place = place_of(session, batch)
    counts = {"new": 0, "changed": 0, "unchanged": 0}
    client = shops.client(batch.channel)
    seen = 0
    with closing(one_ahead(_added(client, int(place.get("auto", 0))))) as pages:
        for page in pages:
            place |= {"auto": page.last} | ({} if "since" in place else {"since": began.isoformat()})
            _take(batch, page, counts, place)
            if counts["new"] > max(PAGE, GROWTH * seen):
                seen = counts["new"]
                with transaction() as session:
                    services.grown(session)
            failpoints.reach("orders.page")
    if "since" in place:
        since = datetime.fromisoformat(place["since"]) - OVERLAP
        changed = client.search("order", shopware.changed_since(since), page_size=PAGE)
        for block in blocks(changed, PAGE):
            _take(batch, _page_of(block), counts)
    with transaction() as session:
        moved = _keep(session, _channel_id(session, batch.channel), _waiting(session, batch.channel))
        _tell(session, batch, moved)
        move(session, batch, place | {"since": began.isoformat()})
        news = counts["new"] + counts["changed"]
        settle(session, batch, [Outcome(message.id, "delivered" if news else "unchanged", dict(counts))])
    _wake(batch, moved)
    _adopt(batch.channel)
    _look_at_customers()


class _Page(NamedTuple):
    """What one call brought. `odd`: id of an order that cannot be read -> what is wrong with it; `last`: by the shop's
    count, 0 of none."""

    orders: list[OrderSeen]
    odd: dict[str, str]
    last: int


def _page_of(rows: Iterable[Mapping[str, Any]]) -> _Page:
    orders, odd, last = [], {}, 0
    for row in rows:
        last = max(last, int(row.get("autoIncrement") or 0))
        try:
            orders.append(order_seen(shopware.ShopOrder.model_validate(row)))
        except ValidationError as error:
            odd[str(row.get("id"))] = _why(row, error)
    return _Page(orders, odd, last)


def _added(client: ShopwareClient, number: int) -> Iterator[_Page]:
    """Pages of what the shop counted after `number`."""
    page = _after(client, number)
    while page.orders or page.odd:
        yield page
        page = _after(client, page.last)


def _after(client: ShopwareClient, number: int) -> _Page:
    return _page_of(islice(client.search("order", shopware.added_after(number), page_size=PAGE), PAGE))


def _adopt(code: str) -> None:
    """Orders that were stored before customers were known get theirs."""
    more = True
    while more:
        with transaction() as session:
            more = bool(owning.adopt(session, _channel_id(session, code), limit=PAGE, now=clock.now()))


def _look_at_customers() -> None:
    """Whom something was read of is compared with all others, now that it is committed."""
    more = True
    while more:
        with transaction() as session:
            more = bool(twins.look(session, now=clock.now()))


def _take(batch: Batch, page: _Page, counts: dict[str, int], place: Json | None = None) -> None:
    """Apply what a poll found; an order that cannot be read gets a message of its own, once for what it is."""
    applied = _apply(batch, page, place)
    for name in counts:
        counts[name] += getattr(applied, name)
    if page.odd:
        with transaction() as session:
            for id_, why in page.odd.items():
                ledger.receive(
                    session, batch.flow.name, key=id_, channel=batch.channel, now=clock.now(),
                    delivery_id=f"odd:{id_}:{ledger.content_hash({'why': why})[:16]}",
                    body={"act": "named", "orders": [id_]},
                )  # fmt: skip


def _apply(batch: Batch, page: _Page, place: Json | None = None) -> services.Applied:
    """Apply orders with their promises, and the cursor with them, in one transaction."""
    now = clock.now()
    with transaction() as session:
        channel_id = _channel_id(session, batch.channel)
        applied = services.apply_orders(session, channel_id, page.orders, now=now)
        moved = _keep(session, channel_id, applied.moved, applied.dropped)
        _tell(session, batch, moved)
        payments.orders_moved(session, applied.moved, now=now)
        if place is not None:
            move(session, batch, place)
        elif batch.channel in settings().mollie:  # A first pull names too many; Mollie's lists have them all.
            payments.ask_again(session, batch.channel, payments.named_by(session, applied.moved), now=now)
    if applied.moved and place is None:
        queue.wake(payments.FLOW)
    return applied


def _why(row: Mapping[str, Any], error: ValidationError) -> str:
    """Which order, and what is odd about it; not whose it is."""
    parts = (f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:3])
    return f"order {row.get('orderNumber')}: {'; '.join(parts)}"


def _keep(session: Session, channel_id: int, order_ids: Sequence[int], dropped: Sequence[str] = ()) -> set[int]:
    now = clock.now()
    given_up = now - timedelta(hours=settings().unpaid_hours)
    return promises.keep(session, channel_id, order_ids, dropped=dropped, now=now, given_up=given_up)


def _waiting(session: Session, code: str) -> list[int]:
    """Orders whose promises something else may have changed: short ones, unpaid and refunded ones that hold."""
    rows = session.execute(
        sa.text("""
            SELECT o.id FROM shop_order o JOIN channel c ON c.id = o.channel_id WHERE c.code = :code AND o.short
            UNION
            SELECT o.id FROM reservation r JOIN channel c ON c.id = r.channel_id
            JOIN order_line l ON l.external_id = r.reference AND l.variant_id = r.variant_id
            JOIN shop_order o ON o.id = l.order_id AND o.channel_id = c.id
            WHERE c.code = :code AND r.state = 'held' AND o.payment_state IN ('cancelled', 'failed')
              AND o.read_at < :given_up
            UNION
            SELECT p.order_id FROM refund f JOIN payment p ON p.id = f.payment_id JOIN channel c ON c.id = p.channel_id
            JOIN order_line l ON l.order_id = p.order_id AND l.promise IN ('held', 'short')
            WHERE c.code = :code AND f.returns AND f.state IN ('pending', 'processed')
            LIMIT 1000"""),
        {"code": code, "given_up": clock.now() - timedelta(hours=settings().unpaid_hours)},
    )
    return list(rows.scalars())


def _tell(session: Session, batch: Batch, variants: Iterable[int]) -> None:
    """Put in the lane, with what moved, that the storefronts are to hear what is left."""
    ids = sorted(variants)
    if ids:
        ledger.receive(
            session, batch.flow.name, key="listings", delivery_id=f"listings:{uuid.uuid4().hex}",
            channel=batch.channel, body={"act": "listings", "variant_ids": ids}, now=clock.now(),
        )  # fmt: skip


def _wake(batch: Batch, moved: Iterable[int]) -> None:
    if moved:
        queue.wake(batch.flow.name)


def _listings(batch: Batch, messages: Sequence[Claimed]) -> None:
    """A sale lowers the storefront's own stock, a cancellation raises it: whatever it shows, it is told anew."""
    ids = {id_ for message in messages for id_ in message.body["variant_ids"]}
    with transaction() as session:
        lock_assortment(session)
        sent = send_again(session, batch.channel, variant_ids=ids, now=clock.now())
        settle(session, batch, [Outcome(message.id, "delivered", {"listings": sent}) for message in messages])
    queue.wake(LISTINGS)


def _channel_id(session: Session, code: str) -> int:
    return session.execute(sa.select(Channel.id).where(Channel.code == code)).scalar_one()
