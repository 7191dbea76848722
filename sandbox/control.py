"""The control page: what the systems hold and did, and the switches. Also as JSON for tests."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from werkzeug import Request, Response
from werkzeug.utils import redirect

from sandbox import pages
from sandbox.faults import KINDS, fault_of
from sandbox.mollie.psp import Mollie
from sandbox.shopware import mails
from sandbox.shopware.shop import Shop
from sandbox.world import World


class Systems(NamedTuple):
    """All that the sandbox stands in for."""

    shops: dict[str, Shop]
    mollie: Mollie
    world: World

    @property
    def by_name(self) -> dict[str, Shop | Mollie]:
        return {**self.shops, "mollie": self.mollie}


def control(systems: Systems) -> Callable[[dict[str, Any], Any], Iterable[bytes]]:
    """The control page's WSGI application."""

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        try:
            response = _route(systems, request)
        except (ValueError, KeyError) as error:
            response = Response(json.dumps({"error": str(error)}), 400, mimetype="application/json")
        return response(environ, start_response)

    return application


def _route(systems: Systems, request: Request) -> Response:
    shops = systems.shops
    if request.path == "/":
        letters = {code: sent(shop)[:-11:-1] for code, shop in shops.items()}
        held = systems.mollie.stats()
        return pages.page("control.html", shops=shops, stats=stats(shops), mails=letters, mollie=held, kinds=KINDS,
                          world=people(systems.world))  # fmt: skip
    if request.path == "/app.css":
        return pages.css()
    if request.path == "/stats":
        return _json({**stats(shops), "mollie": systems.mollie.stats()})
    if request.path == "/faults" and request.method == "GET":
        return _json({name: system.faults.as_json() for name, system in systems.by_name.items()})
    if request.path == "/faults" and request.method == "POST":
        return _add_fault(systems, request)
    if request.path in ("/faults/clear", "/reset") and request.method == "POST":
        for system in _chosen(systems, _values(request).get("shop")):
            system.reset() if request.path == "/reset" else system.faults.clear()
        return _done(request)
    if request.path == "/world" and request.method == "POST":
        systems.world.rate = float(_values(request).get("rate") or 0)
        return _done(request)
    if request.path == "/world":
        return _json(people(systems.world))
    if request.path.startswith("/mails/"):
        return _json(sent(shops[request.path.rpartition("/")[2]]))
    if request.path.startswith("/effects/"):
        return _json(effects(shops[request.path.rpartition("/")[2]]))
    return Response("not found", 404)


def _values(request: Request) -> dict[str, Any]:
    if request.mimetype == "application/json":
        body = json.loads(request.get_data() or b"{}")
        return body if isinstance(body, dict) else {}
    return request.form.to_dict()


def _add_fault(systems: Systems, request: Request) -> Response:
    values = _values(request)
    for system in _chosen(systems, values.get("shop")):
        system.faults.add(fault_of(values))  # Each counts its own.
    return _done(request)


def _chosen(systems: Systems, code: str | None) -> list[Shop | Mollie]:
    return [systems.by_name[code]] if code else list(systems.by_name.values())


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


def people(world: World) -> dict[str, Any]:
    """How many come by themselves, what they did, and how many have something left to do."""
    return {"rate": world.rate, "told": dict(world.told), "waiting": world.waiting}


def sent(shop: Shop) -> list[dict[str, Any]]:
    """What a shop mailed, the oldest first."""
    with shop.storage.transaction() as books:
        return mails.kept(books)


def effects(shop: Shop) -> dict[str, int]:
    """How often each product was written: the sandbox's own ledger, for tests that nothing was doubled."""
    with shop.storage.transaction() as books:
        return dict(books.connection.execute("SELECT id, writes FROM effect").fetchall())
