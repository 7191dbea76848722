"""Where pieces are: warehouses and suppliers' locations, and moving pieces between them."""

from __future__ import annotations

import re
from typing import NamedTuple

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.auth import audit
from app.stock.models import Balance, Location
from app.stock.services import book


class NameTaken(Exception):
    """Another location has this name."""


class NotOurs(Exception):
    """The act is for our own warehouses: what a supplier holds is what its lists say."""


class LocationRow(NamedTuple):
    id: int
    code: str
    name: str
    kind: str
    supplier_id: int | None
    variants: int
    pieces: int


def locations(session: Session, *, kind: str | None = None) -> list[LocationRow]:
    """Warehouses, then suppliers' locations, by name, with what they hold."""
    held = (
        select(Balance.location_id, func.count().label("variants"), func.sum(Balance.quantity).label("pieces"))
        .where(Balance.quantity > 0)
        .group_by(Balance.location_id)
        .subquery()
    )
    statement = (
        select(Location.id, Location.code, Location.name, Location.kind, Location.supplier_id,
               func.coalesce(held.c.variants, 0), func.coalesce(held.c.pieces, 0))
        .outerjoin(held, held.c.location_id == Location.id)
        .order_by(Location.kind.desc(), Location.name)
    )  # fmt: skip
    if kind:
        statement = statement.where(Location.kind == kind)
    return [LocationRow._make(row) for row in session.execute(statement)]


def names(session: Session, *, kind: str | None = None) -> list[tuple[str, str]]:
    """Id and name of the locations, warehouses first."""
    statement = select(Location.id, Location.name).order_by(Location.kind.desc(), Location.id)
    if kind:
        statement = statement.where(Location.kind == kind)
    return [(str(row[0]), row[1]) for row in session.execute(statement)]


def create_warehouse(session: Session, name: str) -> int:
    """A new warehouse of ours; returns its id. Raises NameTaken."""
    _refuse_taken(session, name, None)
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "warehouse"
    taken = session.execute(select(Location.code).where(Location.code.startswith(slug, autoescape=True))).scalars()
    codes = set(taken)
    code = next(c for n in range(1, len(codes) + 2) if (c := slug if n == 1 else f"{slug}-{n}") not in codes)
    location = Location(code=code, name=name, kind="warehouse")
    session.add(location)
    session.flush()
    audit.record(session, act="stock.location", subject_kind="location", subject_id=str(location.id),
                 after={"name": name, "code": code})  # fmt: skip
    return location.id


def rename_warehouse(session: Session, location_id: int, name: str) -> None:
    """Another name; the code stays. Raises NotOurs, NameTaken."""
    location = session.get_one(Location, location_id)
    if location.kind != "warehouse":
        raise NotOurs
    _refuse_taken(session, name, location_id)
    before, location.name = location.name, name
    audit.record(session, act="stock.location", subject_kind="location", subject_id=str(location_id),
                 before={"name": before}, after={"name": name})  # fmt: skip


def _refuse_taken(session: Session, name: str, location_id: int | None) -> None:
    statement = select(Location.id).where(func.lower(Location.name) == name.lower())
    if session.execute(statement.where(Location.id.is_distinct_from(location_id))).first():
        raise NameTaken(name)


def transfer(session: Session, *, variant_id: int, from_id: int, to_id: int, quantity: int, reason: str, note: str,
             user_id: int | None) -> None:  # fmt: skip
    """Move pieces to a warehouse of ours: two movements that name each other's place.

    From a supplier's location it is what was collected there; the next list says what the supplier holds after it.
    Raises NotEnough, NotOurs, ValueError for fewer than one piece or the same place.
    """
    if quantity < 1 or from_id == to_id:
        raise ValueError(f"{quantity} from {from_id} to {to_id}")
    source, target = session.get_one(Location, from_id), session.get_one(Location, to_id)
    if target.kind != "warehouse":
        raise NotOurs
    for place, other, pieces in ((source, target, -quantity), (target, source, quantity)):
        book(session, variant_id=variant_id, location_id=place.id, kind="transfer", quantity=pieces, reason=reason,
             note=note, reference=f"location:{other.id}", user_id=user_id)  # fmt: skip
    audit.record(session, act="stock.transfer", subject_kind="variant", subject_id=str(variant_id),
                 after={"from": source.code, "to": target.code, "quantity": quantity, "reason": reason})  # fmt: skip


def location(session: Session, location_id: int) -> Location | None:
    """One location."""
    return session.get(Location, location_id)


def sku_to_variant(session: Session, skus: list[str]) -> dict[str, int]:
    """Variant ids of the SKUs that exist."""
    rows = session.execute(text("SELECT sku, id FROM variant WHERE sku = ANY(:skus)"), {"skus": skus})
    return {row.sku: row.id for row in rows}
