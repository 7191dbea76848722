"""HTTP servers of the sandbox: the control page and one server per shop, threads in one process."""

from __future__ import annotations

import json
import logging
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from threading import Thread
from typing import Any

from werkzeug import Request, Response
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from sandbox.control import control
from sandbox.settings import SHOPS
from sandbox.shopware import api, storefront
from sandbox.shopware.errors import DEADLOCK
from sandbox.shopware.shop import Shop

log = logging.getLogger(__name__)
_DEADLOCK = json.dumps({"errors": [DEADLOCK]})
_LIMITED = '{"errors":[{"code":"0","status":"429","title":"Too Many Requests","detail":"Too many requests."}]}'


class Handler(WSGIRequestHandler):
    """Keeps connections open, and writes no log of its own."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """The control page has the requests."""

    def run_wsgi(self) -> None:
        """A cut connection is a fault that was asked for, not an error of the server."""
        try:
            super().run_wsgi()
        except ConnectionAbortedError:
            self.close_connection = True


def shop_application(shop: Shop) -> Callable[[dict[str, Any], Any], Iterable[bytes]]:
    """The WSGI application of one shop: API and storefront behind the switches."""

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        started = time.monotonic()
        response = _with_faults(shop, request)
        shop.note(request.method, request.full_path.rstrip("?"), response.status_code, time.monotonic() - started)
        if request.path.startswith("/api"):
            for name in ("sw-version-id", "sw-language-id", "sw-context-token"):
                if name in request.headers:
                    response.headers[name] = request.headers[name]
        return response(environ, start_response)

    return application


def _with_faults(shop: Shop, request: Request) -> Response:
    path, faults = request.path, shop.faults
    if not faults.active or not path.startswith("/api"):
        return _answer(shop, request)
    if slow := faults.hit("latency", path):
        time.sleep(float(slow.value or 0.5))
    if limited := faults.hit("429", path):
        headers = {"Retry-After": limited.value} if limited.value else {}
        return Response(_LIMITED,
                        429, headers, mimetype="application/json")  # fmt: skip
    if faults.hit("deadlock", path):
        return Response(_DEADLOCK, 500, mimetype="application/json")
    for status in ("502", "503", "504"):
        if faults.hit(status, path):
            return Response("<html><h1>Gateway</h1></html>", int(status), mimetype="text/html")
    if faults.hit("cut_before", path):
        _cut(request)
    response = _answer(shop, request)
    if faults.hit("504_after", path):
        return Response("<html><h1>504 Gateway Time-out</h1></html>", 504, mimetype="text/html")
    if faults.hit("cut_after", path):
        _cut(request)
    if faults.hit("broken_json", path):
        body = response.get_data()
        return Response(body[: max(1, len(body) // 2)], 200, mimetype="application/json")
    if faults.hit("html", path):
        return Response("<html><body>Maintenance</body></html>", 200, mimetype="text/html")
    if drip := faults.hit("drip", path):
        return Response(_dripping(response.get_data(), float(drip.value or 0.2)), response.status_code,
                        {"Content-Length": str(len(response.get_data()))}, mimetype=response.mimetype)  # fmt: skip
    return response


def _dripping(body: bytes, pause: float) -> Iterator[bytes]:
    for place in range(len(body)):
        time.sleep(pause)
        yield body[place : place + 1]


def _cut(request: Request) -> None:
    connection: socket.socket | None = request.environ.get("werkzeug.socket")
    if connection is not None:
        connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError("the switch cut the connection")


def _answer(shop: Shop, request: Request) -> Response:
    if request.path.startswith("/api"):
        return api.answer(shop, request)
    return storefront.answer(shop, request)


class Sandbox:
    """All servers, started together. `base_port` 0 takes free ports."""

    def __init__(self, database_url: str, *, base_port: int, portal_url: str) -> None:
        ports = [base_port + place if base_port else 0 for place in range(len(SHOPS) + 1)]
        self.shops: dict[str, Shop] = {}
        self.servers: list[BaseWSGIServer] = []
        for identity, port in zip(SHOPS, ports[1:], strict=True):
            server = make_server("127.0.0.1", port, _late, threaded=True, request_handler=Handler)
            shop = Shop(identity, database_url, f"http://127.0.0.1:{server.server_port}", portal_url)
            server.app = shop_application(shop)
            self.shops[identity.code] = shop
            self.servers.append(server)
        self.control = make_server("127.0.0.1", ports[0], control(self.shops), threaded=True, request_handler=Handler)
        self.servers.append(self.control)
        self.control_url = f"http://127.0.0.1:{self.control.server_port}"
        self.threads = [Thread(target=server.serve_forever, daemon=True) for server in self.servers]
        for thread in self.threads:
            thread.start()

    def close(self) -> None:
        """Stop serving."""
        for server in self.servers:
            server.shutdown()
            server.server_close()
        for shop in self.shops.values():
            shop.close()


def _late(_environ: dict[str, Any], _start_response: Any) -> Iterable[bytes]:
    raise RuntimeError("the shop is not built yet")
