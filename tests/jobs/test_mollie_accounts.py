"""A Mollie with a certificate of its own is trusted by its file, whichever it is now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from app.settings import MollieAccess
from jobs import mollie_accounts
from sandbox.testing import SandboxHandle, running_sandbox

CHANNEL = "econocom"


@pytest.fixture
def reached(_application: Flask) -> Iterator[Callable[[SandboxHandle, Path | None], int]]:
    """How many methods that Mollie names, by the portal's own client."""
    before = _application.extensions["settings"]

    def ask(sandbox: SandboxHandle, certificate: Path | None) -> int:
        access = MollieAccess(base_url=sandbox.mollie.base_url, api_key=sandbox.mollie.key(CHANNEL),  # type: ignore[arg-type]
                              certificate=certificate)  # fmt: skip
        _application.extensions["settings"] = before.model_copy(update={"mollie": {CHANNEL: access}})
        return len(mollie_accounts.client(CHANNEL).methods())

    with _application.app_context():
        yield ask
    _application.extensions["settings"] = before
    mollie_accounts._client.cache_clear()


def test_the_certificate_of_the_file_is_trusted_and_so_is_the_next_one(
    world: SandboxHandle, reached: Callable[[SandboxHandle, Path | None], int], tmp_path: Path
) -> None:
    file = tmp_path / "mollie.pem"
    for _start in range(2):  # Each start makes a certificate anew.
        with running_sandbox(world.mollie.mollie.storage.url, mollie_certificate=file) as secure:
            assert reached(secure, file) > 0


def test_a_certificate_that_is_not_there_yet_is_waited_for(
    world: SandboxHandle, reached: Callable[[SandboxHandle, Path | None], int], tmp_path: Path
) -> None:
    with pytest.raises(mollie_accounts.UnknownAccount, match="is not there"):
        reached(world, tmp_path / "none.pem")
    assert reached(world, None) > 0
