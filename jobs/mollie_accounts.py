"""The clients of Mollie, one per storefront and one of the organisation, made from the settings."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

from app.extensions import settings
from app.settings import MollieAccess
from integrations.errors import Misconfigured
from integrations.mollie.client import MollieAccount, MollieClient
from integrations.wire import DeadlineTransport

# Address, token, profile and mode.
_Account = tuple[str, str, str | None, Literal["live", "test"] | None]


class UnknownAccount(Misconfigured):
    """MOLLIE names no key for the channel, or nothing names the organisation's token; messages wait until one does."""


def access(channel: str) -> MollieAccess:
    """What the settings say of a channel. Raises UnknownAccount."""
    found = settings().mollie.get(channel)
    if found is None:
        raise UnknownAccount(f"MOLLIE has no key for {channel}", retry_after_s=60, may_have_happened=False)
    return found


def client(channel: str) -> MollieClient:
    """The client of a storefront's profile. Raises UnknownAccount."""
    found = access(channel)
    return _trusting(found.certificate, found.base_url, found.api_key.get_secret_value(), found.profile_id, None)


def organisation() -> MollieClient:
    """The client that may read settlements and balances. Raises UnknownAccount."""
    found = settings().mollie_organisation
    if found is None:
        raise UnknownAccount("MOLLIE_ORGANISATION is not set", retry_after_s=60, may_have_happened=False)
    return _trusting(found.certificate, found.base_url, found.token.get_secret_value(), None, found.mode)


def reach(channel: str) -> str:
    """Ask what a storefront's profile may be paid with, for people. Raises the client's errors."""
    methods = client(channel).methods()
    return f"{len(methods)} methods, states kept by the {access(channel).bridge}"


def reach_organisation() -> str:
    """Ask for the balance, for people. Raises the client's errors."""
    balance = organisation().balance()
    return f"{balance.available_amount.currency} {balance.available_amount.value} available"


def _trusting(certificate: Path | None, *account: *_Account) -> MollieClient:
    """A client by the certificate as the file has it now: a sandbox makes another one at each start."""
    if certificate is None:
        return _client(None, 0, *account)
    try:
        return _client(certificate, certificate.stat().st_mtime_ns, *account)
    except OSError as error:
        raise UnknownAccount(f"{certificate} is not there", retry_after_s=60, may_have_happened=False) from error


@lru_cache(maxsize=16)
def _client(certificate: Path | None, _written_ns: int, *account: *_Account) -> MollieClient:
    transport = DeadlineTransport(certificate=certificate) if certificate else None
    return MollieClient(MollieAccount(*account), transport=transport)
