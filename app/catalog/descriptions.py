"""Read a supplier's description of a device: which model it is, and in which configuration.

A wrong match is worse than none: whatever is not a single whole device (spare parts, accessories, lots,
machines sold as broken) and whatever does not name its model beyond doubt reads as None. What stays open in a
device that was recognised is named in `DeviceFacts.uncertain`, so that `match_key` gives none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from app.catalog.apple import apple_mpn_prefix, is_apple_order_number, read_apple
from app.catalog.configuration import Configuration, read_configuration
from app.catalog.device_facts import DeviceFacts, match_key
from app.catalog.hp_dell import read_dell, read_hp, read_surface
from app.catalog.lenovo import (
    Model,
    read_desktop,
    read_other_notebook,
    read_platform,
    read_thinkpad,
)
from app.catalog.phones import read_android
from app.catalog.processors import Processor, read_processor

__all__ = ["DeviceFacts", "apple_mpn_prefix", "is_apple_order_number", "match_key", "read_description", "refusal"]

_LONGEST = 300  # Characters; a longer cell is prose, not a description of one device.
_NO_DEVICE = (
    "adapter|adaptor|adapters|batch|bezel|blickschutz|broken|bundle|cable|cables|case|cases|charger|charging|clearcase"
    "|cover|covercase|cracked|dock|docking|dummy|earphones|faulty|folio|glass|hardcase|headphones|headset|hinge|holder"
    "|hoops|keyb|keyboard|lcd|licence|license|missing|mix|mixed|mount|mouse|onsite|palmrest|panzerglass|pcs|pen"
    "|protector|service|sleeve|spare|stand|stylus|telephones|toner|topcover|upgrade|warranty"
)
_NOT_ONE_DEVICE = re.compile(
    r"^\s*\d+\s*x\s|\b(?:lot\s+of|no[\s-]?(?:boot|psu|cpu|display)|def[ei][kc]t\w*|original\s+box|too\s+old"
    rf"|for\s+parts|privacy\s+filter|sim\s+tray|{_NO_DEVICE})\b"
    r"|\bbattery\b(?!\s*(?::|>|\d|health|new|ok))",
    re.IGNORECASE,
)
# One of these words stands in whatever the pattern finds: most texts hold none and need no more than that look.
_BEGINNINGS = "x|lot|no|noboot|nopsu|nocpu|nodisplay|original|too|for|privacy|sim|battery"
_MAY_BE_NONE = frozenset(f"{_NO_DEVICE}|{_BEGINNINGS}".split("|"))
_LETTERS = re.compile(r"[a-z]+")
_ACCESSORY_CATEGORY = re.compile(
    r"keyb|-opt|option|cable|spare|software|stor-|storage|server|network|mouse|infra|rack|printer|projector|kamera|disk"
    r"|serv-|service|accessor|toebehoren|zubehör",
    re.IGNORECASE,
)
_TIDY = str.maketrans({"“": '"', "”": '"', "″": '"', "„": '"', "\xa0": " ", "\t": " ", "\n": " ", "\r": " ", "_": " "})
_SPACES = re.compile(r" {2,}")
# What may stand between model and processor without changing which device is meant.
_NOISE = re.compile(
    r"(?:Intel|Core|AMD|CPU|Notebook|Laptop|Ultrabook|Touch(?:screen)?|Desktop|Tower|Workstation|PC|with|mit|met"
    r"|1\d(?:[.,]\d)?(?:\"|''|[\s-]?(?:inch|zoll))|W?Q?U?[FH]?HD\+?|WUXGA\+?|WQXGA|Gaming|Business|Chromebook|Win(?:dows)?\s?1[01](?:\s?Pro)?"
    r"|[-–,;|/():\"'\s]|20[12]\d|(?:SFF|Tiny|Micro|Mini)\b)+",
    re.IGNORECASE,
)
_MAKER = re.compile(r"(?:Lenovo|HP|Hewlett[\s-]Packard|Dell|Microsoft)\s+(?=\S)", re.IGNORECASE)
_DESKTOP_CPU = re.compile(r"\d{4,5}(?:TE?|KF?|F|S)?")
_LOCKED = re.compile(r"sim-?\s?lock(?:ed)?|network\s+locked|\blocked\b|netlock", re.IGNORECASE)
_UNLOCKED = re.compile(r"sim-?free|unlocked|no\s+simlock|simlock-?(?:vrij|frei)", re.IGNORECASE)
_MONITOR_NAME = re.compile(
    r"(?P<line>ThinkVision|Lenovo|Dell(?:\s+UltraSharp)?|HP)\s+(?P<model>[A-Z]{1,2}\d{2,4}[A-Z]{0,4}(?:-[0-9A-Z]{2})?(?:\s+G\d)?)(?![\w-])",
    re.IGNORECASE,
)
_KEYBOARDS = {"US/I": "US-International", "SWE": "SE", "GB": "UK", "BEUK": "BE", "NO KB": "", "DEFECTIVE": ""}


def read_description(
    text: str,
    *,
    category: str = "",
    brand: str = "",
    group: str = "",
    keyboard: str = "",
    item_no: str = "",
) -> DeviceFacts | None:
    """The device that `text` describes, or None.

    The other columns only help: `category` (as the supplier names it) to refuse accessories and to tell a
    desktop from a notebook, `brand` where one number is used by several lines, `item_no` where it begins
    with a maker's number (`A1458`, `SM-A320`); `keyboard` is passed through in our words, `group` is a
    monitor's size. All may be empty or wrong; none overrules the text. Never raises on any text.
    """
    if not text or len(text) > _LONGEST or _is_accessory(category):
        return None
    text = _SPACES.sub(" ", text.translate(_TIDY)).strip().replace('""', '"').strip('"')
    lowered = text.lower()
    if _not_one_device(text, lowered):
        return None
    keyboard = _KEYBOARDS.get(keyboard.strip().upper(), keyboard.strip())
    if "iphone" in lowered or "ipad" in lowered or "macbook" in lowered:
        return _with_lock(read_apple(text, item_no=item_no, keyboard=keyboard), text)
    if _may_be_android(lowered) and (android := read_android(text, item_no=item_no)):
        return _with_lock(android, text)
    processor = read_processor(text)
    if processor is None:
        return _read_monitor(text, lowered, group)
    return _read_computer(text, processor, category=category.upper(), brand=brand.strip().upper(), keyboard=keyboard)


@lru_cache(1000)
def _is_accessory(category: str) -> bool:
    return _ACCESSORY_CATEGORY.search(category) is not None


def refusal(text: str) -> str | None:
    """The words that say that `text` is not one whole device (`no psu`, `keyboard`, `12 x`); None where it may be."""
    text = _SPACES.sub(" ", text[:_LONGEST].translate(_TIDY)).strip()
    match = _not_one_device(text, text.lower())
    return match.group().strip().lower() if match else None


def _not_one_device(text: str, lowered: str) -> re.Match[str] | None:
    if _MAY_BE_NONE.isdisjoint(_LETTERS.findall(lowered)) and "def" not in lowered:
        return None
    return _NOT_ONE_DEVICE.search(text)


def _may_be_android(lowered: str) -> bool:
    return lowered.startswith(("tab ", "tb ", "lenovo tab", "lenovo tb", "yoga tab", "lenovo yoga tab")) or any(
        word in lowered for word in ("galaxy", "pixel", "huawei")
    )


def _with_lock(facts: DeviceFacts | None, text: str) -> DeviceFacts | None:
    """A locked phone is another product: it is shown, never matched."""
    if facts is None or "lock" not in text.lower():
        return facts
    lock = "unlocked" if _UNLOCKED.search(text) else "locked" if _LOCKED.search(text) else ""
    values = {name: getattr(facts, name) for name in DeviceFacts.__slots__}
    uncertain = "network lock" if lock == "locked" else facts.uncertain
    return DeviceFacts(**{**values, "network_lock": lock, "uncertain": uncertain})


def _read_computer(text: str, processor: Processor, *, category: str, brand: str, keyboard: str) -> DeviceFacts | None:
    configuration = read_configuration(text[processor.end :])
    if configuration.memory_gb is None and configuration.storage_gb is None:
        return None
    head = text[: processor.start].strip()
    infrared = "C(IR" in text or processor.name.endswith("HS")
    desktop = _desktop_hint(category, processor)
    model = _read_model(head, processor.family, brand=brand, desktop=desktop, infrared=infrared)
    if model is None:
        return None
    return _computer_facts(model, processor, configuration, keyboard)


def _desktop_hint(category: str, processor: Processor) -> bool | None:
    """What category or processor say; a Core without letter, or with T, K, F or S, is for desktops."""
    if category.startswith(("PC", "DESKTOP", "Z ONE", "ALL-IN-ONE", "WORKSTATION")):
        return True
    if category.startswith(("NOTEBOOK", "LAPTOP")):
        return False
    number = processor.name.rsplit("-", 1)[-1]
    if processor.family.startswith("i") and _DESKTOP_CPU.fullmatch(number):
        return True
    return None


@lru_cache(5000)
def _read_model(head: str, family: str, *, brand: str, desktop: bool | None, infrared: bool) -> Model | None:
    maker_match = _MAKER.match(head)
    maker = maker_match.group().split()[0].lower() if maker_match else ""
    bare = head[maker_match.end() :] if maker_match else head
    for model in _candidates(maker, bare, family, brand=brand, desktop=desktop, infrared=infrared):
        if model is not None and not _NOISE.sub("", model.rest.replace(".", "")):
            return model
    return None


def _candidates(
    maker: str, head: str, family: str, *, brand: str, desktop: bool | None, infrared: bool
) -> Iterator[Model | None]:
    """What each maker's names make of `head`, the most telling names first."""
    if maker in ("", "lenovo"):
        yield read_platform(head, family=family, desktop=desktop, infrared=infrared)
        if not desktop:
            yield read_thinkpad(head, family=family)
            yield read_other_notebook(head, family=family)
        if desktop is not False:
            yield read_desktop(head, family=family)
    if maker in ("", "hp", "hewlett", "hewlett-packard"):
        yield read_hp(head, brand=brand, desktop=desktop)
    if maker in ("", "dell"):
        yield read_dell(head, brand=brand, family=family)
    if maker in ("", "microsoft"):
        yield read_surface(head)


def _computer_facts(model: Model, processor: Processor, configuration: Configuration, keyboard: str) -> DeviceFacts:
    return DeviceFacts(
        kind=model.kind,
        maker=model.maker,
        line=model.line,
        model=model.name,
        storage_gb=configuration.storage_gb,
        more_storage_gb=configuration.more_storage_gb,
        storage_kind=configuration.storage_kind,
        memory_gb=configuration.memory_gb,
        processor=processor.name,
        connectivity="cellular" if configuration.cellular else "",
        screen=configuration.screen,
        touch=configuration.touch,
        keyboard=keyboard,
        operating_system=configuration.operating_system,
        uncertain=model.uncertain,
    )


def _read_monitor(text: str, lowered: str, group: str) -> DeviceFacts | None:
    if "thinkvision" not in lowered and "monitor" not in lowered:
        return None
    match = _MONITOR_NAME.match(text)
    if match is None:
        return None
    line = match.group("line").lower()
    maker = {"hp": "HP", "lenovo": "Lenovo", "thinkvision": "Lenovo"}.get(line, "Dell")
    model = " ".join(
        word.upper() if word[0] in "Gg" else word[0].upper() + word[1:] for word in match.group("model").split()
    )
    model = model.upper() if maker == "Dell" else model
    return DeviceFacts("monitor", maker, "ThinkVision" if line == "thinkvision" else "", model, screen=group)
