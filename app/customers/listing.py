"""The list of customers: its columns, sorts and filters. `app.lists` makes the page of it. A row is a whole person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import BigInteger, cast, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session, aliased

from app.channels.models import Channel
from app.customers.models import Customer, CustomerPair
from app.customers.queries import ASKED, OPEN
from app.lists.description import Column, ListDescription, Sort
from app.lists.filters import Choice, Clause, Days, Option, Options, Words
from app.lists.queries import folded, moment_key, text_key, whole_key
from app.orders.models import Order
from app.orders.queries import means
from app.web.lazy import lazy as _l

_member = aliased(Customer)
_channels = (
    select(func.string_agg(Channel.name, ", "))
    .where(Channel.id == func.any(Customer.channel_ids))
    .scalar_subquery()
)  # fmt: skip


def _quoted(text: str) -> Clause:
    bought = select(_member.person_id).join(Order, Order.customer_id == _member.id).where(means(text))
    return Customer.id.in_(bought)


def _at(channel_ids: Sequence[Any]) -> Clause:
    return Customer.channel_ids.op("&&")(cast(list(channel_ids), ARRAY(BigInteger)))


def _asked(_keys: Sequence[Any]) -> Clause:
    either = or_(_member.id == CustomerPair.low_id, _member.id == CustomerPair.high_id)
    return Customer.id.in_(select(_member.person_id).join(CustomerPair, either).where(OPEN))


def _options(session: Session) -> Options:
    """In one statement: storefronts."""
    shops = session.execute(select(Channel.code, Channel.name, Channel.id).order_by(Channel.position))
    return {
        "channel": [Option(*row) for row in shops],
        "kind": [Option("guest", _("guest"), True), Option("account", _("account"), False)],
        "only": [Option("asked", _("may be the same"), True)],
    }


CUSTOMERS = ListDescription(
    name="customers",
    title=_l("Customers"),
    empty=_l("No customer matches."),
    endpoint="customers.index",
    permission="customers.read",
    id=Customer.id,
    source=Customer.__table__,
    where=(Customer.person_id == Customer.id, Customer.orders > 0),
    label=Customer.name,
    cells="customers/cells.html",
    search="q",
    search_hint=_l("Name, mail, phone, order number…"),
    columns=(
        Column("customer", _l("Customer"), {"name": Customer.name, "email": Customer.email, "company": Customer.company,
                                            "asked": ASKED},
               lambda row: row.name or row.email, narrow=True, sort="customer"),
        Column("mail", _l("E-mail"), {"email": Customer.email}, lambda row: row.email),
        Column("company", _l("Company"), {"company": Customer.company}, lambda row: row.company, first=False),
        Column("channels", _l("Storefronts"), {"channels": _channels}, lambda row: row.channels or ""),
        Column("kind", _l("Known as"), {"guest": Customer.guest},
               lambda row: _("guest") if row.guest else _("account")),
        Column("orders", _l("Orders"), {"orders": Customer.orders}, lambda row: row.orders, "num", narrow=True,
               sort="orders"),
        Column("first", _l("First order"), {"first_at": Customer.first_at}, lambda row: row.first_at, "num",
               first=False),
        Column("last", _l("Last order"), {"last_at": Customer.last_at}, lambda row: row.last_at, "num", narrow=True,
               sort="last"),
    ),
    sorts=(
        Sort("last", _l("Last order"), Customer.last_at, moment_key, falls=True),
        Sort("orders", _l("Orders"), Customer.orders, whole_key, falls=True),
        Sort("customer", _l("Customer"), folded(Customer.name), text_key),
    ),
    filters=(
        Words("q", _l("Search"), _quoted),
        Choice("channel", _l("Storefront"), where=_at),
        Choice("kind", _l("Known as"), Customer.guest),
        Days("last", _l("Last order"), Customer.last_at),
        Choice("only", _l("Only"), where=_asked),
    ),
    options=_options,
)  # fmt: skip
