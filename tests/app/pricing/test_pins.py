"""A pinned offer wins while it is sellable, costs what it costs in plain sight, and ends by itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import flask_babel
import pytest
from flask.testing import FlaskClient
from small_assortment import NOON, Assortment
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.auth.models import Audit
from app.catalog.models import Variant
from app.flows.services import receive
from app.offers.models import Offer
from app.pricing import pins
from app.pricing.models import OfferPin, Price

WEEK = timedelta(days=7)


class Market:
    """One variant that two suppliers offer: `cheap` at 200, `dear` at 230."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.assortment = Assortment(session)
        self.variant: Variant = self.assortment.variant()
        self.cheap: Offer = self.assortment.offer(self.assortment.supplier("cheap"), self.variant, price="200.00")
        self.dear: Offer = self.assortment.offer(self.assortment.supplier("dear"), self.variant, price="230.00")
        self.assortment.refresh(self.variant)

    def pin(self, offer: Offer, *, until: Any = NOON + WEEK, now: Any = NOON) -> int:
        return pins.pin(self.session, offer.id, reason="they deliver", until=until, user_id=None, now=now)

    def bought_by(self, now: Any = NOON) -> int | None:
        """The offer behind the price in force, after a refresh at that time."""
        self.assortment.refresh(self.variant, now=now)
        return self.session.execute(
            select(Price.offer_id).where(Price.valid_until.is_(None), Price.channel_id == self.assortment.shops[0].id)
        ).scalar_one()


@pytest.fixture
def market(session: Session) -> Market:
    return Market(session)


def test_a_pinned_offer_wins_until_its_end_and_no_longer(market: Market) -> None:
    assert market.bought_by() == market.cheap.id

    market.pin(market.dear)

    assert market.bought_by(NOON + WEEK - timedelta(seconds=1)) == market.dear.id
    assert market.bought_by(NOON + WEEK) == market.cheap.id


def test_a_pinned_offer_that_cannot_be_sold_steps_aside_and_comes_back(market: Market) -> None:
    market.pin(market.dear)
    market.dear.quantity = 0
    assert market.bought_by() == market.cheap.id
    (pin,) = pins.open_pins(market.session, now=NOON)
    assert not pin.wins

    market.dear.quantity = 3

    assert market.bought_by() == market.dear.id
    (pin,) = pins.open_pins(market.session, now=NOON)
    assert (pin.wins, pin.costs) == (True, Decimal(30))


def test_a_new_pin_ends_the_old_one_and_letting_go_ends_the_new_one(market: Market) -> None:
    market.pin(market.dear)
    market.pin(market.cheap)

    assert [pin.supplier for pin in pins.open_pins(market.session, now=NOON)] == ["cheap"]
    assert pins.unpin(market.session, market.variant.id, now=NOON)
    assert not pins.unpin(market.session, market.variant.id, now=NOON)
    assert market.bought_by() == market.cheap.id
    market.session.flush()
    acts = market.session.execute(select(Audit.act).order_by(Audit.id)).scalars().all()
    assert acts == ["pricing.pin", "pricing.pin", "pricing.unpin"]


@pytest.mark.parametrize("wrong", ["no variant", "over already", "no offer"])
def test_what_cannot_be_pinned_is_refused(market: Market, wrong: str) -> None:
    if wrong == "no variant":
        market.dear.variant_id = None
        market.session.flush()
    until = NOON if wrong == "over already" else NOON + WEEK
    with pytest.raises(pins.NotPinnable):
        pins.pin(market.session, 987654 if wrong == "no offer" else market.dear.id, reason="x y z", until=until,
                 user_id=None, now=NOON)  # fmt: skip


def test_the_tick_ends_pins_that_are_over_and_listings_follow(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.flows.catalogue import FLOWS
    from jobs import portal_offer_pins_portal as flow
    from jobs.claims import claim
    from jobs.settlement import end_run

    market.pin(market.dear)
    market.assortment.refresh(market.variant)
    market.assortment.confirm()
    before = market.assortment.listing(market.variant).price_gross
    woken: list[str] = []
    monkeypatch.setattr("app.queue.wake", woken.append)

    for moment, ended in ((NOON + WEEK - timedelta(seconds=1), 0), (NOON + WEEK, 1)):
        monkeypatch.setattr("app.clock.now", lambda moment=moment: moment)
        receive(market.session, "portal.offer-pins.portal", key=str(moment), delivery_id=str(moment), body={},
                now=NOON)  # fmt: skip
        market.session.commit()
        batch = claim(FLOWS["portal.offer-pins.portal"], "", cause="tick")
        assert batch is not None
        flow.work(batch)
        end_run(batch)
        assert (
            market.session.execute(text("SELECT count(*) FROM offer_pin WHERE ended_at IS NOT NULL")).scalar_one()
            == ended
        )

    assert market.assortment.listing(market.variant).price_gross < before
    assert woken == ["portal.listings.shopware"]
    assert market.session.execute(select(OfferPin.ended_at)).scalar_one() == NOON + WEEK


def test_the_variants_page_says_why_and_pins(market: Market, sign_in: Callable[[str], FlaskClient]) -> None:
    market.session.commit()
    browser = sign_in("purchasing")
    market.session.execute(text("UPDATE user_account SET locale = 'en'"))
    market.session.commit()
    page = f"/catalogue/variants/{market.variant.id}"
    assert "cheap: €30.00 cheaper landed than the runner-up, dear." in _text(browser, page)

    answer = browser.post(
        f"/pricing/pins/of/{market.variant.id}",
        data={"offer_id": market.dear.id, "until": "2099-01-01", "reason": "they deliver"},
    )

    assert answer.status_code == 303
    assert "dear: pinned, though it costs €30.00 more landed than cheap." in _text(browser, page)
    assert "they deliver" in _text(browser, "/pricing/pins/")
    browser.post(f"/pricing/pins/of/{market.variant.id}/end")
    assert "they deliver" not in _text(browser, "/pricing/pins/")


def test_a_pin_without_a_reason_changes_nothing(market: Market, sign_in: Callable[[str], FlaskClient]) -> None:
    market.session.commit()

    sign_in("purchasing").post(
        f"/pricing/pins/of/{market.variant.id}", data={"offer_id": market.dear.id, "until": "2099-01-01"}
    )

    assert pins.open_pins(market.session, now=NOON) == []


def _text(browser: FlaskClient, path: str) -> str:
    flask_babel.refresh()  # The test's application context would keep the locale of its first request.
    answer = browser.get(path)
    assert answer.status_code == 200
    return " ".join(answer.get_data(as_text=True).split())
