"""Lists of the sandbox's Mollie: pages, cursors and their ends."""

from __future__ import annotations

import pytest
from mollie_calls import BareMollie, bare_mollie

from sandbox.testing import MollieHandle


def ids_of(body: dict[str, list[dict[str, str]]] | None) -> list[str]:
    assert body is not None
    return [item["id"] for item in body["payments"]]


def test_pages_lead_on_and_back(mollie: BareMollie, handle: MollieHandle) -> None:
    made = [mollie.payment(description=f"Order {n}")["id"] for n in range(7)][::-1]

    first = mollie.get("payments", limit="3").json()
    second = mollie.http.get(first["_links"]["next"]["href"]).json()
    third = mollie.http.get(second["_links"]["next"]["href"]).json()
    back = mollie.http.get(third["_links"]["previous"]["href"]).json()

    assert [ids_of(page["_embedded"]) for page in (first, second, third)] == [made[:3], made[3:6], made[6:]]
    assert ids_of(back["_embedded"]) == made[3:6]
    assert (first["_links"]["previous"], third["_links"]["next"]) == (None, None)
    assert [first["count"], third["count"]] == [3, 1]
    assert first["_links"]["next"]["href"] == f"{handle.base_url}/v2/payments?from={made[3]}&limit=3"
    assert set(first["_links"]) == {"self", "previous", "next", "documentation"}


def test_oldest_first(mollie: BareMollie) -> None:
    made = [mollie.payment()["id"] for _ in range(4)]

    first = mollie.get("payments", limit="2", sort="asc").json()
    second = mollie.http.get(first["_links"]["next"]["href"]).json()

    assert ids_of(first["_embedded"]) + ids_of(second["_embedded"]) == made


def test_the_cursor_is_the_first_item_of_its_page(mollie: BareMollie) -> None:
    made = [mollie.payment()["id"] for _ in range(3)]

    page = mollie.get("payments", **{"from": made[1]}).json()

    assert ids_of(page["_embedded"]) == [made[1], made[0]]


@pytest.mark.parametrize("limit", ["0", "251", "-1", "ten", "1.5"])
def test_limits_that_no_page_has(mollie: BareMollie, limit: str) -> None:
    answer = mollie.get("payments", limit=limit)

    assert (answer.status_code, answer.json()["field"]) == (400, "limit")


def test_a_cursor_of_nothing_or_of_somebody_else(mollie: BareMollie, handle: MollieHandle) -> None:
    with bare_mollie(handle, handle.key("econocom")) as other:
        theirs = other.payment()["id"]
    for cursor in ("tr_none", theirs, "re_1"):
        answer = mollie.get("payments", **{"from": cursor})
        assert (answer.status_code, answer.json()["field"]) == (400, "from")
    assert mollie.get("payments", sort="newest").json()["field"] == "sort"


def test_a_page_of_250_and_nothing(mollie: BareMollie) -> None:
    empty = mollie.get("payments", limit="250").json()

    assert (empty["count"], empty["_embedded"], empty["_links"]["next"]) == (0, {"payments": []}, None)
