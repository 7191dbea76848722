"""What a description of a device says, and the key under which equal configurations meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """One device as a supplier described it; an empty string or None means: not written.

    `kind` is phone, tablet, notebook, desktop or monitor. `model` is our canonical spelling and holds the
    series where people say it (`IdeaPad 3 15ALC6`, `iPhone 12 mini`) and not where they do not (`T480s`).
    `storage_gb` is the first disk (1 TB = 1024); further disks are in `more_storage_gb`.
    `storage_kind` is `ssd`, `hdd` or empty when the text leaves it open. `connectivity` is `wifi` or
    `cellular`. `uncertain` names what the text leaves open although it decides which product is meant;
    such a device is shown to a person and never matched.
    """

    kind: str
    maker: str
    line: str
    model: str
    storage_gb: int | None = None
    more_storage_gb: tuple[int, ...] = ()
    storage_kind: str = ""
    memory_gb: int | None = None
    processor: str = ""
    colour: str = ""
    connectivity: str = ""
    screen: str = ""
    touch: bool = False
    keyboard: str = ""
    operating_system: str = ""
    network_lock: str = ""
    year: int | None = None
    uncertain: str = ""

    @property
    def full_model(self) -> str:
        """The model with its line, said once: `ThinkPad T480s`, `IdeaPad 3 15ALC6`."""
        if not self.line or self.model.startswith(self.line):
            return self.model
        return f"{self.line} {self.model}"


# What tells one sellable configuration from another; the other facts inform.
DECIDING = ("maker", "line", "model", "storage", "storage_kind", "memory", "processor", "colour", "connectivity")


def facts_as_text(facts: DeviceFacts) -> dict[str, str]:
    """The facts that are known, as they are stored beside a line and a variant and compared: name to text.

    `storage` holds every disk (`512+1024`); the other names are those of DeviceFacts.
    """
    sizes = (facts.storage_gb, *facts.more_storage_gb) if facts.storage_gb else ()
    values = {
        "kind": facts.kind,
        "maker": facts.maker,
        "line": facts.line,
        "model": facts.model,
        "storage": "+".join(str(size) for size in sizes),
        "storage_kind": facts.storage_kind if sizes else "",
        "memory": str(facts.memory_gb or ""),
        "processor": facts.processor,
        "colour": facts.colour,
        "connectivity": facts.connectivity,
        "screen": facts.screen,
        "touch": "yes" if facts.touch else "",
        "keyboard": facts.keyboard,
        "operating_system": facts.operating_system,
        "network_lock": facts.network_lock,
        "year": str(facts.year or ""),
        "uncertain": facts.uncertain,
    }
    return {name: value for name, value in values.items() if value}


def facts_from_text(values: Mapping[str, str]) -> DeviceFacts:
    """What `facts_as_text` wrote, as facts again."""
    sizes = [int(size) for size in values.get("storage", "").split("+") if size]
    return DeviceFacts(
        kind=values.get("kind", ""),
        maker=values.get("maker", ""),
        line=values.get("line", ""),
        model=values.get("model", ""),
        storage_gb=sizes[0] if sizes else None,
        more_storage_gb=tuple(sizes[1:]),
        storage_kind=values.get("storage_kind", ""),
        memory_gb=int(values["memory"]) if "memory" in values else None,
        processor=values.get("processor", ""),
        colour=values.get("colour", ""),
        connectivity=values.get("connectivity", ""),
        screen=values.get("screen", ""),
        touch="touch" in values,
        keyboard=values.get("keyboard", ""),
        operating_system=values.get("operating_system", ""),
        network_lock=values.get("network_lock", ""),
        year=int(values["year"]) if "year" in values else None,
        uncertain=values.get("uncertain", ""),
    )


# A colour is part of what is sold where the maker offers a choice; notebooks are sold by configuration.
_COLOURED = frozenset({"phone", "tablet"})


def match_key(facts: DeviceFacts) -> str | None:
    """The normalised name of a sellable configuration, grade excluded; None where a deciding part is missing.

    phone     maker|model|storage|colour
    tablet    maker|model|storage|colour|connectivity, or, where suppliers write the configuration in place of
              a colour (every maker but Apple and Samsung), maker|model|processor|memory|storage|connectivity
    notebook, desktop   maker|model|processor|memory|storage (and the colour of a MacBook)
    monitor   maker|model
    """
    if facts.uncertain or not facts.maker or not facts.model:
        return None
    parts: list[str | None] = [facts.maker, facts.full_model]
    if facts.kind == "monitor":
        return _joined(parts)
    if facts.kind == "phone":
        parts += [_storage(facts), facts.colour]
    elif facts.kind == "tablet" and facts.maker in ("Apple", "Samsung"):
        parts += [_storage(facts), facts.colour, facts.connectivity]
    elif facts.kind == "tablet":
        parts += [facts.processor, _memory(facts), _storage(facts), facts.connectivity]
    else:
        parts += [_processor(facts), _memory(facts), _storage(facts)]
        if facts.maker == "Apple":
            parts.append(facts.colour)
    return _joined(parts)


def configuration_of(facts: DeviceFacts) -> DeviceFacts:
    """The facts that `match_key` is made of: what every line of this configuration has in common."""
    disks = {
        "storage_gb": facts.storage_gb,
        "more_storage_gb": facts.more_storage_gb,
        "storage_kind": facts.storage_kind,
    }
    kept: dict[str, Any] = {"screen": facts.screen} if facts.kind == "monitor" else disks
    if facts.kind == "phone" or (facts.kind == "tablet" and facts.maker in ("Apple", "Samsung")):
        kept["colour"] = facts.colour
    elif facts.kind != "monitor":
        kept |= {"processor": facts.processor, "memory_gb": facts.memory_gb}
        kept |= {"colour": facts.colour} if facts.maker == "Apple" else {}
    if facts.kind == "tablet":
        kept["connectivity"] = facts.connectivity
    return DeviceFacts(facts.kind, facts.maker, facts.line, facts.model, **kept)


def _joined(parts: list[str | None]) -> str | None:
    if not all(parts):
        return None
    return "|".join(part for part in parts if part).lower()


def _memory(facts: DeviceFacts) -> str | None:
    return str(facts.memory_gb) if facts.memory_gb else None


def _processor(facts: DeviceFacts) -> str:
    # Suppliers write "Pro" or leave it out; the number names the chip either way.
    return facts.processor.replace(" Pro ", " ")


def _storage(facts: DeviceFacts) -> str | None:
    """`256`, `1024hdd` or `512+1024`; None when the size is missing or a large disk may be either kind."""
    if not facts.storage_gb:
        return None
    sizes = "+".join(str(size) for size in (facts.storage_gb, *facts.more_storage_gb))
    if facts.kind in _COLOURED or facts.storage_kind == "ssd":
        return sizes
    return f"{sizes}hdd" if facts.storage_kind == "hdd" else None
