"""Orders of all storefronts: the list, and the page of one."""

from __future__ import annotations

from flask import Blueprint, Response, abort
from werkzeug.wrappers import Response as BaseResponse

from app.db import reading
from app.lists.pages import show
from app.orders import queries, words
from app.orders.listing import ORDERS
from app.web.fragments import render, tagged, unchanged
from app.web.permissions import requires

bp = Blueprint("orders", __name__, url_prefix="/orders")
EVENTS = 200


@bp.get("/")
@requires("orders.read")
def index() -> BaseResponse:
    """Orders of all storefronts, the latest first."""
    return show(ORDERS, "orders/index.html", words=words)


@bp.get("/<int:order_id>")
@requires("orders.read")
def detail(order_id: int) -> Response:
    """One order, from what we know of it; its poll gets what moves, or 304."""
    session = reading()
    tag = queries.tag(session, order_id)
    if tag is None:
        abort(404)
    same = unchanged(f"shop_order:{order_id}", tag)
    if same is not None:
        return same
    page = queries.order_page(session, order_id, events=EVENTS)
    if page is None:
        abort(404)
    events = [(found.at, *words.event(found, page.order.currency)) for found in page.events]
    return tagged(render("orders/detail.html", "live", page=page, order=page.order, words=words, events=events), tag)
