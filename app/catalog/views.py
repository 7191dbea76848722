"""Pages of the catalogue; the variant's page answers "why?" for every figure on it."""

from __future__ import annotations

from flask import Blueprint, Response, abort, request

from app.catalog import queries
from app.channels.queries import listings_of_variant
from app.db import reading
from app.matching import words as matches
from app.matching.queries import learned
from app.pricing.queries import prices_of_variant
from app.pricing.words import step_name
from app.stock import queries as stock
from app.stock.forms import CorrectionForm
from app.web.fragments import render
from app.web.lazy import lazy as _l
from app.web.permissions import requires

bp = Blueprint("catalog", __name__, url_prefix="/catalogue")
PAGE = 50
CATEGORIES = [
    ("phone", _l("Phones")), ("tablet", _l("Tablets")), ("notebook", _l("Notebooks")), ("desktop", _l("Desktops")),
]  # fmt: skip


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
    return render(
        "catalog/variant.html", variant=found[0], product=found[1], offers=queries.offers(session, variant_id),
        prices=prices_of_variant(session, variant_id), stock=stock.of_variant(session, variant_id),
        balances=stock.balances(session, variant_id), movements=stock.movements(session, variant_id),
        listings=listings_of_variant(session, variant_id), step_name=step_name, form=CorrectionForm(),
        learned=learned(session, variant_id=variant_id), matches=matches,
    )  # fmt: skip
