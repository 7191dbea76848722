"""How a shop is reached, and where its versions differ."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Machine = Literal["order", "order_transaction", "order_delivery"]

# The same on every shop, whatever currency and language these are.
DEFAULT_CURRENCY_ID = "b7d2554b0ce847cd82f3ac9bd1c0dfca"
DEFAULT_LANGUAGE_ID = "2fbb5fe2e29a4d70aa5854ce7ce3e20b"
STOREFRONT_TYPE_ID = "8a243080f92e4c719546314b577cf82b"


@dataclass(frozen=True, slots=True)
class ShopwareShop:
    """One shop. `sales_channel_id` is needed only where the shop has several active storefronts."""

    base_url: str
    client_id: str
    client_secret: str = field(repr=False)
    sales_channel_id: str | None = None


class ShopVersion(NamedTuple):
    """What `_info/version` says, such as `6.6.7.1`."""

    number: str

    @property
    def is_67(self) -> bool:
        """6.7 or newer."""
        parts = [int(part) for part in re.findall(r"\d+", self.number)[:2]]
        return parts >= [6, 7]


# 6.7 dropped the doubles on the right; 6.6 knows some steps only under them (`reminded` has no `paid`), and an upgraded
# shop has both for a while. So the name on the left is sent first, whatever the version.
_OLDER_NAMES = {"paid": "pay", "paid_partially": "pay_partially", "process": "do_pay"}

_TARGETS: Mapping[Machine, Mapping[str, str]] = {
    "order": {"process": "in_progress", "complete": "completed", "cancel": "cancelled", "reopen": "open"},
    "order_delivery": {
        "ship": "shipped",
        "ship_partially": "shipped_partially",
        "retour": "returned",
        "retour_partially": "returned_partially",
        "cancel": "cancelled",
        "reopen": "open",
    },
    "order_transaction": {
        "paid": "paid",
        "pay": "paid",
        "paid_partially": "paid_partially",
        "pay_partially": "paid_partially",
        "process": "in_progress",
        "do_pay": "in_progress",
        "process_unconfirmed": "unconfirmed",
        "authorize": "authorized",
        "remind": "reminded",
        "refund": "refunded",
        "refund_partially": "refunded_partially",
        "chargeback": "chargeback",
        "fail": "failed",
        "cancel": "cancelled",
        "reopen": "open",
    },
}


def action_names(machine: Machine, action: str) -> list[str]:
    """The names under which a shop may know an action, in the order to try them."""
    older = _OLDER_NAMES.get(action) if machine == "order_transaction" else None
    return [action] if older is None else [action, older]


def target_state(machine: Machine, action: str) -> str | None:
    """The state an action leads to; None for an action that a plugin added."""
    return _TARGETS[machine].get(action)
