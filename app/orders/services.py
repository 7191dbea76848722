"""Business acts on orders: apply what a storefront tells of them, and keep the timeline."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.customers import matching, owning
from app.db import Json, copy_rows, stage_rows
from app.orders import holders
from app.orders.events import Known, events_of
from app.orders.keys import keys_of
from app.orders.seen import OrderSeen


class Applied(NamedTuple):
    """`moved`: our ids of the orders that are new or changed; `dropped`: external ids of lines that they lost."""

    new: int
    changed: int
    unchanged: int
    moved: list[int]
    dropped: list[str]


_ORDER_COLUMNS = (
    "external_id", "number", "placed_at", "state", "payment_state", "delivery_state", "currency", "total", "net",
    "shipping", "tax_status", "email", "name", "company", "customer_number", "comment", "customer_external_id", "guest",
)  # fmt: skip
_TOLD_COLUMNS = (*_ORDER_COLUMNS, "country", "method")  # And what lists are narrowed by, told by what belongs to it.
_LISTED = ", ".join(_TOLD_COLUMNS)
_TAKEN = ", ".join(
    f"{name} = excluded.{name}" for name in (*_TOLD_COLUMNS[1:], "customer_id", "content_hash", "read_at")
)
_UPSERT_ORDERS = text(f"""
    INSERT INTO shop_order AS o (channel_id, customer_id, content_hash, read_at, {_LISTED})
    SELECT :channel_id, customer_id, content_hash, :now, {_LISTED} FROM seen_order ORDER BY external_id
    ON CONFLICT (channel_id, external_id) DO UPDATE SET {_TAKEN}, gone_at = NULL, revision = o.revision + 1
    RETURNING o.id, o.external_id, o.revision = 0 AS new
""")  # noqa: S608  # Constants of this module.


class _Child(NamedTuple):
    """A table of what belongs to orders: its columns behind `order_id`, and its rows in an order that was seen."""

    table: str
    columns: tuple[str, ...]
    rows: Callable[[OrderSeen], Iterable[tuple[Any, ...]]]


_CHILDREN = (
    _Child(
        "order_line",
        ("external_id", "parent_id", "position", "kind", "sku", "label", "quantity", "unit_price", "total_price",
         "tax_percent"),
        lambda order: order.lines,
    ),
    _Child(
        "order_payment",
        ("external_id", "state", "method", "method_name", "amount", "created_at", "mollie_payment_id",
         "mollie_order_id"),
        lambda order: order.payments,
    ),
    _Child(
        "order_delivery",
        ("external_id", "state", "method_name", "costs", "tracking_codes", "earliest", "latest", "address_id"),
        lambda order: (
            (*one[:4], json.dumps(one.tracking_codes), one.earliest, one.latest, one.address_id)
            for one in order.deliveries
        ),
    ),
    _Child(
        "order_address",
        ("external_id", "billing", "name", "company", "street", "extra", "zipcode", "city", "country", "phone"),
        lambda order: order.addresses,
    ),
    _Child("order_document", ("external_id", "kind", "number", "created_at"), lambda order: order.documents),
)  # fmt: skip
_VARIANTS = text("""
    UPDATE order_line l SET variant_id = v.id FROM variant v
    WHERE l.order_id = ANY(:ids) AND l.variant_id IS NULL AND l.kind = 'product' AND v.sku = l.sku
""")
_FORGET_KEYS = text("DELETE FROM order_key WHERE order_id = ANY(:ids)")
_GTINS = text("""
    INSERT INTO order_key (order_id, kind, value, placed_at)
    SELECT DISTINCT o.id, 'gtin', v.gtin, o.placed_at
    FROM shop_order o JOIN order_line l ON l.order_id = o.id JOIN variant v ON v.id = l.variant_id
    WHERE o.id = ANY(:ids) AND v.gtin IS NOT NULL
""")
_SERIALS = text("""
    INSERT INTO order_key (order_id, kind, value, placed_at)
    SELECT DISTINCT o.id, 'serial', lower(s.serial), o.placed_at
    FROM shop_order o JOIN order_line l ON l.order_id = o.id JOIN order_serial s ON s.order_line_id = l.id
    WHERE o.id = ANY(:ids)
""")
_KNOWN = text("SELECT external_id, content_hash, gone_at FROM shop_order WHERE channel_id = :channel_id "
              "AND external_id = ANY(:ids)")  # fmt: skip
# What the timeline compares with, in one look: the order, its attempts, deliveries, lines and addresses.
_BEFORE = text("""
    SELECT o.id, o.external_id, o.customer_id, o.state, o.gone_at IS NOT NULL AS gone, o.total, o.shipping, o.name,
      o.company, o.email,
      (SELECT jsonb_object_agg(p.external_id, p.state) FROM order_payment p WHERE p.order_id = o.id) AS payments,
      (SELECT jsonb_object_agg(d.external_id, jsonb_build_array(d.state, d.tracking_codes, d.method_name))
       FROM order_delivery d WHERE d.order_id = o.id) AS deliveries,
      (SELECT jsonb_object_agg(l.external_id, jsonb_build_array(l.label, l.quantity, l.unit_price::text))
       FROM order_line l WHERE l.order_id = o.id) AS lines,
      (SELECT jsonb_agg(i.external_id) FROM order_document i WHERE i.order_id = o.id) AS documents,
      (SELECT jsonb_object_agg(a.external_id, a.phone) FROM order_address a WHERE a.order_id = o.id) AS phones
    FROM shop_order o WHERE o.channel_id = :channel_id AND o.external_id = ANY(:ids)
    ORDER BY o.external_id FOR UPDATE
""")


def apply_orders(session: Session, channel_id: int, orders: Sequence[OrderSeen], *, now: datetime) -> Applied:
    """Make the orders what the storefront says they are now. What did not change is not written.

    They must have been read in one go, and later than what was applied before: a flow's lane sees to that.
    """
    by_id = {order.external_id: order for order in orders}  # Of one that was read twice the later counts.
    hashes = {id_: _hash(order) for id_, order in by_id.items()}
    here = {"channel_id": channel_id, "ids": list(by_id)}
    known = {row.external_id: row for row in session.execute(_KNOWN, here)}
    moved = [
        order
        for id_, order in by_id.items()
        if id_ not in known or known[id_].content_hash != hashes[id_] or known[id_].gone_at is not None
    ]
    new = sum(order.external_id not in known for order in moved)
    ids, dropped = _write(session, channel_id, moved, hashes, now=now) if moved else ([], [])
    return Applied(new, len(moved) - new, len(by_id) - len(moved), ids, dropped)


def _hash(order: OrderSeen) -> str:
    return hashlib.sha256(repr(order).encode()).hexdigest()


def _write(session: Session, channel_id: int, orders: Sequence[OrderSeen], hashes: dict[str, str], *,
           now: datetime) -> tuple[list[int], list[str]]:  # fmt: skip
    """Write orders with everything that belongs to them, and their timelines; returns `moved` and `dropped`."""
    here = {"channel_id": channel_id, "ids": [order.external_id for order in orders]}
    rows_before = session.execute(_BEFORE, here).all()
    before = {row.external_id: Known.of(row) for row in rows_before}
    had = {row.external_id: row.customer_id for row in rows_before if row.customer_id is not None}
    known = [row.id for row in rows_before]
    over = holders.over(session, known) if known else []
    owners = owning.owners(session, channel_id, [matching.evidence_of(order) for order in orders], had)
    stage_rows(session, "seen_order", "shop_order", (*_TOLD_COLUMNS, "customer_id", "content_hash"),
               ((*order[: len(_ORDER_COLUMNS)], order.country, order.method, owners.of[order.external_id],
                 hashes[order.external_id]) for order in orders))  # fmt: skip
    rows = session.execute(_UPSERT_ORDERS, {"channel_id": channel_id, "now": now}).all()
    ids = {row.external_id: row.id for row in rows}
    new = {row.external_id for row in rows if row.new}
    there = [(ids[order.external_id], order) for order in orders if order.external_id not in new]
    lost = {child.table: _replace(session, child, there) for child in _CHILDREN} if there else {}
    for child in _CHILDREN:
        copy_rows(session, child.table, ("order_id", *child.columns), (
            (ids[order.external_id], *row) for order in orders if order.external_id in new for row in child.rows(order)
        ))  # fmt: skip
    session.execute(_VARIANTS, {"ids": list(ids.values())})
    session.execute(_FORGET_KEYS, {"ids": [id_ for id_, _order in there]})
    copy_rows(session, "order_key", ("order_id", "kind", "value", "placed_at"), (
        (ids[order.external_id], *key, order.placed_at) for order in orders for key in keys_of(order)
    ))  # fmt: skip
    session.execute(_GTINS, {"ids": list(ids.values())})
    session.execute(_SERIALS, {"ids": list(ids.values())})
    copy_rows(session, "order_event", ("order_id", "at", "kind", "facts"), _events(orders, before, ids, now))
    for found in holders.twice(session, over) if over else ():
        facts = {"line": found.line, "serial": found.serial, **found.other._asdict()}
        note(session, found.order_id, "serial_twice", facts, now=now)
    ended = set(holders.over(session, known)) - set(over) if known else set()
    if ended:
        holders.touch_others(session, list(ended))
    owning.settle(session, owners, had, now=now)
    return list(ids.values()), lost.get("order_line", [])


def _events(orders: Iterable[OrderSeen], before: dict[str, Known], ids: dict[str, int],
            now: datetime) -> Iterator[tuple[object, ...]]:  # fmt: skip
    for order in orders:
        for event in events_of(before.get(order.external_id), order):
            at = order.placed_at if event.kind == "placed" else now
            yield ids[order.external_id], at, event.kind, json.dumps(event.facts)


# Of a table of _CHILDREN and its columns, the first of which is `order_id`.
_DROP_LOST = """
    DELETE FROM {table} x WHERE x.order_id = ANY(:ids) AND NOT EXISTS (
      SELECT 1 FROM seen_{table} s WHERE s.order_id = x.order_id AND s.external_id = x.external_id)
    RETURNING x.external_id
"""
_UPSERT = """
    INSERT INTO {table} AS x ({columns}) SELECT {columns} FROM seen_{table}
    ON CONFLICT (order_id, external_id) DO UPDATE SET {taken} WHERE ({before}) IS DISTINCT FROM ({after})
"""


def _replace(session: Session, child: _Child, orders: Sequence[tuple[int, OrderSeen]]) -> list[str]:
    """Make the rows of the orders those that were seen: ids stay, what is equal is not written, what is gone goes.

    Returns the external ids of what went.
    """
    table, columns, others = child.table, ("order_id", *child.columns), child.columns[1:]
    stage_rows(
        session, f"seen_{table}", table, columns, ((id_, *row) for id_, one in orders for row in child.rows(one))
    )
    gone = session.execute(text(_DROP_LOST.format(table=table)), {"ids": [id_ for id_, _order in orders]})
    lost = list(gone.scalars())
    names = {
        "columns": ", ".join(columns),
        "taken": ", ".join(f"{name} = excluded.{name}" for name in others),
        "before": ", ".join(f"x.{name}" for name in others),
        "after": ", ".join(f"excluded.{name}" for name in others),
    }
    session.execute(text(_UPSERT.format(table=table, **names)))
    return lost


def grown(session: Session) -> None:
    """Many orders came: let PostgreSQL see how many, or it looks for each of them among all of its storefront's."""
    session.execute(text("ANALYZE shop_order, order_line, order_payment, order_delivery, order_address, order_key, "
                         "customer, customer_key"))  # fmt: skip


def note(session: Session, order_id: int, kind: str, facts: Json, *, now: datetime) -> None:
    """Add to an order's timeline, and move its pages."""
    session.execute(
        text("INSERT INTO order_event (order_id, at, kind, facts) VALUES (:id, :now, :kind, CAST(:facts AS jsonb))"),
        {"id": order_id, "now": now, "kind": kind, "facts": json.dumps(facts)},
    )
    session.execute(text("UPDATE shop_order SET revision = revision + 1 WHERE id = :id"), {"id": order_id})


def note_all(session: Session, order_ids: Sequence[int], kind: str, facts: Json, *, now: datetime) -> None:
    """`note` for many orders, in two statements."""
    session.execute(
        text("""INSERT INTO order_event (order_id, at, kind, facts)
                SELECT id, :now, :kind, CAST(:facts AS jsonb) FROM unnest(CAST(:ids AS bigint[])) id"""),
        {"ids": list(order_ids), "now": now, "kind": kind, "facts": json.dumps(facts)},
    )
    session.execute(
        text("UPDATE shop_order SET revision = revision + 1 WHERE id = ANY(:ids)"), {"ids": list(order_ids)}
    )


def mark_gone(session: Session, channel_id: int, external_ids: Sequence[str], *, now: datetime) -> list[int]:
    """The shop does not know these orders any more; returns our ids of those that it knew until now."""
    rows = session.execute(
        text("""UPDATE shop_order SET gone_at = :now, revision = revision + 1
                WHERE channel_id = :channel_id AND external_id = ANY(:ids) AND gone_at IS NULL RETURNING id"""),
        {"channel_id": channel_id, "ids": list(external_ids), "now": now},
    )
    ids = list(rows.scalars())
    for id_ in ids:
        note(session, id_, "gone", {}, now=now)
    return ids
