"""SQL text for the chain of the engine: whole cents as bigint, percentages and EUR of rules in ten-thousandths.

The names in it are columns of the chosen offer and of its terms (`app.pricing.terms.Parameters`, its lists as numbered
columns). PostgreSQL's division cuts towards zero, so that half up is (n + half) / whole for numbers not below zero.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from app.pricing.terms import Parameters

WHOLE = 1_000_000  # Of a percentage in ten-thousandths: 100 %.


def _part(numerator: str) -> str:
    """A millionth of a number that is not negative, half up: what a percentage in ten-thousandths takes."""
    return f"({numerator} + {WHOLE // 2}) / {WHOLE}"


def _cost(eur: str, percent: str) -> str:
    """Cents of a cost: EUR and a share of the offer's price, rounded together."""
    return _part(f"10000 * {eur} + purchase * {percent}")


LANDED = f"purchase + {_cost('inbound_eur', 'inbound_percent')}"  # With what it costs to bring the piece to us.


def _above(leaving: str) -> str:
    """A price from which on every price leaves at least `leaving`: the solved one, and what roundings may move it.

    Floats are near enough: the walk down from here is exact.
    """
    net = f"(base + {leaving})"
    solved = f"""CASE WHEN {net} <= untaxed * per_untaxed THEN {net} / per_untaxed
                      ELSE ({net} - untaxed * per_vat) / per_taxed END"""
    return f"ceil({solved} + away)::bigint"


def _up(amount: str, at: int) -> str:
    """The least member of the family that is not below an amount of bracket `at`."""
    member = f"((GREATEST({amount}, low_{at}) + minus_{at} + step_{at} - 1) / step_{at} * step_{at} - minus_{at})"
    member = f"({member} + CASE WHEN {member} <= low_{at} THEN step_{at} ELSE 0 END)"
    return f"CASE WHEN {member} > high_{at} THEN next_{at} ELSE {member} END"


def _down(amount: str, at: int) -> str:
    """The greatest member that is not above an amount of bracket `at`; NULL below the first."""
    member = f"(({amount} + minus_{at}) / step_{at} * step_{at} - minus_{at})"
    return f"CASE WHEN {member} > low_{at} THEN {member} ELSE previous_{at} END"


class Size(NamedTuple):
    """What a query must be able to hold: the most of each that any terms have."""

    shares: int  # Costs that depend on the offer.
    walk: int
    brackets: int

    @classmethod
    def of(cls, parameters: Iterable[Parameters]) -> Size:
        """At least one bracket and a step of the walk, so that there is something to write down."""
        every = list(parameters)
        return cls(
            shares=max((len(one.shares) for one in every), default=0),
            walk=max((one.walk for one in every), default=1),
            brackets=max((len(one.family) for one in every), default=1),
        )


class Chain(NamedTuple):
    """The chain for terms of a size. `vat`, `payment`: per cent of every price, in ten-thousandths."""

    size: Size
    vat: int
    payment: int

    def vat_in(self, gross: str) -> str:
        """VAT in a price of which `untaxed` cents are not taxed."""
        whole = WHOLE + self.vat
        return f"(GREATEST({gross} - untaxed, 0) * {2 * self.vat} + {whole}) / {2 * whole}"

    def _left(self, gross: str) -> str:
        """What a sale leaves after VAT, both fees and every cost."""
        payment, channel = _part(f"{gross} * {self.payment}"), _part(f"{gross} * channel")
        return f"{gross} - {self.vat_in(gross)} - {payment} - {channel} - base"

    def _least(self, above: str, leaving: str) -> str:
        """The least price from which on every price leaves `leaving`: down from `above`, cent by cent."""
        steps = " ".join(
            f"WHEN {self._left(f'({above} - {cents})')} < {leaving} THEN {above} - {cents - 1}"
            for cents in range(1, self.size.walk + 1)
        )
        return f"CASE {steps} END"

    def _in_family(self, amount: str, way: Callable[[str, int], str]) -> str:
        """`_up` or `_down` in the bracket that holds the amount. Unused brackets have no `high`: none is in them."""
        last = self.size.brackets
        cases = " ".join(f"WHEN {amount} <= high_{at} THEN {way(amount, at)}" for at in range(1, last))
        return f"(CASE {cases} ELSE {way(amount, last)} END)" if cases else f"({way(amount, last)})"

    def query(self, source: str, *, keep: Iterable[str]) -> str:
        """A query over `source`, offers beside their terms, with the columns `keep`: its own, and what is worked out.

        That is `landed`, `untaxed`, `floor` and `gross`.
        """
        return _nested(source, self._steps(), keep=set(keep))

    def _steps(self) -> list[dict[str, str]]:
        costs = (_cost(f"share_eur_{at}", f"share_percent_{at}") for at in range(1, self.size.shares + 1))
        wish = "(GREATEST(base * margin_percent, 10000 * margin_least) + 10000 * margin_eur)"
        nearest = "CASE WHEN above - wanted > wanted - below THEN below ELSE above END"
        under_ceiling = f"COALESCE({self._in_family('ceiling_at', _down)}, ceiling_at)"
        from_floor = self._in_family("floor", _up)
        return [
            {
                "landed": LANDED,
                "base": " + ".join(("purchase + fixed", *costs)),
                "untaxed": "CASE vat_scheme WHEN 'margin' THEN purchase WHEN 'regular' THEN 0 END",
            },
            {"leaving": f"CASE WHEN {wish} >= 0 THEN {_part(wish)} ELSE GREATEST(-({_part(f'-{wish}')}), -base) END"},
            {"above_floor": _above("0"), "above_wanted": _above("leaving")},
            {
                "floor": self._least("above_floor", "0"),
                "wanted": self._least("above_wanted", "leaving"),
                "ceiling_at": _part("reference * ceiling"),
            },
            {"above": self._in_family("wanted", _up), "below": self._in_family("wanted", _down)},
            {"rounded": f"CASE WHEN {nearest} > ceiling_at THEN {under_ceiling} ELSE {nearest} END"},
            {"gross": f"CASE WHEN rounded >= floor THEN rounded ELSE {from_floor} END"},
        ]


def _nested(source: str, steps: Sequence[Mapping[str, str]], *, keep: set[str]) -> str:
    """Subqueries one inside the other, each with the columns that the ones around it use; `source` has all of `keep`.

    OFFSET 0 keeps a column from being worked out again wherever it is used. The same as lateral joins side by side
    takes four times as long, and columns that nobody uses any more a fifth of the time.
    """
    query = source
    for place, step in enumerate(steps):
        later = " ".join(text for after in steps[place + 1 :] for text in after.values())
        made = {name for before in steps[place + 1 :] for name in before}
        used = {*_NAME.findall(_LITERAL.sub("", later)), *keep} - made - _FUNCTIONS
        columns = ", ".join((*sorted(used - set(step)), *(f"{text} AS {name}" for name, text in step.items())))
        query = f"SELECT {columns} FROM ({query} OFFSET 0) s"  # noqa: S608  # Text of this module.
    return query


_NAME = re.compile(r"\b[a-z][a-z_0-9]*\b")
_LITERAL = re.compile("'[^']*'")
_FUNCTIONS = {"bigint", "ceil"}
