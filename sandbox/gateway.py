"""What stands between a caller and a bought system: the switches, and the HTTP servers."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from werkzeug import Request, Response
from werkzeug.serving import WSGIRequestHandler

from sandbox.faults import Faults

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]
_HANGS_S = 60.0  # Longer than callers wait.


@dataclass(frozen=True, slots=True)
class Words:
    """How a system itself says that it is asked too often, or broken."""

    mimetype: str
    limited: str
    broken: str
    unavailable: str | None = None  # None: a 503 comes from the gateway before it.


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


def with_faults(faults: Faults, words: Words, request: Request, answer: Callable[[], Response]) -> Response:
    """The answer, or what the switches make of it."""
    if not faults.active:
        return answer()
    path = request.path
    if refused := _instead(faults, words, request):
        return refused
    response = answer()
    if slow := faults.hit("timeout_after", path):
        time.sleep(float(slow.value or _HANGS_S))
        _cut(request)
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


def _instead(faults: Faults, words: Words, request: Request) -> Response | None:
    """What happens before the system is asked."""
    path = request.path
    if slow := faults.hit("latency", path):
        time.sleep(float(slow.value or 0.5))
    if slow := faults.hit("timeout_before", path):
        time.sleep(float(slow.value or _HANGS_S))
        _cut(request)
    if limited := faults.hit("429", path):
        headers = {"Retry-After": limited.value} if limited.value else {}
        return Response(words.limited, 429, headers, mimetype=words.mimetype)
    if faults.hit("deadlock", path) or faults.hit("500", path):
        return Response(words.broken, 500, mimetype=words.mimetype)
    for status in ("502", "503", "504"):
        if not faults.hit(status, path):
            continue
        if status == "503" and words.unavailable:
            return Response(words.unavailable, 503, mimetype=words.mimetype)
        return Response("<html><h1>Gateway</h1></html>", int(status), mimetype="text/html")
    if faults.hit("cut_before", path):
        _cut(request)
    return None


def _dripping(body: bytes, pause: float) -> Iterator[bytes]:
    for place in range(len(body)):
        time.sleep(pause)
        yield body[place : place + 1]


def _cut(request: Request) -> None:
    connection: socket.socket | None = request.environ.get("werkzeug.socket")
    if connection is not None:
        connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError("the switch cut the connection")


def late(_environ: dict[str, Any], _start_response: Any) -> Iterable[bytes]:
    """The application of a server whose port is known before what it serves is built."""
    raise RuntimeError("the system is not built yet")
