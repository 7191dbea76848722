"""Every model, imported once, so that the metadata is complete."""

from app.auth import models as auth
from app.catalog import models as catalog
from app.channels import models as channels
from app.feeds import models as feeds
from app.flows import models as flows
from app.lists import models as lists
from app.matching import models as matching
from app.offers import models as offers
from app.orders import models as orders
from app.pricing import models as pricing
from app.stock import models as stock
from app.suppliers import models as suppliers

__all__ = [
    "auth",
    "catalog",
    "channels",
    "feeds",
    "flows",
    "lists",
    "matching",
    "offers",
    "orders",
    "pricing",
    "stock",
    "suppliers",
]
