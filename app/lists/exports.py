"""Lists as files: asking for one, what became of it, and its pieces until it expires."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.orm import Session

from app.auth import audit
from app.flows import services as ledger
from app.flows.models import Message
from app.lists.description import ListDescription
from app.lists.models import ListExport, ListExportPart
from app.lists.state import State

FLOW = "portal.exports.portal"
FORMATS = ("csv", "xlsx")
OPEN = ("waiting", "running")


def ask(session: Session, about: ListDescription, state: State, *, format_: str, user_id: int, locale: str,
        now: datetime, hours: int) -> int:  # fmt: skip
    """Let a worker write the list as the person sees it; returns the export's id. One that is asked for counts once."""
    args = state.args(about)
    same = session.execute(
        select(ListExport.id).where(
            ListExport.user_id == user_id, ListExport.list_name == about.name, ListExport.format == format_,
            ListExport.args == args, ListExport.state.in_(OPEN),
        )
    ).scalars().first()  # fmt: skip
    if same is not None:
        return same
    export = ListExport(
        list_name=about.name, user_id=user_id, format=format_, args=args, locale=locale, asked_at=now,
        expires_at=now + timedelta(hours=hours),
    )  # fmt: skip
    session.add(export)
    session.flush()
    ledger.receive(session, FLOW, key=f"export-{export.id}", delivery_id=f"export:{export.id}:{uuid.uuid4().hex}",
                   body={"act": "write", "export_id": export.id}, now=now)  # fmt: skip
    audit.record(session, act="lists.export", subject_kind="list", subject_id=about.name,
                 after={"export_id": export.id, "format": format_, "args": args})  # fmt: skip
    return export.id


def own(session: Session, export_id: int, user_id: int) -> ListExport | None:
    """The export when it is the person's."""
    return session.execute(
        select(ListExport).where(ListExport.id == export_id, ListExport.user_id == user_id),
        execution_options={"populate_existing": True},
    ).scalar_one_or_none()


def of_person(session: Session, user_id: int, *, limit: int) -> list[ListExport]:
    """What the person asked for, the newest first."""
    found = select(ListExport).where(ListExport.user_id == user_id).order_by(ListExport.id.desc()).limit(limit)
    return list(session.execute(found, execution_options={"populate_existing": True}).scalars())


def filename(export: ListExport) -> str:
    """`orders-20260302-1400.xlsx`, in UTC."""
    return f"{export.list_name}-{export.asked_at:%Y%m%d-%H%M}.{export.format}"


def pieces(session: Session, export_id: int) -> Iterator[bytes]:
    """The file, one piece in memory at a time."""
    position = 0
    while True:
        piece = session.execute(
            select(ListExportPart.content).where(
                ListExportPart.export_id == export_id, ListExportPart.position == position
            )
        ).scalar_one_or_none()
        if piece is None:
            return
        yield piece
        position += 1


def begin(session: Session, export_id: int, *, fence: int) -> ListExport | None:
    """Take the export in hand, from its beginning; None when nothing is to be done any more."""
    export = session.execute(
        select(ListExport).where(ListExport.id == export_id).with_for_update(),
        execution_options={"populate_existing": True},
    ).scalar_one_or_none()
    if export is None or export.state not in (*OPEN, "failed"):
        return None
    session.execute(delete(ListExportPart).where(ListExportPart.export_id == export_id))
    export.state, export.fence, export.done = "running", fence, 0
    export.revision += 1
    return export


def moved(session: Session, export_id: int, *, fence: int, **values: object) -> bool:
    """Write how far the export is; False when another worker has it."""
    done = session.execute(
        update(ListExport)
        .where(ListExport.id == export_id, ListExport.fence == fence, ListExport.state == "running")
        .values(revision=ListExport.revision + 1, **values)
        .returning(ListExport.id)
    )
    return done.first() is not None


def stop(session: Session, export_id: int, *, by: str, now: datetime) -> bool:
    """Write no more of it, and keep nothing of what was written; False when there was nothing to stop."""
    stopped = session.execute(
        update(ListExport)
        .where(ListExport.id == export_id, ListExport.state.in_(OPEN))
        .values(state="stopped", stopped_by=by, ended_at=now, size_bytes=0, revision=ListExport.revision + 1)
        .returning(ListExport.list_name, ListExport.done)
    ).one_or_none()
    if stopped is None:
        return False
    session.execute(delete(ListExportPart).where(ListExportPart.export_id == export_id))
    audit.record(session, act="lists.export_stop", subject_kind="list", subject_id=stopped.list_name,
                 after={"export_id": export_id, "rows": stopped.done})  # fmt: skip
    return True


def is_stopped(session: Session, export_id: int) -> bool:
    """Whether somebody stopped it."""
    state = select(ListExport.state).where(ListExport.id == export_id)
    return session.execute(state).scalar_one_or_none() == "stopped"


def add_piece(session: Session, export_id: int, position: int, content: bytes) -> None:
    session.add(ListExportPart(export_id=export_id, position=position, content=content))
    session.flush()


def give_up_dead(session: Session, *, now: datetime) -> int:
    """Whoever waits for an export whose message is dead is told; returns how many there were."""
    dead = exists().where(
        Message.flow == FLOW, Message.channel == "", Message.key == func.concat("export-", ListExport.id),
        Message.state == "dead",
    )  # fmt: skip
    done = session.execute(
        update(ListExport)
        .where(ListExport.state.in_(OPEN), dead)
        .values(state="failed", ended_at=now, revision=ListExport.revision + 1)
        .returning(ListExport.id)
    )
    return len(done.all())


def remove_expired(session: Session, *, now: datetime) -> int:
    """Let go of files whose time is over; returns how many."""
    gone = session.execute(
        update(ListExport)
        .where(ListExport.expires_at <= now, ListExport.state != "expired")
        .values(state="expired", revision=ListExport.revision + 1)
        .returning(ListExport.id)
    )
    ids = list(gone.scalars())
    session.execute(delete(ListExportPart).where(ListExportPart.export_id.in_(ids)))
    return len(ids)
