"""`million`: everything that is measured over a million orders, over the same ones: they take minutes to make."""

from __future__ import annotations

from collections.abc import Iterator

from bench import order_page, orders_list, search, webhook
from bench.report import Report
from bench.world import world


def measure() -> Iterator[Report]:
    """The list makes the orders; the last one adds messages to them."""
    with world() as here:
        yield from (bench.measured(here) for bench in (orders_list, search, order_page, webhook))
