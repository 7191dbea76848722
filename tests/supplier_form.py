"""A supplier's form as a browser sends it."""

from __future__ import annotations

import re

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload
from werkzeug.test import TestResponse

from app.suppliers.models import Supplier

VALID = {
    "name": "Foxway", "code": "foxway", "kind": "refurbisher", "country": "DK", "vat_number": "", "iban": "",
    "currency": "EUR", "payment_days": "30", "terms": "", "lead_time_days": "5", "default_vat_scheme": "regular",
    "import_mode": "full", "grace_days": "3", "stale_policy": "keep", "stale_after_days": "14", "notes": "",
    "reliability": "80",
    "active": "y",
    **{f"contacts-{number}-{name}": "" for number in range(3) for name in ("name", "role", "email", "phone")},
}  # fmt: skip


def add(browser: FlaskClient, **values: str) -> TestResponse:
    """Send the form of a new supplier; a dash in a contact's field is written as two underscores."""
    return browser.post("/suppliers/new", data=_fields(values))


def edit(browser: FlaskClient, supplier_id: int, *, version: str, **values: str) -> TestResponse:
    """Send the form of a known supplier, opened at `version`."""
    return browser.post(f"/suppliers/{supplier_id}/edit", data=_fields(values) | {"version": version})


def _fields(values: dict[str, str]) -> dict[str, str]:
    return VALID | {name.replace("__", "-"): value for name, value in values.items()}


def opened_at(browser: FlaskClient, supplier_id: int) -> str:
    """The version that the open form carries."""
    page = browser.get(f"/suppliers/{supplier_id}/edit").get_data(as_text=True)
    found = re.search(r'name="version"[^>]*value="(\d+)"', page)
    assert found is not None
    return found[1]


def kept(session: Session, code: str = "foxway") -> Supplier | None:
    """The supplier as the database has it."""
    return session.execute(
        select(Supplier).where(Supplier.code == code).options(selectinload(Supplier.contacts)),
        execution_options={"populate_existing": True},
    ).scalar_one_or_none()


def the(session: Session, code: str = "foxway") -> Supplier:
    """The same, when it must be there."""
    found = kept(session, code)
    assert found is not None
    return found
