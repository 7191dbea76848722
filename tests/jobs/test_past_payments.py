"""A portal beside a sandbox that makes up for ten days: it sees payments, refunds and settlements of the past."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from flask import Flask
from paying import CHANNELS, FLOW, ORDERS, TOKEN, tick, work

from app.db import transaction
from app.orders.models import Order
from app.payments import settlements
from app.payments.models import MoneyEntry, Payment, Refund, Settlement
from sandbox.history import History
from sandbox.testing import BareShop, SandboxHandle

SETTLEMENTS = "mollie.settlements.portal"


def test_the_ledger_and_the_reconciliation_have_the_days_of_the_past(
    paying: Flask, world: SandboxHandle, shop_of: Callable[[str], BareShop]
) -> None:
    tick(ORDERS, FLOW, SETTLEMENTS)  # There is nothing yet; from now on a poll asks for what is new.
    for code in CHANNELS:
        shop = shop_of(code)
        for number in range(12):
            shop.sell(f"SKU-{number}", stock=50)
    began = datetime.now(UTC)
    History(world.sandbox.shops.values(), world.sandbox.mollie, orders=40).run()

    tick(ORDERS, FLOW)
    browser = paying.test_client()
    with world.sandbox.mollie.storage.transaction() as books:
        told = books.connection.execute("SELECT id, profile FROM entity WHERE kind = 'payment'").fetchall()
    for id_, profile in told:  # As Mollie's events do.
        code = next(code for code in CHANNELS if world.mollie.profile_id(code) == profile)
        assert browser.post(f"/webhooks/mollie/{code}/{TOKEN}", data={"id": id_}).status_code == 200
    work(FLOW)
    tick(SETTLEMENTS)

    with transaction() as session:
        session.expire_all()
        rows = session.execute(sa.select(Payment, Order.placed_at).join(Order, Order.id == Payment.order_id)).all()
        assert len(rows) == len(told)
        for payment, placed_at in rows:
            assert timedelta(0) <= payment.created_at - placed_at + timedelta(seconds=1) < timedelta(minutes=10)
            assert payment.difference == 0
        paid_at = {payment.external_id: payment.paid_at for payment, _placed_at in rows}
        entries = session.execute(
            sa.select(MoneyEntry, Payment.external_id).join(Payment, Payment.id == MoneyEntry.payment_id)
        ).all()
        refunds = {refund.payment_id: refund.created_at for refund in session.execute(sa.select(Refund)).scalars()}
        assert len(refunds) == 2
        for entry, id_ in entries:
            asked = refunds.get(entry.payment_id)
            of_kind = {"paid": [paid_at[id_]], "refund": [asked],
                       "fee": [paid_at[id_], asked and asked + timedelta(hours=2)]}  # fmt: skip
            assert entry.at in of_kind[entry.kind]
        assert {entry.kind for entry, _id in entries} == {"paid", "refund", "fee"}
        assert sum(entry.kind == "fee" for entry, _id in entries) >= 30
        assert len({entry.at.date() for entry, _id in entries}) >= 7
        assert max(entry.at for entry, _id in entries) < began
        nights = session.execute(sa.select(Settlement).order_by(Settlement.created_at)).scalars().all()
        assert len(nights) >= 5
        before = began - timedelta(days=11)
        for one in nights:
            assert one.created_at is not None
            found = settlements.matches(session, one.id)
            assert {match.verdict for match in found} == {"equal"}, one.reference
            for match in found:
                if match.kind == "payment":
                    assert before <= (paid_at[match.payment] or began) < one.created_at
            before = one.created_at
