"""Links between entities: their own rows, written, searched and removed like any other (contract, sections 3 to 5)."""

from __future__ import annotations

import pytest

from sandbox.testing import BareShop, hexid


@pytest.fixture
def shelves(shop: BareShop) -> BareShop:
    """Categories `C1` to `C3`; product `A` stands in the first two, `B` in none."""
    shop.sync(*({"id": hexid(f"C{n}"), "name": f"C{n}"} for n in (1, 2, 3)), entity="category").raise_for_status()
    shop.sync(shop.product("A", categories=[{"id": hexid("C1")}, {"id": hexid("C2")}])).raise_for_status()
    shop.sync(shop.product("B")).raise_for_status()
    return shop


def link(product: str, category: str) -> dict[str, str]:
    return {"productId": hexid(product), "categoryId": hexid(category)}


def categories(shop: BareShop, number: str) -> list[str]:
    (row,) = shop.search("product", filter={"productNumber": number}, associations={"categories": {}})["data"]
    return [category["name"] for category in row["categories"]]


def test_links_only_grow_by_writing_the_product(shelves: BareShop) -> None:
    body = shelves.sync({"id": hexid("A"), "categories": [{"id": hexid("C3")}, {"id": hexid("C1")}]}).json()

    assert categories(shelves, "A") == ["C1", "C2", "C3"]
    assert sorted(body["data"]["product_category"], key=str) == sorted([link("A", "C1"), link("A", "C3")], key=str)


def test_a_category_that_comes_with_the_product_is_written_with_it(shelves: BareShop) -> None:
    shelves.sync({"id": hexid("B"), "categories": [{"id": hexid("C4"), "name": "C4"}]}).raise_for_status()

    assert categories(shelves, "B") == ["C4"]


def test_links_are_written_alone_in_one_sync_even_several_of_a_product(shelves: BareShop) -> None:
    answer = shelves.sync(link("B", "C1"), link("B", "C3"), entity="product_category")

    assert answer.status_code == 200, answer.text
    assert categories(shelves, "B") == ["C1", "C3"]


def test_a_link_to_nowhere_is_an_error_of_the_database_and_half_a_link_one_of_the_payload(shelves: BareShop) -> None:
    nowhere = shelves.sync(link("B", "C9"), entity="product_category")
    half = shelves.sync({"productId": hexid("B")}, entity="product_category")

    assert (nowhere.status_code, nowhere.json()["errors"][0]["code"]) == (500, "1452")
    assert (half.status_code, half.json()["errors"][0]["source"]["pointer"]) == (400, "/write/0/categoryId")
    assert categories(shelves, "B") == []


def test_links_are_removed_by_their_keys_and_unknown_ones_are_told(shelves: BareShop) -> None:
    body = shelves.sync(link("A", "C1"), link("A", "C3"), entity="product_category", action="delete").json()

    assert body["deleted"] == {"product_category": [link("A", "C1")]}
    assert body["notFound"] == {"product_category": [link("A", "C3")]}
    assert categories(shelves, "A") == ["C2"]


def test_links_are_removed_by_criteria(shelves: BareShop) -> None:
    criteria = [
        {"type": "equals", "field": "productId", "value": hexid("A")},
        {"type": "not", "operator": "and", "queries": [
            {"type": "equalsAny", "field": "categoryId", "value": [hexid("C2")]}]},
    ]  # fmt: skip
    operation = {"entity": "product_category", "action": "delete", "criteria": criteria}

    body = shelves.post("_action/sync", {"drop": operation}).raise_for_status().json()

    assert body["deleted"] == {"product_category": [link("A", "C1")]}
    assert categories(shelves, "A") == ["C2"]


def test_a_mapping_is_searched_and_its_ids_are_its_keys(shelves: BareShop) -> None:
    criteria = {"filter": {"productId": hexid("A")}, "sort": [{"field": "categoryId"}]}
    expected = sorted((link("A", "C1"), link("A", "C2")), key=lambda row: row["categoryId"])

    rows = shelves.search("product-category", **criteria, associations={"category": {}})["data"]

    assert [{name: row[name] for name in ("productId", "categoryId")} for row in rows] == expected
    assert sorted(row["category"]["name"] for row in rows) == ["C1", "C2"]
    assert all("id" not in row for row in rows)
    assert shelves.post("search-ids/product-category", criteria).json()["data"] == expected


@pytest.mark.parametrize(("entity", "path", "value"), [
    ("product", "categories.name", "C2"), ("category", "products.productNumber", "A"),
])  # fmt: skip
def test_filters_reach_through_a_mapping_from_both_sides(shelves: BareShop, entity: str, path: str, value: str) -> None:
    rows = shelves.search(entity, filter={path: value}, sort=[{"field": "name"}])["data"]

    assert [row["name"] for row in rows] == (["Product A"] if entity == "product" else ["C1", "C2"])


def test_what_is_linked_goes_and_takes_its_links_along(shelves: BareShop) -> None:
    assert shelves.http.delete(f"/api/category/{hexid('C1')}").status_code == 204
    assert categories(shelves, "A") == ["C2"]
    assert shelves.http.delete(f"/api/product/{hexid('A')}").status_code == 204
    assert shelves.search("product-category")["data"] == []
