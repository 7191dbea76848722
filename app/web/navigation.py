"""What stands in the navigation, per role."""

from __future__ import annotations

from typing import NamedTuple

from flask_babel import gettext as _

from app.web.lazy import current_user
from app.web.permissions import may


class Entry(NamedTuple):
    name: str
    endpoint: str
    icon: str
    permission: str


def actions() -> list[Entry]:
    """What the person may begin from anywhere, for the search box."""
    known = [
        Entry(_("Add supplier"), "suppliers.create", "plus", "suppliers.write"),
        Entry(_("Add account"), "admin.create", "plus", "users.write"),
        Entry(_("Your account"), "auth.account", "user", "signed_in"),
    ]
    return [entry for entry in known if may(current_user.role, entry.permission)]


def entries() -> list[list[Entry]]:
    """Groups of pages that the person may use, in their order."""
    groups = [
        [
            Entry(_("Home"), "home.index", "home", "signed_in"),
            Entry(_("Orders"), "orders.index", "shopping-cart", "orders.read"),
            Entry(_("Customers"), "customers.index", "address-book", "customers.read"),
            Entry(_("Reconciliation"), "payments.reconciliation", "scale", "payments.read"),
            Entry(_("Second person"), "payments.waiting", "user-check", "refunds.approve"),
        ],
        [
            Entry(_("Suppliers"), "suppliers.index", "building-warehouse", "suppliers.read"),
            Entry(_("Offer files"), "offers.index", "file-import", "offers.read"),
            Entry(_("Matches"), "matching.index", "arrows-join", "offers.write"),
            Entry(_("Catalogue"), "catalog.index", "device-mobile", "catalog.read"),
            Entry(_("Stock"), "stock.index", "packages", "stock.read"),
            Entry(_("Pricing"), "pricing.index", "tag", "pricing.read"),
        ],
        [
            Entry(_("Flows"), "flows.index", "route", "flows.read"),
            Entry(_("Messages"), "flows.messages", "mail", "flows.read"),
        ],
        [
            Entry(_("Users"), "admin.users", "users", "users.write"),
            Entry(_("Audit log"), "admin.audit", "history", "audit.read"),
        ],
    ]
    mine = [[entry for entry in group if may(current_user.role, entry.permission)] for group in groups]
    return [group for group in mine if group]
