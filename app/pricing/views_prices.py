"""Why a variant costs what it costs, what it cost before, and prices that people name."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, abort, flash, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from app import clock, queue
from app.catalog import queries as catalog
from app.channels.services import FLOW, lock_assortment, refresh_listings
from app.db import reading, transaction
from app.extensions import settings
from app.pricing import history, overrides, queries, words
from app.pricing.forms import NamedPriceForm
from app.pricing.models import PriceOverride
from app.pricing.overrides import OverrideError
from app.pricing.pin_views import end_of
from app.pricing.views import PAGE, bp
from app.web.fragments import redirect_to, render
from app.web.lazy import current_user
from app.web.permissions import requires

VERSIONS = 30  # Shown of each storefront.


@bp.get("/of/<int:variant_id>")
@requires("pricing.read")
def of_variant(variant_id: int) -> Response:
    """Every price of a variant step by step, its history, and the price that a person named."""
    return _page(variant_id)


def _page(variant_id: int, *, form: NamedPriceForm | None = None, status: int = 200) -> Response:
    session = reading()
    found = catalog.variant(session, variant_id)
    if found is None:
        abort(404)
    days = settings().low_price_days
    past = history.versions(session, variant_id, limit=VERSIONS, now=clock.now(), days=days)
    return render(
        "pricing/of_variant.html", status=status, variant=found[0], product=found[1],
        prices=queries.prices_of_variant(session, variant_id), versions=past, shown=VERSIONS, days=days, words=words,
        reductions={channel: history.reduction(rows, days=days) for channel, rows in past.items()},
        overrides=overrides.open_overrides(session, now=clock.now(), variant_id=variant_id),
        form=form or NamedPriceForm().offer(queries.channel_ids(session)),
    )  # fmt: skip


@bp.post("/of/<int:variant_id>/name")
@requires("pricing.write")
def name_price(variant_id: int) -> BaseResponse:
    """Say what the variant costs on a storefront; listings follow."""
    if catalog.variant(reading(), variant_id) is None:
        abort(404)
    form = NamedPriceForm().offer(queries.channel_ids(reading()))
    if not form.validate_on_submit() or form.gross.data is None or form.until.data is None:
        return _page(variant_id, form=form, status=422)
    now, ends_at = clock.now(), end_of(form.until.data)
    gross, channel_id = form.gross.data, int(form.channel.data)
    try:
        with transaction() as session:
            lock_assortment(session)
            heard = overrides.name_price(session, variant_id, channel_id, gross=gross, reason=form.reason.data or "",
                                         ends_at=ends_at, user_id=current_user.id, now=now)  # fmt: skip
            refresh_listings(session, variant_ids=[variant_id], now=now, origin=f"variant:{variant_id}")
    except OverrideError as error:
        flash(words.override_problem(error.code), "error")
        return redirect_to("pricing.of_variant", variant_id=variant_id)
    queue.wake(FLOW)
    if heard:
        flash(_("Named; the listing follows."), "success")
    else:
        flash(_("That is below the floor: it counts when a second person has agreed."), "info")
    return redirect_to("pricing.of_variant", variant_id=variant_id)


@bp.get("/named")
@requires("pricing.read")
def named_prices() -> Response:
    """Prices that people named, in force or waiting for a second person."""
    after = request.args.get("after", 0, type=int)
    rows = overrides.open_overrides(reading(), now=clock.now(), after=after, limit=PAGE)
    return render("pricing/named.html", overrides=rows[:PAGE], older=rows[PAGE - 1].id if len(rows) > PAGE else None)


@bp.post("/named/<int:override_id>/agree")
@requires("pricing.approve")
def agree_to_price(override_id: int) -> BaseResponse:
    """A second person lets a price stand below its floor."""
    return _act(override_id, lambda session: overrides.agree(
        session, override_id, user_id=current_user.id, now=clock.now()))  # fmt: skip


@bp.post("/named/<int:override_id>/end")
@requires("pricing.write")
def end_price(override_id: int) -> BaseResponse:
    """Let the rules decide again."""
    return _act(override_id, lambda session: overrides.end(
        session, override_id, user_id=current_user.id, now=clock.now()))  # fmt: skip


def _act(override_id: int, act: Callable[[Session], int]) -> BaseResponse:
    if reading().get(PriceOverride, override_id) is None:
        abort(404)
    try:
        with transaction() as session:
            lock_assortment(session)
            variant_id = act(session)
            refresh_listings(session, variant_ids=[variant_id], now=clock.now(), origin=f"variant:{variant_id}")
    except OverrideError as error:
        flash(words.override_problem(error.code), "error")
        return redirect_to("pricing.named_prices")
    queue.wake(FLOW)
    flash(_("Done; the listing follows."), "success")
    return redirect_to("pricing.of_variant", variant_id=variant_id)
