"""What `make demo` tells the portal of the outside world."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys

import pytest

from app.demo import up
from app.settings import ROOT, MollieAccess, MollieOrganisation, load_settings


def test_the_portal_of_the_demo_reaches_mollie_with_one_shop_in_each_mode() -> None:
    environment = {**os.environ, "SANDBOX_PORT": "8100", "SANDBOX_BRIDGE": json.dumps({"econocom": "portal"})}

    told = up._mollie(json.loads(up._told_by_sandbox("mollie", environment)))

    settings = load_settings(
        secret_key="x" * 32, database_url="postgresql://", redis_url="redis://",
        mollie=json.loads(told["MOLLIE"]), mollie_organisation=json.loads(told["MOLLIE_ORGANISATION"]),
    )  # fmt: skip
    assert {code: one.bridge for code, one in settings.mollie.items()} == {
        "refurbished-direct": "storefront", "econocom": "portal",
    }  # fmt: skip
    assert all(one.base_url == "http://127.0.0.1:8103" for one in settings.mollie.values())
    assert all(one.webhook_token for one in settings.mollie.values())
    organisation = settings.mollie_organisation
    assert organisation is not None
    assert (organisation.mode, len(organisation.webhook_secrets)) == ("test", 2)


HANGS = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
program = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
print(program.pid, flush=True)
time.sleep(600)
"""


def test_a_supervisor_that_hangs_takes_its_programs_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(up, "STOP_LIMIT_S", 0.2)
    supervisor = subprocess.Popen([sys.executable, "-c", HANGS], stdout=subprocess.PIPE, start_new_session=True)
    assert supervisor.stdout is not None
    with supervisor.stdout as said:
        program = os.pidfd_open(int(said.readline()))

    up._stop(supervisor)

    assert supervisor.returncode == -9
    ended, _, _ = select.select([program], [], [], 10)
    os.close(program)
    assert ended


def test_a_mollie_that_speaks_tls_hands_its_certificate_to_the_portal() -> None:
    environment = {**os.environ, "SANDBOX_PORT": "8100", "SANDBOX_MOLLIE_TLS": "1",
                   "SANDBOX_MOLLIE_CERTIFICATE": "var/other.pem"}  # fmt: skip

    told = up._mollie(json.loads(up._told_by_sandbox("mollie", environment)))

    settings = load_settings(
        secret_key="x" * 32, database_url="postgresql://", redis_url="redis://",
        mollie=json.loads(told["MOLLIE"]), mollie_organisation=json.loads(told["MOLLIE_ORGANISATION"]),
    )  # fmt: skip
    assert settings.mollie_organisation is not None
    reached: list[MollieAccess | MollieOrganisation] = [*settings.mollie.values(), settings.mollie_organisation]
    for one in reached:
        assert (one.base_url, one.certificate) == ("https://127.0.0.1:8103", ROOT / "var" / "other.pem")
