"""One box for everything: each kind of hit, for those who may see it, whatever is typed."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from small_assortment import Assortment
from sqlalchemy.orm import Session

from app import clock
from app.flows.models import Message
from app.offers.models import OfferFile
from app.search.queries import AT_MOST, hits

HTMX = {"HX-Request": "true"}


@pytest.fixture
def house(session: Session) -> Assortment:
    """A supplier with a file, a product with variants, and a message."""
    made = Assortment(session)
    supplier = made.supplier("foxway")
    supplier.name = "Foxway A/S"
    made.variant("IP12-64-BLACK-A")
    made.variant("IP12-128-BLACK-B", "B").gtin = "0194252029022"
    session.add(OfferFile(supplier_id=supplier.id, filename="Stock 2026-03-02.xlsx", sha256="0" * 64, size_bytes=1,
                          mode="full", list_date=clock.now().date(), state="checked", correlation_id=""))  # fmt: skip
    session.add(Message(direction="out", flow="portal.listings.shopware", channel="econocom", key="IP12-64-BLACK-A",
                        state="delivered", next_attempt_at=clock.now(), content_hash="", correlation_id="7f" * 16,
                        body={}))  # fmt: skip
    session.commit()
    return made


def found(session: Session, text: str) -> set[tuple[str, str]]:
    """Endpoint and title of the hits for somebody who may see everything."""
    return {(hit.endpoint, hit.title) for hit in hits(session, text, may=lambda _permission: True)}


VARIANT, OTHER = ("catalog.variant", "iPhone 12 IP12-64-BLACK-A"), ("catalog.variant", "iPhone 12 IP12-128-BLACK-B")
PRODUCT, SUPPLIER = ("catalog.product", "iPhone 12"), ("suppliers.detail", "Foxway A/S")
FILE, MESSAGE = ("offers.detail", "Stock 2026-03-02.xlsx"), ("flows.message", "IP12-64-BLACK-A")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("IP12-64-BLACK-A", {VARIANT, MESSAGE}),
        ("ip12-", {VARIANT, OTHER}),
        ("0194252029022", {OTHER}),
        ("01942520", set()),  # Half a GTIN is no GTIN.
        ("fox", {SUPPLIER}),
        ("FOXWAY", {SUPPLIER}),
        ("way", set()),
        ("iphone", {PRODUCT}),
        ("app 12", {PRODUCT}),
        ("  iPhone   12 ", {PRODUCT}),
        ("stock 2026", {FILE}),
        ("7f" * 16, {MESSAGE}),
        ("7f7f", set()),
    ],
)
def test_each_kind_is_found_by_its_key_or_its_beginning(
    house: Assortment, session: Session, text: str, expected: set[tuple[str, str]]
) -> None:
    assert found(session, text) == expected


@pytest.mark.parametrize(
    ("role", "sees"),
    [
        ("agent", {"suppliers", "catalog"}),
        ("purchasing", {"suppliers", "catalog", "offers", "flows"}),
        ("manager", {"suppliers", "catalog", "offers", "flows"}),
        ("admin", {"suppliers", "catalog", "offers", "flows"}),
    ],
)
def test_a_role_finds_what_it_may_open_and_may_open_what_it_finds(
    house: Assortment, sign_in: Callable[[str], FlaskClient], role: str, sees: set[str]
) -> None:
    browser = sign_in(role)
    addresses = {
        address for text in ("foxway", "stock 2026", "IP12-64-BLACK-A", "iphone") for address in links(browser, text)
    }

    kinds = {"suppliers": "/suppliers/", "catalog": "/catalogue/", "offers": "/offers/", "flows": "/messages/"}
    assert {kind for kind, begin in kinds.items() if [a for a in addresses if a.startswith(begin)]} == sees
    assert {address: browser.get(address).status_code for address in addresses} == dict.fromkeys(addresses, 200)


def links(browser: FlaskClient, text: str) -> list[str]:
    """Where the hits lead, as the box under the search field gets them."""
    part = browser.get("/search/?" + urlencode({"q": text}), headers=HTMX).get_data(as_text=True)
    return re.findall(r'<a href="([^"]+)">', part)


def test_pages_and_acts_are_found_by_a_word_of_their_name_in_the_users_language(
    sign_in: Callable[[str], FlaskClient],
) -> None:
    browser = sign_in("purchasing")
    assert "/pricing/" in links(browser, "prij")
    browser.post("/account/switch", data={"locale": "en"})

    assert links(browser, "pri") == ["/pricing/"]
    assert links(browser, "SUPPLIER") == ["/suppliers/", "/suppliers/new"]
    assert links(browser, "audit") == []  # Not for this role.


def test_one_letter_finds_pages_and_asks_for_no_record(
    house: Assortment, session: Session, sign_in: Callable[[str], FlaskClient]
) -> None:
    browser = sign_in("admin")
    browser.post("/account/switch", data={"locale": "en"})

    assert found(session, "f") == found(session, " ") == found(session, "") == set()
    assert links(browser, "f") == ["/offers/", "/flows/"]  # Offer files, flows.
    assert len(links(browser, "")) > 9  # All of them.


@pytest.mark.parametrize("name", ["100% used", "a_b", "O'Brien", '"quoted"', "back\\slash", "Null", "; --", "[a-z]*"])
def test_signs_that_mean_something_elsewhere_mean_themselves(session: Session, name: str) -> None:
    house = Assortment(session)
    for supplier, called in ((house.supplier("one"), name), (house.supplier("two"), "Zulu")):
        supplier.name = called
    session.flush()

    assert found(session, name) == {("suppliers.detail", name)}


@pytest.mark.parametrize("text", ["%%", "__", "%_\\", "..", "' OR 1=1 --", "\\\\", "$1", ":key", "%(key)s"])
def test_a_wildcard_finds_nothing_that_does_not_begin_with_it(house: Assortment, session: Session, text: str) -> None:
    assert found(session, text) == set()


@pytest.mark.parametrize(
    "text",
    ["x" * 1_000_000, "word " * 10_000, "de het een", "(a+)+$", "<svg onload=alert(1)>", "{{7*7}}", "🐴‍🔋", "‮abc",
     "hx-get=/", "sort=column;drop table supplier", "9" * 5000, "\r\nSet-Cookie: a=b"],
)  # fmt: skip
def test_whatever_is_typed_is_answered_and_shown_as_it_is(
    house: Assortment, sign_in: Callable[[str], FlaskClient], text: str
) -> None:
    browser = sign_in("admin")

    page = browser.get("/search/?" + urlencode({"q": text}))

    body = page.get_data(as_text=True)
    assert page.status_code == 200
    assert "a=b" not in page.headers.get("Set-Cookie", "")
    assert "<svg onload" not in body
    assert ">49<" not in body
    assert text in unescape(body)


def test_a_nul_is_refused(sign_in: Callable[[str], FlaskClient]) -> None:
    assert sign_in("admin").get("/search/?q=ab%00c").status_code == 400


def test_nothing_found_is_said_with_what_was_looked_for(
    house: Assortment, sign_in: Callable[[str], FlaskClient]
) -> None:
    browser = sign_in("admin")
    browser.post("/account/switch", data={"locale": "en"})

    part = browser.get("/search/?q=zz+top", headers=HTMX).get_data(as_text=True)

    assert "Nothing begins with “zz top”." in part
    assert part.strip().startswith('<ul class="hits" id="hits">')


def test_each_kind_gives_a_few_hits_at_most(session: Session) -> None:
    house = Assortment(session)
    for number in range(AT_MOST + 3):
        house.supplier(f"fox-{number}")
        house.variant(f"FOX-{number}")

    by_kind = [hit.kind for hit in hits(session, "fox-", may=lambda _permission: True)]

    assert (by_kind.count("suppliers"), by_kind.count("catalog")) == (AT_MOST, AT_MOST)


def test_the_page_without_scripts_has_the_box_and_the_hits(
    house: Assortment, sign_in: Callable[[str], FlaskClient]
) -> None:
    page = sign_in("agent").get("/search/?q=foxway").get_data(as_text=True)

    assert 'name="q" value="foxway"' in page
    assert "Foxway A/S" in page
