"""Whose an order is: decided by evidence where orders are written, in the same transaction, a page at a time.

Whoever inserts a key first owns it, and the other transaction waits and takes that owner: two pulls make one customer.
Locks are taken in one order by everybody: keys, looks, the lock of merges (shared here), customers by their ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.customers import matching, persons
from app.customers.matching import Evidence
from app.db import copy_rows
from app.orders import keys
from app.orders.keys import Key

_KNOWN = text("""
    SELECT k.kind, k.value, k.customer_id
    FROM unnest(CAST(:kinds AS text[]), CAST(:values AS text[])) w (kind, value)
    CROSS JOIN LATERAL (SELECT x.* FROM customer_key x WHERE x.kind = w.kind AND x.value = w.value LIMIT 1) k
""")  # LIMIT: each by the index, also in a plan that was made while there were few.
_IDS = text("SELECT nextval(pg_get_serial_sequence('customer', 'id')) FROM generate_series(1, :count)")
_CLAIM = text("""
    INSERT INTO customer_key (kind, value, customer_id)
    SELECT * FROM unnest(CAST(:kinds AS text[]), CAST(:values AS text[]), CAST(:ids AS bigint[])) w (kind, value, id)
    ORDER BY w.kind, w.value
    ON CONFLICT DO NOTHING
    RETURNING kind, value
""")
_HAND_OVER = text("UPDATE customer_key SET customer_id = :winner WHERE kind = :kind AND value = :value")
_LOOK = text("""
    INSERT INTO customer_look (customer_id) SELECT DISTINCT id FROM unnest(CAST(:ids AS bigint[])) w (id) ORDER BY id
    ON CONFLICT DO NOTHING
""")
# Orders of before customers were known, and the key of their houses that they lack.
_OLD = text("""
    SELECT o.id, o.external_id, o.customer_external_id, o.guest, o.email, o.name, o.company, o.placed_at,
      (SELECT COALESCE(jsonb_agg(jsonb_build_array(a.zipcode, a.street, a.extra, a.country) ORDER BY a.id), '[]')
       FROM order_address a WHERE a.order_id = o.id) AS places
    FROM shop_order o WHERE o.customer_id IS NULL AND o.channel_id = :channel_id
    ORDER BY o.placed_at, o.id LIMIT :limit FOR UPDATE OF o SKIP LOCKED
""")
_GIVE = text("""
    UPDATE shop_order o SET customer_id = w.customer_id, revision = o.revision + 1
    FROM unnest(CAST(:orders AS bigint[]), CAST(:customers AS bigint[])) w (id, customer_id) WHERE o.id = w.id
""")
_HOUSES = text("""
    INSERT INTO order_key (order_id, kind, value, placed_at)
    SELECT w.id, 'address', w.value, o.placed_at
    FROM unnest(CAST(:orders AS bigint[]), CAST(:houses AS text[])) w (id, value) JOIN shop_order o ON o.id = w.id
    ON CONFLICT DO NOTHING
""")
_COLUMNS = ("id", "person_id", "name", "company", "email", "guest", "channel_ids", "orders", "first_at", "last_at")


class Owners(NamedTuple):
    """`of`: external id of an order -> its customer; `born`: customers that are new; `one`: customers that an order's
    own evidence says are one person."""

    of: dict[str, int]
    born: set[int]
    one: set[tuple[int, int]]


def owners(session: Session, channel_id: int, orders: Sequence[Evidence], before: Mapping[str, int]) -> Owners:
    """Decide whose each order is, and write the customers that are new.

    The strongest key decides. Keys that nobody has become those of whom the order belongs to; an order without any
    stays with its customer `before` (external id -> customer), or gets one of its own.
    """
    links = [matching.keys_of(channel_id, one) for one in orders]
    held = _known(session, {key for some in links for key in some})
    groups = matching.components(links)
    unborn: set[int] = set()
    takers = _takers(session, orders, groups, links, held, before, unborn)
    _claim(session, groups, links, held, takers, unborn)
    of, one = {}, set()
    for group, taker in zip(groups, takers, strict=True):
        for place in group:
            mine = list(dict.fromkeys(held[key] for key in links[place])) or [taker]
            of[orders[place].external_id] = mine[0]
            one |= {(min(mine[0], other), max(mine[0], other)) for other in mine[1:]}
    if unborn:
        copy_rows(session, "customer", _COLUMNS, _rows(channel_id, orders, of, unborn))
    return Owners(of, unborn, one)


def _known(session: Session, some: Iterable[Key]) -> dict[Key, int]:
    wanted = sorted(some)
    rows = session.execute(_KNOWN, {"kinds": [key.kind for key in wanted], "values": [key.value for key in wanted]})
    return {Key(row.kind, row.value): row.customer_id for row in rows}


def _takers(session: Session, orders: Sequence[Evidence], groups: Sequence[Sequence[int]], links: Sequence[list[Key]],
            held: Mapping[Key, int], before: Mapping[str, int], unborn: set[int]) -> list[int]:  # fmt: skip
    """Per group the customer that gets what is new: one that its keys know, one that had the orders, or a new one."""
    found: list[int | None] = []
    for group in groups:
        known = {held[key] for place in group for key in links[place] if key in held}
        had = {before[orders[place].external_id] for place in group if orders[place].external_id in before}
        found.append(min(known or had, default=None))
    count = found.count(None)
    ids = iter(session.execute(_IDS, {"count": count}).scalars().all() if count else ())
    taken = []
    for one in found:
        if one is None:
            one = next(ids)
            unborn.add(one)
        taken.append(one)
    return taken


def _claim(session: Session, groups: Sequence[Sequence[int]], links: Sequence[list[Key]], held: dict[Key, int],
           takers: list[int], unborn: set[int]) -> None:  # fmt: skip
    """Make the keys that nobody has the takers'; who was faster in another transaction takes the rest of the group."""
    wanted = {
        key: taker
        for group, taker in zip(groups, takers, strict=True)
        for place in group for key in links[place] if key not in held
    }  # fmt: skip
    if not wanted:
        return
    rows = session.execute(_CLAIM, {
        "kinds": [key.kind for key in wanted], "values": [key.value for key in wanted], "ids": list(wanted.values()),
    })  # fmt: skip
    ours = {Key(row.kind, row.value) for row in rows}
    held |= {key: wanted[key] for key in ours}
    if len(ours) == len(wanted):
        return
    lost = _known(session, wanted.keys() - ours)
    held |= lost
    for place, taker in enumerate(takers):
        winners = {lost[key] for key in lost if wanted[key] == taker}
        if taker in unborn and winners:
            takers[place] = min(winners)
            unborn.discard(taker)
            for key in ours:
                if wanted[key] == taker:
                    session.execute(_HAND_OVER, {"winner": takers[place], "kind": key.kind, "value": key.value})
                    held[key] = takers[place]


def _rows(channel_id: int, orders: Sequence[Evidence], of: Mapping[str, int],
          unborn: set[int]) -> Iterator[tuple[object, ...]]:  # fmt: skip
    """The new customers, with what their orders say: all of these are here."""
    mine: dict[int, list[Evidence]] = {}
    for order in sorted(orders, key=lambda one: one.placed_at):
        if of[order.external_id] in unborn:
            mine.setdefault(of[order.external_id], []).append(order)
    for id_, some in mine.items():
        last = some[-1]
        mail = next((one.mail for one in reversed(some) if one.mail), "")
        yield (id_, id_, last.name, last.company, mail, all(one.guest for one in some), [channel_id], len(some),
               some[0].placed_at, last.placed_at)  # fmt: skip


def settle(session: Session, found: Owners, before: Mapping[str, int], *, now: datetime) -> None:
    """After the orders were written: what customers show, whom evidence makes one person, and whom to compare anew."""
    session.execute(_LOOK, {"ids": list(found.of.values())})
    persons.hold(session, alone=bool(found.one))
    gone = {id_ for order, id_ in before.items() if found.of[order] != id_}
    persons.refresh(session, (set(found.of.values()) - found.born) | gone)
    for low, high in sorted(found.one):
        persons.join_by_evidence(session, low, high, now=now)


def adopt(session: Session, channel_id: int, *, limit: int, now: datetime) -> int:
    """Give orders that were stored before customers were known their customers; returns how many were given."""
    rows = session.execute(_OLD, {"channel_id": channel_id, "limit": limit}).all()
    if not rows:
        return 0
    seen = [
        Evidence(row.external_id, row.customer_external_id, row.guest, row.email, row.name, row.company,
                 tuple(tuple(place) for place in row.places), row.placed_at)
        for row in rows
    ]  # fmt: skip
    houses = sorted({
        (row.id, house) for row, one in zip(rows, seen, strict=True) for place in one.places
        if (house := keys.house_of(*place))
    })  # fmt: skip
    found = owners(session, channel_id, seen, {})
    session.execute(_GIVE, {"orders": [row.id for row in rows],
                            "customers": [found.of[row.external_id] for row in rows]})  # fmt: skip
    session.execute(_HOUSES, {"orders": [id_ for id_, _house in houses], "houses": [house for _id, house in houses]})
    settle(session, found, {}, now=now)
    return len(rows)
