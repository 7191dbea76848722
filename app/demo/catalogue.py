"""The demo catalogue: every configuration that the fact tables beside it name, with its grades."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import blake2b

from app.catalog.device_facts import DeviceFacts, match_key
from app.catalog.skus import sku_of, variant_name
from app.demo.configurations import Draft, drafts
from app.demo.gtin import in_store_gtin


@dataclass(frozen=True, slots=True)
class DemoVariant:
    """One sellable thing; `reference_price_eur` is what this configuration cost new, with VAT, roughly.

    `facts` is what a perfect description of it would read as; `match_key` comes from it.
    """

    sku: str
    grade: str
    colour: str
    storage_gb: int
    memory_gb: int | None
    processor: str
    name: str
    gtin: str
    match_key: str
    reference_price_eur: Decimal
    facts: DeviceFacts


@dataclass(frozen=True, slots=True)
class DemoProduct:
    """What the PIM would describe: a phone or tablet model, or a computer model with its processor."""

    brand: str
    line: str
    model: str
    name: str
    category: str
    mpn: str
    year: int
    attributes: dict[str, str]
    reference_price_eur: Decimal
    variants: tuple[DemoVariant, ...] = field(repr=False)


def demo_catalogue(seed: int = 2026) -> Iterator[DemoProduct]:
    """Every product once, phones first.

    The same seed gives the same catalogue; another gives other GTINs and made-up MPNs, with the same SKUs.
    """
    taken: set[str] = set()
    for draft in drafts():
        yield _product(draft, seed=seed, taken=taken)


def _product(draft: Draft, *, seed: int, taken: set[str]) -> DemoProduct:
    first = draft.configurations[0][0]
    variants = tuple(
        _variant(facts, grade, Decimal(draft.base_price + extra), seed=seed, taken=taken)
        for facts, extra in draft.configurations
        for grade in _grades(first, draft.year)
    )
    attributes = {"year": str(draft.year), "kind": first.kind}
    if first.processor and first.kind != "phone":
        attributes["processor"] = first.processor
    return DemoProduct(
        brand=first.maker,
        line=first.line,
        model=first.model,
        name=draft.name,
        category=first.kind,
        mpn=_made_up_mpn(draft.name, seed),
        year=draft.year,
        attributes=attributes,
        reference_price_eur=Decimal(draft.base_price),
        variants=variants,
    )


def _made_up_mpn(name: str, seed: int) -> str:
    """A number for products whose maker's number we do not know; the prefix says that it is ours."""
    return "IU" + blake2b(f"{seed}:{name}".encode(), digest_size=4).hexdigest().upper()


_BUSINESS = frozenset(
    (
        "ThinkPad",
        "ThinkCentre",
        "ThinkStation",
        "EliteBook",
        "ProBook",
        "ZBook",
        "Elite Dragonfly",
        "EliteDesk",
        "ProDesk",
    )
) | frozenset(("Latitude", "Precision", "XPS", "OptiPlex"))


def _grades(facts: DeviceFacts, year: int) -> tuple[str, ...]:
    """Grades in which such devices come in: business machines in most, from leases and overstock."""
    if facts.kind in ("phone", "tablet"):
        return ("new", "A+", "A", "B", "C") if year >= 2022 else ("A+", "A", "B", "C")
    if facts.line not in _BUSINESS:
        return ("A", "B") if year == 2022 else ("new", "A") if year > 2022 else ("A", "B", "C")
    if year < 2020 and facts.kind == "notebook":
        return ("A+", "A", "B", "C")
    return ("new", "A", "B", "C") if year in (2021, 2022) else ("A", "B", "C")


def _variant(facts: DeviceFacts, grade: str, price: Decimal, *, seed: int, taken: set[str]) -> DemoVariant:
    key = match_key(facts)
    if key is None or facts.storage_gb is None:
        raise ValueError(f"A demo configuration without a key: {facts}")
    sku = sku_of(facts, grade)
    return DemoVariant(
        sku=sku,
        grade=grade,
        colour=facts.colour,
        storage_gb=facts.storage_gb,
        memory_gb=facts.memory_gb,
        processor=facts.processor,
        name=variant_name(facts),
        gtin=in_store_gtin(sku, seed=seed, taken=taken),
        match_key=key,
        reference_price_eur=price,
        facts=facts,
    )
