"""The list of orders: its columns, sorts and filters. `app.lists` makes the page of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy import Text, exists, func, literal_column, select
from sqlalchemy.orm import Session, aliased

from app import clock
from app.catalog.models import Variant
from app.channels.models import Channel
from app.lists.description import Column, ListDescription, Sort
from app.lists.filters import Age, Amounts, Choice, Clause, Days, Option, Options, Words, YesNo
from app.lists.queries import distinct, folded, moment_key, money_key, text_key
from app.offers.models import Offer
from app.orders import words
from app.orders.bulk import ACTS
from app.orders.models import Order, OrderLine
from app.orders.queries import means
from app.suppliers.models import Supplier
from app.web.lazy import lazy as _l

PAYMENTS = ("open", "in_progress", "paid", "paid_partially", "authorized", "cancelled", "failed", "refunded",
            "refunded_partially", "chargeback")  # fmt: skip
DELIVERIES = ("open", "shipped", "shipped_partially", "returned", "returned_partially", "cancelled")
STATES = ("open", "in_progress", "completed", "cancelled")
GRADES = ("new", "A+", "A", "B", "C")
# Numbers of a storefront grow in length: the longer one is the later one.
NUMBER_KEY = "lpad(length(shop_order.number)::text, 4, '0') || shop_order.number"

_line = aliased(OrderLine)
_lines = select(func.string_agg(_line.label, "; ")).where(_line.order_id == Order.id, _line.kind == "product")
_grades = (
    select(func.string_agg(func.distinct(Variant.grade), ", "))
    .select_from(_line)
    .join(Variant, Variant.id == _line.variant_id)
    .where(_line.order_id == Order.id)
)


def _of_grades(grades: Sequence[Any]) -> Clause:
    return exists().where(OrderLine.order_id == Order.id, Variant.id == OrderLine.variant_id, Variant.grade.in_(grades))


def _offered_by(supplier_ids: Sequence[Any]) -> Clause:
    return exists().where(
        OrderLine.order_id == Order.id, Offer.variant_id == OrderLine.variant_id, Offer.supplier_id.in_(supplier_ids),
        Offer.absent_since.is_(None),
    )  # fmt: skip


def _options(session: Session) -> Options:
    """In three statements: storefronts, suppliers, and the values that orders have."""
    shops = session.execute(select(Channel.code, Channel.name, Channel.id).order_by(Channel.position))
    sellers = session.execute(select(Supplier.code, Supplier.name, Supplier.id).order_by(Supplier.name))
    countries, methods = distinct(session, Order.country, Order.method)
    locale = get_locale()
    names = locale.territories if locale else {}
    return {
        "channel": [Option(*row) for row in shops],
        "supplier": [Option(*row) for row in sellers],
        "country": [Option(code, names.get(code, code), code) for code in countries if code],
        "method": [Option(name.replace(",", " "), name, name) for name in methods if name],
        "payment": [Option(state, words.payment(state), state) for state in PAYMENTS],
        "delivery": [Option(state, words.delivery(state), state) for state in DELIVERIES],
        "state": [Option(state, words.order(state), state) for state in STATES],
        "grade": [Option(grade, grade, grade) for grade in GRADES],
        "only": [Option("short", _("pieces missing"), True)],
    }


def _state(row: Any) -> str:
    return _("gone") if row.gone_at else words.order(row.state)


def _days_old(row: Any) -> int:
    return (clock.now() - row.placed_at).days  # type: ignore[no-any-return]


ORDERS = ListDescription(
    name="orders",
    title=_l("Orders"),
    empty=_l("No order matches."),
    endpoint="orders.index",
    permission="orders.read",
    id=Order.id,
    source=Order.__table__.join(Channel.__table__, Channel.id == Order.channel_id),
    label=Order.number,
    acts=ACTS,
    cells="orders/cells.html",
    search="q",
    search_hint=_l("Number, name, mail, phone, SKU, tracking…"),
    columns=(
        Column("order", _l("Order"), {"number": Order.number, "name": Order.name, "email": Order.email},
               lambda row: row.number, narrow=True, sort="number"),
        Column("channel", _l("Storefront"), {"channel": Channel.name}, lambda row: row.channel),
        Column("customer", _l("Customer"), {"name": Order.name, "email": Order.email, "company": Order.company},
               lambda row: row.name or row.email, sort="customer"),
        Column("payment", _l("Payment"), {"payment_state": Order.payment_state},
               lambda row: words.payment(row.payment_state), narrow=True),
        Column("method", _l("Method"), {"method": Order.method}, lambda row: row.method, first=False),
        Column("delivery", _l("Delivery"), {"delivery_state": Order.delivery_state, "short": Order.short},
               lambda row: words.delivery(row.delivery_state)),
        Column("state", _l("State"), {"state": Order.state, "gone_at": Order.gone_at}, _state),
        Column("items", _l("Items"), {"items": _lines.scalar_subquery()}, lambda row: row.items or "", first=False),
        Column("grade", _l("Grade"), {"grades": _grades.scalar_subquery()}, lambda row: row.grades or "", first=False),
        Column("country", _l("Country"), {"country": Order.country}, lambda row: row.country, first=False),
        Column("mail", _l("E-mail"), {"email": Order.email}, lambda row: row.email, first=False),
        Column("net", _l("Without VAT"), {"net": Order.net, "currency": Order.currency}, lambda row: row.net, "num",
               first=False),
        Column("total", _l("Total"), {"total": Order.total, "currency": Order.currency}, lambda row: row.total, "num",
               narrow=True, sort="total"),
        Column("placed", _l("Placed"), {"placed_at": Order.placed_at}, lambda row: row.placed_at, "num",
               sort="placed"),
        Column("age", _l("Age"), {"placed_at": Order.placed_at}, _days_old, "num", first=False),
    ),
    sorts=(
        Sort("placed", _l("Placed"), Order.placed_at, moment_key, falls=True),
        Sort("total", _l("Total"), Order.total, money_key, falls=True),
        Sort("number", _l("Number"), literal_column(NUMBER_KEY, Text()), text_key, falls=True),
        Sort("customer", _l("Customer"), folded(Order.name), text_key),
    ),
    filters=(
        Words("q", _l("Search"), means),
        Choice("channel", _l("Storefront"), Order.channel_id),
        Choice("payment", _l("Payment"), Order.payment_state),
        Choice("delivery", _l("Delivery"), Order.delivery_state),
        Choice("state", _l("State"), Order.state),
        Amounts("total", _l("Total"), Order.total),
        Days("placed", _l("Placed"), Order.placed_at),
        Age("age", _l("Age"), Order.placed_at),
        Choice("method", _l("Method"), Order.method),
        Choice("country", _l("Country"), Order.country),
        Choice("grade", _l("Grade"), where=_of_grades),
        Choice("supplier", _l("Offered now by"), where=_offered_by),
        Choice("only", _l("Only"), Order.short),
        YesNo("gone", _l("Gone from the storefront"), Order.gone_at.is_not(None)),
    ),
    options=_options,
)  # fmt: skip
