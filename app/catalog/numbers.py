"""Makers' numbers as suppliers write them, brought to the part that names the same thing in every country."""

from __future__ import annotations

import re

from app.catalog.apple import apple_mpn_prefix

_APPLE_IN_TEXT = re.compile(r"(?<![A-Z0-9])[MFNP][A-Z0-9]{4}[A-Z]{1,2}/[A-Z](?![A-Z0-9])")
# Letter, three or four digits, region or radio letter; behind it colour and country (`ZADEUH`) or `/DS` for two SIMs.
_SAMSUNG = re.compile(r"(?:SAMSUNG[\s-]+)?(SM-[A-Z]\d{3,4}[A-Z]?)(?:[A-Z]{2}[A-Z0-9]{3,5}|/DSN?)?(?![A-Z0-9])")


def normal_mpn(number: str) -> str | None:
    """`MK9N2` of `MK9N2LL/A` and `MK9N2`, `SM-G991B` of `SM-G991B/DS` and `SM-G991BZADEUH`; others in capitals.

    None for a blank and for what is longer than any maker's number.
    """
    text = re.sub(r"\s+", "", number).upper()
    if not text or len(text) > 64:
        return None
    samsung = _SAMSUNG.fullmatch(text)
    return apple_mpn_prefix(text) or (samsung.group(1) if samsung else text)


def mpn_in(text: str) -> str | None:
    """The one Apple order number or Samsung model number that a description or an item number holds, normalised."""
    capitals = text.upper()
    if "/" not in capitals and "SM-" not in capitals:
        return None
    found = {apple_mpn_prefix(match.group()) for match in _APPLE_IN_TEXT.finditer(capitals)}
    found |= {match.group(1) for match in _SAMSUNG.finditer(capitals)}
    return found.pop() if len(found) == 1 else None
