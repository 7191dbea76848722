"""The lines of a payment: they must be whole, and add up."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sandbox.mollie.errors import invalid
from sandbox.mollie.reading import DECIMALS, Given, amount, missing

TYPES = ("physical", "digital", "shipping_fee", "discount", "store_credit", "gift_card", "surcharge")
_NEGATIVE = ("discount", "store_credit", "gift_card")
_TEXTS = ("description", "quantityUnit", "vatRate", "sku", "imageUrl", "productUrl")
_AMOUNTS = ("unitPrice", "discountAmount", "totalAmount", "vatAmount")
_KNOWN = ("type", "quantity", "categories", "recurring", *_TEXTS, *_AMOUNTS)


def lines_of(given: Given, total: Mapping[str, str]) -> list[dict[str, Any]] | None:
    """The lines as they are kept; None without. Raises MollieError that names the line's field."""
    value = given.fields.get("lines")
    if value is None or value == []:
        return None
    if not isinstance(value, list):
        raise invalid("lines", "The 'lines' field should be an array")
    lines = [_line(line, f"lines.{place}", total["currency"], given.is_form) for place, line in enumerate(value)]
    together = sum(Decimal(line["totalAmount"]["value"]) for line in lines)
    if together != Decimal(total["value"]):
        raise invalid("lines", f"The lines add up to {together}, the amount is {total['value']}")
    return lines


def _line(value: Any, field: str, currency: str, is_form: bool) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise invalid(field, f"The '{field}' field should be an object")
    for name in value:
        if name not in _KNOWN:
            raise invalid(f"{field}.{name}", f'Non-existent body parameter "{field}.{name}" for this API call.')
    for name in ("description", "quantity", "unitPrice", "totalAmount"):
        if value.get(name) in (None, ""):
            raise missing(f"{field}.{name}")
    kind = value.get("type", "physical")
    if kind not in TYPES:
        raise invalid(f"{field}.type", "The line type is invalid")
    line = {**value, "type": kind, "quantity": _quantity(value["quantity"], field, is_form)}
    for name in _TEXTS:
        if name in line and not isinstance(line[name], str):
            raise invalid(f"{field}.{name}", f"The '{field}.{name}' field should be a string")
    for name in _AMOUNTS:
        if name in line:
            line[name] = amount(line[name], f"{field}.{name}", currency=currency, negative=kind in _NEGATIVE)
    _check_sums(line, field, currency)
    return line


def _quantity(value: Any, field: str, is_form: bool) -> int:
    if is_form and isinstance(value, str) and value.isdecimal():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise invalid(f"{field}.quantity", "The quantity should be a whole number of at least 1")
    return value


def _check_sums(line: Mapping[str, Any], field: str, currency: str) -> None:
    """Total = pieces x price - discount, and the VAT is that of the total, which includes it."""
    total = Decimal(line["totalAmount"]["value"])
    discount = Decimal(line["discountAmount"]["value"]) if "discountAmount" in line else Decimal(0)
    if total != line["quantity"] * Decimal(line["unitPrice"]["value"]) - discount:
        raise invalid(f"{field}.totalAmount", "The total is not the quantity times the unit price, less the discount")
    if "vatRate" not in line:
        return
    if not re.fullmatch(r"\d{1,3}\.\d{2}", line["vatRate"], re.ASCII):
        raise invalid(f"{field}.vatRate", "The VAT rate should be a string with 2 decimals")
    if "vatAmount" not in line:
        return
    rate, smallest = Decimal(line["vatRate"]), Decimal(1).scaleb(-DECIMALS[currency])
    vat = (total * rate / (100 + rate)).quantize(smallest, ROUND_HALF_UP)
    if abs(vat - Decimal(line["vatAmount"]["value"])) > smallest:
        raise invalid(f"{field}.vatAmount", f"The VAT amount should be {vat}")
