"""Lists become files: every row, in order, safe to open, its owner's alone, and gone in time."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import few_orders as few
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from openpyxl.reader.excel import load_workbook
from small_assortment import Assortment

from app import clock
from app.auth import services as accounts
from app.auth.models import Audit, User
from app.db import transaction
from app.flows import services as flows
from app.flows.catalogue import FLOWS
from app.flows.models import Message
from app.lists import exports
from app.lists.models import ListExport, ListExportPart
from app.lists.state import state_of
from app.lists.writing import SHEET_ROWS
from app.orders import services as orders
from app.orders.listing import ORDERS
from jobs import claims, failpoints, ledger, portal_exports_portal

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PASSWORD = "correct horse battery staple"
NASTY = ('=HYPERLINK("http://x")', "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", 'Zoë, "quoted"\nline')


@pytest.fixture
def people(committed: Flask) -> dict[str, int]:
    """An agent and a manager, before seven orders of customers with nasty names."""
    with transaction() as session:
        shop = Assortment(session).shops[1].id
        seen = [few.order(str(10001 + place), name=name, payment_state="paid") for place, name in enumerate(NASTY)]
        orders.apply_orders(session, shop, [*seen, few.order("20000", total=Decimal("-5.00"))], now=NOON)
        ids = {
            role: accounts.add_user(session, email=f"{role}@example.com", name=role, role=role, password=PASSWORD)
            for role in ("agent", "manager")
        }
        session.execute(sa.update(User).values(locale="en"))
    return ids


def ask(user_id: int, format_: str, **args: str) -> int:
    with transaction() as session:
        return exports.ask(session, ORDERS, state_of(ORDERS, args), format_=format_, user_id=user_id, locale="en",
                           now=clock.now(), hours=24)  # fmt: skip


def export(export_id: int) -> ListExport:
    with transaction() as session:
        session.expire_all()
        return session.get_one(ListExport, export_id)


def content(export_id: int) -> bytes:
    with transaction() as session:
        return b"".join(exports.pieces(session, export_id))


def browser(app: Flask, user_id: int) -> FlaskClient:
    """Signed in as that person."""
    with transaction() as session:
        token = accounts.open_session(session, user_id, network="127.0.0.1", agent="a test", now=clock.now(),
                                      settings=app.extensions["settings"])  # fmt: skip
    found = app.test_client()
    found.set_cookie("iused", token)
    return found


def token(client: FlaskClient, export_id: int) -> str:
    """Of the form that stops the export."""
    page = client.get(f"/lists/exports/{export_id}").get_data(as_text=True)
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def book(export_id: int) -> Any:
    """As a spreadsheet opens it."""
    return load_workbook(io.BytesIO(content(export_id)))  # type: ignore[no-untyped-call]


def table(export_id: int) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content(export_id).decode("utf-8-sig"))))


def test_a_csv_has_the_rows_columns_and_order_of_the_view_and_no_formula(people: dict[str, int]) -> None:
    id_ = ask(people["agent"], "csv", payment="paid", columns="customer,order,total,placed", sort="number")

    ledger.drain(exports.FLOW)

    header, *rows = table(id_)
    assert header == ["Customer", "Order", "Total", "Placed"]
    assert [row[1] for row in rows] == [str(10001 + place) for place in range(len(NASTY))]
    assert rows[0] == ["'" + NASTY[0], "10001", "121.00", "2026-03-02 13:01:00"]
    for row, name in zip(rows, NASTY, strict=True):
        assert row[0] == (name if name.startswith("Z") else "'" + name)
    found = export(id_)
    assert (found.state, found.done, found.size_bytes) == ("done", len(NASTY), len(content(id_)))


def test_numbers_stay_numbers(people: dict[str, int]) -> None:
    id_ = ask(people["agent"], "csv", total="..0", columns="total")
    other = ask(people["agent"], "xlsx", total="..0", columns="total")

    ledger.drain(exports.FLOW)

    assert table(id_)[1:] == [["-5.00"]]
    assert book(other).worksheets[0]["A2"].value == -5


def test_a_workbook_has_typed_cells_and_says_what_it_is_of(people: dict[str, int]) -> None:
    id_ = ask(people["agent"], "xlsx", payment="paid", columns="customer,total,placed", sort="number")

    ledger.drain(exports.FLOW)

    sheet, view = book(id_).worksheets
    cells = list(sheet.iter_rows(min_row=2))
    assert [cell[0].data_type for cell in cells] == ["s"] * len(NASTY)
    assert [cell[0].quotePrefix for cell in cells[:4]] == [True] * 4
    assert cells[0][0].value == NASTY[0]
    assert [(cell[1].value, cell[2].value) for cell in cells[:1]] == [(121, datetime(2026, 3, 2, 13, 1))]
    facts = {row[0].value: row[1].value for row in view.iter_rows()}
    assert (facts["List"], facts["Payment"], facts["Sort"]) == ("Orders", "paid", "Number ↑")


def test_headings_and_words_are_in_the_language_of_whoever_asked(people: dict[str, int]) -> None:
    with transaction() as session:
        id_ = exports.ask(session, ORDERS, state_of(ORDERS, {"columns": "payment"}), format_="csv",
                          user_id=people["agent"], locale="nl", now=clock.now(), hours=24)  # fmt: skip

    ledger.drain(exports.FLOW)

    assert [table(id_)[0], table(id_)[-1]] == [["Betaling"], ["niet betaald"]]


def test_the_file_is_fetched_by_its_owner_only_until_it_expires(committed: Flask, people: dict[str, int]) -> None:
    id_ = ask(people["agent"], "csv", columns="order")
    ledger.drain(exports.FLOW)
    agent, manager = browser(committed, people["agent"]), browser(committed, people["manager"])

    answer = agent.get(f"/lists/exports/{id_}/file")
    assert answer.status_code == 200
    assert answer.get_data() == content(id_)
    assert "attachment; filename=orders-" in answer.headers["Content-Disposition"]
    for path in (f"/lists/exports/{id_}", f"/lists/exports/{id_}/file"):
        assert manager.get(path).status_code == 404
        assert committed.test_client().get(path).status_code == 303

    with transaction() as session:
        session.execute(sa.update(ListExport).values(expires_at=clock.now() - timedelta(seconds=1)))
    assert agent.get(f"/lists/exports/{id_}/file").status_code == 404
    tick()
    assert export(id_).state == "expired"
    assert content(id_) == b""
    assert "The file was removed." in agent.get(f"/lists/exports/{id_}").get_data(as_text=True)


def tick() -> None:
    now = clock.now()
    with transaction() as session:
        flows.receive(session, exports.FLOW, key=now.isoformat(), delivery_id=f"tick:{now.isoformat()}",
                      body={"due_at": now.isoformat()}, now=now)  # fmt: skip
    ledger.drain(exports.FLOW)


def test_asking_twice_is_asking_once_and_both_ends_are_in_the_audit_log(people: dict[str, int]) -> None:
    first, second = ask(people["agent"], "csv", payment="paid"), ask(people["agent"], "csv", payment="paid")
    assert first == second
    assert ask(people["manager"], "csv", payment="paid") != first

    ledger.drain(exports.FLOW)

    assert ask(people["agent"], "csv", payment="paid") != first
    with transaction() as session:
        asked, done = (
            session.execute(sa.select(Audit).where(Audit.act == act).order_by(Audit.id)).scalars().first()
            for act in ("lists.export", "lists.export_done")
        )
    assert asked is not None
    assert done is not None
    assert (asked.after or {})["args"] == {"payment": "paid"}
    assert (done.after or {})["rows"] == len(NASTY)


def test_progress_moves_and_a_worker_that_was_overtaken_writes_nothing(
    people: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portal_exports_portal, "BLOCK", 3)
    id_ = ask(people["agent"], "csv", payment="paid")
    seen: list[int] = []

    def look(name: str) -> None:
        if name != "exports.block":
            return
        found = export(id_)
        seen.append(found.done)
        if len(seen) == 2:
            with transaction() as session:
                session.execute(sa.update(ListExport).values(fence=found.fence + 1_000))

    monkeypatch.setattr(failpoints, "reach", look)
    batch = claims.claim(FLOWS[exports.FLOW], "", cause="wake")
    assert batch is not None
    with pytest.raises(claims.LeaseLost):
        portal_exports_portal.work(batch)

    assert seen == [3, 6]
    assert (export(id_).state, export(id_).about) == ("running", len(NASTY))


def test_an_export_begun_anew_has_every_row_once(people: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    id_ = ask(people["agent"], "csv", payment="paid", columns="order", sort="number")
    with transaction() as session:
        export_ = exports.begin(session, id_, fence=7)
        assert export_ is not None
        exports.add_piece(session, id_, 0, b"half of a file")

    ledger.drain(exports.FLOW)

    assert [row[0] for row in table(id_)[1:]] == [str(10001 + place) for place in range(len(NASTY))]


def test_whoever_waits_for_a_dead_message_is_told(people: dict[str, int]) -> None:
    id_ = ask(people["agent"], "csv")
    with transaction() as session:
        session.execute(sa.update(Message).where(Message.key == f"export-{id_}").values(state="dead"))

    tick()

    assert export(id_).state == "failed"


def test_a_worksheet_that_would_overflow_says_so(people: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.lists.writing.SHEET_ROWS", 4)
    id_ = ask(people["agent"], "xlsx")

    ledger.drain(exports.FLOW)

    assert (export(id_).state, export(id_).problem) == ("failed", "too_many")
    with transaction() as session:
        assert session.execute(sa.select(sa.func.count()).select_from(ListExportPart)).scalar_one() == 0
    assert SHEET_ROWS == 1_048_576


@pytest.mark.parametrize("format_", ["csv", "xlsx"])
def test_who_stops_an_export_is_obeyed_at_the_next_block_and_there_is_no_file(
    committed: Flask, people: dict[str, int], monkeypatch: pytest.MonkeyPatch, format_: str
) -> None:
    monkeypatch.setattr(portal_exports_portal, "BLOCK", 3)
    id_ = ask(people["agent"], format_, payment="paid")
    agent, passes = browser(committed, people["agent"]), []

    def press(name: str) -> None:
        if name == "exports.block":
            passes.append(name)
            assert agent.post(f"/lists/exports/{id_}/stop", data={"csrf_token": token(agent, id_)}).status_code == 303

    monkeypatch.setattr(failpoints, "reach", press)
    ledger.drain(exports.FLOW)

    found = export(id_)
    assert (found.state, found.done, found.stopped_by, len(passes)) == ("stopped", 3, "agent", 1)
    assert content(id_) == b""
    assert agent.get(f"/lists/exports/{id_}/file").status_code == 404
    page = " ".join(agent.get(f"/lists/exports/{id_}").get_data(as_text=True).split())
    assert "Stopped after 3 of about 7 by agent. There is no file." in page
    assert "/stop" not in page
    with transaction() as session:
        assert session.execute(sa.select(Message.state, Message.result)).one() == ("delivered", {"state": "stopped"})


def test_an_export_that_is_stopped_before_a_worker_has_it_is_not_begun(people: dict[str, int]) -> None:
    id_ = ask(people["agent"], "csv")
    with transaction() as session:
        assert exports.stop(session, id_, by="agent", now=clock.now())
        assert not exports.stop(session, id_, by="agent", now=clock.now()), "a second click"

    ledger.drain(exports.FLOW)

    assert (export(id_).state, content(id_)) == ("stopped", b"")


def test_an_export_of_somebody_else_is_not_stopped(committed: Flask, people: dict[str, int]) -> None:
    id_, own = ask(people["agent"], "csv"), ask(people["manager"], "csv")
    manager = browser(committed, people["manager"])

    sent = {"csrf_token": token(manager, own)}
    assert manager.post(f"/lists/exports/{id_}/stop", data=sent).status_code == 404
    assert export(id_).state == "waiting"
