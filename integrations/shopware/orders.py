"""Orders as the Admin API gives them: what to ask for, and the bodies that come back.

Amounts come with up to four decimals, gross or net as `price.taxStatus` says. Default reads know the live version only.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from integrations.shopware.schemas import _Body, _none_if_list, _object_if_list, _text

ASSOCIATIONS: Mapping[str, Any] = {
    "stateMachineState": {},
    "currency": {},
    "orderCustomer": {"associations": {"customer": {}}},
    "lineItems": {},
    "addresses": {"associations": {"country": {}}},
    "deliveries": {"associations": {"stateMachineState": {}, "shippingMethod": {}}},
    "transactions": {"associations": {"stateMachineState": {}, "paymentMethod": {}}},
    "documents": {"associations": {"documentType": {}}},
}
LIVE_VERSION = "0fa91ce3e96a4bc2be4bd9ce752c3425"
# A change of a child does not move the order's own stamp.
_STAMPS = (
    "createdAt", "updatedAt", "transactions.createdAt", "transactions.updatedAt", "deliveries.createdAt",
    "deliveries.updatedAt", "lineItems.createdAt", "lineItems.updatedAt", "addresses.updatedAt",
    "documents.createdAt",
)  # fmt: skip


def named_in(payload: list[Any]) -> list[str]:
    """The orders that a delivery names, whatever its shape; those of drafts, which are merged later, not."""
    found = []
    for entry in payload:
        if not isinstance(entry, dict):
            continue
        if isinstance(entry.get("order"), dict):
            id_ = entry["order"].get("id")
        elif entry.get("entity") == "order" and entry.get("versionId") in (None, LIVE_VERSION):
            id_ = entry.get("primaryKey")
        else:
            continue
        if isinstance(id_, dict):
            id_ = id_.get("id")
        if isinstance(id_, str) and len(id_) == 32 and id_ not in found:
            found.append(id_)
    return found


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _list_if_object(value: object) -> object:
    """PHP writes a filtered list as an object with numeric keys, and no list as null."""
    return list(value.values()) if isinstance(value, dict) else value or []


Moment = Annotated[datetime, AfterValidator(_aware)]
Words = Annotated[str, BeforeValidator(_text)]
Custom = Annotated[dict[str, Any], BeforeValidator(_object_if_list)]


class Named(_Body):
    """A record whose name a customer saw."""

    name: Words = ""
    technical_name: Words = Field("", alias="technicalName")
    translated: Custom = Field(default_factory=dict)

    @property
    def title(self) -> str:
        return self.name or str(self.translated.get("name") or "")


class StateName(_Body):
    technical_name: str = Field(alias="technicalName")


class Country(_Body):
    iso: Words = ""


class Currency(_Body):
    iso_code: str = Field(alias="isoCode")


class TaxRate(_Body):
    tax_rate: Decimal = Field(alias="taxRate")


class Amount(_Body):
    """A calculated price; gross or net as the order's `taxStatus` says."""

    unit_price: Decimal = Field(Decimal(0), alias="unitPrice")
    total_price: Decimal = Field(Decimal(0), alias="totalPrice")
    taxes: Annotated[list[TaxRate], BeforeValidator(_list_if_object)] = Field(
        default_factory=list, alias="calculatedTaxes"
    )


class LineItem(_Body):
    id: str
    parent_id: str | None = Field(None, alias="parentId")
    position: int = 0
    type: Words = "custom"
    label: Words = ""
    quantity: int
    price: Annotated[Amount | None, BeforeValidator(_none_if_list)] = None
    payload: Custom = Field(default_factory=dict)


class Transaction(_Body):
    id: str
    state: StateName = Field(alias="stateMachineState")
    method: Annotated[Named | None, BeforeValidator(_none_if_list)] = Field(None, alias="paymentMethod")
    amount: Amount
    created_at: Moment = Field(alias="createdAt")
    custom_fields: Custom = Field(default_factory=dict, alias="customFields")


class Delivery(_Body):
    id: str
    state: StateName = Field(alias="stateMachineState")
    method: Annotated[Named | None, BeforeValidator(_none_if_list)] = Field(None, alias="shippingMethod")
    costs: Amount = Field(default_factory=lambda: Amount.model_validate({}), alias="shippingCosts")
    tracking_codes: Annotated[list[str], BeforeValidator(_list_if_object)] = Field(
        default_factory=list, alias="trackingCodes"
    )
    earliest: Moment | None = Field(None, alias="shippingDateEarliest")
    latest: Moment | None = Field(None, alias="shippingDateLatest")
    address_id: str | None = Field(None, alias="shippingOrderAddressId")


class Address(_Body):
    id: str
    first_name: Words = Field("", alias="firstName")
    last_name: Words = Field("", alias="lastName")
    company: Words = ""
    street: Words = ""
    extra_1: Words = Field("", alias="additionalAddressLine1")
    extra_2: Words = Field("", alias="additionalAddressLine2")
    zipcode: Words = ""
    city: Words = ""
    country: Annotated[Country | None, BeforeValidator(_none_if_list)] = None
    phone: Words = Field("", alias="phoneNumber")


class Document(_Body):
    """An invoice and its like. Older shops keep the number in `config` alone; which ones is unverified."""

    id: str
    kind: Annotated[Named | None, BeforeValidator(_none_if_list)] = Field(None, alias="documentType")
    told_number: Words = Field("", alias="documentNumber")
    config: Custom = Field(default_factory=dict)
    created_at: Moment = Field(alias="createdAt")

    @property
    def number(self) -> str:
        return (self.told_number or str(self.config.get("documentNumber") or "")).strip()


class CustomerRecord(_Body):
    guest: bool = True


class Buyer(_Body):
    """The customer as they were when they ordered; `record` is what the shop has of them now, unless it was deleted."""

    email: Words = ""
    first_name: Words = Field("", alias="firstName")
    last_name: Words = Field("", alias="lastName")
    company: Words = ""
    customer_number: Words = Field("", alias="customerNumber")
    customer_id: str | None = Field(None, alias="customerId")
    record: Annotated[CustomerRecord | None, BeforeValidator(_none_if_list)] = Field(None, alias="customer")


class Total(_Body):
    net_price: Decimal = Field(alias="netPrice")
    total_price: Decimal = Field(alias="totalPrice")
    tax_status: Words = Field("gross", alias="taxStatus")


class ShopOrder(_Body):
    """An order with everything that belongs to it."""

    id: str
    number: Words = Field(alias="orderNumber")
    auto_increment: int = Field(0, alias="autoIncrement")
    placed_at: Moment = Field(alias="orderDateTime")
    state: StateName = Field(alias="stateMachineState")
    currency: Currency
    price: Total
    shipping: Amount = Field(default_factory=lambda: Amount.model_validate({}), alias="shippingCosts")
    comment: Words = Field("", alias="customerComment")
    billing_address_id: str | None = Field(None, alias="billingAddressId")
    primary_delivery_id: str | None = Field(None, alias="primaryOrderDeliveryId")
    primary_transaction_id: str | None = Field(None, alias="primaryOrderTransactionId")
    buyer: Annotated[Buyer | None, BeforeValidator(_none_if_list)] = Field(None, alias="orderCustomer")
    lines: Annotated[list[LineItem], BeforeValidator(_list_if_object)] = Field(default_factory=list, alias="lineItems")
    transactions: Annotated[list[Transaction], BeforeValidator(_list_if_object)] = Field(default_factory=list)
    deliveries: Annotated[list[Delivery], BeforeValidator(_list_if_object)] = Field(default_factory=list)
    addresses: Annotated[list[Address], BeforeValidator(_list_if_object)] = Field(default_factory=list)
    documents: Annotated[list[Document], BeforeValidator(_list_if_object)] = Field(default_factory=list)
    custom_fields: Custom = Field(default_factory=dict, alias="customFields")


def _read_of(*bodies: type[_Body]) -> list[str]:
    """Names of the fields that these bodies read."""
    named = (field.alias or name for body in bodies for name, field in body.model_fields.items())
    return list(dict.fromkeys(("id", *named)))


# By the shop's names of records: what nobody reads is not sent, more than half of the bytes and much of the customer.
INCLUDES: Mapping[str, list[str]] = {
    "order": _read_of(ShopOrder),
    "state_machine_state": _read_of(StateName),
    "currency": _read_of(Currency),
    "order_customer": _read_of(Buyer),
    "customer": _read_of(CustomerRecord),
    "order_line_item": _read_of(LineItem),
    "order_transaction": _read_of(Transaction),
    "payment_method": _read_of(Named),
    "order_delivery": _read_of(Delivery),
    "shipping_method": _read_of(Named),
    "order_address": _read_of(Address),
    "country": _read_of(Country),
    "document": _read_of(Document),
    "document_type": _read_of(Named),
}


def added_after(number: int) -> dict[str, Any]:
    """Criteria of orders that the shop counted after `number` (`autoIncrement`), in that order."""
    return {
        "filter": [{"type": "range", "field": "autoIncrement", "parameters": {"gt": number}}],
        "sort": [{"field": "autoIncrement", "order": "ASC"}],
        "associations": ASSOCIATIONS,
        "includes": INCLUDES,
    }


def changed_since(moment: datetime) -> dict[str, Any]:
    """Criteria of orders of which something moved. The shop compares the text as it is: UTC, without an offset."""
    text = moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.") + f"{moment.microsecond // 1000:03}"
    return {
        "filter": [{"type": "multi", "operator": "or", "queries": [
            {"type": "range", "field": stamp, "parameters": {"gte": text}} for stamp in _STAMPS
        ]}],
        "associations": ASSOCIATIONS,
        "includes": INCLUDES,
    }  # fmt: skip


def by_ids(ids: list[str]) -> dict[str, Any]:
    """Criteria of these orders."""
    return {"ids": ids, "associations": ASSOCIATIONS, "includes": INCLUDES}
