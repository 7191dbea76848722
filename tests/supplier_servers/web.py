"""A supplier's web server: a WSGI application in a thread."""

from __future__ import annotations

import base64
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any
from wsgiref.simple_server import ServerHandler, WSGIRequestHandler, make_server

Environ = dict[str, Any]
StartResponse = Callable[..., Any]


@dataclass
class Web:
    """`list_` stands under /list.csv with an ETag; other paths are named after what they do. `asked`: what came in."""

    list_: bytes = b"Nummer;Lager;Pris\r\nX1;3;100\r\n"
    etag: str = '"v1"'
    last_modified: str = "Mon, 02 Mar 2026 08:00:00 GMT"
    credentials: tuple[str, str] | None = None  # Of /private.csv: what basic authentication must say.
    token: str = ""  # Of /token.csv: as bearer or in X-Api-Key.
    elsewhere: str = ""  # Where /moved leads.
    over: Event = field(default_factory=Event)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __call__(self, environ: Environ, start: StartResponse) -> Iterable[bytes]:
        path = str(environ["PATH_INFO"])
        headers = {name[5:].lower(): str(value) for name, value in environ.items() if name.startswith("HTTP_")}
        self.asked.append((path, headers))
        act = getattr(self, "_" + path.strip("/").partition(".")[0].replace("-", "_"), None)
        if act is None:
            start("404 Not Found", [("Content-Type", "text/plain")])
            return [b"no such list"]
        answer: Iterable[bytes] = act(headers, start)
        return answer

    def _list(self, headers: dict[str, str], start: StartResponse) -> Iterable[bytes]:
        said = [("ETag", self.etag), ("Last-Modified", self.last_modified)]
        if headers.get("if_none_match") == self.etag:
            start("304 Not Modified", said)
            return []
        named = ("Content-Disposition", 'attachment; filename="stock 2026-03-02.csv"')
        start("200 OK", [*said, named, ("Content-Length", str(len(self.list_))), ("Content-Type", "text/csv")])
        return [self.list_]

    def _plain(self, _headers: dict[str, str], start: StartResponse) -> Iterable[bytes]:
        """The list from a server that knows no ETag and does not say how long it is."""
        start("200 OK", [])
        return [self.list_[:10], self.list_[10:]]

    def _private(self, headers: dict[str, str], start: StartResponse) -> Iterable[bytes]:
        wanted = base64.b64encode(":".join(self.credentials or ("", "")).encode()).decode()
        return self._for(headers.get("authorization") == f"Basic {wanted}", headers, start)

    def _token(self, headers: dict[str, str], start: StartResponse) -> Iterable[bytes]:
        said = (headers.get("authorization"), headers.get("x_api_key"))
        return self._for(said in ((f"Bearer {self.token}", None), (None, self.token)), headers, start)

    def _for(self, known: bool, headers: dict[str, str], start: StartResponse) -> Iterable[bytes]:
        if known:
            return self._list(headers, start)
        start("401 Unauthorized", [("WWW-Authenticate", "Basic")])
        return [b"who are you"]

    def _forbidden(self, _headers: dict[str, str], start: StartResponse) -> Iterable[bytes]:
        start("403 Forbidden", [])
        return []

    def _busy(self, _headers: dict[str, str], start: StartResponse) -> Iterable[bytes]:
        start("429 Too Many Requests", [("Retry-After", "120")])
        return []

    def _broken(self, _headers: dict[str, str], start: StartResponse) -> Iterable[bytes]:
        start("503 Service Unavailable", [])
        return []

    def _empty(self, _headers: dict[str, str], start: StartResponse) -> Iterable[bytes]:
        start("200 OK", [("Content-Length", "0")])
        return []

    def _moved(self, _headers: dict[str, str], start: StartResponse) -> Iterable[bytes]:
        start("302 Found", [("Location", self.elsewhere)])
        return []

    def _round(self, _headers: dict[str, str], start: StartResponse) -> Iterable[bytes]:
        start("302 Found", [("Location", "/round")])
        return []

    def _large(self, _headers: dict[str, str], start: StartResponse) -> Iterable[bytes]:
        """Says how large it is."""
        start("200 OK", [("Content-Length", str(10**12))])
        return self._endless()

    def _growing(self, _headers: dict[str, str], start: StartResponse) -> Iterable[bytes]:
        """Does not say, and does not end."""
        start("200 OK", [])
        return self._endless()

    def _endless(self) -> Iterator[bytes]:
        while not self.over.is_set():
            yield b"x" * 65536

    def _slow(self, _headers: dict[str, str], start: StartResponse) -> Iterable[bytes]:
        """A byte now and then, for ever."""
        start("200 OK", [])
        while not self.over.wait(0.02):
            yield b"x"


class _Quiet(WSGIRequestHandler):
    def handle(self) -> None:
        try:
            super().handle()
        except (ConnectionError, ssl.SSLError, TimeoutError):
            return  # The client has left, as tests of limits want.

    def log_message(self, *_: Any) -> None:
        """Nothing is written to the tests' output."""


@contextmanager
def web_server(context: ssl.SSLContext | None = None) -> Iterator[Web]:
    """A supplier's web server, on TLS with `context`."""
    web = Web()
    errors = ServerHandler.log_exception
    ServerHandler.log_exception = lambda *_: None  # type: ignore[method-assign]  # Clients that leave are meant.
    with make_server("127.0.0.1", 0, web, handler_class=_Quiet) as server:
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        web.port = server.server_port
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield web
        finally:
            web.over.set()
            server.shutdown()
            thread.join(timeout=5)
            ServerHandler.log_exception = errors  # type: ignore[method-assign]
    assert not thread.is_alive()


def waits(seconds: float, until: Callable[[], bool]) -> bool:
    """Whether it comes true within so many seconds."""
    end = time.monotonic() + seconds
    while not until():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True
