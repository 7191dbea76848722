"""Stock by variant and how soon storefronts hear of it; pieces booked and moved; the last days' value."""

from __future__ import annotations

from flask import Blueprint, Response, abort, flash, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from app import clock, queue
from app.catalog.models import GRADES, Variant
from app.channels.queries import channels
from app.channels.services import FLOW, lock_assortment, refresh_listings
from app.channels.sync import sync_channel as sync_storefront
from app.channels.sync import sync_variant as sync_listings
from app.db import reading, transaction
from app.flows.queries import lane_states, latencies
from app.stock import places, queries, reasons, services, snapshots
from app.stock.forms import CorrectionForm, TransferForm
from app.web.fragments import redirect_to, render
from app.web.lazy import current_user
from app.web.permissions import requires

bp = Blueprint("stock", __name__, url_prefix="/stock")
PAGE = 50
DAYS = 30


@bp.get("/")
@requires("stock.read")
def index() -> Response:
    """Stock by SKU, and how long storefronts take to accept a change of it."""
    session = reading()
    rows = queries.stock(
        session, grade=request.args.get("grade"), only=request.args.get("only"), sku=request.args.get("sku"),
        after=request.args.get("after"), limit=PAGE,
    )  # fmt: skip
    return render(
        "stock/index.html", rows=rows[:PAGE], older=rows[PAGE - 1].sku if len(rows) > PAGE else None,
        grade_choices=[(grade, grade) for grade in GRADES], channels=channels(session),
        latencies={row.channel: row for row in latencies(session, FLOW, now=clock.now())},
        lanes={lane.channel: lane for lane in lane_states(session) if lane.flow == FLOW},
    )  # fmt: skip


@bp.get("/value")
@requires("stock.read")
def value() -> Response:
    """What stock is worth and how old it is, from the daily snapshots."""
    session = reading()
    rows = snapshots.values(session, days=DAYS)
    today = [row for row in rows if row.day == rows[0].day]
    return render("stock/value.html", rows=rows, today=today, oldest=snapshots.oldest(session, limit=20))


@bp.post("/<int:variant_id>/move")
@requires("stock.write")
def move(variant_id: int) -> BaseResponse:
    """Book pieces in or out of a warehouse of ours; listings follow."""
    session = reading()
    if session.get(Variant, variant_id) is None:
        abort(404)
    form = CorrectionForm().offer(
        locations=places.names(session, kind="warehouse"), reasons=reasons.choices_of(session)
    )
    if not form.validate_on_submit() or not form.quantity.data:
        flash(_("Say how many pieces, and why."), "error")
        return redirect_to("catalog.variant", variant_id=variant_id)
    try:
        with transaction() as session:
            lock_assortment(session)
            services.move(
                session, variant_id=variant_id, location_id=int(form.location.data), kind=form.kind.data,
                quantity=form.quantity.data, reason=form.reason.data, note=form.note.data or "",
                reference=f"user:{current_user.id}", user_id=current_user.id,
            )  # fmt: skip
            refresh_listings(session, variant_ids=[variant_id], now=clock.now(), origin=f"variant:{variant_id}")
        queue.wake(FLOW)
        flash(_("Booked."), "success")
    except services.NotEnough:
        flash(_("There are not so many pieces in the warehouse."), "error")
    return redirect_to("catalog.variant", variant_id=variant_id)


@bp.post("/<int:variant_id>/transfer")
@requires("stock.write")
def transfer(variant_id: int) -> BaseResponse:
    """Move pieces from one location to a warehouse of ours; listings follow."""
    session = reading()
    if session.get(Variant, variant_id) is None:
        abort(404)
    form = TransferForm().offer(
        locations=places.names(session), warehouses=places.names(session, kind="warehouse"),
        reasons=reasons.choices_of(session),
    )  # fmt: skip
    if not form.validate_on_submit() or form.source.data == form.target.data:
        flash(_("Say how many pieces go from where to where, and why."), "error")
        return redirect_to("catalog.variant", variant_id=variant_id)
    try:
        with transaction() as session:
            lock_assortment(session)
            places.transfer(
                session, variant_id=variant_id, from_id=int(form.source.data), to_id=int(form.target.data),
                quantity=form.moving.data or 0, reason=form.why.data, note=form.remark.data or "",
                user_id=current_user.id,
            )  # fmt: skip
            refresh_listings(session, variant_ids=[variant_id], now=clock.now(), origin=f"variant:{variant_id}")
        queue.wake(FLOW)
        flash(_("Moved."), "success")
    except services.NotEnough:
        flash(_("There are not so many pieces at that location."), "error")
    return redirect_to("catalog.variant", variant_id=variant_id)


@bp.post("/<int:variant_id>/sync")
@requires("stock.write")
def sync_variant(variant_id: int) -> BaseResponse:
    """Tell the storefronts everything about the variant once more, now."""
    if reading().get(Variant, variant_id) is None:
        abort(404)
    with transaction() as session:
        lock_assortment(session)
        sent = sync_listings(session, variant_id, now=clock.now())
    queue.wake(FLOW)
    flash(_("Sent again to %(number)s storefronts.", number=sent), "success")
    return redirect_to("catalog.variant", variant_id=variant_id)


@bp.post("/channels/<code>/sync")
@requires("stock.write")
def sync_channel(code: str) -> BaseResponse:
    """Try everything that a storefront has not confirmed, now."""
    if code not in dict(channels(reading())):
        abort(404)
    with transaction() as session:
        lock_assortment(session)
        done = sync_storefront(session, code, now=clock.now())
    queue.wake(FLOW)
    flash(_("On their way now: %(due)s that waited, %(replayed)s that had stopped, %(sent)s sent again.",
            due=done.due, replayed=done.replayed, sent=done.sent), "success")  # fmt: skip
    return redirect_to("stock.index")
