"""Flow `portal.prices.portal`: rule sets are simulated, published and taken back; the calendar's changes are priced.

The message says which act is wanted; the rule set's row says whether it still makes sense, and how far it has come. A
tick prices everything anew: an override may have ended, stock become older, or a VAT rate changed.
"""

from __future__ import annotations

from app import clock, queue
from app.channels.services import FLOW as LISTINGS
from app.channels.services import lock_assortment, refresh_listings
from app.db import Json, transaction
from app.pricing import publishing
from app.pricing.services import RuleSetError
from jobs import failpoints
from jobs.claims import Batch
from jobs.settlement import Outcome, settle


def work(batch: Batch) -> None:
    """One message, one act."""
    message = batch.messages[0]
    act = message.body.get("act", "tick")
    try:
        result = _ACTS[act](message.body)
    except RuleSetError as error:
        with transaction() as session:
            settle(session, batch, [Outcome(message.id, "unchanged", {"reason": error.code})])
        return
    with transaction() as session:
        settle(session, batch, [Outcome(message.id, "delivered", result)])


def _simulate(body: Json) -> Json:
    with transaction() as session:
        publishing.write_simulation(session, body["rule_set_id"], now=clock.now())
    return {}


def _bring_in_line(body: Json) -> Json:
    """Some hundred products per transaction: lists that are accepted meanwhile wait for one of them at most."""
    parts, more = 0, True
    while more:
        with transaction() as session:
            more = publishing.bring_in_line(session, body["rule_set_id"], now=clock.now())
        parts += 1
        queue.wake(LISTINGS)
        failpoints.reach("prices.part")
    return {"parts": parts}


def _reprice(body: Json) -> Json:
    with transaction() as session:
        lock_assortment(session)
        sent = refresh_listings(session, variant_ids=body["variant_ids"], now=clock.now(), origin=None)
    queue.wake(LISTINGS)
    return {"listings": sent}


def _tick(_body: Json) -> Json:
    after: int | None = 0
    while after is not None:
        with transaction() as session:
            after = publishing.reprice_everything(session, after=after, now=clock.now())
    queue.wake(LISTINGS)
    return {}


_ACTS = {"simulate": _simulate, "publish": _bring_in_line, "withdraw": _bring_in_line, "reprice": _reprice,
         "tick": _tick}  # fmt: skip
