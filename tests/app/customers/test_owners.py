"""Whose an order is: never across a doubt, whatever comes first, and the same look twice writes nothing."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

import pytest
import sqlalchemy as sa
from few_orders import NOON
from people import People
from sqlalchemy.orm import Session

from app.customers import owning, services, twins
from app.customers.models import Customer, CustomerMerge
from app.orders import services as orders
from app.orders.models import Order
from app.orders.seen import OrderSeen

ADA = ("ada@example.com", "Ada Jansen")


@pytest.fixture
def people(session: Session) -> People:
    return People(session)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"mail": ADA[0], "name": ADA[1]}, {"mail": "Ada@Example.COM", "name": "A. Jansen"}, True),
        ({"mail": "x@a.nl", "name": "Ada Jansen"}, {"mail": "x@a.nl", "name": "Bo Jansen"}, False),
        ({"mail": "x@a.nl", "name": "Ada Jansen"}, {"mail": "x@a.nl", "name": "Ada de Wit"}, False),
        ({"mail": "a@a.nl", "name": "Ada Jansen", "phone": "0612345678"},
         {"mail": "b@a.nl", "name": "Ada Jansen", "phone": "+31 6 1234 5678"}, False),
        ({"mail": "a@a.nl", "name": "Ada Jansen", "house": "Dam 1"},
         {"mail": "b@a.nl", "name": "Ada Jansen", "house": "Dam 1"}, False),
        ({"mail": "info@a.nl", "name": "Ada Jansen"}, {"mail": "info@a.nl", "name": "Ada Jansen"}, False),
        ({"mail": "info@a.nl", "name": "Ada Jansen", "house": "Dam 1"},
         {"mail": "info@a.nl", "name": "Ada Jansen", "house": "Dam 1"}, True),
        ({}, {}, False),
    ],
)  # fmt: skip
def test_two_orders_of_two_storefronts_are_one_customers_or_not(
    people: People, one: dict[str, str], other: dict[str, str], same: bool
) -> None:
    (first,) = people.comes(people.order(**one), shop=0)
    (second,) = people.comes(people.order(**other), shop=1)

    assert (first == second) is same


def test_an_account_is_one_customer_under_any_name_and_mail_of_one_storefront(people: People) -> None:
    first, second = people.comes(people.order(*ADA, account="A"), people.order("x@y.nl", "Bo de Wit", account="A"))
    (elsewhere,) = people.comes(people.order("z@y.nl", "Cas Bos", account="A"), shop=1)

    assert first == second != elsewhere
    assert people.customer(first).guest is False


def test_what_is_shared_under_doubt_is_asked(people: People) -> None:
    (ada,) = people.comes(people.order(*ADA, phone="0612345678", house="Dam 1"))
    (bo,) = people.comes(people.order(ADA[0], "Bo de Wit", house="Dam 1"), shop=1)
    (cas,) = people.comes(people.order("cas@x.nl", "Cas Bos", phone="06 1234 5678"), shop=1)
    people.comes(people.order("dirk@x.nl", "Dirk Vos"))

    assert people.questions() == [(ada, bo, ["address", "mail"]), (ada, cas, ["phone"])]


def test_a_company_mailbox_and_what_everybody_shares_ask_nothing(people: People) -> None:
    people.comes(people.order("info@x.nl", "Ada Jansen"), people.order("info@x.nl", "Bo de Wit"))
    people.comes(*(people.order(f"p{n}@x.nl", f"P{n} Bos{n}", phone="0201234567") for n in range(6)))

    assert people.questions() == []


@pytest.mark.parametrize("order_of_arrival", list(permutations(range(3))))
def test_evidence_makes_one_person_whatever_comes_first(people: People, order_of_arrival: tuple[int, ...]) -> None:
    """A guest; an account under another mail; and the account's order that has the guest's mail."""
    coming = [
        lambda: people.comes(people.order(*ADA, guest="g", number="1")),
        lambda: people.comes(people.order("work@x.nl", "Ada Jansen", account="A", number="2")),
        lambda: people.comes(people.order(*ADA, account="A", number="3")),
    ]
    for place in order_of_arrival:
        coming[place]()

    persons = {people.person(people.owner(number)) for number in "123"}
    assert len(persons) == 1
    shown = people.customer(persons.pop())
    assert (shown.orders, shown.guest, shown.first_at, shown.last_at) == (
        3, False, NOON.replace(minute=1), NOON.replace(minute=3),
    )  # fmt: skip


def test_what_evidence_joined_and_a_person_parted_stays_apart(people: People) -> None:
    people.comes(people.order(*ADA, guest="g", number="1"))
    people.comes(people.order("work@x.nl", "Ada Jansen", account="A", number="2"))
    people.comes(people.order(*ADA, account="A", number="3"))
    merge = people.session.execute(sa.select(CustomerMerge)).scalar_one()
    assert merge.merged_by is None

    services.undo(people.session, merge.id, user_id=None, now=NOON)
    people.comes(people.order(*ADA, account="A", number="4"))

    assert people.person(people.owner("1")) != people.person(people.owner("2"))
    assert people.owner("4") == people.owner("2")
    assert people.questions() == []


def test_the_same_look_twice_writes_nothing(people: People) -> None:
    def rows() -> list[object]:
        return [
            people.session.execute(sa.text(f"SELECT array_agg(xmin::text || ctid::text) FROM {table}")).scalar_one()
            for table in ("customer", "customer_key", "customer_pair", "customer_look", "shop_order")
        ]

    both = [people.order(*ADA, phone="0612345678"), people.order("bo@x.nl", "Bo Bos", phone="0612345678")]
    people.comes(*both)
    before = rows()

    people.comes(*both, both[0])

    assert rows() == before


def test_an_order_without_evidence_keeps_its_own_customer(people: People) -> None:
    (first,) = people.comes(people.order(number="1"))
    (second,) = people.comes(people.order(number="2"))

    (again,) = people.comes(people.order(number="1", state="completed"))

    assert first == again != second


def test_an_order_follows_its_evidence_and_a_mended_mail_stays_with_its_person(people: People) -> None:
    (ada,) = people.comes(people.order(*ADA, number="1"))
    (typo,) = people.comes(people.order("aad@example.com", "Ada Jansen", number="2"))
    assert ada != typo

    (mended,) = people.comes(people.order(*ADA, number="2"))
    (renamed,) = people.comes(people.order("ada@new.nl", "Ada Jansen", number="1"))

    assert (mended, renamed) == (ada, ada)
    assert (people.customer(typo).orders, people.customer(typo).last_at) == (0, None)
    assert people.customer(ada).orders == 2
    assert people.customer(ada).email == ADA[0]  # Of the latest order.


def test_a_page_of_orders_takes_the_same_few_statements_however_long_it_is(people: People) -> None:
    def statements(orders_: list[OrderSeen]) -> int:
        found: list[str] = []
        note: Callable[..., None] = lambda _c, _cursor, statement, *_: found.append(statement)  # noqa: E731
        sa.event.listen(people.session.connection(), "before_cursor_execute", note)
        orders.apply_orders(people.session, people.shops[0], orders_, now=NOON)
        sa.event.remove(people.session.connection(), "before_cursor_execute", note)
        return len(found)

    few = [people.order(f"a{n}@x.nl", f"A{n} Bos", account=f"a{n}") for n in range(2)]
    many = [people.order(f"b{n}@x.nl", f"B{n} Bos", account=f"b{n}") for n in range(40)]

    assert statements(few) == statements(many)


def test_orders_of_before_customers_were_known_get_theirs(people: People) -> None:
    people.comes(people.order(*ADA, phone="0612345678", number="1"), people.order(*ADA, number="2"))
    people.comes(people.order("bo@x.nl", "Bo Bos", house="Laan 1", number="3"))
    people.session.execute(sa.text("UPDATE shop_order SET customer_id = NULL"))
    people.session.execute(sa.text("DELETE FROM order_key WHERE kind = 'address'"))
    for table in ("customer_pair", "customer_key", "customer"):
        people.session.execute(sa.text(f"DELETE FROM {table}"))

    given = [owning.adopt(people.session, people.shops[0], limit=2, now=NOON) for _ in range(3)]
    twins.look(people.session, now=NOON)

    assert given == [2, 1, 0]
    people.session.expire_all()
    assert people.owner("1") == people.owner("2") != people.owner("3")
    assert people.customer(people.owner("1")).orders == 2
    assert people.questions() == [(people.owner("1"), people.owner("3"), ["address"])]


def test_every_order_has_a_customer_and_every_customer_a_person_that_stands_for_itself(people: People) -> None:
    people.comes(*(people.order(f"p{n % 3}@x.nl", "P Bos", account=f"a{n % 5}") for n in range(20)))

    assert people.session.execute(sa.select(Order.id).where(Order.customer_id.is_(None))).all() == []
    roots = sa.select(Customer.person_id)
    assert people.session.execute(
        sa.select(Customer.id).where(Customer.id.in_(roots), Customer.person_id != Customer.id)
    ).all() == []  # fmt: skip
    assert people.session.execute(
        sa.select(sa.func.sum(Customer.orders)).where(Customer.person_id == Customer.id)
    ).scalar_one() == 20  # fmt: skip
