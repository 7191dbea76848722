"""Acts on an order at its shop: cancelling it, mending an address, sending its confirmation again."""

from __future__ import annotations

import uuid

from flask import abort, flash, request
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from app import clock, queue
from app.db import reading, transaction
from app.extensions import settings
from app.orders import acts
from app.orders.acts import ADDRESS_FIELDS, NotAllowed, NotPossible
from app.orders.forms import ActForm, AddressForm, CancelForm
from app.orders.models import Order, OrderAct, OrderAddress
from app.orders.views import bp
from app.payments.refunds import limit_of
from app.web.fragments import redirect_to, render
from app.web.lazy import current_user
from app.web.permissions import requires


def _order(session: Session, order_id: int) -> Order:
    order = session.execute(select(Order).where(Order.id == order_id)).scalar_one_or_none()
    if order is None:
        abort(404)
    return order


@bp.route("/<int:order_id>/cancel", methods=["GET", "POST"])
@requires("orders.write")
def cancel(order_id: int) -> BaseResponse:
    """Say why, see what it does, and have it cancelled."""
    order = _order(reading(), order_id)
    form = CancelForm(data={"key": uuid.uuid4().hex, "mail": True})
    limit = limit_of(current_user.role, settings().refund_limits)
    if request.method == "POST" and form.validate_on_submit():
        try:
            with transaction() as session:
                act = acts.request_cancel(
                    session, order_id, key=form.key.data or "", reason=form.reason.data or "",
                    mail=bool(form.mail.data), user_id=current_user.id, limit=limit, now=clock.now(),
                )  # fmt: skip
                waits = act.state == "waiting"
        except NotPossible as error:
            flash(cannot(str(error)), "danger")
            return redirect_to("orders.detail", order_id=order_id)
        queue.wake(acts.FLOW)
        flash(_("Another person has to agree.") if waits else _("The shop is told."), "success")
        return redirect_to("orders.detail", order_id=order_id)
    alone = limit is None or order.total <= limit
    return render("orders/cancel.html", order=order, form=form, alone=alone, status=422 if form.errors else 200)


@bp.route("/<int:order_id>/address/<address_id>", methods=["GET", "POST"])
@requires("orders.write")
def address(order_id: int, address_id: str) -> BaseResponse:
    """Mend an address before anything is sent to it."""
    session = reading()
    order = _order(session, order_id)
    found = session.execute(
        select(OrderAddress).where(OrderAddress.order_id == order_id, OrderAddress.external_id == address_id)
    ).scalar_one_or_none()
    if found is None:
        abort(404)
    fields = {name: getattr(found, name) for name in ADDRESS_FIELDS}
    form = AddressForm(data={"key": uuid.uuid4().hex, **fields})
    if request.method == "POST" and form.validate_on_submit():
        try:
            with transaction() as session:
                acts.request_address(
                    session, order_id, address_id, {name: getattr(form, name).data or "" for name in ADDRESS_FIELDS},
                    key=form.key.data or "", reason=form.reason.data or "", user_id=current_user.id, now=clock.now(),
                )  # fmt: skip
        except NotPossible as error:
            flash(cannot(str(error)), "danger")
            return redirect_to("orders.detail", order_id=order_id)
        queue.wake(acts.FLOW)
        flash(_("The shop is told."), "success")
        return redirect_to("orders.detail", order_id=order_id)
    return render("orders/address.html", order=order, form=form, status=422 if form.errors else 200)


@bp.post("/<int:order_id>/resend")
@requires("orders.write")
def resend(order_id: int) -> BaseResponse:
    """Have the shop send its confirmation again."""
    _order(reading(), order_id)
    form = ActForm()
    if not form.validate_on_submit():
        abort(400)
    try:
        with transaction() as session:
            acts.request_resend(session, order_id, key=form.key.data or "", user_id=current_user.id, now=clock.now())
    except NotPossible as error:
        flash(cannot(str(error)), "danger")
        return redirect_to("orders.detail", order_id=order_id)
    queue.wake(acts.FLOW)
    flash(_("The shop is asked to send it."), "success")
    return redirect_to("orders.detail", order_id=order_id)


@bp.post("/acts/<int:act_id>/decide")
@requires("refunds.approve")
def decide(act_id: int) -> BaseResponse:
    """A second person agrees to an act, or declines it."""
    if reading().get(OrderAct, act_id) is None:
        abort(404)
    agreed = request.form.get("agreed") == "y"
    try:
        with transaction() as session:
            acts.decide(session, act_id, agreed=agreed, user_id=current_user.id, now=clock.now())
        queue.wake(acts.FLOW)
        flash(_("Agreed: the shop is told.") if agreed else _("Declined."), "success")
    except NotAllowed:
        flash(_("You asked for it: another person has to agree."), "danger")
    except NotPossible as error:
        flash(cannot(str(error)), "danger")
    return redirect_to("payments.waiting")


def cannot(why: str) -> str:
    """Why an act is not possible."""
    known = {
        "over": _("The order is cancelled already, or the shop does not know it any more."),
        "sent": _("A parcel has left: it can only come back."),
        "no_address": _("The order has no such address any more."),
        "same": _("Nothing differs from the address that it has."),
        "no_mail": _("The order has no mail address."),
        "decided": _("Somebody decided it already."),
    }
    return known.get(why, why)
