"""The console script `iused`. With --json a command prints one JSON object as its last line."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from flask import Flask
from flask.cli import AppGroup, FlaskGroup, with_appcontext

from app import clock, create_app, embedded, queue
from app.db import reading, transaction
from app.extensions import settings
from app.settings import InvalidSettings, demo_environment

Command = TypeVar("Command", bound=Callable[..., Any])
as_json = click.option("--json", "json_", is_flag=True, help="Print one JSON object as the last line.")


def answer(result: dict[str, Any], *, json_: bool) -> None:
    """One JSON object, or one `name: value` a line for people."""
    if json_:
        click.echo(json.dumps(result, default=str))
        return
    for name, value in result.items():
        click.echo(f"{name}: {value}")


def fail(code: str, detail: str, *, json_: bool) -> None:
    """Say what is wrong on standard error (and as JSON when asked) and leave with 1."""
    if json_:
        click.echo(json.dumps({"error": code, "detail": detail}))
    else:
        click.echo(f"error: {detail}", err=True)
    sys.exit(1)


users = AppGroup("users", help="Accounts.")
offers = AppGroup("offers", help="Offer files.")
flows = AppGroup("flows", help="Flows and their lanes.")
messages = AppGroup("messages", help="The message ledger.")


@users.command("add")
@click.argument("email")
@click.option("--name", required=True)
@click.option("--role", type=click.Choice(["agent", "purchasing", "manager", "admin"]), required=True)
@click.password_option()
@as_json
def users_add(email: str, name: str, role: str, password: str, json_: bool) -> None:
    """Make an account."""
    from app.auth import services

    try:
        with transaction() as session:
            user_id = services.add_user(session, email=email, name=name, role=role, password=password)
    except (services.EmailTaken, services.WeakPassword) as error:
        fail(type(error).__name__, str(error), json_=json_)
    answer({"user_id": user_id, "email": email.lower(), "role": role}, json_=json_)


@offers.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--supplier", "supplier_code", required=True, help="The supplier's code.")
@click.option("--dry-run", is_flag=True, help="Check only; nothing is applied, and the file is not kept open.")
@click.option("--accept", is_flag=True, help="Apply the difference.")
@click.option("--wait", is_flag=True, help="Also wait until the storefronts have the changed listings.")
@as_json
def offers_import(file: Path, supplier_code: str, dry_run: bool, accept: bool, wait: bool, json_: bool) -> None:
    """Read FILE as an offer file of a supplier and say what it would change; with --accept apply it."""
    from app.offers import commands

    if dry_run and accept:
        fail("usage", "--dry-run and --accept exclude each other", json_=json_)
    try:
        result = commands.import_file(file, supplier_code, accept=accept, keep=not dry_run, wait=wait)
    except commands.ImportFailed as error:
        fail(error.code, str(error), json_=json_)
    answer(result, json_=json_)


@flows.command("list")
@as_json
def flows_list(json_: bool) -> None:
    """Each lane with what waits, what is dead, and its last success."""
    from app.flows import queries

    answer({"lanes": [lane._asdict() for lane in queries.lane_states(reading())]}, json_=json_)


@flows.command("run")
@click.argument("flow")
@as_json
def flows_run(flow: str, json_: bool) -> None:
    """Work everything that is due for FLOW in this process."""
    from app.flows import queries
    from app.flows.catalogue import FLOWS

    if flow not in FLOWS:
        fail("unknown_flow", f"no flow {flow}; known: {', '.join(FLOWS)}", json_=json_)
    before = queries.newest_run_id(reading())
    queue.work_here(flow)
    answer({"flow": flow, **queries.totals_since(reading(), flow, run_id=before)}, json_=json_)


@messages.command("list")
@click.option("--flow", default=None)
@click.option("--state", default=None)
@click.option("--limit", default=50, type=click.IntRange(1, 500))
@as_json
def messages_list(flow: str | None, state: str | None, limit: int, json_: bool) -> None:
    """The newest messages."""
    from app.flows import queries

    rows = queries.newest_messages(reading(), flow=flow, state=state, limit=limit)
    answer({"messages": [row._asdict() for row in rows]}, json_=json_)


@messages.command("replay")
@click.argument("message_id", type=int, required=False)
@click.option("--flow", default=None, help="Every dead message of this flow.")
@as_json
def messages_replay(message_id: int | None, flow: str | None, json_: bool) -> None:
    """Make one dead message, or all of a flow, due again."""
    from app.flows import services
    from app.flows.catalogue import FLOWS

    if (message_id is None) == (flow is None):
        fail("usage", "name one MESSAGE_ID or --flow", json_=json_)
    if flow is not None and flow not in FLOWS:
        fail("unknown_flow", f"no flow {flow}; known: {', '.join(FLOWS)}", json_=json_)
    try:
        with transaction() as session:
            if message_id is not None:
                done = services.replay(session, message_id, now=clock.now())
                flow, count = done.flow, int(done.state == "pending")
            else:
                count = services.replay_all(session, flow or "", channel=None, now=clock.now())
    except services.NotReplayable as error:
        fail("not_dead", f"message {message_id} is {error}, only a dead one is replayed", json_=json_)
    queue.wake(flow or "")
    answer({"flow": flow, "replayed": count}, json_=json_)


@click.command("doctor")
@as_json
@with_appcontext
def doctor(json_: bool) -> None:
    """Check every setting and reach every system; leaves with 1 when something is wrong."""
    from app.flows import doctor as checks

    result = checks.examine(settings())
    answer({"ok": all(check["ok"] for check in result), "checks": result}, json_=json_)
    if not all(check["ok"] for check in result):
        sys.exit(1)


def make_app() -> Flask:
    """The application for a command; the embedded servers are joined or started when no others are named."""
    environment = dict(os.environ)
    try:
        embedded.ensure(environment)
        os.environ.update(demo_environment(environment))
        return create_app()
    except InvalidSettings as error:
        raise click.ClickException(str(error)) from error


def main() -> None:
    """Entry of the console script."""
    group = FlaskGroup(create_app=make_app, add_version_option=False)
    for command in (users, offers, flows, messages, doctor):
        group.add_command(command)
    group.main(prog_name="iused")
