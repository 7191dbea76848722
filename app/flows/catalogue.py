"""Every flow by name: what it carries, on which queue it is worked, and how."""

from __future__ import annotations

from dataclasses import dataclass

from app.web.lazy import lazy as _l

QUEUES = ("imports", "deliveries", "feeds", "orders")


@dataclass(frozen=True, slots=True)
class Flow:
    """`carries` is `state` (a newer message supersedes an older one) or `events` (each counts)."""

    name: str
    purpose: str
    carries: str
    queue: str
    batch: int  # Messages per claim.
    timeout_s: int  # Longest that one wake-up may work.
    every_s: int | None = None  # Seconds between two ticks of the schedule.

    @property
    def source(self) -> str:
        return self.name.split(".")[0]

    @property
    def target(self) -> str:
        return self.name.split(".")[2]


FLOWS: dict[str, Flow] = {
    flow.name: flow
    for flow in (
        Flow(
            "supplier.offers.portal",
            _l("Offer files of suppliers are read, checked against the offers in force, and applied."),
            carries="events",
            queue="imports",
            batch=1,
            timeout_s=3600,
        ),
        Flow(
            "portal.listings.shopware",
            _l("Changed listings, with price and stock, go to the storefronts."),
            carries="state",
            queue="deliveries",
            batch=500,
            timeout_s=900,
        ),
        Flow(
            "shopware.products.portal",
            _l("What others change in a storefront's products is noticed; prices are put right."),
            carries="events",
            queue="deliveries",
            batch=50,
            timeout_s=300,
        ),
        Flow(
            "shopware.orders.portal",
            _l("Orders of the storefronts come in, as they are placed, paid, sent, edited or cancelled."),
            carries="events",
            queue="orders",
            batch=200,
            timeout_s=1800,
            every_s=60,
        ),
        Flow(
            "mollie.payments.portal",
            _l("Payments, refunds and chargebacks, as Mollie calls or when it is asked."),
            carries="events",
            queue="orders",
            batch=200,
            timeout_s=1800,
            every_s=20,
        ),
        Flow(
            "mollie.settlements.portal",
            _l("What Mollie paid out and what it kept is laid beside our ledger."),
            carries="events",
            queue="imports",
            batch=10,
            timeout_s=1800,
            every_s=3600,
        ),
        Flow(
            "portal.refunds.mollie",
            _l("Money is paid back, each refund once."),
            carries="events",
            queue="orders",
            batch=20,
            timeout_s=600,
        ),
        Flow(
            "portal.payment-states.shopware",
            _l("Where a storefront says otherwise of a payment than Mollie, it is brought in line."),
            carries="events",
            queue="orders",
            batch=20,
            timeout_s=600,
        ),
        Flow(
            "portal.order-acts.shopware",
            _l("Orders are cancelled, addresses mended and confirmations sent again at their storefront."),
            carries="events",
            queue="orders",
            batch=20,
            timeout_s=600,
        ),
        Flow(
            "supplier.feeds.portal",
            _l("Lists are fetched where suppliers leave them: addresses, SFTP folders, mailboxes. A lane per feed."),
            carries="state",
            queue="feeds",
            batch=10,
            timeout_s=900,
            every_s=300,
        ),
        Flow(
            "supplier.absences.portal",
            _l("Offers that a supplier's lists no longer name end when their days of grace are over."),
            carries="events",
            queue="imports",
            batch=10,
            timeout_s=600,
            every_s=600,
        ),
        Flow(
            "portal.offer-pins.portal",
            _l("Offers that were pinned until now compete again."),
            carries="events",
            queue="imports",
            batch=10,
            timeout_s=600,
            every_s=300,
        ),
        Flow(
            "portal.stock-snapshots.portal",
            _l("Stock, what it cost and what it was sold for are written down, once a day."),
            carries="events",
            queue="imports",
            batch=10,
            timeout_s=1800,
            every_s=3600,
        ),
        Flow(
            "portal.exports.portal",
            _l("Lists are written as files for those who asked; files that expired are removed."),
            carries="events",
            queue="imports",
            batch=1,
            timeout_s=3600,
            every_s=3600,
        ),
        Flow(
            "portal.bulk-acts.portal",
            _l("What a person asked for many rows of a list is done, row by row."),
            carries="events",
            queue="deliveries",
            batch=1,
            timeout_s=3600,
            every_s=3600,
        ),
        Flow(
            "portal.prices.portal",
            _l("Price rules are simulated and published; what the calendar changes of prices is brought in line."),
            carries="events",
            queue="deliveries",
            batch=1,
            timeout_s=3600,
            every_s=3600,
        ),
    )
}
