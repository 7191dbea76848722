"""The way of a list through the portal, step by step, in this process: drop, accept, let arrive, let time pass."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app import clock
from app.db import transaction
from app.flows.models import Message
from app.offers import services
from app.offers.models import OfferFile
from app.settings import ROOT
from app.suppliers.models import Supplier
from jobs import ledger, schedule
from sandbox.testing import SandboxHandle

LISTS = ROOT.parent / "shared" / "data" / "supplier-lists"
CHANNELS = ("refurbished-direct", "econocom")
T480S = ("X1", "T480s i5-8350U/16GB/256M2/FHD/C/W11P", "NOTEBOOK", "GOLD")
IPHONE = ("X2", "iPhone 12 mini/128S/Black", "PHONE", "SILVER")


def drop(content: bytes, filename: str, *, supplier: str = "foxway") -> OfferFile:
    """Receive and read a file; returns its row."""
    with transaction() as session:
        supplier_id = session.execute(sa.select(Supplier.id).where(Supplier.code == supplier)).scalar_one()
        received = services.receive_file(session, supplier_id, filename=filename, content=content, user_id=None,
                                         now=clock.now(), timezone="Europe/Amsterdam")  # fmt: skip
    ledger.drain(services.FLOW)
    return row(received.offer_file_id)


def row(file_id: int) -> OfferFile:
    with transaction() as session:
        session.expire_all()
        return session.get_one(OfferFile, file_id)


def accept(file: OfferFile) -> OfferFile:
    """Accept a checked file and let everything arrive."""
    with transaction() as session:
        services.ask_accept(session, file.id, user_id=None, now=clock.now())
    ledger.drain(services.FLOW)
    applied = row(file.id).revision
    ledger.drain("portal.listings.shopware")
    arrived = row(file.id)
    assert arrived.revision > applied or not arrived.counts["listings"]  # The open page hears of arrivals.
    return arrived


def counts(file: OfferFile, *names: str) -> dict[str, Any]:
    return {name: file.counts[name] for name in names}


def as_csv(*lines: tuple[object, ...]) -> bytes:
    """A small list in Foxway's own columns."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    writer.writerow(["Nummer", "Beskrivelse", "Varekategorikode", "Condition", "Lager", "Eksport Pris"])
    writer.writerows(lines)
    return text.getvalue().encode()


def products(world: SandboxHandle, code: str) -> dict[str, dict[str, Any]]:
    """Product number to document, as the shop stores it."""
    with world.sandbox.shops[code].storage.transaction() as books:
        rows = books.connection.execute("SELECT id, doc FROM entity WHERE name = 'product'").fetchall()
    return {doc["productNumber"]: {"id": id_, **doc} for id_, doc in rows}


def tick_after(pause: timedelta, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the schedule look at the absent offers so much later, and let everything arrive."""
    moment = clock.now() + pause
    with monkeypatch.context() as later:
        later.setattr("app.clock.now", lambda: moment)
        with transaction() as session:
            schedule.tick(session, now=moment)
    with transaction() as session:  # The ledger asks PostgreSQL for the time, which did not move.
        session.execute(sa.update(Message).values(next_attempt_at=clock.now()).where(Message.state == "pending"))
    with monkeypatch.context() as later:
        later.setattr("app.clock.now", lambda: moment)
        ledger.drain("supplier.absences.portal")
    with transaction() as session:
        session.execute(sa.update(Message).values(next_attempt_at=clock.now()).where(Message.state == "pending"))
    ledger.drain("portal.listings.shopware")
