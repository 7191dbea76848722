"""How each form of the portal is sent validly, and which row says afterwards that it was.

A route that takes POST and does not stand here fails the guard: add a line that calls it. A refused sign-in writes no
line: it is a row of sign_in_failure, which the throttle counts, and nobody is known to have done anything.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

from supplier_form import VALID
from whole_house import LISTINGS, WholeHouse

from app import clock
from app.auth.models import Audit
from app.db import Base
from app.flows.models import Message
from sandbox.testing import hexid

PASSWORD = "correct horse battery staple"  # Of the administrator who sends.
NEW = "another staple of horses"
SECRET = "a secret of the shop"
KEY = "0123456789abcdef0123456789abcdef"


class Post(NamedTuple):
    """`act`: of the audit line; None: `kept` says why there is none, and `rows` gets a row instead."""

    path: str
    data: Any
    act: str | None
    headers: dict[str, str] = {}  # noqa: RUF012  # Never changed.
    rows: type[Base] = Audit
    kept: str = ""
    also: tuple[str, ...] = ()  # Further acts that it is made of, each with a line of its own, before `act`.


def _delivery(_house: WholeHouse) -> Post:
    body = {
        "data": {"payload": [{"entity": "product", "operation": "update", "primaryKey": "a" * 32}],
                 "event": "product.written"},
        "source": {"url": "https://shop.example", "eventId": "e1", "shopId": "s1"},
        "timestamp": int(clock.now().timestamp()),
    }  # fmt: skip
    raw = json.dumps(body).encode()
    signature = hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
    return Post("/webhooks/shopware/econocom", raw, None, {"shopware-shop-signature": signature}, Message,
                "The delivery itself is kept, with its sender and time: a person did nothing.")  # fmt: skip


def _event(house: WholeHouse) -> Post:
    raw = json.dumps({"resource": "event", "id": "event_1", "type": "payment.paid", "entityId": "tr_1"}).encode()
    signature = hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
    return Post("/webhooks/mollie-events", raw, None, {"X-Mollie-Signature": f"sha256={signature}"}, Message,
                "The event itself is kept, with its time: a person did nothing.")  # fmt: skip


def _transfer(house: WholeHouse) -> Post:
    here, there = house.warehouse_id, house.another_warehouse()
    house.receive(house.warehouse_id)
    form = {"source": str(here), "target": str(there), "moving": "1", "why": "moved"}
    return Post(f"/stock/{house.variant.id}/transfer", form, "stock.transfer")


def _sftp(house: WholeHouse) -> dict[str, str]:
    place = {name: str(value) for name, value in house.feed.place.items()}
    return place | {"name": "Out", "pattern": "stock*.csv", "every_minutes": "60", "version": str(house.feed.version)}


def _draft(house: WholeHouse) -> Post:
    house.without_draft()
    return Post("/pricing/versions/draft", {}, "pricing.draft")


def _rule(house: WholeHouse) -> str:
    return f"/pricing/versions/{house.draft_id}/rules/{house.rule.id}"


RULE = {"name": "Ribbons", "kind": "cost", "component": "packaging", "eur": "0,50", "channel": "", "active": "y"}
USER = {"name": "Anna", "role": "agent"}
SIGN_IN = {"email": "admin@example.com", "password": PASSWORD}
PROFILE = {"name": "Ahmed", "locale": "en", "theme": "dark"}

POSTS: dict[str, Callable[[WholeHouse], Post]] = {
    "auth.sign_in": lambda _: Post("/sign-in", SIGN_IN, "users.sign_in"),
    "auth.sign_out": lambda _: Post("/sign-out", {}, "users.sign_out"),
    "auth.save_profile": lambda _: Post("/account", PROFILE, "users.profile"),
    "auth.save_password": lambda _: Post("/account/password", {"old": PASSWORD, "new": NEW}, "users.password"),
    "auth.end_sessions": lambda _: Post("/account/sessions/end", {}, "users.end_sessions"),
    "auth.switch": lambda _: Post("/account/switch", {"theme": "dark"}, "users.profile"),
    "admin.create": lambda _: Post(
        "/settings/users/new", USER | {"email": "a@example.com", "password": PASSWORD}, "users.add"
    ),
    "admin.edit": lambda house: Post(f"/settings/users/{house.user.id}", USER | {"active": "y"}, "users.update"),
    "customers.same": lambda house: Post(
        f"/customers/{house.customer_id}/same", {"other": str(house.neighbour())}, "customers.merge"
    ),
    "customers.apart": lambda house: Post(
        f"/customers/{house.customer_id}/apart", {"other": str(house.neighbour())}, "customers.apart"
    ),
    "customers.undo": lambda house: Post(f"/customers/merges/{house.merge_id}/undo", {}, "customers.undo"),
    "suppliers.create": lambda _: Post("/suppliers/new", VALID | {"code": "new"}, "suppliers.create"),
    "suppliers.edit": lambda house: Post(
        f"/suppliers/{house.supplier.id}/edit", VALID | {"version": str(house.supplier.version)}, "suppliers.update"
    ),
    "suppliers.decide": lambda house: Post(
        f"/suppliers/{house.supplier.id}/words/{house.word.id}", {"value": "A"}, "suppliers.word"
    ),
    "offers.upload": lambda house: Post(
        "/offers/upload", {"supplier_id": str(house.supplier.id), "file": house.upload()}, "offers.receive"
    ),
    "offers.sheet": lambda house: Post(f"/offers/{house.workbook().id}/sheet", {"sheet": "More"}, "offers.sheet"),
    "offers.columns": lambda house: Post(
        f"/offers/{house.offer_file('columns', 'asking').id}/columns", {"column-0": "item_number"}, "offers.columns"
    ),
    "offers.decide_words": lambda house: Post(
        f"/offers/{house.file.id}/words", {f"word-{house.word.id}": "A"}, "suppliers.word"
    ),
    "offers.accept": lambda house: Post(f"/offers/{house.file.id}/accept", {}, "offers.accept"),
    "offers.approve": lambda house: Post(
        f"/offers/{house.held_file().id}/approve", {"reason": "They sold a warehouse."}, "offers.approve"
    ),
    "offers.undo": lambda house: Post(f"/offers/{house.applied_file().id}/undo", {}, "offers.undo"),
    "offers.cancel": lambda house: Post(f"/offers/{house.file.id}/cancel", {}, "offers.cancel"),
    "feeds.create": lambda house: Post(
        f"/suppliers/{house.supplier.id}/feeds/new?kind=url",
        {"name": "Site", "url": "https://foxway.example/list.csv", "auth": "basic", "user": "iused", "secret": "s3cret",
         "at_times": "7:00", "active": "y"}, "feeds.create",
    ),
    "feeds.edit": lambda house: Post(f"/feeds/{house.feed.id}/edit", _sftp(house), "feeds.update"),
    "feeds.fetch": lambda house: Post(f"/feeds/{house.feed.id}/fetch", {}, "feeds.fetch"),
    "feeds.test": lambda house: Post(f"/feeds/{house.feed.id}/test", {}, "feeds.test"),
    "feeds.confirm_host_key": lambda house: Post(
        f"/feeds/{house.feed.id}/host-key", {"fingerprint": "SHA256:x"}, "feeds.host_key"
    ),
    "feeds.delete": lambda house: Post(f"/feeds/{house.feed.id}/delete", {}, "feeds.delete"),
    "stock.move": lambda house: Post(
        f"/stock/{house.variant.id}/move",
        {"kind": "receipt", "quantity": "1", "reason": "found", "location": str(house.warehouse_id)}, "stock.move",
    ),
    "stock.transfer": _transfer,
    "stock.sync_variant": lambda house: Post(f"/stock/{house.variant.id}/sync", {}, "channels.sync"),
    "stock.sync_channel": lambda _: Post(
        "/stock/channels/econocom/sync", {}, "channels.sync", also=("messages.replay_all",)
    ),
    "stock.start_count": lambda house: Post(
        "/stock/counts", {"location": str(house.another_warehouse())}, "stock.count_start"
    ),
    "stock.record_count": lambda house: Post(
        f"/stock/counts/{house.count_id}/lines", {f"counted.{house.variant.id}": "3", f"was.{house.variant.id}": ""},
        "stock.count_note",
    ),
    "stock.paste_count": lambda house: Post(
        f"/stock/counts/{house.count_id}/list", {"lines": f"{house.variant.sku} 3"}, "stock.count_note"
    ),
    "stock.finish_count": lambda house: Post(
        f"/stock/counts/{house.count_id}/finish", {"reason": "miscounted"}, "stock.count_book"
    ),
    "stock.cancel_count": lambda house: Post(f"/stock/counts/{house.count_id}/cancel", {}, "stock.count_cancel"),
    "stock.create_location": lambda _: Post("/stock/locations", {"name": "Attic"}, "stock.location"),
    "stock.rename_location": lambda house: Post(
        f"/stock/locations/{house.warehouse_id}/rename", {"name": "Cellar"}, "stock.location"
    ),
    "stock.add_reason": lambda _: Post("/stock/reasons", {"name": "Eaten by mice"}, "stock.reason"),
    "stock.retire_reason": lambda house: Post(f"/stock/reasons/{house.reason.id}/retire", {}, "stock.reason"),
    "stock.set_buffer": lambda house: Post(
        "/stock/buffers", {"variant_id": str(house.variant.id), "pieces": "1"}, "stock.buffer"
    ),
    "stock.set_terms": lambda _: Post(
        "/stock/allocation/econocom", {"share_percent": "50", "min_shown": "1"}, "channels.allocation"
    ),
    "pins.pin": lambda house: Post(
        f"/pricing/pins/of/{house.variant.id}",
        {"offer_id": str(house.offer_of_variant()), "until": str(clock.now().date() + timedelta(days=3)),
         "reason": "They deliver."}, "pricing.pin",
    ),
    "pins.unpin": lambda house: Post(f"/pricing/pins/of/{house.pinned()}/end", {}, "pricing.unpin"),
    "pricing.begin_draft": _draft,
    "pricing.simulate": lambda house: Post(f"/pricing/versions/{house.draft_id}/simulate", {}, "pricing.simulate"),
    "pricing.publish": lambda house: Post(
        f"/pricing/versions/{house.simulated()}/publish", {"note": "Because.", "first": "percent:5"},
        "pricing.ask_publish",
    ),
    "pricing.approve": lambda house: Post(
        f"/pricing/versions/{house.simulated(asked=True)}/approve", {}, "pricing.approve"
    ),
    "pricing.publish_rest": lambda house: Post(
        f"/pricing/versions/{house.staged()}/rest", {}, "pricing.publish_rest"
    ),
    "pricing.withdraw": lambda house: Post(f"/pricing/versions/{house.staged()}/withdraw", {}, "pricing.withdraw"),
    "pricing.discard": lambda house: Post(f"/pricing/versions/{house.draft_id}/discard", {}, "pricing.discard"),
    "pricing.revert": lambda house: Post(
        f"/pricing/versions/{house.retired()}/revert", {}, "pricing.simulate", also=("pricing.proposed",)
    ),
    "pricing.add_rule": lambda house: Post(
        f"/pricing/versions/{house.draft_id}/rules/new", RULE | {"edition": house.edition()}, "pricing.rule"
    ),
    "pricing.save_rule": lambda house: Post(
        _rule(house), RULE | {"edition": house.edition()}, "pricing.rule"
    ),
    "pricing.move_rule": lambda house: Post(
        f"{_rule(house)}/move", {"to": "up", "edition": house.edition()}, "pricing.rule_move"
    ),
    "pricing.switch_rule": lambda house: Post(
        f"{_rule(house)}/switch", {"to": "off", "edition": house.edition()}, "pricing.rule_switch"
    ),
    "pricing.remove_rule": lambda house: Post(
        f"{_rule(house)}/remove", {"edition": house.edition()}, "pricing.rule_remove"
    ),
    "pricing.name_price": lambda house: Post(
        f"/pricing/of/{house.variant.id}/name",
        {"channel": str(house.trade.shops[1].id), "gross": "450,50", "reason": "A fair.",
         "until": str(clock.now().date() + timedelta(days=3))}, "pricing.override",
    ),
    "pricing.agree_to_price": lambda house: Post(
        f"/pricing/named/{house.override.id}/agree", {}, "pricing.override_agree"
    ),
    "pricing.end_price": lambda house: Post(f"/pricing/named/{house.override.id}/end", {}, "pricing.override_end"),
    "pricing.enter_sale": lambda house: Post(
        "/pricing/register",
        {"channel": str(house.trade.shops[0].id), "reference": "by hand", "sku": house.variant.sku, "quantity": "1",
         "gross": "300", "purchase": "200", "scheme": "margin", "sold_on": "2026-01-02"}, "pricing.sale",
    ),
    "matching.answer": lambda house: Post(f"/offers/matches/{house.question.id}", {"act": "skip"}, "matching.skip"),
    "matching.make": lambda house: Post("/offers/matches/new", house.makeable(), "catalog.make"),
    "matching.undo_batch": lambda house: Post(f"/offers/matches/batches/{house.batch.id}/undo", {}, "catalog.undo"),
    "matching.forget": lambda house: Post(f"/offers/matches/learned/{house.item.id}/forget", {}, "matching.forget"),
    "lists.keep_view": lambda _: Post("/lists/orders/views", {"name": "Late", "payment": "paid"}, "views.keep"),
    "lists.change_view": lambda house: Post(
        f"/lists/views/{house.ids['view_id']}/change", {"payment": "open", "version": "1"}, "views.change"
    ),
    "lists.rename_view": lambda house: Post(
        f"/lists/views/{house.ids['view_id']}/rename", {"name": "Ours", "shared": "1", "version": "1"}, "views.rename"
    ),
    "lists.forget_view": lambda house: Post(
        f"/lists/views/{house.ids['view_id']}/forget", {"version": "1"}, "views.forget"
    ),
    "lists.export": lambda _: Post("/lists/orders/exports", {"format": "xlsx", "payment": "paid"}, "lists.export"),
    "lists.bulk": lambda house: Post("/lists/orders/bulk", {"act": "note", "id": str(house.order_id)}, "bulk.preview"),
    "lists.bulk_start": lambda house: Post(
        f"/lists/bulk/{house.bulk_act('preview')}/start", {"text": "Call back"}, "bulk.start"
    ),
    "lists.bulk_again": lambda house: Post(f"/lists/bulk/{house.bulk_act('done', 'failed')}/again", {}, "bulk.again"),
    "lists.bulk_stop": lambda house: Post(f"/lists/bulk/{house.bulk_act('running')}/stop", {}, "bulk.stop"),
    "lists.stop_export": lambda house: Post(
        f"/lists/exports/{house.export('running').id}/stop", {}, "lists.export_stop"
    ),
    "lists.bulk_undo": lambda house: Post(f"/lists/bulk/{house.bulk_act('done', 'done')}/undo", {}, "bulk.undo"),
    "lists.begin_with": lambda house: Post("/lists/orders/begin", {"with": str(house.ids["view_id"])}, "views.begin"),
    "flows.pause": lambda _: Post(f"/flows/{LISTINGS}/pause", {"channel": "econocom", "paused": "yes"}, "flows.pause"),
    "flows.wake": lambda _: Post(f"/flows/{LISTINGS}/wake", {}, "flows.wake"),
    "flows.replay_all": lambda _: Post(f"/flows/{LISTINGS}/replay", {}, "messages.replay_all"),
    "flows.replay": lambda house: Post(f"/messages/{house.message.id}/replay", {}, "messages.replay"),
    "flows.handled": lambda house: Post(f"/messages/{house.message.id}/handled", {}, "messages.handled"),
    "webhooks.shopware": _delivery,
    "webhooks.mollie": lambda _: Post(
        "/webhooks/mollie/econocom/guessed", {"id": "tr_1"}, None, rows=Message,
        kept="The call itself is kept, with its time: a person did nothing.",
    ),
    "webhooks.mollie_events": _event,
    "payments.refund": lambda house: Post(
        f"/orders/{house.order_id}/refund",
        {"key": KEY, "payment": str(house.payment_id()), "sum": "amount", "amount": "7,00", "sure": "7.00",
         "reason": "goodwill"}, "refunds.request",
    ),
    "payments.decide": lambda house: Post(
        f"/payments/refunds/{house.refund()}/decide", {"agreed": "y"}, "refunds.agree"
    ),
    "payments.see_to": lambda house: Post(
        f"/payments/refunds/{house.refund('failed')}/seen-to", {}, "refunds.see_to"
    ),
    "payments.repair": lambda house: Post(
        f"/orders/{house.order_id}/repair", {"attempt": house.apart(), "way": "move", "key": KEY}, "orders.repair"
    ),
    "payments.ask": lambda house: Post(f"/orders/{house.order_id}/ask", {}, "orders.ask"),
    "orders.cancel": lambda house: Post(
        f"/orders/{house.unsent()}/cancel", {"key": KEY, "reason": "wanted by the customer"}, "orders.cancel"
    ),
    "orders.address": lambda house: Post(
        f"/orders/{house.unsent()}/address/{hexid('address')}",
        {"key": KEY, "name": "Ada Jansen", "street": "Dam 2", "zipcode": "1012 JS", "city": "Amsterdam",
         "country": "NL", "reason": "a typing error"}, "orders.address",
    ),
    "orders.resend": lambda house: Post(f"/orders/{house.order_id}/resend", {"key": KEY}, "orders.resend"),
    "orders.add_serial": lambda house: Post(
        f"/orders/{house.order_id}/lines/{house.line_id()}/serials", {"serial": "C8QXK0AAA1"}, "orders.serial_add"
    ),
    "orders.remove_serial": lambda house: Post(
        f"/orders/{house.order_id}/serials/{house.serial_id()}/remove", {}, "orders.serial_remove"
    ),
    "orders.decide": lambda house: Post(
        f"/orders/acts/{house.act().id}/decide", {"agreed": "y"}, "orders.cancel.agree"
    ),
}  # fmt: skip
