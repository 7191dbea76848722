"""A plain storefront: what sync delivered, as a visitor sees it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from werkzeug import Request, Response

from sandbox import pages
from sandbox.shopware.constants import DEFAULT_CURRENCY
from sandbox.shopware.shop import Shop
from sandbox.shopware.storage import Books
from sandbox.storage import Doc

PAGE = 24
_FOR_SALE = "e.name = 'product' AND e.doc->>'active' = 'true' AND (e.doc->>'stock')::int > 0"
_TEXTS = {
    "nl": {"search": "Zoek een apparaat", "stock": "op voorraad", "none": "Niets gevonden.", "all": "Alles",
           "more": "Verder", "back": "Terug", "grade": "Staat",
           "margin": "Margeregeling: de btw is niet aftrekbaar.", "items": "artikelen"},
    "en": {"search": "Find a device", "stock": "in stock", "none": "Nothing found.", "all": "All", "more": "Next",
           "back": "Back", "grade": "Grade",
           "margin": "Sold under the margin scheme: no deductible VAT.", "items": "items"},
}  # fmt: skip


def answer(shop: Shop, request: Request) -> Response:
    """A page of the storefront."""
    if request.path == "/app.css":
        return pages.css(shop.identity.accent)
    with shop.storage.transaction() as books:
        if request.path == "/":
            return _page("shop.html", shop, **_listing(books, shop, request))
        if request.path.startswith("/p/"):
            product = books.get("product", [request.path.removeprefix("/p/")])
            for doc in product.values():
                return _page("product.html", shop, product=_shown(doc))
    return _page("missing.html", shop, 404)


def _listing(books: Books, shop: Shop, request: Request) -> dict[str, Any]:
    where, parameters = [_FOR_SALE], []
    visible = (
        "EXISTS (SELECT 1 FROM entity v WHERE v.name = 'product_visibility' AND v.doc->>'productId' = e.id "
        "AND v.doc->>'salesChannelId' = %s)"
    )
    where.append(visible)
    parameters.append(shop.sales_channel_id())
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
        "products": [_shown(doc) for doc in docs[:PAGE]], "more": len(docs) > PAGE, "page": page, "q": words,
        "grade": request.args.get("grade", ""), "total": books.count(condition, list(parameters)),
    }  # fmt: skip


def _shown(doc: Doc) -> dict[str, Any]:
    price = next((p for p in doc.get("price") or [] if p.get("currencyId") == DEFAULT_CURRENCY), {"gross": 0})
    fields = doc.get("customFields") or {}
    whole, cents = f"{Decimal(str(price['gross'])):.2f}".split(".")
    dotted = f"{int(whole):,}".replace(",", ".")
    return {
        "id": doc["id"], "name": doc.get("name"), "number": doc.get("productNumber"), "stock": doc.get("stock"),
        "price": f"€ {dotted},{cents}", "grade": fields.get("iused_grade"), "colour": fields.get("iused_colour"),
        "margin": fields.get("iused_margin_scheme"), "category": fields.get("iused_category") or "device",
    }  # fmt: skip


def _page(template: str, shop: Shop, status: int = 200, **context: Any) -> Response:
    texts = _TEXTS[shop.identity.language]
    return pages.page(template, status=status, shop=shop.identity, t=texts, **context)
