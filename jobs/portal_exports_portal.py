"""Flow `portal.exports.portal`: a list as a person sees it becomes a file; files that expired are removed.

The rows are one statement behind a cursor of the server, so that they are of one moment and memory does not grow with
them. The file's pieces are rows of the database, and stand there with the progress. A worker that takes an export over
begins anew; one that was believed dead finds another fence and writes nothing more. Whoever stops it moves its state,
which is looked at with each block.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app import clock
from app.auth import audit
from app.db import db, reading, transaction
from app.lists import exports, queries
from app.lists.description import ListDescription
from app.lists.filters import Options, zone
from app.lists.models import ListExport
from app.lists.registry import description
from app.lists.state import State, state_of
from app.lists.writing import CsvWriter, Facts, TooManyRows, XlsxWriter
from app.web.templating import moment_in_words
from jobs import failpoints
from jobs.claims import Batch, Claimed, LeaseLost
from jobs.settlement import Outcome, settle

BLOCK = 2000  # Rows between two looks at the progress.


class Stopped(Exception):
    """Somebody stopped the export."""


def work(batch: Batch) -> None:
    """One message: an export, or the clock's."""
    message = batch.messages[0]
    if message.body.get("act") != "write":
        with transaction() as session:
            removed = exports.remove_expired(session, now=clock.now())
            broken = exports.give_up_dead(session, now=clock.now())
            result = {"removed": removed, "broken": broken}
            settle(session, batch, [Outcome(message.id, "delivered" if removed or broken else "unchanged", result)])
        return
    _write(batch, message)


def _write(batch: Batch, message: Claimed) -> None:
    with transaction() as session:
        export = exports.begin(session, message.body["export_id"], fence=batch.fence)
        if export is None:
            settle(session, batch, [Outcome(message.id, "unchanged", {"reason": "not waiting"})])
            return
    with force_locale(export.locale):
        about = description(export.list_name)
        state = state_of(about, export.args)
        options = about.options(reading())
        try:
            rows = _file(batch, export, about, state, options)
            ended: dict[str, Any] = {"state": "done", "done": rows}
        except TooManyRows:
            ended = {"state": "failed", "problem": "too_many"}
        except Stopped:
            ended = {"state": "stopped"}
    with transaction() as session:
        if ended["state"] == "stopped":
            settle(session, batch, [Outcome(message.id, "delivered", ended)])
            return
        if not exports.moved(session, export.id, fence=batch.fence, ended_at=clock.now(), **ended):
            raise LeaseLost("another worker writes this export")
        audit.record(session, act=f"lists.export_{ended['state']}", subject_kind="list", subject_id=about.name,
                     after={"export_id": export.id, "rows": ended.get("done")}, actor=batch.flow.name)  # fmt: skip
        settle(session, batch, [Outcome(message.id, "delivered", ended)])


def _file(batch: Batch, export: ListExport, about: ListDescription, state: State, options: Options) -> int:
    """Write the rows; returns how many. Raises TooManyRows, Stopped, LeaseLost."""
    columns = [about.by_name[name] for name in state.columns]
    headings = [str(column.label) for column in columns]
    if export.format == "csv":
        return _pieces(batch, export, about, state, options, CsvWriter(headings, zone()))
    writer = XlsxWriter(str(about.title), headings, (_("View"), _facts(export, about, state, options)), zone())
    try:
        return _pieces(batch, export, about, state, options, writer)
    finally:
        writer.discard()


def _pieces(batch: Batch, export: ListExport, about: ListDescription, state: State, options: Options,
            writer: CsvWriter | XlsxWriter) -> int:  # fmt: skip
    done = position = size = 0
    columns = [about.by_name[name] for name in state.columns]

    def keep(pieces: Iterator[bytes], **more: object) -> None:
        nonlocal position, size
        with transaction() as session:
            for piece in pieces:
                exports.add_piece(session, export.id, position, piece)
                position, size = position + 1, size + len(piece)
            if not exports.moved(session, export.id, fence=batch.fence, done=done, size_bytes=size, **more):
                if exports.is_stopped(session, export.id):
                    raise Stopped
                raise LeaseLost("another worker writes this export")

    keep(iter(()), about=queries.total(reading(), about, state, options, now=export.asked_at).rows)
    with closing(_blocks(about, state, options, export)) as blocks:
        for block in blocks:
            for row in block:
                writer.row([column.value(row) for column in columns])
            done += len(block)
            keep(writer.ready())
            failpoints.reach("exports.block")
    keep(writer.close())
    return done


def _blocks(
    about: ListDescription, state: State, options: Options, export: ListExport
) -> Generator[Sequence[Row[Any]], None, None]:
    """All rows of the list in its order, on a connection of their own: progress is committed meanwhile."""
    with Session(bind=db.engine) as reader:
        reader.execute(text("SET LOCAL cursor_tuple_fraction = 1"))  # Every row is read.
        statement = queries.rows_of(about, state, options, now=export.asked_at)
        with closing(reader.execute(statement, execution_options={"yield_per": BLOCK})) as rows:
            yield from rows.partitions()


def _facts(export: ListExport, about: ListDescription, state: State, options: Options) -> Facts:
    """What the second sheet tells of the first one."""
    sort, falls = about.sort_of(state.sort)
    return [
        (_("List"), str(about.title)),
        (_("As of"), moment_in_words(clock.now())),
        (_("Sort"), f"{sort.label} {'↓' if falls else '↑'}"),
        *((str((one := about.filter_of(name)).label), one.says(text, options)) for name, text in state.filters.items()),
    ]
