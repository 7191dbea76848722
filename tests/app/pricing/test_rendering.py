"""Many prices at once: to the cent what the engine says of each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session
from test_engine import FEE, FIELDS, RULE, numbers

from app.pricing.best_offer import Candidate, best_offers
from app.pricing.engine import Override, PaymentFee, Priced, PriceInputs, price_by, price_listing
from app.pricing.rendering import BUCKETS, Inputs, RuleSetPart, render_prices
from app.pricing.rules import AGES, Facts, Rule
from app.pricing.terms import Terms
from app.pricing.vat import SCHEMES, FeesTooHigh

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
GRADES = ("C", "B", "A", "A+", "new")
DAYS = dict(zip(AGES, (13, 14, 59, 60, 400), strict=True))  # The edges of the bands.
WHOLE_EUROS = Rule("whole euros", "rounding", {}, {"brackets": [{"up_to": None, "step": "1"}]})


class Piece(NamedTuple):
    """A variant with one offer. Pieces of one `model` differ by grade alone."""

    facts: Facts
    purchase: Decimal
    reference: Decimal | None
    model: int
    pieces: int = 3

    @property
    def inputs(self) -> PriceInputs:
        return PriceInputs(self.facts, self.purchase, self.reference)


class Shelf:
    """Pieces in the database, and what they are priced at there."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.channels = [
            session.execute(
                text("INSERT INTO channel (code, name, position) VALUES (:code, '', 0) RETURNING id"), {"code": code}
            ).scalar_one()
            for code in ("one", "two")
        ]
        self.suppliers = {
            code: session.execute(
                text("""INSERT INTO supplier (code, name, kind, country, currency)
                        VALUES (:code, '', 'broker', 'NL', 'EUR') RETURNING id"""),
                {"code": code},
            ).scalar_one()
            for code in FIELDS["supplier"]
        }
        self.files = {
            code: session.execute(
                text("""INSERT INTO offer_file (supplier_id, filename, sha256, size_bytes, mode, list_date, state,
                                                correlation_id)
                        VALUES (:id, '', '', 0, 'full', '2026-03-01', 'accepted', '') RETURNING id"""),
                {"id": supplier_id},
            ).scalar_one()
            for code, supplier_id in self.suppliers.items()
        }

    def put(self, pieces: Sequence[Piece]) -> list[int]:
        """Their variants, in order."""
        ids = []
        products: dict[tuple[object, ...], int] = {}
        for number, piece in enumerate(pieces):
            key = (piece.model, piece.facts.brand, piece.facts.category, piece.reference)
            if key not in products:
                products[key] = self._row(
                    """INSERT INTO product (brand, line, model, name, category, reference_price)
                       VALUES (:brand, '', '', '', :category, :reference) RETURNING id""",
                    brand=piece.facts.brand, category=piece.facts.category, reference=piece.reference,
                )  # fmt: skip
            variant = self._row(
                """INSERT INTO variant (product_id, sku, name, grade, match_key)
                   VALUES (:product, :sku, '', :grade, :key) RETURNING id""",
                product=products[key], sku=f"{piece.model}-{number}", grade=piece.facts.grade,
                key=f"model {piece.model}",
            )  # fmt: skip
            since = NOW - timedelta(days=DAYS[piece.facts.age])
            self._row(
                "INSERT INTO stock (variant_id, offered, present_since) VALUES (:v, :n, :since) RETURNING variant_id",
                v=variant, n=piece.pieces, since=since,
            )  # fmt: skip
            self.offer(variant, piece)
            ids.append(variant)
        return ids

    def offer(self, variant: int, piece: Piece) -> int:
        """A supplier offers the variant."""
        return self._row(
            """INSERT INTO offer (supplier_id, identity, item_number, description, grade_word, grade_key, grade,
                                  quantity, price, currency, price_eur, vat_scheme, variant_id, offer_file_id,
                                  row_number, changed_at)
               VALUES (:supplier, gen_random_uuid(), '', '', '', '', :grade, 1, :price, 'EUR', :price, :scheme,
                       :variant, :file, 1, :now) RETURNING id""",
            supplier=self.suppliers[piece.facts.supplier], file=self.files[piece.facts.supplier],
            grade=piece.facts.grade, price=piece.purchase, scheme=piece.facts.vat_scheme, variant=variant, now=NOW,
        )  # fmt: skip

    def _row(self, statement: str, **values: object) -> int:
        return int(self.session.execute(text(statement), values).scalar_one())

    def prices(self, ids: Sequence[int], parts: Sequence[RuleSetPart], *, vat: Decimal = Decimal(21),
               fee: PaymentFee = FEE) -> dict[tuple[int, int], Any]:  # fmt: skip
        """(variant, channel) -> its row of wanted_price, with the `terms` that it names."""
        self.session.execute(text("DROP TABLE IF EXISTS touched"))
        self.session.execute(text("CREATE TEMP TABLE touched (variant_id bigint PRIMARY KEY)"))
        self.session.execute(text("INSERT INTO touched SELECT unnest(CAST(:ids AS bigint[]))"), {"ids": list(ids)})
        known = {term.key(): term for term in render_prices(self.session, parts, Inputs(vat, fee), now=NOW)}
        rows = self.session.execute(text("SELECT * FROM wanted_price")).mappings()
        found = {}
        for row in rows:
            assert (row["variant_id"], row["channel_id"]) not in found
            found[row["variant_id"], row["channel_id"]] = {**row, "terms": known[row["terms_key"]]}
        return found


@pytest.fixture
def shelf(session: Session) -> Shelf:
    return Shelf(session)


def everywhere(shelf: Shelf, rules: Sequence[Rule], only_two: Sequence[Rule] = ()) -> list[RuleSetPart]:
    """The rules on both storefronts, and behind them some of the second alone."""
    mixed = [*((None, rule) for rule in rules), *((shelf.channels[1], rule) for rule in only_two)]
    return [RuleSetPart(mixed, [(channel, 0, BUCKETS - 1) for channel in shelf.channels])]


def amounts(priced: Priced) -> tuple[object, ...]:
    return priced.gross, priced.net, priced.floor, priced.landed_cost, priced.withheld


def figures(row: Any) -> tuple[object, ...]:
    return row["gross"], row["net"], row["floor"], row["landed_cost"], row["withheld"]


EUROS = st.one_of(
    st.decimals(Decimal("0.01"), Decimal(3000), places=2),
    st.decimals(Decimal("0.01"), Decimal(3), places=2),
    st.sampled_from([Decimal("999999.99"), Decimal(1_000_000)]),
)
FACTS = st.builds(
    Facts, **{name: st.sampled_from(values) for name, values in FIELDS.items()}, age=st.sampled_from(AGES)
)
AGED = st.lists(st.sampled_from(AGES), min_size=1, max_size=2, unique=True)
RULES = st.lists(
    st.builds(lambda rule, age: rule if age is None else rule._replace(where={**rule.where, "age": age}),
              RULE, st.none() | AGED),
    max_size=12,
)  # fmt: skip
PIECES = st.lists(st.tuples(FACTS, EUROS, st.none() | EUROS), min_size=1, max_size=25)
FEES = st.builds(PaymentFee, numbers(0, 2).map(Decimal), numbers(0, 5).map(Decimal))
SLOW = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SLOW
@given(pieces=PIECES, rules=RULES, only_two=RULES, fee=FEES, vat=st.sampled_from(["21", "0", "9", "25.5"]))
def test_both_ways_agree_to_the_cent_for_any_rules_and_inputs(
    shelf: Shelf, pieces: list[tuple[Facts, Decimal, Decimal | None]], rules: list[Rule], only_two: list[Rule],
    fee: PaymentFee, vat: str,
) -> None:  # fmt: skip
    asked = [Piece(facts, purchase, reference, model) for model, (facts, purchase, reference) in enumerate(pieces)]
    with shelf.session.begin_nested() as savepoint:
        ids = shelf.put(asked)
        rows = shelf.prices(ids, everywhere(shelf, rules, only_two), vat=Decimal(vat), fee=fee)
        savepoint.rollback()

    assert len(rows) == 2 * len(asked)
    for channel, set_ in zip(shelf.channels, (rules, [*rules, *only_two]), strict=True):
        for variant, piece in zip(ids, asked, strict=True):
            one = price_listing(piece.inputs, set_, vat_percent=Decimal(vat), payment_fee=fee)
            row = rows[variant, channel]
            assert figures(row) == amounts(one), (piece, set_)
            kept = Terms.of(row["terms"].content())
            again = price_by(piece.inputs, kept.rules, vat_percent=kept.vat_percent, payment_fee=kept.payment_fee)
            assert again == one  # The trace too: it may be worked out later from what is kept.


GRADED = st.lists(
    st.tuples(st.integers(1, 3), st.sampled_from(GRADES), st.decimals(50, 500, places=2), st.sampled_from([0, 4])),
    min_size=2, max_size=14, unique_by=lambda piece: piece[:2],
)  # fmt: skip


@SLOW
@given(graded=GRADED, rules=RULES, data=st.data())
def test_the_grade_ladder_holds_and_the_floor_with_it(
    shelf: Shelf, graded: list[tuple[int, str, Decimal, int]], rules: list[Rule], data: st.DataObject
) -> None:
    facts = Facts("Apple", "phone", "A", "foxway", "margin")
    pieces = [Piece(facts._replace(grade=grade), cost, None, model, count) for model, grade, cost, count in graded]
    named = {
        place: Override(data.draw(st.decimals(1, 900, places=2)), data.draw(st.booleans()), "a sale")
        for place in data.draw(st.sets(st.integers(0, len(pieces) - 1), max_size=2))
    }
    with shelf.session.begin_nested() as savepoint:
        ids = shelf.put(pieces)
        for place, override in named.items():
            name_price(shelf, ids[place], override)
        rows = shelf.prices(ids, everywhere(shelf, rules))
        savepoint.rollback()

    channel = shelf.channels[0]
    alone = [price_listing(piece.inputs, rules, vat_percent=Decimal(21),
                           payment_fee=FEE) for piece in pieces]  # fmt: skip
    heard = {place: override for place, override in named.items()
             if override.below_floor or override.gross >= alone[place].floor}  # fmt: skip
    for place, (variant, piece) in enumerate(zip(ids, pieces, strict=True)):
        row = rows[variant, channel]
        better = [
            alone[other].gross
            for other, beside in enumerate(pieces)
            if beside.model == piece.model and beside.pieces and other not in heard
            and GRADES.index(beside.facts.grade) > GRADES.index(piece.facts.grade)
        ]  # fmt: skip
        terms = row["terms"]
        said = price_by(
            piece.inputs, terms.rules, vat_percent=terms.vat_percent, payment_fee=terms.payment_fee,
            ladder=min(better, default=None), override=heard.get(place),
        )  # fmt: skip
        assert figures(row) == amounts(said)
        assert row["gross"] >= row["floor"] or row["below_floor_agreed"]
        assert (row["override_id"] is not None) == (place in heard)
    shown = [(piece, rows[variant, channel]["gross"]) for variant, piece in zip(ids, pieces, strict=True)
             if piece.pieces and not rows[variant, channel]["withheld"]
             and rows[variant, channel]["override_id"] is None]  # fmt: skip
    for one, low in shown:
        for other, high in shown:
            if one.model == other.model and GRADES.index(one.facts.grade) < GRADES.index(other.facts.grade):
                assert low <= high


def name_price(shelf: Shelf, variant: int, override: Override) -> None:
    """An override of the first storefront, agreed to by a second person when it may be below the floor."""
    people = [
        shelf.session.execute(
            text("""INSERT INTO user_account (email, name, password_hash, role)
                    VALUES (gen_random_uuid() || '@example.com', '', '', 'manager') RETURNING id""")
        ).scalar_one()
        for _ in range(2)
    ]
    shelf.session.execute(
        text("""INSERT INTO price_override (variant_id, channel_id, gross, reason, ends_at, created_by, created_at,
                                            agreed_by)
                VALUES (:variant, :channel, :gross, 'a sale', :ends, :one, :now, :other)"""),
        {"variant": variant, "channel": shelf.channels[0], "gross": override.gross, "ends": NOW + timedelta(days=1),
         "one": people[0], "now": NOW, "other": people[1] if override.below_floor else None},
    )  # fmt: skip


OFFERS = st.lists(
    st.tuples(st.sampled_from(FIELDS["supplier"]), st.decimals(50, 60, places=0), st.sampled_from(SCHEMES)),
    min_size=1, max_size=6,
)  # fmt: skip


@SLOW
@given(offers=st.lists(OFFERS, min_size=1, max_size=4), rules=RULES)
def test_both_ways_choose_the_same_offer(
    shelf: Shelf, offers: list[list[tuple[str, Decimal, str]]], rules: list[Rule]
) -> None:
    facts = Facts("Apple", "phone", "A", "foxway", "regular")
    candidates = []
    with shelf.session.begin_nested() as savepoint:
        ids = []
        for model, mine in enumerate(offers):
            (variant,) = shelf.put([Piece(facts, Decimal(100), None, model)])
            shelf.session.execute(text("DELETE FROM offer WHERE variant_id = :id"), {"id": variant})
            ids.append(variant)
            for code, price, scheme in mine:
                piece = Piece(facts._replace(supplier=code, vat_scheme=scheme), price, None, model)
                offer_id = shelf.offer(variant, piece)
                candidates.append(Candidate(variant, offer_id, price, scheme, shelf.suppliers[code], code, 5, "Apple",
                                            "phone", "A", None))  # fmt: skip
        rows = shelf.prices(ids, everywhere(shelf, rules))
        savepoint.rollback()

    chosen = {best.variant_id: best.offer_id for best in best_offers(candidates, rules)}
    assert {variant: row["offer_id"] for (variant, _channel), row in rows.items()} == chosen


def test_a_part_of_the_products_is_priced_by_another_rule_set(shelf: Shelf) -> None:
    facts = Facts("Apple", "phone", "A", "foxway", "regular")
    ids = shelf.put([Piece(facts, Decimal(100), None, model) for model in range(100)])
    old, new = (Rule("margin", "margin_amount", {}, {"eur": eur}) for eur in ("10", "20"))
    one, two = shelf.channels
    parts = [
        RuleSetPart([(None, old), (None, WHOLE_EUROS)], [(one, 10, BUCKETS - 1), (two, 0, BUCKETS - 1)]),
        RuleSetPart([(None, new), (None, WHOLE_EUROS)], [(one, 0, 9)]),
    ]

    rows = shelf.prices(ids, parts)

    assert len(rows) == 200
    by_channel = {channel: [rows[variant, channel]["gross"] for variant in ids] for channel in (one, two)}
    assert sorted(set(by_channel[one])) == [Decimal(135), Decimal(148)]
    assert by_channel[one].count(Decimal(148)) == 10  # A hundred products in a row fill each bucket once.
    assert set(by_channel[two]) == {Decimal(135)}


def test_pieces_that_nobody_offers_any_more_are_priced_at_what_they_cost(shelf: Shelf) -> None:
    from app.pricing.prices import keep_terms

    facts = Facts("Apple", "phone", "A", "foxway", "margin")
    (variant,) = shelf.put([Piece(facts, Decimal("123.45"), None, 1)])
    parts = everywhere(shelf, [Rule("margin", "margin_amount", {"supplier": ["foxway"]}, {"eur": "10"})])
    before = shelf.prices([variant], parts)
    keep_terms(shelf.session, [row["terms"] for row in before.values()])
    shelf.session.execute(
        text("""INSERT INTO price (variant_id, channel_id, offer_id, gross, net, floor, landed_cost, vat_scheme,
                                   purchase, reference, terms_key, valid_from)
                SELECT variant_id, channel_id, offer_id, gross, net, floor, landed_cost, vat_scheme, purchase,
                       reference, terms_key, now() FROM wanted_price""")
    )
    shelf.session.execute(text("UPDATE offer SET quantity = 0"))

    after = shelf.prices([variant], parts)

    assert {place: figures(row) for place, row in after.items()} == {
        place: figures(row) for place, row in before.items()
    }
    assert not any(row["moved"] for row in after.values())
    shelf.session.execute(text("UPDATE stock SET offered = 0"))
    assert shelf.prices([variant], parts) == {}  # Nothing there to be priced.


def test_what_cannot_be_priced_is_refused_before_anything_is_written(shelf: Shelf) -> None:
    facts = Facts("Apple", "phone", "A", "foxway", "regular")
    ids = shelf.put([Piece(facts, Decimal(100), None, 1)])

    with pytest.raises(FeesTooHigh):
        shelf.prices(ids, everywhere(shelf, [Rule("platform", "channel_fee_percent", {}, {"percent": "80"})]))
    shelf.session.execute(text("UPDATE offer SET vat_scheme = 'none'"))
    with pytest.raises(ValueError, match="unknown VAT scheme 'none'"):
        shelf.prices(ids, everywhere(shelf, []))
