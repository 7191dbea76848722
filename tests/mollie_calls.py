"""The sandbox's Mollie spoken to with bare HTTP: no mistake of a client is mirrored.

And a portal's end of its webhooks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread
from typing import Any

import httpx
import pytest

from sandbox.testing import MollieHandle, SandboxHandle

SHOP, OTHER_SHOP = "refurbished-direct", "econocom"
WAIT_S = 10.0


def euro(value: str) -> dict[str, str]:
    return {"currency": "EUR", "value": value}


@dataclass(frozen=True, slots=True)
class BareMollie:
    """One credential."""

    handle: MollieHandle
    http: httpx.Client

    def get(self, path: str, **query: str) -> httpx.Response:
        return self.http.get(f"/v2/{path}", params=query)

    def post(self, path: str, body: Any = None, *, key: str = "") -> httpx.Response:
        return self.http.post(f"/v2/{path}", json=body or {}, headers={"Idempotency-Key": key} if key else {})

    def create(self, **fields: Any) -> httpx.Response:
        """A payment of 10 euro that is complete; None leaves a field out."""
        body = {"amount": euro("10.00"), "description": "Order 1", "redirectUrl": "https://shop.example/back", **fields}
        return self.post("payments", {name: value for name, value in body.items() if value is not None})

    def payment(self, **fields: Any) -> dict[str, Any]:
        answer = self.create(**fields)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def seen(self, id_: str, **query: str) -> dict[str, Any]:
        """A payment as it is now."""
        answer = self.get(f"payments/{id_}", **query)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def paid(self, **fields: Any) -> dict[str, Any]:
        made = self.payment(**fields)
        self.handle.act(made["id"], "pay")
        return self.seen(made["id"])


@contextmanager
def bare_mollie(handle: MollieHandle, token: str) -> Iterator[BareMollie]:
    """Speak with a credential until the block ends."""
    with httpx.Client(base_url=handle.base_url, headers={"Authorization": f"Bearer {token}"}, timeout=20) as http:
        yield BareMollie(handle, http)


@dataclass(slots=True)
class Receiver:
    """Takes webhook calls, and answers each with the next of `answers`, then 200."""

    url: str
    calls: list[tuple[str, dict[str, str], str]] = field(default_factory=list)  # Method, headers, body.
    answers: list[int | str | Callable[[], int]] = field(default_factory=list)  # A text: redirected there with 302.
    came: Condition = field(default_factory=Condition)

    def wait(self, number: int) -> list[str]:
        """The bodies, once so many came. Fails after some seconds."""
        with self.came:
            assert self.came.wait_for(lambda: len(self.calls) >= number, WAIT_S), f"{len(self.calls)} of {number}"
            return [body for _method, _headers, body in self.calls]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A server for webhooks on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            with taken.came:
                taken.calls.append((self.command, self._joined(), body))
                answer = taken.answers.pop(0) if taken.answers else 200
                taken.came.notify_all()
            if callable(answer):
                answer = answer()
            self.send_response(302 if isinstance(answer, str) else answer)
            if isinstance(answer, str):
                self.send_header("Location", answer)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _joined(self) -> dict[str, str]:
            """By small names; what came twice is joined with a comma, as proxies do."""
            return {name.lower(): ", ".join(self.headers.get_all(name) or []) for name in self.headers}

        do_GET = do_POST  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    taken = Receiver(f"http://127.0.0.1:{server.server_port}/hook")
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield taken
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


@pytest.fixture
def handle(world: SandboxHandle) -> MollieHandle:
    """The sandbox's Mollie, that nobody has used."""
    return world.mollie


@pytest.fixture
def mollie(handle: MollieHandle) -> Iterator[BareMollie]:
    """The test key of a shop's profile."""
    with bare_mollie(handle, handle.key(SHOP)) as bare:
        yield bare


@pytest.fixture
def organisation(handle: MollieHandle) -> Iterator[BareMollie]:
    with bare_mollie(handle, handle.organisation_token) as bare:
        yield bare


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A portal's end of the webhooks."""
    with receiving() as made:
        yield made
