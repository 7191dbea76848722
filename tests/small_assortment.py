"""An assortment: two storefronts, rates, a few rules, suppliers and their offers."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.catalog.models import Product, Variant
from app.channels.models import Channel, Listing
from app.channels.services import FLOW, refresh_listings
from app.flows.models import Message
from app.offers.models import Offer, OfferFile
from app.pricing.models import PriceRule, RuleSet, VatRate
from app.stock.models import Location
from app.stock.services import set_offered
from app.suppliers.models import Supplier

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Assortment:
    """Acts of the business on a small assortment, and what came of them."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.shops = [
            Channel(code="refurbished-direct", name="Refurbished Direct", position=0),
            Channel(code="econocom", name="Econocom", position=1),
        ]
        self.product = Product(
            brand="Apple", line="iPhone", model="12", name="iPhone 12", category="phone", mpn="MGJ53",
            reference_price=Decimal("909.00"),
        )  # fmt: skip
        session.add_all([*self.shops, self.product])
        session.add(VatRate(country="NL", percent=Decimal(21), valid_from=date(2012, 10, 1)))
        session.add(Location(code="warehouse", name="Warehouse", kind="warehouse"))
        self.rules = RuleSet(state="in_force", number=1)
        session.add(self.rules)
        session.flush()
        self.rule("Freight", "cost", {"component": "inbound", "eur": "5"})
        self.rule("Margin", "margin_percent", {"percent": "20"})
        self.rule("Whole euros", "rounding", {"brackets": [{"up_to": None, "step": "1"}]})

    def rule(self, name: str, kind: str, parameters: dict[str, Any], where: dict[str, list[str]] | None = None,
             shop: int | None = None) -> PriceRule:  # fmt: skip
        """A rule behind the others; `shop`: of that storefront only."""
        position = 10 * (1 + len(self.session.execute(select(PriceRule.id)).all()))
        rule = PriceRule(
            rule_set_id=self.rules.id, name=name, kind=kind, parameters=parameters, where=where or {},
            channel_id=None if shop is None else self.shops[shop].id, position=position,
        )  # fmt: skip
        self.session.add(rule)
        self.session.flush()
        return rule

    def supplier(self, code: str = "foxway", **values: Any) -> Supplier:
        """A supplier with a location."""
        supplier = Supplier(code=code, name=code, kind="refurbisher", country="DK", currency="EUR", **values)
        self.session.add(supplier)
        self.session.flush()
        self.session.add(Location(code=code, name=code, kind="supplier", supplier_id=supplier.id))
        self.session.flush()
        return supplier

    def variant(self, sku: str = "SKU-1", grade: str = "A") -> Variant:
        """A variant of the one product."""
        variant = Variant(product_id=self.product.id, sku=sku, name=f"iPhone 12 {sku}", grade=grade, match_key=sku,
                          colour="black", storage_gb=64, gtin="0194252029015")  # fmt: skip
        self.session.add(variant)
        self.session.flush()
        return variant

    def offer(self, supplier: Supplier, variant: Variant, quantity: int = 10, price: str = "200.00",
              vat_scheme: str = "regular", identity: str | None = None) -> Offer:  # fmt: skip
        """What the supplier offers of the variant; in stock with the next `refresh`."""
        file = OfferFile(
            supplier_id=supplier.id, filename="list.csv", sha256="0" * 64, size_bytes=1, mode="full",
            list_date=NOON.date(), state="accepted", correlation_id="c" * 32,
        )  # fmt: skip
        self.session.add(file)
        self.session.flush()
        offer = Offer(
            supplier_id=supplier.id, identity=identity or variant.sku, item_number=variant.sku, description="",
            grade_word="A", grade_key="a", grade=variant.grade, quantity=quantity, price=Decimal(price), currency="EUR",
            price_eur=Decimal(price), vat_scheme=vat_scheme, variant_id=variant.id, offer_file_id=file.id,
            row_number=1, changed_at=NOON,
        )  # fmt: skip
        self.session.add(offer)
        self.session.flush()
        return offer

    def refresh(self, *variants: Variant, now: datetime = NOON, origin: str | None = "offer-file:12") -> dict[str, int]:
        """Book what suppliers offer now, and bring the listings in line: messages per storefront."""
        self.session.flush()
        for supplier_id in self.session.execute(select(Supplier.id)).scalars().all():
            set_offered(self.session, supplier_id, reference="offer-file:12", user_id=None, now=now)
        return refresh_listings(self.session, variant_ids=[variant.id for variant in variants], now=now, origin=origin)

    def listing(self, variant: Variant, shop: int = 0) -> Listing:
        """The variant on a storefront, read fresh; it must be there."""
        found = self.find_listing(variant, shop)
        assert found is not None
        return found

    def find_listing(self, variant: Variant, shop: int = 0) -> Listing | None:
        """The variant on a storefront, read fresh."""
        return self.session.execute(
            select(Listing).where(Listing.variant_id == variant.id, Listing.channel_id == self.shops[shop].id),
            execution_options={"populate_existing": True},
        ).scalar_one_or_none()

    def messages(self, shop: int = 0, state: str = "pending") -> list[Message]:
        """The storefront's messages in that state, oldest first, read fresh."""
        return list(
            self.session.execute(
                select(Message)
                .where(Message.flow == FLOW, Message.channel == self.shops[shop].code, Message.state == state)
                .order_by(Message.id),
                execution_options={"populate_existing": True},
            ).scalars()
        )

    def confirm(self, *, shop: int = 0) -> None:
        """What the delivering job writes when the storefront has taken everything."""
        code = self.shops[shop].code
        self.session.execute(
            text("""UPDATE message SET state = 'delivered', attempts = 1, fence = 1, settled_at = clock_timestamp()
                    WHERE state = 'pending' AND channel = :code"""),
            {"code": code},
        )
        self.session.execute(
            text("""UPDATE listing SET sent_hash = wanted_hash, confirmed_at = clock_timestamp(),
                      state = CASE WHEN stock > 0 THEN 'listed' ELSE 'withdrawn' END
                    WHERE channel_id = :id"""),
            {"id": self.shops[shop].id},
        )
