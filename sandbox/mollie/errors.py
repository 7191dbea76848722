"""Mollie's error object, and the refusals that several routes share."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

DOCUMENTATION = "https://docs.mollie.com"
_TITLES = {401: "Unauthorized Request", 422: "Unprocessable Entity"}  # Else the reason phrase.


class MollieError(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, detail: str, field: str | None = None, **headers: str) -> None:
        super().__init__(detail)
        self.status, self.detail, self.field = status, detail, field
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def body(self) -> dict[str, Any]:
        """As Mollie writes it."""
        page = {401: "authentication", 409: "api-idempotency"}.get(self.status, "handling-errors")
        shown: dict[str, Any] = {
            "status": self.status, "title": _TITLES.get(self.status) or HTTPStatus(self.status).phrase,
            "detail": self.detail,
        }  # fmt: skip
        if self.field is not None:
            shown["field"] = self.field
        shown["_links"] = {"documentation": {"href": f"{DOCUMENTATION}/overview/{page}", "type": "text/html"}}
        return shown


def invalid(field: str | None, detail: str) -> MollieError:
    """What is sent does not do, or not now."""
    return MollieError(422, detail, field)


def unknown(kind: str, id_: str) -> MollieError:
    """No such thing, or not for this credential."""
    return MollieError(404, f"No {kind} exists with token {id_}.")


def forbidden() -> MollieError:
    """Only the organisation may ask."""
    return MollieError(403, "Your API key does not have the permissions that this resource needs.")
