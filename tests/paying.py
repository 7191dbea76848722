"""Customers who buy in sandbox shops and pay at the sandbox Mollie, and a portal that is connected to all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from mollie_calls import BareMollie, bare_mollie
from small_assortment import Assortment

from app import clock
from app.channels.models import Channel
from app.db import transaction
from app.flows import services as flows
from app.flows.models import Message
from app.orders.models import Order
from app.payments.models import MoneyEntry, OrderMoney
from app.settings import MollieAccess, MollieOrganisation, Shop
from jobs import ledger, mollie_accounts, shops
from sandbox.testing import BareShop, SandboxHandle, bare_shop, hexid

FLOW, ORDERS, REPAIRS = "mollie.payments.portal", "shopware.orders.portal", "portal.payment-states.shopware"
CHANNELS = ("refurbished-direct", "econocom")
TOKEN = "nobody-guesses-this"  # Of a test.
TOTAL = Decimal("121.00")


@pytest.fixture
def paying(committed: Flask, world: SandboxHandle) -> Iterator[Flask]:
    """The portal, connected to both shops and to Mollie; Econocom's states are ours to move."""
    before = committed.extensions["settings"]
    reached = {
        code: Shop(base_url=shop.base_url, client_id=shop.client_id, client_secret=shop.client_secret)  # type: ignore[arg-type]
        for code in CHANNELS for shop in (world.shop(code),)
    }  # fmt: skip
    keys = {
        code: MollieAccess(
            base_url=world.mollie.base_url, api_key=world.mollie.key(code), webhook_token=TOKEN,  # type: ignore[arg-type]
            profile_id=world.mollie.profile_id(code), bridge="portal" if code == "econocom" else "storefront",
        )
        for code in CHANNELS
    }  # fmt: skip
    organisation = MollieOrganisation(
        base_url=world.mollie.base_url, token=world.mollie.organisation_token, mode="test",  # type: ignore[arg-type]
        webhook_secrets=[world.mollie.webhook_secret("econocom")],  # type: ignore[list-item]
    )  # fmt: skip
    changed = {"shops": reached, "mollie": keys, "mollie_organisation": organisation, "payment_grace_seconds": 0}
    committed.extensions["settings"] = before.model_copy(update=changed)
    shops._client.cache_clear()
    mollie_accounts._client.cache_clear()
    with transaction() as session:
        Assortment(session).variant("SKU-1")
    yield committed
    committed.extensions["settings"] = before


@dataclass(frozen=True, slots=True)
class Trade:
    """A shop and its Mollie profile, and what their customers do."""

    shop: BareShop
    mollie: BareMollie

    def pays(self, number: str, *attempts: str, **facts: Any) -> list[str]:
        """Order `number` over 121.00 with a payment for each attempt; returns Mollie's ids."""
        ids = []
        payload = self.shop.order(number)
        (plain,) = payload["transactions"]
        made = []
        for name in attempts or ("a",):
            attempt = hexid(f"payment:{number}:{name}")
            fields = {
                "amount": {"currency": "EUR", "value": "121.00"}, "description": number,
                "metadata": {"shopwareOrderNumber": number},
                "webhookUrl": f"{self.shop.http.base_url}/mollie/webhook/{attempt}", **facts,
            }  # fmt: skip
            ids.append(self.mollie.payment(**fields)["id"])
            made.append({**plain, "id": attempt, "customFields": {"mollie_payments": {"payment_id": ids[-1]}}})
        self.shop.post("order", {**payload, "transactions": made}).raise_for_status()
        return ids

    def act(self, id_: str, act: str, **values: Any) -> None:
        self.mollie.handle.act(id_, act, **values)

    def state(self, number: str, name: str = "a") -> str:
        """Of an attempt, in the shop."""
        criteria = {"ids": [hexid(f"payment:{number}:{name}")], "associations": {"stateMachineState": {}}}
        (row,) = self.shop.search("order-transaction", **criteria)["data"]
        return str(row["stateMachineState"]["technicalName"])

    def move(self, number: str, action: str, name: str = "a") -> None:
        id_ = hexid(f"payment:{number}:{name}")
        self.shop.post(f"_action/order_transaction/{id_}/state/{action}", {"sendMail": False}).raise_for_status()


@pytest.fixture
def econocom(paying: Flask, world: SandboxHandle) -> Iterator[Trade]:
    shop = bare_shop(world, "econocom")
    with bare_mollie(world.mollie, world.mollie.key("econocom")) as mollie:
        yield Trade(shop, mollie)
    shop.http.close()


@pytest.fixture
def direct(paying: Flask, world: SandboxHandle) -> Iterator[Trade]:
    shop = bare_shop(world, "refurbished-direct")
    with bare_mollie(world.mollie, world.mollie.key("refurbished-direct")) as mollie:
        yield Trade(shop, mollie)
    shop.http.close()


def tick(*names: str) -> None:
    """What the schedule does, worked to the end."""
    for name in names or (ORDERS, FLOW):
        now = clock.now()
        with transaction() as session:
            flows.receive(session, name, key=now.isoformat(), delivery_id=f"tick:{now.isoformat()}",
                          body={"due_at": now.isoformat()}, now=now)  # fmt: skip
        work(name)


def work(*names: str) -> None:
    for name in names or (FLOW, REPAIRS, ORDERS):
        ledger.drain(name)
        ledger.drain(name)


def money(number: str, channel: str = "econocom") -> OrderMoney:
    with transaction() as session:
        session.expire_all()
        return session.execute(
            sa.select(OrderMoney).join(Order, Order.id == OrderMoney.order_id).join(Channel)
            .where(Order.number == number, Channel.code == channel)
        ).scalar_one()  # fmt: skip


def kinds(found: OrderMoney) -> list[str]:
    return [one["kind"] for one in found.problems]


def booked() -> list[tuple[str, Decimal]]:
    with transaction() as session:
        return [
            (row.kind, row.amount) for row in session.execute(sa.select(MoneyEntry).order_by(MoneyEntry.id)).scalars()
        ]


def messages(flow: str = FLOW) -> list[Message]:
    with transaction() as session:
        session.expire_all()
        return list(session.execute(sa.select(Message).where(Message.flow == flow).order_by(Message.id)).scalars())
