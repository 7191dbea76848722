"""Readable names and codes: `IPH12M-128-BLK-A` is an iPhone 12 mini with 128 GB in black, grade A."""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.catalog.device_facts import DeviceFacts

_GRADES = {"new": "N", "A+": "AP", "A": "A", "B": "B", "C": "C"}
_COLOURS = {
    "Alpine Green": "AGN",
    "Black": "BLK",
    "Black Titanium": "BKT",
    "Blue": "BLU",
    "Blue Titanium": "BLT",
    "Burgundy": "BUR",
    "Coral": "COR",
    "Cream": "CRM",
    "Deep Purple": "DPU",
    "Gold": "GLD",
    "Graphite": "GRA",
    "Green": "GRN",
    "Grey": "GRY",
    "Jet Black": "JBK",
    "Lavender": "LAV",
    "Midnight": "MID",
    "Midnight Green": "MGN",
    "Natural Titanium": "NAT",
    "Pacific Blue": "PBL",
    "Pink": "PNK",
    "Purple": "PUR",
    "Red": "RED",
    "Rose Gold": "RGD",
    "Sierra Blue": "SBL",
    "Silver": "SLV",
    "Sky Blue": "SKY",
    "Space Black": "SBK",
    "Space Grey": "SGY",
    "Starlight": "STL",
    "Teal": "TEA",
    "Ultramarine": "ULT",
    "White": "WHT",
    "White Titanium": "WHT2",
    "Yellow": "YEL",
}
# Words of model names that have a short form; the others stand as they are.
_SHORT = {
    "iPhone": "IPH",
    "iPad": "IPD",
    "Galaxy": "GAL",
    "MacBook": "MB",
    "ThinkPad": "TP",
    "ThinkBook": "TB",
    "ThinkCentre": "TC",
    "ThinkStation": "TS",
    "IdeaPad": "IP",
    "IdeaCentre": "IC",
    "Legion": "LG",
    "Yoga": "YG",
    "EliteBook": "EB",
    "ProBook": "PB",
    "EliteDesk": "ED",
    "ProDesk": "PD",
    "ZBook": "ZB",
    "Latitude": "LAT",
    "Precision": "PRE",
    "OptiPlex": "OPT",
    "Inspiron": "INS",
    "Vostro": "VOS",
    "Surface": "SF",
    "Chromebook": "CB",
    "Dragonfly": "DF",
    "Pixel": "PIX",
    "Pro": "P",
    "Max": "M",
    "mini": "M",
    "Plus": "PL",
    "Ultra": "U",
    "Air": "AIR",
    "Slim": "SL",
    "Gaming": "GM",
    "Carbon": "CA",
    "Extreme": "EX",
    "Titanium": "TI",
    "Detachable": "DT",
    "Firefly": "FF",
    "Mini": "MINI",
}
# Makers whose model names carry no line, so that the code says whose it is.
_MAKERS = {"HP": "HP", "Huawei": "HW", "Lenovo": "LE"}


def grade_code(grade: str) -> str:
    """`AP` for A+, `N` for new, the letter itself otherwise."""
    return _GRADES[grade]


def colour_code(colour: str) -> str:
    """Three letters, or four where two colours would share them; the first letters of a colour without a code."""
    return _COLOURS.get(colour) or re.sub(r"[^A-Z]", "", colour.upper())[:6]


def product_code(maker: str, full_model: str) -> str:
    """`IPH12M` for an iPhone 12 mini, `TPT480S` for a ThinkPad T480s; unique over the demo catalogue."""
    words = full_model.split()
    short = "".join(_SHORT.get(word, word) for word in words)
    code = re.sub(r"[^A-Z0-9+]", "", short.upper()).replace("+", "PLUS")
    bare = words[0] not in _SHORT
    return f"{_MAKERS[maker]}{code}" if bare and maker in _MAKERS else code


def sku_of(facts: DeviceFacts, grade: str) -> str:
    """The code of a configuration in a grade. Two configurations may share one: the caller makes them differ."""
    return "-".join(part for part in (*_sku_parts(facts), grade_code(grade)) if part)


def _sku_parts(facts: DeviceFacts) -> Iterator[str]:
    yield product_code(facts.maker, facts.full_model)
    if facts.processor:
        yield re.sub(r"[^A-Z0-9]", "", facts.processor.upper().replace("RYZEN ", "R").replace("PRO ", ""))
    if facts.memory_gb:
        yield str(facts.memory_gb)
    if facts.storage_gb:
        disks = "P".join(str(size) for size in (facts.storage_gb, *facts.more_storage_gb))
        yield disks + ("H" if facts.storage_kind == "hdd" else "")
    if facts.kind == "tablet":
        yield "LTE" if facts.connectivity == "cellular" else "WIFI"
    if facts.colour:
        yield colour_code(facts.colour)


def variant_name(facts: DeviceFacts) -> str:
    """`iPhone 12 mini 128 GB Black`, `ThinkPad T480s i5-8350U 16 GB 256 GB SSD`."""
    parts = [facts.full_model]
    if facts.processor:
        parts.append(facts.processor)
    if facts.memory_gb:
        parts.append(f"{facts.memory_gb} GB")
    if facts.storage_gb:
        sizes = " + ".join(_size(size) for size in (facts.storage_gb, *facts.more_storage_gb))
        parts.append(sizes if facts.kind in ("phone", "tablet") else f"{sizes} {facts.storage_kind.upper()}")
    if facts.kind == "tablet":
        parts.append("Cellular" if facts.connectivity == "cellular" else "Wi-Fi")
    if facts.colour:
        parts.append(facts.colour)
    return " ".join(parts)


def _size(size_gb: int) -> str:
    return f"{size_gb // 1024} TB" if size_gb >= 1024 else f"{size_gb} GB"


def product_name(facts: DeviceFacts) -> str:
    """`Apple iPhone 12 mini`, `Lenovo ThinkPad T480s i5-8350U`: what all variants of a product share."""
    processor = facts.processor if facts.kind != "phone" else ""
    return " ".join(part for part in (facts.maker, facts.full_model, processor) if part)
