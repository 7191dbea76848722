"""`iused doctor`: each setting and each system, checked for real, in words a person can act on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from rq.utils import import_attribute

from app import queue
from app.db import reading
from app.flows import queries
from app.flows.catalogue import QUEUES
from app.settings import ROOT, Settings

Check = dict[str, Any]
REACH_SHOP = "jobs.shops.reach"  # By name: commands import no job.
REACH_MOLLIE = "jobs.mollie_accounts.reach"
REACH_ORGANISATION = "jobs.mollie_accounts.reach_organisation"
SWEEP_LIMIT_S = 30


def examine(settings: Settings) -> list[Check]:
    """One entry per check: {name, ok, detail}. Nothing is raised; a failure is an entry."""
    checks: list[tuple[str, Callable[[], str]]] = [
        ("settings", lambda: f"{len(type(settings).model_fields)} read, all valid"),
        ("database", _database),
        ("migrations", _migrations),
        ("queue", _queue),
        ("workers", _workers),
        ("sweep", _sweep),
    ]
    for channel in _channels():
        checks.append((f"shop {channel}", partial(_shop, channel)))
    for channel in settings.mollie:
        checks.append((f"mollie {channel}", partial(_mollie, channel)))
    if settings.mollie_organisation is not None:
        checks.append(("mollie organisation", lambda: str(import_attribute(REACH_ORGANISATION)())))
    return [_run(name, check) for name, check in checks]


class Unwell(Exception):
    """A check that answered, and not as it should."""


def _run(name: str, check: Callable[[], str]) -> Check:
    try:
        return {"name": name, "ok": True, "detail": check()}
    except Unwell as error:
        return {"name": name, "ok": False, "detail": str(error)}
    except Exception as error:  # Whatever is wrong with a system is this command's answer.
        reading().rollback()
        return {"name": name, "ok": False, "detail": f"{type(error).__name__}: {error}".splitlines()[0]}


def _channels() -> list[str]:
    try:
        return list(reading().execute(sa.text("SELECT code FROM channel WHERE active ORDER BY position")).scalars())
    except sa.exc.SQLAlchemyError:
        reading().rollback()
        return []


def _shop(channel: str) -> str:
    return str(import_attribute(REACH_SHOP)(channel))


def _mollie(channel: str) -> str:
    return str(import_attribute(REACH_MOLLIE)(channel))


def _database() -> str:
    version: str = reading().execute(sa.text("SHOW server_version")).scalar_one()
    if int(version.split(".")[0]) < 15:
        raise Unwell(f"DATABASE_URL: PostgreSQL {version} is too old, 15 is needed")
    return f"PostgreSQL {version}"


def _migrations() -> str:
    config = Config(str(ROOT / "migrations" / "alembic.ini"))
    config.set_main_option("script_location", str(ROOT / "migrations"))
    head = ScriptDirectory.from_config(config).get_current_head()
    here = MigrationContext.configure(reading().connection()).get_current_revision()
    if here != head:
        raise Unwell(f"the database is at {here or 'nothing'}, the code wants {head}: run `iused db upgrade`")
    return f"at {head}"


def _queue() -> str:
    warnings = queue.check_server()
    return "; ".join(warnings) or "noeviction, append-only file on"


def _workers() -> str:
    from rq import Worker

    names = {name for worker in Worker.all(connection=queue.connection()) for name in worker.queue_names()}
    missing = sorted(set(QUEUES) - names)
    if missing:
        raise Unwell(f"nobody works on: {', '.join(missing)}")
    return f"on {', '.join(sorted(names))}"


def _sweep() -> str:
    age = queries.last_sweep_age_seconds(reading())
    if age is None or age > SWEEP_LIMIT_S:
        raise Unwell("no sweep within 30 s: is `python -m jobs.schedule` running?")
    return f"{age:.0f} s ago"
