"""Orders of all storefronts: the list, and the page of one."""

from __future__ import annotations

import uuid
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

from flask import Blueprint, Response, abort, request
from werkzeug.wrappers import Response as BaseResponse

from app import clock
from app.customers.queries import card
from app.db import reading
from app.extensions import settings
from app.lists import beside
from app.lists.pages import show
from app.orders import queries, words
from app.orders.acts import why_not_cancelled, why_not_mended
from app.orders.listing import ORDERS
from app.payments import words as money_words
from app.payments.refunds import is_left
from app.payments.verdict import CENT, ROUNDING
from app.web.fragments import render, tagged, unchanged, wants_fragment
from app.web.lazy import current_user
from app.web.permissions import requires

bp = Blueprint("orders", __name__, url_prefix="/orders")
EVENTS = 200


@bp.get("/")
@requires("orders.read")
def index() -> BaseResponse:
    """Orders of all storefronts, the latest first."""
    return show(ORDERS, words=words)


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
    attempts = {one.external_id for one in page.payments} | {one.mollie_payment_id for one in page.payments}
    strays = [one for one in page.money.payments
              if one.transaction_id not in attempts and one.external_id not in attempts]  # fmt: skip
    doubt = page.money.verdict.since if page.money.verdict else None
    late = doubt is not None and clock.now() - doubt > timedelta(seconds=settings().payment_grace_seconds)
    access = settings().mollie.get(page.channel_code)
    within = beside.said(request.args)
    near = None
    if within is not None and not wants_fragment(request.headers):
        near = beside.beside(session, ORDERS, order_id, within, user_id=current_user.id)
    return tagged(
        render("orders/detail.html", "live", "actions", page=page, order=page.order, words=words,
               money_words=money_words, events=events, strays=strays, late=late, rounding=rounding(page),
               key=uuid.uuid4().hex, bridge=access.bridge if access else "storefront", tag=tag, within=within or {},
               near=near, customer=card(session, page.order.customer_id), may_refund=is_left(page.money),
               may_cancel=not why_not_cancelled(page.order), may_mend=not why_not_mended(page.order)),
        tag,
    )  # fmt: skip


def rounding(page: queries.OrderPage) -> Decimal:
    """What the rounded lines and the total of an order with VAT inside do not explain of each other; 0 else."""
    order = page.order
    if order.tax_status != "gross":
        return Decimal(0)
    shown = sum((row.line.total_price.quantize(CENT, ROUND_HALF_UP) for row in page.lines
                 if row.line.parent_id is None), order.shipping)  # fmt: skip
    apart = order.total - shown
    return apart if abs(apart) <= ROUNDING else Decimal(0)
