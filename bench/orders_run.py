"""A poll of one storefront in a process of its own, so that its memory is its own: `python -m bench.orders_run`.

Prints one JSON object: seconds of the first poll and of a second one, orders stored, and the peak memory in MB.
"""

from __future__ import annotations

import json
import time

import sqlalchemy as sa

from app import clock, create_app
from app.db import transaction
from app.flows import services as flows
from app.orders.models import Order
from app.process import settle_in
from bench.listings_sync import CHANNEL
from bench.report import peak_mb
from jobs import ledger, shops

FLOW = "shopware.orders.portal"


def poll() -> float:
    """Seconds of a poll; it must have gone well."""
    now = clock.now()
    with transaction() as session:
        flows.receive(session, FLOW, key="poll", delivery_id=f"poll:{now.isoformat()}", channel=CHANNEL,
                      body={"act": "poll"}, now=now)  # fmt: skip
    started = time.perf_counter()
    ledger.drain(FLOW)
    seconds = time.perf_counter() - started
    with transaction() as session:
        states = session.execute(sa.text("SELECT DISTINCT state FROM message WHERE key = 'poll'")).scalars().all()
    assert set(states) <= {"delivered", "unchanged"}, states
    return seconds


def main() -> None:
    app = create_app()
    with app.app_context():
        shops.client(CHANNEL).version()  # Signed in, as a worker is.
        settle_in(short_turns=True)
        seconds, again = poll(), poll()
        with transaction() as session:
            orders = session.execute(sa.select(sa.func.count(Order.id))).scalar_one()
    print(json.dumps({"seconds": seconds, "again_seconds": again, "orders": orders, "peak_mb": peak_mb()}))


if __name__ == "__main__":
    main()
