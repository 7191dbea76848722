"""Pages of suppliers: list, detail with the drop zone and the dictionary, create and edit."""

from __future__ import annotations

from flask import Blueprint, Response, abort, flash, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from app import clock, queue
from app.db import reading, transaction
from app.extensions import settings
from app.feeds import queries as feeds
from app.feeds import words as feed_words
from app.matching.queries import learned
from app.offers import queries as offer_files
from app.offers import services as offers
from app.offers import words
from app.offers.breaker import DEFAULT_LIMITS
from app.suppliers import dictionary, queries, services
from app.suppliers import words as dictionary_words
from app.suppliers.forms import KIND_NAMES, MODE_NAMES, SCHEME_NAMES, STALE_NAMES, SupplierForm
from app.suppliers.models import Supplier
from app.web.fragments import redirect_to, render
from app.web.lazy import current_user
from app.web.permissions import requires

bp = Blueprint("suppliers", __name__, url_prefix="/suppliers")
PAGE = 50


@bp.get("/")
@requires("suppliers.read")
def index() -> Response:
    """Suppliers by name, with the age of their last list."""
    rows = queries.suppliers(
        reading(), kind=request.args.get("kind"), mode=request.args.get("mode"), prefix=request.args.get("q"),
        open_words=request.args.get("open") == "words", after=request.args.get("after", type=int), limit=PAGE,
    )  # fmt: skip
    return render(
        "suppliers/index.html", suppliers=rows[:PAGE], older=rows[PAGE - 1].id if len(rows) > PAGE else None,
        kinds=KIND_NAMES, modes=MODE_NAMES,
    )  # fmt: skip


@bp.get("/<int:supplier_id>")
@requires("suppliers.read")
def detail(supplier_id: int) -> Response:
    """One supplier."""
    session = reading()
    supplier = _supplier(supplier_id)
    return render(
        "suppliers/detail.html", supplier=supplier, files=offer_files.files(
            session, supplier_id=supplier_id, state=None, before_id=None, limit=10)[:10],
        totals=queries.offer_totals(session, supplier_id), dictionary=queries.words(session, supplier_id),
        dictionary_words=dictionary_words, words=words, upload_max_mb=settings().upload_max_mb, kinds=dict(KIND_NAMES),
        modes=dict(MODE_NAMES), schemes=dict(SCHEME_NAMES), stale=dict(STALE_NAMES),
        learned=learned(session, supplier_id=supplier_id), feeds=feeds.of_supplier(session, supplier_id),
        feed_words=feed_words,
    )  # fmt: skip


def _supplier(supplier_id: int) -> Supplier:
    supplier = queries.supplier(reading(), supplier_id)
    if supplier is None:
        abort(404)
    return supplier


def _form(form: SupplierForm, supplier: Supplier | None, *, status: int = 200, **context: object) -> Response:
    return render("suppliers/edit.html", form=form, supplier=supplier, limits=DEFAULT_LIMITS, status=status, **context)


@bp.route("/new", methods=["GET", "POST"])
@requires("suppliers.write")
def create() -> BaseResponse:
    """A new supplier."""
    form = SupplierForm()
    if request.method == "POST" and form.validate_on_submit():
        try:
            with transaction() as session:
                supplier_id = services.create_supplier(session, form.values(), form.people())
            flash(_("Supplier added."), "success")
            return redirect_to("suppliers.detail", supplier_id=supplier_id)
        except services.CodeTaken:
            form.code.errors = [_("Another supplier has this code.")]
    return render(
        "suppliers/edit.html",
        limits=DEFAULT_LIMITS,
        form=form,
        supplier=None,
        status=422 if request.method == "POST" else 200,
    )


@bp.route("/<int:supplier_id>/edit", methods=["GET", "POST"])
@requires("suppliers.write")
def edit(supplier_id: int) -> BaseResponse:
    """Change a supplier; somebody else's change in between is shown beside what was typed, not overwritten."""
    supplier = _supplier(supplier_id)
    form = SupplierForm(obj=supplier, data=supplier.limits)
    if request.method == "GET":
        return _form(form, supplier)
    if form.validate_on_submit():
        now = clock.now()
        try:
            with transaction() as session:
                judged_anew = services.update_supplier(
                    session, supplier_id, form.values(), form.people(), version=form.known_version(), now=now
                )
                if judged_anew:
                    offers.put_regrade(session, supplier_id, now=now)
            if judged_anew:
                queue.wake(offers.FLOW)
            flash(_("Saved."), "success")
            return redirect_to("suppliers.detail", supplier_id=supplier_id)
        except services.CodeTaken:
            form.code.errors = [_("Another supplier has this code.")]
        except services.Conflict:
            theirs = _supplier(supplier_id)
            form.version.data = str(theirs.version)
            return _form(form, theirs, differences=form.differences(theirs), status=409)
    return _form(form, supplier, status=422)


@bp.post("/<int:supplier_id>/words/<int:word_id>")
@requires("suppliers.write")
def decide(supplier_id: int, word_id: int) -> BaseResponse:
    """What a word of the supplier means; files that wait and offers in force follow."""
    now = clock.now()
    with transaction() as session:
        word = queries.word(session, supplier_id, word_id)
        if word is None:
            abort(404)
        try:
            dictionary.decide(
                session,
                supplier_id,
                word.kind,
                word.word,
                request.form.get("value", ""),
                user_id=current_user.id,
                now=now,
            )
        except dictionary.NoMeaning:
            abort(400)
        offers.follow_words(session, supplier_id, {word.kind}, now=now)
        meaning = dictionary_words.meaning(word.kind, word.value)
        flash(_("“%(word)s” is %(meaning)s now; offers follow.", word=word.shown, meaning=meaning), "success")
    queue.wake(offers.FLOW)
    return redirect_to("suppliers.detail", supplier_id=supplier_id)
