"""What a listing cost before, and what a reduction may be measured against.

EU price indication: beside a reduced price stands the lowest price of the 30 days *before* the reduction began. Each
reduction is measured by itself: of several in a row only the latest counts, so that the price is never stated too high.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session


class Version(NamedTuple):
    """A price of a listing from `valid_from` to `valid_until` (None: in force). EUR. `override`: why it was named."""

    id: int
    channel_id: int
    channel: str
    gross: Decimal
    net: Decimal
    floor: Decimal
    landed_cost: Decimal
    vat_scheme: str
    supplier: str | None
    withheld: bool
    override: str | None
    valid_from: datetime
    valid_until: datetime | None


class Reduction(NamedTuple):
    """`lowest`: what may be struck through beside the present price; None: nothing was shown in those days."""

    began: datetime
    lowest: Decimal | None


_VERSIONS = text("""
    SELECT p.id, p.channel_id, c.name, p.gross, p.net, p.floor, p.landed_cost, p.vat_scheme, s.name, p.withheld,
           o.reason, p.valid_from, p.valid_until
    FROM (SELECT *, row_number() OVER (PARTITION BY channel_id ORDER BY valid_from DESC, id DESC) AS place
          FROM price WHERE variant_id = :variant_id) p
    JOIN channel c ON c.id = p.channel_id LEFT JOIN price_override o ON o.id = p.override_id
    LEFT JOIN offer f ON f.id = p.offer_id LEFT JOIN supplier s ON s.id = f.supplier_id
    WHERE p.place <= :limit OR p.valid_until > :since
    ORDER BY c.position, p.valid_from DESC, p.id DESC
""")


def versions(session: Session, variant_id: int, *, limit: int, now: datetime, days: int) -> dict[str, list[Version]]:
    """Storefront -> its prices, the latest first: `limit` of them, and whatever was in force within twice `days`."""
    here = {"variant_id": variant_id, "limit": limit, "since": now - timedelta(days=2 * days)}
    found: dict[str, list[Version]] = {}
    for row in session.execute(_VERSIONS, here):
        version = Version._make(row)
        found.setdefault(version.channel, []).append(version)
    return found


def reduction(latest_first: Sequence[Version], *, days: int) -> Reduction | None:
    """The reduction that the present price is, with the lowest price of the days before; None: it is none.

    Prices that were withheld were not shown, and do not count.
    """
    shown = [version for version in latest_first if not version.withheld]
    if not shown or shown[0].valid_until is not None:
        return None
    for place, version in enumerate(shown[:-1]):
        if version.gross > shown[place + 1].gross:
            return None
        if version.gross < shown[place + 1].gross:
            return Reduction(version.valid_from, _lowest(shown[place + 1 :], version.valid_from, days=days))
    return None


def _lowest(before: Sequence[Version], began: datetime, *, days: int) -> Decimal | None:
    since = began - timedelta(days=days)
    return min((old.gross for old in before if old.valid_until is not None and old.valid_until > since), default=None)
