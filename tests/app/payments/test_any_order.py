"""However late, doubled, out of order or broken news of an order and its payments comes, it ends in Mollie's truth."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import few_orders
import few_payments as few
import pytest
import sqlalchemy as sa
from few_payments import NOON, TOTAL
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from small_assortment import Assortment
from sqlalchemy.orm import Session

from app.orders import services as orders
from app.orders.models import Order
from app.orders.seen import OrderSeen
from app.payments import services
from app.payments.judging import judge_orders
from app.payments.models import MoneyEntry, OrderMoney, Payment, Refund
from app.payments.seen import PaymentSeen
from sandbox.testing import hexid

TABS = ("a", "b", "c")
ENDS = ("paid", "canceled", "expired", "failed")
ON_THE_WAY = {"queued": ("pending", "canceled"), "pending": ("processing", "canceled"),
              "processing": ("refunded", "failed"), "refunded": ("failed",)}  # fmt: skip


class Broken(Exception):
    """A worker that dies before its transaction is over."""


@dataclass(slots=True)
class AtMollie:
    """A payment as it really is."""

    status: str = "open"
    refunds: dict[str, tuple[str, Decimal]] = field(default_factory=dict)
    chargebacks: dict[str, bool] = field(default_factory=dict)  # Whether it was reversed.

    def seen(self, tab: str, asked_at: Any) -> PaymentSeen:
        refunds = tuple(few.refund(id_, status, str(amount)) for id_, (status, amount) in self.refunds.items()
                        if status != "canceled")  # fmt: skip
        backs = tuple(few.chargeback(id_, "10.00", reversed_at=NOON if reversed_ else None)
                      for id_, reversed_ in self.chargebacks.items())  # fmt: skip
        return few.payment(f"tr_{tab}", self.status, transaction_id=hexid(tab), refunds=refunds, chargebacks=backs,
                           asked_at=asked_at)  # fmt: skip

    @property
    def net(self) -> Decimal:
        if self.status != "paid":
            return Decimal(0)
        back = sum((amount for status, amount in self.refunds.values() if status not in ("failed", "canceled")),
                   Decimal(0))  # fmt: skip
        return TOTAL - back - 10 * sum(not reversed_ for reversed_ in self.chargebacks.values())


@dataclass(frozen=True, slots=True)
class AtShop:
    """The order as the shop has it: attempts with their states, oldest first."""

    state: str = "open"
    attempts: tuple[tuple[str, str], ...] = ()

    def seen(self) -> OrderSeen:
        payments = tuple(
            few_orders.payment(tab, external_id=hexid(tab), state=state, mollie_payment_id=f"tr_{tab}",
                               created_at=NOON + timedelta(minutes=TABS.index(tab)))
            for tab, state in self.attempts
        )  # fmt: skip
        paid = next((state for _tab, state in self.attempts if state == "paid"), None)
        last = self.attempts[-1][1] if self.attempts else ""
        return few_orders.order("10001", state=self.state, payments=payments, payment_state=paid or last)


class World(RuleBasedStateMachine):
    """The shop, Mollie, and mail about both on its way to us."""

    session: Session
    channel: int

    @initialize()
    def open_shop(self) -> None:
        self.shop, self.mollie = AtShop(), dict[str, AtMollie]()
        self.now = NOON
        self.mail: list[PaymentSeen] = []  # Answers on their way to us.
        self.newest: dict[str, PaymentSeen] = {}  # Of what was applied, the one that was asked for last.
        self.numbers = 0
        self.savepoint = self.session.begin_nested()

    def teardown(self) -> None:
        """All mail that is left, then one look at everything: that has to be the truth, and to stay it."""
        if not hasattr(self, "savepoint"):
            return
        for seen in self.mail:
            self.take(seen)
        if self.shop.attempts:
            self.look_at_everything()
            self.check()
            before = self.told()
            self.look_at_everything()
            assert self.told() == before, "the same look again changed something"
        self.savepoint.rollback()
        self.session.expire_all()

    # What happens

    @rule(tab=st.sampled_from(TABS))
    def open_tab(self, tab: str) -> None:
        if tab not in self.mollie and list(self.mollie) == list(TABS[: TABS.index(tab)]):
            self.mollie[tab] = AtMollie()
            self.shop = replace(self.shop, attempts=(*self.shop.attempts, (tab, "open")))

    @rule(tab=st.sampled_from(TABS), end=st.sampled_from(ENDS))
    def end(self, tab: str, end: str) -> None:
        if tab in self.mollie and self.mollie[tab].status == "open":
            self.mollie[tab].status = end

    @rule(tab=st.sampled_from(TABS), amount=st.integers(1, 40))
    def refund(self, tab: str, amount: int) -> None:
        payment = self.mollie.get(tab)
        if payment and payment.net >= amount:
            self.numbers += 1
            payment.refunds[f"re_{self.numbers}"] = ("queued", Decimal(amount))

    @rule(tab=st.sampled_from(TABS), which=st.integers(0, 5), way=st.integers(0, 1))
    def move_refund(self, tab: str, which: int, way: int) -> None:
        payment = self.mollie.get(tab)
        if payment and payment.refunds:
            id_ = list(payment.refunds)[which % len(payment.refunds)]
            status, amount = payment.refunds[id_]
            if ways := ON_THE_WAY.get(status):
                payment.refunds[id_] = (ways[way % len(ways)], amount)

    @rule(tab=st.sampled_from(TABS))
    def charge_back(self, tab: str) -> None:
        payment = self.mollie.get(tab)
        if payment and payment.net >= 10:
            self.numbers += 1
            payment.chargebacks[f"chb_{self.numbers}"] = False

    @rule(tab=st.sampled_from(TABS))
    def reverse(self, tab: str) -> None:
        if tab in self.mollie:
            self.mollie[tab].chargebacks = dict.fromkeys(self.mollie[tab].chargebacks, True)

    @rule(tab=st.sampled_from(TABS), state=st.sampled_from(("open", "paid", "cancelled", "failed", "refunded")))
    def shop_says(self, tab: str, state: str) -> None:
        told = tuple((name, state if name == tab else had) for name, had in self.shop.attempts)
        self.shop = replace(self.shop, attempts=told)

    @rule(state=st.sampled_from(("open", "cancelled")))
    def shop_has_order(self, state: str) -> None:
        self.shop = replace(self.shop, state=state)

    # Who hears of it, and when

    @rule(tab=st.sampled_from(TABS))
    def ask_mollie(self, tab: str) -> None:
        """Somebody asks now; the answer may come later, after others."""
        if tab in self.mollie:
            self.now += timedelta(seconds=1)
            seen = self.mollie[tab].seen(tab, self.now)
            self.mail.append(seen)

    @rule(tab=st.sampled_from(TABS), end=st.sampled_from(ENDS), amount=st.integers(1, 9))
    def overtake(self, tab: str, end: str, amount: int) -> None:
        """Two workers ask, something happens between, and the later answer is applied first."""
        self.open_tab(tab)
        if tab in self.mollie:
            self.now += timedelta(seconds=1)
            before = self.mollie[tab].seen(tab, self.now)
            self.end(tab, end)
            self.refund(tab, amount)
            self.now += timedelta(seconds=1)
            self.take(self.mollie[tab].seen(tab, self.now))
            self.take(before)

    @rule()
    def read_shop(self) -> None:
        """A lane reads an order and applies it before it reads it again: these never overtake each other."""
        if self.shop.attempts:
            self.apply_order(self.shop.seen())

    @rule(which=st.integers(0, 20), again=st.booleans())
    def deliver(self, which: int, again: bool) -> None:  # Hypothesis calls it.
        if self.mail:
            seen = self.mail[which % len(self.mail)]
            if not again:
                self.mail.remove(seen)
            self.take(seen)

    @rule(which=st.integers(0, 20))
    def die_while_applying(self, which: int) -> None:
        if self.mail:
            with pytest.raises(Broken):
                self.break_off(self.mail[which % len(self.mail)])
            self.session.expire_all()

    def break_off(self, seen: PaymentSeen) -> None:
        with self.session.begin_nested():
            self.apply_payment(seen)
            raise Broken

    def take(self, seen: PaymentSeen) -> None:
        self.apply_payment(seen)
        had = self.newest.get(seen.external_id)
        if had is None or had.asked_at <= seen.asked_at:
            self.newest[seen.external_id] = seen

    def apply_payment(self, seen: PaymentSeen) -> None:
        services.apply_payments(self.session, self.channel, [seen], now=self.now)

    def apply_order(self, seen: OrderSeen) -> None:
        applied = orders.apply_orders(self.session, self.channel, [seen], now=self.now)
        services.orders_moved(self.session, applied.moved, now=self.now)

    def look_at_everything(self) -> None:
        self.now += timedelta(seconds=1)
        self.apply_order(self.shop.seen())
        for tab, payment in self.mollie.items():
            self.take(payment.seen(tab, self.now))

    # What has to hold

    @invariant()
    def an_older_answer_never_undoes_a_newer_one(self) -> None:
        for id_, seen in (self.newest if hasattr(self, "newest") else {}).items():
            row = self.session.execute(
                sa.select(Payment.status, Payment.refunded, Payment.charged_back).where(Payment.external_id == id_)
            ).one()
            assert tuple(row) == (seen.status, seen.refunded, seen.charged_back)

    @invariant()
    def nothing_is_booked_that_mollie_never_said(self) -> None:
        """At any moment our balance of a payment is what some look at it said; so it is never above what was paid."""
        if not hasattr(self, "savepoint"):
            return
        rows = self.session.execute(
            sa.select(MoneyEntry.payment_id, sa.func.sum(MoneyEntry.amount)).group_by(MoneyEntry.payment_id)
        )
        assert all(Decimal(0) <= balance <= TOTAL for _payment, balance in rows)

    def told(self) -> list[Any]:
        self.session.expire_all()
        entries = self.session.execute(sa.select(sa.func.count(MoneyEntry.id))).scalar_one()
        revisions = self.session.execute(sa.select(Order.id, Order.revision).order_by(Order.id)).all()
        return [entries, revisions]

    def check(self) -> None:
        self.session.expire_all()
        for tab, payment in self.mollie.items():
            row = self.session.execute(sa.select(Payment).where(Payment.external_id == f"tr_{tab}")).scalar_one()
            balance = self.session.execute(
                sa.select(sa.func.coalesce(sa.func.sum(MoneyEntry.amount), 0)).where(MoneyEntry.payment_id == row.id)
            ).scalar_one()
            assert (row.status, row.difference, balance) == (payment.status, Decimal(0), payment.net)
            assert row.order_id is not None
            for refund in self.session.execute(sa.select(Refund).where(Refund.payment_id == row.id)).scalars():
                assert refund.status == payment.refunds[str(refund.external_id)][0], "a refund's state is Mollie's"
        order = self.session.execute(sa.select(Order)).scalar_one()
        money = self.session.get_one(OrderMoney, order.id)
        paid = sum(TOTAL for one in self.mollie.values() if one.status == "paid")
        net = sum(one.net for one in self.mollie.values())
        assert money.paid - money.refunded - money.charged_back == net
        assert (money.verdict == "overpaid") == (net > TOTAL)
        assert (money.verdict in ("paid", "overpaid")) == (net >= TOTAL)
        assert money.doubt == bool(money.problems)
        assert any(one["kind"] == "double_payment" for one in money.problems) == (
            net > TOTAL and self.shop.state != "cancelled"
        )
        assert paid or not money.paid
        judge_orders(self.session, [order.id], now=self.now)


def test_news_in_any_order_ends_in_mollies_truth(session: Session) -> None:
    channel = Assortment(session).shops[1].id
    session.flush()
    machine = type("Here", (World,), {"session": session, "channel": channel})
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=40, stateful_step_count=40, deadline=None,
                          suppress_health_check=list(HealthCheck)),
    )  # fmt: skip
