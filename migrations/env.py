"""Alembic's environment: the application's engine, its metadata, and a short lock timeout."""

from __future__ import annotations

from typing import Any

from alembic import context
from sqlalchemy import text

from app.db import Base, db

LOCK_TIMEOUT = "5s"  # A migration that cannot get its lock gives up rather than hold every request.


def run() -> None:
    """Migrate through a connection handed over in the configuration, or one of the application's engine."""
    given: Any = context.config.attributes.get("connection")
    if given is not None:
        _run_on(given)
        return
    with db.engine.connect() as connection:
        _run_on(connection)


def _run_on(connection: Any) -> None:
    connection.execute(text("SELECT set_config('lock_timeout', :timeout, false)"), {"timeout": LOCK_TIMEOUT})
    connection.commit()
    context.configure(connection=connection, target_metadata=Base.metadata, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()


run()
