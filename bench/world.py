"""A portal of its own for a measurement: fresh servers, seeded data, the sandbox in a process beside it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import psycopg
from flask import Flask
from psycopg import sql

from app import create_app, embedded
from app.settings import ROOT, load_settings

WAIT_S = 60.0


@dataclass(frozen=True, slots=True)
class World:
    """The portal's application in this process, and the environment of processes that belong to it."""

    app: Flask
    environment: dict[str, str]

    @contextmanager
    def process(self, *command: str, until: str | None = None) -> Iterator[subprocess.Popen[bytes]]:
        """A process of this world, to the end of the block."""
        with running(command, self.environment, until=until) as process:
            yield process

    def with_copy(self, name: str) -> World:
        """This world with a database `name`, which is what this one's holds now; the application stays with this one.

        Nobody else may be connected meanwhile.
        """
        from app.db import db

        db.session.remove()
        db.engine.dispose()
        url = self.environment["DATABASE_URL"]
        with psycopg.connect(embedded.with_database(url, "postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE iused").format(sql.Identifier(name)))
        return replace(self, environment=self.environment | {"DATABASE_URL": embedded.with_database(url, name)})


@contextmanager
def world(*, seed_catalogue: bool = True) -> Iterator[World]:
    """Migrated and seeded, with both sandbox shops running; everything is gone after the block."""
    from flask_migrate import upgrade

    from app.db import db
    from app.demo import seed

    folder = Path(tempfile.mkdtemp(prefix="iused-bench-"))
    folder.chmod(0o755)  # The embedded server runs under an account of its own.
    url, stop_postgres = embedded.postgres(folder / "postgres", owner=True)
    redis_url, stop_valkey = embedded.valkey(folder / "valkey")
    port = free_ports(3)
    environment = {
        **os.environ,
        "ENVIRONMENT": "demo",
        "SECRET_KEY": "a key for measurements only, 32 long",
        "DATABASE_URL": embedded.database_beside(url, "iused"),
        "REDIS_URL": redis_url,
        "LOG_LEVEL": "WARNING",
        "SANDBOX_DATABASE_URL": embedded.database_beside(url, "iused_sandbox"),
        "SANDBOX_PORT": str(port),
        "SANDBOX_PORTAL_URL": "http://127.0.0.1:9",
    }
    environment["SHOPS"] = subprocess.run(
        [sys.executable, "-m", "sandbox", "shops"],
        env=environment,
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    try:
        os.environ.update(environment)
        app = create_app(load_settings())
        with app.app_context():
            upgrade()
            if seed_catalogue:
                seed.fill([], "", files=folder / "files")
            with running(
                [sys.executable, "-m", "sandbox", "serve"], environment, until=f"http://127.0.0.1:{port}/stats"
            ):
                yield World(app, environment)
            db.session.remove()
            db.engine.dispose()
    finally:
        stop_valkey()
        stop_postgres()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running(
    command: Sequence[str], environment: dict[str, str], *, until: str | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A process until the block ends; with `until`, the block starts when that URL answers 200.

    Nothing that it started outlives it: a child of a killed worker would still write to the database.
    """
    process = subprocess.Popen(list(command), env=environment, cwd=ROOT, start_new_session=True)
    try:
        if until is not None:
            _wait(until, process)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=5)
        with suppress(ProcessLookupError):  # Nobody was left.
            os.killpg(process.pid, signal.SIGKILL)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + WAIT_S
    while time.monotonic() < ends:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
        try:
            if httpx.get(url, timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.05)  # Not listening yet.
    raise RuntimeError(f"{url} did not answer in {WAIT_S} s")


def shop_of(environment: dict[str, str], code: str) -> dict[str, str]:
    """How a sandbox shop is reached."""
    shop: dict[str, str] = json.loads(environment["SHOPS"])[code]
    return shop


def free_ports(count: int) -> int:
    """The first of `count` ports in a row that nobody listens on; the system picks it, so that two callers differ."""
    for _ in range(50):
        with ExitStack() as held:
            try:
                first = 0
                for place in range(count):
                    one = held.enter_context(socket.socket())
                    one.bind(("127.0.0.1", first + place if place else 0))
                    first = first or one.getsockname()[1]
                return first
            except (OSError, OverflowError):
                continue  # The row is not free.
    raise RuntimeError("no free ports")
