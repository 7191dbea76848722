"""Business acts on suppliers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from app.auth import audit
from app.stock.models import Location
from app.suppliers import queries
from app.suppliers.models import Supplier, SupplierContact

FIELDS = (
    "code", "name", "kind", "country", "vat_number", "iban", "currency", "payment_days", "terms", "lead_time_days",
    "default_vat_scheme", "import_mode", "grace_days", "list_every_days", "stale_policy", "stale_after_days",
    "limits", "reliability", "notes", "active",
)  # fmt: skip
JUDGING = (
    "code",
    "active",
    "import_mode",
    "grace_days",
    "lead_time_days",
    "reliability",
)  # What sells an offer, and at which price.


class CodeTaken(Exception):
    """Another supplier has this code."""


class Conflict(Exception):
    """Somebody else changed the supplier since the form was opened."""


def create_supplier(session: Session, values: Mapping[str, Any], contacts: Sequence[Mapping[str, str]]) -> int:
    """Make a supplier with its stock location; returns its id. Raises CodeTaken."""
    _refuse_taken(session, str(values["code"]), None)
    supplier = Supplier(**{name: values[name] for name in FIELDS})
    supplier.contacts = [SupplierContact(**contact) for contact in contacts]
    session.add(supplier)
    _flush(session, supplier.code)
    session.add(Location(code=_location_code(supplier), name=supplier.name, kind="supplier", supplier_id=supplier.id))
    audit.record(session, act="suppliers.create", subject_kind="supplier", subject_id=str(supplier.id),
                 after=_facts(supplier))  # fmt: skip
    return supplier.id


def update_supplier(session: Session, supplier_id: int, values: Mapping[str, Any],
                    contacts: Sequence[Mapping[str, str]], *, version: int, now: datetime) -> bool:  # fmt: skip
    """Change a supplier that is still at `version`; returns whether its offers in force are judged differently now.

    Raises Conflict, CodeTaken.
    """
    supplier = queries.supplier(session, supplier_id)
    if supplier is None or supplier.version != version:
        raise Conflict
    _refuse_taken(session, str(values["code"]), supplier_id)
    before = _facts(supplier)
    for name in FIELDS:
        setattr(supplier, name, values[name])
    supplier.contacts = [SupplierContact(**contact) for contact in contacts]
    supplier.updated_at = now  # Contacts are rows of their own: the supplier's version must move with them too.
    _flush(session, supplier.code)
    session.execute(
        update(Location)
        .where(Location.supplier_id == supplier_id)
        .values(code=_location_code(supplier), name=supplier.name)
    )
    audit.record(session, act="suppliers.update", subject_kind="supplier", subject_id=str(supplier_id), before=before,
                 after=_facts(supplier))  # fmt: skip
    return any(before[name] != values[name] for name in JUDGING)


def _refuse_taken(session: Session, code: str, supplier_id: int | None) -> None:
    other = session.execute(select(Supplier.id).where(Supplier.code == code)).scalar_one_or_none()
    if other is not None and other != supplier_id:
        raise CodeTaken(code)


def _flush(session: Session, code: str) -> None:
    """Write the supplier; who was quicker by a moment wins. Raises Conflict, CodeTaken."""
    try:
        session.flush()
    except StaleDataError as error:
        raise Conflict from error
    except IntegrityError as error:
        raise CodeTaken(code) from error


def _location_code(supplier: Supplier) -> str:
    return f"supplier-{supplier.code}"


def _facts(supplier: Supplier) -> dict[str, Any]:
    return {name: getattr(supplier, name) for name in FIELDS}
