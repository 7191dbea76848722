"""Pages over HTTP: one web process of each side, connections kept alive, asked in turns."""

from __future__ import annotations

import asyncio
import http.client
import secrets
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from app import clock
from app.auth import services as accounts
from app.auth.sessions import cookie_name
from app.db import transaction
from app.extensions import settings
from app.process import WEB
from app.web.memory import ACTED
from bench.world import World, free_ports

CONNECTIONS = 16
OURS, PEER = "bench.web:app", "bench.admin:app"


class Browser:
    """Somebody who looks at pages, over one connection, and keeps cookies as browsers do."""

    def __init__(self, ports: Sequence[int], token: str = "") -> None:
        self._ports = ports
        self._connection = http.client.HTTPConnection("127.0.0.1", ports[0], timeout=300)
        self._cookies = {cookie_name(): token} if token else {}

    @property
    def _headers(self) -> dict[str, str]:
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        return {"Cookie": cookies} if cookies else {}

    def act(self) -> None:
        """From now on somebody who has just done something: nothing that they are told is remembered."""
        self._cookies[ACTED] = "1"

    def get(self, path: str) -> str:
        """The page, which must be there."""
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        body = answer.read().decode()
        for told in answer.headers.get_all("Set-Cookie", []):
            name, _is, value = told.partition(";")[0].partition("=")
            self._cookies[name] = value
        assert answer.status == 200, f"{path}: {answer.status}"
        return body

    def ms(self, path: str) -> float:
        """Milliseconds until the whole page is here."""
        started = time.perf_counter()
        self.get(path)
        return 1000 * (time.perf_counter() - started)

    def rate(self, path: str, count: int) -> float:
        """Pages a second, when CONNECTIONS people ask for the same one again and again, `count` times in all."""
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        request += "".join(f"{name}: {value}\r\n" for name, value in self._headers.items()) + "\r\n"
        started = time.perf_counter()
        asyncio.run(_ask(self._ports, request.encode(), count))
        return count / (time.perf_counter() - started)


async def _ask(ports: Sequence[int], request: bytes, count: int) -> None:
    left = iter(range(count))

    async def person(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
        for _number in left:
            assert await answer(reader, writer, request) == 200
        writer.close()

    await asyncio.gather(*(person(ports[number % len(ports)]) for number in range(CONNECTIONS)))


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> int:
    """The status of the answer, which was read to its end."""
    writer.write(request)
    await writer.drain()
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    await reader.readexactly(int(head.partition("content-length: ")[2].partition("\r\n")[0]))
    return int(head.split(" ", 2)[1])


@contextmanager
def served(here: World, target: str, *, token: str = "", processes: int = 1) -> Iterator[Browser]:
    """Web processes that serve `target`, and who looks at it.

    Each has an address of its own, and people are dealt to them: workers that accept from one socket leave all people
    of a burst to one of them now and then, and it answers half as many.
    """
    first = free_ports(processes)
    ports = range(first, first + processes)
    with ExitStack() as stack:
        for port in ports:
            command = (*WEB, "--bind", f"127.0.0.1:{port}", "--keep-alive", "60", target)
            stack.enter_context(here.process(sys.executable, *command, until=f"http://127.0.0.1:{port}/healthz"))
        yield Browser(ports, token)


def signed_in(role: str) -> str:
    """The token of somebody who is signed in."""
    with transaction() as session:
        user_id = accounts.add_user(session, email=f"{secrets.token_hex(4)}@bench.example", name="Bench", role=role,
                                    password="correct horse battery staple")  # noqa: S106  # fmt: skip
        return accounts.open_session(session, user_id, network="127.0.0.1", agent="bench", now=clock.now(),
                                     settings=settings())  # fmt: skip
