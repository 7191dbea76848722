"""Which offer a variant is bought by: the cheapest landed, then the quickest, then the oldest supplier. Pure.

`app.pricing.queries.sellable_offers` reads the candidates of many variants in one statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from app.pricing.rules import Effective, Facts, Rule, effective


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

    @property
    def facts(self) -> Facts:
        return Facts(self.brand, self.category, self.grade, self.supplier, self.vat_scheme)


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
    book = RuleBook(rules)
    best: dict[int, tuple[tuple[Decimal, int, int, int], Candidate]] = {}
    for offer in candidates:
        landed = book.of(offer.facts).landed(offer.price_eur)
        rank = (landed, offer.lead_time_days, offer.supplier_id, offer.offer_id)
        known = best.get(offer.variant_id)
        if known is None or rank < known[0]:
            best[offer.variant_id] = (rank, offer)
    return [best[variant_id][1] for variant_id in sorted(best)]
