"""The pages of stock: what people book, move, count, keep back and allocate, and that listings follow."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import flask_babel
import pytest
from flask.testing import FlaskClient
from small_assortment import Assortment
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app import clock
from app.auth.models import Audit
from app.catalog.models import Variant
from app.flows.catalogue import FLOWS
from app.flows.models import Message
from app.stock import counts, places, queries, services, snapshots
from app.stock.models import Location, Movement, StockCount
from jobs import claims

PAGES = ("/stock/", "/stock/locations", "/stock/movements", "/stock/counts", "/stock/policy", "/stock/value")


class Store:
    """Two storefronts, a warehouse with 5 pieces of SKU-1, 4 more at a supplier, all of it confirmed; a purchaser."""

    def __init__(self, session: Session, sign_in: Callable[[str], FlaskClient]) -> None:
        self.session = session
        self.assortment = Assortment(session)
        self.variant: Variant = self.assortment.variant()
        self.assortment.offer(self.assortment.supplier(), self.variant, quantity=4)
        self.warehouse: int = session.execute(select(Location.id).where(Location.kind == "warehouse")).scalar_one()
        self.supplier: int = session.execute(select(Location.id).where(Location.kind == "supplier")).scalar_one()
        self.book(5)
        self.assortment.refresh(self.variant, now=clock.now())
        for shop in (0, 1):
            self.assortment.confirm(shop=shop)
        session.commit()
        self.browser = sign_in("purchasing")
        session.execute(text("UPDATE user_account SET locale = 'en'"))
        session.commit()

    def book(self, quantity: int) -> None:
        services.move(self.session, variant_id=self.variant.id, location_id=self.warehouse, kind="receipt",
                      quantity=quantity, reason="received", reference="", user_id=None)  # fmt: skip

    def post(self, path: str, **data: Any) -> None:
        answer = self.browser.post(path, data=data)
        assert answer.status_code == 303, answer.get_data(as_text=True)
        self.session.expire_all()

    def page(self, path: str) -> str:
        flask_babel.refresh()  # The test's application context would keep the locale of its first request.
        answer = self.browser.get(path)
        assert answer.status_code == 200
        return " ".join(answer.get_data(as_text=True).split())

    def of_variant(self) -> str:
        return self.page(f"/catalogue/variants/{self.variant.id}")

    def shown(self) -> list[int]:
        return [self.assortment.listing(self.variant, shop).stock for shop in (0, 1)]

    def balances(self) -> dict[str, int]:
        return dict(queries.balances(self.session, self.variant.id))

    def acts(self) -> list[str]:
        return list(
            self.session.execute(select(Audit.act).where(Audit.act.not_like("auth%")).order_by(Audit.id)).scalars()
        )


@pytest.fixture
def store(session: Session, sign_in: Callable[[str], FlaskClient]) -> Store:
    return Store(session, sign_in)


@pytest.mark.parametrize("role", ["agent", "purchasing", "manager", "admin"])
def test_everybody_reads_every_page_and_only_some_find_forms(
    session: Session, sign_in: Callable[[str], FlaskClient], role: str
) -> None:
    Assortment(session)
    session.commit()
    browser = sign_in(role)

    for path in PAGES:
        answer = browser.get(path)
        assert answer.status_code == 200, path
    forms = 'action="/stock/reasons"' in browser.get("/stock/locations").get_data(as_text=True)
    assert forms == (role in ("purchasing", "admin"))


def test_pieces_are_booked_with_a_reason_of_the_list_and_listings_follow(store: Store) -> None:
    path = f"/stock/{store.variant.id}/move"

    store.post(path, kind="correction", location=store.warehouse, quantity=-2, reason="damaged", note="fell")
    store.post(path, kind="correction", location=store.warehouse, quantity=-1, reason="because")
    store.post(path, kind="correction", location=store.supplier, quantity=-1, reason="damaged")
    store.post(path, kind="correction", location=store.warehouse, quantity=-9, reason="damaged")

    assert store.balances() == {"Warehouse": 3, "foxway": 4}
    assert store.shown() == [7, 7]
    moved = store.session.execute(select(Movement).order_by(Movement.id.desc()).limit(1)).scalar_one()
    assert (moved.reason, moved.note, moved.quantity) == ("damaged", "fell", -2)
    assert "damaged fell" in store.of_variant().replace("· ", "")


def test_a_reason_that_people_added_can_be_chosen_until_it_is_retired(store: Store) -> None:
    path = f"/stock/{store.variant.id}/move"
    store.post("/stock/reasons", name="lent to the fair")
    store.post("/stock/reasons", name="lent to the fair")
    store.post(path, kind="correction", location=store.warehouse, quantity=-1, reason="lent to the fair")
    (reason,) = store.session.execute(text("SELECT id FROM stock_reason")).scalars()
    store.post(f"/stock/reasons/{reason}/retire")

    store.post(path, kind="correction", location=store.warehouse, quantity=-1, reason="lent to the fair")

    assert store.balances()["Warehouse"] == 4
    assert store.acts().count("stock.reason") == 2


def test_a_warehouse_is_made_renamed_and_filled_from_others(store: Store) -> None:
    store.post("/stock/locations", name="Repair desk")
    store.post("/stock/locations", name="repair desk")  # Taken.
    (desk,) = [row for row in places.locations(store.session) if row.code == "repair-desk"]
    store.post(f"/stock/locations/{desk.id}/rename", name="Workbench")
    path = f"/stock/{store.variant.id}/transfer"

    store.post(path, source=store.warehouse, target=desk.id, moving=2, why="moved")
    store.post(path, source=store.supplier, target=desk.id, moving=1, why="received")
    store.post(path, source=desk.id, target=store.supplier, moving=1, why="moved")  # Not to a supplier.
    store.post(path, source=desk.id, target=store.warehouse, moving=9, why="moved")  # Not so many.

    assert store.balances() == {"Warehouse": 3, "Workbench": 3, "foxway": 3}
    assert store.shown() == [9, 9]
    assert queries.ledger_differences(store.session) == 0
    assert "Workbench" in store.page("/stock/locations")
    assert store.browser.post(f"/stock/locations/{store.supplier}/rename", data={"name": "Mine"}).status_code == 404


def test_the_ledger_is_filtered_and_read_page_by_page(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(4):
        store.book(1)
    store.session.commit()
    monkeypatch.setattr("app.stock.views_places.PAGE", 2)

    assert store.page("/stock/movements?kind=offered").count("/catalogue/variants/") == 1
    assert store.page(f"/stock/movements?location={store.supplier}").count("/catalogue/variants/") == 1
    assert store.page("/stock/movements?reference=offer-file:12").count("/catalogue/variants/") == 1
    assert store.page("/stock/movements?until=2001-01-01").count("/catalogue/variants/") == 0
    seen, before = [], None
    while True:
        rows = queries.movements(store.session, kind="receipt", before=before, limit=2)
        seen += [row.id for row in rows[:2]]
        if len(rows) < 3:
            break
        before = (rows[1].at, rows[1].id)
    assert len(seen) == len(set(seen)) == 5
    assert 'rel="next"' in store.page("/stock/movements?kind=receipt")
    for broken in ("before=x", "before=2026-01-01~1", "kind=gift"):
        assert store.browser.get(f"/stock/movements?{broken}").status_code == 404


def test_a_count_books_only_the_differences_to_what_was_there_when_it_was_counted(store: Store) -> None:
    other = store.assortment.variant("SKU-2", "B")
    store.session.commit()
    store.post("/stock/counts", location=store.warehouse)
    (count,) = store.session.execute(select(StockCount.id)).scalars()
    path = f"/stock/counts/{count}"
    store.post(f"{path}/lines", **{f"counted.{store.variant.id}": "4", f"was.{store.variant.id}": ""})
    store.book(3)  # Came in after it was counted.
    store.session.commit()
    store.post(f"{path}/list", lines="sku-2; 1\nSKU-2\t1\nnonsense\nUNKNOWN 3")
    assert "−1" in store.page(path) or "-1" in store.page(path)

    store.post(f"{path}/finish", reason="miscounted", note="March")
    store.post(f"{path}/finish", reason="miscounted")  # Closed already.

    assert store.balances() == {"Warehouse": 7, "foxway": 4}
    assert dict(queries.balances(store.session, other.id)) == {"Warehouse": 2}
    booked = queries.movements(store.session, reference=f"stock-count:{count}", limit=9)
    assert sorted((row.sku, row.kind, row.quantity, row.reason) for row in booked) == [
        ("SKU-1", "count", -1, "miscounted"), ("SKU-2", "count", 2, "miscounted"),
    ]  # fmt: skip
    assert store.shown() == [11, 11]
    assert queries.ledger_differences(store.session) == 0
    assert {"stock.count_start", "stock.count_book"} <= set(store.acts())


def test_what_nobody_counted_stays_or_is_gone_as_people_say(store: Store) -> None:
    for rest_is_gone, left in ((False, 5), (True, None)):
        with_count = counts.start(store.session, store.warehouse, user_id=None, now=clock.now())
        counts.finish(store.session, with_count, reason="lost", note="", rest_is_gone=rest_is_gone, user_id=None,
                      now=clock.now())  # fmt: skip
        assert store.balances().get("Warehouse") == left


def test_a_count_is_refused_where_it_makes_no_sense(store: Store) -> None:
    count = counts.start(store.session, store.warehouse, user_id=None, now=clock.now())
    with pytest.raises(counts.AlreadyOpen):
        counts.start(store.session, store.warehouse, user_id=None, now=clock.now())
    with pytest.raises(places.NotOurs):
        counts.start(store.session, store.supplier, user_id=None, now=clock.now())
    counts.record(store.session, count, {store.variant.id: 1}, now=clock.now())
    store.book(-4)  # Left after 1 was counted: 4 are missing of the 1 that is there.
    with pytest.raises(services.NotEnough, match="SKU-1"):
        counts.finish(store.session, count, reason="lost", note="", rest_is_gone=False, user_id=None, now=clock.now())
    counts.cancel(store.session, count, user_id=None, now=clock.now())
    with pytest.raises(counts.NotOpen):
        counts.record(store.session, count, {}, now=clock.now())


def test_a_buffer_and_an_allocation_move_what_is_shown_and_say_why(store: Store) -> None:
    store.post("/stock/buffers", category="phone", grade="A", pieces=1)
    assert store.shown() == [8, 8]
    store.post("/stock/buffers", variant_id=store.variant.id, pieces=3)
    store.post("/stock/allocation/econocom", variant_id=store.variant.id, share_percent=50, min_shown=1, max_shown=2)

    assert store.shown() == [6, 2]
    page = store.of_variant()
    assert "All of the 6 available." in page
    assert "Never more than 2, of the 6 available." in page
    assert "By a rule for this variant." in page
    store.post("/stock/allocation/econocom", variant_id=store.variant.id, remove="yes")
    store.post("/stock/buffers", variant_id=store.variant.id, pieces="")
    assert store.shown() == [8, 8]
    store.post("/stock/allocation/econocom", share_percent=25, min_shown=1, max_shown="")
    assert store.shown() == [8, 2]
    store.post("/stock/allocation/econocom", share_percent=101, min_shown=1)
    assert store.shown() == [8, 2]
    assert store.browser.post("/stock/buffers", data={"grade": "Z", "pieces": 1}).status_code == 404


def test_who_holds_pieces_is_named(store: Store) -> None:
    channel = store.assortment.shops[0].id
    services.reserve(store.session, variant_id=store.variant.id, channel_id=channel, reference="10432/1", quantity=2)
    store.session.commit()

    assert 'Refurbished Direct <span class="mono">10432/1</span> × 2' in store.of_variant()


def test_sync_now_sends_a_variant_again_to_each_storefront(store: Store) -> None:
    store.post(f"/stock/{store.variant.id}/sync")

    assert [len(store.assortment.messages(shop)) for shop in (0, 1)] == [1, 1]
    assert store.acts()[-1] == "channels.sync"


def test_sync_now_tries_at_once_what_a_storefront_has_not_confirmed(store: Store) -> None:
    store.book(1)
    store.assortment.refresh(store.variant, now=clock.now())
    store.session.execute(
        text("""UPDATE message SET state = CASE channel WHEN 'econocom' THEN 'dead' ELSE state END,
                  attempts = 5, next_attempt_at = now() + interval '1 hour' WHERE state = 'pending'""")
    )
    store.session.execute(
        text("""INSERT INTO lane (flow, channel, open_until) VALUES
                ('portal.listings.shopware', 'refurbished-direct', now() + interval '1 hour')""")
    )
    store.session.commit()

    for code in ("refurbished-direct", "econocom"):
        store.post(f"/stock/channels/{code}/sync")

    due = store.session.execute(
        select(Message.channel, Message.attempts).where(
            Message.state == "pending", Message.next_attempt_at <= clock.now()
        )
    ).all()
    assert sorted(row.channel for row in due) == ["econocom", "refurbished-direct"]
    assert claims.claim(FLOWS["portal.listings.shopware"], "refurbished-direct", cause="wake") is not None
    assert store.browser.post("/stock/channels/nowhere/sync").status_code == 404


def test_the_time_to_a_storefronts_yes_is_measured(store: Store) -> None:
    for seconds in (1, 2, 3, 4, 90):
        store.session.execute(
            text("""INSERT INTO message (direction, flow, channel, key, state, next_attempt_at, content_hash,
                      correlation_id, body, created_at, settled_at)
                    VALUES ('out', 'portal.listings.shopware', 'econocom', :key, 'delivered', :at, '', '', '{}', :at,
                      CAST(:at AS timestamptz) + make_interval(secs => :seconds))"""),
            {"key": str(seconds), "seconds": seconds, "at": clock.now() - timedelta(hours=23)},
        )
    store.session.execute(text("UPDATE message SET created_at = now() - interval '25 hours' WHERE key = 'SKU-1'"))
    store.session.commit()

    page = store.page("/stock/")

    assert "3 s</td>" in page
    assert "72.8 s" in page
    assert 'state late"' in page
    store.session.execute(text("INSERT INTO lane (flow, channel) VALUES ('portal.listings.shopware', 'econocom')"))
    store.session.commit()
    assert "accepted within 3 s, 95 % within 72.8 s" in store.page("/flows/portal.listings.shopware")


def test_value_and_age_are_read_from_the_last_snapshot(store: Store) -> None:
    assert "No day is written down yet." in store.page("/stock/value")
    snapshots.take(store.session, now=clock.now())
    store.session.commit()

    page = store.page("/stock/value")

    assert "€1,025.00" in page  # 5 pieces landed at 205.
    assert "€800.00" in page  # 4 at the supplier.
    assert "Last days" in store.of_variant()
