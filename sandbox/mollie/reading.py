"""What callers send: bodies in JSON or in a form with brackets, and the checks that several routes share."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from werkzeug import Request

from sandbox import as_of
from sandbox.mollie.errors import MollieError, invalid
from sandbox.mollie.storage import Books

_WITH_CENTS = (
    "AED", "AUD", "BGN", "BRL", "CAD", "CHF", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "ILS", "MXN", "MYR", "NOK",
    "NZD", "PHP", "PLN", "RON", "SEK", "SGD", "THB", "TWD", "USD", "ZAR",
)  # fmt: skip
DECIMALS = {"JPY": 0, **dict.fromkeys(_WITH_CENTS, 2)}
METADATA_BYTES = 1024
CAPTURE_MOST = timedelta(days=7)
_FORM = "application/x-www-form-urlencoded"
_PARTS = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")


@dataclass(frozen=True, slots=True)
class Given:
    """The fields of a body. In a form everything is text."""

    fields: Mapping[str, Any]
    is_form: bool = False

    def flag(self, name: str) -> bool:
        """A boolean; absent is false."""
        value = self.fields.get(name)
        if value is None or isinstance(value, bool):
            return bool(value)
        if self.is_form and value in ("true", "false", "1", "0"):
            return value in ("true", "1")
        raise invalid(name, f"The '{name}' field should be a boolean")

    def text(self, name: str, *, required: bool = False) -> str | None:
        """A text. Raises MollieError where it is none, or missing."""
        value = self.fields.get(name)
        if value is None or value == "":
            if required:
                raise missing(name)
            return None
        if not isinstance(value, str):
            raise invalid(name, f"The '{name}' field should be a string")
        return value

    def only(self, known: Collection[str]) -> None:
        """Raises MollieError for a field that the call does not have."""
        for name in self.fields:
            if name not in known:
                raise invalid(name, f'Non-existent body parameter "{name}" for this API call.')


def missing(name: str) -> MollieError:
    """A field that has to be there."""
    return invalid(name, f"The '{name}' field is missing")


def go_back(books: Books, request: Request) -> None:
    """To when the request says that it is. Raises MollieError 400."""
    try:
        if moment := as_of.moment_of(request):
            books.go_back(moment)
    except ValueError as error:
        raise MollieError(400, str(error)) from None


def body_of(request: Request) -> Given:
    """The body's fields; none is no field. Raises MollieError 400 and 415."""
    raw = request.get_data()
    if not raw:
        return Given({})
    if request.mimetype == _FORM:
        return Given(_unfolded(list(request.form.items(multi=True))), is_form=True)
    if request.mimetype not in ("application/json", "application/hal+json"):
        raise MollieError(415, f"The content type '{request.mimetype}' is not supported.")
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise MollieError(400, "The JSON body could not be read.") from error
    if isinstance(body, list) and not body:  # PHP writes an empty object so.
        body = {}
    if not isinstance(body, dict):
        raise MollieError(400, "The body should be an object.")
    return Given(body)


def _unfolded(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """`lines[0][amount][value]=1` as objects and lists."""
    whole: dict[str, Any] = {}
    for name, value in pairs:
        found = _PARTS.fullmatch(name)
        if found is None:
            raise MollieError(400, f"The body parameter '{name}' could not be read.")
        path = [found[1], *re.findall(r"\[([^\[\]]*)\]", found[2])]
        here = whole
        for part in path[:-1]:
            inner = here.setdefault(part, {})
            if not isinstance(inner, dict):
                raise MollieError(400, f"The body parameter '{name}' could not be read.")
            here = inner
        here[path[-1] or str(len(here))] = value
    return {name: _listed(value) for name, value in whole.items()}


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if sorted(value, key=lambda key: (len(key), key)) == [str(place) for place in range(len(value))]:
        return [_listed(value[str(place)]) for place in range(len(value))]
    return {key: _listed(inner) for key, inner in value.items()}


def amount(value: Any, field: str, *, currency: str | None = None, negative: bool = False) -> dict[str, str]:
    """An amount as it is kept. Raises MollieError that names the part at fault."""
    if not isinstance(value, dict):
        raise invalid(field, f"The '{field}' field should be an object with a currency and a value")
    code, text = value.get("currency"), value.get("value")
    if code is None:
        raise missing(f"{field}.currency")
    if not isinstance(code, str) or code not in DECIMALS:
        raise invalid(f"{field}.currency", "The currency is not supported")
    if currency is not None and code != currency:
        raise invalid(f"{field}.currency", f"The currency should be {currency}, as that of the payment")
    if text is None:
        raise missing(f"{field}.value")
    places = rf"\.\d{{{DECIMALS[code]}}}" if DECIMALS[code] else ""
    if not isinstance(text, str) or not re.fullmatch(rf"-?\d{{1,12}}{places}", text, re.ASCII):
        raise invalid(f"{field}.value", f"The amount should be a string with {DECIMALS[code]} decimals")
    if text.startswith("-") and not negative:
        raise invalid(f"{field}.value", "The amount should not be negative")
    return {"currency": code, "value": text}


def money(value: Decimal, currency: str, decimals: int | None = None) -> dict[str, str]:
    """An amount as Mollie writes it."""
    places = DECIMALS[currency] if decimals is None else decimals
    return {"currency": currency, "value": f"{value:.{places}f}"}


def metadata(value: Any) -> Any:
    """Whatever the caller wants to find again, in about a kilobyte."""
    if value is None or value == "":
        return None
    if not isinstance(value, str | dict | list):
        raise invalid("metadata", "The metadata should be a string, an object or an array")
    if len(json.dumps(value, ensure_ascii=False).encode()) > METADATA_BYTES:
        raise invalid("metadata", "The metadata is larger than 1 kB")
    return value


def capture_delay(text: str) -> timedelta:
    """`8 hours`, `2 days`. Raises MollieError."""
    found = re.fullmatch(r"(\d{1,3}) (hour|day)s?", text, re.ASCII)
    delay = timedelta(hours=int(found[1]) * (24 if found[2] == "day" else 1)) if found else None
    if delay is None or delay > CAPTURE_MOST:
        raise invalid("captureDelay", "The capture delay should be hours or days, at most 7 days")
    return delay


def address(given: Given, name: str) -> str | None:
    """An address that a browser is sent to; an app's own scheme will do."""
    value = given.text(name)
    if value is not None and not _has_place(value):
        raise invalid(name, f"The '{name}' field should be a URL")
    return value


def webhook_url(given: Given) -> str | None:
    """An address that Mollie can call: of the web, and of this machine's, but of no private network."""
    value = given.text("webhookUrl")
    if value is None:
        return None
    if not is_callable(value):
        raise invalid("webhookUrl", "The webhook URL is invalid because it is unreachable from Mollie's point of view")
    return value


def is_callable(url: str) -> bool:
    """Whether Mollie can call an address: of the web, or of this machine."""
    return _has_place(url) and urlsplit(url).scheme in ("http", "https") and not _is_private(urlsplit(url).hostname)


def _has_place(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return bool(parts.scheme and (parts.hostname or parts.scheme not in ("http", "https")) and parts.port != 0)
    except ValueError:
        return False


def _is_private(host: str | None) -> bool:
    try:
        place = ipaddress.ip_address(host or "")
    except ValueError:
        return not host or host.endswith((".local", ".test", ".invalid"))
    return place.is_private and not place.is_loopback
