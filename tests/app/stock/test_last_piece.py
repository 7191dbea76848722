"""Orders and lists at the same moment, on connections of their own and with real commits."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from shelf import NOON, Shelf
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from app.db import db
from app.stock import queries, services

PATIENCE_S = 20


@pytest.fixture
def engine(committed: Flask) -> Engine:
    return db.engine


def at_once(engine: Engine, *acts: Callable[[Session], Any]) -> list[Any]:
    """Run each act in a transaction and a thread of its own, all started together; their answers in order."""
    gate = threading.Barrier(len(acts))

    def run(act: Callable[[Session], Any]) -> Any:
        with Session(engine) as session, session.begin():
            session.execute(text("SET LOCAL lock_timeout = '10s'"))
            gate.wait(PATIENCE_S)
            return act(session)

    with ThreadPoolExecutor(len(acts)) as pool:
        return [done.result(PATIENCE_S) for done in [pool.submit(run, act) for act in acts]]


def shelf_with(engine: Engine, pieces: int) -> tuple[int, int, int, int]:
    """Variant, channel, warehouse and supplier of a shelf with pieces on hand."""
    with Session(engine) as session, session.begin():
        shelf = Shelf(session)
        variant_id = shelf.variant()
        services.move(session, variant_id=variant_id, location_id=shelf.warehouse.id, kind="count", quantity=pieces,
                      reason="counted", reference="", user_id=None)  # fmt: skip
        return variant_id, shelf.channel.id, shelf.warehouse.id, shelf.supplier.id


def promise(variant_id: int, channel_id: int, reference: str) -> Callable[[Session], bool]:
    return lambda session: services.reserve(
        session, variant_id=variant_id, channel_id=channel_id, reference=reference, quantity=1
    )


def test_the_last_piece_is_sold_once_though_two_shops_sell_it_at_once(engine: Engine) -> None:
    variant_id, channel_id, *_ = shelf_with(engine, pieces=1)

    for round_ in range(5):
        answers = at_once(engine, *[promise(variant_id, channel_id, f"{round_}/{shop}") for shop in range(4)])

        assert sorted(answers) == [False, False, False, True]
        with Session(engine) as session, session.begin():
            assert queries.ledger_differences(session) == 0
            winner = f"{round_}/{answers.index(True)}"
            assert services.release(session, channel_id=channel_id, reference=winner, now=NOON) == 1


def test_an_order_that_is_delivered_twice_at_once_is_one_promise(engine: Engine) -> None:
    variant_id, channel_id, *_ = shelf_with(engine, pieces=3)

    answers = at_once(engine, *[promise(variant_id, channel_id, "10001/1")] * 3)

    assert answers == [True, True, True]
    with Session(engine) as session:
        stock = queries.of_variant(session, variant_id)
        assert stock is not None
        assert (stock.reserved, stock.available) == (1, 2)


def test_an_order_waits_for_another_that_has_the_last_piece_and_takes_it_when_that_one_fails(engine: Engine) -> None:
    variant_id, channel_id, *_ = shelf_with(engine, pieces=1)

    with Session(engine) as first, ThreadPoolExecutor(1) as pool:
        assert promise(variant_id, channel_id, "first")(first)
        second = pool.submit(at_once, engine, promise(variant_id, channel_id, "second"))
        wait_for_a_waiting_lock(engine)
        first.rollback()
        assert second.result(PATIENCE_S) == [True]


def wait_for_a_waiting_lock(engine: Engine) -> None:
    """Return once some connection of this database waits for another's row."""
    asked = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    ends = datetime.now(UTC).timestamp() + PATIENCE_S
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while not connection.execute(asked).scalar_one():
            assert datetime.now(UTC).timestamp() < ends, "nobody waits"


def test_a_list_waits_for_a_correction_at_the_supplier_and_counts_it(engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        shelf = Shelf(session)
        variant_id, place_id, supplier_id = shelf.variant(), shelf.at_supplier.id, shelf.supplier.id
        offer = shelf.offer(variant_id, 5)
        services.set_offered(session, supplier_id, reference="", user_id=None, now=NOON)
        offer.quantity = 6

    def take_list(session: Session) -> int:
        return services.set_offered(session, supplier_id, reference="", user_id=None, now=NOON)

    with Session(engine) as correction, ThreadPoolExecutor(1) as pool:
        services.move(correction, variant_id=variant_id, location_id=place_id, kind="correction", quantity=-2,
                      reason="sold elsewhere", reference="", user_id=None)  # fmt: skip
        taken = pool.submit(at_once, engine, take_list)
        wait_for_a_waiting_lock(engine)
        correction.commit()
        assert taken.result(PATIENCE_S) == [1]

    with Session(engine) as session:
        stock = queries.of_variant(session, variant_id)
        assert stock is not None
        assert stock.offered == 6
        assert queries.ledger_differences(session) == 0


def test_orders_corrections_and_a_list_at_once_leave_a_ledger_that_agrees(engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        shelf = Shelf(session)
        variants = [shelf.variant(f"S{number}") for number in range(6)]
        for variant_id in variants:
            shelf.offer(variant_id, 2, f"X{variant_id}")
        supplier_id, channel_id, warehouse_id = shelf.supplier.id, shelf.channel.id, shelf.warehouse.id
        services.set_offered(session, supplier_id, reference="", user_id=None, now=NOON)
        session.execute(text("UPDATE offer SET quantity = 5"))

    def order(number: int) -> Callable[[Session], int]:
        return lambda session: sum(
            services.reserve(session, variant_id=variant_id, channel_id=channel_id, reference=f"{number}", quantity=1)
            for variant_id in variants
        )

    def take_list(session: Session) -> int:
        return services.set_offered(session, supplier_id, reference="", user_id=None, now=NOON)

    def correct(session: Session) -> int:
        for variant_id in variants:
            services.move(session, variant_id=variant_id, location_id=warehouse_id, kind="count", quantity=1,
                          reason="counted", reference="", user_id=None)  # fmt: skip
        return len(variants)

    answers = at_once(engine, *[order(number) for number in range(4)], take_list, correct)

    assert answers[4:] == [6, 6]
    with Session(engine) as session:
        assert queries.ledger_differences(session) == 0
        reserved, available = session.execute(text("SELECT sum(reserved), min(available) FROM stock")).one()
        assert reserved == sum(answers[:4])
        assert available >= 0
