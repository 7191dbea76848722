"""Business acts on offer files: receive, map, check, accept, cancel."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import and_ as sql_and
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.auth import audit
from app.channels.services import lock_assortment, refresh_listings
from app.db import Json
from app.flows import services as ledger
from app.logs import correlation_id
from app.offers import breaker, changes, freshness, questions, undo
from app.offers.columns import Layout, file_stem
from app.offers.models import COMPARING, OfferFile, OfferFileContent
from app.stock.services import set_offered
from app.suppliers.models import Supplier, SupplierLayout

FLOW = "supplier.offers.portal"
OPEN_STATES = ("received", "reading", "columns", "checked", "accepting")
_DATE = re.compile(r"(20\d\d)[-_.]?(0[1-9]|1[0-2])[-_.]?(0[1-9]|[12]\d|3[01])")


class OfferFileError(Exception):
    """An act that the file's state does not allow; `code` says which sentence to show."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Received(NamedTuple):
    offer_file_id: int
    again: bool  # The same bytes are still being handled: this is that import.


class FromFeed(NamedTuple):
    """The feed that a file was fetched from, and whether nobody is asked when nothing about the file is odd."""

    feed_id: int
    accept_alone: bool
    actor: str


def receive_file(session: Session, supplier_id: int, *, filename: str, content: bytes, user_id: int | None,
                 now: datetime, timezone: str, feed: FromFeed | None = None) -> Received:  # fmt: skip
    """Keep the file as it came and put its reading in the ledger. Wake `FLOW` after the commit.

    Raises OfferFileError `empty_upload`.
    """
    if not content:
        raise OfferFileError("empty_upload")
    supplier = session.execute(select(Supplier).where(Supplier.id == supplier_id).with_for_update()).scalar_one()
    digest = hashlib.sha256(content).hexdigest()
    open_file = session.execute(
        select(OfferFile.id).where(
            OfferFile.supplier_id == supplier_id, OfferFile.sha256 == digest, OfferFile.state.in_(OPEN_STATES)
        )
    ).scalar_one_or_none()
    if open_file is not None:
        return Received(open_file, again=True)
    file = OfferFile(
        supplier_id=supplier_id, filename=tidy_name(filename), sha256=digest, size_bytes=len(content),
        mode=supplier.import_mode, list_date=date_of(filename, now.astimezone(ZoneInfo(timezone)).date()),
        state="received", uploaded_by=user_id, correlation_id=correlation_id(),
        feed_id=feed.feed_id if feed else None, accept_alone=feed is not None and feed.accept_alone,
    )  # fmt: skip
    session.add(file)
    session.flush()
    session.add(OfferFileContent(offer_file_id=file.id, content=content))
    session.flush()
    put(session, file.id, "read", now=now)
    audit.record(session, act="offers.receive", subject_kind="offer_file", subject_id=str(file.id),
                 after={"filename": file.filename, "sha256": digest, "supplier": supplier.code},
                 actor=feed.actor if feed else None)  # fmt: skip
    return Received(file.id, again=False)


def put(session: Session, file_id: int, act: str, *, now: datetime) -> None:
    """Ask the flow for `read`, `check`, `accept` or `undo` of a file."""
    ledger.receive(
        session, FLOW, key=str(file_id), delivery_id=f"{act}:{file_id}:{uuid.uuid4().hex}",
        body={"act": act, "offer_file_id": file_id}, now=now, origin=origin(file_id),
    )  # fmt: skip


def compared_files(session: Session, supplier_id: int) -> list[int]:
    """The supplier's files that wait for a person, or are on the way there."""
    comparing = sql_and(OfferFile.state == "reading", OfferFile.step.in_(COMPARING))
    rows = session.execute(
        select(OfferFile.id).where(OfferFile.supplier_id == supplier_id, (OfferFile.state == "checked") | comparing)
    )
    return list(rows.scalars())


def hide_comparison(session: Session, supplier_id: int) -> None:
    """Nobody is to accept what was compared before an answer: files that are asked to be compared again say so.

    A file whose row the flow holds says it already.
    """
    free = select(OfferFile.id).where(OfferFile.supplier_id == supplier_id, OfferFile.state == "checked")
    session.execute(
        update(OfferFile)
        .where(OfferFile.id.in_(free.with_for_update(skip_locked=True)))
        .values(state="reading", step="check", revision=OfferFile.revision + 1)
    )


def put_regrade(session: Session, supplier_id: int, *, now: datetime) -> None:
    """Ask the flow to judge the supplier's offers in force anew: words, matches, and what is agreed with it."""
    ledger.receive(
        session, FLOW, key=f"supplier-{supplier_id}", delivery_id=f"regrade:{supplier_id}:{uuid.uuid4().hex}",
        body={"act": "regrade", "supplier_id": supplier_id}, now=now,
    )  # fmt: skip


def origin(file_id: int) -> str:
    """How messages name the file that caused them."""
    return f"offer-file:{file_id}"


def arrived(session: Session, origins: Iterable[str | None]) -> None:
    """Move the pages of the files whose listings a storefront has just answered."""
    prefix = origin(0).removesuffix("0")
    ids = sorted({int(name.removeprefix(prefix)) for name in origins if name and name.startswith(prefix)})
    if ids:
        session.execute(update(OfferFile).where(OfferFile.id.in_(ids)).values(revision=OfferFile.revision + 1))


def tidy_name(filename: str) -> str:
    """The last part of the name, printable, at most 200 characters; it is shown, never used as a path."""
    last = re.split(r"[\\/]", filename)[-1]
    return "".join(character for character in last if character.isprintable()).strip()[-200:] or "file"


def date_of(filename: str, default: date) -> date:
    """The day that the name tells (2023-10-27, 20231027), when it is a day and not in the future, else `default`."""
    for year, month, day in _DATE.findall(filename):
        try:
            told = date(int(year), int(month), int(day))
        except ValueError:
            continue
        if told <= default:
            return told
    return default


def lock_file(session: Session, file_id: int, *, states: tuple[str, ...], problem: str) -> OfferFile:
    """The file's row, locked. Raises OfferFileError `problem` when it is in no state of `states`."""
    file = session.execute(select(OfferFile).where(OfferFile.id == file_id).with_for_update()).scalar_one()
    if file.state not in states:
        raise OfferFileError(problem)
    return file


def say(session: Session, file_id: int, *, step: str, done: int, total: int) -> bool:
    """Write the worker's progress; returns whether a person asked to cancel."""
    row = session.execute(
        update(OfferFile)
        .where(OfferFile.id == file_id)
        .values(step=step, done=done, total=total, revision=OfferFile.revision + 1)
        .returning(OfferFile.cancel_requested)
    ).one()
    return bool(row.cancel_requested)


def confirm_columns(session: Session, file_id: int, columns: Mapping[str, str], *, user_id: int | None,
                    now: datetime) -> None:  # fmt: skip
    """Remember what a person says the headers mean, '' for not used, and read the file again. Raises OfferFileError."""
    file = lock_file(session, file_id, states=("columns", "checked", "unchanged"), problem="not_open")
    remember_layout(session, file, dict(columns), user_id=user_id, now=now)
    file.state, file.step, file.problem, file.accept_alone = "received", "", None, False
    file.revision += 1
    put(session, file_id, "read", now=now)
    audit.record(session, act="offers.columns", subject_kind="offer_file", subject_id=str(file_id),
                 after=dict(columns))  # fmt: skip


def choose_sheet(session: Session, file_id: int, sheet: str, *, now: datetime) -> None:
    """Read another sheet of the file, hidden or not, than the one that looked most like a stock list.

    Raises OfferFileError `not_open`, `no_such_sheet`.
    """
    file = lock_file(session, file_id, states=("columns", "checked", "unchanged"), problem="not_open")
    if sheet not in {one["name"] for one in readable_sheets(file.reading)}:
        raise OfferFileError("no_such_sheet")
    before = file.sheet
    file.sheet, file.state, file.step, file.problem = sheet, "received", "", None
    file.revision += 1
    put(session, file_id, "read", now=now)
    audit.record(session, act="offers.sheet", subject_kind="offer_file", subject_id=str(file_id),
                 before={"sheet": before}, after={"sheet": sheet})  # fmt: skip


def readable_sheets(account: Json | None) -> list[Json]:
    """The sheets that may be read, of what `Table.account` told."""
    states = ("visible", "hidden", "very_hidden")
    return [sheet for sheet in (account or {}).get("sheets", []) if sheet["state"] in states]


def follow_words(session: Session, supplier_id: int, kinds: Collection[str], *, now: datetime,
                 file_id: int | None = None) -> None:  # fmt: skip
    """Let files that wait, `file_id` and, for grades, offers in force follow what was just decided.

    A grade changes nothing that was read: the lines are compared again. Words of other kinds are values of the lines:
    the files are read again. Offers in force take those from the supplier's next list.
    """
    if not kinds:
        return
    if "grade" in kinds:
        put_regrade(session, supplier_id, now=now)
    waiting = OfferFile.state == "checked"
    asked = sql_and(OfferFile.id == file_id, OfferFile.state == "unchanged") if file_id else waiting
    files = session.execute(
        select(OfferFile).where(OfferFile.supplier_id == supplier_id, waiting | asked).with_for_update()
    )
    for file in files.scalars():
        if set(kinds) == {"grade"}:
            file.state, file.step = "reading", "check"
            put(session, file.id, "check", now=now)
        else:
            file.state, file.step = "received", ""
            put(session, file.id, "read", now=now)
        file.revision += 1


def layouts(session: Session, supplier_id: int) -> list[Layout]:
    """How the supplier's files were read until now, latest first."""
    rows = session.execute(
        select(SupplierLayout.fingerprint, SupplierLayout.stem, SupplierLayout.columns)
        .where(SupplierLayout.supplier_id == supplier_id)
        .order_by(SupplierLayout.used_at.desc(), SupplierLayout.id.desc())
    )
    return [Layout(*row) for row in rows]


def remember_layout(session: Session, file: OfferFile, columns: dict[str, str], *, user_id: int | None,
                    now: datetime) -> None:  # fmt: skip
    """Keep header -> field, '' for a column that is not used, for the supplier's files with these headers."""
    if file.fingerprint is None:
        raise OfferFileError("not_read")
    layout = session.execute(
        select(SupplierLayout).where(
            SupplierLayout.supplier_id == file.supplier_id, SupplierLayout.fingerprint == file.fingerprint
        )
    ).scalar_one_or_none()
    if layout is None:
        layout = SupplierLayout(supplier_id=file.supplier_id, fingerprint=file.fingerprint, columns=columns,
                                used_at=now)  # fmt: skip
        session.add(layout)
    layout.columns, layout.used_at = columns, now
    if file.corrects_id is None:  # What a purchaser called a file says nothing about the supplier's.
        layout.stem = file_stem(file.filename)
    layout.confirmed_by = user_id or layout.confirmed_by


def accept_if_plain(session: Session, file: OfferFile, *, now: datetime, actor: str) -> bool:
    """Accept a checked file of a feed that may pass by itself, when nothing about it asks for a person.

    One that has asked stays with the person, whatever the answers are. Wake `FLOW` after the commit.
    """
    if not (file.state == "checked" and file.accept_alone and breaker.is_plain(file.counts, mode=file.mode)):
        file.accept_alone = False
        return False
    session.flush()
    ask_accept(session, file.id, user_id=None, now=now, actor=actor)
    return True


def ask_accept(session: Session, file_id: int, *, user_id: int | None, now: datetime,
               approval: str | None = None, actor: str | None = None) -> None:  # fmt: skip
    """A person accepts the difference; the worker applies it.

    A file that is held passes only with `approval`, the reason given by somebody who may approve; who may only approve
    accepts no other. Raises OfferFileError `not_checked`, `held`, `not_held`.
    """
    file = lock_file(session, file_id, states=("checked",), problem="not_checked")
    held = [hold["code"] for hold in file.counts.get("holds", [])]
    if held and not (approval or "").strip():
        raise OfferFileError("held")
    if approval is not None and not held:
        raise OfferFileError("not_held")
    file.approval = {"by": user_id, "reason": str(approval).strip(), "codes": held} if held else None
    file.state, file.accepted_by, file.step = "accepting", user_id, "accept"
    file.revision += 1
    put(session, file_id, "accept", now=now)
    counts = {name: file.counts.get(name) for name in ("new", "changed", "absent", "rejected")}
    audit.record(session, act="offers.approve" if held else "offers.accept", subject_kind="offer_file",
                 subject_id=str(file_id), after={**counts, "approval": file.approval}, actor=actor)  # fmt: skip


def ask_undo(session: Session, file_id: int, *, user_id: int | None, now: datetime, days: int) -> None:
    """A person takes an applied file back; the worker does it.

    Raises OfferFileError `not_accepted`, `too_old`, `changed_nothing`.
    """
    file = lock_file(session, file_id, states=("accepted",), problem="not_accepted")
    if not undo.may_undo(file.accepted_at, now=now, days=days):
        raise OfferFileError("too_old")
    if not undo.is_remembered(session, file_id):
        raise OfferFileError("changed_nothing")
    file.state, file.undone_by, file.step = "undoing", user_id, "undo"
    file.revision += 1
    put(session, file_id, "undo", now=now)
    audit.record(session, act="offers.undo", subject_kind="offer_file", subject_id=str(file_id))


def cancel(session: Session, file_id: int) -> None:
    """Stop a file that is not accepted yet; offers in force stay as they are. Raises OfferFileError `not_open`."""
    file = lock_file(session, file_id, states=("received", "reading", "columns", "checked"), problem="not_open")
    if file.state == "reading":
        file.cancel_requested = True  # The worker stops at its next line block.
    else:
        file.state = "cancelled"
    file.revision += 1
    audit.record(session, act="offers.cancel", subject_kind="offer_file", subject_id=str(file_id))


def accept(session: Session, file_id: int, *, now: datetime) -> Json:
    """Apply a file: offers, offered stock, prices, listings and their messages, all in this transaction.

    Returns the counts, with `listings` per channel; a file that another one made odd meanwhile goes back to be judged,
    and its counts have no `listings`. Wake `portal.listings.shopware` after the commit.
    """
    file = lock_file(session, file_id, states=("accepting",), problem="not_accepting")
    lock_assortment(session)
    supplier = session.get_one(Supplier, file.supplier_id)
    if file.compared_with == changes.basis(session, file_id):
        result = {**file.counts, "holds": _holds(file.counts, supplier, file)}  # Limits may have been agreed since.
    else:
        result = check(session, file, supplier)
    passed = (file.approval or {}).get("codes", [])
    if any(hold["code"] not in passed for hold in result["holds"]):
        file.state, file.counts, file.step, file.approval = "checked", result, "", None
        file.accept_alone = False
        file.revision += 1
        return result
    touched = changes.apply_lines(session, file_id, mode=file.mode, now=now)
    questions.close_gone(session, supplier.id)
    set_offered(session, supplier.id, reference=origin(file_id), user_id=file.accepted_by, now=now)
    result["listings"] = refresh_listings(session, variant_ids=touched, now=now, origin=origin(file_id))
    if file.columns:
        columns = {column["header"]: column["field"] for column in file.columns}
        remember_layout(session, file, columns, user_id=file.accepted_by, now=now)
    file.state, file.accepted_at, file.counts, file.step = "accepted", now, result, ""
    file.revision += 1
    return result


def check(session: Session, file: OfferFile, supplier: Supplier) -> Json:
    """Match and compare the staged lines; returns the counts, with the limits of the supplier that they break."""
    counts, file.compared_with = changes.match_and_diff(session, file.id)
    counts["rows_elsewhere"] = breaker.rows_elsewhere(file.reading)
    counts["holds"] = _holds(counts, supplier, file)
    return counts


def _holds(counts: Json, supplier: Supplier, file: OfferFile) -> list[Json]:
    return [hold.as_json() for hold in breaker.holds(counts, supplier.limits, mode=file.mode)]


def take_back(session: Session, file_id: int, *, now: datetime) -> Json:
    """Undo an applied file: offers as they were, and stock, prices and listings with them; returns the buckets.

    Words that were decided since then hold. Wake `portal.listings.shopware` after the commit.
    """
    file = lock_file(session, file_id, states=("undoing",), problem="not_undoing")
    lock_assortment(session)
    touched = undo.reverse_lines(session, file_id, now=now)
    touched |= changes.regrade_offers(session, file.supplier_id, now=now)
    questions.ask_of_offers(session, file.supplier_id)
    set_offered(session, file.supplier_id, reference=f"undo:{file_id}", user_id=file.undone_by, now=now)
    listings = refresh_listings(session, variant_ids=touched, now=now, origin=origin(file_id))
    result = {**undo.buckets(session, file_id), "listings": listings}
    file.counts = {**file.counts, "undo": result}
    file.state, file.undone_at, file.step = "undone", now, ""
    file.revision += 1
    return result


def regrade(session: Session, supplier_id: int, *, now: datetime) -> None:
    """Bring offers in force, stock and listings in line with the supplier's words, items and agreements."""
    lock_assortment(session)
    touched = changes.regrade_offers(session, supplier_id, now=now) | changes.offered_variants(session, supplier_id)
    questions.ask_of_offers(session, supplier_id)
    set_offered(session, supplier_id, reference=f"supplier:{supplier_id}", user_id=None, now=now)
    refresh_listings(session, variant_ids=touched, now=now, origin=None)


def stale_suppliers(session: Session, *, now: datetime) -> list[tuple[int, str]]:
    """Id and code of the suppliers without a list for so long that their policy acts."""
    return freshness.stale_suppliers(session, now=now)


def decay(session: Session, supplier_id: int, *, now: datetime) -> int:
    """Believe the supplier's offers less, with stock, prices and listings; returns how many moved.

    Wake `portal.listings.shopware` after the commit.
    """
    lock_assortment(session)
    moved = freshness.decay(session, supplier_id, now=now)
    _follow(session, supplier_id, moved, now=now)
    audit.record(session, act="offers.stale", subject_kind="supplier", subject_id=str(supplier_id),
                 after={"offers": len(moved)}, actor="supplier.absences.portal")  # fmt: skip
    return len(moved)


def suppliers_with_ended_grace(session: Session, *, now: datetime) -> list[tuple[int, str]]:
    """Id and code of the suppliers of whom offers are to end now."""
    rows = session.execute(changes.GRACE_ENDED, {"now": now})
    return [(row.id, row.code) for row in rows]


def end_absent(session: Session, supplier_id: int, *, now: datetime) -> int:
    """End the supplier's offers whose days of grace are over, with stock, prices and listings; returns how many.

    Wake `portal.listings.shopware` after the commit.
    """
    lock_assortment(session)
    ended = changes.end_absent(session, supplier_id, now=now)
    _follow(session, supplier_id, ended, now=now)
    audit.record(session, act="offers.grace_ended", subject_kind="supplier", subject_id=str(supplier_id),
                 after={"offers": len(ended)}, actor="supplier.absences.portal")  # fmt: skip
    return len(ended)


def _follow(session: Session, supplier_id: int, variants: Iterable[int | None], *, now: datetime) -> None:
    """Stock and listings follow offers that the clock changed."""
    set_offered(session, supplier_id, reference=f"supplier:{supplier_id}", user_id=None, now=now)
    moved = {variant for variant in variants if variant is not None}
    refresh_listings(session, variant_ids=moved, now=now, origin=None)
