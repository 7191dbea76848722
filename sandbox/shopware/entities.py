"""Which entities there are, how they hang together, and what may be written."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Association:
    """`one`: the foreign key is ours. `many`: the other's foreign key points here. `list`: ids kept in a mapping."""

    kind: str
    entity: str
    key: str


@dataclass(frozen=True, slots=True)
class Entity:
    name: str
    associations: dict[str, Association] = field(default_factory=dict)
    protected: frozenset[str] = frozenset()
    required: tuple[str, ...] = ()
    foreign: dict[str, str] = field(default_factory=dict)  # Field -> entity that must exist.
    translated: bool = False


def _one(entity: str, key: str) -> Association:
    return Association("one", entity, key)


def _many(entity: str, key: str) -> Association:
    return Association("many", entity, key)


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
            "categories": Association("list", "category", "product_category"),
            "properties": Association("list", "property_group_option", "product_property"),
            "options": Association("list", "property_group_option", "product_option"),
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
    ),
    Entity("product_media", {"media": _one("media", "mediaId")}, foreign={"mediaId": "media"}),
    Entity("product_manufacturer", {"products": _many("product", "manufacturerId")}, required=("name",),
           translated=True),
    Entity("category", {"parent": _one("category", "parentId")}, required=("name",), translated=True),
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
    Entity("webhook", required=("name", "eventName", "url"), protected=frozenset({"errorCount"})),
    Entity(
        "order",
        {
            "stateMachineState": _one("state_machine_state", "stateId"), "currency": _one("currency", "currencyId"),
            "salesChannel": _one("sales_channel", "salesChannelId"), "lineItems": _many("order_line_item", "orderId"),
            "deliveries": _many("order_delivery", "orderId"), "transactions": _many("order_transaction", "orderId"),
            "addresses": _many("order_address", "orderId"),
            "billingAddress": _one("order_address", "billingAddressId"),
            "orderCustomer": Association("single", "order_customer", "orderId"),
        },
        frozenset({"amountTotal", "amountNet", "positionPrice", "shippingTotal", "autoIncrement"}),
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
# Mapping entities and their two keys: only sync deletes name them.
MAPPINGS = {
    "product_category": ("productId", "categoryId"),
    "product_property": ("productId", "optionId"),
    "product_option": ("productId", "optionId"),
}
