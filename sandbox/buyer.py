"""Somebody with a browser: reads the pages of a storefront and of Mollie, and fills in their forms."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import httpx

_PRODUCT = re.compile(r'class="card" href="/p/([0-9a-f]{32})"')
_METHOD = re.compile(r'name="method" value="([0-9a-f]{32})" data-method="([a-z_]+)"')
_ATTEMPT = re.compile(r'<option value="([0-9a-f]{32})" data-method="([a-z_]+)"')
_ORDER = re.compile(r'name="orderId" value="([0-9a-f]{32})"')


class NotForSale(Exception):
    """The shop does not show it."""


class Refused(Exception):
    """The shop did not take the order; the text says where it stopped."""


@dataclass(frozen=True, slots=True)
class Person:
    first_name: str = "Ada"
    last_name: str = "Jansen"
    email: str = "ada@example.com"
    phone: str = ""
    company: str = ""
    street: str = "Dam 1"
    zipcode: str = "1012 JS"
    city: str = "Amsterdam"
    country: str = "NL"
    account: bool = False

    def form(self) -> dict[str, str]:
        """As the checkout asks for it."""
        names = ("first_name", "last_name", "email", "phone", "company", "street", "zipcode", "city", "country")
        return {**{name: getattr(self, name) for name in names}, **({"account": "1"} if self.account else {})}


@dataclass(slots=True)
class Buyer:
    """A visit to one shop, with its cookies."""

    base_url: str
    person: Person = field(default_factory=Person)
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.base_url, timeout=20)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.http.close()

    def look_for(self, words: str = "", *, page: int = 1) -> list[str]:
        """Ids of the products that the shop shows for some words."""
        return _PRODUCT.findall(self.http.get("/", params={"q": words, "page": page}).raise_for_status().text)

    def put(self, sku: str, number: int = 1) -> None:
        """Find a product by its number and put it into the cart. Raises NotForSale."""
        for id_ in self.look_for(sku):
            if f'class="soft">{html.escape(sku)}' in self.http.get(f"/p/{id_}").raise_for_status().text:
                self.put_product(id_, number)
                return
        raise NotForSale(sku)

    def put_product(self, id_: str, number: int = 1) -> None:
        """Put a product into the cart. Raises NotForSale."""
        answer = self.http.post("/cart/add", data={"id": id_, "quantity": str(number)})
        if answer.status_code != 303:
            raise NotForSale(id_)

    def order(self, method: str = "payment_ideal", *, comment: str = "") -> str:
        """Place the order; returns where the shop sends us. Raises Refused."""
        page = self.http.get("/checkout")
        if page.status_code != 200:
            raise Refused("the cart")
        ids = {name: id_ for id_, name in _METHOD.findall(page.text)}
        form = {**self.person.form(), "comment": comment, "method": ids.get(method, "")}
        answer = self.http.post("/checkout", data=form)
        if answer.status_code != 303:
            raise Refused(f"the checkout, {answer.status_code}")
        return answer.headers["Location"]

    def pay_again(self, order_id: str, method: str = "payment_ideal") -> str:
        """On the finish page, try again; returns where the shop sends us. Raises Refused."""
        page = self.http.get("/checkout/finish", params={"orderId": order_id}).raise_for_status().text
        if _ORDER.search(page) is None:
            raise Refused("the finish page")
        ids = {name: id_ for id_, name in _ATTEMPT.findall(page)}
        answer = self.http.post("/checkout/again", data={"orderId": order_id, "method": ids.get(method, "")})
        if answer.status_code != 303:
            raise Refused(f"the finish page, {answer.status_code}")
        return answer.headers["Location"]

    def choose(self, checkout_url: str, outcome: str, method: str = "") -> str:
        """On Mollie's page, let it end like this; returns where Mollie sends us. Raises Refused.

        After a refusal or a cancel with a preset method Mollie asks once more: the same again then.
        """
        place = checkout_url
        for _ in range(2):
            answer = self.http.post(place, data={"outcome": outcome, "method": method})
            if answer.status_code != 303:
                raise Refused(f"Mollie's page, {answer.status_code}")
            place = str(answer.url.join(answer.headers["Location"]))
            if "again=1" not in place:
                break
        return place
