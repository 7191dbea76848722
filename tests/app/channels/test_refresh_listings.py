"""From offers, stock and rules to prices, listings and the messages that carry them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from small_assortment import NOON, Assortment
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.auth.models import User
from app.channels.services import FLOW
from app.logs import correlation
from app.pricing.models import Price, PriceOverride, VatRate
from app.pricing.queries import UnknownRate, prices_of_variant
from app.stock.services import reserve

LATER = NOON + timedelta(hours=1)


@pytest.fixture
def assortment(session: Session) -> Iterator[Assortment]:
    token = correlation.set("d" * 32)
    yield Assortment(session)
    correlation.reset(token)


def versions(assortment: Assortment) -> list[tuple[int, int, bool]]:
    """Storefront, gross in whole euros and whether in force, of every price, oldest first."""
    rows = assortment.session.execute(select(Price.channel_id, Price.gross, Price.valid_until).order_by(Price.id))
    shops = {shop.id: number for number, shop in enumerate(assortment.shops)}
    return [(shops[row[0]], int(row[1]), row[2] is None) for row in rows]


def test_an_offered_variant_is_priced_listed_and_sent_to_each_storefront(assortment: Assortment) -> None:
    variant = assortment.variant()
    assortment.offer(assortment.supplier(), variant, quantity=4)

    assert assortment.refresh(variant) == {"refurbished-direct": 1, "econocom": 1}

    (message,) = assortment.messages()
    # 205.00 landed, 0.30 + 1.2 % payment fee, 20 % margin of 205.30, 21 % VAT: 302.49, in whole euros.
    assert message.body == {
        "sku": "SKU-1", "name": "iPhone 12 SKU-1", "brand": "Apple", "category": "phone", "grade": "A",
        "colour": "black", "storage_gb": 64, "memory_gb": None, "processor": None, "gtin": "0194252029015",
        "mpn": "MGJ53", "price_gross": "302.00", "price_net": "249.59", "vat_scheme": "regular", "vat_percent": "21",
        "stock": 4, "active": True, "reference_price": "909.00",
    }  # fmt: skip
    assert (message.direction, message.flow, message.key, message.channel) == (
        "out", FLOW, "SKU-1", "refurbished-direct",
    )  # fmt: skip
    assert (message.origin, message.correlation_id, message.next_attempt_at) == ("offer-file:12", "d" * 32, NOON)
    listing = assortment.listing(variant)
    assert (listing.state, listing.stock, listing.price_gross) == ("waiting", 4, Decimal("302.00"))
    assert listing.wanted_hash == message.content_hash
    price = assortment.session.get_one(Price, listing.price_id)
    assert (price.landed_cost, price.gross) == (Decimal("205.00"), Decimal("302.00"))
    (why, _other) = prices_of_variant(assortment.session, variant.id)
    assert why.steps is not None
    assert [(step.step, step.rule) for step in why.steps][:2] == [("purchase", None), ("cost", "Freight")]
    assert (why.steps[-1].step, why.steps[-1].amount) == ("price", Decimal("302.00"))


def test_what_did_not_change_is_not_priced_or_sent_again(assortment: Assortment) -> None:
    variant = assortment.variant()
    assortment.offer(assortment.supplier(), variant)
    assortment.refresh(variant)

    assert assortment.refresh(variant, now=LATER) == {}

    assert len(versions(assortment)) == 2
    assert len(assortment.messages()) == 1
    assert assortment.listing(variant).changed_at == NOON


def test_nothing_to_look_at_is_nothing_to_do(assortment: Assortment) -> None:
    assert assortment.refresh() == {}


def test_a_new_price_ends_the_old_version_and_supersedes_the_message_that_still_waits(assortment: Assortment) -> None:
    variant = assortment.variant()
    offer = assortment.offer(assortment.supplier(), variant)
    assortment.refresh(variant)
    offer.price_eur = Decimal("250.00")

    assert assortment.refresh(variant, now=LATER) == {"refurbished-direct": 1, "econocom": 1}

    assert versions(assortment) == [(0, 302, False), (1, 302, False), (0, 376, True), (1, 376, True)]
    assert [message.body["price_gross"] for message in assortment.messages(state="superseded")] == ["302.00"]
    assert [message.body["price_gross"] for message in assortment.messages()] == ["376.00"]


def test_a_message_that_a_worker_has_in_hand_is_left_to_it(assortment: Assortment) -> None:
    variant = assortment.variant()
    offer = assortment.offer(assortment.supplier(), variant)
    assortment.refresh(variant)
    assortment.session.execute(
        text("UPDATE message SET fence = 1, attempts = 1, lease_until = clock_timestamp() + interval '1 minute'")
    )
    offer.quantity = 3

    assortment.refresh(variant)

    assert [message.body["stock"] for message in assortment.messages()] == [10, 3]


def test_the_cheapest_landed_offer_makes_the_price_and_then_the_next_one(
    assortment: Assortment,
) -> None:
    variant = assortment.variant()
    near, far = assortment.supplier("near"), assortment.supplier("far")
    assortment.rule("Freight from far", "cost", {"component": "inbound", "eur": "30"}, {"supplier": ["far"]})
    first, second = assortment.offer(near, variant, price="200.00"), assortment.offer(far, variant, price="180.00")

    assortment.refresh(variant)
    (chosen,) = assortment.session.execute(select(Price.offer_id).distinct()).scalars()
    assert chosen == first.id
    first.quantity = 0
    assortment.refresh(variant)

    in_force = assortment.session.execute(select(Price).where(Price.valid_until.is_(None))).scalars().all()
    assert {(price.offer_id, price.landed_cost) for price in in_force} == {(second.id, Decimal("210.00"))}
    assert assortment.listing(variant).stock == 10


def test_an_offer_that_may_not_be_sold_makes_no_price_and_no_listing(assortment: Assortment) -> None:
    variant = assortment.variant()
    assortment.offer(assortment.supplier(active=False), variant)

    assert assortment.refresh(variant) == {}

    assert versions(assortment) == []
    assert assortment.find_listing(variant) is None


def test_a_variant_that_sells_out_stays_listed_at_its_price_with_no_pieces(assortment: Assortment) -> None:
    variant = assortment.variant()
    offer = assortment.offer(assortment.supplier(), variant, quantity=1)
    assortment.refresh(variant)
    assortment.confirm(shop=0)
    offer.quantity = 0

    assert assortment.refresh(variant, now=LATER) == {"refurbished-direct": 1, "econocom": 1}

    (message,) = assortment.messages()
    assert (message.body["stock"], message.body["active"], message.body["price_gross"]) == (0, False, "302.00")
    assert (assortment.listing(variant).state, assortment.listing(variant).stock) == ("waiting", 0)


def test_a_priced_variant_that_was_never_listed_and_has_nothing_to_sell_gets_no_listing(assortment: Assortment) -> None:
    variant = assortment.variant()
    assortment.offer(assortment.supplier(), variant, quantity=2)
    assortment.shops[0].share_percent = 0

    assert assortment.refresh(variant) == {"econocom": 1}

    assert assortment.find_listing(variant, shop=0) is None


@pytest.mark.parametrize(
    ("available", "share", "most", "shown"),
    [(9, 50, None, 4), (1, 30, None, 1), (9, 100, 5, 5), (2, 100, 5, 2), (9, 0, None, 0), (3, 10, 5, 1)],
)
def test_a_storefront_shows_its_share_but_a_piece_while_there_is_one(
    assortment: Assortment, available: int, share: int, most: int | None, shown: int
) -> None:
    variant = assortment.variant()
    assortment.offer(assortment.supplier(), variant, quantity=available)
    assortment.shops[0].share_percent, assortment.shops[0].max_shown = share, most

    assortment.refresh(variant)

    assert [message.body["stock"] for message in assortment.messages()] == ([shown] if shown else [])


def test_promised_pieces_leave_both_storefronts(assortment: Assortment) -> None:
    variant = assortment.variant()
    assortment.offer(assortment.supplier(), variant, quantity=3)
    assortment.refresh(variant)
    assert reserve(
        assortment.session, variant_id=variant.id, channel_id=assortment.shops[0].id, reference="10001/1", quantity=2
    )

    assert assortment.refresh(variant, origin=None) == {"refurbished-direct": 1, "econocom": 1}

    assert [message.body["stock"] for shop in (0, 1) for message in assortment.messages(shop)] == [1, 1]


def test_a_rule_of_one_storefront_changes_only_its_price(assortment: Assortment) -> None:
    variant = assortment.variant()
    assortment.offer(assortment.supplier(), variant)
    assortment.refresh(variant)
    assortment.rule("Contract", "margin_percent", {"percent": "10"}, shop=1)

    assert assortment.refresh(variant) == {"econocom": 1}

    assert [price for price in versions(assortment) if price[2]] == [(0, 302, True), (1, 277, True)]


def test_a_storefront_that_is_closed_gets_nothing(assortment: Assortment) -> None:
    variant = assortment.variant()
    assortment.offer(assortment.supplier(), variant)
    assortment.shops[1].active = False

    assert assortment.refresh(variant) == {"refurbished-direct": 1}


def test_under_the_margin_scheme_a_shop_hears_of_no_vat_and_of_no_cost(
    assortment: Assortment,
) -> None:
    variant = assortment.variant()
    offer = assortment.offer(assortment.supplier(), variant, price="200.00", vat_scheme="margin")
    assortment.refresh(variant)
    (message,) = assortment.messages()
    assert message.body["vat_scheme"] == "margin"
    assert message.body["price_net"] == message.body["price_gross"]

    offer.price_eur = Decimal("200.01")

    assert assortment.refresh(variant) == {}  # Another landed cost, the same whole euros at the shop.
    assert len(versions(assortment)) == 4
    in_force = assortment.session.execute(select(Price.id).where(Price.valid_until.is_(None))).scalars().all()
    assert {assortment.listing(variant, shop).price_id for shop in (0, 1)} == set(in_force)


def test_a_change_there_and_back_that_no_shop_heard_of_is_not_sent(assortment: Assortment) -> None:
    variant = assortment.variant()
    offer = assortment.offer(assortment.supplier(), variant)
    assortment.refresh(variant)
    assortment.confirm(shop=0)
    offer.quantity = 3
    assortment.refresh(variant)
    offer.quantity = 10

    assert assortment.refresh(variant) == {"econocom": 1}

    assert assortment.messages() == []
    assert assortment.listing(variant).state == "listed"
    assert [message.body["stock"] for message in assortment.messages(state="superseded")] == [3]


@pytest.mark.parametrize(
    "heard",
    [
        "state = 'pending', fence = 2, attempts = 1",  # Tried, and the shop may have it though no answer came.
        "state = 'pending', fence = 2, attempts = 1, lease_until = clock_timestamp() + interval '1 minute'",
        "state = 'dead', fence = 2, attempts = 12, settled_at = clock_timestamp()",
    ],
)
def test_a_change_back_is_sent_when_a_shop_may_have_heard_of_the_change(assortment: Assortment, heard: str) -> None:
    variant = assortment.variant()
    offer = assortment.offer(assortment.supplier(), variant)
    assortment.refresh(variant)
    assortment.confirm(shop=0)
    offer.quantity = 3
    assortment.refresh(variant)
    assortment.session.execute(text(f"UPDATE message SET {heard} WHERE state = 'pending'"))
    offer.quantity = 10

    assert assortment.refresh(variant)["refurbished-direct"] == 1

    assert assortment.messages()[-1].body["stock"] == 10
    assert assortment.listing(variant).state == "waiting"


def test_a_new_vat_rate_is_a_new_price_from_its_day_on(assortment: Assortment) -> None:
    variant = assortment.variant()
    assortment.offer(assortment.supplier(), variant)
    assortment.session.add(VatRate(country="NL", percent=Decimal(22), valid_from=datetime(2026, 4, 1).date()))
    assortment.refresh(variant)

    still = datetime(2026, 3, 31, 21, 59, tzinfo=UTC)
    assert assortment.refresh(variant, now=still) == {}
    in_amsterdam_april = datetime(2026, 3, 31, 22, 0, tzinfo=UTC)
    assert assortment.refresh(variant, now=in_amsterdam_april) == {"refurbished-direct": 1, "econocom": 1}

    assert assortment.messages()[-1].body["vat_percent"] == "22"


def test_a_day_without_a_vat_rate_stops_everything(assortment: Assortment) -> None:
    variant = assortment.variant()
    assortment.offer(assortment.supplier(), variant)

    with pytest.raises(UnknownRate):
        assortment.refresh(variant, now=datetime(2001, 1, 1, tzinfo=UTC))


def test_a_list_of_other_variants_touches_no_listing(assortment: Assortment) -> None:
    one, other = assortment.variant("SKU-1"), assortment.variant("SKU-2")
    supplier = assortment.supplier()
    assortment.offer(supplier, one)
    offer = assortment.offer(supplier, other)
    assortment.refresh(one, other)
    offer.price_eur = Decimal(300)

    assert assortment.refresh(one) == {}
    assert assortment.refresh(other) == {"refurbished-direct": 1, "econocom": 1}


def test_a_worse_grade_costs_no_more_than_a_better_one_beside_it(assortment: Assortment) -> None:
    better, worse = assortment.variant("SKU-A", "A"), assortment.variant("SKU-B", "B")
    worse.match_key = better.match_key
    assortment.offer(assortment.supplier(), better, quantity=2, price="200.00")
    dear = assortment.offer(assortment.supplier("dear"), worse, quantity=3, price="220.00")

    assortment.refresh(worse)

    # 226.30 of costs for the worse one: its floor is 276.00, its own price would be 333.00.
    assert [assortment.listing(variant).price_gross for variant in (better, worse)] == [Decimal(302), Decimal(302)]
    dear.price_eur = Decimal("260.00")  # Now its floor is above the better one's price.
    assortment.refresh(worse, now=LATER)
    assert (assortment.listing(worse).stock, assortment.listing(better).stock) == (0, 2)
    price = assortment.session.get_one(Price, assortment.listing(worse).price_id)
    assert (price.withheld, price.ladder) == (True, Decimal(302))
    assert reserve(assortment.session, variant_id=better.id, channel_id=assortment.shops[0].id, reference="1/1",
                   quantity=2)  # fmt: skip
    assortment.refresh(better, now=LATER)  # Sold out: nothing stands beside the worse one any more.
    assert (assortment.listing(worse).stock, assortment.listing(worse).price_gross) == (3, Decimal(391))


def test_a_price_below_its_floor_is_refused_by_the_database_unless_a_second_person_agreed(
    assortment: Assortment,
) -> None:
    session = assortment.session
    variant = assortment.variant()
    assortment.offer(assortment.supplier(), variant)
    assortment.refresh(variant)
    one, other = (User(email=f"{name}@example.com", name=name, password_hash="", role="manager") for name in "ab")
    session.add_all([one, other])
    session.flush()
    named = PriceOverride(variant_id=variant.id, channel_id=assortment.shops[0].id, gross=Decimal(100), reason="a sale",
                          ends_at=LATER, created_by=one.id, created_at=NOON)  # fmt: skip
    session.add(named)
    session.flush()
    below = "UPDATE price SET gross = 100, override_id = :id, below_floor_agreed = :agreed WHERE channel_id = :shop"
    values = {"id": named.id, "shop": assortment.shops[0].id}

    for agreed, reason in ((False, "gross_not_below_floor"), (True, "fk_price_override_id")):
        with pytest.raises(IntegrityError, match=reason), session.begin_nested():
            session.execute(text(below), {**values, "agreed": agreed})
    with pytest.raises(IntegrityError, match="below_floor_by_override"), session.begin_nested():
        session.execute(text(below), {**values, "id": None, "agreed": True})
    with pytest.raises(IntegrityError, match="agreed_by_another"), session.begin_nested():
        session.execute(text("UPDATE price_override SET agreed_by = created_by"))
    session.execute(text("UPDATE price_override SET agreed_by = :id"), {"id": other.id})
    session.execute(text(below), {**values, "agreed": True})


def test_an_override_is_the_price_until_it_ends_and_below_the_floor_only_with_a_second_person(
    assortment: Assortment,
) -> None:
    session = assortment.session
    variant = assortment.variant()
    assortment.offer(assortment.supplier(), variant)
    one, other = (User(email=f"{name}@example.com", name=name, password_hash="", role="manager") for name in "ab")
    session.add_all([one, other])
    session.flush()
    named = PriceOverride(variant_id=variant.id, channel_id=assortment.shops[0].id, gross=Decimal("279.99"),
                          reason="a sale", ends_at=LATER, created_by=one.id, created_at=NOON)  # fmt: skip
    session.add(named)

    assortment.refresh(variant)
    assert [assortment.listing(variant, shop).price_gross for shop in (0, 1)] == [Decimal("279.99"), Decimal(302)]
    named.gross = Decimal("150.00")
    assortment.refresh(variant)
    assert assortment.listing(variant).price_gross == Decimal(302)
    named.agreed_by = other.id
    assortment.refresh(variant)
    assert assortment.listing(variant).price_gross == Decimal("150.00")
    (why, _other) = prices_of_variant(session, variant.id)
    assert why.steps is not None
    assert [(step.step, step.rule, step.amount) for step in why.steps][-2:] == [
        ("override", "a sale", Decimal("150.00")), ("price", None, Decimal("150.00")),
    ]  # fmt: skip

    assortment.refresh(variant, now=LATER)

    assert assortment.listing(variant).price_gross == Decimal(302)
