"""Access tokens. Shops count token requests per network address, so all workers share one token and ask in turn."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import Lock
from typing import Protocol

from integrations.errors import Misconfigured, Rejected, Unavailable
from integrations.http import ApiClient
from integrations.shopware.answers import read
from integrations.shopware.schemas import Token
from integrations.shopware.shop import ShopwareShop

RENEW_BEFORE_S = 30.0
REST_AFTER_FAILURE_S = 5.0
REST_AFTER_REFUSAL_S = 60.0  # Ten attempts are free; then the shop throttles every integration behind our address.


class TokenStore(Protocol):
    """A place for one shop's token that several clients and processes may share."""

    def get(self) -> str | None:
        """A token that still lives, or None."""

    def put(self, token: str, *, lifetime_s: float) -> None:
        """Keep a token for at most that long."""

    def forget(self) -> None:
        """Drop the token: the shop refused it. Called with the lock held."""

    def lock(self) -> AbstractContextManager[None]:
        """Held while one client asks for a token. May raise Unavailable when it cannot be had in time."""


class InProcessTokenStore:
    """Shared by the threads of one process."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._kept: tuple[str, float] | None = None  # One value, so that a reader without the lock sees a pair.

    def get(self) -> str | None:
        kept = self._kept
        return kept[0] if kept is not None and self._clock() < kept[1] else None

    def put(self, token: str, *, lifetime_s: float) -> None:
        self._kept = (token, self._clock() + lifetime_s)

    def forget(self) -> None:
        self._kept = None

    @contextmanager
    def lock(self) -> Iterator[None]:
        with self._lock:
            yield


class SignIn:
    """Gets tokens for one shop: one request at a time, and none while the shop wants none."""

    def __init__(
        self, api: ApiClient, shop: ShopwareShop, store: TokenStore, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._api, self._shop, self._store, self._clock = api, shop, store, clock
        self._rest: tuple[float, Unavailable] | None = None

    def token(self) -> str:
        """A token that lives for at least a few seconds. Raises Unavailable; Misconfigured for wrong credentials."""
        return self._store.get() or self._renewed(None)

    def renewed(self, *, refused: str) -> str:
        """A token other than the one that the shop refused; when somebody else has renewed it, theirs."""
        return self._renewed(refused)

    def _renewed(self, refused: str | None) -> str:
        with self._store.lock():
            known = self._store.get()
            if known is not None and known != refused:
                return known
            if known is not None:
                self._store.forget()
            self._keep_rest()
            try:
                token = self._ask()
            except Unavailable as error:
                wait = error.retry_after_s or REST_AFTER_FAILURE_S
                error.may_have_happened = False  # The call that needs the token was not sent.
                self._rest = (self._clock() + wait, error)
                raise
            self._store.put(token.access_token, lifetime_s=_lifetime(token.expires_in))
            return token.access_token

    def _keep_rest(self) -> None:
        if self._rest is None:
            return
        until, error = self._rest
        left = until - self._clock()
        if left > 0:
            raise type(error)(str(error), retry_after_s=left, may_have_happened=False)
        self._rest = None

    def _ask(self) -> Token:
        body = {
            "grant_type": "client_credentials",
            "client_id": self._shop.client_id,
            "client_secret": self._shop.client_secret,
        }
        try:
            return read(Token, self._api.call("POST", "oauth/token", body=body, tries=2).data)
        except Rejected as error:
            text = f"Shopware refuses the credentials of {self._shop.base_url}: {error.reason}"
            raise Misconfigured(self._api.hide(text), retry_after_s=REST_AFTER_REFUSAL_S) from error


def _lifetime(expires_in: float) -> float:
    return max(expires_in - RENEW_BEFORE_S, expires_in / 2)
