"""What a rule set would do if it priced every listing: counted, without changing anything."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.db import Json
from app.extensions import settings
from app.pricing.prices import price_inputs
from app.pricing.queries import whole_assortment
from app.pricing.rendering import hash_joins, render_simulation

MOVERS = 15  # Shown in each direction.
STEPS = (-20, -10, -5, 0, 5, 10, 20)  # Per cent: the edges of the histogram.

HISTOGRAM = ", ".join(
    f"count(*) FILTER (WHERE w.gross <> w.former AND w.change >= {low} AND w.change < {high})"
    for low, high in pairwise((-(10**9), *(100 * step for step in STEPS), 10**18))
)
_OF_CHANNELS = text(f"""
    SELECT c.code, c.name, count(w.variant_id) AS listings,
           count(*) FILTER (WHERE w.gross <> w.former) AS changed,
           count(*) FILTER (WHERE w.gross > w.former) AS dearer,
           count(*) FILTER (WHERE w.gross < w.former) AS cheaper,
           count(*) FILTER (WHERE w.former IS NULL AND w.gross IS NOT NULL) AS first,
           count(*) FILTER (WHERE w.gross < w.floor) AS below_floor,
           count(*) FILTER (WHERE w.former < w.floor AND NOT w.below_floor_agreed) AS lifted,
           count(*) FILTER (WHERE w.ladder IS NOT NULL AND NOT w.withheld) AS clamped,
           count(*) FILTER (WHERE w.withheld) AS withheld,
           count(*) FILTER (WHERE w.withheld AND NOT w.formerly_withheld) AS withheld_anew,
           count(*) FILTER (WHERE abs(w.change) > 100 * :outlier) AS outliers,
           0.01 * COALESCE(sum(w.pieces * w.former), 0) AS value_before,
           0.01 * COALESCE(sum(w.pieces * w.gross) FILTER (WHERE w.former IS NOT NULL), 0) AS value_after,
           ARRAY[{HISTOGRAM}] AS histogram
    FROM channel c LEFT JOIN simulated_price w ON w.channel_id = c.id
    WHERE c.active GROUP BY c.id ORDER BY c.position
""")  # noqa: S608  # Numbers of this module.
# Prices that would fall, and were lower than today's within the days before: today's may not be struck through.
_STRIKES = text("""
    SELECT count(*) FROM simulated_price w
    WHERE w.gross < w.former AND EXISTS (
      SELECT 1 FROM price p WHERE p.variant_id = w.variant_id AND p.channel_id = w.channel_id
      AND p.valid_until > :since AND NOT p.withheld AND p.gross < 0.01 * w.former)
""")
_MOVERS = text("""
    SELECT w.variant_id, v.sku, v.name, v.grade, h.name AS channel, 0.01 * w.former AS old, 0.01 * w.gross AS new,
           round(0.01 * w.change, 1) AS percent, 0.01 * w.floor AS floor, w.pieces, w.withheld, s.low
    FROM (SELECT * FROM simulated_price WHERE CAST(:way AS int) * (gross - former) > 0
          ORDER BY abs(change) DESC, variant_id, channel_id LIMIT :movers) w
    JOIN variant v ON v.id = w.variant_id JOIN channel h ON h.id = w.channel_id
    CROSS JOIN LATERAL (
      SELECT min(p.gross) AS low FROM price p
      WHERE w.gross < w.former AND p.variant_id = w.variant_id AND p.channel_id = w.channel_id
        AND p.valid_until > :since AND NOT p.withheld AND p.gross < 0.01 * w.former) s
    ORDER BY abs(w.change) DESC, w.variant_id, w.channel_id
""")
_WITHHELD = text("""
    SELECT w.variant_id, v.sku, v.name, v.grade, h.name AS channel, 0.01 * w.gross AS gross, 0.01 * w.floor AS floor,
           0.01 * w.ladder AS ladder, w.pieces
    FROM (SELECT * FROM simulated_price WHERE withheld AND NOT COALESCE(formerly_withheld, false) AND pieces > 0
          ORDER BY pieces * gross DESC, variant_id, channel_id LIMIT :movers) w
    JOIN variant v ON v.id = w.variant_id JOIN channel h ON h.id = w.channel_id
    ORDER BY w.pieces * w.gross DESC, w.variant_id, w.channel_id
""")


def simulate(session: Session, rule_set_id: int, *, now: datetime) -> Json:
    """Price every listing by the rule set and compare with the prices in force; amounts are EUR, as text.

    `effect_eur`: by how much the stock would be worth more, on the storefront where that is most. Raises UnknownRate,
    RuleInvalid, FeesTooHigh.
    """
    started = time.perf_counter()
    render_simulation(session, whole_assortment(session, rule_set_id), price_inputs(session, now=now), now=now)
    config = settings()
    outlier, since = config.price_outlier_percent, now - timedelta(days=config.low_price_days)
    channels = [_plain(row) for row in session.execute(_OF_CHANNELS, {"outlier": outlier}).mappings()]
    return {**_summed(channels), "outlier_percent": outlier, **_lists(session, since=since),
            "seconds": round(time.perf_counter() - started, 2), "at": now.isoformat()}  # fmt: skip


def _summed(channels: list[Json]) -> Json:
    counted = ("listings", "changed", "dearer", "cheaper", "first", "below_floor", "lifted", "clamped", "withheld",
               "withheld_anew", "outliers")  # fmt: skip
    totals: Json = {name: sum(channel[name] for channel in channels) for name in counted}
    effects = [Decimal(channel["value_after"]) - Decimal(channel["value_before"]) for channel in channels]
    share = Decimal(100 * totals["changed"]) / totals["listings"] if totals["listings"] else Decimal(0)
    return {
        **totals,
        "share_percent": str(round(share, 1)),
        "effect_eur": str(max(effects, key=abs, default=Decimal(0))),
        "histogram": [sum(counts) for counts in zip(*(channel.pop("histogram") for channel in channels), strict=True)],
        "channels": channels,
    }


def _lists(session: Session, *, since: datetime) -> Json:
    def listed(statement: Any, **values: object) -> list[Json]:
        return [_plain(row) for row in session.execute(statement, {"movers": MOVERS, **values}).mappings()]

    with hash_joins(session):
        strikes = session.execute(_STRIKES, {"since": since}).scalar_one()
    return {
        "strikes": strikes,
        "up": listed(_MOVERS, way=1, since=since),
        "down": listed(_MOVERS, way=-1, since=since),
        "held_back": listed(_WITHHELD),
    }


def _plain(row: Any) -> Json:
    """Amounts as text, so that they stay what they are in JSON."""
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in row.items()}
