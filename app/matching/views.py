"""Pages of matches: questions worked by keyboard, and what is missing made in bulk."""

from __future__ import annotations

from flask import Blueprint, Response, abort, flash, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from app import clock, queue
from app.catalog.models import SupplierItem
from app.db import reading, transaction
from app.matching import queries, services, words
from app.matching.services import FACT_FIELDS, NotAConfiguration, QuestionClosed
from app.offers.forms import ActForm
from app.offers.matching import REASONS
from app.offers.services import FLOW
from app.suppliers.models import Supplier
from app.web.fragments import redirect_to, render, wants_fragment
from app.web.lazy import current_user
from app.web.permissions import requires

bp = Blueprint("matching", __name__, url_prefix="/offers/matches")
PAGE = 20
SHOWN = 200  # Products of a plan that are listed; all are made.
KINDS = ("phone", "tablet", "notebook", "desktop", "monitor")
STATES = ("open", "skipped", "answered")


@bp.get("/")
@requires("offers.write")
def index() -> Response:
    """Questions, the most valuable first; answered ones leave the page."""
    session = reading()
    supplier_id = request.args.get("supplier", type=int)
    reason = request.args.get("reason")
    state = request.args.get("state", "open")
    if state not in STATES or (reason is not None and reason not in REASONS):
        abort(404)
    rows = queries.questions(session, supplier_id=supplier_id, reason=reason, state=state, limit=PAGE)
    counts = queries.open_by_reason(session, supplier_id=supplier_id)
    return render(
        "matching/index.html", questions=rows, candidates=queries.candidates(session, [row.id for row in rows]),
        counts=counts, supplier=session.get(Supplier, supplier_id) if supplier_id else None, words=words, kinds=KINDS,
        fields=FACT_FIELDS, state=state, makeable=sum(counts.get(name, 0) for name in services.CREATABLE),
        reason_choices=[
            (name, f"{words.reason(name)} {counts[name]}") for name in REASONS if counts.get(name)
        ],
    )  # fmt: skip


@bp.post("/<int:question_id>")
@requires("offers.write")
def answer(question_id: int) -> BaseResponse:
    """`act`: a variant's id, `none`, `new` with the facts beside it, `skip` or `undo`."""
    if not ActForm().validate_on_submit():
        abort(400)
    act = request.form.get("act", "")
    if not act and queries.question(reading(), question_id) is None:
        abort(404)
    problem = ""
    try:
        with transaction() as session:
            _answer(session, question_id, act)
    except QuestionClosed:
        problem = _("This was answered meanwhile.")
    except NotAConfiguration:
        problem = _("Say what is missing: model, size, colour and the like decide which device it is.")
    queue.wake(FLOW)
    return _card(question_id, problem)


def _answer(session: Session, question_id: int, act: str) -> None:
    user_id, now = current_user.id, clock.now()
    if act == "none":
        services.answer_none(session, question_id, user_id=user_id, now=now)
    elif act == "skip":
        services.skip(session, question_id)
    elif act == "undo":
        services.reopen(session, question_id, now=now)
    elif act == "new":
        kind = request.form.get("kind", "")
        facts = services.tidy_facts(kind if kind in KINDS else "", request.form)
        services.answer_new(session, question_id, facts, user_id=user_id, now=now)
    elif act.isdecimal() and queries.variant_exists(session, int(act)):
        services.answer(session, question_id, int(act), user_id=user_id, now=now)
    else:
        abort(400)


def _card(question_id: int, problem: str = "") -> BaseResponse:
    session = reading()
    row = queries.question(session, question_id)
    if request.headers.get("HX-Request") != "true":
        if problem:
            flash(problem, "error")
        return redirect_to("matching.index")
    if row is None:
        return Response("")  # Its lines matched meanwhile: the card goes.
    return render(
        "matching/index.html", "card", q=row, candidates=queries.candidates(session, [question_id]), words=words,
        kinds=KINDS, fields=FACT_FIELDS, problem=problem, status=422 if problem else 200,
    )  # fmt: skip


@bp.get("/<int:question_id>/find")
@requires("offers.write")
def find(question_id: int) -> BaseResponse:
    """Candidates by words, for a question whose candidates do not fit."""
    session = reading()
    row = queries.question(session, question_id)
    if row is None:
        abort(404)
    if not wants_fragment(request.headers):
        return redirect_to("matching.index")
    found = queries.find(session, question_id, request.args.get("q", "")[:100])
    return render("matching/index.html", "found", q=row, found=found, words=words)


@bp.get("/new")
@requires("offers.write")
def preview() -> Response:
    """What would be made of the questions whose configuration is known in full."""
    supplier_id = request.args.get("supplier", type=int)
    with transaction() as session:
        products = services.planned(session, supplier_id=supplier_id, kinds=_kinds())
    return render(
        "matching/new.html", products=products[:SHOWN], total=len(products), kinds=KINDS, words=words,
        new=sum(1 for product in products if product.product_id is None),
        variants=sum(len(product.variants) for product in products), batches=queries.batches(reading()),
        supplier=reading().get(Supplier, supplier_id) if supplier_id else None,
    )  # fmt: skip


@bp.post("/new")
@requires("offers.write")
def make() -> BaseResponse:
    """Make them; the lines find them as soon as the worker has matched anew."""
    if not ActForm().validate_on_submit():
        abort(400)
    supplier_id = request.form.get("supplier", type=int)
    with transaction() as session:
        made = services.make_all(session, supplier_id=supplier_id, kinds=_kinds(), user_id=current_user.id,
                                 now=clock.now())  # fmt: skip
    if made is None:
        flash(_("There was nothing left to make."), "info")
        return redirect_to("matching.index")
    queue.wake(FLOW)
    flash(_("Made; %(number)s items find their variants now.", number=made[1]), "success")
    return redirect_to("matching.preview")


def _kinds() -> tuple[str, ...]:
    chosen = request.values.get("kind")
    return (chosen,) if chosen in KINDS else KINDS


@bp.post("/batches/<int:batch_id>/undo")
@requires("offers.write")
def undo_batch(batch_id: int) -> BaseResponse:
    """Take back what was made and is not used."""
    if not queries.batch_exists(reading(), batch_id):
        abort(404)
    if not ActForm().validate_on_submit():
        abort(400)
    with transaction() as session:
        undone = services.undo_batch(session, batch_id, now=clock.now())
    queue.wake(FLOW)
    if undone.kept:
        flash(_("%(removed)s variants removed; %(kept)s are in use and stay.", removed=undone.removed,
                kept=undone.kept), "info")  # fmt: skip
    else:
        flash(_("%(removed)s variants removed.", removed=undone.removed), "success")
    return redirect_to("matching.preview")


@bp.post("/learned/<int:item_id>/forget")
@requires("offers.write")
def forget(item_id: int) -> BaseResponse:
    """Unlearn what a supplier's item is; offers follow."""
    if reading().get(SupplierItem, item_id) is None:
        abort(404)
    if not ActForm().validate_on_submit():
        abort(400)
    with transaction() as session:
        services.forget_item(session, item_id, now=clock.now())
    queue.wake(FLOW)
    flash(_("Forgotten; its offers are matched anew."), "success")
    variant_id, supplier_id = request.form.get("variant", type=int), request.form.get("supplier", type=int)
    if variant_id is not None:
        return redirect_to("catalog.variant", variant_id=variant_id)
    return redirect_to("suppliers.detail", supplier_id=supplier_id) if supplier_id else redirect_to("matching.index")
