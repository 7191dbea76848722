"""Pages over HTTP: one web process of each side, connections kept alive, asked in turns."""

from __future__ import annotations

import http.client
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from app import clock
from app.auth import services as accounts
from app.auth.sessions import cookie_name
from app.db import transaction
from app.extensions import settings
from bench.world import World, free_ports

OURS, PEER = "bench.web:app", "bench.admin:app"


class Browser:
    """Somebody who looks at pages, over one connection."""

    def __init__(self, port: int, token: str = "") -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
        self._headers = {"Cookie": f"{cookie_name()}={token}"} if token else {}

    def get(self, path: str) -> str:
        """The page, which must be there."""
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        body = answer.read().decode()
        assert answer.status == 200, f"{path}: {answer.status}"
        return body

    def ms(self, path: str) -> float:
        """Milliseconds until the whole page is here."""
        started = time.perf_counter()
        self.get(path)
        return 1000 * (time.perf_counter() - started)


@contextmanager
def served(here: World, target: str, *, token: str = "") -> Iterator[Browser]:
    """One web process with eight threads that serves `target`, as the demo does, and who looks at it."""
    port = free_ports(1)
    command = ("-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "1", "--worker-class", "gthread",
               "--threads", "8", "--keep-alive", "60", "--log-level", "warning", "--no-control-socket",
               target)  # fmt: skip
    with here.process(sys.executable, *command, until=f"http://127.0.0.1:{port}/healthz"):
        yield Browser(port, token)


def signed_in(role: str) -> str:
    """The token of somebody who is signed in."""
    with transaction() as session:
        user_id = accounts.add_user(session, email=f"{secrets.token_hex(4)}@bench.example", name="Bench", role=role,
                                    password="correct horse battery staple")  # noqa: S106  # fmt: skip
        return accounts.open_session(session, user_id, network="127.0.0.1", agent="bench", now=clock.now(),
                                     settings=settings())  # fmt: skip
