"""Memory, disks, screen and the like, from the part of a description behind the processor."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_SIZE = re.compile(
    r"(?<![\w.+-])(?:(?P<count>[2-4])x)?(?P<size>\d{1,4})\s?(?P<unit>GB|TB)?\s?"
    r"(?P<kind>M\.?2|NVMe|SSD|S|HDD|eMMC|(?:-|GB-|TB-)7(?:200)?|-5(?:400)?|-HDD|RAM)?(?P<more>(?:\s?\+\s?[^/\s,;]+)*)"
    r"(?P<after>\s(?:SSD|HDD)(?!\w))?"
    r"(?![\w.-])",
    re.IGNORECASE,
)
_GLUED = re.compile(r"(\dGB)(?=\d{3}(?:M2|SSD|S|NVMe)\b|\dTBM2)", re.IGNORECASE)
_MORE = re.compile(r"(\d{1,4})(GB|TB)?(M2|S|SSD|NVMe|HDD|-7|-5|-HDD)?", re.IGNORECASE)
_MEMORY_SIZES = frozenset((1, 2, 3, 4, 6, 8, 10, 12, 16, 18, 20, 24, 32, 36, 40, 48, 64, 72, 80, 96, 128))
_DISK_SIZES = frozenset(
    (4, 8, 16, 32, 64, 120, 128, 160, 180, 192, 240, 250, 256, 320, 480, 500, 512, 750, 960, 1000, 1024)
) | frozenset(size * 1024 for size in (2, 3, 4, 6, 8))
# No hard disk was sold in these sizes, so a bare "256GB" is flash. 500 GB and 1 TB may be either.
_FLASH_SIZES = frozenset((4, 8, 16, 32, 64, 128, 256, 512))
_SCREEN = re.compile(
    r"(?<=[/\s])(WQUXGA|WUXGA\+?|WQXGA|WQHD|UHD|QHD\+?|FHD\+?|WSVGA|WXGA|QXGA|HD\+?|WX\+|2\.2K|2\.5K|2\.8K|3\.2K|2K|3K|4K)"
    r"(?=[/\s]|$)",
    re.IGNORECASE,
)
_SYSTEM = re.compile(r"(?<=[/\s])(W(?:7|8|10|11)(?:PE?|H|S|IOT)?|NOOS|DOS|Chrome|MacOS)(?=_COA|[/\s]|$)", re.IGNORECASE)
_CELLULAR = re.compile(r"/(?:4|5|4G|5G|4G-LTE|LTE)(?=/|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Configuration:
    """Sizes in GB; None and empty where the text does not say, or says a range (`8-16GB`)."""

    memory_gb: int | None = None
    storage_gb: int | None = None
    more_storage_gb: tuple[int, ...] = ()
    storage_kind: str = ""
    screen: str = ""
    touch: bool = False
    operating_system: str = ""
    cellular: bool = False


def in_gb(size: str, unit: str | None) -> int:
    """`1`, `TB` is 1024; 1000 is what some write for a terabyte."""
    number = int(size)
    if unit and unit.upper() == "TB":
        return number * 1024
    return 1024 if number == 1000 else number


def _kind(kind: str | None, size_gb: int) -> str:
    if not kind:
        return "ssd" if size_gb in _FLASH_SIZES else ""
    return "hdd" if kind.upper().lstrip("-").removeprefix("GB-").removeprefix("TB-")[:1] in "H75" else "ssd"


@lru_cache(5000)
def read_configuration(text: str) -> Configuration:
    """Read `16GB/512M2/FHD/C/W11P`, `8 GB RAM, 256 GB SSD` and mixtures; memory stands before the disk."""
    if "GB" in text.upper():
        text = _GLUED.sub(r"\1/", text)
    memory: int | None = None
    disks: tuple[int, ...] = ()
    disk_kind = ""
    for match in _SIZE.finditer(text):
        unit, kind = match.group("unit"), match.group("kind") or (match.group("after") or "").strip()
        if not unit and not kind:
            continue
        size = in_gb(match.group("size"), unit)
        if kind.upper() == "RAM":
            # "128GB 8GB RAM": what stood first was the disk after all.
            disks = disks or ((memory,) if memory in _DISK_SIZES and memory else ())
            memory, disk_kind = (size if size in _MEMORY_SIZES else None), disk_kind or "ssd"
        elif not kind and memory is None and not disks and size in _MEMORY_SIZES:
            memory = size
        elif size not in _DISK_SIZES:
            if not disks:
                break
        elif not disks:
            disks = (size,) * int(match.group("count") or 1) + _more(match.group("more"))
            disk_kind = _kind(kind, size)
        elif kind:
            disks = (*disks, size)
    screen = _SCREEN.search(text)
    system = _SYSTEM.search(text)
    return Configuration(
        memory_gb=memory,
        storage_gb=disks[0] if disks else None,
        more_storage_gb=disks[1:],
        storage_kind=disk_kind,
        screen=screen.group(1).upper() if screen else "",
        touch="/MT" in text,
        operating_system=system.group(1).upper() if system else "",
        cellular=_CELLULAR.search(text) is not None,
    )


def _more(text: str) -> tuple[int, ...]:
    return tuple(in_gb(size, unit) for size, unit, _ in _MORE.findall(text)) if text else ()
