"""HP, Dell and Microsoft model names from the part of a description before the processor."""

from __future__ import annotations

import re

from app.catalog.families import DELL_MODELS
from app.catalog.lenovo import Model

_HP = re.compile(
    r"(?P<named>EliteBook|ProBook|EliteDesk|ProDesk|EliteOne|ProOne)?\s*(?P<x360>x360\s+)?(?P<number>\d{3,4})\s*"
    r"(?P<inches>\d\d(?:\.\d)?(?:\s?inch|\")\s+)?"
    r"G(?P<gen>\d{1,2})a?(?!\w)(?:\s*(?P<form>SFF|DM|Mini|MT|TWR|Tower|USDT|AIO)(?!\w))?",
    re.IGNORECASE,
)
_ZBOOK = re.compile(
    r"(?P<named>ZBook\s+)?(?:(?P<family>Firefly|Fury|Power|Studio|Create)\s+)?(?P<size>1[4-7]u?)?\s*(?:inch\s+)?"
    r"G(?P<gen>\d{1,2})a?(?!\w)",
    re.IGNORECASE,
)
_DRAGONFLY = re.compile(r"(?:Elite\s+)?Dragonfly\s+G(\d)(?!\w)", re.IGNORECASE)
_HP_HOME = re.compile(
    r"(?P<named>HP\s+|Pavilion\s+|Laptop\s+)*(?P<model>1[3-7][st]?-[a-z]{2}\d)(?:\d{2,3}|\w?xxx?|xx)(?!\w)",
    re.IGNORECASE,
)
_HP_STATION = re.compile(
    r"(Z[12468])\s*(?P<form>Mini|SFF|TWR|Tower)?\s*G(\d{1,2})(?!\w)(?:\s*(?P<after>Mini|SFF|TWR|Tower)(?!\w))?(?:\s+WKS)?",
    re.IGNORECASE,
)
_DESKTOP_NUMBERS = frozenset({"260", "280", "290", "400", "405", "600", "705", "800", "805"})
_FORMS = {
    "dm": "Mini",
    "mini": "Mini",
    "mt": "Tower",
    "twr": "Tower",
    "tower": "Tower",
    "sff": "SFF",
    "usdt": "USDT",
}
# Fury, Power and Studio are sold in one size per generation from these on, so the size may be left out.
_ONE_SIZE_FROM = {"Fury": 9, "Power": 7, "Studio": 7, "Create": 7}

_DELL = re.compile(
    r"(?P<line>Latitude|Precision|XPS|Inspiron|Vostro)?\s*(?:(?P<size>1[1-7])\s+)?(?P<number>[3579]\d{3})(?!\w)"
    r"(?P<form>\s+(?:2-?in-?1|2n1|Detachable|Rugged))?",
    re.IGNORECASE,
)
_DELL_OLD = re.compile(r"(?:Latitude\s+)?(E[567][2345][2-7]0)(?!\w)", re.IGNORECASE)
_DELL_XPS = re.compile(r"XPS\s+1[357]\s+(?P<number>9\d{3})(?!\w)", re.IGNORECASE)
_OPTIPLEX = re.compile(
    r"(?P<named>OptiPlex\s+)(?P<number>\d{3,4})(?!\w)(?:\s*(?P<form>Micro|MFF|SFF|MT|Tower|Desktop|DT)(?!\w))?",
    re.IGNORECASE,
)
_TOWER = re.compile(r"(?:Precision\s+)?(?:T(?:ower\s+)?)([357]\d{3})(?!\w)", re.IGNORECASE)
_SURFACE = re.compile(
    r"(?:MS\s+|Microsoft\s+)?Surface\s+(Pro\s+(?:X|\d{1,2}\+?)|Laptop\s+(?:Go\s*\d?|Studio\s*\d?|SE|\d)|Laptop\s+\d|Go(?:\s+\d)?|Book\s+\d)"
    r"(?![\w+])",
    re.IGNORECASE,
)


def read_hp(head: str, *, brand: str, desktop: bool | None) -> Model | None:
    """`840 G5`, `x360 830 G8`, `Fury 16 G9`, `800 G5 DM`, `Z2 Mini G9`; `inch` is left out of the name."""
    if match := _DRAGONFLY.match(head):
        return Model("notebook", "HP", "Elite Dragonfly", f"Elite Dragonfly G{match.group(1)}", head[match.end() :])
    if match := _HP_STATION.match(head):
        form = _FORMS.get((match.group("form") or match.group("after") or "").lower(), "")
        number, generation = match.group(1).upper(), match.group(3)
        name = " ".join(part for part in (number, form, f"G{int(generation)}") if part)
        uncertain = "form factor" if number == "Z2" and not form else ""
        return Model("desktop", "HP", "", name, head[match.end() :], uncertain)
    if match := _HP.match(head):
        return _hp_numbered(match, head, desktop=desktop)
    if match := _ZBOOK.match(head):
        return _zbook(match, head, brand=brand)
    if match := _HP_HOME.match(head):
        return Model("notebook", "HP", "", match.group("model").lower() + "xxx", head[match.end() :])
    return None


def _hp_numbered(match: re.Match[str], head: str, *, desktop: bool | None) -> Model | None:
    number, gen = match.group("number"), int(match.group("gen"))
    form = (match.group("form") or "").lower()
    rest = head[match.end() :]
    if form == "aio":
        return Model("desktop", "HP", "ProOne" if number[0] in "46" else "EliteOne", f"{number} G{gen} AIO", rest)
    if number in _DESKTOP_NUMBERS:
        line = "EliteDesk" if number[0] in "78" else "ProDesk"
        return Model(
            "desktop",
            "HP",
            line,
            f"{number} G{gen} {_FORMS.get(form, '')}".strip(),
            rest,
            "" if form else "form factor",
        )
    if form or desktop:
        return None
    x360 = "x360 " if match.group("x360") else ""
    notebook_line = _hp_line(number, gen)
    if notebook_line is None:
        return None
    return Model("notebook", "HP", notebook_line, f"{x360}{number} G{gen}", rest)


def _hp_line(number: str, gen: int) -> str | None:
    """EliteBooks are 7xx, 8xx, 10xx and, from the ninth generation, 6xx; 2xx have no line."""
    if len(number) == 4:
        return "EliteBook" if number[:2] == "10" else None
    if number[0] in "78":
        return "EliteBook"
    if number[0] == "6":
        return "EliteBook" if gen >= 9 else "ProBook"
    return {"4": "ProBook", "2": ""}.get(number[0])


def _zbook(match: re.Match[str], head: str, *, brand: str) -> Model | None:
    family = (match.group("family") or "").title()
    gen, size = int(match.group("gen")), (match.group("size") or "").lower()
    if not family and not match.group("named") and brand != "ZBOOK":
        return None
    if not family and not size:
        return None
    one_size = gen >= _ONE_SIZE_FROM.get(family, 99)
    name = " ".join(part for part in ("ZBook", family, "" if one_size else size, f"G{gen}") if part)
    return Model("notebook", "HP", "ZBook", name, head[match.end() :], "" if one_size or size else "size")


def read_dell(head: str, *, brand: str, family: str) -> Model | None:
    """`Latitude 5420`, `5420` (whose line the processor's generation tells), `OptiPlex 5060 Micro`."""
    if match := _OPTIPLEX.match(head):
        return _optiplex(match.group("number"), match.group("form"), head[match.end() :])
    if match := _TOWER.match(head):
        return Model("desktop", "Dell", "Precision", f"Tower {match.group(1)}", head[match.end() :])
    if match := _DELL_OLD.match(head):
        return Model("notebook", "Dell", "Latitude", match.group(1).upper(), head[match.end() :])
    if match := _DELL_XPS.match(head):
        return Model("notebook", "Dell", "XPS", match.group("number"), head[match.end() :])
    match = _DELL.match(head)
    if match is None:
        return None
    number, rest = match.group("number"), head[match.end() :]
    if re.match(r"\s*(Micro|SFF|MFF|MT|Tower)(?!\w)", rest, re.IGNORECASE):
        return _optiplex(number, rest.split()[0], rest.split(maxsplit=1)[1] if len(rest.split()) > 1 else "")
    line = _dell_line(number, named=match.group("line"), brand=brand, family=family)
    if line is None:
        return None
    form = (match.group("form") or "").strip().lower()
    suffix = {"": "", "detachable": " Detachable", "rugged": " Rugged"}.get(form, " 2-in-1")
    return Model("notebook", "Dell", line, f"{number}{suffix}", rest)


def _optiplex(number: str, form: str | None, rest: str) -> Model:
    name = {"micro": "Micro", "mff": "Micro", "sff": "SFF"}.get((form or "").lower(), "Tower" if form else "")
    return Model("desktop", "Dell", "OptiPlex", f"{number} {name}".strip(), rest, "" if name else "form factor")


def _dell_line(number: str, *, named: str | None, brand: str, family: str) -> str | None:
    if named:
        return "XPS" if named.upper() == "XPS" else named.title()
    lines = DELL_MODELS.get(number, {})
    fitting = [line for line, families in lines.items() if family in families.split(",")]
    if len(fitting) == 1:
        return fitting[0]
    branded = [line for line in lines if line.upper() == brand]
    return branded[0] if len(branded) == 1 and (not fitting or branded[0] in fitting) else None


def read_surface(head: str) -> Model | None:
    """`Surface Pro 7+`, `MS Surface Laptop 2`."""
    match = _SURFACE.match(head)
    if match is None:
        return None
    name = " ".join(word if word == "SE" else word.title() for word in match.group(1).split())
    return Model("notebook", "Microsoft", "Surface", f"Surface {name}", head[match.end() :])
