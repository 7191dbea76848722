"""iPhones, iPads and MacBooks as suppliers write them, and Apple's order numbers."""

from __future__ import annotations

import re

from app.catalog.colours import read_colour
from app.catalog.configuration import in_gb, read_configuration
from app.catalog.device_facts import DeviceFacts
from app.catalog.processors import read_processor

_ORDER_NUMBER = re.compile(r"([MFNP][A-Z0-9]{4})([A-Z]{1,2})/([A-Z])(?![A-Z0-9])")
_STORAGE = re.compile(r"(?<![\w.,])(\d{1,4})\s?(GB|TB|G|S)(?!\w)", re.IGNORECASE)
_FLASH = frozenset((4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048))

_IPHONE = re.compile(
    r"\bi\s?Phone\s*(?P<model>SE|XS\s?Max|XS|XR|X|Air|3GS?|4S|5[SC]|6S|1[1-9]e?|[4-8])"
    r"(?P<size>\s*(?:Pro\s?Max|Pro|Plus|mini|\+))?(?![\w])",
    re.IGNORECASE,
)
_SE_YEARS = {
    2016: re.compile(r"2016|1st|\b1\.?\s?gen", re.IGNORECASE),
    2020: re.compile(r"2020|2nd|\bgen\.?\s?2|\b2\.?\s?gen|SE\s?2(?!\w)", re.IGNORECASE),
    2022: re.compile(r"2022|3rd|\bgen\.?\s?3|\b3\.?\s?gen|SE\s?3(?!\w)", re.IGNORECASE),
}
# Colours that only one iPhone SE came in (Apple's technical specifications of the three).
_SE_COLOURS = {
    "Space Grey": 2016,
    "Silver": 2016,
    "Gold": 2016,
    "Rose Gold": 2016,
    "Black": 2020,
    "White": 2020,
    "Midnight": 2022,
    "Starlight": 2022,
}

_IPAD = re.compile(r"\bi\s?Pad\b\s*(?P<family>mini|Air|Pro)?", re.IGNORECASE)
_IPAD_GEN = re.compile(r"(\d{1,2})(?:st|nd|rd|th)\s*gen|\bgen(?:eration)?\.?\s?(\d{1,2})\b|\bG(\d)\b", re.IGNORECASE)
_IPAD_NUMBER = re.compile(r"\s*(\d{1,2})(?![\w.,]\d|\d|\s?(?:GB|TB|G|S|W|\"|inch)\b|\")")
_YEAR = re.compile(r"\b(20[12]\d)\b")
_IPAD_SIZE = re.compile(r"(?<![\d.,])(7[.,]9|8[.,]3|9[.,]7|10[.,]2|10[.,]5|10[.,]9|11|12[.,]9|13)(?![\d]|\s?GB)")
_IPAD_YEARS: dict[str, dict[int, int]] = {
    "": {2010: 1, 2011: 2, 2017: 5, 2018: 6, 2019: 7, 2020: 8, 2021: 9, 2022: 10, 2025: 11},
    "mini": {2012: 1, 2013: 2, 2014: 3, 2015: 4, 2019: 5, 2021: 6, 2024: 7},
    "air": {2013: 1, 2014: 2, 2019: 3, 2020: 4, 2022: 5},
    "pro 11": {2018: 1, 2020: 2, 2021: 3, 2022: 4},
    "pro 12.9": {2015: 1, 2017: 2, 2018: 3, 2020: 4, 2021: 5, 2022: 6},
    "pro 9.7": {2016: 1},
    "pro 10.5": {2017: 1},
}
# A-number to model and connectivity (printed on the device; Apple support, "Identify your iPad model").
_IPAD_A_NUMBERS: dict[str, tuple[str, str]] = {
    number: (model, connectivity)
    for model, wifi, cellular in (
        ("iPad 2", "A1395", "A1396 A1397"),
        ("iPad 3", "A1416", "A1430 A1403"),
        ("iPad 4", "A1458", "A1459 A1460"),
        ("iPad 5", "A1822", "A1823"),
        ("iPad 6", "A1893", "A1954"),
        ("iPad 7", "A2197", "A2198 A2200"),
        ("iPad 8", "A2270", "A2428 A2429 A2430"),
        ("iPad 9", "A2602", "A2603 A2604 A2605"),
        ("iPad 10", "A2696", "A2757 A2777"),
        ("iPad mini 1", "A1432", "A1454 A1455"),
        ("iPad mini 2", "A1489", "A1490 A1491"),
        ("iPad mini 3", "A1599", "A1600 A1601"),
        ("iPad mini 4", "A1538", "A1550"),
        ("iPad mini 5", "A2133", "A2124 A2125 A2126"),
        ("iPad mini 6", "A2567", "A2568 A2569"),
        ("iPad Air 1", "A1474", "A1475 A1476"),
        ("iPad Air 2", "A1566", "A1567"),
        ("iPad Air 3", "A2152", "A2123 A2153 A2154"),
        ("iPad Air 4", "A2316", "A2072 A2324 A2325"),
        ("iPad Air 5", "A2588", "A2589 A2591"),
        ("iPad Pro 9.7", "A1673", "A1674 A1675"),
        ("iPad Pro 10.5", "A1701", "A1709"),
        ("iPad Pro 11 G1", "A1980", "A1934 A2013"),
        ("iPad Pro 11 G2", "A2228", "A2068 A2230"),
        ("iPad Pro 11 G3", "A2377", "A2301 A2459 A2460"),
        ("iPad Pro 11 G4", "A2759", "A2435 A2761 A2762"),
        ("iPad Pro 12.9 G1", "A1584", "A1652"),
        ("iPad Pro 12.9 G2", "A1670", "A1671"),
        ("iPad Pro 12.9 G3", "A1876", "A1895 A2014"),
        ("iPad Pro 12.9 G4", "A2229", "A2069 A2232"),
        ("iPad Pro 12.9 G5", "A2378", "A2379 A2461"),
        ("iPad Pro 12.9 G6", "A2436", "A2437 A2764"),
    )
    for numbers, connectivity in ((wifi, "wifi"), (cellular, "cellular"))
    for number in numbers.split()
}
# These were sold with a white front and silver back, or a black front and grey back, and named by the back.
_NAMED_BY_THE_BACK = re.compile(r"iPad (?:[5-9]|mini [2-5]|Air [1-3]|Pro .*)")
_BACKS = {"White": "Silver", "Black": "Space Grey"}
_A_NUMBER = re.compile(r"\b(A[12]\d{3})\b")
_CELLULAR = re.compile(r"cell|\bLTE\b|\b[45]G\b|\b3G\b|wi-?fi\s+cl\b|\bSIM\b", re.IGNORECASE)
_WIFI = re.compile(r"wi-?fi|wlan", re.IGNORECASE)

_MACBOOK = re.compile(r"\bMac\s?Book\s?(?P<family>Air|Pro)", re.IGNORECASE)
_MAC_CHIP = re.compile(r"\b(M[1-5])(?:\s+(Pro|Max))?(?!\w)", re.IGNORECASE)
_MAC_SIZE = re.compile(r"(?<![\w.,])(11|13|14|15|16)(?:[.,]\d)?(?=\s?\"|\s?-?inch|\s|/|,|$)", re.IGNORECASE)
# Family, size and chip tell the year of every MacBook with Apple's own chip.
_MAC_YEARS: dict[tuple[str, str, str], int] = {
    ("Air", "13", "M1"): 2020,
    ("Air", "13", "M2"): 2022,
    ("Air", "15", "M2"): 2023,
    ("Air", "13", "M3"): 2024,
    ("Air", "15", "M3"): 2024,
    ("Air", "13", "M4"): 2025,
    ("Air", "15", "M4"): 2025,
    ("Pro", "13", "M1"): 2020,
    ("Pro", "13", "M2"): 2022,
    ("Pro", "14", "M1"): 2021,
    ("Pro", "16", "M1"): 2021,
    ("Pro", "14", "M2"): 2023,
    ("Pro", "16", "M2"): 2023,
    ("Pro", "14", "M3"): 2023,
    ("Pro", "16", "M3"): 2023,
    ("Pro", "14", "M4"): 2024,
    ("Pro", "16", "M4"): 2024,
}
# Apple's identifiers that suppliers write in place of size and year; two years shared MacBookPro15,2.
_MAC_IDENTIFIER = re.compile(r"\s*(\d{1,2},\d)(?!\d)")
_MAC_IDENTIFIERS: dict[str, tuple[str, int]] = {
    "Air 8,1": ("13", 2018),
    "Air 9,1": ("13", 2020),
    "Air 10,1": ("13", 2020),
    "Pro 11,4": ("15", 2015),
    "Pro 12,1": ("13", 2015),
    "Pro 13,3": ("15", 2016),
    "Pro 14,1": ("13", 2017),
    "Pro 14,2": ("13", 2017),
    "Pro 14,3": ("15", 2017),
    "Pro 15,1": ("15", 2018),
    "Pro 16,1": ("16", 2019),
    "Pro 16,2": ("13", 2020),
}
_PRO_15_2 = {"i5-8259U": 2018, "i7-8559U": 2018, "i5-8279U": 2019, "i7-8569U": 2019}
_ONLY_SILVER_UNTIL = 2015  # Every MacBook Air and Pro until then came in one colour.
_ONLY_SIZE = {("Air", "M1"): "13", ("Pro", "M1"): "13"}


def apple_mpn_prefix(number: str) -> str | None:
    """`MK9N2` of `MK9N2LL/A`: the part naming model, storage and colour in every country; None for others.

    F, N and P in place of M mark refurbished, replacement and engraved devices of the same model.
    """
    match = _ORDER_NUMBER.match(number.strip().upper())
    return match.group(1) if match else None


def is_apple_order_number(number: str) -> bool:
    """Whether `number` starts as an Apple order number with its country suffix (`MK9N2LL/A-08-B`) does."""
    return apple_mpn_prefix(number) is not None


def read_apple(text: str, *, item_no: str = "", keyboard: str = "") -> DeviceFacts | None:
    """The iPhone, iPad or MacBook in `text`; an A-number in `item_no` tells Wi-Fi from cellular."""
    if match := _IPHONE.search(text):
        return _read_iphone(text, match)
    if match := _IPAD.search(text):
        return _read_ipad(text, match, item_no)
    if match := _MACBOOK.search(text):
        return _read_macbook(text, match, keyboard)
    return None


def flash_gb(text: str) -> int | None:
    sizes = {in_gb(size, "TB" if unit.upper() == "TB" else None) for size, unit in _STORAGE.findall(text)} & _FLASH
    return max(sizes) if len(sizes) == 1 or (len(sizes) == 2 and min(sizes) <= 16) else None


def _read_iphone(text: str, match: re.Match[str]) -> DeviceFacts:
    rest = text[match.end() :]
    model = _iphone_name(match.group("model"), match.group("size"))
    colour = read_colour(rest)
    uncertain, year = "", None
    if model == "iPhone SE":
        years = [year for year, pattern in _SE_YEARS.items() if pattern.search(text)]
        year = years[0] if len(years) == 1 else None if years else _SE_COLOURS.get(colour)
        model, uncertain = (f"iPhone SE {year}", "") if year else (model, "year of the iPhone SE")
    if re.match(r"\s*/\s*(?:i?phone\s*)?(?:1[1-9]|[4-9]|[4-6]s|X[RS]?)(?:\s|/|,|$)", rest, re.IGNORECASE):
        uncertain = "several models"
    return DeviceFacts(
        kind="phone",
        maker="Apple",
        line="iPhone",
        model=model,
        storage_gb=flash_gb(rest),
        storage_kind="ssd",
        colour=colour,
        year=year,
        uncertain=uncertain,
    )


def _iphone_name(model: str, size: str | None) -> str:
    base = re.sub(r"\s+", " ", model)
    base = {"xs max": "XS Max", "xsmax": "XS Max", "se": "SE", "air": "Air"}.get(base.lower(), base.upper())
    if base[0].isdigit():
        base = base.lower().replace("3g", "3G")
    words = re.sub(r"\s+", "", size or "").lower()
    suffix = {"": "", "promax": " Pro Max", "pro": " Pro", "plus": " Plus", "+": " Plus", "mini": " mini"}[words]
    return f"iPhone {base}{suffix}"


def _read_ipad(text: str, match: re.Match[str], item_no: str) -> DeviceFacts:
    family = (match.group("family") or "").lower()
    rest = text[match.end() :]
    printed = _A_NUMBER.search(item_no) or _A_NUMBER.search(text)
    by_number = _IPAD_A_NUMBERS.get(printed.group(1)) if printed else None
    model, uncertain = _ipad_model(family, rest)
    connectivity = "cellular" if _CELLULAR.search(rest) else "wifi" if _WIFI.search(rest) else ""
    if by_number:
        if model and model != by_number[0] and not uncertain:
            uncertain = "text and A-number name different iPads"
        elif connectivity and connectivity != by_number[1]:
            uncertain = "text and A-number differ on cellular"
        elif by_number[0].startswith(_FAMILY_NAMES[family]):
            (model, connectivity), uncertain = by_number, ""
    colour = read_colour(rest)
    if _NAMED_BY_THE_BACK.fullmatch(model):
        colour = _BACKS.get(colour, colour)
    return DeviceFacts(
        kind="tablet",
        maker="Apple",
        line="iPad",
        model=model,
        storage_gb=flash_gb(rest),
        storage_kind="ssd",
        colour=colour,
        connectivity=connectivity,
        uncertain=uncertain,
    )


_FAMILY_NAMES = {"": "iPad", "mini": "iPad mini", "air": "iPad Air", "pro": "iPad Pro"}


def _ipad_model(family: str, rest: str) -> tuple[str, str]:
    """The model named in `rest`, and what stays open; a Pro carries its size and its generation."""
    size_match = _IPAD_SIZE.search(rest)
    size = size_match.group(1).replace(",", ".") if size_match else ""
    name, series = _FAMILY_NAMES[family], family
    if family == "pro":
        if f"pro {size}" not in _IPAD_YEARS:
            return name, "size and generation"
        name, series = f"{name} {size}", f"pro {size}"
    years = _IPAD_YEARS[series]
    if series in ("pro 9.7", "pro 10.5"):
        return name, ""
    generation = _ipad_generation(rest, years, number_allowed=family != "pro")
    if generation is None:
        return name, "generation"
    return (f"{name} G{generation}" if family == "pro" else f"{name} {generation}"), ""


def _ipad_generation(rest: str, years: dict[int, int], *, number_allowed: bool) -> int | None:
    if match := _IPAD_GEN.search(rest):
        number = int(match.group(1) or match.group(2) or match.group(3))
        return number if number in years.values() or number in (3, 4) else None
    if number_allowed and (match := _IPAD_NUMBER.match(rest)):
        number = int(match.group(1))
        return number if number in years.values() or number in (3, 4) else None
    if match := _YEAR.search(rest):
        return years.get(int(match.group(1)))
    return None


def _read_macbook(text: str, match: re.Match[str], keyboard: str) -> DeviceFacts:
    family = match.group("family").title()
    rest = text[match.end() :]
    chip = _MAC_CHIP.search(rest)
    size, year = _mac_size_and_year(family, rest)
    processor, behind = "", rest
    if chip:
        processor = chip.group(1).upper() + (f" {chip.group(2).title()}" if chip.group(2) else "")
        size = size or ("" if chip.group(2) else _ONLY_SIZE.get((family, chip.group(1).upper()), ""))
        year = year or _MAC_YEARS.get((family, size, chip.group(1).upper()))
        behind = rest[chip.end() :]
    elif found := read_processor(rest):
        processor, behind = found.name, rest[found.end :]
        year = _PRO_15_2.get(processor) if year is None and "15,2" in rest else year
    configuration = read_configuration(behind.replace(",", " "))
    return DeviceFacts(
        kind="notebook",
        maker="Apple",
        line="MacBook",
        model=" ".join(part for part in (f"MacBook {family}", size, str(year or "")) if part),
        storage_gb=configuration.storage_gb,
        storage_kind="ssd" if configuration.storage_gb else "",
        memory_gb=configuration.memory_gb,
        processor=processor,
        colour=read_colour(rest) or ("Silver" if year and year <= _ONLY_SILVER_UNTIL else ""),
        keyboard=keyboard,
        year=year,
        uncertain="" if size and year else "size or year",
    )


def _mac_size_and_year(family: str, rest: str) -> tuple[str, int | None]:
    """Display size and year as written, or as Apple's identifier (`15,2`) tells them."""
    if match := _MAC_IDENTIFIER.match(rest):
        if family == "Pro" and match.group(1) == "15,2":
            return "13", None
        return _MAC_IDENTIFIERS.get(f"{family} {match.group(1)}", ("", None))
    size, year = _MAC_SIZE.search(rest), _YEAR.search(rest)
    return size.group(1) if size else "", int(year.group(1)) if year else None
