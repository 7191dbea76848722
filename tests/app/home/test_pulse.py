"""What waits: on the home page by role, and in the frame of every page, without asking twice."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from small_assortment import Assortment
from sqlalchemy import update
from sqlalchemy.orm import Session

from app import clock
from app.flows.models import Lane, Message
from app.home import queries
from app.offers.models import OfferFile
from app.stock.models import Stock
from app.suppliers.models import SupplierWord

HTMX = {"HX-Request": "true"}
LISTINGS = "portal.listings.shopware"


def dead(session: Session, flow: str = LISTINGS, state: str = "dead") -> None:
    now = clock.now()
    session.add(Message(direction="out", flow=flow, channel="", key="k", state=state, next_attempt_at=now,
                        content_hash="", correlation_id="", body={}, settled_at=now))  # fmt: skip
    session.flush()


@pytest.fixture
def work(session: Session) -> Session:
    """Two files, one word, one shortage, one flow in trouble with two stopped messages; swept just now."""
    house = Assortment(session)
    supplier, variant = house.supplier(), house.variant()
    session.add_all(
        OfferFile(supplier_id=supplier.id, filename="a.csv", sha256=str(number) * 64, size_bytes=1, mode="full",
                  list_date=clock.now().date(), state=state, correlation_id="")
        for number, state in enumerate(("checked", "columns", "accepted", "reading"))
    )  # fmt: skip
    session.add(SupplierWord(kind="grade", supplier_id=supplier.id, word="demo", shown="Demo"))
    session.add(Stock(variant_id=variant.id, reserved=1))
    session.add_all([
        Lane(flow="portal.sweep.portal", channel="", success_at=clock.now()), Lane(flow=LISTINGS, channel=""),
        Lane(flow="supplier.offers.portal", channel=""),
    ])  # fmt: skip
    session.flush()
    for _ in range(2):
        dead(session)
    return session


@pytest.mark.parametrize(
    ("role", "counts"),
    [
        ("agent", {"stock-index": "1"}),
        ("purchasing", {"suppliers-index": "1", "offers-index": "2", "stock-index": "1", "flows-index": "1",
                        "flows-messages": "2"}),
        ("manager", {"offers-index": "2", "stock-index": "1", "flows-index": "1", "flows-messages": "2"}),
        ("admin", {"suppliers-index": "1", "offers-index": "2", "stock-index": "1", "flows-index": "1",
                   "flows-messages": "2"}),
    ],
)  # fmt: skip
def test_the_frame_counts_what_waits_for_the_role_and_nothing_else(
    work: Session, sign_in: Callable[[str], FlaskClient], role: str, counts: dict[str, str]
) -> None:
    browser = sign_in(role)

    part = browser.get("/pulse", headers=HTMX).get_data(as_text=True)
    page = browser.get("/account").get_data(as_text=True)

    names = ("suppliers-index", "offers-index", "stock-index", "flows-index", "flows-messages", "catalog-index")
    for name in names:
        number = counts.get(name)
        assert (f'id="count-{name}" hx-swap-oob="true">{number}</b>' in part) is (number is not None)
        assert (f'id="count-{name}">{number}</b>' in page) is (number is not None)
    assert ('class="state late"' in part) is (role != "agent")


def test_a_pulse_that_is_the_same_is_not_sent_again(work: Session, sign_in: Callable[[str], FlaskClient]) -> None:
    browser = sign_in("admin")
    first = browser.get("/pulse", headers=HTMX)
    tag = {"HX-PTag": first.headers["HX-PTag"]}

    same = browser.get("/pulse", headers=HTMX | tag)
    dead(work)
    moved = browser.get("/pulse", headers=HTMX | tag)

    assert (same.status_code, same.data, same.headers["HX-PTag"]) == (304, b"", tag["HX-PTag"])
    assert moved.status_code == 200
    assert moved.headers["HX-PTag"] != tag["HX-PTag"]
    assert f'hx-ptag="{moved.headers["HX-PTag"]}"' in moved.get_data(as_text=True)
    assert "<html" not in moved.get_data(as_text=True)


def test_what_a_role_does_not_see_does_not_move_its_pulse(work: Session, sign_in: Callable[[str], FlaskClient]) -> None:
    agent = sign_in("agent")
    tag = {"HX-PTag": agent.get("/pulse", headers=HTMX).headers["HX-PTag"]}

    dead(work)

    assert agent.get("/pulse", headers=HTMX | tag).status_code == 304


def test_the_dot_is_green_with_nothing_in_trouble_amber_with_something_and_red_without_a_sweep(
    session: Session, sign_in: Callable[[str], FlaskClient]
) -> None:
    browser = sign_in("manager")
    browser.post("/account/switch", data={"locale": "en"})

    def dot() -> tuple[str, str]:
        part = browser.get("/pulse", headers=HTMX).get_data(as_text=True)
        found = re.search(r'class="state (\w+)">\s*<span class="words">([^<]*)</span>', part)
        assert found is not None
        return found[1], found[2]

    session.add_all([
        Lane(flow="portal.sweep.portal", channel="", success_at=clock.now()), Lane(flow=LISTINGS, channel=""),
    ])  # fmt: skip
    session.flush()
    assert dot() == ("fine", "all flows fresh")
    dead(session)
    assert dot() == ("late", "1 in trouble")
    session.execute(
        update(Lane).where(Lane.flow == "portal.sweep.portal").values(success_at=clock.now() - timedelta(seconds=31))
    )
    assert dot() == ("trouble", "nothing sweeps")


def test_a_flow_is_in_trouble_when_something_is_stopped_overdue_or_out_of_reach_and_not_while_it_is_held(
    session: Session,
) -> None:
    now = clock.now()
    long_ago, soon = now - timedelta(minutes=2), now + timedelta(minutes=1)

    def trouble() -> int:
        session.flush()
        return queries.work(session, grace_s=60).trouble

    lanes = {name: Lane(flow=name, channel="") for name in ("a", "b", "c", "d")}
    session.add_all(lanes.values())
    assert trouble() == 0
    dead(session, "a")
    assert trouble() == 1
    dead(session, "b", state="pending")
    assert trouble() == 1
    session.execute(update(Message).where(Message.flow == "b").values(next_attempt_at=long_ago))
    assert trouble() == 2
    session.execute(update(Message).where(Message.flow == "b").values(lease_until=soon))
    assert trouble() == 1
    lanes["c"].open_until, lanes["c"].failure_at = soon, now
    assert trouble() == 2
    lanes["c"].success_at = now + timedelta(seconds=1)
    assert trouble() == 1
    lanes["a"].paused = True
    assert trouble() == 0


def test_home_lists_the_queues_of_the_role_with_a_way_to_each(
    work: Session, sign_in: Callable[[str], FlaskClient]
) -> None:
    def queues(role: str) -> set[str]:
        page = sign_in(role).get("/").get_data(as_text=True)
        return {part.split('"')[0] for part in page.split('class="queue" href="')[1:]}

    files, words, short = "/offers/?state=open", "/suppliers/?open=words", "/stock/?only=shortage"
    assert queues("agent") == {short}
    assert queues("manager") == {files, short, "/messages/?state=dead", "/flows/"}
    assert queues("purchasing") == {files, words, short, "/messages/?state=dead", "/flows/"}


def test_home_says_when_nothing_waits_and_what_the_shops_have(
    session: Session, sign_in: Callable[[str], FlaskClient]
) -> None:
    house = Assortment(session)
    house.offer(house.supplier(), variant := house.variant(), quantity=1234)
    house.refresh(variant)
    browser = sign_in("agent")
    browser.post("/account/switch", data={"locale": "en"})

    page = browser.get("/").get_data(as_text=True)

    for shown in ("Nothing waits for you.", "1,234", "Refurbished Direct, Econocom"):
        assert shown in page
