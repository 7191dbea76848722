"""Which function works which flow."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jobs.claims import Batch

Handler = Callable[["Batch"], None]

# Flow -> module of this package, with a function `work(batch)`.
MODULES = {
    "supplier.offers.portal": "jobs.supplier_offers_portal",
    "supplier.feeds.portal": "jobs.supplier_feeds_portal",
    "portal.listings.shopware": "jobs.portal_listings_shopware",
    "shopware.products.portal": "jobs.shopware_products_portal",
    "shopware.orders.portal": "jobs.shopware_orders_portal",
    "mollie.payments.portal": "jobs.mollie_payments_portal",
    "mollie.settlements.portal": "jobs.mollie_settlements_portal",
    "portal.refunds.mollie": "jobs.portal_refunds_mollie",
    "portal.payment-states.shopware": "jobs.portal_payment_states_shopware",
    "portal.order-acts.shopware": "jobs.portal_order_acts_shopware",
    "supplier.absences.portal": "jobs.supplier_absences_portal",
    "portal.offer-pins.portal": "jobs.portal_offer_pins_portal",
    "portal.stock-snapshots.portal": "jobs.portal_stock_snapshots_portal",
    "portal.exports.portal": "jobs.portal_exports_portal",
    "portal.bulk-acts.portal": "jobs.portal_bulk_acts_portal",
    "portal.prices.portal": "jobs.portal_prices_portal",
}


def handler_of(flow: str) -> Handler:
    """The flow's `work`. Raises KeyError for a flow without a module."""
    handler: Handler = import_module(MODULES[flow]).work
    return handler
