"""Days that are made up for: what happened then has its own dates, its timers go off in their turn, and nobody is
called in the past.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from browsing import until
from mollie_calls import BareMollie, Receiver, euro

from sandbox import as_of
from sandbox.buyer import Buyer
from sandbox.history import History
from sandbox.mollie.past import Past
from sandbox.testing import BareShop, MollieHandle, SandboxHandle

V4, V5 = "refurbished-direct", "econocom"
SECOND, MINUTE, HOUR, DAY = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))


def ago(**past: float) -> datetime:
    """In whole seconds, as Mollie writes them."""
    return datetime.now(UTC).replace(microsecond=0) - timedelta(**past)


def moment(thing: dict[str, Any], name: str) -> datetime:
    return datetime.fromisoformat(thing[name])


def made(mollie: BareMollie, at: datetime, path: str = "payments", **fields: Any) -> httpx.Response:
    """Asked for at that moment: a payment, or what `path` is."""
    payment = {"description": "Order 1", "redirectUrl": "https://shop.example/back", "method": "ideal"}
    body = {"amount": euro("10.00"), **(payment if path == "payments" else {}), **fields}
    return mollie.http.post(f"/v2/{path}", json=body, headers=as_of.header(at))


def payment_of(mollie: BareMollie, at: datetime, **fields: Any) -> dict[str, Any]:
    answer = made(mollie, at, **fields)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


def choose(payment: dict[str, Any], outcome: str, at: datetime) -> None:
    """On Mollie's page, at that moment."""
    with Buyer("http://shop.example") as buyer:
        buyer.http.headers.update(as_of.header(at))
        buyer.choose(payment["_links"]["checkout"]["href"], outcome)


def tasks(handle: MollieHandle, act: str) -> list[datetime]:
    """When Mollie will act."""
    with handle.mollie.storage.transaction() as books:
        rows = books.connection.execute("SELECT due_at FROM task WHERE act = %s ORDER BY 1", (act,)).fetchall()
    return [due.astimezone(UTC) for (due,) in rows]


# One payment


def test_a_payment_of_then_has_the_dates_of_then(mollie: BareMollie, handle: MollieHandle) -> None:
    then = ago(days=5)
    with Past(handle.mollie):
        payment = payment_of(mollie, then)
        choose(payment, "pay", then + 2 * MINUTE)

    seen = mollie.seen(payment["id"])

    assert moment(payment, "expiresAt") == then + 15 * MINUTE
    assert (moment(seen, "createdAt"), moment(seen, "paidAt")) == (then, then + 2 * MINUTE)


def test_a_buyer_who_did_not_come_was_too_late_when_they_were(mollie: BareMollie, handle: MollieHandle) -> None:
    then = ago(days=5)
    with Past(handle.mollie) as past:
        late, soon = payment_of(mollie, then), payment_of(mollie, then + 10 * MINUTE)

        past.reach(then + 20 * MINUTE)

        assert [mollie.seen(one["id"])["status"] for one in (late, soon)] == ["expired", "open"]
    assert moment(mollie.seen(late["id"]), "expiredAt") == then + 15 * MINUTE
    until(lambda: mollie.seen(soon["id"])["status"] == "expired")  # Left over: the worker's.
    assert moment(mollie.seen(soon["id"]), "expiredAt") == then + 25 * MINUTE


def test_work_of_today_goes_on_meanwhile(mollie: BareMollie, handle: MollieHandle) -> None:
    with Past(handle.mollie):
        past_one, today = payment_of(mollie, ago(days=5)), mollie.payment(method="ideal")
        handle.advance(16 * 60)

        assert mollie.seen(today["id"])["status"] == "expired"
        assert mollie.seen(past_one["id"])["status"] == "open"


@pytest.mark.parametrize("when", ["soon", "2026-11-01T12:00:00", "2999-01-01T00:00:00+00:00"])
def test_what_is_no_moment_of_the_past_is_refused(mollie: BareMollie, when: str) -> None:
    headers = {as_of.HEADER: when}
    payment = mollie.payment()

    answer = mollie.http.post("/v2/payments", json={}, headers=headers)
    page = httpx.post(payment["_links"]["checkout"]["href"], data={"outcome": "pay"}, headers=headers)

    assert answer.status_code == 400
    assert page.status_code == 422
    assert mollie.seen(payment["id"])["status"] == "open"


def test_a_refund_takes_its_time_up_to_now_and_is_rushed_from_now_on(mollie: BareMollie, handle: MollieHandle) -> None:
    handle.mollie.set_rate(60)
    then = ago(hours=10)
    with Past(handle.mollie) as past:
        payment = payment_of(mollie, then - HOUR)
        choose(payment, "pay", then - HOUR + MINUTE)
        refund = made(mollie, then, f"payments/{payment['id']}/refunds").json()

        past.reach(past.began)

    (arrives,) = tasks(handle, "refund")
    moves = mollie.handle.mollie
    with moves.storage.transaction() as books:
        (entered,) = books.connection.execute(
            "SELECT doc->>'createdAt' FROM entity WHERE kind = 'transaction' AND doc->>'type' = 'refund'"
        ).fetchall()
    assert moment(refund, "createdAt") == then
    assert mollie.get(f"payments/{payment['id']}/refunds/{refund['id']}").json()["status"] == "processing"
    assert datetime.fromisoformat(entered[0]) == then + 2 * HOUR
    left = then + 26 * HOUR - past.began  # Sixteen hours, sixteen minutes then.
    assert abs(arrives - past.began - left / 60) < 10 * SECOND


def test_calls_about_the_past_are_made_and_repeated_from_now_on(
    mollie: BareMollie, handle: MollieHandle, receiver: Receiver
) -> None:
    receiver.answers[:] = [500] * 20
    with Past(handle.mollie):
        payment = payment_of(mollie, ago(days=5), webhookUrl=receiver.url)
        choose(payment, "pay", ago(days=5))
    receiver.wait(1)

    until(lambda: handle.deliveries(payment["id"])[0]["state"] == "queued")

    (call,) = handle.deliveries(payment["id"])
    assert call["attempts"] == 1
    assert timedelta(0) < datetime.fromisoformat(call["due"]) - datetime.now(UTC) <= MINUTE
    assert len(receiver.calls) == 1


def test_lists_are_by_creation_whenever_it_was_written(mollie: BareMollie, handle: MollieHandle) -> None:
    with Past(handle.mollie):
        first = mollie.payment()["id"]
        older, oldest = (payment_of(mollie, ago(days=days))["id"] for days in (3, 5))
        last = mollie.payment()["id"]

        seen, page = [], "payments?limit=1"
        while page:
            body = mollie.get(page.partition("?")[0], **dict(httpx.QueryParams(page.partition("?")[2]))).json()
            seen += [one["id"] for one in body["_embedded"]["payments"]]
            page = ((body["_links"]["next"] or {}).get("href") or "").partition("/v2/")[2]

        upward = mollie.get("payments", sort="asc").json()["_embedded"]["payments"]
    assert seen == [last, first, older, oldest]
    assert [one["id"] for one in upward] == seen[::-1]


# All of it


class Written:
    """Forty orders of ten days in both shops, and what came of them at Mollie."""

    def __init__(self, world: SandboxHandle, shops: dict[str, BareShop], organisation: BareMollie) -> None:
        self.world, self.shops, self.organisation = world, shops, organisation
        for shop in shops.values():
            for number in range(12):
                shop.sell(f"SKU-{number}", stock=50)
        self.began = datetime.now(UTC)
        past = History(world.sandbox.shops.values(), world.sandbox.mollie, orders=40)
        past.run()

    def get(self, path: str, name: str = "") -> list[dict[str, Any]]:
        """All of a list of the organisation's."""
        answer = self.organisation.get(path, testmode="true", limit="250")
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["_embedded"][name or path]
        return found

    def orders(self) -> dict[str, dict[str, Any]]:
        """By their ids, with their attempts."""
        attempts = {"transactions": {"sort": "createdAt"}, "documents": {}}
        found = [one for shop in self.shops.values() for one in shop.search("order", limit=100,
                 associations=attempts)["data"]]  # fmt: skip
        return {one["id"]: one for one in found}

    def order_of(self, payment: dict[str, Any], orders: dict[str, dict[str, Any]]) -> dict[str, Any]:
        return orders[payment["redirectUrl"].rpartition("orderId=")[2]]


@pytest.fixture
def written(world: SandboxHandle, shop_of: Callable[[str], BareShop], organisation: BareMollie) -> Written:
    return Written(world, {code: shop_of(code) for code in (V4, V5)}, organisation)


def test_the_past_at_mollie_is_as_old_as_its_orders_and_goes_off_in_no_storm(written: Written) -> None:
    payments, orders = written.get("payments"), written.orders()
    created = [moment(one, "createdAt") for one in payments]
    assert len(payments) == 44  # A failed, and a double payment of each shop, have two attempts.
    assert created == sorted(created, reverse=True)
    assert created[-1] < written.began - 5 * DAY
    for one in payments:
        order = written.order_of(one, orders)
        placed = moment(order, "orderDateTime")
        assert timedelta(0) <= moment(one, "createdAt") - placed + SECOND < 8 * MINUTE
        if one["status"] == "paid":
            assert timedelta(0) < moment(one, "paidAt") - placed < 15 * MINUTE
        if one["status"] == "expired":
            assert 14 * MINUTE < moment(one, "expiredAt") - moment(one, "createdAt") < 61 * MINUTE
        attempts = [moment(attempt, "createdAt") for attempt in order["transactions"]]
        assert min(abs(at - moment(one, "createdAt")) for at in attempts) < 2 * SECOND
    statuses = Counter(one["status"] for one in payments)
    assert (statuses["paid"], statuses["canceled"], statuses["open"]) == (30, 2, 4)  # Transfers stay open.

    handle = written.world.mollie
    until(lambda: {one["state"] for one in handle.deliveries()} == {"delivered"})
    assert {one["attempts"] for one in handle.deliveries()} == {1}
    assert min(tasks(handle, "expire")) > written.began
    assert [due for act in ("payout", "refund", "settle") for due in tasks(handle, act) if due < written.began] == []


def test_what_was_paid_is_in_the_settlement_of_its_night(written: Written) -> None:
    settlements = written.get("settlements")
    nights = [moment(one, "createdAt") for one in settlements]
    assert 5 <= len(nights) <= 10  # One on which more went back than came is left to the next.
    assert nights == sorted(nights, reverse=True)
    assert {(night.hour, night.minute, night.second) for night in nights} == {(0, 0, 0)}
    held = Decimal(0)
    for one, night, before in zip(settlements, nights, [*nights[1:], nights[-1] - 10 * DAY], strict=True):
        payments = written.get(f"settlements/{one['id']}/payments", "payments")
        assert payments
        assert all(before <= moment(payment, "paidAt") < night for payment in payments)
        held += Decimal(one["amount"]["value"])
        if night + 4 * HOUR < written.began:
            assert (one["status"], moment(one, "settledAt")) == ("paidout", night + 4 * HOUR)
    assert len({one["reference"] for one in settlements}) == len(settlements)

    moves = written.get("balances/primary/transactions", "balance_transactions")
    dates = [moment(one, "createdAt") for one in moves]
    assert (moves[-1]["type"], dates) == ("topup", sorted(dates, reverse=True))
    sent = [one for one in moves if one["type"] == "outgoing-transfer"]
    assert -sum(Decimal(one["resultAmount"]["value"]) for one in sent) == held
    left = sum((Decimal(one["resultAmount"]["value"]) for one in moves), Decimal(0))
    assert Decimal(written.get("balances")[0]["availableAmount"]["value"]) == left


def test_what_went_back_is_where_it_is_after_that_time(written: Written) -> None:
    payments = {one["id"]: one for one in written.get("payments")}
    refunds = written.get("refunds")

    assert len(refunds) == 2
    for one in refunds:
        asked = moment(one, "createdAt")
        assert timedelta(0) < asked - moment(payments[one["paymentId"]], "paidAt") < 22 * HOUR
        age = written.began - asked
        assert one["status"] == ("refunded" if age > 26 * HOUR else "processing" if age > 2 * HOUR else "pending")


def test_the_shops_moved_when_it_happened(written: Written) -> None:
    orders = written.orders()
    paid_at = {written.order_of(one, orders)["id"]: moment(one, "paidAt") for one in written.get("payments")
               if one["status"] == "paid"}  # fmt: skip
    steps = [one for shop in written.shops.values() for one in shop.search("state-machine-history", limit=500,
             associations={"toStateMachineState": {}, "stateMachine": {}})["data"]]  # fmt: skip
    of_attempt = {attempt["id"]: order for order in orders.values() for attempt in order["transactions"]}

    became_paid = [one for one in steps if one["transitionActionName"] == "paid"]
    assert len(became_paid) == 30
    for one in became_paid:
        assert abs(moment(one, "createdAt") - paid_at[of_attempt[one["referencedId"]]["id"]]) < 4 * MINUTE
    assert all(moment(one, "createdAt") < written.began for one in steps)
    invoiced = [(order, one) for order in orders.values() for one in order["documents"]]
    assert len(invoiced) == 12
    for order, one in invoiced:
        assert HOUR / 5 < moment(one, "createdAt") - moment(order, "orderDateTime") <= 22 * HOUR + MINUTE
