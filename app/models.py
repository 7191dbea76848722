"""Every model, imported once, so that the metadata is complete."""

from app.auth import models as auth
from app.catalog import models as catalog
from app.channels import models as channels
from app.customers import models as customers
from app.feeds import models as feeds
from app.flows import models as flows
from app.lists import models as lists
from app.matching import models as matching
from app.offers import models as offers
from app.orders import models as orders
from app.payments import models as payments
from app.pricing import models as pricing
from app.stock import models as stock
from app.suppliers import models as suppliers
from app.webhooks import models as webhooks

__all__ = [
    "auth",
    "catalog",
    "channels",
    "customers",
    "feeds",
    "flows",
    "lists",
    "matching",
    "offers",
    "orders",
    "payments",
    "pricing",
    "stock",
    "suppliers",
    "webhooks",
]
