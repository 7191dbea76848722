"""Lenovo model names from the part of a description before the processor."""

from __future__ import annotations

import re
from typing import NamedTuple

from app.catalog.families import (
    GENERATIONS,
    LENOVO_CODE_ALIASES,
    LENOVO_NEEDS_ITS_LINE,
    LENOVO_OLD_SERIES,
    LENOVO_PLATFORMS,
)


class Model(NamedTuple):
    """`rest` is what the pattern left over; the caller refuses a description with unknown words there."""

    kind: str
    maker: str
    line: str
    name: str
    rest: str = ""
    uncertain: str = ""


_LINES = frozenset({"ideapad", "yoga", "legion", "ideacentre", "thinkbook"})
_DESKTOP_SERIES = ("IdeaCentre", "Legion T", "Yoga AIO")


class _Series(NamedTuple):
    name: str
    line: str
    words: frozenset[str]
    kind: str


def _series(name: str) -> _Series:
    words = name.lower().split()
    kind = "desktop" if name.startswith(_DESKTOP_SERIES) else "notebook"
    return _Series(name, words[0], frozenset(words[1:]), kind)


_BY_CODE: dict[str, list[tuple[_Series, str]]] = {}
for _name, _codes in LENOVO_PLATFORMS.items():
    for _code in _codes.split():
        _BY_CODE.setdefault(_code, []).append((_series(_name), _code))
for (_name, _alias), _code in LENOVO_CODE_ALIASES.items():
    if _name in LENOVO_PLATFORMS:
        _BY_CODE.setdefault(_alias, []).append((_series(_name), _code))

_PLATFORM = re.compile(
    r"(?<!\w)(\d\d(?:[A-Z]{3}[A-Z]?-?\d{0,2}[A-Z]?|M836|Q727|Q8C?X05))(?:\s?(OD|O|D)(?!\w))?(?!\w)",
    re.IGNORECASE,
)
_WORD = re.compile(
    r"prox|pro|slim|carbon|gaming|flex|duet|chromebook|creator|aio|\d+[gp](?![a-z])|\d+|[a-z]\d{3}s?|[a-z]+\d?|\+",
    re.IGNORECASE,
)
_WORD_ALIASES = {
    "ip": ["ideapad"],
    "yg": ["yoga"],
    "cb": ["chromebook"],
    "s5": ["slim", "5"],
    "s7": ["slim", "7"],
    "s9": ["slim", "9"],
    "c7": ["creator", "7"],
    "lenovo": [],
}
_THINKPAD = re.compile(
    r"(?P<named>ThinkPad\s+|TP\s+)?(?!X360)(?P<model>X1\s*(?:Carbon|Yoga|Extreme|Nano|Titanium|Tablet|Fold(?:\s5G)?)"
    r"|X12\s?Det(?:achable)?|Yoga\s?[234]\d0|C13\s+Yoga|13(?=\s+G\d)"
    r"|(?:[TLEXPZ]1[3-7][a-z]{0,2}|[TLXEWA]\d{3}[a-z]{0,2}|P[57]\d[a-z]?|P1)(?:\s+Yoga)?)"
    r"(?![\w-])(?:\s*\(?(?:G|Gen\.?\s?|Generation\s)(?P<gen>\d{1,2})a?(?![\w])"
    r"|\s+\(?(?P<ordinal>\d{1,2})(?:st|nd|rd|th)\s+Gen(?:eration)?(?!\w))?",
    re.IGNORECASE,
)
_THINKBOOK = re.compile(
    r"(?:ThinkBook|TB)\s+(?P<size>1[3-6][spx]?)(?P<yoga>\s+Yoga)?(?:\s*-\s*|\s+|$)(?:G(?:en\s?)?(?P<gen>\d)(?P<plus>\+)?"
    r"(?:\s+|$))?(?P<platform>[A-Z]{3})?(?!\w)",
    re.IGNORECASE,
)
_V_SERIES = re.compile(r"(V1[457])(?:\s+G(\d))?(?:[\s-]+([A-Z]{3}))?(?!\w)", re.IGNORECASE)
_OLD = re.compile(
    r"(?P<line>IdeaPad|Yoga|Legion|YG|IP)?\s*(?P<series>[A-Z]?\d{3}S?)-(?P<code>\d\d[A-Z]{3}g?)(?!\w)",
    re.IGNORECASE,
)
_SCHOOL = re.compile(
    r"(10e|100e|300e|500e|14e|14w|13w(?:\s+Yoga)?)(?:\s+(?:G|Gen\s?)?(\d)(?:nd|rd)?)?(?!\w)", re.IGNORECASE
)
_THINKCENTRE = re.compile(
    r"(?P<named>ThinkCentre\s+)?(?P<model>M\d{2,3}[a-z]{0,2}(?:-1)?(?:\sPro)?|neo\s\d\d[a-z](?:\s2[247])?)(?![\w-])"
    r"(?:\s*(?:G|Gen\s?)(?P<gen>\d)(?!\w))?",
    re.IGNORECASE,
)
_THINKSTATION = re.compile(
    r"(?:ThinkStation\s+)?(P3\s|P3[2-6][08]|P348|P358|P410|P5[12]0c?|P6[12]0|P7[12]0|P9[12]0)(?:\s*(Tiny|Ultra))?(?:\s+G(\d))?(?!\w)",
    re.IGNORECASE,
)
# The platform of a V series machine whose code was left out, by processor family.
_V_PLATFORMS = {
    ("V14", "2", "i11"): "ITL",
    ("V15", "2", "i11"): "ITL",
    ("V17", "2", "i11"): "ITL",
    ("V14", "3", "i12"): "IAP",
    ("V15", "3", "i12"): "IAP",
    ("V15", "3", "a5b"): "ABA",
    ("V14", "2", "a5l"): "ALC",
    ("V15", "2", "a5l"): "ALC",
}
_CARBON = re.compile(r"(?:Yoga|YG)\s+Slim\s*7\s+Carbon(?!\w)", re.IGNORECASE)
_CHROMEBOOK = re.compile(
    r"(?:IdeaPad\s+|IP\s+)?(?:(?P<duet>Duet\s*5)\s+(?:CB|Chromebook)|(?P<flex>Flex\s*5)\s+(?:CB|Chromebook)"
    r"|(?P<first>CT-X636F|Duet\s+Chromebook))(?!\w)",
    re.IGNORECASE,
)
_FLEX_5_CHROMEBOOKS = {"i10": "13IML05", "i11": "13ITL6", "pentium": "13ITL6", "i12": "14IAU7"}


def _words(text: str) -> list[str]:
    words: list[str] = []
    for token in text.lower().replace("-", " ").split():
        if token in _WORD_ALIASES:
            words += _WORD_ALIASES[token]
        else:
            for word in _WORD.findall(token):
                words += _WORD_ALIASES.get(word, [word])
    return words


def read_platform(head: str, *, family: str, desktop: bool | None, infrared: bool) -> Model | None:
    """`3 15ALC6`, `YG Slim7 ProX 14ARH7`: the one series that the words and the platform code fit.

    Words may be left out by the supplier but not contradict. Exactly the series' words beat a longer name;
    `infrared` (a camera that no Legion of these years had) and an HS processor decide for the IdeaPad.
    """
    match = _PLATFORM.search(head)
    if match is None:
        return None
    code = match.group(1).upper().replace("-", "")
    words = _words(head[: match.start()])
    rest = head[match.end() :]
    named = [word for word in words if word in _LINES]
    other = frozenset(word for word in words if word not in _LINES)
    found = [
        (series, canonical)
        for series, canonical in _BY_CODE.get(code + (match.group(2) or "").upper(), ())
        if other <= series.words
        and (not named or series.line in named)
        and (desktop is None or (series.kind == "desktop") == desktop)
    ]
    if not named and code in LENOVO_NEEDS_ITS_LINE and len(found) > 1:
        return None
    exact = [pair for pair in found if pair[0].words == other]
    if len(exact) > 1 and infrared:
        exact = [pair for pair in exact if pair[0].line == "ideapad"]
    chosen = exact or found
    if len(chosen) == 1:
        series, canonical = chosen[0]
        line = series.name.split()[0]
        return Model(series.kind, "Lenovo", line, f"{series.name} {canonical}", rest)
    if not chosen and named and code not in _BY_CODE and code[-1].isdigit() and other:
        line = {"ideapad": "IdeaPad", "ideacentre": "IdeaCentre"}.get(named[0], named[0].title())
        spoken = " ".join(word.title() for word in words if word not in _LINES)
        kind = "desktop" if line == "IdeaCentre" else "notebook"
        return Model(kind, "Lenovo", line, f"{line} {spoken} {code}", rest)
    return None


def _generation(model: str, written: str | None, family: str) -> tuple[str, str]:
    """The model with its generation, and what stays open."""
    known = GENERATIONS.get(model)
    if written:
        return f"{model} G{int(written)}", ""
    if known is None:
        return model, ""
    if family in known:
        return f"{model} G{known[family]}", ""
    return model, "generation"


def read_thinkpad(head: str, *, family: str) -> Model | None:
    """`T480s`, `X1 Carbon G9`, `L14 Gen 3`, `T14` (whose generation the processor tells)."""
    match = _THINKPAD.match(head)
    if match is None:
        return None
    model = _thinkpad_name(match.group("model"))
    name, uncertain = _generation(model, match.group("gen") or match.group("ordinal"), family)
    return Model("notebook", "Lenovo", "ThinkPad", name, head[match.end() :], uncertain)


def _thinkpad_name(text: str) -> str:
    words = text.split()
    if words[0].upper().startswith("X12"):
        return "X12 Detachable"
    if words[0].upper().startswith("X1") and len(words[0]) > 3 and not words[0][2:3].isdigit():
        words = ["X1", words[0][2:]]
    first = words[0][:1].upper() + words[0][1:].lower()
    return " ".join([first, *(word if word == "5G" else word.title() for word in words[1:])])


def read_other_notebook(head: str, *, family: str) -> Model | None:
    """ThinkBook, V series, school machines, models named by series and code, and some without a code."""
    if match := _THINKBOOK.match(head):
        return _thinkbook(match, head, family)
    if match := _V_SERIES.match(head):
        size, gen = match.group(1).upper(), match.group(2)
        platform = (match.group(3) or _V_PLATFORMS.get((size, gen or "", family)) or "").upper()
        name = f"{size} G{gen} {platform}" if gen else f"{size}-{platform}"
        return Model("notebook", "Lenovo", "", name.strip(" -"), head[match.end() :], "" if platform else "platform")
    if match := _OLD.match(head):
        series = match.group("series").upper()
        line = {"ip": "IdeaPad", "yg": "Yoga"}.get((match.group("line") or "").lower()) or match.group("line")
        line = line.title().replace("Ideapad", "IdeaPad") if line else LENOVO_OLD_SERIES.get(series)
        if line is None:
            return None
        line = LENOVO_OLD_SERIES.get(series, line) if line != "Yoga" else line
        code = match.group("code").upper()
        name = f"{series}-{code}" if line == series else f"{line} {series}-{code}"
        return Model("notebook", "Lenovo", "" if line == series else line, name, head[match.end() :])
    if match := _SCHOOL.match(head):
        name = match.group(1).lower().replace("yoga", "Yoga") + (f" G{match.group(2)}" if match.group(2) else "")
        return Model("notebook", "Lenovo", "", " ".join(name.split()), head[match.end() :])
    if match := _CARBON.match(head):
        code = {"i12": "13IAP7", "a5c": "14ACN6"}.get(family, "")
        name = f"Yoga Slim 7 Carbon {code}".strip()
        return Model("notebook", "Lenovo", "Yoga", name, head[match.end() :], "" if code else "platform")
    if match := _CHROMEBOOK.match(head):
        name = "IdeaPad Duet 5 Chromebook" if match.group("duet") else "IdeaPad Duet Chromebook"
        if match.group("flex"):
            name = f"IdeaPad Flex 5 Chromebook {_FLEX_5_CHROMEBOOKS.get(family, '')}".strip()
        uncertain = "platform" if name.endswith("5 Chromebook") and match.group("flex") else ""
        return Model("notebook", "Lenovo", "IdeaPad", name, head[match.end() :], uncertain)
    return None


def _thinkbook(match: re.Match[str], head: str, family: str) -> Model | None:
    yoga, platform = match.group("yoga"), (match.group("platform") or "").upper()
    if yoga and not platform:
        platform = {"i11": "ITL", "i12": "IAP"}.get(family, "")
    if not match.group("gen") and not platform:
        return None
    parts = ["ThinkBook", match.group("size").lower()]
    if yoga:
        parts.append("Yoga")
    if match.group("gen"):
        parts.append(f"G{match.group('gen')}{match.group('plus') or ''}")
    if platform:
        parts.append(platform)
    uncertain = "" if platform else "platform"
    return Model("notebook", "Lenovo", "ThinkBook", " ".join(parts), head[match.end() :], uncertain)


def read_desktop(head: str, *, family: str) -> Model | None:
    """ThinkCentre (`M70q G3`, `neo 50a g3`) and ThinkStation (`P340 Tiny`, `P620`)."""
    if match := _THINKSTATION.match(head):
        parts = [match.group(1).upper().strip().replace("C", "c")]
        parts += [match.group(2).title()] if match.group(2) else []
        parts += [f"G{match.group(3)}"] if match.group(3) else []
        return Model("desktop", "Lenovo", "ThinkStation", " ".join(parts), head[match.end() :])
    match = _THINKCENTRE.match(head)
    if match is None:
        return None
    words = match.group("model").split()
    first = words[0].lower() if words[0].lower() == "neo" else words[0][:1].upper() + words[0][1:].lower()
    model = " ".join([first, *(word.lower() if first == "neo" else word.title() for word in words[1:])])
    name, uncertain = _generation(model, match.group("gen"), family)
    if first == "neo" and model.endswith("a"):
        uncertain = "screen size"  # The all-in-ones of the series come in 22, 24 and 27 inches.
    return Model("desktop", "Lenovo", "ThinkCentre", name, head[match.end() :], uncertain)
