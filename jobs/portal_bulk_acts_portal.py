"""Flow `portal.bulk-acts.portal`: what a person asked for many rows of a list is done, row by row.

Some rows at a time are done and marked in one transaction, so that a worker that takes the act over goes on with those
that wait, and whoever stops it is obeyed before the next ones. Where some rows break, each of them is tried alone: one
bad row harms no neighbour.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

import sqlalchemy as sa

from app import clock, queue
from app.db import transaction
from app.lists import bulk
from app.lists.acts import Act, NotDone, Told
from app.lists.description import ListDescription
from app.lists.registry import description
from jobs import failpoints
from jobs.claims import Batch, Claimed, LeaseLost
from jobs.settlement import Outcome, settle

log = logging.getLogger(__name__)
BLOCK = 200  # Rows per transaction.


class Stopped(Exception):
    """Somebody stopped the act."""


class _Whole(NamedTuple):
    about: ListDescription
    act: Act
    told: Told
    back: bool


def work(batch: Batch) -> None:
    """One message: an act, or the clock's."""
    message = batch.messages[0]
    if message.body.get("act") != "run":
        now = clock.now()
        with transaction() as session:
            done = {"forgotten": bulk.forget_previews(session, now=now), "broken": bulk.give_up_dead(session, now=now)}
            settle(session, batch, [Outcome(message.id, "delivered" if any(done.values()) else "unchanged", done)])
        return
    _run(batch, message)


def _run(batch: Batch, message: Claimed) -> None:
    bulk_id: int = message.body["bulk_id"]
    with transaction() as session:
        taken = bulk.begin(session, bulk_id, fence=batch.fence)
        if taken is None:
            settle(session, batch, [Outcome(message.id, "unchanged", {"reason": "not waiting"})])
            return
    row, by = taken
    about = description(row.list_name)
    whole = _Whole(about, about.act_of(row.act), Told(bulk_id, by, row.given, batch.fence, clock.now()),
                   row.undo_of is not None)  # fmt: skip
    with suppress(Stopped):  # What became of the rows is told as of any other act.
        _all(whole)
    with transaction() as session:
        ended = bulk.hold(session, bulk_id, fence=batch.fence, state="done", ended_at=clock.now())
        if not ended and not bulk.is_stopped(session, bulk_id):
            raise LeaseLost("another worker has this act")
        result = {f"{count.state} {count.reason}".strip(): count.rows for count in bulk.counts(session, bulk_id)}
        settle(session, batch, [Outcome(message.id, "delivered", result)])


def _all(whole: _Whole) -> None:
    """Do all rows that wait. Raises Stopped, LeaseLost."""
    after = 0
    while True:
        with transaction() as session:
            ids = bulk.waiting(session, whole.told.bulk_id, after=after, limit=BLOCK)
        if not ids:
            return
        _block(whole, ids)
        after = ids[-1]
        for flow in whole.act.wakes:
            queue.wake(flow)
        failpoints.reach("bulk.block")


def _block(whole: _Whole, ids: Sequence[int]) -> None:
    try:
        _do(whole, ids)
    except (NotDone, ValueError, LookupError, ArithmeticError, sa.exc.DBAPIError) as error:
        log.info("some rows broke, each is tried alone", extra={"bulk_id": whole.told.bulk_id, "error": str(error)})
        for id_ in ids:
            _alone(whole, id_)


def _alone(whole: _Whole, id_: int) -> None:
    try:
        _do(whole, [id_])
    except (NotDone, ValueError, LookupError, ArithmeticError, sa.exc.DBAPIError) as error:
        reason = error.reason if isinstance(error, NotDone) else "broke"
        if reason == "broke":
            log.exception("a row of a bulk act broke", extra={"bulk_id": whole.told.bulk_id, "subject_id": id_})
        with transaction() as session:
            _hold(session, whole)
            bulk.write(session, whole.told.bulk_id,
                       [{"id": id_, "state": "failed", "reason": reason, "message_id": None}])  # fmt: skip


def _do(whole: _Whole, ids: Sequence[int]) -> None:
    with transaction() as session:
        _hold(session, whole)
        bulk.do(session, whole.about, whole.act, whole.told, ids, back=whole.back)


def _hold(session: sa.orm.Session, whole: _Whole) -> None:
    if not bulk.hold(session, whole.told.bulk_id, fence=whole.told.fence):
        if bulk.is_stopped(session, whole.told.bulk_id):
            raise Stopped
        raise LeaseLost("another worker has this act")
