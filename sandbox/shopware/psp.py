"""How a shop's plugin reaches Mollie, as any other shop would: over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from ssl import create_default_context
from typing import Any, Literal

import httpx

from sandbox import as_of
from sandbox.settings import Bridge


class NotNow(Exception):
    """Mollie did not do it; the text is for whoever asked."""


@dataclass(frozen=True, slots=True)
class Psp:
    """How one shop's plugin is set up. `bridge`: where Mollie calls, this plugin or the portal."""

    http: httpx.Client  # Signed in at Mollie.
    bridge: Bridge
    portal_webhook: str  # Where the portal takes Mollie's calls for this shop.
    generation: Literal[4, 5]  # Of the plugin.

    def ask(
        self, method: str, path: str, body: Any = None, *, key: str = "", moment: datetime | None = None
    ) -> dict[str, Any]:
        """Mollie's answer; `moment`: when it is asked, None for now. Raises NotNow."""
        headers = as_of.header(moment) | ({"Idempotency-Key": key} if key else {})
        try:
            answer = self.http.request(method, f"/v2/{path}", json=body, headers=headers)
            told = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise NotNow(f"Could not reach Mollie: {error}") from error
        if not answer.is_success or not isinstance(told, dict):
            raise NotNow(f"Mollie: {told.get('detail') if isinstance(told, dict) else answer.status_code}")
        return told


def psp_client(base_url: str, api_key: str | None, certificate: Path | None) -> httpx.Client:
    """A client for Mollie. `certificate`: what it trusts, where Mollie made its own."""
    headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    trusted = create_default_context(cafile=certificate) if certificate else True
    return httpx.Client(base_url=base_url, headers=headers, timeout=20, trust_env=False, verify=trusted)
