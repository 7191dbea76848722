"""Words of the catalogue in the user's language."""

from __future__ import annotations

from app.web.lazy import lazy as _l

CATEGORIES = [
    ("phone", _l("Phones")), ("tablet", _l("Tablets")), ("notebook", _l("Notebooks")), ("desktop", _l("Desktops")),
    ("monitor", _l("Monitors")),
]  # fmt: skip


def category_name(category: str) -> str:
    """The category for people; one that has no word is shown as it is."""
    return str(dict(CATEGORIES).get(category, category))
