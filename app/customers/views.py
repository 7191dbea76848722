"""Customers of all storefronts: the list, the page of one, and who is the same person."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, abort, flash, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from app import clock
from app.auth import audit
from app.customers import queries, services, words
from app.customers.forms import OtherForm, UndoForm
from app.customers.listing import CUSTOMERS
from app.customers.models import CustomerMerge
from app.customers.services import Decided
from app.db import reading, transaction
from app.lists.pages import show
from app.orders import words as order_words
from app.web.fragments import redirect_to, render, tagged, unchanged, wants_fragment
from app.web.lazy import current_user
from app.web.paging import moment_key, read_moment_key
from app.web.permissions import requires

bp = Blueprint("customers", __name__, url_prefix="/customers")
PAGE = 50


@bp.get("/")
@requires("customers.read")
def index() -> BaseResponse:
    """Those who bought last, at any storefront."""
    return show(CUSTOMERS)


@bp.get("/<int:customer_id>")
@requires("customers.read")
def detail(customer_id: int) -> BaseResponse:
    """A person with everything that we know of them; who opens it is written down, a poll of an open page is not."""
    session = reading()
    found = queries.tag(session, customer_id)
    if found is None:
        abort(404)
    person_id, tag = found
    if person_id != customer_id:
        return redirect_to("customers.detail", customer_id=person_id)
    same = unchanged(f"customer:{person_id}", tag)
    if same is not None:
        return same
    page = queries.page(session, person_id, before=read_moment_key(request.args.get("before", "")), limit=PAGE)
    if not wants_fragment(request.headers):
        with transaction() as session:
            audit.record(session, act="customers.read", subject_kind="customer", subject_id=str(person_id))
    last = page.orders[PAGE - 1] if len(page.orders) > PAGE else None
    return tagged(render(
        "customers/detail.html", "live", page=page, person=page.person, tag=tag, words=words, order_words=order_words,
        orders=page.orders[:PAGE], older=moment_key(last.placed_at, last.id) if last else None,
    ), tag)  # fmt: skip


@bp.post("/<int:customer_id>/same")
@requires("customers.merge")
def same(customer_id: int) -> BaseResponse:
    """The two are one person."""

    def act(session: Session, one: int, other: int) -> None:
        services.merge(session, one, other, evidence=queries.evidence(session, one, other), user_id=current_user.id,
                       now=clock.now())  # fmt: skip

    return _decide(customer_id, act, _("One person now; it can be undone below."))


@bp.post("/<int:customer_id>/apart")
@requires("customers.merge")
def apart(customer_id: int) -> BaseResponse:
    """The two are not one person."""

    def act(session: Session, one: int, other: int) -> None:
        services.tell_apart(session, one, other, user_id=current_user.id, now=clock.now())

    return _decide(customer_id, act, _("Noted: they are not suggested again."))


def _decide(customer_id: int, act: Callable[[Session, int, int], None], done: str) -> BaseResponse:
    if queries.tag(reading(), customer_id) is None:
        abort(404)
    form = OtherForm()
    if not form.validate_on_submit() or form.other.data is None or queries.tag(reading(), form.other.data) is None:
        abort(400)
    try:
        with transaction() as session:
            act(session, customer_id, form.other.data)
    except Decided:
        flash(_("This was decided meanwhile."), "error")
    else:
        flash(done, "success")
    return redirect_to("customers.detail", customer_id=customer_id)


@bp.post("/merges/<int:merge_id>/undo")
@requires("customers.merge")
def undo(merge_id: int) -> BaseResponse:
    """Take a merge back: everybody is who they were."""
    merge = reading().get(CustomerMerge, merge_id)
    if merge is None:
        abort(404)
    if not UndoForm().validate_on_submit():
        abort(400)
    try:
        with transaction() as session:
            services.undo(session, merge_id, user_id=current_user.id, now=clock.now())
    except Decided:
        flash(_("This was undone meanwhile."), "error")
    else:
        flash(_("Undone: two customers again."), "success")
    return redirect_to("customers.detail", customer_id=merge.kept_id)
