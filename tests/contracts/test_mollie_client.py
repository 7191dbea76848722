"""Our client of Mollie against the sandbox's: two readings of one contract, written without each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from mollie_calls import SHOP, BareMollie, Receiver

from integrations.errors import Misconfigured, Rejected, Throttled, Unavailable, UnexpectedBody
from integrations.http import Backoff, Limits
from integrations.mollie.account import MollieAccount
from integrations.mollie.client import Absent, Done, DuplicateRefund, MollieClient, Money
from integrations.mollie.schemas import Payment, Refund
from integrations.mollie.state import PARTLY_REFUNDED, REFUNDED, derived_state
from integrations.mollie.webhook import read_classic, verify
from sandbox.testing import MollieHandle

QUICK = Limits(connect_s=2, read_s=0.5, write_s=2, total_s=2)
NO_WAIT = Backoff(first_s=0.01, cap_s=0.02)


def ten(value: str = "10.00") -> Money:
    return Money(Decimal(value), "EUR")


@pytest.fixture
def connect(handle: MollieHandle) -> Iterator[Callable[..., MollieClient]]:
    """A client for a credential; closed afterwards."""
    made: list[MollieClient] = []

    def client(token: str = "", **other: str) -> MollieClient:
        account = MollieAccount(handle.base_url, token or handle.key(SHOP), **other)  # type: ignore[arg-type]
        made.append(MollieClient(account, limits=QUICK, backoff=NO_WAIT))
        return made[-1]

    yield client
    for one in made:
        one.close()


@pytest.fixture
def client(connect: Callable[..., MollieClient]) -> MollieClient:
    return connect()


@pytest.fixture
def house(connect: Callable[..., MollieClient], handle: MollieHandle) -> MollieClient:
    """The organisation, in test mode."""
    return connect(handle.organisation_token, mode="test")


def create(client: MollieClient, key: str, **more: object) -> Done[Payment]:
    return client.create_payment(ten(), key=key, description="Order 1", redirect_url="https://shop.example/", more=more)


def paid(client: MollieClient, handle: MollieHandle, key: str = "made") -> Payment:
    id_ = create(client, key).result.id
    handle.act(id_, "pay")
    return client.payment(id_)


def test_a_payment_is_made_paid_and_refunded_in_full(client: MollieClient, handle: MollieHandle) -> None:
    made = create(client, "one", metadata={"shopwareOrderNumber": "10001"})
    assert (made.replayed, create(client, "one", metadata={"shopwareOrderNumber": "10001"}).replayed) == (False, True)
    handle.act(made.result.id, "pay", method="ideal")

    first = client.create_refund(made.result.id, ten("4.00"), key="a", description="Return", metadata={"row": 1})
    partly = client.payment(made.result.id, embed=["refunds"])
    client.create_refund(made.result.id, ten("6.00"), key="b")
    after = client.payment(made.result.id)

    assert first.result.status == "pending"
    assert derived_state(partly) == PARTLY_REFUNDED
    assert [refund.id for refund in partly.refunds or []] == [first.result.id]
    assert derived_state(after) == REFUNDED
    assert client.refund(made.result.id, first.result.id).metadata == {"row": 1}


def until_it_is_done(client: MollieClient, payment_id: str) -> Done[Refund]:
    """Go on with the same key, as the queue does."""
    for _ in range(20):
        try:
            return client.create_refund(payment_id, ten("4.00"), key="row-1")
        except (Unavailable, UnexpectedBody):
            continue
    raise AssertionError("never done")


@pytest.mark.parametrize(
    "kind",
    ["timeout_after", "cut_after", "504_after", "timeout_before", "cut_before", "502", "500", "503", "broken_json"],
)
def test_whatever_happens_to_a_call_there_is_one_refund(client: MollieClient, handle: MollieHandle, kind: str) -> None:
    payment = paid(client, handle)
    fault = handle.fault(kind, route="/refunds$", left=2, value="0.7")

    made = until_it_is_done(client, payment.id)

    assert fault.hits == 2
    assert [refund.id for refund in client.refunds_of(payment.id)] == [made.result.id]
    assert client.payment(payment.id).amount_refunded == ten("4.00")


def test_the_first_one_still_runs(client: MollieClient, handle: MollieHandle) -> None:
    payment = paid(client, handle)
    handle.fault("slow_work", route="/refunds$", left=1, value="1.2")

    made = until_it_is_done(client, payment.id)

    assert made.replayed
    assert len(list(client.refunds_of(payment.id))) == 1


def test_refusals_have_their_kinds(client: MollieClient, house: MollieClient, handle: MollieHandle,
                                   connect: Callable[..., MollieClient]) -> None:  # fmt: skip
    payment = paid(client, handle)
    client.create_refund(payment.id, ten("2.00"), key="a")

    with pytest.raises(DuplicateRefund):
        client.create_refund(payment.id, ten("2.00"), key="b")
    with pytest.raises(Rejected) as refused:
        client.create_refund(payment.id, ten("9.00"), key="c")
    assert refused.value.problems[0].pointer == "/amount"
    with pytest.raises(Absent):
        client.payment("tr_none")
    with pytest.raises(Misconfigured):
        list(client.settlements())
    with pytest.raises(Misconfigured):
        connect("test_unknown").payment(payment.id)
    with pytest.raises(Misconfigured):
        house.create_payment(ten(), key="d", description="Order", redirect_url="https://shop.example/")
    handle.fault("429", value="40")
    with pytest.raises(Throttled):
        client.payment(payment.id)


def test_a_refund_is_canceled_once(client: MollieClient, handle: MollieHandle) -> None:
    payment = paid(client, handle)
    refund = client.create_refund(payment.id, ten("2.00"), key="a").result

    client.cancel_refund(payment.id, refund.id)

    with pytest.raises(Absent):
        client.cancel_refund(payment.id, refund.id)
    with pytest.raises(Absent):
        client.refund(payment.id, refund.id)
    late = client.create_refund(payment.id, ten("2.00"), key="b").result
    handle.advance(3 * 3600)
    with pytest.raises(Rejected):
        client.cancel_refund(payment.id, late.id)


def test_what_is_held(client: MollieClient, handle: MollieHandle) -> None:
    ids = [create(client, key, method="creditcard", captureMode="manual").result.id for key in ("a", "b", "c")]
    for id_ in ids:
        handle.act(id_, "pay")

    capture = client.create_capture(ids[0], key="d", amount=ten("4.00")).result
    client.release_authorization(ids[1], key="e")
    assert client.cancel_payment(ids[2]).status == client.cancel_payment(ids[2]).status == "canceled"
    handle.advance(61)

    assert client.capture(ids[0], capture.id).status == "succeeded"
    assert [item.id for item in client.captures_of(ids[0])] == [capture.id]
    assert [client.payment(id_).status for id_ in ids] == ["paid", "canceled", "canceled"]


def test_all_lists(client: MollieClient, house: MollieClient, mollie: BareMollie, handle: MollieHandle) -> None:
    payments = [paid(client, handle, key=f"p{number}") for number in range(3)]
    for payment in payments:
        client.create_refund(payment.id, ten("2.00"), key=f"r{payment.id}")
        handle.act(payment.id, "finish_refund")
        handle.act(payment.id, "chargeback", amount="1.00")
    held = mollie.payment(method="creditcard", captureMode="manual")["id"]
    handle.act(held, "pay")
    client.create_capture(held, key="c")
    handle.advance(61)
    id_ = handle.settle()
    assert id_ is not None

    settlement = house.settlement(id_)
    members = (
        [payment.settlement_amount for payment in house.settled_payments(id_)]
        + [capture.settlement_amount for capture in house.settled_captures(id_)]
        + [refund.settlement_amount for refund in house.settled_refunds(id_)]
        + [chargeback.settlement_amount for chargeback in house.settled_chargebacks(id_)]
    )
    months = [month for year in settlement.periods.values() for month in year.values()]
    costs = sum(line.amount_gross.value for month in months for line in month.costs)

    assert [payment.id for payment in client.payments()] == [held] + [payment.id for payment in payments[::-1]]
    assert len(list(client.refunds())) == len(list(client.chargebacks())) == 3
    assert [one.id for one in house.settlements()] == [settlement.id]
    assert sum(member.value for member in members if member) - costs == settlement.amount.value
    moves = list(house.balance_transactions())
    assert all(move.is_whole for move in moves)
    assert sum(move.result_amount.value for move in moves) == house.balance().available_amount.value
    assert [balance.id for balance in house.balances()] == [house.balance().id]
    assert {method.id for method in client.methods(amount=ten("60000.00"))} == {"banktransfer", "billie"}


def test_600_payments_come_in_three_pages(client: MollieClient, mollie: BareMollie, handle: MollieHandle) -> None:
    made = [mollie.payment(description=f"Order {number}")["id"] for number in range(600)]

    assert [payment.id for payment in client.payments()] == made[::-1]

    pages = {asked["path"] for asked in handle.mollie.last if asked["method"] == "GET"}
    assert len(pages) == 3, pages


def test_a_subscription_and_its_signed_event(
    house: MollieClient, mollie: BareMollie, handle: MollieHandle, receiver: Receiver
) -> None:
    made = house.create_subscription(key="s", name="Portal", url=receiver.url, events=["*"]).result
    id_ = mollie.paid()["id"]

    (body,) = receiver.wait(1)
    _method, headers, _body = receiver.calls[0]
    event = verify(body.encode(), list(headers.items()), made.webhook_secret or "")

    assert (event.event, event.entity_id) == ("payment.paid", id_)
    assert house.event(event.event_id).entity == event.entity
    house.ping_subscription(made.id, key="p")
    receiver.wait(2)
    assert house.update_subscription(made.id, name="Other").name == "Other"
    assert [one.id for one in house.subscriptions()] == [made.id]
    house.delete_subscription(made.id)
    with pytest.raises(Absent):
        house.subscription(made.id)


def test_a_classic_call(mollie: BareMollie, receiver: Receiver) -> None:
    id_ = mollie.paid(webhookUrl=receiver.url)["id"]

    (body,) = receiver.wait(1)

    assert read_classic(body.encode()).id == id_
