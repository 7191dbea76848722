"""Pages of the catalogue; the variant's page answers "why?" for every figure on it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, request
from sqlalchemy.orm import Session

from app import clock
from app.catalog import queries
from app.catalog.words import CATEGORIES
from app.channels.allocation import allocations_of
from app.channels.allocation_words import explain
from app.channels.queries import listings_of_variant
from app.db import reading
from app.matching import words as matches
from app.matching.queries import learned
from app.pricing.choice_words import choice_sentence
from app.pricing.forms import PinForm
from app.pricing.pins import open_pins
from app.pricing.queries import prices_of_variant
from app.pricing.ranking import ranked_offers
from app.pricing.words import step_name
from app.stock import places, reasons, snapshots
from app.stock import queries as stock
from app.stock.buffers import buffer_of
from app.stock.forms import BufferForm, CorrectionForm, TermsForm, TransferForm
from app.web.fragments import render
from app.web.permissions import requires

bp = Blueprint("catalog", __name__, url_prefix="/catalogue")
PAGE = 50


@bp.get("/")
@requires("catalog.read")
def index() -> Response:
    """Products, by category and words."""
    rows = queries.products(
        reading(), category=request.args.get("category"), brand=request.args.get("brand"),
        words=request.args.get("q", "")[:100], after=request.args.get("after", type=int), limit=PAGE,
    )  # fmt: skip
    return render(
        "catalog/index.html", products=rows[:PAGE], older=rows[PAGE - 1].id if len(rows) > PAGE else None,
        categories=CATEGORIES,
    )  # fmt: skip


@bp.get("/<int:product_id>")
@requires("catalog.read")
def product(product_id: int) -> Response:
    """One product with its variants."""
    found = queries.product(reading(), product_id)
    if found is None:
        abort(404)
    return render("catalog/product.html", product=found, variants=queries.variants(reading(), product_id))


@bp.get("/variants/<int:variant_id>")
@requires("catalog.read")
def variant(variant_id: int) -> Response:
    """One variant: offers, prices with their traces, stock as a sum, listings."""
    session = reading()
    found = queries.variant(session, variant_id)
    if found is None:
        abort(404)
    now = clock.now()
    ranking = ranked_offers(session, [variant_id], now=now)
    pinned = open_pins(session, now=now, variant_id=variant_id, ranking=ranking)
    return render(
        "catalog/variant.html", variant=found[0], product=found[1], offers=queries.offers(session, variant_id),
        ranking=ranking, landed={offer.offer_id: offer for offer in ranking}, choice=choice_sentence(ranking),
        pin=pinned[0] if pinned else None, pin_form=PinForm(), prices=prices_of_variant(session, variant_id),
        listings=listings_of_variant(session, variant_id), step_name=step_name,
        learned=learned(session, variant_id=variant_id), matches=matches, **_stock(session, variant_id),
    )  # fmt: skip


def _stock(session: Session, variant_id: int) -> dict[str, Any]:
    """The sum of a variant with everything that it is made of and what may be done with it."""
    total = stock.of_variant(session, variant_id)
    available = total.available if total else 0
    known, warehouses = places.names(session), places.names(session, kind="warehouse")
    why = reasons.choices_of(session)
    return {
        "stock": total, "balances": stock.balances(session, variant_id),
        "reservations": stock.reservations(session, variant_id),
        "allocations": [explain(terms, available=available) for terms in allocations_of(session, variant_id)],
        "movements": stock.movements(session, variant_id=variant_id, limit=30)[:30],
        "days": snapshots.of_variant(session, variant_id, days=14), "reason_name": reasons.reason_name,
        "form": CorrectionForm().offer(locations=warehouses, reasons=why),
        "transfer_form": TransferForm().offer(locations=known, warehouses=warehouses, reasons=why),
        "buffer_form": BufferForm(pieces=buffer_of(session, variant_id)), "terms_form": TermsForm(),
    }  # fmt: skip
