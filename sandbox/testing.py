"""The sandbox inside a test's own process, on free ports."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sandbox.control import effects, stats
from sandbox.faults import Fault
from sandbox.server import Sandbox


@dataclass(frozen=True, slots=True)
class ShopHandle:
    code: str
    base_url: str
    client_id: str
    client_secret: str
    app_secret: str


@dataclass(frozen=True, slots=True)
class SandboxHandle:
    sandbox: Sandbox

    @property
    def control_url(self) -> str:
        return self.sandbox.control_url

    def shop(self, code: str) -> ShopHandle:
        """How a shop is reached. Raises KeyError."""
        shop = self.sandbox.shops[code]
        me = shop.identity
        return ShopHandle(code, shop.base_url, me.client_id, me.client_secret, me.app_secret)

    def fault(self, code: str, kind: str, *, route: str = ".*", left: int | None = None, value: str = "",
              probability: float = 1.0) -> Fault:  # fmt: skip
        """Switch a fault on; its `hits` tell whether it took effect."""
        fault = Fault(kind, route, probability, left, value)
        self.sandbox.shops[code].faults.add(fault)
        return fault

    def reset(self) -> None:
        """Fresh shops."""
        for shop in self.sandbox.shops.values():
            shop.reset()

    def stats(self, code: str) -> dict[str, Any]:
        """What the shop holds and did."""
        result: dict[str, Any] = stats(self.sandbox.shops)[code]
        return result

    def effects(self, code: str) -> dict[str, int]:
        """Product id to number of writes."""
        return effects(self.sandbox.shops[code])


@contextmanager
def running_sandbox(database_url: str, *, portal_url: str = "http://127.0.0.1:9") -> Iterator[SandboxHandle]:
    """Both shops and the control page until the block ends. `database_url` is a database of the sandbox's own."""
    sandbox = Sandbox(database_url, base_port=0, portal_url=portal_url)
    try:
        yield SandboxHandle(sandbox)
    finally:
        sandbox.close()
