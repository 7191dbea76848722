"""A supplier's dictionary, in the user's language."""

from __future__ import annotations

from flask_babel import format_decimal
from flask_babel import gettext as _

from app.offers.cells import NO_COLOUR
from app.suppliers.dictionary import CHOICES
from app.web.lazy import lazy as _l

KIND_NAMES = {
    "grade": _l("Condition"),
    "availability": _l("Availability"),
    "colour": _l("Colour"),
    "storage": _l("Size"),
    "vat": _l("VAT scheme"),
    "currency": _l("Currency"),
}


def kind(name: str) -> str:
    """What the word is about, for people."""
    return str(KIND_NAMES.get(name, name))


def meaning(kind: str, value: str | None) -> str:
    """What a word means, for people; a dash for a word that nobody has explained yet."""
    if value is None:
        return "–"
    if kind == "availability":
        return _("%(number)s pieces", number=format_decimal(int(value)))
    if kind == "storage":
        return _("%(number)s GB", number=format_decimal(int(value)))
    return {
        ("grade", "defect"): _("defect, never sold"),
        ("colour", NO_COLOUR): _("no colour"),
        ("vat", "regular"): _("Regular VAT"),
        ("vat", "margin"): _("Margin scheme"),
    }.get((kind, value), value)


def choices(kind: str) -> list[tuple[str, str]]:
    """What a word of this kind can mean, value and text; nothing for kinds that mean a number."""
    return [(value, meaning(kind, value)) for value in CHOICES.get(kind, ())]


def unit(kind: str) -> str:
    """What a number stands for, of the kinds that mean one."""
    return {"availability": _("pieces"), "storage": _("GB")}.get(kind, "")
