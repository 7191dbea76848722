"""Merges and their undoing: whatever acts follow each other, persons are what the remaining merges say."""

from __future__ import annotations

from collections import Counter

import pytest
import sqlalchemy as sa
from few_orders import NOON
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from people import People
from sqlalchemy.orm import Session, SessionTransaction

from app.auth.models import Audit, User
from app.customers import matching, services
from app.customers.models import Customer, CustomerMerge
from app.customers.services import Decided
from app.orders.models import Order

SIZE = 5
ONE = st.integers(0, SIZE - 1)


class PersonsMachine(RuleBasedStateMachine):
    """Five people with one phone number, who are merged, parted, told apart, and buy on; `session` by the test."""

    session: Session

    def __init__(self) -> None:
        super().__init__()
        self.example: SessionTransaction = self.session.begin_nested()
        self.people = People(self.session)
        self.user = User(email="a@example.com", name="Agent", role="agent", password_hash="")
        self.session.add(self.user)
        self.session.flush()
        orders = [self.people.order(f"p{n}@x.nl", f"P{n} Bos{n}", phone="0612345678") for n in range(SIZE)]
        self.customers = self.people.comes(*orders)
        self.bought = Counter(self.customers)
        self.merges: dict[int, tuple[int, int]] = {}  # The living ones, by their id.
        self.undone: list[int] = []

    def teardown(self) -> None:
        self.example.rollback()
        self.session.expire_all()

    def roots(self) -> dict[int, int]:
        return matching.partition(self.customers, self.merges.values())

    @rule(one=ONE, other=ONE)
    def two_are_merged(self, one: int, other: int) -> None:
        roots = self.roots()
        a, b = roots[self.customers[one]], roots[self.customers[other]]

        def act() -> int:
            return services.merge(self.session, a, b, evidence={"agrees": ["phone"], "differs": []},
                                  user_id=self.user.id, now=NOON)  # fmt: skip

        if a == b or not self.open_between(a, b):
            with pytest.raises(Decided):
                act()
            return
        merge_id = act()
        row = self.session.get_one(CustomerMerge, merge_id)
        assert {roots[row.kept_id], roots[row.absorbed_id]} == {a, b}
        assert roots[row.kept_id] == min(a, b)
        self.merges[merge_id] = (row.kept_id, row.absorbed_id)

    def open_between(self, a: int, b: int) -> bool:
        roots = self.roots()
        return any({roots[low], roots[high]} == {a, b} for low, high, _kinds in self.people.questions())

    @rule(place=st.integers(0, 9))
    def a_merge_is_undone(self, place: int) -> None:
        if self.merges:
            merge_id = list(self.merges)[place % len(self.merges)]
            services.undo(self.session, merge_id, user_id=self.user.id, now=NOON)
            del self.merges[merge_id]
            self.undone.append(merge_id)

    @rule(place=st.integers(0, 9))
    def an_undone_merge_is_undone_again(self, place: int) -> None:
        if self.undone:
            with pytest.raises(Decided):
                services.undo(self.session, self.undone[place % len(self.undone)], user_id=None, now=NOON)

    @rule(one=ONE, other=ONE)
    def two_are_told_apart(self, one: int, other: int) -> None:
        roots = self.roots()
        a, b = roots[self.customers[one]], roots[self.customers[other]]
        if a != b and self.open_between(a, b):
            services.tell_apart(self.session, a, b, user_id=self.user.id, now=NOON)
            assert not self.open_between(a, b)

    @rule(one=ONE, shop=st.integers(0, 1))
    def somebody_buys(self, one: int, shop: int) -> None:
        (owner,) = self.people.comes(
            self.people.order(f"p{one}@x.nl", f"P{one} Bos{one}", phone="0612345678"), shop=shop
        )
        assert owner == self.customers[one]
        self.bought[owner] += 1

    @invariant()
    def persons_are_what_the_merges_say(self) -> None:
        rows = self.session.execute(sa.select(Customer.id, Customer.person_id))
        assert {row.id: row.person_id for row in rows} == self.roots()

    @invariant()
    def no_order_is_lost_or_doubled(self) -> None:
        rows = self.session.execute(sa.select(Order.customer_id, sa.func.count()).group_by(Order.customer_id))
        assert {row[0]: row[1] for row in rows} == self.bought
        totals: Counter[int] = Counter()
        for customer, root in self.roots().items():
            totals[root] += self.bought[customer]
        shown = self.session.execute(sa.select(Customer.id, Customer.orders).where(Customer.person_id == Customer.id))
        assert {row.id: row.orders for row in shown} == totals

    @invariant()
    def a_pair_knows_whether_it_is_one_person(self) -> None:
        roots = self.roots()
        for low, high, _kinds in self.people.questions():
            assert roots[low] != roots[high]


def test_whatever_is_merged_and_undone_persons_are_what_remains(session: Session) -> None:
    PersonsMachine.session = session

    run_state_machine_as_test(
        PersonsMachine,
        settings=settings(max_examples=25, stateful_step_count=25, deadline=None,
                          suppress_health_check=list(HealthCheck)),
    )  # fmt: skip


@pytest.fixture
def people(session: Session) -> People:
    return People(session)


def test_a_merge_and_its_undoing_say_who_did_it(people: People) -> None:
    one, other = people.comes(people.order("a@x.nl", "Ada Bos", phone="0612345678"),
                              people.order("b@x.nl", "Ada Bos", phone="0612345678"))  # fmt: skip

    merge_id = services.merge(people.session, one, other, evidence={"agrees": ["phone"], "differs": ["mail"]},
                              user_id=None, now=NOON)  # fmt: skip
    services.undo(people.session, merge_id, user_id=None, now=NOON)

    people.session.flush()
    lines = people.session.execute(sa.select(Audit).order_by(Audit.id)).scalars().all()
    assert [(line.act, line.subject_id) for line in lines] == [
        ("customers.merge", str(one)), ("customers.undo", str(one)),
    ]  # fmt: skip
    assert lines[0].after == {"merge": merge_id, "with": other, "agrees": ["phone"], "differs": ["mail"]}


def test_what_was_told_apart_is_not_asked_again_whatever_more_they_share(people: People) -> None:
    one, other = people.comes(people.order("a@x.nl", "Ada Bos", phone="0612345678"),
                              people.order("b@x.nl", "Bo Bos", phone="0612345678"))  # fmt: skip
    services.tell_apart(people.session, one, other, user_id=None, now=NOON)

    people.comes(people.order("a@x.nl", "Ada Bos", phone="0201111111"),
                 people.order("b@x.nl", "Bo Bos", phone="0201111111"))  # fmt: skip

    assert people.questions() == []
    with pytest.raises(Decided):
        services.tell_apart(people.session, one, other, user_id=None, now=NOON)


def test_a_part_of_a_person_that_was_told_apart_keeps_the_whole_apart(people: People) -> None:
    ada, work, bo = people.comes(
        people.order("a@x.nl", "Ada Bos", phone="0612345678"), people.order("w@x.nl", "Ada Bos", phone="0612345678"),
        people.order("b@x.nl", "Bo Bos", house="Dam 1"),
    )  # fmt: skip
    people.comes(people.order("a@x.nl", "Ada Bos", house="Dam 1"))
    services.tell_apart(people.session, ada, bo, user_id=None, now=NOON)
    services.merge(people.session, ada, work, evidence={}, user_id=None, now=NOON)

    people.comes(people.order("w@x.nl", "Ada Bos", house="Dam 1"))

    assert people.questions() == []
