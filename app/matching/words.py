"""Sentences about matches, in the user's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from app.web.lazy import lazy as _l
from app.web.words import stored

REASONS = {
    "contradiction": _l("Contradictions"),
    "several": _l("Several fit"),
    "unsure": _l("Not sure enough"),
    "grade": _l("Other grade"),
    "new": _l("Not in the catalogue"),
    "open": _l("Something is missing"),
    "unread": _l("No device"),
}
FACTS = {
    "maker": _l("maker"),
    "line": _l("line"),
    "model": _l("model"),
    "storage": _l("storage"),
    "storage_kind": _l("kind of disk"),
    "memory": _l("memory"),
    "processor": _l("processor"),
    "colour": _l("colour"),
    "connectivity": _l("connectivity"),
    "keyboard": _l("keyboard"),
    "screen": _l("screen"),
    "whole_device": _l("a whole device"),
    "network_lock": _l("network lock"),
}
_KINDS = {
    "phone": _l("phone"),
    "tablet": _l("tablet"),
    "notebook": _l("notebook"),
    "desktop": _l("desktop"),
    "monitor": _l("monitor"),
}
_UNITS = {"storage": " GB", "memory": " GB"}


def reason(name: str) -> str:
    """Why a person is asked."""
    return str(REASONS.get(name, name))


def kind(name: str | None) -> str:
    """A kind of device."""
    return str(_KINDS.get(name or "", name or ""))


def fact(name: str) -> str:
    """What a fact is about."""
    return str(FACTS.get(name, name))


def value(name: str, text: str) -> str:
    """A fact's value with its unit."""
    return {"wifi": "Wi-Fi", "cellular": _("cellular"), "ssd": "SSD", "hdd": "HDD"}.get(text, text) + (
        _UNITS.get(name, "") if text else ""
    )


def why(evidence: Mapping[str, Any] | None) -> str:
    """Why a line was matched, or not, in one sentence."""
    if not evidence:
        return _("Matched before evidence was kept.")
    parts = []
    if evidence.get("methods"):
        parts.append(", ".join(stored(method) for method in evidence["methods"]))
    if evidence.get("agreed"):
        parts.append(_("agrees: %(facts)s", facts=_listed(evidence["agreed"])))
    if evidence.get("missing"):
        parts.append(_("not said: %(facts)s", facts=_listed(evidence["missing"])))
    if evidence.get("contradicted"):
        differing = "; ".join(contradiction(name, *pair) for name, pair in evidence["contradicted"].items())
        parts.append(_("contradicts: %(facts)s", facts=differing))
    if evidence.get("others"):
        parts.append(_("%(number)s others fit too", number=evidence["others"]))
    return " · ".join(parts)


def _listed(names: list[str]) -> str:
    return ", ".join(fact(name) for name in names)


def contradiction(name: str, ours: str, theirs: str) -> str:
    """`storage: ours 128 GB, the line 256 GB`."""
    if not ours:
        return f"{fact(name)}: {theirs}"
    return _("%(fact)s: ours %(ours)s, the line %(theirs)s", fact=fact(name), ours=value(name, ours),
             theirs=value(name, theirs))  # fmt: skip
