"""Every setting of the back office, typed, with its environment name. Read once, at start."""

from __future__ import annotations

from decimal import Decimal
from ipaddress import ip_network
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent


class InvalidSettings(Exception):
    """A setting is missing or wrong; the message names it by its environment name and never shows a value."""


class Shop(BaseModel):
    """How one storefront is reached. Going live means changing these four values."""

    base_url: str
    client_id: str
    client_secret: SecretStr
    app_secret: SecretStr | None = None  # Signs the shop's webhooks; None: the shop sends none.


class MollieAccess(BaseModel):
    """How the payments of one storefront are reached at Mollie. Going live means changing the key.

    `bridge`: who moves the shop's payment states. `storefront`: the shop's own Mollie plugin, and we see that it did;
    `portal`: we do, and Mollie calls `/webhooks/mollie/<channel>/<webhook_token>`.
    """

    base_url: str = "https://api.mollie.com"
    api_key: SecretStr
    profile_id: str | None = None
    bridge: Literal["storefront", "portal"] = "storefront"
    webhook_token: SecretStr | None = None  # What nobody can guess in the address of our webhook.
    shop_webhook: str = "/mollie/webhook/{transaction}"  # The shop plugin's own; of a headless shop it is below /api.
    description_format: str = "{ordernumber}"  # As the shop's plugin is told to write it.
    certificate: Path | None = None  # What is trusted instead of the usual authorities: of the sandbox's Mollie.


class MollieOrganisation(BaseModel):
    """The organisation at Mollie: settlements and signed events need its token."""

    base_url: str = "https://api.mollie.com"
    token: SecretStr
    mode: Literal["live", "test"] = "live"
    certificate: Path | None = None  # As of a storefront.
    webhook_secrets: list[SecretStr] = Field(default_factory=list)  # Of subscriptions; during a rotation both.


class Settings(BaseSettings):
    """The settings object. Each field's environment name is the field's name in capitals."""

    model_config = SettingsConfigDict(env_prefix="", extra="ignore", frozen=True)

    environment: Literal["production", "demo", "test"] = Field(
        "production", description="Where this process runs; `demo` allows plain HTTP cookies."
    )
    secret_key: SecretStr = Field(
        description="Signs the CSRF tokens and seals stored passwords; at least 32 characters."
    )
    secret_keys_before: list[SecretStr] = Field(
        default_factory=list,
        description="JSON list of earlier values of `SECRET_KEY`: they still open stored passwords.",
    )
    database_url: str = Field(description="PostgreSQL 15 or newer, `postgresql://…`; unset: the embedded one.")
    redis_url: str = Field(description="Redis 7 / Valkey 8 or newer, `redis://…` or `unix://…`; unset: embedded.")
    port: int = Field(8000, ge=1, le=65535, description="Port of the web server on 127.0.0.1.")
    trusted_hosts: list[str] = Field(
        ["127.0.0.1", "localhost"], description="JSON list of the host names the web server answers to."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least level logged; unset, commands log from `WARNING`."
    )
    timezone: str = Field("Europe/Amsterdam", description="Zone in which people see times; storage is UTC.")
    shops: dict[str, Shop] = Field(
        default_factory=dict,
        description="JSON object: channel code to `base_url`, `client_id`, `client_secret`, `app_secret`.",
    )
    mollie: dict[str, MollieAccess] = Field(
        default_factory=dict,
        description="JSON object: channel code to `api_key`, `bridge` (`storefront` or `portal`), `webhook_token`, "
        "`base_url`, `profile_id`, `shop_webhook`, `description_format`, `certificate`.",
    )
    mollie_organisation: MollieOrganisation | None = Field(
        None,
        description="JSON object: `token`, `mode`, `webhook_secrets`, `base_url`, `certificate`; needed "
        "for settlements.",
    )
    payment_grace_seconds: int = Field(
        60, ge=0, description="Seconds that a shop may lag behind Mollie before we call it a difference and mend it."
    )
    payment_recheck_days: int = Field(
        35, ge=1, description="Days back to which all payments are compared with Mollie once a day."
    )
    refund_limits: dict[str, Decimal] = Field(
        {"agent": Decimal(250), "manager": Decimal(5000), "admin": Decimal(0)},
        description="JSON object: role to the EUR that it pays back or cancels alone; above, a second person agrees.",
    )
    session_idle_minutes: int = Field(60 * 8, ge=1, description="Minutes without a request that end a session.")
    session_absolute_hours: int = Field(24 * 3, ge=1, description="Hours after sign-in that end any session.")
    sign_in_attempts: int = Field(
        8, ge=1, description="Failed sign-ins per account in 15 minutes before more are refused."
    )
    sign_in_attempts_network: int = Field(
        40, ge=1, description="Failed sign-ins per network address in 15 minutes before more are refused."
    )
    memory_seconds: int = Field(
        30, ge=0, description="How long a web process answers polls, and knows who is signed in, while nothing moves."
    )
    work_memory_ms: int = Field(
        1000,
        ge=0,
        description="How long a web process tells the same counts of waiting work to people who did nothing.",
    )
    upload_max_mb: int = Field(25, ge=1, le=200, description="Largest offer file accepted, in MB.")
    feed_private_networks: list[str] = Field(
        default_factory=list,
        description="JSON list of networks (`10.1.0.0/16`) that feeds may reach though not public.",
    )
    feed_failures: int = Field(3, ge=1, description="Failed tries in a row after which the home page tells of a feed.")
    match_threshold: Decimal = Field(
        Decimal("0.95"), ge=Decimal("0.5"), le=1, description="Least confidence at which a line is matched by itself."
    )
    undo_days: int = Field(30, ge=0, description="Days after which an applied offer file can no longer be undone.")
    export_hours: int = Field(24, ge=1, description="Hours after which an exported list can no longer be fetched.")
    bulk_max_rows: int = Field(20_000, ge=1, description="Most rows that one act on a list may reach.")
    lease_seconds: int = Field(15, ge=2, description="How long a worker that fell silent keeps its messages.")
    sweep_seconds: float = Field(3.0, gt=0, description="Pause between two looks for due messages.")
    retry_first_seconds: float = Field(5.0, gt=0, description="Ceiling of the first retry's random delay.")
    retry_cap_seconds: float = Field(3600.0, gt=0, description="Ceiling of any retry's random delay.")
    retry_attempts: int = Field(12, ge=1, description="Tries after which a failing message is dead.")
    listings_batch: int = Field(100, ge=1, le=500, description="Listings sent to a shop in one call.")
    shop_read_timeout_seconds: float = Field(120.0, gt=0, description="Longest silence of a shop while it answers.")
    unpaid_hours: int = Field(
        24, ge=1, description="Hours after which an order whose payment failed keeps no stock any more."
    )
    vat_country: str = Field("NL", description="Country whose VAT rates apply (ISO 3166-1).")
    vat_period_months: Literal[1, 3, 12] = Field(3, description="Months of a period of the VAT return.")
    margin_method: Literal["globalisation", "individual"] = Field(
        "globalisation", description="Margin scheme: margins of a period summed, or each line by itself."
    )
    payment_fee_fixed: Decimal = Field(Decimal("0.30"), ge=0, description="EUR per payment.")
    payment_fee_percent: Decimal = Field(
        Decimal("1.20"), ge=0, lt=50, decimal_places=4, description="Per cent of the price per payment."
    )
    price_outlier_percent: int = Field(
        20, ge=1, description="A price that would change by more per cent than this is shown as an outlier."
    )
    price_approval_listings_percent: int = Field(
        15, ge=0, le=100, description="Rules that change more per cent of the listings than this need a second person."
    )
    price_approval_eur: Decimal = Field(
        Decimal(10_000), ge=0, description="Rules that change the stock's value by more EUR need a second person."
    )
    low_price_days: int = Field(
        30, ge=1, description="Days before a reduction whose lowest price it is measured against (EU rule: 30)."
    )

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        if len(value.get_secret_value()) < 32:
            raise ValueError("must have at least 32 characters")
        return value

    @field_validator("feed_private_networks")
    @classmethod
    def _networks(cls, value: list[str]) -> list[str]:
        for network in value:
            ip_network(network)  # Raises ValueError, which names it.
        return value

    @property
    def libpq_url(self) -> str:
        """`database_url` as the driver alone reads it."""
        return self.database_url.replace("postgresql+psycopg://", "postgresql://", 1)

    @property
    def sqlalchemy_url(self) -> str:
        """`database_url` with the driver that we use named in it."""
        scheme, _, rest = self.database_url.partition("://")
        if scheme not in {"postgresql", "postgres", "postgresql+psycopg"}:
            raise InvalidSettings("DATABASE_URL: only PostgreSQL is supported")
        return f"postgresql+psycopg://{rest}"

    @property
    def secure_cookies(self) -> bool:
        """Cookies are Secure everywhere but in the demo and in tests, which speak plain HTTP on loopback."""
        return self.environment == "production"


def load_settings(**overrides: object) -> Settings:
    """Read the environment; `overrides` win. Raises InvalidSettings naming every setting that is wrong."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in item['loc']).upper()}: {item['msg']}" for item in error.errors()
        )
        raise InvalidSettings(wrong) from None


def demo_environment(environment: dict[str, str], *, var: Path = ROOT / "var") -> dict[str, str]:
    """`environment` with what a machine without any configuration lacks: a secret of its own and the sandbox's shops.

    The values are written to `var/demo.json` once by the demo; without that file nothing is added.
    """
    import json

    kept = var / "demo.json"
    if not kept.exists():
        return environment
    defaults: dict[str, str] = json.loads(kept.read_text())
    return {**defaults, **environment}
