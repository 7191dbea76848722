"""How each form of the portal is sent validly, and which row says afterwards that it was.

A route that takes POST and does not stand here fails the guard: add a line that calls it. A refused sign-in writes no
line: it is a row of sign_in_failure, which the throttle counts, and nobody is known to have done anything.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any, NamedTuple

from supplier_form import VALID
from whole_house import LISTINGS, WholeHouse

from app import clock
from app.auth.models import Audit
from app.db import Base
from app.flows.models import Message

PASSWORD = "correct horse battery staple"  # Of the administrator who sends.
NEW = "another staple of horses"
SECRET = "a secret of the shop"


class Post(NamedTuple):
    """`act`: of the audit line; None: `kept` says why there is none, and `rows` gets a row instead."""

    path: str
    data: Any
    act: str | None
    headers: dict[str, str] = {}  # noqa: RUF012  # Never changed.
    rows: type[Base] = Audit
    kept: str = ""


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
    "stock.move": lambda house: Post(
        f"/stock/{house.variant.id}/move", {"kind": "receipt", "quantity": "1", "reason": "found"}, "stock.move"
    ),
    "flows.pause": lambda _: Post(f"/flows/{LISTINGS}/pause", {"channel": "econocom", "paused": "yes"}, "flows.pause"),
    "flows.wake": lambda _: Post(f"/flows/{LISTINGS}/wake", {}, "flows.wake"),
    "flows.replay_all": lambda _: Post(f"/flows/{LISTINGS}/replay", {}, "messages.replay_all"),
    "flows.replay": lambda house: Post(f"/messages/{house.message.id}/replay", {}, "messages.replay"),
    "flows.handled": lambda house: Post(f"/messages/{house.message.id}/handled", {}, "messages.handled"),
    "webhooks.shopware": _delivery,
}  # fmt: skip
