"""Every list by its name."""

from __future__ import annotations

from importlib import import_module

from app.lists.description import ListDescription

# Name -> module and constant. Imported when asked for: a list's domain imports this package.
LISTS = {
    "orders": ("app.orders.listing", "ORDERS"),
    "customers": ("app.customers.listing", "CUSTOMERS"),
    "payments": ("app.payments.listing", "PAYMENTS"),
    "refunds": ("app.payments.listing", "REFUNDS"),
}


def description(name: str) -> ListDescription:
    """Raises KeyError for a list that there is not."""
    module, constant = LISTS[name]
    found: ListDescription = getattr(import_module(module), constant)
    return found
