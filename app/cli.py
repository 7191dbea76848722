"""The console script `iused`. With --json a command prints one JSON object as its last line.

What stops a command is said in a sentence on standard error, or as `{"error", "detail"}` with --json, and the exit
status is 1; nothing is done by halves.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click
from flask import Flask
from flask.cli import AppGroup, ScriptInfo, shell_command, with_appcontext
from sqlalchemy.exc import DataError, NoResultFound, OperationalError, ProgrammingError

from app import clock, create_app, embedded, queue
from app.db import reading, transaction
from app.extensions import settings
from app.settings import InvalidSettings, demo_environment

Command = TypeVar("Command", bound=Callable[..., Any])
as_json = click.option("--json", "json_", is_flag=True, help="Print one JSON object as the last line.")


def answer(result: dict[str, Any], *, json_: bool) -> None:
    """One JSON object; for people one `name: value` a line, and a list as a table."""
    if json_:
        click.echo(json.dumps(result, default=str))
        return
    for name, value in result.items():
        if value and isinstance(value, list):
            for line in _table(value):
                click.echo(line)
        else:
            click.echo(f"{name}: {_cell(None if value == [] else value)}")


def _table(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A line of names and a line per row, each column as wide as its widest cell."""
    cells = [list(rows[0]), *([_cell(value) for value in row.values()] for row in rows)]
    widths = [max(len(cell) for cell in column) for column in zip(*cells, strict=True)]
    for line in cells:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def _cell(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_cell(inner)}" for name, inner in value.items()) or "-"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else str(value)


def fail(code: str, detail: str, *, json_: bool) -> NoReturn:
    """Say what is wrong on standard error (and as JSON when asked) and leave with 1."""
    if json_:
        click.echo(json.dumps({"error": code, "detail": detail}))
    else:
        click.echo(f"error: {detail}", err=True)
    sys.exit(1)


class Commands(AppGroup):
    """All commands, each in the application's context, with one way to fail."""

    def main(self, args: Sequence[str] | None = None, *more: Any, **extra: Any) -> Any:
        """Run a command and leave with its status."""
        words = list(sys.argv[1:] if args is None else args)
        json_ = "--json" in words
        extra = {"obj": ScriptInfo(create_app=make_app, set_debug_flag=False)} | extra
        try:
            sys.exit(super().main(words, *more, **(extra | {"standalone_mode": False})))
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            sys.exit(1)
        except click.ClickException as error:
            fail("usage", " ".join(error.format_message().split()), json_=json_)
        except click.Abort:
            fail("aborted", "nothing was done", json_=json_)
        except InvalidSettings as error:
            fail("settings", str(error), json_=json_)
        except DataError:
            fail("usage", "a number or a character is beyond what can be stored", json_=json_)
        except ProgrammingError as error:
            fail("database", f"{_first_line(error)}: run `iused db upgrade`", json_=json_)
        except OperationalError as error:
            fail("database", _first_line(error), json_=json_)


def _first_line(error: OperationalError | ProgrammingError) -> str:
    """What the server said, without the statement."""
    return str(error.orig).strip().splitlines()[0]


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
    from email_validator import EmailNotValidError, validate_email

    from app.auth import services

    try:
        validate_email(email, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        fail("email", str(error), json_=json_)
    try:
        with transaction() as session:
            user_id = services.add_user(session, email=email, name=name, role=role, password=password)
    except services.EmailTaken:
        fail("email_taken", f"there is an account with the address {email}", json_=json_)
    except services.WeakPassword as error:
        fail("weak_password", str(error), json_=json_)
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


def _known_flow(flow: str, *, json_: bool) -> None:
    from app.flows.catalogue import FLOWS

    if flow not in FLOWS:
        fail("unknown_flow", f"no flow {flow}; known: {', '.join(FLOWS)}", json_=json_)


@flows.command("run")
@click.argument("flow")
@as_json
def flows_run(flow: str, json_: bool) -> None:
    """Work everything that is due for FLOW in this process."""
    from app.flows import queries

    _known_flow(flow, json_=json_)
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
    from app.flows.models import STATES

    if flow is not None:
        _known_flow(flow, json_=json_)
    if state is not None and state not in STATES:
        fail("unknown_state", f"no state {state}; known: {', '.join(STATES)}", json_=json_)
    rows = queries.newest_messages(reading(), flow=flow, state=state, limit=limit)
    answer({"messages": [row._asdict() for row in rows]}, json_=json_)


@messages.command("replay")
@click.argument("message_id", type=int, required=False)
@click.option("--flow", default=None, help="Every dead message of this flow.")
@as_json
def messages_replay(message_id: int | None, flow: str | None, json_: bool) -> None:
    """Make one dead message, or all of a flow, due again."""
    from app.flows import services

    if (message_id is None) == (flow is None):
        fail("usage", "name one MESSAGE_ID or --flow", json_=json_)
    if flow is not None:
        _known_flow(flow, json_=json_)
    try:
        with transaction() as session:
            if message_id is not None:
                done = services.replay(session, message_id, now=clock.now())
                flow, count = done.flow, int(done.state == "pending")
            else:
                count = services.replay_all(session, flow or "", channel=None, now=clock.now())
    except NoResultFound:
        fail("unknown_message", f"there is no message {message_id}", json_=json_)
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
    """The application for a command; the embedded servers are joined or started when no others are named.

    Only warnings are logged unless LOG_LEVEL says otherwise: the terminal is for the command's answer.
    """
    environment = {"LOG_LEVEL": "WARNING", **os.environ}
    embedded.ensure(environment)
    os.environ.update(demo_environment(environment))
    return create_app()


def commands() -> Commands:
    """The group of all commands."""
    from flask_migrate.cli import db  # type: ignore[import-not-found]  # Not in its published types.

    group = Commands("iused", help="The back office's commands. --json: one JSON object as the last line.")
    for command in (users, offers, flows, messages, doctor, db, shell_command):
        group.add_command(command)
    return group


def main() -> None:
    """Entry of the console script."""
    commands().main(prog_name="iused")
