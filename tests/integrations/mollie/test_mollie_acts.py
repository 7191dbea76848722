"""Acts at Mollie under every fault: done once, or said to be unknown with the key to go on with."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import pytest
from mollie_double import CUT, DRIP, HALF, HTML, TOKEN, MollieDouble, Said, payment, refund, refusal, running_double

from integrations.breaker import InProcessBreaker
from integrations.errors import (
    CircuitOpen,
    IntegrationError,
    Misconfigured,
    Rejected,
    Throttled,
    Unavailable,
    UnexpectedBody,
)
from integrations.http import Limits
from integrations.mollie.answers import NotNow
from integrations.mollie.client import Absent, DuplicateRefund, MollieClient, Money, StillRunning

mollie = pytest.fixture(running_double)
PART = Money(Decimal("5.95"), "EUR")
RUNNING = refusal(409, "Another request with this Idempotency-Key is already being processed.")
NO_ROOM = refusal(503, "Too many refunds at once")
BROKEN = refusal(500, "Something went wrong")
LOSSES = [None, CUT, HALF, HTML, BROKEN, NO_ROOM, RUNNING, Said(502, b"<html>"), Said(201, b"")]
UNAUTHORIZED = {"status": 401, "title": "Unauthorized Request", "detail": "Missing authentication"}
SHORT = Limits(connect_s=1, read_s=0.3, write_s=1, total_s=0.5)


def give_back(client: MollieClient, key: str = "row-1") -> Any:
    return client.create_refund("tr_1", PART, key=key, description="10042", metadata={"refund": 7})


def failure(client: MollieClient, **options: Any) -> Any:
    with pytest.raises(IntegrationError) as caught:
        give_back(client, **options)
    return caught.value


@pytest.fixture(autouse=True)
def _refundable(mollie: MollieDouble) -> None:
    mollie.says("POST", "payments/tr_1/refunds", refund(), 201)


def keys(mollie: MollieDouble) -> list[str | None]:
    return [asked.headers.get("idempotency-key") for asked in mollie.asked]


@pytest.mark.parametrize("fault", LOSSES)
def test_an_answer_that_is_lost_is_asked_for_again_and_the_refund_made_once(mollie: MollieDouble, fault: Any) -> None:
    mollie.lost.append(fault)

    made = give_back(mollie.client())

    assert (made.result.id, made.replayed) == ("re_1", True)
    assert len(mollie.done) == 1
    assert keys(mollie) == ["row-1", "row-1"]
    assert mollie.asked[0].body == mollie.asked[1].body


def test_a_slow_answer_is_left_and_asked_for_again(mollie: MollieDouble) -> None:
    mollie.lost.append(DRIP)
    started = time.monotonic()

    made = give_back(mollie.client(limits=SHORT))

    assert made.replayed
    assert len(mollie.done) == 1
    assert time.monotonic() - started < 5


def test_the_same_key_later_finds_what_was_made(mollie: MollieDouble) -> None:
    client = mollie.client()

    first, again = give_back(client), give_back(client)

    assert (first.replayed, again.replayed) == (False, True)
    assert first.result == again.result
    assert len(mollie.done) == 1


@pytest.mark.parametrize("fault", [None, CUT, HTML, BROKEN])
def test_what_nobody_knows_is_said_with_the_key_to_go_on_with(mollie: MollieDouble, fault: Any) -> None:
    mollie.faults.extend([fault] * 4)
    client = mollie.client()

    error = failure(client)
    later = give_back(client)

    assert isinstance(error, Unavailable)
    assert error.may_have_happened
    assert error.idempotency_key == "row-1"
    assert keys(mollie) == ["row-1"] * 5
    assert later.result.id == "re_1"


@pytest.mark.parametrize(
    "later", [[NO_ROOM] * 3, [refusal(429, "slow down")] * 3, [refusal(401, "no")], [refusal(403, "no")]]
)
def test_a_try_that_surely_failed_does_not_undo_one_without_an_answer(mollie: MollieDouble, later: list[Said]) -> None:
    mollie.lost.append(CUT)
    mollie.lost.extend(later)

    error = failure(mollie.client())

    assert isinstance(error, Unavailable)
    assert error.may_have_happened
    assert error.idempotency_key == "row-1"
    assert len(mollie.done) == 1


def test_a_connection_that_is_refused_after_one_without_an_answer_leaves_it_unknown(mollie: MollieDouble) -> None:
    mollie.faults.append(None)
    client = mollie.client(breaker=InProcessBreaker(failures=1, clock=mollie.time))

    error = failure(client)

    assert isinstance(error, CircuitOpen)
    assert error.may_have_happened
    assert error.idempotency_key == "row-1"


def test_503_on_a_refund_was_surely_not_executed(mollie: MollieDouble) -> None:
    mollie.faults.extend([NO_ROOM] * 4)

    error = failure(mollie.client(breaker=InProcessBreaker(failures=2)))

    assert isinstance(error, NotNow)
    assert not error.may_have_happened
    assert error.idempotency_key == "row-1"
    assert len(mollie.asked) == 4


def test_503_of_a_gateway_proves_nothing(mollie: MollieDouble) -> None:
    mollie.faults.extend([Said(503, b"<html>maintenance</html>")] * 4)

    assert failure(mollie.client()).may_have_happened


def test_503_on_a_payment_is_not_said_to_have_done_nothing(mollie: MollieDouble) -> None:
    mollie.faults.extend([NO_ROOM] * 4)

    with pytest.raises(NotNow) as caught:
        mollie.client().create_payment(PART, key="row-1", description="x", redirect_url="https://shop.example")

    assert caught.value.may_have_happened


def test_a_request_that_still_runs_is_waited_for(mollie: MollieDouble) -> None:
    mollie.faults.extend([RUNNING] * 2)

    made = give_back(mollie.client(uniform=lambda low, _high: low))

    assert made.result.id == "re_1"
    assert keys(mollie) == ["row-1"] * 3
    assert mollie.time.slept == [1.0, 1.0]


def test_a_request_that_runs_for_ever_is_left_with_its_key(mollie: MollieDouble) -> None:
    mollie.faults.extend([RUNNING] * 4)

    error = failure(mollie.client(breaker=InProcessBreaker(failures=2)))

    assert isinstance(error, StillRunning)
    assert (error.may_have_happened, error.idempotency_key) == (True, "row-1")


def test_a_duplicate_refund_is_an_error_of_its_own_and_never_repeated(mollie: MollieDouble) -> None:
    mollie.faults.append(refusal(409, "A duplicate refund has been detected"))

    error = failure(mollie.client())

    assert type(error) is DuplicateRefund
    assert isinstance(error, Rejected)
    assert "duplicate refund" in error.reason
    assert len(mollie.asked) == 1


def test_another_conflict_and_a_reused_key_are_refusals(mollie: MollieDouble) -> None:
    client = mollie.client()
    mollie.faults.append(refusal(409, "The moon is full"))

    conflict = failure(client)
    give_back(client)
    with pytest.raises(Rejected) as reused:
        client.create_refund("tr_1", Money(Decimal("1"), "EUR"), key="row-1")

    assert type(conflict) is Rejected
    assert (type(reused.value), reused.value.status) == (Rejected, 400)


def test_a_refusal_points_to_the_field_at_fault(mollie: MollieDouble) -> None:
    mollie.faults.append(refusal(422, "The amount is higher than the maximum", "amount.value"))

    error = failure(mollie.client())

    assert isinstance(error, Rejected)
    assert error.reason == "The amount is higher than the maximum"
    assert error.problems[0].pointer == "/amount/value"
    assert len(mollie.asked) == 1


@pytest.mark.parametrize("status", [404, 410])
def test_what_is_not_there_is_absent(mollie: MollieDouble, status: int) -> None:
    mollie.faults.append(refusal(status, "No payment exists with token tr_9."))

    with pytest.raises(Absent, match="No payment exists"):
        mollie.client().payment("tr_9")

    assert len(mollie.asked) == 1


@pytest.mark.parametrize("status", [404, 405, 410])
def test_a_strangers_not_found_is_not_mollies(mollie: MollieDouble, status: int) -> None:
    mollie.faults.append(Said(status, b"<html>nginx</html>"))

    with pytest.raises(Misconfigured, match="base URL"):
        mollie.client().payment("tr_1")


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("body", [None, b"<html>", UNAUTHORIZED])
def test_a_refused_credential_is_for_a_person_and_what_waits_is_kept(
    mollie: MollieDouble, status: int, body: Any
) -> None:
    mollie.faults.append(Said(status, body))

    error = failure(mollie.client())

    assert isinstance(error, Misconfigured)
    assert not error.may_have_happened
    assert len(mollie.asked) == 1


def test_too_many_calls_wait_as_long_as_mollie_says(mollie: MollieDouble) -> None:
    mollie.faults.append(refusal(429, "slow down", **{"Retry-After": "7"}))

    give_back(mollie.client(uniform=lambda low, _high: low))

    assert sum(mollie.time.slept) >= 7
    assert len(mollie.done) == 1


def test_too_many_calls_back_off_when_mollie_says_nothing(mollie: MollieDouble) -> None:
    mollie.faults.extend([refusal(429, "slow down")] * 3)

    give_back(mollie.client())

    assert mollie.time.slept == [1.0, 2.0, 4.0]


def test_a_long_silence_goes_back_to_the_caller(mollie: MollieDouble) -> None:
    mollie.faults.append(refusal(429, "slow down", **{"Retry-After": "600"}))

    error = failure(mollie.client())

    assert isinstance(error, Throttled)
    assert (error.retry_after_s, error.may_have_happened) == (600.0, False)
    assert len(mollie.asked) == 1


def test_reading_gets_over_faults(mollie: MollieDouble) -> None:
    mollie.says("GET", "payments/tr_1", payment())
    mollie.faults.extend([HTML, HALF, None])

    assert mollie.client().payment("tr_1").id == "tr_1"
    assert len(mollie.asked) == 4


def test_a_list_gets_over_a_fault_on_a_later_page(mollie: MollieDouble) -> None:
    mollie.lists["payments"] = ("payments", [payment(f"tr_{number}") for number in range(5)])
    mollie.page_size = 2
    client = mollie.client()
    found = client.payments()
    ids = [next(found).id, next(found).id]
    mollie.faults.append(CUT)

    ids += [each.id for each in found]

    assert ids == [f"tr_{number}" for number in range(5)]


def test_a_refund_of_another_shape_is_not_asked_for_twice(mollie: MollieDouble) -> None:
    mollie.says("POST", "payments/tr_1/refunds", refund(amount={"value": 5.95, "currency": "EUR"}), 201)

    error = failure(mollie.client())

    assert isinstance(error, UnexpectedBody)
    assert "amount" in str(error)
    assert len(mollie.asked) == 1


# Ending


def test_a_payment_that_was_canceled_without_an_answer_is_canceled(mollie: MollieDouble) -> None:
    state = {"status": "open"}

    def cancel(_asked: object) -> Said:
        if state["status"] == "canceled":
            return refusal(422, "The payment cannot be cancelled")
        state["status"] = "canceled"
        return Said(200, payment(status="canceled"))

    mollie.routes["DELETE", "payments/tr_1"] = cancel
    mollie.routes["GET", "payments/tr_1"] = lambda _asked: Said(200, payment(**state))
    mollie.lost.append(None)

    assert mollie.client().cancel_payment("tr_1").status == "canceled"
    assert len(mollie.done) == 3


def test_a_payment_that_cannot_be_canceled_is_a_refusal(mollie: MollieDouble) -> None:
    mollie.routes["DELETE", "payments/tr_1"] = lambda _asked: refusal(422, "The payment cannot be cancelled")
    mollie.says("GET", "payments/tr_1", payment(status="paid"))

    with pytest.raises(Rejected, match="cannot be cancelled"):
        mollie.client().cancel_payment("tr_1")


@pytest.mark.parametrize("path", ["payments/tr_1/refunds/re_1", "webhooks/hook_1"])
def test_what_was_ended_without_an_answer_is_ended(mollie: MollieDouble, path: str) -> None:
    def end(_asked: object) -> Said:
        del mollie.routes["DELETE", path]
        return Said(204)

    mollie.routes["DELETE", path] = end
    client = mollie.client(TOKEN)
    mollie.lost.append(None)

    def act() -> None:
        client.cancel_refund("tr_1", "re_1") if "refunds" in path else client.delete_subscription("hook_1")

    act()
    with pytest.raises(Absent):
        act()

    assert len(mollie.done) == 1


def test_a_subscription_that_is_deleted_already_is_absent(mollie: MollieDouble) -> None:
    mollie.routes["DELETE", "webhooks/hook_1"] = lambda _asked: refusal(422, "This subscription was already deleted.")

    with pytest.raises(Absent):
        mollie.client(TOKEN).delete_subscription("hook_1")
