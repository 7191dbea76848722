"""Payments come in from a real sandbox Mollie: by the clock, by webhook, late, twice, forged; shops are set right."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from paying import FLOW, ORDERS, REPAIRS, TOKEN, TOTAL, Trade, booked, kinds, messages, money, tick, work

from app.channels.models import Channel
from app.db import transaction
from app.flows.doctor import examine
from app.flows.models import Cursor
from app.orders.models import OrderAct
from app.payments.models import Payment
from app.webhooks.models import RefusedDelivery
from jobs import mollie_accounts


def call(browser: FlaskClient, id_: str, token: str = TOKEN, channel: str = "econocom") -> int:
    """Mollie's classic webhook."""
    return browser.post(f"/webhooks/mollie/{channel}/{token}", data={"id": id_}).status_code


def test_a_payment_is_found_by_the_clock_and_followed_to_its_end(econocom: Trade) -> None:
    (id_,) = econocom.pays("10001")
    tick()
    assert (money("10001").verdict, kinds(money("10001"))) == ("open", [])

    econocom.act(id_, "pay")
    with transaction() as session:
        session.execute(sa.text("UPDATE payment SET due_at = now()"))
    tick(FLOW)

    found = money("10001")
    assert (found.verdict, found.paid) == ("paid", TOTAL)
    assert booked() == [("paid", TOTAL)]


def test_a_webhook_is_an_id_that_is_asked_for_at_once(econocom: Trade, paying: Flask) -> None:
    (id_,) = econocom.pays("10001")
    tick()
    econocom.act(id_, "pay")

    assert call(paying.test_client(), id_) == 200
    assert call(paying.test_client(), id_) == 200
    work(FLOW)

    assert money("10001").verdict == "paid"
    told = [message for message in messages() if message.body.get("act") == "refresh"]
    assert len(told) >= 2
    assert {message.state for message in told} <= {"delivered", "unchanged"}
    assert booked() == [("paid", TOTAL)]


def test_where_the_portal_is_the_bridge_it_moves_the_shops_state_and_mails_nobody(econocom: Trade) -> None:
    (id_,) = econocom.pays("10001")
    tick()
    econocom.act(id_, "pay")
    with transaction() as session:
        session.execute(sa.text("UPDATE payment SET due_at = now()"))
    tick(FLOW)
    assert kinds(money("10001")) == ["shop_behind"]

    work(REPAIRS, ORDERS)

    assert econocom.state("10001") == "paid"
    assert (money("10001").verdict, kinds(money("10001"))) == ("paid", [])
    with transaction() as session:
        (act,) = session.execute(sa.select(OrderAct)).scalars()
        assert (act.kind, act.state, act.requested_by) == ("repair", "done", None)


def test_a_payment_that_went_back_before_the_shop_knew_it_is_moved_by_way_of_paid(econocom: Trade) -> None:
    (id_,) = econocom.pays("10001")
    econocom.act(id_, "pay")
    amount = {"currency": "EUR", "value": "121.00"}
    econocom.mollie.post(f"payments/{id_}/refunds", {"amount": amount}).raise_for_status()
    tick()
    work()

    assert econocom.state("10001") == "refunded"
    assert (money("10001").verdict, kinds(money("10001"))) == ("refunded", [])


def test_an_expired_old_attempt_takes_nothing_from_the_one_that_paid(econocom: Trade) -> None:
    old, new = econocom.pays("10001", "old", "new")
    econocom.act(new, "pay")
    econocom.act(old, "expire")
    tick()
    work()

    assert (econocom.state("10001", "old"), econocom.state("10001", "new")) == ("cancelled", "paid")
    assert (money("10001").verdict, kinds(money("10001"))) == ("paid", [])


def test_two_tabs_that_both_pay_are_flagged_and_the_late_one_is_found(econocom: Trade, paying: Flask) -> None:
    old, new = econocom.pays("10001", "old", "new")
    econocom.act(new, "pay")
    tick()
    work()
    econocom.act(old, "pay")
    call(paying.test_client(), old)
    work()

    found = money("10001")
    assert (found.verdict, found.paid, kinds(found)) == ("overpaid", 2 * TOTAL, ["double_payment"])


def test_a_shop_that_was_moved_by_hand_is_found_out(direct: Trade) -> None:
    direct.pays("10001")
    direct.move("10001", "paid")
    tick()

    found = money("10001", "refurbished-direct")
    assert (found.verdict, kinds(found)) == ("open", ["shop_ahead"])


@pytest.mark.parametrize("forged", ["tr_doesNotExist123", "tr_x/refunds", "ord_123", "", "tr_" + "x" * 200])
def test_a_call_that_names_nothing_of_ours_is_answered_alike_and_changes_nothing(
    econocom: Trade, paying: Flask, forged: str
) -> None:
    econocom.pays("10001")
    tick()
    before = booked()

    assert call(paying.test_client(), forged) == 200
    work()

    assert booked() == before
    with transaction() as session:
        assert len(session.execute(sa.select(Payment)).all()) == 1


def test_a_wrong_token_is_refused_and_seen(paying: Flask, econocom: Trade) -> None:
    (id_,) = econocom.pays("10001")

    assert call(paying.test_client(), id_, token="wrong") == 404  # A wrong one.
    assert call(paying.test_client(), id_, token="wrong") == 404  # A wrong one.

    assert messages() == []
    with transaction() as session:
        (refused,) = session.execute(sa.select(RefusedDelivery)).scalars()
    assert (refused.system, refused.channel, refused.times) == ("mollie", "econocom", 2)


def test_a_payment_that_the_shop_names_and_mollie_does_not_know_is_a_problem(econocom: Trade) -> None:
    payload = econocom.shop.order("10001")
    (plain,) = payload["transactions"]
    custom = {"mollie_payments": {"payment_id": "tr_ofAnotherAccount"}}
    econocom.shop.post("order", {**payload, "transactions": [{**plain, "customFields": custom}]}).raise_for_status()
    tick()

    assert kinds(money("10001")) == ["unknown_payment"]


def test_each_shop_is_asked_with_its_own_key(econocom: Trade, direct: Trade) -> None:
    (mine,), (theirs,) = econocom.pays("10001"), direct.pays("10001")
    econocom.act(mine, "pay")
    tick()

    assert (money("10001").verdict, money("10001", "refurbished-direct").verdict) == ("paid", "open")
    with transaction() as session:
        rows = session.execute(sa.select(Payment.external_id, Channel.code).join(Channel)).all()
    assert {tuple(row) for row in rows} == {(mine, "econocom"), (theirs, "refurbished-direct")}


def test_a_mollie_that_stumbles_is_asked_again_and_nothing_is_lost(econocom: Trade, paying: Flask) -> None:
    (id_,) = econocom.pays("10001")
    tick()
    econocom.act(id_, "pay")
    fault = econocom.mollie.handle.fault("503", route=r"/v2/payments/tr_.*", left=6)
    call(paying.test_client(), id_)
    work(FLOW)
    with transaction() as session:
        session.execute(sa.text("UPDATE message SET next_attempt_at = now() WHERE state = 'pending'"))
        session.execute(sa.text("UPDATE lane SET open_until = NULL"))
    fault.left = 0
    mollie_accounts._client.cache_clear()
    work(FLOW)

    assert fault.hits >= 4
    assert money("10001").verdict == "paid"


def test_all_pages_of_a_list_are_read_and_the_cursor_moves(econocom: Trade, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations.mollie.calls.PAGE_SIZE", 5)
    for number in range(12):
        econocom.mollie.payment(description=str(number))
    tick()

    with transaction() as session:
        assert len(session.execute(sa.select(Payment)).all()) == 12
        place = session.execute(
            sa.select(Cursor.place).where(Cursor.flow == FLOW, Cursor.channel == "econocom")
        ).scalar_one()
    assert set(place) == {"since", "whole"}


def test_the_doctor_asks_mollie_with_each_key(econocom: Trade, paying: Flask) -> None:
    found = {check["name"]: check for check in examine(paying.extensions["settings"])}

    assert all(found[name]["ok"] for name in ("mollie econocom", "mollie refurbished-direct", "mollie organisation"))
    assert found["mollie econocom"]["detail"].endswith("states kept by the portal")
    assert found["mollie organisation"]["detail"].startswith("EUR ")

    econocom.mollie.handle.fault("503", route="/v2/methods")
    assert not {check["name"]: check for check in examine(paying.extensions["settings"])}["mollie econocom"]["ok"]


def test_without_a_key_messages_wait_and_the_reason_is_said(paying: Flask) -> None:
    before = paying.extensions["settings"]
    paying.extensions["settings"] = before.model_copy(update={"mollie": {}, "mollie_organisation": None})

    with pytest.raises(mollie_accounts.UnknownAccount, match="MOLLIE has no key for econocom"):
        mollie_accounts.reach("econocom")
    with pytest.raises(mollie_accounts.UnknownAccount, match="MOLLIE_ORGANISATION is not set"):
        mollie_accounts.reach_organisation()
    paying.extensions["settings"] = before
