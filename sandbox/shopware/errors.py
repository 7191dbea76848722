"""The error envelope, in its three shapes (contract 1.1)."""

from __future__ import annotations

from typing import Any


class ShopError(Exception):
    """An answer that is an error: one HTTP status, one or more entries."""

    def __init__(self, status: int, errors: list[dict[str, Any]], headers: dict[str, str] | None = None) -> None:
        super().__init__(errors[0].get("detail"))
        self.status = status
        self.errors = errors
        self.headers = headers or {}


TITLES = {
    400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    409: "Conflict", 415: "Unsupported Media Type", 429: "Too Many Requests", 500: "Internal Server Error",
}  # fmt: skip


DEADLOCK = {
    "code": "1213", "status": "500", "title": TITLES[500],
    "detail": "An exception occurred while executing a query: SQLSTATE[40001]: Serialization failure: 1213 Deadlock "
    "found when trying to get lock; try restarting transaction",
}  # fmt: skip


def shopware(status: int, code: str, detail: str, *, parameters: dict[str, Any] | None = None,
             pointer: str | None = None) -> ShopError:  # fmt: skip
    """A Shopware exception."""
    entry: dict[str, Any] = {"status": str(status), "code": code, "title": TITLES[status], "detail": detail}
    if pointer:
        entry["source"] = {"pointer": pointer}
    entry["meta"] = {"parameters": parameters or []}
    return ShopError(status, [entry])


def plain(status: int, detail: str) -> ShopError:
    """A framework, HTTP or database error."""
    return ShopError(status, [{"code": "0", "status": str(status), "title": TITLES[status], "detail": detail}])


def violation(pointer: str, detail: str, *, code: str = "c1051bb4-d103-4f74-8988-acbcafc7fdc3",
              value: str = "null") -> dict[str, Any]:  # fmt: skip
    """One constraint violation; several make one 400."""
    return {
        "code": code, "status": "400", "detail": detail, "template": detail,
        "meta": {"parameters": {"{{ value }}": value}}, "source": {"pointer": pointer},
    }  # fmt: skip


def oauth(status: int, code: str, title: str, detail: str | None, headers: dict[str, str] | None = None) -> ShopError:
    """An error of the token route, or of a token."""
    return ShopError(status, [{"code": code, "status": str(status), "title": title, "detail": detail}], headers)
