"""Acts on many orders: previewed, done once, refused with a reason, failed alone, tried again, taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import few_orders as few
import pytest
import sqlalchemy as sa
from flask import Flask
from small_assortment import Assortment
from sqlalchemy.orm import Session

from app import clock
from app.auth import services as accounts
from app.auth.models import Audit
from app.db import transaction
from app.flows import services as flows
from app.flows.catalogue import FLOWS
from app.flows.models import Message
from app.lists import bulk, registry
from app.lists.acts import Act, NotDone, Told
from app.lists.models import BulkAct, BulkRow
from app.lists.state import state_of
from app.orders import services as orders
from app.orders.listing import ORDERS
from app.orders.models import Order, OrderEvent
from app.settings import Shop
from jobs import claims, failpoints, ledger, portal_bulk_acts_portal
from sandbox.testing import BareShop

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NOTE, READ_AGAIN = ORDERS.act_of("note"), ORDERS.act_of("read-again")
SHOPS = "shopware.orders.portal"


class Bench:
    """Eight orders of two storefronts, one of which has a connection, and whoever acts on them."""

    def __init__(self) -> None:
        with transaction() as session:
            shops = Assortment(session).shops
            for place, shop in enumerate(shops):
                seen = [few.order(str(10001 + place * 100 + number)) for number in range(4)]
                orders.apply_orders(session, shop.id, seen, now=NOON)
            self.user_id = accounts.add_user(session, email="a@example.com", name="Sanne", role="agent",
                                             password="correct horse battery staple")  # fmt: skip

    def preview(self, act: Act, ids: Sequence[int] | None = None, *, at_most: int = 100, **args: str) -> int:
        with transaction() as session:
            return bulk.preview(session, ORDERS, act, state_of(ORDERS, args), ORDERS.options(session), ids=ids,
                                user_id=self.user_id, now=clock.now(), at_most=at_most)  # fmt: skip

    def start(self, bulk_id: int, act: Act, words: str = "") -> bool:
        with transaction() as session:
            return bulk.start(session, bulk_id, act, words=words, now=clock.now())

    def rows(self, bulk_id: int) -> dict[str, tuple[str, str]]:
        with transaction() as session:
            found = session.execute(sa.select(BulkRow.label, BulkRow.state, BulkRow.reason)
                                    .where(BulkRow.bulk_id == bulk_id).order_by(BulkRow.label))  # fmt: skip
            return {row.label: (row.state, row.reason) for row in found}

    def act(self, bulk_id: int) -> BulkAct:
        with transaction() as session:
            session.expire_all()
            return session.get_one(BulkAct, bulk_id)

    def notes(self, kind: str = "note") -> list[str]:
        """Numbers of the orders that have one, one for each."""
        with transaction() as session:
            return list(session.execute(
                sa.select(Order.number).join(OrderEvent, OrderEvent.order_id == Order.id)
                .where(OrderEvent.kind == kind).order_by(Order.number)
            ).scalars())  # fmt: skip

    def ids(self, *numbers: str) -> list[int]:
        with transaction() as session:
            return list(session.execute(sa.select(Order.id).where(Order.number.in_(numbers))).scalars())


@pytest.fixture
def bench(committed: Flask) -> Iterator[Bench]:
    before = committed.extensions["settings"]
    shop = Shop(base_url="http://shop", client_id="i", client_secret="s")  # type: ignore[arg-type]
    committed.extensions["settings"] = before.model_copy(update={"shops": {"econocom": shop}})
    yield Bench()
    committed.extensions["settings"] = before


def test_all_that_match_are_noted_once_each_and_only_they(bench: Bench) -> None:
    id_ = bench.preview(NOTE, channel="econocom")
    assert bench.notes() == []
    assert bench.start(id_, NOTE, "Ring before delivery")
    assert not bench.start(id_, NOTE, "Ring before delivery"), "a second click"

    ledger.drain(bulk.FLOW)

    assert bench.notes() == ["10101", "10102", "10103", "10104"]
    assert set(bench.rows(id_).values()) == {("done", "")}
    assert bench.act(id_).state == "done"
    with transaction() as session:
        event = session.execute(sa.select(OrderEvent).where(OrderEvent.kind == "note").limit(1)).scalar_one()
        started = session.execute(sa.select(Audit).where(Audit.act == "bulk.start")).scalar_one()
    assert event.facts == {"text": "Ring before delivery", "by": "Sanne", "bulk": id_}
    assert (started.after or {})["rows"] == {"waiting": 4}


def test_what_came_after_the_preview_is_not_touched(bench: Bench) -> None:
    id_ = bench.preview(NOTE, channel="econocom")
    with transaction() as session:
        shop = session.execute(sa.text("SELECT id FROM channel WHERE code = 'econocom'")).scalar_one()
        orders.apply_orders(session, shop, [few.order("10999")], now=NOON)
    bench.start(id_, NOTE, "x")

    ledger.drain(bulk.FLOW)

    assert "10999" not in bench.notes()


def test_rows_that_are_refused_are_counted_before_and_left_alone(bench: Bench) -> None:
    id_ = bench.preview(READ_AGAIN)
    assert [state for state, _reason in bench.rows(id_).values()].count("skipped") == 4
    bench.start(id_, READ_AGAIN)

    ledger.drain(bulk.FLOW)

    assert bench.rows(id_) == {
        **dict.fromkeys(("10001", "10002", "10003", "10004"), ("skipped", "not_connected")),
        **dict.fromkeys(("10101", "10102", "10103", "10104"), ("done", "")),
    }
    with transaction() as session:
        asked = session.execute(sa.select(Message).where(Message.flow == SHOPS)).scalars().all()
        linked = session.execute(sa.select(BulkRow.message_id).where(BulkRow.message_id.is_not(None))).scalars()
        assert set(linked) == {message.id for message in asked}
    assert {message.channel for message in asked} == {"econocom"}
    assert all(message.body["act"] == "named" and len(message.body["orders"]) == 1 for message in asked)


def test_what_the_shop_could_not_answer_is_asked_again_and_nothing_else(bench: Bench) -> None:
    id_ = bench.preview(READ_AGAIN, channel="econocom")
    bench.start(id_, READ_AGAIN)
    ledger.drain(bulk.FLOW)
    with transaction() as session:
        first = session.execute(sa.select(sa.func.min(Message.id)).where(Message.flow == SHOPS)).scalar_one()
        session.execute(sa.update(Message).where(Message.flow == SHOPS).values(state="delivered"))
        session.execute(sa.update(Message).where(Message.id == first).values(state="dead"))
        assert {count.answer: count.rows for count in bulk.counts(session, id_)} == {"dead": 1, "delivered": 3}
        assert bulk.again(session, id_, now=clock.now()) == 1

    ledger.drain(bulk.FLOW)

    with transaction() as session:
        states = session.execute(sa.select(Message.state, sa.func.count()).where(Message.flow == SHOPS)
                                 .group_by(Message.state).order_by(Message.state)).all()  # fmt: skip
        assert [tuple(row) for row in states] == [("dead", 1), ("delivered", 3), ("pending", 1)]


def test_a_note_is_taken_back_from_whoever_has_it_once(bench: Bench) -> None:
    id_ = bench.preview(NOTE, bench.ids("10001", "10102"))
    bench.start(id_, NOTE, "Wrong one")
    ledger.drain(bulk.FLOW)
    with transaction() as session:
        back = bulk.undo(session, id_, NOTE, user_id=bench.user_id, now=clock.now())
    with transaction() as session:
        assert bulk.undo(session, id_, NOTE, user_id=bench.user_id, now=clock.now()) == back

    ledger.drain(bulk.FLOW)

    assert bench.notes("note_back") == ["10001", "10102"] == bench.notes()
    assert back is not None
    assert bench.act(back).undo_of == id_
    with transaction() as session:
        assert bulk.undo(session, back, NOTE, user_id=bench.user_id, now=clock.now()) is None
        session.execute(sa.update(BulkRow).where(BulkRow.bulk_id == id_).values(state="failed"))
        assert bulk.again(session, id_, now=clock.now()) == 0, "it was taken back"


def test_one_bad_row_harms_no_neighbour_and_is_tried_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = bench.ids("10002")[0]
    tried: list[list[int]] = []

    def run(session: Session, ids: Sequence[int], told: Told) -> Mapping[int, int]:
        tried.append(list(ids))
        if bad in ids and told.given["text"] == "x" and len(tried) < 20:
            raise NotDone("held") if len(ids) == 1 else ValueError("one of these")
        return NOTE.run(session, ids, told)

    acts = (replace(NOTE, run=run),)
    monkeypatch.setattr("app.orders.listing.ORDERS", replace(ORDERS, acts=acts))
    assert registry.description("orders").acts == acts
    id_ = bench.preview(NOTE)
    bench.start(id_, NOTE, "x")
    ledger.drain(bulk.FLOW)

    assert len(tried) == 9  # Together, then each alone.
    assert bench.rows(id_)["10002"] == ("failed", "held")
    assert bench.notes() == ["10001", "10003", "10004", "10101", "10102", "10103", "10104"]

    tried.extend([[]] * 20)
    with transaction() as session:
        assert bulk.again(session, id_, now=clock.now()) == 1
    ledger.drain(bulk.FLOW)

    assert bench.rows(id_)["10002"] == ("done", "")
    assert len(bench.notes()) == 8


def test_a_worker_that_takes_over_goes_on_and_the_one_before_it_writes_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portal_bulk_acts_portal, "BLOCK", 3)
    id_ = bench.preview(NOTE)
    bench.start(id_, NOTE, "x")
    batch: Any = claims.claim(FLOWS[bulk.FLOW], "", cause="wake")

    def another_takes_over(name: str) -> None:
        if name == "bulk.block":
            with transaction() as session:
                session.execute(sa.update(BulkAct).values(fence=batch.fence + 1000))

    monkeypatch.setattr(failpoints, "reach", another_takes_over)
    with pytest.raises(claims.LeaseLost):
        portal_bulk_acts_portal.work(batch)
    assert len(bench.notes()) == 3

    monkeypatch.setattr(failpoints, "reach", lambda _name: None)
    portal_bulk_acts_portal.work(batch)

    assert len(bench.notes()) == len(set(bench.notes())) == 8


def test_an_order_that_went_meanwhile_is_said_to_be_missing(bench: Bench) -> None:
    id_ = bench.preview(NOTE, bench.ids("10001", "10002"))
    bench.start(id_, NOTE, "x")
    with transaction() as session:
        session.execute(sa.delete(Order).where(Order.number == "10001"))

    ledger.drain(bulk.FLOW)

    assert bench.rows(id_) == {"10001": ("skipped", "missing"), "10002": ("done", "")}


@pytest.mark.parametrize(("args", "at_most", "code"), [({"payment": "nonsense"}, 9, "nothing"), ({}, 7, "too_many")])
def test_nothing_and_too_much_are_no_acts(bench: Bench, args: dict[str, str], at_most: int, code: str) -> None:
    with pytest.raises(bulk.BulkError) as found:
        bench.preview(NOTE, None, at_most=at_most, **args)

    assert found.value.code == code
    with transaction() as session:
        assert session.execute(sa.select(sa.func.count()).select_from(BulkAct)).scalar_one() == 0


def test_a_note_wants_words(bench: Bench) -> None:
    id_ = bench.preview(NOTE)

    for words in ("", "x" * 1001):
        with pytest.raises(bulk.BulkError):
            bench.start(id_, NOTE, words)
    assert bench.act(id_).state == "preview"


def test_the_clock_forgets_old_previews_and_ends_what_is_dead(bench: Bench) -> None:
    old, open_, dead = (bench.preview(NOTE) for _ in range(3))
    bench.start(dead, NOTE, "x")
    with transaction() as session:
        session.execute(sa.update(BulkAct).where(BulkAct.id == old).values(asked_at=clock.now() - timedelta(days=2)))
        session.execute(sa.update(Message).where(Message.key == f"bulk-{dead}").values(state="dead"))
        flows.receive(session, bulk.FLOW, key="t", delivery_id="tick:t", body={"due_at": "t"}, now=clock.now())

    ledger.drain(bulk.FLOW)

    with transaction() as session:
        assert set(session.execute(sa.select(BulkAct.id)).scalars()) == {open_, dead}
    assert bench.act(dead).state == "done"
    assert set(bench.rows(dead).values()) == {("failed", "broke")}


def test_orders_are_read_again_from_a_real_shop(portal: Flask, shop_of: Callable[[str], BareShop]) -> None:
    shop = shop_of("econocom")
    payload = shop.order("10432", {"payload": {"productNumber": "A"}})
    shop.post("order", payload).raise_for_status()
    with transaction() as session:
        flows.receive(session, SHOPS, key=payload["id"], delivery_id="placed", channel="econocom", now=clock.now(),
                      body={"act": "named", "orders": [payload["id"]]})  # fmt: skip
        user_id = accounts.add_user(session, email="a@example.com", name="Sanne", role="agent",
                                    password="correct horse battery staple")  # fmt: skip
    ledger.drain(SHOPS)
    paid = payload["transactions"][0]["id"]  # The shop tells nobody of it.
    shop.post(f"_action/order_transaction/{paid}/state/paid", {"sendMail": False}).raise_for_status()

    with transaction() as session:
        id_ = bulk.preview(session, ORDERS, READ_AGAIN, state_of(ORDERS, {"payment": "open"}), ORDERS.options(session),
                           ids=None, user_id=user_id, now=clock.now(), at_most=9)  # fmt: skip
        bulk.start(session, id_, READ_AGAIN, words="", now=clock.now())
    ledger.drain(bulk.FLOW)
    ledger.drain(SHOPS)

    with transaction() as session:
        assert [(count.state, count.answer, count.rows) for count in bulk.counts(session, id_)] == [
            ("done", "delivered", 1)
        ]
        assert session.execute(sa.select(Order.payment_state)).scalar_one() == "paid"


def test_who_stops_an_act_is_obeyed_before_the_next_rows_and_what_is_done_stays_done(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portal_bulk_acts_portal, "BLOCK", 3)
    id_ = bench.preview(NOTE)
    bench.start(id_, NOTE, "x")

    def press(name: str) -> None:
        if name == "bulk.block":
            with transaction() as session:
                assert bulk.stop(session, id_, by="Sanne", now=clock.now())

    monkeypatch.setattr(failpoints, "reach", press)
    ledger.drain(bulk.FLOW)

    found, rows = bench.act(id_), list(bench.rows(id_).values())
    assert (found.state, found.stopped_by) == ("done", "Sanne")
    assert (rows.count(("done", "")), rows.count(("skipped", "stopped"))) == (3, 5)
    assert len(bench.notes()) == 3
    with transaction() as session:
        message = session.execute(sa.select(Message).where(Message.flow == bulk.FLOW)).scalar_one()
        assert (message.state, message.result) == ("delivered", {"done": 3, "skipped stopped": 5})
        assert not bulk.stop(session, id_, by="Sanne", now=clock.now()), "a second click"
        assert bulk.undo(session, id_, NOTE, user_id=bench.user_id, now=clock.now()) is not None
    monkeypatch.setattr(failpoints, "reach", lambda _name: None)
    ledger.drain(bulk.FLOW)
    assert bench.notes("note_back") == bench.notes()


def test_an_act_that_is_stopped_before_a_worker_has_it_does_nothing(bench: Bench) -> None:
    id_ = bench.preview(NOTE)
    bench.start(id_, NOTE, "x")
    with transaction() as session:
        assert bulk.stop(session, id_, by="Sanne", now=clock.now())

    ledger.drain(bulk.FLOW)

    assert bench.notes() == []
    assert set(bench.rows(id_).values()) == {("skipped", "stopped")}
