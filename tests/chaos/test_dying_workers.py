"""Processes die, hang and lose their queue; nothing is lost, nothing is doubled, and somebody else finishes."""

from __future__ import annotations

import csv
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock, queue
from app.catalog.models import Variant
from app.channels.models import Listing
from app.channels.services import FLOW as LISTINGS
from app.db import transaction
from app.demo import seed
from app.offers import services
from app.offers.models import OfferFile
from app.settings import ROOT
from app.stock.queries import ledger_differences
from app.suppliers.models import Supplier
from jobs import ledger
from sandbox.testing import SandboxHandle

pytestmark = pytest.mark.chaos
PATIENCE_S = 45
CODES = ("refurbished-direct", "econocom")


class Crew:
    """Processes of the portal; whoever is left at the end is killed."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self.all: list[subprocess.Popen[bytes]] = []

    def start(self, *module: str, failpoint: str = "") -> subprocess.Popen[bytes]:
        environment = {**self.environment, **({"FAILPOINT": failpoint} if failpoint else {})}
        process = subprocess.Popen(
            [sys.executable, "-m", *module], env=environment, cwd=ROOT, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.all.append(process)
        return process

    def start_all(self) -> None:
        for module in (("jobs.work", "imports"), ("jobs.work", "deliveries"), ("jobs.schedule",)):
            self.start(*module)

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """The process and its children, as the kernel does when memory runs out."""
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=10)

    def end(self) -> None:
        for process in self.all:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGCONT)
                self.kill(process)


@pytest.fixture
def crew(committed: Flask, process_environment: dict[str, str], tmp_path: Any) -> Iterator[Crew]:
    """A seeded portal without any process yet."""
    seed.fill([], "", files=tmp_path / "files")
    queue.connection().flushdb()
    made = Crew(process_environment)
    with ExitStack() as last:
        last.callback(queue.connection().flushdb)  # A killed worker stays in the books of RQ.
        last.callback(made.end)
        yield made


def until(done: Callable[[], object], what: str) -> None:
    """Wait for other processes' work, which is seen in the database."""
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends:
        if done():
            return
        time.sleep(0.05)
    raise AssertionError(f"{what} did not happen in {PATIENCE_S} s")


def scalar(statement: str) -> Any:
    with transaction() as session:
        return session.execute(sa.text(statement)).scalar_one()


def stock_list(lines: int) -> bytes:
    """A list of variants that all match, in Foxway's columns."""
    with transaction() as session:
        skus = session.execute(
            sa.select(Variant.gtin, Variant.name)
            .where(Variant.gtin.is_not(None), Variant.grade == "A").order_by(Variant.id).limit(lines)
        ).all()  # fmt: skip
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    writer.writerow(["Item", "Description", "EAN", "Grade", "Stock", "Price EUR"])
    writer.writerows((f"I{n}", name, gtin, "GOLD", 1 + n % 5, 300 + n % 90) for n, (gtin, name) in enumerate(skus))
    return text.getvalue().encode()


def receive(content: bytes) -> int:
    with transaction() as session:
        supplier_id = session.execute(sa.select(Supplier.id).where(Supplier.code == "foxway")).scalar_one()
        received = services.receive_file(session, supplier_id, filename="list.csv", content=content, user_id=None,
                                         now=clock.now(), timezone="Europe/Amsterdam")  # fmt: skip
    queue.wake(services.FLOW)
    return received.offer_file_id


def accept(file_id: int) -> None:
    with transaction() as session:
        services.ask_accept(session, file_id, user_id=None, now=clock.now())
    queue.wake(services.FLOW)


def state(file_id: int) -> str:
    with transaction() as session:
        return session.get_one(OfferFile, file_id, populate_existing=True).state


def check_everything_arrived_once(world: SandboxHandle, *, lines: int) -> None:
    """What the invariants say, on our side and in both shops."""
    flows = "('supplier.offers.portal', 'portal.listings.shopware')"  # Ticks of others may fall at any time.
    assert scalar(f"SELECT count(*) FROM message WHERE state = 'pending' AND flow IN {flows}") == 0
    assert scalar("SELECT count(*) FROM message WHERE state = 'dead'") == 0
    with transaction() as session:
        assert ledger_differences(session) == 0
        assert set(session.execute(sa.select(Listing.state)).scalars()) == {"listed"}
        wanted = {
            row.sku: row.stock
            for row in session.execute(
                sa.select(Variant.sku, Listing.stock).join(Listing, Listing.variant_id == Variant.id)
            )
        }
    assert len(wanted) > lines * 0.9
    for code in CODES:
        with world.sandbox.shops[code].storage.transaction() as books:
            query = "SELECT doc->>'productNumber', doc->>'stock' FROM entity WHERE name = 'product'"
            there = {number: int(stock) for number, stock in books.connection.execute(query)}
        assert there == wanted


def put_on_sale(lines: int) -> None:
    """Read and accept a list in this process, so that its listings wait for a worker."""
    file_id = receive(stock_list(lines))
    ledger.drain(services.FLOW)
    accept(file_id)
    ledger.drain(services.FLOW)
    assert state(file_id) == "accepted"
    queue.wake(LISTINGS)


@pytest.mark.parametrize("place", ["job.claimed:1", "job.before_effect:1", "job.after_effect:2", "job.before_done:2"])
def test_a_delivering_worker_that_dies_is_finished_by_another(crew: Crew, world: SandboxHandle, place: str) -> None:
    put_on_sale(250)
    crew.start("jobs.schedule")  # Whatever became of the wake-up, the sweep finds what waits.

    victim = crew.start("jobs.work", "deliveries", failpoint=place)
    assert victim.wait(timeout=PATIENCE_S) == -signal.SIGKILL
    died = time.monotonic()
    crew.start_all()
    until(lambda: not scalar("SELECT count(*) FROM listing WHERE state = 'waiting'"), "the delivery")

    assert time.monotonic() - died < 20
    check_everything_arrived_once(world, lines=250)


def test_an_import_whose_worker_dies_with_its_child_is_read_by_another(crew: Crew, world: SandboxHandle) -> None:
    content = stock_list(5000)
    file_id = receive(content)
    victim = crew.start("jobs.work", "imports")
    until(lambda: scalar(f"SELECT done FROM offer_file WHERE id = {file_id}"), "progress")
    crew.kill(victim)
    assert state(file_id) == "reading"

    crew.start_all()
    until(lambda: state(file_id) == "checked", "the check")

    assert scalar(f"SELECT count(*) FROM offer_line WHERE offer_file_id = {file_id} AND row_number > 0") == 5000
    accept(file_id)
    until(lambda: state(file_id) == "accepted", "the acceptance")
    until(lambda: not scalar("SELECT count(*) FROM listing WHERE state = 'waiting'"), "the delivery")
    check_everything_arrived_once(world, lines=5000)


def test_an_acceptance_that_dies_before_its_commit_has_changed_nothing_and_is_done_once(
    crew: Crew, world: SandboxHandle
) -> None:
    file_id = receive(stock_list(200))
    ledger.drain(services.FLOW)
    accept(file_id)
    victim = crew.start("jobs.work", "imports", failpoint="import.before_commit:1")
    crew.start("jobs.schedule")
    until(lambda: scalar("SELECT max(deaths) FROM message"), "the first death")
    crew.kill(victim)
    assert (state(file_id), scalar("SELECT count(*) FROM offer"), scalar("SELECT count(*) FROM listing")) == (
        "accepting", 0, 0,
    )  # fmt: skip

    crew.start_all()
    until(lambda: state(file_id) == "accepted", "the acceptance")
    until(lambda: not scalar("SELECT count(*) FROM listing WHERE state = 'waiting'"), "the delivery")

    assert scalar("SELECT count(*) FROM movement WHERE kind = 'offered'") == scalar("SELECT count(*) FROM stock")
    check_everything_arrived_once(world, lines=200)


def test_a_worker_that_hangs_past_its_lease_writes_nothing_when_it_comes_back(crew: Crew, world: SandboxHandle) -> None:
    put_on_sale(150)
    slow = [world.fault(code, "latency", route="/api/_action/sync", value="4", left=1) for code in CODES]
    sleeper = crew.start("jobs.work", "deliveries")
    until(lambda: any(fault.hits for fault in slow), "the call")
    os.killpg(sleeper.pid, signal.SIGSTOP)
    mine = scalar("SELECT max(fence) FROM message")

    crew.start("jobs.work", "deliveries")
    crew.start("jobs.schedule")
    until(lambda: not scalar("SELECT count(*) FROM listing WHERE state = 'waiting'"), "the delivery by another")
    settled = f"""SELECT jsonb_agg(jsonb_build_array(id, fence, settled_at) ORDER BY id)::text FROM message
                  WHERE flow = '{LISTINGS}'"""  # Others tick meanwhile.
    before = scalar(settled)
    os.killpg(sleeper.pid, signal.SIGCONT)
    until(lambda: not scalar("SELECT count(*) FROM run WHERE state = 'running'"), "the end of all runs")

    assert scalar(f"SELECT count(*) FROM message WHERE flow = '{LISTINGS}' AND lease_until IS NOT NULL") == 0
    assert scalar(f"SELECT count(*) FROM message WHERE fence = {mine} AND flow = '{LISTINGS}'") == 0
    assert scalar(settled) == before
    check_everything_arrived_once(world, lines=150)


def test_a_queue_that_was_wiped_costs_seconds_and_nothing_else(crew: Crew, world: SandboxHandle) -> None:
    put_on_sale(250)
    queue.connection().flushdb()
    assert scalar("SELECT count(*) FROM message WHERE state = 'pending'") > 0

    crew.start("jobs.work", "deliveries")
    crew.start("jobs.schedule")
    until(lambda: not scalar("SELECT count(*) FROM listing WHERE state = 'waiting'"), "the delivery")

    check_everything_arrived_once(world, lines=250)


@pytest.mark.parametrize("kind", ["504_after", "cut_after", "deadlock", "429", "cut_before", "html"])
def test_a_shop_that_fails_in_the_middle_gets_everything_once(crew: Crew, world: SandboxHandle, kind: str) -> None:
    fault = world.fault("econocom", kind, route="/api/_action/sync", left=3)

    put_on_sale(250)
    crew.start("jobs.work", "deliveries")
    crew.start("jobs.schedule")
    until(lambda: not scalar("SELECT count(*) FROM listing WHERE state = 'waiting'"), "the delivery")

    assert fault.hits == 3
    check_everything_arrived_once(world, lines=250)
