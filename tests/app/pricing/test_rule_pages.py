"""The pages of rules: a rule is written, simulated, approved by another person, published in stages and taken back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flask_babel
import pytest
from flask.testing import FlaskClient
from small_assortment import Assortment
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app import clock
from app.catalog.models import Variant
from app.pricing import publishing, queries, versions
from app.pricing.forms import read_brackets, write_brackets
from app.pricing.models import PriceRule, RuleSet
from app.pricing.services import open_draft

MARGIN = {"name": "Apple holds its price", "percent": "25,5", "least_eur": "10", "brands": "Apple, Fairphone",
          "where-grade": ["A", "B"], "where-age": ["90+"], "channel": "", "active": "y"}  # fmt: skip


class Desk:
    """A purchaser and a manager before a small assortment in both storefronts."""

    def __init__(self, session: Session, sign_in: Callable[[str], FlaskClient]) -> None:
        self.session = session
        self.shop = Assortment(session)
        self.variant: Variant = self.shop.variant()
        self.shop.offer(self.shop.supplier(), self.variant)
        self.shop.refresh(self.variant, now=clock.now())
        session.commit()
        self.purchaser, self.manager = sign_in("purchasing"), sign_in("manager")
        session.execute(text("UPDATE user_account SET locale = 'en'"))
        session.commit()

    def draft(self) -> RuleSet:
        self.session.expire_all()
        found = queries.rule_set_in(self.session, "draft")
        assert found is not None
        return found

    def begin(self) -> str:
        """The draft's address."""
        answer = self.purchaser.post("/pricing/versions/draft")
        assert answer.status_code == 303
        return str(answer.location)

    def add(self, kind: str, form: dict[str, Any], *, status: int = 303) -> str:
        """Write a rule into the draft; the text of the answer."""
        sent = {"channel": "", **form, "kind": kind, "edition": str(self.draft().edition)}
        answer = self.purchaser.post(f"/pricing/versions/{self.draft().id}/rules/new", data=sent)
        assert answer.status_code == status, answer.get_data(as_text=True)
        return answer.get_data(as_text=True)

    def page(self, path: str, *, manager: bool = False) -> str:
        flask_babel.refresh()
        answer = (self.manager if manager else self.purchaser).get(path)
        assert answer.status_code == 200
        return " ".join(answer.get_data(as_text=True).split())

    def post(self, path: str, *, manager: bool = False, **data: Any) -> None:
        browser = self.manager if manager else self.purchaser
        assert browser.post(path, data=data).status_code == 303
        self.session.expire_all()

    def simulate(self) -> None:
        publishing.write_simulation(self.session, self.draft().id, now=clock.now())
        self.session.commit()


@pytest.fixture
def desk(session: Session, sign_in: Callable[[str], FlaskClient]) -> Desk:
    return Desk(session, sign_in)


def test_a_rule_is_kept_as_it_was_written_and_shown_in_the_form_again(desk: Desk) -> None:
    address = desk.begin()
    desk.add("margin_percent", MARGIN)

    rule = queries.rules(desk.session, desk.draft().id)[-1]
    assert rule.parameters == {"percent": "25.5", "least_eur": "10"}
    assert rule.where == {"brand": ["Apple", "Fairphone"], "grade": ["A", "B"], "age": ["90+"]}
    form = desk.page(f"{address}/rules/{rule.id}")
    assert 'value="25.5"' in form
    assert 'value="Apple, Fairphone"' in form
    assert form.count("checked") == 4  # Two grades, an age, and the switch.
    assert "Brand: Apple, Fairphone · Grade: A, B · Days in stock: 90+" in desk.page(address)


def test_a_condition_that_no_box_stands_for_is_not_lost(desk: Desk) -> None:
    address = desk.begin()
    desk.add("margin_amount", {"name": "Screens", "eur": "30", "active": "y"})
    rule = queries.rules(desk.session, desk.draft().id)[-1]
    rule.where = {"category": ["monitor"]}
    desk.session.commit()
    assert 'value="monitor" checked' in desk.page(f"{address}/rules/{rule.id}")

    sent: dict[str, Any] = {"name": "Screens", "eur": "31", "where-category": ["monitor", "no such"], "channel": "",
                            "active": "y"}  # fmt: skip
    desk.post(f"{address}/rules/{rule.id}", **sent, edition=str(desk.draft().edition))

    kept = queries.rules(desk.session, desk.draft().id)[-1]
    assert (kept.where, kept.parameters) == ({"category": ["monitor"]}, {"eur": "31"})


def test_a_form_that_cannot_be_kept_comes_back_with_what_was_written(desk: Desk) -> None:
    desk.begin()

    page = desk.add("margin_percent", MARGIN | {"percent": "lots"}, status=422)
    assert "Apple, Fairphone" in page
    assert page.count("checked") == 4
    assert "with more than 4 places" in desk.add("margin_percent", MARGIN | {"percent": "1.23456"}, status=422)
    desk.add("margin_percent", MARGIN)
    assert "Another rule has this name" in desk.add("margin_percent", MARGIN, status=422)


def test_a_rounding_is_written_as_lines(desk: Desk) -> None:
    desk.begin()
    desk.add("rounding", {"name": "Endings", "brackets": "100 / 1 / 0,05\n– / 10 / 1", "active": "y"})

    rule = queries.rules(desk.session, desk.draft().id)[-1]
    assert rule.parameters["brackets"] == [
        {"up_to": "100", "step": "1", "minus": "0.05"}, {"up_to": None, "step": "10", "minus": "1"},
    ]  # fmt: skip
    assert read_brackets(write_brackets(rule.parameters["brackets"])) == rule.parameters["brackets"]
    assert "Each line is" in desk.add("rounding", {"name": "x", "brackets": "100 1 0"}, status=422)


def test_two_people_who_edit_at_once_are_told(desk: Desk) -> None:
    address = desk.begin()
    seen = str(desk.draft().edition)
    desk.add("margin_percent", MARGIN)
    rule = queries.rules(desk.session, desk.draft().id)[0]

    desk.post(f"{address}/rules/{rule.id}/remove", edition=seen)

    assert "Somebody changed this draft meanwhile" in desk.page(address)
    assert queries.rule(desk.session, desk.draft().id, rule.id) is not None


def test_a_draft_is_simulated_asked_for_approved_staged_and_taken_back(desk: Desk) -> None:
    address = desk.begin()
    desk.add("margin_amount", {"name": "More", "eur": "30", "active": "y"})
    assert "First see what it would do" in desk.page(address)
    desk.post(f"{address}/simulate")
    assert "hx-get" in desk.page(address)  # A worker is at it.
    desk.simulate()
    page = desk.page(address)
    assert "100 % of 2" in page
    assert "more than 15 % of the listings change" in page

    desk.post(f"{address}/publish", note="Dear spring", first=f"channel:{desk.shop.shops[1].id}")
    assert "Agree and publish" not in desk.page(address)
    assert desk.purchaser.post(f"{address}/approve").status_code == 403
    assert 'class="queue" href="/pricing/versions"' in desk.page("/", manager=True)
    assert "Agree and publish" in desk.page(address, manager=True)
    desk.post(f"{address}/approve", manager=True)
    rule_set_id = int(address.rsplit("/", 1)[1])
    publishing.bring_in_line(desk.session, rule_set_id, now=clock.now())
    desk.session.commit()

    assert "Econocom alone is priced by these rules" in desk.page(address)
    desk.post(f"{address}/withdraw")
    assert "Taking back" in desk.page(address)
    publishing.bring_in_line(desk.session, rule_set_id, now=clock.now())
    desk.session.commit()
    assert "taken back" in desk.page("/pricing/versions")


def test_a_former_version_is_brought_back_from_its_page(desk: Desk) -> None:
    former = RuleSet(state="retired", number=77)
    desk.session.add(former)
    desk.session.commit()

    answer = desk.purchaser.post(f"/pricing/versions/{former.id}/revert")

    assert answer.status_code == 303
    assert "Pricing every listing by these rules" in desk.page(answer.location)
    again = desk.purchaser.post(f"/pricing/versions/{former.id}/revert")
    assert "A former version is about to come back" in desk.page(again.location)


def test_a_poll_is_answered_in_a_word_while_nothing_moves(desk: Desk) -> None:
    address = desk.begin()
    first = desk.purchaser.get(f"{address}/status", headers={"HX-Request": "true"})
    tag = first.headers["HX-PTag"]

    assert "<html" not in first.get_data(as_text=True)
    assert desk.purchaser.get(f"{address}/status", headers={"HX-PTag": tag}).status_code == 304
    desk.post(f"{address}/simulate")
    assert desk.purchaser.get(f"{address}/status", headers={"HX-PTag": tag}).status_code == 200


def test_what_a_version_does_differently_is_listed(session: Session) -> None:
    shop = Assortment(session)
    for name in ("One", "Two"):
        shop.rule(name, "cost", {"eur": "1"})
    draft_id = open_draft(session, user_id=None)
    freight, margin, euros, one, two = queries.rules(session, draft_id)
    margin.parameters = {"percent": "30"}
    two.position = 1
    session.delete(euros)
    session.add(PriceRule(rule_set_id=draft_id, position=999, name="Added", kind="cost", parameters={"eur": "1"}))
    session.flush()
    draft = session.execute(select(RuleSet).where(RuleSet.id == draft_id)).scalar_one()

    found = {change.name: change.kind for change in versions.changes(session, draft)}

    assert found == {"Margin": "changed", "Two": "moved", "Added": "new", "Whole euros": "gone"}
    assert {freight.name, one.name}.isdisjoint(found)


def test_the_list_of_prices_is_searched_filtered_and_paged(session: Session) -> None:
    shop = Assortment(session)
    variants = [shop.variant(f"SKU-{number}") for number in range(3)]
    supplier = shop.supplier()
    for variant in variants:
        shop.offer(supplier, variant)
    shop.refresh(*variants)

    first = queries.prices_in_force(session, limit=3)
    rest = queries.prices_in_force(session, after=first[2].key, limit=9)

    assert [(row.sku, row.channel) for row in first[:3]] == [
        ("SKU-0", "Refurbished Direct"), ("SKU-0", "Econocom"), ("SKU-1", "Refurbished Direct"),
    ]  # fmt: skip
    assert [(row.sku, row.channel) for row in rest][:2] == [("SKU-1", "Econocom"), ("SKU-2", "Refurbished Direct")]
    assert len(rest) == 3
    assert {row.sku for row in queries.prices_in_force(session, words="sku-2", limit=9)} == {"SKU-2"}
    assert queries.prices_in_force(session, only="withheld", limit=9) == []
    assert len(queries.prices_in_force(session, channel="econocom", limit=9)) == 3
