"""A second public client of Shopware's, asynchronous and typed, drives the sandbox: what it relies on is there.

Its models are strict, so that reading a record is a test of its fields.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from typed_client import MARKS, connect, errors, httpx2

from sandbox.testing import BareShop, SandboxHandle, hexid

pytestmark = MARKS
ORDER, DELIVERY, PAYMENT = hexid("order:10001"), hexid("delivery:10001"), hexid("payment:10001")
MASTERS = (
    "tax", "currency", "locale", "language", "country", "salutation", "customer_group", "category", "payment_method",
    "shipping_method", "delivery_time", "sales_channel", "state_machine", "state_machine_state",
)  # fmt: skip


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def admin(shop: BareShop, world: SandboxHandle) -> AsyncIterator[Any]:
    async with connect(world, shop.code) as client:
        yield client


@pytest.fixture
def stocked(shop: BareShop) -> BareShop:
    """Seven products, `P0` to `P6`, with as many pieces as their number."""
    grades = ("A", "B")
    shop.sync(
        *(shop.product(f"P{n}", stock=n, customFields={"iused_grade": grades[n % 2]}) for n in range(7))
    ).raise_for_status()
    return shop


# Signing in ------------------------------------------------------------------------------------------------------


async def test_the_shop_tells_its_version_and_its_configuration(admin: Any, shop: BareShop) -> None:
    version = (await admin.get("/_info/version")).json()["version"]

    info = await admin.api_info.first()

    assert version == {"refurbished-direct": "6.6.7.1", "econocom": "6.7.10.1"}[shop.code]
    assert info.version == version
    assert info.bundles["Administration"].type == "plugin"


@pytest.mark.parametrize(("lifetime", "tokens"), [("600", 1), ("20", 3)])
async def test_a_token_serves_until_thirty_seconds_before_its_end(
    admin: Any, shop: BareShop, world: SandboxHandle, lifetime: str, tokens: int
) -> None:
    world.fault(shop.code, "token_expiry", value=lifetime)
    before = world.stats(shop.code)["tokens"]

    for _ in range(3):
        await admin.currency.first()

    assert world.stats(shop.code)["tokens"] == before + tokens


async def test_a_token_that_the_shop_no_longer_takes_is_told(admin: Any, shop: BareShop, world: SandboxHandle) -> None:
    world.fault(shop.code, "token_expiry", value="0")

    with pytest.raises(errors.SWAPIUnauthorized) as caught:
        await admin.currency.first()

    assert (caught.value.code, caught.value.detail) == ("9", "Access token could not be verified")


async def test_a_person_signs_in(world: SandboxHandle, shop: BareShop) -> None:
    password = world.shop(shop.code).client_secret
    async with connect(world, shop.code, grant_type="password", username="admin", password=password) as client:
        assert (await client.currency.first()).iso_code == "EUR"


@pytest.mark.parametrize(("credentials", "status"), [
    ({"client_secret": "no"}, 401), ({"client_id": "nobody"}, 500),
    ({"grant_type": "password", "username": "admin", "password": "no"}, 400),
])  # fmt: skip
async def test_wrong_credentials(
    world: SandboxHandle, shop: BareShop, credentials: dict[str, str], status: int
) -> None:
    async with connect(world, shop.code, **credentials) as client:
        with pytest.raises(httpx2.HTTPStatusError) as caught:
            await client.currency.first()
    assert caught.value.response.status_code == status


# Records ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("entity", MASTERS)
async def test_the_records_of_a_fresh_shop_pass_the_clients_models(admin: Any, entity: str) -> None:
    records = await getattr(admin, entity).all()

    assert records
    again = [record.id async for record in getattr(admin, entity).order_by("id").iter(batch_size=2)]
    assert again == sorted(record.id for record in records)


async def test_a_product_lives_from_its_creation_to_its_end(admin: Any, shop: BareShop) -> None:
    product = admin.product.model_class(client=admin, **shop.product("A", manufacturerNumber="X-1"))

    created = await product.save(force_insert=True)
    assert (created.stock, created.price[0].gross, created.manufacturer_number) == (4, 121.0, "X-1")
    assert (await created.tax).tax_rate == 21.0

    created.stock = 8
    saved = await created.save()  # The whole record, as the model holds it.
    assert (saved.stock, saved.name) == (8, "Product A")
    assert saved.updated_at is not None

    updated = await admin.product.update(saved.id, {"stock": 9, "customFields": {"iused_grade": "A"}})
    assert (updated.stock, updated.custom_fields) == (9, {"iused_grade": "A"})
    assert shop.http.get(f"/api/product/{saved.id}").json()["data"]["stock"] == 9

    # `product.delete` repeats what was answered with 204 and then meets a 404, which is its own mistake.
    assert (await admin.delete(f"/product/{saved.id}", retries=0)).status_code == 204
    with pytest.raises(errors.SWAPINotFound, match="The product resource with the following primary key"):
        await admin.product.get(saved.id)


async def test_relations_come_with_the_record_or_when_they_are_asked_for(admin: Any, shop: BareShop) -> None:
    shelf = {"id": hexid("C"), "name": "Laptops", "type": "page", "displayNestedProducts": True,
             "productAssignmentType": "product"}  # fmt: skip
    visible = {"id": hexid("v"), "salesChannelId": shop.sales_channel_id, "visibility": 30}
    brand = {"id": hexid("M"), "name": "Lenovo"}
    shop.sync(shop.product("A", categories=[shelf], visibilities=[visible], manufacturer=brand)).raise_for_status()

    chosen = admin.product.select_related(
        manufacturer={}, categories={}, visibilities={"associations": {"salesChannel": {}}}
    )
    for product in (await chosen.first(), await admin.product.get(hexid("A"))):
        assert (await product.manufacturer).name == "Lenovo"
        assert [category.name for category in await product.categories] == ["Laptops"]
        (visibility,) = await product.visibilities
        assert (await visibility.sales_channel).id == shop.sales_channel_id
        assert await product.media == []


# Searching -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"product_number": "P3"}, "3"),
        ({"product_number__in": ["P1", "P5"]}, "15"),
        ({"name__contains": "duct P6"}, "6"),
        ({"name__startswith": "Product", "product_number__endswith": "4"}, "4"),
        ({"stock__gt": 1, "stock__lte": 3}, "23"),
        ({"stock__gte": 5}, "56"),
        ({"stock__lt": 1}, "0"),
        ({"stock__range": (2, 4)}, "234"),
        ({"custom_fields__iused_grade": "B"}, "135"),
        ({"tax__taxRate": 21, "stock": 2}, "2"),
        ({"manufacturer_id": None, "stock": 2}, "2"),
        ({"created_at__gte": "2020-01-01 00:00:00.000", "stock__lt": 2}, "01"),
    ],
)
async def test_filters(admin: Any, stocked: BareShop, asked: dict[str, Any], found: str) -> None:
    rows = await admin.product.filter(**asked).order_by("stock").all()

    assert [row.product_number for row in rows] == [f"P{number}" for number in found]


async def test_what_is_excluded_what_is_sorted_and_what_is_left_out(admin: Any, stocked: BareShop) -> None:
    others = await admin.product.exclude(product_number__in=["P0", "P1", "P2"]).order_by(("-stock",)).all()
    assert [row.stock for row in others] == [6, 5, 4, 3]

    second = await admin.product.order_by(("active", "-stock")).limit(3).page(2).all()
    assert [row.stock for row in second] == [3, 2, 1]

    pruned = await admin.product.only(product=["id", "product_number"]).filter(stock=2).first(raw=True)
    assert pruned.keys() <= {"id", "productNumber", "apiAlias", "_uniqueIdentifier"}
    assert await admin.product.filter(stock=99).first() is None


@pytest.mark.parametrize("searched", [True, False])
async def test_a_list_comes_page_by_page(admin: Any, shop: BareShop, world: SandboxHandle, searched: bool) -> None:
    shop.sync(*(shop.product(f"P{n:03}", stock=n) for n in range(250))).raise_for_status()
    products = admin.product.order_by("product_number") if searched else admin.product

    numbers = [product.product_number async for product in products.iter(batch_size=60)]

    assert sorted(numbers) == [f"P{n:03}" for n in range(250)]
    assert numbers == sorted(numbers) or not searched
    route = "POST /api/search/product" if searched else "GET /api/product"
    assert world.stats(shop.code)["requests"][route] == 5


# Many at once ----------------------------------------------------------------------------------------------------


async def test_many_are_written_and_deleted_at_once(admin: Any, shop: BareShop) -> None:
    products = [admin.product.model_class(**shop.product(f"P{n}", stock=n)) for n in range(30)]

    written = await admin.product.bulk_upsert(products, headers={"indexing-behavior": "use-queue-indexing"})
    changed = await admin.product.bulk_upsert([{"id": hexid("P3"), "stock": 33}])
    gone = await admin.product.bulk_delete([{"id": hexid(f"P{n}")} for n in range(29)] + [{"id": hexid("nowhere")}])

    assert sorted(written["data"]["product"]) == sorted(product.id for product in products)
    assert changed["data"]["product"] == [hexid("P3")]
    assert len(gone["deleted"]["product"]) == 29
    assert gone["notFound"] == {"product": [hexid("nowhere")]}
    (left,) = await admin.product.all()
    assert left.product_number == "P29"


async def test_links_are_entities_too(admin: Any, shop: BareShop) -> None:
    shop.sync(*({"id": hexid(name), "name": name} for name in ("C1", "C2")), entity="category").raise_for_status()
    shop.sync(shop.product("A")).raise_for_status()
    link = admin.product_category.model_class

    await admin.product_category.bulk_upsert(
        [link(product_id=hexid("A"), category_id=hexid(name)) for name in ("C1", "C2")]
    )
    links = await admin.product_category.filter(product_id=hexid("A")).all()
    gone = await admin.product_category.bulk_delete([row for row in links if row.category_id == hexid("C1")])

    assert {row.category_id for row in links} == {hexid("C1"), hexid("C2")}
    assert gone["deleted"] == {"product_category": [{"productId": hexid("A"), "categoryId": hexid("C1")}]}
    assert len(await admin.product_category.all()) == 1


async def test_calls_side_by_side_do_not_disturb_each_other(admin: Any, shop: BareShop) -> None:
    await asyncio.gather(*(admin.product.create(shop.product(f"P{n}", stock=n)) for n in range(12)))

    read = await asyncio.gather(*(admin.product.get(hexid(f"P{n}")) for n in range(12)))

    assert [product.stock for product in read] == list(range(12))


# Refusals --------------------------------------------------------------------------------------------------------


async def test_every_violation_of_a_sync_points_at_its_record(admin: Any, shop: BareShop) -> None:
    products = [shop.product("A"), shop.product("B", stock="many"), shop.product("C", taxId=None)]

    with pytest.raises(errors.SWAPIErrorList) as caught:
        await admin.product.bulk_upsert(products)

    pointed = {(error["idx"], error["entity"], error["field"]) for error in caught.value.get_pointed_errors()}
    assert pointed == {(1, "product", "stock"), (2, "product", "taxId")}
    assert {error["orig_obj"]["productNumber"] for error in caught.value.get_pointed_errors()} == {"B", "C"}
    assert await admin.product.all() == []


async def test_refusals_by_their_class_and_code(admin: Any, shop: BareShop) -> None:
    visible = {"salesChannelId": shop.sales_channel_id, "visibility": 30}
    await admin.product.create(shop.product("A", visibilities=[{**visible, "id": hexid("v")}]))

    async def refused(kind: type[Exception], call: Any) -> Any:
        with pytest.raises(kind) as caught:
            await call
        return caught.value

    taken = await refused(errors.SWAPIBadRequest, admin.product.create(shop.product("A", id=hexid("other"))))
    again = await refused(errors.SWAPIBadRequest, admin.product.create(shop.product("A")))
    unknown = await refused(errors.SWAPIBadRequest, admin.product.update(hexid("nowhere"), {"stock": 1}))
    in_use = await refused(errors.SWAPIError, admin.tax.delete(shop.tax_id))
    method = await refused(errors.SWAPIMethodNotAllowed, admin.post(f"/product/{hexid('A')}", json={}))
    too_many = await refused(errors.SWAPIBadRequest, admin.product.limit(501).all())
    no_tax = await refused(errors.SWAPISqlForeignKeyError, admin.product.create(shop.product("B", taxId=hexid("no"))))
    twice = await refused(errors.SWAPISqlDuplicateEntryError, admin.product_visibility.bulk_upsert(
        [{**visible, "id": hexid("w"), "productId": hexid("A")}]))  # fmt: skip
    friends = await refused(
        errors.SWAPIInternalServerError,
        admin.post("/search/product", json={"associations": {"friends": {}}}, retries=0),
    )

    assert (taken.code, taken.detail) == (
        "CONTENT__DUPLICATE_PRODUCT_NUMBER",
        'Product with number "A" already exists.',
    )
    assert again.code == unknown.code == "FRAMEWORK__WRITE_TYPE_INTEND_ERROR"
    assert (in_use.status, in_use.code) == (409, "FRAMEWORK__DELETE_RESTRICTED")
    assert method.status == 405
    assert (too_many.code, too_many.source) == ("FRAMEWORK__QUERY_LIMIT_EXCEEDED", {"pointer": "/limit"})
    assert (no_tax.sql_state, no_tax.rdbm_error_code) == ("23000", 1452)
    assert (twice.sql_state, twice.rdbm_error_code) == ("23000", 1062)
    assert friends.code == "FRAMEWORK__ASSOCIATION_NOT_FOUND"


# Orders ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def ordered(shop: BareShop) -> BareShop:
    """Order 10001 of the one product, `A`."""
    shop.sync(shop.product("A")).raise_for_status()
    line = {"productId": hexid("A"), "referencedId": hexid("A"), "payload": {"productNumber": "A"}}
    assert shop.http.post("/api/order", json=shop.order("10001", line)).status_code == 204
    return shop


async def test_an_order_is_read_with_all_that_belongs_to_it(admin: Any, ordered: BareShop) -> None:
    loaded = admin.order.filter(order_number="10001").select_related(
        line_items={"associations": {"product": {}}}, deliveries={}, transactions={}, addresses={}, currency={}
    )
    for order in (await loaded.first(), await admin.order.get(ORDER)):
        assert (order.order_customer.email, order.amount_total, order.tax_status) == ("ada@example.com", 121.0, "gross")
        assert (await order.state).technical_name == "open"
        assert (await order.currency).iso_code == "EUR"
        assert (await order.billing_address).city == "Amsterdam"
        (line,) = await order.line_items
        assert (line.payload, line.total_price, (await line.product).stock) == ({"productNumber": "A"}, 121.0, 3)
        (payment,) = await order.transactions
        assert (payment.amount.total_price, (await payment.payment_method).technical_name) == (121.0, "payment_ideal")
        (delivery,) = await order.deliveries
        assert (await (await delivery.shipping_order_address).country).iso == "NL"


async def test_a_tracking_code_is_written_on_the_delivery(admin: Any, ordered: BareShop) -> None:
    delivery = await admin.order_delivery.get(DELIVERY)
    delivery.tracking_codes = [*delivery.tracking_codes, "3S1"]

    saved = await delivery.save(update_fields={"tracking_codes"})

    assert saved.tracking_codes == ["3S1"]
    assert (await admin.order.get(ORDER)).updated_at is None  # Only the touched row is younger.


async def test_states_move_by_their_actions_and_leave_a_history(admin: Any, ordered: BareShop) -> None:
    silent = {"sendMail": False}
    await admin.post(f"/_action/order/{ORDER}/state/process", json=silent)
    await admin.post(f"/_action/order_transaction/{PAYMENT}/state/paid", json=silent)
    with pytest.raises(errors.SWAPIBadRequest) as caught:
        await admin.post(f"/_action/order/{ORDER}/state/process_faster", json=silent)

    assert caught.value.code == "SYSTEM__ILLEGAL_STATE_TRANSITION"
    assert caught.value.meta["parameters"]["possibleTransitions"] == ["cancel", "complete"]
    history = await admin.state_machine_history.filter(referenced_id__in=[ORDER, PAYMENT]).order_by("created_at").all()
    assert [entry.transition_action_name for entry in history] == ["process", "paid"]
    payment = await admin.order_transaction.get(PAYMENT)
    assert (await payment.state).technical_name == "paid"
    with pytest.raises(errors.SWAPIBadRequest, match="not allowed for scope crud"):
        await admin.order.update(ORDER, {"stateId": payment.state_id})
