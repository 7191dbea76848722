"""Customers by themselves: one thread in which people come, buy, pay or not, and come back, all over HTTP."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from heapq import heappop, heappush
from itertools import count
from random import Random
from threading import Event, Lock, Thread
from time import monotonic

import httpx

from sandbox.buyer import Buyer, NotForSale, Refused
from sandbox.people import COMPLAINTS, somebody

log = logging.getLogger(__name__)
STORIES: Mapping[str, int] = {  # How it ends, and how often in a hundred.
    "paid": 60, "failed_then_paid": 10, "failed": 5, "expired": 5, "cancelled": 5, "transfer": 8, "paid_twice": 3,
    "invoice": 4,
}  # fmt: skip
_METHODS: Mapping[str, int] = {"payment_ideal": 65, "payment_card": 15, "payment_bancontact": 20}
_LATER: Mapping[str, float] = {"cancel": 0.05, "complain": 0.06}  # Chance after an order.
_LATER_S = (20.0, 180.0)


class World(Thread):
    """Off until it has a rate. What people are yet to do is forgotten when the process ends."""

    def __init__(
        self, shops: Mapping[str, str], mollie: httpx.Client, *, rate: float = 0, seed: int | None = None
    ) -> None:
        super().__init__(name="world", daemon=True)
        self.shops, self.mollie = shops, mollie  # Code to address; and Mollie's own desk, where transfers arrive.
        self.dice = Random(seed)
        self.told: Counter[str] = Counter()
        self.stop, self._changed, self._lock = Event(), Event(), Lock()
        self._rate = rate
        self._later: list[tuple[float, int, str, str, str]] = []
        self._places = count()

    @property
    def rate(self) -> float:
        """Orders a minute."""
        return self._rate

    @rate.setter
    def rate(self, value: float) -> None:
        if not 0 <= value <= 600:
            raise ValueError("the rate should be from 0 to 600 orders a minute")
        self._rate = value
        self._changed.set()

    def run(self) -> None:
        """Woken by a new rate and by whatever is due."""
        while not self.stop.is_set():
            self._changed.clear()
            pause = self.dice.expovariate(self._rate / 60) if self._rate else None
            due = self._later[0][0] - monotonic() if self._later and self._rate else None
            waits = [max(0.0, one) for one in (pause, due) if one is not None]
            if self._changed.wait(min(waits) if waits else None) or self.stop.is_set():
                continue
            if due is not None and due <= (pause or 0):
                self.come_back()
            else:
                self.visit()

    def close(self) -> None:
        """Nobody comes any more."""
        self.stop.set()
        self._changed.set()
        if self.is_alive():
            self.join(timeout=25)
        self.mollie.close()

    def visit(self, story: str | None = None, code: str | None = None) -> str | None:
        """Somebody buys something. Returns the order's id, None where the visit came to nothing."""
        with self._lock:
            story = story or self.dice.choices(tuple(STORIES), tuple(STORIES.values()))[0]
            code = code or self.dice.choice(tuple(self.shops))
            try:
                with Buyer(self.shops[code], somebody(self.dice)) as buyer:
                    self._fill_cart(buyer)
                    order_id = self._pay(buyer, story)
            except (NotForSale, Refused, httpx.HTTPError) as error:
                log.info("a visit to %s came to nothing: %s", code, error)
                self.told["nothing"] += 1
                return None
            self.told[story] += 1
            for act, chance in _LATER.items():
                if self.dice.random() < chance:
                    self._plan(act, code, order_id)
            return order_id

    def come_back(self) -> None:
        """The next of those who have something left to do, does it."""
        with self._lock:
            if not self._later:
                return
            _due, _place, act, code, what = heappop(self._later)
            try:
                if act == "transfer":
                    self.mollie.post(f"/payments/{what}/pay").raise_for_status()
                else:
                    with Buyer(self.shops[code]) as buyer:
                        if act == "cancel":
                            buyer.cancel(what)
                        else:
                            buyer.complain(what, self.dice.choice(COMPLAINTS))
            except (Refused, httpx.HTTPError) as error:
                log.info("%s came to nothing: %s", act, error)
                self.told["nothing"] += 1
                return
            self.told[f"later_{act}"] += 1

    def forget(self) -> None:
        """Nobody comes, and nobody was here."""
        self.rate = 0
        with self._lock:
            self._later.clear()
            self.told.clear()

    @property
    def waiting(self) -> int:
        """How many have something left to do."""
        return len(self._later)

    def _plan(self, act: str, code: str, what: str) -> None:
        due = monotonic() + self.dice.uniform(*_LATER_S)
        heappush(self._later, (due, next(self._places), act, code, what))

    def _fill_cart(self, buyer: Buyer) -> None:
        """One product that is shown, or two. Raises NotForSale where there is none."""
        for _ in range(2 if self.dice.random() < 0.2 else 1):
            ids = buyer.look_for(page=self.dice.randint(1, 5)) or buyer.look_for()
            if not ids:
                raise NotForSale("anything")
            buyer.put_product(self.dice.choice(ids))

    def _pay(self, buyer: Buyer, story: str) -> str:
        """Order, and let it end as the story goes. Returns the finish page. Raises Refused."""
        fixed = {"transfer": "payment_banktransfer", "invoice": "payment_invoice"}
        method = fixed.get(story) or self.dice.choices(tuple(_METHODS), tuple(_METHODS.values()))[0]
        place = buyer.order(method)
        if at_finish := buyer.order_of(place):  # Nothing to pay, or Mollie is down.
            return at_finish
        if story == "transfer":
            payment = buyer.payment_of(place)
            finish = buyer.order_of(buyer.choose(place, "wait"))
            self._plan("transfer", "", payment)
            return finish
        if story == "paid_twice":
            return self._pay_twice(buyer, place)
        ends = {"paid": "pay", "failed_then_paid": "fail", "failed": "fail", "expired": "expire", "cancelled": "cancel"}
        finish = buyer.order_of(buyer.choose(place, ends[story]))
        if story == "failed_then_paid":
            buyer.choose(buyer.pay_again(finish, method), "pay")
        return finish

    def _pay_twice(self, buyer: Buyer, place: str) -> str:
        """Back to the shop while Mollie's page stays open in its tab, pay there, and in the tab as well."""
        order = buyer.last_order()
        buyer.choose(buyer.pay_again(order), "pay")
        buyer.choose(place, "pay")
        return order
