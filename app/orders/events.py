"""What a new look at an order adds to its timeline. Pure.

Facts per kind: placed {total, currency}; order, payment, delivery {from, to}, the last two with the `id` of attempt
or delivery, and `from` null for one that is new; tracking {id, code}; edited {added, removed, changed, prices}, of
lines their label and quantities or prices, and {total, shipping, name, company, mail, phone, sent_by}, old and new;
stock {variant_id, label, quantity, from, to}; gone {} and back {}: the shop knows the order no more, or again; note
{text, by, bulk} and note_back {text, by, bulk}: what a person wrote, and that it was taken back; serial {line, serial,
by} and serial_off {line, serial, by}: a piece that went into a line, and one that did not after all; serial_twice
{line, serial, order_id, number, channel}: that order has the piece too, since one of both was opened again; document
{kind, number}.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from app.db import Json
from app.orders.seen import OrderSeen


class Event(NamedTuple):
    kind: str
    facts: Json


class Known(NamedTuple):
    """The order as it was. By external id: attempts' states, deliveries, lines, and the phone numbers of addresses."""

    state: str
    gone: bool
    money: Mapping[str, Decimal]  # Total and shipping.
    buyer: Mapping[str, str]  # Name, company and mail.
    payments: Mapping[str, str]
    deliveries: Mapping[str, tuple[str, list[str], str]]  # State, tracking codes, by whom.
    lines: Mapping[str, tuple[str, int, str]]  # Label, quantity, price of a piece.
    phones: Mapping[str, str]
    documents: Sequence[str] = ()  # External ids.

    @classmethod
    def of(cls, row: Any) -> Known:
        """From a row with these columns."""
        return cls(
            row.state, row.gone, {"total": row.total, "shipping": row.shipping},
            {"name": row.name, "company": row.company, "mail": row.email}, row.payments or {}, row.deliveries or {},
            row.lines or {}, row.phones or {}, row.documents or (),
        )  # fmt: skip


def events_of(known: Known | None, order: OrderSeen) -> Iterator[Event]:
    """What happened between the two, in the order in which a person would tell it."""
    if known is None:
        yield Event("placed", {"total": str(order.total), "currency": order.currency})
        known = Known("open", False, _money(order), _buyer(order), {}, {}, _lines(order), {})
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
        state, codes, _by = known.deliveries.get(delivery.external_id, (None, [], ""))
        for code in delivery.tracking_codes:
            if code not in codes:
                yield Event("tracking", {"id": delivery.external_id, "code": code})
        if state != delivery.state and not (state is None and delivery.state == "open"):
            yield Event("delivery", {"id": delivery.external_id, "from": state, "to": delivery.state})

    for document in order.documents:
        if document.external_id not in known.documents:
            yield Event("document", {"kind": document.kind, "number": document.number})


def _money(order: OrderSeen) -> dict[str, Decimal]:
    return {"total": order.total, "shipping": order.shipping}


def _buyer(order: OrderSeen) -> dict[str, str]:
    return {"name": order.name, "company": order.company, "mail": order.email}


def _lines(order: OrderSeen) -> dict[str, tuple[str, int, str]]:
    return {line.external_id: (line.label, line.quantity, str(line.unit_price)) for line in order.lines}


def _edit(known: Known, order: OrderSeen) -> Json:
    """What somebody changed of the order itself; empty when it was not edited."""
    lines, before = _lines(order), known.lines
    both = [(before[id_], lines[id_]) for id_ in lines if id_ in before]
    found: Json = {
        "added": [list(lines[id_][:2]) for id_ in lines if id_ not in before],
        "removed": [list(before[id_][:2]) for id_ in before if id_ not in lines],
        "changed": [[new[0], old[1], new[1]] for old, new in both if old[1] != new[1]],
        "prices": [[new[0], old[2], new[2]] for old, new in both if Decimal(old[2]) != Decimal(new[2])],
    }
    result = {name: value for name, value in found.items() if value}
    return result | {name: [str(old), str(new)] for name, old, new in _fields(known, order) if old != new}


def _fields(known: Known, order: OrderSeen) -> Iterator[tuple[str, object, object]]:
    """Name, old and new. What was not known before did not change: a parcel or an address that came later."""
    for name, amount in _money(order).items():
        yield name, known.money[name], amount
    for name, text in _buyer(order).items():
        yield name, known.buyer[name], text
    for address in order.addresses:
        yield "phone", known.phones.get(address.external_id, address.phone), address.phone
    for parcel in order.deliveries:
        _state, _codes, by = known.deliveries.get(parcel.external_id, ("", [], parcel.method_name))
        yield "sent_by", by, parcel.method_name
