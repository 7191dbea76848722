"""`reprice`: 200,000 listings under 25 rules with margin VAT, against the same rules in a loop over ORM rows.

Ours is what a published rule set does to prices: rules compiled, the best offer chosen, every listing priced within its
grade ladder, and a new version written where the price changed, all committed. The peer loads one listing after the
other with its price, variant, product, offer and supplier, prices it with the engine, writes the same version and
commits every 500; it is told the offer and knows no ladder. Every price of ours is compared with the engine's. The
detail also has the peer's better way (500 listings loaded and flushed at once), the engine alone over rows in memory,
and how long a simulation of a draft over all listings takes.
"""

from __future__ import annotations

import os
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import clock
from app.catalog.models import Product, Variant
from app.channels.models import Channel, Listing
from app.channels.services import lock_assortment, refresh_listings
from app.db import transaction
from app.offers.models import Offer
from app.pricing.best_offer import Candidate, RuleBook, best_offers
from app.pricing.engine import PaymentFee, PriceInputs, price_by
from app.pricing.models import Price, PriceRule, RuleSet
from app.pricing.prices import write_prices
from app.pricing.queries import rule_set_parts, rules
from app.pricing.rules import Facts, Rule, age_band
from app.pricing.services import discard, open_draft
from app.pricing.simulation import simulate
from app.stock.services import set_offered
from app.suppliers.models import Supplier
from bench.report import Report, median_and_spread
from bench.world import world

VARIANTS = 100_000
LISTINGS = 200_000
RULES = 25
ROUNDS = 3
PEER_LISTINGS = 2_000  # Per round; each is the same work, so that its rate stands for all.
PEER_CHUNK = 500
FASTER = 30
SIMULATION_S = 2.0
AGE_DAYS = 120  # The oldest stock.
VAT = Decimal(21)
FEE = PaymentFee(Decimal("0.30"), Decimal("1.20"))
GRADES = ("C", "B", "A", "A+", "new")


def measure() -> Report:
    """Ours and the peer in turns; seconds per 200,000 listings."""
    ours: list[float] = []
    peer: list[float] = []
    chunked: list[float] = []
    again: list[float] = []
    simulated: list[tuple[float, float]] = []
    with world() as _:
        _assortment()
        _more_rules()
        for _round in range(ROUNDS):
            _change_rules()
            peer.append(_loop(PEER_LISTINGS, at_once=1) * LISTINGS / PEER_LISTINGS)
            chunked.append(_loop(PEER_LISTINGS, at_once=PEER_CHUNK) * LISTINGS / PEER_LISTINGS)
            ours.append(_reprice(expect=LISTINGS))
            again.append(_reprice(expect=0))
            simulated.append(_simulate())
        differences, engine_s = _differences()
    mine, my_spread = median_and_spread(ours)
    theirs, their_spread = median_and_spread(peer)
    simulation_s, worked_s = (statistics.median(column) for column in zip(*simulated, strict=True))
    return Report(
        name="reprice", ours=mine, peer=theirs, ratio=theirs / mine,
        bar=f">= {FASTER}x, equal to the cent, a simulation in < {SIMULATION_S} s",
        ok=theirs / mine >= FASTER and differences == 0 and simulation_s < SIMULATION_S,
        detail={
            "unit": f"s per {LISTINGS} listings, {RULES} rules", "rounds": ROUNDS, "spread": my_spread,
            "peer_spread": their_spread, "peer_listings_per_round": PEER_LISTINGS, "extrapolated": "peer, linearly",
            "peer_500_at_once_s": statistics.median(chunked), "unchanged_s": statistics.median(again),
            "differences": differences, "compared": LISTINGS, "engine_alone_s": engine_s, "simulation_s": simulation_s,
            "simulations_s": [seconds for seconds, _worked in simulated], "simulation_cpu_s": worked_s,
        },
    )  # fmt: skip


def _assortment() -> None:
    """100,000 variants on two storefronts; a third of them has two offers, and every other offer is margin goods."""
    with transaction() as session:
        session.execute(
            sa.text("""CREATE TEMP TABLE twin ON COMMIT DROP AS
            SELECT id, (SELECT max(id) FROM product) + row_number() OVER (ORDER BY id) AS twin_id FROM product""")
        )
        session.execute(
            sa.text("""INSERT INTO product (id, brand, line, model, name, category, reference_price)
            SELECT twin_id, brand, line, model, name, category, reference_price FROM product JOIN twin USING (id)""")
        )
        session.execute(
            sa.text("""INSERT INTO variant (product_id, sku, name, grade, match_key)
                SELECT twin_id, sku || '-2', name, grade, match_key FROM variant v JOIN twin t ON t.id = v.product_id
                ORDER BY v.id LIMIT :more - (SELECT count(*) FROM variant)"""),
            {"more": VARIANTS},
        )  # fmt: skip
        session.execute(
            sa.text("""INSERT INTO offer_file (supplier_id, filename, sha256, size_bytes, mode, list_date,
                state, correlation_id)
            SELECT id, 'bench.csv', code, 0, 'full', current_date, 'accepted', 'bench' FROM supplier""")
        )
        session.execute(
            sa.text("""
            INSERT INTO offer (supplier_id, identity, item_number, description, grade_word, grade_key, grade, quantity,
                               price, currency, price_eur, vat_scheme, variant_id, offer_file_id, row_number,
                               changed_at)
            SELECT f.supplier_id, v.sku, v.sku, v.name, v.grade, lower(v.grade), v.grade, 1 + v.id % 7, x.price, 'EUR',
                   x.price, CASE WHEN (v.id + k) % 2 = 0 THEN 'margin' ELSE 'regular' END, v.id, f.id, 1, now()
            FROM variant v CROSS JOIN generate_series(0, 1) k JOIN product p ON p.id = v.product_id
            JOIN (SELECT id, supplier_id, row_number() OVER (ORDER BY id) - 1 AS place, count(*) OVER () AS suppliers
                  FROM offer_file) f ON f.place = (v.id * 7 + k) % f.suppliers
            CROSS JOIN LATERAL (SELECT round(COALESCE(p.reference_price, 600)
                * (0.30 + 0.07 * array_position(ARRAY['C', 'B', 'A', 'A+', 'new'], v.grade::text))
                + (v.id * 1237 + k * 411) % 4999 / 100.0, 2) AS price) x
            WHERE k = 0 OR v.id % 3 = 0""")
        )
        for supplier_id in session.execute(sa.select(Supplier.id)).scalars().all():
            set_offered(session, supplier_id, reference="bench", user_id=None, now=clock.now())
        session.execute(
            sa.text("UPDATE stock SET present_since = :now - make_interval(days => (variant_id % :days)::int)"),
            {"now": clock.now(), "days": AGE_DAYS},
        )
    _analyze()
    with transaction() as session:
        lock_assortment(session)
        variants = session.execute(sa.select(Variant.id)).scalars().all()
        refresh_listings(session, variant_ids=variants, now=clock.now(), origin=None)
        count = session.execute(sa.select(sa.func.count(Price.id))).scalar_one()
    assert count == LISTINGS, count
    _analyze()


def _analyze() -> None:
    with transaction() as session:
        session.execute(sa.text("ANALYZE"))


def _more_rules() -> None:
    """Beside the rules of a new database: by brand, supplier, scheme and age of the stock, 25 together."""
    more: list[tuple[str, str, dict[str, Any], dict[str, list[str]]]] = [
        ("Apple holds its price", "margin_percent", {"percent": "16", "least_eur": "20"}, {"brand": ["Apple"]}),
        ("Returns of broken screens", "cost", {"component": "returns", "percent": "3.5", "eur": "1.15"},
         {"brand": ["Samsung", "Google"], "category": ["phone"]}),
        ("Slow stock goes", "margin_percent", {"percent": "9", "least_eur": "8"}, {"age": ["60-89", "90+"]}),
        ("Margin goods need papers", "cost", {"component": "papers", "eur": "1.10"}, {"vat_scheme": ["margin"]}),
        ("Insured transport", "cost", {"component": "inbound", "eur": "3.00", "percent": "0.8"},
         {"supplier": ["foxway"]}),
        ("A little for growth", "margin_amount", {"eur": "2.50"}, {}),
    ]  # fmt: skip
    with transaction() as session:
        rule_set_id = session.execute(sa.select(RuleSet.id)).scalar_one()
        known = rules(session, rule_set_id)
        for number, (name, kind, parameters, where) in enumerate(more, start=1):
            session.add(PriceRule(rule_set_id=rule_set_id, position=known[-1].position + number, name=name, kind=kind,
                                  parameters=parameters, where=where))  # fmt: skip
        session.flush()
        count = len(rules(session, rule_set_id))
    assert count == RULES, count


def _change_rules() -> None:
    """Every listing is to cost a few euros more: its wanted price, its floor, and so its version."""
    with transaction() as session:
        session.execute(
            sa.text("""UPDATE price_rule SET parameters = parameters || jsonb_build_object('eur',
            ((parameters->>'eur')::numeric + 3)::text) WHERE name IN ('Packaging', 'Packaging, large goods')""")
        )


def _reprice(*, expect: int) -> float:
    """Seconds to bring every price in line with the rules."""
    started = time.perf_counter()
    with transaction() as session:
        lock_assortment(session)
        session.execute(sa.text("DROP TABLE IF EXISTS touched"))
        session.execute(sa.text("CREATE TEMP TABLE touched ON COMMIT DROP AS SELECT id AS variant_id FROM variant"))
        session.execute(sa.text("ANALYZE touched"))
        write_prices(session, now=clock.now())
        moved = session.execute(sa.text("SELECT count(*) FROM wanted_price WHERE moved")).scalar_one()
    seconds = time.perf_counter() - started
    assert moved == expect, moved
    return seconds


def _simulate() -> tuple[float, float]:
    """Seconds in which a draft with another margin answers what it would change, and those that a processor worked.

    On a machine that others use the first are more than the second. The draft is thrown away.
    """
    with transaction() as session:
        draft_id = open_draft(session, user_id=None)
        session.execute(
            sa.text("""UPDATE price_rule SET parameters = parameters || '{"percent": "21"}'
                       WHERE rule_set_id = :id AND kind = 'margin_percent'"""),
            {"id": draft_id},
        )
    with transaction() as session:
        backend = session.execute(sa.text("SELECT pg_backend_pid()")).scalar_one()
        started, worked = time.perf_counter(), time.process_time() + _processor_s(backend)
        outcome = simulate(session, draft_id, now=clock.now())
        worked = time.process_time() + _processor_s(backend) - worked
    seconds = time.perf_counter() - started
    assert outcome["listings"] == LISTINGS, outcome
    assert outcome["changed"] > LISTINGS / 2, outcome
    with transaction() as session:
        discard(session, draft_id, now=clock.now())
    return seconds, worked


def _processor_s(process_id: int) -> float:
    """Seconds of a processor that a process of this machine has used; its parallel workers are others."""
    fields = Path(f"/proc/{process_id}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _loop(count: int, *, at_once: int) -> float:
    """Seconds in which the peer prices `count` listings, so many at once; what it wrote is taken back afterwards."""
    with transaction() as session:
        listings = session.execute(sa.select(Listing.id).order_by(Listing.id % 997, Listing.id).limit(count)).scalars()
        ids = list(listings)
        before = session.execute(sa.select(sa.func.max(Price.id))).scalar_one()
    now = clock.now()
    started = time.perf_counter()
    for first in range(0, count, PEER_CHUNK):
        with transaction() as session:
            books = _books(session)
            for place in range(first, first + PEER_CHUNK, at_once):
                _price_some(session, ids[place : place + at_once], books, now)
    seconds = time.perf_counter() - started
    with transaction() as session:
        session.expire_all()
        undone = session.execute(
            sa.text("UPDATE price SET valid_until = valid_from WHERE id > :before RETURNING id"), {"before": before}
        )
        session.execute(
            sa.text("UPDATE price SET valid_until = NULL WHERE id <= :before AND valid_until = :now"),
            {"before": before, "now": now},
        )
    assert len(undone.all()) == count
    return seconds


def _books(session: Session) -> dict[int, RuleBook]:
    """Storefront -> the rules it prices by, each chosen once for equal facts."""
    (part,) = rule_set_parts(session)
    return {channel_id: RuleBook(part.of(channel_id)) for channel_id, _low, _high in part.shares}


def _price_some(session: Session, listing_ids: Sequence[int], books: dict[int, RuleBook], now: datetime) -> None:
    """Load, price, set: closing the old versions is flushed before the new ones, which the database wants."""
    rows = session.execute(
        sa.select(Listing, Variant, Product, Price, Offer, Supplier)
        .join(Variant, Variant.id == Listing.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .join(Price, sa.and_(Price.variant_id == Listing.variant_id, Price.channel_id == Listing.channel_id,
                             Price.valid_until.is_(None)))
        .join(Offer, Offer.id == Price.offer_id)
        .join(Supplier, Supplier.id == Offer.supplier_id)
        .where(Listing.id.in_(listing_ids))
    ).all()  # fmt: skip
    for _listing, _variant, _product, old, _offer, _supplier in rows:
        old.valid_until = now
    session.flush()
    made = [(row[0], _new_price(*row, books=books, now=now)) for row in rows]
    session.add_all(new for _listing, new in made)
    session.flush()
    for listing, new in made:
        listing.price_id, listing.price_gross = new.id, new.gross


def _new_price(listing: Listing, variant: Variant, product: Product, old: Price, offer: Offer, supplier: Supplier, *,
               books: dict[int, RuleBook], now: datetime) -> Price:  # fmt: skip
    facts = Facts(product.brand, product.category, variant.grade, supplier.code, offer.vat_scheme,
                  age_band(variant.id % AGE_DAYS))  # fmt: skip
    inputs = PriceInputs(facts, offer.price_eur, product.reference_price)
    priced = price_by(inputs, books[listing.channel_id].of(facts), vat_percent=VAT, payment_fee=FEE)
    return Price(variant_id=variant.id, channel_id=listing.channel_id, offer_id=offer.id, gross=priced.gross,
                 net=priced.net, floor=priced.floor, landed_cost=priced.landed_cost, vat_scheme=offer.vat_scheme,
                 purchase=offer.price_eur, reference=product.reference_price, terms_key=old.terms_key,
                 valid_from=now)  # fmt: skip


class Row(NamedTuple):
    """A price of ours."""

    gross: Decimal
    net: Decimal
    floor: Decimal
    landed_cost: Decimal
    offer_id: int | None
    withheld: bool


def _differences() -> tuple[int, float]:
    """How many of the 200,000 prices are not what the pure functions say, read from offers and rules anew.

    Also the seconds that those took over rows in memory: choosing, and pricing, twice where the ladder says so.
    """
    with transaction() as session:
        ours = {(row[0], row[1]): Row(*row[2:]) for row in session.execute(
            sa.select(Price.variant_id, Price.channel_id, Price.gross, Price.net, Price.floor, Price.landed_cost,
                      Price.offer_id, Price.withheld).where(Price.valid_until.is_(None)))}  # fmt: skip
        assert len(ours) == LISTINGS
        (part,) = rule_set_parts(session)
        channel_ids = session.execute(sa.select(Channel.id)).scalars().all()
        models = {row[0]: (row[1], row[2]) for row in session.execute(
            sa.select(Variant.id, Variant.product_id, Variant.match_key))}  # fmt: skip
        candidates = list(_candidates(session))
    started = time.perf_counter()
    chosen = best_offers(candidates, [rule for channel, rule in part.rules if channel is None])
    expected = {
        place: row
        for channel_id in channel_ids
        for place, row in _expected(chosen, part.of(channel_id), channel_id, models)
    }
    seconds = time.perf_counter() - started
    return sum(expected[place] != row for place, row in ours.items()), seconds


def _candidates(session: Session) -> Iterator[Candidate]:
    rows = session.execute(
        sa.select(Variant.id, Offer.id, Offer.price_eur, Offer.vat_scheme, Supplier.id, Supplier.code,
                  Supplier.lead_time_days, Product.brand, Product.category, Variant.grade, Product.reference_price,
                  Supplier.reliability, sa.false(), Variant.id % AGE_DAYS)
        .join(Offer, Offer.variant_id == Variant.id).join(Supplier, Supplier.id == Offer.supplier_id)
        .join(Product, Product.id == Variant.product_id)
    )  # fmt: skip
    return (Candidate._make((*row[:13], age_band(row[13]))) for row in rows)


def _expected(chosen: Sequence[Candidate], ruling: Sequence[Rule], channel_id: int,
              models: dict[int, tuple[int, str]]) -> Iterator[tuple[tuple[int, int], Row]]:  # fmt: skip
    """The engine's word on every variant of a storefront, the better grades of each model first."""
    book = RuleBook(ruling)
    bounds: dict[tuple[int, str], list[tuple[int, Decimal]]] = defaultdict(list)
    for offer in sorted(chosen, key=lambda offer: -GRADES.index(offer.grade)):
        rank = GRADES.index(offer.grade)
        inputs = PriceInputs(offer.facts, offer.price_eur, offer.reference)
        better = [gross for other, gross in bounds[models[offer.variant_id]] if other > rank]
        alone = price_by(inputs, book.of(offer.facts), vat_percent=VAT, payment_fee=FEE)
        bounds[models[offer.variant_id]].append((rank, alone.gross))
        priced = alone
        if better and min(better) < alone.gross:
            priced = price_by(inputs, book.of(offer.facts), vat_percent=VAT, payment_fee=FEE, ladder=min(better))
        yield (offer.variant_id, channel_id), Row(priced.gross, priced.net, priced.floor, priced.landed_cost,
                                                  offer.offer_id, priced.withheld)  # fmt: skip
