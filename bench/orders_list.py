"""`orders-list`: pages of the list of orders at 10,000 and at 1,000,000, sorted, narrowed, deep, beside Flask-Admin's.

Ours is the whole answer over HTTP: session, rights, saved views, rows, total, frame, HTML. The peer is Flask-Admin's
list view of the same table with the same columns, order and page length, without a session: its first page, and the
page before which four fifths of the list lie. Both are asked by sixteen people at once and served by two processes:
pages a second, in turns, and the median of what the rounds say; and once more the first page while orders change, since
pages are remembered until then. Then one person asks for every mix, in turns of a process over a million and one over a
copy of the database when it held ten thousand: growth is the median of the one as times of the other. The same is told
of somebody who has just acted, to whom nothing is told from memory.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
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
ROUNDS, PEER_ROUNDS, ACTED_ROUNDS = 25, 7, 5
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


class Loaded(NamedTuple):
    """Pages a second of a million orders, in turns: ours FIRST, DEEP and MOVING, and the peer's first and deep."""

    ours: dict[str, list[float]]
    peer: dict[str, list[float]]

    def ratio(self, page: str) -> float:
        """How many times more pages of ours: of rounds, whose halves follow each other."""
        return statistics.median(_times(self.ours[page], self.peer[page]))


class Alone(NamedTuple):
    """Milliseconds of pages that one person looks at, by what is asked for.

    `acted`: of ours, right after they did something, when nothing is told from memory.
    """

    ours: dict[str, list[float]]
    peer: dict[str, list[float]]
    acted: dict[str, list[float]]

    @property
    def p50(self) -> float:
        return _p50(self.ours)

    @property
    def acted_p50(self) -> float:
        return _p50(self.acted)


def measure() -> Report:
    """The same pages at both sizes."""
    with world() as here:
        return measured(here)


def measured(here: World) -> Report:
    """In a world whose orders are made anew: a million of them are there afterwards."""
    token = pages.signed_in("agent")
    refill(SMALL)
    few, asked_of_few = here.with_copy("few"), Asked.of(SMALL)
    refill(LARGE)
    asked = Asked.of(LARGE)
    return report(under_load(here, token, asked), *alone((few, here), token, (asked_of_few, asked)))


def report(loaded: Loaded, few: Alone, many: Alone) -> Report:
    """What the times say."""
    worst = {mix: _p95(times) for mix, times in many.ours.items()}
    slowest = max(worst, key=lambda mix: worst[mix])
    ratios = {name: loaded.ratio(name) for name in (FIRST, DEEP)}
    growth = many.p50 / few.p50
    rounds = {name or "first": _times(loaded.ours[name], theirs) for name, theirs in loaded.peer.items()}
    return Report(
        name="orders-list", ours=statistics.median(loaded.ours[FIRST]),
        peer=statistics.median(loaded.peer[FIRST]), ratio=min(ratios.values()),
        bar=f"first >= {FIRST_BAR:.0f}x, deep >= {DEEP_BAR:.0f}x, p50 <= {GROWTH_AT_MOST}x of ten thousand,"
            f" every p95 < {P95_MS:.0f} ms",
        ok=ratios[FIRST] >= FIRST_BAR and ratios[DEEP] >= DEEP_BAR and growth <= GROWTH_AT_MOST
        and worst[slowest] < P95_MS,
        detail={
            "unit": "pages per s", "people": CONNECTIONS, "orders": LARGE, "first_ratio": ratios[FIRST],
            "deep_ratio": ratios[DEEP], "changes_a_second": CHANGES_A_SECOND,
            "moving": statistics.median(loaded.ours[MOVING]),
            "moving_ratio": statistics.median(_times(loaded.ours[MOVING], loaded.peer[FIRST])),
            "spread": {name: median_and_spread(times)[1] for name, times in rounds.items()},
            "quartiles": {name: statistics.quantiles(times, n=4) for name, times in rounds.items()},
            "deep": statistics.median(loaded.ours[DEEP]), "peer_deep": statistics.median(loaded.peer[DEEP]),
            "first_ms": statistics.median(many.ours[FIRST]), "peer_first_ms": statistics.median(many.peer[FIRST]),
            "deep_ms": statistics.median(many.ours[DEEP]), "peer_deep_ms": statistics.median(many.peer[DEEP]),
            "p50_ms": many.p50, "p50_ms_of_ten_thousand": few.p50, "growth": growth,
            "acted_p50_ms": many.acted_p50, "acted_p50_ms_of_ten_thousand": few.acted_p50,
            "acted_growth": many.acted_p50 / few.acted_p50,
            "peer_growth": {name or "first": statistics.median(times) / statistics.median(few.peer[name])
                            for name, times in many.peer.items()},
            "slowest": slowest, "slowest_p95": worst[slowest],
            "p50_by_mix": {mix: statistics.median(times) for mix, times in many.ours.items()},
            "acted_p50_by_mix": {mix: statistics.median(times) for mix, times in many.acted.items()},
        },
    )  # fmt: skip


class Asked(NamedTuple):
    """Addresses by what is asked for, of ours and of the peer's; `deep` depends on how many orders there are."""

    ours: dict[str, str]
    peer: dict[str, str]

    @classmethod
    def of(cls, count: int) -> Asked:
        """In the database as it is, which holds `count` orders."""
        deep = f"/admin/orders/?page={count * 8 // 10 // ORDERS.page}"
        return cls({urlencode(mix): _address(mix) for mix in MIXES}, {FIRST: "/admin/orders/", DEEP: deep})


def under_load(here: World, token: str, asked: Asked) -> Loaded:
    """Ours and the peer's, each asked by CONNECTIONS people at once, in turns."""
    shuffled = Random(8)
    turns = [FIRST, DEEP, MOVING]
    found = Loaded({turn: [] for turn in turns}, {name: [] for name in asked.peer})
    with (pages.served(here, pages.OURS, token=token, processes=2) as ours,
          pages.served(here, pages.PEER, processes=2) as admin):  # fmt: skip
        ours.get(asked.ours[FIRST])  # Everybody has been here before, and has the cookies of it.
        admin.get(asked.peer[FIRST])
        for round_ in range(LOADED_ROUNDS + 1):  # The first one fills caches.
            shuffled.shuffle(turns)  # What a turn leaves behind is nobody's for good.
            for turn in turns:
                with _orders_change(here) if turn == MOVING else nullcontext():
                    rate = ours.rate(asked.ours[DEEP if turn == DEEP else FIRST], LOADED_PAGES)
                if round_:
                    found.ours[turn].append(rate)
                if turn in asked.peer:
                    rate = admin.rate(asked.peer[turn], PEER_LOADED_PAGES)
                    if round_:
                        found.peer[turn].append(rate)
    return found


def alone(worlds: Sequence[World], token: str, asked: Sequence[Asked]) -> list[Alone]:
    """One person looks at each page of each world in turn, so that a slow minute is a slow minute of all of them."""
    found = [Alone({mix: [] for mix in of.ours}, {name: [] for name in of.peer}, {mix: [] for mix in of.ours})
             for of in asked]  # fmt: skip
    with ExitStack() as stack:
        ours = [stack.enter_context(pages.served(here, pages.OURS, token=token)) for here in worlds]
        admins = [stack.enter_context(pages.served(here, pages.PEER)) for here in worlds]
        for round_ in range(ROUNDS + 3):  # The first ones fill caches.
            _round(ours, [of.ours for of in asked], [times.ours for times in found] if round_ >= 3 else None)
        for round_ in range(PEER_ROUNDS + 1):
            _round(admins, [of.peer for of in asked], [times.peer for times in found] if round_ else None)
        for browser in ours:
            browser.act()
        for _ in range(ACTED_ROUNDS):
            _round(ours, [of.ours for of in asked], [times.acted for times in found])
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


def _round(
    browsers: Sequence[Browser], asked: Sequence[dict[str, str]], times: Sequence[dict[str, list[float]]] | None
) -> None:
    for name in asked[0]:
        for place, browser in enumerate(browsers):
            ms = browser.ms(asked[place][name])
            if times is not None:
                times[place][name].append(ms)


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


def _p50(times: dict[str, list[float]]) -> float:
    return statistics.median(ms for of_one in times.values() for ms in of_one)


def _p95(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.95)]
