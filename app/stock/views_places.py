"""Locations and the reasons for booking; movements, with filters in the address."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask import Response, abort, flash, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from app.db import reading, transaction
from app.extensions import settings
from app.stock import places, queries, reasons
from app.stock.forms import NameForm, PeriodForm
from app.stock.models import MOVEMENT_KINDS, StockReason
from app.stock.views import PAGE, bp
from app.web.fragments import redirect_to, render
from app.web.permissions import requires
from app.web.words import stored


@bp.get("/locations")
@requires("stock.read")
def locations() -> Response:
    """Where pieces are, and why they may be booked."""
    session = reading()
    return render(
        "stock/locations.html", locations=places.locations(session), form=NameForm(),
        built_in=[reasons.reason_name(code) for code in reasons.BUILT_IN], added=reasons.added_reasons(session),
    )  # fmt: skip


@bp.post("/locations")
@requires("stock.write")
def create_location() -> BaseResponse:
    """A new warehouse."""
    return _named(_create, _("There is a location of this name already."))


def _create(name: str) -> None:
    with transaction() as session:
        places.create_warehouse(session, name)


@bp.post("/locations/<int:location_id>/rename")
@requires("stock.write")
def rename_location(location_id: int) -> BaseResponse:
    """Another name for a warehouse."""
    found = places.location(reading(), location_id)
    if found is None or found.kind != "warehouse":
        abort(404)

    def rename(name: str) -> None:
        with transaction() as session:
            places.rename_warehouse(session, location_id, name)

    return _named(rename, _("There is a location of this name already."))


@bp.post("/reasons")
@requires("stock.write")
def add_reason() -> BaseResponse:
    """Extend the list of reasons."""

    def add(name: str) -> None:
        with transaction() as session:
            reasons.add_reason(session, name)

    return _named(add, _("The list has this reason already."))


def _named(act: Callable[[str], None], taken: str) -> BaseResponse:
    form = NameForm()
    name = (form.name.data or "").strip()
    if not form.validate_on_submit() or not name:
        flash(_("Give it a name of 2 to 80 characters."), "error")
        return redirect_to("stock.locations")
    try:
        act(name)
        flash(_("Saved."), "success")
    except (places.NameTaken, reasons.ReasonTaken):
        flash(taken, "error")
    return redirect_to("stock.locations")


@bp.post("/reasons/<int:reason_id>/retire")
@requires("stock.write")
def retire_reason(reason_id: int) -> BaseResponse:
    """Offer a reason no more."""
    if reading().get(StockReason, reason_id) is None:
        abort(404)
    with transaction() as session:
        reasons.retire_reason(session, reason_id)
    return redirect_to("stock.locations")


@bp.get("/movements")
@requires("stock.read")
def movements() -> Response:
    """The stock ledger, newest first."""
    session = reading()
    kind = request.args.get("kind") or None
    if kind and kind not in MOVEMENT_KINDS:
        abort(404)
    period = PeriodForm(formdata=request.args, meta={"csrf": False})
    since, until = (period.since.data, period.until.data) if period.validate() else (None, None)
    rows = queries.movements(
        session, kind=kind, location_id=request.args.get("location", type=int),
        reference=request.args.get("reference") or None, since=_midnight(since),
        until=_midnight(until + timedelta(days=1)) if until else None, before=_key(request.args.get("before")),
        limit=PAGE,
    )  # fmt: skip
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    return render(
        "stock/movements.html", movements=rows[:PAGE], older=f"{last.at.isoformat()}~{last.id}" if last else None,
        kind_choices=[(kind, stored(kind)) for kind in MOVEMENT_KINDS], period=period,
        location_choices=places.names(session), reason_name=reasons.reason_name,
    )  # fmt: skip


def _midnight(day: date | None) -> datetime | None:
    """When the day begins, where people are."""
    return datetime.combine(day, time(), ZoneInfo(settings().timezone)) if day else None


def _key(text: str | None) -> tuple[datetime, int] | None:
    """Moment and id of the last row of the page before; an address that somebody broke is 404."""
    if not text:
        return None
    moment, _tilde, id_ = text.partition("~")
    try:
        at = datetime.fromisoformat(moment)
        return (at, int(id_)) if at.tzinfo else abort(404)
    except ValueError:
        abort(404)
