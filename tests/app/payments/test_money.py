"""The ledger of money: what is booked for what Mollie tells, once, whatever the order of looks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import few_payments as few
from few_payments import NOON, TOTAL
from hypothesis import given
from hypothesis import strategies as st

from app.payments import money
from app.payments.money import Booked
from app.payments.seen import CaptureSeen, PaymentSeen

Books = dict[tuple[str, str], Booked]


def book(books: Books, payment: PaymentSeen, gone: Sequence[str] = ()) -> int:
    """Book what is missing; returns how many entries that took."""
    new = list(money.entries(payment, books, gone=gone))
    for one in new:
        known = books.get((one.kind, one.reference), money.NOTHING)
        assert one.turn == known.turns, "a turn is never used twice"
        books[one.kind, one.reference] = Booked(known.amount + one.amount, known.turns + 1)
    return len(new)


def test_what_was_paid_is_booked_once() -> None:
    books: Books = {}

    assert book(books, few.payment()) == 1
    assert book(books, few.payment()) == 0
    assert money.balance(books) == TOTAL


def test_a_payment_that_is_open_or_came_to_nothing_books_nothing() -> None:
    for status in ("open", "pending", "canceled", "expired", "failed"):
        assert not list(money.entries(few.payment(status=status), {}))


def test_a_refund_counts_from_when_mollie_has_it_and_comes_back_when_it_fails() -> None:
    books: Books = {}
    for status, left in (("queued", 100), ("pending", 100), ("processing", 100), ("refunded", 100), ("failed", 121)):
        book(books, few.payment(refunds=(few.refund(status=status),)))
        assert money.balance(books) == left, status


def test_a_refund_that_is_gone_was_canceled() -> None:
    books: Books = {}
    book(books, few.payment(refunds=(few.refund(),)))

    assert book(books, few.payment(), gone=["re_1"]) == 1
    assert book(books, few.payment(), gone=["re_1"]) == 0
    assert money.balance(books) == TOTAL


def test_a_refund_that_failed_before_it_was_ever_seen_leaves_no_trace() -> None:
    books: Books = {}

    assert book(books, few.payment(refunds=(few.refund(status="failed"),))) == 1
    assert money.balance(books) == TOTAL


def test_chargebacks_and_their_reversals_answer_each_other() -> None:
    books: Books = {}
    book(books, few.payment(chargebacks=(few.chargeback(),)))
    assert money.balance(books) == 0

    book(books, few.payment(chargebacks=(few.chargeback(reversed_at=NOON + timedelta(days=3)),)))
    assert money.balance(books) == TOTAL


def test_captured_money_is_booked_by_its_captures_and_a_promise_is_no_money() -> None:
    books: Books = {}
    book(books, few.payment(status="authorized", authorized_at=NOON))
    assert money.balance(books) == 0

    first = CaptureSeen("cpt_1", "succeeded", Decimal(100), NOON)
    second = CaptureSeen("cpt_2", "pending", Decimal(21), NOON)
    taken = few.payment(authorized_at=NOON, captured=Decimal(100), captures=(first, second))
    book(books, taken)
    assert money.balance(books) == 100
    assert money.difference(taken, books) == 0

    book(books, few.payment(authorized_at=NOON, captured=TOTAL, captures=(first, second._replace(status="succeeded"))))
    assert money.balance(books) == TOTAL


def test_whether_mollie_counts_queued_refunds_or_reversed_chargebacks_is_no_difference() -> None:
    back = few.chargeback(reversed_at=NOON)
    payment = few.payment(refunds=(few.refund(status="queued"),), chargebacks=(back,))
    books: Books = {}
    book(books, payment)

    for refunded in (Decimal(0), Decimal(21)):
        for charged_back in (Decimal(0), Decimal(121)):
            seen = payment._replace(refunded=refunded, charged_back=charged_back)
            assert money.difference(seen, books) == 0, (refunded, charged_back)
    assert money.difference(payment._replace(refunded=Decimal(5)), books) != 0


STATUSES = ("queued", "pending", "processing", "refunded", "failed")
LOOKS = st.lists(
    st.builds(
        lambda statuses, reversed_: few.payment(
            refunds=tuple(few.refund(f"re_{place}", status, f"{place + 1}.00") for place, status in
                          enumerate(statuses)),
            chargebacks=(few.chargeback(amount="50.00", reversed_at=NOON if reversed_ else None),),
        ),
        st.lists(st.sampled_from(STATUSES), min_size=3, max_size=3), st.booleans(),
    ),
    min_size=1, max_size=8,
)  # fmt: skip


@given(looks=LOOKS)
def test_whatever_looks_came_before_the_books_end_at_the_last(looks: list[PaymentSeen]) -> None:
    books: Books = {}
    for look in looks:
        book(books, look)
        assert money.difference(look, books) == 0

    last = looks[-1]
    assert money.balance(books) == last.amount - last.refunded - last.charged_back
    assert book(books, last) == 0
