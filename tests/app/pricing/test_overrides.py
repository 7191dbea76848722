"""Prices that people name: the floor holds unless a second person agrees, and what a reduction is measured against."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from small_assortment import NOON, Assortment
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import clock
from app.auth.models import Audit, User
from app.catalog.models import Variant
from app.pricing import history, overrides
from app.pricing.history import Version, reduction
from app.pricing.models import Price, PriceOverride
from app.pricing.overrides import OverrideError

TOMORROW = NOON + timedelta(days=1)


class Counter:
    """A variant on two storefronts, and two people who name prices."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.shop = Assortment(session)
        self.variant: Variant = self.shop.variant()
        self.shop.offer(self.shop.supplier(), self.variant, price="200.00")
        self.shop.refresh(self.variant)
        users = [User(email=f"{name}@example.com", name=name, password_hash="", role="admin") for name in ("an", "bo")]
        session.add_all(users)
        session.flush()
        self.an, self.bo = (user.id for user in users)

    def price(self, shop: int = 0) -> Price:
        return self.session.execute(
            select(Price).where(Price.variant_id == self.variant.id, Price.channel_id == self.shop.shops[shop].id,
                                Price.valid_until.is_(None)),
            execution_options={"populate_existing": True},
        ).scalar_one()  # fmt: skip

    def name(self, gross: str, *, now: datetime = NOON, ends_at: datetime = TOMORROW) -> bool:
        heard = overrides.name_price(self.session, self.variant.id, self.shop.shops[0].id, gross=Decimal(gross),
                                     reason="A fair", ends_at=ends_at, user_id=self.an, now=now)  # fmt: skip
        self.shop.refresh(self.variant, now=now)
        return heard

    def named(self) -> overrides.OverrideRow:
        (row,) = overrides.open_overrides(self.session, now=NOON)
        return row


@pytest.fixture
def counter(session: Session) -> Counter:
    return Counter(session)


def test_a_named_price_is_the_listings_price_on_its_storefront_until_it_ends(counter: Counter) -> None:
    before = counter.price().gross

    assert counter.name("444.44")

    assert (counter.price().gross, counter.price(1).gross) == (Decimal("444.44"), before)
    assert counter.shop.messages()[-1].body["price_gross"] == "444.44"
    assert counter.named().counts
    counter.shop.refresh(counter.variant, now=TOMORROW)
    assert counter.price().gross == before


def test_below_the_floor_it_counts_when_a_second_person_agrees_and_not_before(counter: Counter) -> None:
    rules = counter.price()
    low = str(rules.floor - 10)

    assert not counter.name(low)

    assert counter.price().gross == rules.gross
    assert counter.named().waits
    with pytest.raises(OverrideError, match="same_person"):
        overrides.agree(counter.session, counter.named().id, user_id=counter.an, now=NOON)
    overrides.agree(counter.session, counter.named().id, user_id=counter.bo, now=NOON)
    counter.shop.refresh(counter.variant)
    now = counter.price()
    assert (now.gross, now.below_floor_agreed, now.override_id) == (Decimal(low), True, counter.named().id)
    with pytest.raises(OverrideError, match="agreed_already"):
        overrides.agree(counter.session, counter.named().id, user_id=counter.bo, now=NOON)
    acts = counter.session.execute(select(Audit.act).order_by(Audit.id)).scalars().all()
    assert acts[-2:] == ["pricing.override", "pricing.override_agree"]


def test_the_database_itself_refuses_a_price_below_its_floor_that_nobody_agreed_to(counter: Counter) -> None:
    counter.name(str(counter.price().floor + 5))
    session, price = counter.session, counter.price()

    for statement in (
        "UPDATE price SET gross = floor - 1 WHERE id = :id",
        "UPDATE price SET gross = floor - 1, below_floor_agreed = true, override_id = NULL WHERE id = :id",
        "UPDATE price SET gross = floor - 1, below_floor_agreed = true WHERE id = :id",  # It names one not agreed to.
    ):
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(text(statement), {"id": price.id})


def test_another_name_replaces_the_first_and_ending_gives_the_price_back_to_the_rules(counter: Counter) -> None:
    before = counter.price().gross
    counter.name("444.44")
    counter.name("555.55", now=NOON + timedelta(minutes=1))
    assert counter.price().gross == Decimal("555.55")

    overrides.end(counter.session, counter.named().id, user_id=counter.bo, now=NOON + timedelta(minutes=2))
    counter.shop.refresh(counter.variant, now=NOON + timedelta(minutes=2))

    assert counter.price().gross == before
    assert overrides.open_overrides(counter.session, now=NOON) == []
    last = counter.session.execute(select(PriceOverride.id).order_by(PriceOverride.id.desc())).scalars().first()
    assert last is not None
    with pytest.raises(OverrideError, match="ended"):
        overrides.end(counter.session, last, user_id=counter.bo, now=NOON)


def test_what_cannot_be_named_is_said(counter: Counter) -> None:
    with pytest.raises(OverrideError, match="ends_too_soon"):
        counter.name("444.44", ends_at=NOON)
    unpriced = counter.shop.variant("SKU-2")
    with pytest.raises(OverrideError, match="no_price"):
        overrides.name_price(counter.session, unpriced.id, counter.shop.shops[0].id, gross=Decimal(9), reason="x",
                             ends_at=TOMORROW, user_id=counter.an, now=NOON)  # fmt: skip


# History


def versions(*steps: tuple[str, int], withheld: tuple[int, ...] = ()) -> list[Version]:
    """Prices by the day from which they were in force, oldest first; the latest comes first in the answer."""
    days = [NOON + timedelta(days=day) for _gross, day in steps]
    until = [*days[1:], None]
    return [
        Version(place, 1, "Shop", Decimal(gross), Decimal(1), Decimal(1), Decimal(1), "regular", None,
                place in withheld, None, began, ended)
        for place, ((gross, _day), began, ended) in enumerate(zip(steps, days, until, strict=True))
    ][::-1]  # fmt: skip


@pytest.mark.parametrize(
    ("steps", "began", "lowest"),
    [
        ([("300", -90), ("250", 0)], 0, "300"),
        ([("280", -90), ("300", -20), ("250", 0)], 0, "280"),  # 280 until 20 days before.
        ([("280", -90), ("300", -30), ("250", 0)], 0, "300"),  # 280 ended 30 days before: not within them.
        ([("240", -20), ("300", -10), ("250", 0)], 0, "240"),  # Cheaper a fortnight ago: no reduction to boast of.
        ([("300", -90), ("280", -10), ("250", 0)], 0, "280"),  # Each reduction by itself.
        ([("300", -90), ("250", 0), ("250", 5)], 0, "300"),  # Only the floor moved since.
    ],
)
def test_a_reduction_is_measured_by_the_lowest_price_of_the_days_before_it_began(
    steps: list[tuple[str, int]], began: int, lowest: str
) -> None:
    assert reduction(versions(*steps), days=30) == (NOON + timedelta(days=began), Decimal(lowest))


@pytest.mark.parametrize("steps", [[("300", 0)], [("250", -9), ("300", 0)], [("300", -90), ("250", -9), ("260", 0)]])
def test_what_did_not_fall_is_no_reduction(steps: list[tuple[str, int]]) -> None:
    assert reduction(versions(*steps), days=30) is None


def test_what_nobody_was_shown_does_not_count() -> None:
    before = versions(("200", -40), ("300", -20), ("250", 0), withheld=(0,))

    assert reduction(before, days=30) == (NOON, Decimal(300))
    assert reduction(versions(("300", -9), ("250", 0), withheld=(0,)), days=30) is None
    assert reduction([], days=30) is None


def test_the_history_is_read_per_storefront_the_latest_first(counter: Counter) -> None:
    counter.name("444.44", now=NOON + timedelta(hours=1))

    found = history.versions(counter.session, counter.variant.id, limit=9, now=NOON, days=30)

    assert list(found) == ["Refurbished Direct", "Econocom"]
    latest, first = found["Refurbished Direct"]
    assert (latest.gross, latest.override, latest.valid_until) == (Decimal("444.44"), "A fair", None)
    assert (first.supplier, first.valid_until) == ("foxway", latest.valid_from)


# Pages


def test_a_price_is_named_agreed_to_and_explained_on_its_page(
    counter: Counter, sign_in: Callable[[str], FlaskClient]
) -> None:
    session = counter.session
    rules = counter.price()
    session.commit()
    purchaser, manager = sign_in("purchasing"), sign_in("manager")
    session.execute(text("UPDATE user_account SET locale = 'en'"))
    session.commit()
    page = f"/pricing/of/{counter.variant.id}"
    form = {"channel": str(counter.shop.shops[0].id), "gross": str(rules.floor - 10), "reason": "Broken boxes",
            "until": str(clock.now().date() + timedelta(days=2))}  # fmt: skip

    assert purchaser.post(f"{page}/name", data=form | {"gross": "0"}).status_code == 422
    assert purchaser.post(f"{page}/name", data=form).status_code == 303
    named = overrides.open_overrides(session, now=clock.now())[0]
    assert purchaser.post(f"/pricing/named/{named.id}/agree").status_code == 403
    assert 'class="queue" href="/pricing/named"' not in purchaser.get("/").get_data(as_text=True)
    assert 'class="queue" href="/pricing/named"' in manager.get("/").get_data(as_text=True)
    assert manager.post(f"/pricing/named/{named.id}/agree").status_code == 303

    assert 'class="queue" href="/pricing/named"' not in manager.get("/").get_data(as_text=True)
    session.expire_all()
    assert counter.price().gross == rules.floor - 10
    shown = purchaser.get(page).get_data(as_text=True)
    assert "Broken boxes" in shown
    assert "A struck-through price may be at most" in shown
    assert purchaser.get("/pricing/?only=below_floor").get_data(as_text=True).count("why?") == 1
    assert purchaser.post(f"/pricing/named/{named.id}/end").status_code == 303
    session.expire_all()
    assert counter.price().gross == rules.gross
