"""Business acts on suppliers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth import audit
from app.stock.models import Location
from app.suppliers import queries
from app.suppliers.models import Supplier, SupplierContact

FIELDS = (
    "code", "name", "kind", "country", "vat_number", "iban", "currency", "payment_days", "terms", "lead_time_days",
    "default_vat_scheme", "import_mode", "grace_days", "notes", "active",
)  # fmt: skip


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
    session.flush()
    session.add(
        Location(code=f"supplier-{supplier.code}", name=supplier.name, kind="supplier", supplier_id=supplier.id)
    )
    audit.record(session, act="suppliers.create", subject_kind="supplier", subject_id=str(supplier.id),
                 after=_facts(supplier))  # fmt: skip
    return supplier.id


def update_supplier(session: Session, supplier_id: int, values: Mapping[str, Any],
                    contacts: Sequence[Mapping[str, str]], *, version: int) -> None:  # fmt: skip
    """Change a supplier that is still at `version`. Raises Conflict, CodeTaken."""
    supplier = queries.supplier(session, supplier_id)
    if supplier is None or supplier.version != version:
        raise Conflict
    _refuse_taken(session, str(values["code"]), supplier_id)
    before = _facts(supplier)
    for name in FIELDS:
        setattr(supplier, name, values[name])
    supplier.contacts = [SupplierContact(**contact) for contact in contacts]
    session.flush()
    audit.record(session, act="suppliers.update", subject_kind="supplier", subject_id=str(supplier_id), before=before,
                 after=_facts(supplier))  # fmt: skip


def _refuse_taken(session: Session, code: str, supplier_id: int | None) -> None:
    other = session.execute(select(Supplier.id).where(Supplier.code == code)).scalar_one_or_none()
    if other is not None and other != supplier_id:
        raise CodeTaken(code)


def _facts(supplier: Supplier) -> dict[str, Any]:
    return {name: getattr(supplier, name) for name in FIELDS}
