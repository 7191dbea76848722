"""Fill what is missing in a new database: accounts, storefronts, catalogue, prices rules, suppliers and their files."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from psycopg.types.json import Jsonb
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.auth import services as accounts_services
from app.auth.models import User
from app.catalog.device_facts import facts_as_text
from app.catalog.models import Product
from app.channels.models import Channel
from app.db import copy_rows, transaction
from app.demo.catalogue import demo_catalogue
from app.demo.suppliers import DEMO_SUPPLIERS, write_stock_list
from app.pricing.defaults import default_rules, default_vat_rates, demo_rates
from app.pricing.models import ExchangeRate, PriceRule, RuleSet, VatRate
from app.settings import ROOT
from app.stock.models import Location
from app.suppliers import dictionary
from app.suppliers.models import Supplier, SupplierContact

log = logging.getLogger(__name__)
CHANNELS = (("refurbished-direct", "Refurbished Direct"), ("econocom", "Econocom"))


def fill(accounts: Sequence[tuple[str, str, str]], password: str, *, files: Path = ROOT / "var/supplier-files") -> None:
    """Add each part that is not there yet. Safe to run at every start. Needs an application context."""
    with transaction() as session:
        if not session.execute(select(func.count(User.id))).scalar_one():
            for email, name, role in accounts:
                accounts_services.add_user(session, email=email, name=name, role=role, password=password)
    with transaction() as session:
        if not session.execute(select(func.count(Channel.id))).scalar_one():
            _channels(session)
            _prices(session)
    with transaction() as session:
        if not session.execute(select(func.count(Supplier.id))).scalar_one():
            _suppliers(session)
    with transaction() as session:
        if not session.execute(select(func.count(Product.id))).scalar_one():
            started = time.monotonic()
            variants = fill_catalogue(session)
            log.info("catalogue", extra={"variants": variants, "seconds": round(time.monotonic() - started, 1)})
    with transaction() as session:
        session.execute(text("ANALYZE product, variant"))
    if not files.exists():
        files.mkdir(parents=True)
        for supplier in DEMO_SUPPLIERS:
            write_stock_list(supplier, files)


def _channels(session: Session) -> None:
    for position, (code, name) in enumerate(CHANNELS):
        session.add(Channel(code=code, name=name, position=position))
    session.add(Location(code="warehouse", name="Warehouse", kind="warehouse"))
    session.flush()


def _prices(session: Session) -> None:
    channels = {channel.code: channel.id for channel in session.execute(select(Channel)).scalars()}
    for rate in default_vat_rates():
        session.add(VatRate(**rate))
    for rate in demo_rates():
        session.add(ExchangeRate(**rate))
    now = datetime.now(UTC)
    first = RuleSet(state="in_force", number=1, note="The rules of a new database.", published_at=now, in_force_at=now)
    session.add(first)
    session.flush()
    for rule in default_rules():
        channel = rule.pop("channel")
        session.add(PriceRule(rule_set_id=first.id, channel_id=channels[channel] if channel else None, **rule))


def _suppliers(session: Session) -> None:
    now = datetime.now(UTC)
    for demo in DEMO_SUPPLIERS:
        supplier = Supplier(
            code=demo.code, name=demo.name, kind=demo.kind, country=demo.country, vat_number=demo.vat_number,
            iban=demo.iban, currency=demo.currency, payment_days=demo.payment_days, terms=demo.terms,
            lead_time_days=demo.lead_time_days, default_vat_scheme=demo.default_vat_scheme,
            import_mode=demo.import_mode, grace_days=demo.grace_days,
        )  # fmt: skip
        session.add(supplier)
        session.flush()
        session.add(Location(code=f"supplier-{demo.code}", name=demo.name, kind="supplier", supplier_id=supplier.id))
        for contact in demo.contacts:
            session.add(SupplierContact(supplier_id=supplier.id, name=contact.name, role=contact.role,
                                        email=contact.email, phone=contact.phone))  # fmt: skip
        for word, grade in demo.grades.items():
            dictionary.note_words(session, supplier.id, {("grade", word.casefold()): word})
            dictionary.decide(session, supplier.id, "grade", word.casefold(), grade, user_id=None, now=now)


def fill_catalogue(session: Session, *, seed: int = 2026) -> int:
    """COPY the generated catalogue in; returns the number of variants."""
    products = list(demo_catalogue(seed))
    first = session.execute(text("SELECT COALESCE(max(id), 0) FROM product")).scalar_one() + 1
    copy_rows(
        session, "product",
        ("id", "brand", "line", "model", "name", "category", "mpn", "reference_price", "attributes"),
        ((first + number, product.brand, product.line, product.model, product.name, product.category, product.mpn,
          product.reference_price_eur, Jsonb(product.attributes)) for number, product in enumerate(products)),
    )  # fmt: skip
    variants = copy_rows(
        session, "variant",
        ("product_id", "sku", "name", "grade", "colour", "storage_gb", "memory_gb", "processor", "gtin", "match_key",
         "facts"),
        ((first + number, variant.sku, variant.name, variant.grade, variant.colour, variant.storage_gb,
          variant.memory_gb, variant.processor, variant.gtin, variant.match_key, Jsonb(facts_as_text(variant.facts)))
         for number, product in enumerate(products) for variant in product.variants),
    )  # fmt: skip
    session.execute(text("SELECT setval(pg_get_serial_sequence('product', 'id'), (SELECT max(id) FROM product))"))
    return variants
