"""Stock by variant, and corrections."""

from __future__ import annotations

from flask import Blueprint, Response, abort, flash, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from app import clock, queue
from app.catalog.models import GRADES, Variant
from app.channels.services import FLOW, lock_assortment, refresh_listings
from app.db import reading, transaction
from app.stock import queries, services
from app.stock.forms import CorrectionForm
from app.web.fragments import redirect_to, render
from app.web.lazy import current_user
from app.web.permissions import requires

bp = Blueprint("stock", __name__, url_prefix="/stock")
PAGE = 50


@bp.get("/")
@requires("stock.read")
def index() -> Response:
    """Stock by SKU."""
    rows = queries.stock(
        reading(), grade=request.args.get("grade"), only=request.args.get("only"), sku=request.args.get("sku"),
        after=request.args.get("after"), limit=PAGE,
    )  # fmt: skip
    return render(
        "stock/index.html", rows=rows[:PAGE], older=rows[PAGE - 1].sku if len(rows) > PAGE else None,
        grade_choices=[(grade, grade) for grade in GRADES],
    )  # fmt: skip


@bp.post("/<int:variant_id>/move")
@requires("stock.write")
def move(variant_id: int) -> BaseResponse:
    """Book pieces in or out of our warehouse; listings follow."""
    if reading().get(Variant, variant_id) is None:
        abort(404)
    form = CorrectionForm()
    if not form.validate_on_submit() or not form.quantity.data:
        flash(_("Say how many pieces, and why."), "error")
        return redirect_to("catalog.variant", variant_id=variant_id)
    try:
        with transaction() as session:
            lock_assortment(session)
            services.move(
                session, variant_id=variant_id, location_id=queries.warehouse_id(session), kind=form.kind.data,
                quantity=form.quantity.data, reason=form.reason.data or "", reference=f"user:{current_user.id}",
                user_id=current_user.id,
            )  # fmt: skip
            refresh_listings(session, variant_ids=[variant_id], now=clock.now(), origin=f"variant:{variant_id}")
        queue.wake(FLOW)
        flash(_("Booked."), "success")
    except services.NotEnough:
        flash(_("There are not so many pieces in the warehouse."), "error")
    return redirect_to("catalog.variant", variant_id=variant_id)
