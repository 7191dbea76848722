"""The list of suppliers: filters in the address, pages by key, and what a role is offered on it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import unescape
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.suppliers import queries, views
from app.suppliers.models import Supplier, SupplierWord


def put(session: Session, *names: str, **values: object) -> list[int]:
    """Suppliers with these names; their ids."""
    made = [
        Supplier(**{"code": f"c{number}-{name.lower()}"[:60], "name": name, "kind": "refurbisher", "country": "NL",
                    "currency": "EUR", **values})
        for number, name in enumerate(names)
    ]  # fmt: skip
    session.add_all(made)
    session.flush()
    return [supplier.id for supplier in made]


def names_on(browser: FlaskClient, address: str) -> list[str]:
    page = browser.get(address).get_data(as_text=True)
    return re.findall(r'<a href="/suppliers/\d+">([^<]*)</a>', page)


@pytest.fixture
def agent(sign_in: Callable[[str], FlaskClient]) -> FlaskClient:
    return sign_in("agent")


def test_the_filters_are_in_the_address_and_narrow_together(agent: FlaskClient, session: Session) -> None:
    put(session, "Foxway", "Fonq", kind="refurbisher", import_mode="full")
    put(session, "Fox Brokers", kind="broker", import_mode="partial")
    (asking,) = put(session, "Zulu", kind="broker", import_mode="full")
    session.add(SupplierWord(kind="grade", supplier_id=asking, word="demo", shown="Demo"))
    session.flush()

    assert names_on(agent, "/suppliers/") == ["Fonq", "Fox Brokers", "Foxway", "Zulu"]
    assert names_on(agent, "/suppliers/?kind=broker") == ["Fox Brokers", "Zulu"]
    assert names_on(agent, "/suppliers/?mode=full&kind=broker") == ["Zulu"]
    assert names_on(agent, "/suppliers/?q=FOX") == ["Fox Brokers", "Foxway"]
    assert names_on(agent, "/suppliers/?open=words") == ["Zulu"]
    assert names_on(agent, "/suppliers/?kind=friend") == []


def test_a_chosen_filter_takes_itself_back_and_keeps_the_others(agent: FlaskClient, session: Session) -> None:
    put(session, "Foxway")

    page = agent.get("/suppliers/?kind=broker&mode=full&after=3").get_data(as_text=True)

    assert 'href="/suppliers/?mode=full" aria-current="true"' in page
    assert 'href="/suppliers/?kind=wholesaler&amp;mode=full"' in page


@pytest.mark.parametrize("typed", ["%", "_", "\\", "'", "F%y", "fo_way"])
def test_a_wildcard_is_a_character_like_any_other(agent: FlaskClient, session: Session, typed: str) -> None:
    put(session, "Foxway")
    put(session, f"{typed}x")

    found = names_on(agent, "/suppliers/?" + urlencode({"q": typed}))

    assert [unescape(name) for name in found] == [f"{typed}x"]


def test_pages_follow_each_other_without_losing_or_doubling_anybody_though_names_are_equal(
    agent: FlaskClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "PAGE", 2)
    put(session, "Foxway", "Foxway", "Foxway", "Foxway", "Zulu")
    seen: list[str] = []
    address = "/suppliers/?kind=refurbisher"

    while address:
        page = agent.get(address).get_data(as_text=True)
        seen += re.findall(r'<a href="(/suppliers/\d+)">', page)
        found = re.search(r'href="([^"]*)" rel="next"', page)
        address = found[1].replace("&amp;", "&") if found else ""

    assert len(seen) == len(set(seen)) == 5


def test_the_list_says_whose_words_are_open_and_who_is_closed(
    agent: FlaskClient, sign_in: Callable[[str], FlaskClient], session: Session
) -> None:
    (supplier_id,) = put(session, "Foxway", active=False)
    session.add_all(
        SupplierWord(kind="grade", supplier_id=supplier_id, word=word, shown=word) for word in ("demo", "gold")
    )
    session.flush()
    (row,) = rows(session)

    page = agent.get("/suppliers/").get_data(as_text=True)

    assert (row.undecided, row.active, row.last_list_at) == (2, False, None)
    assert f'href="/suppliers/{supplier_id}#words">2</a>' in page
    assert "/suppliers/new" not in page
    assert "/suppliers/new" in sign_in("purchasing").get("/suppliers/").get_data(as_text=True)


def rows(session: Session) -> Sequence[queries.SupplierRow]:
    return queries.suppliers(session, kind=None, mode=None, prefix=None, after=None, limit=10)
