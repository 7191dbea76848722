"""A small catalogue, a supplier, and files of a few lines."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.catalog.device_facts import DeviceFacts, facts_as_text, match_key
from app.catalog.models import Product, SupplierItem, Variant
from app.catalog.reading import read_line, said_by
from app.db import copy_rows
from app.matching.models import MatchQuestion
from app.offers import changes
from app.offers.models import OfferFile, OfferLine
from app.pricing.models import VatRate
from app.stock.models import Location
from app.suppliers.models import Supplier

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
COLUMNS = (
    "offer_file_id", "row_number", "identity", "item_number", "description", "grade_word", "grade_key", "grade",
    "quantity", "price", "currency", "vat_scheme", "gtin", "mpn", "match_key", "facts", "rejected", "problems",
)  # fmt: skip


class Shelf:
    """What tests of matching stand on."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.numbers = count(1)
        self.supplier = Supplier(code="foxway", name="Foxway", kind="refurbisher", country="DK", currency="EUR")
        session.add(self.supplier)
        session.flush()
        session.add(Location(code="foxway", name="Foxway", kind="supplier", supplier_id=self.supplier.id))
        session.add(VatRate(country="NL", percent=Decimal(21), valid_from=date(2012, 10, 1)))
        session.flush()

    def phone(self, storage: int, colour: str, *, grade: str = "A", gtin: str | None = None,
              mpn: str | None = None) -> Variant:  # fmt: skip
        """An iPhone 12 mini."""
        facts = DeviceFacts("phone", "Apple", "iPhone", "iPhone 12 mini", storage_gb=storage, storage_kind="ssd",
                            colour=colour)  # fmt: skip
        return self.variant(facts, grade=grade, gtin=gtin, mpn=mpn)

    def galaxy(self, number: str, storage: int, colour: str) -> Variant:
        """A Galaxy S21 whose product has the model number."""
        facts = DeviceFacts("phone", "Samsung", "Galaxy", "Galaxy S21", storage_gb=storage, storage_kind="ssd",
                            colour=colour)  # fmt: skip
        variant = self.variant(facts)
        self.session.get_one(Product, variant.product_id).mpn = number
        self.session.flush()
        return variant

    def variant(self, facts: DeviceFacts, *, grade: str = "A", gtin: str | None = None,
                mpn: str | None = None) -> Variant:  # fmt: skip
        """A variant of the product of its maker and model, which is added when it is the first."""
        product = self.session.execute(
            select(Product).where(Product.brand == facts.maker, Product.model == facts.model)
        ).scalar_one_or_none()
        if product is None:
            product = Product(brand=facts.maker, line=facts.line, model=facts.model, name=facts.full_model,
                              category=facts.kind)  # fmt: skip
            self.session.add(product)
            self.session.flush()
        variant = Variant(
            product_id=product.id, sku=f"SKU-{next(self.numbers)}", name=facts.full_model, grade=grade,
            colour=facts.colour, storage_gb=facts.storage_gb, match_key=match_key(facts) or "", gtin=gtin, mpn=mpn,
            facts=facts_as_text(facts),
        )  # fmt: skip
        self.session.add(variant)
        self.session.flush()
        return variant

    def file(self, *lines: dict[str, Any]) -> int:
        """A file with these lines, staged as the flow stages them."""
        number = next(self.numbers)
        file = OfferFile(
            supplier_id=self.supplier.id, filename="list.csv", sha256=f"{number:064}", size_bytes=1, mode="full",
            list_date=NOON.date(), state="checked", correlation_id="c" * 32,
        )  # fmt: skip
        self.session.add(file)
        self.session.flush()
        copy_rows(self.session, "offer_line", COLUMNS, [
            self._row(file.id, row, **line) for row, line in enumerate(lines, start=2)
        ])  # fmt: skip
        return file.id

    def _row(self, file_id: int, row: int, *, description: str, item_number: str = "X", grade: str | None = "A",
             quantity: int = 1, gtin: str | None = None, mpn: str | None = None,
             **changed: Any) -> tuple[Any, ...]:  # fmt: skip
        device = read_line(said_by(description, item_number=item_number, mpn=mpn))
        key = changed.get("match_key", device.match_key)
        return (
            file_id, row, f"item:{item_number}:{row}", item_number, description, grade or "?", (grade or "?").lower(),
            grade, quantity, Decimal(100), "EUR", "regular", gtin, device.mpn, key,
            Jsonb(device.facts) if device.facts else None, False, Jsonb([]),
        )  # fmt: skip

    def checked(self, **line: Any) -> OfferLine:
        """One line in a file of its own, after the check."""
        file_id = self.file(line)
        changes.match_and_diff(self.session, file_id)
        return self.session.execute(
            select(OfferLine).where(OfferLine.offer_file_id == file_id, OfferLine.row_number > 0),
            execution_options={"populate_existing": True},
        ).scalar_one()

    def forget_keys(self) -> None:
        """Let no description find a variant any more."""
        self.session.execute(update(Variant).values(match_key="none|" + Variant.match_key))

    def learned(self, variant: Variant | None, *, item_number: str, seen: str, grade: str = "A") -> SupplierItem:
        """What a person said of an item."""
        item = SupplierItem(
            supplier_id=self.supplier.id, item_number=item_number, grade=grade, method="person",
            variant_id=variant.id if variant else None, seen=seen.lower(), learned_at=NOON,
        )  # fmt: skip
        self.session.add(item)
        self.session.flush()
        return item

    def questions(self) -> list[MatchQuestion]:
        """All of them, read fresh."""
        return list(
            self.session.execute(
                select(MatchQuestion).order_by(MatchQuestion.id), execution_options={"populate_existing": True}
            ).scalars()
        )

    def question(self) -> MatchQuestion:
        """The one question there is."""
        (question,) = self.questions()
        return question
