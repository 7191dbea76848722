"""Acts on many rows: what would happen, saying yes, doing it row by row, trying again, taking it back.

The rows are written down when the preview is made, by one statement: what somebody says yes to is what is done, and a
row is done once, since its state moves in the transaction that does it.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import case, delete, exists, func, insert, literal, or_, select, text, update
from sqlalchemy.orm import Session

from app.auth import audit
from app.auth.models import User
from app.db import Json
from app.flows import services as ledger
from app.flows.models import Message
from app.lists import queries
from app.lists.acts import Act, Told
from app.lists.description import ListDescription
from app.lists.filters import Options
from app.lists.models import BulkAct, BulkRow
from app.lists.state import State

FLOW = "portal.bulk-acts.portal"
PREVIEW_KEPT = timedelta(days=1)
TEXT_LONGEST = 1000
STOPPED = "stopped"  # Why a row was left alone.


class BulkError(Exception):
    """It cannot be done so; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Count(NamedTuple):
    """So many rows in a state: `answer` is the state of their messages, '' where nobody is asked."""

    state: str
    reason: str
    answer: str
    rows: int


def preview(session: Session, about: ListDescription, act: Act, state: State, options: Options, *,
            ids: Sequence[int] | None, user_id: int, now: datetime, at_most: int) -> int:  # fmt: skip
    """Write down which rows it would be, and which of them are left alone; returns the act's id.

    `ids` None: all that the state lets through. Raises BulkError: nothing, too_many.
    """
    bulk = BulkAct(list_name=about.name, act=act.name, user_id=user_id, args=state.args(about), whole=ids is None,
                   asked_at=now)  # fmt: skip
    session.add(bulk)
    session.flush()
    reason = _reason(act)
    rows = select(
        literal(bulk.id), about.id, about.label, case((reason == "", "waiting"), else_="skipped"), reason
    ).select_from(about.source)
    chosen = queries.clauses(about, state, options, now=now) if ids is None else [about.id.in_(ids)]
    session.execute(
        insert(BulkRow).from_select(
            ["bulk_id", "subject_id", "label", "state", "reason"], rows.where(*chosen).limit(at_most + 1)
        )
    )
    found = _by_state(session, bulk.id)
    count = sum(found.values())
    if not count:
        raise BulkError("nothing")
    if count > at_most:
        raise BulkError("too_many")
    audit.record(
        session,
        act="bulk.preview",
        subject_kind="bulk_act",
        subject_id=str(bulk.id),
        after={"act": act.name, "list": about.name, "args": bulk.args, "whole": bulk.whole, "rows": found},
    )
    return bulk.id


def _reason(act: Act) -> Any:
    """Code of the first refusal that applies to a row; '' for none."""
    if not act.refusals:
        return literal("")
    return case(*((refusal.applies(), refusal.code) for refusal in act.refusals), else_="")


def start(session: Session, bulk_id: int, act: Act, *, words: str, now: datetime) -> bool:
    """Say yes; False when somebody did already. Raises BulkError: text."""
    bulk = _locked(session, bulk_id)
    if bulk.state != "preview":
        return False
    if act.asks:
        if not words or len(words) > TEXT_LONGEST:
            raise BulkError("text")
        bulk.given = {"text": words}
    bulk.started_at = now
    _let_work(session, bulk, now=now)
    audit.record(session, act="bulk.start", subject_kind="bulk_act", subject_id=str(bulk_id),
                 after={"act": act.name, "given": bulk.given, "rows": _by_state(session, bulk_id)})  # fmt: skip
    return True


def again(session: Session, bulk_id: int, *, now: datetime) -> int:
    """Try once more what failed, on our side or at the other system; returns how many rows that is."""
    bulk = _locked(session, bulk_id)
    if bulk.state != "done" or undone_by(session, bulk_id) is not None:
        return 0
    dead = exists().where(Message.id == BulkRow.message_id, Message.state == "dead")
    tried = session.execute(
        update(BulkRow)
        .where(BulkRow.bulk_id == bulk_id, or_(BulkRow.state == "failed", dead))
        .values(state="waiting", reason="", message_id=None)
        .returning(BulkRow.subject_id),
        execution_options={"synchronize_session": False},
    )
    count = len(tried.all())
    if count:
        bulk.ended_at = bulk.stopped_by = None
        _let_work(session, bulk, now=now)
        audit.record(session, act="bulk.again", subject_kind="bulk_act", subject_id=str(bulk_id), after={"rows": count})
    return count


def undo(session: Session, bulk_id: int, act: Act, *, user_id: int, now: datetime) -> int | None:
    """Take back what was done, as an act of its own; returns its id, None when there is nothing to take back."""
    bulk = _locked(session, bulk_id)
    known = session.execute(select(BulkAct.id).where(BulkAct.undo_of == bulk_id)).scalar_one_or_none()
    if act.undo is None or bulk.state != "done" or bulk.undo_of is not None or known is not None:
        return known
    back = BulkAct(list_name=bulk.list_name, act=bulk.act, user_id=user_id, args=bulk.args, whole=False,
                   given=bulk.given, undo_of=bulk_id, asked_at=now, started_at=now)  # fmt: skip
    session.add(back)
    session.flush()
    done = select(literal(back.id), BulkRow.subject_id, BulkRow.label).where(
        BulkRow.bulk_id == bulk_id, BulkRow.state == "done"
    )
    session.execute(insert(BulkRow).from_select(["bulk_id", "subject_id", "label"], done))
    _let_work(session, back, now=now)
    audit.record(session, act="bulk.undo", subject_kind="bulk_act", subject_id=str(bulk_id),
                 before={"act": bulk.act, "given": bulk.given}, after={"bulk_act_id": back.id})  # fmt: skip
    return back.id


def stop(session: Session, bulk_id: int, *, by: str, now: datetime) -> bool:
    """Do no more rows; those that wait are left alone. False when there was nothing to stop.

    A worker holds the act while it does some rows, so that this waits for them.
    """
    bulk = _locked(session, bulk_id)
    if bulk.state not in ("waiting", "running"):
        return False
    bulk.state, bulk.stopped_by, bulk.ended_at = "done", by, now
    bulk.revision += 1
    session.execute(
        update(BulkRow)
        .where(BulkRow.bulk_id == bulk_id, BulkRow.state == "waiting")
        .values(state="skipped", reason=STOPPED),
        execution_options={"synchronize_session": False},
    )
    audit.record(session, act="bulk.stop", subject_kind="bulk_act", subject_id=str(bulk_id),
                 after={"act": bulk.act, "rows": _by_state(session, bulk_id)})  # fmt: skip
    return True


def is_stopped(session: Session, bulk_id: int) -> bool:
    """Whether somebody stopped it."""
    by = select(BulkAct.stopped_by).where(BulkAct.id == bulk_id, BulkAct.state == "done")
    return session.execute(by).scalar_one_or_none() is not None


def _locked(session: Session, bulk_id: int) -> BulkAct:
    return session.execute(
        select(BulkAct).where(BulkAct.id == bulk_id).with_for_update(), execution_options={"populate_existing": True}
    ).scalar_one()


def _let_work(session: Session, bulk: BulkAct, *, now: datetime) -> None:
    """Put it into the worker's hand. Wake the flow after the commit."""
    bulk.state = "waiting"
    bulk.revision += 1
    ledger.receive(session, FLOW, key=f"bulk-{bulk.id}", delivery_id=f"bulk:{bulk.id}:{uuid.uuid4().hex}",
                   body={"act": "run", "bulk_id": bulk.id}, now=now)  # fmt: skip
    session.flush()


# What a worker does.


def begin(session: Session, bulk_id: int, *, fence: int) -> tuple[BulkAct, str] | None:
    """Take the act in hand, with the name of whoever asked; None when there is nothing to do any more."""
    bulk = session.execute(
        select(BulkAct).where(BulkAct.id == bulk_id).with_for_update(), execution_options={"populate_existing": True}
    ).scalar_one_or_none()
    if bulk is None or bulk.state not in ("waiting", "running"):
        return None
    bulk.state, bulk.fence = "running", fence
    bulk.revision += 1
    return bulk, session.execute(select(User.name).where(User.id == bulk.user_id)).scalar_one()


def hold(session: Session, bulk_id: int, *, fence: int, **values: object) -> bool:
    """Move the act, and keep it for this transaction; False when another worker has it."""
    done = session.execute(
        update(BulkAct)
        .where(BulkAct.id == bulk_id, BulkAct.fence == fence, BulkAct.state == "running")
        .values(revision=BulkAct.revision + 1, **values)
        .returning(BulkAct.id),
        execution_options={"synchronize_session": False},
    )
    return done.first() is not None


def waiting(session: Session, bulk_id: int, *, after: int, limit: int) -> list[int]:
    """Rows that are not done yet, by their ids behind `after`."""
    rows = session.execute(
        select(BulkRow.subject_id)
        .where(BulkRow.bulk_id == bulk_id, BulkRow.state == "waiting", BulkRow.subject_id > after)
        .order_by(BulkRow.subject_id)
        .limit(limit)
    )
    return list(rows.scalars())


def do(session: Session, about: ListDescription, act: Act, told: Told, ids: Sequence[int], *, back: bool) -> None:
    """Do some rows, or take them back, and write what became of each, in the caller's transaction."""
    refused: dict[int, str] = {}
    found = list(ids)
    if not back:
        rows = session.execute(select(about.id, _reason(act)).select_from(about.source).where(about.id.in_(ids))).all()
        there = {row[0]: row[1] for row in rows}
        refused = {id_: there.get(id_, "missing") for id_ in ids if there.get(id_, "missing")}
        found = [id_ for id_ in ids if id_ not in refused]
    run = act.undo if back else act.run
    assert run is not None
    messages = run(session, found, told) if found else {}
    results: list[Json] = [
        {"id": id_, "state": "skipped" if id_ in refused else "done", "reason": refused.get(id_, ""),
         "message_id": messages.get(id_)} for id_ in ids
    ]  # fmt: skip
    write(session, told.bulk_id, results)


_RESULTS = text("""
    UPDATE bulk_row r SET state = w.state, reason = w.reason, message_id = w.message_id
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS w(id bigint, state text, reason text, message_id bigint)
    WHERE r.bulk_id = :bulk_id AND r.subject_id = w.id
""")


def write(session: Session, bulk_id: int, results: Sequence[Json]) -> None:
    """What became of rows: each `id`, `state`, `reason`, `message_id`."""
    session.execute(_RESULTS, {"bulk_id": bulk_id, "rows": json.dumps(results)})


def forget_previews(session: Session, *, now: datetime) -> int:
    """Previews that nobody said yes to; returns how many there were."""
    gone = session.execute(
        delete(BulkAct).where(BulkAct.state == "preview", BulkAct.asked_at < now - PREVIEW_KEPT).returning(BulkAct.id),
        execution_options={"synchronize_session": False},
    )
    return len(gone.all())


def give_up_dead(session: Session, *, now: datetime) -> int:
    """Acts whose message is dead end as they are: what was not done failed, and may be tried again."""
    dead = exists().where(
        Message.flow == FLOW, Message.channel == "", Message.key == func.concat("bulk-", BulkAct.id),
        Message.state == "dead",
    )  # fmt: skip
    done = session.execute(
        update(BulkAct)
        .where(BulkAct.state.in_(("waiting", "running")), dead)
        .values(state="done", ended_at=now, revision=BulkAct.revision + 1)
        .returning(BulkAct.id),
        execution_options={"synchronize_session": False},
    )
    ids = list(done.scalars())
    session.execute(
        update(BulkRow)
        .where(BulkRow.bulk_id.in_(ids), BulkRow.state == "waiting")
        .values(state="failed", reason="broke"),
        execution_options={"synchronize_session": False},
    )
    return len(ids)


# What its page shows.


def own(session: Session, bulk_id: int, user_id: int) -> BulkAct | None:
    """The act when it is the person's."""
    return session.execute(
        select(BulkAct).where(BulkAct.id == bulk_id, BulkAct.user_id == user_id),
        execution_options={"populate_existing": True},
    ).scalar_one_or_none()


def undone_by(session: Session, bulk_id: int) -> int | None:
    """The act that took it back."""
    return session.execute(select(BulkAct.id).where(BulkAct.undo_of == bulk_id)).scalar_one_or_none()


def counts(session: Session, bulk_id: int) -> list[Count]:
    """How many rows are in which state, with what other systems answered."""
    answer = func.coalesce(Message.state, "")
    rows = session.execute(
        select(BulkRow.state, BulkRow.reason, answer, func.count())
        .outerjoin(Message, Message.id == BulkRow.message_id)
        .where(BulkRow.bulk_id == bulk_id)
        .group_by(BulkRow.state, BulkRow.reason, answer)
        .order_by(BulkRow.state, BulkRow.reason, answer)
    )
    return [Count(*row) for row in rows]


def _by_state(session: Session, bulk_id: int) -> dict[str, int]:
    return {f"{count.state} {count.reason}".strip(): count.rows for count in counts(session, bulk_id)}


class RowResult(NamedTuple):
    subject_id: int
    label: str
    state: str
    reason: str
    message_id: int | None
    answer: str
    result: dict[str, Any] | None


def rows(session: Session, bulk_id: int, *, only: str, after: int, limit: int) -> list[RowResult]:
    """Rows behind the id `after`; `only` a state, '' for all. `limit` + 1 at most."""
    statement = (
        select(BulkRow.subject_id, BulkRow.label, BulkRow.state, BulkRow.reason, BulkRow.message_id,
               func.coalesce(Message.state, ""), Message.result)
        .outerjoin(Message, Message.id == BulkRow.message_id)
        .where(BulkRow.bulk_id == bulk_id, BulkRow.subject_id > after)
        .order_by(BulkRow.subject_id)
        .limit(limit + 1)
    )  # fmt: skip
    if only == "failed":
        statement = statement.where(or_(BulkRow.state == "failed", Message.state == "dead"))
    elif only:
        statement = statement.where(BulkRow.state == only)
    return [RowResult(*row) for row in session.execute(statement)]
