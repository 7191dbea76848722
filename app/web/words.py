"""Values as they are stored, in the user's language: one word each, wherever a page shows them."""

from __future__ import annotations

from app.web.lazy import lazy as _l

_WORDS = {
    # messages and runs
    "pending": _l("pending"),
    "delivered": _l("delivered"),
    "unchanged": _l("unchanged"),
    "superseded": _l("superseded"),
    "dead": _l("stopped"),
    "handled": _l("handled"),
    "running": _l("running"),
    "finished": _l("finished"),
    "failed": _l("failed"),
    "abandoned": _l("abandoned"),
    "in": _l("incoming"),
    "out": _l("outgoing"),
    "wake": _l("woken"),
    "sweep": _l("found by the sweep"),
    # lanes
    "fine": _l("fine"),
    "late": _l("needs a look"),
    "trouble": _l("not reachable"),
    "paused": _l("paused"),
    # listings
    "waiting": _l("waiting"),
    "listed": _l("listed"),
    "refused": _l("refused"),
    "withdrawn": _l("withdrawn"),
    # movements
    "offered": _l("offered"),
    "receipt": _l("receipt"),
    "count": _l("count"),
    "correction": _l("correction"),
    "shipment": _l("shipment"),
    "return": _l("return"),
    "transfer": _l("move"),
    # counts of stock
    "open": _l("open"),
    "booked": _l("booked"),
    "cancelled": _l("cancelled"),
    # appearance
    "system": _l("as the system"),
    "light": _l("light"),
    "dark": _l("dark"),
    # schemes, modes, roles, matches
    "regular": _l("regular"),
    "margin": _l("margin scheme"),
    "partial": _l("partial"),
    "full": _l("full"),
    "full_with_grace": _l("full with grace"),
    "agent": _l("Customer service"),
    "purchasing": _l("Purchasing"),
    "manager": _l("Manager"),
    "admin": _l("Administrator"),
    "item": _l("by item number"),
    "gtin": _l("by GTIN"),
    "mpn": _l("by manufacturer number"),
    "attributes": _l("by description"),
    "renamed": _l("by item number, described anew"),
    "person": _l("said by a person"),
}


def stored(value: str | None) -> str:
    """The word for a stored value; a value without one is shown as it is."""
    return "" if value is None else str(_WORDS.get(value, value))
