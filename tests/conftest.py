"""Real PostgreSQL and Valkey for every test; one database per xdist worker, rolled back per test.

TEST_DATABASE_SERVER_URL and TEST_REDIS_URL name servers of your own; unset, private ones are started once per run.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, cast

import psycopg
import pytest
from flask import Flask, g, has_request_context, request
from flask.testing import FlaskClient
from psycopg import sql
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app import create_app, embedded
from app.db import Base, acts, db
from app.demo import seed
from app.settings import Settings, Shop, load_settings
from jobs import shops
from sandbox.testing import BareShop, SandboxHandle, bare_shop, running_sandbox, webhook_token

pytest_plugins = ["browsing", "desk", "mollie_calls", "paying", "remembering", "supplier_servers.fixtures"]
CHANNELS = ("refurbished-direct", "econocom")
PASSWORD = "correct horse battery staple"
EMPTYING_TRIES = 5


def pytest_configure(config: pytest.Config) -> None:
    """The controlling process starts the servers; its workers inherit their addresses by environment."""
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    folder = Path(tempfile.mkdtemp(prefix="iused-tests-"))
    folder.chmod(0o755)
    stops: list[Callable[[], None]] = []
    if not os.environ.get("TEST_DATABASE_SERVER_URL"):
        os.environ["TEST_DATABASE_SERVER_URL"], stop = embedded.postgres(folder / "postgres")
        stops.append(stop)
    if not os.environ.get("TEST_REDIS_URL"):
        os.environ["TEST_REDIS_URL"], stop = embedded.valkey(folder / "valkey")
        stops.append(stop)
    stops.insert(0, lambda: shutil.rmtree(folder, ignore_errors=True))
    config.stash[STOPS] = stops


def pytest_unconfigure(config: pytest.Config) -> None:
    stops: list[Callable[[], None]] = config.stash.get(STOPS, [])
    for stop in reversed(stops):
        stop()


STOPS = pytest.StashKey[list[Callable[[], None]]]()


@pytest.fixture(scope="session")
def database_url(worker_name: str) -> Iterator[str]:
    """A migrated database of this worker's own."""
    server = os.environ["TEST_DATABASE_SERVER_URL"]
    name = f"iused_test_{os.getpid()}_{worker_name}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    yield embedded.with_database(server, name)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def worker_name(request: pytest.FixtureRequest) -> str:
    """`gw0`, … under xdist, else `main`."""
    workerinput = getattr(request.config, "workerinput", None)
    return str(workerinput["workerid"]) if workerinput else "main"


@pytest.fixture(scope="session")
def settings(database_url: str, worker_name: str) -> Settings:
    number = int(worker_name.removeprefix("gw")) + 1 if worker_name.startswith("gw") else 0
    url = os.environ["TEST_REDIS_URL"]
    return load_settings(
        environment="test",
        secret_key="0123456789abcdef0123456789abcdef",
        database_url=database_url,
        redis_url=url + ("&" if "?" in url else "?") + f"db={number}",
        trusted_hosts=["localhost", "127.0.0.1"],
        memory_seconds=0,  # Rolled back changes notify nobody; its own tests turn it on.
        work_memory_ms=0,  # Likewise.
        sweep_seconds=0.2,
        lease_seconds=2,
        retry_first_seconds=0.01,
    )


@pytest.fixture(scope="session")
def _application(settings: Settings) -> Iterator[Flask]:
    """One application per worker, on a database built by the migrations."""
    from flask_migrate import upgrade

    app = create_app(settings)
    app.test_client_class = FreshClient

    @app.before_request
    def note_that_it_is_one() -> None:
        request.environ[_DISPATCHED] = True

    with app.app_context():
        upgrade()
        event.listen(db.engine, "before_cursor_execute", _only_acts_write)
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def _only_acts_write(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
    """Outside `transaction` each statement is committed by itself: a page that writes so has no act to undo.

    A test has one transaction around everything, which would hide it.
    """
    in_request = has_request_context() and _DISPATCHED in request.environ
    if in_request and _WRITES.match(statement) and not acts(db.session()):
        raise AssertionError(f"written outside of a transaction: {statement}")


_DISPATCHED = "tests.dispatched"
_WRITES = re.compile(
    r"\s*(INSERT|UPDATE|DELETE|MERGE|CREATE|LOCK|SET|.*\bFOR (UPDATE|SHARE)\b|.*_xact_lock)", re.DOTALL
)


class FreshClient(FlaskClient):
    """Each request finds its own person, language and token: the test's application context would keep the last."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        for name in tuple(g):
            g.pop(name)
        return super().open(*args, **kwargs)


@pytest.fixture
def app(_application: Flask) -> Iterator[Flask]:
    """The application, with everything that the test writes rolled back afterwards.

    Each commit inside is a savepoint of one outer transaction, which is never committed.
    """
    with _application.app_context():
        engine = db.engine
        engines = cast(dict[Any, Any], db.engines)
        with engine.connect() as connection:
            outer = connection.begin()
            db.session.remove()
            db.session.configure(join_transaction_mode="create_savepoint")
            engines[None] = connection
            try:
                yield _application
            finally:
                db.session.remove()
                engines[None] = engine
                outer.rollback()


@pytest.fixture(autouse=True)
def _push_request_context() -> None:
    """Not pytest-flask's: a test begins outside any request, as commands and jobs do."""


@pytest.fixture
def session(app: Flask) -> Session:
    """The session that the code under test uses too."""
    return db.session()


@pytest.fixture
def committed(_application: Flask) -> Iterator[Flask]:
    """The application with commits that are real, for tests with several connections; all rows go afterwards."""
    with _application.app_context():
        yield _application
        db.session.remove()
        db.engine.dispose()
        for left in reversed(range(EMPTYING_TRIES)):
            try:
                _empty()
                break
            except OperationalError:  # A lock: autovacuum, or somebody who came back after being sent away.
                if not left:
                    raise
        db.engine.dispose()


def _empty() -> None:
    """Every table empty and every number at its start; whoever else is connected is sent away first."""
    names = ", ".join(f'"{table.name}"' for table in Base.metadata.sorted_tables)
    with db.engine.begin() as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        # Ledgers that refuse it are emptied all the same, in a session that fires no triggers.
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.exec_driver_sql("SET LOCAL lock_timeout = '10s'")
        connection.exec_driver_sql(f"TRUNCATE {names} RESTART IDENTITY CASCADE")


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser that nobody has signed in with."""
    return app.test_client()


@pytest.fixture
def sign_in(app: Flask) -> Callable[[str], FlaskClient]:
    """A signed-in browser for a role, with CSRF checks off: the tests of the door turn them on.

    The session is opened as the sign-in page opens it, without the work of checking a password.
    """
    from app import clock
    from app.auth import services
    from app.auth.models import User

    def enter(role: str) -> FlaskClient:
        app.config["WTF_CSRF_ENABLED"] = False
        user = User(email=f"{role}@example.com", name=role.title(), role=role, password_hash=password_hash())
        db.session.add(user)
        db.session.flush()
        token = services.open_session(db.session(), user.id, network="127.0.0.1", agent="a test", now=clock.now(),
                                      settings=app.extensions["settings"])  # fmt: skip
        db.session.commit()
        browser = app.test_client()
        browser.set_cookie("iused", token)
        return browser

    return enter


@cache
def password_hash() -> str:
    """Of PASSWORD, made once: it is slow on purpose."""
    from app.auth.passwords import hash_password

    return hash_password(PASSWORD)


@pytest.fixture(autouse=True)
def _csrf_as_configured(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "_application" in request.fixturenames:
        request.getfixturevalue("_application").config["WTF_CSRF_ENABLED"] = True


@pytest.fixture(scope="session")
def sandbox_world(worker_name: str) -> Iterator[SandboxHandle]:
    """The outside world on free ports, with a database of its own, for the whole run of this worker."""
    server = os.environ["TEST_DATABASE_SERVER_URL"]
    name = f"iused_sandbox_{os.getpid()}_{worker_name}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    with running_sandbox(embedded.with_database(server, name)) as handle:
        yield handle
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def world(sandbox_world: SandboxHandle) -> SandboxHandle:
    """Fresh shops, and a Mollie that nobody has used."""
    sandbox_world.reset()
    return sandbox_world


@pytest.fixture(params=["refurbished-direct", "econocom"])
def shop(request: pytest.FixtureRequest, world: SandboxHandle) -> Iterator[BareShop]:
    """Each of the two versions."""
    made = bare_shop(world, request.param)
    yield made
    made.http.close()


@pytest.fixture
def shop_of(world: SandboxHandle) -> Iterator[Callable[[str], BareShop]]:
    """A shop by its code."""
    made: list[BareShop] = []

    def connect(code: str) -> BareShop:
        made.append(bare_shop(world, code))
        return made[-1]

    yield connect
    for shop in made:
        shop.http.close()


@pytest.fixture
def process_environment(settings: Settings, world: SandboxHandle) -> dict[str, str]:
    """What a process of the portal needs to run on this test's database, queue and shops."""
    shops = {
        code: {"base_url": shop.base_url, "client_id": shop.client_id, "client_secret": shop.client_secret,
               "app_secret": shop.app_secret}
        for code in ("refurbished-direct", "econocom") for shop in (world.shop(code),)
    }  # fmt: skip
    mollie = {
        code: {"base_url": world.mollie.base_url, "api_key": world.mollie.key(code),
               "profile_id": world.mollie.profile_id(code), "webhook_token": webhook_token(code),
               "bridge": "portal" if code == "econocom" else "storefront"}
        for code in CHANNELS
    }  # fmt: skip
    organisation = {"base_url": world.mollie.base_url, "token": world.mollie.organisation_token, "mode": "test"}
    return {
        **os.environ, "ENVIRONMENT": "test", "SECRET_KEY": settings.secret_key.get_secret_value(),
        "MOLLIE": json.dumps(mollie), "MOLLIE_ORGANISATION": json.dumps(organisation),
        "DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url, "SHOPS": json.dumps(shops),
        "LOG_LEVEL": "WARNING", "SWEEP_SECONDS": "0.3", "LEASE_SECONDS": "2", "RETRY_FIRST_SECONDS": "0.05",
        "PAYMENT_GRACE_SECONDS": "1",
    }  # fmt: skip


@pytest.fixture
def portal(committed: Flask, world: SandboxHandle, tmp_path: Path) -> Iterator[Flask]:
    """The seeded portal, connected to both sandbox shops."""
    before = committed.extensions["settings"]
    reached = {}
    for code in CHANNELS:
        shop = world.shop(code)
        reached[code] = Shop(
            base_url=shop.base_url,
            client_id=shop.client_id,
            client_secret=shop.client_secret,  # type: ignore[arg-type]
            app_secret=shop.app_secret,  # type: ignore[arg-type]
        )
    committed.extensions["settings"] = before.model_copy(update={"shops": reached})
    shops._client.cache_clear()
    seed.fill([], "", files=tmp_path / "files")
    yield committed
    committed.extensions["settings"] = before
