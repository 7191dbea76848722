"""What a line of a supplier's list says about the device it offers: its description and the columns beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from app.catalog.apple import flash_gb
from app.catalog.colours import read_colour
from app.catalog.descriptions import match_key, read_description, refusal
from app.catalog.device_facts import DeviceFacts, facts_as_text
from app.catalog.numbers import mpn_in, normal_mpn

_PLATFORM = re.compile(r"\b(1[0-8])[A-Z]{3}\d")
_INCHES = re.compile(r"(1[0-8])(?:[.,]\d)?\"")
_TOLD = ("category", "brand", "group", "keyboard", "colour", "storage_gb", "memory_gb")
_TABLETS = ("SM-T", "SM-P", "SM-X")


# Item numbers that name a device: Apple's A-number, Samsung's. Others say nothing about what a text leaves open.
_TELLING_ITEM = re.compile(r"\bA[12]\d{3}\b|^(?:SM-?)?[AJ]\d{3}", re.IGNORECASE)


class Said(NamedTuple):
    """All of a line that decides which device is read: equal ones read equal, so that a list asks for each once.

    `item` is empty unless the item number names a device; `number` is the maker's, from its column or from the item.
    """

    description: str
    item: str
    number: str | None
    category: str
    brand: str
    group: str
    keyboard: str
    colour: str
    storage: str
    memory: str


class Described(NamedTuple):
    """`facts` as `facts_as_text` writes them, or `{"refused": words}` for what is not one whole device.

    `match_key` is None unless everything that decides is known; `mpn` is normalised.
    """

    facts: Mapping[str, str] | None
    match_key: str | None
    mpn: str | None


def said_by(description: str, *, item_number: str = "", mpn: str | None = None,
            told: Mapping[str, object] | None = None) -> Said:  # fmt: skip
    """`told`: what columns of their own say (category, brand, group, keyboard, colour, storage_gb, memory_gb)."""
    number = (normal_mpn(mpn) if mpn else None) or mpn_in(item_number)
    item = item_number if _TELLING_ITEM.search(item_number) else ""
    return Said(description, item, number, *_columns(tuple(told.items()) if told else ()))


@lru_cache(1000)
def _columns(told: tuple[tuple[str, object], ...]) -> list[str]:
    """A list's columns of their own hold the same few things again and again."""
    columns = dict(told)
    return [str(columns.get(name) or "") for name in _TOLD]


def read_line(said: Said) -> Described:
    """A column fills what the description leaves open. Where the two differ the device is uncertain."""
    description, number = said.description, said.number or mpn_in(said.description)
    facts = read_description(
        description, category=said.category, brand=said.brand, group=said.group, keyboard=said.keyboard,
        item_no=said.item,
    )  # fmt: skip
    if facts is None and (words := refusal(description)):
        return Described({"refused": words}, None, number)
    facts = facts or _by_number(description, number)
    if facts is None:
        return Described(None, None, number)
    facts = _against_screen(_with_columns(facts, said), said.group)
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


def _with_columns(facts: DeviceFacts, said: Said) -> DeviceFacts:
    colour, storage, memory = said.colour, _gb(said.storage), _gb(said.memory)
    if not (colour or storage or memory):
        return facts
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


def _gb(text: str) -> int | None:
    return int(text) if text.isdecimal() else None
