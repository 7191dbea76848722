"""Stock-takes: started, counted page by page or pasted as a list, booked or cancelled."""

from __future__ import annotations

import re

from flask import Response, abort, flash, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from app import clock, queue
from app.channels.services import FLOW, lock_assortment, refresh_listings
from app.db import reading, transaction
from app.stock import counts, places, reasons
from app.stock.forms import FinishForm, ListForm
from app.stock.services import NotEnough
from app.stock.views import PAGE, bp
from app.web.fragments import redirect_to, render
from app.web.lazy import current_user
from app.web.permissions import requires

ONLY = ("uncounted", "different")
_PIECES = re.compile(r"\d{1,6}")


@bp.get("/counts")
@requires("stock.read")
def stock_counts() -> Response:
    """Every count, newest first."""
    session = reading()
    rows = counts.counts(session, before=request.args.get("before", type=int), limit=PAGE)
    return render(
        "stock/counts.html", counts=rows[:PAGE], older=rows[PAGE - 1].id if len(rows) > PAGE else None,
        warehouses=places.names(session, kind="warehouse"),
    )  # fmt: skip


@bp.post("/counts")
@requires("stock.write")
def start_count() -> BaseResponse:
    """Begin to count a warehouse."""
    location = places.location(reading(), request.form.get("location", 0, type=int))
    if location is None:
        abort(404)
    try:
        with transaction() as session:
            count_id = counts.start(session, location.id, user_id=current_user.id, now=clock.now())
    except counts.AlreadyOpen:
        flash(_("This warehouse is being counted already."), "error")
        return redirect_to("stock.stock_counts")
    except places.NotOurs:
        flash(_("What a supplier holds is what its lists say: it is not counted."), "error")
        return redirect_to("stock.stock_counts")
    return redirect_to("stock.stock_count", count_id=count_id)


@bp.get("/counts/<int:count_id>")
@requires("stock.read")
def stock_count(count_id: int) -> Response:
    """One count: expected and counted, variant by variant."""
    session = reading()
    found = counts.count(session, count_id)
    only = request.args.get("only")
    if found is None or (only and only not in ONLY):
        abort(404)
    rows = counts.lines(session, count_id, only=only, after=request.args.get("after"), limit=PAGE)
    return render(
        "stock/count.html", count=found, lines=rows[:PAGE], older=rows[PAGE - 1].sku if len(rows) > PAGE else None,
        only_choices=[("uncounted", _("not counted yet")), ("different", _("different"))], list_form=ListForm(),
        finish_form=FinishForm().offer(reasons=reasons.choices_of(session)),
    )  # fmt: skip


@bp.post("/counts/<int:count_id>/lines")
@requires("stock.write")
def record_count(count_id: int) -> BaseResponse:
    """Note the page's numbers; an empty one means that nobody counted it."""
    _existing(count_id)
    wrong, counted = 0, {}
    for name, value in request.form.items():
        if name.startswith("counted.") and name[8:].isdigit():
            text = value.strip()
            if text and not _PIECES.fullmatch(text):
                wrong += 1
            elif text != request.form.get(f"was.{name[8:]}", ""):
                counted[int(name[8:])] = int(text) if text else None
    _record(count_id, counted, wrong=wrong)
    return redirect_to("stock.stock_count", count_id=count_id, **request.args.to_dict())


@bp.post("/counts/<int:count_id>/list")
@requires("stock.write")
def paste_count(count_id: int) -> BaseResponse:
    """Note a pasted list of SKU and pieces; a SKU that comes twice counts together."""
    _existing(count_id)
    form = ListForm()
    found: dict[str, int] = {}
    wrong = 0
    for line in (form.lines.data or "").splitlines() if form.validate_on_submit() else []:
        sku, _space, pieces = line.replace(";", " ").replace("\t", " ").strip().rpartition(" ")
        if sku and _PIECES.fullmatch(pieces):
            found[sku.strip().upper()] = found.get(sku.strip().upper(), 0) + int(pieces)
        elif line.strip():
            wrong += 1
    known = places.sku_to_variant(reading(), list(found))
    _record(count_id, {known[sku]: pieces for sku, pieces in found.items() if sku in known},
            wrong=wrong + len(found) - len(known))  # fmt: skip
    return redirect_to("stock.stock_count", count_id=count_id)


def _record(count_id: int, counted: dict[int, int | None] | dict[int, int], *, wrong: int) -> None:
    try:
        with transaction() as session:
            counts.record(session, count_id, counted, now=clock.now())
        flash(_("%(number)s numbers noted.", number=len(counted)), "success")
    except counts.NotOpen:
        flash(_("This count is closed."), "error")
    if wrong:
        flash(_("%(number)s lines could not be read: a known SKU and a number of pieces are needed.", number=wrong),
              "error")  # fmt: skip


@bp.post("/counts/<int:count_id>/finish")
@requires("stock.write")
def finish_count(count_id: int) -> BaseResponse:
    """Book the differences; listings follow."""
    _existing(count_id)
    form = FinishForm().offer(reasons=reasons.choices_of(reading()))
    if not form.validate_on_submit():
        flash(_("Say why the differences are booked."), "error")
        return redirect_to("stock.stock_count", count_id=count_id)
    try:
        with transaction() as session:
            lock_assortment(session)
            moved = counts.finish(
                session, count_id, reason=form.reason.data, note=form.note.data or "",
                rest_is_gone=bool(form.rest_is_gone.data), user_id=current_user.id, now=clock.now(),
            )  # fmt: skip
            refresh_listings(session, variant_ids=moved, now=clock.now(), origin=f"stock-count:{count_id}")
        queue.wake(FLOW)
        flash(_("Booked: %(number)s variants differed.", number=len(moved)), "success")
    except counts.NotOpen:
        flash(_("This count is closed."), "error")
    except NotEnough as error:
        flash(_("Pieces left since they were counted; count again: %(skus)s", skus=error), "error")
    return redirect_to("stock.stock_count", count_id=count_id)


@bp.post("/counts/<int:count_id>/cancel")
@requires("stock.write")
def cancel_count(count_id: int) -> BaseResponse:
    """Close the count and book nothing."""
    _existing(count_id)
    try:
        with transaction() as session:
            counts.cancel(session, count_id, user_id=current_user.id, now=clock.now())
    except counts.NotOpen:
        flash(_("This count is closed."), "error")
    return redirect_to("stock.stock_count", count_id=count_id)


def _existing(count_id: int) -> None:
    if counts.count(reading(), count_id) is None:
        abort(404)
