"""Pages of offer files: the list, and one page with five steps that stay visible."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

from flask import Blueprint, Response, abort, flash, request, send_file
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from app import clock, queue
from app.db import Json, reading, transaction
from app.extensions import settings
from app.matching import words as matches
from app.offers import corrections, queries, services, words
from app.offers.columns import FIELDS
from app.offers.forms import ActForm, UploadForm
from app.offers.models import OfferFile
from app.offers.reading import Unreadable
from app.offers.undo import may_undo
from app.suppliers import dictionary
from app.suppliers import queries as suppliers
from app.suppliers import words as dictionary_words
from app.suppliers.models import Supplier
from app.web.fragments import redirect_to, render, tagged, unchanged
from app.web.lazy import current_user
from app.web.permissions import requires

bp = Blueprint("offers", __name__, url_prefix="/offers")
PAGE = 50
CHOSEN_STATES = ("accepted", "unchanged", "refused")
MIMETYPES = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
KINDS = ("new", "changed", "unchanged", "absent", "rejected")


@bp.get("/")
@requires("offers.read")
def index() -> Response:
    """Offer files of all suppliers, newest first."""
    supplier_id = request.args.get("supplier", type=int)
    state = request.args.get("state") or None
    rows = queries.files(
        reading(), supplier_id=supplier_id, state=state, before_id=request.args.get("before", type=int), limit=PAGE
    )
    supplier = reading().get(Supplier, supplier_id) if supplier_id else None
    return render(
        "offers/index.html", files=rows[:PAGE], older=rows[PAGE - 1].id if len(rows) > PAGE else None,
        supplier=supplier, words=words,
        state_choices=[("open", _("waiting")), *((name, words.state(name)) for name in CHOSEN_STATES)],
    )  # fmt: skip


@bp.post("/upload")
@requires("offers.write")
def upload() -> BaseResponse:
    """Keep the file and show its page; the worker has it already."""
    form = UploadForm()
    supplier = reading().get(Supplier, form.supplier_id.data or 0)
    if supplier is None:
        abort(404)
    if not form.validate_on_submit():
        flash(_("Choose a file first."), "error")
        return redirect_to("suppliers.detail", supplier_id=supplier.id)
    file = form.file.data
    try:
        with transaction() as session:
            received = services.receive_file(
                session, supplier.id, filename=file.filename or "file", content=file.read(),
                user_id=current_user.id, now=clock.now(), timezone=settings().timezone,
            )  # fmt: skip
    except services.OfferFileError as error:
        flash(words.act_problem(error.code), "error")
        return redirect_to("suppliers.detail", supplier_id=supplier.id)
    if received.again:
        flash(_("This very file is already being handled: here it is."), "info")
    queue.wake(services.FLOW)
    return redirect_to("offers.detail", file_id=received.offer_file_id)


@bp.get("/<int:file_id>")
@requires("offers.read")
def detail(file_id: int) -> Response:
    """The file's page."""
    return _page(file_id)


def _page(file_id: int, *blocks: str) -> Response:
    """The file's page, or blocks of it: only what these show is read."""
    session = reading()
    found = queries.file_with_supplier(session, file_id)
    if found is None:
        abort(404)
    return _shown(session, *found, *blocks)


def _shown(session: Session, file: OfferFile, supplier: Supplier, *blocks: str) -> Response:
    context: Json = {"file": file, "supplier": supplier, "words": words, "form": ActForm()}
    if not blocks or "live" in blocks:
        context |= _live(session, file)
    if blocks != ("live",):
        context |= _body(session, file, supplier)
    tag = f"{file.id}.{file.revision}"
    return tagged(render("offers/detail.html", *blocks, **context, tag=tag), tag)


def _live(session: Session, file: OfferFile) -> Json:
    """What moves while a worker or a storefront is busy."""
    progress = queries.publish_progress(session, file.id, since=file.undone_at) if file.accepted_at else []
    return {
        "live": is_live(file.state, progress),
        "steps": words.steps(file, progress),
        "progress": progress,
        "arrivals": {
            channel.channel: queries.arrivals(session, file.id, channel=channel.channel) for channel in progress
        },
        "refusals": {
            channel.channel: queries.arrivals(session, file.id, channel=channel.channel, state="dead")
            for channel in progress
            if channel.refused
        },
        "corrects": session.get(OfferFile, file.corrects_id) if file.corrects_id else None,
        "corrections": queries.corrections(session, file.id) if file.counts else [],
        "undoable": file.state == "accepted" and may_undo(file.accepted_at, now=clock.now(), days=settings().undo_days),
    }


def _body(session: Session, file: OfferFile, supplier: Supplier) -> Json:
    """What changes only with the file's state, and the lines that were asked for."""
    kind = request.args.get("kind", "")
    if kind not in KINDS:
        kind = next((name for name in KINDS if file.counts.get(name)), "new")
    problem = request.args.get("problem") or None
    after = max(0, request.args.get("after", 0, type=int))
    rows: list[queries.LineRow] = []
    if file.counts:
        rows = (
            queries.problem_lines(session, file.id, problem=problem, after=after, limit=PAGE)
            if problem
            else queries.lines(session, file.id, diff=kind, problem=None, after=after, limit=PAGE)
        )
    return {
        "kind": kind,
        "kinds": KINDS,
        "problem": problem,
        "lines": rows[:PAGE],
        "next_after": abs(rows[PAGE - 1].row_number) if len(rows) > PAGE else None,
        "after": after,
        "asked": _asked(file, suppliers.words(session, supplier.id, undecided=True)),
        "dictionary_words": dictionary_words,
        "fields": FIELDS,
        "columns": words.columns(file),
        "sheets": services.readable_sheets(file.reading),
        "matches": matches,
        "given_back": corrections.kinds(file) if file.counts.get("rejected") else (),
    }


def _asked(file: OfferFile, undecided: list[suppliers.DictionaryWord]) -> list[tuple[suppliers.DictionaryWord, int]]:
    """Words that nobody has explained yet, with their lines in this file; the most frequent first."""
    lines = {(word.get("kind", "grade"), word["word"]): word["lines"] for word in file.counts.get("words", [])}
    asked = [(word, lines.get((word.kind, word.word), 0)) for word in undecided]
    return sorted(asked, key=lambda pair: -pair[1])


def is_live(state: str, progress: list[queries.ChannelProgress]) -> bool:
    """Whether the page has something to wait for."""
    return state in ("received", "reading", "accepting", "undoing") or any(channel.waiting for channel in progress)


@bp.get("/<int:file_id>/status")
@requires("offers.read")
def status(file_id: int) -> Response:
    """What moves, for the poll: 304 by one small query while nothing did."""
    tag = queries.tag(reading(), file_id)
    if tag is None:
        abort(404)
    same = unchanged(f"offer_file:{file_id}", tag)
    if same is not None:
        return same
    found = queries.file_with_supplier(reading(), file_id)
    if found is None:
        abort(404)
    was = request.args.get("was", "")
    return _shown(reading(), *found, *(("live",) if was == found[0].state else ("live", "body")))


@bp.get("/<int:file_id>/lines")
@requires("offers.read")
def lines(file_id: int) -> Response:
    """The lines of one kind or with one problem, for the tabs."""
    return _page(file_id, "lines")


@bp.post("/<int:file_id>/columns")
@requires("offers.write")
def columns(file_id: int) -> BaseResponse:
    """What each header means, said by a person; the file is read again with it."""
    file = _file_or_404(file_id)
    chosen = {}
    for number, column in enumerate(file.columns or []):
        field = request.form.get(f"column-{number}", "")
        chosen[column["header"]] = field if field in FIELDS else ""
    return _act(file_id, lambda session: services.confirm_columns(
        session, file_id, chosen, user_id=current_user.id, now=clock.now()))  # fmt: skip


@bp.post("/<int:file_id>/sheet")
@requires("offers.write")
def sheet(file_id: int) -> BaseResponse:
    """Read another sheet of the workbook."""
    _file_or_404(file_id)
    return _act(file_id, lambda session: services.choose_sheet(
        session, file_id, request.form.get("sheet", ""), now=clock.now()))  # fmt: skip


@bp.post("/<int:file_id>/words")
@requires("offers.write")
def decide_words(file_id: int) -> BaseResponse:
    """What the supplier's new words mean; lines and offers in force follow."""
    file = _file_or_404(file_id)
    said = {
        int(key.removeprefix("word-")): value
        for key, value in request.form.items()
        if key.startswith("word-") and key.removeprefix("word-").isdecimal() and value.strip()
    }
    now = clock.now()
    kinds = set()
    refused = []
    with transaction() as session:
        for word_id, value in said.items():
            word = suppliers.word(session, file.supplier_id, word_id)
            if word is None:
                continue
            try:
                dictionary.decide(
                    session, file.supplier_id, word.kind, word.word, value, user_id=current_user.id, now=now
                )
                kinds.add(word.kind)
            except dictionary.NoMeaning:
                refused.append(word.shown)
        services.follow_words(session, file.supplier_id, kinds, now=now, file_id=file_id)
    queue.wake(services.FLOW)
    for shown in refused:
        flash(_("That is nothing that “%(word)s” can mean.", word=shown), "error")
    flash(_("%(number)s words noted; the lines follow.", number=len(said) - len(refused)), "success")
    return redirect_to("offers.detail", file_id=file_id)


@bp.post("/<int:file_id>/accept")
@requires("offers.write")
def accept(file_id: int) -> BaseResponse:
    """Apply the difference."""
    return _act(file_id, lambda session: services.ask_accept(
        session, file_id, user_id=current_user.id, now=clock.now()))  # fmt: skip


@bp.post("/<int:file_id>/approve")
@requires("offers.approve")
def approve(file_id: int) -> BaseResponse:
    """Let a held file pass, with a reason."""
    _file_or_404(file_id)
    reason = request.form.get("reason", "").strip()[:500]
    if not reason:
        flash(_("Say why this file may pass."), "error")
        return redirect_to("offers.detail", file_id=file_id)
    return _act(file_id, lambda session: services.ask_accept(
        session, file_id, user_id=current_user.id, now=clock.now(), approval=reason))  # fmt: skip


@bp.post("/<int:file_id>/undo")
@requires("offers.write")
def undo(file_id: int) -> BaseResponse:
    """Take back what the file changed, where nothing else changed it since."""
    return _act(file_id, lambda session: services.ask_undo(
        session, file_id, user_id=current_user.id, now=clock.now(), days=settings().undo_days))  # fmt: skip


@bp.post("/<int:file_id>/cancel")
@requires("offers.write")
def cancel(file_id: int) -> BaseResponse:
    """Stop; offers in force stay as they are."""
    return _act(file_id, lambda session: services.cancel(session, file_id))


@bp.get("/<int:file_id>/original")
@requires("offers.read")
def original(file_id: int) -> BaseResponse:
    """The file as it came, always as a download."""
    file = _file_or_404(file_id)
    content = queries.content(reading(), file_id)
    if content is None:
        abort(404)
    return send_file(
        BytesIO(content), mimetype="application/octet-stream", as_attachment=True, download_name=file.filename
    )


@bp.get("/<int:file_id>/rejected")
@requires("offers.read")
def rejected(file_id: int) -> BaseResponse:
    """The rejected lines as the supplier wrote them, each with its reason, to be mended and dropped again."""
    file = _file_or_404(file_id)
    kind = request.args.get("format") or corrections.kinds(file)[0]
    problems = queries.rejected_lines(reading(), file_id)
    content = queries.content(reading(), file_id)
    if kind not in corrections.kinds(file) or not problems or content is None:
        abort(404)
    reasons = {number: words.reasons(corrections.rejecting(found)) for number, found in problems.items()}
    try:
        made = corrections.as_file(file, content, reasons, kind)
    except Unreadable as error:
        flash(words.refusal({"code": error.code}), "error")
        return redirect_to("offers.detail", file_id=file_id)
    stem = corrections.stem_of(file.filename)
    name = _("%(file)s - rejected lines of file %(number)s", file=stem, number=file.id)
    return send_file(BytesIO(made), mimetype=MIMETYPES[kind], as_attachment=True, download_name=f"{name}.{kind}")


def _file_or_404(file_id: int):  # type: ignore[no-untyped-def]
    found = queries.file_with_supplier(reading(), file_id)
    if found is None:
        abort(404)
    return found[0]


def _act(file_id: int, act: Callable[[Session], object]) -> BaseResponse:
    """One act on the file, in one transaction; what its state forbids is said, not raised."""
    _file_or_404(file_id)
    if not ActForm().validate_on_submit():
        abort(400)
    try:
        with transaction() as session:
            act(session)
    except services.OfferFileError as error:
        flash(words.act_problem(error.code), "error")
    queue.wake(services.FLOW)
    return redirect_to("offers.detail", file_id=file_id)
