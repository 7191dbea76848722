"""What a visitor can buy: active, on stock, and shown in the storefront's sales channel."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from werkzeug import Request

from sandbox.shopware.constants import DEFAULT_CURRENCY
from sandbox.shopware.shop import Shop
from sandbox.shopware.storage import Books
from sandbox.storage import Doc

PAGE = 24
_FOR_SALE = (
    "e.name = 'product' AND e.doc->>'active' = 'true' AND (e.doc->>'stock')::int > 0 AND "
    "EXISTS (SELECT 1 FROM entity v WHERE v.name = 'product_visibility' AND v.doc->>'productId' = e.id "
    "AND v.doc->>'salesChannelId' = %s)"
)


def listing(books: Books, shop: Shop, request: Request) -> dict[str, Any]:
    """One page of what is for sale, as the address asks for it."""
    where, parameters = [_FOR_SALE], [shop.sales_channel_id()]
    words = request.args.get("q", "")[:100]
    for word in words.split()[:6]:
        where.append("(e.doc->>'name' ILIKE %s OR e.doc->>'productNumber' ILIKE %s)")
        parameters += [f"%{word}%", f"{word}%"]
    if grade := request.args.get("grade"):
        where.append("e.doc->'customFields'->>'iused_grade' = %s")
        parameters.append(grade)
    page = max(1, request.args.get("page", 1, type=int))
    condition = " AND ".join(where)
    docs = books.find(condition, list(parameters), "e.doc->>'name', e.id", PAGE + 1, (page - 1) * PAGE)
    return {
        "products": [shown(doc) for doc in docs[:PAGE]], "more": len(docs) > PAGE, "page": page, "q": words,
        "grade": request.args.get("grade", ""), "total": books.count(condition, list(parameters)),
    }  # fmt: skip


def for_sale(books: Books, shop: Shop, ids: Iterable[str]) -> dict[str, Doc]:
    """Which of the products can be bought now, by id."""
    docs = books.find(_FOR_SALE + " AND e.id = ANY(%s)", [shop.sales_channel_id(), list(ids)], "e.id", None, 0)
    return {doc["id"]: doc for doc in docs}


def gross(doc: Doc) -> Decimal:
    """What a piece costs, in euro with VAT in it."""
    price = next((p for p in doc.get("price") or [] if p.get("currencyId") == DEFAULT_CURRENCY), {"gross": 0})
    return Decimal(str(price["gross"])).quantize(Decimal("0.01"))


def euro(value: Decimal) -> str:
    """An amount as both shops write it."""
    whole, cents = f"{value:.2f}".split(".")
    return f"€ {int(whole):,}".replace(",", ".") + f",{cents}"


def shown(doc: Doc) -> dict[str, Any]:
    """A product as a page needs it."""
    fields = doc.get("customFields") or {}
    return {
        "id": doc["id"], "name": doc.get("name"), "number": doc.get("productNumber"), "stock": doc.get("stock"),
        "price": euro(gross(doc)), "grade": fields.get("iused_grade"), "colour": fields.get("iused_colour"),
        "margin": fields.get("iused_margin_scheme"), "category": fields.get("iused_category") or "device",
    }  # fmt: skip
