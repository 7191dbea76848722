"""Ids that every shop has of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

from pydantic import ValidationError

from integrations.errors import Misconfigured, UnexpectedBody
from integrations.shopware.schemas import Named, SalesChannel, Tax
from integrations.shopware.shop import DEFAULT_CURRENCY_ID, DEFAULT_LANGUAGE_ID, STOREFRONT_TYPE_ID

Search = Callable[[str, Mapping[str, Any]], Iterator[dict[str, Any]]]
Row = TypeVar("Row", Tax, SalesChannel, Named)


class Lookups(NamedTuple):
    """What a product payload needs to know of its shop."""

    sales_channel_id: str
    taxes: Mapping[Decimal, str]  # Rate in per cent, normalised -> id.
    manufacturers: Mapping[str, str] = {}  # Name, case-folded -> id.
    default_currency_id: str = DEFAULT_CURRENCY_ID
    default_language_id: str = DEFAULT_LANGUAGE_ID

    def tax_id(self, percent: Decimal) -> str:
        """Raises UnexpectedBody when the shop has no tax of that rate."""
        found = self.taxes.get(percent.normalize())
        if found is None:
            raise UnexpectedBody(f"the shop has no tax of {percent.normalize():f} %")
        return found

    def manufacturer_id(self, name: str) -> str | None:
        """The shop's manufacturer of that name, whatever its case; None when the shop has none."""
        return self.manufacturers.get(name.strip().casefold())


def look_up(search: Search, *, sales_channel_id: str | None) -> Lookups:
    """Ask the shop. Of several taxes with one rate, or manufacturers with one name, the lowest id is taken."""
    taxes: dict[Decimal, str] = {}
    for tax in _rows(Tax, search("tax", {})):
        taxes.setdefault(tax.rate.normalize(), tax.id)
    manufacturers: dict[str, str] = {}
    slim = {"includes": {"product_manufacturer": ["id", "name", "translated"]}}
    for manufacturer in _rows(Named, search("product_manufacturer", slim)):
        manufacturers.setdefault(manufacturer.title.strip().casefold(), manufacturer.id)
    channel_id = sales_channel_id or _only_storefront(search)
    return Lookups(channel_id, taxes, manufacturers)


def _only_storefront(search: Search) -> str:
    storefronts = {"filter": [{"type": "equals", "field": "typeId", "value": STOREFRONT_TYPE_ID}]}
    channels = [channel for channel in _rows(SalesChannel, search("sales_channel", storefronts)) if channel.active]
    if not channels:
        raise Misconfigured("the shop has no active storefront sales channel", retry_after_s=60)
    if len(channels) > 1:
        names = ", ".join(f"{channel.title} ({channel.id})" for channel in channels)
        text = f"the shop has several storefronts; name the sales channel to use: {names}"
        raise Misconfigured(text, retry_after_s=60)
    return channels[0].id


def _rows(kind: type[Row], found: Iterator[dict[str, Any]]) -> Iterator[Row]:
    for record in found:
        try:
            yield kind.model_validate(record)
        except ValidationError as error:
            raise UnexpectedBody(f"a {kind.__name__.lower()} of the shop is not as the contract says") from error
