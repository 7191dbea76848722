"""The clients of the storefronts, one per channel and process, made from the settings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache

import redis

from app import queue
from app.extensions import settings
from app.settings import Shop
from integrations.errors import Misconfigured, Unavailable
from integrations.http import Limits
from integrations.shopware.client import ShopwareClient
from integrations.shopware.shop import ShopwareShop


class UnknownShop(Misconfigured):
    """SHOPS names no credentials for the channel; messages wait until it does."""


def client(channel: str) -> ShopwareClient:
    """The client of a channel. Raises UnknownShop when SHOPS does not name it."""
    shop = _shop(channel)
    return _client(channel, shop.base_url, shop.client_id, shop.client_secret.get_secret_value())


def _shop(channel: str) -> Shop:
    shop = settings().shops.get(channel)
    if shop is None:
        raise UnknownShop(f"SHOPS has no credentials for {channel}", retry_after_s=60, may_have_happened=False)
    return shop


@lru_cache(maxsize=16)
def _client(channel: str, base_url: str, client_id: str, client_secret: str) -> ShopwareClient:
    shop = ShopwareShop(base_url=base_url, client_id=client_id, client_secret=client_secret)
    limits = Limits(read_s=settings().shop_read_timeout_seconds)
    return ShopwareClient(shop, tokens=SharedTokens(channel), limits=limits)


class SharedTokens:
    """Access tokens in Valkey, shared by all workers: shops count token requests per network address."""

    def __init__(self, channel: str) -> None:
        self._key = f"shop-token:{channel}"

    def get(self) -> str | None:
        """The token, or None when there is none or it ran out."""
        value = queue.connection().get(self._key)
        return value.decode() if isinstance(value, bytes) else None

    def put(self, token: str, *, lifetime_s: float) -> None:
        """Keep the token until shortly before it runs out."""
        queue.connection().set(self._key, token, ex=max(1, int(lifetime_s)))

    def forget(self) -> None:
        """The shop refused the token."""
        queue.connection().delete(self._key)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """One worker at a time asks for a token; the others wait and then find it."""
        lock = queue.connection().lock(f"{self._key}:lock", timeout=60, blocking_timeout=60)
        if not lock.acquire():
            raise Unavailable("the token lock is held", retry_after_s=5, may_have_happened=False)
        try:
            yield
        finally:
            # It may have run out while the shop was slow: somebody else has it then, which does no harm.
            with suppress(redis.exceptions.LockNotOwnedError):
                lock.release()


def reach(channel: str) -> str:
    """Sign in to the shop and read its version, for people. Raises the client's errors.

    With a sign-in of its own: a shared token would answer for credentials that no longer do.
    """
    shop = _shop(channel)
    own = ShopwareClient(
        ShopwareShop(
            base_url=shop.base_url, client_id=shop.client_id, client_secret=shop.client_secret.get_secret_value()
        ),
        limits=Limits(read_s=settings().shop_read_timeout_seconds),
    )
    try:
        return f"Shopware {own.version().number}"
    finally:
        own.close()
