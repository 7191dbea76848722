"""Orders of the past days, so that a demo does not begin with empty pages.

Written once both shops have something to sell, and only where nobody has ordered yet: one step after the other, as it
came about in these days. The dates of orders are the shops' own doing, so they are placed from inside; they are paid
over HTTP as all others, of when that was (`sandbox.as_of`). What Mollie did by itself meanwhile it does in its turn.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from heapq import heappop, heappush
from itertools import count
from random import Random
from threading import Event, Thread

import httpx
import psycopg

from sandbox import as_of
from sandbox.buyer import Buyer, Refused
from sandbox.mollie.past import Past
from sandbox.mollie.psp import Mollie
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
_LOOK_S, _BREATH_S = 1.0, 0.05  # Between looks for products, and between steps: others use the machine too.
_FATES = (
    *["paid"] * 5, *["shipped"] * 4, *["completed"] * 2, "paid_twice", *["failed"] * 2, "failed_then_paid", "expired",
    *["transfer"] * 2, "cancelled", "refunded",
)  # fmt: skip
_FORGOTTEN = timedelta(minutes=61)  # Longer than any method but a transfer waits for its buyer.
_REFUND_SENT = timedelta(hours=2, minutes=1)

Act = Callable[[datetime], None]  # With when it is.


class History(Thread):
    """Ends when it is written, or when it is told to stop."""

    def __init__(self, shops: Iterable[Shop], mollie: Mollie, *, orders: int, seed: int = 7) -> None:
        super().__init__(name="history", daemon=True)
        self.shops, self.mollie, self.orders, self.dice = list(shops), mollie, orders, Random(seed)
        self.stop = Event()
        self._ahead: list[tuple[datetime, int, Act]] = []
        self._places = count()

    def run(self) -> None:
        try:
            empty = [shop for shop in self.shops if not _ordered(shop)]
            while any(_sellable(shop) < _PRODUCTS_AT_LEAST for shop in empty):
                if self.stop.wait(_LOOK_S):
                    return
            if empty:
                self._write(empty)
        except psycopg.Error as error:
            log.warning("the past could not be written: %s", error)

    def close(self) -> None:
        """Let the step that is being taken be the last."""
        self.stop.set()
        if self.is_alive():
            self.join(timeout=25)

    def at(self, moment: datetime, act: Act) -> None:
        """Something happens then."""
        heappush(self._ahead, (moment, next(self._places), act))

    def _write(self, shops: list[Shop]) -> None:
        """Step by step, the earliest first; what would be in the future is left to the world."""
        began = datetime.now(UTC)
        for shop in shops:
            fates = [_FATES[place % len(_FATES)] for place in range(self.orders // len(self.shops))]
            for fate in fates:
                self.at(began - timedelta(hours=self.dice.uniform(0.5, DAYS * 24)),
                        partial(self._place, shop, fate, began))  # fmt: skip
        with Past(self.mollie) as past:
            while self._ahead and self._ahead[0][0] < began:
                moment, _place, act = heappop(self._ahead)
                past.reach(moment)
                try:
                    act(moment)
                except (placing.SoldOut, ShopError, NotNow, Refused, httpx.HTTPError) as error:
                    log.info("a step of the past came to nothing: %s", error)
                if self.stop.wait(_BREATH_S):
                    return
            past.reach(began)

    def _place(self, shop: Shop, fate: str, began: datetime, moment: datetime) -> None:
        """Somebody orders, and what becomes of it is planned."""
        method = "banktransfer" if fate == "transfer" else self.dice.choice(("ideal", "ideal", "card", "bancontact"))
        person = somebody(self.dice)
        given = placing.given_of({**person.form(), "method": shop.identity.id("payment_method", method)})
        with shop.storage.transaction() as books:
            shown = shelf.some(books, shop, self.dice.randint(0, 10_000), 2)
            lines = cart.lines_of(books, shop, dict.fromkeys(shown[: 1 + (self.dice.random() < 0.25)], 1))
            if not lines:
                raise placing.SoldOut("everything")
            placed = placing.place(books, shop, lines, given, now=moment)
            _age(books, placed, moment, began)
        shop.after_commit()
        tale = Tale(shop, placed, began)
        tale.start(moment, placed.transaction_id)
        for after, act in self._fate(tale, fate, began - moment):
            self.at(moment + after, act)

    def _fate(self, tale: Tale, fate: str, age: timedelta) -> list[tuple[timedelta, Act]]:
        """What happens, and how long after the order; within the half hour that every order is old, or its `age`."""
        paid = (timedelta(minutes=self.dice.uniform(1, 4)), partial(tale.ends, "pay"))
        sent, received = min(timedelta(hours=22), age * 0.5), min(timedelta(hours=70), age * 0.9)
        soon, later = timedelta(minutes=6), timedelta(minutes=9)
        steps: Mapping[str, list[tuple[timedelta, Act]]] = {
            "paid": [paid],
            "shipped": [paid, (sent, tale.ship)],
            "completed": [paid, (sent, tale.ship), (received, tale.complete)],
            "paid_twice": [(soon, tale.again), (later, partial(tale.ends, "pay")), (later, tale.pay_first)],
            "failed": [(soon, partial(tale.ends, "fail"))],
            "failed_then_paid": [(paid[0], partial(tale.ends, "fail")), (soon, tale.again),
                                 (later, partial(tale.ends, "pay"))],
            "expired": [(_FORGOTTEN, tale.hear)],
            "transfer": [(soon, partial(tale.ends, "wait"))],
            "cancelled": [(soon, partial(tale.ends, "cancel")), (later, tale.cancel)],
            "refunded": [paid, (sent, tale.refund), (sent + _REFUND_SENT, tale.hear)],
        }  # fmt: skip
        return steps[fate]


@dataclass(slots=True)
class Tale:
    """An order and its attempts to pay, oldest first. Each step is of a `moment` before it `began` to be told."""

    shop: Shop
    placed: Placed
    began: datetime
    attempts: list[str] = field(default_factory=list)
    checkouts: list[str] = field(default_factory=list)

    def start(self, moment: datetime, transaction_id: str) -> None:
        """Mollie is asked for a payment of the attempt."""
        checkout = mollie_plugin.start(self.shop, transaction_id, moment=moment)
        assert checkout is not None, "methods of the past are Mollie's"
        self.attempts.append(transaction_id)
        self.checkouts.append(checkout)
        self._age(moment)

    def ends(self, outcome: str, moment: datetime, *, place: int = -1) -> None:
        """The buyer, on Mollie's page; of the newest attempt."""
        with Buyer(self.shop.base_url) as buyer:
            buyer.http.headers.update(as_of.header(moment))
            buyer.choose(self.checkouts[place], outcome)
        self.hear(moment)

    def pay_first(self, moment: datetime) -> None:
        """The page of the first attempt is still open in another tab."""
        self.ends("pay", moment, place=0)

    def again(self, moment: datetime) -> None:
        """Another attempt, on the finish page."""
        new = finish.again(self.shop, self.placed.order_id, self.shop.identity.id("payment_method", "ideal"))
        if new is None:
            raise Refused("the finish page")
        self.start(moment, new)

    def hear(self, moment: datetime) -> None:
        """The shop hears how its payments stand, before Mollie's call of today; a portal is called alone."""
        if self.shop.psp.bridge == "storefront":
            for transaction_id in self.attempts:
                mollie_plugin.follow(self.shop, transaction_id)
        self._age(moment)

    def ship(self, moment: datetime) -> None:
        """The parcel leaves, with its code."""
        shop, placed = self.shop, self.placed
        with shop.storage.transaction() as books:
            (parcel,) = books.of_order("order_delivery", placed.order_id)
            write = Write(books, shop.identity, refuses=shop.faults.refuses)
            code = f"3STEST{int(placed.number):07}{shop.identity.code[0].upper()}"
            write.add(ENTITIES["order_delivery"], {"id": parcel["id"], "trackingCodes": [code]}, "/0")
            write.store()
            for entity, id_, action in (
                ("order", placed.order_id, "process"),
                ("order_delivery", parcel["id"], "ship"),
            ):
                states.transition(books, shop.identity, shop.base_url, entity, id_, action)
            _age(books, placed, moment, self.began)
        shop.after_commit()

    def complete(self, moment: datetime) -> None:
        """Nobody has anything left to do."""
        with self.shop.storage.transaction() as books:
            states.transition(books, self.shop.identity, self.shop.base_url, "order", self.placed.order_id, "complete")
            _age(books, self.placed, moment, self.began)
        self.shop.after_commit()

    def cancel(self, moment: datetime) -> None:
        """The customer takes the order back."""
        finish.cancel(self.shop, self.placed.order_id)
        self._age(moment)

    def refund(self, moment: datetime) -> None:
        """All of it, at Mollie's own desk."""
        if payment := mollie_plugin.look(self.shop, self.attempts[-1]):
            body = {"amount": payment["amount"], "description": f"Refund of {self.placed.number}"}
            self.shop.psp.ask("POST", f"payments/{payment['id']}/refunds", body, moment=moment)

    def _age(self, moment: datetime) -> None:
        with self.shop.storage.transaction() as books:
            _age(books, self.placed, moment, self.began)


def _ordered(shop: Shop) -> bool:
    with shop.storage.transaction() as books:
        return books.count("e.name = 'order'", []) > 0


def _sellable(shop: Shop) -> int:
    with shop.storage.transaction() as books:
        return len(shelf.some(books, shop, 0, _PRODUCTS_AT_LEAST))


_PARTS = ("order_address", "order_customer", "order_delivery", "order_line_item", "order_transaction", "document",
          mollie_plugin.ROW)  # fmt: skip


def _age(books: Books, placed: Placed, moment: datetime, began: datetime) -> None:
    """What was written of the order since it began to be told, as if it had been written then.

    Whoever asks for what moved still finds it.
    """
    books.raw("order", [placed.order_id])  # Locked before what is its, as writes do.
    values = {"at": moment, "began": began, "order": placed.order_id, "number": placed.number, "parts": list(_PARTS)}
    books.connection.execute(
        """UPDATE entity SET created_at = %(at)s, updated_at = clock_timestamp()
           WHERE created_at >= %(began)s AND (
             (name = 'order' AND id = %(order)s)
             OR (name = ANY(%(parts)s) AND doc ? 'orderId' AND doc->>'orderId' = %(order)s)
             OR (name = 'state_machine_history' AND doc->>'referencedId' IN (
               SELECT %(order)s UNION SELECT id FROM entity
               WHERE name IN ('order_delivery', 'order_transaction') AND doc ? 'orderId'
                 AND doc->>'orderId' = %(order)s)))""",
        values,
    )
    books.connection.execute(
        "UPDATE mail SET at = %(at)s WHERE at >= %(began)s AND doc->>'order_number' = %(number)s", values
    )
