"""Android phones and tablets as suppliers write them."""

from __future__ import annotations

import re

from app.catalog.apple import flash_gb
from app.catalog.colours import read_colour
from app.catalog.configuration import read_configuration
from app.catalog.device_facts import DeviceFacts
from app.catalog.processors import read_processor

_GALAXY = re.compile(
    r"\b(?:Samsung\s+)?Galaxy\s+(?P<model>S\d{1,2}e?|A\d{1,2}[es]?|J\d|M\d{2}s?|Note\s?\d{1,2}|Z\s?Fold\s?\d?|Z\s?Flip\s?\d?"
    r"|X\s?Cover\s?(?:Pro|\d)s?)"
    r"(?P<size>\s?(?:\+|Plus|Ultra|FE|mini|lite|edge))?(?P<five>\s*5G)?(?![\w+])",
    re.IGNORECASE,
)
_GALAXY_TAB = re.compile(
    r"\b(?:Samsung\s+)?Galaxy\s+Tab\s*(?P<model>(?:S|A|E)?\s?\d{0,2}(?:\.\d)?)(?P<size>\s*(?:\+|Plus|Ultra|FE|Lite))?(?![\w+])",
    re.IGNORECASE,
)
# Sold with 5G only, so "5G" adds nothing to the name (Samsung's European specification pages).
_ONLY_5G = frozenset(
    [
        "S20 Ultra",
        "S21",
        "S21 Plus",
        "S21 Ultra",
        "S21 FE",
        "S22",
        "S22 Plus",
        "S22 Ultra",
        "S23",
        "S23 Plus",
        "S23 Ultra",
        "S23 FE",
        "S24",
        "S24 Plus",
        "S24 Ultra",
        "A33",
        "A34",
        "A35",
        "A42",
        "A52s",
        "A53",
        "A54",
        "A55",
        "A73",
        "Z Fold 2",
        "Z Fold 3",
        "Z Fold 4",
        "Z Fold 5",
        "Z Flip 3",
        "Z Flip 4",
        "Z Flip 5",
        "XCover 6 Pro",
        "XCover 5",
    ]
)
# The same name was sold in several years; the SM-number tells which, as far as suppliers write it.
_SEVERAL_YEARS = frozenset(["A3", "A5", "A7", "A6", "A8", "J3", "J5", "J7"])
_SM_YEARS = {
    "A300": ("A3", 2015),
    "A310": ("A3", 2016),
    "A320": ("A3", 2017),
    "A500": ("A5", 2015),
    "A510": ("A5", 2016),
    "A520": ("A5", 2017),
    "A600": ("A6", 2018),
    "A530": ("A8", 2018),
    "A750": ("A7", 2018),
    "J320": ("J3", 2016),
    "J330": ("J3", 2017),
    "J500": ("J5", 2015),
    "J510": ("J5", 2016),
    "J530": ("J5", 2017),
    "J730": ("J7", 2017),
}
_SM_NUMBER = re.compile(r"(?:SM-?)?([AJ]\d{3})[A-Z]?(?:-|$|\b)", re.IGNORECASE)
_PIXEL = re.compile(r"\b(?:Google\s+)?Pixel\s+(?P<model>\d{1,2}a?(?:\s+(?:Pro\s+XL|Pro|XL))?)(?![\w])", re.IGNORECASE)
_HUAWEI = re.compile(
    r"\bHuawei\s+(?:Ascend\s+)?(?P<model>P\d{1,2}|Mate\s?\d{1,2}|Nova\s?\d|Y\d{3})(?P<size>\s+(?:Pro|Lite|Plus))?(?![\w-])",
    re.IGNORECASE,
)
_LENOVO_TAB = re.compile(
    r"(?:Lenovo\s+)?(?:(?:TAB|TB)\s+(?P<model>[MPK]\d{1,2}(?:\s+(?:Plus|HD|FHD|Pro))*)(?:\s+(?P<gen>\d)(?:st|nd|rd|th)(?:\s*gen)?)?(?!\w)"
    r"|(?P<yoga>Yoga\s+Tab\s+\d{2})(?!\w))",
    re.IGNORECASE,
)
_WIFI = re.compile(r"wi-?fi|wlan", re.IGNORECASE)
_CELLULAR = re.compile(r"\bLTE\b|\b4G\b|\b5G\b|cell", re.IGNORECASE)


def read_android(text: str, *, item_no: str = "") -> DeviceFacts | None:
    """A Samsung, Google or Huawei phone, a Galaxy Tab or a Lenovo tablet; None for what is none of them."""
    if match := _GALAXY_TAB.search(text):
        return _read_galaxy_tab(text, match)
    if match := _GALAXY.search(text):
        return _read_galaxy(text, match, item_no)
    if match := _PIXEL.search(text):
        name = " ".join(_cased(word) for word in match.group("model").split())
        return _phone("Google", "Pixel", f"Pixel {name}", text[match.end() :])
    if match := _HUAWEI.search(text):
        name = " ".join(word.title() for word in (match.group("model") + (match.group("size") or "")).split())
        return _phone("Huawei", "", name, text[match.end() :])
    if match := _LENOVO_TAB.match(text):
        return _read_lenovo_tab(text, match)
    return None


def _cased(word: str) -> str:
    return "XL" if word.upper() == "XL" else word.lower() if word[0].isdigit() else word.title()


def _phone(
    maker: str, line: str, model: str, rest: str, *, year: int | None = None, uncertain: str = ""
) -> DeviceFacts:
    return DeviceFacts(
        kind="phone",
        maker=maker,
        line=line,
        model=model,
        storage_gb=flash_gb(rest),
        storage_kind="ssd",
        colour=read_colour(rest),
        year=year,
        uncertain=uncertain,
    )


def _galaxy_name(model: str, size: str) -> str:
    name = re.sub(r"\s+", "", model)
    for word in ("Note", "ZFold", "ZFlip", "XCover"):
        if name.lower().startswith(word.lower()):
            spaced = {"ZFold": "Z Fold", "ZFlip": "Z Flip"}.get(word, word)
            tail = name[len(word) :]
            name = f"{spaced} {tail.title() if tail.lower() == 'pro' else tail.lower()}".strip()
            break
    else:
        name = name[0].upper() + name[1:].lower()
    suffix = {
        "+": "Plus",
        "plus": "Plus",
        "fe": "FE",
        "mini": "mini",
        "lite": "Lite",
        "ultra": "Ultra",
        "edge": "edge",
    }
    return f"{name} {suffix[size]}" if size else name


def _read_galaxy(text: str, match: re.Match[str], item_no: str) -> DeviceFacts:
    name = _galaxy_name(match.group("model"), (match.group("size") or "").strip().lower())
    rest = text[match.end() :]
    year, uncertain = None, ""
    if name in _SEVERAL_YEARS:
        written = re.search(r"\b(201[5-8])\b", rest)
        number = _SM_NUMBER.match(item_no)
        known = _SM_YEARS.get(number.group(1).upper()) if number else None
        year = int(written.group(1)) if written else known[1] if known and known[0] == name else None
        name, uncertain = (f"{name} {year}", "") if year else (name, "year of the model")
    if re.match(r"\s*/\s*[AJMS]\d", rest):
        uncertain = "several models"
    five = " 5G" if match.group("five") and name not in _ONLY_5G else ""
    return _phone("Samsung", "Galaxy", f"Galaxy {name}{five}", rest, year=year, uncertain=uncertain)


def _read_galaxy_tab(text: str, match: re.Match[str]) -> DeviceFacts:
    rest = text[match.end() :]
    model = re.sub(r"\s+", "", match.group("model")).upper()
    size = {"+": "Plus", "fe": "FE"}.get(
        (match.group("size") or "").strip().lower(), (match.group("size") or "").strip().title()
    )
    name = " ".join(part for part in ("Galaxy Tab", model, size) if part)
    numbered = re.fullmatch(r"(?:S|A)\d{1,2}|", model) is not None and bool(model)
    return DeviceFacts(
        kind="tablet",
        maker="Samsung",
        line="Galaxy Tab",
        model=name,
        storage_gb=flash_gb(rest),
        storage_kind="ssd",
        colour=read_colour(rest),
        connectivity="cellular" if _CELLULAR.search(rest) else "wifi" if _WIFI.search(rest) else "",
        uncertain="" if numbered else "size and year",
    )


def _read_lenovo_tab(text: str, match: re.Match[str]) -> DeviceFacts | None:
    rest = text[match.end() :]
    processor = read_processor(rest)
    configuration = read_configuration(rest[processor.end :] if processor else rest)
    if match.group("yoga"):
        name = "Yoga Tab " + match.group("yoga").split()[-1]
    else:
        name = "Tab " + " ".join(_tab_word(word) for word in match.group("model").split())
    # This notation lists a modem when there is one, so its absence between slashes says Wi-Fi.
    slashed = processor is not None and rest.count("/") >= 3
    cellular = configuration.cellular or _CELLULAR.search(rest) is not None
    connectivity = "cellular" if cellular else "wifi" if slashed or _WIFI.search(rest) else ""
    if processor is None and not flash_gb(rest):
        return None
    return DeviceFacts(
        kind="tablet",
        maker="Lenovo",
        line="Yoga Tab" if match.group("yoga") else "Tab",
        model=name,
        storage_gb=configuration.storage_gb or flash_gb(rest),
        storage_kind="ssd",
        memory_gb=configuration.memory_gb if processor else None,
        processor=processor.name if processor else "",
        colour=read_colour(rest),
        connectivity=connectivity,
        screen=configuration.screen,
        touch=True,
    )


def _tab_word(word: str) -> str:
    return word.upper() if word.upper() in ("HD", "FHD") or word[1:].isdigit() else word.title()
