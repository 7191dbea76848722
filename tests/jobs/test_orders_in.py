"""Orders come in from two real sandbox shops: by the clock, by webhook, late, twice, edited, cancelled, gone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from small_assortment import Assortment

from app import clock
from app.channels.models import Channel, Listing
from app.channels.services import FLOW as LISTINGS
from app.db import transaction
from app.flows import services as flows
from app.flows.models import Cursor, Message
from app.orders import queries as orders
from app.orders import services
from app.orders.finding import Meant
from app.orders.models import Order, OrderDelivery, OrderDocument, OrderEvent, OrderLine, OrderPayment
from app.settings import Shop
from app.stock import queries as stock
from app.stock.models import Reservation
from integrations.errors import Unavailable
from integrations.shopware import orders as shopware
from integrations.shopware.client import ShopwareClient
from integrations.shopware.ids import deterministic_id
from jobs import ledger, shops, shopware_orders_portal
from jobs.shopware_orders import order_seen
from sandbox.testing import BareShop, SandboxHandle, bare_shop

FLOW = "shopware.orders.portal"
CHANNELS = ("refurbished-direct", "econocom")


@pytest.fixture
def portal(committed: Flask, world: SandboxHandle) -> Iterator[Flask]:
    """The portal, connected to both sandbox shops, with three pieces of SKU-1 that both show."""
    before = committed.extensions["settings"]
    reached = {
        code: Shop(base_url=shop.base_url, client_id=shop.client_id, client_secret=shop.client_secret)  # type: ignore[arg-type]
        for code in CHANNELS for shop in (world.shop(code),)
    }  # fmt: skip
    committed.extensions["settings"] = before.model_copy(update={"shops": reached})
    shops._client.cache_clear()
    with transaction() as session:
        assortment = Assortment(session)
        variant = assortment.variant("SKU-1")
        assortment.offer(assortment.supplier(), variant, quantity=3)
        assortment.refresh(variant, now=clock.now())
    ledger.drain(LISTINGS)
    yield committed
    committed.extensions["settings"] = before


@pytest.fixture
def direct(world: SandboxHandle) -> Iterator[BareShop]:
    shop = bare_shop(world, "refurbished-direct")
    yield shop
    shop.http.close()


@pytest.fixture
def econocom(world: SandboxHandle) -> Iterator[BareShop]:
    shop = bare_shop(world, "econocom")
    yield shop
    shop.http.close()


def poll() -> None:
    """What the schedule does once a minute, worked to the end."""
    now = clock.now()
    with transaction() as session:
        flows.receive(session, FLOW, key=now.isoformat(), delivery_id=f"tick:{now.isoformat()}",
                      body={"due_at": now.isoformat()}, now=now)  # fmt: skip
    work()


def work() -> None:
    for flow in (FLOW, FLOW, LISTINGS):  # The tick asks the shops; what they tell moves listings.
        ledger.drain(flow)


def order(number: str, channel: str = "econocom") -> Order:
    with transaction() as session:
        session.expire_all()
        return session.execute(
            sa.select(Order).join(Channel).where(Order.number == number, Channel.code == channel)
        ).scalar_one()


def of(model: Any, found: Order) -> list[Any]:
    with transaction() as session:
        session.expire_all()
        return list(session.execute(sa.select(model).where(model.order_id == found.id).order_by(model.id)).scalars())


def timeline(found: Order) -> list[tuple[str, Any, Any]]:
    return [(event.kind, event.facts.get("from"), event.facts.get("to")) for event in of(OrderEvent, found)]


def place(shop: BareShop, number: str, *, pieces: int = 1, **fields: Any) -> dict[str, Any]:
    """A customer of the shop buys SKU-1 and something that is not ours."""
    line = {"productId": deterministic_id("product", "SKU-1"), "payload": {"productNumber": "SKU-1"}}
    payload = shop.order(number, {**line, "quantity": pieces}, {"payload": {"productNumber": "SHIRT"}}, **fields)
    shop.post("order", payload).raise_for_status()
    return payload


def move(shop: BareShop, machine: str, id_: str, action: str) -> None:
    shop.post(f"_action/{machine}/{id_}/state/{action}", {"sendMail": False}).raise_for_status()


def shown(channel: str) -> int:
    with transaction() as session:
        session.expire_all()
        return session.execute(
            sa.select(Listing.stock).join(Channel, Channel.id == Listing.channel_id).where(Channel.code == channel)
        ).scalar_one()


def there(shop: BareShop) -> int:
    """What a visitor can still buy."""
    (product,) = shop.search("product", ids=[deterministic_id("product", "SKU-1")])["data"]
    return int(product["stock"])


def balanced() -> bool:
    with transaction() as session:
        return stock.ledger_differences(session) == 0


def versions() -> dict[str, str]:
    with transaction() as session:
        tables = ("shop_order", "order_line", "order_payment", "order_delivery", "order_address", "order_event")
        return {
            f"{table}:{row[0]}": row[1]
            for table in tables
            for row in session.execute(sa.text(f"SELECT id, xmin::text FROM {table}"))
        }


def test_two_shops_with_the_same_number_are_two_orders_and_share_the_stock(
    portal: Flask, direct: BareShop, econocom: BareShop
) -> None:
    place(direct, "10001")
    place(econocom, "10001", pieces=2)

    poll()

    mine = order("10001", "refurbished-direct")
    assert (mine.state, mine.payment_state, mine.delivery_state, str(mine.total)) == ("open", "open", "open", "121.00")
    assert (mine.name, mine.email) == ("Ada Jansen", "ada@example.com")
    assert [(line.sku, line.promise) for line in of(OrderLine, mine)] == [("SKU-1", "held"), ("SHIRT", "none")]
    assert [line.quantity for line in of(OrderLine, order("10001"))] == [2, 1]
    assert (shown("econocom"), there(econocom), there(direct)) == (0, 0, 0)
    assert balanced()


def test_a_second_look_writes_nothing(portal: Flask, econocom: BareShop) -> None:
    place(econocom, "10002")
    poll()
    before = versions()

    poll()

    assert versions() == before
    with transaction() as session:
        last = session.execute(
            sa.select(Message).where(Message.flow == FLOW, Message.key == "poll").order_by(Message.id.desc()).limit(1)
        ).scalar_one()
        assert (last.state, last.result) != ("delivered", None)
        messages = session.execute(
            sa.select(Message.state, Message.result).where(Message.key == "poll", Message.channel == "econocom")
            .order_by(Message.id)
        ).all()  # fmt: skip
    assert messages[-1].state == "unchanged"
    assert messages[-1].result == {"new": 0, "changed": 0, "unchanged": 1}


def test_what_moves_without_the_order_itself_is_found_by_the_clock(portal: Flask, econocom: BareShop) -> None:
    payload = place(econocom, "10003")
    poll()
    delivery, payment = payload["deliveries"][0]["id"], payload["transactions"][0]["id"]

    move(econocom, "order_transaction", payment, "paid")
    econocom.http.patch(f"/api/order-delivery/{delivery}", json={"trackingCodes": ["3SABC"]}).raise_for_status()
    poll()
    move(econocom, "order_delivery", delivery, "ship")
    poll()

    found = order("10003")
    assert (found.payment_state, found.delivery_state) == ("paid", "shipped")
    assert of(OrderDelivery, found)[0].tracking_codes == ["3SABC"]
    kinds = [event for event in timeline(found) if event[0] != "stock"]
    assert kinds == [("placed", None, None), ("payment", "open", "paid"), ("tracking", None, None),
                     ("delivery", "open", "shipped"), ("document", None, None)]  # fmt: skip
    assert [line.promise for line in of(OrderLine, found)] == ["shipped", "none"]
    assert balanced()


def test_a_delivery_of_the_shop_brings_the_order_before_the_clock_and_twice_is_once(
    portal: Flask, econocom: BareShop
) -> None:
    payload = place(econocom, "10004")
    body = {"act": "named", "orders": [payload["id"]]}
    with transaction() as session:
        for delivery_id in ("e1", "e1", "e2"):
            flows.receive(session, FLOW, key=payload["id"], delivery_id=delivery_id, channel="econocom", body=body,
                          now=clock.now())  # fmt: skip

    work()
    poll()

    assert timeline(order("10004")) == [("placed", None, None), ("stock", "none", "held")]
    with transaction() as session:
        assert session.execute(sa.select(sa.func.count(Order.id))).scalar_one() == 1


def test_a_cancelled_order_gives_its_pieces_back_and_both_shops_show_them(
    portal: Flask, direct: BareShop, econocom: BareShop
) -> None:
    payload = place(econocom, "10005", pieces=3)
    poll()
    assert (there(econocom), there(direct)) == (0, 0)

    move(econocom, "order", payload["id"], "cancel")
    poll()

    found = order("10005")
    assert (found.state, [line.promise for line in of(OrderLine, found)]) == ("cancelled", ["released", "none"])
    assert (there(econocom), there(direct)) == (3, 3)
    assert balanced()

    move(econocom, "order", payload["id"], "reopen")
    poll()

    assert [line.promise for line in of(OrderLine, order("10005"))] == ["held", "none"]
    assert (there(econocom), there(direct)) == (0, 0)


def test_more_sold_than_there_is_is_said_and_filled_when_pieces_come(
    portal: Flask, direct: BareShop, econocom: BareShop
) -> None:
    first = place(direct, "10006", pieces=3)
    place(econocom, "10007", pieces=1)
    poll()
    late = order("10007")
    assert (late.short, of(OrderLine, late)[0].promise) == (True, "short")

    move(direct, "order", first["id"], "cancel")
    poll()
    poll()

    late = order("10007")
    assert (late.short, of(OrderLine, late)[0].promise) == (False, "held")
    assert balanced()


def test_an_edited_order_holds_what_it_has_now(portal: Flask, econocom: BareShop) -> None:
    payload = place(econocom, "10008", pieces=1)
    poll()

    line, shirt = (one["id"] for one in payload["lineItems"])
    econocom.sync({"id": line, "quantity": 2}, entity="order_line_item").raise_for_status()
    econocom.sync({"id": shirt}, entity="order_line_item", action="delete").raise_for_status()
    poll()

    found = order("10008")
    assert [(one.sku, one.quantity, one.promise) for one in of(OrderLine, found)] == [("SKU-1", 2, "held")]
    with transaction() as session:
        assert session.execute(sa.select(Reservation.quantity)).scalars().all() == [2]
    edits = [event.facts for event in of(OrderEvent, found) if event.kind == "edited"]
    assert {"removed": [["Device 2", 1]], "changed": [["Device 1", 1, 2]]} in edits
    assert balanced()


@pytest.mark.parametrize("code", CHANNELS)
def test_an_invoice_of_either_version_comes_with_its_order_and_finds_it(
    portal: Flask, world: SandboxHandle, code: str
) -> None:
    shop = bare_shop(world, code)
    payload = place(shop, "10018", pieces=1)
    poll()

    path = f"/api/_action/order_delivery/{payload['deliveries'][0]['id']}/state/ship"
    shop.http.post(path, json={"sendMail": False}).raise_for_status()
    poll()
    shop.http.post("/api/_action/order/document/credit_note/create",
                   json=[{"orderId": payload["id"]}]).raise_for_status()  # fmt: skip
    poll()
    shop.http.close()

    found = order("10018", code)
    assert [(one.kind, one.number) for one in of(OrderDocument, found)] == [
        ("invoice", "INV-10001"), ("credit_note", "CN-10001"),
    ]  # fmt: skip
    told = [event.facts for event in of(OrderEvent, found) if event.kind == "document"]
    assert told == [{"kind": "invoice", "number": "INV-10001"}, {"kind": "credit_note", "number": "CN-10001"}]
    with transaction() as session:
        for text in ("INV-10001", "inv-10001", "CN-10001"):
            assert [row.id for row in orders.found(Meant(session, text), limit=3)] == [found.id], text


def test_an_order_that_the_shop_lost_is_marked_and_keeps_nothing(portal: Flask, econocom: BareShop) -> None:
    payload = place(econocom, "10009")
    poll()
    econocom.http.delete(f"/api/order/{payload['id']}").raise_for_status()
    with transaction() as session:
        flows.receive(session, FLOW, key=payload["id"], delivery_id="gone", channel="econocom", now=clock.now(),
                      body={"act": "named", "orders": [payload["id"]]})  # fmt: skip

    work()

    found = order("10009")
    assert found.gone_at is not None
    assert of(OrderLine, found)[0].promise == "released"
    assert balanced()


def test_one_order_that_cannot_be_read_holds_up_no_other(portal: Flask, econocom: BareShop) -> None:
    place(econocom, "10010", transactions=[{**econocom.order("10010")["transactions"][0], "amount": None}])
    place(econocom, "10011")

    poll()
    work()

    assert order("10011").state == "open"
    with transaction() as session:
        dead = session.execute(sa.select(Message).where(Message.flow == FLOW, Message.state == "dead")).scalar_one()
    assert dead.result is not None
    assert "order 10010" in dead.result["error"]
    assert "ada@" not in str(dead.result)


def test_an_order_whose_payment_failed_keeps_its_pieces_for_a_while(portal: Flask, econocom: BareShop) -> None:
    payload = place(econocom, "10012")
    move(econocom, "order_transaction", payload["transactions"][0]["id"], "fail")
    poll()
    assert of(OrderLine, order("10012"))[0].promise == "held"
    with transaction() as session:
        session.execute(sa.update(Order).values(read_at=clock.now() - timedelta(hours=25)))

    poll()

    assert of(OrderLine, order("10012"))[0].promise == "released"
    assert there(econocom) == 3


def test_a_poll_that_broke_goes_on_where_it_was(
    portal: Flask, econocom: BareShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        place(econocom, f"2000{number}")
    monkeypatch.setattr(shopware_orders_portal, "PAGE", 1)
    pages = iter([True, False])
    real = services.apply_orders

    def break_once(*arguments: Any, **more: Any) -> services.Applied:
        if not next(pages, True):
            raise Unavailable("the connection broke", retry_after_s=3600)
        return real(*arguments, **more)

    monkeypatch.setattr(services, "apply_orders", break_once)
    poll()
    assert (numbers(), place_of_cursor() > 0) == (["20000"], True)

    with transaction() as session:
        flows.make_due(session, FLOW, channel="econocom", now=clock.now())
    work()

    assert numbers() == ["20000", "20001", "20002"]


def test_the_next_page_is_asked_for_while_one_is_stored_and_a_failure_there_keeps_what_was_stored(
    portal: Flask, econocom: BareShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        place(econocom, f"2000{number}")
    monkeypatch.setattr(shopware_orders_portal, "PAGE", 1)
    asked, overlaps = Event(), list[bool]()
    reads, applies = shopware_orders_portal._after, services.apply_orders

    def read(client: ShopwareClient, number: int) -> Any:
        if number:
            asked.set()
            raise Unavailable("the connection broke", retry_after_s=3600)
        return reads(client, number)

    def apply(*arguments: Any, **more: Any) -> services.Applied:
        overlaps.append(asked.wait(timeout=10))
        return applies(*arguments, **more)

    with monkeypatch.context() as broken:
        broken.setattr(shopware_orders_portal, "_after", read)
        broken.setattr(services, "apply_orders", apply)
        poll()
    assert (overlaps, numbers(), place_of_cursor() > 0) == ([True], ["20000"], True)

    with transaction() as session:
        flows.make_due(session, FLOW, channel="econocom", now=clock.now())
    work()

    assert numbers() == ["20000", "20001", "20002"]


def test_a_shop_that_stumbles_is_asked_again(portal: Flask, econocom: BareShop, world: SandboxHandle) -> None:
    place(econocom, "20009")
    stumbles = world.fault("econocom", "502", route="/api/search/order$", left=2)

    poll()

    assert (numbers(), stumbles.hits) == (["20009"], 2)


def test_what_nobody_reads_is_not_sent_and_all_that_is_read_is(portal: Flask, econocom: BareShop) -> None:
    place(econocom, "20010", customerComment="Ring twice")

    (whole,) = shops.client("econocom").search("order", {"associations": shopware.ASSOCIATIONS})
    (sent,) = shops.client("econocom").search("order", shopware.added_after(0))

    assert order_seen(shopware.ShopOrder.model_validate(sent)) == order_seen(shopware.ShopOrder.model_validate(whole))
    assert sent.keys() < whole.keys()
    parts = [part for name in ("lineItems", "transactions", "deliveries", "addresses") for part in sent[name]]
    unread = [part.keys() - {"apiAlias"} - set(shopware.INCLUDES[part["apiAlias"]]) for part in (sent, *parts)]
    assert unread == [set()] * 6


def numbers() -> list[str]:
    with transaction() as session:
        return list(session.execute(sa.select(Order.number).order_by(Order.number)).scalars())


def place_of_cursor() -> int:
    with transaction() as session:
        session.expire_all()
        return int(session.get_one(Cursor, (FLOW, "econocom")).place["auto"])


def test_payments_know_mollies_number(portal: Flask, econocom: BareShop) -> None:
    payload = place(econocom, "10013", customFields={"mollie_payments": {"payment_id": "tr_abc", "order_id": ""}})

    poll()

    (payment,) = of(OrderPayment, order("10013"))
    assert (payment.mollie_payment_id, payment.mollie_order_id) == ("tr_abc", None)
    assert payment.external_id == payload["transactions"][0]["id"]
