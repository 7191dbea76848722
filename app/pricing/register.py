"""The register of the margin scheme: per period and rate what was sold, what it cost, and the VAT on the difference.

*Globalisation*: the margins of a period are summed; a negative sum gives no refund, and is carried into the periods
that follow. *Individual*: each line by itself, and a loss counts as zero. Both per VAT rate. Purchases are those of the
pieces that were sold. What an accountant has to confirm is in `docs/operations.md`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.extensions import settings
from app.pricing.vat import in_cents, in_euros, vat_share

ZERO = Decimal("0.00")


class Sums(NamedTuple):
    """The lines of a period under one scheme and rate. EUR.

    `line_taxable` and `line_vat`: each line by itself, a loss as zero, VAT rounded per line; a return takes back what
    its sale added.
    """

    period: date  # Its first day.
    scheme: str
    percent: Decimal
    pieces: int
    sales: Decimal
    purchases: Decimal
    line_taxable: Decimal
    line_vat: Decimal


class Entry(NamedTuple):
    """A line of the register. EUR; `carried_in` and `carried_out` are margins not above 0.

    `taxable`: of the margin scheme what VAT is in; of regular VAT the sales.
    """

    period: date
    scheme: str
    percent: Decimal
    pieces: int
    sales: Decimal
    purchases: Decimal
    margin: Decimal
    carried_in: Decimal
    taxable: Decimal
    vat: Decimal
    carried_out: Decimal


def entries(sums: Iterable[Sums], *, method: str) -> list[Entry]:
    """The register, oldest period first. `method`: globalisation or individual."""
    carried: dict[Decimal, Decimal] = {}
    return list(_entries(sorted(sums), carried, summed=method == "globalisation"))


def _entries(sums: Iterable[Sums], carried: dict[Decimal, Decimal], *, summed: bool) -> Iterator[Entry]:
    for one in sums:
        margin = one.sales - one.purchases
        if one.scheme == "regular" or not summed:
            yield Entry(*one[:6], margin, ZERO, one.line_taxable, one.line_vat, ZERO)
        else:
            came = carried.get(one.percent, ZERO)
            taxable = max(ZERO, margin + came)
            goes = carried[one.percent] = min(ZERO, margin + came)
            vat = in_euros(vat_share(one.percent).of(in_cents(taxable)))
            yield Entry(*one[:6], margin, came, taxable, vat, goes)


_SUMS = text("""
    SELECT make_date(date_part('year', sold_on)::int,
                     (date_part('month', sold_on)::int - 1) / :months * :months + 1, 1) AS period,
           vat_scheme, vat_percent, sum(quantity), sum(quantity * gross), sum(quantity * purchase),
           sum(sign(quantity::numeric) * taxable),
           sum(sign(quantity::numeric) * round(taxable * vat_percent / (100 + vat_percent), 2))
    FROM sold_line CROSS JOIN LATERAL (
      SELECT abs(quantity) * CASE vat_scheme WHEN 'margin' THEN GREATEST(0, gross - purchase) ELSE gross END AS taxable
    ) t
    GROUP BY 1, 2, 3
""")


def register(session: Session) -> list[Entry]:
    """Every period in which something was sold, oldest first: all of them, since each follows from those before."""
    config = settings()
    rows = session.execute(_SUMS, {"months": config.vat_period_months})
    return entries((Sums._make(row) for row in rows), method=config.margin_method)


def end_of(period: date) -> date:
    """The first day of the next period."""
    months = period.month - 1 + settings().vat_period_months
    return date(period.year + months // 12, months % 12 + 1, 1)
