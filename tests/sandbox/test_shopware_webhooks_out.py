"""What a sandbox shop delivers to its app: signed, retried, and in the end given up (contract, section 9)."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread
from typing import Any

import pytest

from sandbox.testing import BareShop, SandboxHandle


@dataclass(slots=True)
class App:
    """A receiver that answers what it is told to, and keeps what came."""

    address: str
    answer: int = 200
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    moved: Condition = field(default_factory=Condition)

    def wait_for(self, count: int) -> list[dict[str, Any]]:
        """The bodies, once there are so many."""
        with self.moved:
            assert self.moved.wait_for(lambda: len(self.came) >= count, timeout=20), f"{len(self.came)} came"
            return [json.loads(raw) for _headers, raw in self.came]


@contextmanager
def listening() -> Iterator[App]:
    app = App("")

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(app.answer)
            self.send_header("Content-Length", "0")
            self.end_headers()
            with app.moved:
                app.came.append((dict(self.headers.items()), raw))
                app.moved.notify_all()

        def log_message(self, *_args: object) -> None:
            """Tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    app.address = f"http://127.0.0.1:{server.server_port}/door"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield app
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


@pytest.fixture
def receiver(shop: BareShop, world: SandboxHandle) -> Iterator[App]:
    """The shop's app, subscribed to everything."""
    with listening() as made:
        with world.sandbox.shops[shop.code].storage.transaction() as books:
            books.connection.execute(
                "UPDATE entity SET doc = doc || jsonb_build_object('url', %s::text) WHERE name = 'webhook'",
                (made.address,),
            )
        yield made


def webhook(shop: BareShop) -> dict[str, Any]:
    found: dict[str, Any] = shop.search("webhook", filter={"eventName": "product.written"})["data"][0]
    return found


def test_a_write_is_delivered_signed_over_its_raw_bytes(shop: BareShop, receiver: App, world: SandboxHandle) -> None:
    shop.sync(shop.product("Ä/1")).raise_for_status()

    (body,) = receiver.wait_for(1)

    headers, raw = receiver.came[0]
    secret = world.shop(shop.code).app_secret.encode()
    assert headers["shopware-shop-signature"] == hmac.new(secret, raw, hashlib.sha256).hexdigest()
    assert b"http:\\/\\/" in raw  # As PHP writes it.
    assert body["data"]["event"] == "product.written"
    (entry,) = body["data"]["payload"]
    assert (entry["entity"], entry["primaryKey"]) == ("product", shop.product("Ä/1")["id"])
    assert "stock" in entry["updatedFields"]
    assert body["source"].keys() == {"url", "eventId", "shopId", "appVersion"}
    assert webhook(shop)["errorCount"] == 0


def test_a_delivery_that_fails_comes_again_under_its_own_id(shop: BareShop, receiver: App) -> None:
    receiver.answer = 500
    shop.sync(shop.product("A")).raise_for_status()
    receiver.wait_for(1)
    receiver.answer = 200

    first, second = receiver.wait_for(2)

    assert first["source"]["eventId"] == second["source"]["eventId"]
    assert second["timestamp"] >= first["timestamp"]
    assert webhook(shop)["active"] is True


def test_a_door_that_stays_shut_is_given_up_after_ten_lost_deliveries(
    shop: BareShop, receiver: App, world: SandboxHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.shopware.webhooks.RETRY_S", (0, 0, 0))
    receiver.answer = 500
    for number in range(10):
        shop.sync(shop.product(f"A{number}")).raise_for_status()

    receiver.wait_for(40)  # Ten deliveries, four times each.

    for _ in range(100):
        if not webhook(shop)["active"]:
            break
        receiver.moved.acquire()
        receiver.moved.wait(0.05)
        receiver.moved.release()
    assert (webhook(shop)["active"], webhook(shop)["errorCount"]) == (False, 10)
    shop.sync(shop.product("B")).raise_for_status()
    with world.sandbox.shops[shop.code].storage.transaction() as books:
        assert (
            books.connection.execute("SELECT 1 FROM webhook_log WHERE state IN ('queued', 'running')").fetchone()
            is None
        )


@pytest.mark.parametrize(("kind", "deliveries"), [("webhook_duplicate", 2), ("webhook_drop", 0)])
def test_the_switches_for_deliveries(
    shop: BareShop, receiver: App, world: SandboxHandle, kind: str, deliveries: int
) -> None:
    fault = world.fault(shop.code, kind, left=1)

    shop.sync(shop.product("A")).raise_for_status()
    shop.sync(shop.product("B")).raise_for_status()

    bodies = receiver.wait_for(deliveries + 1)
    assert fault.hits == 1
    ids = [body["data"]["payload"][0]["primaryKey"] for body in bodies]
    assert ids == [shop.product("A")["id"]] * deliveries + [shop.product("B")["id"]]
