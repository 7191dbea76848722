"""`orders-list`: pages of the list of orders at 10,000 and at 1,000,000, sorted, narrowed, deep, beside Flask-Admin's.

Ours is the whole answer over HTTP: session, rights, saved views, rows, total, frame, HTML. The peer is Flask-Admin's
list view of the same table with the same columns, order and page length, without a session: its first page, and the
page before which four fifths of the list lie. Both are asked by sixteen people at once and served by two processes:
pages a second, in turns, and the median of what the rounds say; and once more the first page while orders change, since
pages are remembered until then. Then one person asks one process for every mix, for the median and the growth: a median
at a million, as times of the one at ten thousand.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from random import Random
from threading import Event, Thread
from typing import NamedTuple
from urllib.parse import urlencode

import sqlalchemy as sa

from app import clock
from app.db import db, transaction
from app.lists import queries
from app.lists.state import state_of
from app.orders.listing import ORDERS
from app.orders.models import Order
from bench import pages
from bench.many_orders import refill
from bench.pages import CONNECTIONS, Browser
from bench.report import Report, median_and_spread
from bench.world import World, world

SMALL, LARGE = 10_000, 1_000_000
ROUNDS, PEER_ROUNDS = 25, 7
# Many short turns: a machine that is slow for some seconds then spoils a few rounds, and not a part of each.
LOADED_ROUNDS, LOADED_PAGES, PEER_LOADED_PAGES = 25, 400, 32
CHANGES_A_SECOND = 10
FIRST_BAR, DEEP_BAR = 40.0, 80.0
GROWTH_AT_MOST, P95_MS = 1.3, 300.0
# Each of these is asked for; `deep` is where four fifths of the list lie before the page.
MIXES: tuple[dict[str, str], ...] = (
    {}, {"sort": "placed"}, {"sort": "-total"}, {"sort": "total"}, {"sort": "customer"}, {"sort": "-customer"},
    {"sort": "-number"}, {"sort": "number"}, {"deep": "1"}, {"deep": "1", "sort": "customer"},
    {"deep": "1", "payment": "paid"}, {"payment": "open"}, {"country": "LU"}, {"country": "LU", "sort": "-total"},
    {"payment": "cancelled", "state": "cancelled", "sort": "customer"}, {"delivery": "shipped", "state": "cancelled"},
    {"total": "100..110", "sort": "-total"}, {"age": "30..", "channel": "econocom"}, {"grade": "A"},
    {"method": "Riverty", "country": "NL,BE"}, {"only": "short"}, {"q": "10432"}, {"q": "inkoop@tulp"},
)  # fmt: skip
FIRST, DEEP, MOVING = "", "deep=1", "moving"
_CHANGE = sa.text("""
    UPDATE shop_order SET revision = revision + 1, total = total + 0.01
    WHERE id = (SELECT id FROM shop_order ORDER BY placed_at DESC, id DESC LIMIT 1)
""")


class Taken(NamedTuple):
    """Milliseconds of pages, ours by what is asked for, and pages a second under load; the peer's first and deep.

    Of ours under load there is MOVING too: the first page while orders change.
    """

    ours: dict[str, list[float]]
    peer: dict[str, list[float]]
    ours_rate: dict[str, list[float]]
    peer_rate: dict[str, list[float]]

    def ratio(self, page: str) -> float:
        """How many times more pages of ours a second: of rounds, whose halves follow each other."""
        return statistics.median(_times(self.ours_rate[page], self.peer_rate[page]))

    @property
    def p50(self) -> float:
        return statistics.median(ms for times in self.ours.values() for ms in times)

    def growth(self, small: Taken) -> dict[str, float]:
        """Of the peer's pages since there were few."""
        return {name: statistics.median(times) / statistics.median(small.peer[name])
                for name, times in self.peer.items()}  # fmt: skip


def measure() -> Report:
    """The same pages at both sizes."""
    with world() as here:
        return measured(here)


def measured(here: World) -> Report:
    """In a world whose orders are made anew: a million of them are there afterwards."""
    token = pages.signed_in("agent")
    refill(SMALL)
    small = taken(here, token, SMALL)
    refill(LARGE)
    return report(small, taken(here, token, LARGE))


def report(small: Taken, large: Taken) -> Report:
    """What the times say."""
    worst = {mix: _p95(times) for mix, times in large.ours.items()}
    slowest = max(worst, key=lambda mix: worst[mix])
    ratios = {name: large.ratio(name) for name in (FIRST, DEEP)}
    growth = large.p50 / small.p50
    rounds = {name or "first": _times(large.ours_rate[name], theirs) for name, theirs in large.peer_rate.items()}
    return Report(
        name="orders-list", ours=statistics.median(large.ours_rate[FIRST]),
        peer=statistics.median(large.peer_rate[FIRST]), ratio=min(ratios.values()),
        bar=f"first >= {FIRST_BAR:.0f}x, deep >= {DEEP_BAR:.0f}x, p50 <= {GROWTH_AT_MOST}x of ten thousand,"
            f" every p95 < {P95_MS:.0f} ms",
        ok=ratios[FIRST] >= FIRST_BAR and ratios[DEEP] >= DEEP_BAR and growth <= GROWTH_AT_MOST
        and worst[slowest] < P95_MS,
        detail={
            "unit": "pages per s", "people": CONNECTIONS, "orders": LARGE, "first_ratio": ratios[FIRST],
            "deep_ratio": ratios[DEEP], "changes_a_second": CHANGES_A_SECOND,
            "moving": statistics.median(large.ours_rate[MOVING]),
            "moving_ratio": statistics.median(_times(large.ours_rate[MOVING], large.peer_rate[FIRST])),
            "spread": {name: median_and_spread(times)[1] for name, times in rounds.items()},
            "quartiles": {name: statistics.quantiles(times, n=4) for name, times in rounds.items()},
            "deep": statistics.median(large.ours_rate[DEEP]),
            "peer_deep": statistics.median(large.peer_rate[DEEP]),
            "first_ms": statistics.median(large.ours[FIRST]), "peer_first_ms": statistics.median(large.peer[FIRST]),
            "deep_ms": statistics.median(large.ours[DEEP]), "peer_deep_ms": statistics.median(large.peer[DEEP]),
            "p50_ms": large.p50, "p50_ms_of_ten_thousand": small.p50, "growth": growth,
            "peer_growth": {name or "first": times for name, times in large.growth(small).items()},
            "slowest": slowest, "slowest_p95": worst[slowest],
            "p50_by_mix": {mix: statistics.median(times) for mix, times in large.ours.items()},
        },
    )  # fmt: skip


def taken(here: World, token: str, count: int) -> Taken:
    """Ours and the peer's in turns."""
    addresses = {urlencode(mix): _address(mix) for mix in MIXES}
    peer = {FIRST: "/admin/orders/", DEEP: f"/admin/orders/?page={count * 8 // 10 // ORDERS.page}"}
    shuffled = Random(8)
    turns = [FIRST, DEEP, MOVING]
    found = Taken({mix: [] for mix in addresses}, {name: [] for name in peer}, {turn: [] for turn in turns},
                  {name: [] for name in peer})  # fmt: skip
    with (pages.served(here, pages.OURS, token=token, processes=2) as ours,
          pages.served(here, pages.PEER, processes=2) as admin):  # fmt: skip
        ours.get(addresses[FIRST])  # Everybody has been here before, and has the cookies of it.
        admin.get(peer[FIRST])
        for round_ in range(LOADED_ROUNDS + 1):  # The first one fills caches.
            shuffled.shuffle(turns)  # What a turn leaves behind is nobody's for good.
            for turn in turns:
                with _orders_change(here) if turn == MOVING else nullcontext():
                    rate = ours.rate(addresses[DEEP if turn == DEEP else FIRST], LOADED_PAGES)
                if round_:
                    found.ours_rate[turn].append(rate)
                if turn in peer:
                    rate = admin.rate(peer[turn], PEER_LOADED_PAGES)
                    if round_:
                        found.peer_rate[turn].append(rate)
    with pages.served(here, pages.OURS, token=token) as ours, pages.served(here, pages.PEER) as admin:
        for round_ in range(ROUNDS + 3):
            _round(ours, addresses, found.ours if round_ >= 3 else None)  # The first ones fill caches.
            if round_ < PEER_ROUNDS + 1:
                _round(admin, peer, found.peer if round_ else None)
    return found


@contextmanager
def _orders_change(here: World) -> Iterator[None]:
    """The latest order is another one CHANGES_A_SECOND times a second, until the end of the block."""
    end = Event()

    def change() -> None:
        with here.app.app_context(), db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            while not end.wait(1 / CHANGES_A_SECOND):
                connection.execute(_CHANGE)

    thread = Thread(target=change)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


def _round(browser: Browser, addresses: dict[str, str], times: dict[str, list[float]] | None) -> None:
    for name, address in addresses.items():
        ms = browser.ms(address)
        if times is not None:
            times[name].append(ms)


def _address(mix: dict[str, str]) -> str:
    args = {name: text for name, text in mix.items() if name != "deep"}
    if "deep" in mix:
        with transaction() as session:
            state, options = state_of(ORDERS, args), ORDERS.options(session)
            count = session.execute(sa.select(sa.func.count(Order.id))).scalar_one()
            rows = queries.rows_of(ORDERS, state, options, now=clock.now()).offset(count * 8 // 10).limit(1)
            args["after"] = queries.cursor_text(session.execute(rows).one())
    return "/orders/?" + urlencode(args)


def _times(ours: list[float], theirs: list[float]) -> list[float]:
    return [mine / other for mine, other in zip(ours, theirs, strict=True)]


def _p95(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.95)]
