"""What a fresh shop holds, against the generated schema of the Admin API (Shopware 6.7.10.1)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.shopware.constants import DEFAULT_CURRENCY
from sandbox.shopware.entities import ENTITIES
from sandbox.shopware.fields import FIELDS
from sandbox.shopware.shop import Shop
from sandbox.testing import BareShop, SandboxHandle

SCHEMA = Path(__file__).parents[3] / "shared" / "contracts" / "shopware" / "admin-api-6.7.10.1.reduced.json"
FILLED = (
    "tax", "currency", "locale", "language", "country", "salutation", "customer_group", "category", "payment_method",
    "shipping_method", "delivery_time", "sales_channel", "state_machine", "state_machine_state", "webhook",
)  # fmt: skip


@pytest.fixture(scope="module")
def schemas() -> dict[str, Any]:
    if not SCHEMA.exists():
        pytest.skip("the published schema is not here")
    found: dict[str, Any] = json.loads(SCHEMA.read_text())["components"]["schemas"]
    return found


def schema_of(schemas: dict[str, Any], entity: str) -> dict[str, Any]:
    found: dict[str, Any] = schemas["".join(part.title() for part in entity.split("_"))]
    return found


@pytest.mark.parametrize("entity", FILLED)
def test_a_record_of_a_fresh_shop_has_what_the_schema_requires(
    shop: BareShop, schemas: dict[str, Any], entity: str
) -> None:
    schema = schema_of(schemas, entity)

    rows = shop.search(entity.replace("_", "-"))["data"]

    assert rows
    for row in rows:
        assert not {name for name in schema["required"] if row.get(name) is None}, row


def test_every_foreign_key_of_a_fresh_shop_leads_to_a_record(shop: BareShop) -> None:
    for entity in FILLED:
        links = {name: link for name, link in ENTITIES[entity].associations.items() if link.kind == "one"}
        for row in shop.search(entity.replace("_", "-"), associations={name: {} for name in links})["data"]:
            for name, link in links.items():
                assert (row.get(link.key) is None) == (row[name] is None), (entity, name, row)


def test_the_fields_a_criteria_may_name_are_those_of_the_schema(schemas: dict[str, Any]) -> None:
    for entity, names in FIELDS.items():
        schema = schema_of(schemas, entity)
        assert schema["properties"].keys() - names <= {"extensions"}, entity


def test_books_of_an_earlier_version_get_what_they_lack_at_the_next_start(world: SandboxHandle) -> None:
    held = world.sandbox.shops["econocom"]
    with held.storage.transaction() as books:
        books.connection.execute(
            """UPDATE entity SET doc = (doc - 'shortName') || '{"symbol": "EUR"}' WHERE name = 'currency'"""
        )

    Shop(held.identity, held.storage.url, held.base_url, "http://127.0.0.1:9", psp=held.psp).close()

    with held.storage.transaction() as books:
        (currency,) = books.get("currency", [DEFAULT_CURRENCY]).values()
    assert (currency["shortName"], currency["symbol"]) == ("EUR", "EUR")
