"""The verdict on an order's money, and what does not fit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.payments.verdict import Attempt, Bill, Paying, judge
from integrations.mollie.state import transaction_state

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TOTAL = Decimal("121.00")
ZERO = Decimal(0)


def attempt(name: str = "a", state: str = "open", minute: int = 0, **facts: Any) -> Attempt:
    return Attempt(name, state, TOTAL, NOON + timedelta(minutes=minute), f"tr_{name}", False)._replace(**facts)


def paying(name: str = "a", state: str = "paid", minute: int = 0, **facts: Any) -> Paying:
    received = TOTAL if state in ("paid", "refunded", "partly_refunded", "charged_back") else ZERO
    refunded = {"refunded": TOTAL, "partly_refunded": Decimal(21)}.get(state, ZERO)
    back = TOTAL if state == "charged_back" else ZERO
    plain = Paying(f"tr_{name}", None, state, transaction_state(state) or "", TOTAL, received, refunded, back,
                   NOON + timedelta(minutes=minute), ZERO)  # fmt: skip
    return plain._replace(**facts)


def bill(state: str = "open", payment_state: str = "open", total: Decimal = TOTAL) -> Bill:
    return Bill(state, payment_state, total)


def kinds(*found: Any) -> list[str]:
    return [problem["kind"] for problem in found]


@pytest.mark.parametrize(
    "state", ["open", "pending", "authorized", "paid", "refunded", "partly_refunded", "charged_back"]
)
def test_one_payment_that_both_sides_know_alike_is_the_verdict(state: str) -> None:
    shop = transaction_state(state) or ""

    verdict = judge(bill(payment_state=shop), [attempt(state=shop)], [paying(state=state)])

    assert (verdict.kind, verdict.source, verdict.problems) == (state, "mollie", ())


@pytest.mark.parametrize("state", ["canceled", "expired", "failed"])
def test_of_two_ways_to_fail_either_is_right(state: str) -> None:
    for shop in ("cancelled", "failed"):
        verdict = judge(bill(), [attempt(state=shop)], [paying(state=state)])
        assert (verdict.kind, verdict.problems) == ("failed", ())


def test_without_a_payment_at_mollie_the_shop_is_believed() -> None:
    verdict = judge(bill(payment_state="paid"), [attempt(state="paid", payment=None)], [])

    assert (verdict.kind, verdict.source, verdict.paid) == ("paid", "shop", TOTAL)
    assert verdict.problems == ()


def test_an_old_attempt_that_expired_takes_nothing_from_a_newer_one_that_paid() -> None:
    attempts = [attempt("a", "cancelled"), attempt("b", "paid", 5)]

    verdict = judge(bill(payment_state="paid"), attempts, [paying("a", "expired"), paying("b", "paid", 5)])

    assert (verdict.kind, verdict.problems) == ("paid", ())


def test_an_older_tab_that_pays_late_is_found() -> None:
    attempts = [attempt("a", "cancelled"), attempt("b", "open", 5)]

    verdict = judge(bill(), attempts, [paying("a", "paid"), paying("b", "open", 5)])

    assert verdict.kind == "paid"
    (problem,) = verdict.problems
    assert (problem["kind"], problem["attempt"], problem["older"]) == ("shop_behind", "a", True)


def test_two_tabs_that_both_pay_are_a_double_payment() -> None:
    attempts = [attempt("a", "paid"), attempt("b", "paid", 5)]

    verdict = judge(bill(payment_state="paid"), attempts, [paying("a"), paying("b", minute=5)])

    assert verdict.kind == "overpaid"
    (problem,) = verdict.problems
    assert problem == {"kind": "double_payment", "payments": ["tr_a", "tr_b"], "over": "121.00"}


def test_a_double_payment_of_which_one_went_back_is_paid_once() -> None:
    attempts = [attempt("a", "refunded"), attempt("b", "paid", 5)]

    verdict = judge(bill(payment_state="paid"), attempts, [paying("a", "refunded"), paying("b", minute=5)])

    assert (verdict.kind, verdict.problems) == ("paid", ())
    assert (verdict.paid, verdict.refunded) == (2 * TOTAL, TOTAL)


@pytest.mark.parametrize(
    ("shop", "mollie", "kind"),
    [
        ("open", "paid", "shop_behind"), ("unconfirmed", "paid", "shop_behind"), ("failed", "paid", "shop_behind"),
        ("cancelled", "paid", "shop_behind"), ("paid", "refunded", "shop_behind"), ("open", "failed", "shop_behind"),
        ("paid", "charged_back", "shop_behind"), ("paid", "open", "shop_ahead"), ("paid", "expired", "shop_ahead"),
        ("refunded", "paid", "shop_ahead"), ("authorized", "pending", "shop_ahead"),
        ("cancelled", "open", None), ("failed", "pending", None), ("reminded", "open", None), ("open", "pending", None),
    ],
)  # fmt: skip
def test_where_the_shop_says_otherwise_mollie_is_right(shop: str, mollie: str, kind: str | None) -> None:
    verdict = judge(bill(payment_state=shop), [attempt(state=shop)], [paying(state=mollie)])

    assert kinds(*verdict.problems) == ([kind] if kind else [])


def test_a_status_that_nobody_knows_makes_no_problem() -> None:
    verdict = judge(bill(), [attempt()], [paying(state="teleported", received=ZERO)])

    assert verdict.problems == ()


def test_a_cancelled_order_whose_money_is_with_us_says_so_until_it_went_back() -> None:
    paid = judge(bill("cancelled", "paid"), [attempt(state="paid")], [paying()])
    back = judge(bill("cancelled", "refunded"), [attempt(state="refunded")], [paying(state="refunded")])

    assert paid.problems == ({"kind": "paid_but_cancelled", "payments": ["tr_a"], "over": "121.00"},)
    assert back.problems == ()


def test_several_payments_of_one_attempt_are_judged_by_the_best() -> None:
    """Pay by link: each click on the link makes a payment."""
    payments = [paying("x", "expired", transaction_id="a"), paying("y", "paid", 3, transaction_id="a")]

    verdict = judge(bill(payment_state="paid"), [attempt("a", "paid", payment=None)], payments)

    assert (verdict.kind, verdict.problems) == ("paid", ())


def test_cents_between_four_and_two_decimals_are_no_difference() -> None:
    close = judge(bill(payment_state="paid"), [attempt(state="paid", amount=Decimal("121.0149"))], [paying()])
    apart = judge(bill(payment_state="paid"), [attempt(state="paid", amount=Decimal("131.00"))], [paying()])

    assert close.problems == ()
    assert kinds(*apart.problems) == ["amount_differs"]


def test_what_else_does_not_fit_is_named() -> None:
    unknown = judge(bill(), [attempt(absent=True)], [])
    differs = judge(bill(payment_state="paid"), [attempt(state="paid")],
                    [paying(difference=Decimal("0.01"), failed_refunds=((7, Decimal(5)),))])  # fmt: skip

    assert kinds(*unknown.problems) == ["unknown_payment"]
    assert kinds(*differs.problems) == ["ledger_differs", "refund_failed"]


def test_a_part_that_was_paid_is_no_payment() -> None:
    half = paying(amount=Decimal("60.50"), received=Decimal("60.50"))

    verdict = judge(bill(payment_state="paid"), [attempt(state="paid", amount=Decimal("60.50"))], [half])

    assert verdict.kind == "partly_paid"
