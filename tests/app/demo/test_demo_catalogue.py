from __future__ import annotations

from decimal import Decimal

import pytest
from stdnum import ean

from app.catalog.descriptions import match_key, read_description
from app.demo.catalogue import DemoProduct, DemoVariant, demo_catalogue
from app.demo.configurations import is_offered
from app.demo.gtin import check_digit, in_store_gtin
from app.demo.spellings import STYLES, describe

CATEGORIES = {"desktop": "PC", "notebook": "NOTEBOOK", "phone": "PHONE", "tablet": "TABLET"}


@pytest.fixture(scope="module")
def products() -> list[DemoProduct]:
    return list(demo_catalogue())


@pytest.fixture(scope="module")
def variants(products: list[DemoProduct]) -> list[DemoVariant]:
    return [variant for product in products for variant in product.variants]


def test_the_catalogue_has_the_size_of_a_real_shop(variants: list[DemoVariant]) -> None:
    assert 25_000 <= len(variants) <= 60_000


def test_skus_and_gtins_are_unique_and_products_are_named_once(
    products: list[DemoProduct], variants: list[DemoVariant]
) -> None:
    assert len({variant.sku for variant in variants}) == len(variants)
    assert len({variant.gtin for variant in variants}) == len(variants)
    assert len({product.name for product in products}) == len(products)
    assert len({product.mpn for product in products}) == len(products)


def test_gtins_are_valid_and_from_the_range_that_belongs_to_the_shop(variants: list[DemoVariant]) -> None:
    wrong = [variant.gtin for variant in variants if variant.gtin[0] != "2" or not ean.is_valid(variant.gtin)]

    assert wrong == []


def test_the_same_seed_gives_the_same_catalogue(products: list[DemoProduct]) -> None:
    assert list(demo_catalogue(2026)) == products


def test_another_seed_changes_gtins_and_no_sku(variants: list[DemoVariant]) -> None:
    others = [variant for product in demo_catalogue(7) for variant in product.variants]

    assert [variant.sku for variant in others] == [variant.sku for variant in variants]
    assert {variant.gtin for variant in others} != {variant.gtin for variant in variants}


def test_a_sku_can_be_read_by_a_person(variants: list[DemoVariant]) -> None:
    names = {variant.sku: variant.name for variant in variants}

    assert names["IPH12M-128-BLK-A"] == "iPhone 12 mini 128 GB Black"
    assert names["TPT480S-I58350U-16-256-B"] == "ThinkPad T480s i5-8350U 16 GB 256 GB SSD"


def test_a_key_and_a_grade_name_one_variant(variants: list[DemoVariant]) -> None:
    assert len({(variant.match_key, variant.grade) for variant in variants}) == len(variants)


def test_every_variant_has_a_price_and_larger_storage_costs_more(products: list[DemoProduct]) -> None:
    iphone = next(product for product in products if product.model == "iPhone 13")

    by_storage = {variant.storage_gb: variant.reference_price_eur for variant in iphone.variants}

    assert by_storage[128] < by_storage[256] < by_storage[512]
    assert all(variant.reference_price_eur > Decimal(100) for p in products for variant in p.variants)


@pytest.mark.parametrize("style", STYLES)
def test_a_description_in_any_style_reads_back_to_its_own_variant(variants: list[DemoVariant], style: str) -> None:
    by_key = {variant.match_key: variant.facts for variant in variants}
    wrong = []

    for key, facts in by_key.items():
        text = describe(facts, style)
        read = read_description(text, category=CATEGORIES[facts.kind])
        if read is None or match_key(read) != key:
            wrong.append((text, read, key))

    assert wrong == []


def test_families_that_traders_sell_are_all_there(products: list[DemoProduct]) -> None:
    lines = {product.line for product in products}

    assert lines >= {
        *("iPhone", "iPad", "MacBook", "Galaxy", "ThinkPad", "IdeaPad", "ThinkBook", "Legion", "Yoga"),
        *("EliteBook", "ProBook", "ZBook", "Latitude", "Precision", "XPS", "Surface"),
        *("ThinkCentre", "OptiPlex", "EliteDesk", "ProDesk"),
    }


@pytest.mark.parametrize(
    ("processor", "memory_gb", "disks", "offered"),
    [
        ("i5-8350U", 8, "256", True),
        ("i5-8350U", 64, "256", False),
        ("i3-1005G1", 32, "1024", False),
        ("i7-1165G7", 4, "128", False),
        ("i9-12900H", 32, "1024+1024", True),
    ],
)
def test_only_configurations_that_makers_sold_are_offered(
    processor: str, memory_gb: int, disks: str, offered: bool
) -> None:
    assert is_offered(processor, memory_gb, disks) is offered


@pytest.mark.parametrize(("digits", "check"), [("400638133393", "1"), ("978020137962", "4"), ("200000000000", "8")])
def test_the_check_digit_follows_gs1(digits: str, check: str) -> None:
    assert check_digit(digits) == check


def test_two_skus_that_meet_on_one_number_get_different_gtins() -> None:
    taken: set[str] = set()

    first = in_store_gtin("A", seed=1, taken=taken)
    second = in_store_gtin("A", seed=1, taken=taken)

    assert first != second
    assert ean.is_valid(second)
