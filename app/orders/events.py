"""What a new look at an order adds to its timeline. Pure.

Facts per kind: placed {total, currency}; order, payment, delivery {from, to}, the last two with the `id` of attempt
or delivery, and `from` null for one that is new; tracking {id, code}; edited {added, removed, changed, total}, of lines
their label and quantities; stock {variant_id, label, quantity, from, to}; gone {} and
back {}: the shop knows the order no more, or again; note {text, by, bulk} and note_back {text, by, bulk}: what a person
wrote, and that it was taken back; serial {line, serial, by} and serial_off {line, serial, by}: a piece that went into
a line, and one that did not after all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from app.db import Json
from app.orders.seen import OrderSeen


class Event(NamedTuple):
    kind: str
    facts: Json


class Known(NamedTuple):
    """The order as it was. By external id: attempts' states, deliveries' (state, codes), lines' (label, quantity)."""

    state: str
    gone: bool
    total: Decimal
    payments: Mapping[str, str]
    deliveries: Mapping[str, tuple[str, list[str]]]
    lines: Mapping[str, tuple[str, int]]

    @classmethod
    def of(cls, row: Any) -> Known:
        """From a row with these columns."""
        return cls(row.state, row.gone, row.total, row.payments or {}, row.deliveries or {}, row.lines or {})


def events_of(known: Known | None, order: OrderSeen) -> Iterator[Event]:
    """What happened between the two, in the order in which a person would tell it."""
    if known is None:
        yield Event("placed", {"total": str(order.total), "currency": order.currency})
        known = Known("open", False, order.total, {}, {}, _lines(order))
    if known.gone:
        yield Event("back", {})
    if edit := _edit(known, order):
        yield Event("edited", edit)
    if known.state != order.state:
        yield Event("order", {"from": known.state, "to": order.state})
    for payment in order.payments:
        before = known.payments.get(payment.external_id)
        if before != payment.state and not (before is None and payment.state == "open"):
            yield Event("payment", {"id": payment.external_id, "from": before, "to": payment.state,
                                    "amount": str(payment.amount), "method": payment.method_name})  # fmt: skip
    for delivery in order.deliveries:
        state, codes = known.deliveries.get(delivery.external_id, (None, []))
        for code in delivery.tracking_codes:
            if code not in codes:
                yield Event("tracking", {"id": delivery.external_id, "code": code})
        if state != delivery.state and not (state is None and delivery.state == "open"):
            yield Event("delivery", {"id": delivery.external_id, "from": state, "to": delivery.state})


def _lines(order: OrderSeen) -> dict[str, tuple[str, int]]:
    return {line.external_id: (line.label, line.quantity) for line in order.lines}


def _edit(known: Known, order: OrderSeen) -> Json:
    """Lines that came, went or count otherwise, and another total; empty when the order was not edited."""
    lines, before = _lines(order), known.lines
    added = [list(lines[id_]) for id_ in lines if id_ not in before]
    removed = [list(before[id_]) for id_ in before if id_ not in lines]
    changed = [
        [lines[id_][0], before[id_][1], lines[id_][1]]
        for id_ in lines
        if id_ in before and before[id_][1] != lines[id_][1]
    ]
    found: Json = {"added": added, "removed": removed, "changed": changed}
    result = {name: value for name, value in found.items() if value}
    if known.total != order.total:
        result["total"] = [str(known.total), str(order.total)]
    return result
