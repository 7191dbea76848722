"""`orders-list`: pages of the list of orders at 10,000 and at 1,000,000 orders, sorted, narrowed, deep.

Ours is the whole answer: session, rights, options of the filters, rows, total, HTML, through the application. The peer
is what a list is made of otherwise, Flask-SQLAlchemy's own `paginate` (OFFSET and count) of the last page over the same
table, without a page around it. `growth`: our median at a million, as times of the one at ten thousand.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import psycopg
import sqlalchemy as sa
from flask import Flask

from app import clock, create_app, embedded
from app.auth import services as accounts
from app.auth.sessions import cookie_name_for
from app.db import db, transaction
from app.extensions import settings
from app.lists import queries
from app.lists.state import state_of
from app.orders.listing import ORDERS
from app.orders.models import Order
from app.settings import load_settings
from bench.many_orders import fill
from bench.report import Report
from bench.world import World, world

SMALL, LARGE = 10_000, 1_000_000
ROUNDS, WARM = 15, 3  # The first ones fill caches.
GROWTH_AT_MOST, P95_MS, DEEP_BAR = 1.3, 300.0, 5.0  # The peer makes no page of what it reads.
# Each of these is asked for; `deep` is where nine tenths of the list lie before the page.
MIXES: tuple[dict[str, str], ...] = (
    {}, {"sort": "-total"}, {"sort": "customer"}, {"sort": "-number"}, {"deep": "1"}, {"deep": "1", "sort": "customer"},
    {"deep": "1", "payment": "paid"}, {"payment": "open"}, {"country": "LU"}, {"country": "LU", "sort": "-total"},
    {"payment": "open", "state": "cancelled", "sort": "customer"}, {"delivery": "shipped", "state": "cancelled"},
    {"total": "100..110", "sort": "-total"}, {"age": "30..", "channel": "econocom"}, {"grade": "A"},
    {"method": "Riverty", "country": "NL,BE"}, {"only": "short"}, {"q": "10432"}, {"q": "c77@example.com"},
)  # fmt: skip


def measure() -> Report:
    """The same pages at both sizes, in turns: two databases, one of them a copy of the other as it was small."""
    with world() as here:
        token = _agent()
        _fill(SMALL)
        small = _copy(here, "iused_small")
        _fill(LARGE)
        with ThreadPoolExecutor(1) as apart:  # Out of this application's context: each request makes its own.
            taken = apart.submit(_taken, [small, here.app], token).result()
        with here.app.app_context():
            peer = _peer()
    few, many = ([ms for times in pages.values() for ms in times] for pages in taken)
    p50, p50_few = statistics.median(many), statistics.median(few)
    worst = {mix: _p95(times) for mix, times in taken[1].items()}
    slowest = max(worst, key=lambda mix: worst[mix])
    deep = statistics.median(taken[1]["deep=1"])
    growth, ratio = p50 / p50_few, peer / deep
    return Report(
        name="orders-list", ours=p50, peer=peer, ratio=ratio,
        bar=f"p50 <= {GROWTH_AT_MOST}x of ten thousand, every p95 < {P95_MS:.0f} ms, deep >= {DEEP_BAR:.0f}x paginate",
        ok=growth <= GROWTH_AT_MOST and worst[slowest] < P95_MS and ratio >= DEEP_BAR,
        detail={
            "unit": "ms per page", "orders": LARGE, "p50_of_ten_thousand": p50_few, "growth": growth,
            "p95": _p95(many), "slowest": slowest, "slowest_p95": worst[slowest], "deep_p50": deep,
            "p50_by_mix": {mix: [statistics.median(pages[mix]) for pages in taken] for mix in worst},
        },
    )  # fmt: skip


def _agent() -> str:
    """The token of somebody who is signed in."""
    with transaction() as session:
        user_id = accounts.add_user(session, email="agent@example.com", name="Agent", role="agent",
                                    password="correct horse battery staple")  # noqa: S106  # fmt: skip
        return accounts.open_session(session, user_id, network="127.0.0.1", agent="bench", now=clock.now(),
                                     settings=settings())  # fmt: skip


def _fill(count: int) -> None:
    with transaction() as session:
        session.execute(sa.text("TRUNCATE shop_order CASCADE"))
        fill(session, count)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE shop_order, order_line, order_key")


def _copy(here: World, name: str) -> Flask:
    """An application on a copy of the database as it is."""
    url = here.environment["DATABASE_URL"]
    db.session.remove()
    db.engine.dispose()
    with psycopg.connect(embedded.with_database(url, "postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE iused")
    return create_app(load_settings(database_url=embedded.with_database(url, name)))


def _taken(apps: Sequence[Flask], token: str) -> list[dict[str, list[float]]]:
    """Milliseconds of each page of each application, by what it asks for."""
    browsers = []
    for app in apps:
        browser = app.test_client()
        browser.set_cookie(cookie_name_for(app.extensions["settings"]), token, domain="localhost")
        with app.app_context():
            browsers.append((browser, {urlencode(mix): _address(mix) for mix in MIXES}))
    taken: list[dict[str, list[float]]] = [{urlencode(mix): [] for mix in MIXES} for _app in apps]
    for round_ in range(ROUNDS + WARM):
        for mix in taken[0]:
            for (browser, addresses), pages in zip(browsers, taken, strict=True):
                started = time.perf_counter()
                answer = browser.get(addresses[mix])
                ms = 1000 * (time.perf_counter() - started)
                assert answer.status_code == 200, mix
                if round_ >= WARM:
                    pages[mix].append(ms)
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
