"""The storefront: what sync delivered, as a visitor sees it and buys it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from werkzeug import Request, Response
from werkzeug.utils import redirect

from sandbox import pages
from sandbox.shopware import cart, checkout, finish, prices, shelf
from sandbox.shopware.prices import Line
from sandbox.shopware.shop import Shop
from sandbox.shopware.texts import TEXTS


def answer(shop: Shop, request: Request) -> Response:
    """A page of the storefront, or what follows from a form."""
    if request.path == "/app.css":
        return pages.css(shop.identity.accent)
    visit = Visit(shop, request)
    if request.method == "POST":
        act = _POSTED.get(request.path)
        return act(visit) if act else visit.page("missing.html", 404)
    return _PAGES.get(request.path, _product)(visit)


class Visit:
    """One request of a visitor."""

    def __init__(self, shop: Shop, request: Request) -> None:
        self.shop, self.request = shop, request
        self.form = request.form  # Read now: the connection is used again.
        self.pieces = cart.pieces_of(shop, request)

    def page(self, template: str, status: int = 200, **context: Any) -> Response:
        """HTML in the shop's language."""
        return pages.page(
            template, status=status, shop=self.shop.identity, t=TEXTS[self.shop.identity.language],
            in_cart=sum(self.pieces.values()), euro=shelf.euro, **context,
        )  # fmt: skip

    def go(self, place: str) -> Response:
        return redirect(place, 303)

    def lines(self) -> list[Line]:
        """What is in the cart and can be bought now."""
        with self.shop.storage.transaction() as books:
            return cart.lines_of(books, self.shop, self.pieces)


def _home(visit: Visit) -> Response:
    with visit.shop.storage.transaction() as books:
        return visit.page("shop.html", **shelf.listing(books, visit.shop, visit.request))


def _product(visit: Visit) -> Response:
    id_ = visit.request.path.removeprefix("/p/")
    with visit.shop.storage.transaction() as books:
        found = books.get("product", [id_]).get(id_) if visit.request.path.startswith("/p/") else None
        if found is None:
            return visit.page("missing.html", 404)
        buyable = bool(shelf.for_sale(books, visit.shop, [id_]))
    return visit.page("product.html", product=shelf.shown(found), buyable=buyable)


# Cart -------------------------------------------------------------------------------------------------------------


def _cart(visit: Visit, status: int = 200) -> Response:
    lines = visit.lines()
    gone = {line.product["id"]: line.quantity for line in lines} != visit.pieces
    visit.pieces = {line.product["id"]: line.quantity for line in lines}
    return cart.keep(visit.shop, visit.page("cart.html", status, gone=gone, **sums(lines)), visit.pieces)


def _add(visit: Visit) -> Response:
    id_, number = visit.form.get("id", ""), visit.form.get("quantity", 1, type=int)
    with visit.shop.storage.transaction() as books:
        product = shelf.for_sale(books, visit.shop, [id_]).get(id_)
    if product is None:
        return visit.page("missing.html", 404)
    wanted = visit.pieces.get(id_, 0) + max(1, number)
    visit.pieces[id_] = min(wanted, int(product["stock"]))
    return cart.keep(visit.shop, visit.go("/cart"), visit.pieces)


def _update(visit: Visit) -> Response:
    """Fields `pieces-<id>` hold the new numbers, `remove` the id of a line that goes."""
    for id_ in list(visit.pieces):
        visit.pieces[id_] = max(0, visit.form.get(f"pieces-{id_}", visit.pieces[id_], type=int))
    visit.pieces.pop(visit.form.get("remove", ""), None)
    return cart.keep(visit.shop, visit.go("/cart"), visit.pieces)


def sums(lines: list[Line]) -> dict[str, Any]:
    """A cart as its pages show it. VAT is shown only where there is some."""
    taxes: list[dict[str, float]] = prices.order_price(lines)["calculatedTaxes"] if lines else []
    parcel = prices.shipping(lines)
    return {
        "lines": [{**shelf.shown(line.product), "quantity": line.quantity, "total": line.total} for line in lines],
        "goods": prices.goods(lines), "parcel": parcel, "total": prices.goods(lines) + parcel,
        "taxes": [tax for tax in taxes if tax["tax"]],
    }  # fmt: skip


# Checkout ---------------------------------------------------------------------------------------------------------


def _checkout(visit: Visit) -> Response:
    lines = visit.lines()
    if {line.product["id"]: line.quantity for line in lines} != visit.pieces or not lines:
        return visit.go("/cart")
    with visit.shop.storage.transaction() as books:
        return visit.page("order.html", **sums(lines), **checkout.form(books))


def _place(visit: Visit) -> Response:
    told = checkout.place(visit.shop, visit.pieces, visit.form)
    if told.form is not None:
        return visit.page("order.html", 422, **sums(visit.lines()), **told.form)
    if told.order_id is None:
        return _cart(visit, 409)
    return cart.keep(visit.shop, visit.go(checkout.pay(visit.shop, told.order_id, told.transaction_id)), {})


def _finish(visit: Visit) -> Response:
    seen = finish.seen(visit.shop, visit.request.args.get("orderId", ""))
    return visit.page("finish.html", seen=seen, refused="refused" in visit.request.args) if seen else _unknown(visit)


def _again(visit: Visit) -> Response:
    order_id = visit.form.get("orderId", "")
    transaction_id = finish.again(visit.shop, order_id, visit.form.get("method", ""))
    if transaction_id is None:
        return (
            visit.go(f"/checkout/finish?orderId={order_id}") if finish.known(visit.shop, order_id) else _unknown(visit)
        )
    return visit.go(checkout.pay(visit.shop, order_id, transaction_id))


def _unknown(visit: Visit) -> Response:
    return visit.page("missing.html", 404)


_PAGES: Mapping[str, Callable[[Visit], Response]] = {
    "/": _home, "/cart": _cart, "/checkout": _checkout, "/checkout/finish": _finish,
}  # fmt: skip
_POSTED: Mapping[str, Callable[[Visit], Response]] = {
    "/cart/add": _add, "/cart": _update, "/checkout": _place, "/checkout/again": _again,
}  # fmt: skip
