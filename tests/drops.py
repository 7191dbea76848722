"""A supplier, and files of its that are read as a worker would."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from app import clock
from app.db import transaction
from app.offers import services
from app.offers.models import OfferFile, OfferLine
from app.suppliers.dictionary import decide
from app.suppliers.services import FIELDS, create_supplier
from jobs import ledger

GRADES = {"gold": "A", "silver": "B"}


def supplier(**facts: Any) -> int:
    """A supplier that knows two words for condition; returns its id."""
    values: dict[str, Any] = dict.fromkeys(FIELDS)
    values |= {
        "code": "foxway", "name": "Foxway", "kind": "refurbisher", "country": "DK", "currency": "EUR", "terms": "",
        "payment_days": 30, "lead_time_days": 5, "default_vat_scheme": "regular", "import_mode": "full",
        "grace_days": 0, "stale_policy": "keep", "stale_after_days": 14, "limits": {}, "reliability": 80, "notes": "",
        "active": True,
    } | facts  # fmt: skip
    with transaction() as session:
        supplier_id = create_supplier(session, values, [])
        for word, grade in GRADES.items():
            decide(session, supplier_id, "grade", word, grade, user_id=None, now=clock.now())
    return supplier_id


def as_csv(head: Sequence[object], *rows: Sequence[object]) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows([head, *rows])
    return text.getvalue().encode()


def drop(supplier_id: int, content: bytes, filename: str = "stock.csv") -> OfferFile:
    """Receive a file and let the worker read it."""
    with transaction() as session:
        received = services.receive_file(session, supplier_id, filename=filename, content=content, user_id=None,
                                         now=clock.now(), timezone="Europe/Amsterdam")  # fmt: skip
    return work(received.offer_file_id)


def work(file_id: int) -> OfferFile:
    """The file after everything that waits was done."""
    ledger.drain(services.FLOW)
    with transaction() as session:
        session.expire_all()
        return session.get_one(OfferFile, file_id)


def accept(file_id: int) -> OfferFile:
    """Accept a checked file."""
    with transaction() as session:
        services.ask_accept(session, file_id, user_id=None, now=clock.now())
    return work(file_id)


def say_columns(file: OfferFile, **changed: str) -> OfferFile:
    """A person confirms what the page shows, but for `changed` (header to field)."""
    columns = {column["header"]: column["field"] for column in file.columns or []} | changed
    with transaction() as session:
        services.confirm_columns(session, file.id, columns, user_id=None, now=clock.now())
    return work(file.id)


def staged(file_id: int) -> list[OfferLine]:
    """The file's own lines, in order."""
    with transaction() as session:
        session.expire_all()
        statement = sa.select(OfferLine).where(OfferLine.offer_file_id == file_id, OfferLine.row_number > 0)
        return list(session.execute(statement.order_by(OfferLine.row_number)).scalars())
