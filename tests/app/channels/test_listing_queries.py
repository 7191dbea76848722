"""Listings as pages read them."""

from __future__ import annotations

import pytest
from small_assortment import Assortment
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.channels import queries


@pytest.fixture
def assortment(session: Session) -> Assortment:
    return Assortment(session)


def fill(assortment: Assortment) -> None:
    """Four variants on both storefronts: all confirmed by the first, the second refused one."""
    supplier = assortment.supplier()
    variants = [assortment.variant(f"SKU-{number}") for number in (3, 1, 4, 2)]
    for variant in variants:
        assortment.offer(supplier, variant)
    assortment.refresh(*variants)
    assortment.confirm(shop=0)
    assortment.session.execute(
        text("UPDATE listing SET state = 'refused', refusal = 'too long' WHERE channel_id = :id AND variant_id = :v"),
        {"id": assortment.shops[1].id, "v": variants[0].id},
    )


def test_listings_of_a_storefront_come_by_sku_page_after_page(assortment: Assortment) -> None:
    fill(assortment)

    first = queries.listings(assortment.session, channel="refurbished-direct", state=None, sku_after=None, limit=2)
    rest = queries.listings(
        assortment.session, channel="refurbished-direct", state=None, sku_after=first[1].sku, limit=2
    )

    assert [row.sku for row in first] == ["SKU-1", "SKU-2", "SKU-3"]  # One more than asked says that there is more.
    assert [row.sku for row in rest] == ["SKU-3", "SKU-4"]
    assert {row.channel for row in first + rest} == {"refurbished-direct"}


def test_listings_of_a_state_are_only_those(assortment: Assortment) -> None:
    fill(assortment)

    (row,) = queries.listings(assortment.session, channel="econocom", state="refused", sku_after=None, limit=5)

    assert (row.sku, row.refusal, row.stock) == ("SKU-3", "too long", 10)
    assert queries.listings(assortment.session, channel="nobody", state=None, sku_after=None, limit=5) == []


def test_listings_are_counted_by_storefront_and_state(assortment: Assortment) -> None:
    fill(assortment)

    assert queries.listing_counts(assortment.session) == {
        ("refurbished-direct", "listed"): 4, ("econocom", "waiting"): 3, ("econocom", "refused"): 1,
    }  # fmt: skip
