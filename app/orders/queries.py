"""What pages read of orders, and which orders a text means. The list is `app.orders.listing`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Integer,
    Select,
    bindparam,
    false,
    func,
    intersect,
    or_,
    select,
    tuple_,
    union,
)
from sqlalchemy.orm import Session, aliased

from app.bundle import bundle, objects, read
from app.catalog.models import Variant
from app.channels.models import Channel
from app.customers.models import Customer
from app.flows.models import Lane
from app.offers.models import Offer
from app.orders import finding, holders, keys
from app.orders.acts import open_acts
from app.orders.holders import Piece, pieces_of
from app.orders.models import (
    Order,
    OrderAct,
    OrderAddress,
    OrderDelivery,
    OrderDocument,
    OrderEvent,
    OrderKey,
    OrderLine,
    OrderPayment,
)
from app.payments.queries import OF_ORDER, MoneyOfOrder, of_order
from app.payments.words import AS_SHOP
from app.pricing.models import Price
from app.suppliers.models import Supplier

FLOW = "shopware.orders.portal"


class OrderRow(NamedTuple):
    """A line of the list."""

    id: int
    channel: str
    number: str
    placed_at: datetime
    state: str
    payment_state: str
    delivery_state: str
    total: Decimal
    currency: str
    name: str
    email: str
    short: bool
    gone_at: datetime | None


_ROWS = select(
    Order.id, Channel.name, Order.number, Order.placed_at, Order.state, Order.payment_state, Order.delivery_state,
    Order.total, Order.currency, Order.name, Order.email, Order.short, Order.gone_at,
).join(Channel, Channel.id == Order.channel_id)  # fmt: skip


def means(text: str) -> ColumnElement[bool]:
    """Orders that the text can mean: something quoted whole, or its beginning, or several words of names together.

    Each is a walk of one index; `app.orders.keys` says what can be quoted.
    """
    spelt = keys.meanings(text)
    words = list(keys.words(text))
    ways: list[Select[int] | CompoundSelect[int]] = []
    if spelt:
        whole = [OrderKey.value.in_(spelt), *(OrderKey.value.startswith(value, autoescape=True) for value in spelt)]
        ways.append(select(OrderKey.order_id).where(or_(*whole)))
    if len(words) > 1:
        ways.append(intersect(*(
            select(OrderKey.order_id).where(OrderKey.value.startswith(word, autoescape=True), OrderKey.kind == "name")
            for word in words
        )))  # fmt: skip
    if len(ways) > 1:  # One set of ids: of two that are joined by OR the planner expects half of the table.
        return Order.id.in_(union(*ways))
    return Order.id.in_(ways[0]) if ways else false()


_THESE = _ROWS.where(Order.id == func.any(bindparam("ids", type_=ARRAY(BigInteger))))


def found(meant: finding.Meant, *, limit: int) -> list[OrderRow]:
    """The orders that a text means best, the best first."""
    ids = meant.newest(limit=limit)
    rows = {row.id: OrderRow._make(row) for row in meant.session.execute(_THESE, {"ids": ids})}
    return [rows[id_] for id_ in ids]


def of_person(session: Session, person_id: int, *, before: tuple[datetime, int] | None, limit: int) -> list[OrderRow]:
    """The latest orders of a person, as `orders` gives them."""
    statement = _ROWS.join(Customer, Customer.id == Order.customer_id).where(Customer.person_id == person_id)
    if before is not None:
        statement = statement.where(tuple_(Order.placed_at, Order.id) < before)
    statement = statement.order_by(Order.placed_at.desc(), Order.id.desc()).limit(limit + 1)
    return [OrderRow._make(row) for row in session.execute(statement)]


class LineRow(NamedTuple):
    """`supplier`: by whose offer the line was priced when it was ordered."""

    line: OrderLine
    grade: str | None
    supplier: str | None
    pieces: list[Piece]


class OrderPage(NamedTuple):
    """An order with everything that belongs to it, in a fixed number of statements."""

    order: Order
    channel: str
    channel_code: str
    lines: Sequence[LineRow]
    payments: Sequence[OrderPayment]
    deliveries: Sequence[OrderDelivery]
    addresses: Sequence[OrderAddress]
    events: Sequence[OrderEvent]
    money: MoneyOfOrder
    documents: Sequence[OrderDocument]
    acts: Sequence[OrderAct]  # Under way, waiting for a second person, or failed.
    asked_at: datetime | None  # When the shop was last asked, whether or not it had news.

    @property
    def twice(self) -> list[Piece]:
        """Pieces that other live orders have as well."""
        return [piece for row in self.lines for piece in row.pieces if piece.others]

    @property
    def payment_state(self) -> str:
        """How it stands with the money, in the shop's words: by Mollie's payments where there are any."""
        verdict = self.money.verdict
        if verdict is None or not self.money.payments:
            return self.order.payment_state
        if verdict.verdict in ("refunded", "partly_refunded") and self.money.under_way:
            return "refunding"
        return AS_SHOP.get(verdict.verdict, self.order.payment_state)


# Made once: to put the statements of a page together takes a third of its time. `:order_id` is what they are about.
_THIS: BindParameter[int] = bindparam("order_id", type_=BigInteger)
_ASKED = select(Lane.success_at).where(Lane.flow == FLOW, Lane.channel == Channel.code)
_HEAD = (
    select(Order, Channel.name, Channel.code, _ASKED.scalar_subquery())
    .join(Channel, Channel.id == Order.channel_id)
    .where(Order.id == _THIS)
    .execution_options(populate_existing=True)
)
# Whose offer the price followed that a line's variant had when the order was placed.
_SOLD_BY = (
    select(Supplier.name)
    .join(Offer, Offer.supplier_id == Supplier.id)
    .join(Price, Price.offer_id == Offer.id)
    .where(Price.variant_id == OrderLine.variant_id, Price.channel_id == Order.channel_id,
           Price.valid_from <= Order.placed_at)
    .order_by(Price.valid_from.desc())
    .limit(1)
)  # fmt: skip
_LINES = (
    select(OrderLine, Variant.grade, _SOLD_BY.scalar_subquery().label("supplier"), holders.pieces().label("pieces"))
    .join(Order, Order.id == OrderLine.order_id)
    .outerjoin(Variant, Variant.id == OrderLine.variant_id)
    .where(OrderLine.order_id == _THIS)
    .order_by(OrderLine.position, OrderLine.id)
)
_PAYMENTS = select(OrderPayment).where(OrderPayment.order_id == _THIS).order_by(OrderPayment.created_at.desc())
_DELIVERIES = select(OrderDelivery).where(OrderDelivery.order_id == _THIS).order_by(OrderDelivery.costs.desc())
_ADDRESSES = select(OrderAddress).where(OrderAddress.order_id == _THIS).order_by(OrderAddress.billing.desc())
_EVENTS = (
    select(OrderEvent)
    .where(OrderEvent.order_id == _THIS)
    .order_by(OrderEvent.id.desc())
    .limit(bindparam("events", type_=Integer))
)
_DOCUMENTS = select(OrderDocument).where(OrderDocument.order_id == _THIS).order_by(OrderDocument.created_at.desc())


_PAGE = bundle(
    lines=_LINES, payments=_PAYMENTS, deliveries=_DELIVERIES, addresses=_ADDRESSES, events=_EVENTS,
    documents=_DOCUMENTS, **OF_ORDER,
)  # fmt: skip


def order_page(session: Session, order_id: int, *, events: int) -> OrderPage | None:
    """None for an unknown id; the latest `events` of the timeline."""
    head = session.execute(_HEAD, {"order_id": order_id}).one_or_none()
    if head is None:
        return None
    order, channel, code, asked_at = head
    rows = read(session, _PAGE, order_id=order_id, events=events)
    lines = [LineRow(line, told["grade"], told["supplier"], pieces_of(told["pieces"]))
             for line, told in zip(objects(OrderLine, rows["lines"]), rows["lines"], strict=True)]  # fmt: skip
    return OrderPage(
        order, channel, code, lines, objects(OrderPayment, rows["payments"]),
        objects(OrderDelivery, rows["deliveries"]), objects(OrderAddress, rows["addresses"]),
        objects(OrderEvent, rows["events"]), of_order(rows), objects(OrderDocument, rows["documents"]),
        open_acts(session, order_id), asked_at,
    )  # fmt: skip


def lines_of(session: Session, order_id: int) -> Sequence[OrderLine]:
    """The lines of an order, as the customer saw them."""
    statement = select(OrderLine).where(OrderLine.order_id == order_id).order_by(OrderLine.position, OrderLine.id)
    return session.execute(statement).scalars().all()


_customer, _person = aliased(Customer), aliased(Customer)
_TAG = (
    select(Order.revision, _person.id, _person.revision, holders.tag())
    .outerjoin(_customer, _customer.id == Order.customer_id)
    .outerjoin(_person, _person.id == _customer.person_id)
    .where(Order.id == _THIS)
)


def tag(session: Session, order_id: int) -> str | None:
    """What moves with every visible change of an order, of the person who placed it, and of live orders that have one
    of its pieces; None for an unknown id."""
    row = session.execute(_TAG, {"order_id": order_id}).one_or_none()
    return None if row is None else f"{order_id}.{row[0]}.{row[1]}.{row[2]}.{row[3] or ''}"
