"""500 things that people type into the search box, each with the order that must stand first.

The answers are read from what orders say (`shop_order`, lines, attempts, deliveries, addresses), by looking at all of
them, never from the keys that the search walks. Where several orders are meant equally the newest is right; moments of
generated orders differ, so that one names its order.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import datetime
from random import Random
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

LABELS = 500
_SPELLINGS = ("0{0}", "+31{0}", "0031 {0}", "06-{1}")
_LETTERS = str.maketrans("łøıđ", "loid")


class Label(NamedTuple):
    """`order_id`: what must be found first when somebody types `text`."""

    kind: str
    text: str
    order_id: int


class _Order(NamedTuple):
    """What is typed of an order that somebody asks for."""

    id: int
    number: str
    email: str
    name: str
    company: str
    sku: str
    gtin: str
    mollie: str
    tracking: str
    zipcode: str
    phone: str
    country: str
    serial: str  # '' for none.
    document: str
    customer: str  # The shop's number of them.
    alone: bool  # That is no order's number: one would stand before all else that is equal to it.


_ORDERS = sa.text("""
    SELECT o.id, o.number, o.email, o.name, o.company, l.sku, v.gtin, p.mollie_payment_id, d.tracking_codes->>0,
      a.zipcode, a.phone, a.country, COALESCE(s.serial, ''), i.number, o.customer_number,
      NOT EXISTS (SELECT FROM shop_order x WHERE x.number = o.customer_number)
    FROM shop_order o
    JOIN order_line l ON l.order_id = o.id AND l.position = 1 JOIN variant v ON v.id = l.variant_id
    LEFT JOIN order_serial s ON s.order_line_id = l.id
    JOIN order_payment p ON p.order_id = o.id JOIN order_delivery d ON d.order_id = o.id
    JOIN order_address a ON a.order_id = o.id AND a.billing
    JOIN order_document i ON i.order_id = o.id AND i.kind = 'invoice'
    WHERE o.id = ANY(:ids) AND o.delivery_state = 'shipped' AND v.gtin IS NOT NULL
    ORDER BY o.id
""")
# Per kind: the moment of the newest order that each of the texts means. `said` is what was typed, in the spelling here.
_ANSWERS = {
    "number": "SELECT o.number, max(o.placed_at) FROM shop_order o WHERE o.number = ANY(:said) GROUP BY 1",
    "mail": "SELECT lower(o.email), max(o.placed_at) FROM shop_order o WHERE lower(o.email) = ANY(:said) GROUP BY 1",
    "begin": """SELECT w, max(o.placed_at) FROM unnest(CAST(:said AS text[])) w
        JOIN shop_order o ON starts_with(lower(o.email), w) GROUP BY 1""",
    "phone": """SELECT p.digits, max(o.placed_at) FROM shop_order o JOIN (
          SELECT order_id, right(regexp_replace(phone, '\\D', '', 'g'), 8) AS digits FROM order_address
          WHERE country = 'NL' AND phone <> '') p ON p.order_id = o.id WHERE p.digits = ANY(:said) GROUP BY 1""",
    "company": """SELECT w, max(o.placed_at) FROM unnest(CAST(:said AS text[])) w
        JOIN shop_order o ON starts_with(lower(o.company), w) GROUP BY 1""",
    "sku": """SELECT lower(l.sku), max(o.placed_at) FROM order_line l JOIN shop_order o ON o.id = l.order_id
        WHERE lower(l.sku) = ANY(:said) GROUP BY 1""",
    "gtin": """SELECT v.gtin, max(o.placed_at) FROM order_line l JOIN variant v ON v.id = l.variant_id
        JOIN shop_order o ON o.id = l.order_id WHERE v.gtin = ANY(:said) GROUP BY 1""",
    "mollie": """SELECT p.mollie_payment_id, max(o.placed_at) FROM order_payment p JOIN shop_order o ON o.id =
      p.order_id
        WHERE p.mollie_payment_id = ANY(:said) GROUP BY 1""",
    "tracking": """SELECT lower(d.tracking_codes->>0), max(o.placed_at) FROM order_delivery d
        JOIN shop_order o ON o.id = d.order_id WHERE lower(d.tracking_codes->>0) = ANY(:said) GROUP BY 1""",
    "serial": """SELECT s.serial, max(o.placed_at) FROM order_serial s JOIN order_line l ON l.id = s.order_line_id
        JOIN shop_order o ON o.id = l.order_id WHERE s.serial = ANY(:said) GROUP BY 1""",
    "document": """SELECT lower(i.number), max(o.placed_at) FROM order_document i JOIN shop_order o ON o.id = i.order_id
        WHERE lower(i.number) = ANY(:said) GROUP BY 1""",
    "customer": """SELECT o.customer_number, max(o.placed_at) FROM shop_order o WHERE o.customer_number = ANY(:said)
        GROUP BY 1""",
    "zipcode": """SELECT lower(replace(a.zipcode, ' ', '')), max(o.placed_at) FROM order_address a
        JOIN shop_order o ON o.id = a.order_id WHERE lower(replace(a.zipcode, ' ', '')) = ANY(:said) GROUP BY 1""",
}
_NAMES = sa.text("SELECT lower(name), max(placed_at) FROM shop_order GROUP BY 1")
_AT = sa.text("SELECT placed_at, id FROM shop_order WHERE placed_at = ANY(:moments)")


def _fold(text: str) -> str:
    """Lower case without accents."""
    flat = unicodedata.normalize("NFKD", text.lower())
    return "".join(sign for sign in flat if not unicodedata.combining(sign)).translate(_LETTERS)


def _parts(name: str) -> list[str]:
    return re.findall(r"[^\W_]+", name)


def _plain(name: str) -> str:
    return " ".join(_parts(_fold(name)))


def _digits(order: _Order) -> str:
    return re.sub(r"\D", "", order.phone)[-8:]


def _kinds(dice: Random) -> dict[str, tuple[Callable[[_Order], bool], Callable[[_Order], tuple[str, str, str]]]]:
    """Kind: whom it can be asked of; and what is typed, by which of _ANSWERS it is answered, and its spelling there."""

    def anybody(_order: _Order) -> bool:
        return True

    def dutch(order: _Order) -> bool:
        return order.country == "NL" and order.phone != ""

    def no_name(order: _Order) -> bool:
        """`daan.bos` are two words of a name as well, which may be another's."""
        box = order.email.split("@")[0]
        return "." not in box or box[-1].isdigit()

    def house(order: _Order) -> str:
        return order.company.rsplit(" ", 1)[0].removesuffix(" &")

    return {
        "number": (anybody, lambda o: (o.number, "number", o.number)),
        "#number": (anybody, lambda o: (f"#{o.number}", "number", o.number)),
        "mail": (anybody, lambda o: (o.email.upper(), "mail", o.email)),
        "beginning of a mail": (no_name, lambda o: (o.email.split("@")[0], "begin", o.email.split("@")[0])),
        "phone": (dutch, lambda o: (dice.choice(_SPELLINGS).format(f"6{_digits(o)}", _digits(o)), "phone", _digits(o))),
        "word of a name": (anybody, lambda o: (_parts(o.name)[-1], "word", _fold(_parts(o.name)[-1]))),
        "two words of a name": (
            anybody, lambda o: (f"{_parts(o.name)[-1]} {_parts(o.name)[0]}", "words",
                                _fold(f"{_parts(o.name)[0]} {_parts(o.name)[-1]}")),
        ),
        "name without accents": (lambda o: not o.name.isascii(), lambda o: (_fold(o.name), "whole", _plain(o.name))),
        "company": (lambda o: o.company != "", lambda o: (house(o), "company", house(o).lower())),
        "sku": (anybody, lambda o: (o.sku, "sku", o.sku.lower())),
        "gtin": (anybody, lambda o: (o.gtin, "gtin", o.gtin)),
        "mollie": (anybody, lambda o: (o.mollie, "mollie", o.mollie)),
        "tracking": (anybody, lambda o: (f"3S {o.tracking[2:6]} {o.tracking[6:]}", "tracking", o.tracking.lower())),
        "serial": (lambda o: o.serial != "", lambda o: (f"{o.serial[:4]} {o.serial[4:].lower()}", "serial", o.serial)),
        "document": (anybody, lambda o: (o.document.lower(), "document", o.document.lower())),
        "customer number": (lambda o: o.alone, lambda o: (o.customer, "customer", o.customer)),
        "zipcode": (dutch, lambda o: (o.zipcode.lower(), "zipcode", o.zipcode.lower().replace(" ", ""))),
    }  # fmt: skip


def labelled(session: Session, *, seed: int = 4) -> list[Label]:
    """The set, the same for the same orders; kinds in turns."""
    dice = Random(seed)
    first, last = session.execute(sa.text("SELECT min(id), max(id) FROM shop_order")).one()
    ids = dice.sample(range(first, last + 1), min(20_000, last - first + 1))
    known = [_Order._make(row) for row in session.execute(_ORDERS, {"ids": ids})]
    dice.shuffle(known)
    asked = []
    kinds = _kinds(dice)
    for number in range(LABELS):
        kind = list(kinds)[number % len(kinds)]
        suits, typed = kinds[kind]
        place = next(place for place, order in enumerate(known) if suits(order))
        asked.append((kind, *typed(known.pop(place))))
    return _answered(session, asked)


def _answered(session: Session, asked: Sequence[tuple[str, str, str, str]]) -> list[Label]:
    newest: dict[tuple[str, str], datetime] = {}
    for way, statement in _ANSWERS.items():
        said = sorted({spelt for _kind, _text, by, spelt in asked if by == way})
        rows = session.execute(sa.text(statement), {"said": said})
        newest |= {(way, row[0]): row[1] for row in rows}
    for name, at in session.execute(_NAMES):
        for key in _of_name(_parts(_fold(name))):
            newest[key] = max(at, newest.get(key, at))
    moments = {row[0]: row[1] for row in session.execute(_AT, {"moments": list(set(newest.values()))})}
    return [Label(kind, text, moments[newest[by, spelt]]) for kind, text, by, spelt in asked]


def _of_name(words: list[str]) -> list[tuple[str, str]]:
    """The ways in which a name can be asked for here."""
    found: list[tuple[str, str]] = [("word", word) for word in words]
    return [*found, ("words", f"{words[0]} {words[-1]}"), ("whole", " ".join(words))]
