"""`orders-list`: pages of the list of orders at 10,000 and at 1,000,000 orders, sorted, narrowed, deep.

Ours is the whole answer: session, rights, options of the filters, rows, total, HTML, through the application. The peer
is what a list is made of otherwise, Flask-SQLAlchemy's own `paginate` (OFFSET and count) of the last page over the same
table, without a page around it. `growth`: our median at a million, as times of the one at ten thousand.
"""

from __future__ import annotations

import statistics
import time
from urllib.parse import urlencode

import sqlalchemy as sa
from flask import g

from app import clock
from app.auth import services as accounts
from app.auth.sessions import cookie_name
from app.db import db, transaction
from app.extensions import settings
from app.lists import queries
from app.lists.state import state_of
from app.orders.listing import ORDERS
from app.orders.models import Order
from bench.many_orders import refill
from bench.report import Report
from bench.world import World, world

SMALL, LARGE = 10_000, 1_000_000
ROUNDS = 25
GROWTH_AT_MOST, P95_MS, DEEP_BAR = 1.3, 300.0, 20.0
# Each of these is asked for; `deep` is where nine tenths of the list lie before the page.
MIXES: tuple[dict[str, str], ...] = (
    {}, {"sort": "-total"}, {"sort": "customer"}, {"sort": "-number"}, {"deep": "1"}, {"deep": "1", "sort": "customer"},
    {"deep": "1", "payment": "paid"}, {"payment": "open"}, {"country": "LU"}, {"country": "LU", "sort": "-total"},
    {"payment": "open", "state": "cancelled", "sort": "customer"}, {"delivery": "shipped", "state": "cancelled"},
    {"total": "100..110", "sort": "-total"}, {"age": "30..", "channel": "econocom"}, {"grade": "A"},
    {"method": "Riverty", "country": "NL,BE"}, {"only": "short"}, {"q": "10432"}, {"q": "c77@example.com"},
)  # fmt: skip


def measure() -> Report:
    """The same pages at both sizes."""
    with world() as here:
        token = _agent()
        small = _pages(here, SMALL, token)
        large = _pages(here, LARGE, token)
        peer = _peer()
    every_small = [ms for times in small.values() for ms in times]
    every_large = [ms for times in large.values() for ms in times]
    p50, p50_small = statistics.median(every_large), statistics.median(every_small)
    worst = {mix: _p95(times) for mix, times in large.items()}
    slowest = max(worst, key=lambda mix: worst[mix])
    deep = statistics.median(large["deep=1"])
    growth, ratio = p50 / p50_small, peer / deep
    return Report(
        name="orders-list", ours=p50, peer=peer, ratio=ratio,
        bar=f"p50 <= {GROWTH_AT_MOST}x of ten thousand, every p95 < {P95_MS:.0f} ms, deep >= {DEEP_BAR:.0f}x paginate",
        ok=growth <= GROWTH_AT_MOST and worst[slowest] < P95_MS and ratio >= DEEP_BAR,
        detail={
            "unit": "ms per page", "orders": LARGE, "p50_of_ten_thousand": p50_small, "growth": growth,
            "p95": _p95(every_large), "slowest": slowest, "slowest_p95": worst[slowest], "deep_p50": deep,
            "p50_by_mix": {mix: statistics.median(times) for mix, times in large.items()},
        },
    )  # fmt: skip


def _agent() -> str:
    """The token of somebody who is signed in."""
    with transaction() as session:
        user_id = accounts.add_user(session, email="agent@example.com", name="Agent", role="agent",
                                    password="correct horse battery staple")  # noqa: S106  # fmt: skip
        return accounts.open_session(session, user_id, network="127.0.0.1", agent="bench", now=clock.now(),
                                     settings=settings())  # fmt: skip


def _pages(here: World, count: int, token: str) -> dict[str, list[float]]:
    """Milliseconds of each page, by what it asks for."""
    refill(count)
    addresses = {urlencode(mix): _address(mix) for mix in MIXES}
    browser = here.app.test_client()
    browser.set_cookie(cookie_name(), token, domain="localhost")
    taken: dict[str, list[float]] = {mix: [] for mix in addresses}
    for round_ in range(ROUNDS + 3):
        for mix, address in addresses.items():
            for name in tuple(g):  # Each request finds its own person and counts.
                g.pop(name)
            started = time.perf_counter()
            answer = browser.get(address)
            ms = 1000 * (time.perf_counter() - started)
            assert answer.status_code == 200, address
            if round_ >= 3:  # The first ones fill caches.
                taken[mix].append(ms)
    return taken


def _address(mix: dict[str, str]) -> str:
    args = {name: text for name, text in mix.items() if name != "deep"}
    if "deep" in mix:
        with transaction() as session:
            state, options = state_of(ORDERS, args), ORDERS.options(session)
            count = session.execute(sa.select(sa.func.count(Order.id))).scalar_one()
            rows = queries.rows_of(ORDERS, state, options, now=clock.now()).offset(count * 8 // 10).limit(1)
            args["after"] = queries.cursor_text(session.execute(rows).one())
    return "/orders/?" + urlencode(args)


def _peer() -> float:
    """The median of the last page."""
    taken = []
    for _round in range(7):
        started = time.perf_counter()
        found = db.paginate(sa.select(Order).order_by(Order.placed_at.desc()), page=LARGE * 8 // 10 // 50, per_page=50)
        assert len(found.items) == 50
        taken.append(1000 * (time.perf_counter() - started))
        db.session.remove()
    return statistics.median(taken)


def _p95(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.95)]
