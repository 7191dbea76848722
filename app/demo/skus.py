"""Readable codes for SKUs: `IPH12M-128-BLK-A` is an iPhone 12 mini with 128 GB in black, grade A."""

from __future__ import annotations

import re

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
    """Three letters, or four where two colours would share them."""
    return _COLOURS[colour]


def product_code(maker: str, full_model: str) -> str:
    """`IPH12M` for an iPhone 12 mini, `TPT480S` for a ThinkPad T480s; unique over the demo catalogue."""
    words = full_model.split()
    short = "".join(_SHORT.get(word, word) for word in words)
    code = re.sub(r"[^A-Z0-9+]", "", short.upper()).replace("+", "PLUS")
    bare = words[0] not in _SHORT
    return f"{_MAKERS[maker]}{code}" if bare and maker in _MAKERS else code
