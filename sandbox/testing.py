"""The sandbox inside a test's own process, on free ports."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from sandbox.buyer import Buyer, Person
from sandbox.control import effects, sent, stats
from sandbox.faults import Fault
from sandbox.mollie import control as mollie_control
from sandbox.mollie.identity import ORGANISATION_TOKEN, PROFILES, Mode, Profile
from sandbox.mollie.psp import Mollie
from sandbox.server import Sandbox
from sandbox.settings import SHOPS, Bridge
from sandbox.shopware import mollie_plugin
from sandbox.shopware.constants import DEFAULT_CURRENCY, DEFAULT_LANGUAGE


@dataclass(frozen=True, slots=True)
class ShopHandle:
    code: str
    name: str
    base_url: str
    client_id: str
    client_secret: str
    app_secret: str


@dataclass(frozen=True, slots=True)
class MollieHandle:
    """This Mollie as its users reach it, and what makes things happen there."""

    mollie: Mollie

    @property
    def base_url(self) -> str:
        """What stands before `/v2`."""
        return self.mollie.base_url

    @property
    def organisation_token(self) -> str:
        return ORGANISATION_TOKEN

    def profile_id(self, code: str) -> str:
        """The profile of a channel."""
        return _profile(code).id

    def key(self, code: str, mode: Mode = "test") -> str:
        """The API key of a channel's profile. Raises KeyError."""
        return _profile(code).key(mode)

    def webhook_secret(self, code: str) -> str:
        """What the events of a channel's subscription are signed with."""
        return _profile(code).webhook_secret

    def fault(self, kind: str, *, route: str = ".*", left: int | None = None, value: str = "",
              probability: float = 1.0) -> Fault:  # fmt: skip
        """Switch a fault on; its `hits` tell whether it took effect."""
        fault = Fault(kind, route, probability, left, value)
        self.mollie.faults.add(fault)
        return fault

    def advance(self, seconds: float) -> None:
        """Move its clock on; what falls due on the way is done when this returns, webhook calls are on their way."""
        self.mollie.advance(seconds)

    def act(self, payment_id: str, act: str, **values: Any) -> None:
        """Something happens to a payment: pay, authorise, wait, fail, cancel, expire (`method`), chargeback (`amount`),
        reverse, finish_refund, fail_refund, fail_capture (of the newest, or the one named). Raises MollieError.
        """
        mollie_control.act(self.mollie, payment_id, act, values)

    def settle(self, mode: Mode = "test") -> str | None:
        """Pay out what there is; the settlement's id, or None when there is nothing."""
        return self.mollie.settle_now(mode)

    def deliveries(self, subject: str | None = None) -> list[dict[str, Any]]:
        """Webhook calls, newest first."""
        return self.mollie.deliveries(subject)


def _profile(code: str) -> Profile:
    return {profile.code: profile for profile in PROFILES}[code]


@dataclass(frozen=True, slots=True)
class Bought:
    """An order with its newest attempt to pay. `payment_id` and `checkout_url` are '' where Mollie has no part."""

    order_id: str
    number: str
    transaction_id: str
    payment_id: str
    checkout_url: str


@dataclass(frozen=True, slots=True)
class SandboxHandle:
    sandbox: Sandbox

    @property
    def control_url(self) -> str:
        return self.sandbox.control_url

    @property
    def mollie(self) -> MollieHandle:
        return MollieHandle(self.sandbox.mollie)

    def shop(self, code: str) -> ShopHandle:
        """How a shop is reached. Raises KeyError."""
        shop = self.sandbox.shops[code]
        me = shop.identity
        return ShopHandle(code, me.name, shop.base_url, me.client_id, me.client_secret, me.app_secret)

    def fault(self, code: str, kind: str, *, route: str = ".*", left: int | None = None, value: str = "",
              probability: float = 1.0) -> Fault:  # fmt: skip
        """Switch a fault on; its `hits` tell whether it took effect."""
        fault = Fault(kind, route, probability, left, value)
        self.sandbox.shops[code].faults.add(fault)
        return fault

    def buy(self, code: str, sku: str, number: int = 1, *, method: str = "payment_ideal", comment: str = "",
            person: Person | None = None) -> Bought:  # fmt: skip
        """Order pieces on the pages of a shop, up to where they are paid: `mollie.act` or `choose` goes on from there.

        `method`: payment_ideal, payment_card, payment_bancontact, payment_banktransfer, payment_invoice.
        """
        with self.buyer(code, person) as buyer:
            buyer.put(sku, number)
            return self.bought(code, buyer.order(method, comment=comment))

    def pay_again(self, code: str, order_id: str, *, method: str = "payment_ideal") -> Bought:
        """Another attempt to pay an order, on its finish page: a new transaction and a new payment."""
        with self.buyer(code) as buyer:
            return self.bought(code, buyer.pay_again(order_id, method))

    def buyer(self, code: str, person: Person | None = None) -> Buyer:
        """Somebody on the pages of a shop, to be closed."""
        return Buyer(self.sandbox.shops[code].base_url, person or Person())

    def bought(self, code: str, place: str) -> Bought:
        """The order of which a buyer was sent to `place`: Mollie's page, or the shop's finish page."""
        with self.sandbox.shops[code].storage.transaction() as books:
            rows = books.find("e.name = %s AND e.doc->>'checkoutUrl' = %s", [mollie_plugin.ROW, place], "e.auto", 1, 0)
            row = rows[0] if rows else {}
            order_id = row.get("orderId") or place.partition("orderId=")[2][:32]
            order = books.get("order", [order_id])[order_id]
            attempt = row.get("id") or books.of_order("order_transaction", order_id)[-1]["id"]
        return Bought(order_id, order["orderNumber"], attempt, row.get("paymentId", ""), row.get("checkoutUrl", ""))

    def bridge(self, code: str, whom: Bridge, portal_url: str = "") -> None:
        """From now on Mollie calls the shop's plugin or the portal about new payments of a shop, until `reset`."""
        shop = self.sandbox.shops[code]
        webhook = f"{portal_url}/webhooks/mollie/{code}/{shop.identity.webhook_token}"
        shop.psp = replace(shop.psp, bridge=whom, portal_webhook=webhook if portal_url else shop.psp.portal_webhook)

    def reset(self) -> None:
        """Fresh shops, and a Mollie that nobody has used."""
        self.sandbox.world.forget()
        for system in self.sandbox.systems.by_name.values():
            system.reset()

    def stats(self, code: str) -> dict[str, Any]:
        """What the shop holds and did."""
        result: dict[str, Any] = stats(self.sandbox.shops)[code]
        return result

    def mails(self, code: str) -> list[dict[str, Any]]:
        """What the shop mailed, the oldest first: `to` (address to name), `subject`, `plain`, `html`, `kind`, …"""
        return sent(self.sandbox.shops[code])

    def effects(self, code: str) -> dict[str, int]:
        """Product id to number of writes."""
        return effects(self.sandbox.shops[code])


def webhook_token(code: str) -> str:
    """What nobody can guess in the address at which the portal takes Mollie's calls about a shop. Raises KeyError."""
    return {shop.code: shop.webhook_token for shop in SHOPS}[code]


@contextmanager
def running_sandbox(
    database_url: str, *, portal_url: str = "http://127.0.0.1:9", mollie_certificate: Path | None = None
) -> Iterator[SandboxHandle]:
    """Everything until the block ends. `database_url` is a database of the sandbox's own."""
    sandbox = Sandbox(database_url, base_port=0, portal_url=portal_url, mollie_certificate=mollie_certificate)
    try:
        yield SandboxHandle(sandbox)
    finally:
        sandbox.close()


def hexid(text: str) -> str:
    """An id as Shopware takes them."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class BareShop:
    """One shop, signed in and spoken to with bare HTTP: no mistake of a client is mirrored."""

    code: str
    http: httpx.Client
    tax_id: str  # Of 21 %.
    sales_channel_id: str

    def post(self, path: str, body: Any, **headers: str) -> httpx.Response:
        return self.http.post(f"/api/{path}", json=body, headers=headers)

    def search(self, entity: str, **criteria: Any) -> dict[str, Any]:
        answer = self.post(f"search/{entity}", criteria).raise_for_status()
        body: dict[str, Any] = answer.json()
        return body

    def product(self, number: str, **fields: Any) -> dict[str, Any]:
        """A payload that is complete."""
        return {
            "id": hexid(number), "productNumber": number, "name": f"Product {number}", "stock": 4,
            "taxId": self.tax_id,
            "price": [{"currencyId": DEFAULT_CURRENCY, "gross": 121.0, "net": 100.0, "linked": False}],
            **fields,
        }  # fmt: skip

    def sell(self, number: str, **fields: Any) -> dict[str, Any]:
        """Have a product on the shelf of the storefront; returns its payload."""
        shown = {"id": hexid(f"visibility:{number}"), "salesChannelId": self.sales_channel_id, "visibility": 30}
        product = self.product(number, **{"active": True, "isCloseout": True, "visibilities": [shown], **fields})
        self.sync(product).raise_for_status()
        return product

    def order(self, number: str, *lines: dict[str, Any], **fields: Any) -> dict[str, Any]:
        """The payload of an open order over 121.00 with a customer, a delivery and a payment."""
        states = self.search("state-machine-state", filter={"technicalName": "open"}, associations={"stateMachine": {}})
        opened = {state["stateMachine"]["technicalName"]: state["id"] for state in states["data"]}
        (country,) = self.search("country", filter={"iso": "NL"})["data"]
        (parcel,) = self.search("shipping-method")["data"]
        (ideal,) = self.search("payment-method", filter={"technicalName": "payment_ideal"})["data"]
        person = {"firstName": "Ada", "lastName": "Jansen"}
        address = hexid(f"address:{number}")
        rounding = {"decimals": 2, "interval": 0.01, "roundForNet": True}
        amount = {
            "unitPrice": 121.0,
            "totalPrice": 121.0,
            "quantity": 1,
            "taxRules": [],
            "calculatedTaxes": [{"tax": 21.0, "taxRate": 21.0, "price": 121.0}],
        }
        free = {**amount, "unitPrice": 0.0, "totalPrice": 0.0, "calculatedTaxes": []}
        return {
            "id": hexid(f"order:{number}"), "orderNumber": number, "orderDateTime": "2026-11-24T10:00:00.000+00:00",
            "currencyId": DEFAULT_CURRENCY, "currencyFactor": 1.0, "languageId": DEFAULT_LANGUAGE,
            "salesChannelId": self.sales_channel_id, "stateId": opened["order.state"],
            "itemRounding": rounding, "totalRounding": rounding, "billingAddressId": address, "shippingCosts": free,
            "price": {"netPrice": 100.0, "totalPrice": 121.0, "positionPrice": 121.0, "rawTotal": 121.0,
                      "taxStatus": "gross", "calculatedTaxes": amount["calculatedTaxes"], "taxRules": []},
            "orderCustomer": {**person, "email": "ada@example.com", "customerNumber": "10001"},
            "addresses": [{**person, "id": address, "street": "Dam 1", "zipcode": "1012 JS", "city": "Amsterdam",
                           "countryId": country["id"]}],
            "lineItems": [{"id": hexid(f"line:{number}:{place}"), "identifier": str(place), "label": f"Device {place}",
                           "type": "product", "quantity": 1, "position": place, "good": True, "states": [],
                           "price": amount, **line} for place, line in enumerate(lines, start=1)],
            "deliveries": [{"id": hexid(f"delivery:{number}"), "stateId": opened["order_delivery.state"],
                            "shippingMethodId": parcel["id"], "shippingOrderAddressId": address, "trackingCodes": [],
                            "shippingDateEarliest": "2026-11-25T00:00:00.000+00:00",
                            "shippingDateLatest": "2026-11-27T00:00:00.000+00:00", "shippingCosts": free}],
            "transactions": [{"id": hexid(f"payment:{number}"), "stateId": opened["order_transaction.state"],
                              "paymentMethodId": ideal["id"], "amount": amount}],
            **fields,
        }  # fmt: skip

    def sync(self, *payload: dict[str, Any], entity: str = "product", action: str = "upsert") -> httpx.Response:
        return self.post("_action/sync", {"write": {"entity": entity, "action": action, "payload": list(payload)}})


def bare_shop(world: SandboxHandle, code: str) -> BareShop:
    """Sign in to a shop. The caller closes `http`."""
    handle = world.shop(code)
    return signed_in(code, base_url=handle.base_url, client_id=handle.client_id, client_secret=handle.client_secret)


def signed_in(code: str, *, base_url: str, client_id: str, client_secret: str) -> BareShop:
    """Sign in to a shop wherever it runs. The caller closes `http`."""
    http = httpx.Client(base_url=base_url, headers={"Accept": "application/json"}, timeout=20)
    token = http.post(
        "/api/oauth/token",
        json={"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret},
    ).raise_for_status().json()["access_token"]  # fmt: skip
    http.headers["Authorization"] = f"Bearer {token}"
    tax = http.post("/api/search/tax", json={"filter": {"taxRate": 21}}).json()["data"][0]["id"]
    name = next(shop.name for shop in SHOPS if shop.code == code)
    channel = http.post("/api/search/sales-channel", json={"filter": {"name": name}}).json()["data"][0]["id"]
    return BareShop(code, http, tax, channel)
