"""Buffers and allocation: of everything, of categories and grades, and of single variants."""

from __future__ import annotations

from flask import Response, abort, flash, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from app import clock, queue
from app.catalog.models import GRADES, Variant
from app.catalog.words import CATEGORIES
from app.channels import allocation
from app.channels.queries import channels
from app.channels.services import FLOW, lock_assortment, refresh_listings
from app.db import reading, transaction
from app.stock import buffers
from app.stock.buffers import Scope
from app.stock.forms import BufferForm, TermsForm
from app.stock.views import PAGE, bp
from app.web.fragments import redirect_to, render
from app.web.permissions import requires


@bp.get("/policy")
@requires("stock.read")
def policy() -> Response:
    """Every buffer and every storefront's terms, those for single variants last."""
    session = reading()
    after = request.args.get("after", type=int)
    kept = buffers.buffer_rules(session, after=after, limit=PAGE)
    shown = allocation.allocation_rules(session, after=request.args.get("before", type=int), limit=PAGE)
    return render(
        "stock/policy.html", buffers=kept, allocations=shown, categories=CATEGORIES, grades=GRADES,
        channels=channels(session), buffer_form=BufferForm(), terms_form=TermsForm(),
        more_buffers=_next(kept), more_allocations=_next(shown),
    )  # fmt: skip


def _next(rows: list[buffers.BufferRow] | list[allocation.AllocationRow]) -> int | None:
    """The id that the next page follows, of the rules of single variants."""
    of_variants = [row for row in rows if row.variant_id is not None]
    return of_variants[PAGE - 1].id if len(of_variants) > PAGE else None


@bp.post("/buffers")
@requires("stock.write")
def set_buffer() -> BaseResponse:
    """Keep so many pieces back; none said takes the rule away. Listings follow."""
    scope = _scope()
    form = BufferForm()
    if not form.validate_on_submit():
        flash(_("A buffer is a number of pieces."), "error")
        return _back(scope)
    with transaction() as session:
        lock_assortment(session)
        moved = buffers.set_buffer(session, scope, pieces=form.pieces.data)
        refresh_listings(session, variant_ids=moved, now=clock.now(), origin=None)
    queue.wake(FLOW)
    flash(_("Saved; the stock of %(number)s variants moved.", number=len(moved)), "success")
    return _back(scope)


@bp.post("/allocation/<code>")
@requires("stock.write")
def set_terms(code: str) -> BaseResponse:
    """Say what a storefront shows of everything in scope; `remove` takes the rule away. Listings follow."""
    if code not in dict(channels(reading())):
        abort(404)
    scope = _scope()
    form = TermsForm()
    gone = request.form.get("remove") == "yes" and scope != Scope()
    if not gone and not form.validate_on_submit():
        flash(_("A share is 0 to 100; at least and at most are numbers of pieces."), "error")
        return _back(scope)
    terms = None if gone else allocation.Terms(
        form.share_percent.data or 0, form.min_shown.data or 0, form.max_shown.data
    )  # fmt: skip
    with transaction() as session:
        lock_assortment(session)
        moved = allocation.set_terms(session, code, scope, terms)
        refresh_listings(session, variant_ids=moved, now=clock.now(), origin=None)
    queue.wake(FLOW)
    flash(_("Saved; listings follow."), "success")
    return _back(scope)


def _scope() -> Scope:
    """What the form is about. A category, grade or variant that does not exist is 404."""
    variant_id = request.form.get("variant_id", type=int)
    category, grade = request.form.get("category") or None, request.form.get("grade") or None
    if variant_id is not None:
        if reading().get(Variant, variant_id) is None:
            abort(404)
        return Scope(variant_id)
    if (category and category not in dict(CATEGORIES)) or (grade and grade not in GRADES):
        abort(404)
    return Scope(None, category, grade)


def _back(scope: Scope) -> BaseResponse:
    if scope.variant_id is not None and request.form.get("from") != "policy":
        return redirect_to("catalog.variant", variant_id=scope.variant_id)
    return redirect_to("stock.policy")
