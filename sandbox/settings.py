"""Settings of the sandbox, from the environment."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

Bridge = Literal["storefront", "portal"]


class SandboxSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="SANDBOX_", extra="ignore")

    database_url: str = Field(description="PostgreSQL in which the shops keep their data.")
    port: int = Field(8100, description="Control page; the shops and Mollie listen on the next ports.")
    mollie_rate: float = Field(
        60, gt=0, description="How many times as fast Mollie's own work goes: a minute a second."
    )
    mollie_tls: bool = Field(False, description="Mollie speaks TLS, with a certificate that it makes at its start.")
    mollie_certificate: Path = Field(
        Path("var/sandbox-mollie.pem"), description="Where it then writes what its clients have to trust."
    )
    portal_url: str = Field("http://127.0.0.1:8000", description="Where the shops' app sends its webhooks.")
    bridge: dict[str, Bridge] = Field(
        default_factory=dict,
        description="JSON object: shop code to whom Mollie calls, its `storefront` (where it is not named) or the "
        "`portal`.",
    )


@dataclass(frozen=True, slots=True)
class ShopIdentity:
    """What makes a shop itself: two shops share nothing but the constants of Shopware."""

    code: str
    name: str
    version: str
    accent: str
    language: str
    plugin: Literal[4, 5]  # Generation of its Mollie plugin: they write their custom fields differently.

    def id(self, kind: str, key: str) -> str:
        """A 32-hex id of this shop's own."""
        return hashlib.md5(f"sandbox:{self.code}:{kind}:{key}".encode(), usedforsecurity=False).hexdigest()

    @property
    def schema(self) -> str:
        return "shop_" + self.code.replace("-", "_")

    @property
    def client_id(self) -> str:
        return "SWIA" + self.id("client", "id").upper()[:22]

    @property
    def client_secret(self) -> str:
        return self.id("client", "secret") + self.id("client", "more")

    @property
    def app_secret(self) -> str:
        """Signs the app's webhooks."""
        return self.id("app", "secret") + self.id("app", "more")

    @property
    def webhook_token(self) -> str:
        """What nobody can guess in the portal's address for Mollie's calls about this shop."""
        return self.id("mollie", "webhook")

    @property
    def shop_id(self) -> str:
        return self.id("shop", "id")[:12]


SHOPS = (
    ShopIdentity("refurbished-direct", "Refurbished Direct", "6.6.7.1", "#0f766e", "nl", 4),
    ShopIdentity("econocom", "Econocom", "6.7.10.1", "#1d4ed8", "en", 5),
)
