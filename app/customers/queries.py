"""What pages read of customers. A row stands for a whole person; facts are read from the orders that say them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, BigInteger, Integer, Text, and_, bindparam, cast, func, or_, select, text
from sqlalchemy.orm import Session, aliased

from app.auth.models import User
from app.channels.models import Channel
from app.customers import matching
from app.customers.models import Customer, CustomerMerge, CustomerPair
from app.orders import finding, keys
from app.orders import queries as orders
from app.orders.models import Order
from app.orders.queries import OrderRow

LATEST = 100  # Orders of a person that facts are read from.
OTHERS = 10  # Persons that a page shows beside one, the likeliest.
MERGES = 50
PERSONAL = ("mail", "phone", "name", "customer")  # Kinds of order keys that a person is looked for by.


class CustomerRow(NamedTuple):
    """A line of the list. `channels`: names of the storefronts; `asked`: somebody may be the same."""

    id: int
    name: str
    company: str
    email: str
    guest: bool
    orders: int
    first_at: datetime | None
    last_at: datetime | None
    channels: Sequence[str]
    asked: bool


_Member = aliased(Customer)
OPEN = and_(CustomerPair.state == "open", CustomerPair.joined.is_(False))
ASKED = (
    select(CustomerPair.low_id)
    .join(_Member, or_(_Member.id == CustomerPair.low_id, _Member.id == CustomerPair.high_id))
    .where(OPEN, _Member.person_id == Customer.id)
    .exists()
)
_CHANNELS = func.array(
    select(Channel.name)
    .where(Channel.id == func.any(Customer.channel_ids))
    .order_by(Channel.position)
    .scalar_subquery()
)
_ROWS = select(
    Customer.id, Customer.name, Customer.company, Customer.email, Customer.guest, Customer.orders, Customer.first_at,
    Customer.last_at, _CHANNELS, ASKED,
)  # fmt: skip


_WHO_ORDERED = (
    select(_Member.person_id)
    .join(Order, Order.customer_id == _Member.id)
    .where(Order.id == func.any(bindparam("ids", type_=ARRAY(BigInteger))))
)
_FOUND = (
    _ROWS.where(Customer.id.in_(_WHO_ORDERED))
    .order_by(Customer.last_at.desc(), Customer.id.desc())
    .limit(bindparam("limit", type_=Integer))
)


def found(meant: finding.Meant, *, limit: int) -> list[CustomerRow]:
    """Persons whose mail address, phone number, name or number the text is, or begins; who bought last first."""
    ids = meant.newest(limit=5 * limit, enough=limit, kinds=PERSONAL)  # Some have bought more than once.
    return [CustomerRow._make(row) for row in meant.session.execute(_FOUND, {"ids": ids, "limit": limit})]


class Fact(NamedTuple):
    """What orders say of a person. `spelt`: in the spelling in which two are compared; `sources`: storefronts."""

    kind: str
    shown: str
    spelt: str
    sources: Sequence[str]
    first_at: datetime
    last_at: datetime
    orders: int


_SAID = text("""
    SELECT w.person_id, o.id, o.placed_at, c.name AS channel, o.name, o.company, o.email,
      CASE WHEN o.guest THEN '' ELSE o.customer_number END AS account,
      a.phone, a.street, a.extra, a.zipcode, a.city, a.country
    FROM unnest(CAST(:ids AS bigint[])) w (person_id)
    CROSS JOIN LATERAL (
      SELECT o.* FROM customer m JOIN shop_order o ON o.customer_id = m.id WHERE m.person_id = w.person_id
      ORDER BY o.placed_at DESC, o.id DESC LIMIT :latest) o
    JOIN channel c ON c.id = o.channel_id
    LEFT JOIN order_address a ON a.order_id = o.id
    ORDER BY o.placed_at DESC, o.id DESC, a.billing DESC
""")
KINDS = ("account", "name", "company", "mail", "phone", "address")


def facts(session: Session, person_ids: Sequence[int]) -> dict[int, list[Fact]]:
    """By person what their latest orders say, by kind, the latest first; of several spellings the longest."""
    rows = session.execute(_SAID, {"ids": list(person_ids), "latest": LATEST})
    seen: dict[tuple[int, str, str], list[tuple[Any, str]]] = {}
    for row in rows:
        for kind, shown, spelt in _said(row):
            if shown.strip():
                seen.setdefault((row.person_id, kind, spelt), []).append((row, shown))
    result: dict[int, list[Fact]] = {id_: [] for id_ in person_ids}
    for (person_id, kind, spelt), some in sorted(seen.items(), key=lambda one: KINDS.index(one[0][1])):
        rows_ = [row for row, _shown in some]
        shown = max((shown for _row, shown in some), key=len)
        sources = sorted({row.channel for row in rows_})
        orders_ = len({row.id for row in rows_})
        result[person_id].append(Fact(kind, shown, spelt, sources, rows_[-1].placed_at, rows_[0].placed_at, orders_))
    return result


def _said(row: Any) -> Iterable[tuple[str, str, str]]:
    """Kind, text and comparable spelling of all that one row says."""
    yield "account", row.account, f"{row.channel} {row.account}"
    for kind, shown in (("name", row.name), ("company", row.company), ("mail", row.email)):
        yield kind, shown, matching.spelt(kind, shown)
    if row.country is not None:
        yield "phone", row.phone, matching.spelt("phone", row.phone, row.country)
        parts = (row.street, row.extra, f"{row.zipcode} {row.city}".strip(), row.country)
        shown = ", ".join(part for part in parts if part)
        house = keys.house_of(row.zipcode, row.street, row.extra, row.country)
        yield "address", shown if row.street or row.zipcode else "", house or matching.spelt("address", shown)


class Line(NamedTuple):
    """Two persons side by side; `agree` None: one of them says nothing of the kind."""

    kind: str
    agree: bool | None
    ours: Sequence[str]
    theirs: Sequence[str]


class Question(NamedTuple):
    """Somebody who may be the same person."""

    person: CustomerRow
    since: datetime
    shared: Sequence[str]
    lines: Sequence[Line]


def questions(session: Session, person_id: int) -> list[Question]:
    """Who may be the same as this person, with the evidence of both; those that share most first."""
    low, high = aliased(Customer), aliased(Customer)
    other = func.nullif(low.person_id, person_id)
    other = func.coalesce(other, high.person_id)
    rows = session.execute(
        select(other, func.min(CustomerPair.found_at), func.array_agg(cast(func.array_to_string(
            CustomerPair.kinds, ","), Text)))
        .join(low, low.id == CustomerPair.low_id)
        .join(high, high.id == CustomerPair.high_id)
        .where(OPEN, or_(low.person_id == person_id, high.person_id == person_id))
        .group_by(other)
    ).all()  # fmt: skip
    shared = {row[0]: sorted({kind for kinds in row[2] for kind in kinds.split(",") if kind}) for row in rows}
    since = {row[0]: row[1] for row in rows}
    likely = sorted(shared, key=lambda id_: (-len(shared[id_]), since[id_], id_))[:OTHERS]
    people = {row.id: row for row in _rows(session, likely)}
    said = facts(session, [person_id, *likely]) if likely else {}
    return [
        Question(people[id_], since[id_], shared[id_], _compared(said[person_id], said[id_])) for id_ in likely
    ]  # fmt: skip


def _rows(session: Session, ids: Sequence[int]) -> list[CustomerRow]:
    if not ids:
        return []
    return [CustomerRow._make(row) for row in session.execute(_ROWS.where(Customer.id.in_(ids)))]


def _compared(ours: Sequence[Fact], theirs: Sequence[Fact]) -> list[Line]:
    def shown(some: Sequence[Fact], kind: str) -> list[str]:
        return [fact.shown for fact in some if fact.kind == kind]

    return [
        Line(line.kind, line.agree, shown(ours, line.kind), shown(theirs, line.kind))
        for line in matching.compare(_spelt(ours), _spelt(theirs))
    ]


def _spelt(some: Sequence[Fact]) -> Mapping[str, set[str]]:
    found_: dict[str, set[str]] = {}
    for fact in some:
        found_.setdefault(fact.kind, set()).add(fact.spelt)
    return found_


def evidence(session: Session, one: int, other: int) -> dict[str, list[str]]:
    """What two persons have in common and what not, as kinds: what a merge keeps, and nothing personal."""
    said = facts(session, [one, other])
    lines = matching.compare(_spelt(said[one]), _spelt(said[other]))
    return {
        "agrees": [line.kind for line in lines if line.agree],
        "differs": [line.kind for line in lines if line.agree is False],
    }


class Total(NamedTuple):
    """Of a person's orders in one currency. `unpaid`: of what was bought, what is still to be paid."""

    currency: str
    bought: Decimal
    unpaid: Decimal


UNPAID = ("open", "unconfirmed", "in_progress", "reminded", "paid_partially")


class MergeRow(NamedTuple):
    """A merge that concerns the person. `absorbed`: the name that the other one's orders have now."""

    id: int
    kept_id: int
    absorbed_id: int
    absorbed: str
    evidence: dict[str, list[str]]
    merged_by: str | None
    merged_at: datetime
    undone_by: str | None
    undone_at: datetime | None


class CustomerPage(NamedTuple):
    """A person, in a fixed number of statements."""

    person: CustomerRow
    facts: Sequence[Fact]
    orders: Sequence[OrderRow]
    totals: Sequence[Total]
    merges: Sequence[MergeRow]
    questions: Sequence[Question]


def page(session: Session, person_id: int, *, before: tuple[datetime, int] | None, limit: int) -> CustomerPage:
    """Everything about a person; `limit` + 1 orders at most."""
    (person,) = _rows(session, [person_id])
    return CustomerPage(
        person, facts(session, [person_id])[person_id],
        orders.of_person(session, person_id, before=before, limit=limit),
        _totals(session, person_id), _merges(session, person_id), questions(session, person_id),
    )  # fmt: skip


def _totals(session: Session, person_id: int) -> list[Total]:
    rows = session.execute(
        select(
            Order.currency, func.sum(Order.total),
            func.coalesce(func.sum(Order.total).filter(Order.payment_state.in_(UNPAID)), 0),
        )
        .join(_Member, _Member.id == Order.customer_id)
        .where(_Member.person_id == person_id, Order.state != "cancelled", Order.gone_at.is_(None))
        .group_by(Order.currency)
        .order_by(Order.currency)
    )  # fmt: skip
    return [Total._make(row) for row in rows]


def _merges(session: Session, person_id: int) -> list[MergeRow]:
    """Of all customers that are or were this person, the latest first."""
    by, undone = aliased(User), aliased(User)
    name = (
        select(Order.name).where(Order.customer_id == CustomerMerge.absorbed_id)
        .order_by(Order.placed_at.desc(), Order.id.desc()).limit(1).scalar_subquery()
    )  # fmt: skip
    members = select(_Member.id).where(_Member.person_id == person_id)
    rows = session.execute(
        select(
            CustomerMerge.id, CustomerMerge.kept_id, CustomerMerge.absorbed_id, func.coalesce(name, ""),
            CustomerMerge.evidence, by.name, CustomerMerge.merged_at, undone.name, CustomerMerge.undone_at,
        )
        .outerjoin(by, by.id == CustomerMerge.merged_by)
        .outerjoin(undone, undone.id == CustomerMerge.undone_by)
        .where(or_(CustomerMerge.kept_id.in_(members), CustomerMerge.absorbed_id.in_(members)))
        .order_by(CustomerMerge.id.desc())
        .limit(MERGES)
    )  # fmt: skip
    return [MergeRow._make(row) for row in rows]


class Card(NamedTuple):
    """What an order's page says of who ordered. `asked`: persons that may be the same."""

    id: int
    name: str
    orders: int
    channels: Sequence[str]
    asked: bool


# Made once, about `:customer_id`.
_CARD = select(Customer.id, Customer.name, Customer.orders, _CHANNELS, ASKED).where(
    Customer.id
    == select(_Member.person_id)
    .where(_Member.id == bindparam("customer_id", type_=BigInteger))
    .correlate(None)
    .scalar_subquery()
)


def card(session: Session, customer_id: int | None) -> Card | None:
    """The person that a customer is; None for none."""
    if customer_id is None:
        return None
    row = session.execute(_CARD, {"customer_id": customer_id}).one_or_none()
    return None if row is None else Card._make(row)


def tag(session: Session, customer_id: int) -> tuple[int, str] | None:
    """The person that a customer is, and what moves with every visible change of it; None for an unknown id.

    What moves only an order, a piece that came or a shop that lost it, moves it too.
    """
    other = aliased(Customer)
    moves = (
        select(func.sum(Order.revision))
        .join(other, other.id == Order.customer_id)
        .where(other.person_id == Customer.id)
        .correlate(Customer)
        .scalar_subquery()
    )
    row = session.execute(
        select(Customer.id, Customer.revision, func.coalesce(moves, 0))
        .join(_Member, _Member.person_id == Customer.id)
        .where(_Member.id == customer_id)
    ).one_or_none()
    return None if row is None else (row[0], f"{row[0]}.{row[1]}.{row[2]}")
