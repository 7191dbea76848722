"""Pages of feeds: set up under a supplier, and a page each with what it brought."""

from __future__ import annotations

from flask import Blueprint, Response, abort, flash, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from app import clock, queue
from app.db import reading, transaction
from app.extensions import settings
from app.feeds import queries, services, words
from app.feeds.forms import FORMS, FeedForm, form_of
from app.feeds.models import KINDS, SupplierFeed
from app.offers import words as offer_words
from app.suppliers.models import Supplier
from app.web.fragments import redirect_to, render, tagged, unchanged
from app.web.permissions import requires

bp = Blueprint("feeds", __name__)
PAGE = 25


@bp.route("/suppliers/<int:supplier_id>/feeds/new", methods=["GET", "POST"])
@requires("suppliers.write")
def create(supplier_id: int) -> BaseResponse:
    """A new feed; which fields there are depends on its kind."""
    supplier = reading().get(Supplier, supplier_id)
    if supplier is None:
        abort(404)
    kind = request.args.get("kind") or KINDS[0]
    if kind not in KINDS:
        abort(404)
    form = FORMS[kind]()
    if request.method == "POST" and form.validate_on_submit() and not form.asks_for_secret(None):
        with transaction() as session:
            feed_id = services.create_feed(session, supplier_id, kind, form.values(), form.secrets(), now=clock.now(),
                                           settings=settings())  # fmt: skip
        queue.wake(services.FLOW)
        flash(_("Feed added. Whether it can be reached is being looked at."), "success")
        return redirect_to("feeds.detail", feed_id=feed_id)
    return _form(form, supplier, kind, None, status=422 if request.method == "POST" else 200)


@bp.route("/feeds/<int:feed_id>/edit", methods=["GET", "POST"])
@requires("suppliers.write")
def edit(feed_id: int) -> BaseResponse:
    """Change a feed; its secrets are not shown, and stay unless others are typed."""
    feed, supplier = _feed_or_404(feed_id)
    form = form_of(feed)
    if request.method == "GET":
        return _form(form, supplier, feed.kind, feed)
    if form.validate_on_submit() and not form.asks_for_secret(feed):
        try:
            with transaction() as session:
                services.update_feed(session, feed_id, form.values(), form.secrets(), version=form.known_version(),
                                     now=clock.now(), settings=settings())  # fmt: skip
        except services.Conflict:
            feed, supplier = _feed_or_404(feed_id)
            form.version.data = str(feed.version)
            flash(_("Somebody else changed this feed meanwhile. Look at it, then save again to keep yours."), "error")
            return _form(form, supplier, feed.kind, feed, status=409)
        queue.wake(services.FLOW)
        flash(_("Saved."), "success")
        return redirect_to("feeds.detail", feed_id=feed_id)
    return _form(form, supplier, feed.kind, feed, status=422)


def _form(form: FeedForm, supplier: Supplier, kind: str, feed: SupplierFeed | None, *, status: int = 200) -> Response:
    return render(
        "feeds/edit.html", form=form, supplier=supplier, kind=kind, feed=feed, status=status,
        kinds=[(name, words.kind(name)) for name in KINDS], upload_max_mb=settings().upload_max_mb,
    )  # fmt: skip


@bp.get("/feeds/<int:feed_id>")
@requires("offers.read")
def detail(feed_id: int) -> Response:
    """One feed: where it stands, what it brought. Its poll gets what moves, or 304."""
    tag = queries.tag(reading(), feed_id)
    if tag is None:
        abort(404)
    same = unchanged(f"supplier_feed:{feed_id}", tag)
    if same is not None:
        return same
    session = reading()
    feed, supplier = _feed_or_404(feed_id)
    row = queries.row(session, feed_id)
    items = queries.items(session, feed_id, before_id=request.args.get("before", type=int), limit=PAGE)
    response = render(
        "feeds/detail.html", "live", feed=feed, supplier=supplier, row=row, items=items[:PAGE], words=words,
        older=items[PAGE - 1].id if len(items) > PAGE else None, offer_words=offer_words,
        shown_key=services.shown_key(feed), lane=queries.lane(feed_id), flow=services.FLOW,
        told=feed.failures >= settings().feed_failures, tag=f"{feed.id}.{feed.revision}",
    )  # fmt: skip
    return tagged(response, f"{feed.id}.{feed.revision}")


@bp.post("/feeds/<int:feed_id>/fetch")
@requires("offers.write")
def fetch(feed_id: int) -> BaseResponse:
    """Look for a new list now."""
    return _ask(feed_id, "fetch")


@bp.post("/feeds/<int:feed_id>/test")
@requires("suppliers.write")
def test(feed_id: int) -> BaseResponse:
    """See whether the feed can be reached, and take nothing."""
    return _ask(feed_id, "test")


def _ask(feed_id: int, act: str) -> BaseResponse:
    with transaction() as session:
        if not services.ask(session, feed_id, act, now=clock.now()):
            abort(404)
    queue.wake(services.FLOW)
    return redirect_to("feeds.detail", feed_id=feed_id)


@bp.post("/feeds/<int:feed_id>/host-key")
@requires("suppliers.write")
def confirm_host_key(feed_id: int) -> BaseResponse:
    """The key that the server showed is the supplier's."""
    _feed_or_404(feed_id)
    try:
        with transaction() as session:
            services.confirm_host_key(session, feed_id, request.form.get("fingerprint", ""), now=clock.now())
    except services.NoSuchKey:
        flash(_("The server has not shown this key, or shows another one by now."), "error")
        return redirect_to("feeds.detail", feed_id=feed_id)
    queue.wake(services.FLOW)
    flash(_("From now on only a server with this key gets our password."), "success")
    return redirect_to("feeds.detail", feed_id=feed_id)


@bp.post("/feeds/<int:feed_id>/delete")
@requires("suppliers.write")
def delete(feed_id: int) -> BaseResponse:
    """Remove the feed with its password; the lists that it brought stay."""
    with transaction() as session:
        supplier_id = services.delete_feed(session, feed_id, now=clock.now())
    if supplier_id is None:
        abort(404)
    flash(_("Feed removed. The lists that it brought stay."), "success")
    return redirect_to("suppliers.detail", supplier_id=supplier_id)


def _feed_or_404(feed_id: int) -> tuple[SupplierFeed, Supplier]:
    found = queries.feed(reading(), feed_id)
    if found is None:
        abort(404)
    return found
