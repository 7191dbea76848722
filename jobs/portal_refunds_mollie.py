"""Flow `portal.refunds.mollie`: refunds go to Mollie, each once however often it is tried.

Mollie keeps a key for an hour. A try that comes later first looks whether an earlier one got through, by the key in
the refund's metadata.
"""

from __future__ import annotations

from datetime import timedelta

from app import clock, queue
from app.db import transaction
from app.payments import refunds
from app.payments.refunds import ToSend
from app.payments.seen import RefundSeen
from app.payments.services import FLOW as PAYMENTS
from integrations.errors import Rejected
from integrations.mollie.client import DuplicateRefund, MollieClient, Money
from jobs import failpoints, mollie_accounts
from jobs.claims import Batch, Claimed
from jobs.mollie_payments import OURS, refund_seen
from jobs.settlement import Outcome, settle

KEY_KEPT = timedelta(minutes=50)  # Ten minutes short of what Mollie says.
DESCRIPTION = 140  # Characters.


def work(batch: Batch) -> None:
    """One refund after the other: Mollie does not want many at once."""
    client = mollie_accounts.client(batch.channel)
    for message in batch.messages:
        with transaction() as session:
            refund = refunds.to_send(session, message.body["refund_id"], now=clock.now())
            if refund is None:
                settle(session, batch, [Outcome(message.id, "unchanged")])
        if refund is not None:
            _send(batch, message, client, refund)


def _send(batch: Batch, message: Claimed, client: MollieClient, refund: ToSend) -> None:
    failpoints.reach("refund.before")
    try:
        made = _made_before(client, refund) or _make(client, refund)
    except Rejected as error:
        with transaction() as session:
            refunds.refused(session, refund.id, error.reason, now=clock.now())
            settle(session, batch, [Outcome(message.id, "dead", {"error": str(error)})])
        return
    failpoints.reach("refund.after")
    with transaction() as session:
        refunds.accepted(session, refund, made, batch.channel, now=clock.now())
        settle(session, batch, [Outcome(message.id, "delivered", {"refund": made.external_id})])
    queue.wake(PAYMENTS)


def _made_before(client: MollieClient, refund: ToSend) -> RefundSeen | None:
    """What an earlier try made, when Mollie may have forgotten its key."""
    if refund.first_sent_at is None or clock.now() - refund.first_sent_at < KEY_KEPT:
        return None
    return _found(client, refund)


def _found(client: MollieClient, refund: ToSend) -> RefundSeen | None:
    seen = (refund_seen(one) for one in client.refunds_of(refund.payment))
    return next((one for one in seen if one.key == refund.key), None)


def _make(client: MollieClient, refund: ToSend) -> RefundSeen:
    """Raises Rejected; a twin within the hour is one, unless it is our own."""
    try:
        done = client.create_refund(
            refund.payment, Money(refund.amount, refund.currency), key=refund.key,
            description=refund.order_number[:DESCRIPTION], metadata={OURS: refund.key},
        )  # fmt: skip
    except DuplicateRefund:
        found = _found(client, refund)
        if found is None:
            raise
        return found
    return refund_seen(done.result)
