"""Signing in to a sandbox shop, row by row of the contract's table."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from sandbox.shopware import oauth
from sandbox.testing import SandboxHandle, ShopHandle

CODES = ("refurbished-direct", "econocom")
GRANT = "The authorization grant type is not supported by the authorization server."
MISSING = (
    "The request is missing a required parameter, includes an invalid parameter value, includes a parameter more than "
    "once, or is otherwise malformed."
)


def ask(shop: ShopHandle, **form: Any) -> httpx.Response:
    return httpx.post(f"{shop.base_url}/api/oauth/token", json=form)


def problem(answer: httpx.Response) -> tuple[int, str, str, str | None]:
    (error,) = answer.json()["errors"]
    assert error["status"] == str(answer.status_code)
    assert answer.headers["Content-Type"].startswith("application/json")
    return answer.status_code, error["code"], error.get("title", ""), error.get("detail")


@pytest.fixture
def handle(world: SandboxHandle) -> ShopHandle:
    return world.shop("econocom")


@pytest.mark.parametrize("how", ["json", "form", "basic"])
def test_a_token_comes_for_every_way_of_asking(handle: ShopHandle, how: str) -> None:
    url, grant = f"{handle.base_url}/api/oauth/token", {"grant_type": "client_credentials"}
    named = {**grant, "client_id": handle.client_id, "client_secret": handle.client_secret}
    answer = {
        "json": lambda: httpx.post(url, json=named),
        "form": lambda: httpx.post(url, data=named),
        "basic": lambda: httpx.post(url, data=grant, auth=(handle.client_id, handle.client_secret)),
    }[how]()

    token = answer.json()
    assert {name: token[name] for name in ("token_type", "expires_in")} == {"token_type": "Bearer", "expires_in": 600}
    assert "refresh_token" not in token
    assert token["access_token"].count(".") == 2


def test_the_table_of_refusals(handle: ShopHandle) -> None:
    client = {"client_id": handle.client_id, "client_secret": handle.client_secret}

    assert problem(ask(handle, grant_type="client_credentials", client_id=handle.client_id, client_secret="no")) == (
        401, "4", "Client authentication failed", None,
    )  # fmt: skip
    assert problem(ask(handle, grant_type="client_credentials")) == (
        400,
        "3",
        MISSING,
        "Check the `client_id` parameter",
    )
    assert problem(ask(handle, **client))[:3] == (400, "2", GRANT)
    assert problem(ask(handle, grant_type="magic", **client))[:3] == (400, "2", GRANT)
    unread = httpx.post(
        f"{handle.base_url}/api/oauth/token", content=b"grant_type=x", headers={"Content-Type": "text/plain"}
    )
    assert problem(unread)[:3] == (400, "2", GRANT)
    assert problem(ask(handle, grant_type="client_credentials", client_id="HELLO", client_secret="x"))[:2] == (
        500, "FRAMEWORK__API_INVALID_ACCESS_KEY",
    )  # fmt: skip
    wrong = ask(handle, grant_type="password", client_id="administration", username="admin", password="no")
    assert problem(wrong) == (400, "6", "The user credentials were incorrect.", None)


@pytest.mark.parametrize(("code", "status"), [("refurbished-direct", 401), ("econocom", 400)])
def test_a_refresh_token_works_once(world: SandboxHandle, code: str, status: int) -> None:
    shop = world.shop(code)
    first = ask(shop, grant_type="password", client_id="administration", username="admin", password=shop.client_secret)
    refresh = {"grant_type": "refresh_token", "client_id": "administration"}
    old = first.json()["refresh_token"]

    second = ask(shop, **refresh, refresh_token=old)

    assert second.status_code == 200
    assert second.json()["refresh_token"] != old
    assert problem(ask(shop, **refresh, refresh_token=old)) == (
        status, "8", "The refresh token is invalid.", "Token has been revoked",
    )  # fmt: skip
    assert problem(ask(shop, **refresh, refresh_token="nonsense"))[3] == "Cannot decrypt the refresh token"


@pytest.mark.parametrize(
    ("header", "detail"),
    [
        (None, 'Missing "Authorization" header'),
        ("Bearer", 'Missing token in "Authorization" header'),
        ("Bearer abc", "The JWT string must have two dots"),
        ("Bearer a.b.c", "Access token could not be verified"),
    ],
)
def test_calls_without_a_good_token(handle: ShopHandle, header: str | None, detail: str) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = httpx.get(f"{handle.base_url}/api/_info/version", headers=headers)

    assert problem(answer)[0::3] == (401, detail)


def test_a_token_of_one_shop_opens_no_other(world: SandboxHandle) -> None:
    mine, other = world.shop(CODES[0]), world.shop(CODES[1])
    token = ask(mine, grant_type="client_credentials", client_id=mine.client_id, client_secret=mine.client_secret)

    answer = httpx.get(
        f"{other.base_url}/api/_info/version", headers={"Authorization": f"Bearer {token.json()['access_token']}"}
    )

    assert answer.status_code == 401


def test_the_desk_is_throttled_after_ten_refusals(handle: ShopHandle, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(oauth, "time", SimpleNamespace(monotonic=lambda: now, time=time.time))
    wrong = {"grant_type": "client_credentials", "client_id": handle.client_id, "client_secret": "no"}
    assert {ask(handle, **wrong).status_code for _ in range(10)} == {401}

    answer = ask(handle, **{**wrong, "client_secret": handle.client_secret})

    assert answer.status_code == 429
    (error,) = answer.json()["errors"]
    assert error["code"] == "FRAMEWORK__AUTH_THROTTLED"
    assert error["detail"] == "Auth throttled for 10 seconds."
    assert "Retry-After" not in answer.headers
    now += 6
    assert problem(ask(handle, **wrong))[3] == "Auth throttled for 4 seconds."
    now += 4
    assert ask(handle, **{**wrong, "client_secret": handle.client_secret}).status_code == 200


def test_a_short_token_runs_out(world: SandboxHandle, handle: ShopHandle) -> None:
    world.fault("econocom", "token_expiry", value="0")
    token = ask(handle, grant_type="client_credentials", client_id=handle.client_id, client_secret=handle.client_secret)

    answer = httpx.get(
        f"{handle.base_url}/api/_info/version", headers={"Authorization": f"Bearer {token.json()['access_token']}"}
    )

    assert problem(answer)[3] == "Access token could not be verified"
