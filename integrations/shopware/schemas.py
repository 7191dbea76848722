"""Bodies of the Admin API that we read; unknown fields are ignored. PHP writes an empty object as `[]`."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from integrations.errors import Problem


def _none_if_list(value: object) -> object:
    return None if isinstance(value, list) else value


def _object_if_list(value: object) -> object:
    return {} if value is None or value == [] else value


def _text(value: object) -> object:
    return "" if value is None else str(value)


class _Body(BaseModel):
    # A validation error must not quote what it read: a token answer would end up in the log.
    model_config = ConfigDict(extra="ignore", populate_by_name=True, hide_input_in_errors=True)


class Token(_Body):
    """`POST /oauth/token`; `expires_in` in seconds."""

    access_token: str = Field(min_length=1, repr=False)
    expires_in: float = Field(gt=0)


class Source(_Body):
    """Where in our body the trouble is."""

    pointer: Annotated[str, BeforeValidator(_text)] = ""


class ErrorItem(_Body):
    """One entry of `errors`, in any of the three shapes: the shop's own, a violated constraint, anything else."""

    status: Annotated[str, BeforeValidator(_text)] = ""
    code: Annotated[str, BeforeValidator(_text)] = ""
    title: str | None = None
    detail: str | None = None
    source: Annotated[Source | None, BeforeValidator(_none_if_list)] = None
    meta: Any = None

    def problem(self) -> Problem:
        """The entry in our words."""
        pointer = self.source.pointer if self.source else ""
        return Problem(self.code, _readable(self.detail) or self.title or "", pointer)

    def parameter(self, name: str) -> object:
        """A value of `meta.parameters`, or None."""
        parameters = self.meta.get("parameters") if isinstance(self.meta, dict) else None
        return parameters.get(name) if isinstance(parameters, dict) else None


def _readable(detail: str | None) -> str:
    """A missing privilege comes as JSON inside the text."""
    if not detail or not detail.startswith("{"):
        return detail or ""
    try:
        inner = json.loads(detail)
        return f"{inner['message']}: {', '.join(inner['missingPrivileges'])}"
    except (ValueError, LookupError, TypeError):
        return detail


class Errors(_Body):
    """Every error answer."""

    errors: list[ErrorItem] = Field(min_length=1)


class Page(_Body):
    """Search results; in the default count mode `total` is the size of this page, so it is not read."""

    data: list[dict[str, Any]]


class IdPage(_Body):
    """Result of `search-ids`; mapping entities give objects of keys."""

    data: list[str | dict[str, str]]


class Detail(_Body):
    """One record."""

    data: dict[str, Any]


Grouped = Annotated[dict[str, list[Any]], BeforeValidator(_object_if_list)]


class SyncAnswer(_Body):
    """Ids per entity: written, named in a delete but unknown to the shop, deleted."""

    data: Grouped
    not_found: Grouped = Field(default_factory=dict, alias="notFound")
    deleted: Grouped = Field(default_factory=dict)


class Version(_Body):
    """`GET /_info/version`."""

    version: str = Field(min_length=1)


class State(_Body):
    """A state of a state machine, as a transition answers it."""

    id: str
    technical_name: str = Field(alias="technicalName")


class Tax(_Body):
    """A tax; the rate in per cent."""

    id: str
    rate: Decimal = Field(alias="taxRate")


class _Translated(_Body):
    name: str | None = None


class Named(_Body):
    """A record with a translated name: `name` is null where only another language has one."""

    id: str
    name: str | None = None
    translated: Annotated[_Translated, BeforeValidator(_object_if_list)] = _Translated()

    @property
    def title(self) -> str:
        """The name in the default language, else its translation, else ''."""
        return self.name or self.translated.name or ""


class SalesChannel(Named):
    """A sales channel."""

    active: bool = True


class Price(_Body):
    """A row of a product's price: gross and net as they were sent, in the currency of `currency_id`."""

    currency_id: str = Field(alias="currencyId")
    gross: Decimal
    net: Decimal


class Product(Named):
    """A product as the shop holds it; what a variant inherits from its parent is None."""

    number: str = Field(alias="productNumber")
    active: bool | None = None
    stock: int
    tax_id: str | None = Field(default=None, alias="taxId")
    price: list[Price] | None = None
