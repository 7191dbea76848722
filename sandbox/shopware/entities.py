"""Which entities there are, how they hang together, and what may be written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Association:
    """`one`: the foreign key is ours. `many`, `single`: theirs points here. `list`: a mapping entity links both."""

    kind: str
    entity: str
    key: str  # Of `list`: the mapping's key that names us.
    mapping: str = ""
    other: str = ""  # The mapping's key that names them.
    always: bool = False  # Comes without being asked for.


@dataclass(frozen=True, slots=True)
class Entity:
    name: str
    associations: dict[str, Association] = field(default_factory=dict)
    protected: frozenset[str] = frozenset()
    required: tuple[str, ...] = ()
    foreign: dict[str, str] = field(default_factory=dict)  # Field -> entity that must exist.
    translated: bool = False
    owned: frozenset[str] = frozenset()  # Foreign fields whose record takes ours along when it is deleted.
    keys: tuple[str, ...] = ()  # A mapping's: together they are its id.

    def id_of(self, doc: Mapping[str, Any]) -> Any:
        """The id that a payload names, None when it names none; a mapping's is made of its keys."""
        return "-".join(str(doc.get(key)) for key in self.keys) if self.keys else doc.get("id")

    def primary_key(self, id_: str) -> str | dict[str, str]:
        """As answers write it: the id, or a mapping's keys by name."""
        return dict(zip(self.keys, id_.split("-"), strict=True)) if self.keys else id_


def _one(entity: str, key: str) -> Association:
    return Association("one", entity, key)


def _many(entity: str, key: str) -> Association:
    return Association("many", entity, key)


def _mapping(name: str, mine: tuple[str, str, str], other: tuple[str, str, str]) -> Entity:
    """A mapping entity between two others, each given by association, entity and key."""
    keys = (mine[2], other[2])
    return Entity(
        name, {association: _one(entity, key) for association, entity, key in (mine, other)}, required=keys,
        foreign={key: entity for _association, entity, key in (mine, other)}, owned=frozenset(keys), keys=keys,
    )  # fmt: skip


_PROTECTED_PRODUCT = frozenset(
    ["availableStock", "available", "sales", "childCount", "categoryTree", "ratingAverage", "states", "autoIncrement"]
)
_ALL = [
    Entity(
        "product",
        {
            "tax": _one("tax", "taxId"), "manufacturer": _one("product_manufacturer", "manufacturerId"),
            "deliveryTime": _one("delivery_time", "deliveryTimeId"), "parent": _one("product", "parentId"),
            "visibilities": _many("product_visibility", "productId"), "media": _many("product_media", "productId"),
            "categories": Association("list", "category", "productId", "product_category", "categoryId"),
            "properties": Association("list", "property_group_option", "productId", "product_property", "optionId"),
            "options": Association("list", "property_group_option", "productId", "product_option", "optionId"),
            "children": _many("product", "parentId"),
        },
        _PROTECTED_PRODUCT, ("taxId", "price", "productNumber", "stock"),
        {"taxId": "tax", "manufacturerId": "product_manufacturer", "deliveryTimeId": "delivery_time"}, True,
    ),
    Entity(
        "product_visibility",
        {"product": _one("product", "productId"), "salesChannel": _one("sales_channel", "salesChannelId")},
        required=("productId", "salesChannelId", "visibility"),
        foreign={"productId": "product", "salesChannelId": "sales_channel"},
        owned=frozenset({"productId", "salesChannelId"}),
    ),
    *(_mapping(name, ("product", "product", "productId"), other) for name, other in (
        ("product_category", ("category", "category", "categoryId")),
        ("product_property", ("option", "property_group_option", "optionId")),
        ("product_option", ("option", "property_group_option", "optionId")),
    )),
    Entity("product_media", {"media": _one("media", "mediaId")}, foreign={"mediaId": "media"}),
    Entity("product_manufacturer", {"products": _many("product", "manufacturerId")}, required=("name",),
           translated=True),
    Entity(
        "category",
        {
            "parent": _one("category", "parentId"),
            "products": Association("list", "product", "categoryId", "product_category", "productId"),
        },
        required=("name",), translated=True,
    ),
    Entity("property_group", {"options": _many("property_group_option", "groupId")}, required=("name",),
           translated=True),
    Entity("property_group_option", {"group": _one("property_group", "groupId")}, required=("name", "groupId"),
           foreign={"groupId": "property_group"}, translated=True),
    Entity("media"), Entity("tax", {"products": _many("product", "taxId")}, required=("taxRate", "name")),
    Entity("currency"), Entity("locale"), Entity("language", {"locale": _one("locale", "localeId")}),
    Entity("delivery_time"), Entity("unit"), Entity("country"), Entity("salutation"), Entity("payment_method"),
    Entity("shipping_method", {"deliveryTime": _one("delivery_time", "deliveryTimeId")}), Entity("custom_field_set"),
    Entity("customer_group"),
    Entity("sales_channel", {
        "currency": _one("currency", "currencyId"), "language": _one("language", "languageId"),
        "customerGroup": _one("customer_group", "customerGroupId"), "country": _one("country", "countryId"),
        "paymentMethod": _one("payment_method", "paymentMethodId"),
        "shippingMethod": _one("shipping_method", "shippingMethodId"),
        "navigationCategory": _one("category", "navigationCategoryId"),
    }),
    Entity("customer", {"addresses": _many("customer_address", "customerId")}, required=("email", "lastName")),
    Entity("customer_address", {"country": _one("country", "countryId")}),
    Entity("state_machine", {"states": _many("state_machine_state", "stateMachineId")}),
    Entity("state_machine_state", {"stateMachine": _one("state_machine", "stateMachineId")}),
    Entity("state_machine_history", {
        "stateMachine": _one("state_machine", "stateMachineId"),
        "fromStateMachineState": _one("state_machine_state", "fromStateId"),
        "toStateMachineState": _one("state_machine_state", "toStateId"),
    }),
    Entity("mail_template_type", required=("name", "technicalName"), translated=True),
    Entity("mail_template", {"mailTemplateType": _one("mail_template_type", "mailTemplateTypeId")},
           required=("subject", "contentHtml", "contentPlain"), foreign={"mailTemplateTypeId": "mail_template_type"},
           translated=True),
    Entity("document_type", required=("name", "technicalName"), translated=True),
    Entity("document", {"documentType": _one("document_type", "documentTypeId"), "order": _one("order", "orderId")},
           required=("documentTypeId", "orderId", "config", "deepLinkCode"),
           foreign={"documentTypeId": "document_type", "orderId": "order"}),
    Entity("webhook", required=("name", "eventName", "url"), protected=frozenset({"errorCount"})),
    Entity(
        "order",
        {
            "stateMachineState": _one("state_machine_state", "stateId"), "currency": _one("currency", "currencyId"),
            "salesChannel": _one("sales_channel", "salesChannelId"), "lineItems": _many("order_line_item", "orderId"),
            "deliveries": _many("order_delivery", "orderId"), "transactions": _many("order_transaction", "orderId"),
            "addresses": _many("order_address", "orderId"), "documents": _many("document", "orderId"),
            "billingAddress": _one("order_address", "billingAddressId"),
            "orderCustomer": Association("single", "order_customer", "orderId", always=True),
        },
        frozenset(["amountTotal", "amountNet", "positionPrice", "shippingTotal", "taxStatus", "orderDate",
                   "autoIncrement"]),
        ("billingAddressId", "currencyId", "salesChannelId", "orderDateTime", "currencyFactor", "stateId", "price",
         "shippingCosts", "itemRounding", "totalRounding"),
        {"currencyId": "currency", "salesChannelId": "sales_channel", "stateId": "state_machine_state"},
    ),
    Entity("order_line_item", {"order": _one("order", "orderId"), "product": _one("product", "productId")}),
    Entity("order_delivery", {
        "stateMachineState": _one("state_machine_state", "stateId"),
        "shippingMethod": _one("shipping_method", "shippingMethodId"),
        "shippingOrderAddress": _one("order_address", "shippingOrderAddressId"), "order": _one("order", "orderId"),
    }),
    Entity("order_transaction", {
        "stateMachineState": _one("state_machine_state", "stateId"),
        "paymentMethod": _one("payment_method", "paymentMethodId"), "order": _one("order", "orderId"),
    }),
    Entity("order_address", {"country": _one("country", "countryId")}),
    Entity("order_customer", {"customer": _one("customer", "customerId")}),
]  # fmt: skip

ENTITIES = {entity.name: entity for entity in _ALL}
