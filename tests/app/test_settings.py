"""Settings: read once, typed, and named when they are missing or wrong, never shown."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from app.settings import InvalidSettings, Settings, demo_environment, load_settings

KEY = "0123456789abcdef0123456789abcdef"
NEEDED = {"SECRET_KEY": KEY, "DATABASE_URL": "postgresql://u:p@db/iused", "REDIS_URL": "redis://queue"}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment with what is needed and nothing else of ours."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_every_setting_is_read_from_its_name_in_capitals(environment: pytest.MonkeyPatch) -> None:
    shop = {"base_url": "https://shop", "client_id": "i", "client_secret": "hidden"}
    for name, value in (("PORT", "9000"), ("TRUSTED_HOSTS", '["portal.example"]'), ("SWEEP_SECONDS", "0.5"),
                        ("PAYMENT_FEE_FIXED", "0.25"), ("SHOPS", json.dumps({"econocom": shop}))):  # fmt: skip
        environment.setenv(name, value)

    found = load_settings()

    assert (found.port, found.trusted_hosts, found.sweep_seconds) == (9000, ["portal.example"], 0.5)
    assert found.payment_fee_fixed == Decimal("0.25")
    assert found.shops["econocom"].client_secret.get_secret_value() == "hidden"
    assert found.shops["econocom"].app_secret is None


def test_what_is_missing_is_named_all_at_once(environment: pytest.MonkeyPatch) -> None:
    for name in NEEDED:
        environment.delenv(name)

    with pytest.raises(InvalidSettings) as wrong:
        load_settings()

    assert [part.partition(":")[0] for part in str(wrong.value).split("; ")] == list(NEEDED)


@pytest.mark.parametrize(
    ("name", "value"),
    [("SECRET_KEY", "tooshort"), ("ENVIRONMENT", "staging"), ("PORT", "0"), ("PORT", "http"), ("LOG_LEVEL", "LOUD"),
     ("SESSION_IDLE_MINUTES", "0"), ("UPLOAD_MAX_MB", "1000"), ("SWEEP_SECONDS", "0"), ("PAYMENT_FEE_FIXED", "-1"),
     ("PAYMENT_FEE_PERCENT", "much"), ("LISTINGS_BATCH", "501")],
)  # fmt: skip
def test_a_wrong_value_is_named_by_its_setting_and_not_shown(
    environment: pytest.MonkeyPatch, name: str, value: str
) -> None:
    environment.setenv(name, value)

    with pytest.raises(InvalidSettings) as wrong:
        load_settings()

    assert str(wrong.value).startswith(f"{name}: ")
    if name == "SECRET_KEY":
        assert value not in str(wrong.value)


def test_a_wrong_part_of_a_shop_is_named_with_its_way(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SHOPS", json.dumps({"econocom": {"base_url": "https://shop", "client_secret": "hidden"}}))

    with pytest.raises(InvalidSettings, match=r"SHOPS\.ECONOCOM\.CLIENT_ID") as wrong:
        load_settings()

    assert "hidden" not in str(wrong.value)


def test_secrets_are_not_shown_and_settings_do_not_change(environment: pytest.MonkeyPatch) -> None:
    found = load_settings()

    assert KEY not in repr(found)
    with pytest.raises(ValueError, match="frozen"):
        found.port = 1


@pytest.mark.parametrize(
    ("url", "sqlalchemy", "libpq"),
    [
        ("postgresql://u@h/d", "postgresql+psycopg://u@h/d", "postgresql://u@h/d"),
        ("postgres://u@h/d?x=1", "postgresql+psycopg://u@h/d?x=1", "postgres://u@h/d?x=1"),
        ("postgresql+psycopg://u@h/d", "postgresql+psycopg://u@h/d", "postgresql://u@h/d"),
    ],
)
def test_a_database_is_named_in_any_of_its_usual_ways(
    environment: pytest.MonkeyPatch, url: str, sqlalchemy: str, libpq: str
) -> None:
    environment.setenv("DATABASE_URL", url)

    found = load_settings()

    assert (found.sqlalchemy_url, found.libpq_url) == (sqlalchemy, libpq)


def test_another_kind_of_database_is_refused(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("DATABASE_URL", "sqlite:///x.db")

    with pytest.raises(InvalidSettings, match="DATABASE_URL: only PostgreSQL"):
        _ = load_settings().sqlalchemy_url


@pytest.mark.parametrize(("environment_", "secure"), [("production", True), ("demo", False), ("test", False)])
def test_cookies_are_secure_where_people_work(environment: pytest.MonkeyPatch, environment_: str, secure: bool) -> None:
    environment.setenv("ENVIRONMENT", environment_)

    assert load_settings().secure_cookies is secure


def test_without_a_word_a_process_is_production(environment: pytest.MonkeyPatch) -> None:
    assert load_settings().environment == "production"


def test_the_demo_fills_what_lacks_and_nothing_else(tmp_path: Path) -> None:
    assert demo_environment({"PORT": "1"}, var=tmp_path) == {"PORT": "1"}
    (tmp_path / "demo.json").write_text(json.dumps({"SECRET_KEY": "of the demo", "ENVIRONMENT": "demo"}))

    filled = demo_environment({"SECRET_KEY": "mine"}, var=tmp_path)

    assert filled == {"SECRET_KEY": "mine", "ENVIRONMENT": "demo"}
