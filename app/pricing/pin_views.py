"""Pinned offers: the list of them, and pinning and letting go from a variant's page."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, flash, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from app import clock, queue
from app.catalog.models import Variant
from app.channels.services import FLOW, lock_assortment, refresh_listings
from app.db import reading, transaction
from app.extensions import settings
from app.pricing import pins
from app.pricing.forms import PinForm
from app.web.fragments import redirect_to, render
from app.web.lazy import current_user
from app.web.permissions import requires

bp = Blueprint("pins", __name__, url_prefix="/pricing/pins")


@bp.get("/")
@requires("pricing.read")
def index() -> Response:
    """Pins in force, with what each costs."""
    return render("pricing/pins.html", pins=pins.open_pins(reading(), now=clock.now()))


@bp.post("/of/<int:variant_id>")
@requires("pricing.write")
def pin(variant_id: int) -> BaseResponse:
    """Buy a variant by one offer to the end of a day; prices and listings follow."""
    _variant_or_404(variant_id)
    form = PinForm()
    offer_id = request.form.get("offer_id", type=int)
    if not form.validate_on_submit() or offer_id is None or form.until.data is None:
        flash(_("Say which offer, why, and until which day."), "error")
        return redirect_to("catalog.variant", variant_id=variant_id)
    try:
        with transaction() as session:
            lock_assortment(session)
            pinned = pins.pin(session, offer_id, reason=form.reason.data or "", until=end_of(form.until.data),
                              user_id=current_user.id, now=clock.now())  # fmt: skip
            refresh_listings(session, variant_ids=[pinned], now=clock.now(), origin=f"variant:{pinned}")
        queue.wake(FLOW)
        flash(_("Pinned; prices follow."), "success")
    except pins.NotPinnable:
        flash(_("This offer cannot be pinned until then."), "error")
    return redirect_to("catalog.variant", variant_id=variant_id)


def _variant_or_404(variant_id: int) -> None:
    if reading().get(Variant, variant_id) is None:
        abort(404)


def end_of(day: date) -> datetime:
    """The midnight after the day, where people are."""
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(settings().timezone))


@bp.post("/of/<int:variant_id>/end")
@requires("pricing.write")
def unpin(variant_id: int) -> BaseResponse:
    """Let the order of offers decide again."""
    _variant_or_404(variant_id)
    with transaction() as session:
        lock_assortment(session)
        if pins.unpin(session, variant_id, now=clock.now()):
            refresh_listings(session, variant_ids=[variant_id], now=clock.now(), origin=f"variant:{variant_id}")
    queue.wake(FLOW)
    flash(_("No longer pinned; prices follow."), "success")
    return redirect_to("catalog.variant", variant_id=variant_id)
