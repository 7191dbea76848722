"""Flow `portal.payment-states.shopware`: a shop's attempt to pay is brought in line with what Mollie says.

Where the shop's own plugin keeps the states, it is asked to look at Mollie again: two that push fight over the state
machine. Else, or when a person says so, we move the state. The customer is mailed in neither case.
"""

from __future__ import annotations

from app import clock, queue
from app.db import Json, transaction
from app.extensions import settings
from app.orders import acts
from integrations.errors import Rejected
from integrations.mollie.state import transaction_action
from integrations.shopware.client import is_illegal
from integrations.shopware.mollie_plugin import look_again
from jobs import mollie_accounts, shops
from jobs.claims import Batch
from jobs.settlement import Outcome, settle


def work(batch: Batch) -> None:
    """One attempt after the other."""
    for message in batch.messages:
        body = message.body
        try:
            result = _ask(batch.channel, body) if body["way"] == "ask" else _move(batch.channel, body)
        except Rejected as error:
            with transaction() as session:
                acts.failed(session, body["act_id"], str(error.reason), now=clock.now())
                settle(session, batch, [Outcome(message.id, "dead", {"error": str(error)})])
            continue
        with transaction() as session:
            acts.done(session, body["act_id"], now=clock.now())
            acts.read_again(session, batch.channel, acts.order_of(session, body["act_id"]), now=clock.now())
            settle(session, batch, [Outcome(message.id, "delivered", result)])
        queue.wake(acts.ORDERS)


def _ask(channel: str, body: Json) -> Json:
    look_again(settings().shops[channel].base_url, mollie_accounts.access(channel).shop_webhook, body["attempt"])
    return {"asked": "the shop's Mollie plugin"}


def _move(channel: str, body: Json) -> Json:
    action = transaction_action(body["mollie"])
    if action is None:
        return {"left": f"no step leads to {body['wanted']}"}
    client, attempt = shops.client(channel), body["attempt"]
    try:
        state = client.transition("order_transaction", attempt, action, send_mail=False)
    except Rejected as error:
        if not is_illegal(error):
            raise
        # No step leads there from where it is. What goes back was paid first; a refund that failed is opened anew.
        first = "paid" if action in ("refund", "refund_partially", "chargeback") else "reopen"
        client.transition("order_transaction", attempt, first, send_mail=False)
        state = client.transition("order_transaction", attempt, action, send_mail=False)
    return {"state": state.technical_name}
