"""What makes orders one customer's, and what only makes a question."""

from __future__ import annotations

import pytest
from few_orders import NOON
from hypothesis import given
from hypothesis import strategies as st

from app.customers import matching
from app.customers.matching import Evidence, Named
from app.orders.keys import Key, house_of


def keys(mail: str, name: str, *, account: str | None = None, street: str = "Dam 1") -> list[Key]:
    seen = Evidence("o", account, True, mail, name, "", (("1012 JS", street, "", "NL"),), NOON)
    return matching.keys_of(7, seen)


@pytest.mark.parametrize(
    ("mail", "box"),
    [
        ("Ada@Example.com ", "ada@example.com"), ("a.d.a+shop@googlemail.com", "ada@gmail.com"),
        ("ada+x@outlook.com", "ada@outlook.com"), ("ada+x@example.com", "ada+x@example.com"),
        ("a.da@example.com", "a.da@example.com"), ("nobody", ""), ("", ""), ("@example.com", ""), ("+@gmail.com",
                                                                                                   "+@gmail.com"),
    ],
)  # fmt: skip
def test_a_mailbox_has_one_spelling(mail: str, box: str) -> None:
    assert matching.mailbox(mail) == box


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("J. de Vries", Named("j", "vries")), ("Jan de Vries", Named("j", "vries")), ("JAN VRIES", Named("j", "vries")),
        ("Dhr. J. de Vries", Named("j", "vries")), ("de Vries", Named("", "vries")), ("Vries", Named("", "vries")),
        ("Zoë van Dijk-Özgür", Named("z", "ozgur")), ("", Named("", "")), ("Mr.", Named("", "")),
    ],
)  # fmt: skip
def test_a_name_is_an_initial_and_a_surname(name: str, found: Named) -> None:
    assert matching.named(name) == found


@pytest.mark.parametrize(
    ("mail", "personal"),
    [
        ("ada@example.com", True), ("info@example.com", False), ("Sales.NL@example.com", False),
        ("no-reply@example.com", False), ("x7f@marketplace.amazon.nl", False), ("x@members.ebay.com", False),
        ("infante@example.com", True), ("ada@marketplace-fans.example", True), ("x@verkopen.bol.com", False),
    ],
)  # fmt: skip
def test_a_mailbox_of_several_is_known(mail: str, personal: bool) -> None:
    assert matching.personal(mail) is personal


@pytest.mark.parametrize(
    ("street", "extra", "house"),
    [
        ("Dam 1", "", "1"), ("Dam 1-2", "", "1"), ("Dam 1 - 2", "", "1"), ("Dam 1/2", "", "1"), ("Dam 1a", "", "1"),
        ("Dam 1 bis", "", "1"), ("Plein 1944 12", "", "12"), ("1e Jacob van Campenstraat 5-2", "", "5"),
        ("12 rue de Lille", "", "12"), ("Dam 1, 3e verdieping", "", "1"), ("Dam 007", "", "7"), ("Dam", "14", "14"),
        ("Dam", "", None), ("", "", None),
    ],
)  # fmt: skip
def test_a_house_is_found_where_it_stands(street: str, extra: str, house: str | None) -> None:
    assert house_of("1012 js", street, extra, "NL") == (f"1012js {house} nl" if house else None)


def test_no_postal_code_is_no_house() -> None:
    assert house_of(" ", "Dam 1", "", "NL") is None


def test_the_account_is_the_strongest_key_and_a_personal_mailbox_needs_the_name() -> None:
    assert keys("ada@example.com", "Ada Jansen", account="f" * 32) == [
        Key("account", f"7/{'f' * 32}"), Key("mail", "ada@example.com/a/jansen"),
    ]  # fmt: skip
    assert keys("ada@example.com", "") == []
    assert keys("", "Ada Jansen") == []


def test_a_mailbox_of_several_needs_the_whole_name_and_the_house() -> None:
    assert keys("info@example.com", "Ada Jansen") == [Key("shared", "info@example.com/ada jansen/1012js 1 nl")]
    assert keys("info@example.com", "Ada Jansen", street="Dam") == []


def test_what_is_too_long_for_an_index_is_no_key() -> None:
    assert keys("a" * 400 + "@example.com", "Ada Jansen") == []


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_whatever_stands_in_an_order_its_keys_fit_the_index(mail: str, name: str, street: str) -> None:
    for key in keys(f"{mail}@{name}", name, street=street):
        assert 0 < len(key.value) <= matching.LONGEST


EDGES = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda edge: edge[0] != edge[1]), max_size=12)


@given(EDGES)
def test_a_partition_is_what_walking_the_edges_reaches(edges: list[tuple[int, int]]) -> None:
    found = matching.partition(range(8), edges)

    for one in range(8):
        reached, before = {one}, set[int]()
        while reached != before:
            before = set(reached)
            reached |= {b for a, b in edges if a in before} | {a for a, b in edges if b in before}
        assert found[one] == min(reached)


@given(st.lists(st.sets(st.integers(0, 9), max_size=3), max_size=9))
def test_components_hold_each_place_once_and_share_no_key(some: list[set[int]]) -> None:
    links = [[Key("mail", str(number)) for number in one] for one in some]

    groups = matching.components(links)

    assert sorted(place for group in groups for place in group) == list(range(len(some)))
    keys_of = [{key for place in group for key in links[place]} for group in groups]
    assert sum(map(len, keys_of)) == len(set[Key]().union(*keys_of))


def test_what_agrees_stands_first_and_what_one_lacks_last() -> None:
    ours = {"mail": {"a@x"}, "phone": {"31612345678"}, "name": {"a/jansen"}}
    theirs = {"mail": {"b@x"}, "phone": {"31612345678"}, "address": {"dam 1"}}

    assert [tuple(line) for line in matching.compare(ours, theirs)] == [
        ("phone", True), ("mail", False), ("address", None), ("name", None),
    ]  # fmt: skip
