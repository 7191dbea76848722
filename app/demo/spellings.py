"""Descriptions of a device as different suppliers would write them."""

from __future__ import annotations

from app.catalog.device_facts import DeviceFacts

STYLES = ("slashes", "words", "commas")
# Lines that traders leave out, because every buyer knows the number.
_LEFT_OUT = frozenset(("ThinkPad", "ThinkCentre", "EliteBook", "ProBook", "Latitude"))


def describe(facts: DeviceFacts, style: str) -> str:
    """In one of `STYLES`: `T480s i5-8350U/16GB/256M2/FHD/C`, or full names in words or with commas."""
    if facts.kind == "phone" or (facts.kind == "tablet" and not facts.processor):
        return _mobile(facts, style)
    return _computer(facts, style)


def _mobile(facts: DeviceFacts, style: str) -> str:
    colour = facts.colour.replace("Grey", "Gray") if style == "slashes" else facts.colour
    wireless = {"wifi": "WiFi", "cellular": "WiFi+Cell"}.get(facts.connectivity, "")
    if style == "slashes":
        name = facts.full_model if facts.line else f"{facts.maker} {facts.full_model}"
        return "/".join([f"{name} {wireless}".strip(), f"{facts.storage_gb}S", colour])
    wireless = {"wifi": "Wi-Fi", "cellular": "LTE"}.get(facts.connectivity, "")
    parts = [f"{facts.maker} {facts.full_model}", wireless, _size(facts.storage_gb or 0, "GB"), colour]
    return (", " if style == "commas" else " ").join(part for part in parts if part)


def _computer(facts: DeviceFacts, style: str) -> str:
    disks = (facts.storage_gb or 0, *facts.more_storage_gb)
    hard = facts.storage_kind == "hdd"
    if style == "slashes":
        short = facts.model if facts.line in _LEFT_OUT else facts.full_model
        processor = facts.processor.replace("Ryzen ", "R", 1)
        disk_kind = "S" if facts.kind == "tablet" else "HDD" if hard else "M2"
        modem = ["4"] if facts.connectivity == "cellular" else []
        sizes = "+".join(_size(size, disk_kind, unit="") for size in disks)
        parts = [f"{short} {processor}", f"{facts.memory_gb}GB", sizes, "FHD", *modem, facts.colour, "C"]
        return "/".join(part for part in parts if part)
    disk_name = "" if facts.kind == "tablet" else " HDD" if hard else " SSD"
    sizes = "+".join(_size(size, "GB") for size in disks) + disk_name
    wireless = {"wifi": "Wi-Fi", "cellular": "LTE"}.get(facts.connectivity, "")
    head = f"{facts.maker} {facts.full_model} {facts.processor}"
    separator = ", " if style == "commas" else " "
    return separator.join(part for part in (head, f"{facts.memory_gb}GB", sizes, wireless, facts.colour) if part)


def _size(size_gb: int, kind: str, *, unit: str | None = None) -> str:
    """`256GB`, `1TB`; with `unit` empty the kind stands in the unit's place: `256M2`, `1TBM2`."""
    if size_gb >= 1024:
        return f"{size_gb // 1024}TB" + (kind if unit == "" else "")
    return f"{size_gb}{kind}"
