"""Every command of `iused`: what it says to people and to programs, and how it fails."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from flask import Flask
from pydantic import SecretStr
from sqlalchemy.orm import Session

from app import cli, clock, create_app, embedded, queue
from app.auth.models import Audit, User
from app.catalog.models import Product, Variant
from app.channels.models import Channel
from app.db import db, transaction
from app.demo import seed
from app.flows.models import Lane, Message
from app.offers.models import Offer, OfferFile
from app.settings import ROOT, Settings, Shop
from jobs import shops
from sandbox.testing import SandboxHandle

LISTS = ROOT.parent / "shared" / "data" / "supplier-lists"
LISTINGS, IMPORTS, ABSENCES = "portal.listings.shopware", "supplier.offers.portal", "supplier.absences.portal"
CHANNELS = ("refurbished-direct", "econocom")
PASSWORD = "correct horse battery staple"


def iused(*words: str) -> Result:
    """What the console script does with these words."""
    return CliRunner().invoke(cli.commands(), list(words), prog_name="iused")


def said(*words: str, status: int = 0) -> dict[str, Any]:
    """The object that the command prints as its last line with --json."""
    result = iused(*words, "--json")
    assert result.exit_code == status, result.output
    found = json.loads(result.stdout.splitlines()[-1])
    assert isinstance(found, dict)
    return found


def put(session: Session, key: str = "SKU-1", *, state: str = "dead", flow: str = LISTINGS) -> int:
    now = clock.now()
    message = Message(
        direction="out", flow=flow, channel="econocom", key=key, state=state, next_attempt_at=now, content_hash="",
        correlation_id="c" * 32, body={"sku": key}, result={"error": "too long"},
    )  # fmt: skip
    session.add(message)
    session.commit()
    return message.id


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The flows that were woken."""
    flows: list[str] = []
    monkeypatch.setattr(queue, "wake", flows.append)
    return flows


ADD, ANNA = ("users", "add", "--name", "Anna"), "anna@example.com"


# Failures


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("flows", "run", "odoo.magic.portal"), "unknown_flow", "no flow odoo.magic.portal; known: "),
        (("messages", "list", "--flow", "x"), "unknown_flow", "no flow x; known: "),
        (("messages", "list", "--state", "lost"), "unknown_state", "no state lost; known: pending, delivered"),
        (("messages", "list", "--limit", "0"), "usage", "0 is not in the range"),
        (("messages", "replay"), "usage", "name one MESSAGE_ID or --flow"),
        (("messages", "replay", "1", "--flow", LISTINGS), "usage", "name one MESSAGE_ID or --flow"),
        (("messages", "replay", "--flow", "x"), "unknown_flow", "no flow x; known: "),
        (("messages", "replay", "999"), "unknown_message", "there is no message 999"),
        (("messages", "replay", "9" * 20), "usage", "beyond what can be stored"),
        (("messages", "replay", "abc"), "usage", "'abc' is not a valid integer"),
        ((*ADD, "anna", "--role", "agent", "--password", PASSWORD), "email", "@-sign"),
        ((*ADD, ANNA, "--role", "agent", "--password", "short"), "weak_password", "Use at least 12 characters."),
        ((*ADD, ANNA, "--role", "owner", "--password", PASSWORD), "usage", "'owner'"),
        ((*ADD, ANNA, "--password", PASSWORD), "usage", "Missing option '--role'"),
        (("offers", "import", "nowhere.csv", "--supplier", "foxway"), "usage", "'nowhere.csv' does not exist"),
        (("offers", "import", __file__), "usage", "Missing option '--supplier'"),
        (("offers", "import", __file__, "--supplier", "nobody"), "unknown_supplier", "no supplier with code nobody"),
        (("offers", "import", __file__, "--supplier", "x", "--accept", "--dry-run"), "usage", "exclude each other"),
        (("offers", "export"), "usage", "No such command 'export'"),
        (("nonsense",), "usage", "No such command 'nonsense'"),
    ],
)  # fmt: skip
def test_wrong_input_leaves_with_1_and_a_sentence_or_an_object(
    app: Flask, session: Session, words: tuple[str, ...], code: str, sentence: str
) -> None:
    for_people, for_programs = iused(*words), said(*words, status=1)

    assert (for_people.exit_code, for_people.stdout) == (1, "")
    assert for_people.stderr.startswith("error: ")
    assert for_people.stderr.count("\n") == 1
    assert sentence in for_people.stderr
    assert (for_programs["error"], sentence in for_programs["detail"]) == (code, True)
    assert session.execute(sa.select(sa.func.count(User.id))).scalar_one() == 0


@pytest.mark.parametrize("words", [(), ("offers",), ("--help",), ("messages", "replay", "--help")])
def test_help_names_what_there_is_without_reaching_any_server(
    monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setattr(cli, "make_app", lambda: pytest.fail("the application was built"))

    result = iused(*words)

    assert result.exit_code == (0 if "--help" in words else 1)
    assert "Usage: iused" in result.output


def test_a_wrong_setting_is_named_and_its_value_is_not(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    monkeypatch.setenv("REDIS_URL", settings.redis_url)
    monkeypatch.setenv("SECRET_KEY", "tooshort")

    for_people, for_programs = iused("flows", "list"), said("flows", "list", status=1)

    assert for_people.stderr == "error: SECRET_KEY: Value error, must have at least 32 characters\n"
    assert for_programs["error"] == "settings"
    assert "tooshort" not in for_programs["detail"]


@pytest.fixture
def elsewhere(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[dict[str, object]], None]]:
    """Let commands run on an application with other settings."""
    made: list[Flask] = []

    def use(changes: dict[str, object]) -> None:
        made.append(create_app(settings.model_copy(update=changes)))
        monkeypatch.setattr(cli, "make_app", lambda: made[-1])

    yield use
    for app in made:
        with app.app_context():
            db.engine.dispose()


def test_a_database_that_is_away_or_empty_is_said_with_what_to_do(
    settings: Settings, elsewhere: Callable[[dict[str, object]], None]
) -> None:
    elsewhere({"database_url": "postgresql://nobody@127.0.0.1:1/nothing"})
    away = said("messages", "list", status=1)
    elsewhere({"database_url": embedded.with_database(settings.database_url, "postgres")})
    empty = said("messages", "list", status=1)

    assert (away["error"], "127.0.0.1" in away["detail"]) == ("database", True)
    assert (empty["error"], empty["detail"]) == (
        "database", 'relation "message" does not exist: run `iused db upgrade`',
    )  # fmt: skip


# Accounts


def test_an_account_is_added_and_its_password_is_not_said(app: Flask, session: Session) -> None:
    words = ("users", "add", "Anna@Example.com", "--name", "Anna", "--role", "agent", "--password", PASSWORD)

    first, again = iused(*words, "--json"), said(*words, status=1)

    user = session.execute(sa.select(User)).scalar_one()
    assert json.loads(first.stdout) == {"user_id": user.id, "email": "anna@example.com", "role": "agent"}
    assert PASSWORD not in first.output
    assert again == {"error": "email_taken", "detail": "there is an account with the address Anna@Example.com"}
    line = session.execute(sa.select(Audit)).scalar_one()
    assert (line.act, line.actor, line.subject_id) == ("users.add", "command line", str(user.id))


def test_people_get_a_name_and_a_value_a_line(app: Flask, session: Session) -> None:
    result = iused("users", "add", "a@example.com", "--name", "Anna", "--role", "agent", "--password", PASSWORD)

    user_id = session.execute(sa.select(User.id)).scalar_one()
    assert result.stdout == f"user_id: {user_id}\nemail: a@example.com\nrole: agent\n"
    assert result.stderr == ""


# Flows and messages


def test_the_lanes_are_listed_with_what_waits_and_what_is_stopped(app: Flask, session: Session) -> None:
    session.add(Lane(flow=LISTINGS, channel="econocom", success_at=clock.now()))
    put(session)

    (lane,) = said("flows", "list")["lanes"]
    table = iused("flows", "list").stdout.splitlines()

    assert (lane["flow"], lane["channel"], lane["dead"], lane["waiting"], lane["paused"]) == (
        LISTINGS,
        "econocom",
        1,
        0,
        False,
    )
    assert table[0].split()[:4] == ["flow", "channel", "waiting", "in_work"]
    assert table[1].split()[:6] == [LISTINGS, "econocom", "0", "0", "0", "1"]


def test_nothing_to_list_is_said(app: Flask) -> None:
    assert said("flows", "list") == {"lanes": []}
    assert said("messages", "list") == {"messages": []}
    assert iused("messages", "list").stdout == "messages: -\n"


def test_messages_are_listed_newest_first_by_flow_and_state(app: Flask, session: Session) -> None:
    for key, state, flow in (("A", "dead", LISTINGS), ("B", "pending", LISTINGS), ("C", "dead", IMPORTS)):
        put(session, key, state=state, flow=flow)

    def keys(*words: str) -> list[str]:
        return [message["key"] for message in said("messages", "list", *words)["messages"]]

    assert keys() == ["C", "B", "A"]
    assert keys("--flow", LISTINGS, "--state", "dead") == ["A"]
    assert keys("--limit", "1") == ["C"]
    assert "too long" in iused("messages", "list").stdout


def test_a_stopped_message_is_due_again_and_another_is_not(app: Flask, session: Session, woken: list[str]) -> None:
    dead, done = put(session), put(session, "SKU-2", state="delivered")

    assert said("messages", "replay", str(dead)) == {"flow": LISTINGS, "replayed": 1}
    assert said("messages", "replay", str(done), status=1) == {
        "error": "not_dead", "detail": f"message {done} is delivered, only a dead one is replayed",
    }  # fmt: skip
    assert session.execute(sa.select(Message.state).order_by(Message.id)).scalars().all() == ["pending", "delivered"]
    assert woken == [LISTINGS]
    assert session.execute(sa.select(Audit.act, Audit.actor)).one() == ("messages.replay", "command line")


def test_all_stopped_messages_of_a_flow_are_due_again(app: Flask, session: Session, woken: list[str]) -> None:
    for key in ("A", "B"):
        put(session, key)
    put(session, flow=IMPORTS)

    result = iused("messages", "replay", "--flow", LISTINGS)

    assert result.stdout == f"flow: {LISTINGS}\nreplayed: 2\n"
    assert session.execute(sa.select(Audit.act, Audit.subject_id)).one() == ("messages.replay_all", LISTINGS)
    assert woken == [LISTINGS]


def test_a_flow_is_worked_here_and_its_totals_are_said(committed: Flask) -> None:
    with transaction() as session:
        put(session, state="pending", flow="supplier.absences.portal")

    first, second = said("flows", "run", "supplier.absences.portal"), said("flows", "run", "supplier.absences.portal")

    assert first == {
        "flow": "supplier.absences.portal",
        "runs": 1,
        "claimed": 1,
        "delivered": 1,
        "retried": 0,
        "dead": 0,
    }
    assert second == {
        "flow": "supplier.absences.portal",
        "runs": 0,
        "claimed": 0,
        "delivered": 0,
        "retried": 0,
        "dead": 0,
    }


# Offer files

DOCUMENT = (ROOT / "docs" / "operations.md").read_text()
PROMISED = set(re.findall(r"`(\w+)`", DOCUMENT.split("| `offers import FILE --supplier CODE` |")[1].splitlines()[0]))


def test_the_document_promises_what_others_build_on() -> None:
    needed = {"rows", "new", "changed", "changed_quantity", "changed_price", "unchanged", "absent", "rejected", "held",
              "sheet", "header_row", "encoding", "delimiter", "problems"}  # fmt: skip

    assert needed <= PROMISED


@pytest.fixture
def house(committed: Flask, tmp_path: Path) -> Flask:
    """The seeded portal with a catalogue of one product."""
    with transaction() as session:
        session.add(Product(brand="Apple", line="iPhone", model="12", name="iPhone 12", category="phone"))
    seed.fill([], "", files=tmp_path)
    return committed


def stock_list(folder: Path, *lines: str, name: str = "list.csv") -> str:
    """A small list in Foxway's own columns."""
    path = folder / name
    path.write_text("\n".join(("Nummer;Beskrivelse;Varekategorikode;Condition;Lager;Eksport Pris", *lines)))
    return str(path)


FOX = ("--supplier", "foxway")


def test_an_import_says_everything_it_would_change_and_changes_nothing_before_it_is_accepted(
    house: Flask, tmp_path: Path
) -> None:
    first = stock_list(tmp_path, "X1;iPhone 12/64S/Black;PHONE;GOLD;3;1500", "X2;Cable;NOTE-OPT;GOLD;5;0")
    second = stock_list(
        tmp_path, "X1;iPhone 12/64S/Black;PHONE;GOLD;2;1500", "X3;Cable;NOTE-OPT;GOLD;5;10", name="b.csv"
    )

    dry = said("offers", "import", first, *FOX, "--dry-run")
    accepted = said("offers", "import", first, *FOX, "--accept")
    looked = said("offers", "import", second, *FOX)

    assert set(dry) == PROMISED
    assert {name: dry[name] for name in ("rows", "new", "rejected", "state", "held", "problems")} == {
        "rows": 2, "new": 1, "rejected": 1, "state": "checked", "held": False, "problems": {"price_zero": 1},
    }  # fmt: skip
    assert (dry["header_row"], dry["delimiter"], dry["encoding"], dry["sheet"]) == (1, ";", "utf-8", None)
    assert (accepted["accepted"], accepted["listings"]) == (True, {})
    assert {name: looked[name] for name in ("new", "changed", "changed_quantity", "changed_price", "absent")} == {
        "new": 1, "changed": 1, "changed_quantity": 1, "changed_price": 0, "absent": 0,
    }  # fmt: skip
    with transaction() as session:
        offers = session.execute(sa.select(Offer.item_number, Offer.quantity)).all()
        files = session.execute(sa.select(OfferFile.state).order_by(OfferFile.id)).scalars().all()
    assert [tuple(offer) for offer in offers] == [("X1", 3)]
    assert files == ["cancelled", "accepted", "checked"]


def test_the_same_list_again_changes_nothing(house: Flask, tmp_path: Path) -> None:
    file = stock_list(tmp_path, "X1;iPhone 12/64S/Black;PHONE;GOLD;3;1500")
    said("offers", "import", file, *FOX, "--accept")

    again = said("offers", "import", file, *FOX, "--accept")

    assert (again["state"], again["unchanged"], again["new"], again["changed"]) == ("unchanged", 1, 0, 0)


@pytest.mark.parametrize(
    ("content", "code", "sentence"),
    [
        (b"", "empty_upload", "The file is empty."),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, None, "."),
        (b"name;mail\nAnna;a@example.com\n", None, "."),
    ],
)
def test_a_file_that_is_no_list_is_refused_in_a_sentence(
    house: Flask, tmp_path: Path, content: bytes, code: str | None, sentence: str
) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(content)

    refused = said("offers", "import", str(path), *FOX, status=1)

    assert code is None or refused["error"] == code
    assert sentence in refused["detail"]
    assert "{" not in refused["detail"]


@pytest.mark.skipif(not LISTS.exists(), reason="../shared is not here: the real list is not read")
def test_the_real_list_gives_its_measured_counts(house: Flask) -> None:
    result = said("offers", "import", str(LISTS / "foxway_item_stock_2023-10-27.xlsx"), *FOX, "--dry-run")

    assert set(result) >= PROMISED
    assert {name: result[name] for name in ("rows", "new", "changed", "unchanged", "absent", "rejected")} == {
        "rows": 5168, "new": 5008, "changed": 0, "unchanged": 0, "absent": 0, "rejected": 160,
    }  # fmt: skip
    problems = {code: count for code, count in result["problems"].items() if code != "grade_unknown"}
    assert problems == {
        "price_zero": 158, "price_placeholder": 1, "quantity_fraction": 1, "grade_defect": 54, "grade_contradicts": 2,
    }  # fmt: skip
    assert (result["header_row"], result["encoding"], result["delimiter"]) == (1, None, None)
    assert result["sheet"]


# All of it together


@pytest.fixture
def connected(house: Flask, world: SandboxHandle) -> Iterator[Flask]:
    """The same, connected to both sandbox shops."""
    before = house.extensions["settings"]
    reached = {code: Shop.model_validate(asdict(world.shop(code))) for code in CHANNELS}
    house.extensions["settings"] = before.model_copy(update={"shops": reached})
    shops._client.cache_clear()
    yield house
    house.extensions["settings"] = before


def test_an_import_can_wait_until_the_storefronts_have_it(
    connected: Flask, world: SandboxHandle, tmp_path: Path
) -> None:
    with transaction() as session:
        product_id = session.execute(sa.select(Product.id)).scalar_one()
        session.add(Variant(product_id=product_id, sku="IP12-64-A", name="iPhone 12 64 GB", grade="A", match_key="x",
                            gtin="0194252029015"))  # fmt: skip
    path = tmp_path / "list.csv"
    path.write_text("Nummer;EAN;Beskrivelse;Condition;Lager;Eksport Pris\nX1;194252029015;iPhone 12;GOLD;3;1500\n")

    result = said("offers", "import", str(path), *FOX, "--accept", "--wait")
    idle = said("flows", "run", LISTINGS)

    assert (result["matched"], result["listings"]) == (1, {"econocom": 1, "refurbished-direct": 1})
    arrived = [(shop["channel"], shop["total"], shop["delivered"], shop["waiting"]) for shop in result["channels"]]
    assert arrived == [("refurbished-direct", 1, 1, 0), ("econocom", 1, 1, 0)]
    assert [world.stats(code)["held"]["product"] for code in CHANNELS] == [1, 1]
    assert idle["claimed"] == 0


def test_the_doctor_names_what_is_fine_and_what_is_broken(connected: Flask, world: SandboxHandle) -> None:
    shops = connected.extensions["settings"].shops
    wrong = shops["econocom"].model_copy(update={"client_secret": SecretStr("wrong")})
    connected.extensions["settings"] = connected.extensions["settings"].model_copy(
        update={"shops": {"refurbished-direct": shops["refurbished-direct"], "econocom": wrong}}
    )
    with transaction() as session:
        session.add(Channel(code="third", name="Third", position=2))
        session.add(Lane(flow="portal.sweep.portal", channel="", success_at=clock.now()))

    found = said("doctor", status=1)
    table = iused("doctor")

    checks = {check["name"]: (check["ok"], check["detail"]) for check in found["checks"]}
    assert {name for name, (ok, _) in checks.items() if not ok} == {"workers", "shop econocom", "shop third"}
    assert found["ok"] is False
    assert checks["workers"][1] == "nobody works on: deliveries, feeds, imports, orders"
    assert "SHOPS has no credentials for third" in checks["shop third"][1]
    assert checks["shop refurbished-direct"][1].startswith("Shopware 6.")
    assert checks["sweep"][1] == "0 s ago"
    assert "wrong" not in json.dumps(found)
    assert table.exit_code == 1
    assert [line.split()[:2] for line in table.stdout.splitlines()[:4]] == [
        ["ok:", "no"], ["name", "ok"], ["settings", "yes"], ["database", "yes"],
    ]  # fmt: skip


def test_the_doctor_says_that_nothing_sweeps_and_which_migration_lacks(app: Flask, session: Session) -> None:
    session.execute(sa.text("UPDATE alembic_version SET version_num = '0001'"))
    session.add(Lane(flow="portal.sweep.portal", channel="", success_at=clock.now() - timedelta(seconds=31)))
    session.commit()

    checks = {check["name"]: check["detail"] for check in said("doctor", status=1)["checks"]}

    assert checks["sweep"] == "no sweep within 30 s: is `python -m jobs.schedule` running?"
    assert checks["migrations"].startswith("the database is at 0001, the code wants ")
    assert checks["migrations"].endswith("run `iused db upgrade`")


def test_the_doctor_outlives_a_database_and_a_queue_that_are_away(
    elsewhere: Callable[[dict[str, object]], None],
) -> None:
    elsewhere({"database_url": "postgresql://nobody@127.0.0.1:1/nothing", "redis_url": "redis://127.0.0.1:1/0"})

    found = said("doctor", status=1)

    assert {check["name"]: check["ok"] for check in found["checks"]} == {
        "settings": True, "database": False, "migrations": False, "queue": False, "workers": False, "sweep": False,
    }  # fmt: skip


# The process itself


def process(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A process of our Python, on a machine without a folder of sockets, that says what it logs."""
    known = {name: value for name, value in os.environ.items() if name not in ("XDG_RUNTIME_DIR", "LOG_LEVEL")}
    return subprocess.run(
        [sys.executable, *words], env=known | environment, cwd=ROOT, capture_output=True, text=True, timeout=60,
        check=True,
    )  # fmt: skip


def test_the_terminal_holds_the_answer_and_nothing_else(settings: Settings, committed: Flask) -> None:
    with transaction() as session:
        put(session, state="pending", flow=ABSENCES)

    result = process("-c", "from app.cli import main; main()", "flows", "run", ABSENCES, "--json",
                     SECRET_KEY="0" * 32, DATABASE_URL=settings.database_url, REDIS_URL=settings.redis_url)  # fmt: skip

    assert json.loads(result.stdout)["delivered"] == 1
    assert result.stderr == ""


@pytest.mark.parametrize(("wanted", "level"), [(None, "WARNING"), ("INFO", "INFO"), ("DEBUG", "DEBUG")])
def test_a_command_logs_warnings_unless_more_is_asked_for(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, wanted: str | None, level: str
) -> None:
    monkeypatch.delenv("LOG_LEVEL", raising=False)
    known = {"SECRET_KEY": "0" * 32, "DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url,
             "ENVIRONMENT": "test"} | ({"LOG_LEVEL": wanted} if wanted else {})  # fmt: skip
    monkeypatch.setattr(os, "environ", {**os.environ, **known})

    app = cli.make_app()

    assert app.extensions["settings"].log_level == level


def test_the_embedded_server_is_imported_without_a_word_about_the_folder_of_sockets() -> None:
    result = process("-c", "from app import embedded; embedded._pgserver()")

    assert (result.stdout, result.stderr) == ("", "")
