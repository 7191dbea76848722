"""What decides between two offers, and that Python and SQL decide alike."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_assortment import NOON, Assortment
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.pricing.best_offer import Candidate, Ranked, decision, ranked
from app.pricing.models import Price
from app.pricing.ranking import ranked_offers

ONE = Candidate(7, 1, Decimal(100), "regular", 1, "near", 5, "Apple", "phone", "A", None)


@pytest.mark.parametrize(
    ("better", "step", "difference"),
    [
        ({"price_eur": Decimal("97.50")}, "landed", "2.50"),
        ({"lead_time_days": 2}, "lead_time", "3"),
        ({"reliability": 95}, "reliability", "15"),
        ({"vat_scheme": "margin"}, "vat_scheme", "0"),
        ({"supplier_id": 0}, "age", "0"),
        ({"offer_id": 0}, "age", "0"),
    ],
)
def test_each_step_decides_between_equals_and_says_by_how_much(
    better: dict[str, Any], step: str, difference: str
) -> None:
    best, other = ranked([ONE, ONE._replace(offer_id=2, **{k: v for k, v in better.items() if k != "offer_id"})
                          if "offer_id" not in better else ONE._replace(**better)], [])  # fmt: skip

    assert best.offer != ONE
    assert other.offer == ONE
    assert decision(_comparable(best), _comparable(other)) == (step, Decimal(difference))


def _comparable(entry: Ranked) -> Any:
    class Both:
        landed = entry.landed
        lead_time_days = entry.offer.lead_time_days
        reliability = entry.offer.reliability
        vat_scheme = entry.offer.vat_scheme
        pinned = entry.offer.pinned

    return Both()


def test_an_earlier_step_outweighs_all_later_ones() -> None:
    dear_but_perfect = ONE._replace(offer_id=2, price_eur=Decimal("100.01"), lead_time_days=0, reliability=100)

    assert [entry.offer.offer_id for entry in ranked([dear_but_perfect, ONE], [])] == [1, 2]


def test_a_pinned_offer_wins_and_says_what_it_costs() -> None:
    pinned = ONE._replace(offer_id=2, price_eur=Decimal(130), pinned=True)

    best, other = ranked([ONE, pinned], [])

    assert best.offer.offer_id == 2
    assert decision(_comparable(best), _comparable(other)) == ("pin", Decimal(-30))
    assert decision(_comparable(best), None).step == "pin"
    assert decision(_comparable(other), None).step == "only"


OFFERS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 1), st.sampled_from(["100.00", "100.05", "99.00", "105.00"]),
              st.sampled_from(["regular", "margin"])),
    min_size=1, max_size=7,
)  # fmt: skip
RULES = st.lists(
    st.tuples(
        st.sampled_from(["0", "0.05", "5", "12.335"]), st.sampled_from(["0", "1", "4.995"]),
        st.sampled_from([{}, {"supplier": ["s0"]}, {"vat_scheme": ["margin"]}, {"grade": ["A"], "category": ["phone"]},
                         {"brand": ["HP"]}, {"category": ["tablet", "phone"], "supplier": ["s1", "s2"]}]),
        st.sampled_from([{"component": "inbound"}, {"inbound": True}, {"component": "outbound"}]),
    ),
    max_size=4,
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(offers=OFFERS, rules=RULES, terms=st.lists(st.tuples(st.sampled_from([2, 5]), st.sampled_from([80, 95])),
                                                  min_size=3, max_size=3), pin=st.integers(0, 12))  # fmt: skip
def test_prices_are_made_by_the_offer_that_is_ranked_first(
    session: Session, offers: list[Any], rules: list[Any], terms: list[tuple[int, int]], pin: int
) -> None:
    with session.begin_nested() as example:
        assortment = Assortment(session)
        suppliers = [assortment.supplier(f"s{number}", lead_time_days=days, reliability=points)
                     for number, (days, points) in enumerate(terms)]  # fmt: skip
        variants = [assortment.variant("SKU-1"), assortment.variant("SKU-2")]
        for number, (eur, percent, where, component) in enumerate(rules):
            assortment.rule(f"r{number}", "cost", {"eur": eur, "percent": percent, **component}, where)
        for number, (supplier, variant, price, scheme) in enumerate(offers):
            made = assortment.offer(suppliers[supplier], variants[variant], price=price, vat_scheme=scheme,
                                    identity=f"X{number}")  # fmt: skip
            if number == pin:
                session.execute(
                    text("""INSERT INTO offer_pin (variant_id, supplier_id, identity, reason, created_at, until)
                            VALUES (:v, :s, :i, 'x', :now, CAST(:now AS timestamptz) + interval '1 day')"""),
                    {"v": made.variant_id, "s": made.supplier_id, "i": made.identity, "now": NOON},
                )
        by_rank = ranked_offers(session, [variant.id for variant in variants], now=NOON)
        assortment.refresh(*variants)

        chosen = session.execute(select(Price.variant_id, Price.offer_id, Price.landed_cost).distinct()).all()
        best = [(row.variant_id, row.offer_id, row.landed) for row in by_rank if row.place == 1]
        assert sorted(tuple(row) for row in chosen) == best
        assert [row.place for row in by_rank if row.variant_id == variants[0].id] == list(
            range(1, 1 + sum(offer[1] == 0 for offer in offers))
        )
        assert len(by_rank) == len(offers)
        example.rollback()
    session.expire_all()
