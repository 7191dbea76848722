"""What each storefront shows of what is available, and why."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_assortment import NOON, Assortment
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session

from app.channels.allocation import Terms, allocation_rules, allocations_of, set_terms, shown
from app.channels.services import refresh_listings
from app.stock.buffers import Scope

TERMS = st.builds(Terms, st.integers(0, 100), st.integers(0, 6), st.none() | st.integers(0, 8))

SCOPES = st.sampled_from([Scope(grade="A"), Scope(grade="B"), Scope(category="phone"), Scope(category="tablet")])


@pytest.mark.parametrize(
    ("available", "terms", "pieces", "because"),
    [
        (0, Terms(100, 1, None), 0, "nothing"),
        (7, Terms(0, 5, None), 0, "not_here"),
        (7, Terms(100, 1, None), 7, "all"),
        (7, Terms(50, 1, None), 3, "share"),
        (1, Terms(10, 1, None), 1, "minimum"),
        (2, Terms(10, 5, None), 2, "minimum"),
        (7, Terms(10, 0, None), 0, "share"),
        (7, Terms(100, 1, 4), 4, "ceiling"),
        (7, Terms(50, 6, 4), 4, "ceiling"),
        (3, Terms(100, 1, 3), 3, "all"),
    ],
)
def test_the_pieces_and_what_decided(available: int, terms: Terms, pieces: int, because: str) -> None:
    assert shown(available, terms) == (pieces, because)


@given(available=st.integers(0, 500), terms=TERMS)
def test_no_storefront_shows_more_than_there_is_or_than_its_ceiling(available: int, terms: Terms) -> None:
    pieces = shown(available, terms).pieces

    assert 0 <= pieces <= available
    assert terms.max_shown is None or pieces <= terms.max_shown


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(quantity=st.integers(0, 12), own=TERMS, rule=TERMS, scope=SCOPES)
def test_listings_show_what_the_page_says(
    session: Session, quantity: int, own: Terms, rule: Terms, scope: Scope
) -> None:
    with session.begin_nested() as example:
        assortment = Assortment(session)
        variant = assortment.variant()
        assortment.offer(assortment.supplier(), variant, quantity=quantity)
        code = assortment.shops[0].code
        set_terms(session, code, Scope(), own)
        set_terms(session, code, scope, rule)

        assortment.refresh(variant)

        (allocation,) = [a for a in allocations_of(session, variant.id) if a.code == code]
        assert allocation.terms == (rule if scope in (Scope(grade="A"), Scope(category="phone")) else own)
        listing = assortment.find_listing(variant)
        assert (listing.stock if listing else 0) == shown(quantity, allocation.terms).pieces
        example.rollback()
    session.expire_all()


def test_the_most_specific_rule_counts_whole_and_others_are_not_touched(session: Session) -> None:
    assortment = Assortment(session)
    variant, other = assortment.variant(), assortment.variant("SKU-2", "B")
    supplier = assortment.supplier()
    for one in (variant, other):
        assortment.offer(supplier, one, quantity=10)
    assortment.refresh(variant, other)
    code = assortment.shops[0].code

    for scope, terms, stock in (
        (Scope(grade="A"), Terms(80, 1, None), 8),
        (Scope(category="phone"), Terms(60, 1, None), 6),
        (Scope(category="phone", grade="A"), Terms(40, 1, None), 4),
        (Scope(variant.id), Terms(20, 1, None), 2),
    ):
        touched = set_terms(session, code, scope, terms)
        refresh_listings(session, variant_ids=touched, now=NOON, origin=None)
        assert variant.id in touched
        assert assortment.listing(variant).stock == stock

    assert assortment.listing(other).stock == 6
    assert assortment.listing(variant, 1).stock == 10
    assert len(allocation_rules(session, limit=10)) == 6
    refresh_listings(session, variant_ids=set_terms(session, code, Scope(variant.id), None), now=NOON, origin=None)
    assert assortment.listing(variant).stock == 4


@pytest.mark.parametrize(
    "terms", [Terms(101, 1, None), Terms(-1, 1, None), Terms(50, -1, None), Terms(50, 1, -1), None]
)
def test_terms_that_make_no_sense_are_refused(session: Session, terms: Terms | None) -> None:
    assortment = Assortment(session)

    with pytest.raises(ValueError):  # noqa: PT011  # Each names its terms.
        set_terms(session, assortment.shops[0].code, Scope(), terms)
    with pytest.raises(NoResultFound):
        set_terms(session, "nowhere", Scope(grade="A"), Terms(50, 1, None))
