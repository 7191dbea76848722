"""Acts on many rows: the preview, saying yes, and the page that follows what becomes of each row."""

from __future__ import annotations

from flask import Response, abort, flash, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from app import clock, queue
from app.db import reading, transaction
from app.extensions import settings
from app.lists import bulk as acts
from app.lists import words
from app.lists.acts import Act
from app.lists.description import ListDescription
from app.lists.models import BulkAct
from app.lists.pages import filters_in_words
from app.lists.state import state_of
from app.lists.views import bp, list_named
from app.web.fragments import redirect_to, render, tagged
from app.web.lazy import current_user
from app.web.permissions import may, requires

PAGE = 100
ONLY = ("waiting", "done", "skipped", "failed")


@bp.post("/<list_name>/bulk")
@requires("signed_in")
def bulk(list_name: str) -> BaseResponse:
    """Look what an act would do to the rows that were picked, or to all that match."""
    about = list_named(list_name)
    act = _allowed(about, request.form.get("act", ""))
    state = state_of(about, request.form)
    picked = [int(text) for text in request.form.getlist("id") if text.isdecimal() and len(text) < 18]
    ids = None if request.form.get("all") else picked
    at_most = settings().bulk_max_rows
    try:
        with transaction() as session:
            bulk_id = acts.preview(
                session, about, act, state, about.options(session), ids=ids, user_id=current_user.id, now=clock.now(),
                at_most=at_most,
            )  # fmt: skip
    except acts.BulkError as error:
        flash(
            {"nothing": _("Nothing is picked."),
             "too_many": _("At most %(number)s rows at once: narrow the list.", number=at_most)}[error.code], "error"
        )  # fmt: skip
        return redirect_to(about.endpoint, **state.args(about))
    return redirect_to("lists.bulk_page", bulk_id=bulk_id)


def _allowed(about: ListDescription, name: str) -> Act:
    """The act, when the list has it and the person may do it: 400, 403."""
    try:
        act = about.act_of(name)
    except KeyError:
        abort(400)
    if not may(current_user.role, act.permission):
        abort(403)
    return act


def _own(bulk_id: int) -> tuple[BulkAct, ListDescription, Act]:
    """404 for somebody else's."""
    found = acts.own(reading(), bulk_id, current_user.id)
    if found is None:
        abort(404)
    about = list_named(found.list_name)
    return found, about, _allowed(about, found.act)


@bp.get("/bulk/<int:bulk_id>")
@requires("signed_in")
def bulk_page(bulk_id: int) -> Response:
    """What would happen, what happens, what happened: one row for each."""
    found, about, act = _own(bulk_id)
    session = reading()
    counts = acts.counts(session, bulk_id)
    asked = sum(count.rows for count in counts if count.answer == "pending")
    tag = f"{found.id}.{found.revision}.{asked}"
    if request.headers.get("HX-PTag") == tag:
        return tagged(Response(status=304), tag)
    only = request.args.get("only", "")
    after = max(0, min(request.args.get("after", 0, type=int), 2**62))
    rows = acts.rows(session, bulk_id, only=only if only in ONLY else "", after=after, limit=PAGE)
    by_state: dict[str, int] = {}
    for count in counts:
        state = words.row_state(count.state, count.answer)
        by_state[state] = by_state.get(state, 0) + count.rows
    shown = {count.state for count in counts} | ({"failed"} if by_state.get("failed") else set())
    page = render(
        "lists/bulk.html", "live", bulk=found, act=act, about=about, words=words, tag=tag, rows=rows[:PAGE],
        older=rows[PAGE - 1].subject_id if len(rows) > PAGE else None, by_state=by_state, total=sum(by_state.values()),
        reasons=[(words.reason(act, count.reason), count.rows) for count in counts if count.reason],
        shown=[(state, _("will be done") if (state, found.state) == ("waiting", "preview") else words.row(state))
               for state in ONLY if state in shown] if len(shown) > 1 else [],
        chips=filters_in_words(session, about, found.args) if found.whole else [],
        left=sum(count.rows for count in counts if count.reason == acts.STOPPED),
        live=found.state in ("waiting", "running") or asked > 0, undone_by=acts.undone_by(session, bulk_id),
        undoable=act.undo is not None and found.undo_of is None, text_longest=acts.TEXT_LONGEST,
    )  # fmt: skip
    return tagged(page, tag)


@bp.post("/bulk/<int:bulk_id>/start")
@requires("signed_in")
def bulk_start(bulk_id: int) -> BaseResponse:
    """Say yes to the preview; a second yes is the same one."""
    _found, _about, act = _own(bulk_id)
    try:
        with transaction() as session:
            acts.start(session, bulk_id, act, words=request.form.get("text", "").strip(), now=clock.now())
    except acts.BulkError:
        flash(_("Write at most %(number)s characters, and at least one.", number=acts.TEXT_LONGEST), "error")
    queue.wake(acts.FLOW)
    return redirect_to("lists.bulk_page", bulk_id=bulk_id)


@bp.post("/bulk/<int:bulk_id>/again")
@requires("signed_in")
def bulk_again(bulk_id: int) -> BaseResponse:
    """Try what failed once more."""
    _own(bulk_id)
    with transaction() as session:
        acts.again(session, bulk_id, now=clock.now())
    queue.wake(acts.FLOW)
    return redirect_to("lists.bulk_page", bulk_id=bulk_id)


@bp.post("/bulk/<int:bulk_id>/stop")
@requires("signed_in")
def bulk_stop(bulk_id: int) -> BaseResponse:
    """Do no more rows; what is done stays done."""
    _own(bulk_id)
    with transaction() as session:
        acts.stop(session, bulk_id, by=current_user.name, now=clock.now())
    return redirect_to("lists.bulk_page", bulk_id=bulk_id)


@bp.post("/bulk/<int:bulk_id>/undo")
@requires("signed_in")
def bulk_undo(bulk_id: int) -> BaseResponse:
    """Take back what was done; the page of that act follows it."""
    _found, _about, act = _own(bulk_id)
    with transaction() as session:
        back = acts.undo(session, bulk_id, act, user_id=current_user.id, now=clock.now())
    queue.wake(acts.FLOW)
    return redirect_to("lists.bulk_page", bulk_id=back or bulk_id)
