"""Products and variants made from what suppliers' lines say: planned, made in one act, taken back while unused."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.orm import Session

from app.auth import audit
from app.catalog.device_facts import DeviceFacts, configuration_of, facts_as_text, facts_from_text, match_key
from app.catalog.models import GRADES, CatalogueBatch, Product, SupplierItem, Variant
from app.catalog.skus import product_name, sku_of, variant_name


class Wanted(NamedTuple):
    """A configuration that lines offer, in some grades. `facts` as `facts_as_text` writes them."""

    facts: Mapping[str, str]
    grades: Collection[str]
    gtin: str | None = None
    mpn: str | None = None


class PlannedVariant(NamedTuple):
    sku: str
    name: str
    grade: str
    facts: DeviceFacts
    match_key: str
    gtin: str | None
    mpn: str | None


@dataclass(slots=True)
class PlannedProduct:
    """`product_id` None: the product is new too."""

    facts: DeviceFacts
    product_id: int | None
    name: str
    variants: list[PlannedVariant] = field(default_factory=list)


class Undone(NamedTuple):
    """`kept`: variants that have moved or been listed since; they and their products stay."""

    removed: int
    kept: int


def plan(session: Session, wanted: Iterable[Wanted]) -> list[PlannedProduct]:
    """What is missing for `wanted`, equal configurations merged; known ones gain the grades they lack.

    What does not name a whole configuration is left out.
    """
    merged = _merged(wanted)
    known = _known_variants(session, merged)
    products = _known_products(session, [first.facts for first in merged.values()])
    planned: dict[object, PlannedProduct] = {}
    for key, configuration in merged.items():
        grades = [grade for grade in GRADES if grade in configuration.grades - known.get(key, _NONE).grades]
        if not grades:
            continue
        product_id = known.get(key, _NONE).product_id or products.get(_product_key(configuration.facts))
        product = planned.setdefault(
            product_id or _product_key(configuration.facts),
            PlannedProduct(configuration.facts, product_id, product_name(configuration.facts)),
        )
        product.variants += [_variant(configuration, key, grade) for grade in grades]
    _make_skus_differ(session, planned.values())
    return list(planned.values())


@dataclass(slots=True)
class _Merged:
    facts: DeviceFacts
    grades: set[str]
    gtins: set[str]
    mpns: set[str]


def _merged(wanted: Iterable[Wanted]) -> dict[str, _Merged]:
    merged: dict[str, _Merged] = {}
    for one in wanted:
        facts = facts_from_text(one.facts)
        key = match_key(facts)
        if key is None:
            continue
        found = merged.setdefault(key, _Merged(configuration_of(facts), set(), set(), set()))
        found.grades |= set(one.grades) & set(GRADES)
        found.gtins |= {one.gtin} if one.gtin else set()
        found.mpns |= {one.mpn} if one.mpn else set()
    return merged


class _Known(NamedTuple):
    product_id: int | None
    grades: frozenset[str]


_NONE = _Known(None, frozenset())


def _known_variants(session: Session, keys: Collection[str]) -> dict[str, _Known]:
    rows = session.execute(
        select(Variant.match_key, func.min(Variant.product_id), func.array_agg(Variant.grade))
        .where(Variant.match_key.in_(keys))
        .group_by(Variant.match_key)
    )
    return {key: _Known(product_id, frozenset(grades)) for key, product_id, grades in rows}


def _product_key(facts: DeviceFacts) -> tuple[str, str, str, str]:
    processor = "" if facts.kind == "phone" else facts.processor.replace(" Pro ", " ")
    return facts.maker, facts.line, facts.model, processor


def _known_products(session: Session, wanted: Collection[DeviceFacts]) -> dict[tuple[str, str, str, str], int]:
    processor = func.coalesce(Product.attributes["processor"].astext, "")
    rows = session.execute(
        select(Product.brand, Product.line, Product.model, processor, Product.id)
        .where(
            Product.brand.in_({facts.maker for facts in wanted}), Product.model.in_({facts.model for facts in wanted})
        )
        .order_by(Product.id.desc())
    )
    return {
        (brand, line, model, name.replace(" Pro ", " ")): product_id for brand, line, model, name, product_id in rows
    }


def _variant(configuration: _Merged, key: str, grade: str) -> PlannedVariant:
    facts = configuration.facts
    return PlannedVariant(
        sku_of(facts, grade), variant_name(facts), grade, facts, key,
        gtin=next(iter(configuration.gtins)) if len(configuration.gtins) == 1 else None,
        mpn=next(iter(configuration.mpns)) if len(configuration.mpns) == 1 else None,
    )  # fmt: skip


def _make_skus_differ(session: Session, products: Collection[PlannedProduct]) -> None:
    """A SKU that another configuration has gets the next free number behind it."""
    stems = {variant.sku for product in products for variant in product.variants}
    taken = set(session.execute(select(Variant.sku).where(Variant.sku.in_(stems))).scalars())
    for product in products:
        for place, variant in enumerate(product.variants):
            sku, number = variant.sku, 1
            while sku in taken or (number > 1 and _exists(session, sku)):
                number += 1
                sku = f"{variant.sku}-{number}"
            taken.add(sku)
            product.variants[place] = variant._replace(sku=sku)


def _exists(session: Session, sku: str) -> bool:
    return session.execute(select(Variant.id).where(Variant.sku == sku)).first() is not None


def make(session: Session, products: Collection[PlannedProduct], *, user_id: int | None, now: datetime) -> int:
    """Write the plan; returns the id of the batch, by which it can be undone."""
    new = [product for product in products if product.product_id is None]
    variants = sum(len(product.variants) for product in products)
    batch = CatalogueBatch(products=len(new), variants=variants, made_by=user_id, made_at=now)
    session.add(batch)
    session.flush()
    if new:
        ids = session.execute(
            insert(Product).returning(Product.id, sort_by_parameter_order=True),
            [_product_row(product, batch.id) for product in new],
        ).scalars()
        for product, product_id in zip(new, ids, strict=True):
            product.product_id = product_id
    if variants:
        session.execute(
            insert(Variant),
            [_variant_row(product, variant, batch.id) for product in products for variant in product.variants],
        )
    audit.record(session, act="catalog.make", subject_kind="catalogue_batch", subject_id=str(batch.id),
                 after={"products": len(new), "variants": variants})  # fmt: skip
    return batch.id


def _product_row(product: PlannedProduct, batch_id: int) -> dict[str, object]:
    facts = product.facts
    attributes = {"kind": facts.kind}
    if facts.processor and facts.kind != "phone":
        attributes["processor"] = facts.processor
    if facts.screen:
        attributes["screen"] = facts.screen
    # One Samsung number is a model in every size and colour.
    numbers = {variant.mpn for variant in product.variants if variant.mpn and variant.mpn.startswith("SM-")}
    return {
        "brand": facts.maker, "line": facts.line, "model": facts.model, "name": product.name, "category": facts.kind,
        "mpn": numbers.pop() if len(numbers) == 1 else None, "attributes": attributes, "batch_id": batch_id,
    }  # fmt: skip


def _variant_row(product: PlannedProduct, variant: PlannedVariant, batch_id: int) -> dict[str, object]:
    facts = variant.facts
    return {
        "product_id": product.product_id, "sku": variant.sku, "name": variant.name, "grade": variant.grade,
        "colour": facts.colour or None, "storage_gb": facts.storage_gb, "memory_gb": facts.memory_gb,
        "processor": facts.processor or None, "gtin": variant.gtin, "match_key": variant.match_key,
        "mpn": None if variant.mpn and variant.mpn.startswith("SM-") else variant.mpn,
        "facts": facts_as_text(facts), "batch_id": batch_id,
    }  # fmt: skip


def sibling(session: Session, variant_id: int, grade: str) -> int | None:
    """The same configuration in another grade, or None where we have none."""
    of = select(Variant.product_id, Variant.match_key).where(Variant.id == variant_id).subquery()
    return session.execute(
        select(func.min(Variant.id))
        .where(Variant.product_id == of.c.product_id, Variant.match_key == of.c.match_key)
        .where(Variant.grade == grade, Variant.active)
    ).scalar_one()  # fmt: skip


def add_grades(session: Session, variant_id: int, grades: Collection[str], *, user_id: int | None,
               now: datetime) -> int | None:  # fmt: skip
    """The variant's configuration in the grades that it lacks, as a batch; None when it lacks none."""
    like = session.get_one(Variant, variant_id)
    missing = [grade for grade in grades if sibling(session, variant_id, grade) is None]
    if not missing:
        return None
    batch = CatalogueBatch(products=0, variants=len(missing), made_by=user_id, made_at=now)
    session.add(batch)
    session.flush()
    stem = like.sku.rpartition("-")[0]
    product = PlannedProduct(facts_from_text(like.facts), like.product_id, "")
    facts = facts_from_text(like.facts)
    product.variants = [
        PlannedVariant(
            sku_of(facts, grade) if facts.model else f"{stem or like.sku}-{grade}", like.name, grade, facts,
            like.match_key, like.gtin, like.mpn,
        )
        for grade in missing
    ]  # fmt: skip
    _make_skus_differ(session, [product])
    copied = {
        "colour": like.colour, "storage_gb": like.storage_gb, "memory_gb": like.memory_gb, "processor": like.processor,
        "facts": like.facts,
    }  # fmt: skip
    session.execute(insert(Variant), [{**_variant_row(product, one, batch.id), **copied} for one in product.variants])
    audit.record(session, act="catalog.make", subject_kind="catalogue_batch", subject_id=str(batch.id),
                 after={"products": 0, "variants": len(missing), "like": like.sku})  # fmt: skip
    return batch.id


_UNUSED = text("""
    SELECT v.id FROM variant v
    WHERE v.batch_id = :batch_id
      AND NOT EXISTS (SELECT 1 FROM movement m WHERE m.variant_id = v.id)
      AND NOT EXISTS (SELECT 1 FROM listing l WHERE l.variant_id = v.id)
      AND NOT EXISTS (SELECT 1 FROM price p WHERE p.variant_id = v.id)
      AND NOT EXISTS (SELECT 1 FROM reservation r WHERE r.variant_id = v.id)
""")
_UNPOINT = tuple(
    text(statement)
    for statement in (
        """UPDATE offer SET variant_id = NULL, match_method = NULL, confidence = NULL, evidence = NULL
           WHERE variant_id = ANY(:ids)""",
        """UPDATE match_question SET state = 'open', variant_id = NULL, batch_id = NULL, answered_by = NULL,
           answered_at = NULL WHERE variant_id = ANY(:ids)""",
        "DELETE FROM stock WHERE variant_id = ANY(:ids)",
    )
)


def undo(session: Session, batch_id: int, *, now: datetime) -> Undone:
    """Remove what a batch made and nothing has used since: no movement, listing, price or reservation."""
    batch = session.execute(select(CatalogueBatch).where(CatalogueBatch.id == batch_id).with_for_update()).scalar_one()
    unused = list(session.execute(_UNUSED, {"batch_id": batch_id}).scalars())
    for statement in _UNPOINT:
        session.execute(statement, {"ids": unused})
    session.execute(delete(SupplierItem).where(SupplierItem.variant_id.in_(unused)))
    session.execute(delete(Variant).where(Variant.id.in_(unused)))
    session.execute(
        delete(Product).where(
            Product.batch_id == batch_id, ~select(Variant.id).where(Variant.product_id == Product.id).exists()
        )
    )
    kept = session.execute(select(func.count(Variant.id)).where(Variant.batch_id == batch_id)).scalar_one()
    session.execute(
        update(CatalogueBatch).where(CatalogueBatch.id == batch_id).values(undone_at=batch.undone_at or now)
    )
    audit.record(session, act="catalog.undo", subject_kind="catalogue_batch", subject_id=str(batch_id),
                 after={"removed": len(unused), "kept": kept})  # fmt: skip
    return Undone(len(unused), kept)
