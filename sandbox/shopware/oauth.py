"""Tokens (contract, section 2): client credentials, password and refresh grants, throttled without Retry-After."""

from __future__ import annotations

import base64
import hmac
import json
import time
from dataclasses import dataclass, field
from threading import Lock
from typing import Any
from uuid import uuid4

from werkzeug import Request

from sandbox.faults import Faults
from sandbox.settings import ShopIdentity
from sandbox.shopware.errors import ShopError, oauth, shopware

LIFETIME_S = 600
PREFIXES = ("SWIA", "SWUA", "SWSC", "SWPE")
_DENIED = "The resource owner or authorization server denied the request."
_INVALID = (
    "The request is missing a required parameter, includes an invalid parameter value, includes a parameter more than "
    "once, or is otherwise malformed."
)


@dataclass(slots=True)
class OAuth:
    """The token desk of one shop. Tokens are JWTs signed with the shop's secret, so they survive a restart."""

    shop: ShopIdentity
    faults: Faults
    issued: int = 0
    refused: dict[str, list[float]] = field(default_factory=dict)
    refresh: dict[str, bool] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def token(self, request: Request) -> dict[str, Any]:
        """`POST /oauth/token`. Raises ShopError."""
        form = self._form(request)
        grant = form.get("grant_type")
        if grant not in ("client_credentials", "password", "refresh_token"):
            raise oauth(400, "2", "The authorization grant type is not supported by the authorization server.",
                        "Check that all required parameters have been provided")  # fmt: skip
        client = form.get("client_id")
        if not client:
            raise oauth(400, "3", _INVALID, "Check the `client_id` parameter")
        key = f"{form.get('username', '')}|{request.remote_addr}"
        self._throttle(key)
        try:
            answer = self._grant(str(grant), str(client), form, had_header="Authorization" in request.headers)
        except ShopError:
            with self.lock:
                self.refused.setdefault(key, []).append(time.monotonic())
            raise
        with self.lock:
            self.refused.pop(key, None)
            self.issued += 1
        return answer

    def _form(self, request: Request) -> dict[str, Any]:
        if request.mimetype == "application/json":
            try:
                body = json.loads(request.get_data() or b"{}")
            except ValueError:
                body = {}
            form = body if isinstance(body, dict) else {}
        elif request.mimetype in ("application/x-www-form-urlencoded", "multipart/form-data"):
            form = request.form.to_dict()
        else:
            form = {}
        basic = request.authorization
        if basic is not None and basic.type == "basic":
            form.setdefault("client_id", basic.username)
            form.setdefault("client_secret", basic.password)
        return form

    def _throttle(self, key: str) -> None:
        """Ten refusals are free; then 10, 30 and 60 seconds between attempts."""
        times = self.refused.get(key, [])
        count = len(times)
        wait = 0 if count < 10 else 10 if count < 15 else 30 if count < 20 else 60
        left = wait - (time.monotonic() - times[-1]) if wait else 0
        if left > 0:
            seconds = max(1, round(left))
            raise shopware(429, "FRAMEWORK__AUTH_THROTTLED", f"Auth throttled for {seconds} seconds.",
                           parameters={"seconds": seconds})  # fmt: skip

    def _grant(self, grant: str, client: str, form: dict[str, Any], *, had_header: bool) -> dict[str, Any]:
        if grant == "client_credentials":
            if not client.startswith(PREFIXES):
                raise shopware(
                    500, "FRAMEWORK__API_INVALID_ACCESS_KEY", "Access key is invalid and could not be identified."
                )
            secret = str(form.get("client_secret") or "")
            if client != self.shop.client_id or not hmac.compare_digest(secret, self.shop.client_secret):
                headers = {"WWW-Authenticate": "Basic realm=OAuth"} if had_header else None
                raise oauth(401, "4", "Client authentication failed", None, headers)
            return self._tokens(client, refresh=False)
        if client != "administration":
            raise oauth(401, "4", "Client authentication failed", None)
        if grant == "password":
            if form.get("username") != "admin" or form.get("password") != self.shop.client_secret:
                raise oauth(400, "6", "The user credentials were incorrect.", None)
            return self._tokens(client, refresh=True)
        old = str(form.get("refresh_token") or "")
        if not self.refresh.get(old):
            detail = "Token has been revoked" if old in self.refresh else "Cannot decrypt the refresh token"
            raise oauth(
                401 if self.shop.version.startswith("6.6") else 400, "8", "The refresh token is invalid.", detail
            )
        self.refresh[old] = False
        return self._tokens(client, refresh=True)

    def _tokens(self, client: str, *, refresh: bool) -> dict[str, Any]:
        short = self.faults.hit("token_expiry", "/api/oauth/token")
        lifetime = int(short.value) if short else LIFETIME_S
        now = time.time()
        claims = {"aud": client, "jti": uuid4().hex, "iat": now, "nbf": now, "exp": now + lifetime, "sub": "",
                  "scopes": ["write"]}  # fmt: skip
        head = _b64(json.dumps({"typ": "JWT", "alg": "HS256"}).encode())
        body = f"{head}.{_b64(json.dumps(claims).encode())}"
        answer: dict[str, Any] = {
            "token_type": "Bearer", "expires_in": lifetime, "access_token": f"{body}.{self._sign(body)}",
        }  # fmt: skip
        if refresh:
            answer["refresh_token"] = uuid4().hex + uuid4().hex
            self.refresh[answer["refresh_token"]] = True
        return answer

    def _sign(self, body: str) -> str:
        return _b64(hmac.digest(self.shop.client_secret.encode(), body.encode(), "sha256"))

    def check(self, request: Request) -> None:
        """Raise ShopError 401 unless the request carries a token of ours that lives."""
        header = request.headers.get("Authorization")
        if header is None:
            raise oauth(401, "9", _DENIED, 'Missing "Authorization" header')
        token = header.removeprefix("Bearer").strip()
        if not token:
            raise oauth(401, "9", _DENIED, 'Missing token in "Authorization" header')
        parts = token.split(".")
        if len(parts) != 3:
            raise oauth(401, "9", _DENIED, "The JWT string must have two dots")
        body = f"{parts[0]}.{parts[1]}"
        try:
            claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=="))
            fine = hmac.compare_digest(self._sign(body), parts[2]) and claims["exp"] > time.time()
        except (ValueError, KeyError):
            fine = False
        if not fine:
            raise oauth(401, "9", _DENIED, "Access token could not be verified")


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
