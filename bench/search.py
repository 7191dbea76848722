"""`search`: seventeen kinds of things that people type, over a million orders, beside Flask-Admin's search.

Ours is the whole page: session, rights, all that the text can mean (orders, customers, suppliers, catalogue, files,
messages), HTML. The peer is the same table through `column_searchable_list`, which finds numbers of orders and of
customers, mails, names and companies only. A page that reads one order by its primary key is the measure of what any
page costs here.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.db import transaction
from app.search.queries import hits
from bench import pages
from bench.many_orders import refill
from bench.pages import Browser
from bench.report import Report
from bench.search_labels import Label, labelled
from bench.world import World, world

ORDERS = 1_000_000
PEER_ROUNDS = 2  # Per kind: one takes seconds.
PEER_BAR, KEY_BAR = 50.0, 12.0
SMALL = 5_000  # Rows of a table that may be read whole.


def measure() -> Report:
    """Every label by us, each beside a page by primary key; per kind some of them by the peer."""
    with world() as here:
        refill(ORDERS)
        return measured(here)


def measured(here: World) -> Report:
    """With the orders in place."""
    token = pages.signed_in("admin")
    with transaction() as session:
        labels = labelled(session)
        scans = sorted({scan for label in labels for scan in scanned(session, label.text)})
    with pages.served(here, pages.OURS, token=token) as ours, pages.served(here, pages.PEER) as admin:
        wrong = [label for label in labels if first_order(ours.get(_address(label.text))) != label.order_id]
        taken, by_key = _ours(ours, labels)
        peer = _peer(admin, labels)
    kinds = {kind: statistics.median(times) for kind, times in taken.items()}
    slowest = max(kinds, key=lambda kind: kinds[kind])
    mine, key = statistics.median(ms for times in taken.values() for ms in times), statistics.median(by_key)
    theirs = {kind: statistics.median(times) for kind, times in peer.items()}
    ratios = {kind: theirs[kind] / kinds[kind] for kind in kinds}
    ratio, right = min(ratios.values()), 1 - len(wrong) / len(labels)
    return Report(
        name="search", ours=kinds[slowest], peer=theirs[slowest], ratio=ratio,
        bar=f"each kind <= 1/{PEER_BAR:.0f} of the peer, p50 <= {KEY_BAR:.0f}x a page by primary key, no scan,"
            " the right order first",
        ok=ratio >= PEER_BAR and mine <= KEY_BAR * key and not scans and not wrong,
        detail={
            "unit": "ms, median", "orders": ORDERS, "labels": len(labels), "kinds": len(kinds), "slowest": slowest,
            "p50": mine, "p99": sorted(ms for times in taken.values() for ms in times)[int(len(labels) * 0.99)],
            "key_page": key, "key_ratio": mine / key, "right_first": right, "scans": scans,
            "wrong": [(label.kind, label.text) for label in wrong[:20]], "p50_by_kind": kinds, "peer_by_kind": theirs,
            "ratio_by_kind": ratios,
        },
    )  # fmt: skip


def _address(text: str) -> str:
    return "/search/?" + urlencode({"q": text})


def first_order(page: str) -> int | None:
    """The order that a page of hits leads to first."""
    found = re.search(r'<ul class="hits" id="hits">.*?href="/orders/(\d+)"', page, re.DOTALL)
    return int(found[1]) if found else None


def _ours(browser: Browser, labels: Sequence[Label]) -> tuple[dict[str, list[float]], list[float]]:
    """Milliseconds of each label, by kind, and of a page by primary key right before it."""
    taken: dict[str, list[float]] = {}
    by_key = []
    for label in labels:
        by_key.append(browser.ms(f"/bench/{label.order_id}"))
        taken.setdefault(label.kind, []).append(browser.ms(_address(label.text)))
    return taken, by_key


def _peer(browser: Browser, labels: Sequence[Label]) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = {}
    browser.get("/admin/orders/")
    for label in labels:
        if len(taken.setdefault(label.kind, [])) < PEER_ROUNDS:
            taken[label.kind].append(browser.ms("/admin/orders/?" + urlencode({"search": label.text})))
    return taken


def scanned(session: Session, text: str) -> set[str]:
    """Tables that looking for a text reads whole, by the plans of all its statements."""
    statements: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        statements.append((statement, parameters))

    connection = session.connection()
    sa.event.listen(connection, "before_cursor_execute", note)
    try:
        hits(session, text, may=lambda _permission: True)
    finally:
        sa.event.remove(connection, "before_cursor_execute", note)
    assert statements
    driver: Any = connection.connection.driver_connection
    sizes = {row[0]: row[1] for row in session.execute(sa.text("SELECT relname, reltuples FROM pg_class"))}
    found = set()
    for statement, parameters in statements:
        plan = driver.execute("EXPLAIN (FORMAT JSON) " + statement, parameters).fetchone()[0]
        found |= {name for name in _read_whole(plan[0]["Plan"]) if sizes[name] > SMALL}
    return found


def _read_whole(plan: dict[str, Any], *, stops: bool = False) -> Iterator[str]:
    """Relations that a plan goes through from end to end; an index that is walked until a LIMIT `stops` it is not."""
    walks = plan["Node Type"].startswith("Index") and "Index Cond" not in plan and not stops
    if plan["Node Type"] == "Seq Scan" or walks:
        yield plan["Relation Name"]
    for below in plan.get("Plans", ()):
        yield from _read_whole(below, stops=plan["Node Type"] == "Limit")
