"""The cart: product ids and numbers in a cookie of this shop's own, since ports of one host share their cookies."""

from __future__ import annotations

import re
from decimal import Decimal

from werkzeug import Request, Response

from sandbox.shopware import shelf
from sandbox.shopware.prices import Line
from sandbox.shopware.shop import Shop
from sandbox.shopware.storage import Books

LINES_AT_MOST = 30
PIECES_AT_MOST = 100  # Of one product.
_ENTRY = re.compile(r"([0-9a-f]{32})-(\d{1,3})")
Pieces = dict[str, int]


def _name(shop: Shop) -> str:
    return f"cart_{shop.identity.code}"


def pieces_of(shop: Shop, request: Request) -> Pieces:
    """Product id to number, in the order in which they were put in."""
    text = request.cookies.get(_name(shop), "")
    return {found[1]: int(found[2]) for part in text.split(".") if (found := _ENTRY.fullmatch(part)) and int(found[2])}


def keep(shop: Shop, response: Response, pieces: Pieces) -> Response:
    """The answer, with the cart in its cookie."""
    kept = {id_: min(number, PIECES_AT_MOST) for id_, number in pieces.items() if number > 0}
    text = ".".join(f"{id_}-{number}" for id_, number in list(kept.items())[:LINES_AT_MOST])
    if text:
        response.set_cookie(_name(shop), text, httponly=True, samesite="Lax")
    else:
        response.delete_cookie(_name(shop))
    return response


def lines_of(books: Books, shop: Shop, pieces: Pieces) -> list[Line]:
    """What of the cart can be bought now, at today's prices, no more pieces of each than there are."""
    products = shelf.for_sale(books, shop, pieces)
    taxes = books.get("tax", {str(doc.get("taxId")) for doc in products.values()})
    lines = []
    for id_, number in pieces.items():
        if (product := products.get(id_)) is None:
            continue
        rate = Decimal(str(taxes[str(product["taxId"])]["taxRate"]))
        lines.append(Line(product, min(number, int(product["stock"])), shelf.gross(product), rate))
    return lines
