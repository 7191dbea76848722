"""Every configuration that the fact tables name, product by product."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.catalog.device_facts import DeviceFacts
from app.catalog.families import LENOVO_PLATFORMS
from app.catalog.processors import read_processor
from app.demo.facts.desktops import DESKTOPS
from app.demo.facts.lenovo import LENOVO_SERIES, SERIES, THINKBOOKS, THINKPADS, V_SERIES
from app.demo.facts.mobiles import LENOVO_TABLETS, MACBOOKS, PHONES, TABLETS, Mobiles
from app.demo.facts.notebooks import OTHER_NOTEBOOKS
from app.demo.facts.processors import GROUPS, PLATFORMS, SERIES_PLATFORMS
from app.demo.facts.rows import Computers


@dataclass(slots=True)
class Draft:
    """One product before its variants: facts of each configuration with the price on top of the product's."""

    name: str
    year: int
    base_price: int
    configurations: list[tuple[DeviceFacts, int]]


def drafts() -> Iterator[Draft]:
    """Every product once, phones first."""
    for mobiles in PHONES:
        yield from _phones(mobiles)
    for mobiles in TABLETS:
        yield from _tablets(mobiles)
    yield from _lenovo_tablets()
    yield from _macbooks()
    seen: set[str] = set()
    for computers in _all_computers():
        for draft in _computers(computers):
            # One model may stand in two rows with different processors, but each pair counts once.
            if draft.name not in seen:
                seen.add(draft.name)
                yield draft


def _phones(mobiles: Mobiles) -> Iterator[Draft]:
    storages = [int(size) for size in mobiles.storages.split()]
    for model in mobiles.models.split(";"):
        configurations = [
            (
                DeviceFacts(
                    "phone",
                    mobiles.maker,
                    mobiles.line,
                    model,
                    storage_gb=size,
                    storage_kind="ssd",
                    colour=colour,
                ),
                _storage_extra(size, storages[0]),
            )
            for size in storages
            for colour in mobiles.colours.split(";")
        ]
        yield Draft(model_name(mobiles.maker, mobiles.line, model), mobiles.year, mobiles.price_eur, configurations)


def _tablets(mobiles: Mobiles) -> Iterator[Draft]:
    storages = [int(size) for size in mobiles.storages.split()]
    for model in mobiles.models.split(";"):
        configurations = [
            (
                DeviceFacts(
                    "tablet",
                    mobiles.maker,
                    mobiles.line,
                    model,
                    storage_gb=size,
                    storage_kind="ssd",
                    colour=colour,
                    connectivity=connectivity,
                ),
                _storage_extra(size, storages[0]) + (120 if connectivity == "cellular" else 0),
            )
            for size in storages
            for colour in mobiles.colours.split(";")
            for connectivity in ("wifi", "cellular")
        ]
        yield Draft(model_name(mobiles.maker, mobiles.line, model), mobiles.year, mobiles.price_eur, configurations)


def _lenovo_tablets() -> Iterator[Draft]:
    for line, model, chips, memories, storages, year, price in LENOVO_TABLETS:
        for chip in _processors(chips):
            configurations = [
                (
                    DeviceFacts(
                        "tablet",
                        "Lenovo",
                        line,
                        model,
                        storage_gb=int(size),
                        storage_kind="ssd",
                        memory_gb=int(memory),
                        processor=chip,
                        connectivity=connectivity,
                    ),
                    40 if connectivity == "cellular" else 0,
                )
                for memory in memories.split()
                for size in storages.split()
                for connectivity in ("wifi", "cellular")
            ]
            yield Draft(f"{model_name('Lenovo', line, model)} {chip}", year, price, configurations)


def _macbooks() -> Iterator[Draft]:
    for family, year, chips, memories, disks, colours, price in MACBOOKS:
        sizes = [int(size) for size in disks.split()]
        for chip in (word.replace("_", " ") for word in chips.split()):
            model = f"{family} {year}"
            configurations = [
                (
                    DeviceFacts(
                        "notebook",
                        "Apple",
                        "MacBook",
                        model,
                        storage_gb=size,
                        storage_kind="ssd",
                        memory_gb=int(memory),
                        processor=chip,
                        colour=colour,
                    ),
                    _storage_extra(size, sizes[0]) + 12 * (int(memory) - 8),
                )
                for memory in memories.split()
                for size in sizes
                for colour in colours.split(";")
            ]
            yield Draft(f"Apple {model} {chip}", year, price, configurations)


def _storage_extra(size: int, smallest: int) -> int:
    """What more storage than the smallest cost, in EUR: some 40 per 100 GB up to 1 TB, as makers charge."""
    return (size - smallest) * 2 // 5


def model_name(maker: str, line: str, model: str) -> str:
    """`Apple iPhone 12 mini`, `Lenovo ThinkPad T480s`."""
    full = DeviceFacts("", maker, line, model).full_model
    return f"{maker} {full}"


def _processors(names: str) -> list[str]:
    """Our names of the processors in a cell: groups, names with `_` for a space, or a comma list."""
    words = names.split(",") if "," in names else names.split()
    found: list[str] = []
    for word in words:
        for code in GROUPS.get(word, word).split() if word in GROUPS else [word]:
            processor = read_processor(code.replace("_", " "))
            if processor is None:
                raise ValueError(f"Unknown processor in the facts: {code}")
            if processor.name not in found:
                found.append(processor.name)
    return found


def _all_computers() -> Iterator[Computers]:
    yield from THINKPADS
    yield from _platform_computers()
    for line, models, year, price in LENOVO_SERIES:
        for model in models.split(";"):
            letters = re.sub(r"[^A-Z]", "", model.partition("-")[2])
            names = SERIES_PLATFORMS.get((f"{line} {model.partition('-')[0]}", letters)) or PLATFORMS[letters]
            disks = "64 128 256 512 1024"
            yield Computers("Lenovo", line, f"{line} {model}", names, "4 8 16", disks, year, price)
    for models, letters, year, price in THINKBOOKS:
        spelled = ";".join(f"ThinkBook {model}" for model in models.split(";"))
        yield Computers("Lenovo", "ThinkBook", spelled, PLATFORMS[letters], "8 16 32", "256 512 1024", year, price)
    for models, letters, year, price in V_SERIES:
        yield Computers("Lenovo", "", models, PLATFORMS[letters], "4 8 16", "128 256 512", year, price)
    yield from OTHER_NOTEBOOKS
    yield from DESKTOPS


def _platform_computers() -> Iterator[Computers]:
    """One row per Lenovo platform; the code's letters name the processors, its last digit the year."""
    for series, codes in LENOVO_PLATFORMS.items():
        memories, disks, price = SERIES[max((name for name in SERIES if series.startswith(name)), key=len)]
        desktop = series.startswith(("IdeaCentre", "Legion T", "Yoga AIO"))
        for code in codes.split():
            parts = re.fullmatch(r"(\d\d)([A-Z]+?)(?:0?(\d)|\d{2,3}|8CX05)([AHDO]*)", code)
            if parts is None:
                raise ValueError(f"Unknown platform code: {code}")
            letters, generation = parts.group(2), parts.group(3)
            names = SERIES_PLATFORMS.get((series, letters)) or PLATFORMS.get(letters)
            if names is None:
                raise ValueError(f"No processors for {series} {code}")
            year = 2015 + int(generation or 6)
            yield Computers(
                "Lenovo",
                series.split()[0],
                f"{series} {code}",
                names,
                memories,
                disks,
                year,
                price,
                "desktop" if desktop else "notebook",
            )


def _computers(computers: Computers) -> Iterator[Draft]:
    memories = [int(memory) for memory in computers.memories.split()]
    all_disks = computers.disks.split()
    for model in computers.models.split(";"):
        for place, processor in enumerate(_processors(computers.processors)):
            configurations = [
                (_computer_facts(computers, model, processor, memory, disks), extra)
                for memory in memories
                for disks in all_disks
                if is_offered(processor, memory, disks)
                and (extra := 6 * (memory - memories[0]) + _disk_extra(disks)) >= 0
            ]
            if not configurations:
                continue
            price = computers.price_eur + 60 * place
            name = f"{model_name(computers.maker, computers.line, model)} {processor}"
            yield Draft(name, computers.year, price, configurations)


# Disks that were sold with a memory size; what is missing was never a usual configuration.
_DISKS_FOR_MEMORY: dict[int, frozenset[int]] = {
    2: frozenset((16, 32, 64)),
    4: frozenset((32, 64, 120, 128, 180, 256, 500)),
    6: frozenset((256, 512)),
    8: frozenset((120, 128, 180, 240, 256, 512, 500, 1024)),
    12: frozenset((256, 512)),
    16: frozenset((256, 512, 1024)),
    24: frozenset((512, 1024)),
    32: frozenset((512, 1024, 2048)),
    40: frozenset((512, 1024)),
    48: frozenset((512, 1024)),
    64: frozenset((512, 1024, 2048)),
    128: frozenset((1024, 2048)),
}
_ENTRY = re.compile(r"i3|Celeron|Pentium|Athlon|AMD|Ryzen 3|[NA]\d|MediaTek|Helio|Snapdragon")
_UPPER = re.compile(r"i[79]|Ryzen [79]|Xeon")


def is_offered(processor: str, memory_gb: int, disks: str) -> bool:
    """Whether makers sold such a machine: large disks need memory, an entry processor has little of both."""
    sizes = [int(size) for size in disks.removesuffix("hdd").split("+")]
    if _ENTRY.match(processor):
        return memory_gb <= 8 and sizes[0] <= 512 and len(sizes) == 1 and sizes[0] in _DISKS_FOR_MEMORY[memory_gb]
    if len(sizes) > 1:
        return memory_gb >= 8 and (memory_gb >= 16 or sizes[0] < 512) and sizes[0] * 8 >= memory_gb
    if _UPPER.match(processor):
        return memory_gb >= 8 and sizes[0] in (_DISKS_FOR_MEMORY[memory_gb] if memory_gb > 8 else (512,))
    if memory_gb > 24 or (sizes[0] == 1024 and not disks.endswith("hdd")):
        return False
    return sizes[0] in (_DISKS_FOR_MEMORY[memory_gb] if memory_gb > 4 else (128,))


def _disk_extra(disks: str) -> int:
    return sum(int(size.removesuffix("hdd")) for size in disks.split("+")) // 8


def _computer_facts(computers: Computers, model: str, processor: str, memory: int, disks: str) -> DeviceFacts:
    first, *more = (int(size) for size in disks.removesuffix("hdd").split("+"))
    return DeviceFacts(
        kind=computers.category,
        maker=computers.maker,
        line=computers.line,
        model=model,
        storage_gb=first,
        more_storage_gb=tuple(more),
        storage_kind="hdd" if disks.endswith("hdd") else "ssd",
        memory_gb=memory,
        processor=processor,
    )
