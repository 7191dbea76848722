"""Orders of the past days, so that a demo does not begin with empty pages.

Placed once both shops have something to sell, and only where nobody has ordered yet. The dates of orders are the shop's
own doing, so these are placed from inside; they are paid on Mollie's pages as all others, today.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from threading import Event, Thread

import httpx
import psycopg

from sandbox.buyer import Buyer, Refused
from sandbox.people import somebody
from sandbox.shopware import cart, finish, mollie_plugin, placing, shelf, states
from sandbox.shopware.entities import ENTITIES
from sandbox.shopware.errors import ShopError
from sandbox.shopware.placing import Placed
from sandbox.shopware.psp import NotNow
from sandbox.shopware.shop import Shop
from sandbox.shopware.storage import Books
from sandbox.shopware.writes import Write

log = logging.getLogger(__name__)
DAYS = 10
_PRODUCTS_AT_LEAST = 12
_LOOK_S, _BREATH_S = 1.0, 0.2  # Between looks for products, and between orders: others use the machine too.
_FATES = (
    *["paid"] * 5, *["shipped"] * 4, *["completed"] * 2, "paid_twice", *["failed"] * 2, "failed_then_paid", "expired",
    *["transfer"] * 2, "cancelled", "refunded",
)  # fmt: skip


class History(Thread):
    """Ends when it is written, or when it is told to stop."""

    def __init__(self, shops: Iterable[Shop], *, orders: int, seed: int = 7) -> None:
        super().__init__(name="history", daemon=True)
        self.shops, self.orders, self.dice = list(shops), orders, Random(seed)
        self.stop = Event()

    def run(self) -> None:
        try:
            empty = [shop for shop in self.shops if not _ordered(shop)]
            for shop in empty:
                self._write(shop, self.orders // len(self.shops))
        except psycopg.Error as error:
            log.warning("the past could not be written: %s", error)

    def close(self) -> None:
        """Let the order that is being placed be the last."""
        self.stop.set()
        if self.is_alive():
            self.join(timeout=25)

    def _write(self, shop: Shop, number: int) -> None:
        while _sellable(shop) < _PRODUCTS_AT_LEAST:
            if self.stop.wait(_LOOK_S):
                return
        fates = [_FATES[place % len(_FATES)] for place in range(number)]
        self.dice.shuffle(fates)
        ages = sorted((self.dice.uniform(0.5, DAYS * 24) for _ in fates), reverse=True)
        unwanted: list[Placed] = []
        for fate, hours in zip(fates, ages, strict=True):
            try:
                placed = self._order(shop, fate, datetime.now(UTC) - timedelta(hours=hours))
                unwanted += [placed] if fate == "refunded" else []
            except (placing.SoldOut, ShopError, NotNow, Refused, httpx.HTTPError) as error:
                log.info("an order of the past came to nothing: %s", error)
            if self.stop.wait(_BREATH_S):
                return
        for placed in unwanted:  # Everybody has heard by now that they were paid.
            _refund(shop, placed)

    def _order(self, shop: Shop, fate: str, placed_at: datetime) -> Placed:
        method = "banktransfer" if fate == "transfer" else self.dice.choice(("ideal", "ideal", "card", "bancontact"))
        person = somebody(self.dice)
        given = placing.given_of({**person.form(), "method": shop.identity.id("payment_method", method)})
        with shop.storage.transaction() as books:
            shown = shelf.some(books, shop, self.dice.randint(0, 10_000), 2)
            lines = cart.lines_of(books, shop, dict.fromkeys(shown[: 1 + (self.dice.random() < 0.25)], 1))
            if not lines:
                raise placing.SoldOut("everything")
            placed = placing.place(books, shop, lines, given, now=placed_at)
            _age(books, placed, placed_at)
        shop.after_commit()
        checkout = mollie_plugin.start(shop, placed.transaction_id)
        if checkout is not None:
            with Buyer(shop.base_url) as buyer:
                _FATE_OF.get(fate, _ends("pay"))(shop, buyer, placed, checkout)
        return placed


def _ordered(shop: Shop) -> bool:
    with shop.storage.transaction() as books:
        return books.count("e.name = 'order'", []) > 0


def _sellable(shop: Shop) -> int:
    with shop.storage.transaction() as books:
        return len(shelf.some(books, shop, 0, _PRODUCTS_AT_LEAST))


def _age(books: Books, placed: Placed, placed_at: datetime) -> None:
    """As if it had been written then."""
    books.connection.execute(
        """UPDATE entity SET created_at = %(at)s
           WHERE (name = 'order' AND id = %(order)s) OR (doc ? 'orderId' AND doc->>'orderId' = %(order)s)""",
        {"at": placed_at, "order": placed.order_id},
    )


# What became of them ----------------------------------------------------------------------------------------------


def _ends(outcome: str) -> Callable[[Shop, Buyer, Placed, str], None]:
    def end(_shop: Shop, buyer: Buyer, _placed: Placed, checkout: str) -> None:
        buyer.choose(checkout, outcome)

    return end


def _ship(shop: Shop, buyer: Buyer, placed: Placed, checkout: str) -> None:
    buyer.choose(checkout, "pay")
    with shop.storage.transaction() as books:
        (parcel,) = books.of_order("order_delivery", placed.order_id)
        write = Write(books, shop.identity, refuses=shop.faults.refuses)
        code = f"3STEST{int(placed.number):07}{shop.identity.code[0].upper()}"
        write.add(ENTITIES["order_delivery"], {"id": parcel["id"], "trackingCodes": [code]}, "/0")
        write.store()
        for entity, id_, action in (("order", placed.order_id, "process"), ("order_delivery", parcel["id"], "ship")):
            states.transition(books, shop.identity, shop.base_url, entity, id_, action)
    shop.after_commit()


def _complete(shop: Shop, buyer: Buyer, placed: Placed, checkout: str) -> None:
    _ship(shop, buyer, placed, checkout)
    with shop.storage.transaction() as books:
        states.transition(books, shop.identity, shop.base_url, "order", placed.order_id, "complete")
    shop.after_commit()


def _fail_then_pay(_shop: Shop, buyer: Buyer, placed: Placed, checkout: str) -> None:
    buyer.choose(checkout, "fail")
    buyer.choose(buyer.pay_again(placed.order_id), "pay")


def _pay_twice(_shop: Shop, buyer: Buyer, placed: Placed, checkout: str) -> None:
    buyer.choose(buyer.pay_again(placed.order_id), "pay")
    buyer.choose(checkout, "pay")


def _cancel(shop: Shop, buyer: Buyer, placed: Placed, checkout: str) -> None:
    buyer.choose(checkout, "cancel")
    finish.cancel(shop, placed.order_id)


def _refund(shop: Shop, placed: Placed) -> None:
    """All of it, at Mollie's own desk."""
    try:
        if payment := mollie_plugin.look(shop, placed.transaction_id):
            body = {"amount": payment["amount"], "description": f"Refund of {placed.number}"}
            shop.psp.ask("POST", f"payments/{payment['id']}/refunds", body)
    except NotNow as error:
        log.info("%s was not paid back: %s", placed.number, error)


_FATE_OF: Mapping[str, Callable[[Shop, Buyer, Placed, str], None]] = {
    "shipped": _ship, "completed": _complete, "paid_twice": _pay_twice, "failed": _ends("fail"),
    "failed_then_paid": _fail_then_pay, "expired": _ends("expire"), "transfer": _ends("wait"), "cancelled": _cancel,
}  # fmt: skip
