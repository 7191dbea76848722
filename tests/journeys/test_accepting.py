"""What holds a file, who lets it pass, how it is taken back, and what happens when no list comes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import xlsxwriter
from flask import Flask
from way import IPHONE, T480S, accept, as_csv, drop, products, row, tick_after

from app import clock
from app.db import transaction
from app.flows.models import Message
from app.offers import services
from app.offers.freshness import late_lists
from app.offers.models import Offer, OfferChange, OfferFile
from app.stock.queries import ledger_differences
from app.suppliers.models import Supplier
from jobs import ledger
from sandbox.testing import SandboxHandle

CABLES = [(f"C{number}", f"Cable {number}", "NOTE-OPT", "GOLD", 5, 10 + number) for number in range(40)]
Facts = list[tuple[Any, ...]]


def offers() -> Facts:
    """What is offered now, but for the moments at which it changed, and by what its variant was found."""
    told = ("changed_at", "match_method", "confidence", "evidence")
    columns = [column for column in Offer.__table__.columns if column.name not in told]
    with transaction() as session:
        return [tuple(found) for found in session.execute(sa.select(*columns).order_by(Offer.identity))]


def undo(file: OfferFile) -> OfferFile:
    with transaction() as session:
        services.ask_undo(session, file.id, user_id=None, now=clock.now(), days=30)
    ledger.drain(services.FLOW)
    ledger.drain("portal.listings.shopware")
    return row(file.id)


def test_a_list_that_was_cut_off_is_held_and_passes_only_with_a_reason(portal: Flask) -> None:
    accept(drop(as_csv(*CABLES), "a.csv"))

    held = drop(as_csv(*CABLES[:30]), "b.csv")

    assert held.counts["holds"] == [{"code": "rows_gone", "percent": 25, "limit": 15}]
    with transaction() as session, pytest.raises(services.OfferFileError, match="held"):
        services.ask_accept(session, held.id, user_id=None, now=clock.now(), approval="  ")
    with transaction() as session:
        services.ask_accept(session, held.id, user_id=None, now=clock.now(), approval="They sold ten kinds of cable.")
    ledger.drain(services.FLOW)
    passed = row(held.id)
    assert passed.state == "accepted"
    assert passed.approval == {"by": None, "reason": "They sold ten kinds of cable.", "codes": ["rows_gone"]}


def test_a_full_list_beside_another_full_sheet_is_held_before_it_ends_offers(portal: Flask, tmp_path: Path) -> None:
    head = ("Nummer", "Beskrivelse", "Varekategorikode", "Condition", "Lager", "Eksport Pris")
    path = tmp_path / "two.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for name, cables in (("Denmark", CABLES), ("Poland", [(f"P{cable[0]}", *cable[1:]) for cable in CABLES[:30]])):
            sheet = book.add_worksheet(name)
            for number, line in enumerate((head, *cables)):
                sheet.write_row(number, 0, line)

    held = drop(path.read_bytes(), "two.xlsx")

    assert held.sheet == "Denmark"
    assert [hold["code"] for hold in held.counts["holds"]] == ["other_sheets"]

    with transaction() as session, pytest.raises(services.OfferFileError, match="no_such_sheet"):
        services.choose_sheet(session, held.id, "Sweden", now=clock.now())
    with transaction() as session:
        services.choose_sheet(session, held.id, "Poland", now=clock.now())
    ledger.drain(services.FLOW)

    other = row(held.id)
    assert (other.state, other.sheet, other.counts["rows"]) == ("checked", "Poland", 30)


def test_a_file_that_became_odd_while_it_waited_goes_back_to_be_judged(portal: Flask) -> None:
    waiting = drop(as_csv(*CABLES[:30]), "a.csv")
    accept(drop(as_csv(*CABLES), "b.csv"))

    again = accept(waiting) if waiting.counts["holds"] else waiting
    with transaction() as session:
        services.ask_accept(session, again.id, user_id=None, now=clock.now())
    ledger.drain(services.FLOW)

    judged = row(waiting.id)
    assert judged.state == "checked"
    assert [hold["code"] for hold in judged.counts["holds"]] == ["rows_gone"]
    assert len(offers()) == 40


def test_an_undone_file_leaves_offers_stock_and_storefronts_as_they_were(portal: Flask, world: SandboxHandle) -> None:
    accept(drop(as_csv((*T480S, 3, 1500), (*IPHONE, 2, 1900), *CABLES), "a.csv"))
    before, shown = offers(), {name: doc["stock"] for name, doc in products(world, "econocom").items()}
    second = accept(drop(as_csv((*T480S, 1, 1800), ("N1", "New cable", "NOTE-OPT", "GOLD", 5, 10), *CABLES), "b.csv"))
    assert offers() != before

    undone = undo(second)

    assert undone.state == "undone"
    assert undone.counts["undo"] | {"listings": None} == {"reversed": 3, "kept": 0, "errored": 0, "listings": None}
    after = offers()
    assert [offer for offer in after if offer[2] != "item:N1"] == before
    with transaction() as session:
        new = session.execute(sa.select(Offer.quantity, Offer.absent_since).where(Offer.identity == "item:N1")).one()
    assert new.quantity == 0
    assert new.absent_since is not None
    assert {name: doc["stock"] for name, doc in products(world, "econocom").items()} == shown
    with transaction() as session:
        assert ledger_differences(session) == 0


def test_what_another_list_changed_since_is_kept(portal: Flask) -> None:
    first = accept(drop(as_csv((*T480S, 3, 1500), (*IPHONE, 2, 1900)), "a.csv"))
    accept(drop(as_csv((*T480S, 2, 1500), (*IPHONE, 2, 1900)), "b.csv"))

    undone = undo(first)

    assert {name: undone.counts["undo"][name] for name in ("reversed", "kept", "errored")} == {
        "reversed": 1, "kept": 1, "errored": 0,
    }  # fmt: skip
    with transaction() as session:
        quantities = session.execute(sa.select(Offer.item_number, Offer.quantity).order_by(Offer.item_number)).all()
        assert [tuple(offer) for offer in quantities] == [("X1", 2), ("X2", 0)]
        assert ledger_differences(session) == 0


def test_an_undo_after_its_days_is_refused_and_changes_nothing(portal: Flask) -> None:
    file = accept(drop(as_csv((*T480S, 3, 1500)), "a.csv"))
    before = offers()

    with transaction() as session, pytest.raises(services.OfferFileError, match="too_old"):
        services.ask_undo(session, file.id, user_id=None, now=clock.now() + timedelta(days=31), days=30)

    assert offers() == before


def test_a_list_under_another_name_or_with_trailing_blanks_changes_nothing(portal: Flask) -> None:
    content = as_csv((*T480S, 3, 1500), (*IPHONE, 2, 1900))
    accept(drop(content, "a.csv"))
    with transaction() as session:
        changes = session.execute(sa.select(sa.func.count()).select_from(OfferChange)).scalar_one()
        messages = session.execute(sa.select(sa.func.count(Message.id)).where(Message.direction == "out")).scalar_one()
    blanks = content.replace(b"\r\n", b"  \r\n") + b";;;;;\r\n" * 20

    assert drop(content, "the same, renamed.csv").state == "unchanged"
    assert drop(blanks, "blanks.csv").state == "unchanged"

    with transaction() as session:
        assert session.execute(sa.select(sa.func.count()).select_from(OfferChange)).scalar_one() == changes
        sent = session.execute(sa.select(sa.func.count(Message.id)).where(Message.direction == "out")).scalar_one()
        assert sent == messages


@pytest.mark.parametrize(("policy", "left"), [("keep", [2, 3]), ("halve", [1, 2]), ("end", [0, 0])])
def test_offers_that_no_list_confirms_are_believed_less(
    portal: Flask, world: SandboxHandle, monkeypatch: pytest.MonkeyPatch, policy: str, left: list[int]
) -> None:
    with transaction() as session:
        values = {"stale_policy": policy, "stale_after_days": 10, "list_every_days": 7}
        session.execute(sa.update(Supplier).where(Supplier.code == "foxway").values(**values))
    content = as_csv((*T480S, 3, 1500), (*IPHONE, 2, 1900))
    accept(drop(content, "a.csv"))

    tick_after(timedelta(days=9), monkeypatch)
    assert sorted(doc["stock"] for doc in products(world, "econocom").values()) == [2, 3]
    tick_after(timedelta(days=10, minutes=1), monkeypatch)
    tick_after(timedelta(days=10, minutes=21), monkeypatch)

    assert sorted(doc["stock"] for doc in products(world, "econocom").values()) == left
    with transaction() as session:
        assert [late.supplier for late in late_lists(session, now=clock.now() + timedelta(days=8))] == ["Foxway"]
        assert late_lists(session, now=clock.now() + timedelta(days=6)) == []
    if policy != "keep":
        accept(drop(content, "b.csv"))
    assert sorted(doc["stock"] for doc in products(world, "econocom").values()) == [2, 3]
    with transaction() as session:
        assert ledger_differences(session) == 0
