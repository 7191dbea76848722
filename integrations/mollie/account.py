"""How an account is reached, and what its kind of credential wants in every call."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from integrations.errors import Misconfigured

T = TypeVar("T")
Mode = Literal["live", "test"]
_PROFILE_KEY = re.compile(r"(live|test)_\w+", re.ASCII)
_OURS = ("profileId", "testmode")  # Only the account says these.
_ORGANISATION = re.compile(r"access_\w+", re.ASCII)


@dataclass(frozen=True, slots=True)
class MollieAccount:
    """One credential. `base_url` is what stands before `/v2`.

    A profile key (`live_…`, `test_…`) is bound to one profile and one mode, so neither is ever sent with it. An
    organisation token (`access_…`) sees all profiles: `mode` chooses, live unless said, and creating a payment needs
    `profile_id`. Raises ValueError, which never shows the token.
    """

    base_url: str
    token: str = field(repr=False)
    profile_id: str | None = None
    mode: Mode | None = None

    def __post_init__(self) -> None:
        key = _PROFILE_KEY.fullmatch(self.token)
        if key is None and not _ORGANISATION.fullmatch(self.token):
            raise ValueError("Mollie: the token must begin with live_, test_ or access_")
        if key is not None and self.mode not in (None, key[1]):
            raise ValueError(f"Mollie: the key is for {key[1]}, the account says {self.mode}")
        if self.mode not in (None, "live", "test"):
            raise ValueError("Mollie: the mode is live or test")
        if self.base_url.rstrip("/").endswith("/v2"):  # Else every payment would be unknown.
            raise ValueError("Mollie: the base URL ends before /v2")

    @property
    def is_organisation(self) -> bool:
        """Whether the credential may read balances, settlements and webhook subscriptions."""
        return self.token.startswith("access_")

    @property
    def is_test(self) -> bool:
        """Whether it sees test entities, and no others."""
        return self.mode == "test" or self.token.startswith("test_")

    def query(self, given: Mapping[str, str | None], *, of_profile: bool = False) -> dict[str, str]:
        """The parameters of a GET, and of cancelling a refund; those that are None are left out."""
        whole = {name: value for name, value in _unbound(given).items() if value is not None}
        if not self.is_organisation:
            return whole
        if of_profile and self.profile_id:
            whole["profileId"] = self.profile_id
        if self.is_test:
            whole["testmode"] = "true"
        return whole

    def body(self, given: Mapping[str, Any], *, of_profile: bool = False) -> dict[str, Any]:
        """The body of every other call. Raises Misconfigured when a profile must be named and none is set."""
        whole = dict(_unbound(given))
        if not self.is_organisation:
            return whole
        if of_profile:
            if not self.profile_id:
                raise Misconfigured("Mollie: an organisation token needs the profile_id of the storefront")
            whole["profileId"] = self.profile_id
        if self.is_test:
            whole["testmode"] = True
        return whole


def _unbound(given: Mapping[str, T]) -> Mapping[str, T]:
    if any(name in given for name in _OURS):
        raise ValueError("Mollie: profile and mode are the account's, not a call's")
    return given
