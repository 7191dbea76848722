"""`python -m bench NAME`: run measurements, each of which prints one JSON object. Exit 1 when a bar is not reached."""

from __future__ import annotations

import argparse
import logging
import sys
from importlib import import_module

from bench.report import Report

NAMES = {
    "listings-sync": ("bench.listings_sync", "measure"),
    "million": ("bench.million", "measure"),
    "offers-100k": ("bench.offers", "measure"),
    "offers-again": ("bench.offers", "measure_again"),
    "order-page": ("bench.order_page", "measure"),
    "orders-export": ("bench.orders_export", "measure"),
    "orders-in": ("bench.orders_in", "measure"),
    "orders-list": ("bench.orders_list", "measure"),
    "poll": ("bench.poll", "measure"),
    "reprice": ("bench.reprice", "measure"),
    "search": ("bench.search", "measure"),
    "webhook": ("bench.webhook", "measure"),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=sorted(NAMES))
    logging.disable(logging.WARNING)  # The peer logs each request; the terminal is for the answer.
    module, function = NAMES[parser.parse_args().name]
    found = getattr(import_module(module), function)()
    ok = True
    for report in [found] if isinstance(found, Report) else found:
        print(report.line(), flush=True)
        ok = ok and report.ok
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
