"""What follows from a write: the stock that an order takes, and the webhooks."""

from __future__ import annotations

from typing import Any

from sandbox.shopware import mails, states, webhooks
from sandbox.shopware.constants import LIVE_VERSION
from sandbox.shopware.shop import Shop
from sandbox.shopware.storage import Books
from sandbox.shopware.writes import Write

_VERSIONED = ("product", "category", "order", "order_address")


def follow(books: Books, shop: Shop, written: dict[str, list[Any]], write: Write) -> None:
    """Stock of new orders, and the events of what was written."""
    for id_, (_pointer, fields) in write.rows.get("order", {}).items():
        if "lineItems" in fields or any(
            f.get("orderId") == id_ for _p, f in write.rows.get("order_line_item", {}).values()
        ):
            states.move_stock(books, id_, -1)
            webhooks.queue(books, shop.identity, shop.base_url, "checkout.order.placed",
                           {"order": {"id": id_, "orderNumber": fields.get("orderNumber")}})  # fmt: skip
            mails.about_order(books, shop.identity, mails.PLACED, id_)
    for name in webhooks.WRITTEN & write.rows.keys():
        payload = [_told(name, id_, changed, new=id_ in write.new[name])
                   for id_, changed in write.changed[name].items() if changed]  # fmt: skip
        if not payload:
            continue  # Who writes what is there already moves nothing.
        webhooks.queue(books, shop.identity, shop.base_url, f"{name}.written", payload)
    shop.count_written(written)


def _told(name: str, id_: str, changed: set[str], *, new: bool) -> dict[str, Any]:
    told = {"entity": name, "operation": "insert" if new else "update", "primaryKey": id_,
            "updatedFields": sorted(changed | {"createdAt" if new else "updatedAt"})}  # fmt: skip
    return told | ({"versionId": LIVE_VERSION} if name in _VERSIONED else {})
