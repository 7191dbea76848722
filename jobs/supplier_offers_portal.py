"""Flow `supplier.offers.portal`: an offer file is read, checked against the offers in force, and applied.

The message says which act is wanted; the file's row says whether it still makes sense. Every act may run twice.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

import sqlalchemy as sa

from app import clock, queue
from app.ahead import one_ahead
from app.auth import audit
from app.catalog.reading import Said, read_line, said_by
from app.db import Json, copy_rows, transaction
from app.offers import changes, corrections, queries, services
from app.offers.cells import REMEMBERED, NewWords
from app.offers.columns import Layout, NotAStockList, Proposal, fingerprint, propose_columns
from app.offers.lines import OfferLine as ReadLine
from app.offers.lines import read_lines
from app.offers.models import COMPARING, OfferFile, OfferLine
from app.offers.reading import Table, Unreadable, read_table
from app.suppliers.dictionary import dictionary, note_words
from app.suppliers.models import Supplier
from jobs import failpoints
from jobs.claims import Batch, Claimed
from jobs.settlement import Outcome, settle

BLOCK = 2000  # Lines per transaction: what a killed worker repeats, and how often progress moves.
COLUMNS = (
    "offer_file_id", "row_number", "identity", "item_number", "description", "grade_word", "grade_key", "grade",
    "quantity", "price", "currency", "vat_scheme", "gtin", "mpn", "match_key", "facts", "attributes", "rejected",
    "problems",
)  # fmt: skip


class Cancelled(Exception):
    """A person asked to stop."""


def work(batch: Batch) -> None:
    """One message, one act."""
    message = batch.messages[0]
    act = message.body["act"]
    if act == "regrade":
        _regrade(batch, message)
    elif act == "accept":
        _accept(batch, message)
    elif act == "undo":
        _undo(batch, message)
    else:
        _read(batch, message, only_check=act == "check")


def _regrade(batch: Batch, message: Claimed) -> None:
    with transaction() as session:
        services.regrade(session, message.body["supplier_id"], now=clock.now())
        settle(session, batch, [Outcome(message.id, "delivered")])
    queue.wake("portal.listings.shopware")


def _accept(batch: Batch, message: Claimed) -> None:
    with transaction() as session:
        try:
            counts = services.accept(session, message.body["offer_file_id"], now=clock.now())
        except services.OfferFileError as error:
            settle(session, batch, [Outcome(message.id, "unchanged", {"reason": error.code})])
            return
        failpoints.reach("import.before_commit")
        settle(session, batch, [Outcome(message.id, "delivered", {"listings": counts.get("listings")})])
    queue.wake("portal.listings.shopware")


def _undo(batch: Batch, message: Claimed) -> None:
    with transaction() as session:
        try:
            buckets = services.take_back(session, message.body["offer_file_id"], now=clock.now())
        except services.OfferFileError as error:
            settle(session, batch, [Outcome(message.id, "unchanged", {"reason": error.code})])
            return
        settle(session, batch, [Outcome(message.id, "delivered", buckets)])
    queue.wake("portal.listings.shopware")


def _read(batch: Batch, message: Claimed, *, only_check: bool) -> None:
    file_id: int = message.body["offer_file_id"]
    with transaction() as session:
        file = session.execute(sa.select(OfferFile).where(OfferFile.id == file_id).with_for_update()).scalar_one()
        comparing = file.state == "reading" and file.step in COMPARING
        wanted = ("checked", "unchanged") if only_check else ("received", "reading")
        if not (file.state in wanted or (only_check and comparing)):
            settle(session, batch, [Outcome(message.id, "unchanged", {"reason": file.state})])
            return
        file.state, file.step = "reading", "check" if only_check else "read"
        file.revision += 1
    try:
        if not only_check:
            _stage(file_id)
        _finish(batch, message, file_id)
    except (Unreadable, NotAStockList, corrections.CorrectsUnknown) as error:
        _end(batch, message, file_id, "refused", {"code": error.code, **error.params})
    except ColumnsNeeded as error:
        _end(batch, message, file_id, "columns", {**error.questions[0], "questions": error.questions})
    except Cancelled:
        _end(batch, message, file_id, "cancelled", None)


class ColumnsNeeded(Exception):
    """A person must say something about the columns first; `questions` as the proposal has them."""

    def __init__(self, questions: list[Json]) -> None:
        super().__init__(", ".join(str(question["code"]) for question in questions))
        self.questions = questions


def _stage(file_id: int) -> None:
    """Read the file and put its lines into `offer_line`, block by block, with progress."""
    with transaction() as session:
        file = session.execute(sa.select(OfferFile).where(OfferFile.id == file_id)).scalar_one()
        content = queries.content(session, file_id)
        assert content is not None  # It came with its file, and goes with it.
        supplier = session.execute(sa.select(Supplier).where(Supplier.id == file.supplier_id)).scalar_one()
        session.execute(sa.delete(OfferLine).where(OfferLine.offer_file_id == file_id))
        sheet = file.sheet  # The one of the first reading, or what a person chose since.
    table, corrected_id = corrections.without_ours(read_table(content, sheet=sheet))
    del content  # The lines follow from the table, block by block.
    like = _like_corrected(file_id, corrected_id) if corrected_id else Like()
    with transaction() as session:
        known = dictionary(session, supplier.id)
        proposal = propose_columns(
            table.headers, [row.cells for row in table.sample], currency=supplier.currency,
            layouts=[*services.layouts(session, supplier.id), *like.layouts], filename=file.filename,
            grade_words=known["grade"],
        )  # fmt: skip
        _describe(session, file_id, table, proposal)
        graded_items = changes.items_by_grade(session, supplier.id) | like.graded_items
    if proposal.questions:
        raise ColumnsNeeded(proposal.questions)
    lines = read_lines(
        table, proposal.mapping, supplier_currency=supplier.currency,
        default_vat_scheme=supplier.default_vat_scheme, words=known, graded_items=graded_items,
        decimal_commas=like.decimal_commas,
    )  # fmt: skip
    words = NewWords()
    done = 0
    with closing(one_ahead(_blocks(file_id, lines, words))) as blocks:
        for block in blocks:
            done += len(block)
            with transaction() as session:
                copy_rows(session, "offer_line", COLUMNS, block)
                if services.say(session, file_id, step="read", done=done, total=len(table.rows)):
                    raise Cancelled
            failpoints.reach("import.block")
    with transaction() as session:
        changes.staged(session, done)
        note_words(session, supplier.id, words.to_ask())


class Like(NamedTuple):
    """What a file is read like, beside what it says itself: a correction like the file that it corrects."""

    layouts: list[Layout] = []  # noqa: RUF012  # Never changed.
    graded_items: set[str] = set()  # noqa: RUF012
    decimal_commas: dict[str, bool | None] = {}  # noqa: RUF012


def _like_corrected(file_id: int, corrected_id: int) -> Like:
    """Raises CorrectsUnknown."""
    with transaction() as session:
        file = session.execute(sa.select(OfferFile).where(OfferFile.id == file_id).with_for_update()).scalar_one()
        corrected = corrections.link(session, file, corrected_id)
        graded_items = changes.items_by_grade_in(session, corrected.id)
        content = queries.content(session, corrected.id)
    commas = corrections.decimal_commas(corrected, content) if content else {}
    return Like([corrections.layout_of(corrected)], graded_items, commas)


def _describe(session: sa.orm.Session, file_id: int, table: Table, proposal: Proposal) -> None:
    session.execute(
        sa.update(OfferFile)
        .where(OfferFile.id == file_id)
        .values(
            format=table.format, sheet=table.sheet, header_row=table.header_row, encoding=table.encoding,
            delimiter=table.delimiter, fingerprint=fingerprint(table.headers),
            columns=[column.as_json() for column in proposal.columns], total=len(table.rows), done=0,
            reading=table.account(), revision=OfferFile.revision + 1,
        )
    )  # fmt: skip


def _blocks(file_id: int, lines: Iterable[ReadLine], words: NewWords) -> Iterator[list[tuple[object, ...]]]:
    """The lines as rows of the table; `words` sees them on the way."""
    device = lru_cache(REMEMBERED)(_device)
    iterator = iter(lines)
    while block := list(islice(iterator, BLOCK)):
        words.see(problem for line in block for problem in line.problems)
        yield [_row(file_id, line, device) for line in block]


def _device(said: Said) -> tuple[str | None, str | None, str | None]:
    """Maker's number, match key and facts as JSON."""
    device = read_line(said)
    return device.mpn, device.match_key, json.dumps(device.facts) if device.facts else None


@lru_cache(1000)
def _json(attributes: tuple[tuple[str, object], ...]) -> str:
    return json.dumps(dict(attributes))


def _row(file_id: int, line: ReadLine, device: Callable[[Said], tuple[str | None, ...]]) -> tuple[object, ...]:
    said = said_by(line.description, item_number=line.item_number, mpn=line.mpn, told=line.attributes)
    return (
        file_id, line.row_number, line.identity, line.item_number, line.description, line.grade_word,
        line.grade_key, line.grade, line.quantity, line.price, line.currency, line.vat_scheme, line.gtin,
        *device(said), _json(tuple(line.attributes.items())), line.rejected,
        json.dumps([problem.as_json() for problem in line.problems]) if line.problems else "[]",
    )  # fmt: skip


def _finish(batch: Batch, message: Claimed, file_id: int) -> None:
    started = time.monotonic()
    with transaction() as session:
        services.say(session, file_id, step="match", done=0, total=0)
    with transaction() as session:
        file = session.execute(sa.select(OfferFile).where(OfferFile.id == file_id).with_for_update()).scalar_one()
        if file.cancel_requested:
            raise Cancelled
        counts = services.check(session, file, session.get_one(Supplier, file.supplier_id))
        counts["check_seconds"] = round(time.monotonic() - started, 2)
        nothing = not (counts["new"] or counts["changed"] or (counts["absent"] and file.mode != "partial"))
        file.state, file.counts, file.checked_at = "unchanged" if nothing else "checked", counts, clock.now()
        file.step, file.problem = "", None
        file.revision += 1
        services.accept_if_plain(session, file, now=clock.now(), actor=batch.flow.name)
        settle(session, batch, [Outcome(message.id, "delivered", {"rows": counts["rows"]})])


def _end(batch: Batch, message: Claimed, file_id: int, state: str, problem: Json | None) -> None:
    with transaction() as session:
        file = session.execute(sa.select(OfferFile).where(OfferFile.id == file_id).with_for_update()).scalar_one()
        file.state, file.problem, file.step = state, problem, ""
        file.revision += 1
        settle(session, batch, [Outcome(message.id, "delivered", {"state": state, **(problem or {})})])
        audit.record(session, act=f"offers.{state}", subject_kind="offer_file", subject_id=str(file_id),
                     after=problem, actor="supplier.offers.portal")  # fmt: skip
