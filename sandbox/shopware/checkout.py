"""From a cart to a placed order, and on to where it is paid."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sandbox.shopware import cart, mollie_plugin, placing
from sandbox.shopware.psp import NotNow
from sandbox.shopware.shop import Shop
from sandbox.shopware.storage import Books


class Told(NamedTuple):
    """What came of it: an order with its attempt to pay, or the form again, or neither where something is gone."""

    order_id: str | None = None
    transaction_id: str = ""
    form: dict[str, Any] | None = None


def form(books: Books, given: Mapping[str, str] | None = None, wrong: frozenset[str] = frozenset()) -> dict[str, Any]:
    """What the form shows."""
    empty = dict.fromkeys(placing.FIELDS, "") | {"country": placing.COUNTRIES[0]}
    return {
        "given": given or empty, "wrong": wrong, "methods": placing.methods_of(books), "countries": placing.COUNTRIES,
    }  # fmt: skip


def place(shop: Shop, pieces: cart.Pieces, fields: Mapping[str, str]) -> Told:
    """Check what the buyer gave, and place the order."""
    given = placing.given_of(fields)
    with shop.storage.transaction() as books:
        wrong = placing.wrong(given, placing.methods_of(books))
        if wrong:
            return Told(form=form(books, given, frozenset(wrong)))
        lines = cart.lines_of(books, shop, pieces)
        if not lines or {line.product["id"]: line.quantity for line in lines} != pieces:
            return Told()
        try:
            placed = placing.place(books, shop, lines, given, now=datetime.now(UTC))
        except placing.SoldOut:
            return Told()
    shop.after_commit()
    return Told(placed.order_id, placed.transaction_id)


def pay(shop: Shop, order_id: str, transaction_id: str) -> str:
    """Where the buyer goes now: to the payment, or to the finish page where there is none to make."""
    finish = f"/checkout/finish?orderId={order_id}"
    try:
        return mollie_plugin.start(shop, transaction_id) or finish
    except NotNow:
        return finish + "&refused=1"
