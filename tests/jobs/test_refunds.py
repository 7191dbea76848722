"""Refunds go to a real sandbox Mollie once, whatever fails between, and are called paid back when Mollie says so."""

from __future__ import annotations

import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from flask import Flask
from paying import TOTAL, Trade, booked, kinds, messages, money, tick, work

from app import clock
from app.auth.models import User
from app.db import transaction
from app.payments import refunds
from app.payments.models import Payment, Refund
from app.payments.refunds import NotRefundable
from app.payments.services import FLOW as PAYMENTS
from jobs import ledger, mollie_accounts

FLOW = "portal.refunds.mollie"
TWO_HOURS = 2 * 3600 + 60


def person(role: str = "agent") -> int:
    with transaction() as session:
        user = User(email=f"{uuid.uuid4().hex}@example.com", name="Ada", role=role, password_hash="")
        session.add(user)
        session.flush()
        return user.id


def want(id_: str, amount: str = "21.00", *, key: str = "", limit: Decimal | None = None, user: int = 0) -> int:
    """A person wants money of a payment paid back; returns our refund."""
    user = user or person()
    with transaction() as session:
        payment = session.execute(sa.select(Payment.id).where(Payment.external_id == id_)).scalar_one()
        return refunds.request(
            session, payment, Decimal(amount), key=key or uuid.uuid4().hex, reason="goodwill", note_="", lines=[],
            returns=False, user_id=user, limit=limit, now=clock.now(),
        ).id  # fmt: skip


def refund(id_: int) -> Refund:
    with transaction() as session:
        session.expire_all()
        return session.get_one(Refund, id_)


def at_mollie(trade: Trade, id_: str) -> list[dict[str, str]]:
    answer = trade.mollie.get(f"payments/{id_}/refunds").json()
    return [{"amount": one["amount"]["value"], "status": one["status"]} for one in answer["_embedded"]["refunds"]]


def again() -> None:
    """What waits for another try is tried."""
    with transaction() as session:
        session.execute(sa.text("UPDATE message SET next_attempt_at = now() WHERE state = 'pending'"))
        session.execute(sa.text("UPDATE lane SET open_until = NULL"))
    mollie_accounts._client.cache_clear()
    ledger.drain(FLOW)


@pytest.fixture
def paid(econocom: Trade) -> str:
    """An order that is paid; its payment."""
    (id_,) = econocom.pays("10001")
    econocom.act(id_, "pay")
    tick()
    work()
    return id_


def test_a_refund_is_never_called_paid_back_before_mollie_says_so(econocom: Trade, paid: str) -> None:
    id_ = want(paid)
    assert (refund(id_).state, at_mollie(econocom, paid)) == ("requested", [])

    ledger.drain(FLOW)
    work()
    assert (refund(id_).state, refund(id_).status) == ("pending", "pending")
    assert at_mollie(econocom, paid) == [{"amount": "21.00", "status": "pending"}]
    assert money("10001").verdict == "partly_refunded"

    econocom.mollie.handle.advance(TWO_HOURS)
    with transaction() as session:
        session.execute(sa.text("UPDATE payment SET due_at = now()"))
    tick(PAYMENTS)
    assert refund(id_).state == "pending"

    econocom.mollie.handle.advance(5 * 86400)
    with transaction() as session:
        session.execute(sa.text("UPDATE payment SET due_at = now()"))
    tick(PAYMENTS)
    assert refund(id_).state == "processed"
    assert booked() == [("paid", TOTAL), ("refund", Decimal("-21.00"))]


@pytest.mark.parametrize("kind", ["504_after", "cut_after"])
def test_a_refund_whose_answer_is_lost_happens_once(econocom: Trade, paid: str, kind: str) -> None:
    fault = econocom.mollie.handle.fault(kind, route=r"/v2/payments/.*/refunds", left=2)
    id_ = want(paid)
    ledger.drain(FLOW)
    again()
    work()

    assert fault.hits == 2
    assert at_mollie(econocom, paid) == [{"amount": "21.00", "status": "pending"}]
    assert refund(id_).external_id is not None
    assert booked() == [("paid", TOTAL), ("refund", Decimal("-21.00"))]


def test_a_try_after_mollie_forgot_the_key_first_looks_what_an_earlier_one_did(
    econocom: Trade, paid: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = econocom.mollie.handle.fault("504_after", route=r"/v2/payments/.*/refunds")
    id_ = want(paid)
    ledger.drain(FLOW)
    assert refund(id_).state == "requested"
    fault.left = 0
    assert len(at_mollie(econocom, paid)) == 1
    econocom.mollie.handle.advance(2 * 3600)
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(hours=2))

    again()

    assert len(at_mollie(econocom, paid)) == 1
    assert refund(id_).external_id is not None


def test_a_double_click_is_one_refund(econocom: Trade, paid: str) -> None:
    key = uuid.uuid4().hex

    assert want(paid, key=key) == want(paid, key=key)
    ledger.drain(FLOW)

    assert len(at_mollie(econocom, paid)) == 1


def test_the_same_amount_within_the_hour_is_a_persons_decision(econocom: Trade, paid: str) -> None:
    want(paid)
    ledger.drain(FLOW)
    work()

    with pytest.raises(NotRefundable) as error:
        want(paid)
    assert error.value.why == "twin"

    assert want(paid, "42.00")  # Merged into one, it goes.


def test_a_twin_that_mollie_alone_knows_of_stops_ours_and_is_named(econocom: Trade, paid: str) -> None:
    amount = {"currency": "EUR", "value": "21.00"}
    econocom.mollie.post(f"payments/{paid}/refunds", {"amount": amount}).raise_for_status()
    id_ = want(paid)

    ledger.drain(FLOW)

    assert refund(id_).state == "failed"
    assert "duplicate" in refund(id_).failure
    assert len(at_mollie(econocom, paid)) == 1
    work()
    assert kinds(money("10001")) == [] or "refund_failed" in kinds(money("10001"))


def test_more_than_is_left_is_refused_before_mollie_is_asked(paid: str) -> None:
    want(paid, "100.00")

    for amount in ("21.01", "0.00", "-5.00"):
        with pytest.raises(NotRefundable) as error:
            want(paid, amount)
        assert error.value.why == "too_much"
    want(paid, "21.00")
    with pytest.raises(NotRefundable) as error:
        want(paid, "0.01")
    assert error.value.why == "nothing_left"


def test_above_the_limit_a_second_person_agrees_and_nobody_agrees_with_themselves(econocom: Trade, paid: str) -> None:
    agent, manager = person(), person("manager")
    id_ = want(paid, "21.00", limit=Decimal(20), user=agent)
    ledger.drain(FLOW)
    assert (refund(id_).state, at_mollie(econocom, paid)) == ("waiting", [])

    with pytest.raises(NotRefundable) as error, transaction() as session:
        refunds.decide(session, id_, agreed=True, user_id=agent, limit=None, now=clock.now())
    assert error.value.why == "own"
    with transaction() as session:
        refunds.decide(session, id_, agreed=True, user_id=manager, limit=Decimal(1000), now=clock.now())
    with pytest.raises(NotRefundable) as error, transaction() as session:
        refunds.decide(session, id_, agreed=True, user_id=manager, limit=Decimal(1000), now=clock.now())
    assert error.value.why == "decided"
    ledger.drain(FLOW)

    assert len(at_mollie(econocom, paid)) == 1
    assert refund(id_).decided_by == manager


def test_what_was_declined_never_goes(econocom: Trade, paid: str) -> None:
    id_ = want(paid, "21.00", limit=Decimal(20))
    with transaction() as session:
        refunds.decide(session, id_, agreed=False, user_id=person("manager"), limit=None, now=clock.now())
    ledger.drain(FLOW)

    assert (refund(id_).state, at_mollie(econocom, paid)) == ("declined", [])
    assert want(paid, "121.00")  # And its money is free again.


def test_a_refund_that_fails_later_is_booked_back_and_is_a_problem_until_it_is_seen_to(
    econocom: Trade, paid: str
) -> None:
    id_ = want(paid)
    ledger.drain(FLOW)
    work()
    econocom.act(paid, "fail_refund", refund=refund(id_).external_id)
    with transaction() as session:
        session.execute(sa.text("UPDATE payment SET due_at = now()"))
    tick(PAYMENTS)
    work()

    assert refund(id_).state == "failed"
    assert sum(amount for _kind, amount in booked()) == TOTAL
    assert kinds(money("10001")) == ["refund_failed"]
    with transaction() as session:
        refunds.see_to(session, id_, now=clock.now())
    assert kinds(money("10001")) == []


def test_a_chargeback_and_its_reversal_are_booked_and_judged(econocom: Trade, paid: str, paying: Flask) -> None:
    econocom.act(paid, "chargeback")
    paying.test_client().post("/webhooks/mollie/econocom/nobody-guesses-this", data={"id": paid})
    work()

    assert money("10001").verdict == "charged_back"
    assert (econocom.state("10001"), kinds(money("10001"))) == ("chargeback", [])
    assert booked() == [("paid", TOTAL), ("chargeback", -TOTAL)]

    econocom.act(paid, "reverse")
    paying.test_client().post("/webhooks/mollie/econocom/nobody-guesses-this", data={"id": paid})
    work()
    assert booked()[-1] == ("chargeback_reversed", TOTAL)
    assert money("10001").verdict == "paid"


def test_money_that_went_back_at_mollie_itself_is_found(econocom: Trade, paid: str) -> None:
    amount = {"currency": "EUR", "value": "121.00"}
    econocom.mollie.post(f"payments/{paid}/refunds", {"amount": amount, "description": "By hand"}).raise_for_status()
    tick(PAYMENTS)

    assert money("10001").verdict == "refunded"
    with transaction() as session:
        (found,) = session.execute(sa.select(Refund)).scalars()
    assert (found.reason, found.requested_by, found.state) == ("", None, "pending")


def test_a_refused_refund_says_why_in_mollies_words(econocom: Trade, paid: str) -> None:
    id_ = want(paid, "100.00")
    amount = {"currency": "EUR", "value": "120.00"}
    econocom.mollie.post(f"payments/{paid}/refunds", {"amount": amount}).raise_for_status()
    ledger.drain(FLOW)

    assert refund(id_).state == "failed"
    assert refund(id_).failure
    (message,) = messages(FLOW)
    assert message.state == "dead"
