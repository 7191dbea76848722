"""Which offer a variant is bought by."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from app.pricing.best_offer import Candidate, best_offers
from app.pricing.rules import Rule

FREIGHT = Rule("freight", "cost", {"supplier": ["far"]}, {"component": "inbound", "eur": "10"})
PARCEL = Rule("parcel", "cost", {"supplier": ["near"]}, {"component": "outbound", "eur": "50"})


def offer(offer_id: int, price: str, *, supplier: str = "near", supplier_id: int = 1, days: int = 5) -> Candidate:
    return Candidate(7, offer_id, Decimal(price), "regular", supplier_id, supplier, days, "Apple", "phone", "A", None)


def chosen(*offers: Candidate) -> list[int]:
    return [best.offer_id for best in best_offers(offers, [FREIGHT, PARCEL])]


def test_the_cheapest_landed_wins_whatever_the_parcel_to_the_customer_costs() -> None:
    assert chosen(offer(1, "95.00", supplier="far"), offer(2, "104.99")) == [2]
    assert chosen(offer(1, "94.98", supplier="far"), offer(2, "104.99")) == [1]


def test_at_equal_cost_the_quicker_then_the_older_supplier_wins() -> None:
    assert chosen(offer(1, "100", supplier_id=1, days=5), offer(2, "100", supplier_id=2, days=2)) == [2]
    assert chosen(offer(1, "100", supplier_id=9), offer(2, "100", supplier_id=3)) == [2]
    assert chosen(offer(8, "100"), offer(5, "100")) == [5]


def test_each_variant_has_one_and_no_offers_have_none() -> None:
    assert chosen() == []
    assert chosen(offer(1, "100")._replace(variant_id=9), offer(2, "200")._replace(variant_id=3)) == [2, 1]


@given(
    prices=st.lists(st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(1, 3)), min_size=1, max_size=8),
    order=st.randoms(use_true_random=False),
)
def test_the_order_of_reading_does_not_matter(prices: list[tuple[int, int, int]], order: object) -> None:
    offers = [
        offer(number, str(price), supplier_id=supplier, days=days)
        for number, (price, supplier, days) in enumerate(prices)
    ]
    shuffled = list(offers)
    order.shuffle(shuffled)  # type: ignore[attr-defined]

    assert chosen(*shuffled) == chosen(*offers)
