"""Processor names as suppliers write them, and the maker's own name for each."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Processor:
    """A processor found in a text. `family` says its age: `i8k`, `i11`, `a5c` (see `_intel`, `_amd`); `start`
    and `end` are its place in the text."""

    name: str
    family: str
    start: int
    end: int


_CORE = re.compile(
    r"(?<![\w-])i([3579])(?:-|\s-?\s?)?(L16G7|N\d{3}|\dY\d\d|\d{4,5}(?:NG\d|G\d(?:E)?|GRE|HVP|UE|HQ|HX|HK|HF|KF|TE|[UHPMYTKFS])?"
    r"|(?<=-)\d{3}(?:UM|M)?)(?![\w.])",
    re.IGNORECASE,
)
_ULTRA = re.compile(r"\b(?:Core\s+)?Ultra\s*([579])[\s-]*(\d{3}[UHV]X?)\b", re.IGNORECASE)
_RYZEN = re.compile(
    r"(?<![\w-])(?:Ryzen\s?|R)([3579])[\s-]*(Pro\b[\s-]*)?(\d{4}(?:GE|HS|HX|XT|WX|[UHCGXZ])?)(?!\w)",
    re.IGNORECASE,
)
_SHORT_RYZEN = re.compile(r"(?<![\w-])([3579])(?:\s+(Pro)\s+|-)(\d{4}(?:U|HS|HX|H))(?!\w)", re.IGNORECASE)
_THREADRIPPER = re.compile(r"\b(?:Ryzen\s+TR|Threadripper)\s+(?:Pro\s+)?(\d{4}WX?)\b", re.IGNORECASE)
_XEON = re.compile(
    r"(?<![\w-])(?:Xeon\s*)?(W-?\d{4,5}[MP]?E?|E[35]-\d{4}[LM]?\s*v\d|E-\d{4}[MG]?)(?!\w)", re.IGNORECASE
)
_OTHERS = re.compile(
    r"(?<![\w-])(?:"
    r"(?P<athlon>(?:AMD\s+)?Athlon(?:\s+Silver|\s+Gold)?\s+(?P<athlon_no>\d{4}[UE])|S-(?P<silver_no>3050E))"
    r"|AMD\s+(?P<amd>30\d\dE)"
    r"|(?:AMD\s+)?(?P<apu>A(?:4|6|8|9|10|12)-\d{4}[A-Z]?)"
    r"|(?:Pentium\s*G?|Celeron|Gold|Silver|Pentium\s+(?:Gold|Silver))?\s*(?P<n>N\d{4}|J\d{4}|G\d{4}T?)"
    r"|(?:Pentium|Celeron|Gold|Pentium\s+Gold)?\s*(?P<bare>6305U?|7505|8505|6405U|4415[UY]|4205U|5205U|3867U|3965[UY]"
    r"|3[357]00U)"
    r"|m(?P<core_m>[357])-(?P<core_m_no>\dY\d\d|\d{4}Y)"
    r"|(?:QC|Snapdragon|SDM)\s?(?P<qc>7c(?:\s+G\d)?|8cx(?:\s+G\d)?|\d{3}[A-Z]?)"
    r"|(?:MT|MediaTek)\s*(?P<mt>8\d{3}|P\d{2}T?|G\d{2}T?|A22)"
    r"|Helio\s+(?P<helio>[GPA]\d{2}T?)"
    r"|(?P<plain>SQ[123]|T610|1300T|750G)"
    r")(?![\w])",
    re.IGNORECASE,
)
_BARE_NAMES = {
    "6305": "Celeron 6305",
    "6305U": "Celeron 6305",
    "4205U": "Celeron 4205U",
    "5205U": "Celeron 5205U",
    "3867U": "Celeron 3867U",
    "3965U": "Celeron 3965U",
    "3965Y": "Celeron 3965Y",
    "7505": "Pentium Gold 7505",
    "8505": "Pentium Gold 8505",
    "6405U": "Pentium Gold 6405U",
    "4415U": "Pentium Gold 4415U",
    "4415Y": "Pentium Gold 4415Y",
    "3300U": "Ryzen 3 3300U",
    "3500U": "Ryzen 5 3500U",
    "3700U": "Ryzen 7 3700U",
}
# These numbers exist only as Pro chips; the word is added where a supplier leaves it out (AMD's lists).
_ONLY_PRO = frozenset(
    [
        "4350GE",
        "4450U",
        "4650U",
        "4750U",
        "5450U",
        "5475U",
        "5650U",
        "5675U",
        "5850U",
        "5875U",
        "6650U",
        "6850U",
        "6850H",
        "6860Z",
        "6950H",
        "5845",
        "5945",
    ]
)
_WHISKEY_LAKE = frozenset(["8145U", "8265U", "8365U", "8565U", "8665U"])


def _intel(number: str) -> str:
    """`i` and the generation; the eighth is Kaby Lake Refresh or H (`i8k`) or Whiskey Lake (`i8w`)."""
    if number[0] in "LN":
        return "i10" if number[0] == "L" else "i12"
    digits = re.match(r"\d+", number)
    length = len(digits.group()) if digits else 0
    if length == 5 or (length == 4 and number[:2] in ("10", "11", "12", "13", "14") and number[4:] not in ("M", "")):
        return f"i{number[:2]}"
    if length < 4 and "Y" not in number:
        return "i1"
    if number[0] == "8":
        return "i8w" if number in _WHISKEY_LAKE else "i8k"
    return f"i{number[0]}"


def _amd(number: str) -> str:
    """`a` and the thousand; mobile 5000s are Lucienne (`a5l`), Cezanne (`a5c`) or Barcelo (`a5b`)."""
    if number[0] != "5" or not number.endswith(("U", "H", "HS", "HX")):
        return f"a{number[0]}"
    if number[1:3] in ("30", "50", "70"):
        return "a5l" if number[3] == "0" else "a5c"
    if number[3] == "5" and number[2] in "27":
        return "a5b"
    return "a5c"


def _ryzen_name(tier: str, number: str, *, pro: bool) -> str:
    pro_word = "Pro " if pro or number in _ONLY_PRO else ""
    return f"Ryzen {tier} {pro_word}{number}"


def _from_others(match: re.Match[str]) -> tuple[str, str]:
    groups = match.groupdict()
    kind = next(
        name for name in ("athlon", "amd", "apu", "n", "bare", "core_m", "qc", "mt", "helio", "plain") if groups[name]
    )
    value = groups[kind].upper()
    if kind == "athlon":
        number = (groups["athlon_no"] or groups["silver_no"]).upper().replace("E", "e")
        return f"Athlon {number}", "a3"
    if kind == "core_m":
        number = groups["core_m_no"].upper()
        return f"m{value}-{number}", _intel(number)
    if kind == "bare":
        return _BARE_NAMES[value], "a3" if value.endswith("00U") else "pentium"
    if kind == "qc":
        return "Snapdragon " + groups["qc"].replace("C", "c").replace("X", "x").replace("g", "G"), "arm"
    if kind == "mt":
        return ("MediaTek " if value[0] == "8" else "Helio ") + value, "arm"
    names: dict[str, Callable[[], tuple[str, str]]] = {
        "amd": lambda: (f"AMD {value.replace('E', 'e')}", "a3"),
        "apu": lambda: (value[:-1] + value[-1].replace("E", "e"), "apu"),
        "n": lambda: (value, "pentium"),
        "helio": lambda: (f"Helio {value}", "arm"),
        "plain": lambda: (value, "arm"),
    }
    return names[kind]()


def read_processor(text: str) -> Processor | None:
    """The processor written in `text`; None when only a range is written (`i5`, `i5-8th`, `R7`)."""
    if match := _CORE.search(text):
        number = match.group(2).upper().removesuffix("VP")
        return Processor(f"i{match.group(1)}-{number}", _intel(number), match.start(), match.end())
    if match := _RYZEN.search(text) or _SHORT_RYZEN.search(text):
        number = match.group(3).upper()
        name = _ryzen_name(match.group(1), number, pro=bool(match.group(2)))
        return Processor(name, _amd(number), match.start(), match.end())
    if match := _ULTRA.search(text):
        return Processor(f"Ultra {match.group(1)} {match.group(2).upper()}", "iu", match.start(), match.end())
    if match := _THREADRIPPER.search(text):
        return Processor(f"Threadripper Pro {match.group(1).upper()}", "tr", match.start(), match.end())
    if match := _OTHERS.search(text):
        name, family = _from_others(match)
        return Processor(name, family, match.start(), match.end())
    if match := _XEON.search(text):
        number = re.sub(r"^(W)-?", r"\1-", match.group(1).upper()).replace("V", " v").replace("  ", " ")
        return Processor(f"Xeon {number}", "xeon", match.start(), match.end())
    return None
