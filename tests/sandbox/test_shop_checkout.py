"""What a visitor does in the sandbox's storefronts, and the order that comes of it (contract, section 7)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import httpx
import pytest

from sandbox.buyer import Buyer, NotForSale, Person, Refused
from sandbox.shopware import prices
from sandbox.shopware.prices import Line
from sandbox.testing import BareShop, Bought, SandboxHandle, hexid

WITH_ALL: dict[str, Any] = {
    "stateMachineState": {}, "lineItems": {}, "addresses": {"associations": {"country": {}}},
    "deliveries": {"associations": {"stateMachineState": {}, "shippingMethod": {}}},
    "transactions": {"associations": {"stateMachineState": {}, "paymentMethod": {}}},
}  # fmt: skip


def order_of(shop: BareShop, bought: Bought) -> dict[str, Any]:
    (order,) = shop.search("order", ids=[bought.order_id], associations=WITH_ALL)["data"]
    found: dict[str, Any] = order
    return found


def stock(shop: BareShop, number: str) -> int:
    return int(shop.http.get(f"/api/product/{hexid(number)}").json()["data"]["stock"])


def price(gross: float, net: float) -> list[dict[str, Any]]:
    return [{"currencyId": "b7d2554b0ce847cd82f3ac9bd1c0dfca", "gross": gross, "net": net, "linked": False}]


def margin_tax(shop: BareShop) -> str:
    (tax,) = shop.search("tax", filter={"taxRate": 0})["data"]
    return str(tax["id"])


def test_an_order_has_all_that_the_admin_api_tells_of_one(world: SandboxHandle, shop: BareShop) -> None:
    shop.sell("SKU-1")
    person = Person("Bo", "de Wit", "bo@example.com", "0612345678", "De Wit BV", "Kade 3 b", "2000", "Antwerpen", "BE")

    bought = world.buy(shop.code, "SKU-1", 2, comment="Ring twice", person=person)
    order = order_of(shop, bought)

    assert (order["orderNumber"], order["amountTotal"], order["shippingTotal"]) == ("10001", 242.0, 0.0)
    assert (order["taxStatus"], order["amountNet"], order["customerComment"]) == ("gross", 200.0, "Ring twice")
    assert order["price"]["calculatedTaxes"] == [{"tax": 42.0, "taxRate": 21.0, "price": 242.0}]
    assert order["orderCustomer"]["email"] == "bo@example.com"
    assert order["orderCustomer"]["customerNumber"] == "10001"
    (address,) = order["addresses"]
    assert address["id"] == order["billingAddressId"]
    told = [address[name] for name in ("firstName", "lastName", "company", "street", "zipcode", "city", "phoneNumber")]
    assert told == ["Bo", "de Wit", "De Wit BV", "Kade 3 b", "2000", "Antwerpen", "0612345678"]
    assert address["country"]["iso"] == "BE"
    (line,) = order["lineItems"]
    assert (line["payload"]["productNumber"], line["productId"], line["quantity"]) == ("SKU-1", hexid("SKU-1"), 2)
    assert (line["unitPrice"], line["totalPrice"], line["label"]) == (121.0, 242.0, "Product SKU-1")
    (parcel,) = order["deliveries"]
    assert parcel["shippingOrderAddressId"] == address["id"]
    (attempt,) = order["transactions"]
    assert (attempt["amount"]["totalPrice"], attempt["paymentMethod"]["technicalName"]) == (242.0, "payment_ideal")
    states = [one["stateMachineState"]["technicalName"] for one in (order, parcel, attempt)]
    assert states == ["open", "open", "open"]
    newer = shop.code == "econocom"
    assert ("primaryOrderTransactionId" in order) is newer
    assert order.get("primaryOrderTransactionId") == (attempt["id"] if newer else None)
    assert stock(shop, "SKU-1") == 2


def test_both_shops_count_their_orders_from_the_same_number(world: SandboxHandle, shop_of: Any) -> None:
    numbers = []
    for code in ("refurbished-direct", "econocom", "econocom"):
        shop_of(code).sell("SKU-1")
        numbers.append(world.buy(code, "SKU-1").number)

    assert numbers == ["10001", "10001", "10002"]


def test_margin_goods_show_no_vat_and_the_parcel_is_taxed_as_its_goods(world: SandboxHandle, shop: BareShop) -> None:
    shop.sell("TAXED", price=price(40.0, 33.06))
    shop.sell("MARGIN", price=price(60.0, 60.0), taxId=margin_tax(shop), customFields={"iused_margin_scheme": True})

    with world.buyer(shop.code) as buyer:
        buyer.put("TAXED")
        buyer.put("MARGIN")
        page = buyer.http.get("/cart").text
        bought = world.bought(shop.code, buyer.order())
    order = order_of(shop, bought)

    assert "106,95" in page
    assert "built-in" not in page
    assert page.count("21 %") == 1
    assert " 0 %" not in page
    by_sku = {line["payload"]["productNumber"]: line["price"]["calculatedTaxes"] for line in order["lineItems"]}
    assert by_sku["MARGIN"] == [{"tax": 0.0, "taxRate": 0.0, "price": 60.0}]
    assert by_sku["TAXED"] == [{"tax": 6.94, "taxRate": 21.0, "price": 40.0}]
    assert order["shippingCosts"]["calculatedTaxes"] == [
        {"tax": 0.48, "taxRate": 21.0, "price": 2.78}, {"tax": 0.0, "taxRate": 0.0, "price": 4.17},
    ]  # fmt: skip
    assert order["amountTotal"] == 106.95
    assert order["amountNet"] == pytest.approx(106.95 - 6.94 - 0.48)


def test_the_parts_of_a_parcels_costs_add_up_whatever_is_in_it() -> None:
    for cents in range(1, 400, 7):
        parts = [("0", "1.11"), ("21", f"{cents / 100:.2f}"), ("9", "33.33")]
        lines = [Line({}, 1, Decimal(gross), Decimal(rate)) for rate, gross in parts]

        assert sum(prices.shipping_taxed(lines).values()) == prices.PARCEL


def test_a_cart_is_changed_emptied_and_never_holds_more_than_there_is(world: SandboxHandle, shop: BareShop) -> None:
    shop.sell("SKU-1", stock=3)
    shop.sell("SKU-2")
    with world.buyer(shop.code) as buyer:
        buyer.put("SKU-1", 99)
        buyer.put("SKU-2")
        assert "363,00" in buyer.http.get("/cart").text  # Three pieces, for there are no more.

        buyer.http.post("/cart", data={f"pieces-{hexid('SKU-1')}": "1", "remove": hexid("SKU-2")})
        page = buyer.http.get("/cart").text
        assert "121,00" in page
        assert "SKU-2" not in page

        buyer.http.post("/cart", data={f"pieces-{hexid('SKU-1')}": "0"})
        assert f"pieces-{hexid('SKU-1')}" not in buyer.http.get("/cart").text
        with pytest.raises(Refused):
            buyer.order()


def test_what_somebody_else_took_leaves_the_cart_and_the_buyer_is_told(world: SandboxHandle, shop: BareShop) -> None:
    shop.sell("SKU-1", stock=1)
    with world.buyer(shop.code) as slow:
        slow.put("SKU-1")
        form = slow.http.get("/checkout").text
        world.buy(shop.code, "SKU-1")

        answer = slow.http.post("/checkout", data={**slow.person.form(), "method": method_id(form)})

        assert answer.status_code == 409
        assert ("niet alles is er nog" in answer.text.lower()) or ("some of it is gone" in answer.text.lower())
    assert stock(shop, "SKU-1") == 0
    with pytest.raises(NotForSale):
        world.buy(shop.code, "SKU-1")


def method_id(page: str) -> str:
    return page.split('name="method" value="')[1][:32]


def test_the_last_piece_is_sold_once_to_many_at_the_same_time(world: SandboxHandle, shop: BareShop) -> None:
    shop.sell("SKU-1", stock=1)
    buyers = [Buyer(str(shop.http.base_url).removesuffix("/")) for _ in range(6)]
    for buyer in buyers:
        buyer.put("SKU-1")

    def order(buyer: Buyer) -> bool:
        try:
            buyer.order()
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(order, buyers))
    for buyer in buyers:
        buyer.http.close()

    assert done.count(True) == 1
    assert (stock(shop, "SKU-1"), shop.search("order")["total"]) == (0, 1)


@pytest.mark.parametrize(
    ("name", "value"),
    [("first_name", " "), ("email", "nobody"), ("street", ""), ("country", "FR"), ("zipcode", ""), ("method", "x")],
)
def test_a_form_that_lacks_something_comes_back_filled_in(
    world: SandboxHandle, shop: BareShop, name: str, value: str
) -> None:
    shop.sell("SKU-1")
    with world.buyer(shop.code) as buyer:
        buyer.put("SKU-1")
        method = method_id(buyer.http.get("/checkout").text)

        answer = buyer.http.post("/checkout", data={**buyer.person.form(), "method": method, name: value})

    assert answer.status_code == 422
    assert 'value="Amsterdam"' in answer.text
    assert shop.search("order")["total"] == 0


def test_an_account_is_known_again_and_a_guest_is_not(world: SandboxHandle, shop: BareShop) -> None:
    shop.sell("SKU-1")
    for person in (Person(account=True), Person(account=True), Person(), Person()):
        world.buy(shop.code, "SKU-1", person=person)

    orders = shop.search("order", sort="autoIncrement")["data"]
    customers = shop.search("customer", sort="autoIncrement", associations={"addresses": {}})["data"]

    assert [order["orderCustomer"]["customerNumber"] for order in orders] == ["10001", "10001", "10002", "10003"]
    assert [customer["guest"] for customer in customers] == [False, True, True]
    assert customers[0]["addresses"][0]["city"] == "Amsterdam"
    assert orders[0]["orderCustomer"]["customerId"] == customers[0]["id"]


def test_words_of_a_buyer_stay_words(world: SandboxHandle, shop: BareShop) -> None:
    shop.sell("SKU-1", name="<b>Phone</b> & co")
    with world.buyer(shop.code, Person(city='"><script>')) as buyer:
        buyer.put("SKU-1")
        answer = buyer.http.post("/checkout", data=buyer.person.form())

    assert "<script>" not in answer.text
    assert "&lt;b&gt;Phone" in answer.text


@pytest.mark.parametrize("path", ["/checkout/finish?orderId=x", "/p/none", "/somewhere"])
def test_what_is_not_there_is_not_found(world: SandboxHandle, path: str) -> None:
    base = world.shop("econocom").base_url

    assert httpx.get(base + path).status_code == 404
    assert httpx.post(base + "/checkout/again", data={"orderId": "x"}).status_code == 404
    assert httpx.post(base + "/cart/add", data={"id": "x"}).status_code == 404


def test_placing_an_order_tells_who_listens(world: SandboxHandle, shop: BareShop) -> None:
    shop.sell("SKU-1")
    world.buy(shop.code, "SKU-1", person=Person(account=True))

    with world.sandbox.shops[shop.code].storage.transaction() as books:
        told = {row[0] for row in books.connection.execute("SELECT body->'data'->>'event' FROM webhook_log")}

    assert {"checkout.order.placed", "order.written", "customer.written"} <= told
