"""The smallest shelf that stock can lie on."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from app.catalog.models import Product, Variant
from app.channels.models import Channel
from app.offers.models import Offer, OfferFile
from app.stock.models import Location
from app.suppliers.models import Supplier

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Shelf:
    """A warehouse, a supplier with its location and a file, a storefront, and variants as many as are asked for."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.channel = Channel(code="refurbished-direct", name="Refurbished Direct", position=0)
        self.warehouse = Location(code="warehouse", name="Warehouse", kind="warehouse")
        self.supplier = Supplier(code="foxway", name="Foxway", kind="refurbisher", country="DK", currency="EUR")
        self.product = Product(brand="Apple", line="iPhone", model="12", name="iPhone 12", category="phone")
        session.add_all([self.channel, self.warehouse, self.supplier, self.product])
        session.flush()
        self.at_supplier = Location(code="foxway", name="Foxway", kind="supplier", supplier_id=self.supplier.id)
        self.file = OfferFile(
            supplier_id=self.supplier.id, filename="list.csv", sha256="0" * 64, size_bytes=1, mode="full",
            list_date=date(2026, 3, 2), state="accepted", correlation_id="c" * 32,
        )  # fmt: skip
        session.add_all([self.at_supplier, self.file])
        session.flush()

    def variant(self, sku: str = "SKU-1", grade: str = "A") -> int:
        """A new variant's id."""
        variant = Variant(product_id=self.product.id, sku=sku, name=sku, grade=grade, match_key=sku)
        self.session.add(variant)
        self.session.flush()
        return variant.id

    def offer(self, variant_id: int | None, quantity: int, identity: str = "X1", grade: str | None = "A") -> Offer:
        """A new offer of the supplier."""
        offer = Offer(
            supplier_id=self.supplier.id, identity=identity, item_number=identity, description="", grade_word="A",
            grade_key="a", grade=grade, quantity=quantity, price=Decimal(100), currency="EUR", price_eur=Decimal(100),
            vat_scheme="regular", variant_id=variant_id, offer_file_id=self.file.id, row_number=1, changed_at=NOON,
        )  # fmt: skip
        self.session.add(offer)
        self.session.flush()
        return offer
