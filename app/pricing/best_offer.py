"""Which offer a variant is bought by, and what decided it. Pure.

An offer that a person pinned comes first. Then the order is lexicographic, each step deciding only between equals:
the least landed cost (in EUR at the ECB rate of the list's day, with the inbound cost of the rules), the shorter lead
time, the more reliable supplier, the margin scheme before regular VAT (at equal cost less of the sale is due as VAT),
the older supplier, the older offer. The grade decides nothing: only offers of the variant's own grade are sellable.

`app.pricing.ranking` reads the candidates of some variants; `app.pricing.rendering` has the same order as SQL.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple, Protocol

from app.pricing.rules import AGES, Effective, Facts, Rule, effective


class Candidate(NamedTuple):
    """A sellable offer with what rules may ask about it. Amounts are EUR; `reference`: new, VAT included."""

    variant_id: int
    offer_id: int
    price_eur: Decimal
    vat_scheme: str
    supplier_id: int
    supplier: str
    lead_time_days: int
    brand: str
    category: str
    grade: str
    reference: Decimal | None
    reliability: int = 80  # Of the supplier, 0 to 100.
    pinned: bool = False  # A person said that it is to be bought.
    age: str = AGES[0]  # Of the variant's stock.

    @property
    def facts(self) -> Facts:
        return Facts(self.brand, self.category, self.grade, self.supplier, self.vat_scheme, self.age)


class RuleBook:
    """A rule set that answers for the same facts only once: many offers share theirs."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._known: dict[Facts, Effective] = {}

    def of(self, facts: Facts) -> Effective:
        """The rules that win for the facts. Raises RuleInvalid."""
        found = self._known.get(facts)
        if found is None:
            found = self._known[facts] = effective(self._rules, facts)
        return found


def best_offers(candidates: Iterable[Candidate], rules: Sequence[Rule]) -> list[Candidate]:
    """The best offer of each variant, by variant. `rules` say what it costs to bring a piece to us."""
    best: dict[int, Ranked] = {}
    for entry in _with_cost(candidates, rules):
        known = best.get(entry.offer.variant_id)
        if known is None or entry.rank < known.rank:
            best[entry.offer.variant_id] = entry
    return [best[variant_id].offer for variant_id in sorted(best)]


class Ranked(NamedTuple):
    """An offer with its landed cost in EUR."""

    offer: Candidate
    landed: Decimal

    @property
    def rank(self) -> tuple[bool, Decimal, int, int, bool, int, int]:
        """The least is the best."""
        offer = self.offer
        return (not offer.pinned, self.landed, offer.lead_time_days, -offer.reliability, offer.vat_scheme != "margin",
                offer.supplier_id, offer.offer_id)  # fmt: skip


def ranked(candidates: Iterable[Candidate], rules: Sequence[Rule]) -> list[Ranked]:
    """All offers, by variant, the best first."""
    return sorted(_with_cost(candidates, rules), key=lambda entry: (entry.offer.variant_id, entry.rank))


def _with_cost(candidates: Iterable[Candidate], rules: Sequence[Rule]) -> Iterator[Ranked]:
    book = RuleBook(rules)
    for offer in candidates:
        yield Ranked(offer, book.of(offer.facts).landed(offer.price_eur))


class Comparable(Protocol):
    """What a decision asks of an offer."""

    @property
    def landed(self) -> Decimal: ...
    @property
    def lead_time_days(self) -> int: ...
    @property
    def reliability(self) -> int: ...
    @property
    def vat_scheme(self) -> str: ...
    @property
    def pinned(self) -> bool: ...


class Decision(NamedTuple):
    """Why the best offer was chosen. `step`: pin, only, landed, lead_time, reliability, vat_scheme or age.

    `difference` to the runner-up is EUR for `landed` and `pin` (negative: the pinned one costs more), days for
    `lead_time`, points for `reliability`, else 0.
    """

    step: str
    difference: Decimal


def decision(best: Comparable, runner_up: Comparable | None) -> Decision:
    """The first step at which the best offer and the next one differ."""
    if runner_up is None:
        return Decision("pin" if best.pinned else "only", Decimal(0))
    steps = (
        ("landed", runner_up.landed - best.landed),
        ("lead_time", Decimal(runner_up.lead_time_days - best.lead_time_days)),
        ("reliability", Decimal(best.reliability - runner_up.reliability)),
        ("vat_scheme", Decimal(best.vat_scheme != runner_up.vat_scheme)),
    )
    if best.pinned:
        return Decision("pin", runner_up.landed - best.landed)
    for step, difference in steps:
        if difference:
            return Decision(step, difference if step != "vat_scheme" else Decimal(0))
    return Decision("age", Decimal(0))
