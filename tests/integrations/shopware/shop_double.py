"""A shop in memory at the wire, for tests of the client: it counts, and it fails as it is told."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import httpx

from integrations.http import Limits
from integrations.shopware.client import ShopwareClient, ShopwareShop

SECRET = "s3cr3t-of-the-integration"
Fault = Callable[[httpx.Request], httpx.Response | None]


@dataclass
class Time:
    """A clock that moves only when somebody sleeps."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def errors(status: int, *items: dict[str, Any], headers: dict[str, str] | None = None) -> httpx.Response:
    whole = [{"status": str(status), "code": "0", "title": "Error", "detail": None, **item} for item in items]
    return httpx.Response(status, json={"errors": whole}, headers=headers)


def violation(pointer: str, detail: str = "This value should not be blank.") -> dict[str, Any]:
    return {
        "code": "c1051bb4-d103-4f74-8988-acbcafc7fdc3",
        "detail": detail,
        "template": detail,
        "meta": {"parameters": []},
        "source": {"pointer": pointer},
    }


def deadlock(_request: httpx.Request) -> httpx.Response:
    return errors(500, {"code": "1213", "detail": "SQLSTATE[40001]: Serialization failure: 1213 Deadlock found"})


def gateway(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(504, text="<html>Gateway Time-out</html>")


def cut(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadError("connection reset by peer", request=request)


def fine(_request: httpx.Request) -> None:
    return None


@dataclass
class ShopDouble:
    """Answers as section by section of the contract; `faults` are used up one per call, `refuse` judges each sync."""

    version: str = "6.6.10.0"
    token_life_s: int = 600
    time: Time = field(default_factory=Time)
    faults: deque[Fault] = field(default_factory=deque)
    sign_in_faults: deque[Fault] = field(default_factory=deque)
    after_commit: deque[Fault] = field(default_factory=deque)
    refuse: Callable[[str, list[dict[str, Any]]], httpx.Response | None] = lambda _key, _payload: None
    calls: list[httpx.Request] = field(default_factory=list)
    sign_ins: list[httpx.Request] = field(default_factory=list)
    syncs: list[list[str]] = field(default_factory=list)
    stored: dict[str, dict[str, Any]] = field(default_factory=dict)
    writes: int = 0
    live: set[str] = field(default_factory=set)
    routes: dict[str, Callable[[httpx.Request], httpx.Response]] = field(default_factory=dict)

    def client(self, **options: Any) -> ShopwareClient:
        shop = ShopwareShop("https://shop.example", "SWIATEST", SECRET, **options.pop("shop", {}))
        defaults: dict[str, Any] = {
            "transport": httpx.MockTransport(self.handle),
            "clock": self.time,
            "sleep": self.time.sleep,
            "uniform": lambda _low, high: high,
            "limits": Limits(total_s=30),
        }
        return ShopwareClient(shop, **{**defaults, **options})

    def handle(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/")
        if path == "oauth/token":
            return self._sign_in(request)
        self.calls.append(request)
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.live:
            return errors(401, {"code": "9", "title": "The resource owner or authorization server denied the request."})
        if self.faults and (answer := self.faults.popleft()(request)) is not None:
            return answer
        if path == "_action/sync":
            return self._sync(request)
        if path == "_info/version":
            return httpx.Response(200, json={"version": self.version})
        if path in self.routes:
            return self.routes[path](request)
        return errors(404, {"detail": f"No route found for {path}"})

    def _sign_in(self, request: httpx.Request) -> httpx.Response:
        self.sign_ins.append(request)
        if self.sign_in_faults and (answer := self.sign_in_faults.popleft()(request)) is not None:
            return answer
        token = f"eyJ0eXAi.token-{len(self.sign_ins)}.signature"
        self.live = {token}
        return httpx.Response(
            200, json={"token_type": "Bearer", "expires_in": self.token_life_s, "access_token": token}
        )

    def _sync(self, request: httpx.Request) -> httpx.Response:
        ((key, operation),) = json.loads(request.content).items()
        payload = operation["payload"]
        self.syncs.append([record["id"] for record in payload])
        refusal = self.refuse(key, payload)
        if refusal is not None:
            return refusal
        for record in payload:
            self.stored[record["id"]] = record
            self.writes += 1
        if self.after_commit and (answer := self.after_commit.popleft()(request)) is not None:
            return answer
        done = {operation["entity"]: [record["id"] for record in payload]}
        return httpx.Response(200, json={"extensions": [], "data": done, "notFound": [], "deleted": []})

    def paged(self, path: str, rows: list[Any]) -> None:
        """Serve rows page by page; a missing limit is offset 0, as in the shop."""

        def page(request: httpx.Request) -> httpx.Response:
            body = json.loads(request.content)
            start = (body.get("page", 1) - 1) * body.get("limit", 0)
            part = rows[start : start + body.get("limit", 500)]
            return httpx.Response(200, json={"total": len(part), "data": part, "aggregations": []})

        self.routes[path] = page

    def bodies(self, path: str) -> list[Any]:
        return [json.loads(call.content) for call in self.calls if call.url.path == f"/api/{path}"]


def records(count: int) -> list[dict[str, Any]]:
    return [{"id": f"{number:032x}", "productNumber": f"RD-{number}", "stock": 1} for number in range(count)]


def pointing(*bad: int, detail: str = "This value should not be blank.") -> Callable[..., httpx.Response | None]:
    """A shop that names the bad records, by their number, in its pointers."""

    def refuse(key: str, payload: list[dict[str, Any]]) -> httpx.Response | None:
        places = [place for place, record in enumerate(payload) if int(record["id"], 16) in bad]
        found = [violation(f"/{key}/{place}/taxId", detail) for place in places]
        return errors(400, *found) if found else None

    return refuse


def silent(*bad: int, status: int = 400, item: dict[str, Any] | None = None) -> Callable[..., httpx.Response | None]:
    """A shop that refuses a payload with a bad record in it, and names no place."""
    said = item or {"code": "CONTENT__DUPLICATE_PRODUCT_NUMBER", "detail": 'Product with number "X" already exists.'}

    def refuse(_key: str, payload: Iterable[dict[str, Any]]) -> httpx.Response | None:
        return errors(status, said) if any(int(record["id"], 16) in bad for record in payload) else None

    return refuse
