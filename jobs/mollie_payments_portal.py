"""Flow `mollie.payments.portal`: payments as Mollie knows them, told by its webhooks and looked for by the clock.

Two kinds of messages in a storefront's lane: `refresh`, which names payments (a webhook says no more, and a shop's
order names them), and `poll`. What they are is always asked of Mollie. A lane is worked by one worker at a time, so
what is asked later is applied later. The cursor is {since: UTC, when the last poll began; whole: when all payments of
the last `PAYMENT_RECHECK_DAYS` were last compared}.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import clock, queue
from app.channels.models import Channel
from app.db import Json, transaction
from app.extensions import settings
from app.flows import services as ledger
from app.payments import repairs, services
from app.payments.seen import PaymentSeen
from integrations.errors import Rejected, Unavailable, UnexpectedBody
from integrations.mollie.client import Absent, MollieClient
from integrations.mollie.schemas import Payment
from jobs import failpoints, mollie_accounts
from jobs.claims import Batch, Claimed
from jobs.cursors import ask_each, blocks, move, place_of
from jobs.mollie_payments import payment_seen
from jobs.settlement import Outcome, settle

EMBED = ("captures", "refunds", "chargebacks")
AT_ONCE = 4  # Payments asked for at the same time.
PAGE = 100  # Payments applied in one transaction.
DUE_AT_MOST = 500  # Per poll; the rest is due at the next.
OVERLAP = timedelta(minutes=10)
WHOLE_EVERY = timedelta(days=1)


def work(batch: Batch) -> None:
    """Ticks in the lane of no storefront; what is named together, then polls, in a storefront's."""
    if not batch.channel:
        for message in batch.messages:
            ask_each(batch, message, settings().mollie)
        return
    named = [message for message in batch.messages if message.body["act"] == "refresh"]
    if named:
        _refresh_named(batch, named)
    for message in batch.messages:
        if message.body["act"] == "poll":
            _poll(batch, message)


def _refresh_named(batch: Batch, messages: Sequence[Claimed]) -> None:
    """Ask for every payment that is named, once; a message is settled when all of its payments were."""
    waiting = {message.id: set(message.body["payments"]) for message in messages}
    moved: set[str] = set()
    odd: dict[str, str] = {}
    for answers in _asked(batch, sorted(set().union(*waiting.values()))):
        with transaction() as session:
            moved |= _apply(session, batch, answers)
            odd |= answers.odd
            asked = answers.asked
            for left in waiting.values():
                left -= asked
            done = [message for message in messages if message.id in batch.open and not waiting[message.id]]
            settle(session, batch, [_outcome(message, moved, odd) for message in done])
        _wake()


def _outcome(message: Claimed, moved: set[str], odd: dict[str, str]) -> Outcome:
    """A payment that cannot be read waits for a person, and holds up no other."""
    wrong = [odd[id_] for id_ in message.body["payments"] if id_ in odd]
    if wrong:
        return Outcome(message.id, "dead", {"error": "; ".join(wrong)})
    news = sorted(moved.intersection(message.body["payments"]))
    return Outcome(message.id, "delivered" if news else "unchanged", {"moved": news})


# Asking


class _Answers(NamedTuple):
    """`absent`: payments that Mollie does not know. `odd`: payment -> why it cannot be read."""

    seen: list[PaymentSeen]
    absent: list[str]
    odd: dict[str, str]

    @property
    def asked(self) -> set[str]:
        return {one.external_id for one in self.seen} | set(self.absent) | self.odd.keys()


def _asked(batch: Batch, ids: Iterable[str]) -> Iterator[_Answers]:
    """Ask for payments with all that belongs to them, a few at a time. Raises Unavailable after what was answered."""
    client = mollie_accounts.client(batch.channel)
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        for block in blocks(ids, PAGE):
            answers, failure = _Answers([], [], {}), None
            # Each in a context of its own: one context is entered by one thread.
            under_way = [pool.submit(copy_context().run, _ask, client, batch.channel, id_) for id_ in block]
            for id_, future in zip(block, under_way, strict=True):
                try:
                    answers.seen.append(future.result())
                except Absent:
                    answers.absent.append(id_)
                except (Rejected, UnexpectedBody) as error:
                    answers.odd[id_] = f"{id_}: {error}"
                except Unavailable as error:
                    failure = error
            yield answers
            if failure is not None:
                raise failure


def _ask(client: MollieClient, channel: str, id_: str) -> PaymentSeen:
    asked_at = clock.now()
    return _seen(client.payment(id_, embed=EMBED), channel, asked_at)


def _seen(payment: Payment, channel: str, asked_at: datetime) -> PaymentSeen:
    form = mollie_accounts.access(channel).description_format
    return payment_seen(payment, asked_at=asked_at, description_format=form)


def _apply(session: Session, batch: Batch, answers: _Answers) -> set[str]:
    """Apply what was answered, and let the shop hear what it missed; returns the payments that moved."""
    now = clock.now()
    channel_id = session.execute(sa.select(Channel.id).where(Channel.code == batch.channel)).scalar_one()
    applied = services.apply_payments(session, channel_id, answers.seen, now=now)
    for id_ in answers.absent:
        services.absent(session, channel_id, id_, now=now)
    if mollie_accounts.access(batch.channel).bridge == "portal":
        repairs.request(session, batch.channel, order_ids=applied.orders, now=now)
    return set(applied.moved)


def _wake() -> None:
    queue.wake(repairs.FLOW)


# Polling


def _poll(batch: Batch, message: Claimed) -> None:
    """New payments by Mollie's lists; then those that are due, that a shop names, or of which money went back."""
    began = clock.now()
    with transaction() as session:
        place = place_of(session, batch)
        named = services.unread(session, batch.channel)
    since = datetime.fromisoformat(place["since"]) - OVERLAP if "since" in place else None
    whole = "whole" not in place or began - datetime.fromisoformat(place["whole"]) > WHOLE_EVERY
    until = began - timedelta(days=settings().payment_recheck_days) if whole and since else since
    counts = {"listed": 0, "asked": 0, "moved": 0}
    again = set(named) | _listed(batch, until, counts) | _went_back(batch, until)
    with transaction() as session:
        again |= set(services.due_payments(session, batch.channel, now=began, limit=DUE_AT_MOST))
    for answers in _asked(batch, sorted(again)):
        with transaction() as session:
            counts["asked"] += len(answers.asked)
            counts["moved"] += len(_apply(session, batch, answers))
            _report_odd(session, batch, answers.odd)
        failpoints.reach("payments.page")
    with transaction() as session:
        grace = began - timedelta(seconds=settings().payment_grace_seconds)
        repairs.request(session, batch.channel, seen_before=grace, now=began)
        moment = began.isoformat()
        move(session, batch, place | {"since": moment} | ({"whole": moment} if whole else {}))
        settle(session, batch, [Outcome(message.id, "delivered" if counts["moved"] else "unchanged", dict(counts))])
    _wake()


def _listed(batch: Batch, since: datetime | None, counts: Json) -> set[str]:
    """Apply payments that are new to us, and return those that look otherwise than we know them.

    A list tells no refunds, so a payment of which money went back, or that we know, is asked for by itself.
    """
    client = mollie_accounts.client(batch.channel)
    again: set[str] = set()
    asked_at = clock.now()
    for block in blocks(client.payments(since=since), PAGE):
        seen = [_seen(one, batch.channel, asked_at) for one in block]
        with transaction() as session:
            known = services.known(session, [one.external_id for one in seen])
            new = [one for one in seen if one.external_id not in known and not _has_parts(one)]
            counts["listed"] += len(seen)
            counts["moved"] += len(_apply(session, batch, _Answers(new, [], {})))
        applied = {one.external_id for one in new}
        again |= {one.external_id for one in seen
                  if one.external_id not in applied and services.looks(one) != known.get(one.external_id)}  # fmt: skip
    return again


def _has_parts(payment: PaymentSeen) -> bool:
    return bool(payment.refunded or payment.charged_back or payment.captured or payment.authorized_at)


def _went_back(batch: Batch, since: datetime | None) -> set[str]:
    """Payments of which a refund or a chargeback is new to us, or moved; the first walk found all before."""
    if since is None:
        return set()
    client = mollie_accounts.client(batch.channel)
    refunds = {one.id: (one.payment_id, one.status) for one in client.refunds(since=since)}
    chargebacks = {one.id: (one.payment_id, "reversed" if one.reversed_at else "") for one in
                   client.chargebacks(since=since)}  # fmt: skip
    with transaction() as session:
        known = services.known_parts(session, [*refunds, *chargebacks])
    told = refunds | chargebacks
    return {part[0] for id_, part in told.items() if part[0] and known.get(id_) != part}


def _report_odd(session: Session, batch: Batch, odd: dict[str, str]) -> None:
    """A payment that cannot be read gets a message of its own, once for what is wrong with it."""
    for id_, why in odd.items():
        ledger.receive(
            session, batch.flow.name, key=id_, channel=batch.channel, now=clock.now(),
            delivery_id=f"odd:{id_}:{ledger.content_hash({'why': why})[:16]}",
            body={"act": "refresh", "payments": [id_]},
        )  # fmt: skip
