"""What follows from a write: the stock that an order takes, and the webhooks."""

from __future__ import annotations

from typing import Any

from sandbox.shopware import states, webhooks
from sandbox.shopware.shop import Shop
from sandbox.shopware.storage import Books
from sandbox.shopware.writes import Write


def follow(books: Books, shop: Shop, written: dict[str, list[Any]], write: Write) -> None:
    """Stock of new orders, and the events of what was written."""
    for id_, (_pointer, fields) in write.rows.get("order", {}).items():
        if "lineItems" in fields or any(
            f.get("orderId") == id_ for _p, f in write.rows.get("order_line_item", {}).values()
        ):
            states.move_stock(books, id_, -1)
            webhooks.queue(books, shop.identity, shop.base_url, "checkout.order.placed",
                           {"order": {"id": id_, "orderNumber": fields.get("orderNumber")}})  # fmt: skip
    for name in webhooks.WRITTEN & write.rows.keys():
        payload = [
            {"entity": name, "operation": "insert" if id_ in write.new[name] else "update", "primaryKey": id_,
             "updatedFields": sorted(fields)}
            for id_, (_pointer, fields) in write.rows[name].items()
        ]  # fmt: skip
        webhooks.queue(books, shop.identity, shop.base_url, f"{name}.written", payload)
    shop.count_written(written)
