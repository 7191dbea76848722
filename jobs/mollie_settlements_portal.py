"""Flow `mollie.settlements.portal`: what Mollie paid out, and what it kept, by the clock.

One lane, of the organisation. The cursor is {fees: UTC, the youngest movement of the balance that was booked}.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from app import clock, queue
from app.db import transaction
from app.extensions import settings
from app.payments import settlements
from app.payments.services import FLOW as PAYMENTS
from app.payments.services import ask_again
from app.payments.settlements import FeeSeen, MemberSeen, SettlementSeen
from integrations.mollie.client import MollieClient
from integrations.mollie.schemas import BalanceTransaction, Settlement
from integrations.mollie.values import Money
from jobs import mollie_accounts
from jobs.claims import Batch
from jobs.cursors import blocks, move, place_of
from jobs.settlement import Outcome, settle

BACK = timedelta(days=40)  # Settlements younger than this are looked at again: a payout can fail days later.
OVERLAP = timedelta(hours=2)
PAGE = 500
CENT = Decimal("0.01")
ZERO = Decimal(0)


def work(batch: Batch) -> None:
    """Ticks, the newest for all of them."""
    *older, newest = batch.messages
    with transaction() as session:
        settle(session, batch, [Outcome(message.id, "superseded") for message in older])
        if settings().mollie_organisation is None:
            settle(session, batch, [Outcome(newest.id, "unchanged", {"left": "MOLLIE_ORGANISATION is not set"})])
            return
    client = mollie_accounts.organisation()
    read = sum(_read(client, one) for one in client.settlements(since=clock.now() - BACK))
    fees, place = _fees(batch, client)
    with transaction() as session:
        move(session, batch, place)
        state = "delivered" if read or fees else "unchanged"
        settle(session, batch, [Outcome(newest.id, state, {"settlements": read, "fees": fees})])  # type: ignore[arg-type]
    queue.wake(PAYMENTS)


def _read(client: MollieClient, one: Settlement) -> bool:
    """Read a settlement with its members, unless it is known as it is; payments that our books lack are asked for."""
    seen = settlement_seen(one)
    with transaction() as session:
        if settlements.is_known(session, seen):
            return False
    members = list(_members(client, one))
    now = clock.now()
    with transaction() as session:
        id_ = settlements.apply_settlement(session, seen, members, now=now)
        lacking = settlements.missing_payments(session, id_)
        known = settlements.channel_codes(session, lacking)
        for code in settings().mollie:  # One that we do not know at all may be of any of them.
            wanted = [payment for payment in lacking if known.get(payment, code) == code]
            ask_again(session, code, wanted, now=now)
    return True


def settlement_seen(one: Settlement) -> SettlementSeen:
    """The settlement in our words."""
    lines = (line for months in one.periods.values() for period in months.values() for line in period.costs)
    costs = sum((line.amount_gross.value for line in lines), ZERO).quantize(CENT, rounding=ROUND_HALF_UP)
    return SettlementSeen(one.id, one.reference or "", one.status, one.amount.currency, one.amount.value, costs,
                          one.settled_at, one.created_at)  # fmt: skip


def _members(client: MollieClient, one: Settlement) -> Iterator[MemberSeen]:
    """Payments that were captured stand for themselves by their captures."""
    captured = set()
    for capture in client.settled_captures(one.id):
        captured.add(capture.payment_id)
        amount = _counted(capture.settlement_amount, capture.amount)
        yield _member("capture", capture.id, capture.payment_id, amount, capture.created_at)
    for payment in client.settled_payments(one.id):
        if payment.id not in captured:
            yield _member("payment", payment.id, payment.id, payment.amount, payment.paid_at)
    for refund in client.settled_refunds(one.id):
        yield _member("refund", refund.id, refund.payment_id, _negative(refund.amount), refund.created_at)
    for back in client.settled_chargebacks(one.id):
        yield _member("chargeback", back.id, back.payment_id, _negative(back.amount), back.created_at)


def _member(kind: str, id_: str, payment: str | None, amount: Money, at: datetime | None) -> MemberSeen:
    return MemberSeen(kind, id_, payment or "", amount.value, amount.currency, at)


def _counted(first: Money | None, second: Money | None) -> Money:
    found = first or second
    assert found is not None, "a capture that is settled has an amount"
    return found


def _negative(amount: Money) -> Money:
    return Money(-abs(amount.value), amount.currency)


def _fees(batch: Batch, client: MollieClient) -> tuple[int, dict[str, str]]:
    """Book what was kept of movements since the last look; returns how many are new, and the cursor."""
    with transaction() as session:
        place = place_of(session, batch)
    since = datetime.fromisoformat(place["fees"]) - OVERLAP if "fees" in place else None
    booked, youngest = 0, place.get("fees")
    for block in blocks(client.balance_transactions(since=since), PAGE):
        youngest = max(filter(None, (youngest, *(one.created_at.isoformat() for one in block))))
        with transaction() as session:
            booked += settlements.book_fees(session, [fee for one in block for fee in fees_of(one)])
    return booked, {"fees": youngest} if youngest else {}


def fees_of(one: BalanceTransaction) -> Iterator[FeeSeen]:
    """What Mollie kept of a movement of a payment."""
    payment = one.reference("paymentId")
    kept = one.result_amount if one.type == "payment-fee" else one.deductions
    if payment is not None and kept is not None and kept.value:
        yield FeeSeen(one.id, payment, kept.value, kept.currency, one.created_at)
