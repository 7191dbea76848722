"""`poll`: 500 open pages of imports ask once a second what moved, against one web process, while one import runs.

The pages are spread over 25 files, so that 20 of them watch the running one; the others show what waits. Each starts
with the tag that its page came with. The peer of a 304 is the same fragment rendered; the peer of a page under polling
is the same page without it.
"""

from __future__ import annotations

import asyncio
import csv
import io
import random
import secrets
import statistics
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context

import httpx
import sqlalchemy as sa

from app import clock, queue
from app.auth import services as accounts
from app.auth.sessions import cookie_name
from app.db import transaction
from app.extensions import settings
from app.offers import services as offers
from app.process import WEB
from app.suppliers.models import Supplier
from bench.report import Report
from bench.world import free_ports, world

PAGES = 500
FILES = 25
LINES = 60_000  # Enough for the job to outlast the measurement.
PAGE = "/catalogue/?q=thinkpad"
QUIET_S = 6.0
POLLED_S = 20.0
SAMPLES = 150
NOT_CHANGED = 0.95
CHEAPER = 5.0
SLOWER_AT_MOST = 2.0


@dataclass(slots=True)
class Polls:
    """What the open pages were answered."""

    statuses: Counter[int] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)


def measure() -> Report:
    """The medians in ms; `ratio` says how many times cheaper a 304 is than the fragment."""
    with world() as here:
        file_ids, token = _jobs()
        running = file_ids[0]
        port = free_ports(1)
        base = f"http://127.0.0.1:{port}"
        web = (*WEB, "--bind", f"127.0.0.1:{port}", "--keep-alive", "15", "--worker-connections", "2000", "wsgi:app")
        with here.process(sys.executable, *web, until=f"{base}/healthz"):
            cookies = {cookie_name(): token}
            with httpx.Client(base_url=base, cookies=cookies, timeout=30) as client:
                fragment, not_changed = _costs(client, running)
            with ProcessPoolExecutor(1, get_context("spawn")) as reader:
                quiet = reader.submit(_median_of_page, base, cookies, seconds=QUIET_S).result()
                before = _rows_done(running)
                queue.wake(offers.FLOW)
                with here.process(sys.executable, "-m", "jobs.work", "imports"):
                    busy = reader.submit(_median_of_page, base, cookies, seconds=POLLED_S - 2)
                    polls = asyncio.run(_polled(port, base, file_ids, cookies))
                moved = _rows_done(running) - before
    polled = busy.result()
    answered = sum(polls.statuses.values())
    share = polls.statuses[304] / answered if answered else 0.0
    fine = set(polls.statuses) <= {200, 304} and not polls.errors
    ratio = fragment / not_changed
    return Report(
        name="poll", ours=not_changed, peer=fragment, ratio=ratio,
        bar=f">= {NOT_CHANGED:.0%} 304, costing <= 1/{CHEAPER:.0f}, page <= {SLOWER_AT_MOST:.0f}x, no error",
        ok=bool(fine and share >= NOT_CHANGED and ratio >= CHEAPER and polled <= SLOWER_AT_MOST * quiet and moved > 0),
        detail={
            "unit": "ms, median", "pages": PAGES, "files": FILES, "seconds": POLLED_S, "polls": answered,
            "polls_per_s": answered / POLLED_S, "share_304": share, "statuses": dict(polls.statuses),
            "errors": dict(polls.errors), "poll_p50_ms": _ms(polls.latencies, 0.5),
            "poll_p99_ms": _ms(polls.latencies, 0.99),
            "page_quiet_ms": quiet, "page_polled_ms": polled, "page_ratio": polled / quiet,
            "lines_read_meanwhile": moved,
        },
    )  # fmt: skip


def _jobs() -> tuple[list[int], str]:
    """Offer files, the first of which a worker will read, and the session of a person who looks at them."""
    now = clock.now()
    with transaction() as session:
        user_id = accounts.add_user(
            session, email="bench@iused.example", name="Bench", role="purchasing", password=secrets.token_hex(16)
        )
        token = accounts.open_session(
            session, user_id, network="127.0.0.1", agent="bench", now=now, settings=settings()
        )
        supplier_id = session.execute(sa.select(Supplier.id).where(Supplier.code == "foxway")).scalar_one()
        ids = []
        for number in range(FILES):
            content = _list(LINES if number == 0 else 10 + number)
            received = offers.receive_file(session, supplier_id, filename=f"bench-{number}.csv", content=content,
                                           user_id=user_id, now=now, timezone="Europe/Amsterdam")  # fmt: skip
            ids.append(received.offer_file_id)
        rest = sa.text("UPDATE message SET next_attempt_at = next_attempt_at + interval '1 day' WHERE key <> :key")
        session.execute(rest, {"key": str(ids[0])})
    return ids, token


def _list(lines: int) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    writer.writerow(["Nummer", "Beskrivelse", "Varekategorikode", "Condition", "Lager", "Eksport Pris"])
    for number in range(lines):
        writer.writerow([f"B{number}", f"T480s i5-8350U/16GB/{number % 7}56M2/FHD/C/W11P", "NOTEBOOK", "GOLD", 3, 1500])
    return text.getvalue().encode()


def _rows_done(file_id: int) -> int:
    with transaction() as session:
        query = "SELECT count(*) FROM offer_line WHERE offer_file_id = :file_id"
        done: int = session.execute(sa.text(query), {"file_id": file_id}).scalar_one()
    return done


def _median_of_page(base: str, cookies: dict[str, str], *, seconds: float) -> float:
    """Milliseconds of the page that somebody reads, about ten a second.

    They have a process of their own: beside 500 open pages in one, they would wait for those.
    """
    taken: list[float] = []
    ends = time.monotonic() + seconds
    with httpx.Client(base_url=base, cookies=cookies, timeout=30) as client:
        while time.monotonic() < ends:
            started = time.perf_counter()
            client.get(PAGE).raise_for_status()
            taken.append(time.perf_counter() - started)
            time.sleep(0.1)  # A person's pace.
    return statistics.median(taken) * 1000


def _costs(client: httpx.Client, file_id: int) -> tuple[float, float]:
    """Milliseconds of the rendered fragment and of a 304, in turns, by one client."""
    path = f"/offers/{file_id}/status"
    headers = {"HX-Request": "true"}
    tag = client.get(path, headers=headers).raise_for_status().headers["HX-PTag"]
    rendered: list[float] = []
    spared: list[float] = []
    for _ in range(SAMPLES):
        started = time.perf_counter()
        assert client.get(path, headers=headers).status_code == 200
        between = time.perf_counter()
        assert client.get(path, headers={**headers, "HX-PTag": tag}).status_code == 304
        rendered.append(between - started)
        spared.append(time.perf_counter() - between)
    return statistics.median(rendered) * 1000, statistics.median(spared) * 1000


async def _polled(port: int, base: str, file_ids: list[int], cookies: dict[str, str]) -> Polls:
    """All pages poll."""
    polls = Polls()
    ends = time.monotonic() + POLLED_S
    with httpx.Client(base_url=base, cookies=cookies) as client:
        tags = [client.get(f"/offers/{file_id}").raise_for_status().headers["HX-PTag"] for file_id in file_ids]
    opened = list(zip(file_ids, tags, strict=True)) * (PAGES // FILES)
    said = "; ".join(f"{name}={value}" for name, value in cookies.items())
    await asyncio.gather(*(_page(port, file_id, tag, said, polls, ends) for file_id, tag in opened))
    return polls


async def _page(port: int, file_id: int, tag: str, cookie: str, polls: Polls, ends: float) -> None:
    """One open page: a connection kept alive, a poll a second, the tag of the last answer sent along."""
    head = (
        f"GET /offers/{file_id}/status HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nHX-Request: true\r\nCookie: {cookie}\r\n"
    )
    await asyncio.sleep(random.random())
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.monotonic() < ends:
            started = time.perf_counter()
            writer.write(f"{head}HX-PTag: {tag}\r\n\r\n".encode())
            await writer.drain()
            status, tag = await _answer(reader, tag)
            polls.statuses[status] += 1
            polls.latencies.append(time.perf_counter() - started)
            await asyncio.sleep(max(0.0, 1 - (time.perf_counter() - started)))
        writer.close()
    except (OSError, asyncio.IncompleteReadError, ValueError) as error:
        polls.errors[type(error).__name__] += 1


async def _answer(reader: asyncio.StreamReader, tag: str) -> tuple[int, str]:
    """Status and tag of one answer; its body is read to the end."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    status = int(head.split(" ", 2)[1])
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head.split("\r\n")[1:])}
    if status != 304 and (length := int(headers.get("content-length", "0"))):
        await reader.readexactly(length)
    return status, headers.get("hx-ptag", tag)


def _ms(values: list[float], quantile: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * quantile))] * 1000 if ordered else 0.0
