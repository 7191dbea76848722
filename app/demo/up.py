"""`make demo`: everything on one machine, until Ctrl-C. Nothing is left running afterwards.

PostgreSQL and Valkey are the embedded ones unless DATABASE_URL and REDIS_URL name others; the outside world is the
sandbox. Processes are kept alive by supervisord; their logs are under `var/log`.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Event
from types import FrameType
from typing import Any

import httpx

from app import embedded
from app.process import WEB
from app.settings import ROOT, demo_environment

VAR = ROOT / "var"
READY_LIMIT_S = 60
STOP_LIMIT_S = 30
PAST_ORDERS = 40
PASSWORD = "demo demo demo"  # noqa: S105  # Printed on the terminal: the demo's data is invented.
ACCOUNTS = (
    ("agent@iused.example", "Sanne Agent", "agent"),
    ("purchasing@iused.example", "Pieter Purchasing", "purchasing"),
    ("manager@iused.example", "Marieke Manager", "manager"),
    ("admin@iused.example", "Ahmed Admin", "admin"),
)


def main() -> int:
    """Start, say so in one line, wait for the signal, stop."""
    stop = Event()

    def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGINT, ask_to_stop)
    signal.signal(signal.SIGTERM, ask_to_stop)
    VAR.mkdir(exist_ok=True)
    (VAR / "log").mkdir(exist_ok=True)
    environment = dict(os.environ)
    stop_servers = embedded.ensure(environment, owner=True)
    try:
        _complete(environment)
        _prepare(environment)
        return _run(environment, stop)
    finally:
        stop_servers()


def _complete(environment: dict[str, str]) -> None:
    """Settings that a machine without any lacks; written once, so that commands beside the demo find them too."""
    port = int(environment.setdefault("PORT", "8000"))
    environment.setdefault("SANDBOX_PORT", str(port + 100))
    environment.setdefault("SANDBOX_PORTAL_URL", f"http://127.0.0.1:{_door(environment)}")
    environment.setdefault("SANDBOX_DATABASE_URL", _sandbox_database(environment["DATABASE_URL"]))
    environment.setdefault("SANDBOX_BRIDGE", json.dumps({"econocom": "portal"}))  # One shop in each mode.
    environment.setdefault("SANDBOX_ORDERS", str(PAST_ORDERS))
    kept = VAR / "demo.json"
    known = json.loads(kept.read_text()) if kept.exists() else {"SECRET_KEY": secrets.token_hex(32)}
    known["ENVIRONMENT"] = "demo"
    known["SHOPS"] = _told_by_sandbox("shops", environment)
    known |= _mollie(json.loads(_told_by_sandbox("mollie", environment)))
    kept.write_text(json.dumps(known))
    kept.chmod(0o600)
    environment.update(demo_environment(environment))


def _door(environment: dict[str, str]) -> int:
    """The port for deliveries of other systems, beside that of the pages."""
    return int(environment["PORT"]) + 1


def _told_by_sandbox(what: str, environment: dict[str, str]) -> str:
    """The credentials that the sandbox accepts, as JSON."""
    return subprocess.run(
        [sys.executable, "-m", "sandbox", what], env=environment, check=True, capture_output=True, text=True, cwd=ROOT
    ).stdout.strip()


def _mollie(told: dict[str, Any]) -> dict[str, str]:
    """The portal's settings for Mollie, from what the sandbox says of it."""
    place = {"base_url": told["base_url"], "certificate": told["certificate"]}
    names = ("api_key", "profile_id", "bridge", "webhook_token")
    access = {code: {**place, **{name: one[name] for name in names}} for code, one in told["channels"].items()}
    organisation = {
        **place, "token": told["organisation_token"], "mode": "test",
        "webhook_secrets": [one["webhook_secret"] for one in told["channels"].values()],
    }  # fmt: skip
    return {"MOLLIE": json.dumps(access), "MOLLIE_ORGANISATION": json.dumps(organisation)}


def _sandbox_database(portal: str) -> str:
    """A database beside the portal's: the outside world keeps its own books."""
    return embedded.database_beside(portal, "iused_sandbox")


def _prepare(environment: dict[str, str]) -> None:
    """Migrate, and seed what is missing."""
    os.environ.update(environment)
    from flask_migrate import upgrade

    from app import create_app
    from app.db import db
    from app.demo import seed

    app = create_app()
    logging.getLogger().setLevel(logging.WARNING)  # The terminal is for the ready line.
    with app.app_context():
        upgrade()
        seed.fill(ACCOUNTS, PASSWORD)
        db.engine.dispose()


def _run(environment: dict[str, str], stop: Event) -> int:
    configuration = VAR / "supervisord.conf"
    configuration.write_text(_supervisor(environment))
    supervisor = subprocess.Popen(
        [sys.executable, "-m", "supervisor.supervisord", "--nodaemon", "--silent", "-c", str(configuration)],
        env=environment, cwd=ROOT, start_new_session=True,  # Ctrl-C reaches us alone; we stop them in order.
    )  # fmt: skip
    try:
        if not _wait_until_ready(environment, supervisor, stop):
            return 0 if stop.is_set() else 1
        _say_ready(environment)
        while not stop.wait(0.5):
            if supervisor.poll() is not None:
                print("the supervisor ended; see var/log", file=sys.stderr)  # noqa: T201
                return 1
        return 0
    finally:
        _stop(supervisor)


def _stop(supervisor: subprocess.Popen[bytes]) -> None:
    """In order; what hangs is killed, and none of its programs outlives it."""
    supervisor.terminate()
    try:
        supervisor.wait(timeout=STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        for group in (*_children(supervisor.pid), supervisor.pid):  # Each program leads a group of its own.
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
        supervisor.wait(timeout=5)


def _children(process_id: int) -> list[int]:
    with suppress(FileNotFoundError):
        return [int(word) for word in Path(f"/proc/{process_id}/task/{process_id}/children").read_text().split()]
    return []


def _wait_until_ready(environment: dict[str, str], supervisor: subprocess.Popen[bytes], stop: Event) -> bool:
    paths = ((environment["PORT"], "readyz"), (_door(environment), "healthz"), (environment["SANDBOX_PORT"], "stats"))
    for _ in range(READY_LIMIT_S * 10):
        if stop.is_set() or supervisor.poll() is not None:
            return False
        try:
            answers = (httpx.get(f"http://127.0.0.1:{port}/{path}", timeout=2) for port, path in paths)
            if all(answer.status_code == 200 for answer in answers):
                return True
        except httpx.HTTPError:
            pass  # Not listening yet.
        stop.wait(0.1)
    print(f"not ready after {READY_LIMIT_S} s; see var/log", file=sys.stderr)  # noqa: T201
    return False


def _say_ready(environment: dict[str, str]) -> None:
    port, sandbox = int(environment["PORT"]), int(environment["SANDBOX_PORT"])
    width = max(len(email) for email, _name, _role in ACCOUNTS)
    lines = [f"ready http://127.0.0.1:{port}", ""]
    lines += [f"  {email:<{width}}  {PASSWORD}   ({role})" for email, _name, role in ACCOUNTS]
    lines += [
        "",
        f"  storefronts  http://127.0.0.1:{sandbox + 1} Refurbished Direct, http://127.0.0.1:{sandbox + 2} Econocom",
        f"  mollie       {json.loads(environment['MOLLIE_ORGANISATION'])['base_url']} (its clock, its payments)",
        f"  sandbox      http://127.0.0.1:{sandbox} (faults, mails, customers)",
        f"  files        to drop: {Path('var') / 'supplier-files'}",
    ]
    print("\n".join(lines), flush=True)  # noqa: T201


def _supervisor(environment: dict[str, str]) -> str:
    """The configuration: each program restarts when it dies, and its whole group goes when it is stopped."""
    python, port = sys.executable, environment["PORT"]
    programs = {
        "web": f"{python} {' '.join(WEB)} --bind 127.0.0.1:{port} --workers 2 --keep-alive 15 --graceful-timeout 5 "
        "wsgi:app",
        "door": f"{python} -m gunicorn --bind 127.0.0.1:{_door(environment)} --worker-class asgi --keep-alive 15 "
        "--graceful-timeout 5 --log-level warning --no-control-socket asgi:door",
        "imports": f"{python} -m jobs.work imports",
        "feeds": f"{python} -m jobs.work feeds",
        "orders": f"{python} -m jobs.work orders",
        "deliveries-1": f"{python} -m jobs.work deliveries",
        "deliveries-2": f"{python} -m jobs.work deliveries",
        "schedule": f"{python} -m jobs.schedule",
        "sandbox": f"{python} -m sandbox serve",
    }
    head = f"[supervisord]\nlogfile={VAR}/log/supervisord.log\npidfile={VAR}/supervisord.pid\nchildlogdir={VAR}/log\n"
    if os.geteuid() == 0:
        head += "user=root\n"
    return head + "".join(
        f"\n[program:{name}]\ncommand={command.replace('%', '%%')}\ndirectory={ROOT}\nautorestart=true\n"
        f"startsecs=1\nstartretries=20\nstopwaitsecs=8\nstopasgroup=true\nkillasgroup=true\n"
        f"redirect_stderr=true\nstdout_logfile={VAR}/log/{name}.log\n"
        for name, command in programs.items()
    )


if __name__ == "__main__":
    sys.exit(main())
