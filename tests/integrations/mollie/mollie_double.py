"""A small Mollie on a real socket, for tests of the client: it keeps what it is told, and fails as it is told."""

from __future__ import annotations

import json
import socket
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from integrations.mollie.account import MollieAccount
from integrations.mollie.client import MollieClient

KEY = "test_s3cr3tOfTheProfile"
TOKEN = "access_s3cr3tOfTheHouse"
CREATED = "2026-11-20T09:13:37+00:00"


@dataclass
class Time:
    """A clock that moves only when somebody sleeps."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: Any

    @property
    def path(self) -> str:
        return urlsplit(self.target).path.removeprefix("/v2/")

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query))


@dataclass(frozen=True)
class Said:
    """An answer; a `body` of bytes is sent as it is, `length` lies about its size."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None
    drip_s: float = 0.0


Fault = Said | None  # None: the connection is cut before any answer.
Route = Callable[[Asked], Said]


def refusal(status: int, detail: str, at: str | None = None, **headers: str) -> Said:
    links = {"documentation": {"href": "https://docs.example", "type": "text/html"}}
    body = {"status": status, "title": "Refused", "detail": detail, "_links": links}
    return Said(status, body | ({"field": at} if at else {}), headers)


HTML = Said(200, b"<html>a proxy's page</html>", {"Content-Type": "text/html"})
HALF = Said(200, b'{"resource":"payment","id":"tr_1","amount":{"curr')
CUT = Said(200, b'{"resource":"payment"', length=5000)
DRIP = Said(200, b" " * 400, drip_s=0.02)


def money(value: str, currency: str = "EUR") -> dict[str, str]:
    return {"currency": currency, "value": value}


def payment(id_: str = "tr_1", **more: Any) -> dict[str, Any]:
    return {"resource": "payment", "id": id_, "mode": "test", "status": "open", "createdAt": CREATED,
            "amount": money("10.00"), "description": "10042", "sequenceType": "oneoff", "profileId": "pfl_1",
            "metadata": None, "_links": {}, **more}  # fmt: skip


def refund(id_: str = "re_1", **more: Any) -> dict[str, Any]:
    return {"resource": "refund", "id": id_, "mode": "test", "status": "pending", "createdAt": CREATED,
            "amount": money("5.95"), "description": "", "metadata": None, "paymentId": "tr_1", "_links": {},
            **more}  # fmt: skip


@dataclass
class MollieDouble:
    """`routes` answers by method and path, `lists` page by page; `faults` are used up first, one per request.

    `lost` are used up after the act: it is done and its answer is not seen. Keys are kept as the contract says.
    """

    url: str = ""
    routes: dict[tuple[str, str], Route] = field(default_factory=dict)
    lists: dict[str, tuple[str, list[dict[str, Any]]]] = field(default_factory=dict)
    page_size: int = 250
    faults: deque[Fault] = field(default_factory=deque)
    lost: deque[Fault] = field(default_factory=deque)
    asked: list[Asked] = field(default_factory=list)
    done: list[Asked] = field(default_factory=list)
    kept: dict[str, tuple[tuple[str, Any], Said]] = field(default_factory=dict)
    time: Time = field(default_factory=Time)
    over: Event = field(default_factory=Event)
    clients: list[MollieClient] = field(default_factory=list)

    def client(self, token: str = KEY, *, account: dict[str, Any] | None = None, **options: Any) -> MollieClient:
        defaults: dict[str, Any] = {"clock": self.time, "sleep": self.time.sleep, "uniform": lambda _low, high: high}
        client = MollieClient(MollieAccount(self.url, token, **(account or {})), **{**defaults, **options})
        self.clients.append(client)
        return client

    def says(self, method: str, path: str, body: Any, status: int = 200) -> None:
        self.routes[method, path] = lambda _asked: Said(status, body)

    def answer(self, asked: Asked) -> Fault:
        self.asked.append(asked)
        if self.faults:
            return self.faults.popleft()
        said = self._replayed(asked)
        return self.lost.popleft() if self.lost else said

    def _replayed(self, asked: Asked) -> Said:
        key = asked.headers.get("idempotency-key") if asked.method == "POST" else None
        sent = (asked.target, asked.body)
        if key in self.kept:
            known, first = self.kept[key]
            if known != sent:
                return refusal(400, "The Idempotency-Key was used with other parameters")
            return Said(first.status, first.body, {**first.headers, "Idempotent-Replayed": "true"})
        said = self._routed(asked)
        if key is not None:
            self.kept[key] = (sent, said)
        return said

    def _routed(self, asked: Asked) -> Said:
        if asked.method == "GET" and asked.path in self.lists:
            return self._page(asked)
        route = self.routes.get((asked.method, asked.path))
        if route is None:
            return refusal(404, f"No resource exists with token {asked.path.split('/')[-1]}.")
        self.done.append(asked)
        return route(asked)

    def _page(self, asked: Asked) -> Said:
        name, items = self.lists[asked.path]
        size = min(int(asked.query.get("limit", "50")), self.page_size)
        ids = [item["id"] for item in items]
        first = asked.query.get("from", ids[0] if ids else None)
        if first is not None and first not in ids:
            return refusal(400, "Invalid cursor value", "from")
        start = ids.index(first) if first is not None else 0
        rest = {name_: value for name_, value in asked.query.items() if name_ != "from"}
        query = "&".join(f"{name_}={value}" for name_, value in rest.items())
        following = items[start + size : start + size + 1]
        link = {"href": f"{self.url}/v2/{asked.path}?from={following[0]['id']}&{query}"} if following else None
        page = items[start : start + size]
        body = {"count": len(page), "_embedded": {name: page}, "_links": {"previous": None, "next": link}}
        return Said(200, body)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    double: MollieDouble

    def handle_any(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        said = self.double.answer(Asked(self.command, self.path, headers, json.loads(raw) if raw else None))
        if said is None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self._say(said)

    do_GET = do_POST = do_PATCH = do_DELETE = handle_any  # noqa: N815 - the names that http.server wants

    def _say(self, said: Said) -> None:
        body = (
            said.body if isinstance(said.body, bytes) else b"" if said.body is None else json.dumps(said.body).encode()
        )
        self.send_response(said.status)
        for name, value in ({"Content-Type": "application/hal+json"} | said.headers).items():
            self.send_header(name.replace("_", "-"), value)
        if said.status != 204:
            self.send_header("Content-Length", str(len(body) if said.length is None else said.length))
        self.end_headers()
        self._write(body, said.drip_s)
        if said.length is not None:
            self.close_connection = True

    def _write(self, body: bytes, drip_s: float) -> None:
        try:
            if not drip_s:
                self.wfile.write(body)
                return
            for place in range(len(body)):
                if self.double.over.wait(drip_s):
                    return
                self.wfile.write(body[place : place + 1])
        except OSError:
            self.close_connection = True  # The client has left, which is what the test wants.

    def log_message(self, *_args: object) -> None:
        """Tests are quiet."""


def running_double() -> Iterator[MollieDouble]:
    """For `mollie = pytest.fixture(running_double)`."""
    double = MollieDouble()
    handler = type("Handler", (_Handler,), {"double": double})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        double.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield double
        finally:
            double.over.set()
            for client in double.clients:
                client.close()
            server.shutdown()
            thread.join(timeout=5)
            assert not thread.is_alive()
