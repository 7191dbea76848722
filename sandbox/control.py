"""The control page: what the shops hold and did, and the switches. Also as JSON for tests."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from jinja2 import Environment, PackageLoader
from werkzeug import Request, Response
from werkzeug.utils import redirect

from sandbox.faults import KINDS, Fault
from sandbox.shopware.shop import Shop

_pages = Environment(loader=PackageLoader("sandbox"), autoescape=True)


def control(shops: dict[str, Shop]) -> Callable[[dict[str, Any], Any], Iterable[bytes]]:
    """The control page's WSGI application."""

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        try:
            response = _route(shops, request)
        except (ValueError, KeyError) as error:
            response = Response(json.dumps({"error": str(error)}), 400, mimetype="application/json")
        return response(environ, start_response)

    return application


def _route(shops: dict[str, Shop], request: Request) -> Response:
    if request.path == "/":
        return Response(_pages.get_template("control.html").render(shops=shops, stats=stats(shops), kinds=KINDS),
                        mimetype="text/html")  # fmt: skip
    if request.path == "/app.css":
        from sandbox.shopware.storefront import css

        return css("#52525b")
    if request.path == "/stats":
        return _json(stats(shops))
    if request.path == "/faults" and request.method == "GET":
        return _json({code: shop.faults.as_json() for code, shop in shops.items()})
    if request.path == "/faults" and request.method == "POST":
        return _add_fault(shops, request)
    if request.path in ("/faults/clear", "/reset") and request.method == "POST":
        for shop in _chosen(shops, _values(request).get("shop")):
            shop.reset() if request.path == "/reset" else shop.faults.clear()
        return _done(request)
    if request.path.startswith("/effects/"):
        return _json(effects(shops[request.path.rpartition("/")[2]]))
    return Response("not found", 404)


def _values(request: Request) -> dict[str, Any]:
    if request.mimetype == "application/json":
        body = json.loads(request.get_data() or b"{}")
        return body if isinstance(body, dict) else {}
    return request.form.to_dict()


def _add_fault(shops: dict[str, Shop], request: Request) -> Response:
    values = _values(request)
    left = values.get("left")
    fault: dict[str, Any] = {
        "kind": str(values["kind"]), "route": str(values.get("route") or ".*"), "value": str(values.get("value") or ""),
        "probability": float(values.get("probability") or 1), "left": int(left) if left not in (None, "") else None,
    }  # fmt: skip
    for shop in _chosen(shops, values.get("shop")):
        shop.faults.add(Fault(**fault))
    return _done(request)


def _chosen(shops: dict[str, Shop], code: str | None) -> list[Shop]:
    return list(shops.values()) if not code else [shops[code]]


def _done(request: Request) -> Response:
    if request.mimetype == "application/json":
        return _json({"ok": True})
    return redirect("/", 303)


def _json(body: Any) -> Response:
    return Response(json.dumps(body), mimetype="application/json")


def stats(shops: dict[str, Shop]) -> dict[str, Any]:
    """Per shop: what it holds, what it was asked, what it wrote, and its faults."""
    result = {}
    for code, shop in shops.items():
        with shop.storage.transaction() as books:
            held = dict(
                books.connection.execute(
                    "SELECT name, count(*) FROM entity "
                    "WHERE name IN ('product', 'product_visibility', 'order') GROUP BY 1"
                ).fetchall()
            )
            log = dict(books.connection.execute("SELECT state, count(*) FROM webhook_log GROUP BY 1").fetchall())
        result[code] = {
            "name": shop.identity.name, "version": shop.identity.version, "url": shop.base_url, "held": held,
            "requests": dict(shop.requests), "written": dict(shop.written), "tokens": shop.oauth.issued,
            "webhooks": log, "faults": shop.faults.as_json(), "last": list(shop.last),
        }  # fmt: skip
    return result


def effects(shop: Shop) -> dict[str, int]:
    """How often each product was written: the sandbox's own ledger, for tests that nothing was doubled."""
    with shop.storage.transaction() as books:
        return dict(books.connection.execute("SELECT id, writes FROM effect").fetchall())
