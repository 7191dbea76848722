"""Lists of Mollie on a real socket: page by page, on one host, never in circles, and no further than wanted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from mollie_double import KEY, MollieDouble, Said, payment, refund, running_double

from integrations.errors import Rejected, UnexpectedBody

mollie = pytest.fixture(running_double)


def test_a_list_is_read_over_all_pages_by_the_links_as_they_come(mollie: MollieDouble) -> None:
    mollie.lists["payments"] = ("payments", [payment(f"tr_{number}") for number in range(7)])
    mollie.page_size = 3

    ids = [found.id for found in mollie.client().payments()]

    assert ids == [f"tr_{number}" for number in range(7)]
    assert [asked.target for asked in mollie.asked] == [
        "/v2/payments?limit=250", "/v2/payments?from=tr_3&limit=250", "/v2/payments?from=tr_6&limit=250",
    ]  # fmt: skip
    assert all(asked.headers["authorization"] == f"Bearer {KEY}" for asked in mollie.asked)


def test_a_link_is_followed_to_the_letter(mollie: MollieDouble) -> None:
    href = f"{mollie.url}/v2/payments?from=tr_2&x=%5Ba%5D&&y=a+b%2fc&limit=1"
    pages = [page("payments", [payment("tr_1")], href), page("payments", [payment("tr_2")], None)]
    mollie.routes["GET", "payments"] = lambda _asked: Said(200, pages.pop(0))

    assert [found.id for found in mollie.client().payments()] == ["tr_1", "tr_2"]
    assert mollie.asked[1].target == href.removeprefix(mollie.url)


def page(name: str, items: list[dict[str, Any]], next_: object) -> dict[str, Any]:
    link = {"href": next_, "type": "application/hal+json"} if isinstance(next_, str) else next_
    return {"count": len(items), "_embedded": {name: items}, "_links": {"previous": None, "next": link}}


@pytest.mark.parametrize(
    "elsewhere",
    [
        lambda url: "http://169.254.169.254/v2/payments", lambda url: url.replace("127.0.0.1", "localhost"),
        lambda url: url.replace("http:", "https:") + "/v2/payments", lambda url: url + "0/v2/payments",
        lambda url: url.replace("http://", "http://me@") + "/v2/payments", lambda url: "/v2/payments?from=tr_2",
        lambda url: url.replace("http://", "http://evil.example\\@"), lambda url: "http://[", lambda url: "",
    ],
)  # fmt: skip
def test_the_credential_goes_to_no_other_host(mollie: MollieDouble, elsewhere: Callable[[str], str]) -> None:
    mollie.says("GET", "payments", page("payments", [payment()], elsewhere(mollie.url)))

    with pytest.raises(UnexpectedBody, match="link to the next page"):
        list(mollie.client().payments())

    assert len(mollie.asked) == 1


def test_a_list_that_goes_round_in_circles_is_left(mollie: MollieDouble) -> None:
    addresses = [f"{mollie.url}/v2/payments?from=tr_{number}" for number in (2, 1, 2, 1)]
    asked: list[str] = []

    def turn(_asked: object) -> Said:
        asked.append("x")
        return Said(200, page("payments", [payment(f"tr_{len(asked)}")], addresses[len(asked) - 1]))

    mollie.routes["GET", "payments"] = turn

    with pytest.raises(UnexpectedBody, match="circles"):
        list(mollie.client().payments())

    assert len(asked) == 3


def test_the_same_page_under_ever_new_addresses_is_left(mollie: MollieDouble) -> None:
    addresses = iter(range(1000))
    mollie.routes["GET", "payments"] = lambda _asked: Said(
        200, page("payments", [payment()], f"{mollie.url}/v2/payments?turn={next(addresses)}")
    )

    with pytest.raises(UnexpectedBody, match="circles"):
        list(mollie.client().payments())

    assert len(mollie.asked) == 2


def test_a_list_ends_at_a_time_and_asks_for_no_further_page(mollie: MollieDouble) -> None:
    days = [payment(f"tr_{day}", createdAt=f"2026-11-{day:02}T12:00:00.0Z") for day in range(20, 0, -1)]
    mollie.lists["payments"] = ("payments", days)
    mollie.page_size = 4

    found = [each.id for each in mollie.client().payments(since=datetime(2026, 11, 15, 12, tzinfo=UTC))]

    assert found == ["tr_20", "tr_19", "tr_18", "tr_17", "tr_16", "tr_15"]
    assert len(mollie.asked) == 2


def test_a_list_is_not_read_before_it_is_wanted_nor_further_than_it_is(mollie: MollieDouble) -> None:
    mollie.lists["refunds"] = ("refunds", [refund(f"re_{number}") for number in range(9)])
    mollie.page_size = 3

    found = mollie.client().refunds(start="re_2")
    before = len(mollie.asked)

    assert (before, next(found).id, len(mollie.asked)) == (0, "re_2", 1)


def test_a_bad_cursor_is_a_refusal_that_names_its_field(mollie: MollieDouble) -> None:
    mollie.lists["payments"] = ("payments", [payment()])

    with pytest.raises(Rejected, match="Invalid cursor value") as caught:
        list(mollie.client().payments(start="re_1"))

    assert (caught.value.status, caught.value.problems[0].pointer) == (400, "/from")


@pytest.mark.parametrize("embedded", [{}, [], None])
def test_an_empty_list_is_empty_in_each_of_its_forms(mollie: MollieDouble, embedded: object) -> None:
    mollie.says("GET", "payments", {"count": 0, "_embedded": embedded, "_links": {"next": None}})

    assert list(mollie.client().payments()) == []


@pytest.mark.parametrize(
    "body",
    [[], {"count": 1, "_embedded": {}, "_links": {}}, {"count": 1, "_embedded": {"payments": {}}}, {"count": 1},
     {"count": 1, "_embedded": {"payments": [{"id": "tr_1"}]}, "_links": {}}],
)  # fmt: skip
def test_a_page_of_another_shape_is_not_taken_for_an_empty_one(mollie: MollieDouble, body: object) -> None:
    mollie.says("GET", "payments", body)

    with pytest.raises(UnexpectedBody, match="Mollie's"):
        list(mollie.client().payments())
