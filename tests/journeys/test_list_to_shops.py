"""A supplier's list becomes priced stock on both storefronts: the whole way, on real parts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Thread

import pytest
import sqlalchemy as sa
from flask import Flask
from way import CHANNELS, IPHONE, LISTS, T480S, accept, as_csv, counts, drop, products, tick_after
from werkzeug.serving import make_server

from app import clock
from app.channels.models import Channel, Listing
from app.db import transaction
from app.flows.models import Message
from app.offers import services
from app.offers.models import Offer, OfferLine
from app.stock.queries import ledger_differences
from app.suppliers.models import Supplier
from jobs import ledger, shops
from jobs.portal_listings_shopware import DEFAULT_CURRENCY
from sandbox.testing import SandboxHandle


def test_a_list_arrives_on_both_storefronts_and_the_next_one_moves_only_the_differences(
    portal: Flask, world: SandboxHandle
) -> None:
    first = accept(
        drop(as_csv((*T480S, 3, 1500), (*IPHONE, 2, 1900), ("X3", "Cable", "NOTE-OPT", "GOLD", 5, 10)), "a.csv")
    )

    assert first.state == "accepted"
    assert counts(first, "rows", "new", "matched") == {"rows": 3, "new": 3, "matched": 2}
    for code in CHANNELS:
        assert world.stats(code)["held"]["product"] == 2
    again = drop(as_csv((*T480S, 1, 1500), (*IPHONE, 2, 1900), ("X3", "Cable", "NOTE-OPT", "GOLD", 5, 10)), "b.csv")
    assert counts(again, "changed", "changed_quantity", "unchanged") == {
        "changed": 1, "changed_quantity": 1, "unchanged": 2,
    }  # fmt: skip
    accept(again)
    for code in CHANNELS:
        assert sorted(world.effects(code).values()) == [1, 2]  # One product was sent again, the other was not.
    with transaction() as session:
        assert ledger_differences(session) == 0
        assert set(session.execute(sa.select(Listing.state)).scalars()) == {"listed"}


def test_the_same_list_twice_changes_nothing(portal: Flask) -> None:
    content = as_csv((*T480S, 3, 1500), (*IPHONE, 2, 1900))
    accept(drop(content, "a.csv"))
    with transaction() as session:
        before = session.execute(sa.text("SELECT id, xmin::text FROM offer ORDER BY id")).all()
        messages = session.execute(sa.select(sa.func.count(Message.id)).where(Message.direction == "out")).scalar_one()

    again = drop(content, "a.csv")

    assert again.state == "unchanged"
    assert counts(again, "new", "changed", "unchanged", "absent") == {
        "new": 0, "changed": 0, "unchanged": 2, "absent": 0,
    }  # fmt: skip
    with transaction() as session:
        assert session.execute(sa.text("SELECT id, xmin::text FROM offer ORDER BY id")).all() == before
        assert (
            session.execute(sa.select(sa.func.count(Message.id)).where(Message.direction == "out")).scalar_one()
            == messages
        )


def test_what_a_full_list_does_not_name_leaves_the_storefronts(portal: Flask, world: SandboxHandle) -> None:
    accept(drop(as_csv((*T480S, 3, 1500), (*IPHONE, 2, 1900)), "a.csv"))

    second = accept(drop(as_csv((*T480S, 3, 1500)), "b.csv"))

    assert counts(second, "absent", "unchanged") == {"absent": 1, "unchanged": 1}
    with transaction() as session:
        states = list(session.execute(sa.select(Listing.state, Listing.stock).order_by(Listing.stock)))
        assert ledger_differences(session) == 0
    assert [tuple(state) for state in states] == [("withdrawn", 0)] * 2 + [("listed", 3)] * 2


def test_a_value_that_must_not_reach_a_shop_is_rejected_on_its_line_and_changes_nothing(portal: Flask) -> None:
    accept(drop(as_csv((*T480S, 3, 1500), (*IPHONE, 2, 1900)), "a.csv"))

    second = accept(
        drop(as_csv((*T480S, "17.5", 1500), (*IPHONE, 1, 0), ("X4", "Broken", "PHONE", "Defekt", 1, 5)), "b.csv")
    )

    assert counts(second, "rejected", "absent") == {"rejected": 2, "absent": 0}
    assert second.counts["problems"] == {"quantity_fraction": 1, "price_zero": 1, "grade_defect": 1}
    with transaction() as session:
        kept = session.execute(sa.select(Offer.item_number, Offer.quantity).order_by(Offer.item_number)).all()
        assert session.execute(sa.select(Offer.variant_id).where(Offer.item_number == "X4")).scalar_one() is None
    assert [tuple(offer) for offer in kept] == [("X1", 3), ("X2", 2), ("X4", 1)]


def test_one_listing_that_a_shop_refuses_does_not_hold_the_other(portal: Flask, world: SandboxHandle) -> None:
    accept(drop(as_csv((*T480S, 3, 1500)), "a.csv"))
    with transaction() as session:
        sku = session.execute(sa.select(Message.key).where(Message.direction == "out").limit(1)).scalar_one()
    fault = world.fault("econocom", "bad_row", value=sku)

    accept(drop(as_csv((*T480S, 2, 1500), (*IPHONE, 2, 1900)), "b.csv"))

    assert fault.hits == 2  # The change alone, then the whole product.
    with transaction() as session:
        states = session.execute(
            sa.select(Message.channel, Message.key == sku, Message.state).where(
                Message.id > 4, Message.direction == "out"
            )
        ).all()
        refusals = list(session.execute(sa.select(Listing.refusal).where(Listing.state == "refused")).scalars())
    assert sorted((state[0], state[1], state[2]) for state in states)[:2] == [
        ("econocom", False, "delivered"), ("econocom", True, "dead"),
    ]  # fmt: skip
    assert refusals == ["This value is too long."]


def test_a_word_is_asked_once_and_its_offers_follow(portal: Flask) -> None:
    from app.suppliers.dictionary import decide

    first = accept(drop(as_csv((*IPHONE, 1, 1900), ("X1", T480S[1], "NOTEBOOK", "08 Ref.", 3, 1500)), "a.csv"))
    assert [word["shown"] for word in first.counts["words"]] == ["08 Ref."]
    with transaction() as session:
        assert session.execute(sa.select(sa.func.count(Listing.id))).scalar_one() == 2
        decide(session, first.supplier_id, "grade", "08 ref.", "A", user_id=None, now=clock.now())
        services.put_regrade(session, first.supplier_id, now=clock.now())

    ledger.drain(services.FLOW)

    with transaction() as session:
        assert sorted(session.execute(sa.select(Listing.stock)).scalars()) == [1, 1, 3, 3]


def test_a_file_that_is_no_list_is_refused_and_offers_stay(portal: Flask) -> None:
    accept(drop(as_csv((*T480S, 3, 1500)), "a.csv"))

    refused = drop(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, "list.xlsx")

    assert refused.state == "refused"
    with transaction() as session:
        assert session.execute(sa.select(Offer.quantity)).scalar_one() == 3


def test_what_reading_found_wrong_stands_on_its_line_and_moves_no_stock(portal: Flask) -> None:
    lines = [
        "Nummer;Beskrivelse;Condition;Lager;Eksport Pris", "X1;T480s, 16GB;256GB;GOLD;3;1500", "X2;GerÃ¤t;GOLD;2;1900",
        "X3;Cable;GOLD;5;#REF!", '"X4;Cable;GOLD;5;10', "X5;Cable;GOLD;7;20",
    ]  # fmt: skip

    file = drop("\n".join(lines).encode(), "a.csv")

    assert counts(file, "rows", "rejected") == {"rows": 5, "rejected": 3}
    with transaction() as session:
        rows = session.execute(sa.select(OfferLine).order_by(OfferLine.row_number)).scalars().all()
    found = [(row.row_number, row.rejected, {problem["code"] for problem in row.problems}) for row in rows]
    assert [(number, rejected) for number, rejected, _codes in found] == [
        (2, True), (3, False), (4, True), (5, True), (6, False),
    ]  # fmt: skip
    expected = ["row_longer", "text_repaired", "cell_error", "quote_open"]
    assert all(code in codes for code, (_number, _rejected, codes) in zip(expected, found, strict=False))
    assert rows[1].description == "Gerät"
    assert {"code": "cell_error", "field": "price", "value": "#REF!"} in rows[2].problems
    assert file.reading is not None
    assert file.reading["members"] == []


@pytest.mark.skipif(not LISTS.exists(), reason="../shared is not here: the real lists are not read")
def test_both_real_lists_give_their_measured_counts(portal: Flask, world: SandboxHandle) -> None:
    october = drop((LISTS / "foxway_item_stock_2023-10-27.xlsx").read_bytes(), "foxway_item_stock_2023-10-27.xlsx")

    assert counts(october, "rows", "new", "rejected") == {"rows": 5168, "new": 5008, "rejected": 160}
    assert {code: count for code, count in october.counts["problems"].items() if code != "grade_unknown"} == {
        "price_zero": 158, "price_placeholder": 1, "quantity_fraction": 1, "grade_defect": 54, "grade_contradicts": 2,
    }  # fmt: skip
    assert october.counts["problems_with_stock"]["price_zero"] == 125
    accept(october)
    november = drop((LISTS / "foxway_vareoversigt_2023-11-08.xlsx").read_bytes(), "foxway_vareoversigt_2023-11-08.xlsx")
    assert november.counts["rows"] == 6136
    assert november.counts["problems"]["price_zero"] == 195
    accept(november)
    with transaction() as session:
        assert ledger_differences(session) == 0
        assert session.execute(sa.select(sa.func.count(Message.id)).where(Message.state == "dead")).scalar_one() == 0
        listed = session.execute(sa.select(sa.func.count(Listing.id)).where(Listing.state == "listed")).scalar_one()
    assert listed > 2000


def test_a_new_price_or_stock_is_sent_without_the_rest_of_the_product(portal: Flask, world: SandboxHandle) -> None:
    accept(drop(as_csv((*T480S, 3, 1500)), "a.csv"))
    (before,) = products(world, "econocom").values()
    with world.sandbox.shops["econocom"].storage.transaction() as books:
        books.connection.execute(
            "UPDATE entity SET doc = doc || '{\"name\": \"Renamed by the shop\"}' WHERE name = 'product'"
        )

    accept(drop(as_csv((*T480S, 1, 1800)), "b.csv"))

    (after,) = products(world, "econocom").values()
    assert after["name"] == "Renamed by the shop"
    assert (after["stock"], before["stock"]) == (1, 3)
    assert after["price"][0]["gross"] > before["price"][0]["gross"]
    assert after["customFields"] == before["customFields"]


def test_a_product_that_somebody_deleted_in_the_shop_comes_back_whole(portal: Flask, world: SandboxHandle) -> None:
    accept(drop(as_csv((*T480S, 3, 1500), (*IPHONE, 2, 1900)), "a.csv"))
    before = products(world, "econocom")
    number = next(number for number in before if number.startswith("TPT480S"))
    with world.sandbox.shops["econocom"].storage.transaction() as books:
        books.connection.execute(
            "DELETE FROM entity WHERE id = %s OR doc->>'productId' = %s", [before[number]["id"]] * 2
        )

    accept(drop(as_csv((*T480S, 1, 1500), (*IPHONE, 1, 1900)), "b.csv"))

    after = products(world, "econocom")
    assert {name: doc["stock"] for name, doc in after.items()} == dict.fromkeys(before, 1)
    assert after[number]["name"] == before[number]["name"]
    with transaction() as session:
        assert set(session.execute(sa.select(Listing.state)).scalars()) == {"listed"}


def test_a_listing_whose_tax_the_shop_lacks_does_not_hold_the_other(portal: Flask, world: SandboxHandle) -> None:
    with world.sandbox.shops["econocom"].storage.transaction() as books:
        books.connection.execute("DELETE FROM entity WHERE name = 'tax' AND (doc->>'taxRate')::numeric = 21")
    with transaction() as session:
        session.execute(sa.update(Supplier).where(Supplier.code == "foxway").values(default_vat_scheme="regular"))

    accept(drop(as_csv((*T480S, 3, 1500)), "a.csv"))

    with transaction() as session:
        rows = session.execute(sa.select(Channel.code, Listing.state).join(Channel, Channel.id == Listing.channel_id))
        states = {row.code: row.state for row in rows}
        reason = session.execute(sa.select(Listing.refusal).where(Listing.state == "refused")).scalar_one()
    assert states == {"refurbished-direct": "listed", "econocom": "refused"}
    assert reason == "the shop has no tax of 21 %"


def test_what_the_shop_refused_is_history_once_the_listing_changed(portal: Flask, world: SandboxHandle) -> None:
    world.fault("econocom", "bad_row", value="TPT480S-I58350U-16-256-A", left=1)
    accept(drop(as_csv((*T480S, 3, 1500)), "a.csv"))
    with transaction() as session:
        dead = session.execute(sa.select(Message).where(Message.state == "dead")).scalar_one().id

    accept(drop(as_csv((*T480S, 1, 1500)), "b.csv"))

    with transaction() as session:
        assert session.get_one(Message, dead, populate_existing=True).state == "superseded"
        assert set(session.execute(sa.select(Listing.state)).scalars()) == {"listed"}


def test_with_grace_an_offer_that_a_list_no_longer_names_stays_for_its_days_and_then_ends(
    portal: Flask, world: SandboxHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction() as session:
        session.execute(
            sa.update(Supplier).where(Supplier.code == "foxway").values(import_mode="full_with_grace", grace_days=3)
        )
    accept(drop(as_csv((*T480S, 3, 1500), (*IPHONE, 2, 1900)), "a.csv"))
    accept(drop(as_csv((*T480S, 3, 1500)), "b.csv"))
    assert sorted(doc["stock"] for doc in products(world, "econocom").values()) == [2, 3]

    tick_after(timedelta(days=2), monkeypatch)
    assert sorted(doc["stock"] for doc in products(world, "econocom").values()) == [2, 3]
    tick_after(timedelta(days=3, minutes=1), monkeypatch)

    assert sorted(doc["stock"] for doc in products(world, "econocom").values()) == [0, 3]
    with transaction() as session:
        assert ledger_differences(session) == 0
        assert session.execute(sa.select(sa.func.count()).where(Offer.quantity > 0)).scalar_one() == 1


def test_a_price_that_somebody_changed_in_the_shop_is_put_right(
    portal: Flask, world: SandboxHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept(drop(as_csv((*T480S, 3, 1500), (*IPHONE, 2, 1900)), "a.csv"))
    before = products(world, "econocom")
    number = next(iter(before))
    monkeypatch.setattr("jobs.shopware_products_portal.ECHO", timedelta(seconds=-60))
    wrong = {"currencyId": DEFAULT_CURRENCY, "gross": 1, "net": 1, "linked": False}
    with door(portal) as address:
        with world.sandbox.shops["econocom"].storage.transaction() as books:
            books.connection.execute(
                "UPDATE entity SET doc = doc || jsonb_build_object('url', %s::text, 'active', true)"
                " WHERE name = 'webhook'", (f"{address}/webhooks/shopware/econocom",),
            )  # fmt: skip
        shops.client("econocom").patch("product", before[number]["id"], {"price": [wrong]})
        wait_for_message("shopware.products.portal")

    ledger.drain("shopware.products.portal")
    ledger.drain("portal.listings.shopware")

    after = products(world, "econocom")
    assert {name: doc["price"] for name, doc in after.items()} == {name: doc["price"] for name, doc in before.items()}
    with transaction() as session:
        result = session.execute(
            sa.select(Message.result).where(Message.flow == "shopware.products.portal", Message.state == "delivered")
        ).scalars().all()  # fmt: skip
    assert {"ours": 1, "checked": 1, "put_right": 1} in result


@contextmanager
def door(app: Flask) -> Iterator[str]:
    """The portal's address, for the shops to deliver to."""
    server = make_server("127.0.0.1", 0, app.wsgi_app, threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


def wait_for_message(flow: str) -> None:
    """Until the shop has delivered: its sender is a thread of its own."""
    for _ in range(200):
        with transaction() as session:
            if session.execute(sa.select(Message.id).where(Message.flow == flow, Message.state == "pending")).first():
                return
        Event().wait(0.05)
    raise AssertionError("no delivery came")
