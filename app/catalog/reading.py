"""What a line of a supplier's list says about the device it offers: its description and the columns beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from app.catalog.apple import flash_gb
from app.catalog.colours import read_colour
from app.catalog.descriptions import match_key, read_description, refusal
from app.catalog.device_facts import DeviceFacts, facts_as_text
from app.catalog.numbers import mpn_in, normal_mpn

_PLATFORM = re.compile(r"\b(1[0-8])[A-Z]{3}\d")
_INCHES = re.compile(r"(1[0-8])(?:[.,]\d)?\"")
_TABLETS = ("SM-T", "SM-P", "SM-X")


class Described(NamedTuple):
    """`facts` as `facts_as_text` writes them, or `{"refused": words}` for what is not one whole device.

    `match_key` is None unless everything that decides is known; `mpn` is normalised.
    """

    facts: dict[str, str] | None
    match_key: str | None
    mpn: str | None


def read_line(description: str, *, item_number: str = "", mpn: str | None = None,
              told: Mapping[str, object] | None = None) -> Described:  # fmt: skip
    """`told`: what columns of their own say (category, brand, group, keyboard, colour, storage_gb, memory_gb).

    A column fills what the description leaves open. Where the two differ the device is uncertain.
    """
    columns = {name: str(value) for name, value in (told or {}).items() if value}
    number = normal_mpn(mpn or "") or mpn_in(item_number) or mpn_in(description)
    facts = read_description(
        description, category=columns.get("category", ""), brand=columns.get("brand", ""),
        group=columns.get("group", ""), keyboard=columns.get("keyboard", ""), item_no=item_number,
    )  # fmt: skip
    if facts is None and (words := refusal(description)):
        return Described({"refused": words}, None, number)
    facts = facts or _by_number(description, number)
    if facts is None:
        return Described(None, None, number)
    facts = _against_screen(_with_columns(facts, columns), columns.get("group", ""))
    return Described(facts_as_text(facts), match_key(facts), number)


def _by_number(description: str, number: str | None) -> DeviceFacts | None:
    """A Samsung whose model only its number tells: what stands beside the number."""
    if number is None or not number.startswith("SM-"):
        return None
    kind = "tablet" if number.startswith(_TABLETS) else "phone"
    return DeviceFacts(
        kind, "Samsung", "", "", storage_gb=flash_gb(description), storage_kind="ssd",
        colour=read_colour(description), uncertain="model",
    )  # fmt: skip


def _with_columns(facts: DeviceFacts, columns: Mapping[str, str]) -> DeviceFacts:
    colour, storage, memory = columns.get("colour", ""), _gb(columns.get("storage_gb")), _gb(columns.get("memory_gb"))
    differing = [
        name
        for name, column, text in (
            ("colour", colour, facts.colour),
            ("storage", storage, facts.storage_gb),
            ("memory", memory, facts.memory_gb),
        )
        if column and text and column != text
    ]
    uncertain = f"{differing[0]} in its column and in the text" if differing else ""
    return replace(
        facts, colour=facts.colour or colour, storage_gb=facts.storage_gb or storage,
        memory_gb=facts.memory_gb or memory, uncertain=facts.uncertain or uncertain,
    )  # fmt: skip


def _against_screen(facts: DeviceFacts, group: str) -> DeviceFacts:
    """A platform code that names another screen than the product group does (`3 17ADA05` among the 15 inch ones)."""
    code, inches = _PLATFORM.search(facts.model), _INCHES.fullmatch(group.strip())
    if facts.uncertain or not code or not inches or abs(int(code.group(1)) - int(inches.group(1))) < 2:
        return facts
    return replace(facts, uncertain="screen size in its column and in the text")


def _gb(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None
