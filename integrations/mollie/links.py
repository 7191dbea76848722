"""Which payment belongs to which order of a Shopware shop, told from either side. Pure.

Source: Mollie's plugin for Shopware 6, versions 4.25.1 and after 5.4.0; 5.0 and 5.1 by its changelog.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from integrations.mollie.schemas import Payment

_PAYMENT = re.compile(r"tr_\S+")
_ORDER = re.compile(r"ord_\S+")
_ORDER_NUMBER = r"[^\s#]+"
_PLACEHOLDER = re.compile(r"\{(ordernumber|customernumber)\}")
# A subscription's webhook ends in the id of something else.
_WEBHOOK = re.compile(r"/mollie/webhook/([0-9a-fA-F]{32})/?\Z")


class MollieLink(NamedTuple):
    """Mollie's ids of a Shopware order: `tr_…`, and `ord_…` where the old Orders API made it."""

    payment_id: str | None
    order_id: str | None


class ShopReference(NamedTuple):
    """What a payment says of its shop. `from_description`: the number is read from a text that a shop may change."""

    order_number: str | None
    transaction_id: str | None
    from_description: bool = False


def link_of(order: Mapping[str, Any], transaction: Mapping[str, Any] | None = None) -> MollieLink:
    """From the custom fields of an order and its transaction, as the Admin API gives them.

    Each version of the plugin writes other names; the transaction's go first, and what does not look like an id of
    its kind is passed over. A transaction that is not paid yet may have none.
    """
    own, whole = _fields(transaction), _fields(order)
    payment_ids = [own.get("payment_id"), own.get("id"), whole.get("payment_id"), whole.get("id")]
    order_ids = [own.get("order_id"), own.get("orderId"), whole.get("order_id"), whole.get("orderId")]
    return MollieLink(_first(_PAYMENT, payment_ids), _first(_ORDER, order_ids))


def shop_reference(payment: Payment, *, description_format: str = "{ordernumber}") -> ShopReference:
    """By metadata, by the end of the webhook's address, and by the description in the shop's own format.

    The format may hold `{ordernumber}` and `{customernumber}`. The description is read when the metadata is silent.
    """
    transaction_id = _transaction_id(payment.webhook_url)
    number = _number(_metadata(payment.metadata).get("shopwareOrderNumber"))
    if number is not None:
        return ShopReference(number, transaction_id)
    number = _described(payment.description, description_format)
    return ShopReference(number, transaction_id, from_description=number is not None)


def _fields(record: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """PHP writes an empty object as a list, and no custom fields as null."""
    custom = record.get("customFields") if record else None
    fields = custom.get("mollie_payments") if isinstance(custom, Mapping) else None
    return fields if isinstance(fields, Mapping) else {}


def _first(pattern: re.Pattern[str], values: list[object]) -> str | None:
    return next((value for value in values if isinstance(value, str) and pattern.fullmatch(value)), None)


def _metadata(value: object) -> Mapping[str, Any]:
    """Mollie returns it as it was sent: an object, or a text that may hold one."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, Mapping) else {}


def _number(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value).strip() or None


def _described(description: str, description_format: str) -> str | None:
    found = _pattern(description_format).fullmatch(description.strip())
    return found.groupdict().get("ordernumber") if found else None


def _pattern(description_format: str) -> re.Pattern[str]:
    """The format as an expression; a placeholder that comes again stands for the same text again."""
    parts, known = "", set[str]()
    for place, text in enumerate(_PLACEHOLDER.split(description_format.strip())):
        if place % 2 == 0:
            parts += re.escape(text)
        elif text in known:
            parts += f"(?P={text})"
        else:
            known.add(text)
            parts += f"(?P<{text}>{_ORDER_NUMBER})"
    return re.compile(parts)


def _transaction_id(webhook_url: str | None) -> str | None:
    try:
        path = urlsplit(webhook_url or "").path
    except ValueError:
        return None
    found = _WEBHOOK.search(path)
    return found[1].lower() if found else None
