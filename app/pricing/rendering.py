"""Many prices at once: the chain of `app.pricing.engine` as a few statements over whole numbers of cents.

Rules are chosen in Python, once per class of facts that no rule tells apart; PostgreSQL does the arithmetic. The engine
is the oracle: tests hold that both agree to the cent, for any rules and inputs. docs/decisions/0003 says why twice.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.db import copy_rows
from app.pricing import arithmetic
from app.pricing.engine import PaymentFee
from app.pricing.rules import AGES, Facts, Rule, applies, read, winning
from app.pricing.terms import Bracketed, Parameters, Terms, scaled
from app.pricing.vat import SCHEMES
from app.stock.queries import SELLABLE_OFFER


class Variants(NamedTuple):
    """SQL for the variants to be priced, as `v`, and for their stock."""

    variants: str
    pieces: str


# Of a pin `n` of a variant, with `:now`: does it say that the offer `o` is to be bought?
PIN = """n.supplier_id = o.supplier_id AND n.identity = o.identity AND n.ended_at IS NULL
         AND n.until > CAST(:now AS timestamptz)"""
TOUCHED = Variants("touched t JOIN variant v ON v.id = t.variant_id",
                   "(SELECT s.* FROM touched JOIN stock s USING (variant_id))")  # fmt: skip
EVERYTHING = Variants("variant v", "stock")
# The order of `app.pricing.best_offer`, the best first: an ORDER BY over columns of these names.
RANK = "pinned DESC, landed, lead_time_days, reliability DESC, vat_scheme <> 'margin', supplier_id, offer_id"
BUCKETS = 100  # Of products: a stage of so many per cent is so many of them.
MANY = 5000  # Offers from which on every join is of whole tables.
EVERY_CHANNEL = 0  # Stands for the rules that no storefront has to itself: what an offer costs us.


def bucket_of(product_id: str) -> str:
    """SQL for the bucket of a product: grades of a model stay together, and neighbours are spread."""
    return f"{product_id} * 61 % {BUCKETS}"


class RuleSetPart(NamedTuple):
    """A rule set, and the listings that it prices: per storefront, the products in buckets `low` to `high`.

    `rules`: in order, each with its storefront (None: every one).
    """

    rules: Sequence[tuple[int | None, Rule]]
    shares: Sequence[tuple[int, int, int]]  # (channel_id, low, high)

    def of(self, channel_id: int) -> list[Rule]:
        """The rules that the storefront's listings are priced by."""
        return [rule for channel, rule in self.rules if channel is None or channel == channel_id]


class Classes:
    """Facts numbered so that those which no rule tells apart have the same number."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        named: dict[str, set[str]] = {name: set() for name in Facts._fields}
        for rule in rules:
            for name, values in rule.where.items():
                named[name].update(values)
        self._values = {name: sorted(values) for name, values in named.items()}

    def terms(self) -> dict[str, str]:
        """Field -> SQL for what its value adds to the number; `parameters` has the values that it compares with."""
        terms, weight = {}, 1
        for name, values in self._values.items():
            known = AGES if name == "age" else values
            cases = " ".join(
                f"WHEN {known.index(value) if name == 'age' else f':{name}_{place}'} THEN {weight * place}"
                for place, value in enumerate(values, start=1)
            )
            terms[name] = f"CASE {_FIELDS[name]} {cases} ELSE 0 END::bigint" if values else "0"
            weight *= len(values) + 1
        return terms

    @property
    def parameters(self) -> dict[str, str]:
        return {
            f"{name}_{place}": value
            for name, values in self._values.items() if name != "age"
            for place, value in enumerate(values, start=1)
        }  # fmt: skip

    def facts(self, number: int) -> Facts:
        """An example of the class; "" stands for every value that no rule names."""
        found = []
        for name in Facts._fields:
            number, place = divmod(number, len(self._values[name]) + 1)
            found.append(self._values[name][place - 1] if place else "")
        return Facts(*found)


# Each variant of {variants}, with the class of its facts: products and suppliers are few, theirs first. `model` is one
# number for what makes grades of one model, since the rows are sorted by it: among a million models the odds are 1 in
# 10 million that two share theirs.
_ASSORTMENT = """
    WITH p AS MATERIALIZED (
      SELECT id, CASE WHEN reference_price <= 1000000 THEN (100 * reference_price)::bigint END AS reference,
             {brand} + {category} AS class
      FROM product),
    s AS MATERIALIZED (SELECT *, {supplier} AS class FROM supplier),
    v AS NOT MATERIALIZED (
      SELECT v.id, v.product_id, hashtextextended(v.match_key, v.product_id) AS model, v.grade, v.active, p.reference,
             CASE v.grade WHEN 'A' THEN 3 WHEN 'B' THEN 2 WHEN 'C' THEN 1 WHEN 'A+' THEN 4 ELSE 5 END AS rank,
             CASE WHEN v.active THEN COALESCE(k.available, 0) ELSE 0 END AS pieces, p.class + {grade} + {age} AS class
      FROM {variants} JOIN p ON p.id = v.product_id LEFT JOIN stock k ON k.variant_id = v.id)
"""
_CANDIDATES = (
    "CREATE TEMP TABLE candidate ON COMMIT DROP AS"  # noqa: S608  # Text of ours.
    + _ASSORTMENT
    + """
    SELECT v.id AS variant_id, v.product_id, v.model, v.rank, v.pieces, v.reference, o.id AS offer_id,
           (100 * o.price_eur)::bigint AS purchase, o.vat_scheme, s.lead_time_days, s.reliability,
           s.id AS supplier_id, n.id IS NOT NULL AS pinned, v.class + s.class + {vat_scheme} AS class
    FROM v JOIN offer o ON o.variant_id = v.id JOIN s ON s.id = o.supplier_id
    LEFT JOIN offer_pin n ON n.variant_id = v.id AND {pin}
    WHERE {sellable}
"""
)
# Pieces that nobody offers any more, at what they cost when they were priced last.
_NOT_OFFERED = """
    CREATE TEMP TABLE not_offered ON COMMIT DROP AS
    SELECT k.variant_id FROM {pieces} k
    WHERE k.available > 0 AND NOT EXISTS (SELECT 1 FROM candidate c WHERE c.variant_id = k.variant_id)
"""
_LEFT_OVER = (
    "INSERT INTO candidate"  # noqa: S608  # Text of ours.
    + _ASSORTMENT
    + """
    SELECT DISTINCT ON (v.id) v.id, v.product_id, v.model, v.rank, v.pieces, v.reference, o.offer_id,
           (100 * o.purchase)::bigint, o.vat_scheme, 0, 0, 0, false, v.class + COALESCE(s.class, 0) + {vat_scheme}
    FROM v JOIN price o ON o.variant_id = v.id AND o.valid_until IS NULL AND o.terms_key IS NOT NULL
    LEFT JOIN offer x ON x.id = o.offer_id LEFT JOIN s ON s.id = x.supplier_id
    WHERE v.pieces > 0
    ORDER BY v.id, o.channel_id
"""
)
# The value of each field, as `Classes` counts it. Of an age the band's number.
_FIELDS = {
    "brand": "brand", "category": "category", "supplier": "code", "grade": "v.grade", "vat_scheme": "o.vat_scheme",
    "age": "CASE " + " ".join(
        f"WHEN k.present_since > CAST(:now AS timestamptz) - interval '{24 * days} hours' THEN {place}"
        for place, days in enumerate((14, 30, 60, 90))
    ) + " WHEN k.present_since IS NULL THEN 0 ELSE 4 END",
}  # fmt: skip

_FLOATS = ("per_taxed", "per_untaxed", "per_vat", "away")
_NUMBERS = Parameters._fields[: Parameters._fields.index("shares")]

KEPT = (
    "offer_id", "gross", "net", "floor", "landed_cost", "vat_scheme", "purchase", "reference", "terms_key", "ladder",
    "withheld", "override_id", "below_floor_agreed",
)  # fmt: skip
# `bound`: a piece costs no more than one of a better grade that is for sale beside it. What a person named is outside.
# The rows that are sorted for that carry no more than is used: {kept} are the columns that only some statements use.
_DECIDED = f"""
    WITH best AS (
      SELECT DISTINCT ON (variant_id, part) *
      FROM (SELECT candidate.*, part, {arithmetic.LANDED} AS landed
            FROM candidate JOIN term USING (class) WHERE channel_id = {EVERY_CHANNEL}) c
      ORDER BY variant_id, part, {RANK}),
    priced AS ({{chain}}),
    named AS (
      SELECT p.variant_id, p.channel_id, model, rank, pieces, floor, p.gross, o.id AS override_id,
             o.below_floor_agreed, (100 * o.gross)::bigint AS named_price{{kept}}
      FROM priced p LEFT JOIN price_override o ON o.variant_id = p.variant_id AND o.channel_id = p.channel_id
        AND o.ended_at IS NULL AND o.ends_at > :now AND (100 * o.gross >= p.floor OR o.below_floor_agreed)),
    beside AS (
      SELECT *, min(gross) FILTER (WHERE pieces > 0 AND override_id IS NULL) OVER (
                  PARTITION BY model, channel_id
                  ORDER BY rank DESC GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS bound
      FROM named),
    decided AS (
      SELECT *, CASE WHEN override_id IS NULL AND bound < gross THEN bound END AS ladder,
             COALESCE(override_id IS NULL AND bound < gross AND bound < floor, false) AS withheld,
             CASE WHEN override_id IS NOT NULL THEN named_price
                  WHEN bound < gross AND bound >= floor THEN bound ELSE gross END AS final
      FROM beside)
"""  # noqa: S608  # Text of ours.
_WANTED = (
    "CREATE TEMP TABLE wanted_price ON COMMIT DROP AS"  # noqa: S608  # Text of ours.
    + _DECIDED
    + f"""
    SELECT w.*, p.id AS former_id,
           p.id IS NULL OR ({", ".join(f"p.{name}" for name in KEPT)}) IS DISTINCT FROM
                           ({", ".join(f"w.{name}" for name in KEPT)}) AS moved
    FROM (
      SELECT variant_id, channel_id, offer_id, 0.01 * final AS gross, 0.01 * (final - {{vat}}) AS net,
             0.01 * floor AS floor, 0.01 * landed AS landed_cost, vat_scheme, 0.01 * purchase AS purchase,
             0.01 * reference AS reference, key AS terms_key, 0.01 * ladder AS ladder, withheld, override_id,
             COALESCE(below_floor_agreed, false) AS below_floor_agreed
      FROM decided) w
    LEFT JOIN price p ON p.variant_id = w.variant_id AND p.channel_id = w.channel_id AND p.valid_until IS NULL
"""  # noqa: S608  # Text of ours.
)
_SIMULATED = (
    "CREATE TEMP TABLE simulated_price ON COMMIT DROP AS"  # noqa: S608  # Text of ours.
    + _DECIDED
    + """
    SELECT d.variant_id, d.channel_id, d.pieces, d.final AS gross, d.floor, d.ladder, d.withheld,
           COALESCE(d.below_floor_agreed, false) AS below_floor_agreed, p.former, p.withheld AS formerly_withheld,
           10000 * (d.final - p.former) / p.former AS change
    FROM decided d LEFT JOIN (
      SELECT variant_id, channel_id, (100 * gross)::bigint AS former, withheld FROM price WHERE valid_until IS NULL
      OFFSET 0) p  -- Each multiplied once.
      ON p.variant_id = d.variant_id AND p.channel_id = d.channel_id
"""
)
_OF_EVERY = ("variant_id", "channel_id", "model", "rank", "pieces", "floor", "gross")
_OF_WANTED = ("offer_id", "purchase", "vat_scheme", "reference", "key", "untaxed", "landed")
_OFFERS_BESIDE_TERMS = f"""
    SELECT b.variant_id, t.channel_id, b.model, b.rank, b.pieces, b.offer_id, b.purchase, b.vat_scheme, b.reference,
           t.key, {{terms}}
    FROM best b JOIN term t ON t.part = b.part AND t.class = b.class
    WHERE t.channel_id <> {EVERY_CHANNEL} AND {bucket_of("b.product_id")} BETWEEN t.first AND t.last
"""  # noqa: S608  # Text of ours.


class Inputs(NamedTuple):
    """What every price depends on beside its rules and its offer."""

    vat_percent: Decimal
    payment_fee: PaymentFee


class Statement(NamedTuple):
    """SQL that makes a table of what is decided, and the columns that it needs beside _OF_EVERY."""

    text: str
    kept: tuple[str, ...]


def render_prices(session: Session, parts: Sequence[RuleSetPart], inputs: Inputs, *, now: datetime) -> list[Terms]:
    """Price the variants of the temporary table `touched`, into the temporary table `wanted_price`: a row per listing.

    A row has what a price keeps, the price in force (`former_id`), and whether they differ (`moved`). Returns the terms
    that the listings are priced by. Raises RuleInvalid, FeesTooHigh, ValueError for an unknown VAT scheme.
    """
    return _render(session, TOUCHED, parts, inputs, Statement(_WANTED, _OF_WANTED), now=now)


def render_simulation(session: Session, parts: Sequence[RuleSetPart], inputs: Inputs, *, now: datetime) -> None:
    """Price every variant into the temporary table `simulated_price`: in cents, beside the price in force (`former`).

    `change`: from that, in hundredths of a per cent. Raises as `render_prices`.
    """
    _render(session, EVERYTHING, parts, inputs, Statement(_SIMULATED, ()), now=now)


def _render(session: Session, of: Variants, parts: Sequence[RuleSetPart], inputs: Inputs, statement: Statement, *,
            now: datetime) -> list[Terms]:  # fmt: skip
    session.execute(text("DROP TABLE IF EXISTS candidate, not_offered, term, wanted_price, simulated_price"))
    session.execute(text("SET LOCAL work_mem = '128MB'"))
    classes = Classes(rule for part in parts for _channel, rule in part.rules)
    offers = _candidates(session, of, classes, now=now)
    rows = list(_terms(parts, classes, _classes(session), inputs))
    size = arithmetic.Size.of(row.parameters for row in rows)
    names = _copy_terms(session, rows, size)
    session.execute(text("ANALYZE term (part, class, channel_id)"))
    vat, payment = scaled(inputs.vat_percent), scaled(inputs.payment_fee.percent)
    chain = arithmetic.Chain(size, vat=vat, payment=payment)
    source = _OFFERS_BESIDE_TERMS.format(terms=", ".join(f"t.{name}" for name in names))
    with hash_joins(session) if offers > MANY else nullcontext():
        query = chain.query(source, keep=(*_OF_EVERY, *statement.kept))
        kept = "".join(f", {name}" for name in statement.kept)
        run = statement.text.format(chain=query, kept=kept, vat=chain.vat_in("final"))
        session.execute(text(run), {"now": now})
    return list({row.key: row.terms for row in rows if row.channel_id != EVERY_CHANNEL}.values())


def _candidates(session: Session, of: Variants, classes: Classes, *, now: datetime) -> int:
    """Fill the temporary table `candidate`; returns how many there are."""

    def run(statement: str, variants: str) -> int:
        filled = statement.format(variants=variants, sellable=SELLABLE_OFFER, pin=PIN, **classes.terms())
        done = session.execute(text(filled), {"now": now, **classes.parameters})
        return done.rowcount  # type: ignore[attr-defined, no-any-return]

    found = run(_CANDIDATES, of.variants)
    session.execute(text(_NOT_OFFERED.format(pieces=of.pieces)))
    if session.execute(text("SELECT EXISTS (SELECT 1 FROM not_offered)")).scalar_one():
        found += run(_LEFT_OVER, "not_offered t JOIN variant v ON v.id = t.variant_id")
    return found


def _classes(session: Session) -> list[int]:
    """The classes of the candidates. Raises ValueError for a VAT scheme that nobody decided."""
    rows = session.execute(text("SELECT DISTINCT class, vat_scheme FROM candidate")).all()
    for row in rows:
        if row.vat_scheme not in SCHEMES:
            raise ValueError(f"unknown VAT scheme {row.vat_scheme!r}")
    return sorted({row[0] for row in rows})


class _TermRow(NamedTuple):
    """The terms of a class of facts, for the products in buckets `first` to `last` of a storefront."""

    part: int
    channel_id: int
    first: int
    last: int
    number: int
    key: uuid.UUID
    terms: Terms
    parameters: Parameters


def _terms(parts: Sequence[RuleSetPart], classes: Classes, numbers: Sequence[int],
           inputs: Inputs) -> Iterator[_TermRow]:  # fmt: skip
    """Each rule is read once, and the same rules make the same terms, whatever the class and the storefront."""
    facts = {class_: classes.facts(class_) for class_ in numbers}
    for number, part in enumerate(parts):
        rules = [(channel, read(rule)) for channel, rule in part.rules]
        known: dict[tuple[int, ...], tuple[uuid.UUID, Terms, Parameters]] = {}
        for class_ in numbers:
            fitting = [place for place, (_channel, rule) in enumerate(rules) if applies(rule.rule, facts[class_])]
            for share in ((EVERY_CHANNEL, 0, BUCKETS - 1), *part.shares):
                mine = tuple(place for place in fitting if rules[place][0] in (None, share[0]))
                if mine not in known:
                    terms = Terms(winning(rules[place][1] for place in mine), *inputs)
                    known[mine] = (terms.key(), terms, terms.parameters())
                yield _TermRow(number, *share, class_, *known[mine])


@contextmanager
def hash_joins(session: Session) -> Iterator[None]:
    """For many rows in temporary tables of which PostgreSQL knows nothing: hashing whole tables is never far off."""
    session.execute(text("SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off"))
    yield
    session.execute(text("SET LOCAL enable_nestloop TO DEFAULT; SET LOCAL enable_mergejoin TO DEFAULT"))


def _copy_terms(session: Session, rows: Sequence[_TermRow], size: arithmetic.Size) -> list[str]:
    """Fill the temporary table `term`, and return the names of its parameters.

    Lists are numbered columns, since reading an array again and again is slow.
    """
    columns = {name: "float8" if name in _FLOATS else "bigint" for name in _NUMBERS}
    for at in range(1, size.shares + 1):
        columns |= {f"share_eur_{at}": "bigint", f"share_percent_{at}": "bigint"}
    for at in range(1, size.brackets + 1):
        columns |= {f"{name}_{at}": "bigint" for name in Bracketed._fields}
    typed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    made = f"CREATE TEMP TABLE term (part int, channel_id bigint, first int, last int, class bigint, key uuid, {typed})"
    session.execute(text(made + " ON COMMIT DROP"))
    copy_rows(session, "term", ("part", "channel_id", "first", "last", "class", "key", *columns),
              ((*row[:6], *_columns(row.parameters, size)) for row in rows))  # fmt: skip
    return list(columns)


def _columns(parameters: Parameters, size: arithmetic.Size) -> Iterator[object]:
    """Unused shares are zero; unused brackets stand before the last, and no amount is in them."""
    yield from parameters[: len(_NUMBERS)]
    for eur, percent in (*parameters.shares, *((0, 0),) * (size.shares - len(parameters.shares))):
        yield from (eur, percent)
    *closed, top = parameters.family
    for bracket in (*closed, *(_UNUSED,) * (size.brackets - len(parameters.family)), top):
        yield from bracket


_UNUSED = Bracketed(None, 0, 1, 0, None, None)
