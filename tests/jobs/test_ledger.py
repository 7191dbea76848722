"""The ledger's promises, on committed data and real connections."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock
from app.db import db, transaction
from app.flows import catalogue, services
from app.flows.catalogue import Flow
from app.flows.models import Lane, Message, Run
from app.settings import ROOT
from integrations.errors import Misconfigured, Unavailable
from jobs import claims, ledger, registry, schedule, settlement
from jobs.claims import Batch, LeaseLost
from jobs.settlement import Outcome, settle

FLOW = "test.things.shop"


@pytest.fixture(params=["state"])
def flow(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, committed: Flask) -> Flow:
    """A flow of the tests' own, in the real ledger."""
    made = Flow(FLOW, "Things.", carries=request.param, queue="deliveries", batch=10, timeout_s=60)
    monkeypatch.setitem(catalogue.FLOWS, FLOW, made)
    return made


@pytest.fixture
def handle(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Batch], None]], None]:
    """Make a function the handler of every flow."""

    def use(handler: Callable[[Batch], None]) -> None:
        monkeypatch.setattr(ledger, "handler_of", lambda _flow: handler)

    return use


def put(*keys: str, channel: str = "", in_s: float = 0) -> list[int]:
    with transaction() as session:
        return [
            services.send(session, FLOW, key=key, body={"key": key}, channel=channel,
                          now=clock.now() + timedelta(seconds=in_s))
            for key in keys
        ]  # fmt: skip


def deliver(batch: Batch) -> None:
    with transaction() as session:
        settle(session, batch, [Outcome(message.id, "delivered") for message in batch.messages])


def states() -> list[str]:
    with transaction() as session:
        return list(session.execute(sa.select(Message.state).order_by(Message.id)).scalars())


def expire_leases() -> None:
    with transaction() as session:
        for taken in (Lane, Message):
            session.execute(
                sa.update(taken)
                .where(taken.lease_until.is_not(None))
                .values(lease_until=sa.func.clock_timestamp() - timedelta(seconds=1))
            )


def make_due() -> None:
    with transaction() as session:
        session.execute(sa.update(Message).values(next_attempt_at=clock.now() - timedelta(seconds=1)))


def test_a_wake_up_drains_everything_that_is_due_and_nothing_else(flow: Flow, handle: Any) -> None:
    put(*(f"k{number}" for number in range(25)))
    put("later", in_s=60)
    handle(deliver)

    ledger.drain(FLOW)

    assert states() == ["delivered"] * 25 + ["pending"]


def test_a_newer_message_supersedes_a_waiting_one_of_the_same_key(flow: Flow) -> None:
    put("a")
    put("b")
    put("a")

    assert states() == ["superseded", "pending", "pending"]


def test_a_message_in_hand_is_not_superseded(flow: Flow) -> None:
    put("a")
    batch = claims.claim(flow, "", cause="wake")
    assert batch is not None

    put("a")

    assert states() == ["pending", "pending"]


def test_one_batch_of_a_lane_is_in_work_at_a_time(flow: Flow) -> None:
    put(*(f"k{number}" for number in range(20)))
    put("other", channel="econocom")

    first = claims.claim(flow, "", cause="wake")
    second = claims.claim(flow, "", cause="wake")
    elsewhere = claims.claim(flow, "econocom", cause="wake")

    assert first is not None
    assert len(first.messages) == 10
    assert second is None
    assert elsewhere is not None


def test_many_workers_at_once_deliver_each_message_once(flow: Flow, handle: Any, committed: Flask) -> None:
    put(*(f"k{number}" for number in range(60)))
    seen: list[int] = []

    def note(batch: Batch) -> None:
        seen.extend(batch.ids)
        deliver(batch)

    handle(note)

    def work() -> None:
        with committed.app_context():
            ledger.drain(FLOW)
            db.session.remove()

    threads = [Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ledger.drain(FLOW)

    assert sorted(seen) == sorted(set(seen))
    assert len(seen) == 60
    assert set(states()) == {"delivered"}


def test_a_worker_that_lost_its_lease_changes_nothing(flow: Flow) -> None:
    put("a")
    late = claims.claim(flow, "", cause="wake")
    assert late is not None
    expire_leases()
    taken_over = claims.claim(flow, "", cause="sweep")
    assert taken_over is not None
    deliver(taken_over)

    with pytest.raises(LeaseLost), transaction() as session:
        settle(session, late, [Outcome(late.messages[0].id, "dead")])

    assert states() == ["delivered"]


def test_a_heartbeat_keeps_the_lease_past_its_length(flow: Flow) -> None:
    put("a")
    batch = claims.claim(flow, "", cause="wake")
    assert batch is not None

    with db.engine.begin() as connection:
        extended = ledger.extend(connection, batch, 60)

    assert extended == 1
    with transaction() as session:
        lease: Any = session.execute(sa.select(Message.lease_until)).scalar_one()
    left: timedelta = lease - clock.now()
    assert left > timedelta(seconds=50)


def test_three_dead_workers_bury_the_message_and_spare_its_neighbours(flow: Flow, handle: Any) -> None:
    put("poison", "fine")
    for _ in range(3):
        assert claims.claim(flow, "", cause="wake") is not None
        expire_leases()
        with transaction() as session:  # Only `poison` is ever taken again: it alone is first in line.
            session.execute(sa.update(Message).where(Message.key == "fine").values(lease_until=None))
    handle(deliver)

    ledger.drain(FLOW)

    assert states() == ["dead", "delivered"]


def test_what_a_dead_worker_had_in_hand_comes_back_in_groups_and_only_the_poison_dies(flow: Flow, handle: Any) -> None:
    put(*(f"k{number:02}" for number in range(45)))
    sizes: list[int] = []
    assert claims.claim(flow, "", cause="wake") is not None  # The worker dies with ten, as many as a claim takes here.
    expire_leases()

    def work(batch: Batch) -> None:
        sizes.append(len(batch.messages))
        deliver(batch)
        settlement.end_run(batch)

    poisoned = 0
    for _ in range(12):
        batch = claims.claim(flow, "", cause="wake")
        if batch is None:
            break
        if any(message.key == "k03" for message in batch.messages):
            poisoned += 1
            sizes.append(-len(batch.messages))
            expire_leases()
            continue
        work(batch)
    handle(deliver)
    ledger.drain(FLOW)

    assert poisoned == 2  # In a group, then alone: with the first claim three deaths.
    assert [size for size in sizes if size < 0][1] == -1
    assert sorted(states()) == ["dead", *["delivered"] * 44]


def test_a_flow_that_takes_one_message_is_given_one_after_deaths_too(
    flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(catalogue.FLOWS, FLOW, replace(flow, batch=1))
    put("a", "b", "c")
    with transaction() as session:  # As after the deaths of three workers, each with one of them.
        session.execute(sa.update(Message).values(deaths=1))

    taken = claims.claim(catalogue.FLOWS[FLOW], "", cause="wake")

    assert taken is not None
    assert [message.key for message in taken.messages] == ["a"]


def test_a_broken_batch_comes_back_one_by_one_and_only_the_breaker_dies(flow: Flow, handle: Any) -> None:
    put(*(f"k{number}" for number in range(5)))

    def choke(batch: Batch) -> None:
        if any(message.key == "k2" for message in batch.messages):
            raise ValueError("k2 cannot be read")
        deliver(batch)

    handle(choke)

    for _ in range(4):
        make_due()
        ledger.drain(FLOW)

    assert states() == ["delivered", "delivered", "dead", "delivered", "delivered"]
    with transaction() as session:
        result = session.execute(sa.select(Message.result).where(Message.state == "dead")).scalar_one()
    assert result is not None
    assert "k2 cannot be read" in result["error"]


def test_an_unavailable_system_is_tried_again_no_sooner_than_it_asked(flow: Flow, handle: Any) -> None:
    put("a")

    def away(_batch: Batch) -> None:
        raise Unavailable("503", retry_after_s=120, may_have_happened=False)

    handle(away)

    ledger.drain(FLOW)

    with transaction() as session:
        message = session.execute(sa.select(Message)).scalar_one()
    assert message.state == "pending"
    assert message.lease_until is None
    assert message.next_attempt_at > clock.now() + timedelta(seconds=110)


def test_five_failed_batches_open_the_breaker_of_their_lane_only(flow: Flow, handle: Any) -> None:
    put("a")
    put("b", channel="econocom")

    def choosy(batch: Batch) -> None:
        if batch.channel == "":
            raise Unavailable("503", retry_after_s=None, may_have_happened=False)
        deliver(batch)

    handle(choosy)

    for _ in range(6):
        make_due()
        ledger.drain(FLOW)

    with transaction() as session:
        lane = session.execute(sa.select(Lane).where(Lane.channel == "")).scalar_one()
        attempts = session.execute(sa.select(Message.attempts).where(Message.key == "a")).scalar_one()
    assert lane.open_until is not None
    assert attempts == 5  # The sixth wake-up found the breaker open.
    assert states() == ["pending", "delivered"]


def test_a_paused_lane_keeps_its_messages(flow: Flow, handle: Any) -> None:
    put("a")
    with transaction() as session:
        services.set_paused(session, FLOW, channel="", paused=True)
    handle(deliver)

    ledger.drain(FLOW)

    assert states() == ["pending"]


def test_the_sweep_finds_due_messages_without_a_wake_up(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[str] = []
    monkeypatch.setattr("app.queue.wake", woken.append)
    put("a")

    assert FLOW in schedule.sweep()

    assert FLOW in woken


def test_a_tick_is_taken_once_by_one_of_many_sweeps(committed: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    every_ten_minutes = catalogue.FLOWS["supplier.absences.portal"]
    monkeypatch.setattr(schedule, "FLOWS", {every_ten_minutes.name: every_ten_minutes})
    moment = datetime(2026, 3, 1, 12, 3, tzinfo=UTC)

    def look(seconds: int) -> list[str]:
        with transaction() as session:
            return schedule.tick(session, now=moment + timedelta(seconds=seconds))

    assert look(0) == ["supplier.absences.portal"]
    assert look(1) == []
    assert look(600) == ["supplier.absences.portal"]
    with transaction() as session:
        keys = session.execute(sa.select(Message.key).order_by(Message.id)).scalars().all()
    assert keys == ["2026-03-01T12:00:00+00:00", "2026-03-01T12:10:00+00:00"]


def test_the_sweep_closes_runs_whose_worker_fell_silent(flow: Flow) -> None:
    put("a")
    assert claims.claim(flow, "", cause="wake") is not None
    with transaction() as session:
        session.execute(sa.update(Run).values(seen_at=clock.now() - timedelta(minutes=5)))

    schedule.sweep()

    with transaction() as session:
        assert session.execute(sa.select(Run.state)).scalar_one() == "abandoned"


def test_the_same_delivery_twice_is_one_message(flow: Flow) -> None:
    with transaction() as session:
        first = services.receive(session, FLOW, key="a", delivery_id="d1", body={"v": 1}, now=clock.now())
        again = services.receive(session, FLOW, key="a", delivery_id="d1", body={"v": 1}, now=clock.now())

    assert first is not None
    assert again is None


def test_a_dead_message_is_replayed_with_an_edited_body(flow: Flow, handle: Any) -> None:
    [message_id] = put("a")
    handle(_refuse)
    ledger.drain(FLOW)
    assert states() == ["dead"]

    with transaction() as session:
        services.replay(session, message_id, now=clock.now(), body={"key": "a", "mended": True})
    handle(deliver)
    ledger.drain(FLOW)

    with transaction() as session:
        message = session.execute(sa.select(Message)).scalar_one()
    assert message.state == "delivered"
    assert message.body == {"key": "a", "mended": True}


def _refuse(batch: Batch) -> None:
    with transaction() as session:
        settle(session, batch, [Outcome(message.id, "dead", {"error": "no"}) for message in batch.messages])


def test_only_a_dead_message_is_replayed(flow: Flow) -> None:
    [message_id] = put("a")

    with pytest.raises(services.NotReplayable), transaction() as session:
        services.replay(session, message_id, now=clock.now())


def test_a_dead_message_that_a_newer_one_followed_is_superseded_instead_of_replayed(flow: Flow, handle: Any) -> None:
    [older] = put("a")
    batch = claims.claim(flow, "", cause="wake")
    assert batch is not None
    put("a")  # While the older one is in hand: it cannot be superseded now.
    _refuse(batch)
    settlement.end_run(batch)
    handle(deliver)
    ledger.drain(FLOW)
    assert states() == ["dead", "delivered"]

    with transaction() as session:
        done = services.replay(session, older, now=clock.now())

    assert done.state == "superseded"
    assert states() == ["superseded", "delivered"]


def test_a_newer_message_retires_the_dead_one_of_its_key(flow: Flow, handle: Any) -> None:
    put("a", "b")
    handle(_refuse)
    ledger.drain(FLOW)

    put("a")

    assert states() == ["superseded", "dead", "pending"]


def test_a_system_that_is_misconfigured_uses_up_no_tries(flow: Flow, handle: Any) -> None:
    put("a")

    def shut(_batch: Batch) -> None:
        raise Misconfigured("credentials refused", retry_after_s=60)

    handle(shut)
    for _ in range(3):
        make_due()
        ledger.drain(FLOW)

    with transaction() as session:
        message = session.execute(sa.select(Message)).scalar_one()
    assert (message.state, message.attempts) == ("pending", 0)
    assert message.result == {"error": "credentials refused"}


def test_every_flow_has_a_handler_and_every_handler_a_flow() -> None:
    assert set(registry.MODULES) == set(catalogue.FLOWS)
    for name in registry.MODULES:
        assert callable(registry.handler_of(name))


def test_every_flow_has_a_page_in_the_documentation() -> None:
    pages = {path.stem for path in (ROOT / "docs" / "flows").glob("*.md")}
    assert pages == set(catalogue.FLOWS)
