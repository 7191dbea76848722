"""HTTP servers of the sandbox: the control page, one per shop, and Mollie's, threads in one process."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from ssl import SSLContext
from threading import Thread
from typing import Any

from werkzeug import Request, Response
from werkzeug.serving import BaseWSGIServer, make_server

from sandbox.control import Systems, control
from sandbox.gateway import Application, Handler, Words, late, with_faults
from sandbox.history import History
from sandbox.mollie import api as mollie_api
from sandbox.mollie import checkout
from sandbox.mollie import control as mollie_control
from sandbox.mollie.errors import MollieError
from sandbox.mollie.identity import PROFILES
from sandbox.mollie.psp import Mollie
from sandbox.settings import SHOPS, Bridge
from sandbox.shopware import api, mollie_plugin, storefront
from sandbox.shopware.errors import DEADLOCK
from sandbox.shopware.psp import Psp, psp_client
from sandbox.shopware.shop import Shop
from sandbox.tls import self_made
from sandbox.world import World

_SHOPWARE = Words(
    "application/json",
    limited='{"errors":[{"code":"0","status":"429","title":"Too Many Requests","detail":"Too many requests."}]}',
    broken=json.dumps({"errors": [DEADLOCK]}),
)
_MOLLIE = Words(
    "application/hal+json",
    limited=json.dumps(MollieError(429, "You have exceeded the rate limit. Please slow down your requests.").body()),
    broken=json.dumps(MollieError(500, "Something went wrong on our side.").body()),
    unavailable=json.dumps(
        MollieError(503, "Payment platform for this payment method temporarily not available").body()
    ),
)
_NOTED = ("/v2/", "/checkout/")


def shop_application(shop: Shop) -> Application:
    """The WSGI application of one shop: API and storefront behind the switches."""

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        started = time.monotonic()
        response = _shop_answer(shop, request)
        shop.note(request.method, request.full_path.rstrip("?"), response.status_code, time.monotonic() - started)
        if request.path.startswith("/api"):
            for name in ("sw-version-id", "sw-language-id", "sw-context-token"):
                if name in request.headers:
                    response.headers[name] = request.headers[name]
        return response(environ, start_response)

    return application


def _shop_answer(shop: Shop, request: Request) -> Response:
    if "/mollie/webhook" in request.path:
        return with_faults(shop.faults, _SHOPWARE, request, lambda: mollie_plugin.webhook(shop, request))
    if request.path.startswith("/api"):
        return with_faults(shop.faults, _SHOPWARE, request, lambda: api.answer(shop, request))
    return storefront.answer(shop, request)


def mollie_application(mollie: Mollie) -> Application:
    """The WSGI application of Mollie: API and checkout behind the switches, and the control surface."""

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        started = time.monotonic()
        response = _mollie_answer(mollie, request)
        if request.path.startswith(_NOTED) and not request.path.endswith(".css"):
            mollie.note(request.method, request.full_path.rstrip("?"), response.status_code, time.monotonic() - started)
        return response(environ, start_response)

    return application


def _mollie_answer(mollie: Mollie, request: Request) -> Response:
    if request.path.startswith("/v2/"):
        return with_faults(mollie.faults, _MOLLIE, request, lambda: mollie_api.answer(mollie, request))
    if request.path.startswith("/checkout/") and not request.path.endswith(".css"):
        return with_faults(mollie.faults, _MOLLIE, request, lambda: checkout.answer(mollie, request))
    if request.path.startswith("/checkout/"):
        return checkout.css(request.path)
    return mollie_control.answer(mollie, request)


class Sandbox:
    """All servers, started together. `base_port` 0 takes free ports.

    With `mollie_certificate` Mollie speaks TLS, and that file is what clients trust.
    """

    def __init__(
        self,
        database_url: str,
        *,
        base_port: int,
        portal_url: str,
        mollie_rate: float = 1,
        bridge: Mapping[str, Bridge] | None = None,
        world_rate: float = 0,
        past_orders: int = 0,
        mollie_tells_portal: bool = False,
        mollie_certificate: Path | None = None,
    ) -> None:
        ports = [base_port + place if base_port else 0 for place in range(len(SHOPS) + 2)]
        self.shops: dict[str, Shop] = {}
        self.servers: list[BaseWSGIServer] = []
        server, mollie_url = self._server(ports[-1], self_made(mollie_certificate) if mollie_certificate else None)
        told = portal_url if mollie_tells_portal else None
        self.mollie = Mollie(database_url, mollie_url, rate=mollie_rate, portal_url=told)
        server.app = mollie_application(self.mollie)
        for identity, profile, port in zip(SHOPS, PROFILES, ports[1:], strict=False):
            server, url = self._server(port)
            psp = Psp(
                psp_client(mollie_url, profile.key("test"), mollie_certificate),
                (bridge or {}).get(identity.code, "storefront"),
                f"{portal_url}/webhooks/mollie/{identity.code}/{identity.webhook_token}", identity.plugin,
            )  # fmt: skip
            shop = Shop(identity, database_url, url, portal_url, psp=psp)
            server.app = shop_application(shop)
            self.shops[identity.code] = shop
        desk = psp_client(mollie_url, None, mollie_certificate)
        self.world = World({code: shop.base_url for code, shop in self.shops.items()}, desk, rate=world_rate)
        self.history = History(self.shops.values(), self.mollie, orders=past_orders)
        self.systems = Systems(self.shops, self.mollie, self.world)
        server, self.control_url = self._server(ports[0])
        server.app = control(self.systems)
        self.threads = [Thread(target=server.serve_forever, daemon=True) for server in self.servers]
        for thread in (*self.threads, self.world, *([self.history] if past_orders else [])):
            thread.start()

    def _server(self, port: int, tls: SSLContext | None = None) -> tuple[BaseWSGIServer, str]:
        """A server that listens already, and where."""
        server = make_server("127.0.0.1", port, late, threaded=True, request_handler=Handler, ssl_context=tls)
        self.servers.append(server)
        return server, f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"

    def close(self) -> None:
        """Stop serving, once nobody visits any more."""
        self.history.close()
        self.world.close()
        for server in self.servers:
            server.shutdown()
            server.server_close()
        for system in self.systems.by_name.values():
            system.close()
        for shop in self.shops.values():
            shop.psp.http.close()
