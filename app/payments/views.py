"""Pages about money: paying it back, agreeing to that, and what does not fit."""

from __future__ import annotations

import uuid
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

from flask import Blueprint, Response, abort, flash, request
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response as BaseResponse

from app import clock, queue
from app.auth import audit
from app.channels.models import Channel
from app.db import reading, transaction
from app.extensions import settings
from app.lists.pages import show
from app.orders import acts
from app.orders.models import Order
from app.orders.queries import lines_of
from app.payments import queries, refunds, repairs, services, settlements, words
from app.payments.forms import DecisionForm, RefundForm, Share, shares
from app.payments.listing import PAYMENTS, REFUNDS
from app.payments.models import Refund, Settlement
from app.payments.refunds import Left, NotRefundable
from app.web.fragments import redirect_to, render
from app.web.lazy import current_user
from app.web.permissions import requires
from app.web.templating import money

bp = Blueprint("payments", __name__)
ORDERS = "shopware.orders.portal"
AT_MOST = 200
STRAY_AFTER = timedelta(minutes=15)  # A payment is made before its order is read.


class Wish(NamedTuple):
    """What a form asks for, worked out. `rest`: what stays of the payment afterwards. `alone`: nobody has to agree."""

    left: Left
    amount: Decimal
    lines: list[tuple[int, int]]
    rest: Decimal
    alone: bool


@bp.get("/payments/")
@requires("payments.read")
def index() -> BaseResponse:
    """Payments at Mollie, the latest first."""
    return show(PAYMENTS, words=words)


@bp.get("/payments/refunds")
@requires("payments.read")
def refunds_index() -> BaseResponse:
    """Refunds, the latest first."""
    return show(REFUNDS, words=words)


@bp.route("/orders/<int:order_id>/refund", methods=["GET", "POST"])
@requires("refunds.request")
def refund(order_id: int) -> BaseResponse:
    """Choose what goes back, see what that does, and want it."""
    session = reading()
    order = session.execute(select(Order).where(Order.id == order_id)).scalar_one_or_none()
    if order is None:
        abort(404)
    left = refunds.left_of(session, order_id)
    if not left:
        flash(words.not_refundable("nothing_left" if services.was_paid(session, order_id) else "unpaid"), "info")
        return redirect_to("orders.detail", order_id=order_id)
    likely = "double" if len(left) > 1 else "withdrawn"
    form = RefundForm(data={"key": uuid.uuid4().hex, "sum": "whole", "reason": likely})
    form.offer(left)
    by_line = shares(lines_of(session, order_id), refunds.refunded_pieces(session, order_id),
                     tax_status=order.tax_status)  # fmt: skip
    wish: Wish | None = None
    if request.method == "POST" and form.validate_on_submit():
        wish = _wish(form, left, by_line)
        if wish is not None and request.form.get("sure") == str(wish.amount):
            done = _request(order_id, form, wish)
            if done is not None:
                return done
    status = 422 if form.errors else 200
    return render("payments/refund.html", order=order, form=form, left=left, shares=by_line, wish=wish, words=words,
                  pieces=_pieces(by_line), status=status)  # fmt: skip


def _pieces(by_line: list[Share]) -> dict[int, int]:
    """Pieces that the form names of each line, as far as there are so many."""
    return {
        share.line.id: min(share.left, max(0, request.form.get(f"pieces-{share.line.id}", 0, type=int)))
        for share in by_line
    }


def _wish(form: RefundForm, left: list[Left], by_line: list[Share]) -> Wish | None:
    """What the form asks for; None with an error in the form when that is nothing or too much."""
    one = next(one for one in left if str(one.payment.id) == form.payment.data)
    lines: list[tuple[int, int]] = []
    amount = one.at_most
    if form.sum.data == "amount":
        amount = form.amount.data or Decimal(0)
    elif form.sum.data == "lines":
        pieces = _pieces(by_line)
        lines = [(line_id, number) for line_id, number in pieces.items() if number]
        amount = sum((share.of(pieces[share.line.id]) for share in by_line), Decimal(0))
    if amount <= 0:
        form.sum.errors = [_("Choose what goes back.")]
        return None
    if amount > one.at_most:
        form.sum.errors = [_("%(amount)s is more than the %(most)s that can go back.",
                             amount=money(amount, one.payment.currency),
                             most=money(one.at_most, one.payment.currency))]  # fmt: skip
        return None
    limit = refunds.limit_of(current_user.role, settings().refund_limits)
    return Wish(one, amount, lines, one.at_most - amount, limit is None or amount <= limit)


def _request(order_id: int, form: RefundForm, wish: Wish) -> BaseResponse | None:
    """Want it; None with an error in the form when it cannot be."""
    try:
        with transaction() as session:
            refunds.request(
                session, wish.left.payment.id, wish.amount, key=form.key.data or "", reason=form.reason.data,
                note_=form.note.data or "", lines=wish.lines, returns=bool(form.returns.data), user_id=current_user.id,
                limit=refunds.limit_of(current_user.role, settings().refund_limits), now=clock.now(),
            )  # fmt: skip
    except NotRefundable as error:
        form.sum.errors = [words.not_refundable(error.why)]
        return None
    queue.wake(refunds.FLOW)
    amount = money(wish.amount, wish.left.payment.currency)
    if wish.alone:
        flash(_("%(amount)s is on its way to Mollie.", amount=amount), "success")
    else:
        flash(_("%(amount)s waits: another person has to agree.", amount=amount), "success")
    return redirect_to("orders.detail", order_id=order_id)


@bp.post("/payments/refunds/<int:refund_id>/decide")
@requires("refunds.approve")
def decide(refund_id: int) -> BaseResponse:
    """A second person agrees to a refund, or declines it."""
    if reading().get(Refund, refund_id) is None:
        abort(404)
    form = DecisionForm()
    form.validate_on_submit()
    try:
        with transaction() as session:
            refunds.decide(
                session, refund_id, agreed=bool(form.agreed.data), user_id=current_user.id, now=clock.now(),
                limit=None if current_user.role == "admin" else refunds.limit_of(
                    current_user.role, settings().refund_limits),
            )  # fmt: skip
        queue.wake(refunds.FLOW)
        flash(_("Agreed: the money goes back.") if form.agreed.data else _("Declined."), "success")
    except NotRefundable as error:
        flash(words.not_refundable(error.why), "danger")
    return redirect_to("payments.waiting")


@bp.post("/payments/refunds/<int:refund_id>/seen-to")
@requires("refunds.request")
def see_to(refund_id: int) -> BaseResponse:
    """A failed refund was dealt with in another way."""
    if reading().get(Refund, refund_id) is None:
        abort(404)
    with transaction() as session:
        order_id = refunds.see_to(session, refund_id, now=clock.now())
    return redirect_to("orders.detail", order_id=order_id) if order_id else redirect_to("payments.reconciliation")


@bp.get("/payments/waiting")
@requires("refunds.approve")
def waiting() -> Response:
    """Refunds and cancellations that want a second person."""
    rows = queries.refunds_waiting(reading(), limit=AT_MOST)
    return render("payments/waiting.html", rows=rows, words=words)


@bp.post("/orders/<int:order_id>/repair")
@requires("orders.write")
def repair(order_id: int) -> BaseResponse:
    """Have an attempt of the order brought in line with Mollie."""
    way = "move" if request.form.get("way") == "move" else "ask"
    key = request.form.get("key", "")
    with transaction() as session:
        order = session.get(Order, order_id)
        if order is None or not (0 < len(key) <= 64):
            abort(404)
        channel = session.get_one(Channel, order.channel_id).code
        asked = repairs.request_by_person(
            session, order_id, channel, attempt=request.form.get("attempt", ""), way=way, key=key,
            user_id=current_user.id, now=clock.now(),
        )  # fmt: skip
    queue.wake(repairs.FLOW)
    flash(_("The shop hears of it.") if asked else _("There is nothing to mend any more."), "success")
    return redirect_to("orders.detail", order_id=order_id)


@bp.post("/orders/<int:order_id>/ask")
@requires("orders.read")
def ask(order_id: int) -> BaseResponse:
    """Read the order from its shop, and its payments from Mollie, now."""
    now = clock.now()
    with transaction() as session:
        order = session.get(Order, order_id)
        if order is None:
            abort(404)
        channel = session.get_one(Channel, order.channel_id).code
        acts.read_again(session, channel, order.external_id, now=now)
        if channel in settings().mollie:
            services.ask_again(session, channel, services.all_of(session, order_id), now=now)
        audit.record(session, act="orders.ask", subject_kind="order", subject_id=str(order_id))
    queue.wake(ORDERS)
    queue.wake(services.FLOW)
    flash(_("Both are being asked."), "success")
    return redirect_to("orders.detail", order_id=order_id)


@bp.get("/payments/reconciliation")
@requires("payments.read")
def reconciliation() -> Response:
    """What does not fit, and what Mollie paid out beside our ledger."""
    session, now = reading(), clock.now()
    grace = timedelta(seconds=settings().payment_grace_seconds)
    return render(
        "payments/reconciliation.html", doubts=queries.doubts(session, before=now - grace, limit=AT_MOST),
        strays=queries.strays(session, before=now - STRAY_AFTER, limit=AT_MOST),
        settlements=queries.settlements(session, limit=30), words=words, organisation=settings().mollie_organisation,
        key=uuid.uuid4().hex,
    )  # fmt: skip


@bp.get("/payments/settlements/<int:settlement_id>")
@requires("payments.settle")
def settlement(settlement_id: int) -> Response:
    """One settlement, member by member, beside our ledger."""
    session = reading()
    found = session.execute(select(Settlement).where(Settlement.id == settlement_id)).scalar_one_or_none()
    if found is None:
        abort(404)
    matches = settlements.matches(session, settlement_id)
    total = sum((one.theirs for one in matches if one.theirs is not None), Decimal(0))
    return render("payments/settlement.html", settlement=found, matches=matches, total=total, words=words,
                  apart=found.amount - total + found.costs)  # fmt: skip
