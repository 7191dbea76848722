"""One box for everything: exact keys first, then beginnings. Every statement walks an index."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.catalog import queries as catalog
from app.catalog.models import Variant
from app.customers import queries as customers
from app.flows.models import Message
from app.offers.models import OfferFile
from app.orders import queries as orders
from app.orders.finding import Meant
from app.suppliers.models import Supplier

AT_MOST = 6  # Hits of one kind.
LEAST = 2  # Letters of a word that is looked for.


class Hit(NamedTuple):
    """Something found. `kind` is its permission's domain: orders, customers, suppliers, offers, catalog, flows."""

    kind: str
    title: str
    note: str
    endpoint: str
    values: dict[str, Any]


def hits(session: Session, text: str, *, may: Callable[[str], bool]) -> list[Hit]:
    """What the text can mean, for a person who holds the permissions that `may` says; nothing for one letter."""
    text = " ".join(text.split())[:100]
    if len(text) < LEAST:
        return []
    found: list[Hit] = []
    meant = Meant(session, text)
    for permission, look in _SOURCES:
        if may(permission):
            found += look(meant)
    return found


def _orders(meant: Meant) -> list[Hit]:
    """By whatever a customer quotes of one."""
    return [
        Hit("orders", f"#{row.number} {row.name}".strip(), row.channel, "orders.detail", {"order_id": row.id})
        for row in orders.found(meant, limit=AT_MOST)
    ]


def _customers(meant: Meant) -> list[Hit]:
    """By mail address, phone number, name or company."""
    return [
        Hit("customers", row.name or row.email, row.email, "customers.detail", {"customer_id": row.id})
        for row in customers.found(meant, limit=AT_MOST)
    ]


def _variants(meant: Meant) -> list[Hit]:
    """By SKU or its beginning, or by a whole GTIN."""
    statement = (
        select(Variant.id, Variant.sku, Variant.name, Variant.grade)
        .where(or_(Variant.sku.startswith(meant.text.upper(), autoescape=True), Variant.gtin == meant.text))
        .order_by(Variant.sku)
        .limit(AT_MOST)
    )
    return [
        Hit("catalog", row.name, f"{row.sku} · {row.grade}", "catalog.variant", {"variant_id": row.id})
        for row in meant.session.execute(statement)
    ]


def _suppliers(meant: Meant) -> list[Hit]:
    """By the beginning of the name, or the code."""
    statement = (
        select(Supplier.id, Supplier.name, Supplier.country)
        .where(
            or_(
                func.lower(Supplier.name).startswith(meant.text.lower(), autoescape=True),
                Supplier.code == meant.text.lower(),
            )
        )
        .order_by(Supplier.name)
        .limit(AT_MOST)
    )
    return [
        Hit("suppliers", row.name, row.country, "suppliers.detail", {"supplier_id": row.id})
        for row in meant.session.execute(statement)
    ]


def _products(meant: Meant) -> list[Hit]:
    """By words that begin words of the name."""
    rows = catalog.products(meant.session, category=None, brand=None, words=meant.text, after=None, limit=AT_MOST - 1)
    return [Hit("catalog", row.name, row.brand, "catalog.product", {"product_id": row.id}) for row in rows]


def _offer_files(meant: Meant) -> list[Hit]:
    """By the beginning of the file's name, the newest first."""
    statement = (
        select(OfferFile.id, OfferFile.filename, Supplier.name)
        .join(Supplier, Supplier.id == OfferFile.supplier_id)
        .where(func.lower(OfferFile.filename).startswith(meant.text.lower(), autoescape=True))
        .order_by(OfferFile.id.desc())
        .limit(AT_MOST)
    )
    return [
        Hit("offers", row.filename, row.name, "offers.detail", {"file_id": row.id})
        for row in meant.session.execute(statement)
    ]


def _messages(meant: Meant) -> list[Hit]:
    """By the whole key or correlation id, the newest first."""
    statement = (
        select(Message.id, Message.key, Message.flow, Message.channel)
        .where(or_(Message.key == meant.text, Message.correlation_id == meant.text))
        .order_by(Message.id.desc())
        .limit(AT_MOST)
    )
    return [
        Hit("flows", row.key, f"{row.flow} {row.channel}".strip(), "flows.message", {"message_id": row.id})
        for row in meant.session.execute(statement)
    ]


_SOURCES: tuple[tuple[str, Callable[[Meant], list[Hit]]], ...] = (
    ("orders.read", _orders),
    ("customers.read", _customers),
    ("suppliers.read", _suppliers),
    ("catalog.read", _variants),
    ("catalog.read", _products),
    ("offers.read", _offer_files),
    ("flows.read", _messages),
)
