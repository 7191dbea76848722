"""The register of the margin scheme: the worked examples, what is carried forward, and where its lines come from."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import current_app
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from small_assortment import NOON, Assortment
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.extensions import settings
from app.pricing import register, sales
from app.pricing.models import Price, SoldLine
from app.pricing.register import ZERO, Entry, Sums, entries
from app.pricing.sales import KnownAlready, Sale
from app.stock.models import Location
from app.stock.services import book, reserve, ship
from app.web.downloads import csv_file

ONE, TWO, THREE = date(2026, 1, 1), date(2026, 4, 1), date(2026, 7, 1)
DAY = date(2026, 3, 2)


def margin_of(period: date, margin: str, percent: str = "21") -> Sums:
    """A period in which pieces for 100,000.00 were sold."""
    sales_ = Decimal(100_000)
    return Sums(period, "margin", Decimal(percent), 1, sales_, sales_ - Decimal(margin), ZERO, ZERO)


def figures(entry: Entry) -> tuple[str, ...]:
    return tuple(str(amount) for amount in (entry.carried_in, entry.taxable, entry.vat, entry.carried_out))


# The examples of the business rules


def test_margins_of_a_period_are_summed_before_vat_is_taken(session: Session) -> None:
    shop = Assortment(session)
    for number, (gross, purchase) in enumerate((("300", "200"), ("150", "200"), ("230", "200"))):
        sell(shop, f"line {number}", gross, purchase)

    (entry,) = register.register(session)

    assert (entry.margin, entry.taxable, entry.vat) == (Decimal(80), Decimal(80), Decimal("13.88"))


def test_a_negative_period_gives_no_refund_and_is_carried_forward() -> None:
    first, second = entries([margin_of(ONE, "-10000.00"), margin_of(TWO, "15000.00")], method="globalisation")

    assert figures(first) == ("0.00", "0.00", "0.00", "-10000.00")
    assert figures(second) == ("-10000.00", "5000.00", "867.77", "0.00")


def test_a_single_sale_is_taxed_as_its_price_was(session: Session) -> None:
    shop = Assortment(session)
    sell(shop, "margin", "300", "200")
    sell(shop, "regular", "300", "200", scheme="regular")

    margin, regular = register.register(session)

    assert (margin.scheme, margin.vat) == ("margin", Decimal("17.36"))
    assert (regular.scheme, regular.vat) == ("regular", Decimal("52.07"))
    assert regular.sales - regular.vat == Decimal("247.93")


def test_a_loss_counts_as_zero_when_each_line_stands_by_itself(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(
        current_app.extensions, "settings", settings().model_copy(update={"margin_method": "individual"})
    )
    shop = Assortment(session)
    sell(shop, "gain", "300", "200")
    sell(shop, "loss", "150", "200")

    (entry,) = register.register(session)

    assert (entry.margin, entry.taxable, entry.vat) == (Decimal(50), Decimal(100), Decimal("17.36"))
    assert entry.carried_out == 0


# What is carried


AMOUNTS = st.lists(st.decimals(-5000, 5000, places=2), min_size=1, max_size=12)


@given(first=AMOUNTS, second=AMOUNTS)
def test_nothing_is_taxed_twice_and_no_loss_is_lost(first: list[Decimal], second: list[Decimal]) -> None:
    sums = [margin_of(date(2020 + place, 1, 1), str(margin), percent)
            for percent, margins in (("21", first), ("9", second)) for place, margin in enumerate(margins)]  # fmt: skip

    found = entries(reversed(sums), method="globalisation")

    for percent, margins in (("21", first), ("9", second)):
        mine = [entry for entry in found if entry.percent == Decimal(percent)]
        assert [entry.margin for entry in mine] == margins
        assert sum(entry.taxable for entry in mine) + mine[-1].carried_out == sum(margins)
        carried = ZERO
        for entry in mine:
            assert entry.carried_in == carried
            assert entry.taxable >= 0 >= entry.carried_out
            assert entry.taxable == 0 or entry.carried_out == 0
            carried = entry.carried_out


def test_a_loss_waits_through_a_period_without_sales_and_stays_with_its_rate() -> None:
    sums = [margin_of(ONE, "-50.00"), margin_of(THREE, "80.00"), margin_of(THREE, "80.00", "9")]

    _lost, low, high = entries(sums, method="globalisation")

    assert (low.percent, low.taxable) == (Decimal(9), Decimal("80.00"))
    assert (high.percent, high.taxable) == (Decimal(21), Decimal("30.00"))


@pytest.mark.parametrize(
    ("months", "day", "first", "then"),
    [(3, date(2026, 12, 31), date(2026, 10, 1), date(2027, 1, 1)), (1, DAY, date(2026, 3, 1), date(2026, 4, 1)),
     (12, DAY, date(2026, 1, 1), date(2027, 1, 1))],
)  # fmt: skip
def test_periods_are_those_of_the_return(
    session: Session, monkeypatch: pytest.MonkeyPatch, months: int, day: date, first: date, then: date
) -> None:
    monkeypatch.setitem(current_app.extensions, "settings", settings().model_copy(update={"vat_period_months": months}))
    sell(Assortment(session), "x", "300", "200", day=day)

    (entry,) = register.register(session)

    assert (entry.period, register.end_of(entry.period)) == (first, then)


# Where the lines come from


def sell(shop: Assortment, reference: str, gross: str, purchase: str, *, scheme: str = "margin", quantity: int = 1,
         day: date = DAY) -> int:  # fmt: skip
    variant = shop.variant(f"SKU {reference}")
    sale = Sale(shop.shops[0].id, reference, variant.id, quantity, Decimal(gross), Decimal(purchase), scheme, day)
    return sales.enter(shop.session, sale, user_id=None)


def test_what_is_shipped_is_sold_at_the_price_at_which_it_was_ordered(session: Session) -> None:
    shop = Assortment(session)
    variant = shop.variant()
    offer = shop.offer(shop.supplier(), variant, price="200.00", vat_scheme="margin")
    shop.refresh(variant)
    ordered = NOON + timedelta(hours=1)
    old = _price(session, variant.id, shop.shops[0].id)
    assert reserve(session, variant_id=variant.id, channel_id=shop.shops[0].id, reference="order 1", quantity=2)
    session.execute(text("UPDATE reservation SET at = :at"), {"at": ordered})
    offer.price = offer.price_eur = Decimal(260)
    shop.refresh(variant, now=NOON + timedelta(hours=2))

    _ship(shop, variant.id, "order 1", now=NOON + timedelta(days=1))

    assert _price(session, variant.id, shop.shops[0].id).gross > old.gross
    (line,) = session.execute(select(SoldLine)).scalars()
    assert (line.quantity, line.gross, line.purchase, line.vat_scheme, line.price_id) == (
        2, old.gross, Decimal("200.00"), "margin", old.id,
    )  # fmt: skip
    assert (line.sold_on, line.vat_percent) == (date(2026, 3, 3), Decimal(21))
    assert sales.unpriced(session, limit=9) == []


def _price(session: Session, variant_id: int, channel_id: int) -> Price:
    return session.execute(
        select(Price).where(Price.variant_id == variant_id, Price.channel_id == channel_id,
                            Price.valid_until.is_(None))
    ).scalar_one()  # fmt: skip


def _ship(shop: Assortment, variant_id: int, reference: str, *, now: datetime, channel: int = 0) -> None:
    session = shop.session
    here = session.execute(select(Location.id).where(Location.kind == "warehouse")).scalar_one()
    book(session, variant_id=variant_id, location_id=here, kind="receipt", quantity=5, reason="", reference="",
         user_id=None)  # fmt: skip
    ship(session, channel_id=shop.shops[channel].id, reference=reference, location_id=here, user_id=None, now=now)


def test_the_same_shipment_twice_is_one_sale(session: Session) -> None:
    shop = Assortment(session)
    variant = shop.variant()
    shop.offer(shop.supplier(), variant)
    shop.refresh(variant)
    again: dict[str, Any] = {
        "channel_id": shop.shops[0].id, "reference": "order 1", "variant_id": variant.id, "quantity": 1,
        "ordered_at": NOON, "user_id": None, "now": NOON,
    }  # fmt: skip

    assert sales.record_shipped(session, **again)
    assert not sales.record_shipped(session, **again)

    assert len(session.execute(select(SoldLine)).all()) == 1


def test_what_left_without_a_known_price_waits_until_a_person_says_it(session: Session) -> None:
    shop = Assortment(session)
    variant = shop.variant()
    here = session.execute(select(Location.id).where(Location.kind == "warehouse")).scalar_one()
    book(session, variant_id=variant.id, location_id=here, kind="receipt", quantity=2, reason="", reference="",
         user_id=None)  # fmt: skip
    assert reserve(session, variant_id=variant.id, channel_id=shop.shops[0].id, reference="order 7", quantity=1)
    _ship(shop, variant.id, "order 7", now=NOON)
    assert register.register(session) == []
    (waiting,) = sales.unpriced(session, limit=9)
    assert (waiting.reference, waiting.sku, waiting.quantity) == ("order 7", variant.sku, 1)

    sale = Sale(shop.shops[0].id, "order 7", variant.id, 1, Decimal(300), Decimal(200), "margin", DAY)
    sales.enter(session, sale, user_id=None)

    assert sales.unpriced(session, limit=9) == []
    with pytest.raises(KnownAlready):
        sales.enter(session, sale, user_id=None)
    assert len(register.register(session)) == 1


def test_pieces_that_come_back_take_their_margin_out_of_the_period_they_come_back_in(session: Session) -> None:
    shop = Assortment(session)
    sale_id = sell(shop, "line", "300", "200", quantity=2, day=date(2026, 1, 5))

    sales.take_back(session, sale_id, pieces=1, reference="return 1", user_id=None, now=NOON + timedelta(days=60))

    sold, back = register.register(session)
    assert (sold.pieces, sold.taxable) == (2, Decimal(200))
    assert (back.pieces, back.margin, back.carried_out) == (-1, Decimal(-100), Decimal(-100))
    with pytest.raises(KnownAlready):
        sales.take_back(session, sale_id, pieces=1, reference="return 1", user_id=None, now=NOON)


def test_a_line_by_itself_that_comes_back_takes_its_own_vat_back(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(
        current_app.extensions, "settings", settings().model_copy(update={"margin_method": "individual"})
    )
    shop = Assortment(session)
    for reference, gross in (("gain", "300"), ("loss", "150")):
        sale_id = sell(shop, reference, gross, "200", day=date(2026, 1, 5))
        sales.take_back(session, sale_id, pieces=1, reference=f"back {reference}", user_id=None, now=NOON)

    (entry,) = register.register(session)

    assert (entry.pieces, entry.margin, entry.taxable, entry.vat) == (0, ZERO, ZERO, ZERO)


# The page and the files


@pytest.fixture
def manager(session: Session, sign_in: Callable[[str], FlaskClient]) -> FlaskClient:
    browser = sign_in("manager")
    session.execute(text("UPDATE user_account SET locale = 'en'"))
    session.commit()
    return browser


def _table(browser: FlaskClient, path: str) -> list[dict[str, str]]:
    answer = browser.get(path)
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith("attachment")
    return list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"))))


def test_a_manager_enters_a_sale_sees_it_in_its_period_and_takes_the_files(
    session: Session, manager: FlaskClient
) -> None:
    shop = Assortment(session)
    shop.variant("SKU-9")
    session.commit()
    form = {"channel": str(shop.shops[0].id), "reference": "=cmd()", "sku": "SKU-9", "quantity": "2", "gross": "300,00",
            "purchase": "200.00", "scheme": "margin", "sold_on": "2026-02-03"}  # fmt: skip

    assert manager.post("/pricing/register", data=form).status_code == 303
    assert manager.post("/pricing/register", data=form).status_code == 422  # It is there.
    assert manager.post("/pricing/register", data=form | {"sku": "SKU-X", "reference": "y"}).status_code == 422
    page = manager.get("/pricing/register?period=2026-01-01").get_data(as_text=True)

    assert "€34.71" in page
    (line,) = _table(manager, "/pricing/register.csv")
    assert (line["period from"], line["margin"], line["vat"], line["carried out"]) == (
        "2026-01-01", "200.00", "34.71", "0.00",
    )  # fmt: skip
    (sold,) = _table(manager, "/pricing/register.csv?period=2026-01-01")
    assert (sold["sku"], sold["pieces"], sold["order line"]) == ("SKU-9", "2", "'=cmd()")  # No formula.
    assert _table(manager, "/pricing/register.csv?period=2026-04-01") == []
    for wrong in ("2026-02-01", "2026-01-02", "x"):
        assert manager.get(f"/pricing/register?period={wrong}").status_code == 404


def test_text_of_a_file_is_never_a_formula() -> None:
    rows: Sequence[Sequence[Any]] = [("=1+1", "+x", "-3", "@a", "\tz", "a=b", Decimal("-3.10"), None)]

    written = csv_file("x.csv", ["n"] * 8, rows).get_data().decode("utf-8-sig").splitlines()[1]

    assert written == "'=1+1,'+x,'-3,'@a,'\tz,a=b,-3.10,"
