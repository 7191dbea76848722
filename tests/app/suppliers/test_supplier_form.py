"""A supplier is added and changed with numbers that their issuers would accept, and nobody's change is lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from small_assortment import NOON, Assortment
from sqlalchemy.orm import Session
from supplier_form import VALID, add, edit, kept, opened_at, the

from app.auth.models import Audit
from app.flows.models import Message
from app.offers import services as offers
from app.stock.models import Location
from app.suppliers import services


@pytest.fixture
def purchaser(sign_in: Callable[[str], FlaskClient]) -> FlaskClient:
    """Who may, in English."""
    browser = sign_in("purchasing")
    browser.post("/account/switch", data={"locale": "en"})
    return browser


def test_a_new_supplier_has_its_people_a_location_and_a_line_in_the_audit_log(
    purchaser: FlaskClient, session: Session
) -> None:
    answer = add(purchaser, contacts__0__name="Mette", contacts__0__phone="32 12 34 56", contacts__2__email="m@fox.dk")

    supplier = the(session)
    assert (answer.status_code, answer.location) == (303, f"/suppliers/{supplier.id}")
    assert [(person.name, person.phone, person.email) for person in supplier.contacts] == [
        ("Mette", "+4532123456", ""), ("", "", "m@fox.dk"),
    ]  # fmt: skip
    place = session.execute(sa.select(Location.name).where(Location.supplier_id == supplier.id)).scalar_one()
    assert place == "Foxway"
    said = session.execute(sa.select(Audit).where(Audit.act == "suppliers.create")).scalar_one()
    assert (said.actor, said.subject_id) == ("Purchasing", str(supplier.id))
    assert said.after is not None
    assert said.after["code"] == "foxway"


@pytest.mark.parametrize(
    ("country", "typed", "compact"),
    [
        ("NL", "NL 0044.95.445.B01", "NL004495445B01"),
        ("NL", "004495445b01", "NL004495445B01"),
        ("DK", "13 58 56 28", "DK13585628"),
        ("DE", "DE 136,695 976", "DE136695976"),
        ("US", "12-3456789", "12-3456789"),
    ],
)
def test_a_vat_number_is_kept_compact_with_its_country(
    purchaser: FlaskClient, session: Session, country: str, typed: str, compact: str
) -> None:
    assert add(purchaser, country=country, vat_number=typed).status_code == 303

    assert the(session).vat_number == compact


@pytest.mark.parametrize(
    ("country", "typed"),
    [("NL", "NL004495446B01"), ("DK", "DK13585627"), ("DE", "DE136695978"), ("DK", "NL004495445B01"), ("US", "1" * 21)],
)
def test_a_vat_number_that_its_country_would_not_give_is_refused_with_a_word(
    purchaser: FlaskClient, session: Session, country: str, typed: str
) -> None:
    answer = add(purchaser, country=country, vat_number=typed)

    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'class="wrong"' in page
    assert f'value="{typed}"' in page
    assert kept(session) is None


def test_an_iban_is_kept_compact_and_a_wrong_one_is_refused(purchaser: FlaskClient, session: Session) -> None:
    refused = add(purchaser, iban="NL91 ABNA 0417 1643 01")
    accepted = add(purchaser, iban="nl91 abna 0417 1643 00")

    assert (refused.status_code, accepted.status_code) == (422, 303)
    assert the(session).iban == "NL91ABNA0417164300"


@pytest.mark.parametrize(
    ("country", "typed", "number"),
    [
        ("NL", "06 12345678", "+31612345678"),
        ("NL", "(020) 794 0000", "+31207940000"),
        ("DE", "030 901820", "+4930901820"),
        ("NL", "+45 32 12 34 56", "+4532123456"),
        ("BE", "0031 6 12345678", "+31612345678"),
    ],
)
def test_a_phone_number_is_read_with_the_suppliers_country(
    purchaser: FlaskClient, session: Session, country: str, typed: str, number: str
) -> None:
    assert add(purchaser, country=country, contacts__0__phone=typed).status_code == 303

    assert [person.phone for person in the(session).contacts] == [number]


@pytest.mark.parametrize("typed", ["call me", "12", "+31 6 123"])
def test_what_is_no_phone_number_is_refused_at_its_field(purchaser: FlaskClient, session: Session, typed: str) -> None:
    answer = add(purchaser, contacts__1__phone=typed)

    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert page.index('name="contacts-1-phone"') < page.index('class="wrong"') < page.index('name="contacts-2-name"')
    assert kept(session) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("name", "x" * 121), ("code", "Fox Way"), ("code", "-f"), ("kind", "friend"), ("country", "XX"),
     ("currency", "BTC"), ("payment_days", "-1"), ("payment_days", "soon"), ("payment_days", ""),
     ("lead_time_days", "121"), ("grace_days", "61"), ("import_mode", "most"), ("default_vat_scheme", "none"),
     ("notes", "x" * 4001), ("contacts__0__email", "mette at foxway")],
)  # fmt: skip
def test_a_value_outside_its_bounds_is_refused_and_everything_typed_is_still_there(
    purchaser: FlaskClient, session: Session, field: str, value: str
) -> None:
    answer = add(purchaser, **{"terms": "FCA Taastrup", field: value})

    assert answer.status_code == 422
    assert "FCA Taastrup" in answer.get_data(as_text=True)
    assert kept(session) is None


def test_a_code_that_another_supplier_has_is_said_at_its_field(purchaser: FlaskClient, session: Session) -> None:
    add(purchaser)
    add(purchaser, code="other", name="Other")
    other = the(session, "other")

    as_new = add(purchaser, name="Second")
    as_change = edit(purchaser, other.id, version=opened_at(purchaser, other.id), name="Renamed")

    for answer in (as_new, as_change):
        assert answer.status_code == 422
        assert "Another supplier has this code." in answer.get_data(as_text=True)
    assert "suppliers.update" not in session.execute(sa.select(Audit.act)).scalars().all()
    assert the(session, "other").name == "Other"


def test_a_code_that_somebody_takes_in_the_same_moment_is_said_too(
    purchaser: FlaskClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(purchaser)
    monkeypatch.setattr(services, "_refuse_taken", lambda *_: None)  # The other one was not there yet.

    answer = add(purchaser, name="Second")

    assert answer.status_code == 422
    assert "Another supplier has this code." in answer.get_data(as_text=True)


def test_an_edit_keeps_what_was_typed_with_before_and_after_in_the_audit_log(
    purchaser: FlaskClient, session: Session
) -> None:
    add(purchaser, contacts__0__name="Mette")
    supplier = the(session)
    version = opened_at(purchaser, supplier.id)

    answer = edit(purchaser, supplier.id, version=version, name="Foxway ApS", code="foxway-dk", active="",
                  contacts__0__name="Jens")  # fmt: skip

    changed = the(session, "foxway-dk")
    assert (answer.status_code, changed.name, changed.active) == (303, "Foxway ApS", False)
    assert [person.name for person in changed.contacts] == ["Jens"]
    said = session.execute(sa.select(Audit).where(Audit.act == "suppliers.update")).scalar_one()
    assert said.before is not None
    assert said.after is not None
    assert (said.before["name"], said.after["name"]) == ("Foxway", "Foxway ApS")


def test_the_offers_of_a_supplier_that_is_closed_leave_the_storefronts_and_come_back_with_it(
    purchaser: FlaskClient, session: Session
) -> None:
    house = Assortment(session)
    supplier, variant = house.supplier(import_mode="full"), house.variant()
    house.offer(supplier, variant, quantity=4)
    house.refresh(variant)
    shown = []

    for active in ("", "y"):
        edit(purchaser, supplier.id, version=opened_at(purchaser, supplier.id), name="foxway", active=active)
        asked = session.execute(sa.select(Message).where(Message.flow == offers.FLOW)).scalars().all()
        offers.regrade(session, asked[-1].body["supplier_id"], now=NOON)
        shown.append((len(asked), house.listing(variant).stock))

    assert shown == [(1, 0), (2, 4)]


def test_a_note_about_a_supplier_judges_no_offer_anew(purchaser: FlaskClient, session: Session) -> None:
    add(purchaser)
    supplier_id = the(session).id

    edit(purchaser, supplier_id, version=opened_at(purchaser, supplier_id), notes="calls on Mondays", terms="EXW")

    assert session.execute(sa.select(sa.func.count(Message.id))).scalar_one() == 0


def test_the_suppliers_location_follows_its_name_and_code(purchaser: FlaskClient, session: Session) -> None:
    add(purchaser)
    first = the(session).id
    edit(purchaser, first, version=opened_at(purchaser, first), name="Foxway ApS", code="foxway-dk")

    again = add(purchaser)

    assert again.status_code == 303
    rows = session.execute(sa.select(Location.code, Location.name).order_by(Location.id)).all()
    assert [tuple(row) for row in rows] == [("supplier-foxway-dk", "Foxway ApS"), ("supplier-foxway", "Foxway")]


def test_somebody_elses_change_meanwhile_is_shown_and_neither_is_lost(
    purchaser: FlaskClient, sign_in: Callable[[str], FlaskClient], session: Session
) -> None:
    add(purchaser, contacts__0__name="Mette")
    supplier_id = the(session).id
    colleague = sign_in("admin")
    version = opened_at(purchaser, supplier_id)
    edit(colleague, supplier_id, version=version, terms="FCA Taastrup", contacts__0__name="Mette")

    conflict = edit(purchaser, supplier_id, version=version, terms="EXW Utrecht", contacts__0__name="Jens")

    page = conflict.get_data(as_text=True)
    assert conflict.status_code == 409
    for shown in ("changed this supplier meanwhile", "FCA Taastrup", "EXW Utrecht", "Mette", "Jens"):
        assert shown in page
    assert the(session).terms == "FCA Taastrup"
    again = edit(purchaser, supplier_id, version=_version_in(page), terms="EXW Utrecht", contacts__0__name="Jens")
    assert again.status_code == 303
    assert the(session).terms == "EXW Utrecht"


def _version_in(page: str) -> str:
    return page.split('name="version" type="hidden" value="')[1].split('"')[0]


def test_a_change_of_people_alone_is_a_change(purchaser: FlaskClient, session: Session) -> None:
    add(purchaser, contacts__0__name="Mette")
    supplier_id = the(session).id
    version = opened_at(purchaser, supplier_id)

    first = edit(purchaser, supplier_id, version=version, contacts__0__name="Jens")
    second = edit(purchaser, supplier_id, version=version, contacts__0__name="Lars")

    assert (first.status_code, second.status_code) == (303, 409)
    assert [person.name for person in the(session).contacts] == ["Jens"]


def test_a_change_in_the_same_moment_is_a_conflict_too(
    purchaser: FlaskClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(purchaser)
    supplier_id = the(session).id

    def colleague(*_: object) -> None:
        session.execute(sa.text("UPDATE supplier SET version = version + 1, terms = 'FCA Taastrup'"))

    monkeypatch.setattr(services, "_refuse_taken", colleague)  # Between our look and our write.

    assert edit(purchaser, supplier_id, version=opened_at(purchaser, supplier_id), terms="EXW").status_code == 409


@pytest.mark.parametrize("version", ["", "abc", "-1", "1e3", "9" * 30])
def test_a_form_that_does_not_say_what_it_was_opened_with_overwrites_nothing(
    purchaser: FlaskClient, session: Session, version: str
) -> None:
    add(purchaser)

    answer = edit(purchaser, the(session).id, version=version, name="Renamed")

    assert answer.status_code == 409
    assert the(session).name == "Foxway"


def test_fields_that_the_form_does_not_have_change_nothing(purchaser: FlaskClient, session: Session) -> None:
    add(purchaser, id="77", created_at="2001-01-01", contacts__9__name="Nobody")

    supplier = the(session)
    assert supplier.created_at.year > 2001
    assert supplier.id != 77


def test_an_agent_reads_a_supplier_and_changes_nothing(
    purchaser: FlaskClient, sign_in: Callable[[str], FlaskClient], session: Session
) -> None:
    add(purchaser, contacts__0__phone="+4532123456")
    supplier_id = the(session).id
    agent = sign_in("agent")

    page = agent.get(f"/suppliers/{supplier_id}").get_data(as_text=True)

    assert "tel:+4532123456" in page
    assert "/edit" not in page
    assert agent.get(f"/suppliers/{supplier_id}/edit").status_code == 403
    assert edit(agent, supplier_id, version="1", name="Renamed").status_code == 403
    assert add(agent, code="mine").status_code == 403
    assert the(session).name == VALID["name"]


def test_an_unknown_supplier_is_not_found(purchaser: FlaskClient) -> None:
    assert purchaser.get("/suppliers/999").status_code == 404
    assert edit(purchaser, 999, version="1").status_code == 404
