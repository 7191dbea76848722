"""How a shop's plugin reaches Mollie, as any other shop would: over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import httpx

from sandbox.settings import Bridge


class NotNow(Exception):
    """Mollie did not do it; the text is for whoever asked."""


@dataclass(frozen=True, slots=True)
class Psp:
    """How one shop's plugin is set up. `bridge`: where Mollie calls, this plugin or the portal."""

    base_url: str
    api_key: str
    bridge: Bridge
    portal_webhook: str  # Where the portal takes Mollie's calls for this shop.
    generation: Literal[4, 5]  # Of the plugin.

    def ask(self, method: str, path: str, body: Any = None, *, key: str = "") -> dict[str, Any]:
        """Mollie's answer. Raises NotNow."""
        headers = {"Authorization": f"Bearer {self.api_key}", **({"Idempotency-Key": key} if key else {})}
        try:
            answer = httpx.request(method, f"{self.base_url}/v2/{path}", json=body, headers=headers, timeout=20,
                                   trust_env=False)  # fmt: skip
            told = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise NotNow(f"Could not reach Mollie: {error}") from error
        if not answer.is_success or not isinstance(told, dict):
            raise NotNow(f"Mollie: {told.get('detail') if isinstance(told, dict) else answer.status_code}")
        return told
