"""Mollie's new library for Python, made from the API's description, drives the sandbox over TLS and checks its answers.

https://pypi.org/project/mollie-api-py/ It is installed for the test alone, in an environment of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from mollie_calls import OTHER_SHOP

from sandbox.testing import SandboxHandle, running_sandbox

DRIVE = Path(__file__).with_name("mollie_api_py_drive.py")
INSTALL_S, DRIVE_S = 300, 180


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has the library."""
    folder = tmp_path_factory.mktemp("mollie-api-py")
    venv.create(folder, with_pip=False)
    made = folder / "bin" / "python"
    installed = subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(made), "install", "--quiet", "mollie-api-py>=1.10"],
        capture_output=True, text=True, timeout=INSTALL_S, check=False,
    )  # fmt: skip
    if installed.returncode:
        pytest.skip(f"mollie-api-py cannot be installed here: {installed.stderr.strip().splitlines()[-1:]}")
    return made


def test_what_it_reads_is_what_the_api_describes(python: Path, world: SandboxHandle, tmp_path: Path) -> None:
    certificate = tmp_path / "mollie.pem"
    with running_sandbox(world.mollie.mollie.storage.url, mollie_certificate=certificate) as secure:
        handle = secure.mollie

        driven = subprocess.run(
            [str(python), str(DRIVE), handle.base_url, handle.key(OTHER_SHOP), handle.organisation_token,
             handle.profile_id(OTHER_SHOP)],
            capture_output=True, text=True, timeout=DRIVE_S, check=False,
            env={**os.environ, "SSL_CERT_FILE": str(certificate), "NO_PROXY": "127.0.0.1"},
        )  # fmt: skip

    assert driven.returncode == 0, driven.stderr
    assert json.loads(driven.stdout) == {
        "same": True, "status": "paid", "method": "ideal", "refund": "pending", "refunds": 1, "pages": 3, "seen": 600,
        "kinds": 600, "last": True, "methods": 13, "available": "2500.00", "moves": 2, "settlements": 0,
        "secret": True,
    }  # fmt: skip
